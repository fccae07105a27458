test_that("lmm() returns a plain list that survives saveRDS() and another process", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  expect_s3_class(fit, c("henderson_lmm", "henderson_fit"), exact = TRUE)
  pointers <- rapply(unclass(fit), function(x) typeof(x) == "externalptr", how = "unlist")
  expect_false(any(unlist(pointers)))
  path <- withr::local_tempfile(fileext = ".rds")
  saveRDS(fit, path)
  copy <- readRDS(path)
  expect_equal(predict(copy, sleepstudy[1:3, ]), predict(fit, sleepstudy[1:3, ]))
  expect_equal(ranef(copy), ranef(fit))
  expect_equal(deviance_function(copy)(fit$theta), deviance_function(fit)(fit$theta))
})

test_that("terms on one factor get their own rows of what the core gives for the factor", {
  random <- list(
    list(group = "g", columns = c("(Intercept)", "x"), levels = c("a", "b")),
    list(group = "h", columns = "(Intercept)", levels = "c"),
    list(group = "g", columns = "w", levels = c("a", "b"))
  )
  variance <- array(1:18, c(3, 3, 2))
  result <- list(
    modes = list(matrix(1:6, 3), matrix(7)), spherical_modes = list(matrix(-(1:6), 3), matrix(-7)),
    conditional_variance = list(matrix(variance, 9), matrix(5))
  )
  parts <- split_blocks(random, result)
  expect_identical(
    parts$b[[1]], matrix(c(1L, 2L, 4L, 5L), 2, dimnames = list(c("(Intercept)", "x"), c("a", "b")))
  )
  expect_identical(parts$b[[3]], matrix(c(3L, 6L), 1, dimnames = list("w", c("a", "b"))))
  expect_identical(unname(parts$u[[2]]), matrix(-7))
  expect_identical(unname(parts$variance[[1]]), variance[1:2, 1:2, ])
  expect_identical(unname(parts$variance[[3]]), variance[3, 3, , drop = FALSE])
})

test_that("fits are joined to a list, not taken apart", {
  fit <- fit_cached("sleepstudy")
  ml <- fit_cached("sleepstudy_ml")
  expect_identical(c(fit, ml), list(fit, ml))
  expect_identical(c(fit, list(ml)), list(fit, ml))
})

test_that("parts that contradict each other are found", {
  fit <- unclass(fit_cached("sleepstudy"))
  expect_silent(validate_lmm_fit(fit))
  for (wrong in list(list(sigma = 0), list(criterion = NaN), list(theta = 1), list(beta = 1))) {
    expect_error(validate_lmm_fit(utils::modifyList(fit, wrong)), "internal")
  }
})
