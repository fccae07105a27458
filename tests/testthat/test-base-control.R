test_that("lmm_control() has the documented defaults", {
  control <- lmm_control()
  expect_s3_class(control, "henderson_control")
  expect_identical(control$optimizer, "newton")
  expect_identical(control$keep, c("frame", "X"))
  expect_identical(control$check_nobs_vs_nlev, "stop")
  expect_identical(control$check_singular, "message")
  expect_identical(setdiff(names(formals(lmm_control)), "..."), names(control))
})

test_that("lmm_control() refuses wrong values and names the argument", {
  wrong <- list(
    optimizer = "newtn", optimizer = 1, max_iterations = 0, max_iterations = 2.5,
    tolerance = 0, tolerance = 1, tolerance = NA_real_, threads = 0, threads = "2", sparse_x = 1,
    sparse_x = c(TRUE, NA), keep = "fram", keep = NULL, check_nobs_vs_nlev = "warn",
    check_nobs_vs_nre = TRUE, check_nlev_gtr_1 = NULL, check_rank = "halt",
    check_singular = NA_character_, trace = -1, trace = Inf
  )
  for (i in seq_along(wrong)) {
    error <- tryCatch(do.call(lmm_control, wrong[i]), henderson_error_control = identity)
    expect_s3_class(error, "henderson_error_control")
    expect_identical(error$variable, names(wrong)[i])
  }
})

test_that("lmm_control() refuses unknown arguments", {
  expect_error(lmm_control(optimiser = "bfgs"), "Did you mean `optimizer`?",
    fixed = TRUE, class = "henderson_error_argument"
  )
})

test_that("check_control() accepts only lmm_control()", {
  expect_identical(check_control(lmm_control()), lmm_control())
  expect_error(check_control(list(optimizer = "bfgs")), class = "henderson_error_control")
  expect_error(check_control(list(optimiser = "bfgs")), "Did you mean `optimizer`?", fixed = TRUE)
  expect_error(check_control(NULL), class = "henderson_error_control")
})

test_that("check_control() translates an lmerControl() object", {
  lme4_control <- structure(list(), class = c("lmerControl", "merControl"))
  error <- tryCatch(check_control(lme4_control), error = identity)
  expect_s3_class(error, "henderson_error_control")
  expect_match(conditionMessage(error), "lmerControl()", fixed = TRUE)
  expect_match(conditionMessage(error), "check_nobs_vs_nlev", fixed = TRUE)
})
