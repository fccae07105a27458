# From the design to the C++ core, which makes of it the cross-products [Z X y]'W[Z X y] that
# everything after them is computed from: block terms, rank of X, what a fit keeps.

#' Block term and first column (0-based) of each random term
#'
#' Terms on one grouping factor form one block term of the core.
#' @return list(`block` (integer, 1-based), `first` (integer)).
#' @noRd
block_index <- function(random) {
  if (length(random) == 0L) return(list(block = integer(0L), first = integer(0L)))
  if (length(random) == 1L) return(list(block = 1L, first = 0L))
  groups <- vapply(random, `[[`, "", "group")
  first <- integer(length(random))
  if (!anyDuplicated(groups)) return(list(block = seq_along(groups), first = first))
  block <- match(groups, unique(groups))
  sizes <- lengths(lapply(random, `[[`, "columns"))
  for (i in seq_along(random)) {
    before <- seq_len(i - 1L)
    first[i] <- sum(sizes[before][block[before] == block[i]])
  }
  list(block = block, first = first)
}

#' The design as the core takes it (src/convert.h); no column is copied
#'
#' @param design from `model_design()`.
#' @param X the kept columns of its X.
#' @return list(`X`, `y` (offset subtracted), `weights`, `intercept`, `terms`, `specs` (of the
#'   structures, by block term)).
#' @noRd
core_design <- function(design, X) {
  random <- design$random
  index <- block_index(random)
  terms <- vector("list", max(index$block, 0L))
  for (block in seq_along(terms)) terms[[block]] <- core_term(random[index$block == block])
  intercept <- match("(Intercept)", colnames(X), nomatch = 0L)
  y <- design$y
  if (!is.null(design$offset)) y <- y - design$offset
  core <- list(
    X = X, y = y, weights = design$weights, intercept = intercept, terms = terms,
    specs = core_specs(random, index)
  )
  core$residual <- design$residual$core
  core
}

# Of the structures, by block term.
core_specs <- function(random, index = block_index(random)) {
  lapply(seq_len(max(index$block, 0L)), function(block) {
    own <- index$block == block
    .mapply(structure_spec, list(random[own], index$first[own]), NULL)
  })
}

core_term <- function(members) {
  columns <- list()
  for (term in members) columns <- c(columns, core_columns(term))
  list(
    columns = columns, level = members[[1L]]$level, n_levels = length(members[[1L]]$levels)
  )
}

# A column of z: NULL for the constant one, else the matrix it stands in and its number there.
core_columns <- function(term) {
  if (is.null(term$z)) return(list(NULL))
  lapply(seq_along(term$columns), function(c) {
    if (identical(term$columns[c], "(Intercept)")) NULL else list(term$z, c)
  })
}

# lm() drops a column whose residual norm is below 1e-7 of its norm: a squared pivot of 1e-14, which
# a Gram matrix cannot resolve. Anything below 1e-9 goes to the QR.
is_rank_in_doubt <- function(pivot) !isTRUE(pivot > 1e-9)

#' Cross-products of a design, whose X has full rank
#' @param core list from `core_design()`.
#' @noRd
design_moments <- function(core) {
  prepared <- prepare_cpp(core, NULL)
  on.exit(release_cpp(prepared$pointer))
  cross_products_cpp(prepared$pointer, Inf)
}

#' Columns of X that `lm()` would keep
#'
#' Rank by the same QR decomposition as `lm()` (LINPACK `dqrdc2`, tolerance 1e-7), of the weighted
#' rows.
#' @return integer: positions of the kept columns, ascending.
#' @noRd
full_rank_columns <- function(X, weights) {
  if (!is.null(weights)) X <- X[weights > 0, , drop = FALSE] * sqrt(weights[weights > 0])
  decomposition <- qr(X, tol = 1e-7, LAPACK = FALSE)
  sort(decomposition$pivot[seq_len(decomposition$rank)])
}

#' X without the columns that are linear combinations of earlier ones
#'
#' @param keep integer positions or NULL for all.
#' @return list(`X`, `all_columns`, `dropped`, `assign`).
#' @noRd
keep_full_rank <- function(X, keep = NULL, control) {
  all_columns <- colnames(X)
  assign <- attr(X, "assign")
  contrasts <- attr(X, "contrasts")
  if (is.null(keep) || length(keep) == ncol(X)) {
    return(list(X = X, all_columns = all_columns, dropped = character(0), assign = assign))
  }
  dropped <- all_columns[setdiff(seq_len(ncol(X)), keep)]
  count <- length(dropped)
  report(control$check_rank, c(
    "The fixed-effects matrix is rank deficient: {count} column{?s} dropped.",
    "i" = "Dropped, as a combination of the others: {.val {dropped}}."
  ), kind = "rank", variable = dropped, observed = count)
  X <- X[, keep, drop = FALSE]
  attr(X, "assign") <- assign[keep]
  attr(X, "contrasts") <- contrasts
  list(X = X, all_columns = all_columns, dropped = dropped, assign = assign[keep])
}

#' How large cross-products may be that a fit keeps
#'
#' An eighth of the model frame and X, or a megabyte; none in a fit without its model frame.
#' @noRd
kept_bytes <- function(design, X, frame, control) {
  if (!"frame" %in% control$keep) return(0)
  max(1e6, as.double(length(design$y)) * (ncol(X) + length(frame)))
}
