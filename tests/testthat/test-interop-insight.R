test_that("performance gives what it gives for fits by lme4", {
  need_peer(c("lme4", "performance"))
  if (packageVersion("insight") >= "0.20") skip_if_not_installed("reformulas")
  expect_same_calls(alist(
    unlist(performance::r2(m)), unlist(performance::r2_nakagawa(m)),
    as.data.frame(performance::icc(m)), as.data.frame(performance::icc(m, by_group = TRUE)),
    performance::performance_aicc(m), performance::performance_aic(m),
    performance::performance_aic(m, estimator = "ML"), performance::rmse(m)
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
