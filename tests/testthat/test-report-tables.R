test_that("the tables of a summary hold its numbers", {
  tables <- report_tables(summary(fit_cached("sleepstudy")))

  expect_s3_class(tables, "henderson_report_tables")
  expect_identical(names(tables), c("fixed", "random"))
  # lme4 and lmerTest print the same: 251.405, 6.825; 10.467, 1.546, 17, 6.771, 3.26e-06
  days <- tables$fixed[2, ]
  expect_identical(unlist(days, use.names = FALSE), c(
    "Days", "10.47", "1.55", "[7.21, 13.73]", "17", "6.77", "< .001"
  ))
  expect_identical(tables$random[["Variance"]], c("612.1", "35.07", "654.9"))
  expect_identical(tables$random[["Corr"]], c("", "0.07", ""))
  expect_match(attr(tables$fixed, "caption"), "Satterthwaite's method", fixed = TRUE)
  expect_identical(attr(tables, "heading")[["Formula"]], "Reaction ~ Days + (Days | Subject)")
  expect_match(attr(tables, "notes"), "groups: Subject, 18", fixed = TRUE, all = FALSE)
})

test_that("a fit has estimates without tests, and one by maximum likelihood criteria", {
  tables <- report_tables(fit_cached("sleepstudy_ml"))
  expect_named(tables$fixed, c("Term", "Estimate", "Std. Error"))
  expect_match(attr(tables, "notes")[1], "^AIC: 1763.94; BIC: 1783.10; logLik: -875.97")
})

test_that("without degrees of freedom there are no intervals", {
  tables <- report_tables(summary(fit_cached("sleepstudy"), ddf = "none"))
  expect_named(tables$fixed, c("Term", "Estimate", "Std. Error", "t"))
})

test_that("tests of terms and comparisons of models have their headings as captions and code", {
  fit <- fit_cached("sleepstudy")
  f <- report_tables(anova(fit))
  expect_identical(unlist(f[[1]], use.names = FALSE), c(
    "Days", "30031", "30031", "1", "17", "45.85", "< .001"
  ))
  expect_match(attr(f[[1]], "caption"), "^Type III")

  compared <- suppressMessages(anova(
    large = fit, small = lmm(Reaction ~ Days + (1 | Subject), sleepstudy)
  ))
  lr <- report_tables(compared)
  expect_identical(attr(lr, "heading"), c(
    Data = "sleepstudy", small = "Reaction ~ Days + (1 | Subject)",
    large = "Reaction ~ Days + (Days | Subject)"
  ))
  # the first model has no test; chi-squared 42.139, 2 df
  expect_identical(lr[[1]]$Chisq, c("", "42.14"))
  expect_identical(lr[[1]]$p, c("", "< .001"))

  dropped <- report_tables(drop1(fit, test = "F"))
  expect_identical(attr(dropped, "heading"), c(Model = "Reaction ~ Days + (Days | Subject)"))
})

test_that("other results have tables", {
  fit <- fit_cached("sleepstudy")
  random <- report_tables(random_anova(fit))
  expect_identical(random[[1]][["p (mixture)"]], c("", "< .001"))
  expect_match(attr(random, "notes"), "mixture of chi-squared", all = FALSE)

  components <- report_tables(variance_components(fit))[[1]]
  expect_identical(components[["95% CI"]][3], "[-0.52, 0.61]")
  expect_identical(report_tables(VarCorr(fit))[[1]][["Std.Dev."]], c("24.74", "5.922", "25.59"))
  expect_identical(report_tables(r_squared(fit))[[1]]$Conditional, "0.799")
  structures <- report_tables(random_structures(fit))
  expect_identical(structures[[1]]$singular, rep("no", 5))
  expect_identical(nrow(report_tables(influence(fit))[[1]]), 6L)
  expect_length(report_tables(reduce_terms(fit)), 2L)
  replicates <- report_tables(bootstrap(fit, 40, seed = 1))
  expect_identical(replicates[[1]]$Parameter[6], "Days")
  # part of a table that is none any more
  part <- contrast_test(fit)
  part$p <- NULL
  part[["t value"]] <- NULL
  expect_identical(report_tables(part)[[1]]$Estimate, c("251.4", "10.47"))
})

test_that("contrasts have the level of their intervals", {
  table <- report_tables(contrast_test(fit_cached("sleepstudy"), c(Days = 1), level = 0.9))[[1]]
  expect_named(table, c("Contrast", "Estimate", "Std. Error", "90% CI", "df", "t", "p"))
  # 10.467 -+ qt(.95, 17) 1.546
  expect_identical(table[["90% CI"]], "[7.78, 13.16]")
})

test_that("notes say what is wrong with a fit", {
  d <- data.frame(y = c(1, 2, 3, 4, 2, 1), x = 1:6, g = gl(3, 2))
  d$x2 <- 2 * d$x
  fit <- suppressMessages(lmm(y ~ x + x2 + (1 | g), d))
  notes <- attr(report_tables(fit), "notes")
  expect_match(notes, "does not have full rank", all = FALSE)
})

test_that("what has no tables and malformed digits are errors", {
  expect_error(report_tables(1), "no report tables of 1", class = "henderson_error_argument")
  fit <- fit_cached("sleepstudy")
  expect_error(report_tables(fit, digits = -1), "digits", class = "henderson_error_argument")
  expect_error(report_tables(fit, digit = 1), "digits", class = "henderson_error_argument")
})

test_that("as.data.frame() gives one table, plain, and asks which where there are several", {
  fit <- fit_cached("sleepstudy")
  report <- report_tables(summary(fit))
  random <- as.data.frame(report, which = "random")
  expect_identical(class(random), "data.frame")
  expect_identical(dim(random), c(3L, 5L))
  expect_identical(names(random), c("Group", "Term", "Variance", "Std.Dev.", "Corr"))
  expect_true(all(vapply(random, is.character, TRUE)))
  expect_identical(rownames(random), c("1", "2", "3"))
  expect_identical(as.data.frame(report, which = 2), random)
  expect_identical(as.data.frame(report_tables(anova(fit)))$Term, "Days")
  for (wrong in list(NULL, "fixd", 3, 0, 1.5, NA, c(1, 2), list(1))) {
    expect_error(as.data.frame(report, which = wrong), "which", class = "henderson_error_argument")
  }
})
