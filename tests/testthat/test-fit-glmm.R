# glmm() ------------------------------------------------------------------------------------------

test_that("the log-likelihood is Laplace's by its definition", {
  data <- small_counts()
  X <- model.matrix(~x, data)
  Z <- model.matrix(~ 0 + herd, data)
  check <- function(fit, log_density) {
    expected <- -laplace_oracle(fixef(fit), diag(fit$theta[[1L]], 12), X, Z, log_density) / 2
    # the oracle's second differences have an error of 1e-6 a row
    expect_equal(as.numeric(logLik(fit)), expected, tolerance = 1e-6)
    expect_true(fit$optimization$converged)
  }
  fit <- glmm(cases ~ x + (1 | herd), data, family = poisson)
  check(fit, function(eta) dpois(data$cases, exp(eta), log = TRUE))
  fit <- glmm(cbind(cases, trials - cases) ~ x + (1 | herd), data, family = binomial("probit"))
  check(fit, function(eta) dbinom(data$cases, data$trials, pnorm(eta), log = TRUE))
  fit <- glmm(cases ~ x + (1 | herd), data, family = nbinom2)
  check(fit, function(eta) dnbinom(data$cases, size = fit$phi, mu = exp(eta), log = TRUE))
  fit <- glmm(cases ~ x + (1 | herd), data, family = nbinom1)
  check(fit, function(eta) {
    dnbinom(data$cases, size = exp(eta) / fit$phi, mu = exp(eta), log = TRUE)
  })
  data$y <- data$cases + 0.5
  fit <- glmm(y ~ x + (1 | herd), data, family = Gamma("log"))
  check(fit, function(eta) {
    dgamma(data$y, shape = 1 / fit$phi, scale = exp(eta) * fit$phi, log = TRUE)
  })
  data$share <- (data$cases + 0.5) / 16
  fit <- glmm(share ~ x + (1 | herd), data, family = beta_family)
  check(fit, function(eta) {
    dbeta(data$share, plogis(eta) * fit$phi, plogis(-eta) * fit$phi, log = TRUE)
  })
})

test_that("no other point of small models has a higher likelihood by the definition", {
  data <- small_counts()
  X <- model.matrix(~x, data)
  Z <- model.matrix(~ 0 + herd, data)
  fit <- glmm(cases ~ x + (1 | herd), data, family = poisson)
  density <- function(eta) dpois(data$cases, exp(eta), log = TRUE)
  at <- function(p) laplace_oracle(p[1:2], diag(p[3L], 12), X, Z, density)
  best <- c(fixef(fit), fit$theta)
  for (i in 1:3) {
    for (step in c(-0.03, 0.03)) expect_gt(at(replace(best, i, best[i] + step)), at(best))
  }
  # half the Hessian's inverse, by differences of the oracle
  step <- 0.02
  hessian <- matrix(0, 3, 3)
  for (i in 1:3) {
    for (j in 1:3) {
      at_signs <- function(a, b) {
        p <- best
        p[i] <- p[i] + a * step
        p[j] <- p[j] + b * step
        at(p)
      }
      hessian[i, j] <- (at_signs(1, 1) - at_signs(1, -1) - at_signs(-1, 1) + at_signs(-1, -1)) /
        (4 * step^2)
    }
  }
  expected <- 2 * solve(hessian)
  # differences of step 0.02 have a relative error of its square times fourth derivatives
  expect_equal(unname(fit$covariance[c(2:3, 1), c(2:3, 1)]), expected, tolerance = 5e-3)
})

test_that("without variance the fit is that of glm()", {
  data <- small_counts()
  # the same in each herd: no variance between them
  data$cases <- rep(c(1, 0, 2, 1, 3), 12)
  expect_message(
    fit <- glmm(cases ~ x + (1 | herd), data, family = poisson),
    class = "henderson_message_singular"
  )
  plain <- glm(cases ~ x, data, family = poisson)
  expect_equal(as.numeric(logLik(fit)), as.numeric(logLik(plain)), tolerance = 1e-10)
  expect_equal(fixef(fit), coef(plain), tolerance = 1e-6)
  expect_equal(vcov(fit), vcov(plain), tolerance = 1e-5)
  expect_identical(fit$theta[[1L]], 0)
  expect_true(fit$optimization$converged)
})

