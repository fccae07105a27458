# Likelihoods and counts.
#
# With M = Lambda'Z'WZ Lambda + I, R'R = X'V^-1 X, r^2 the penalized residual sum of squares and
# m = n - p, at theta
#   -2 log L = log|M| - sum(log w) + n (1 + log(2 pi r^2 / n))
#   REML     = log|M| - sum(log w) + log|R'R| + m (1 + log(2 pi r^2 / m))
# Source: Bates, Maechler, Bolker and Walker (2015), J. Stat. Softw. 67(1), equations (34), (41).

#' Log-likelihood, deviance, REML criterion
#'
#' @param object A fit by [lmm()].
#' @param REML `NULL`: the criterion the fit was made with. `TRUE` or `FALSE`: the restricted or
#'   the ordinary likelihood, at the fit's own covariance parameters \eqn{\theta}{theta}, with
#'   \eqn{\beta}{beta} and \eqn{\sigma}{sigma} the best for that criterion (of a fit with
#'   [constraints] at its own \eqn{\sigma}{sigma}). It does not refit: [refit_ml()] does.
#' @param ... Nothing; an argument that is not known is an error.
#' @return `logLik`: class `logLik`, one number with attributes `df` (coefficients + covariance
#'   parameters + 1 for \eqn{\sigma}{sigma}, as [n_parameters()] counts them), `nobs` and `nall`
#'   (observations). For a REML fit it is minus half the REML criterion, with the same `df` and
#'   `nobs`, so that `AIC` and `BIC` work on it; such values compare only fits with the same fixed
#'   part.
#'
#'   `deviance`: one number, \eqn{-2 \log L}{-2 log L}. `reml_criterion`: one number.
#' @section Errors: `henderson_error_argument`: `deviance()` of a REML fit without `REML = FALSE`,
#'   `reml_criterion()` of a maximum-likelihood fit; malformed arguments.
#' @source Bates, Maechler, Bolker and Walker (2015), *Journal of Statistical Software* 67(1),
#'   equations (34) and (41).
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' logLik(fit)
#' reml_criterion(fit)
#' deviance(refit_ml(fit))
#' BIC(fit)
#' @export
logLik.henderson_lmm <- function(object, REML = NULL, ...) {
  check_no_dots(...)
  n <- nobs.henderson_fit(object)
  structure(-criterion_value(object, REML) / 2,
    nobs = n, nall = n, df = n_parameters(object), class = "logLik"
  )
}

#' @rdname logLik.henderson_lmm
#' @export
deviance.henderson_lmm <- function(object, REML = NULL, ...) {
  check_no_dots(...)
  if (is.null(REML) && object$REML) {
    abort(c(
      "A fit by REML has no deviance.",
      "i" = "Its criterion is {.code reml_criterion(fit)}.",
      "i" = "{.code deviance(refit_ml(fit))} refits by maximum likelihood.",
      "i" = "{.fn step} compares fits by maximum likelihood: {.code step(refit_ml(fit))}."
    ), kind = "argument", variable = "object", observed = "REML")
  }
  criterion_value(object, REML)
}

#' @rdname logLik.henderson_lmm
#' @export
reml_criterion <- function(object, ...) {
  check_no_dots(...)
  check_fit(object)
  if (!object$REML) {
    abort(c(
      "This fit was made by maximum likelihood and has no REML criterion.",
      "i" = "Its criterion is {.code deviance(fit)}.",
      "i" = "{.code logLik(fit, REML = TRUE)} evaluates the restricted likelihood."
    ), kind = "argument", variable = "object", observed = "ML")
  }
  object$criterion
}

# The chosen criterion (-2 log L or REML) at the fit's theta: one number.
criterion_value <- function(fit, REML = NULL) {
  if (is.null(REML)) {
    return(fit$criterion)
  }
  check_flag(REML)
  if (REML == fit$REML) {
    return(fit$criterion)
  }
  degrees <- if (REML) fit$n - length(fit$beta) else fit$n
  log_weights <- if (!is.null(fit$summed)) {
    fit$summed$sums$sum_log_w
  } else {
    weights <- fit$weights %||% 1
    sum(log(weights[weights > 0]))
  }
  # log|R|, which the core has in the place of the weights
  if (has_residual(fit)) log_weights <- fit$residual$sum_log_w
  log_determinant <- fit$log_det[["M"]] - log_weights + if (REML) fit$log_det[["RX"]] else 0
  if (is_constrained(fit)) {
    return(log_determinant + degrees * log(2 * pi * fit$sigma^2) + fit$pwrss / fit$sigma^2)
  }
  log_determinant + degrees * (1 + log(2 * pi * fit$pwrss / degrees))
}

#' Numbers of observations, parameters and groups
#'
#' @param object A fit by [lmm()].
#' @param use.fallback Unused; present because [stats::step()] gives it.
#' @param ... Nothing; an argument that is not known is an error.
#' @return `nobs`: the number of rows with a positive weight that were used. `df.residual`: that
#'   number minus `n_parameters()`. `n_parameters`: fixed-effects coefficients + covariance
#'   parameters \eqn{\theta}{theta} + 1 for \eqn{\sigma}{sigma}, less those that the data do not
#'   determine (see [lmm()]) and those that [constraints] hold. `n_groups`: a named integer vector,
#'   the number of levels of every grouping factor. A data frame is handed on to `n_groups()` of
#'   package dplyr, which has another function of this name.
#' @section Errors: class `henderson_error_argument` for an unknown argument or another object.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' nobs(fit)
#' n_groups(fit)
#' n_parameters(fit)
#' @importFrom stats nobs
#' @export
nobs.henderson_fit <- function(object, use.fallback = FALSE, ...) {
  check_no_dots(...)
  as.integer(object$n)
}

#' @rdname nobs.henderson_fit
#' @export
df.residual.henderson_fit <- function(object, ...) {
  check_no_dots(...)
  nobs.henderson_fit(object) - n_parameters(object)
}

#' @rdname nobs.henderson_fit
#' @export
n_parameters <- function(object, ...) {
  check_no_dots(...)
  check_fit(object, generalized = TRUE)
  parameter_count(object)
}

# Of a fit, or of what `nested_fit()` gives.
parameter_count <- function(fit) {
  scale <- if (is.null(fit$family)) 1L else length(fit$phi)
  length(fit$beta) + length(fit$theta) + length(fit$residual$phi) + scale -
    undetermined_count(fit) - constrained_count(fit)
}

#' @rdname nobs.henderson_fit
#' @export
n_groups <- function(object, ...) {
  check_no_dots(...)
  check_supplied(object)
  if (is.data.frame(object) && requireNamespace("dplyr", quietly = TRUE)) {
    return(dplyr::n_groups(object))
  }
  check_fit(object, generalized = TRUE)
  group <- vapply(object$random, `[[`, "", "group")
  counts <- vapply(object$random, function(term) length(term$levels), 1L)
  names(counts) <- group
  counts[!duplicated(group)]
}
