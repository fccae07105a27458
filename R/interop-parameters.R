# What package parameters asks of a model beside what insight gives: standard errors, p-values,
# limits, degrees of freedom and bootstrap draws of the fixed effects. Its default methods know
# nothing of Kenward and Roger's covariance, and draw rows without regard to groups.

#' What package parameters does with a fit
#'
#' With these methods `parameters::model_parameters()`, `compare_parameters()` and what is made of
#' them give tables of the fixed effects of fits by [lmm()].
#'
#' @section Degrees of freedom: as for fits by lme4, `ci_method` (`method`) `NULL`, `"wald"` or
#'   `"residual"` takes t quantiles with observations minus parameters, which is too many;
#'   `"satterthwaite"` and `"kenward"` those of [summary()][summary.henderson_lmm], the latter with
#'   its adjusted standard errors; `"normal"` normal quantiles; `"profile"` and `"boot"` (limits
#'   only) those of [confint()]. `"ml1"` and `"betwithin"` are refused.
#' @section Not available: Random effects are no part of the table (`parameters::model_parameters()`
#'   has them for a list of classes): `effects = "random"` and `"all"` are errors, and
#'   [variance_components()], [ranef()] and [tidy()][broom_support] have them. So is `standardize =
#'   "refit"`: standardize the data.
#' @param model,x A fit by [lmm()].
#' @param method `NULL` or one string, see above.
#' @param effects Must be `"fixed"`.
#' @param dof `NULL`, or degrees of freedom, one number or one for each coefficient.
#' @param ci Numeric vector: confidence levels.
#' @param vcov `NULL`, or as for `insight::get_varcov()`; a matrix or a function of the fit.
#' @param iterations,type Number of draws and one of the types of [bootstrap()].
#' @param ... Passed on to `insight::get_varcov()` if there is a `vcov`; otherwise unused.
#' @return `model_parameters`: see there. Others: data frames with a row for each coefficient,
#'   column `Parameter` and `SE`, `p`, or `CI`,
#'   `CI_low`, `CI_high` (for each level below each other). `bootstrap_model`: a data frame of class
#'   `bootstrap_model`, one row for each draw, one column for each coefficient.
#' @section Errors: `henderson_error_argument` for a malformed argument;
#'   `henderson_error_unsupported` for what is not available.
#' @source Luedecke, Ben-Shachar, Patil and Makowski (2020), *Journal of Open Source Software*
#'   5(53), 2445.
#' @seealso [interoperability] for other packages.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' if (requireNamespace("parameters", quietly = TRUE)) {
#'   parameters::p_value(fit, method = "kenward")
#' }
#' @name parameters_support
NULL

#' @rdname parameters_support
#' @exportS3Method parameters::model_parameters
model_parameters.henderson_lmm <- function(model, effects = "fixed", ...) {
  if (!identical(effects, "fixed")) {
    no_method("parameters::model_parameters(effects = )", paste(
      "{.code variance_components(fit)} has standard deviations and correlations,",
      "{.code as.data.frame(ranef(fit))} random effects."
    ))
  }
  NextMethod()
}

#' @rdname parameters_support
#' @exportS3Method parameters::standard_error
standard_error.henderson_lmm <- function(model, effects = "fixed", method = NULL, vcov = NULL,
                                         ...) {
  if (!identical(effects, "fixed") && !identical(effects, "all")) {
    no_method("parameters::standard_error(effects = )", paste(
      "{.code as.data.frame(ranef(fit))} has those of random effects."
    ))
  }
  covariance <- if (!is.null(vcov)) {
    if (is.function(vcov)) vcov <- vcov(model)
    if (is.matrix(vcov)) {
      given_covariance(model, vcov, "vcov")
    } else {
      get_varcov.henderson_lmm(model, vcov = vcov, ...)
    }
  } else if (parameters_method(method) == "kenward") {
    known_covariance(model, contrast_covariance(model, "Kenward-Roger"))
  } else {
    known_covariance(model)
  }
  data.frame(Parameter = names(model$beta), SE = unname(sqrt(diag(covariance))))
}

# One of the names below, in parameters' words.
parameters_method <- function(method) {
  if (is.null(method)) return("residual")
  method <- tolower(check_string(method))
  known <- c(
    residual = "residual", wald = "residual", analytical = "residual", any = "residual",
    fit = "residual", normal = "normal", satterthwaite = "satterthwaite", kenward = "kenward",
    kr = "kenward", `kenward-roger` = "kenward", profile = "profile", boot = "boot"
  )
  if (method %in% names(known)) return(known[[method]])
  no_method(sprintf("parameters (method = \"%s\")", method), paste(
    "{.arg method} (or {.arg ci_method}) is {.val wald}, {.val normal}, {.val satterthwaite} or",
    "{.val kenward}."
  ))
}

# Degrees of freedom, one for each coefficient.
parameters_df <- function(fit, method, dof) {
  p <- length(fit$beta)
  if (!is.null(dof)) return(rep_len(as.numeric(dof), p))
  switch(parameters_method(method),
    normal = rep(Inf, p),
    satterthwaite = unname(coefficient_df(fit, "Satterthwaite")),
    kenward = unname(coefficient_df(fit, "Kenward-Roger")),
    rep(df.residual.henderson_fit(fit), p)
  )
}

#' @rdname parameters_support
#' @exportS3Method parameters::p_value
p_value.henderson_lmm <- function(model, method = NULL, dof = NULL, vcov = NULL, ...) {
  errors <- standard_error.henderson_lmm(model, method = method, vcov = vcov, ...)$SE
  df <- parameters_df(model, method, dof)
  p <- unname(2 * stats::pt(-abs(model$beta / errors), df))
  data.frame(Parameter = names(model$beta), p = p)
}

#' @rdname parameters_support
#' @exportS3Method parameters::ci
ci.henderson_lmm <- function(x, ci = 0.95, method = NULL, dof = NULL, vcov = NULL, ...) {
  kind <- parameters_method(method)
  names <- names(x$beta)
  tables <- lapply(ci, function(level) {
    check_level(level, "ci")
    limits <- if (kind %in% c("profile", "boot")) {
      confint.henderson_lmm(x, names, level = level, method = kind)
    } else {
      errors <- standard_error.henderson_lmm(x, method = method, vcov = vcov, ...)$SE
      half <- stats::qt((1 + level) / 2, parameters_df(x, method, dof)) * errors
      cbind(x$beta - half, x$beta + half)
    }
    data.frame(Parameter = names, CI = level, CI_low = unname(limits[, 1L]),
               CI_high = unname(limits[, 2L]))
  })
  do.call(rbind, tables)
}

# Of parameters 0.20; later versions ask insight.
degrees_of_freedom.henderson_lmm <- function(model, method = "analytical", ...) {
  parameters_df(model, method, NULL)
}

# The default draws rows, and breaks the groups.

#' @rdname parameters_support
#' @exportS3Method parameters::bootstrap_model
bootstrap_model.henderson_lmm <- function(model, iterations = 1000, type = "parametric", ...) {
  draws <- as.data.frame(bootstrap(model, nsim = iterations, type = type))
  draws <- draws[match(names(model$beta), names(draws))]
  draws <- draws[stats::complete.cases(draws), , drop = FALSE]
  structure(draws,
    class = c("bootstrap_model", "see_bootstrap_model", "data.frame"), original_model = model
  )
}

#' @rdname parameters_support
#' @exportS3Method datawizard::standardize
standardize.henderson_lmm <- function(x, ...) {
  no_method("datawizard::standardize", paste(
    "Standardize the data, {.code lmm(formula, datawizard::standardize(data))}."
  ))
}
