test_that("formula gives the whole formula or one of its parts", {
  fit <- fit_cached("sleepstudy")

  expect_equal(formula(fit), Reaction ~ Days + (Days | Subject), ignore_formula_env = TRUE)
  expect_equal(formula(fit, fixed.only = TRUE), Reaction ~ Days, ignore_formula_env = TRUE)
  expect_equal(formula(fit, random.only = TRUE), ~ (Days | Subject), ignore_formula_env = TRUE)
  expect_equal(
    formula(fit_cached("sleepstudy_diag"), random.only = TRUE), ~ (Days || Subject),
    ignore_formula_env = TRUE
  )
  expect_error(
    formula(fit, fixed.only = TRUE, random.only = TRUE), class = "henderson_error_argument"
  )
  expect_error(formula(fit, fixedonly = TRUE), class = "henderson_error_argument")
})

test_that("terms are those of the fixed part unless asked otherwise", {
  fit <- fit_cached("sleepstudy")

  expect_identical(attr(terms(fit), "term.labels"), "Days")
  expect_true("Subject" %in% attr(terms(fit, fixed.only = FALSE), "term.labels"))
  expect_error(terms(fit, fixed.only = "no"), class = "henderson_error_argument")
})

test_that("labels, variable.names and case.names are those of lm() on the fixed part", {
  data <- transform(sleepstudy[5:60, ], late = factor(Days > 5), w = rep(c(0, 1), c(4, 52)))
  data$twice <- 2 * data$Days
  data$Reaction[10] <- NA
  fit <- suppressMessages(
    lmm(Reaction ~ Days * late + twice + (1 | Subject), data, weights = w)
  )
  reference <- lm(Reaction ~ Days * late + twice, data, weights = w)
  expect_identical(labels(fit), attr(terms(reference), "term.labels"))
  expect_identical(variable.names(fit), variable.names(reference))
  # lm() puts dropped columns last
  expect_setequal(variable.names(fit, full = TRUE), variable.names(reference, full = TRUE))
  expect_identical(variable.names(fit, full = TRUE), names(fixef(fit, add.dropped = TRUE)))
  expect_identical(case.names(fit), case.names(reference))
  expect_identical(case.names(fit, full = TRUE), case.names(reference, full = TRUE))
  expect_identical(case.names(fit, full = TRUE), rownames(model.frame(fit)))
  none <- lmm(Reaction ~ 0 + (1 | Subject), sleepstudy)
  expect_identical(labels(none), character(0))
  expect_identical(variable.names(none), character(0))
  expect_error(case.names(fit, ful = TRUE), class = "henderson_error_argument")
  expect_error(labels(fit, 1), class = "henderson_error_argument")
})
