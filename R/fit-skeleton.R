# The skeleton of summed rows: a small model frame with the rows in which levels came up first, and
# by which X gets its rank. What a design says of columns and levels is what it says of these.

join_skeleton <- function(state) {
  parts <- state$skeleton
  frame <- bind_frames(parts, state$declared)
  attributes(frame) <- c(attributes(frame), state$frame_attributes)
  frame <- drop_unused_levels(frame)
  # rows that are added to others have the levels of these
  if (state$like) {
    for (name in names(state$factors)) {
      frame[[name]] <- with_all_levels(frame[[name]], state$factors[[name]])
    }
  }
  frame
}

# Rows of data frames with the same columns. known: list by column of levels.
bind_frames <- function(parts, known = list()) {
  columns <- lapply(stats::setNames(nm = names(parts[[1L]])), function(name) {
    bind_column(lapply(parts, `[[`, name), known[[name]])
  })
  rows <- sum(vapply(parts, nrow, 0L))
  structure(columns, class = "data.frame", row.names = seq_len(rows))
}

bind_column <- function(columns, known) {
  if (is.matrix(columns[[1L]])) return(do.call(rbind, columns))
  if (!is.factor(columns[[1L]])) return(do.call(c, columns))
  levels <- known
  for (column in columns) {
    if (!all(levels(column) %in% known)) {
      levels <- unite_levels(levels, levels(column), levels(column))
    }
  }
  text <- unlist(lapply(columns, as.character))
  result <- factor_with(text, levels, is.ordered(columns[[1L]]))
  contrast <- attr(columns[[1L]], "contrasts")
  if (is.character(contrast)) attr(result, "contrasts") <- contrast
  result
}

# Levels in the order that the factor has for them; of strings, or where pieces have orders of their
# own, in that of the C locale, as `factor()` has them: numbers by value.
unite_levels <- function(known, own, declared, ordered = FALSE, name = NULL, strings = FALSE) {
  all <- union(known, own)
  if (all(all %in% declared)) return(declared[declared %in% all])
  if (!ordered) {
    numbers <- if (!strings) suppressWarnings(as.numeric(all))
    return(if (strings || anyNA(numbers)) sort_strings(all) else all[order(numbers)])
  }
  abort(c(
    "Pieces of the data have other levels of the ordered factor {.var {name}}: {.val {known}} and
     {.val {own}}.",
    "i" = "Give all pieces all levels in their order."
  ), kind = "data", variable = name, observed = own)
}

# Missing values are a level where they are among the levels.
factor_with <- function(labels, levels, ordered) {
  factor(labels, levels, ordered = ordered, exclude = if (anyNA(levels)) NULL else NA)
}

#' The design of the skeleton
#' @param lost list by grouping factor of levels in the skeleton whose rows have been taken away.
#' @return as `model_design()`, without `y`, `weights` and `offset`; each of `random` has
#'   `position`, its number in the formula.
#' @noRd
skeleton_design <- function(parsed, skeleton, contrasts, lost = NULL) {
  values <- plain_numbers(skeleton, parsed)
  terms <- attr(skeleton, "fixed_terms")
  X <- design_matrix(terms, values, contrasts)
  fixed <- list(terms = terms, X = X)
  random <- random_design(parsed$random, skeleton, values, contrasts, fixed)
  texts <- vapply(parsed$random, `[[`, "", "text")
  random <- lapply(random, function(term) {
    term$position <- match(term$text, texts)
    term
  })
  if (length(lost) > 0L) {
    random <- lapply(random, without_levels, lost)
    random <- index_theta(random[order(-vapply(random, function(term) length(term$levels), 0L))])
  }
  list(
    X = X, terms = terms, xlevels = factor_levels(terms, skeleton),
    contrasts = attr(X, "contrasts"), random = random
  )
}

without_levels <- function(term, lost) {
  kept <- !term$levels %in% lost[[term$group]]
  number <- replace(cumsum(kept), !kept, NA)
  term$level <- number[term$level]
  term$levels <- term$levels[kept]
  term
}

# The first random term on a factor.
term_on <- function(random, group) random[[match(group, vapply(random, `[[`, "", "group"))]]

# --- which rows ---

# Rows by which the skeleton's X gets the rank of all rows.
rows_of_rank <- function(state, X, weights) {
  p <- ncol(X)
  if (p == 0L) return(if (is.null(state$skeleton)) 1L else integer(0L))
  usable <- if (is.null(weights)) seq_len(nrow(X)) else which(weights > 0)
  if (is.null(state$basis)) {
    state$sizes <- column_lengths(X)
    state$basis <- matrix(0, p, 0L)
  }
  chosen <- integer(0L)
  # most often the first of these blocks has all there is to find
  size <- 100 * p
  while (length(usable) > 0L && ncol(state$basis) < p) {
    now <- usable[seq_len(min(size, length(usable)))]
    usable <- usable[-seq_along(now)]
    size <- 10 * size
    # columns of about unit size; what the rows so far span taken off, twice
    left <- t(X[now, , drop = FALSE]) / state$sizes
    for (i in 1:2) left <- left - state$basis %*% crossprod(state$basis, left)
    outside <- which(colSums(left^2) > 1e-14)
    if (length(outside) == 0L) next
    decomposition <- qr(left[, outside, drop = FALSE], tol = 1e-7, LAPACK = FALSE)
    new <- seq_len(min(decomposition$rank, p - ncol(state$basis)))
    new <- new[abs(diag(decomposition$qr)[new]) > 1e-7]
    state$basis <- cbind(state$basis, qr.Q(decomposition)[, new, drop = FALSE])
    chosen <- c(chosen, now[outside[decomposition$pivot[new]]])
  }
  chosen
}

column_lengths <- function(X) {
  size <- sqrt(colMeans(X^2))
  size[size == 0] <- 1
  size
}

# Rows that show the levels of factors among the columns.
first_of_levels <- function(frame, state) {
  shown <- state$shown
  rows <- integer(0L)
  for (name in names(state$factors)) {
    column <- frame[[name]]
    new <- setdiff(levels(column)[tabulate(column, nlevels(column)) > 0L], shown[[name]])
    rows <- c(rows, match(match(new, levels(column)), as.integer(column)))
    shown[[name]] <- c(shown[[name]], new)
  }
  state$shown <- shown
  rows
}
