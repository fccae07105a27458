# Generalized linear mixed models: the entry point, and its way through the core.

#' Fit a generalized linear mixed model
#'
#' Fits \eqn{g(E(y | b)) = X\beta + Zb}{g(E(y | b)) = X beta + Zb} with \eqn{b \sim N(0,
#' \Gamma)}{b ~ N(0, Gamma)} by maximum likelihood, the integral over \eqn{b}{b} by Laplace's
#' approximation.
#'
#' @details
#' Formulas, data and random-effects terms are those of [lmm()]. The likelihood is maximized over
#' the fixed effects, the covariances and, of families that have one, the parameter \eqn{\phi}{phi}
#' together, by Newton's method with exact gradients. All normalizing constants are in it: it can be
#' compared with those of [stats::glm()] and of other programs.
#'
#' The response is
#'
#' \describe{
#'   \item{`binomial`}{zeros and ones, a logical, a factor (its first level is failure),
#'     `cbind(successes, failures)`, or shares of successes with the numbers of trials as `weights`}
#'   \item{`poisson`, [nbinom2()], [nbinom1()]}{counts}
#'   \item{`Gamma`, `inverse.gaussian`}{positive numbers}
#'   \item{`gaussian`}{numbers; with the identity link [lmm()] does the same, faster, and by REML}
#'   \item{[beta_family()]}{numbers between 0 and 1}
#' }
#'
#' Links are `logit`, `probit`, `cauchit`, `cloglog`, `log`, `identity`, `inverse`, `sqrt` and
#' `1/mu^2`. \eqn{\phi}{phi} is the residual variance of `gaussian`, the dispersion of `Gamma`
#' (variance \eqn{\phi\mu^2}{phi mu^2}) and `inverse.gaussian` (\eqn{\phi\mu^3}{phi mu^3}), and what
#' [nbinom2()] and [beta_family()] say of it. It is estimated by maximum likelihood, never by
#' moments.
#'
#' Random effects are on the scale of the link, and so are their standard deviations: nothing is
#' relative to a residual standard deviation. Standard errors of fixed effects are those of the
#' inverse of half the Hessian of -2 log L by all parameters together, covariances included, as
#' `lme4::glmer()` has them by default; parameters on the boundary are left out of it.
#'
#' The determinant in Laplace's approximation is that of the observed information. For links that
#' are not canonical `lme4::glmer()` takes the expected one, and its log-likelihoods differ a
#' little.
#'
#' @inheritParams lmm
#' @param formula two-sided formula with at least one random-effects term.
#' @param data data frame (or list, or environment) with the variables; those not found in it are
#'   looked up in the formula's environment.
#' @param family a family such as `binomial` or `poisson("sqrt")`, a function that makes one, or its
#'   name: see Details.
#' @param control settings from [lmm_control()], of which `optimizer` is "newton" or "none".
#' @param start `NULL`, a numeric vector or `list(theta = )`: where the optimizer starts. The
#'   parameters are the entries of \eqn{\Lambda}{Lambda} with \eqn{\Gamma =
#'   \Lambda\Lambda'}{Gamma = Lambda Lambda'}, standard deviations for scalar terms, in the order of
#'   `fit$theta`.
#' @param nAGQ 1: Laplace's approximation. Other numbers of quadrature points are not available.
#' @param subset,na.action,offset as in [stats::glm()]: evaluated in `data`, then in the formula's
#'   environment. An offset is on the scale of the link.
#' @param weights as in [stats::glm()]: of the family `binomial` numbers of trials where the
#'   response are shares; otherwise a weight multiplies the log density of its row, and divides the
#'   dispersion of `gaussian`, `Gamma` and `inverse.gaussian`.
#' @return An object of class `c("henderson_glmm", "henderson_fit")`, a plain list. Use [summary()],
#'   [fixef()], [ranef()], [VarCorr()], [coef()], [predict()], [fitted()], [residuals()], [anova()],
#'   [logLik()] and others to read it. What [lmm()] has and glmm() does not have yet is refused.
#' @section Errors: as of [lmm()], and `family` for families and links that cannot be fitted,
#'   `response` for a response outside the family's range (with its row).
#' @references Breslow, N. E. and Clayton, D. G. (1993). Approximate inference in generalized linear
#'   mixed models. *Journal of the American Statistical Association* 88(421), 9-25.
#'   \doi{10.1080/01621459.1993.10594284}
#'
#'   Tierney, L. and Kadane, J. B. (1986). Accurate approximations for posterior moments and
#'   marginal densities. *Journal of the American Statistical Association* 81(393), 82-86.
#'   \doi{10.1080/01621459.1986.10478240}
#' @seealso [lmm()], [predict()][predict.henderson_glmm], [summary()][summary.henderson_glmm]
#' @examples
#' cases <- data.frame(
#'   herd = rep(1:10, each = 4), period = factor(rep(1:4, 10)), size = 15,
#'   incidence = c(5, 2, 1, 1, 3, 1, 0, 2, 8, 4, 2, 0, 2, 1, 1, 0, 1, 3, 0, 1, 6, 1, 3, 1, 4, 0, 1,
#'                 2, 3, 2, 1, 0, 7, 5, 2, 2, 0, 1, 0, 0)
#' )
#' fit <- glmm(cbind(incidence, size - incidence) ~ period + (1 | herd), cases, family = binomial)
#' summary(fit)
#' @importFrom stats binomial
#' @export
glmm <- function(formula, data = NULL, family = binomial, control = lmm_control(), start = NULL,
                 verbose = 0L, nAGQ = 1L, subset, weights, na.action, offset, contrasts = NULL, ...,
                 relationship = NULL) {
  check_no_dots(...)
  call <- match.call()
  caller <- parent.frame()
  evaluated_arguments(call, caller, environment())
  control <- check_glmm_control(if (missing(control)) default_control else check_control(control))
  control$trace <- max(control$trace, check_count(as_count(verbose), "verbose"))
  check_quadrature(nAGQ)
  family <- check_family(family, caller)
  if (!is.null(family$phi)) family$object$phi <- family$phi
  parsed <- parse_formula(formula, caller)
  parsed <- with_relationship(parsed, check_relationship(relationship))
  parsed$family <- family
  check_glmm_data(data)
  for (name in intersect(names(call), c("data", "subset", "weights", "na.action", "offset"))) {
    if (is.symbol(call[[name]])) call[[name]] <- expression_behind_dots(call[[name]], caller)
  }
  frame <- model_frame(parsed, data, call, caller)
  fit <- fit_glmm_frame(parsed, frame, contrasts, control, start, call)
  fit$start <- start
  fit
}

