# Refits of the same rows with another response or criterion: what does not depend on the response
# comes from the cross-products of the fit, so that one pass over the response is left, and one for
# the fitted values.

# Is the model that of the fit, but for its response and criterion, and can its cross-products be
# had? Columns that nobody touched are the same object: comparing them takes no time.
shares_moments <- function(fit, parsed, frame) {
  newton <- fit$control$optimizer %in% c("newton", "none")
  newton && !has_residual(fit) && has_moments(fit) && identical(parsed, fit$parsed) &&
    identical(names(frame), names(fit$frame)) &&
    all(mapply(identical, as.list(frame)[-1L], as.list(fit$frame)[-1L]))
}

# As fit_from_frame().
refit_from_moments <- function(fit, frame, REML, control, start, call) {
  design <- list(
    X = fixed_matrix(fit), y = as_numeric_vector(.subset2(plain_numbers(frame, fit$parsed), 1L)),
    weights = fit$weights, offset = fit$offset, terms = fit$terms, xlevels = fit$xlevels,
    contrasts = fit$contrasts, random = fit_random_terms(fit)
  )
  check_not_constant(
    design$y, design$offset, design$weights, attr(design$terms, "intercept") == 1L,
    utf8_names(names(frame)[1L])
  )
  start <- check_start(start, design$random, control)
  columns <- fit[c("all_columns", "dropped", "assign")]
  columns$X <- design$X
  prepared <- prepare_cpp(core_design(design, design$X), moments_of(fit))
  on.exit(release_cpp(prepared$pointer))
  prepared$columns <- columns
  fit_prepared(prepared, fit$parsed, frame, design, REML, control, start, call)
}

# Cross-products that update() fits, those of the fit or of new data in pieces; NULL of rows.
updated_sums <- function(fit, parsed, call, changes, values, caller) {
  data <- if ("data" %in% names(changes)) values$data else fit$summed
  if (inherits(data, "henderson_chunks")) {
    return(sum_data(parsed, data, call, caller, values$contrasts))
  }
  if (!inherits(data, "henderson_cross_products")) return(NULL)
  rows <- intersect(
    names(changes), c(
      "weights", "subset", "offset", "na.action", "contrasts", "relationship", "residual",
      "variance"
    )
  )
  if (length(rows) == 0L) return(data)
  abort(c(
    "A change of {.arg {rows}} needs the rows, and the fit is of cross-products.",
    "i" = "Make new ones by {.fn cross_products}, or give {.arg data}."
  ), kind = "data", variable = rows[1L])
}
