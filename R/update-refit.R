# Fits made from a fit: other formula or arguments, other response, other criterion (drop-add.R has
# one term less or more).
#
# Refits work on the stored model frame, so that nothing is looked up by name again. Only
# `update()` and `add1()` evaluate the call anew, because they may need variables that the frame
# does not have.

#' Update a fit
#'
#' Evaluates the call of the fit again with some arguments changed.
#'
#' @param object A fit by [lmm()].
#' @param formula. A formula with `.` for the old left or right side, as for
#'   [stats::update.formula()]; random terms can be added and removed like others: `. ~ . - (Days
#'   | Subject) + (1 | Subject)`.
#' @param ... Arguments of [lmm()] to add or change; `NULL` removes one. A `start` in the old call is
#'   removed when the random terms change.
#' @param evaluate One logical: `FALSE` returns the call in place of the fit.
#' @details The data and other arguments of the old call are looked up where the formula was made,
#'   then where `update()` is called; if the data are not found at either place, the fit's model
#'   frame is used.
#' @return A fit by [lmm()], or a call.
#' @section Errors: those of [lmm()].
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' update(fit, . ~ . - Days)
#' update(fit, REML = FALSE)
#' @importFrom stats update
#' @export
update.henderson_lmm <- function(object, formula., ..., evaluate = TRUE) {
  check_flag(evaluate)
  changes <- as.list(substitute(list(...)))[-1L]
  call <- changed_call(object$call, changes)
  formula <- object$parsed$formula
  if (!missing(formula.)) {
    formula <- updated_formula(explicit_formula(object), formula.)
  } else if ("formula" %in% names(changes)) {
    formula <- eval(changes$formula, parent.frame())
  }
  # a start for another theta is of no use
  if (!"start" %in% names(changes) && !same_random_part(object, formula)) call$start <- NULL
  call$formula <- formula_call(formula)
  if (!evaluate) {
    return(call)
  }
  evaluate_call(call, formula, names(changes), object, parent.frame())
}

# Does the formula have the random terms of the fit? TRUE also where it cannot be read, which
# lmm() will say.
same_random_part <- function(fit, formula) {
  texts <- function(parsed) sort(vapply(parsed$random, `[[`, "", "text"))
  new <- tryCatch(texts(parse_formula(formula)), error = function(condition) NULL)
  is.null(new) || identical(new, texts(fit$parsed))
}

