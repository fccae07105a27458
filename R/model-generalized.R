# What a fit by glmm() says of itself: likelihood, family, residuals.
#
# Notation: mu, the means; eta, the linear predictor; w, prior weights; phi, what a family has
# besides its mean (R/data-family.R).

#' Likelihood, family and residuals of a generalized model
#'
#' @param object A fit by [glmm()].
#' @param type Residuals \eqn{y - \mu}{y - mu}: "response" as they are; "pearson" over
#'   \eqn{\sqrt{V(\mu)/w}}{sqrt(V(mu) / w)} with the variance function and prior weight; "working"
#'   over \eqn{d\mu/d\eta}{dmu/deta}; "deviance" the signed roots of what a row adds to the deviance
#'   of its family. As in [stats::glm()] a dispersion is not part of \eqn{V}; size, overdispersion
#'   and precision of [nbinom2()], [nbinom1()] and [beta_family()] are. Weights: "prior" as those of
#'   [stats::glm()] (numbers of trials for `binomial`), or "working"
#'   \eqn{w (d\mu/d\eta)^2/V(\mu)}{w (dmu/deta)^2 / V(mu)}.
#' @param use.fallback Not used.
#' @param ... Nothing; an argument that is not known is an error.
#' @return `logLik`: of class "logLik", by Laplace's approximation, with all constants. `deviance`:
#'   -2 log L, one number. `family`: of class "family". `sigma`: the root of the residual variance
#'   or dispersion; 1 for `binomial` and `poisson`. `residuals`, `weights`: numeric, one for each
#'   row
#'   (`NA` for those that `na.exclude` left out).
#' @section Errors: `henderson_error_unsupported` for deviance residuals of [nbinom1()] and
#'   [beta_family()], whose densities are no exponential families, and for `sigma` of families whose
#'   \eqn{\phi}{phi} is no dispersion: it is `fit$phi`.
#' @source McCullagh, P. and Nelder, J. A. (1989), *Generalized Linear Models*, 2nd edition, Chapman
#'   and Hall, section 2.4.
#' @examples
#' counts <- data.frame(herd = rep(1:15, each = 4), cases = rep(c(0, 1, 4, 2, 7, 3), 10))
#' fit <- glmm(cases ~ 1 + (1 | herd), counts, family = poisson)
#' logLik(fit)
#' head(residuals(fit, type = "pearson"))
#' @name glmm_methods
NULL

#' @rdname glmm_methods
#' @export
logLik.henderson_glmm <- function(object, ...) {
  check_no_dots(...)
  n <- nobs.henderson_fit(object)
  structure(-object$criterion / 2,
    nobs = n, nall = n, df = parameter_count(object), class = "logLik"
  )
}

#' @rdname glmm_methods
#' @export
deviance.henderson_glmm <- function(object, ...) {
  check_no_dots(...)
  object$criterion
}

#' @rdname glmm_methods
#' @export
family.henderson_glmm <- function(object, ...) {
  check_no_dots(...)
  object$family$object
}

#' @rdname glmm_methods
#' @export
sigma.henderson_glmm <- function(object, use.fallback = TRUE, ...) {
  check_no_dots(...)
  if (is.null(object$phi)) return(1)
  if (object$family$phi %in% c("variance", "dispersion")) return(sqrt(object$phi))
  abort(c(
    "The family {.val {object$family$name}} has no residual standard deviation.",
    "i" = "Its {object$family$phi} is {.code fit$phi}."
  ), kind = "unsupported", variable = "sigma", observed = object$family$name)
}

#' @rdname glmm_methods
#' @export
residuals.henderson_glmm <- function(object, type = c("deviance", "pearson", "working", "response"),
                                     ...) {
  check_no_dots(...)
  type <- check_choice(type, c("deviance", "pearson", "working", "response"))
  values <- generalized_residuals(object, type)
  stats::naresid(object$na.action, with_row_names(object, values))
}

#' @rdname glmm_methods
#' @export
weights.henderson_glmm <- function(object, type = c("prior", "working"), ...) {
  check_no_dots(...)
  type <- check_choice(type, c("prior", "working"))
  values <- object$weights %||% rep(1, length(object$fitted))
  if (type == "working") {
    slope <- object$family$object$mu.eta(object$linear_predictor)
    values <- values * slope^2 / variance_function(object)
  }
  stats::naresid(object$na.action, values)
}

generalized_residuals <- function(fit, type) {
  y <- model_response(fit)
  weights <- fit$weights %||% 1
  if (type == "deviance") return(sign(y - fit$fitted) * sqrt(pmax(0, unit_deviances(fit))))
  values <- y - fit$fitted
  switch(type,
    response = values,
    pearson = values * sqrt(weights / variance_function(fit)),
    working = values / fit$family$object$mu.eta(fit$linear_predictor)
  )
}

# Variance of a row of weight one, a dispersion left out.
variance_function <- function(fit, mu = fit$fitted) {
  switch(fit$family$name,
    nbinom2 = mu + mu^2 / fit$phi,
    nbinom1 = mu * (1 + fit$phi),
    beta = mu * (1 - mu) / (1 + fit$phi),
    fit$family$object$variance(mu)
  )
}

# What each row adds to the deviance of its family.
unit_deviances <- function(fit) {
  y <- model_response(fit)
  mu <- fit$fitted
  weights <- fit$weights %||% rep(1, length(y))
  name <- fit$family$name
  if (name == "nbinom2") {
    size <- fit$phi
    own <- ifelse(y == 0, 0, y * log(y / mu))
    return(2 * weights * (own - (y + size) * log((y + size) / (mu + size))))
  }
  if (name %in% c("nbinom1", "beta")) {
    abort(c(
      "The family {.val {name}} is no exponential family: it has no deviance residuals.",
      "i" = "Use {.code residuals(fit, type = \"pearson\")}."
    ), kind = "unsupported", variable = "type", observed = name)
  }
  fit$family$object$dev.resids(y, mu, weights)
}

# Standard errors, z values and p values of the fixed effects.
z_tests <- function(fit) {
  error <- sqrt(diag(fit$vcov))
  z <- fit$beta / error
  cbind(
    Estimate = fit$beta, "Std. Error" = error, "z value" = z,
    "Pr(>|z|)" = 2 * stats::pnorm(-abs(z))
  )
}
