# Contrasts of the fixed effects that tables of types I, II and III test: one matrix for each term,
# one row for each contrast, one column for each kept column of X.
#
# Notation: X, the kept columns, n x p; R, upper triangular with R'R = X'X; T, X coded by
# contr.treatment(); D, all indicator columns of every term (overparametrised), so that D = T B.
#
# Type III: column i of B' holds beta_i as a function of the coefficients of D; the functions of a
# term are made orthogonal to those of the terms that contain it, and read off as contrasts of T's
# coefficients where those of D that T leaves out are zero. Source: SAS Institute, "The four types
# of estimable functions"; the steps and the bases of the rows are those of lmerTest (Kuznetsova,
# Brockhoff and Christensen 2017, J. Stat. Softw. 82(13)), as joint degrees of freedom depend on
# the basis. Nothing here depends on the units of covariates.

#' @param type `"I"`, `"II"` or `"III"`.
#' @return named list, one matrix for each term of the fixed part (of no rows if all its columns
#'   were dropped). Attribute `empty`, of type III: names of the indicator columns without data.
#' @noRd
fixed_contrasts <- function(fit, type) {
  labels <- attr(fit$terms, "term.labels")
  # for one term the three types agree; lmerTest takes the rows of type I
  if (length(labels) <= 1L) type <- "I"
  columns <- columns_by_term(fit$assign, length(labels))
  names <- names(fit$beta)
  contrasts <- if (length(names) == 0L) {
    lapply(columns, function(own) matrix(0, 0L, 0L))
  } else {
    X <- observed_rows(fit, fixed_matrix(fit))
    switch(type,
      I = sequential_contrasts(triangular_factor(X), columns),
      II = adjusted_contrasts(triangular_factor(X), columns, containing_terms(fit$terms)),
      III = balanced_contrasts(fit, X, containing_terms(fit$terms))
    )
  }
  empty <- attr(contrasts, "empty")
  contrasts <- lapply(contrasts, function(L) {
    matrix(L, nrow(L), ncol(L), dimnames = list(NULL, names))
  })
  structure(contrasts, names = utf8_names(labels), empty = empty)
}

# Positions of each term's columns: a list of integer vectors.
columns_by_term <- function(assign, n_terms) {
  lapply(seq_len(n_terms), function(term) which(assign == term))
}

# Rows of positive weight, which are the ones that count (and decided which columns to drop).
observed_rows <- function(fit, X) {
  if (is.null(fit$weights)) X else X[fit$weights > 0, , drop = FALSE]
}

# R of a matrix of full column rank, by Householder's QR without pivoting: unlike the Cholesky
# factor of X'X it does not lose half of the digits.
triangular_factor <- function(X) qr.R(qr(X, tol = 0, LAPACK = FALSE))

# ---- types I and II ----

# Each term adjusted for those before it: rows of R, scaled to a unit diagonal.
sequential_contrasts <- function(R, columns) {
  U <- R / diag(R)
  lapply(columns, function(own) U[own, , drop = FALSE])
}

# Each term adjusted for all terms that do not contain it: type I with the term, and then those
# that contain it, put last. A term that no other contains has its own coefficients.
adjusted_contrasts <- function(R, columns, containing) {
  p <- ncol(R)
  lapply(seq_along(columns), function(term) {
    own <- columns[[term]]
    if (length(containing[[term]]) == 0L) {
      return(diag(p)[own, , drop = FALSE])
    }
    last <- c(own, unlist(columns[containing[[term]]]))
    order <- c(setdiff(seq_len(p), last), last)
    L <- matrix(0, length(own), p)
    rows <- match(own, order)
    L[, order] <- sequential_contrasts(triangular_factor(R[, order]), list(rows))[[1L]]
    L
  })
}

#' Terms that contain each term
#'
#' b contains a if it has all variables of a and more, and the same covariates among them: `f:h`
#' contains f, but `f:x` does not. As in lmerTest, a factor counts where it is coded by contrasts in
#' the term (not by all its indicators), and matrices such as `poly(x, 2)` count as factors.
#' Dates and 64-bit integers ("other") are covariates here; lmerTest takes them for factors.
#' @return list of integer vectors, positions among the term labels.
#' @noRd
containing_terms <- function(terms) {
  coding <- attr(terms, "factors")
  classes <- attr(terms, "dataClasses")
  n_terms <- length(attr(terms, "term.labels"))
  variables <- lapply(seq_len(n_terms), function(term) which(coding[, term] == 1L))
  numeric <- which(classes[variable_names(terms)] %in% c("numeric", "other"))
  contains <- function(larger, smaller) {
    all(smaller %in% larger) && length(larger) > length(smaller) &&
      setequal(intersect(larger, numeric), intersect(smaller, numeric))
  }
  lapply(variables, function(own) which(vapply(variables, contains, TRUE, smaller = own)))
}

# ---- type III ----

# Entries of B between columns of unit size that count as zero, like columns that are collinear to
# this degree.
negligible <- 1e-8

