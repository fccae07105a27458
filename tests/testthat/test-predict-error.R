# Dense covariance of (beta^ - beta, b^ - b) from Henderson's mixed-model equations, formed in full.
dense_prediction_se <- function(fit, X, Z, new_variance = 0) {
  X0 <- model.matrix(fit)
  Z0 <- as.matrix(model.matrix(fit, type = "random"))
  w <- if (is.null(fit$weights)) rep(1, nrow(X0)) else fit$weights
  Lambda <- as.matrix(component(fit, "Lambda"))
  keep <- diag(tcrossprod(Lambda)) > 0
  Gamma <- tcrossprod(Lambda)[keep, keep, drop = FALSE]
  XZ <- cbind(X0, Z0[, keep, drop = FALSE])
  C <- crossprod(XZ, w * XZ)
  random <- ncol(X0) + seq_len(sum(keep))
  C[random, random] <- C[random, random] + solve(Gamma)
  rows <- cbind(X, Z[, keep, drop = FALSE])
  sqrt(fit$sigma^2 * (rowSums((rows %*% solve(C)) * rows) + new_variance))
}

test_that("standard errors of fitted values are those of the mixed-model equations", {
  set.seed(3)
  data <- transform(sleepstudy, period = factor(Days %% 4), w = runif(180, 0.5, 2))
  fits <- list(
    lmm(Reaction ~ Days + (Days | Subject), data),
    lmm(Reaction ~ Days + (Days || Subject), data, REML = FALSE),
    lmm(Reaction ~ Days + (1 | Subject) + (1 | period), data, weights = w,
        control = lmm_control(check_singular = "ignore")),
    lmm(Reaction ~ Days + (1 | Subject) + (0 + Days | Subject), data),
    lmm(yield ~ gen + (1 | block / fung), subset(durban.splitplot, as.integer(gen) < 9))
  )
  for (fit in fits) {
    Z <- as.matrix(model.matrix(fit, type = "random"))
    expected <- dense_prediction_se(fit, model.matrix(fit), Z)
    result <- predict(fit, se.fit = TRUE)
    # rounding of a dense inverse of order 40 with condition number up to 1e6
    expect_equal(unname(result$se.fit), unname(expected), tolerance = 1e-8)
    expect_equal(result$fit, predict(fit))
    population <- predict(fit, re.form = NA, se.fit = TRUE)$se.fit
    X <- model.matrix(fit)
    expect_equal(unname(population), unname(sqrt(rowSums((X %*% vcov(fit)) * X))), tolerance = 1e-9)
  }
})

test_that("a new level adds the variance of its random effects", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  newdata <- data.frame(Days = c(0, 5), Subject = "new")
  X <- cbind(1, newdata$Days)
  V <- vcov(fit) + VarCorr(fit)$Subject
  result <- predict(fit, newdata, allow.new.levels = TRUE, se.fit = TRUE)
  expect_equal(unname(result$se.fit), sqrt(rowSums((X %*% V[1:2, 1:2]) * X)), tolerance = 1e-9)
})

test_that("parts of the random effects and missing predictors are as in the fit", {
  fit <- lmm(Reaction ~ Days + (1 | Subject) + (0 + Days | Subject), sleepstudy)
  Z <- as.matrix(model.matrix(fit, type = "random"))
  intercepts <- seq_len(18)
  Z[, -intercepts] <- 0
  expected <- dense_prediction_se(fit, model.matrix(fit), Z)
  part <- predict(fit, re.form = ~ (1 | Subject), se.fit = TRUE)
  expect_equal(unname(part$se.fit), unname(expected), tolerance = 1e-8)
  newdata <- data.frame(Days = c(1, NA, 3), Subject = "308")
  result <- predict(fit, newdata, se.fit = TRUE)
  expect_identical(is.na(result$se.fit), is.na(result$fit))
  expect_equal(names(result$se.fit), names(result$fit))
})
