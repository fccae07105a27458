# update() ----------------------------------------------------------------------------------------

test_that("update() changes formula, family and data", {
  data <- small_counts()
  fit <- glmm(cases ~ x + (1 | herd), data, family = poisson)
  expect_equal(
    logLik(update(fit, . ~ . - x)), logLik(glmm(cases ~ 1 + (1 | herd), data, family = poisson))
  )
  expect_identical(family(update(fit, family = nbinom2))$family, "nbinom2")
  expect_identical(nobs(update(fit, data = data[1:50, ])), 50L)
  expect_true(is.call(update(fit, . ~ . - x, evaluate = FALSE)))
})
