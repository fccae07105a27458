# The formula of a fit and the names in it.

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

# The formula of a fit with the variables that `.` stood for.
explicit_formula <- function(fit) {
  formula <- fit$parsed$formula
  if (!"." %in% all.names(fit$parsed$fixed[[3L]])) {
    return(formula)
  }
  formula[[3L]] <- call("+", stats::formula(fit$terms)[[3L]], random_formula(fit)[[2L]])
  formula
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

# --- variables ---

# Expressions of the variables that `model.frame()` would look for, named as its columns.
variable_expressions <- function(parsed) {
  terms <- stats::terms(parsed$frame_formula)
  stats::setNames(as.list(attr(terms, "variables"))[-1L], variable_names(terms))
}

all_names <- function(parsed) names(variable_expressions(parsed))

formula_variables <- function(fit) {
  all_names(parse_formula(explicit_formula(fit), residual = fit$parsed$residual))
}

# Was the fit made from the rows of a larger model, so that its formula would take others?
keeps_rows <- function(fit) length(fit$na.action) > 0L && length(left_variables(fit)) > 0L

# Columns of the model frame that the formula of the fit does not have any more.
left_variables <- function(fit) {
  if (is.null(fit$frame)) return(character(0L))
  setdiff(variable_names(attr(fit$frame, "terms")), formula_variables(fit))
}
