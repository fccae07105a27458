shown <- function(x, ...) paste(capture.output(print(x, ...)), collapse = "\n")

# ---- summary ----

test_that("the summary of the sorghum trial shows the published numbers to every printed digit", {
  text <- shown(summary(fit_cached("sorghum_e3")))

  expect_match(text, "REML criterion: 729.7\n", fixed = TRUE)
  expect_match(text, "-1.99895 -0.58043 -0.01854  0.52108  1.92022", fixed = TRUE)
  expect_match(text, "rep +\\(Intercept\\) +2906 +53.91")
  expect_match(text, "Residual +25627 +160.09")
  expect_match(text, "Observations: 72; groups: rep, 4", fixed = TRUE)
  expect_match(text, "\\(Intercept\\) +581.86 +84.46 +45.91 +6.889 1.35e-08 \\*\\*\\*\n")
  expect_match(text, "genG02 +-66.52 +113.20 +51.00 +-0.588 0.559393 +\n")
  expect_match(text, "genG18 +448.28 +113.20 +51.00 +3.960 0.000233 \\*\\*\\*\n")
  expect_no_match(text, "Correlation of fixed effects:")
  expect_match(text, "correlation = TRUE")
})

test_that("the summary of sleepstudy shows the correlation of the fixed effects", {
  text <- shown(summary(fit_cached("sleepstudy")))

  expect_match(text, "-3.9536 -0.4634  0.0231  0.4634  5.1793", fixed = TRUE)
  expect_match(text, "Subject +\\(Intercept\\) 612.09 +24.740 +\n +Days +35.07 +5.922 +0.07")
  expect_match(text, "Correlation of fixed effects:\n +\\(Intr\\)\nDays +-0.138")
  expect_no_match(shown(summary(fit_cached("sleepstudy")), correlation = FALSE), "Correlation of")
  expect_no_match(shown(summary(fit_cached("sleepstudy"), correlation = FALSE)), "Correlation of")
  big <- shown(summary(fit_cached("sorghum_e3")), correlation = TRUE)
  expect_match(big, "Correlation of fixed effects:")
})

test_that("the coefficient table has estimate, standard error, degrees of freedom and t test", {
  fit <- fit_cached("sleepstudy")
  table <- coef(summary(fit))

  expect_identical(
    colnames(table), c("Estimate", "Std. Error", "df", "t value", "Pr(>|t|)")
  )
  expect_identical(table[, "Estimate"], fixef(fit))
  expect_equal(table[, "Std. Error"], sqrt(diag(vcov(fit))))
  expect_equal(table[, "t value"], table[, 1] / table[, 2])
  expect_equal(table[, "Pr(>|t|)"], 2 * pt(-abs(table[, "t value"]), table[, "df"]))
  # 18 subjects, their lines
  expect_equal(unname(table[, "df"]), c(17, 17), tolerance = 1e-6)
  expect_identical(round(unname(table[, "t value"]), 3), c(36.838, 6.771))
  expect_identical(signif(table["Days", "Pr(>|t|)"], 3), 3.26e-06)
})

test_that("the paired t test is that of the textbook", {
  table <- coef(summary(fit_cached("four_points")))
  paired <- t.test(c(25, 6), c(10, 3), paired = TRUE)

  expect_equal(table["Treat", "t value"], unname(paired$statistic), tolerance = 1e-6)
  expect_equal(table["Treat", "df"], 1, tolerance = 1e-6)
  expect_equal(table["Treat", "Pr(>|t|)"], paired$p.value, tolerance = 1e-6)
  # by maximum likelihood the scale has n in place of n - 1: the published value
  expect_equal(
    unname(coef(summary(fit_cached("four_points_ml")))[, "df"]), c(2.8150852, 2), tolerance = 1e-6
  )
})

test_that("Kenward and Roger's method has its own standard errors, shown as such", {
  need_peer(c("lmerTest", "pbkrtest"))
  fit <- lmm(angle ~ recipe * temp + (1 | replicate), droplevels(lme4::cake[-(1:7), ]))
  x <- summary(fit, ddf = "Kenward-Roger")

  expect_equal(coef(x)[, "Std. Error"], sqrt(diag(vcov(x))))
  expect_gt(max(coef(x)[, "Std. Error"] / sqrt(diag(vcov(fit)))), 1 + 1e-6)
  expect_match(format(x)[1], "t tests by Kenward-Roger's method$")
  expect_match(format(summary(fit))[1], "t tests by Satterthwaite's method$")
  expect_match(format(summary(fit, ddf = "none"))[1], "REML$")
})

