# The guide to what other packages do with a fit, and the methods for packages that have one or two
# only.

#' What other packages do with a fit
#'
#' Packages that work on fits by [lmm()], the functions meant, and what to use where a package
#' cannot be taught. Where nothing else is said values are those that the package gives for fits by
#' lme4. All methods are registered when the package in question is loaded; none of these packages
#' is needed to fit.
#'
#' @section Tests and comparisons:
#'   \describe{
#'   \item{car}{`Anova()`, `linearHypothesis()`, `deltaMethod()`, `vif()`, `Confint()`: see
#'   [car_support]. `Boot()`, `S()`: [bootstrap()], [summary()][summary.henderson_lmm].}
#'   \item{emmeans}{`emmeans()`, `contrast()`, `emtrends()`, `joint_tests()`: see
#'   [emmeans_support].}
#'   \item{lmtest}{`coeftest()`, `coefci()`, `waldtest()`, `lrtest()`: see [lmtest_support].}
#'   \item{MuMIn}{`dredge()`, `model.sel()`, `model.avg()`, `AICc()`, `r.squaredGLMM()`: see
#'   [mumin_support].}
#'   \item{AICcmodavg}{Its functions know models by a list of classes and stop at others. MuMIn and
#'   `performance::compare_performance()` have the same tables.}
#'   \item{multcomp}{`glht()` with matrices, strings and `mcp()`, `cld()`: see [multcomp_support].}
#'   \item{sandwich}{`estfun()`, `bread()`, and by these `vcovCL()`: see [sandwich_support].}
#'   }
#' @section Pictures of fitted values:
#'   \describe{
#'   \item{effects}{`Effect()`, `allEffects()`, `predictorEffects()`: see [effects_support].}
#'   \item{ggeffects}{From version 2 on, `ggpredict()` gives predictions of the population, with
#'   `type = "random"` of the groups that the grid names, with the limits of
#'   [predict()][predict.henderson_lmm]: standard errors know of the random effects, degrees of
#'   freedom are Satterthwaite's. Earlier versions would predict for one group, and are refused;
#'   their `ggeffects::ggemmeans()` works by emmeans.}
#'   \item{marginaleffects}{`predictions()`, `slopes()`, `comparisons()`, `hypotheses()`, with
#'   `re.form = NA` for the population: see [marginaleffects_support]. Version 1.0.0 needs R 4.4.
#'   It warns that it does not know the argument `re.form`, which it passes on all the same.}
#'   }
#' @section Tables and reports:
#'   \describe{
#'   \item{broom, broom.mixed}{`tidy()`, `glance()`, `augment()`, and by these mice's `pool()`: see
#'   [broom_support].}
#'   \item{modelsummary, texreg}{Tables of `tidy()` and `glance()`: fixed effects, and standard
#'   deviations and correlations of random effects as further rows. `include` arguments of texreg's
#'   methods for fits by lme4 do not apply.}
#'   \item{parameters}{`model_parameters()` of the fixed effects: see [parameters_support].}
#'   \item{insight, performance}{see [insight_support] and [performance_support].}
#'   }
#' @section Residuals: DHARMa's simulated residuals, tests and plots: see [dharma_support].
#' @section lme4 and others: lme4's generics, see [lme4_generics]. dplyr's `n_groups()` does what
#'   [n_groups()] does, or, in dplyr 1.1 and later, says where that is.
#' @param x,.data A fit by [lmm()].
#' @return `n_groups`: see [n_groups()]. `group_data`: an error of class
#'   `henderson_error_unsupported`.
#' @name interoperability
#' @aliases other_packages
NULL

# --- not supported ---

no_method <- function(what, instead) {
  abort(c("{.fn {what}} does not support fits by {.fn lmm} yet.", "i" = instead),
    kind = "unsupported", variable = what
  )
}

# n_groups() of dplyr is a generic before 1.1 and counts the rows of group_data() since.

#' @rdname interoperability
#' @exportS3Method dplyr::n_groups
n_groups.henderson_fit <- function(x) n_groups(x)

#' @rdname interoperability
#' @exportS3Method dplyr::group_data
group_data.henderson_lmm <- function(.data) {
  no_method("dplyr::n_groups", "{.code henderson::n_groups(fit)} counts the levels of each factor.")
}
