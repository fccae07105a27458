# The table of one fit. Comparisons with lmerTest and pbkrtest on real models are in
# test-tests-against-peers.R.

shown <- function(x, ...) paste(capture.output(print(x, ...)), collapse = "\n")

oats_by_block <- function(...) {
  lmm(yield ~ Variety * nitro + (1 | Block), transform(as.data.frame(nlme::Oats), ...))
}

# ---- published tables ----

test_that("the split plot of durban has the published table", {
  table <- anova(fit_cached("durban"))

  expect_s3_class(table, c("henderson_anova", "anova", "data.frame"), exact = TRUE)
  expect_named(table, c("Sum Sq", "Mean Sq", "NumDF", "DenDF", "F value", "Pr(>F)"))
  expect_identical(rownames(table), c("gen", "fung", "gen:fung"))
  expect_identical(table$NumDF, c(69, 1, 69))
  # balanced: whole numbers, to the accuracy of the optimum
  expect_equal(table$DenDF, c(414, 3, 414), tolerance = 1e-6)
  expect_identical(round(table[["F value"]], 4), c(7.2008, 40.2718, 0.9331))
  expect_identical(round(table[["Pr(>F)"]][2:3], 6), c(0.007915, 0.62901))
  text <- shown(table)
  expect_match(text, "^Type III Analysis of Variance Table with Satterthwaite's method\n")
  expect_match(text, "gen +39.284 +0.5693 +69 +414 +7.2008 < 2.2e-16 \\*\\*\\*\n")
  expect_match(text, "fung +3.184 +3.1841 +1 +3 +40.2718 +0.007915 \\*\\* +\n")
})

test_that("the oats with random blocks have the published table, by either method", {
  fit <- oats_by_block(nitro = factor(nitro))
  for (ddf in c("Satterthwaite", "Kenward-Roger", "expected")) {
    table <- anova(fit, ddf = ddf)
    expect_identical(table$NumDF, c(2, 3, 6))
    expect_equal(table$DenDF, c(55, 55, 55), tolerance = 1e-6)
    expect_identical(round(table[["F value"]], 4), c(3.5134, 26.2510, 0.2109))
    expect_identical(round(table[["Pr(>F)"]], 5)[c(1, 3)], c(0.03665, 0.97187))
    expect_identical(signif(table[["Pr(>F)"]][2], 4), 1.135e-10)
  }
})

test_that("the beets of Halekoh and Hojsgaard (2014) have the published tests", {
  need_peer("pbkrtest")
  loaded <- new.env()
  utils::data("beets", package = "pbkrtest", envir = loaded)
  fit <- lmm(sugpct ~ block + sow + harvest + (1 | block:harvest), loaded$beets)
  table <- drop1(fit, test = "F", ddf = "Kenward-Roger")

  # sow: 101 on 4 and 20, p 5.7e-13; harvest: 15.2 on 1 and 2, p 0.06
  expect_equal(table["sow", "F value"], 101, tolerance = 1e-6)
  expect_identical(round(table["harvest", "F value"], 1), 15.2)
  expect_equal(table$DenDF, c(2, 20, 2), tolerance = 1e-6)
  expect_identical(signif(table["sow", "Pr(>F)"], 2), 5.7e-13)
  expect_identical(round(table["harvest", "Pr(>F)"], 2), 0.06)
})

test_that("in sleepstudy the F of Days is its squared t, with the same degrees of freedom", {
  fit <- fit_cached("sleepstudy")
  coefficients <- coef(summary(fit))
  table <- anova(fit)

  expect_equal(table["Days", "F value"], coefficients["Days", "t value"]^2)
  expect_equal(table["Days", "DenDF"], coefficients["Days", "df"])
  expect_equal(table["Days", "Pr(>F)"], coefficients["Days", "Pr(>|t|)"])
  expect_equal(table["Days", "DenDF"], 17, tolerance = 1e-6)
  expect_identical(signif(table["Days", "Pr(>F)"], 3), 3.26e-06)
})

test_that("a split plot has the degrees of freedom of its strata", {
  # 6 blocks, 3 varieties on plots: 5 x 2; 4 nitrogen levels in them: 18 x 3 - 9
  table <- anova(fit_cached("oats"))

  expect_equal(table$DenDF, c(10, 45, 45), tolerance = 1e-5)
  m <- summary(aov(Y ~ V * N + Error(B / V), MASS::oats))
  strata <- c(m[["Error: B:V"]][[1]][1, "F value"], m[["Error: Within"]][[1]][1:2, "F value"])
  expect_equal(table[["F value"]], unname(strata), tolerance = 1e-6)
})

# ---- types ----

test_that("types of an unbalanced two-way layout are those of its lm, where groups do not vary", {
  # one row fewer in some cells; the mixed model's F is Wald's with V proportional to I here, so
  # each type has the linear model's sums of squares
  data <- subset(warpbreaks, !seq_along(breaks) %in% c(1:4, 20, 21, 50))
  data$group <- factor(rep_len(1:7, nrow(data)))
  fit <- suppressMessages(lmm(log(breaks) ~ wool * tension + (1 | group), data,
    start = 0, control = lmm_control("none")
  ))
  full <- lm(log(breaks) ~ wool * tension, data)
  rss <- function(formula) deviance(lm(formula, data))
  main <- rss(log(breaks) ~ wool + tension)
  by_hand <- list(
    I = anova(full)[["Sum Sq"]][1:3],
    II = c(
      rss(log(breaks) ~ tension) - main, rss(log(breaks) ~ wool) - main, main - deviance(full)
    )
  )
  # type III with all cells filled: the coefficients of sum contrasts
  sums <- model.matrix(~ wool * tension, data, list(wool = contr.sum, tension = contr.sum))
  residual_ss <- function(columns) sum(lm.fit(sums[, -columns], log(data$breaks))$residuals^2)
  by_hand$III <- c(residual_ss(2), residual_ss(3:4), residual_ss(5:6)) - deviance(full)

  for (type in names(by_hand)) {
    table <- anova(fit, type = type)
    # the same quadratic forms by two routes
    expect_equal(table[["Sum Sq"]], by_hand[[type]], tolerance = 1e-8)
    expect_equal(table$DenDF, rep(full$df.residual, 3), tolerance = 1e-8)
    f_value <- by_hand[[type]] / (c(1, 2, 2) * sigma(full)^2)
    expect_equal(table[["F value"]], f_value, tolerance = 1e-8)
  }
})

