test_that("performance gives what it gives for fits by lme4", {
  need_peer(c("lme4", "performance"))
  if (packageVersion("insight") >= "0.20") skip_if_not_installed("reformulas")
  expect_same_calls(alist(
    unlist(performance::r2(m)), unlist(performance::r2_nakagawa(m)),
    as.data.frame(performance::icc(m)), as.data.frame(performance::icc(m, by_group = TRUE)),
    performance::performance_aicc(m), performance::performance_aic(m),
    performance::performance_aic(m, estimator = "ML"), performance::rmse(m),
    performance::performance_mae(m), performance::r2_xu(m),
    as.data.frame(performance::model_performance(m)),
    as.data.frame(performance::model_performance(m, estimator = "ML"))
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

test_that("criteria of a transformed response are all those of the response", {
  need_peer(c("lme4", "performance"))
  for (response in c("log(Reaction)", "sqrt(Reaction)")) {
    formula <- as.formula(paste(response, "~ Days + (1 | Subject)"))
    expect_same_calls(alist(
      performance::performance_aic(m), performance::performance_aicc(m),
      performance::performance_aic(m, estimator = "ML"),
      performance::performance_aicc(m, estimator = "ML"),
      as.data.frame(performance::model_performance(m))[c("AIC", "AICc", "BIC")]
    ), list(formula))
  }
  fit <- lmm(log(Reaction) ~ Days + (1 | Subject), sleepstudy)
  # the density of y is that of log(y), divided by y
  by_hand <- -2 * (c(logLik(fit)) - sum(log(sleepstudy$Reaction))) + c(2, log(180)) * 4
  row <- performance::model_performance(fit)
  expect_equal(c(row$AIC, row$BIC), by_hand)
})

test_that("performance's cross-validation refits the same rows", {
  need_peer(c("lme4", "performance"))
  cross_validated <- function(fit) {
    set.seed(3)
    as.data.frame(performance::performance_cv(fit))
  }
  ours <- cross_validated(lmm(Reaction ~ Days + (1 | Subject), sleepstudy))
  theirs <- cross_validated(lme4::lmer(Reaction ~ Days + (1 | Subject), sleepstudy))
  expect_equal(ours, theirs, tolerance = 1e-4, ignore_attr = TRUE)
})

test_that("performance tests fits against each other as it does fits by lme4", {
  need_peer(c("lme4", "performance"))
  d <- transform(sleepstudy, k = factor(rep(1:3, 60)))
  formulas <- list(
    Reaction ~ Days + (1 | Subject), Reaction ~ Days + k + (1 | Subject),
    Reaction ~ Days + (Days | Subject)
  )
  theirs <- lapply(formulas, lme4::lmer, data = d)
  ours <- lapply(theirs, as_lmm)
  numbers <- function(table) {
    table <- as.data.frame(table)
    unlist(table[setdiff(names(table), c("Name", "Model"))])
  }
  for (test in c("test_likelihoodratio", "test_bf", "test_performance", "test_wald")) {
    test_function <- getExportedValue("performance", test)
    for (pair in list(c(1, 2), c(2, 1), c(1, 3))) {
      value <- function(fits) {
        a <- fits[[pair[1L]]]
        b <- fits[[pair[2L]]]
        numbers(suppressMessages(suppressWarnings(test_function(a, b))))
      }
      expect_equal(value(ours), value(theirs), tolerance = 1e-6, info = paste(test, pair[2L]))
    }
  }
  # the likelihood ratio of anova(), by REML as the fixed effects are the same
  fits <- lapply(formulas[c(1, 3)], lmm, d)
  tested <- suppressMessages(performance::test_lrt(fits[[1L]], fits[[2L]]))
  expect_equal(tested$Chi2[2L], 2 * c(logLik(fits[[2L]]) - logLik(fits[[1L]])))
  logged <- lmm(log(Reaction) ~ Days + (1 | Subject), d)
  expect_error(performance::test_lrt(fits[[1L]], logged), "differ in the response",
    class = "henderson_error_argument"
  )
  expect_error(performance::test_lrt(fits[[1L]]), "two models", class = "henderson_error_argument")
  other <- lmm(Reaction ~ k + (1 | Subject), d)
  expect_error(performance::test_lrt(fits[[1L]], other), "not nested",
    class = "henderson_error_argument"
  )
})

test_that("what performance does for models of its list only says what to use", {
  need_peer("performance")
  fit <- fit_cached("sleepstudy")
  unsupported <- function(expr) expect_error(expr, class = "henderson_error_unsupported")
  unsupported(performance::compare_performance(fit, fit))
  unsupported(performance::check_normality(fit))
  unsupported(performance::check_normality(fit, effects = "random"))
  unsupported(performance::check_model(fit))
})

test_that("bayestestR takes thresholds from fits as from those by lme4", {
  need_peer(c("lme4", "bayestestR"))
  from <- function(name) getExportedValue("bayestestR", name)
  fits <- other_fits(Reaction ~ Days + (Days | Subject))
  for (name in c("sexit_thresholds", "rope_range")) {
    expect_equal(from(name)(fits$ours), from(name)(fits$theirs), tolerance = 1e-6)
  }
})
