# Everything against the criterion of V formed in full, and its derivatives by differences.

# -2 log (restricted) likelihood at covariance V.
dense_criterion <- function(y, X, V, REML) {
  R <- chol(V)
  white <- backsolve(R, cbind(X, y), transpose = TRUE)
  p <- ncol(X)
  decomposition <- qr(white[, seq_len(p), drop = FALSE])
  rest <- qr.resid(decomposition, white[, p + 1L])
  determinant <- if (REML) 2 * sum(log(abs(diag(qr.R(decomposition))))) else 0
  (length(y) - REML * p) * log(2 * base::pi) + 2 * sum(log(diag(R))) + sum(rest^2) + determinant
}

dense_vcov <- function(X, V) solve(t(X) %*% solve(V, X))

# A minimum over psi of the model with covariance V(psi): list(value, psi, covariance, df).
dense_minimum <- function(y, X, V, start, REML) {
  value <- function(psi) dense_criterion(y, X, V(psi), REML)
  found <- optim(start, value, control = list(reltol = 1e-15, maxit = 2000))
  step <- 1e-4
  k <- length(start)
  unit <- diag(step, k)
  at <- function(i, j, a, b) value(found$par + a * unit[i, ] + b * unit[j, ])
  H <- outer(seq_len(k), seq_len(k), Vectorize(function(i, j) {
    (at(i, j, 1, 1) - at(i, j, 1, -1) - at(i, j, -1, 1) + at(i, j, -1, -1)) / (4 * step^2)
  }))
  covariance <- 2 * solve(H)
  variances <- function(psi) diag(dense_vcov(X, V(psi)))
  slopes <- vapply(seq_len(k), function(i) {
    (variances(found$par + unit[i, ]) - variances(found$par - unit[i, ])) / (2 * step)
  }, variances(found$par))
  slopes <- matrix(slopes, ncol = k)
  own <- variances(found$par)
  list(
    value = found$value, psi = found$par, covariance = covariance,
    vcov = dense_vcov(X, V(found$par)), df = 2 * own^2 / rowSums((slopes %*% covariance) * slopes)
  )
}

# Covariance of sleepstudy's responses.
sleep_covariance <- function(intercept, slope, correlation, sigma) {
  G <- matrix(c(intercept^2, rep(intercept * slope * correlation, 2), slope^2), 2)
  Z <- cbind(1, sleepstudy$Days)
  sigma^2 * diag(180) + Z %*% G %*% t(Z) * outer(sleepstudy$Subject, sleepstudy$Subject, "==")
}

sleep_fit <- function(..., REML = TRUE) {
  lmm(Reaction ~ Days + (Days | Subject), sleepstudy, REML, control = lmm_control(...))
}

bcg <- function() {
  treated <- cbind(
    c(4, 6, 3, 62, 33, 180, 8, 505, 29, 17, 186, 5, 27),
    c(119, 300, 228, 13536, 5036, 1361, 2537, 87886, 7470, 1699, 50448, 2493, 16886)
  )
  control <- cbind(
    c(11, 29, 11, 248, 47, 372, 10, 499, 45, 65, 141, 3, 29),
    c(128, 274, 209, 12619, 5761, 1079, 619, 87892, 7232, 1600, 27197, 2338, 17825)
  )
  data.frame(
    study = factor(1:13),
    yi = log(treated[, 1] / rowSums(treated)) - log(control[, 1] / rowSums(control)),
    vi = 1 / treated[, 1] - 1 / rowSums(treated) + 1 / control[, 1] - 1 / rowSums(control)
  )
}

meta_fit <- function(REML = TRUE) {
  lmm(yi ~ 1 + (1 | study), bcg(), REML, weights = 1 / vi,
    control = lmm_control(fix = list(sigma = 1))
  )
}

