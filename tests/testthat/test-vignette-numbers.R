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

test_that("complete blocks: fixed blocks have the course's figures, random ones the same test", {
  trial <- droplevels(subset(omer.sorghum, env == "E3"))
  fixed <- lm(yield ~ gen + rep, trial)
  s <- summary(fixed)
  # printed by the course
  expect_equal(sprintf("%.4f", s$r.squared), "0.6748")
  expect_equal(sprintf("%.3f", s$fstatistic[["value"]]), "5.291")
  expect_equal(unname(s$fstatistic[2:3]), c(20, 51))
  random <- anova(fit_cached("sorghum_e3"))
  expect_equal(random[["F value"]], anova(fixed)["gen", "F value"], tolerance = 1e-8)
  expect_equal(random$DenDF, 51, tolerance = 1e-6)
})

test_that("complete blocks: BLUPs are shrunk by the heritability of a mean", {
  trial <- droplevels(subset(omer.sorghum, env == "E3"))
  both <- lmm(yield ~ (1 | gen) + (1 | rep), trial)
  # by mean squares: sigma_g^2 = (MS_gen - MS_error) / 4, so h^2 = 1 - MS_error / MS_gen
  squares <- anova(lm(yield ~ gen + rep, trial))[["Mean Sq"]]
  heritability <- 1 - squares[3] / squares[1]
  deviations <- tapply(trial$yield, trial$gen, mean) - mean(trial$yield)
  expect_equal(
    ranef(both)$gen[["(Intercept)"]], as.vector(heritability * deviations), tolerance = 1e-6
  )
  rows <- subset(reliability(both, fixed = "estimated"), grpvar == "gen")
  expect_equal(rows$reliability, rep(17 / 18 * heritability, 18), tolerance = 1e-6)
})

test_that("oats: the reduced model has the strata's tests, blocks alone do not", {
  need_peer("MASS")
  strata <- summary(aov(Y ~ V * N + Error(B / V), MASS::oats))
  plots <- anova(lmm(Y ~ V * N + (1 | B / V), MASS::oats))
  f_values <- c(
    strata[["Error: B:V"]][[1]][["F value"]][1], strata[["Error: Within"]][[1]][["F value"]][1:2]
  )
  expect_equal(plots[["F value"]], f_values, tolerance = 1e-6)
  # Venables and Ripley (2002), section 10.2
  expect_equal(sprintf("%.2f", f_values), c("1.49", "37.69", "0.30"))
  expect_equal(plots$DenDF, c(10, 45, 45), tolerance = 1e-6)
  blocks <- anova(lmm(Y ~ V * N + (1 | B), MASS::oats))
  expect_equal(sprintf("%.5f", blocks["V", "Pr(>F)"]), "0.03665") # lmerTest 3.2-1
})

test_that("oats: three of six components, and plots are compound symmetry of the varieties", {
  need_peer("MASS")
  many <- suppressMessages(lmm(Y ~ V * N + (V + N | B), MASS::oats))
  expect_equal(sum(random_pca(many)$B$sdev > 1e-4), 3)
  symmetric <- lmm(Y ~ V * N + cs(0 + V | B, hom = TRUE), MASS::oats)
  expect_equal(reml_criterion(symmetric), 529.028507, tolerance = 1e-8)
})

test_that("split plot: variances and tests are those of the strata, four errors those by hand", {
  fit <- fit_cached("durban")
  strata <- summary(aov(yield ~ gen * fung + Error(block / fung), durban.splitplot))
  tables <- lapply(strata, `[[`, 1)
  squares <- unname(vapply(tables, function(table) table[nrow(table), "Mean Sq"], 0))
  whole <- (squares[2] - squares[3]) / 70
  v <- as.data.frame(VarCorr(fit))$vcov
  # the search ends within 1e-6 of the variances
  expect_equal(v, c(whole, (squares[1] - squares[2]) / 140, squares[3]), tolerance = 1e-6)
  expect_equal(
    anova(fit)[["F value"]],
    c(tables[[3]][1, "F value"], tables[[2]][1, "F value"], tables[[3]][2, "F value"]),
    tolerance = 1e-6
  )
  expect_equal(anova(fit)$DenDF, c(414, 3, 414), tolerance = 1e-5)
  one_genotype <- contrast_test(fit, c(fungF2 = 1))
  expect_equal(one_genotype[["Std. Error"]], sqrt(2 * (squares[3] + whole) / 4), tolerance = 1e-6)
  # Satterthwaite (1946) of (MS_whole + 69 MS_sub) / 70 on 3 and 414 degrees of freedom
  parts <- c(squares[2], 69 * squares[3]) / 70
  expect_equal(one_genotype$df, sum(parts)^2 / sum(parts^2 / c(3, 414)), tolerance = 1e-5)
})

