# The sparse matrix Z of the random effects. Only users see it: the fit never forms it.

#' Random-effects matrix
#'
#' @param random list of terms with `z`, `level`, `levels` and `columns`, as in `design$random`; a
#'   row whose level is NA has no entries for the term.
#' @param n integer, number of rows.
#' @return n x q `dgCMatrix`: terms in theta order, within a term level by level (all columns of the
#'   first level, then of the second, ...), as in lme4; column names are the levels.
#' @noRd
random_matrix <- function(random, n) {
  offset <- 0L
  entries <- vector("list", length(random))
  for (k in seq_along(random)) {
    entries[[k]] <- term_entries(random[[k]], n, offset)
    offset <- offset + length(random[[k]]$levels) * length(random[[k]]$columns)
  }
  levels <- lapply(random, function(term) rep(term$levels, each = length(term$columns)))
  if (length(random) == 0L) return(Matrix::sparseMatrix(i = integer(0L), j = integer(0L),
    x = numeric(0L), dims = c(n, 0L)))
  Matrix::sparseMatrix(
    i = unlist(lapply(entries, `[[`, "i")), j = unlist(lapply(entries, `[[`, "j")),
    x = unlist(lapply(entries, `[[`, "x")), dims = c(n, offset),
    dimnames = list(NULL, unlist(levels))
  )
}

#' Row, column and value of a term's entries
#' @param offset integer: columns of the terms before.
#' @return list(`i`, `j`, `x`), one entry per row of known level and column of the term.
#' @noRd
term_entries <- function(term, n, offset) {
  v <- length(term$columns)
  rows <- which(!is.na(term$level))
  first <- offset + (term$level[rows] - 1L) * v
  x <- if (is.null(term$z)) {
    rep(1, length(rows))
  } else if (length(rows) == n) {
    as.vector(term$z)
  } else {
    as.vector(term$z[rows, ])
  }
  column <- rep(first, times = v) + rep(seq_len(v), each = length(rows))
  list(i = rep(rows, times = v), j = column, x = x)
}