test_that("a meta-analysis with known variances is that of the textbook and of metafor", {
  data <- bcg()
  X <- matrix(1, 13)
  for (REML in c(TRUE, FALSE)) {
    fit <- meta_fit(REML)
    V <- function(psi) diag(data$vi + exp(psi))
    full <- dense_minimum(data$yi, X, function(psi) V(psi[1L]), -1, REML) |> suppressWarnings()
    expect_equal(fit$criterion, full$value, tolerance = 1e-9)
    expect_equal(VarCorr(fit)$study[1L], exp(full$psi), tolerance = 1e-4)
    expect_equal(unname(vcov(fit)), unname(full$vcov), tolerance = 1e-4)
    expect_equal(unname(coef(summary(fit))[, "df"]), full$df, tolerance = 1e-3)
    components <- variance_components(fit, "variance")
    expect_equal(components$se[1L], exp(full$psi) * sqrt(full$covariance[1L]), tolerance = 1e-3)
    expect_identical(is.na(components$se), c(FALSE, TRUE))
  }
  # metafor 5.2-1, rma(yi, vi, data = dat.bcg) of escalc("RR"): REML, and method = "ML"
  fit <- meta_fit()
  expect_equal(VarCorr(fit)$study[1L], 0.31324326, tolerance = 1e-6)
  expect_equal(fixef(fit)[[1L]], -0.71453234, tolerance = 1e-6)
  expect_equal(sqrt(vcov(fit)[1L]), 0.17978152, tolerance = 1e-6)
  expect_equal(VarCorr(meta_fit(FALSE))$study[1L], 0.28002814, tolerance = 1e-6)
  # the residual variance does not count
  expect_identical(attr(logLik(fit), "df"), 2L)
  # b = D V^-1 (y - mu)
  shrink <- 0.3132 / (0.3132 + data$vi)
  expect_equal(unname(ranef(fit)$study[[1L]]), shrink * (data$yi - fixef(fit)), tolerance = 1e-3)
})

test_that("what is held is held, and the rest at the minimum of the model in full", {
  X <- cbind(1, sleepstudy$Days)
  y <- sleepstudy$Reaction
  fix <- list(sigma = 28, "sd_(Intercept)|Subject" = 20)
  for (REML in c(TRUE, FALSE)) {
    fit <- sleep_fit(fix = fix, REML = REML)
    V <- function(psi) sleep_covariance(20, exp(psi[1L]), tanh(psi[2L]), 28)
    full <- dense_minimum(y, X, V, c(1.7, 0), REML)
    expect_true(fit$optimization$converged)
    expect_equal(sigma(fit), 28)
    expect_equal(attr(VarCorr(fit)$Subject, "stddev")[[1L]], 20, tolerance = 1e-12)
    expect_equal(fit$criterion, full$value, tolerance = 1e-10)
    expect_equal(attr(VarCorr(fit)$Subject, "stddev")[[2L]], exp(full$psi[1L]), tolerance = 1e-4)
    expect_equal(unname(vcov(fit)), full$vcov, tolerance = 1e-4)
    expect_equal(coef(summary(fit))[["Days", "df"]], full$df[2L], tolerance = 1e-3)
    # the other criterion at the same parameters
    expect_equal(
      as.numeric(logLik(fit, REML = !REML)), -dense_criterion(y, X, V(full$psi), !REML) / 2,
      tolerance = 1e-6
    )
  }
  # a correlation of zero is a diagonal matrix
  none <- sleep_fit(fix = list("cor_Days.(Intercept)|Subject" = 0))
  diagonal <- lmm(Reaction ~ Days + (Days || Subject), sleepstudy)
  expect_equal(none$criterion, diagonal$criterion, tolerance = 1e-10)
  expect_equal(coef(summary(none)), coef(summary(diagonal)), tolerance = 1e-5)
  expect_identical(attr(logLik(none), "df"), attr(logLik(diagonal), "df"))
  expect_equal(
    variance_components(none)$se[-3L], variance_components(diagonal)$se,
    tolerance = 1e-5
  )
  # the estimates themselves are no constraint
  free <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  same <- sleep_fit(fix = list(sigma = sigma(free)))
  expect_equal(same$criterion, free$criterion, tolerance = 1e-10)
  expect_equal(same$theta, free$theta, tolerance = 1e-5)
  expect_equal(ranef(same)$Subject, ranef(free)$Subject, tolerance = 1e-5)
  expect_equal(
    attr(ranef(same)$Subject, "postVar"), attr(ranef(free)$Subject, "postVar"),
    tolerance = 1e-5
  )
})

