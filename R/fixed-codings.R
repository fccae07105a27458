# Columns of the fixed part in one coding expressed by those in another, from a few rows.

# Entries between columns of unit size that count as zero, like columns that are collinear to this
# degree.
negligible <- 1e-8

counts_all_rows <- function(fit) is.null(fit$weights) || fit$n == length(fit$weights)

# Rows of positive weight, which are the ones that count (and decided which columns to drop).
observed_rows <- function(fit, X) {
  if (counts_all_rows(fit)) X else X[fit$weights > 0, , drop = FALSE]
}

#' Positions of p independent rows of a matrix of full column rank
#'
#' By column pivoting of the transpose. A few rows spread over a long matrix usually have them; if
#' not, each piece gives its best rows, and the best of these are taken, so that no copy of all
#' rows is needed.
#' @param few,piece numbers of rows.
#' @noRd
independent_rows <- function(X, few = 1000L, piece = 1e5L) {
  n <- nrow(X)
  p <- ncol(X)
  best <- function(rows) {
    part <- X[rows, , drop = FALSE]
    part <- t(part) / column_sizes(part)
    rows[qr(part, LAPACK = TRUE)$pivot[seq_len(min(p, length(rows)))]]
  }
  few <- max(few, 20L * p)
  if (n > 4L * few) {
    rows <- best(spread_rows(n, few))
    chosen <- X[rows, , drop = FALSE]
    if (rcond(sweep(chosen, 2L, column_sizes(chosen), "/")) > negligible) {
      return(sort(rows))
    }
  }
  pieces <- split(seq_len(n), (seq_len(n) - 1L) %/% max(piece, 2L * p))
  sort(best(unlist(lapply(pieces, best), use.names = FALSE)))
}

# About `few` of n rows: multiples of the golden section, which meet no period of the data.
spread_rows <- function(n, few = 1000L) {
  if (n <= few) {
    return(seq_len(n))
  }
  unique(1 + floor(n * ((seq_len(few) * (sqrt(5) - 1) / 2) %% 1)))
}

# The model frame at the given rows among those of positive weight, characters as factors, as
# `stats::model.matrix()` takes it.
frame_rows <- function(fit, rows) {
  whole <- columns_frame(fit)
  if (!counts_all_rows(fit)) rows <- which(fit$weights > 0)[rows]
  frame <- plain_numbers(whole, fit$parsed)[rows, , drop = FALSE]
  for (name in intersect(names(fit$xlevels), names(frame))) {
    if (is.character(frame[[name]])) frame[[name]] <- factor(frame[[name]], fit$xlevels[[name]])
  }
  # tells model.matrix() that the variables are evaluated
  attr(frame, "terms") <- attr(whole, "terms")
  frame
}

# Terms object of some terms of another, in its variables' own expressions: a label such as
# "f:x > 0" cannot be parsed.
some_terms <- function(terms, chosen, intercept) {
  variables <- as.list(attr(terms, "variables"))[-1L]
  coding <- attr(terms, "factors")
  products <- lapply(chosen, function(term) {
    Reduce(function(left, right) call(":", left, right), variables[coding[, term] > 0L])
  })
  right <- Reduce(function(left, right) call("+", left, right), products, as.numeric(intercept))
  stats::terms(stats::as.formula(call("~", right)))
}

#' Columns in terms of others
#'
#' @param basis integer: independent rows, as many as `from` has columns; NULL for least squares
#'   over all rows.
#' @return B with `to` = `from` B; NULL if there is none (judged by all rows given).
#' @noRd
change_of_columns <- function(from, to, basis = seq_len(nrow(from))) {
  if (ncol(to) == 0L) {
    return(matrix(0, ncol(from), 0L))
  }
  from_size <- column_sizes(from)
  to_size <- column_sizes(to)
  scaled_from <- sweep(from, 2L, from_size, "/")
  scaled_to <- sweep(to, 2L, to_size, "/")
  if (is.null(basis)) {
    B <- qr.coef(qr(scaled_from, tol = 0), scaled_to)
  } else {
    square <- scaled_from[basis, , drop = FALSE]
    if (nrow(square) != ncol(square) || rcond(square) == 0) {
      return(NULL)
    }
    B <- solve(square, scaled_to[basis, , drop = FALSE], tol = 0)
  }
  B[abs(B) < negligible] <- 0
  if (!is.null(basis) && any(abs(scaled_from %*% B - scaled_to) > 1e-6)) {
    return(NULL)
  }
  B <- sweep(B / from_size, 2L, to_size, "*")
  dimnames(B) <- list(colnames(from), colnames(to))
  B
}

# Largest absolute value of each column; 1 for columns of zeros.
column_sizes <- function(X) {
  sizes <- apply(X, 2L, function(column) max(abs(column)))
  sizes[sizes == 0] <- 1
  sizes
}
