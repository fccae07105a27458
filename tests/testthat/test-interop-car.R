test_that("car::vif() gives what it gives for fits by lme4, and needs two terms", {
  need_peer(c("lme4", "car"))
  expect_same_calls(alist(car::vif(m)), other_formulas()[2:3])
  # by hand: with two single columns 1 / (1 - r^2), r their correlation
  fit <- lmm(Reaction ~ Days + I(Days^2) + (1 | Subject), sleepstudy)
  r <- vcov(fit, correlation = TRUE)[2, 3]
  expect_equal(car::vif(fit), c(Days = 1, `I(Days^2)` = 1) / (1 - r^2))
  expect_error(car::vif(lmm(Reaction ~ Days + (1 | Subject), sleepstudy)),
    "needs two terms", class = "henderson_error_argument"
  )
})

test_that("car::Confint() gives estimates and limits of the fixed effects", {
  need_peer(c("lme4", "car"))
  expect_same_calls(alist(
    unname(car::Confint(m)), car::Confint(m, level = 0.9), colnames(car::Confint(m))
  ))
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy)
  limits <- car::Confint(fit, "Days", level = 0.9)
  expect_identical(dimnames(limits), list("Days", c("Estimate", "5 %", "95 %")))
  se <- sqrt(vcov(fit)[2, 2])
  expect_equal(c(limits), fixef(fit)[["Days"]] + c(0, -1, 1) * 1.6448536270 * se)
})


# gen and fung are not orthogonal any more, x is a covariate
split_plot <- function() {
  set.seed(1)
  d <- droplevels(subset(durban.splitplot, gen %in% c("G01", "G02", "G03", "G05")))
  transform(d[-c(3, 7, 8), ], x = rnorm(29))
}

test_that("car::Anova() gives car's tables of fits by lme4", {
  need_peer(c("lme4", "car", "pbkrtest"))
  d <- split_plot()
  formulas <- list(yield ~ gen * fung + x * fung + (1 | block), yield ~ 0 + gen + x + (1 | block))
  for (formula in formulas) {
    m <- lme4::lmer(formula, d)
    fit <- as_lmm(m)
    for (type in c("II", "III")) {
      for (statistic in c("Chisq", "F")) {
        theirs <- car::Anova(m, type = type, test.statistic = statistic)
        # lme4's vcov() and pbkrtest's degrees of freedom have about 1e-9
        expect_equal(car::Anova(fit, type, statistic), theirs, tolerance = 1e-7, info = type)
      }
    }
    V <- vcov(fit) + 0.01
    expect_equal(car::Anova(fit, vcov. = V), suppressMessages(car::Anova(m, vcov. = as.matrix(V))))
  }
  expect_identical(car::Anova(fit, 3), car::Anova(fit, "III"))
  expect_identical(car::Anova(fit, test = "F"), car::Anova(fit, test.statistic = "F"))
})

test_that("F tests of car::Anova() take our degrees of freedom", {
  need_peer("car")
  fit <- lmm(yield ~ gen * fung + x + (1 | block), split_plot())
  ours <- car::Anova(fit, test.statistic = "F", ddf = "Satterthwaite")
  expect_match(attr(ours, "heading")[1L], "Type II Wald F tests with Satterthwaite df")
  # no term contains these two, and anova() tests their own coefficients as well
  expect_equal(
    unlist(ours[c("x", "gen:fung"), ]),
    unlist(anova(fit, type = "II")[c("x", "gen:fung"), c("F value", "NumDF", "DenDF", "Pr(>F)")]),
    ignore_attr = TRUE
  )
  # type II of gen: the model without the interaction, at the same variances
  V <- fit$sigma^2 * (diag(29) + tcrossprod(as.matrix(model.matrix(fit, "random"))) * fit$theta^2)
  X <- model.matrix(~ gen + fung + x, split_plot())
  information <- crossprod(X, solve(V, X))
  beta <- solve(information, crossprod(X, solve(V, split_plot()$yield)))[2:4]
  by_hand <- sum(beta * solve(solve(information)[2:4, 2:4], beta))
  expect_equal(car::Anova(fit)["gen", "Chisq"], by_hand)
  expect_equal(ours["gen", "F"], by_hand / 3)
})

