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

test_that("diagnostic residuals are those of the dense covariance matrix", {
  weights <- rep(c(1, 2, 0.5, 3), 45)
  data <- sleepstudy[order(sin(seq_len(180))), ]
  data$shift <- data$Days^2
  for (formula in list(
    Reaction ~ Days + offset(shift) + (Days | Subject),
    Reaction ~ Days + offset(shift) + (1 | Subject) + (1 | Days)
  )) {
    fit <- suppressMessages(lmm(formula, data, weights = weights))
    Z <- as.matrix(component(fit, "Z")) %*% as.matrix(component(fit, "Lambda"))
    X <- component(fit, "X")
    V <- sigma(fit)^2 * (diag(1 / weights) + tcrossprod(Z))
    r <- data$Reaction - data$shift - drop(X %*% fixef(fit))
    of <- function(...) unname(diagnostic_residuals(fit, ...))
    expect_equal(of("marginal"), unname(r))
    expect_equal(of("marginal", "standardized"), unname(r / sqrt(diag(V))), tolerance = 1e-9)
    left <- diag(V - X %*% solve(crossprod(X, solve(V, X)), t(X)))
    expect_equal(of("marginal", "studentized"), unname(r / sqrt(left)), tolerance = 1e-8)
    expect_equal(of("marginal", "cholesky"), drop(solve(t(chol(V)), r)), tolerance = 1e-8)
    expect_identical(of(), unname(residuals(fit)))
    expect_equal(
      of("conditional", "standardized"), unname(residuals(fit, "pearson", scaled = TRUE))
    )
    expect_identical(of("conditional", "studentized"), unname(rstandard(fit)))
  }
})

test_that("diagnostic residuals have their rows' names, and refuse what there is not", {
  data <- sleepstudy
  data$Reaction[3] <- NA
  fit <- lmm(Reaction ~ Days + (1 | Subject), data, na.action = na.exclude)
  values <- diagnostic_residuals(fit, "marginal", "cholesky")
  expect_identical(which(is.na(values)), c(`3` = 3L))
  expect_error(
    diagnostic_residuals(fit, "conditional", "cholesky"), "marginal",
    class = "henderson_error_argument"
  )
  expect_error(diagnostic_residuals(fit, "raw"), class = "henderson_error_argument")
  expect_error(diagnostic_residuals(1), class = "henderson_error_argument")
  weights <- rep(c(0, rep(1, 9)), 18)
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy, weights = weights)
  others <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy[weights > 0, ])
  for (scale in c("standardized", "studentized", "cholesky")) {
    values <- diagnostic_residuals(fit, "marginal", scale)
    expect_true(all(is.na(values[weights == 0])))
    expect_equal(
      values[weights > 0], diagnostic_residuals(others, "marginal", scale), tolerance = 1e-6
    )
  }
})
