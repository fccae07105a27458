# What the vignettes that analyse data state in words, held to published figures and to other
# computations. Figures that test-course-numbers.R has are not repeated here.

test_that("sleepstudy: the comparison of random parts is that of Bates et al. (2015)", {
  fits <- list(
    lmm(Reaction ~ Days + (1 | Subject), sleepstudy, REML = FALSE),
    lmm(Reaction ~ Days + (Days || Subject), sleepstudy, REML = FALSE),
    fit_cached("sleepstudy_ml")
  )
  table <- do.call(anova, fits)
  # Journal of Statistical Software 67(1), section 5.2: printed digits
  expect_equal(sprintf("%.1f", table$AIC[2:3]), c("1762.0", "1763.9"))
  expect_equal(sprintf("%.1f", table$BIC[2:3]), c("1778.0", "1783.1"))
  expect_equal(sprintf("%.4f", table$Chisq[3]), "0.0639")
  expect_equal(sprintf("%.4f", table[["Pr(>Chisq)"]][3]), "0.8004")
})

test_that("sleepstudy: the variance of slopes is that of 18 lines less their sampling variance", {
  fit <- fit_cached("sleepstudy")
  lines <- coef(group_fits(Reaction ~ Days | Subject, sleepstudy))
  sigma2 <- sigma(lm(Reaction ~ Subject * Days, sleepstudy))^2
  between <- var(lines$Days) - sigma2 / sum((0:9 - 4.5)^2)
  # exact in a balanced design; the search ends within 1e-6 of the variances
  expect_equal(VarCorr(fit)$Subject["Days", "Days"], between, tolerance = 1e-6)
  # and the mean line's standard error is that of 18 slopes
  expect_equal(sqrt(vcov(fit)["Days", "Days"]), sd(lines$Days) / sqrt(18), tolerance = 1e-6)
})

test_that("sleepstudy: partial pooling predicts the last five days best", {
  early <- subset(sleepstudy, Days <= 4)
  late <- subset(sleepstudy, Days > 4)
  error <- function(fit) sqrt(mean((late$Reaction - predict(fit, late))^2))
  partial <- error(lmm(Reaction ~ Days + (Days | Subject), early))
  expect_lt(partial, error(lm(Reaction ~ Subject * Days, early)))
  expect_lt(partial, error(lm(Reaction ~ Days, early)))
})