test_that("with everything held the fit is generalized least squares, and z its statistic", {
  fit <- sleep_fit(fix = list(
    sigma = 30, "sd_(Intercept)|Subject" = 20, "sd_Days|Subject" = 5,
    "cor_Days.(Intercept)|Subject" = 0.5
  ))
  V <- sleep_covariance(20, 5, 0.5, 30)
  X <- cbind(1, sleepstudy$Days)
  expect_equal(fit$criterion, dense_criterion(sleepstudy$Reaction, X, V, TRUE), tolerance = 1e-11)
  table <- coef(summary(fit))
  expect_equal(unname(table[, "Std. Error"]), sqrt(diag(dense_vcov(X, V))), tolerance = 1e-10)
  expect_identical(unname(table[, "df"]), c(Inf, Inf))
  expect_equal(table[, "Pr(>|t|)"], 2 * stats::pnorm(-abs(table[, "t value"])), tolerance = 1e-10)
  expect_identical(attr(logLik(fit), "df"), 2L)
  expect_equal(
    unname(confint(fit, 5:6, method = "Wald")[2L, ]),
    table["Days", 1L] + c(-1, 1) * stats::qnorm(0.975) * table["Days", 2L]
  )
  expect_true(all(is.na(variance_components(fit)$se)))
  expect_identical(anova(fit)$DenDF, Inf)
})

test_that("equal standard deviations are one parameter", {
  set.seed(2)
  data <- expand.grid(a = factor(1:8), b = factor(1:12))
  data$y <- rnorm(8)[data$a] * 1.3 + rnorm(12)[data$b] + rnorm(96)
  together <- outer(data$a, data$a, "==") + outer(data$b, data$b, "==")
  V <- function(psi) exp(2 * psi[1L]) * together + exp(2 * psi[2L]) * diag(96)
  equal <- c("sd_(Intercept)|a", "sd_(Intercept)|b")
  fit <- lmm(y ~ 1 + (1 | a) + (1 | b), data, control = lmm_control(equal = equal))
  full <- dense_minimum(data$y, matrix(1, 96), V, c(0, 0), TRUE)
  expect_equal(fit$criterion, full$value, tolerance = 1e-10)
  deviations <- vapply(VarCorr(fit), function(x) attr(x, "stddev"), 0)
  expect_equal(deviations[[1L]], deviations[[2L]], tolerance = 1e-12)
  expect_equal(coef(summary(fit))[, "df"], full$df, tolerance = 1e-3)
  expect_equal(variance_components(fit)$se[c(1, 3)],
    exp(full$psi) * sqrt(diag(full$covariance)), tolerance = 1e-3)
  expect_identical(attr(logLik(fit), "df"), 3L)
  expect_match(paste(format(fit), collapse = " "), "equal by constraint")
  # one of them held holds both
  held <- lmm(y ~ 1 + (1 | a) + (1 | b), data,
    control = lmm_control(fix = c("sd_(Intercept)|a" = 1), equal = equal)
  )
  expect_equal(vapply(VarCorr(held), `[`, 0, 1L), c(b = 1, a = 1))
  expect_identical(attr(logLik(held), "df"), 2L)
  # within a term, with a correlation
  slopes <- sleep_fit(equal = c("sd_(Intercept)|Subject", "sd_Days|Subject"))
  full <- dense_minimum(sleepstudy$Reaction, cbind(1, sleepstudy$Days), function(psi) {
    sleep_covariance(exp(psi[1L]), exp(psi[1L]), tanh(psi[2L]), exp(psi[3L]))
  }, c(2, 0.5, 3.3), TRUE)
  expect_equal(slopes$criterion, full$value, tolerance = 1e-9)
})

