test_that("a coefficient is written with interval, degrees of freedom and p", {
  fit <- fit_cached("sleepstudy")
  expect_identical(
    report_result(fit, "Days"),
    c(Days = "b = 10.47, 95% CI [7.21, 13.73], t(17) = 6.77, p < .001")
  )
  expect_identical(
    report_result(fit, 2, format = "markdown", level = 0.9, symbol = "slope")[[1]],
    "*slope* = 10.47, 90% CI [7.78, 13.16], *t*(17) = 6.77, *p* < .001"
  )
  expect_identical(
    report_result(fit, "Days", ddf = "none")[[1]], "b = 10.47, SE = 1.55, t = 6.77"
  )
  expect_identical(report_result(summary(fit)), report_result(fit))
  expect_identical(names(report_result(fit)), names(fixef(fit)))
})

test_that("knitr gets Markdown", {
  withr::local_options(knitr.in.progress = TRUE)
  expect_match(report_result(fit_cached("sleepstudy"), "Days"), "^[*]b[*] = ")
})

test_that("a contrast says against which value it was tested", {
  fit <- fit_cached("sleepstudy")
  # (10.467 - 10) / 1.546
  expect_identical(
    report_result(contrast_test(fit, c(Days = 1), rhs = 10))[[1]],
    "estimate = 10.47, 95% CI [7.21, 13.73], t(17) = 0.30, p = .766 (tested against 10)"
  )
  joint <- contrast_test(fit, diag(2))
  expect_match(report_result(joint), "^F\\(2, 17\\) = 749.96, p < .001$")
})

test_that("terms, models and random terms are written with their tests", {
  fit <- fit_cached("sleepstudy")
  expect_identical(report_result(anova(fit), "Days")[[1]], "F(1, 17) = 45.85, p < .001")
  expect_identical(report_result(anova(fit, ddf = "none"))[[1]], "F = 45.85")
  compared <- suppressMessages(anova(
    large = fit, small = lmm(Reaction ~ Days + (1 | Subject), sleepstudy)
  ))
  expect_identical(report_result(compared), c(large = "\u03c7\u00b2(2) = 42.14, p < .001"))
  expect_identical(
    report_result(compared, format = "markdown")[[1]],
    "*\u03c7*\u00b2(2) = 42.14, *p* < .001"
  )
  expect_error(report_result(compared, "small"), "has no test", class = "henderson_error_argument")
  expect_identical(
    report_result(random_anova(fit))[[1]],
    "likelihood ratio = 42.84, p < .001 (mixture of chi-squared)"
  )
  expect_identical(
    report_result(random_structures(fit), 1)[[1]], "\u03c7\u00b2(1) = 0.04, p = .839"
  )
  expect_error(report_result(drop1(fit)), "no tests", class = "henderson_error_argument")
})

test_that("a simulated p-value is no smaller than the simulation resolves", {
  fit <- fit_cached("sleepstudy")
  null <- lmm(Reaction ~ 1 + (Days | Subject), sleepstudy)
  test <- suppressMessages(bootstrap_test(fit, null, nsim = 50, seed = 1))
  expect_identical(
    report_result(test, "Bootstrap")[[1]],
    "likelihood ratio = 23.54, p < .02 (parametric bootstrap, 50 replicates)"
  )
  exact <- random_anova(lmm(Reaction ~ Days + (1 | Subject), sleepstudy), nsim = 100)
  expect_match(report_result(exact), "p < .01 \\(exact, 100 simulated likelihood ratios\\)$")
})

test_that("variance components are written with their intervals", {
  components <- variance_components(fit_cached("sleepstudy"))
  expect_identical(report_result(components), c(
    "Subject.(Intercept)" = "SD = 24.74, 95% CI [15.58, 39.28]",
    "Subject.Days" = "SD = 5.92, 95% CI [3.92, 8.95]",
    "Subject.Days.(Intercept)" = "r = .07, 95% CI [-.52, .61]",
    Residual = "SD = 25.59, 95% CI [22.80, 28.72]"
  ))
  expect_identical(
    report_result(components, 3, format = "markdown")[[1]],
    "*r* = .07, 95% CI [\u2212.52, .61]"
  )
})

test_that("what cannot be computed is said not to be available", {
  d <- data.frame(y = c(1, 2, 3, 4, 2, 1, 5, 6), x = gl(2, 4), g = gl(4, 2))
  # fixed effects of g take the place of the random ones
  fit <- suppressMessages(lmm(y ~ g + (1 | g), d))
  sentences <- report_result(fit)
  expect_false(any(grepl("NA|NaN", sentences)))
  expect_match(sentences[["(Intercept)"]], "standard error not available")
  components <- suppressMessages(variance_components(fit))
  expect_match(report_result(components, 1), "SD = NA, no interval available")
})

test_that("rows that do not exist are errors with the names there are", {
  fit <- fit_cached("sleepstudy")
  expect_error(report_result(fit, "Day"), "Did you mean `Days`", class = "henderson_error_argument")
  expect_error(report_result(fit, 3), "numbers between 1 and 2", class = "henderson_error_argument")
  expect_error(report_result(1), "nothing to report", class = "henderson_error_argument")
  expect_error(report_result(fit, format = "html"), "format", class = "henderson_error_argument")
})
