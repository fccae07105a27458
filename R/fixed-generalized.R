# Comparison of fits by glmm().

#' Compare generalized models by likelihood ratios
#'
#' @param object,... Two or more fits by [glmm()], also [stats::glm()], of one family and link and
#'   the same observations, each a special case of another.
#' @param model.names `NULL`, or strings: names of the fits.
#' @return A data frame of class `c("henderson_anova", "anova", "data.frame")`, one row for each fit
#'   by increasing numbers of parameters: `npar`, `AIC`, `BIC`, `logLik`, `-2*log(L)`, `Chisq`,
#'   `Df`, `Pr(>Chisq)`. A test of a variance is of a value at the boundary: its p
#'   value is too large.
#' @section Errors: `henderson_error_argument` for other fits and families, `henderson_error_data`
#'   for fits on other data; `henderson_error_unsupported` for the table of one fit.
#' @examples
#' counts <- data.frame(
#'   herd = rep(1:15, each = 4), cases = rep(c(0, 1, 4, 2, 7, 3), 10), period = factor(1:4)
#' )
#' large <- glmm(cases ~ period + (1 | herd), counts, family = poisson)
#' anova(large, update(large, . ~ . - period))
#' @importFrom stats anova
#' @export
anova.henderson_glmm <- function(object, ..., model.names = NULL) {
  fits <- list(object, ...)
  is_fit <- vapply(fits, inherits, TRUE, what = c("henderson_glmm", "glm"))
  check_generalized_fits(fits, is_fit)
  if (length(fits) == 1L) refuse_generalized(object, "anova(fit)")
  check_one_family(fits)
  expressions <- as.list(substitute(list(object, ...)))[-1L]
  names(fits) <- model_labels(expressions, names(fits), model.names)
  counts <- vapply(fits, function(fit) attr(stats::logLik(fit), "df"), 1)
  fits <- fits[order(counts)]
  likelihood_ratio_table(fits, rep(0L, length(fits)))
}

check_generalized_fits <- function(fits, is_fit) {
  named <- setdiff(names(fits)[!is_fit], c("", NA))
  if (length(named) > 0L) abort_unknown_arguments(named, "model.names")
  if (all(is_fit)) return(invisible(NULL))
  given <- describe_value(fits[[which(!is_fit)[1L]]])
  abort(c(
    "{.arg ...} must hold only fits by {.fn glmm} or {.fn glm}; it holds {given}."
  ), kind = "argument", variable = "...", observed = given)
}

check_one_family <- function(fits) {
  words <- vapply(fits, function(fit) {
    own <- stats::family(fit)
    paste0(own$family, "(", own$link, ")")
  }, "")
  if (length(unique(words)) > 1L) {
    abort(c(
      "The fits must be of one family and link; they are of {.val {unique(words)}}.",
      "i" = "{.fn AIC} compares fits of different families."
    ), kind = "argument", variable = "family", observed = words)
  }
  counts <- vapply(fits, stats::nobs, 1)
  if (length(unique(counts)) > 1L) {
    abort(c(
      "The fits must be on the same observations.",
      "x" = "Their numbers of observations are {.val {counts}}."
    ), kind = "data", variable = "nobs", observed = counts)
  }
  check_same_values(lapply(fits, mean_response), "response", "differs")
  check_same_values(lapply(fits, function(fit) {
    as.numeric(stats::weights(fit, type = "prior") %||% 1)
  }), "weights", "differ")
}

mean_response <- function(fit) as.numeric(unname(fit$y))
