# residuals(), weights(), logLik(), sigma(), family() ---------------------------------------------

test_that("residuals are those of glm() where there is no variance", {
  data <- small_counts()
  data$cases <- rep(c(1, 0, 2, 1, 3), 12)
  fit <- suppressMessages(glmm(cases ~ x + (1 | herd), data, family = poisson))
  plain <- glm(cases ~ x, data, family = poisson)
  for (type in c("deviance", "pearson", "working", "response")) {
    expect_equal(residuals(fit, type), residuals(plain, type), tolerance = 1e-5)
  }
  expect_equal(weights(fit, "working"), unname(weights(plain, "working")), tolerance = 1e-5)
})

test_that("residuals of families with a parameter of their own are their definitions", {
  data <- small_counts()
  fit <- glmm(cases ~ x + (1 | herd), data, family = nbinom2)
  # the data are hardly overdispersed beside the herds
  fit$phi <- 3
  expect_equal(
    unname(residuals(fit, "pearson")),
    unname((data$cases - fitted(fit)) / sqrt(fitted(fit) + fitted(fit)^2 / fit$phi))
  )
  # twice the log-likelihood ratio of a mean of y to the fitted one
  at <- function(mu) dnbinom(data$cases, size = fit$phi, mu = mu, log = TRUE)
  expect_equal(unname(residuals(fit)^2), unname(2 * (at(data$cases) - at(fitted(fit)))))
  first <- glmm(cases ~ x + (1 | herd), data, family = nbinom1)
  expect_error(residuals(first), class = "henderson_error_unsupported")
  expect_error(sigma(first), "overdispersion", class = "henderson_error_unsupported")
})

test_that("counts and criteria", {
  data <- small_counts()
  fit <- glmm(cases ~ x + (1 | herd), data, family = nbinom2)
  expect_identical(attr(logLik(fit), "df"), 4L)
  expect_identical(nobs(fit), 60L)
  expect_identical(df.residual(fit), 56L)
  expect_equal(deviance(fit), -2 * as.numeric(logLik(fit)))
  expect_equal(AIC(fit), deviance(fit) + 8)
  expect_identical(family(fit)$family, "nbinom2")
  expect_identical(sigma(glmm(cases ~ x + (1 | herd), data, family = poisson)), 1)
  expect_false(attr(VarCorr(fit), "useSc"))
  expect_identical(as.data.frame(VarCorr(fit))$grp, "herd")
})
