# Criteria of models with residual structures against V formed in full, and gradients against
# differences, for each structure with several random parts.

repeated_data <- function(seed, groups = 9, visits = 5, missing = 0.2) {
  set.seed(seed)
  d <- expand.grid(visit = seq_len(visits), subject = factor(seq_len(groups)))
  d$arm <- factor(c("a", "b")[1 + as.integer(d$subject) %% 2])
  d$item <- factor(sample(6, nrow(d), TRUE))
  d$site <- factor(as.integer(d$subject) %% 3)
  d$time <- d$visit + stats::runif(nrow(d), -0.3, 0.3)
  d$x <- stats::rnorm(nrow(d))
  d$w <- stats::runif(nrow(d), 0.5, 2)
  d$y <- 10 + d$x + stats::rnorm(groups)[d$subject] + stats::rnorm(nrow(d))
  d <- d[stats::runif(nrow(d)) > missing, ]
  d$visit_f <- factor(d$visit)
  d[sample(nrow(d)), ]
}

structures <- alist(
  ar1 = ar1(visit | subject), ar1h = ar1h(visit_f | subject), car1 = car1(time | subject),
  cs = cs(1 | subject), csh = cs(visit | subject, hom = FALSE), toep = toep(visit | subject),
  toeph = toeph(visit | subject), ad = ad(visit | subject), adh = adh(visit | subject),
  us = us(visit | subject), us_arm = us(visit | arm / subject), ar1_arm = ar1(visit | arm / subject)
)

random_parts <- list(
  none = y ~ x + arm, intercept = y ~ x + (1 | subject), slope = y ~ x + (x | subject),
  sites = y ~ x + (1 | subject) + (1 | site), crossed = y ~ x + (1 | subject) + (x || item),
  items = y ~ x + (1 | item)
)

test_that("criteria are those of V in full, gradients those of differences", {
  seed <- 0
  for (name in names(structures)) {
    for (part in names(random_parts)) {
      seed <- seed + 1
      REML <- seed %% 3 != 0
      d <- repeated_data(seed)
      call <- substitute(
        lmm(f, d, residual = s, weights = w, REML = REML,
          control = lmm_control(check_nobs_vs_nre = "ignore", check_singular = "ignore",
            max_iterations = 4
          )
        ), list(s = structures[[name]], f = random_parts[[part]])
      )
      fit <- suppressWarnings(suppressMessages(eval(call)))
      set.seed(seed)
      theta <- fit$theta * 0 + stats::runif(length(fit$theta), 0.2, 1)
      # now and then near the boundary
      phi <- stats::rnorm(length(fit$residual$phi), sd = if (seed %% 4 == 0) 1.5 else 0.5)
      X <- henderson:::fixed_matrix(fit)
      value <- function(theta, phi) {
        dense_criterion(fit$y, X, dense_relative_covariance(fit, theta, phi), REML)
      }
      prepared <- henderson:::prepare_again(fit, with_residual = TRUE)
      own <- henderson:::residual_deviance_cpp(prepared, theta, phi, REML)
      # rounding of a Cholesky factor of V where correlations are near one
      expect_lt(abs(own$value - value(theta, phi)), 1e-7 * (1 + abs(own$value)))
      all <- c(theta, phi)
      differences <- vapply(seq_along(all), function(i) {
        step <- replace(numeric(length(all)), i, 1e-5)
        split <- function(p) value(p[seq_along(theta)], p[-seq_along(theta)])
        if (length(theta) == 0) split <- function(p) value(theta, p)
        (split(all + step) - split(all - step)) / 2e-5
      }, 0)
      # central differences have errors of 1e-10 of third derivatives, and rounding over the step
      scale <- 1 + max(abs(differences))
      expect_lt(max(abs(own$gradient - differences)) / scale, 2e-5, label = paste(name, part))
    }
  }
})

test_that("fits end where the criterion of V in full has its minimum", {
  for (name in c("ar1", "car1", "toeph", "us")) {
    d <- repeated_data(7, groups = 20, missing = 0.1)
    fit <- suppressMessages(eval(substitute(
      lmm(y ~ x + arm, d, residual = s), list(s = structures[[name]])
    )))
    expect_true(fit$optimization$converged)
    X <- henderson:::fixed_matrix(fit)
    value <- function(phi) {
      dense_criterion(fit$y, X, dense_relative_covariance(fit, phi = phi), TRUE)
    }
    expect_equal(value(fit$residual$phi), fit$criterion, tolerance = 1e-9)
    optimum <- stats::optim(fit$residual$phi, value, method = "BFGS")
    expect_gt(optimum$value, fit$criterion - 1e-6)
    # logLik() of the other kind at the same parameters
    other <- dense_criterion(fit$y, X, dense_relative_covariance(fit), FALSE)
    expect_equal(-2 * as.numeric(logLik(fit, REML = FALSE)), other, tolerance = 1e-9)
  }
})
