rank_deficient_fit <- function() {
  data <- transform(sleepstudy, twice = 2 * Days)
  suppressMessages(lmm(Reaction ~ twice + Days + (1 | Subject), data))
}

# ---- fixef ----

test_that("fixef gives the slope and intercept of the paired data worked out by hand", {
  fit <- fit_cached("four_points")

  # balanced pairs: intercept = mean of the first condition, slope = mean difference
  expect_equal(fixef(fit), c("(Intercept)" = 6.5, Treat = 9), tolerance = 1e-10)
})

test_that("fixef(add.dropped = TRUE) puts NA in the place of the dropped column", {
  fit <- rank_deficient_fit()

  expect_named(fixef(fit), c("(Intercept)", "twice"))
  full <- fixef(fit, add.dropped = TRUE)
  expect_named(full, c("(Intercept)", "twice", "Days"))
  expect_identical(unname(is.na(full)), c(FALSE, FALSE, TRUE))
})

test_that("fixef refuses what it does not know", {
  fit <- fit_cached("four_points")

  expect_error(fixef(fit, add.droped = TRUE), class = "henderson_error_argument")
  expect_error(fixef(fit, add.dropped = NA), class = "henderson_error_argument")
})

# ---- vcov, sigma ----

test_that("vcov gives the paired t-test's standard error", {
  fit <- fit_cached("four_points")
  data <- four_point_data()
  pairs <- with(data, t.test(Resp[Treat == 1], Resp[Treat == 0], paired = TRUE))

  # sigma is found by optimization to about 1e-6
  expect_equal(sqrt(vcov(fit)["Treat", "Treat"]), unname(pairs$stderr), tolerance = 1e-5)
  expect_equal(sigma(fit), 6, tolerance = 1e-5)
})

test_that("vcov is a plain matrix, correlations have a unit diagonal, dropped columns are NA", {
  fit <- fit_cached("sleepstudy")
  V <- vcov(fit)

  expect_identical(class(V), c("matrix", "array"))
  expect_identical(dimnames(V), list(names(fixef(fit)), names(fixef(fit))))
  expect_equal(vcov(fit, correlation = TRUE), cov2cor(V))
  expect_identical(vcov(summary(fit)), V)
  full <- vcov(rank_deficient_fit(), complete = TRUE)
  expect_identical(dim(full), c(3L, 3L))
  expect_true(all(is.na(full["Days", ])))
  expect_error(vcov(fit, use = "all"), class = "henderson_error_argument")
  expect_error(sigma(fit, REML = FALSE), class = "henderson_error_argument")
})

