# The result of influence() as a table.

#' @param x A result of `influence()`.
#' @param row.names,optional Not used.
#' @rdname influence.henderson_lmm
#' @export
as.data.frame.henderson_influence <- function(x, row.names = NULL, optional = FALSE, ...) {
  check_no_dots(...)
  data.frame(
    deleted = x$deleted, deleted_values(x, "fixed.effects"),
    deleted_values(x, "var.cov.comps"), cooks.distance = cooks.distance.henderson_influence(x),
    mdffits = mdffits.henderson_influence(x), covratio = covratio.henderson_influence(x),
    x$displacement, status = x$status, row.names = NULL, check.names = FALSE
  )
}

#' @param digits One whole number: significant digits.
#' @rdname influence.henderson_lmm
#' @export
print.henderson_influence <- function(x, digits = max(3L, getOption("digits") - 3L), ...) {
  check_print_dots(...)
  check_digits(digits)
  cells <- most_influential(x)
  shown <- apply(cells, 2L, format, digits = digits)
  shown <- matrix(shown, nrow(cells), dimnames = dimnames(cells))
  write_lines(c(
    influence_title(x), "The most influential:", text_table(shown, "right"),
    fold_text(deletion_notes(x))
  ))
  invisible(x)
}

influence_title <- function(x) {
  how <- switch(x$method,
    exact = "all parameters estimated again", `one-step` = "covariance parameters by one step",
    held = "covariance parameters held"
  )
  unit <- if (x$groups == "case") "row" else x$groups
  paste0("Influence of each ", unit, " (", length(x$deleted), "), ", how)
}

# Measures of the units with the largest of Cook's distances, a row each.
most_influential <- function(x) {
  distance <- cooks.distance.henderson_influence(x)
  largest <- utils::head(order(distance, decreasing = TRUE), 6L)
  cbind(
    `Cook's distance` = distance, MDFFITS = mdffits.henderson_influence(x),
    COVRATIO = covratio.henderson_influence(x), x$displacement
  )[largest, , drop = FALSE]
}
