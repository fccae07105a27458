# Refits that reuse the cross-products of a fit, against lmm() on the changed data.

refit_data <- local({
  set.seed(11)
  n <- 240
  d <- data.frame(
    g = factor(sample(15, n, TRUE)), h = factor(sample(6, n, TRUE)), x = rnorm(n, 5, 2),
    f = factor(sample(letters[1:3], n, TRUE)), o = rnorm(n), w = runif(n, 0.5, 2)
  )
  d$xx <- 3 * d$x
  d$w[1:15] <- 0
  d$y <- d$x + rnorm(15)[d$g] + rnorm(15, 0, 0.1)[d$g] * d$x + rnorm(6)[d$h] + rnorm(n)
  d$gap <- d$x
  d$gap[c(2, 9)] <- NA
  d
})

new_responses <- list(
  reversed = function(y) rev(y), far = function(y) y + 1e8, large = function(y) y * 1e6,
  small = function(y) y * 1e-6 - 3, noise = function(y) sin(seq_along(y)),
  whole = function(y) as.integer(round(y))
)

expect_same_fit <- function(refit, fresh, info, tolerance = 1e-9) {
  expect_lt(abs(refit$criterion - fresh$criterion), tolerance * max(1, abs(fresh$criterion)))
  expect_equal(refit$fitted, fresh$fitted, tolerance = 1e-6, info = info)
  expect_equal(refit$beta, fresh$beta, tolerance = 1e-6, info = info)
  expect_equal(refit$sigma, fresh$sigma, tolerance = 1e-6, info = info)
  expect_identical(refit$y, fresh$y)
  expect_setequal(names(refit), names(fresh))
  expect_identical(refit$random, fresh$random)
}

test_that("a refit is the fit of the changed data", {
  models <- list(
    slopes = quote(lmm(y ~ x + f + (x | g) + (1 | h), d)),
    weighted = quote(lmm(y ~ x * f + (x || g), d, weights = w)),
    offset = quote(lmm(y ~ x + offset(o) + (1 | g), d, REML = FALSE)),
    deficient = quote(lmm(y ~ x + xx + f + (f | h), d)),
    excluded = quote(lmm(y ~ gap + (1 | g) + (1 | h), d, na.action = na.exclude)),
    no_intercept = quote(lmm(y ~ 0 + f + (1 | g), d)),
    no_fixed = quote(lmm(y ~ 0 + (1 | g), d)),
    nested = quote(lmm(y ~ x + (1 | g / h), d))
  )
  for (name in names(models)) {
    d <- refit_data
    fit <- suppressMessages(eval(models[[name]]))
    expect_true(shares_moments(fit, fit$parsed, fit$frame))
    for (change in names(new_responses)) {
      # a variance of 1e16, which no fit finds
      if (name == "no_fixed" && change == "far") next
      y <- new_responses[[change]](refit_data$y)
      refit <- suppressMessages(refit_response(fit, y))
      d$y <- y
      fresh <- suppressMessages(eval(models[[name]]))
      expect_same_fit(refit, fresh, paste(name, change), if (change == "far") 1e-8 else 1e-9)
    }
    d <- refit_data
    models[[name]]$REML <- FALSE
    refit <- suppressMessages(refit_ml(fit))
    expect_same_fit(refit, suppressMessages(eval(models[[name]])), paste(name, "ML"))
  }
})

test_that("a second refit starts from the response of the first", {
  fit <- suppressMessages(lmm(y ~ x + (1 | g), refit_data))
  other <- refit_response(fit, rev(refit_data$y))
  expect_equal(refit_response(other, refit_data$y)$criterion, fit$criterion, tolerance = 1e-12)
  fresh <- lmm(y ~ x + (1 | g), transform(refit_data, y = rev(y)), REML = FALSE)
  expect_equal(refit_ml(other)$criterion, fresh$criterion, tolerance = 1e-11)
  expect_equal(
    summary(other)$coefficients,
    summary(lmm(y ~ x + (1 | g), transform(refit_data, y = rev(y))))$coefficients,
    tolerance = 1e-6
  )
})

test_that("responses that lmm() refuses are refused for the same reason", {
  for (y in list(rep(3, 240), refit_data$x)) {
    fit <- suppressMessages(lmm(y ~ x + (1 | g), refit_data))
    d <- refit_data
    d$y <- y
    wanted <- tryCatch(lmm(y ~ x + (1 | g), d), error = identity)
    expect_s3_class(wanted, "henderson_error")
    given <- tryCatch(refit_response(fit, y), error = identity)
    expect_identical(class(given), class(wanted))
    expect_identical(conditionMessage(given), conditionMessage(wanted))
  }
  gap <- replace(refit_data$y, 4, NA)
  expect_error(refit_response(fit, gap), class = "henderson_error_response")
})

test_that("other weights, formulas and optimizers go through all rows", {
  fit <- suppressMessages(lmm(y ~ x + (1 | g), refit_data, weights = w))
  frame <- fit$frame
  frame[["(weights)"]] <- frame[["(weights)"]] / 2
  expect_false(shares_moments(fit, fit$parsed, frame))
  expect_false(shares_moments(fit, parse_formula(y ~ x + (1 | h)), fit$frame))
  fit$control$optimizer <- "bfgs"
  expect_false(shares_moments(fit, fit$parsed, fit$frame))
  fresh <- lmm(y ~ x + (1 | g), transform(refit_data, w = w / 2), weights = w)
  fit$control$optimizer <- "newton"
  expect_equal(refit_response(fit, refit_data$y, refit_data$w / 2)$criterion, fresh$criterion,
    tolerance = 1e-11
  )
})
