# Tables as tibbles, and augment() of data that are read piece by piece.

# As augment_rows(), of data that are read piece by piece.
augment_pieces <- function(fit, source, to) {
  result <- stream_fit(fit, source, to, function(rows) {
    own <- rows$values
    if (nrow(own) == 0L) return(own)
    data.frame(
      rows$piece, .fitted = own$.fitted, .resid = own$.resid, .fixed = own$.fixed,
      .mu = own$.fitted, .offset = own$.offset, .weights = own$.weights,
      .wtres = sqrt(own$.weights) * own$.resid, check.names = FALSE
    )
  })
  if (is.null(to)) as_tidy(result) else invisible(result)
}

as_tidy <- function(table) {
  rownames(table) <- NULL
  if (requireNamespace("tibble", quietly = TRUE)) tibble::as_tibble(table) else table
}
