#' henderson: linear mixed models by penalized least squares
#'
#' The package fits linear mixed models. [lmm()] is the entry point; its arguments have the names
#' and order that users of lme4's `lmer()` know. This page is the guide by task;
#' `vignette("introduction", package = "henderson")` walks through two examples.
#'
#' @section Fit a model:
#' * A formula and a data frame: [lmm()]; settings: [lmm_control()].
#' * Variances that are known or equal: [constraints]; posterior modes: [prior_wishart()].
#' * Again with something changed: [update()][update.henderson_lmm], [refit_response()],
#'   [refit_ml()]. A linear model for each group by itself: [group_fits()].
#' * Structured covariances of random effects, as `ar1(0 + visit | subject)`: [structures]; of
#'   residuals, and variances that differ: [residual_structure].
#' * Known relationships among the levels, as a pedigree: [pedigree()], [precision()]; shares of
#'   variance [heritability()], many markers one at a time [marker_scan()].
#' * Data in pieces, in files or in a database: [chunks()], [cross_products()].
#' * Counts, proportions and other responses that are not normal: [glmm()].
#' * What a message, warning or error says, and what to do: [fit_messages], [is_singular()].
#' * Would another optimizer find the same? [all_optimizers()].
#' @section Look at it:
#' * At a glance: [print()][print.henderson_lmm], [summary()][summary.henderson_lmm].
#' * Fixed effects: [fixef()][fixef.henderson_fit], [vcov()][vcov.henderson_fit]. Conditional modes:
#'   [ranef()][ranef.henderson_fit], [coef()][coef.henderson_fit], [reliability()].
#' * Variances and correlations: [VarCorr()][VarCorr.henderson_fit],
#'   [sigma()][sigma.henderson_fit], with standard errors [variance_components()]; shares of
#'   variance: [intraclass_correlation()], [r_squared()].
#' @section Test fixed effects:
#' * Terms: [anova()][anova.henderson_lmm], by Satterthwaite's or Kenward and Roger's method.
#' * Contrasts: [contrast_test()]; means and comparisons by emmeans: [emmeans_support].
#' * Standard errors that hold when the model of the covariances does not: the `type` of
#'   [vcov()][vcov.henderson_fit].
#' * Models against each other: [anova()][anova.henderson_lmm] of several fits,
#'   [drop1() and add1()][drop1.henderson_lmm], [bootstrap_test()], [reduce_terms()];
#'   [logLik()][logLik.henderson_lmm] with AIC and BIC.
#' @section Choose the random part:
#' * Is a term needed? [random_anova()]. Which of the simpler ones does? [random_structures()],
#'   [reduce_terms()]. How many dimensions has it? [random_pca()].
#' @section Intervals:
#' * By the likelihood, by Wald's method or by the bootstrap: [confint()][confint.henderson_lmm],
#'   [profile()][profile.henderson_lmm], [bootstrap()]. Bands around lines: [prediction_bands()].
#' @section Predict and simulate:
#' * [predict()][predict.henderson_lmm] with standard errors and limits;
#'   [simulate()][simulate.henderson_lmm] from a fit, [simulate_lmm()] from parameters.
#' * How many observations are needed? [power_lmm()].
#' @section Check:
#' * Residuals: [residuals()][residuals.henderson_lmm], [plot()][plot.henderson_lmm],
#'   [diagnostic_residuals()], [hatvalues()][hatvalues.henderson_lmm].
#' * Groups and rows with influence: [influence()][influence.henderson_lmm],
#'   [cooks.distance()][cooks.distance.henderson_influence] and others of its page.
#' * How well does it predict? [cross_validate()], [conditional_aic()].
#' @section Draw:
#' * [plot()][plot.henderson_lmm] of a fit, [of random effects][plot.henderson_ranef],
#'   [of profiles][plot.henderson_profile]; with ggplot2 [autoplot()][autoplot.henderson_lmm].
#' @section Report:
#' * [report_tables()] for tables in documents, which R Markdown and Quarto show by themselves;
#'   [report_result()] for estimates and tests in a sentence.
#' @section Use with other packages:
#' * What other packages do with a fit, a table of all: [interoperability].
#' * From lme4: `vignette("coming-from-lme4", package = "henderson")` translates its functions and
#'   lmerTest's; [as_lmm()] imports a fit, [lme4_generics] are understood.
#' @section Take it apart:
#' * [component()] for the pieces of a fit, [deviance_function()] for the criterion;
#'   [formula()][formula.henderson_fit], [model.frame()][model.frame.henderson_fit],
#'   [model.matrix()][model.matrix.henderson_fit], [nobs()][nobs.henderson_fit],
#'   [weights()][weights.henderson_fit].
#' @section What is not there yet:
#' * Quadrature, profiles, bootstraps and diagnostics of [glmm()]'s fits; zero-inflated, ordinal and
#'   beta-binomial responses.
#' * `lmm_control(threads = , sparse_x = )` have no effect.
#' @section Vignettes: `vignette(package = "henderson")` lists them: the introduction, analyses from
#'   question to answer, `coming-from-lme4`, `degrees-of-freedom` (tests of fixed effects),
#'   `intervals`, `algorithm` (what is computed, and how), `performance` (times and memory),
#'   `package-structure` (for those who want to change the code).
#'
#' @aliases henderson
#' @keywords internal
#' @useDynLib henderson, .registration = TRUE
#' @importFrom Rcpp sourceCpp
"_PACKAGE"
