# What package effects does with a fit: Effect(), and by it allEffects(), predictorEffect() and
# predictorEffects(). Its default method evaluates the call of a model anew, by glm(), and needs the
# data where they were.

#' What package effects does with a fit
#'
#' With this method `effects::Effect()`, `allEffects()`, `predictorEffect()` and
#' `predictorEffects()`, and their plots, work on fits by [lmm()]: fitted values of the fixed part
#' over a grid of the focal predictors, the others averaged as documented by effects.
#'
#' @section Limits: as for fits by lme4, t quantiles with the number of observations minus that of
#'   coefficients as degrees of freedom, which is too many for whatever varies between groups only.
#'   Package emmeans has Satterthwaite's and Kenward and Roger's: `emmeans::emmeans(fit, "gen")`,
#'   or give `se = list(level = )`.
#' @section Data: those of the fit, whatever their name stands for by now.
#' @param focal.predictors Character vector: the focal predictors.
#' @param mod A fit by [lmm()].
#' @param KR One logical: is the covariance that of Kenward and Roger (fits by REML only)?
#' @param ... Passed on to `effects::Effect()`: `xlevels`, `fixed.predictors`, `se`, `residuals`
#'   and others.
#' @return An object of class `eff`, as documented by effects.
#' @section Errors: `henderson_error_argument` for a model without fixed effects, and `KR` of a fit
#'   by maximum likelihood; `henderson_error_unsupported` where the data do not determine the
#'   covariance of the fixed effects.
#' @source Fox (2003), *Journal of Statistical Software* 8(15), 1--27.
#' @seealso [interoperability] for other packages.
#' @examples
#' fit <- lmm(yield ~ gen * fung + (1 | block / fung), durban.splitplot)
#' if (requireNamespace("effects", quietly = TRUE)) effects::Effect("fung", fit)
#' @name effects_support
NULL

#' @rdname effects_support
#' @exportS3Method effects::Effect
Effect.henderson_lmm <- function(focal.predictors, mod, ..., KR = FALSE) {
  check_flag(KR)
  # what Effect(NULL, ) asks
  if (is.null(focal.predictors)) return(formula.henderson_fit(mod, fixed.only = TRUE))
  if (length(mod$beta) == 0L) {
    abort("The model has no fixed effects.", kind = "argument", variable = "mod")
  }
  covariance <- if (KR) contrast_covariance(mod, "Kenward-Roger") else known_covariance(mod)
  if (anyNA(covariance)) {
    abort(c(
      "The data do not determine the covariance of the fixed effects, which effects needs.",
      "i" = "{.fn predict} with {.code se.fit = TRUE} tells which predictions have one."
    ), kind = "unsupported", variable = "mod")
  }
  all_columns <- mod$all_columns
  complete <- matrix(NA_real_, length(all_columns), length(all_columns),
    dimnames = list(all_columns, all_columns)
  )
  complete[names(mod$beta), names(mod$beta)] <- covariance
  data <- effects_data(mod)
  call <- call("lmm", data = data)
  if (length(mod$contrasts) > 0L) call$contrasts <- mod$contrasts
  call$offset <- offset_argument(mod, data)
  sources <- list(
    # terms keep the bases of poly(), ns() and scale() that the coefficients belong to
    call = call, formula = mod$terms, family = stats::gaussian(), vcov = complete,
    coefficients = fixef.henderson_fit(mod, add.dropped = TRUE)
  )
  default <- utils::getS3method("Effect", "default", envir = asNamespace("effects"))
  default(focal.predictors, mod, ..., sources = sources)
}

# The variables of the fixed part, in the rows of the fit.
effects_data <- function(fit) {
  data <- get_data.henderson_lmm(fit)
  needed <- intersect(all.vars(fit$parsed$fixed), attr(fit$terms, "data_variables"))
  lacking <- setdiff(needed, names(data))
  if (length(lacking) > 0L) {
    abort(c(
      "{.var {lacking}} cannot be found: the data of the fit are gone, or have changed.",
      "i" = "Fit the model again."
    ), kind = "data", variable = lacking)
  }
  data
}

# The offset without what the formula says of it; NULL if nothing is left.
offset_argument <- function(fit, data) {
  if (is.null(fit$offset)) return(NULL)
  written <- as.list(attr(fit$terms, "variables"))[-1L][attr(fit$terms, "offset")]
  for (expression in written) {
    fit$offset <- fit$offset - eval(expression, data, environment(fit$terms))
  }
  if (any(abs(fit$offset) > 1e-12 * max(abs(fit$y), 1))) fit$offset
}
