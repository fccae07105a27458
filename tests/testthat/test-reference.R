# The oracle itself, held to values worked out by hand and to lme4's own deviance function.

test_that("the oracle gives the four-point fit that can be worked out by hand", {
  data <- four_point_data()
  Z <- diag(2)[data$Ind, ]
  ml <- reference_fit(data$Resp, cbind(1, data$Treat), Z, sqrt(33.25 / 18) * diag(2), REML = FALSE)
  reml <- reference_fit(data$Resp, cbind(1, data$Treat), Z, sqrt(66.5 / 36) * diag(2), REML = TRUE)

  # Balanced paired data: slope = mean difference 9; residual variance = that of the differences /
  # 2 = 36 by REML, half as much by ML with n = 4, p = 2; all exact up to rounding.
  expect_equal(ml$beta, c(6.5, 9), tolerance = 1e-13)
  expect_equal(ml$sigma^2, 18, tolerance = 1e-13)
  expect_equal(reml$sigma^2, 36, tolerance = 1e-13)
  expect_equal(9 / sqrt(reml$vcov[2, 2]), 1.5, tolerance = 1e-13)
})

test_that("without random effects the oracle is weighted least squares as lm computes it", {
  w <- c(0, 2, 1, 3, 0.5, 1, 4, 1)
  data <- data.frame(x = c(1, 3, 2, 5, 8, 4, 7, 6), y = c(2, 1, 4, 3, 6, 8, 7, 9))
  Z <- diag(8)[, 1:3]
  reference <- reference_fit(data$y, cbind(1, data$x, 2 * data$x), Z, 0 * diag(3), w, REML = FALSE)
  fit <- lm(y ~ x, data, weights = w)

  # the same arithmetic by another route: rounding only
  expect_equal(reference$beta, unname(coef(fit)), tolerance = 1e-12)
  expect_equal(reference$fitted, unname(fitted(fit)), tolerance = 1e-12)
  expect_equal(-2 * as.numeric(logLik(fit)), reference$criterion, tolerance = 1e-12)
  expect_equal(reference$kept, 1:2)
  expect_equal(reference$n, 7)
})

test_that("the oracle's criterion is lme4's at any theta, weighted too", {
  need_peer("lme4")
  data <- lme4::sleepstudy
  set.seed(41)
  # weights far from 1, so that a forgotten sum of log weights would show
  data$w <- exp(rnorm(nrow(data), 1, 0.7))
  for (REML in c(TRUE, FALSE)) {
    m <- lme4::lmer(Reaction ~ Days + (Days | Subject), data, weights = w, REML = REML)
    criterion <- update(m, devFunOnly = TRUE)
    for (theta in list(c(1, 0, 1), c(0.3, -0.2, 0.05), c(2, 1, 0), c(0, 0, 0))) {
      # relative to |d| of about 2000, both sums of some hundred logs
      expect_equal(reference_from_lme4(m, theta)$criterion, criterion(theta), tolerance = 1e-11)
    }
  }
})

test_that("numeric gradients are good to nine digits on a function with a known gradient", {
  f <- function(x) log(1 + x[1]^2) + x[1] * exp(x[2])
  x <- c(0.4, -0.3)
  exact <- c(2 * x[1] / (1 + x[1]^2) + exp(x[2]), x[1] * exp(x[2]))
  # step^4 = 1e-12 times a fifth derivative of order 10
  expect_lt(max(abs(numeric_gradient(f, x) - exact)), 1e-10)
})

test_that("theta survives the way from lme4's order to another one and back", {
  need_peer("lme4")
  # equal counts of levels: lme4 reverses the formula's order, and `||` becomes two terms
  data <- expand.grid(a = factor(1:5), b = factor(1:5), rep = 1:3)
  set.seed(5)
  data$x <- rnorm(nrow(data))
  data$y <- rnorm(nrow(data)) + as.integer(data$a) + data$x * as.integer(data$b)
  m <- suppressMessages(lme4::lmer(y ~ x + (x | a) + (x || b), data))
  ours <- list(
    list(group = "a", columns = c("(Intercept)", "x"), structure = "us", theta_index = 1:3),
    list(group = "b", columns = c("(Intercept)", "x"), structure = "diag", theta_index = 4:5)
  )
  peer <- stats::setNames(lme4::getME(m, "theta"), names(lme4::getME(m, "theta")))
  theta <- map_theta(lme4_terms(m), peer, ours)

  expect_equal(
    theta,
    unname(peer[c("a.(Intercept)", "a.x.(Intercept)", "a.x", "b.(Intercept)", "b.x")])
  )
  expect_equal(map_theta(ours, theta, lme4_terms(m)), unname(peer))
})
