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

repeated_rows <- function() {
  data <- withr::with_seed(12, {
    data <- expand.grid(a = factor(1:4), b = factor(1:3), r = factor(1:5))
    transform(data, x = rnorm(60), y = rnorm(60) + rnorm(5)[r] + as.numeric(a))
  })
  data <- data[-c(3, 17, 40), ]
  transform(data, k = factor(letters[r]), o = factor(seq_along(y)), twice = 3 * x - 1)
}

test_that("terms beside one that is not determined are those of the model without it", {
  data <- repeated_rows()
  beside <- list(
    list(y ~ a + b + (1 | r) + (1 | b), y ~ a + b + (1 | r), "r"),
    list(y ~ a * x + (1 | r) + (0 + x | a), y ~ a * x + (1 | r), "r"),
    list(y ~ x + a + (x | a) + (1 | r), y ~ x + a + (0 + x | a) + (1 | r), "r"),
    list(y ~ x + (x | r) + (1 | b) + (1 | k), y ~ x + (x | r) + (1 | b), "b")
  )
  for (case in beside) {
    without <- suppressMessages(lmm(case[[2]], data))
    own <- function(table) subset(table, grpvar == case[[3]])
    for (start in c(0.3, 1, 4)) {
      k <- length(fit_unchecked(case[[1]], data)$theta)
      fit <- fit_unchecked(case[[1]], data, start = start * seq_len(k))
      label <- paste(deparse(case[[1]]), start)
      expect_equal(own(suppressMessages(reliability(fit)))$reliability,
        own(reliability(without))$reliability, tolerance = 1e-6, label = label
      )
      expect_equal(own(as.data.frame(ranef(fit)))$condsd,
        own(as.data.frame(ranef(without)))$condsd, tolerance = 1e-6, label = label
      )
      expect_equal(fitted(fit), fitted(without), tolerance = 1e-6, label = label)
    }
  }
  # at a given theta everything is that of theta, as in test-exactness-random-models.R
  fit <- fit_unchecked(y ~ a + b + (1 | r) + (1 | b), data)
  theta <- replace(fit$theta, 2, 5)
  given <- suppressMessages(lmm(y ~ a + b + (1 | r) + (1 | b), data,
    start = theta, control = lmm_control(optimizer = "none")
  ))
  expect_identical(given$theta, theta)
  expect_false(isTRUE(all.equal(given$conditional_variance[[1]], fit$conditional_variance[[1]])))
})

test_that("a fit that the data do not determine is at one point, whatever its start", {
  data <- repeated_rows()
  models <- list(
    y ~ x + (1 | r) + (1 | k), y ~ x + (x | r) + (0 + twice | k), y ~ x + (x + twice | r),
    y ~ a + (1 | a:b) + (1 | b:a) + (1 | r), y ~ x + (1 | r) + (1 | o),
    y ~ a * b + (a | b) + (1 | r)
  )
  for (model in models) {
    fit <- fit_unchecked(model, data)
    other <- fit_unchecked(model, data, start = seq(0.4, 2.6, length.out = length(fit$theta)))
    for (part in c("sigma", "b", "fitted", "conditional_variance", "vcov", "beta")) {
      label <- paste(deparse(model), part)
      expect_equal(other[[part]], fit[[part]], tolerance = 1e-4, label = label)
    }
    gamma <- function(fit) lapply(fit$random, function(t) {
      tcrossprod(henderson:::lambda_matrix(t, fit$theta))
    })
    expect_equal(gamma(other), gamma(fit), tolerance = 1e-4, label = deparse(model))
    expect_equal(other$criterion, as.numeric(deviance_function(other)(other$theta)),
      tolerance = 1e-8
    )
  }
  # a level for each row adds nothing to the mean
  fit <- fit_unchecked(y ~ x + (1 | o), data)
  expect_equal(unname(fitted(fit)), unname(fitted(lm(y ~ x, data))), tolerance = 1e-8)
})
