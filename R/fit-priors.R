# Priors on the covariances of random effects, for posterior modes.

#' Priors for the covariances of random effects
#'
#' Weakly informative priors keep estimated variances off zero and correlations off one where there
#' are few groups. `lmm_control(prior = )` takes them; the fit is then the mode of the posterior
#' distribution, and its prints say so.
#'
#' @param df one number, at least the number of effects + 1: degrees of freedom \eqn{\nu}{nu} of
#'   Wishart's distribution. `NULL`, the default: the number of effects + 2.5.
#' @param scale its scale V: `Inf` (the default), a positive number, for that multiple of the
#'   identity, or a positive definite matrix.
#' @param shape,rate one number each, at least 1 and at least 0: those of a gamma distribution of
#'   each standard deviation.
#' @param relative one logical: is the prior one of the covariances relative to the residual
#'   variance, \eqn{\Sigma/\sigma^2}{Sigma / sigma^2} (default), or of those in units of the
#'   response?
#' @param x a prior.
#' @param ... nothing.
#' @details With \eqn{\Sigma}{Sigma}, v x v, the covariance matrix of the effects of a level, or of
#'   one effect, and s a standard deviation, the criterion is minimised after the addition of
#'
#'   \deqn{-(\nu - v - 1) \log |\Sigma| + \mathrm{tr}(V^{-1} \Sigma), \quad
#'   -2 (a - 1) \log s + 2 b s.}{-(nu - v - 1) log|Sigma| + tr(V^-1 Sigma),
#'   -2 (a - 1) log s + 2 b s.}
#'
#'   The defaults are those of package blme, improper priors under which a variance of zero has
#'   density zero; Chung et al. (2013) take `prior_gamma(shape = 2, rate = 0)`, Chung et al. (2015)
#'   `prior_wishart(df = v + 2)`. A Wishart prior of independent effects (`||`) is one for each.
#'   With few levels and many degrees of freedom an improper prior may leave no mode; the fit warns
#'   that it has not converged.
#'
#'   [logLik()][logLik.henderson_lmm] and `reml_criterion()` are the likelihood at the mode, without
#'   the prior: AIC and BIC are no longer at its maximum, and [anova()][anova.henderson_lmm] of fits
#'   tests nothing. Standard errors, degrees of freedom and [variance_components()] come from the
#'   curvature of the penalised criterion. What refuses [constraints] refuses priors.
#' @return A list of class `henderson_prior`.
#' @section Errors: class `henderson_error_argument` for a malformed argument; by [lmm()]
#'   `henderson_error_control` for a name that the model does not have or a scale of another size,
#'   `henderson_error_unsupported` for `cs()` and `ar1()` terms, for an unstructured term with
#'   constraints, and for a gamma prior of correlated effects.
#' @source Chung, Rabe-Hesketh, Dorie, Gelman and Liu (2013), *Psychometrika* 78, 685-709; Chung,
#'   Gelman, Rabe-Hesketh, Liu and Dorie (2015), *Journal of Educational and Behavioral Statistics*
#'   40, 136-157.
#' @seealso [lmm_control()], [constraints]
#' @examples
#' few <- subset(sleepstudy, Subject %in% levels(Subject)[1:4])
#' lmm(Reaction ~ Days + (Days | Subject), few, control = lmm_control(prior = prior_wishart()))
#'
#' lmm(Reaction ~ Days + (Days || Subject), few,
#'   control = lmm_control(prior = list(Subject = prior_gamma(shape = 2)))
#' )
#' @export
prior_wishart <- function(df = NULL, scale = Inf, relative = TRUE) {
  if (!is.null(df)) check_number(df, min = 0)
  check_flag(relative)
  is_number <- is.numeric(scale) && length(scale) == 1L && !is.na(scale) && scale > 0
  is_definite <- is.matrix(scale) && is.numeric(scale) && all(is.finite(scale)) &&
    isSymmetric(unname(scale)) && min(eigen(scale, TRUE, only.values = TRUE)$values) > 0
  if (!is_number && !is_definite) {
    abort_argument(
      scale, "scale", "{.code Inf}, a positive number or a positive definite matrix", "argument",
      entry_frame()
    )
  }
  structure(
    list(family = "wishart", df = df, scale = scale, relative = relative),
    class = "henderson_prior"
  )
}