# `X`: the rows of positive weight. p independent rows of it are enough to express the columns of
# one coding by those of another.
balanced_contrasts <- function(fit, X, containing) {
  rows <- independent_rows(X)
  X <- X[rows, , drop = FALSE]
  frame <- frame_rows(fit, rows)
  treatment <- treatment_columns(fit, X, frame)
  labels <- attr(fit$terms, "term.labels")
  D <- indicator_columns(labels, attr(fit$terms, "intercept") == 1L, frame)
  columns <- columns_by_term(treatment$assign, length(labels))
  # size of an entry of B' between columns of unit size
  unit <- outer(1 / column_sizes(D), column_sizes(treatment$X))
  functions <- t(change_of_columns(treatment$X, D))
  for (term in order(attr(fit$terms, "order"), decreasing = TRUE)) {
    own <- columns[[term]]
    within <- unlist(columns[containing[[term]]])
    if (length(own) == 0L || length(within) == 0L) next
    rest <- qr.resid(qr(functions[, within, drop = FALSE]), functions[, own, drop = FALSE])
    rest[abs(rest * unit[, own]) < negligible] <- 0
    functions[, own] <- rest
  }
  functions <- functions[match(colnames(treatment$X), colnames(D)), , drop = FALSE]
  contrasts <- lapply(columns, function(own) {
    L <- t(functions[, own, drop = FALSE])
    L <- L[rowSums(L != 0) > 0L, , drop = FALSE]
    if (treatment$is_X) L else L %*% change_of_columns(treatment$X, X)
  })
  structure(contrasts, empty = colnames(D)[colSums(D != 0) == 0L])
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
    # multiples of the golden section: no period of the data is met
    spread <- unique(1 + floor(n * ((seq_len(few) * (sqrt(5) - 1) / 2) %% 1)))
    rows <- best(spread)
    chosen <- X[rows, , drop = FALSE]
    if (rcond(sweep(chosen, 2L, column_sizes(chosen), "/")) > negligible) {
      return(sort(rows))
    }
  }
  pieces <- split(seq_len(n), (seq_len(n) - 1L) %/% max(piece, 2L * p))
  sort(best(unlist(lapply(pieces, best), use.names = FALSE)))
}

# The model frame at the given rows among those of positive weight, characters as factors, as
# `stats::model.matrix()` takes it.
frame_rows <- function(fit, rows) {
  whole <- model_frame_of(fit)
  if (!is.null(fit$weights)) rows <- which(fit$weights > 0)[rows]
  frame <- plain_numbers(whole, fit$parsed)[rows, , drop = FALSE]
  for (name in intersect(names(fit$xlevels), names(frame))) {
    if (is.character(frame[[name]])) frame[[name]] <- factor(frame[[name]], fit$xlevels[[name]])
  }
  # tells model.matrix() that the variables are evaluated
  attr(frame, "terms") <- attr(whole, "terms")
  frame
}

# T of full rank: list(`X`, `assign`, `is_X`: is it the fit's own matrix?).
treatment_columns <- function(fit, X, frame) {
  if (all(vapply(fit$contrasts, identical, TRUE, "contr.treatment"))) {
    return(list(X = X, assign = fit$assign, is_X = TRUE))
  }
  coding <- lapply(fit$contrasts, function(own) "contr.treatment")
  all <- general_design_matrix(fit$terms, frame, coding)
  kept <- sort(qr(all, tol = 1e-7)$pivot[seq_len(ncol(X))])
  list(
    X = colnames_utf8(all[, kept, drop = FALSE]), assign = attr(all, "assign")[kept], is_X = FALSE
  )
}

# D: the intercept and, term by term, one column for each combination of levels.
indicator_columns <- function(labels, intercept, frame) {
  parts <- lapply(labels, function(label) {
    terms <- stats::terms(stats::reformulate(label, intercept = FALSE))
    general_design_matrix(terms, frame, NULL)
  })
  ones <- if (intercept) matrix(1, nrow(frame), 1L, dimnames = list(NULL, "(Intercept)"))
  colnames_utf8(do.call(cbind, c(list(ones), parts)))
}

# B with `to` = `from` B, for a square matrix `from`.
change_of_columns <- function(from, to) {
  if (ncol(to) == 0L) {
    return(matrix(0, ncol(from), 0L))
  }
  from_size <- column_sizes(from)
  to_size <- column_sizes(to)
  B <- solve(sweep(from, 2L, from_size, "/"), sweep(to, 2L, to_size, "/"), tol = 0)
  B[abs(B) < negligible] <- 0
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

# ---- single terms left out ----

#' Contrasts that are zero in the model without a term
#'
#' The term's own coefficients, if the other columns stay what they are without it. Where their
#' coding changes (`0 + a + b` without a has all indicators of b), an orthonormal basis of the
#' contrasts that vanish for every mean of the smaller model.
#' @param label string, a term label.
#' @return numeric matrix with a column for each kept column of X.
#' @noRd
deletion_contrasts <- function(fit, label) {
  names <- names(fit$beta)
  X <- observed_rows(fit, fixed_matrix(fit))
  rows <- independent_rows(X)
  X <- X[rows, , drop = FALSE]
  change <- stats::as.formula(paste(". ~ . -", label))
  smaller <- stats::terms(stats::update.formula(stats::formula(fit$terms), change))
  coding <- fit$contrasts[intersect(names(fit$contrasts), variable_names(smaller))]
  without <- general_design_matrix(smaller, frame_rows(fit, rows), coding)
  # the smaller model's columns in terms of X's, all of about unit size
  sizes <- column_sizes(X)
  B <- change_of_columns(X, without) * sizes
  if (ncol(B) > 0L) B <- sweep(B, 2L, column_sizes(B), "/")
  decomposition <- qr(B, tol = 1e-7)
  own <- which(fit$assign == match(label, attr(fit$terms, "term.labels")))
  L <- if (decomposition$rank == length(names) - length(own) && all(B[own, ] == 0)) {
    diag(length(names))[own, , drop = FALSE]
  } else {
    beyond <- seq_along(names) > decomposition$rank
    sweep(t(qr.Q(decomposition, complete = TRUE)[, beyond, drop = FALSE]), 2L, sizes, "*")
  }
  dimnames(L) <- list(NULL, names)
  L
}
