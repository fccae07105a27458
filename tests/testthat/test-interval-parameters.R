test_that("parameters are named as lme4 names them", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  table <- interval_parameters(fit)
  expect_identical(table$name, c(".sig01", ".sig02", ".sig03", ".sigma", "(Intercept)", "Days"))
  expect_identical(table$label, c(
    "sd_(Intercept)|Subject", "cor_Days.(Intercept)|Subject", "sd_Days|Subject", "sigma",
    "(Intercept)", "Days"
  ))
  expect_identical(table$theta, c(1:3, NA, NA, NA))
  # lme4's own names, oldNames = FALSE, from the same model
  uncorrelated <- interval_parameters(lmm(Reaction ~ Days + (Days || Subject), sleepstudy))
  expect_identical(
    uncorrelated$label[1:3], c("sd_(Intercept)|Subject", "sd_Days|Subject", "sigma")
  )
})

test_that("structures with correlations have one row for each parameter", {
  data <- transform(sleepstudy, day = factor(Days))
  fit <- lmm(Reaction ~ Days + ar1(0 + day | Subject), data)
  table <- interval_parameters(fit)
  expect_identical(table$kind, c("sd", "correlation", "sigma", "fixed", "fixed"))
  het <- suppressMessages(lmm(Reaction ~ Days + cs(Days | Subject), data))
  expect_identical(interval_parameters(het)$kind[1:3], c("sd", "sd", "correlation"))
})

test_that("parameters can be chosen by number, either name, and part", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  table <- interval_parameters(fit)
  expect_identical(chosen_parameters(table, c("Days", "sigma", ".sig02")), c(6L, 4L, 2L))
  expect_identical(chosen_parameters(table, "theta_"), 1:4)
  expect_identical(chosen_parameters(table, "beta_"), 5:6)
  expect_identical(chosen_parameters(table, -1), 2:6)
  expect_identical(chosen_parameters(table, c(TRUE, FALSE, FALSE, FALSE, FALSE, TRUE)), c(1L, 6L))
  expect_error(confint(fit, "sig01"), "Did you mean", class = "henderson_error_argument")
  expect_error(confint(fit, "sig01"), ".sig01", fixed = TRUE)
  expect_error(confint(fit, 7), "no parameter 7", class = "henderson_error_argument")
  expect_error(confint(fit, NA), "no parameter NA", class = "henderson_error_argument")
  expect_error(confint(fit, list("Days")), class = "henderson_error_argument")
})
