# confint() ---------------------------------------------------------------------------------------

test_that("limits are estimate and standard error", {
  fit <- glmm(cases ~ x + (1 | herd), small_counts(), family = poisson)
  limits <- confint(fit)
  expect_equal(limits[, 1L], fixef(fit) - qnorm(0.975) * sqrt(diag(vcov(fit))))
  expect_equal(confint(fit, "x", level = 0.5)[1L, 2L],
    fixef(fit)[["x"]] + qnorm(0.75) * sqrt(vcov(fit)["x", "x"])
  )
  expect_identical(colnames(limits), c("2.5 %", "97.5 %"))
  expect_error(confint(fit, method = "profile"), class = "henderson_error_argument")
  expect_error(confint(fit, "z"), class = "henderson_error_argument")
})
