# What somebody types first in each package that knows our fits, held to the same number computed
# from fixef(), vcov() and the data.

# Lancaster's oats: 3 varieties in 6 blocks, 4 rates of nitrogen in each plot.
oats <- transform(as.data.frame(nlme::Oats), N = factor(nitro), Variety = factor(Variety))
oats_fit <- function() lmm(yield ~ N + Variety + (1 | Block / Variety), oats)

# Wald tests of all rows of K at once.
quadratic_form <- function(fit, K) {
  value <- K %*% fixef(fit)
  drop(t(value) %*% solve(K %*% vcov(fit) %*% t(K), value))
}

# rows of nitrogen and of variety
terms_of_oats <- list(N = diag(6)[2:4, ], Variety = diag(6)[5:6, ])

test_that("broom.mixed: tidy(), glance(), augment()", {
  need_peer("broom.mixed")
  fit <- oats_fit()
  table <- broom.mixed::tidy(fit, effects = "fixed", conf.int = TRUE)
  df <- summary(fit)$coefficients[, "df"]
  expect_equal(table$statistic, unname(fixef(fit) / sqrt(diag(vcov(fit)))))
  expect_equal(
    table$conf.high, unname(fixef(fit) + qt(0.975, df) * sqrt(diag(vcov(fit)))), tolerance = 1e-8
  )
  expect_equal(broom.mixed::glance(fit)$AIC, -2 * as.numeric(logLik(fit)) + 2 * 9)
  expect_equal(sum(broom.mixed::augment(fit)$.resid^2), sum((oats$yield - fitted(fit))^2))
})

test_that("emmeans: means and pairs", {
  need_peer("emmeans")
  fit <- oats_fit()
  means <- as.data.frame(emmeans::emmeans(fit, "N"))
  # all combinations once: means are those of the rows
  expect_equal(means$emmean, as.numeric(tapply(oats$yield, oats$N, mean)), tolerance = 1e-8)
  first <- as.data.frame(emmeans::emmeans(fit, pairwise ~ N, adjust = "none")$contrasts)[1, ]
  ours <- summary(fit)$coefficients["N0.2", ]
  expect_equal(c(first$estimate, first$p.value), unname(c(-ours["Estimate"], ours["Pr(>|t|)"])))
})

test_that("car: Anova() and linearHypothesis()", {
  need_peer("car")
  fit <- oats_fit()
  expected <- vapply(terms_of_oats, quadratic_form, 0, fit = fit)
  expect_equal(car::Anova(fit)$Chisq, unname(expected))
  equal <- car::linearHypothesis(fit, "N0.4 = N0.6")
  expect_equal(equal$Chisq[2], quadratic_form(fit, rbind(c(0, 0, 1, -1, 0, 0))))
})

test_that("multcomp: all pairs", {
  need_peer("multcomp")
  fit <- oats_fit()
  pairs <- multcomp::glht(fit, linfct = multcomp::mcp(N = "Tukey"))
  K <- pairs$linfct
  expect_identical(nrow(K), 6L)
  expected <- drop(K %*% fixef(fit)) / sqrt(diag(K %*% vcov(fit) %*% t(K)))
  test <- summary(pairs, test = multcomp::adjusted("none"))$test
  expect_equal(test$tstat, expected, ignore_attr = TRUE)
  expect_identical(rownames(K)[[1]], "0.2 - 0")
})

test_that("lmtest and sandwich: tests of coefficients, model-based and cluster-robust", {
  need_peer(c("lmtest", "sandwich"))
  fit <- oats_fit()
  expect_equal(
    unclass(lmtest::coeftest(fit))[, "Pr(>|t|)"], summary(fit)$coefficients[, "Pr(>|t|)"]
  )
  robust <- sandwich::sandwich(fit)
  # blocks are independent: X'V^-1 e of each, with V of its 12 rows
  components <- as.data.frame(VarCorr(fit))
  variance <- setNames(components$vcov, components$grp)
  X <- model.matrix(fit)
  e <- oats$yield - drop(X %*% fixef(fit))
  scores <- lapply(split(seq_len(72), oats$Block), function(i) {
    same <- outer(oats$Variety[i], oats$Variety[i], "==")
    V <- variance[["Block"]] + variance[["Variety:Block"]] * same + diag(variance[["Residual"]], 12)
    crossprod(X[i, ], solve(V, e[i]))
  })
  middle <- Reduce(`+`, lapply(scores, tcrossprod))
  expect_equal(robust, vcov(fit) %*% middle %*% vcov(fit), tolerance = 1e-6, ignore_attr = TRUE)
})