# The call with arguments changed; every change must be named.
changed_call <- function(call, changes) {
  if (length(changes) > 0L && (is.null(names(changes)) || !all(nzchar(names(changes))))) {
    abort("Arguments of {.fn update} after {.arg formula.} must be named.",
      kind = "argument", variable = "..."
    )
  }
  for (name in names(changes)) {
    if (identical(changes[[name]], quote(expr = ))) {
      abort("The argument {.arg {name}} is empty.",
        kind = "argument", variable = name, observed = "empty"
      )
    }
    call[[name]] <- changes[[name]]
  }
  call
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

# update.formula() in the environment of the old formula.
updated_formula <- function(old, change) {
  force(change)
  change <- tryCatch(stats::as.formula(change), error = function(condition) NULL)
  if (is.null(change)) {
    abort("{.arg formula.} must be a formula, such as {.code . ~ . + x}.",
      kind = "formula", variable = "formula.", observed = change
    )
  }
  new <- stats::update.formula(old, change)
  environment(new) <- environment(old)
  new
}

# The formula without class and environment, for the call that is shown.
formula_call <- function(formula) {
  if (!inherits(formula, "formula")) {
    return(formula)
  }
  attributes(formula) <- NULL
  formula
}

# Evaluates a call of lmm(). `changed`: names of arguments to be evaluated where the user is
# (`caller`); the others belong to the old call. weights, subset and offset stay expressions:
# lmm() evaluates them in the data.
evaluate_call <- function(call, formula, changed, fit, caller) {
  home <- environment(fit$parsed$formula)
  complete <- call
  complete[[1L]] <- quote(lmm)
  complete$formula <- formula
  for (name in setdiff(names(call), c("", "formula", "weights", "subset", "offset"))) {
    places <- if (name %in% changed) list(caller) else list(home, caller)
    is_data <- name == "data"
    # `data` and `df` are also functions of R, which are never meant
    accept <- function(value) !is_data || !is.function(value)
    frame <- if (is_data && !name %in% changed) fit$frame
    complete[[name]] <- find_value(call[[name]], places, accept, frame)
  }
  scope <- new.env(parent = caller)
  scope$lmm <- lmm
  values <- setdiff(names(complete), c("", "weights", "subset", "offset"))
  for (name in values) {
    hidden <- paste0(".henderson_", name)
    scope[[hidden]] <- complete[[name]]
    complete[[name]] <- as.name(hidden)
  }
  result <- eval(complete, scope)
  result$call <- call
  result
}

# Value of an expression in the first place where it can be evaluated and is acceptable, or
# `otherwise`.
find_value <- function(expression, places, accept, otherwise = NULL) {
  for (place in places) {
    found <- tryCatch(list(eval(expression, place)), error = function(condition) NULL)
    if (!is.null(found) && accept(found[[1L]])) {
      return(found[[1L]])
    }
  }
  if (!is.null(otherwise)) {
    return(otherwise)
  }
  text <- expression_text(expression)
  abort("{.code {text}} cannot be found.", kind = "variable", variable = text)
}

#' Refit with another response, or by maximum likelihood
#'
#' `refit_response` keeps the design and changes the response, as simulation studies do.
#' `refit_ml` keeps everything and changes the criterion.
#'
#' @param fit A fit by [lmm()].
#' @param newresp Numeric vector, one element for each row of the model frame, or for each row of
#'   the data including those that were left out for missing values; or a data frame with one such
#'   column. On the scale of the formula's left side.
#' @param newweights `NULL`: the weights of the fit. Numeric vector of new weights, as long as the
#'   rows of the model frame.
#' @param ... Nothing; an argument that is not known is an error.
#' @return A fit by [lmm()]. `refit_ml` returns a fit by maximum likelihood unchanged.
#' @section Errors: `henderson_error_response` for a response of the wrong type or length or with
#'   missing values, `henderson_error_weights` likewise, `henderson_error_data` when the fit does
#'   not hold its model frame.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' refit_response(fit, simulate(fit, seed = 1))
#' refit_ml(fit)
#' @export
refit_response <- function(fit, newresp, newweights = NULL, ...) {
  check_no_dots(...)
  check_fit(fit)
  check_supplied(newresp)
  frame <- model_frame_of(fit)
  frame[[1L]] <- new_row_values(fit, newresp, "newresp", "response")
  if (!is.null(newweights)) {
    frame[["(weights)"]] <- new_row_values(fit, newweights, "newweights", "weights")
  }
  refit_frame(fit, frame, report = "check_singular")
}

#' @rdname refit_response
#' @export
refit_ml <- function(fit, ...) {
  check_no_dots(...)
  check_fit(fit)
  if (fit$REML) refit_frame(fit, REML = FALSE, start = theta_to_start(fit)) else fit
}

# The fit on another frame with the same variables, or with another criterion. `start`: theta, or
# NULL for the usual one; `report`: the checks of its control that may speak again.
refit_frame <- function(fit, frame = model_frame_of(fit), REML = fit$REML, start = NULL,
                        report = character(0L)) {
  call <- fit$call
  call$REML <- if (REML) NULL else FALSE
  refit_parsed(fit, fit$parsed, frame, REML, start, report, call)
}

# The fit with another fixed part, whose variables are all in the model frame.
refit_fixed <- function(fit, formula) {
  parsed <- parse_formula(formula)
  # with the contrasts that terms imported from lme4 have
  parsed$random <- fit$parsed$random
  frame <- model_frame_of(fit)
  attr(frame, "fixed_terms") <- fixed_terms(parsed, frame, frame)
  call <- fit$call
  call$formula <- formula_call(formula)
  refit_parsed(fit, parsed, frame, fit$REML, NULL, character(0L), call)
}

refit_parsed <- function(fit, parsed, frame, REML, start, report, call) {
  control <- unchecked(fit$control, except = report)
  if (identical(control$optimizer, "none")) start <- unname(fit$theta)
  contrasts <- fit_contrasts(fit)
  contrasts <- contrasts[names(contrasts) %in% contrast_variables(parsed, frame)]
  result <- fit_from_frame(parsed, frame, REML, contrasts, control, start, call)
  result$control <- fit$control
  result
}

# The fit's theta as a start: a zero variance begins at a small one, since on the boundary itself
# the gradient may vanish.
theta_to_start <- function(fit) {
  start <- unname(fit$theta)
  start[theta_lower(fit$random) == 0 & start < 1e-3] <- 0.1
  start
}

# Numeric values for the rows of the frame, checked. Values for all rows of the data lose those
# left out.
new_row_values <- function(fit, values, name, kind) {
  if (is.data.frame(values) && length(values) == 1L) values <- values[[1L]]
  if (inherits(values, "integer64")) values <- as.double(values)
  values <- if (is.numeric(values)) as.vector(values) else values
  rows <- nrow(fit$frame)
  omitted <- length(fit$na.action)
  if (omitted > 0L && length(values) == rows + omitted) {
    values <- values[-fit$na.action]
  }
  if (!is.numeric(values) || length(values) != rows) {
    given <- describe_value(values)
    abort("{.arg {name}} must be numeric with {rows} values, one for each row used, not {given}.",
      kind = kind, variable = name, observed = observed_value(values)
    )
  }
  bad <- sum(!is.finite(values)) + if (kind == "weights") sum(values < 0, na.rm = TRUE) else 0L
  if (bad > 0L) {
    abort("{.arg {name}} has {bad} missing, infinite or impossible value{?s}.",
      kind = kind, variable = name, observed = bad
    )
  }
  if (kind == "weights" && all(values == 0)) {
    abort("All {length(values)} {.arg {name}} are zero.",
      kind = kind, variable = name, observed = 0
    )
  }
  values
}
