# The profiled criterion of a fit as a function of its covariance parameters.

#' Profiled deviance of a fit as a function of theta
#'
#' The ML deviance \eqn{-2\log L}{-2 log L}, or the REML criterion, with the fixed effects and the
#' residual variance profiled out (Bates et al. 2015, equations 34 and 41).
#'
#' @param fit a fit by [lmm()] that kept its model frame.
#' @param REML logical: which criterion; default that of the fit.
#' @param ... not used; an unknown argument is an error.
#' @return A function of `theta` (numeric vector in the order of `fit$theta`, lower triangles of
#'   \eqn{\Lambda}{Lambda} by columns) and `gradient = TRUE`. It returns one number, with the exact
#'   gradient as attribute `"gradient"` (numeric vector, per unit of `theta`) unless `gradient =
#'   FALSE`; `Inf` where the criterion is not defined.
#' @section Errors: `henderson_error_argument` for a `theta` of wrong type or length.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' d <- deviance_function(fit)
#' d(fit$theta)
#' d(c(1, 0, 0.2), gradient = FALSE)
#' @export
deviance_function <- function(fit, REML = NULL, ...) {
  check_no_dots(...)
  check_fit(fit)
  require_plain_residuals(fit, "The criterion as a function of theta")
  require_unconstrained(fit, "The criterion as a function of theta")
  check_flag(REML, null_ok = TRUE)
  if (is.null(REML)) REML <- fit$REML
  evaluate <- deviance_evaluator(cross_products_of(fit), REML)
  size <- length(fit$theta)
  random <- fit$random
  function(theta, gradient = TRUE, ...) {
    check_no_dots(...)
    check_supplied(theta)
    check_numeric(theta, length = size)
    check_flag(gradient)
    check_correlations(theta, random, "theta")
    result <- evaluate(as.double(theta), gradient)
    if (gradient) structure(result$value, gradient = result$gradient) else result$value
  }
}
