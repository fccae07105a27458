# Measures of influence, from fits without each unit.

#' Measures of influence
#'
#' @param model A result of [influence()][influence.henderson_lmm], or a fit by [lmm()], of which it
#'   is taken for each row unless `groups` says otherwise.
#' @param which One string. Of `cooks.distance()`: `"fixed"`, `"theta"` or `"joint"`; of `dfbeta()`:
#'   `"fixed"`, `"var.cov"` (variances and covariances) or `"theta"`.
#' @param groups,method As for [influence()][influence.henderson_lmm].
#' @param relative One logical: divide changes by the values of the whole fit?
#' @param ... Of a fit's methods nothing; an argument that is not known is an error. Of
#'   `covratio.default` further arguments for [stats::covratio()].
#' @details Let \eqn{\hat\beta}{beta} and \eqn{C} be the fixed effects and their estimated
#'   covariance, \eqn{\hat\beta_{(i)}}{beta_(i)} and \eqn{C_{(i)}}{C_(i)} those without unit i.
#'
#'   `cooks.distance(which = "fixed")`: \eqn{(\hat\beta - \hat\beta_{(i)})' C^{-1} (\hat\beta -
#'   \hat\beta_{(i)}) / p}{(beta - beta_(i))' C^-1 (beta - beta_(i)) / p}. lme4 multiplies it by
#'   (k - p)/k, k the number of units. `"theta"`: by how much the profiled criterion of all rows is
#'   higher at the covariance parameters without the unit, the likelihood displacement, which needs
#'   no normal approximation and is there at the boundary too. `"joint"`: the same for covariance
#'   parameters, sigma and fixed effects; by REML the restricted criterion of the former plus
#'   \eqn{(\hat\beta - \hat\beta_{(i)})' X'V^{-1}X (\hat\beta - \hat\beta_{(i)})}{(beta -
#'   beta_(i))' X'V^-1 X (beta - beta_(i))}, V and \eqn{\hat\beta}{beta} at the parameters without
#'   the unit.
#'
#'   `mdffits()`: Cook's distance with \eqn{C_{(i)}}{C_(i)} in place of \eqn{C}. `covratio()`:
#'   \eqn{|C_{(i)}| / |C|}{|C_(i)| / |C|}. `dfbeta()`: the estimate without the unit less that of
#'   the fit, as lme4 has it ([stats::dfbeta()] of a linear model has the other sign). `dfbetas()`:
#'   this over the standard error without the unit.
#' @return A named numeric vector, one element for each unit, or a matrix with a row for each. `NA`
#'   where there is no fit without the unit, and, by the methods of a fit for each row, in rows that
#'   `na.exclude` left out.
#' @section Errors: class `henderson_error_argument` for a malformed argument.
#' @source Cook (1977), *Technometrics* 19, 15-18; Cook (1986), *Journal of the Royal Statistical
#'   Society B* 48, 133-169 (displacement); Belsley, Kuh and Welsch (1980), *Regression
#'   Diagnostics*; Schabenberger (2004), *SUGI* 29, 189 (MDFFITS).
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' without <- influence(fit)
#' cooks.distance(without)
#' dfbetas(without)
#' dfbeta(without, "var.cov", relative = TRUE)
#' covratio(fit, groups = "Subject")
#' @name cooks.distance.henderson_influence
NULL

#' @rdname cooks.distance.henderson_influence
#' @importFrom stats cooks.distance
#' @export
cooks.distance.henderson_influence <- function(model, which = c("fixed", "theta", "joint"), ...) {
  check_no_dots(...)
  which <- check_choice(which, c("fixed", "theta", "joint"))
  if (which != "fixed") return(model$displacement[, which])
  quadratic_change(model, rep(list(model$vcov), length(model$deleted)))
}

#' @rdname cooks.distance.henderson_influence
#' @export
cooks.distance.henderson_lmm <- function(model, groups = "obs", method = "auto",
                                         which = c("fixed", "theta", "joint"), ...) {
  check_no_dots(...)
  values <- cooks.distance.henderson_influence(influence(model, groups, method), which)
  by_row(model, groups, values)
}

