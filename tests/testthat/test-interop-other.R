# The same calls on fits of the same model by lme4, at lme4's parameters.

other_formulas <- function() {
  list(
    Reaction ~ Days + (Days | Subject), Reaction ~ Days + z + k + (1 | Subject),
    Reaction ~ Days * k + (1 | Subject)
  )
}

other_fits <- function(formula) {
  set.seed(2)
  d <- transform(sleepstudy, z = rnorm(180) + Days, k = factor(rep(1:3, 60)))
  m <- suppressMessages(lme4::lmer(formula, d))
  list(theirs = m, ours = suppressMessages(as_lmm(m)))
}

# Do `calls` (of `m`) give the same for both fits?
expect_same_calls <- function(calls, formulas = other_formulas()) {
  for (formula in formulas) {
    fits <- other_fits(formula)
    for (call in calls) {
      value <- function(m) suppressWarnings(suppressMessages(eval(call, list(m = m))))
      expect_equal(
        value(fits$ours), value(fits$theirs),
        tolerance = 1e-6, ignore_attr = TRUE, info = deparse1(call)
      )
    }
  }
}

test_that("performance gives what it gives for fits by lme4", {
  need_peer(c("lme4", "performance"))
  if (packageVersion("insight") >= "0.20") skip_if_not_installed("reformulas")
  expect_same_calls(alist(
    unlist(performance::r2(m)), unlist(performance::r2_nakagawa(m)),
    as.data.frame(performance::icc(m)), as.data.frame(performance::icc(m, by_group = TRUE)),
    performance::performance_aicc(m), performance::rmse(m)
  ))
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  # Nakagawa's R2 of this model, ?r_squared
  expect_equal(unlist(performance::r2(fit)), rev(r_squared(fit)), ignore_attr = TRUE)
  expect_true(performance::check_convergence(fit))
  expect_false(performance::check_singularity(fit))
  singular <- suppressMessages(lmm(Resp ~ Treat + (1 | Ind), transform(
    four_point_data(), Resp = c(1, 2, 4, 3)
  )))
  expect_true(is_singular(singular))
  expect_true(performance::check_singularity(singular))
  expect_identical(performance::check_singularity(singular, check = "terms"), list(Ind = TRUE))
})

test_that("insight tells the fixed from the random part as it does for fits by lme4", {
  need_peer(c("lme4", "insight"))
  if (packageVersion("insight") >= "0.20") skip_if_not_installed("reformulas")
  expect_same_calls(alist(
    insight::n_parameters(m), insight::n_parameters(m, effects = "random"), insight::n_obs(m),
    insight::get_variance(m), insight::get_variance(m, component = "random"),
    insight::find_random(m), insight::find_random(m, split_nested = TRUE, flatten = TRUE),
    insight::find_predictors(m), insight::find_predictors(m, effects = "all"),
    insight::find_response(m), insight::find_parameters(m), insight::get_parameters(m),
    insight::get_statistic(m), insight::get_df(m), insight::get_df(m, type = "model"),
    insight::is_mixed_model(m), insight::model_info(m)$is_mixed, insight::get_sigma(m),
    insight::get_deviance(m), insight::find_algorithm(m)$algorithm,
    as.matrix(insight::get_varcov(m)),
    insight::n_grouplevels(m), vapply(insight::find_formula(m), deparse1, "")
  ))
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  expect_equal(
    insight::get_df(fit, "satterthwaite"), coef(summary(fit))[, "df"], ignore_attr = TRUE
  )
  expect_identical(insight::get_df(fit, "normal"), Inf)
  expect_error(insight::get_df(fit, "bayes"), class = "henderson_error_argument")
  nested <- lmm(yield ~ gen + (1 | block / fung), durban.splitplot)
  expect_setequal(insight::find_random(nested)$random, c("fung:block", "block"))
})

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

test_that("functions of other packages that have no method yet say what to use", {
  fit <- fit_cached("sleepstudy")
  unsupported <- function(expr) expect_error(expr, class = "henderson_error_unsupported")
  unsupported(coeftest.henderson_lmm(fit))
  unsupported(coefci.henderson_lmm(fit))
  unsupported(waldtest.henderson_lmm(fit))
  unsupported(lrtest.henderson_lmm(fit))
  unsupported(modelparm.henderson_lmm(fit))
  unsupported(Effect.henderson_lmm("Days", fit))
  need_peer("car")
  unsupported(car::Anova(fit))
  unsupported(car::linearHypothesis(fit, "Days = 0"))
  unsupported(car::deltaMethod(fit, "Days^2"))
})

test_that("n_groups() and dplyr's function of the same name get along", {
  need_peer("dplyr")
  fit <- fit_cached("sleepstudy")
  grouped <- dplyr::group_by(sleepstudy, Subject)
  expect_identical(n_groups(grouped), 18L)
  expect_identical(n_groups(fit), c(Subject = 18L))
  expect_error(group_data.henderson_lmm(fit), "henderson::n_groups",
    class = "henderson_error_unsupported"
  )
  # dplyr's is a generic before 1.1
  if (packageVersion("dplyr") < "1.1") {
    expect_identical(dplyr::n_groups(fit), c(Subject = 18L))
  } else {
    expect_error(dplyr::n_groups(fit), class = "henderson_error_unsupported")
  }
})

test_that("mice pools fits as it pools those by lme4", {
  need_peer(c("lme4", "mice", "broom.mixed"))
  d <- sleepstudy
  set.seed(1)
  d$z <- rnorm(180) + d$Days
  d$z[sample(180, 30)] <- NA
  imputed <- mice::mice(d, m = 3, printFlag = FALSE, seed = 1)
  ours <- mice::pool(with(imputed, lmm(Reaction ~ Days + z + (1 | Subject))))
  loadNamespace("broom.mixed")
  theirs <- mice::pool(with(imputed, lme4::lmer(Reaction ~ Days + z + (1 | Subject))))
  expect_equal(summary(ours), summary(theirs), tolerance = 1e-5, ignore_attr = TRUE)
})
