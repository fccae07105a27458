# anova() -----------------------------------------------------------------------------------------

test_that("nested fits are compared by their likelihoods", {
  data <- small_counts()
  large <- glmm(cases ~ x + (1 | herd), data, family = poisson)
  small <- glmm(cases ~ 1 + (1 | herd), data, family = poisson)
  table <- anova(large, small)
  expect_identical(rownames(table), c("small", "large"))
  ratio <- 2 * (as.numeric(logLik(large)) - as.numeric(logLik(small)))
  expect_equal(table$Chisq[2L], ratio)
  expect_equal(table[["Pr(>Chisq)"]][2L], pchisq(ratio, 1, lower.tail = FALSE))
  with_glm <- anova(large, glm(cases ~ x, data, family = poisson))
  expect_equal(with_glm$npar, c(2, 3))
})

test_that("fits that cannot be compared are refused", {
  data <- small_counts()
  fit <- glmm(cases ~ x + (1 | herd), data, family = poisson)
  other <- glmm(cases ~ x + (1 | herd), data, family = nbinom2)
  expect_error(anova(fit, other), "one family", class = "henderson_error_argument")
  part <- glmm(cases ~ x + (1 | herd), data[-1, ], family = poisson)
  expect_error(anova(fit, part), class = "henderson_error_data")
  expect_error(anova(fit), class = "henderson_error_unsupported")
  expect_error(anova(fit, lm(cases ~ x, data)), class = "henderson_error_argument")
})