test_that("a normal model with the identity link is that of lmm() by maximum likelihood", {
  fit <- glmm(Reaction ~ Days + (Days | Subject), sleepstudy, family = gaussian)
  linear <- fit_cached("sleepstudy_ml")
  expect_equal(as.numeric(logLik(fit)), as.numeric(logLik(linear)), tolerance = 1e-10)
  expect_equal(fixef(fit), fixef(linear), tolerance = 1e-6)
  expect_equal(sigma(fit), sigma(linear), tolerance = 1e-6)
  expect_equal(attr(VarCorr(fit)[[1L]], "stddev"), attr(VarCorr(linear)[[1L]], "stddev"),
    tolerance = 1e-5
  )
})

test_that("reference log-likelihoods are reached", {
  # lme4 2.1 and glmmTMB, from the literature of the models; Laplace
  data <- cbpp_data()
  reached <- function(fit) round(as.numeric(logLik(fit)), 4L)
  fit <- glmm(cbind(incidence, size - incidence) ~ period + (1 | herd), data, family = binomial)
  expect_equal(reached(fit), -92.0263)
  expect_equal(fit$theta[[1L]], 0.64226, tolerance = 1e-5)
  data$row <- factor(seq_len(nrow(data)))
  expect_equal(reached(glmm(
    cbind(incidence, size - incidence) ~ period + (1 | herd) + (1 | row), data, family = binomial
  )), -87.3192)
  need_peer("MASS")
  bacteria <- MASS::bacteria
  expect_equal(
    reached(glmm(y ~ trt + I(week > 2) + (1 | ID), bacteria, family = binomial)), -96.1307
  )
  epil <- MASS::epil
  epil$lbase4 <- log(epil$base / 4)
  model <- y ~ trt * lbase4 + log(age) + V4 + (1 | subject)
  expect_equal(reached(glmm(model, epil, family = poisson)), -665.4744)
  expect_equal(reached(glmm(model, epil, family = nbinom1)), -634.5405)
  expect_equal(
    reached(glmm(Reaction ~ Days + (1 | Subject), sleepstudy, family = Gamma("log"))), -883.5783
  )
  expect_equal(reached(glmm(
    TICKS ~ YEAR + HEIGHT + (1 | BROOD) + (1 | INDEX) + (1 | LOCATION), lme4::grouseticks,
    family = poisson
  )), -890.2713)
  expect_equal(reached(glmm(
    r2 ~ Anger + Gender + btype + situ + (1 | id) + (1 | item), lme4::VerbAgg, family = binomial
  )), -4075.6999)
})

test_that("data, offset, weights, subset and relationships are lmm()'s", {
  data <- small_counts()
  exposed <- glmm(cases ~ x + offset(log(trials)) + (1 | herd), data, family = poisson)
  expect_equal(
    logLik(exposed),
    logLik(glmm(cases ~ x + (1 | herd), data, family = poisson, offset = log(trials)))
  )
  expect_false(isTRUE(all.equal(
    fixef(exposed), fixef(glmm(cases ~ x + (1 | herd), data, family = poisson))
  )))
  # a weight of two is the row twice, but for that: they share their random effect
  data$w <- rep(c(1, 2, 0), 20)
  doubled <- data[rep(seq_len(60), data$w), ]
  weighted <- glmm(cases ~ x + (1 | herd), data, family = poisson, weights = w)
  expect_equal(
    as.numeric(logLik(weighted)),
    as.numeric(logLik(glmm(cases ~ x + (1 | herd), doubled, family = poisson))),
    tolerance = 1e-9
  )
  expect_identical(nobs(weighted), 40L)
  part <- glmm(cases ~ x + (1 | herd), data, family = poisson, subset = x > -1)
  expect_identical(nobs(part), 48L)
  # a known relationship of independent levels changes nothing
  K <- diag(12)
  dimnames(K) <- list(levels(data$herd), levels(data$herd))
  related <- glmm(cases ~ x + (1 | herd), data, family = poisson, relationship = list(herd = K))
  plain <- glmm(cases ~ x + (1 | herd), data, family = poisson)
  expect_equal(as.numeric(logLik(related)), as.numeric(logLik(plain)), tolerance = 1e-9)
  expect_equal(ranef(related)$herd[[1L]], ranef(plain)$herd[[1L]], tolerance = 1e-5)
})

test_that("a relationship has the likelihood of its covariance matrix", {
  data <- small_counts()
  K <- 0.6^abs(outer(1:12, 1:12, "-"))
  dimnames(K) <- list(levels(data$herd), levels(data$herd))
  fit <- glmm(cases ~ x + (1 | herd), data, family = poisson, relationship = list(herd = K))
  expected <- laplace_oracle(
    fixef(fit), fit$theta[[1L]] * t(chol(K)),
    model.matrix(~x, data), model.matrix(~ 0 + herd, data),
    function(eta) dpois(data$cases, exp(eta), log = TRUE)
  )
  expect_equal(deviance(fit), expected, tolerance = 1e-6)
  expect_true(fit$optimization$converged)
})

