# Fitted values, residuals and weights, one for each row of the model frame.
#
# Rows left out by na.exclude come back as NA (`naresid`, `napredict`); na.omit leaves them out.

#' Fitted values and residuals
#'
#' @param object A fit by [lmm()].
#' @param type One string. `"response"` and `"working"`: \eqn{y - \hat\mu}{y - mu_hat}. `"pearson"`
#'   and `"deviance"`: \eqn{\sqrt{w} (y - \hat\mu)}{sqrt(w) (y - mu_hat)}, with \eqn{w} the weights
#'   of the fit; with a residual structure divided by the standard deviation of the row's stratum
#'   over \eqn{\sigma}{sigma} as well. `"normalized"`: \eqn{R^{-1/2}(y - \hat\mu) /
#'   \hat\sigma}{R^(-1/2) (y - mu_hat) / sigma_hat}, uncorrelated and of variance one if the
#'   structure \eqn{R} of the residuals ([residual_structure]) is right; without one
#'   \eqn{R = W^{-1}}{R = W^-1}.
#' @param scaled One logical: `TRUE` divides by \eqn{\hat\sigma}{sigma_hat}.
#' @param data,to `NULL`; or [chunks()], of whose rows the values are computed, and where they go:
#'   see [fitted_in_pieces].
#' @param ... Nothing (`verbose` of `residuals()` is passed over); an argument that is not known is
#'   an error.
#' @return A named numeric vector, one element for each row of the model frame; with `na.action =
#'   na.exclude` one for each row of the data, `NA` where values were missing. `fitted`:
#'   \eqn{\hat\mu = X\hat\beta + Zb}{mu_hat = X beta_hat + Zb} plus the offset, with \eqn{b} the
#'   conditional modes.
#' @section Errors: `henderson_error_argument` for a malformed argument, `henderson_error_data`
#'   when the fit was told not to keep its model frame.
#' @source Pinheiro and Bates (2000), *Mixed-Effects Models in S and S-PLUS*, section 4.3.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' head(fitted(fit))
#' head(residuals(fit, scaled = TRUE))
#' @importFrom stats residuals fitted
#' @export
residuals.henderson_lmm <- function(object, type = c("response", "pearson", "working", "deviance",
                                                     "normalized"),
                                    scaled = FALSE, ..., data = NULL, to = NULL) {
  # package performance gives it
  check_caller_dots(..., tolerated = "verbose")
  type <- check_choice(type, c("response", "pearson", "working", "deviance", "normalized"))
  check_flag(scaled)
  if (type == "normalized") scaled <- TRUE
  if (!is.null(data)) {
    return(stream_column(object, data, to, ".resid", function(rows) {
      root <- if (type %in% c("response", "working")) 1 else sqrt(rows$.weights)
      rows$.resid * root / if (scaled) object$sigma else 1
    }))
  }
  values <- model_response(object) - object$fitted
  if (type %in% c("pearson", "deviance", "normalized") && !is.null(object$weights)) {
    values <- values * sqrt(object$weights)
  }
  if (type %in% c("pearson", "deviance")) values <- values / residual_deviations_of_rows(object)
  if (type == "normalized" && has_residual(object)) {
    values <- drop(transform_residuals(object, values, TRUE))
  }
  if (scaled) values <- values / object$sigma
  stats::naresid(object$na.action, with_row_names(object, values))
}

#' @rdname residuals.henderson_lmm
#' @export
fitted.henderson_fit <- function(object, ..., data = NULL, to = NULL) {
  check_no_dots(...)
  if (!is.null(data)) {
    return(stream_column(object, data, to, ".fitted", function(rows) rows$.fitted))
  }
  if (!is.null(object$summed)) model_frame_of(object)
  stats::napredict(object$na.action, with_row_names(object, object$fitted))
}

#' Weights of the observations
#'
#' @inheritParams residuals.henderson_lmm
#' @param type One string, `"prior"` or `"working"`; both are the same in a linear mixed model.
#' @param ... Nothing; an argument that is not known is an error.
#' @return Numeric vector, one element for each row of the model frame: the weights \eqn{w_i}
#'   given to [lmm()], or ones. The residual variance of observation i is \eqn{\sigma^2 /
#'   w_i}{sigma^2 / w_i}. With `na.exclude`, `NA` for the rows left out.
#' @section Errors: class `henderson_error_argument` for a malformed argument.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy, weights = rep(1:2, 90))
#' head(weights(fit))
#' @importFrom stats weights
#' @export
weights.henderson_fit <- function(object, type = c("prior", "working"), ...) {
  check_no_dots(...)
  check_choice(type, c("prior", "working"))
  if (!is.null(object$summed)) model_frame_of(object)
  values <- if (is.null(object$weights)) rep(1, length(object$fitted)) else object$weights
  stats::naresid(object$na.action, values)
}

# Residuals over their standard deviations of the rows with positive weight: what the summary
# describes.
scaled_residuals <- function(fit) {
  values <- (model_response(fit) - fit$fitted) / fit$sigma / residual_deviations_of_rows(fit)
  if (is.null(fit$weights)) {
    return(values)
  }
  (values * sqrt(fit$weights))[fit$weights > 0]
}