test_that("three effects and other structures are constrained", {
  set.seed(3)
  data <- data.frame(g = factor(rep(1:20, each = 8)), x = rnorm(160), z = runif(160, 3, 6))
  data$y <- rowSums(matrix(rnorm(60), 20)[data$g, ] * cbind(1, data$x, data$z)) + rnorm(160)
  fix <- list("cor_x.(Intercept)|g" = 0.3, "cor_z.x|g" = -0.2, "sd_x|g" = 1.2)
  three <- function(fix) lmm(y ~ x + z + (x + z | g), data, control = lmm_control(fix = fix))
  fit <- three(fix)
  correlations <- attr(VarCorr(fit)$g, "correlation")
  expect_equal(correlations[cbind(2:3, 1:2)], c(0.3, -0.2), tolerance = 1e-10)
  expect_equal(attr(VarCorr(fit)$g, "stddev")[["x"]], 1.2, tolerance = 1e-10)
  expect_true(fit$optimization$converged)
  # its own third correlation held as well changes nothing
  again <- three(c(fix, "cor_z.(Intercept)|g" = correlations[3L, 1L]))
  expect_equal(again$criterion, fit$criterion, tolerance = 1e-9)
  expect_error(three(list("cor_x.(Intercept)|g" = 0.95, "cor_z.x|g" = 0.95,
    "cor_z.(Intercept)|g" = 0)), class = "henderson_error_control")
  rho <- function(...) {
    lmm(Reaction ~ Days + cs(0 + factor(Days > 4) | Subject), sleepstudy,
      control = lmm_control(...)
    )
  }
  fit <- rho(fix = list("cor_rho|Subject" = 0.5))
  expect_equal(attr(VarCorr(fit)$Subject, "correlation")[2L], 0.5, tolerance = 1e-12)
  expect_gt(fit$criterion, rho()$criterion)
  expect_lt(fit$criterion, rho(fix = list("cor_rho|Subject" = 0.2))$criterion)
})

test_that("refits keep the constraints, and comparisons count what is free", {
  fit <- sleep_fit(fix = list(sigma = 25))
  ml <- refit_ml(fit)
  expect_equal(sigma(ml), 25)
  expect_equal(ml$criterion, sleep_fit(fix = list(sigma = 25), REML = FALSE)$criterion)
  expect_equal(sigma(update(fit, . ~ . - Days)), 25)
  expect_equal(sigma(refit_response(fit, sleepstudy$Reaction + 1)), 25)
  free <- update(fit, control = lmm_control())
  expect_null(free$constraints)
  table <- anova(ml, refit_ml(free))
  expect_identical(table$Df[2L], 1)
  expect_match(paste(attr(table, "heading"), collapse = " "), "sigma = 25")
  expect_equal(table$Chisq[2L], ml$criterion - refit_ml(free)$criterion)
  # only a model that is a case of the other is tested against it
  more <- sleep_fit(fix = list(sigma = 25, "sd_Days|Subject" = 5), REML = FALSE)
  other <- sleep_fit(fix = list(sigma = 26, "sd_Days|Subject" = 5), REML = FALSE)
  expect_false(is.na(anova(ml, more)[2L, "Pr(>Chisq)"]))
  table <- anova(ml, other)
  expect_true(is.na(table[2L, "Pr(>Chisq)"]))
  expect_match(paste(attr(table, "heading"), collapse = " "), "not tested")
  pair <- c("sd_Days|Subject", "sd_(Intercept)|Subject")
  equal <- sleep_fit(equal = pair, REML = FALSE)
  both <- sleep_fit(fix = stats::setNames(c(9, 9), pair), REML = FALSE)
  expect_false(is.na(anova(both, equal)[2L, "Pr(>Chisq)"]))
  expect_true(is.na(anova(sleep_fit(fix = stats::setNames(c(9, 8), pair), REML = FALSE),
    equal)[2L, "Pr(>Chisq)"]))
  for (own in list(format(fit), format(summary(fit)))) {
    expect_match(paste(own, collapse = " "), "held, not estimated: sigma = 25", fixed = TRUE)
  }
  expect_output(print(VarCorr(fit)), "sigma = 25")
  # replicates have the variance that is held
  draws <- simulate(fit, 200, seed = 1, re.form = NULL)
  expect_equal(sd(as.matrix(draws) - fitted(fit)), 25, tolerance = 0.02)
  expect_equal(
    predict(fit, se.fit = TRUE)$se.fit^2, 25^2 * hatvalues(fit),
    tolerance = 1e-10, ignore_attr = TRUE
  )
})

