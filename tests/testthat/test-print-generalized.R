# summary(), print() ------------------------------------------------------------------------------

test_that("the summary has z tests and says how it was fitted", {
  fit <- glmm(cases ~ x + (1 | herd), small_counts(), family = nbinom2)
  table <- coef(summary(fit))
  error <- sqrt(diag(vcov(fit)))
  expect_equal(table[, "z value"], fixef(fit) / error)
  expect_equal(table[, "Pr(>|z|)"], 2 * pnorm(-abs(fixef(fit) / error)))
  lines <- capture.output(print(summary(fit)))
  expect_true(any(grepl("Family: nbinom2 (log)", lines, fixed = TRUE)))
  expect_true(any(grepl("^Size: ", lines)))
  expect_true(any(grepl("Convergence: a minimum", lines, fixed = TRUE)))
  expect_false(any(grepl("Residual ", lines, fixed = TRUE)))
  short <- capture.output(print(fit))
  expect_true(any(grepl("Laplace approximation", short, fixed = TRUE)))
  expect_equal(vcov(summary(fit)), vcov(fit))
  expect_output(str(fit), "Generalized linear mixed model")
})