test_that("car::Anova() refuses what it cannot test", {
  need_peer("car")
  fit <- fit_cached("sleepstudy")
  bad <- function(..., class = "henderson_error_argument") {
    expect_error(car::Anova(fit, ...), class = class)
  }
  bad("I")
  bad("IV")
  bad(test.statistic = "LR")
  bad(test.statistic = "F", ddf = "none")
  bad(test.statistic = "F", vcov. = vcov(fit))
  bad(vcov. = diag(3))
  bad(ddff = "KR")
  fit <- fit_cached("sleepstudy_ml")
  bad(test.statistic = "F")
  expect_named(car::Anova(fit, test.statistic = "F", ddf = "Satterthwaite"),
    c("F", "Df", "Df.res", "Pr(>F)")
  )
  fit <- lmm(Reaction ~ 1 + (1 | Subject), sleepstudy)
  bad("II")
  d <- transform(split_plot(), twice = 2 * x)
  fit <- suppressMessages(lmm(yield ~ gen + x + twice + (1 | block), d))
  bad("III", class = "henderson_error_rank")
  expect_identical(car::Anova(fit)["twice", "Df"], 0)
  expect_equal(
    car::Anova(fit)[c("gen", "x"), ], car::Anova(lmm(yield ~ gen + x + (1 | block), d)),
    ignore_attr = TRUE
  )
})

test_that("car::linearHypothesis() and deltaMethod() give what they give for fits by lme4", {
  need_peer(c("lme4", "car", "pbkrtest"))
  m <- lme4::lmer(yield ~ gen * fung + x + (1 | block), split_plot())
  fit <- as_lmm(m)
  hypotheses <- list(
    "x = 1", c("genG02 = 0", "genG03 - 2 * genG05 = 1"), c(0, 1, 0, 0, 0, 0, 0, 0, 1),
    diag(9)[2:3, ]
  )
  for (hypothesis in hypotheses) {
    theirs <- car::linearHypothesis(m, hypothesis)
    ours <- car::linearHypothesis(fit, hypothesis)
    expect_equal(as.data.frame(ours), as.data.frame(theirs),
      ignore_attr = c("heading", "value", "vcov")
    )
    expect_identical(attr(ours, "heading"), attr(theirs, "heading"))
  }
  compare <- function(value, ...) {
    expect_equal(
      as.data.frame(car::linearHypothesis(fit, value, ...)),
      as.data.frame(car::linearHypothesis(m, value, ...)), ignore_attr = TRUE
    )
  }
  compare(c("genG02 = 0", "genG03 = genG05"), test = "F")
  compare("x = 0", vcov. = diag(9))
  # car ignores right-hand sides in F tests of fits by lme4, with a warning; here they count
  one <- car::linearHypothesis(fit, "x = 1", test = "F", ddf = "Satterthwaite")
  expect_equal(one[2, "F"], contrast_test(fit, c(x = 1), rhs = 1)$`t value`^2)
  expect_equal(one[2, "Res.Df"], contrast_test(fit, c(x = 1))$df)
  expect_equal(attr(one, "value")[1L], fixef(fit)[["x"]] - 1)
  expect_error(car::linearHypothesis(fit, diag(3)), class = "henderson_error_argument")
  expect_error(car::linearHypothesis(fit, diag(9)[1:2, ], rhs = 1:3),
    class = "henderson_error_argument"
  )
  expect_output(car::linearHypothesis(fit, "x = 1", verbose = TRUE), "Hypothesis matrix")

  for (g in c("x / fungF2", "exp(x) * (Intercept)")) {
    expect_equal(car::deltaMethod(fit, g, rhs = 1), car::deltaMethod(m, g, rhs = 1))
  }
  b <- paste0("b", 0:8)
  expect_equal(
    car::deltaMethod(fit, "b1 / b0", parameterNames = b, level = 0.9),
    car::deltaMethod(m, "b1 / b0", parameterNames = b, level = 0.9)
  )
  half <- car::deltaMethod(fit, "x / fungF2", vcov. = vcov(fit) / 4)
  expect_equal(half$SE, car::deltaMethod(fit, "x / fungF2")$SE / 2)
  expect_error(car::deltaMethod(fit, "b1", parameterNames = "b1"),
    class = "henderson_error_argument"
  )
})

test_that("car's functions that would be wrong say what to use", {
  need_peer("car")
  fit <- fit_cached("sleepstudy")
  expect_error(car::Boot(fit), "bootstrap", class = "henderson_error_unsupported")
  expect_error(car::S(fit), "summary", class = "henderson_error_unsupported")
})