test_that("without degrees of freedom the table is lme4's", {
  fit <- fit_cached("sleepstudy")
  table <- coef(summary(fit, ddf = "none"))

  expect_identical(colnames(table), c("Estimate", "Std. Error", "t value"))
  expect_equal(table, coef(summary(fit))[, c(1, 2, 4)])
  expect_identical(summary(fit, ddf = "lme4"), summary(fit, ddf = "none"))
  expect_no_match(shown(summary(fit, ddf = "none")), "Signif. codes|t tests")
})

test_that("an ML summary shows and holds the information criteria", {
  x <- summary(fit_cached("sleepstudy_ml"))

  expect_named(x$AICtab, c("AIC", "BIC", "logLik", "-2*log(L)", "df.resid"))
  expect_match(shown(x), "1763.9 +1783.1 +-876.0 +1751.9 +174")
})

test_that("digits, comp and ranef.comp choose what is shown", {
  x <- summary(fit_cached("sleepstudy"))

  expect_match(shown(x, comp = "Variance"), "Name +Variance Corr")
  expect_match(shown(x, ranef.comp = "Std.Dev."), "Name +Std.Dev. Corr")
  expect_match(shown(x, digits = 6), "251.40510")
  expect_identical(format(x), capture.output(print(x)))
})

test_that("a scaled residual is the Pearson residual over sigma, of rows with positive weight", {
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy, weights = rep(c(1, 2), 90))

  expect_equal(summary(fit)$residuals, unname(residuals(fit, "pearson", scaled = TRUE)))
  fit$weights[1:2] <- 0
  expect_length(summary(fit)$residuals, 178L)
})

test_that("summary refuses what it does not know, and says which ddf exist", {
  fit <- fit_cached("sleepstudy")

  expect_identical(summary(fit, ddf = "SATTERTHWAITE")$ddf, "Satterthwaite")
  expect_error(summary(fit, ddf = "KR2"), "Kenward-Roger", class = "henderson_error_argument")
  expect_error(
    summary(fit_cached("sleepstudy_ml"), ddf = "Kenward-Roger"), "REML",
    class = "henderson_error_argument"
  )
  expect_error(summary(fit, correlation = 1), class = "henderson_error_argument")
  expect_error(summary(fit, corr = TRUE, digit = 3), class = "henderson_error_argument")
})

# ---- where degrees of freedom are in doubt ----

# 8 groups of 6, without variation between them beyond that within: the estimate is zero.
one_way <- function(between) {
  group <- rep(1:8, each = 6)
  within <- rep(c(-3, -1, 0, 0, 1, 3), 8)
  data.frame(y = within + between * (group - 4.5), group = factor(group))
}

test_that("at a zero variance Satterthwaite's df jump, and a note says so", {
  withr::local_options(width = 200)
  zero <- suppressMessages(lmm(y ~ 1 + (1 | group), one_way(0)))
  positive <- lmm(y ~ 1 + (1 | group), one_way(1))
  df <- function(fit, ...) coef(summary(fit, ...))[, "df"]

  expect_identical(unname(zero$theta), 0)
  expect_equal(df(zero), 47, tolerance = 1e-8)
  expect_equal(df(positive), 7, tolerance = 1e-6)
  for (ddf in c("expected", "Kenward-Roger")) {
    expect_equal(df(zero, ddf = ddf), 7, tolerance = 1e-8)
    expect_equal(df(positive, ddf = ddf), 7, tolerance = 1e-6)
    expect_no_match(shown(summary(zero, ddf = ddf)), "known")
  }
  expect_match(shown(summary(zero)), "Note: .*for known; \"expected\" and \"Kenward-Roger\" do not")
  expect_no_match(shown(summary(positive)), "known")
  by_ml <- suppressMessages(refit_ml(zero))
  expect_match(shown(summary(by_ml)), "for known; \"expected\" does not")
})

test_that("a summary without degrees of freedom says why", {
  withr::local_options(width = 200)
  bare <- lmm(
    Reaction ~ Days + (1 | Subject), sleepstudy, control = lmm_control(keep = character())
  )
  x <- summary(bare)

  expect_identical(x$ddf, "none")
  expect_identical(colnames(coef(x)), c("Estimate", "Std. Error", "t value"))
  expect_match(shown(x), "Note: no degrees of freedom .*does not hold its model frame. Fit again")
  expect_error(summary(bare, ddf = "Satterthwaite"), class = "henderson_error_data")
})

