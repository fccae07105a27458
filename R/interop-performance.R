# What package performance does with a fit. Most of it asks package insight (interop-insight.R).
# Here are the methods where it would misread a fit, or dispatches on it. What performance does only
# for models whose class it finds in a list of its own says what to use instead.

#' What package performance does with a fit
#'
#' `r2()`, `icc()`, `model_performance()`, `performance_mae()`, `performance_cv()`,
#' `check_singularity()`, `check_convergence()`, `performance_aic()`, `performance_aicc()`,
#' `test_likelihoodratio()` (`test_lrt()`), `test_performance()`, `test_bf()`, `test_wald()` and
#' `test_vuong()` give what they give for fits by lme4, unless there are weights: the variances
#' behind \eqn{R^2} and ICC are those of [r_squared()], see [insight_support]. So does bayestestR's
#' `sexit_thresholds()`.
#'
#' @section Not available: `compare_performance()`, `check_normality()`, `check_model()` and
#'   `check_heterogeneity_bias()` take models of a list of classes only, and cannot be taught
#'   another; lists of fits (`test_lrt(list(fit1, fit2))`) fail for the same reason: give them
#'   apart, `test_lrt(fit1, fit2)`. The first three say with an error of class
#'   `henderson_error_unsupported` what to use. `check_outliers()` needs leverages, which a fit does
#'   not give yet.
#'
#' @param model,x A fit by [lmm()].
#' @param tolerance One positive number: as `tol` of [is_singular()] (`check_convergence`: unused,
#'   convergence is the fit's own certificate).
#' @param check One string: `"model"` for the fit as a whole, `"terms"` for each grouping factor.
#' @param estimator `NULL`, the likelihood of the fit's criterion, or `"REML"` or `"ML"`. For
#'   `test_likelihoodratio`, `NULL` is REML if all fits are and have the same fixed effects.
#' @param reference,include_formula,text_length As documented by package performance.
#' @param ... For `r2` and `model_performance`, arguments of performance's own method for mixed
#'   models; for tests, two or more models; otherwise unused.
#' @return `r2`: marginal and conditional \eqn{R^2}; `model_performance` and tests: a table, all in
#'   the classes of package performance. `check_singularity`: one logical, or a list of them.
#'   `check_convergence`: one logical, attribute `gradient`. `performance_aic`,
#'   `performance_aicc`: one number; `sexit_thresholds`: two.
#' @section Errors: `henderson_error_argument` for fewer than two models, or models of different
#'   responses; `henderson_error_unsupported` where there is no method.
#' @examples
#' fit <- lmm(yield ~ gen + fung + (1 | block), durban.splitplot)
#' if (requireNamespace("performance", quietly = TRUE)) performance::r2(fit)
#' @name performance_support
NULL

#' @rdname performance_support
#' @exportS3Method performance::r2
r2.henderson_lmm <- function(model, ...) performance::r2_nakagawa(model, ...)

#' @rdname performance_support
#' @exportS3Method performance::check_singularity
check_singularity.henderson_lmm <- function(x, tolerance = 1e-5, check = c("model", "terms"), ...) {
  check_no_dots(...)
  check <- check_choice(check, c("model", "terms"))
  if (check == "model") return(is_singular(x, tolerance))
  small <- determined_deviations(x) < tolerance
  groups <- vapply(x$random, `[[`, "", "group")
  lapply(stats::setNames(nm = unique(groups)), function(group) {
    any(small[unlist(lapply(x$random[groups == group], `[[`, "theta_index"))], na.rm = TRUE)
  })
}

#' @rdname performance_support
#' @exportS3Method performance::check_convergence
check_convergence.henderson_lmm <- function(x, tolerance = 1e-3, ...) is_converged.henderson_lmm(x)

#' @rdname performance_support
#' @exportS3Method performance::performance_aic
performance_aic.henderson_lmm <- function(x, estimator = NULL, ...) {
  stats::AIC(likelihood_by(x, estimator))
}

# By the fit's own criterion, or by the estimator named; of the response before its transformation,
# as performance computes the BIC beside it.
likelihood_by <- function(fit, estimator) {
  if (!is.null(estimator)) estimator <- check_choice(estimator, c("REML", "ML"))
  get_loglikelihood.henderson_lmm(fit, estimator, check_response = TRUE)
}

#' @rdname performance_support
#' @exportS3Method performance::performance_aicc
performance_aicc.henderson_lmm <- function(x, estimator = NULL, ...) {
  likelihood <- likelihood_by(x, estimator)
  count <- attr(likelihood, "df")
  stats::AIC(likelihood) + 2 * count * (count + 1) / (x$n - count - 1)
}

