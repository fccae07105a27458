# Generalized models: Laplace's approximation by its definition, and small data.

# Of one vector of random effects of any kind: lambda, the dense q x q factor of their covariance, Z
# n x q; log_density(eta), a function of the predictors that gives one number for each row. By
# optim() and numerical second derivatives, so of five digits or so.
laplace_oracle <- function(beta, lambda, X, Z, log_density) {
  zl <- Z %*% lambda
  base <- drop(X %*% beta)
  half <- function(u) sum(u^2) / 2 - sum(log_density(base + drop(zl %*% u)))
  mode <- stats::optim(rep(0, ncol(zl)), half, method = "BFGS",
    control = list(reltol = 1e-15, maxit = 1000), hessian = FALSE
  )$par
  step <- 1e-3
  eta <- base + drop(zl %*% mode)
  weight <- -(log_density(eta + step) - 2 * log_density(eta) + log_density(eta - step)) / step^2
  hessian <- diag(ncol(zl)) + crossprod(zl, weight * zl)
  2 * half(mode) + as.numeric(determinant(hessian)$modulus)
}

# Counts of 12 herds, 5 each, with a covariate; overdispersed.
small_counts <- function() {
  data.frame(
    herd = factor(rep(1:12, each = 5)), x = rep(c(-1, -0.4, 0.1, 0.6, 1.2), 12),
    cases = c(
      0, 2, 1, 4, 7, 1, 1, 3, 2, 5, 0, 0, 1, 0, 2, 3, 5, 4, 9, 12, 0, 1, 0, 3, 2, 2, 4, 3, 3, 8,
      0, 0, 2, 1, 3, 1, 0, 1, 2, 2, 4, 6, 5, 11, 9, 0, 1, 1, 0, 1, 2, 1, 4, 3, 7, 0, 2, 1, 3, 3
    ),
    trials = rep(c(12, 15, 20), 20)
  )
}

# The data of contagious bovine pleuropneumonia, from lme4.
cbpp_data <- function() {
  need_peer("lme4")
  lme4::cbpp
}