test_that("types can be given as numbers, and agree in balanced designs", {
  fit <- fit_cached("oats")

  expect_identical(anova(fit, type = 1), anova(fit, type = "I"))
  expect_identical(anova(fit, type = "3"), anova(fit))
  # three sets of contrasts that span the same hypotheses
  expect_equal(as.matrix(anova(fit, type = 2)), as.matrix(anova(fit)), tolerance = 1e-9)
  expect_equal(as.matrix(anova(fit, type = 1)), as.matrix(anova(fit)), tolerance = 1e-9)
  expect_match(shown(anova(fit, type = "II")), "^Type II Analysis of Variance Table with Satt")
})

test_that("a term whose columns were all dropped has a row of NA", {
  data <- transform(sleepstudy, twice = 2 * Days)
  fit <- suppressMessages(lmm(Reaction ~ Days + twice + (1 | Subject), data))
  for (type in c("I", "II", "III")) {
    table <- anova(fit, type = type)
    expect_identical(rownames(table), c("Days", "twice"))
    expect_true(all(is.na(table["twice", ])))
    expect_equal(table["Days", "DenDF"], 161, tolerance = 1e-6)
  }
})

test_that("cells without data are named in the heading of type III", {
  data <- subset(MASS::oats, !(V == "Victory" & N == "0.4cwt"))
  fit <- suppressMessages(lmm(Y ~ V * N + (1 | B), data))

  expect_match(attr(anova(fit), "heading")[2], "^Note: no data for VVictory:N0.4cwt; type III")
  expect_length(attr(anova(fit, type = "II"), "heading"), 1)
  expect_length(attr(anova(fit_cached("oats")), "heading"), 1)
})

test_that("Kenward and Roger's method needs REML, and tests need the model frame", {
  expect_error(
    anova(fit_cached("sleepstudy_ml"), ddf = "Kenward-Roger"), class = "henderson_error_argument"
  )
  bare <- lmm(
    Reaction ~ Days + (1 | Subject), sleepstudy, control = lmm_control(keep = character())
  )
  expect_error(anova(bare), "keep", class = "henderson_error_data")
  expect_named(anova(bare, type = "I", ddf = "none"), c("npar", "Sum Sq", "Mean Sq", "F value"))
  expect_error(anova(bare, type = "IV"), class = "henderson_error_argument")
})

# ---- type I without degrees of freedom: lme4's table ----

test_that("without random variation the table is that of lm", {
  fit <- fit_cached("oats")
  fit_without <- fit
  m <- lm(Y ~ V * N, MASS::oats)
  # the same beta and X'V^-1 X with V = I: only the fields that the table reads
  fit_without$vcov <- vcov(m)
  fit_without$sigma <- sigma(m)
  fit_without$beta <- coef(m)
  expected <- anova(m)[1:3, ]

  table <- anova(fit_without, type = "I", ddf = "none")
  expect_s3_class(table, c("henderson_anova", "anova", "data.frame"), exact = TRUE)
  expect_named(table, c("npar", "Sum Sq", "Mean Sq", "F value"))
  expect_identical(rownames(table), c("V", "N", "V:N"))
  # two orthogonalisations: rounding only
  expect_equal(table[["Sum Sq"]], expected[["Sum Sq"]], tolerance = 1e-10)
  expect_equal(table[["F value"]], expected[["F value"]], tolerance = 1e-10)
})

test_that("the table is lme4's, rank-deficient and with several columns too", {
  need_peer("lme4")
  data <- transform(sleepstudy, twice = 2 * Days, late = factor(Days > 5))
  fits <- list(
    lme4::lmer(Reaction ~ Days + (Days | Subject), data),
    lme4::lmer(Reaction ~ late * poly(Days, 2) + (1 | Subject), data, REML = FALSE),
    lme4::lmer(Reaction ~ 0 + late + Days + twice + (1 | Subject), data) |> suppressMessages(),
    lme4::lmer(Y ~ V * N + (1 | B / V), MASS::oats)
  )
  for (m in fits) {
    expected <- anova(m)
    table <- anova(suppressMessages(as_lmm(m)), type = "I", ddf = "none")
    # at lme4's own theta: rounding only
    expect_equal(as.matrix(table), as.matrix(expected), tolerance = 1e-7)
  }
})

test_that("an intercept-only fit has an empty table", {
  fit <- lmm(Reaction ~ 1 + (1 | Subject), sleepstudy)

  expect_identical(dim(anova(fit)), c(0L, 6L))
  expect_identical(dim(anova(fit, type = "I", ddf = "none")), c(0L, 4L))
  expect_match(shown(anova(fit)), "Type III Analysis")
})

test_that("anova(test = ) names the test by a bootstrap", {
  large <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy)
  small <- lmm(Reaction ~ 1 + (1 | Subject), sleepstudy)
  expect_error(anova(large, small, test = "boot"), "bootstrap_test",
    class = "henderson_error_argument"
  )
})
