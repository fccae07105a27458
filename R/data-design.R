# From the model frame to the matrices of the model: X, y, and for every random term its columns z
# and its level index.

#' Design of a mixed model
#'
#' @param parsed from `parse_formula()`.
#' @param frame model frame from `model_frame()`.
#' @param contrasts NULL or a named list, as `contrasts.arg` of `model.matrix()`; it serves the
#'   fixed part and the random terms.
#' @param control `henderson_control`.
#' @return list, see design/internal-objects.md. It has no class: for each `$` R would look for a
#'   method, several thousand instructions.
#' @noRd
model_design <- function(parsed, frame, contrasts = NULL, control = lmm_control()) {
  terms <- attr(frame, "fixed_terms")
  check_response_apart(parsed, terms)
  contrasts <- check_contrasts(contrasts, parsed, frame)
  values <- plain_numbers(frame, parsed)
  X <- design_matrix(terms, values, contrasts)
  weights <- as_numeric_vector(.subset2(values, "(weights)"))
  offset <- as_numeric_vector(stats::model.offset(values))
  response <- if (!is.null(parsed$family)) generalized_response(values, parsed$family)
  if (is.null(response)) {
    y <- as_numeric_vector(.subset2(values, 1L))
    check_not_constant(
      y, offset, weights, attr(terms, "intercept") == 1L, utf8_names(names(frame)[1L])
    )
  } else {
    y <- response$mean
    weights <- response$prior
  }
  random <- random_design(parsed$random, frame, values, contrasts, list(terms = terms, X = X))
  n <- if (is.null(weights)) length(y) else sum(weights > 0)
  check_random_terms(random, n, control, weights)
  check_zero_columns(random, control)
  design <- list(
    X = X, y = y, weights = weights, offset = offset,
    terms = terms, xlevels = factor_levels(terms, frame), contrasts = attr(X, "contrasts"),
    random = random
  )
  design$residual <- residual_design(parsed$residual, frame, weights)
  design$response <- response
  design
}
