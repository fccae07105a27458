# The certificate's numbers are what they claim to be, against differences of the criterion in
# standardized parameters.

# Parameters as the optimizer has them: Z's columns centred (us terms with a column of ones) and
# scaled to mean square one over the rows. K Lambda = Lambda~ for one term with an intercept and a
# covariate, K = [1, mean; 0, sd].
standardizing_map <- function(x) {
  matrix(c(1, 0, mean(x), sqrt(mean((x - mean(x))^2))), 2)
}

# Differences of the criterion in standardized parameters.
standardized_derivatives <- function(fit, map) {
  criterion <- deviance_function(fit)
  lower <- lower.tri(map, TRUE)
  to_natural <- function(x) {
    lambda <- matrix(0, nrow(map), nrow(map))
    lambda[lower] <- x
    solve(map, lambda)
  }
  # Gamma has many factors; any triangular one will do for the criterion's value
  value <- function(x) {
    gamma <- tcrossprod(to_natural(x))
    factor <- t(chol(gamma))
    criterion(factor[lower], gradient = FALSE)
  }
  at <- unname(fit$optimization$standardized)
  list(
    gradient = numeric_gradient(value, at, 1e-4),
    hessian = numeric_hessian(value, at, 2e-3)
  )
}

# Second differences with one Richardson step.
numeric_hessian <- function(f, x, step) {
  k <- length(x)
  one <- function(h) {
    result <- matrix(0, k, k)
    for (i in seq_len(k)) {
      for (j in seq_len(i)) {
        e <- function(a, b) f(x + replace(numeric(k), i, a * h) + replace(numeric(k), j, b * h))
        # for i == j the two replacements add up: a step of 2 h
        result[i, j] <- result[j, i] <- (e(1, 1) - e(1, -1) - e(-1, 1) + e(-1, -1)) / (4 * h^2)
      }
    }
    result
  }
  (4 * one(step / 2) - one(step)) / 3
}

certificate_from <- function(gradient, hessian) {
  scale <- 1 / sqrt(abs(diag(hessian)))
  scaled <- hessian * outer(scale, scale)
  slope <- gradient * scale
  list(
    smallest_curvature = min(eigen(scaled, symmetric = TRUE)$values),
    predicted_decrease = sum(slope * solve(scaled, slope)) / 2
  )
}

test_that("the curvature is the standardized Hessian's smallest eigenvalue at unit diagonal", {
  for (REML in c(TRUE, FALSE)) {
    fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy, REML = REML)
    derivatives <- standardized_derivatives(fit, standardizing_map(sleepstudy$Days))
    expected <- certificate_from(derivatives$gradient, derivatives$hessian)
    certificate <- fit$optimization$certificate
    expect_equal(certificate$smallest_curvature, expected$smallest_curvature, tolerance = 1e-5)
    expect_identical(certificate$hessian, "exact")
    expect_lt(certificate$predicted_decrease, 1e-12)
    expect_lt(max(abs(derivatives$gradient)), 1e-6)
  }
})

test_that("the curvature of scalar terms is that of the criterion in theta", {
  # intercepts only: standardized and natural parameters are the same
  fits <- list(
    lmm(yield ~ gen * fung + (1 | block / fung), durban.splitplot),
    lmm(Y ~ V * N + (1 | B / V), MASS::oats, REML = FALSE)
  )
  for (fit in fits) {
    expect_equal(unname(fit$optimization$standardized), unname(fit$theta), tolerance = 1e-9)
    criterion <- deviance_function(fit)
    hessian <- numeric_hessian(
      function(theta) criterion(theta, gradient = FALSE), unname(fit$theta), 1e-2
    )
    expected <- certificate_from(numeric(length(fit$theta)), hessian)
    expect_equal(
      fit$optimization$certificate$smallest_curvature, expected$smallest_curvature,
      tolerance = 1e-4
    )
  }
})

test_that("the boundary score is the derivative along a variance that is zero", {
  # S_t / J is the derivative of the criterion with respect to theta^2 at theta = 0, by levels
  set.seed(1)
  data <- data.frame(y = rep(c(1, 2, 3, 4), 5) + rnorm(20, 0, 0.1), g = gl(5, 4))
  fit <- suppressMessages(lmm(y ~ 1 + (1 | g), data))
  expect_identical(fit$theta[[1]], 0)
  criterion <- deviance_function(fit)
  slope <- function(h) (criterion(sqrt(h), gradient = FALSE) - fit$criterion) / h
  derivative <- 2 * slope(5e-5) - slope(1e-4)
  expect_gt(derivative, 0)
  # at a zero that is a minimum the smallest score is not below zero
  expect_gte(fit$optimization$certificate$smallest_score, -1e-9)
})

test_that("the numbers of the certificate do not depend on units", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  slow <- transform(sleepstudy, Days = Days / 1e4)
  other <- lmm(I(Reaction * 1e3) ~ Days + (Days | Subject), slow)
  expect_equal(
    other$optimization$certificate$smallest_curvature,
    fit$optimization$certificate$smallest_curvature,
    tolerance = 1e-6
  )
})