test_that("effects and ggeffects: predictions for the population", {
  need_peer("effects")
  fit <- fit_cached("sleepstudy")
  effect <- as.data.frame(effects::Effect("Days", fit, xlevels = list(Days = c(0, 5, 10))))
  X <- cbind(1, c(0, 5, 10))
  expect_equal(effect$fit, drop(X %*% fixef(fit)), ignore_attr = TRUE)
  expect_equal(effect$se, sqrt(diag(X %*% vcov(fit) %*% t(X))), ignore_attr = TRUE)

  need_peer("ggeffects")
  if (packageVersion("ggeffects") < "2") {
    expect_error(ggeffects::ggpredict(fit, "Days"), class = "henderson_error_unsupported")
  } else {
    predicted <- ggeffects::ggpredict(fit, "Days [0, 5, 10]")$predicted
    expect_equal(predicted, drop(X %*% fixef(fit)), ignore_attr = TRUE)
  }
})

test_that("insight and performance: variances, R-squared, ICC", {
  need_peer(c("insight", "performance"))
  fit <- oats_fit()
  components <- as.data.frame(VarCorr(fit))$vcov
  fixed <- var(drop(model.matrix(fit) %*% fixef(fit)))
  expect_equal(insight::get_variance(fit)$var.random, sum(components[1:2]))
  expect_equal(insight::get_parameters(fit)$Estimate, unname(fixef(fit)))
  r2 <- performance::r2(fit)
  expect_equal(unname(r2$R2_marginal), fixed / (fixed + sum(components)), tolerance = 1e-6)
  icc <- performance::icc(fit)
  expect_equal(icc$ICC_adjusted, sum(components[1:2]) / sum(components), tolerance = 1e-6)
})

test_that("parameters: model_parameters()", {
  need_peer("parameters")
  fit <- oats_fit()
  table <- as.data.frame(parameters::model_parameters(
    fit, effects = "fixed", ci_method = "satterthwaite"
  ))
  expect_equal(table$p, unname(summary(fit)$coefficients[, "Pr(>|t|)"]), tolerance = 1e-6)
  expect_equal(table$Coefficient, unname(fixef(fit)))
})

test_that("mice: pool() by Rubin's rules", {
  need_peer("mice")
  d <- sleepstudy
  d$Days[c(5, 50, 100, 150)] <- NA
  imputed <- mice::mice(d, m = 3, printFlag = FALSE, seed = 1)
  pooled <- mice::pool(with(imputed, lmm(Reaction ~ Days + (1 | Subject))))$pooled
  fits <- lapply(1:3, function(i) {
    lmm(Reaction ~ Days + (1 | Subject), mice::complete(imputed, i))
  })
  estimates <- vapply(fits, fixef, numeric(2))
  within <- rowMeans(vapply(fits, function(fit) diag(vcov(fit)), numeric(2)))
  expect_equal(pooled$estimate, unname(rowMeans(estimates)))
  expect_equal(pooled$t, unname(within + (1 + 1 / 3) * apply(estimates, 1, var)))
})

test_that("knitr: kable() of report tables", {
  need_peer("knitr")
  lines <- knitr::kable(report_tables(summary(oats_fit()))$fixed, format = "pipe")
  row <- strsplit(grep("N0.6", lines, value = TRUE), " *[|] *")[[1]]
  expect_identical(as.numeric(row[3]), round(fixef(oats_fit())[["N0.6"]], 2))
})