test_that("fits that are no optimum have a summary", {
  quiet <- function(optimizer, ...) {
    suppressWarnings(suppressMessages(lmm(Reaction ~ Days + (Days | Subject), sleepstudy,
      control = lmm_control(optimizer, ...), start = c(1, 0, 0.2)
    )))
  }
  for (fit in list(quiet("none"), quiet("nelder_mead", max_iterations = 3))) {
    x <- summary(fit)
    expect_identical(dim(coef(x)), c(2L, 5L))
    expect_true(all(is.finite(coef(x)[, 1:2])))
    expect_output(print(x), "Days")
  }
  expect_match(shown(summary(quiet("none"))), "Note: the parameters are no optimum")
  need_peer("lme4")
  imported <- as_lmm(lme4::lmer(Reaction ~ Days + (Days | Subject), sleepstudy))
  expect_no_match(shown(summary(imported)), "Note:")
})

# ---- names of columns ----

test_that("short names are unique and leave non-ASCII names legible", {
  expect_identical(short_names(c("(Intercept)", "Days")), c("(Intr)", "Days"))
  expect_identical(anyDuplicated(short_names(rep("treatment", 3))), 0L)
  chinese <- "\u5904\u7406\u7532"
  expect_identical(short_names(chinese), chinese)
})

test_that("the summary shows the certificate of convergence where there is one", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  line <- grep("^Convergence:", format(summary(fit)), value = TRUE)
  expect_match(
    line, "^Convergence: a minimum after [0-9]+ evaluations: one more step would gain [-0-9.e]+$"
  )
  gain <- as.numeric(sub(".* gain ", "", line))
  expect_identical(gain, signif(fit$optimization$certificate$predicted_decrease, 2))
  at_start <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy,
    start = fit$theta, control = lmm_control("none")
  )
  expect_no_match(paste(format(summary(at_start)), collapse = "\n"), "Convergence:")
})

convergence_line <- function(fit) {
  text <- format(summary(fit))
  first <- grep("^Convergence:", text)
  more <- text[seq_along(text) > first & cumsum(text == "") == cumsum(text == "")[first]]
  paste(c(text[first], trimws(more)), collapse = " ")
}

test_that("the line of convergence says no more than the certificate shows", {
  # every variance zero: no step to speak of, and no curvature of no parameters
  e5 <- suppressMessages(lmm(yield ~ gen + (1 | rep), subset(omer.sorghum, env == "E5")))
  expect_identical(e5$theta[[1]], 0)
  expect_match(
    convergence_line(e5), "^Convergence: a minimum on the boundary after [0-9]+ evaluations$"
  )
  set.seed(2)
  data <- data.frame(y = rnorm(100), x = rnorm(100), g = gl(10, 10))
  set.seed(3)
  data$y <- rnorm(10)[data$g] * (1 + data$x) + rnorm(100)
  correlated <- suppressMessages(lmm(y ~ x + (x | g), data))
  expect_identical(correlated$theta[[3]], 0)
  expect_match(
    convergence_line(correlated),
    "a minimum on the boundary after [0-9]+ evaluations: one more step would gain [-0-9.e]+$"
  )
  nothing <- suppressMessages(lmm(Reaction ~ . + (1 | Subject), sleepstudy))
  expect_match(convergence_line(nothing), "^Convergence: nothing to search for after 1 evaluation$")

  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  with_certificate <- function(...) {
    fit$optimization$certificate <- utils::modifyList(fit$optimization$certificate, list(...))
    convergence_line(fit)
  }
  expect_match(with_certificate(hessian = "average information"), "Convergence: stationary after")
  expect_match(with_certificate(smallest_curvature = -1e-9), "Convergence: stationary after")
  expect_match(with_certificate(rounding = 0.00012), "; the criterion is rounded by 0.00012$")
  expect_no_match(
    with_certificate(smallest_score = -2.6e-8, boundary_gain = 1e-12), "score|curvature|-2.6e"
  )
})

test_that("a fit that did not converge shows the numbers that failed", {
  fit <- suppressWarnings(lmm(weight ~ Time + (Time | Chick), ChickWeight,
    start = c(50, 0, 50), control = lmm_control(max_iterations = 1)
  ))
  expect_match(
    convergence_line(fit),
    "not reached after 1 evaluation: one more step would gain [0-9]+, smallest curvature -1$"
  )
  stuck <- suppressMessages(suppressWarnings(lmm(Reaction ~ Days + (1 | Subject), sleepstudy,
    start = 0, control = lmm_control("bfgs")
  )))
  expect_match(convergence_line(stuck), "not reached after .*, boundary score -5[0-9.]*$")
})