#' @rdname prior_wishart
#' @export
prior_gamma <- function(shape = 2.5, rate = 0, relative = TRUE) {
  check_number(shape, min = 1)
  check_number(rate, min = 0)
  check_flag(relative)
  structure(
    list(family = "gamma", shape = shape, rate = rate, relative = relative),
    class = "henderson_prior"
  )
}

#' @rdname prior_wishart
#' @export
format.henderson_prior <- function(x, ...) {
  number <- function(value) format(value, digits = 5L)
  text <- if (x$family == "gamma") {
    paste0("gamma(shape = ", number(x$shape), ", rate = ", number(x$rate), ")")
  } else {
    df <- if (is.null(x$df)) "v + 2.5" else number(x$df)
    scale <- if (is.matrix(x$scale)) "a matrix" else number(x$scale)
    paste0("wishart(df = ", df, ", scale = ", scale, ")")
  }
  paste0(text, if (x$relative) " relative to sigma")
}

#' @rdname prior_wishart
#' @export
print.henderson_prior <- function(x, ...) {
  write_lines(paste("Prior", format.henderson_prior(x)))
  invisible(x)
}

#' Priors of the terms of a model
#'
#' @param given `control$prior`; `random` terms in theta order; `constrained` the table of
#'   constrained parameters.
#' @return list, an element for each term with a prior: list(`text`, `core` (as `as_constraints()`
#'   in C++ reads it)).
#' @noRd
new_priors <- function(given, random, constrained) {
  if (is.null(given)) return(list())
  groups <- vapply(random, `[[`, "", "group")
  if (is.null(names(given))) {
    chosen <- rep(given, length(random))
  } else {
    names(given) <- enc2utf8(names(given))
    unknown <- setdiff(names(given), groups)
    if (length(unknown) > 0L) {
      abort(c(
        "{.arg prior} names the grouping factor {.val {unknown[1L]}}, which the model lacks.",
        "i" = suggestion(unknown[1L], groups),
        "i" = "It has {.val {unique(groups)}}."
      ), kind = "control", variable = "prior", observed = unknown)
    }
    chosen <- given[match(groups, names(given))]
  }
  has_prior <- !vapply(chosen, is.null, TRUE)
  Map(term_prior, chosen[has_prior], random[has_prior], MoreArgs = list(constrained = constrained))
}

term_prior <- function(prior, term, constrained) {
  text <- term$text
  refuse <- function(why, advice = NULL) {
    abort(c(paste0("A prior of the term {.code ({text})} is not available yet: ", why),
      "i" = advice
    ), kind = "unsupported", variable = "prior", observed = text)
  }
  if (!has_entries(term$structure)) {
    refuse("its parameters are standard deviations and a correlation by a structure.")
  }
  joint <- has_covariances(term$structure) && length(term$columns) > 1L
  v <- if (joint) length(term$columns) else 1L
  if (joint && any(constrained$theta %in% term$theta_index)) {
    refuse("some of its parameters are constrained.")
  }
  if (joint && prior$family == "gamma") {
    refuse("gamma's is one of a single standard deviation, and its effects are correlated.",
      advice = "Use {.fn prior_wishart}, or {.code ||}."
    )
  }
  precision <- NULL
  if (prior$family == "wishart") {
    if (is.null(prior$df)) prior$df <- v + 2.5
    if (prior$df < v + 1) {
      abort(c(
        "{.arg df} of the prior of {.code ({text})} must be at least {v + 1}, not {prior$df}.",
        "i" = "With less the density is infinite at a variance of zero."
      ), kind = "control", variable = "prior", observed = prior$df)
    }
    if (is.matrix(prior$scale) && nrow(prior$scale) != v) {
      size <- dim(prior$scale)
      abort(c(
        "{.arg scale} of the prior of {.code ({text})} must be {v} x {v}, not {size[1L]} x
         {size[2L]}."
      ), kind = "control", variable = "prior", observed = size)
    }
    if (is.matrix(prior$scale)) {
      precision <- unname(solve(prior$scale))
    } else if (is.finite(prior$scale)) {
      precision <- diag(1 / prior$scale, v)
    }
  }
  list(
    text = paste0(format.henderson_prior(prior), " on (", text, ")"),
    core = list(
      theta = term$theta_index[1L], wishart = prior$family == "wishart",
      degrees = as.double(if (prior$family == "wishart") prior$df else prior$shape),
      precision = precision, rate = as.double(prior$rate %||% 0), relative = prior$relative
    )
  )
}
