test_that("leverages are the derivatives of fitted values", {
  weights <- rep(c(1, 2, 0.5, 3), 45)
  for (REML in c(TRUE, FALSE)) {
    fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy, weights = weights, REML = REML)
    Z <- as.matrix(component(fit, "Z")) %*% as.matrix(component(fit, "Lambda"))
    C <- cbind(component(fit, "X"), Z)
    penalty <- diag(rep(c(0, 1), c(2, ncol(Z))))
    hat <- rowSums((C %*% solve(crossprod(C, weights * C) + penalty)) * C) * weights
    expect_equal(unname(hatvalues(fit)), unname(hat), tolerance = 1e-8)
    # the standard deviation of conditional residuals, from V
    V <- diag(1 / weights) + tcrossprod(Z)
    X <- component(fit, "X")
    P <- solve(V) - solve(V, X) %*% solve(crossprod(X, solve(V, X)), t(solve(V, X)))
    sd <- sigma(fit) * sqrt(diag(diag(1 / weights) %*% P %*% diag(1 / weights)))
    expect_equal(
      unname(rstandard(fit)), unname((sleepstudy$Reaction - fitted(fit)) / sd), tolerance = 1e-7
    )
  }
})

test_that("studentized residuals have sigma of a deletion at the same theta", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  held <- influence(fit, "obs", method = "held")
  expect_equal(rstudent(fit), rstandard(fit) * sigma(fit) / held$sigma, tolerance = 1e-7)
})

test_that("rows that were left out are NA", {
  data <- sleepstudy
  data$Reaction[3] <- NA
  fit <- lmm(Reaction ~ Days + (1 | Subject), data, na.action = na.exclude)
  expect_identical(which(is.na(hatvalues(fit))), c(`3` = 3L))
  expect_identical(which(is.na(rstudent(fit))), c(`3` = 3L))
  expect_length(rstandard(fit), 180L)
  weights <- rep(c(0, rep(1, 9)), 18)
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy, weights = weights)
  expect_true(all(is.na(rstandard(fit)[weights == 0])))
  expect_equal(unname(hatvalues(fit)[weights == 0]), rep(0, 18))
  expect_false(anyNA(rstudent(fit)[weights > 0]))
})
