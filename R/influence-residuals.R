# Leverages, and residuals over their standard deviations.

#' Leverages and standardized residuals
#'
#' @param model A fit by [lmm()] that holds its model frame.
#' @param ... Nothing; an argument that is not known is an error.
#' @details `hatvalues()`: the diagonal \eqn{h_i} of the matrix that makes fitted values
#'   \eqn{X\hat\beta + Zb}{X beta_hat + Zb} of the response, covariance parameters known; their sum
#'   is the effective number of parameters. `rstandard()`: \eqn{\sqrt{w_i} (y_i - \hat\mu_i) /
#'   (\hat\sigma \sqrt{1 - h_i})}{sqrt(w) (y - mu) / (sigma sqrt(1 - h))}; the variance of a
#'   conditional residual is \eqn{\sigma^2 (1 - h_i) / w_i}{sigma^2 (1 - h) / w} exactly.
#'   `rstudent()`: the same with sigma estimated without row i, covariance parameters relative to it
#'   held, \eqn{\sqrt{(n - p - 1) / (m - t_i^2)} t_i}{t sqrt((n - p - 1) / (m - t^2))} for
#'   \eqn{t_i}{t} = `rstandard()`, m = n by ML and n - p by REML. lme4's `rstudent()` is what
#'   `rstandard()` is here.
#'
#' @return A named numeric vector, one element for each row; with `na.exclude` one for each row of
#'   the data. `NaN` where the leverage is 1, `NA` where the weight is 0.
#' @section Errors: class `henderson_error_data` when the fit does not hold its model frame.
#' @seealso [influence()][influence.henderson_lmm], [residuals()][residuals.henderson_lmm].
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' sum(hatvalues(fit))
#' head(rstandard(fit))
#' head(rstudent(fit))
#' @importFrom stats hatvalues
#' @export
hatvalues.henderson_lmm <- function(model, ...) {
  check_no_dots(...)
  stats::napredict(model$na.action, with_row_names(model, leverages(model)))
}

leverages <- function(fit) {
  all <- selected_columns(fit, NULL)
  parts <- prediction_parts(fit, NULL, seq_along(fit$random), FALSE)
  prediction_variance(fit, parts, all, FALSE)$kappa * (fit$weights %||% 1)
}

#' @rdname hatvalues.henderson_lmm
#' @importFrom stats rstandard
#' @export
rstandard.henderson_lmm <- function(model, ...) {
  check_no_dots(...)
  stats::naresid(model$na.action, with_row_names(model, standardized_residuals(model)))
}

standardized_residuals <- function(fit) {
  weights <- fit$weights %||% rep(1, length(fit$fitted))
  left <- 1 - leverages(fit)
  left[left < 1e-10] <- NaN
  weights[weights == 0] <- NA
  sqrt(weights / left) * (model_response(fit) - fit$fitted) / fit$sigma
}

#' @rdname hatvalues.henderson_lmm
#' @importFrom stats rstudent
#' @export
rstudent.henderson_lmm <- function(model, ...) {
  check_no_dots(...)
  values <- standardized_residuals(model)
  used <- sum(!is.na(values) | is.nan(values))
  count <- length(model$beta)
  degrees <- if (model$REML) used - count else used
  values <- values * sqrt((used - count - 1) / (degrees - values^2))
  stats::naresid(model$na.action, with_row_names(model, values))
}
