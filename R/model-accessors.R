# What users ask of a fit beside its numbers: data, matrices, family, and what kind of fit it is.

#' Data of a fit
#'
#' @param formula,object A fit by [lmm()].
#' @param fixed.only One logical: only the response and the variables of the fixed part.
#' @param data `NULL`: the rows of the fit. A data frame: the variables of the model for its rows
#'   without missing values, transformed and coded as in the fit.
#' @param ... Nothing; an argument that is not known is an error.
#' @return `model.frame`: the data frame of evaluated variables, one row for each observation
#'   used, with columns `(weights)` and `(offset)` when given and `data` is not. `getData`: the data
#'   frame given to [lmm()], found again by the call; if it is not there any more, is not what it
#'   was, or the response was replaced by [refit_response()], the model frame.
#' @section Errors: `henderson_error_data` when the fit was told not to keep its model frame;
#'   `henderson_error_argument` for a malformed argument; `henderson_error_newdata` for `data` that
#'   lack variables or have other levels.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' head(model.frame(fit))
#' dim(nlme::getData(fit))
#' @importFrom stats model.frame
#' @export
model.frame.henderson_fit <- function(formula, fixed.only = FALSE, data = NULL, ...) {
  check_no_dots(...)
  check_flag(fixed.only)
  frame <- model_frame_of(formula)
  if (!is.null(data)) {
    terms <- attr(frame, "terms")
    attr(terms, "data_variables") <- attr(formula$terms, "data_variables")
    frame <- newdata_frame(terms, check_newdata(data), formula$xlevels)
    frame <- structure(stats::na.omit(frame), terms = terms)
  }
  if (!fixed.only) {
    return(frame)
  }
  variables <- vapply(as.list(attr(formula$terms, "variables"))[-1L], expression_text, "")
  frame[intersect(names(frame), variables)]
}

#' @rdname model.frame.henderson_fit
#' @importFrom nlme getData
#' @export
getData.henderson_fit <- function(object) {
  frame <- object$frame
  found <- if (is.null(attr(frame, "replaced"))) data_of_call(object, parent.frame())
  if (identical(found$status, "same") && is.data.frame(found$data)) {
    found$data
  } else {
    model_frame_of(object)
  }
}

#' Model matrices of the fixed and random effects
#'
#' @param object A fit by [lmm()].
#' @param type One string, `"fixed"` or `"random"`.
#' @param newdata `NULL`: the data of the fit. A data frame: the matrix for these rows.
#' @param ... Nothing; an argument that is not known is an error.
#' @return `type = "fixed"`: numeric matrix n x p (only the kept columns) with attributes `assign`
#'   and `contrasts`. `type = "random"`: sparse n x q matrix of class `dgCMatrix` (package
#'   Matrix); columns term by term in the order of [VarCorr()][VarCorr.henderson_fit], within a
#'   term level by level.
#' @section Errors: `henderson_error_newdata` for rows with unknown levels or missing variables,
#'   `henderson_error_data` when the fit does not hold what is asked for,
#'   `henderson_error_argument` for a malformed argument.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' dim(model.matrix(fit))
#' dim(model.matrix(fit, type = "random"))
#' @importFrom stats model.matrix
#' @export
model.matrix.henderson_fit <- function(object, type = c("fixed", "random"), newdata = NULL, ...) {
  check_no_dots(...)
  type <- check_choice(type, c("fixed", "random"))
  if (type == "fixed") {
    return(if (is.null(newdata)) fixed_matrix(object) else newdata_design(object, newdata)$X)
  }
  if (is.null(newdata)) {
    return(random_effects_matrix(object))
  }
  design <- newdata_design(object, newdata)
  random_matrix(design$random, nrow(design$X))
}

newdata_design <- function(fit, newdata) {
  design_newdata(fit, newdata, random = TRUE, allow_new_levels = FALSE)
}

#' Family of a linear mixed model
#'
#' @param object A fit by [lmm()].
#' @param ... Nothing; an argument that is not known is an error.
#' @return The [stats::gaussian()] family with identity link.
#' @examples
#' family(lmm(Reaction ~ Days + (Days | Subject), sleepstudy))
#' @importFrom stats family
#' @export
family.henderson_lmm <- function(object, ...) {
  check_no_dots(...)
  stats::gaussian()
}

#' Is a fit singular? Was it made by REML?
#'
#' A fit is singular when a variance, or a conditional variance of one random effect given those
#' before it, is estimated as zero: the covariance matrix of the random effects is on the boundary
#' of what is possible. What counts is \eqn{\Lambda}{Lambda} for standardized columns of Z (of root
#' mean square 1, and orthogonal over all rows within a term whose effects may correlate), so that
#' the answer does not depend on units; `fit$optimization$standardized` has these values. For random
#' intercepts they are the elements of \eqn{\theta}{theta} that lme4 looks at. What the data do not
#' determine (see [lmm()]) does not count: of terms that cannot be told apart it is their sum.
#'
#' @section What to do: A singular fit is the maximum of the likelihood, and its fixed effects can
#'   be used. Mostly the model has more random effects than the data can tell apart.
#'   [VarCorr()][VarCorr.henderson_fit] shows which variance is zero or which correlation one,
#'   [random_pca()] how many dimensions there are, [random_structures()] and [reduce_terms()] which
#'   simpler random part fits as well. Where the design asks for the term, as for the blocks of a
#'   trial, keep it: zero is an estimate, and [confint()][confint.henderson_lmm] gives its upper
#'   limit.
#' @param fit A fit by [lmm()].
#' @param tol One positive number: diagonal elements of the standardized \eqn{\Lambda}{Lambda},
#'   standard deviations in units of \eqn{\sigma}{sigma}, below it count as zero.
#' @param ... Nothing; an argument that is not known is an error.
#' @return One logical.
#' @section Errors: class `henderson_error_argument` for another object or a malformed argument.
#' @source Bates, Maechler, Bolker and Walker (2015), *Journal of Statistical Software* 67(1),
#'   section 3.1.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' is_singular(fit)
#' is_reml(fit)
#' @export
is_singular <- function(fit, tol = 1e-4, ...) {
  check_no_dots(...)
  check_fit(fit, generalized = TRUE)
  check_number(tol, min = 0)
  any(determined_deviations(fit) < tol, na.rm = TRUE) || is_degenerate(fit$random, fit$theta, tol)
}

#' @rdname is_singular
#' @export
is_reml <- function(fit, ...) {
  check_no_dots(...)
  check_fit(fit)
  fit$REML
}
