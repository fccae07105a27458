# What package marginaleffects asks of a model: coefficients, a copy with other ones, their
# covariance, predictions. Its default method for other coefficients writes where a fit has none,
# and gives standard errors of zero.

#' What package marginaleffects does with a fit
#'
#' With these methods `marginaleffects::predictions()`, `slopes()`, `comparisons()`, averages and
#' plots of these, and `hypotheses()` work on fits by [lmm()]. Loading this package adds the class
#' of its fits to the option `marginaleffects_model_classes`.
#'
#' @section Population or groups: `re.form = NA` gives predictions, and slopes and comparisons of
#'   them, for the population: the fixed part alone. Without it, as for fits by lme4, they have the
#'   random effects of the groups in the data or in `newdata` (in a grid that does not name a
#'   grouping factor, those of its most frequent level), while their standard errors are still those
#'   of the fixed effects alone: a warning of class `henderson_warning_approximation` says so.
#'   [predict()][predict.henderson_lmm] has standard errors of predictions with random effects.
#' @section Degrees of freedom: normal quantiles, unless `vcov` or `df` is `"satterthwaite"` or
#'   `"kenward-roger"` (`vcov`; adjusts the covariance too): those of each row's fixed part, also
#'   for slopes and comparisons, which is how marginaleffects has it.
#' @param model A fit by [lmm()].
#' @param coefs Named numeric vector: the coefficients of the copy; names not given keep theirs.
#' @param vcov As documented by marginaleffects: `NULL` or `TRUE`, `FALSE`, `"satterthwaite"` or
#'   `"kenward-roger"`, a matrix, a function of the fit; other strings and formulas as for
#'   `insight::get_varcov()`.
#' @param newdata A data frame.
#' @param type `"response"`; `"link"` is the same.
#' @param re.form As for [predict()][predict.henderson_lmm].
#' @param ... Passed on by marginaleffects; of these `allow.new.levels` counts.
#' @return `get_coef`: named numeric vector (p). `set_coef`: a fit whose predictions are those with
#'   these coefficients and the same random effects. `get_vcov`: named matrix (p x p), or `NULL`.
#'   `get_predict`: a data frame of `rowid` (where `newdata` have one) and `estimate`.
#' @section Errors: `henderson_error_argument` for coefficients that the fit has not.
#' @source Arel-Bundock, Greifer and Heiss (2024), *Journal of Statistical Software* 111(9).
#' @seealso [interoperability] for other packages.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' \dontrun{
#' library(marginaleffects)
#' avg_slopes(fit, re.form = NA)
#' plot_predictions(fit, condition = "Days", re.form = NA)
#' }
#' @name marginaleffects_support
NULL

#' @rdname marginaleffects_support
#' @exportS3Method marginaleffects::get_coef
get_coef.henderson_lmm <- function(model, ...) model$beta

#' @rdname marginaleffects_support
#' @exportS3Method marginaleffects::set_coef
set_coef.henderson_lmm <- function(model, coefs, ...) {
  at <- match(names(coefs), names(model$beta))
  if (length(at) != length(coefs) || anyNA(at)) {
    unknown <- setdiff(names(coefs), names(model$beta))
    abort("{.arg coefs} must have the names of coefficients of the fit, not {.val {unknown}}.",
      kind = "argument", variable = "coefs", observed = unknown
    )
  }
  model$beta[at] <- as.numeric(coefs)
  model
}

#' @rdname marginaleffects_support
#' @exportS3Method marginaleffects::get_vcov
get_vcov.henderson_lmm <- function(model, vcov = NULL, ...) {
  if (isFALSE(vcov)) return(NULL)
  if (is.null(vcov) || isTRUE(vcov)) return(known_covariance(model))
  method <- if (is.character(vcov) && length(vcov) == 1L) tolower(vcov) else ""
  if (method %in% c("satterthwaite", "kenward-roger")) {
    adjusted <- contrast_covariance(model, method)
    return(known_covariance(model, adjusted))
  }
  if (is.function(vcov)) vcov <- vcov(model)
  if (is.matrix(vcov)) {
    covariance <- given_covariance(model, vcov, "vcov")
    dimnames(covariance) <- dimnames(model$vcov)
    return(covariance)
  }
  utils::getS3method("get_vcov", "default", envir = asNamespace("marginaleffects"))(
    model, vcov = vcov, ...
  )
}

#' @rdname marginaleffects_support
#' @exportS3Method marginaleffects::get_predict
get_predict.henderson_lmm <- function(model, newdata, type = "response", re.form = NULL, ...) {
  type <- check_choice(type %||% "response", c("response", "link"))
  allow_new <- isTRUE(list(...)$allow.new.levels)
  newdata <- as.data.frame(newdata)
  values <- predict.henderson_lmm(model, newdata, re.form = re.form, allow.new.levels = allow_new)
  table <- data.frame(estimate = unname(values))
  if ("rowid" %in% names(newdata)) table <- cbind(rowid = newdata$rowid, table)
  table
}

#' @rdname marginaleffects_support
#' @exportS3Method marginaleffects::sanitize_model_specific
sanitize_model_specific.henderson_lmm <- function(model, vcov = TRUE, re.form = NULL, ...) {
  if (!isFALSE(vcov) && !is_no_random(re.form) &&
        isTRUE(getOption("marginaleffects_safe", TRUE))) {
    warn(c(
      "Standard errors are those of the fixed effects only.",
      "i" = "{.code re.form = NA} gives the population's values; {.fn predict} has standard errors
             of predictions with random effects. {.code options(marginaleffects_safe = FALSE)}
             silences this."
    ), kind = "approximation")
  }
  model
}

# marginaleffects takes only classes that it knows or that this option names.
declare_marginaleffects_class <- function(...) {
  classes <- getOption("marginaleffects_model_classes")
  options(marginaleffects_model_classes = union(classes, "henderson_lmm"))
}
