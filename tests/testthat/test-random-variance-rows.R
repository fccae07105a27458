# Standard errors of parameters of structures, from second differences of the criterion formed in
# full with sigma as a parameter.
data <- withr::with_seed(3, {
  data <- expand.grid(f = factor(1:3), g = factor(1:15), r = 1:2)
  root <- chol(0.6^abs(outer(1:3, 1:3, "-")))
  data$y <- rnorm(90) + (matrix(rnorm(45), 15) %*% root)[cbind(data$g, data$f)]
  data
})

test_that("standard errors are those of the information by differences", {
  for (name in c("ar1", "cs", "homtoep", "ad", "exp")) {
    fit <- lmm(as.formula(paste("y ~", structure_text(name, "0 + f", "g"))), data, REML = FALSE)
    full <- function(psi) {
      k <- length(psi)
      deviations <- is_deviation(fit$random)
      theta <- psi[-k]
      theta[deviations] <- theta[deviations] / psi[k]
      X <- matrix(1, nrow(data))
      gamma <- written_covariance(name, theta, 3, 1:3)
      profiled <- written_criterion(data, X, gamma, REML = FALSE)
      n <- nrow(data)
      # beta does not depend on sigma
      pwrss <- n * exp((profiled - written_log_det(data, gamma)) / n - 1) / (2 * pi)
      written_log_det(data, gamma) + n * log(2 * pi * psi[k]^2) + pwrss / psi[k]^2
    }
    table <- variance_components(fit)
    estimate <- table$estimate
    steps <- rep(1e-4, length(estimate))
    hessian <- stats::optimHess(estimate, full, control = list(ndeps = steps))
    expect_equal(table$se, sqrt(diag(2 * solve(hessian))), tolerance = 1e-3, label = name)
    expect_identical(table$grp, c(rep("g", length(fit$theta)), "Residual"))
    expect_true(all(table$lower < estimate & estimate < table$upper))
    log <- variance_components(fit, scale = "log_sd")
    expect_equal(log$se[nrow(log)], table$se[nrow(log)] / sigma(fit), tolerance = 1e-6)
  }
})

test_that("of reduced rank there are variances and correlations with standard errors", {
  fit <- suppressMessages(lmm(y ~ rr(0 + f | g, d = 1), data))
  table <- variance_components(fit, scale = "variance")
  expect_identical(nrow(table), 7L)
  expect_equal(table$estimate[1:3], unname(diag(VarCorr(fit)$g)), tolerance = 1e-8)
  expect_true(all(is.finite(table$se[c(1:3, 7)])))
})

test_that("a parameter at its bound has no standard error, the others have", {
  apart <- withr::with_seed(1, transform(data, y = rnorm(15)[g] + rnorm(90)))
  fit <- suppressMessages(lmm(y ~ ar1(0 + f | g), apart))
  if (fit$theta[["g.rho"]] > 1 - 1e-6) {
    expect_message(table <- variance_components(fit), "bounds",
      class = "henderson_message_singular"
    )
    expect_identical(is.na(table$se), c(FALSE, TRUE, FALSE))
  }
  expect_true(is_singular(fit) == (fit$theta[["g.rho"]] > 1 - 1e-6))
})
