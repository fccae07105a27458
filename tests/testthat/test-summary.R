shown <- function(x, ...) paste(capture.output(print(x, ...)), collapse = "\n")

# ---- summary ----

test_that("the summary of the sorghum trial shows the published numbers to every printed digit", {
  text <- shown(summary(fit_cached("sorghum_e3")))

  expect_match(text, "REML criterion: 729.7\n", fixed = TRUE)
  expect_match(text, "-1.99895 -0.58043 -0.01854  0.52108  1.92022", fixed = TRUE)
  expect_match(text, "rep +\\(Intercept\\) +2906 +53.91")
  expect_match(text, "Residual +25627 +160.09")
  expect_match(text, "Observations: 72; groups: rep, 4", fixed = TRUE)
  expect_match(text, "\\(Intercept\\) +581.86 +84.46 +6.889\n")
  expect_match(text, "genG02 +-66.52 +113.20 +-0.588\n")
  expect_match(text, "genG18 +448.28 +113.20 +3.960\n")
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

test_that("the coefficient table has estimate, standard error and their ratio", {
  fit <- fit_cached("sleepstudy")
  table <- coef(summary(fit))

  expect_identical(colnames(table), c("Estimate", "Std. Error", "t value"))
  expect_identical(table[, "Estimate"], fixef(fit))
  expect_equal(table[, "Std. Error"], sqrt(diag(vcov(fit))))
  expect_equal(table[, "t value"], table[, 1] / table[, 2])
  # paired t-test
  expect_equal(coef(summary(fit_cached("four_points")))["Treat", "t value"], 1.5, tolerance = 1e-5)
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

  expect_identical(summary(fit, ddf = "lme4")$ddf, "none")
  expect_error(summary(fit, ddf = "Satterthwaite"), "none", class = "henderson_error_unsupported")
  expect_error(summary(fit, ddf = "KR2"), class = "henderson_error_argument")
  expect_error(summary(fit, correlation = 1), class = "henderson_error_argument")
  expect_error(summary(fit, corr = TRUE, digit = 3), class = "henderson_error_argument")
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
  text <- format(summary(fit))
  expect_match(text, "^Convergence: [0-9]+ evaluations, a further step would gain", all = FALSE)
  at_start <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy,
    start = fit$theta, control = lmm_control("none")
  )
  expect_no_match(paste(format(summary(at_start)), collapse = "\n"), "Convergence:")
})