test_that("paired points: a pair that is less alike than chance gets the test of two groups", {
  crossing <- transform(four_point_data(), Resp = c(10, 3, 6, 25))
  fit <- suppressMessages(lmm(Resp ~ Treat + (1 | Ind), crossing))
  two_groups <- t.test(crossing$Resp[3:4], crossing$Resp[1:2], var.equal = TRUE)
  expect_true(is_singular(fit))
  expect_equal(
    coef(summary(fit))["Treat", "t value"], two_groups$statistic[["t"]], tolerance = 1e-8
  )
})

test_that("paired points: both criteria are those by hand", {
  constant <- log(2 * pi)
  expect_equal(
    -2 * as.numeric(logLik(fit_cached("four_points_ml"))),
    4 * constant + 2 * log(169 / 2) + 2 * log(36 / 2) + 4, tolerance = 1e-10
  )
  expect_equal(
    reml_criterion(fit_cached("four_points")), 2 * constant + log(169) + log(36) + log(4) + 2,
    tolerance = 1e-10
  )
})

test_that("coming from SAS: the split plot of PROC MIXED's manual has the figures printed there", {
  # SAS/STAT User's Guide, The MIXED Procedure, example "Split-Plot Design"
  split <- data.frame(
    Block = gl(4, 6), A = gl(3, 2, 24), B = gl(2, 1, 24),
    Y = c(
      56, 41, 50, 36, 39, 35, 30, 25, 36, 28, 33, 30,
      32, 24, 31, 27, 15, 19, 30, 25, 35, 30, 17, 18
    )
  )
  fit <- lmm(Y ~ A * B + (1 | Block) + (1 | A:Block), split)
  expect_equal(
    sprintf("%.4f", as.data.frame(VarCorr(fit))$vcov), c("15.3819", "62.3958", "9.3611")
  )
  expect_equal(sprintf("%.1f", reml_criterion(fit)), "119.8")
  table <- anova(fit)
  expect_equal(sprintf("%.2f", table[["F value"]]), c("4.07", "19.39", "4.02"))
  expect_equal(sprintf("%.4f", table[["Pr(>F)"]]), c("0.0764", "0.0017", "0.0566"))
  expect_equal(table$DenDF, c(6, 9, 9), tolerance = 1e-6)
})

test_that("coming from nlme: lme() fits the same models", {
  need_peer("nlme")
  data(Assay, package = "nlme", envir = environment())
  Assay$all <- factor(1)
  # lme() evaluates `random` where it can see nlme
  pdBlocked <- nlme::pdBlocked
  pdIdent <- nlme::pdIdent
  crossed <- nlme::lme(logDens ~ sample * dilut, data = Assay, random = list(all = pdBlocked(list(
    pdIdent(~ 0 + Block), pdIdent(~ 0 + Block:sample), pdIdent(~ 0 + Block:dilut)
  ))))
  ours <- lmm(
    logDens ~ sample * dilut + (1 | Block) + (1 | Block:sample) + (1 | Block:dilut), Assay
  )
  # nlme stops at a relative change of 1e-6 or so
  expect_equal(as.numeric(logLik(ours)), as.numeric(logLik(crossed)), tolerance = 1e-6)
  weighted <- nlme::lme(Reaction ~ Days,
    data = sleepstudy, random = ~ 1 | Subject, weights = nlme::varFixed(~ Days + 1)
  )
  own <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy, weights = 1 / (Days + 1))
  expect_equal(fixef(own), nlme::fixef(weighted), tolerance = 1e-5)
  expect_equal(sigma(own), sigma(weighted), tolerance = 1e-4)
})

test_that("coming from statsmodels and MixedModels.jl: their variances are at the minimum too", {
  # criterion at variances (intercept, slope, covariance, residual) above ours
  excess <- function(fit, variances) {
    G <- matrix(variances[c(1, 3, 3, 2)], 2)
    theta <- (t(chol(G)) / sqrt(variances[4]))[lower.tri(G, diag = TRUE)]
    if (length(fit$theta) == 2L) theta <- theta[c(1, 3)]
    deviance_function(fit)(theta, gradient = FALSE) - fit$criterion
  }
  ml <- fit_cached("sleepstudy_ml")
  reml <- fit_cached("sleepstudy")
  diagonal <- lmm(Reaction ~ Days + (Days || Subject), sleepstudy)
  diagonal_ml <- refit_ml(diagonal)
  # statsmodels 0.13.5, run on these data
  expect_lt(excess(reml, c(612.096487, 35.071623, 9.604599, 654.940477)), 1e-6)
  expect_lt(excess(ml, c(565.518539, 32.682561, 11.055676, 654.939970)), 1e-6)
  expect_lt(excess(diagonal, c(627.565793, 35.857983, 0, 653.584484)), 1e-6)
  # MixedModels.jl's documentation, models with sleepstudy
  expect_lt(excess(ml, c(565.51066, 32.68212, 0.0813 * 23.78047 * 5.71683, 654.94145)), 1e-5)
  expect_lt(excess(diagonal_ml, c(584.25897, 33.63281, 0, 653.11578)), 1e-6)
  expect_equal(
    sprintf("%.4f", c(logLik(ml), logLik(diagonal_ml))), c("-875.9697", "-876.0016")
  )
})
