# ---- drop1, add1 ----

test_that("drop1 and add1 compare with fits made by hand", {
  fit <- lmm(Reaction ~ Days + I(Days^2) + (1 | Subject), sleepstudy, REML = FALSE)
  small <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy, REML = FALSE)
  dropped <- drop1(fit, test = "Chisq")
  added <- add1(small, ~ . + I(Days^2), test = "Chisq")
  ratio <- deviance(small) - deviance(fit)

  expect_identical(rownames(dropped), c("<none>", "Days", "I(Days^2)"))
  expect_named(dropped, c("Df", "AIC", "LRT", "Pr(Chi)"))
  # two optimizations of the same criterion
  expect_equal(dropped["I(Days^2)", "LRT"], ratio, tolerance = 1e-5)
  expect_equal(dropped["I(Days^2)", "AIC"], AIC(small), tolerance = 1e-7)
  expect_equal(dropped["<none>", "AIC"], AIC(fit))
  expect_equal(added["I(Days^2)", "LRT"], ratio, tolerance = 1e-5)
  p_value <- pchisq(ratio, 1, lower.tail = FALSE)
  expect_equal(added["I(Days^2)", "Pr(Chi)"], p_value, tolerance = 1e-3)
  expect_named(drop1(fit), c("Df", "AIC"))
  expect_equal(drop1(fit, k = log(180))["<none>", "AIC"], BIC(fit))
})

test_that("drop1 respects marginality and has lme4's table", {
  need_peer("lme4")
  m <- lme4::lmer(Y ~ V * N + (1 | B / V), MASS::oats, REML = FALSE)
  table <- drop1(as_lmm(m), test = "Chisq")

  expect_identical(rownames(table), c("<none>", "V:N"))
  # two optimizers
  expected <- drop1(m, test = "Chisq")
  expect_equal(unname(as.matrix(table)), unname(as.matrix(expected)), tolerance = 1e-4)
})

test_that("scope may name the terms, and wrong ones are refused", {
  fit <- lmm(Reaction ~ Days + I(Days^2) + (1 | Subject), sleepstudy, REML = FALSE)

  expect_identical(rownames(drop1(fit, "Days")), c("<none>", "Days"))
  expect_identical(rownames(drop1(fit, ~ I(Days^2))), c("<none>", "I(Days^2)"))
  expect_error(drop1(fit, "Height"), class = "henderson_error_argument")
  expect_error(add1(fit), class = "henderson_error_argument")
  expect_error(add1(fit, ~ . + Days), class = "henderson_error_argument")
  expect_error(add1(fit, "Days", test = "F"), class = "henderson_error_argument")
  expect_error(drop1(fit, ddf = "none"), class = "henderson_error_argument")
  expect_error(drop1(fit, tst = "Chisq"), class = "henderson_error_argument")
})

test_that("a dot in the scope stands for the terms of the fit, and no dot for none of them", {
  data <- transform(sleepstudy, extra = rep(c(1, 3, 2), 60))
  fit <- lmm(Reaction ~ Days + (1 | Subject), data, REML = FALSE)

  expect_equal(drop1(fit, . ~ .), drop1(fit))
  expect_equal(drop1(fit, ~.), drop1(fit))
  expect_equal(drop1(fit, formula(fit)), drop1(fit))
  expect_equal(add1(fit, ~extra), add1(fit, ~ . + extra))
  expect_equal(add1(fit, ~ extra + Days), add1(fit, ~ . + extra))
  crossed <- lmm(Reaction ~ Days * extra + (1 | Subject), data, REML = FALSE)
  expect_error(drop1(crossed, . ~ .), "type = \"III\"", class = "henderson_error_argument")
})

test_that("add1 finds variables of the data and refuses those with missing values", {
  data <- transform(sleepstudy, extra = rep(c(1, 3, 2), 60), holes = 1:180)
  data$holes[2] <- NA
  fit <- lmm(Reaction ~ Days + (1 | Subject), data, REML = FALSE)

  expect_identical(rownames(add1(fit, "extra")), c("<none>", "extra"))
  expect_error(add1(fit, "holes"), class = "henderson_error_data")
})

test_that("dropping a term starts afresh, not at parameters that lead to a worse optimum", {
  fit <- lmm(
    log(conc) ~ time + I(time^2) + (time | Subject), as.data.frame(datasets::Indometh),
    REML = FALSE
  )

  # AIC of lme4 1.1-31: 68.910
  expect_equal(drop1(fit, "time")["time", "AIC"], 68.910, tolerance = 1e-5)
})

test_that("variables of a dot are dropped and added by name", {
  fit <- lmm(Reaction ~ . - Subject + (1 | Subject), sleepstudy, REML = FALSE)

  expect_identical(rownames(drop1(fit)), c("<none>", "Days"))
  expect_named(fixef(update(fit, . ~ . + I(Days^2))), c("(Intercept)", "Days", "I(Days^2)"))
})