#' @rdname performance_support
#' @exportS3Method performance::model_performance
model_performance.henderson_lmm <- function(model, ...) {
  utils::getS3method("model_performance", "merMod", envir = asNamespace("performance"))(model, ...)
}

#' @rdname performance_support
#' @exportS3Method bayestestR::sexit_thresholds
sexit_thresholds.henderson_lmm <- function(x, ...) {
  utils::getS3method("sexit_thresholds", "merMod", envir = asNamespace("bayestestR"))(x, ...)
}

# --- tests of two or more models ---

#' @rdname performance_support
#' @exportS3Method performance::test_likelihoodratio
test_likelihoodratio.henderson_lmm <- function(..., estimator = NULL) {
  models <- tested_models(list(...), match.call(expand.dots = FALSE)$...)
  if (!inherits(models, "ListNestedRegressions")) {
    abort("The models are not nested, as a likelihood-ratio test needs.",
      kind = "argument", variable = "...", observed = names(models)
    )
  }
  if (is.null(estimator)) {
    by_reml <- vapply(models, function(model) isTRUE(model$REML), NA)
    estimator <- if (all(by_reml) && isTRUE(attr(models, "same_fixef"))) "REML" else "ML"
  }
  performance::test_likelihoodratio(models, estimator = check_choice(estimator, c("REML", "ML")))
}

#' @rdname performance_support
#' @exportS3Method performance::test_performance
test_performance.henderson_lmm <- function(..., reference = 1, include_formula = FALSE) {
  performance::test_performance(
    tested_models(list(...), match.call(expand.dots = FALSE)$...),
    reference = reference, include_formula = include_formula
  )
}

#' @rdname performance_support
#' @exportS3Method performance::test_bf
test_bf.henderson_lmm <- function(..., reference = 1, text_length = NULL) {
  performance::test_bf(
    tested_models(list(...), match.call(expand.dots = FALSE)$...),
    reference = reference, text_length = text_length
  )
}

#' @rdname performance_support
#' @exportS3Method performance::test_wald
test_wald.henderson_lmm <- function(...) {
  performance::test_wald(tested_models(list(...), match.call(expand.dots = FALSE)$...))
}

#' @rdname performance_support
#' @exportS3Method performance::test_vuong
test_vuong.henderson_lmm <- function(..., reference = 1) {
  performance::test_vuong(
    tested_models(list(...), match.call(expand.dots = FALSE)$...),
    reference = reference
  )
}

# The models as insight hands them to performance's tests: named, of one response, and told apart
# by nesting.
tested_models <- function(models, expressions) {
  if (length(models) < 2L) {
    abort("A test needs two models or more; there is one.",
      kind = "argument", variable = "...", observed = length(models)
    )
  }
  written <- vapply(expressions, function(expression) deparse1(expression), "")
  given <- names(models)
  names(models) <- if (is.null(given)) written else ifelse(nzchar(given), given, written)
  responses <- lapply(models, function(model) as.vector(stats::model.response(model.frame(model))))
  same <- vapply(responses, function(response) isTRUE(all.equal(response, responses[[1L]])), NA)
  if (!all(same)) {
    abort("{.code {names(models)[1L]}} and {.code {names(models)[!same]}} differ in the response.",
      kind = "argument", variable = "...", observed = names(models)[!same]
    )
  }
  insight::ellipsis_info(structure(models, class = c("ListRegressions", "ListModels", "list")))
}

# --- what takes models of a list of classes only ---

# Asked first by compare_performance() and by whatever else takes several models.

#' @rdname insight_support
#' @exportS3Method insight::ellipsis_info
ellipsis_info.henderson_lmm <- function(objects, ...) {
  no_method("performance::compare_performance", c(
    "Use {.code AIC(fit1, fit2)}, {.code anova(fit1, fit2)} or {.fn random_structures},",
    "or {.fn performance::model_performance} of each."
  ))
}

#' @rdname performance_support
#' @exportS3Method performance::check_normality
check_normality.henderson_lmm <- function(x, ...) {
  no_method("performance::check_normality",
    "Use {.code qqnorm(residuals(fit, scaled = TRUE))}, or {.fn shapiro.test} of these."
  )
}

#' @rdname performance_support
#' @exportS3Method performance::check_model
check_model.henderson_lmm <- function(x, ...) {
  no_method("performance::check_model",
    "Plot {.code residuals(fit, scaled = TRUE)}, and {.code plot(ranef(fit))}."
  )
}
