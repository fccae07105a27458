#' henderson: linear mixed models by penalized least squares
#'
#' The package fits linear mixed models. [lmm()] is the entry point; its arguments have the names
#' and order that users of lme4's `lmer()` know. This page is the guide by task;
#' `vignette("introduction", package = "henderson")` walks through two examples.
#'
#' @section Fit: [lmm()], with settings from [lmm_control()]; [update()][update.henderson_lmm],
#'   [refit_response()], [refit_ml()]; [constraints] for variances that are known or equal,
#'   [prior_wishart()] for posterior modes;
#'   [group_fits()] for a linear model in each group.
#' @section Look: [print()][print.henderson_lmm], [summary()][summary.henderson_lmm],
#'   [fixef()][fixef.henderson_fit], [ranef()][ranef.henderson_fit] and its
#'   [plots][plot.henderson_ranef], [coef()][coef.henderson_fit],
#'   [VarCorr()][VarCorr.henderson_fit], [sigma()][sigma.henderson_fit],
#'   [vcov()][vcov.henderson_fit]; [intraclass_correlation()], [r_squared()], [reliability()].
#' @section Test: [anova()][anova.henderson_lmm] for terms, [contrast_test()] for contrasts and
#'   confidence intervals of fixed effects, [random_anova()] for random terms,
#'   [variance_components()] for standard errors and intervals of variances.
#' @section Compare: [anova()][anova.henderson_lmm] of several fits,
#'   [drop1() and add1()][drop1.henderson_lmm], [reduce_terms()], [random_structures()],
#'   [logLik()][logLik.henderson_lmm] with AIC and BIC.
#' @section Report: [report_tables()] for tables in documents, which R Markdown and Quarto show by
#'   themselves; [report_result()] for estimates and tests in a sentence.
#' @section Predict: [predict()][predict.henderson_lmm], with standard errors and limits;
#'   [simulate()][simulate.henderson_lmm], [simulate_lmm()]; power: [power_lmm()].
#' @section Intervals: [confint()][confint.henderson_lmm], [profile()][profile.henderson_lmm],
#'   [bootstrap()], [bootstrap_test()].
#' @section Influence: [influence()][influence.henderson_lmm],
#'   [cooks.distance()][cooks.distance.henderson_influence] and others of its page,
#'   [hatvalues()][hatvalues.henderson_lmm], [diagnostic_residuals()],
#'   [cross_validate()], [conditional_aic()].
#' @section Check: [plot()][plot.henderson_lmm], [residuals()][residuals.henderson_lmm],
#'   [is_singular()], [random_pca()],
#'   [all_optimizers()]; [component()] for the pieces, [deviance_function()] for the criterion.
#' @section Import: [as_lmm()] for fits by lme4; [interoperability] for what other packages do with
#'   a fit.
#' @section Migrate: `vignette("coming-from-lme4", package = "henderson")` translates lme4's and
#'   lmerTest's functions; [lme4_generics].
#' @section Vignettes: `introduction`, `coming-from-lme4`, `degrees-of-freedom` (tests of fixed
#'   effects), `intervals`, `algorithm` (what is computed, and how), `performance` (times and
#'   memory), `package-structure` (for those who want to change the code).
#'
#' @aliases henderson
#' @keywords internal
#' @useDynLib henderson, .registration = TRUE
#' @importFrom Rcpp sourceCpp
"_PACKAGE"
