test_that("extractAIC uses the ML refit", {
  fit <- fit_cached("sleepstudy")

  expect_equal(extractAIC(fit), c(6, AIC(fit_cached("sleepstudy_ml"))), tolerance = 1e-8)
  expect_equal(
    extractAIC(fit, k = log(180)), c(6, BIC(fit_cached("sleepstudy_ml"))), tolerance = 1e-8
  )
  expect_error(extractAIC(fit, k = "BIC"), class = "henderson_error_argument")
})
