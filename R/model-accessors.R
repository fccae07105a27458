# What a fit was made from: formula, terms, frame, matrices, grouping factors.
#
# Notation: X, n x p fixed-effects matrix; Z, n x q random-effects matrix; Lambda, q x q relative
# factor.

#' Formula and terms of a fit
#'
#' @param x A fit by [lmm()].
#' @param fixed.only One logical: only the fixed-effects part.
#' @param random.only One logical: only the random terms, as a one-sided formula.
#' @param env Unused; present because [stats::as.formula()] gives it.
#' @param ... Nothing; an argument that is not known is an error.
#' @return `formula`: a formula, in the environment of the one given to [lmm()]. `terms`: the
#'   terms object of the fixed part, with `fixed.only = FALSE` that of the whole model frame, with
#'   `random.only = TRUE` that of the variables of the random terms, without a response.
#' @section Errors: class `henderson_error_argument` for a malformed argument.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' formula(fit)
#' formula(fit, fixed.only = TRUE)
#' formula(fit, random.only = TRUE)
#' terms(fit)
#' @importFrom stats formula terms
#' @export
formula.henderson_fit <- function(x, fixed.only = FALSE, random.only = FALSE, env = NULL, ...) {
  check_no_dots(...)
  check_flag(fixed.only)
  check_flag(random.only)
  if (fixed.only && random.only) abort_two_parts()
  if (fixed.only) {
    return(x$parsed$fixed)
  }
  # stats::step() overwrites x$formula by the terms of the fixed part
  if (random.only) random_formula(x) else x$parsed$formula
}

# ~ (Days | Subject) + ...: the random terms of the formula, bars in parentheses.
random_formula <- function(fit) {
  bars <- lapply(fit$parsed$random, random_term_call)
  sum_of_bars <- Reduce(function(left, right) call("+", left, right), bars)
  stats::as.formula(call("~", sum_of_bars), env = environment(fit$parsed$formula))
}

# `(lhs | group)`, or `(lhs || group)` for a diagonal term.
random_term_call <- function(term) {
  bar <- if (identical(term$structure, "diag")) "||" else "|"
  call("(", call(bar, term$lhs, term$group))
}

#' @rdname formula.henderson_fit
#' @export
terms.henderson_fit <- function(x, fixed.only = TRUE, random.only = FALSE, ...) {
  check_no_dots(...)
  check_flag(fixed.only)
  check_flag(random.only)
  if (random.only) {
    if (fixed.only && !missing(fixed.only)) abort_two_parts()
    return(random_terms_object(x))
  }
  if (fixed.only) x$terms else attr(model_frame_of(x), "terms")
}

# ~ Days + Subject: the variables of the random terms, left-hand sides and grouping factors.
random_terms_object <- function(fit) {
  parts <- lapply(fit$parsed$random, function(term) call("+", term$lhs, term$group))
  sum_of_parts <- Reduce(function(left, right) call("+", left, right), parts)
  stats::terms(stats::as.formula(call("~", sum_of_parts), env = environment(fit$parsed$formula)))
}

abort_two_parts <- function() {
  abort("{.arg fixed.only} and {.arg random.only} cannot both be true.",
    kind = "argument", variable = "random.only", observed = TRUE
  )
}

#' Names of terms, coefficients and observations
#'
#' @param object A fit by [lmm()].
#' @param full One logical. `variable.names`: also the columns that were dropped because the
#'   fixed-effects matrix does not have full rank. `case.names`: also rows of weight zero.
#' @param ... Nothing; an argument that is not known is an error.
#' @return Character vectors. `labels`: the terms of the fixed part, without the intercept.
#'   `variable.names`: the names of [fixef()]. `case.names`: the row names of the model frame.
#' @section Errors: `henderson_error_data` when the fit does not hold its model frame;
#'   `henderson_error_argument` for a malformed argument.
#' @examples
#' fit <- lmm(yield ~ gen + (1 | rep), subset(omer.sorghum, env == "E3"))
#' labels(fit)
#' head(variable.names(fit))
#' head(case.names(fit))
#' @name fit_names
#' @export
labels.henderson_fit <- function(object, ...) {
  check_no_dots(...)
  utf8_names(attr(object$terms, "term.labels"))
}

#' @rdname fit_names
#' @importFrom stats variable.names
#' @export
variable.names.henderson_fit <- function(object, full = FALSE, ...) {
  check_no_dots(...)
  check_flag(full)
  if (full) object$all_columns else as.character(names(object$beta))
}

#' @rdname fit_names
#' @importFrom stats case.names
#' @export
case.names.henderson_fit <- function(object, full = FALSE, ...) {
  check_no_dots(...)
  check_flag(full)
  names <- rownames(model_frame_of(object))
  if (full || is.null(object$weights)) names else names[object$weights > 0]
}

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

# X of the fit (kept columns): as stored, or built again from the model frame.
fixed_matrix <- function(fit) {
  if (!is.null(fit$X)) {
    return(fit$X)
  }
  X <- fit_design_again(fit)$X
  kept <- match(names(fit$beta), colnames(X))
  structure(X[, kept, drop = FALSE], assign = fit$assign, contrasts = fit$contrasts)
}

# Random terms of the fit with their `z` and `level`, in theta order.
fit_random_terms <- function(fit) {
  frame <- model_frame_of(fit)
  # terms with the columns of X share them
  whole <- !is.null(fit$X) && length(fit$dropped) == 0L
  fixed <- if (whole) list(terms = fit$terms, X = fit$X) else list()
  values <- plain_numbers(frame, fit$parsed)
  random_design(fit$parsed$random, frame, values, fit_contrasts(fit), fixed)
}

# The model design, from the stored frame: no variable is looked up by name again, and what was
# checked at the fit is not reported a second time.
fit_design_again <- function(fit) {
  model_design(fit$parsed, model_frame_of(fit), fit_contrasts(fit), unchecked(fit$control))
}

# A control that reports nothing that was reported when the model was fitted first.
unchecked <- function(control, except = character(0L)) {
  for (check in setdiff(grep("^check_", names(control), value = TRUE), except)) {
    control[[check]] <- "ignore"
  }
  control
}

# Contrasts of all factors of the fixed part and of the random terms, as `model_design()` takes
# them.
fit_contrasts <- function(fit) {
  all <- c(list(fit$contrasts), lapply(fit$random, `[[`, "contrasts"))
  contrasts <- do.call(c, all)
  contrasts[!duplicated(names(contrasts))]
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
#' intercepts they are the elements of \eqn{\theta}{theta} that lme4 looks at.
#'
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
  check_fit(fit)
  check_number(tol, min = 0)
  any(fit$optimization$standardized[theta_lower(fit$random) == 0] < tol)
}

#' @rdname is_singular
#' @export
is_reml <- function(fit, ...) {
  check_no_dots(...)
  check_fit(fit)
  fit$REML
}

check_fit <- function(fit, name = rlang::caller_arg(fit)) {
  check_supplied(fit, name)
  if (!inherits(fit, "henderson_fit")) {
    given <- describe_value(fit)
    hint <- if (inherits(fit, "lmerMod")) "{.fn as_lmm} turns a fit by lme4 into one."
    abort(c("{.arg {name}} must be a fit by {.fn lmm}, not {given}.", "i" = hint),
      kind = "argument", variable = name, observed = class(fit)
    )
  }
  invisible(fit)
}
