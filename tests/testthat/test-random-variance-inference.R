# Standard errors of variance components: closed form, numeric Hessian of the dense oracle, nlme.

# -2 log likelihood (restricted or not) as a function of (theta, sigma), from the dense oracle.
unprofiled_deviance <- function(fit) {
  X <- model.matrix(fit)
  Z <- as.matrix(model.matrix(fit, "random"))
  terms <- lapply(fit$random, function(term) {
    list(v = length(term$columns), levels = length(term$levels), structure = term$structure)
  })
  function(psi) {
    theta <- psi[-length(psi)]
    sigma <- psi[length(psi)]
    dense <- reference_fit(
      component(fit, "y"), X, Z, reference_lambda(terms, theta), fit$weights, fit$offset, fit$REML
    )
    m <- if (fit$REML) dense$n - ncol(X) else dense$n
    dense$log_det[["M"]] + fit$REML * dense$log_det[["RX"]] + 2 * m * log(sigma) +
      dense$pwrss / sigma^2
  }
}

dense_covariance <- function(fit) {
  psi <- c(fit$theta, sigma(fit))
  step <- 1e-3 * pmax(abs(psi), 0.1)
  2 * solve(stats::optimHess(psi, unprofiled_deviance(fit), control = list(ndeps = step)))
}

test_that("a balanced one-way layout has the closed form", {
  # By hand: mean squares A between and E within are independent with variances 2 A^2 / 5 and
  # 2 E^2 / 24; the variances are E and (A - E) / 5
  ms <- anova(lm(Yield ~ Batch, lme4::Dyestuff))[["Mean Sq"]]
  variances <- c((ms[1] - ms[2]) / 5, ms[2])
  covariance <- rbind(
    c((2 * ms[1]^2 / 5 + 2 * ms[2]^2 / 24) / 25, -2 * ms[2]^2 / 24 / 5),
    c(-2 * ms[2]^2 / 24 / 5, 2 * ms[2]^2 / 24)
  )
  fit <- lmm(Yield ~ 1 + (1 | Batch), lme4::Dyestuff)
  table <- variance_components(fit, scale = "variance")
  expect_equal(table$estimate, variances, tolerance = 1e-7)
  expect_equal(unname(vcov(table)), covariance, tolerance = 1e-6)
  expect_equal(table$se, sqrt(diag(covariance)), tolerance = 1e-6)
  # limits: normal for the logarithm
  reach <- qnorm(0.975) * table$se / table$estimate
  expect_equal(table$lower, table$estimate * exp(-reach))
  expect_equal(table$upper, table$estimate * exp(reach))
})

test_that("covariances are those of the dense oracle's Hessian", {
  uneven <- transform(sleepstudy[-c(1:6, 30:31, 77, 100:107, 150), ], Days = Days - 4.5)
  weights <- rep(c(1, 2, 0.5), length.out = nrow(uneven))
  fits <- list(
    fit_cached("sleepstudy"), fit_cached("sleepstudy_ml"),
    lmm(Reaction ~ Days + (Days | Subject), uneven, weights = weights),
    lmm(Reaction ~ Days + (Days || Subject), uneven),
    lmm(Y ~ V * N + (1 | B / V), MASS::oats),
    lmm(diameter ~ 1 + (1 | plate) + (1 | sample), lme4::Penicillin, REML = FALSE),
    lmm(score ~ Machine + (0 + Machine | Worker), plain(nlme::Machines))
  )
  for (fit in fits) {
    expected <- dense_covariance(fit)
    observed <- vcov(variance_components(fit, scale = "theta"))
    scale <- sqrt(diag(expected))
    # central differences of step 1e-3: relative error of order 1e-6 times fourth derivatives
    expect_lt(max(abs(observed - expected) / outer(scale, scale)), 1e-4)
  }
})

test_that("the scales belong together", {
  fit <- fit_cached("sleepstudy")
  frame <- as.data.frame(VarCorr(fit))
  sd <- variance_components(fit)
  variance <- variance_components(fit, scale = "variance")
  log_sd <- variance_components(fit, scale = "log_sd")
  expect_equal(as.list(sd)[1:3], as.list(frame)[1:3])
  expect_equal(sd$estimate, frame$sdcor)
  expect_equal(variance$estimate, frame$vcov)
  expect_equal(
    log_sd$estimate, c(log(frame$sdcor[1:2]), atanh(frame$sdcor[3]), log(frame$sdcor[4]))
  )
  # delta method by hand
  deviations <- c(1, 2, 4)
  expect_equal(variance$se[deviations], 2 * sd$estimate[deviations] * sd$se[deviations])
  expect_equal(log_sd$se[deviations], sd$se[deviations] / sd$estimate[deviations])
  expect_equal(log_sd$se[3], sd$se[3] / (1 - sd$estimate[3]^2))
  expect_equal(sd$lower, c(exp(log_sd$lower[1:2]), tanh(log_sd$lower[3]), exp(log_sd$lower[4])))
  expect_equal(sd$upper, c(exp(log_sd$upper[1:2]), tanh(log_sd$upper[3]), exp(log_sd$upper[4])))
  expect_equal(variance$upper[deviations], sd$upper[deviations]^2)
  # by numeric derivatives of VarCorr at other theta
  move <- function(psi) {
    lambda <- matrix(c(psi[1:2], 0, psi[3]), 2)
    v <- psi[4]^2 * tcrossprod(lambda)
    c(v[1, 1], v[2, 2], v[1, 2], psi[4]^2)
  }
  psi <- c(fit$theta, sigma(fit))
  jacobian <- vapply(1:4, function(k) numeric_gradient(function(x) move(x)[k], psi), numeric(4))
  covariance <- t(jacobian) %*% vcov(variance_components(fit, scale = "theta")) %*% jacobian
  expect_equal(unname(vcov(variance)), unname(covariance), tolerance = 1e-7)
  expect_identical(
    rownames(vcov(sd)),
    c("Subject.(Intercept)", "Subject.Days", "Subject.Days.(Intercept)", "Residual")
  )
})