test_that("contrasts of a dropped factor are dropped, too", {
  data <- transform(sleepstudy, late = factor(Days > 5))
  fit <- lmm(
    Reaction ~ Days + late + (1 | Subject), data, REML = FALSE, contrasts = list(late = "contr.sum")
  )

  expect_identical(rownames(drop1(fit)), c("<none>", "Days", "late"))
})

test_that("stats::step() finds the smaller model", {
  set.seed(8)
  data <- transform(sleepstudy, noise = rnorm(180))
  fit <- lmm(Reaction ~ Days + noise + (1 | Subject), data, REML = FALSE)
  chosen <- step(fit, trace = 0)

  expect_named(fixef(chosen), c("(Intercept)", "Days"))
  expect_s3_class(chosen, "henderson_lmm")
})

test_that("update keeps arguments that are functions", {
  data <- sleepstudy
  data$Days[1] <- NA
  fit <- lmm(Reaction ~ Days + (1 | Subject), data, na.action = na.exclude)

  expect_length(fitted(update(fit, REML = FALSE)), 180L)
})

test_that("terms of a scope mean what they mean where the scope was written", {
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy, REML = FALSE)
  z <- sleepstudy$Days^3
  right <- as.matrix(add1(fit, ~ . + I(Days^2), test = "Chisq"))
  local_variable <- function() {
    z <- sleepstudy$Days^2
    list(
      add1(fit, ~ . + z, test = "Chisq"), add1(fit, "z", test = "Chisq"),
      step(fit, scope = list(upper = ~ Days + z), trace = 0, k = 0)
    )
  }
  local_function <- function() {
    square <- function(x) x^2
    add1(fit, ~ . + square(Days), test = "Chisq")
  }
  # step() has a variable k of its own
  polynomial <- function(k) step(fit, scope = ~ . + poly(Days, k), trace = 0, k = 0)
  results <- local_variable()

  for (table in c(results[1:2], list(local_function()))) {
    expect_equal(unname(as.matrix(table)), unname(right), tolerance = 1e-6)
  }
  expect_equal(AIC(results[[3L]]), right[2L, "AIC"], tolerance = 1e-6)
  expect_true("poly(Days, k)3" %in% names(fixef(polynomial(3))))
})

test_that("a larger model that is worse is never significant", {
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy, REML = FALSE)
  larger <- update(fit, . ~ . + I(Days^2))
  larger$criterion <- fit$criterion + 40
  smaller <- update(fit, . ~ . - Days)
  smaller$criterion <- fit$criterion - 40
  for (other in list(larger, smaller)) {
    table <- single_term_table(fit, list(other), "term", "Chisq", 2, "Title")
    expect_identical(table[2L, "LRT"], 0)
    expect_identical(table[2L, "Pr(Chi)"], 1)
  }
})

# ---- F tests ----

test_that("drop1 by F is lmerTest's, with any degrees of freedom", {
  need_peer(c("lmerTest", "pbkrtest"))
  model <- real_model(
    "cake", angle ~ recipe * temp + I(temp^2) + (1 | replicate / recipe),
    # centred: raw squares cost lmerTest's numerical derivatives four digits
    quote(transform(lme4::cake[-(1:7), ], temp = (temp - 200) / 10))
  )
  fit <- fit_real_model_quietly(model)
  m <- lmertest_at(model, fit)
  for (ddf in c("Satterthwaite", "Kenward-Roger")) {
    table <- drop1(fit, test = "F", ddf = ddf)
    expect_identical(rownames(table), c("I(temp^2)", "recipe:temp"))
    # lmerTest's derivatives are numerical
    expect_equal(
      as.matrix(table), as.matrix(drop1(m, ddf = ddf)), tolerance = 1e-6, ignore_attr = TRUE
    )
  }
  expect_match(attr(table, "heading")[1], "^Single term deletions with Kenward-Roger's method$")
  expect_named(drop1(fit, test = "F", ddf = "none"), c("npar", "Sum Sq", "Mean Sq", "F value"))
  expect_identical(rownames(drop1(fit, "I(temp^2)", test = "F")), "I(temp^2)")
})

test_that("without an intercept a deleted factor takes only its differences", {
  with_constant <- lmm(Y ~ V + N + (1 | B), MASS::oats)
  without <- lmm(Y ~ 0 + V + N + (1 | B), MASS::oats)

  # the same model in other coordinates
  expect_equal(
    as.matrix(drop1(without, test = "F")), as.matrix(drop1(with_constant, test = "F")),
    tolerance = 1e-6
  )
  # the last term: nothing is left
  slope <- lmm(Reaction ~ 0 + Days + (Days | Subject), sleepstudy)
  expect_equal(drop1(slope, test = "F"), anova(slope), ignore_attr = TRUE)
  none <- lmm(Reaction ~ 0 + (Days | Subject), sleepstudy)
  expect_identical(dim(drop1(none, test = "F")), c(0L, 6L))
})