test_that("what is not available is refused", {
  data <- small_counts()
  expect_error(glmm(cases ~ x + (1 | herd), data, family = poisson, nAGQ = 10), "quadrature",
    class = "henderson_error_argument"
  )
  expect_error(glmm(cases ~ x + (1 | herd), data, family = poisson, nAGQ = 0), "no maximum",
    class = "henderson_error_argument"
  )
  expect_error(
    glmm(cases ~ x + (1 | herd), data, family = poisson,
      control = lmm_control(optimizer = "bfgs")
    ),
    class = "henderson_error_control"
  )
  expect_error(
    glmm(cases ~ x + (1 | herd), data, family = poisson,
      control = lmm_control(fix = c("sd_(Intercept)|herd" = 1))
    ),
    class = "henderson_error_control"
  )
  expect_error(glmm(cases ~ x, data, family = poisson), class = "henderson_error_formula")
})

test_that("a start is where the search begins, and optimizer none stays there", {
  data <- small_counts()
  fit <- glmm(cases ~ x + (1 | herd), data, family = poisson)
  other <- glmm(cases ~ x + (1 | herd), data, family = poisson, start = 3)
  expect_equal(logLik(fit), logLik(other), tolerance = 1e-9)
  there <- glmm(cases ~ x + (1 | herd), data, family = poisson, start = 0.5,
    control = lmm_control(optimizer = "none")
  )
  expect_identical(there$theta[[1L]], 0.5)
})

test_that("log-likelihoods are those of glmer(), or higher", {
  data <- cbpp_data()
  compare <- function(formula, data, family, tolerance = 1e-5) {
    ours <- glmm(formula, data, family = family)
    theirs <- suppressMessages(lme4::glmer(formula, data, family = family))
    expect_gt(as.numeric(logLik(ours)), as.numeric(logLik(theirs)) - 1e-4)
    expect_equal(fixef(ours), lme4::fixef(theirs), tolerance = 2e-3)
    expect_equal(unname(attr(VarCorr(ours)[[1L]], "stddev")),
      unname(attr(lme4::VarCorr(theirs)[[1L]], "stddev")), tolerance = 2e-3
    )
  }
  compare(cbind(incidence, size - incidence) ~ period + (1 | herd), data, binomial)
  compare(cases ~ x + (1 | herd), small_counts(), poisson)
  compare(cases ~ x + (x | herd), small_counts(), poisson)
  compare(y ~ trt + I(week > 2) + (1 | ID), MASS::bacteria, binomial)
})

test_that("standard errors are those of the definition's second derivatives", {
  only_in_full_tier("differences of a deviance by its definition")
  cbpp <- cbpp_data()
  fit <- glmm(cbind(incidence, size - incidence) ~ period + (1 | herd), cbpp, family = binomial)
  # one effect for each herd: Newton's method by herd, so that differences keep their digits
  X <- stats::model.matrix(~period, cbpp)
  rows <- split(seq_len(nrow(cbpp)), cbpp$herd)
  of_herd <- function(i, sd, beta) {
    n <- cbpp$size[i]
    u <- 0
    for (step in 1:50) {
      p <- stats::plogis(drop(X[i, , drop = FALSE] %*% beta) + sd * u)
      curvature <- 1 + sd^2 * sum(n * p * (1 - p))
      u <- u - (u - sd * sum(cbpp$incidence[i] - n * p)) / curvature
    }
    u^2 - 2 * sum(stats::dbinom(cbpp$incidence[i], n, p, log = TRUE)) + log(curvature)
  }
  deviance_at <- function(par) sum(vapply(rows, of_herd, 0, sd = par[1L], beta = par[-1L]))
  best <- c(sqrt(VarCorr(fit)$herd[1L, 1L]), fixef(fit))
  hessian <- stats::optimHess(best, deviance_at, control = list(ndeps = rep(1e-3, 5L)))
  expected <- sqrt(diag(solve(hessian / 2)))[-1L]
  # differences of second order over 1e-3
  expect_equal(sqrt(diag(vcov(fit))), expected, tolerance = 1e-5, ignore_attr = TRUE)
  expect_equal(-deviance_at(best) / 2, as.numeric(logLik(fit)), tolerance = 1e-10)
})
