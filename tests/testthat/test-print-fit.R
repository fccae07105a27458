# Printed text is compared with what the numbers must show, not with a stored copy of the output.

shown <- function(x, ...) paste(capture.output(print(x, ...)), collapse = "\n")

# ---- print of a fit ----

test_that("a REML fit shows formula, data, criterion, deviations, counts, estimates", {
  text <- shown(fit_cached("sleepstudy"))

  expect_match(text, "fitted by REML", fixed = TRUE)
  expect_match(
    text, "\nFormula: Reaction ~ Days + (Days | Subject)\nData: sleepstudy\n", fixed = TRUE
  )
  expect_match(text, "REML criterion: 1743.628", fixed = TRUE)
  expect_match(text, "Subject +\\(Intercept\\) 24.74\\d")
  expect_match(text, "Days +5.92\\d +0.07")
  expect_match(text, "Observations: 180; groups: Subject, 18", fixed = TRUE)
  expect_match(text, "251.41 +10.47")
  expect_no_match(text, "Note:")
})

test_that("an ML fit shows the information criteria", {
  text <- shown(fit_cached("sleepstudy_ml"))

  expect_match(text, "fitted by maximum likelihood")
  expect_match(text, "AIC +BIC +logLik +-2\\*log\\(L\\) +df.resid")
  expect_match(text, "1763.9 +1783.1 +-876.0 +1751.9 +174")
})

test_that("digits and columns can be chosen, and print returns its argument", {
  fit <- fit_cached("sleepstudy")

  expect_match(shown(fit, digits = 7), "251.40510")
  expect_match(shown(fit, ranef.comp = c("Variance", "Std.Dev.")), "Variance Std.Dev. Corr")
  expect_error(print(fit, ranef.comp = "sd"), class = "henderson_error_argument")
  capture.output(returned <- withVisible(print(fit)))
  expect_false(returned$visible)
  expect_identical(returned$value, fit)
  expect_identical(format(fit), capture.output(print(fit)))
})

test_that("weights, subset and long formulas are shown", {
  data <- transform(sleepstudy, w = rep(1:2, 90))
  fit <- lmm(
    Reaction ~ Days + I(Days^2) + I(Days^3) + I(Days^4 / 1000) + I(Days^5 / 10000) + (1 | Subject),
    data, weights = w, subset = Days < 9
  )
  text <- shown(fit)

  expect_match(text, "\nWeights: w\n", fixed = TRUE)
  expect_match(text, "\nSubset: Days < 9\n", fixed = TRUE)
  expect_match(text, "\n {9} *\\(1 \\| Subject\\)\nData")
})

test_that("a model without fixed effects is shown, summarised and read", {
  fit <- lmm(Reaction ~ 0 + (1 | Subject), sleepstudy)

  expect_match(shown(fit), "Fixed effects:\nnone")
  expect_match(shown(summary(fit)), "Fixed effects:\nnone")
  expect_length(fixef(fit), 0L)
  expect_identical(dim(anova(fit)), c(0L, 6L))
  expect_equal(coef(fit)$Subject[["(Intercept)"]], ranef(fit)$Subject[["(Intercept)"]])
  expect_length(predict(fit), 180L)
  expect_identical(dim(component(fit, "RX")), c(0L, 0L))
})

# ---- str ----

test_that("str shows the fields in one line each", {
  output <- capture.output(str(fit_cached("sleepstudy")))

  expect_match(output[1], "henderson_lmm")
  expect_lt(length(output), 50L)
})

test_that("methods::show() prints every object, and print methods refuse other arguments", {
  fit <- fit_cached("sleepstudy")
  objects <- list(
    fit, summary(fit), ranef(fit), coef(fit), VarCorr(fit), anova(fit), group_fits(fit)
  )
  for (object in objects) {
    expect_identical(capture.output(methods::show(object)), capture.output(print(object)))
  }
  for (object in objects[c(1, 2, 5)]) {
    expect_error(print(object, useS5 = TRUE), class = "henderson_error_argument")
    expect_error(print(object, digit = 3), class = "henderson_error_argument")
  }
  expect_error(fixef(fit, useS4 = FALSE), class = "henderson_error_argument")
})

test_that("long formulas are broken between terms only", {
  long <- strrep("abcdefgh", 10)
  formula <- stats::as.formula(paste0("y ~ x + (1 + ", long, " | g) + (1 + b | h)"))
  lines <- labelled_lines("Formula", formula)
  expect_gt(length(lines), 1L)
  count <- function(what) lengths(regmatches(lines, gregexpr(what, lines, fixed = TRUE)))
  expect_identical(count("("), count(")"))
  expect_identical(gsub(" ", "", paste(lines, collapse = "")),
    gsub(" ", "", paste0("Formula:y~x+(1+", long, "|g)+(1+b|h)")))
})

test_that("correlations of coefficients with long names fit one block", {
  names <- paste0(strrep("abcdefgh", 9), 1:5)
  covariance <- structure(diag(5) + 1, dimnames = list(names, names))
  lines <- correlation_lines(covariance, TRUE)
  expect_length(lines, 2L + 1L + 4L)
  expect_lte(max(nchar(lines)), 80)
})

test_that("fits of ordinary models print in less than 20 lines", {
  for (name in c("sleepstudy", "sleepstudy_ml", "sorghum_e3")) {
    expect_lt(length(format(fit_cached(name))), 20L)
  }
  split_plot <- lmm(yield ~ fung + (1 | block / fung), durban.splitplot)
  expect_lt(length(format(split_plot)), 20L)
})

test_that("completion of fit$ offers fields of use only", {
  fit <- fit_cached("sleepstudy")
  offered <- utils:::.DollarNames(fit, "")
  expect_true(all(offered %in% names(fit)))
  expect_true(all(c("theta", "beta", "sigma", "vcov", "call") %in% offered))
  expect_false(any(c("cache", "parsed", "pwrss", "u") %in% offered))
  expect_identical(utils:::.DollarNames(fit, "^th"), "theta")
})
