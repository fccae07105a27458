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
    c(insight::get_loglikelihood(m)), c(insight::get_loglikelihood(m, estimator = "ML")),
    insight::get_correlation_slopes(m), insight::get_correlation_slope_intercept(m),
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

test_that("insight predicts as it does for fits by lme4", {
  need_peer(c("lme4", "insight"))
  expect_same_calls(alist(
    as.data.frame(insight::get_predicted(m)),
    as.data.frame(insight::get_predicted(m, ci = 0.95)),
    as.data.frame(insight::get_predicted(m, include_random = FALSE)),
    as.data.frame(insight::get_predicted(m, data = sleepstudy[3:6, ], ci = c(0.5, 0.9))),
    as.data.frame(insight::get_predicted(m, data = data.frame(Days = 1:3), ci = 0.9)),
    as.data.frame(insight::get_predicted(m, ci = 0.9, predict = "prediction")),
    insight::get_predicted_ci(m), insight::get_predicted_ci(m, stats::predict(m))
  ), other_formulas()[1L])
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  expect_null(insight::get_predicted_ci(fit, predict(fit), ci = NULL))
  expect_error(insight::get_predicted(fit, ci = 0.9, ci_method = "satterthwaite"),
    class = "henderson_error_argument"
  )
  expect_error(insight::get_predicted(fit, ci = 0.9, vcov = "HC0"),
    class = "henderson_error_unsupported"
  )
})

test_that("the likelihood of a transformed response is that of the response", {
  need_peer(c("lme4", "insight"))
  jacobians <- list(
    "log(Reaction)" = function(y) -log(y), "sqrt(Reaction)" = function(y) -log(2 * sqrt(y)),
    "1 / Reaction" = function(y) -2 * log(y), "Reaction" = function(y) 0 * y
  )
  for (response in names(jacobians)) {
    fit <- lmm(as.formula(paste(response, "~ Days + (1 | Subject)")), sleepstudy)
    corrected <- insight::get_loglikelihood(fit, estimator = "ML", check_response = TRUE)
    by_hand <- logLik(fit, REML = FALSE) + sum(jacobians[[response]](sleepstudy$Reaction))
    expect_equal(c(corrected), c(by_hand), info = response)
  }
  ranks <- lmm(rank(Reaction) ~ Days + (1 | Subject), sleepstudy)
  expect_warning(insight::get_loglikelihood(ranks, check_response = TRUE), "rank\\(Reaction\\)")
})

test_that("correlations of slopes and the variance of weighted fits", {
  need_peer(c("lme4", "insight"))
  expect_same_calls(alist(
    insight::get_correlation_slopes(m), insight::get_variance(m, "rho01")
  ), list(Reaction ~ Days + z + (Days + z | Subject), Reaction ~ Days + z + (0 + Days + z | k)))
  # the mean variance of the observations, ?r_squared; lme4's is that at weight 1
  d <- transform(sleepstudy, w = rep(c(0.5, 1, 2), 60))
  fit <- lmm(Reaction ~ Days + (1 | Subject), d, weights = w)
  variances <- insight::get_variance(fit)
  expect_equal(variances$var.residual, sigma(fit)^2 * mean(1 / d$w))
  explained <- variances$var.fixed / with(variances, var.fixed + var.random + var.residual)
  expect_equal(unname(r_squared(fit)[["marginal"]]), explained)
})

test_that("variances that the data do not tell apart are NA", {
  need_peer(c("insight", "performance"))
  set.seed(1)
  d <- expand.grid(row = 1:4, litter = factor(1:12))
  d$cage <- d$litter
  d$x <- rnorm(48)
  d$y <- rnorm(12)[d$litter] + rnorm(48)
  one <- lmm(y ~ x + (1 | litter), d)
  two <- suppressMessages(lmm(y ~ x + (1 | litter / cage), d))
  variances <- suppressMessages(insight::get_variance(two))
  unknown <- c("cage:litter" = NA_real_, litter = NA_real_)
  expect_identical(variances$var.intercept, unknown)
  # of the sum nothing is lost
  expect_equal(variances$var.random, insight::get_variance(one)$var.random, tolerance = 1e-5)
  expect_identical(performance::icc(two, by_group = TRUE)$ICC, c(NA_real_, NA_real_))
  icc <- as.data.frame(performance::icc(one))
  expect_equal(as.data.frame(performance::icc(two)), icc, tolerance = 1e-5)
  # the slopes are told apart, the intercepts are not
  slopes <- suppressMessages(lmm(y ~ x + (x || litter) + (1 | cage), d))
  variances <- suppressMessages(insight::get_variance(slopes))
  expect_identical(variances$var.intercept, c(litter = NA_real_, cage = NA_real_))
  expect_false(anyNA(variances$var.slope))
})

test_that("covariances of fixed effects that are not determined are NA", {
  need_peer("insight")
  d <- transform(sleepstudy, twice = 2 * Days)
  d[["a b"]] <- d$Days
  quiet <- function(formula) suppressWarnings(suppressMessages(lmm(formula, d)))
  within <- quiet(Reaction ~ Days + twice + Subject + (1 | Subject))
  covariance <- insight::get_varcov(within)
  expect_identical(dim(covariance), c(19L, 19L))
  expect_identical(unname(covariance), unname(vcov(within)))
  # the slope within subjects is determined: that of least squares
  least_squares <- vcov(lm(Reaction ~ Days + Subject, d))
  expect_equal(covariance["Days", "Days"], least_squares["Days", "Days"])
  expect_true(is.na(covariance["Subject309", "Subject309"]))
  odd <- quiet(Reaction ~ `a b` + (1 | Subject))
  expect_identical(rownames(insight::get_varcov(odd)), c("(Intercept)", "a b"))
  none <- quiet(Reaction ~ 0 + (1 | Subject))
  expect_identical(dim(insight::get_varcov(none)), c(0L, 0L))
})

test_that("a fit at given parameters has converged if they are those of a minimum", {
  need_peer("insight")
  at <- function(start) {
    fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy,
      start = start, control = lmm_control(optimizer = "none")
    )
    as.logical(insight::is_converged(fit))
  }
  theta <- component(lmm(Reaction ~ Days + (1 | Subject), sleepstudy), "theta")

  expect_true(at(theta))
  # as near as other programs end
  expect_true(at(theta * (1 + 1e-4)))
  expect_false(at(theta * 1.1))
  # the criterion is even in theta: its derivative is zero here, and it falls on either side
  expect_false(at(0))
})

test_that("get_df() of rows and Kenward and Roger's get_varcov() are those of the fit", {
  fit <- fit_cached("sleepstudy")
  new <- data.frame(Days = c(0, 9))
  for (ddf in c("Satterthwaite", "Kenward-Roger")) {
    expected <- contrast_test(fit, cbind(1, c(0, 9)), joint = FALSE, ddf = ddf)$df
    expect_equal(get_df.henderson_lmm(fit, ddf, data = new, df_per_obs = TRUE), expected)
  }
  expect_length(get_df.henderson_lmm(fit, "satterthwaite", df_per_obs = TRUE), 180L)
  expect_error(get_df.henderson_lmm(fit, "betwithin"), class = "henderson_error_argument")
  expect_equal(
    get_varcov.henderson_lmm(fit, vcov = "kenward-roger"),
    vcov(summary(fit, ddf = "Kenward-Roger"))
  )
})
