# What a fit was made from: its frame, response, matrices and codings, as stored or built again from
# the stored frame.
#
# Notation: X, n x p fixed-effects matrix; Z, n x q random-effects matrix.

# The stored model frame, or an error if `lmm_control(keep = )` dropped it.
model_frame_of <- function(fit) {
  if (!is.null(fit$summed)) {
    abort(c(
      "This fit is of cross-products, without the rows of its data.",
      "i" = "Fitted values, residuals and {.fn augment} read the data again, piece by piece:
             {.code residuals(fit, data = chunks(...))}, see {.topic fitted_in_pieces}.",
      "i" = "Other results by row need {.fn lmm} with the data frame."
    ), kind = "data", variable = "frame")
  }
  if (is.null(fit$frame)) {
    abort(c(
      "This fit does not hold its model frame.",
      "i" = "Fit again with {.code control = lmm_control(keep = \"frame\")}."
    ), kind = "data", variable = "frame")
  }
  fit$frame
}

# Rows that tell of columns what all rows tell: their names, coding and dependences. All of them, or
# those that a fit of cross-products has kept.
columns_frame <- function(fit) {
  if (is.null(fit$summed)) model_frame_of(fit) else fit$summed$skeleton
}

# X in these rows.
columns_matrix <- function(fit) {
  if (is.null(fit$summed)) return(fixed_matrix(fit))
  X <- design_matrix(fit$terms, plain_numbers(columns_frame(fit), fit$parsed), fit$contrasts)
  X[, names(fit$beta), drop = FALSE]
}

# What only the rows of a weighted fit can tell.
require_unweighted_sums <- function(fit, what) {
  if (is.null(fit$summed) || !fit$summed$weighted) return(invisible(NULL))
  abort(c("{what} of a fit of cross-products with weights cannot be had without the rows.",
    "i" = "See {.topic cross_products}."
  ), kind = "data", variable = "weights")
}

# The response as fitted: plain numeric n.
model_response <- function(fit) {
  fit$y %||% as.numeric(stats::model.response(model_frame_of(fit)))
}

with_row_names <- function(fit, values) {
  names(values) <- rownames(fit$frame)
  values
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

random_effects_matrix <- function(fit) random_matrix(fit_random_terms(fit), length(fit$fitted))

# The model design, from the stored frame: no variable is looked up by name again, and what was
# checked at the fit is not reported a second time.
fit_design_again <- function(fit) {
  model_design(fit$parsed, model_frame_of(fit), fit_contrasts(fit), unchecked(fit$control))
}

# What the core has prepared of the rows of the fit: a pointer.
prepare_again <- function(fit, with_residual = FALSE) {
  if (!with_residual) require_plain_residuals(fit, "This")
  prepare_cpp(core_design(fit_design_again(fit), fixed_matrix(fit)), NULL)$pointer
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

# Contrasts of the fit's factors that another model has as well. A matrix that is the factor's own
# comes with the factor.
own_contrasts <- function(fit, parsed, frame) {
  contrasts <- fit_contrasts(fit)
  contrasts <- contrasts[names(contrasts) %in% contrast_variables(parsed, frame)]
  Filter(Negate(is.null), Map(function(contrast, name) {
    if (!is.matrix(contrast) || is.null(attr(frame[[name]], "contrasts"))) contrast
  }, contrasts, names(contrasts)))
}