check_quadrature <- function(nAGQ) {
  if (is_plain_number(nAGQ) && nAGQ == 1) return(invisible(NULL))
  given <- describe_value(nAGQ)
  abort(c(
    "{.arg nAGQ} must be 1, Laplace's approximation; it is {given}.",
    "i" = if (identical(as.double(nAGQ), 0)) {
      "{.code nAGQ = 0} is no maximum of the likelihood; Laplace's approximation is as fast here."
    } else {
      "Adaptive quadrature is not available yet."
    }
  ), kind = "argument", variable = "nAGQ", observed = given)
}

check_glmm_control <- function(control, call = entry_frame()) {
  if (control$optimizer %in% c("bfgs", "nelder_mead")) {
    abort(c(
      "{.fn glmm} has its own optimizer only, not {.val {control$optimizer}}.",
      "i" = "Use {.code lmm_control(optimizer = \"newton\")}, the default."
    ), kind = "control", variable = "optimizer", observed = control$optimizer, call = call)
  }
  if (has_constraints(control)) {
    abort(c(
      "{.arg fix}, {.arg equal} and {.arg prior} are not available for {.fn glmm} yet."
    ), kind = "control", variable = "control", call = call)
  }
  control
}

check_glmm_data <- function(data) {
  if (!inherits(data, c("henderson_cross_products", "henderson_chunks", "tbl_lazy"))) {
    return(invisible(NULL))
  }
  abort(c(
    "{.fn glmm} needs the rows of the data in memory; {.arg data} is {describe_value(data)}.",
    "i" = "Cross-products do not determine the likelihood of a generalized model."
  ), kind = "data", variable = "data", observed = class(data)[1L])
}

