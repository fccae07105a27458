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
    switch(type,
      I = sequential_contrasts(rows_triangle(fit), columns),
      II = adjusted_contrasts(rows_triangle(fit), columns, containing_terms(fit$terms)),
      III = balanced_contrasts(
        fit, observed_rows(fit, columns_matrix(fit)), containing_terms(fit$terms)
      )
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

# R with R'R = X'X, rows not weighted: from the cross-products, or once from the rows where these
# have weights or leave R too few digits.
rows_triangle <- function(fit) {
  require_unweighted_sums(fit, "Tests of type I and II")
  summed <- is.null(fit$weights) && !has_residual(fit)
  R <- if (summed) fixed_triangle(moments_of(fit)) else fit$cache$rows_triangle
  if (is.null(R)) {
    R <- triangular_factor(observed_rows(fit, fixed_matrix(fit)))
    if (!summed) assign("rows_triangle", R, envir = fit$cache)
  }
  R
}

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

# `X`: the rows of positive weight.
balanced_contrasts <- function(fit, X, containing) {
  codings <- fixed_codings(fit, X)
  treatment <- codings$treatment
  D <- codings$indicators
  columns <- columns_by_term(codings$assign, length(containing))
  # size of an entry of B' between columns of unit size
  unit <- outer(1 / column_sizes(D), column_sizes(treatment))
  functions <- t(codings$change)
  for (term in order(attr(fit$terms, "order"), decreasing = TRUE)) {
    own <- columns[[term]]
    within <- unlist(columns[containing[[term]]])
    if (length(own) == 0L || length(within) == 0L) next
    rest <- qr.resid(qr(functions[, within, drop = FALSE]), functions[, own, drop = FALSE])
    rest[abs(rest * unit[, own]) < negligible] <- 0
    functions[, own] <- rest
  }
  functions <- functions[match(colnames(treatment), colnames(D)), , drop = FALSE]
  contrasts <- lapply(columns, function(own) {
    L <- t(functions[, own, drop = FALSE])
    L <- L[rowSums(L != 0) > 0L, , drop = FALSE]
    if (is.null(codings$map)) L else L %*% codings$map
  })
  structure(contrasts, empty = colnames(D)[colSums(D != 0) == 0L])
}

#' X coded by contr.treatment(), and all indicators in terms of it
#'
#' p independent rows of X are enough to express the columns of one coding by those of another, if
#' they span the same space. Further rows tell whether they do: R gives `x:a + x:b + a:b` too few
#' columns for a:b. Then it is least squares over all rows, as in lmerTest.
#' @return list(`treatment` (T), `assign`, `indicators` (D), `change` (B), `map` (X = T map, NULL if
#'   T is X)); T and D at some rows.
#' @noRd
fixed_codings <- function(fit, X) {
  independent <- independent_rows(X)
  rows <- union(independent, spread_rows(nrow(X)))
  few <- codings_at(fit, X, rows, seq_along(independent))
  if (is.null(few)) codings_at(fit, X, seq_len(nrow(X)), NULL) else few
}

# `basis`: which of `rows` are independent; NULL for least squares. NULL if T does not span D.
codings_at <- function(fit, X, rows, basis) {
  X <- X[rows, , drop = FALSE]
  frame <- frame_rows(fit, rows)
  treatment <- X
  assign <- fit$assign
  map <- NULL
  is_treatment <- all(vapply(fit$contrasts, identical, TRUE, "contr.treatment"))
  if (!is_treatment) {
    coding <- lapply(fit$contrasts, function(own) "contr.treatment")
    all <- colnames_utf8(general_design_matrix(fit$terms, frame, coding))
    decomposition <- qr(all, tol = 1e-7)
    kept <- sort(decomposition$pivot[seq_len(decomposition$rank)])
    treatment <- all[, kept, drop = FALSE]
    assign <- attr(all, "assign")[kept]
    map <- change_of_columns(treatment, X, basis)
  }
  indicators <- indicator_columns(fit$terms, frame)
  change <- change_of_columns(treatment, indicators, basis)
  if (is.null(change) || (!is_treatment && is.null(map))) {
    return(NULL)
  }
  list(
    treatment = treatment, assign = assign, indicators = indicators, change = change, map = map
  )
}

# D: the intercept and, term by term, one column for each combination of levels.
indicator_columns <- function(terms, frame) {
  parts <- lapply(seq_along(attr(terms, "term.labels")), function(term) {
    general_design_matrix(some_terms(terms, term, intercept = 0), frame, NULL)
  })
  has_intercept <- attr(terms, "intercept") == 1L
  ones <- if (has_intercept) matrix(1, nrow(frame), 1L, dimnames = list(NULL, "(Intercept)"))
  colnames_utf8(do.call(cbind, c(list(ones), parts)))
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
  term <- match(label, attr(fit$terms, "term.labels"))
  own <- which(fit$assign == term)
  X <- observed_rows(fit, columns_matrix(fit))
  independent <- independent_rows(X)
  rows <- union(independent, spread_rows(nrow(X)))
  others <- setdiff(seq_along(attr(fit$terms, "term.labels")), term)
  smaller <- some_terms(fit$terms, others, attr(fit$terms, "intercept"))
  coding <- fit$contrasts[intersect(names(fit$contrasts), variable_names(smaller))]
  without <- general_design_matrix(smaller, frame_rows(fit, rows), coding)
  X <- X[rows, , drop = FALSE]
  B <- change_of_columns(X, without, seq_along(independent))
  L <- vanishing_contrasts(B, column_sizes(X), own)
  dimnames(L) <- list(NULL, names)
  L
}

# `B`: the smaller model's columns in terms of X's; NULL if they are not among their combinations,
# which R's coding can bring about, and where the term's own coefficients are all there is.
vanishing_contrasts <- function(B, sizes, own) {
  p <- length(sizes)
  if (is.null(B)) {
    return(diag(p)[own, , drop = FALSE])
  }
  B <- B * sizes
  if (ncol(B) > 0L) B <- sweep(B, 2L, column_sizes(B), "/")
  decomposition <- qr(B, tol = 1e-7)
  if (decomposition$rank == p - length(own) && all(B[own, ] == 0)) {
    return(diag(p)[own, , drop = FALSE])
  }
  beyond <- seq_len(p) > decomposition$rank
  sweep(t(qr.Q(decomposition, complete = TRUE)[, beyond, drop = FALSE]), 2L, sizes, "*")
}
