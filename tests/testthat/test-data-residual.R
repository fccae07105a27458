# Positions, strata and what is wrong with them.

test_that("repeated, uneven and wordy times are refused with what to do", {
  d <- data.frame(y = rnorm(12), g = gl(3, 4), t = rep(c(0, 1, 2.5, 4), 3))
  expect_error(lmm(y ~ 1, d, residual = ar1(t | g)), "car1\\(t", class = "henderson_error_variable")
  # multiples of the smallest distance are steps
  d$week <- rep(c(0, 2, 4, 8), 3)
  fit <- lmm(y ~ 1, d, residual = ar1(week | g))
  expect_identical(fit$residual$unit, 2)
  d$t[2] <- 0
  error <- expect_error(lmm(y ~ 1, d, residual = car1(t | g)), "more than once",
    class = "henderson_error_variable"
  )
  expect_identical(error$variable, "t")
  d$f <- factor(rep(letters[1:4], 3))
  expect_error(lmm(y ~ 1, d, residual = car1(f | g)), "ar1", class = "henderson_error_variable")
})

test_that("missing visits keep their distance, levels of a factor too", {
  core <- function(visit) {
    frame <- data.frame(visit = visit, g = factor(c(1, 1, 2, 2)))
    residual_design(parse_residual(quote(ar1(visit | g)), NULL, baseenv()), frame)$core
  }
  expect_identical(diff(core(c(1, 4, 2, 3))$position)[1L], 3)
  frame <- factor(c("a", "d", "b", "c"), levels = c("a", "b", "c", "d"))
  expect_identical(diff(core(frame)$position)[1L], 3)
})

test_that("strata have the order of levels, the first is that of sigma", {
  d <- data.frame(
    y = rnorm(24), g = gl(6, 4), v = factor(rep(c("c", "a", "d", "b"), 6)), s = gl(2, 12)
  )
  fit <- lmm(y ~ 1, d, residual = ad(v | g, hom = FALSE), variance = ~ by(s))
  expect_identical(fit$residual$first, "a, s1")
  expect_identical(fit$residual$strata[1:4], c("a, s1", "b, s1", "c, s1", "d, s1"))
  expect_identical(fit$residual$parameters$label[1:4], c("b", "c", "d", "s2"))
  expect_error(
    lmm(y ~ 1, d, residual = ad(v | g, hom = FALSE), variance = ~ by(v)), "cannot be told apart",
    class = "henderson_error_variable"
  )
  d$x <- 0:23
  expect_error(lmm(y ~ 1, d, variance = ~ power(x)), "zero", class = "henderson_error_variable")
  expect_error(lmm(y ~ 1, d, variance = ~ power(v)), "number", class = "henderson_error_variable")
})
