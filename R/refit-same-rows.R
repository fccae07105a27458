# Fits made from a fit: other response, other criterion, other terms on the same rows
# (refit-update.R: any other argument; fixed-drop-add.R: one term less or more).
#
# Refits work on the stored model frame, so that nothing is looked up by name again, unless
# `add1()` needs what the frame does not have: see refit-frame.R and model-data.R.

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
  response <- new_row_values(fit, newresp, "newresp", "response")
  frame <- replace_column(frame, names(frame)[1L], response)
  if (!is.null(newweights)) {
    weights <- new_row_values(fit, newweights, "newweights", "weights")
    frame <- replace_column(frame, "(weights)", weights)
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

#' The fit that knows what fixed effects reproduce
#'
#' Maximum likelihood takes a variance that the fixed effects reproduce for zero, whatever the data,
#' so that nothing tells it from an estimate; REML does not.
#' @return `fit`, or its refit by REML, whose `undetermined` counts.
#' @noRd
restricted_fit <- function(fit) {
  # a variance is zero: there is nothing to be told of others
  no_data <- is.null(fit$frame) && is.null(fit$summed)
  if (fit$REML || !fit$optimization$singular || no_data) return(fit)
  tryCatch(
    suppressWarnings(suppressMessages(
      refit_frame(fit, REML = TRUE, start = theta_to_start(fit))
    )),
    henderson_error = function(condition) fit
  )
}

# The fit on another frame with the same variables, or with another criterion. `start`: theta, or
# NULL for the usual one; `report`: the checks of its control that may speak again.
refit_frame <- function(fit, frame = model_frame_of(fit), REML = fit$REML, start = NULL,
                        report = character(0L)) {
  call <- fit$call
  call$REML <- if (REML) NULL else FALSE
  refit_parsed(fit, fit$parsed, frame, REML, start, report, call)
}

# The fit with another fixed part, on the rows of the fit. `caller`: where to look for the data if
# the model frame does not have its variables. `scope`: what names of new variables mean, where
# this is not what they mean to the fit.
refit_fixed <- function(fit, formula, caller = NULL, scope = list()) {
  if (length(scope) > 0L) {
    environment(formula) <- list2env(scope, parent = environment(formula))
  }
  parsed <- parse_formula(formula, residual = fit$parsed$residual)
  # with the contrasts that terms imported from lme4 have
  parsed$random <- fit$parsed$random
  call <- fit$call
  call$formula <- formula_call(formula)
  if (!is.null(fit$summed)) {
    return(refit_parsed(fit, parsed, NULL, fit$REML, NULL, character(0L), call))
  }
  frame <- extended_frame(fit, parsed, brought = names(scope), found = data_of_call(fit, caller))
  refit_parsed(fit, parsed, frame, fit$REML, NULL, character(0L), call)
}

refit_parsed <- function(fit, parsed, frame, REML, start, report, call) {
  control <- unchecked(fit$control, except = report)
  if (identical(control$optimizer, "none")) start <- unname(fit$theta)
  result <- if (!is.null(fit$summed)) {
    fit_summed(fit$summed, parsed, REML, control, start, call)
  } else if (shares_moments(fit, parsed, frame)) {
    refit_from_moments(fit, frame, REML, control, start, call)
  } else {
    contrasts <- own_contrasts(fit, parsed, frame)
    fit_from_frame(parsed, frame, REML, contrasts, control, start, call)
  }
  result$control <- fit$control
  if (!is.null(call$start)) result$start <- fit$start
  result
}

# The fit's theta as a start: a zero variance begins at a small one, since on the boundary itself
# the gradient may vanish.
theta_to_start <- function(fit) {
  start <- unname(fit$theta)
  start[is_deviation(fit$random) & start < 1e-3] <- 0.1
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