# Rows that na.exclude left out come back as NA, as in hatvalues().
by_row <- function(fit, groups, values) {
  if (is_each_row(groups)) stats::naresid(fit$na.action, values) else values
}

# (beta - beta_(i))' C^-1 (beta - beta_(i)) / p.
quadratic_change <- function(x, covariances) {
  changes <- dfbeta.henderson_influence(x)
  count <- ncol(changes)
  values <- vapply(seq_len(nrow(changes)), function(i) {
    if (anyNA(changes[i, ])) return(NA_real_)
    if (count == 0L) return(0)
    root <- chol(as.matrix(covariances[[i]]))
    sum(backsolve(root, changes[i, ], transpose = TRUE)^2) / count
  }, 0)
  stats::setNames(values, x$deleted)
}

#' @rdname cooks.distance.henderson_influence
#' @importFrom stats dfbeta
#' @export
dfbeta.henderson_influence <- function(model, which = c("fixed", "var.cov", "theta"),
                                       relative = FALSE, ...) {
  check_no_dots(...)
  which <- check_choice(which, c("fixed", "var.cov", "theta"))
  check_flag(relative)
  name <- switch(which, fixed = "fixed.effects", var.cov = "var.cov.comps", theta = "theta")
  changes <- sweep(deleted_values(model, name), 2L, model[[name]])
  if (relative) sweep(changes, 2L, model[[name]], "/") else changes
}

#' @rdname cooks.distance.henderson_influence
#' @export
dfbeta.henderson_lmm <- function(model, groups = "obs", method = "auto",
                                 which = c("fixed", "var.cov", "theta"), relative = FALSE, ...) {
  check_no_dots(...)
  values <- dfbeta.henderson_influence(influence(model, groups, method), which, relative)
  by_row(model, groups, values)
}

#' @rdname cooks.distance.henderson_influence
#' @importFrom stats dfbetas
#' @export
dfbetas.henderson_influence <- function(model, ...) {
  check_no_dots(...)
  changes <- dfbeta.henderson_influence(model)
  deviations <- vapply(deleted_values(model, "vcov"), function(covariance) {
    sqrt(diag(covariance))
  }, numeric(ncol(changes)))
  changes / matrix(deviations, nrow(changes), byrow = TRUE)
}

#' @rdname cooks.distance.henderson_influence
#' @export
dfbetas.henderson_lmm <- function(model, groups = "obs", method = "auto", ...) {
  check_no_dots(...)
  values <- dfbetas.henderson_influence(influence(model, groups, method))
  by_row(model, groups, values)
}

#' @rdname cooks.distance.henderson_influence
#' @export
covratio <- function(model, ...) UseMethod("covratio")

#' @rdname cooks.distance.henderson_influence
#' @export
covratio.default <- function(model, ...) stats::covratio(model, ...)

#' @rdname cooks.distance.henderson_influence
#' @export
covratio.henderson_influence <- function(model, ...) {
  check_no_dots(...)
  log_det <- function(covariance) {
    if (anyNA(covariance)) return(NA_real_)
    as.numeric(determinant(as.matrix(covariance))$modulus)
  }
  exp(vapply(deleted_values(model, "vcov"), log_det, 0) - log_det(model$vcov))
}

#' @rdname cooks.distance.henderson_influence
#' @export
covratio.henderson_lmm <- function(model, groups = "obs", method = "auto", ...) {
  check_no_dots(...)
  values <- covratio.henderson_influence(influence(model, groups, method))
  by_row(model, groups, values)
}

#' @rdname cooks.distance.henderson_influence
#' @export
mdffits <- function(model, ...) UseMethod("mdffits")

#' @rdname cooks.distance.henderson_influence
#' @export
mdffits.henderson_influence <- function(model, ...) {
  check_no_dots(...)
  quadratic_change(model, deleted_values(model, "vcov"))
}

#' @rdname cooks.distance.henderson_influence
#' @export
mdffits.henderson_lmm <- function(model, groups = "obs", method = "auto", ...) {
  check_no_dots(...)
  values <- mdffits.henderson_influence(influence(model, groups, method))
  by_row(model, groups, values)
}