test_that("limits are nlme's", {
  need_peer("nlme")
  for (reml in c(TRUE, FALSE)) {
    # with its default step nlme's differences are off by a tenth
    m <- nlme::lme(Reaction ~ Days,
      random = ~ Days | Subject, data = sleepstudy,
      method = if (reml) "REML" else "ML", control = list(.relStep = 1e-3)
    )
    theirs <- nlme::intervals(m, which = "var-cov")
    ours <- variance_components(fit_cached(if (reml) "sleepstudy" else "sleepstudy_ml"))
    expected <- rbind(as.matrix(theirs$reStruct$Subject), theirs$sigma)
    expect_equal(ours$lower[-3], unname(expected[-3, 1]), tolerance = 1e-3)
    expect_equal(ours$upper[-3], unname(expected[-3, 3]), tolerance = 1e-3)
    # a correlation near zero: absolute
    expect_lt(max(abs(unlist(ours[3, c("lower", "upper")]) - expected[3, c(1, 3)])), 2e-3)
  }
  m <- nlme::lme(
    Y ~ V * N, random = ~ 1 | B / V, data = MASS::oats, control = list(.relStep = 1e-3)
  )
  theirs <- nlme::intervals(m, which = "var-cov")
  ours <- variance_components(fit_cached("oats"))
  expected <- rbind(theirs$reStruct$V, theirs$reStruct$B, theirs$sigma)
  expect_equal(ours$lower, expected[, 1], tolerance = 2e-3, ignore_attr = TRUE)
  expect_equal(ours$upper, expected[, 3], tolerance = 2e-3, ignore_attr = TRUE)
})

test_that("on the boundary there is no standard error, and a message says why", {
  none <- suppressMessages(lmm(Yield ~ 1 + (1 | Batch), lme4::Dyestuff2))
  expect_message(table <- variance_components(none), "boundary",
    class = "henderson_message_singular"
  )
  expect_identical(is.na(table$se), c(TRUE, FALSE))
  expect_true(all(is.na(table[1, c("se", "lower", "upper")])))
  # the residual is that of a model without the term: 2 sigma^4 / (n - 1)
  variance <- suppressMessages(variance_components(none, scale = "variance"))
  expect_equal(variance$se[2], sigma(none)^2 * sqrt(2 / 29), tolerance = 1e-8)

  # a correlation of one, beside a regular term
  data <- transform(MASS::oats, dose = as.integer(N) - 2.5)
  fit <- suppressMessages(lmm(Y ~ V + dose + (dose | B) + (1 | V:B), data, REML = FALSE))
  expect_true(is_singular(fit))
  for (scale in c("sd", "variance", "log_sd", "theta")) {
    table <- suppressMessages(variance_components(fit, scale = scale))
    expect_identical(is.na(table$se), table$grp == "B", label = scale)
  }
})

test_that("variances that the fixed effects reproduce have none either", {
  fit <- suppressMessages(lmm(Reaction ~ Subject + Days + (Days || Subject), sleepstudy))
  expect_message(table <- variance_components(fit), "not determined",
    class = "henderson_message_singular"
  )
  expect_identical(is.na(table$se), c(TRUE, FALSE, FALSE))
  # and the slopes' is what it is without the intercepts
  other <- suppressMessages(lmm(Reaction ~ Subject + Days + (0 + Days | Subject), sleepstudy))
  expect_equal(table$se[-1], variance_components(other)$se, tolerance = 1e-5)
})

test_that("away from an optimum there is no standard error", {
  at <- function(start, ...) {
    lmm(Reaction ~ Days + (Days | Subject), sleepstudy, start = start,
      control = lmm_control(optimizer = "none", ...)
    )
  }
  best <- fit_cached("sleepstudy")
  fits <- list(at(c(3, 0, 0.1)), suppressWarnings(update(best,
    control = lmm_control(max_iterations = 1)
  )))
  for (fit in fits) {
    expect_message(table <- variance_components(fit), "no optimum",
      class = "henderson_message_singular"
    )
    expect_true(all(is.na(table[c("se", "lower", "upper")])))
    expect_false(anyNA(table$estimate))
  }
  # at the optimum it does not matter how it was found
  expect_no_message(table <- variance_components(at(best$theta)))
  expect_equal(table$se, variance_components(best)$se, tolerance = 1e-6)
})

test_that("the table prints, and parts of it are plain data frames", {
  table <- variance_components(fit_cached("sleepstudy"))
  expect_snapshot(print(table))
  expect_s3_class(table[1:2, ], "data.frame", exact = TRUE)
  table$se <- NULL
  expect_output(print(table), "^ +grp +var1 +var2 +estimate +lower")
})

test_that("bad arguments are refused", {
  fit <- fit_cached("sleepstudy")
  expect_error(variance_components(1), class = "henderson_error_argument")
  expect_error(variance_components(fit, scale = "log"), class = "henderson_error_argument")
  expect_error(variance_components(fit, level = 1), class = "henderson_error_argument")
  expect_error(variance_components(fit, level = 95), class = "henderson_error_argument")
})