#' Fit a checked model frame
#' @param parsed with `family`.
#' @noRd
fit_glmm_frame <- function(parsed, frame, contrasts, control, start, call) {
  design <- model_design(parsed, frame, contrasts, glmm_checks(control, parsed$family))
  start <- check_start(start, design$random, control)
  rows <- design
  rows["weights"] <- rows["offset"] <- list(NULL)
  prepared <- prepare_design(rows, frame, control)
  on.exit(release_cpp(prepared$pointer))
  result <- fit_glmm_core(prepared$pointer, design, parsed$family, control, start)
  check_glmm_defined(result, parsed$family)
  print_trace(result$evidence$trace, control$trace)
  fit <- new_glmm_fit(call, parsed, frame, design, prepared$columns, control, result)
  report_glmm_outcome(fit, control)
  fit
}

# A variance by row can be told from a Poisson or binomial one.
glmm_checks <- function(control, family) {
  if (is.null(family$phi)) control[c("check_nobs_vs_nlev", "check_nobs_vs_nre")] <- "ignore"
  control
}

fit_glmm_core <- function(pointer, design, family, control, start) {
  if (!is.null(start)) start <- canonical_signs(start, design$random)
  response <- design$response
  core <- list(
    family = family$name, link = family$link, y = response$y,
    weight = as_double(response$weight), trials = as_double(response$trials),
    offset = as_double(design$offset)
  )
  options <- list(
    REML = FALSE, optimize = control$optimizer != "none", start = start,
    max_iterations = control$max_iterations, tolerance = control$tolerance
  )
  result <- fit_glmm_cpp(pointer, core, options)
  if (result$status == "out_of_memory") abort_out_of_memory(design$random)
  result$optimizer <- newton_outcome(result$evidence, control)
  result
}

as_double <- function(x) if (!is.null(x)) as.double(x)

check_glmm_defined <- function(result, family) {
  if (result$status == "fitted") return(invisible(NULL))
  abort(c(
    "The likelihood is not defined where the search begins.",
    "i" = "With the link {.val {family$link}} some means are outside of the family's range there.",
    "i" = "A link that gives every predictor a mean has no such trouble; {.arg start} with smaller
           standard deviations may help."
  ), kind = "computation", variable = "family", observed = family$link)
}

report_glmm_outcome <- function(fit, control) {
  outcome <- fit$optimization
  if (isFALSE(outcome$converged)) {
    problem <- convergence_problem(outcome, control)
    warn(c(
      "The optimizer stopped after {outcome$evaluations} evaluation{?s} without converging:
       {problem$reason}.",
      "i" = "Another {.arg start} may help; so may predictors that are rescaled or centred."
    ), kind = "convergence", observed = outcome$status)
  }
  if (outcome$singular && control$optimizer != "none") {
    report(control$check_singular, c(
      "The fit is singular: some variances are zero or some correlations are one.",
      "i" = "`VarCorr(fit)` shows which."
    ), kind = "singular")
  }
  invisible(fit)
}

#' New fit of a generalized model
#'
#' @param parsed,frame,design,control what the fit was asked for.
#' @param columns list(`X`, `dropped`, `all_columns`, `assign`).
#' @param result list from `fit_glmm_core()`.
#' @return list of class `c("henderson_glmm", "henderson_fit")`, see design/internal-objects.md.
#' @noRd
new_glmm_fit <- function(call, parsed, frame, design, columns, control, result) {
  offset <- design$offset
  response <- design$response
  design["offset"] <- list(NULL)
  result$point$sigma <- 1
  fit <- unclass(new_lmm_fit(
    call, parsed, FALSE, frame, design, columns, control, result, NULL
  ))
  family <- parsed$family
  fit$family <- family
  # a list keeps its NULL
  fit["offset"] <- list(offset)
  fit$response <- response[c("y", "trials", "weight", "names")]
  fit$linear_predictor <- fit$fitted
  fit$fitted <- family$object$linkinv(fit$linear_predictor)
  if (!is.null(family$phi)) fit$phi <- exp(result$point$log_phi)
  names <- c(names(fit$theta), names(fit$beta), if (!is.null(family$phi)) "log(phi)")
  fit$covariance <- structure(result$point$covariance, dimnames = list(names, names))
  fit$joint <- result$point$joint
  counted <- response$weight %||% response$trials
  fit$n <- if (is.null(counted)) length(response$y) else sum(counted > 0)
  class(fit) <- c("henderson_glmm", "henderson_fit")
  fit
}
