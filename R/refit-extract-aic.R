# AIC for the selection of models, which compares fits by maximum likelihood.

#' AIC in the form the model-selection functions of stats use
#'
#' @param fit A fit by [lmm()]. A REML fit is refitted by maximum likelihood, since fits with
#'   different fixed effects are compared.
#' @param scale Ignored, as there is no known scale; present because the generic has it.
#' @param k One number: the penalty for each parameter. 2 gives the AIC, `log(nobs(fit))` the BIC.
#' @param ... Nothing; an argument that is not known is an error.
#' @return Numeric vector of length 2: number of parameters and \eqn{-2 \log L + k \times}{-2 log L
#'   + k times} that number.
#' @section Errors: class `henderson_error_argument` for an unknown or malformed argument.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' extractAIC(fit)
#' @importFrom stats extractAIC
#' @export
extractAIC.henderson_lmm <- function(fit, scale = 0, k = 2, ...) {
  check_no_dots(...)
  check_number(k)
  parameters <- n_parameters(fit)
  c(parameters, refit_ml(fit)$criterion + k * parameters)
}
