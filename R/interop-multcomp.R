# What package multcomp asks of a model: estimates, covariance, degrees of freedom. Registered when
# it is loaded.

#' What package multcomp does with a fit
#'
#' With this method `multcomp::glht()`, and `summary()`, `confint()` and `cld()` of what it gives,
#' work on fits by [lmm()]: with matrices (a column for each of [fixef()]), strings
#' (`"Days = 10"`) and `mcp(gen = "Tukey")`.
#'
#' @section Degrees of freedom: multcomp knows one number for all comparisons, and takes normal
#'   quantiles for mixed models unless it is given one, which is too bold where groups are few.
#'   `df` is that number, for a multivariate t distribution: the smallest of those of the
#'   comparisons, [contrast_test()], is safe. Package emmeans has degrees of freedom for every
#'   comparison: `pairs(emmeans::emmeans(fit, "gen"))`, or `multcomp::glht(fit, emmeans::lsm())`.
#' @section Interactions: `mcp()` compares a factor's own coefficients, which in a model with its
#'   interactions are comparisons at the reference level of the others; multcomp warns.
#' @param model A fit by [lmm()].
#' @param coef. `NULL`, or a numeric vector (p) of coefficients, or a function of the fit that gives
#'   one.
#' @param vcov. `NULL`, or a p x p covariance matrix of the coefficients, or a function of the fit
#'   that gives one, as `function(fit) vcov(summary(fit, ddf = "Kenward-Roger"))`.
#' @param df `NULL` or 0, normal quantiles, as for fits by lme4, or one positive number.
#' @param ... Passed on to functions `coef.` and `vcov.`.
#' @return A list of class `modelparm`, as multcomp documents it: `coef` (p), `vcov` (p x p), `df`,
#'   `estimable` (p, all `TRUE`: dropped columns have no coefficient).
#' @section Errors: `henderson_error_argument` for anything malformed; `henderson_error_unsupported`
#'   where the data do not determine the covariance of the fixed effects.
#' @source Hothorn, Bretz and Westfall (2008), *Biometrical Journal* 50, 346--363.
#' @seealso [interoperability] for other packages.
#' @examples
#' fit <- lmm(yield ~ fung + gen + (1 | block / fung), droplevels(subset(durban.splitplot,
#'   gen %in% c("G01", "G02", "G03"))), control = lmm_control(check_singular = "ignore"))
#' if (requireNamespace("multcomp", quietly = TRUE)) {
#'   summary(multcomp::glht(fit, multcomp::mcp(gen = "Tukey")))
#' }
#' @name multcomp_support
NULL

#' @rdname multcomp_support
#' @exportS3Method multcomp::modelparm
modelparm.henderson_lmm <- function(model, coef. = NULL, vcov. = NULL, df = NULL, ...) {
  estimates <- if (is.function(coef.)) coef.(model, ...) else coef. %||% model$beta
  p <- length(model$beta)
  if (!is.numeric(estimates) || length(estimates) != p) {
    given <- describe_value(estimates)
    abort("{.arg coef.} must be, or give, {p} numbers, not {given}.",
      kind = "argument", variable = "coef.", observed = given
    )
  }
  if (is.function(vcov.)) vcov. <- vcov.(model, ...)
  covariance <- if (is.null(vcov.)) {
    known_covariance(model)
  } else {
    given_covariance(model, vcov., "vcov.")
  }
  if (anyNA(covariance)) {
    abort(c(
      "The data do not determine the covariance of the fixed effects, which multcomp needs.",
      "i" = "{.fn contrast_test} tests the contrasts that are determined."
    ), kind = "unsupported", variable = "vcov.")
  }
  if (is.character(df)) {
    abort(c(
      "multcomp takes one number {.arg df} for all comparisons, not a method.",
      "i" = "Package emmeans has {df} degrees of freedom of each: see {.code ?multcomp_support}."
    ), kind = "argument", variable = "df", observed = df)
  }
  names(estimates) <- names(model$beta)
  structure(list(
    coef = estimates, vcov = covariance, df = check_number(df, min = 0, null_ok = TRUE) %||% 0,
    estimable = rep(TRUE, p)
  ), class = "modelparm")
}