test_that("what does not know constraints refuses them by name", {
  fit <- sleep_fit(fix = list(sigma = 25))
  refused <- list(
    function() bootstrap(fit, 10, type = "residual"),
    function() bootstrap_test(fit, fit, 10), function() influence(fit),
    function() random_anova(fit), function() reduce_terms(fit), function() random_structures(fit),
    function() all_optimizers(fit), function() deviance_function(fit),
    function() summary(fit, ddf = "Kenward-Roger"), function() anova(fit, ddf = "expected"),
    function() rstudent(fit), function() cross_validate(fit), function() conditional_aic(fit)
  )
  for (one in refused) {
    expect_error(one(), "sigma = 25", class = "henderson_error_unsupported", fixed = TRUE)
  }
})

test_that("constraints that cannot be are refused", {
  bad <- function(...) expect_error(sleep_fit(...), class = "henderson_error_control")
  expect_match(conditionMessage(bad(fix = list("sd_Dys|Subject" = 1))), "sd_Days|Subject",
    fixed = TRUE
  )
  bad(fix = list("sd_Days|Subject" = 0))
  bad(fix = list("sd_Days|Subject" = -1))
  bad(fix = list("cor_Days.(Intercept)|Subject" = 1))
  bad(fix = list(sigma = 0))
  bad(fix = list(sigma = NA_real_))
  bad(fix = list(1))
  bad(fix = c(sigma = 1, sigma = 2))
  bad(fix = list(sigma = 1), optimizer = "bfgs")
  bad(equal = "sd_Days|Subject")
  bad(equal = c("sd_Days|Subject", "cor_Days.(Intercept)|Subject"))
  bad(equal = c("sd_Days|Subject", "sd_Days|Subject"))
  pair <- c("sd_Days|Subject", "sd_(Intercept)|Subject")
  bad(equal = pair, fix = stats::setNames(list(1, 2), pair))
  expect_error(
    lmm(Reaction ~ Days + (Days | Subject), sleepstudy, start = c(1, 0, 1),
      control = lmm_control(fix = list(sigma = 1))
    ),
    class = "henderson_error_start"
  )
})

test_that("what the data do not determine with the constraints is said", {
  data <- data.frame(y = c(1, 3, 2, 5, 4, 7), a = factor(1:6), b = factor(c(1, 1, 2, 2, 3, 3)))
  expect_message(
    fit <- lmm(y ~ 1 + (1 | a) + (1 | b:a), data, control = lmm_control(fix = list(sigma = 0.5))),
    class = "henderson_message_undetermined"
  )
  expect_message(table <- variance_components(fit), class = "henderson_message_singular")
  expect_true(all(is.na(table$se)))
})

test_that("measures that know free parameters only refuse constraints", {
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy,
    control = lmm_control(fix = list(sigma = 30))
  )
  for (what in list(
    conditional_aic, function(fit) conditional_aic(fit, theta = "known"), cross_validate
  )) {
    expect_error(what(fit), "sigma = 30", class = "henderson_error_unsupported")
  }
})
