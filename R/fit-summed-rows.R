# Rows that come in pieces, added up: each piece is made into a design by the functions that make
# that of a whole data frame, its levels numbered as they come up, and handed to the core.
#
# The skeleton is a small model frame, with the rows in which levels came up first. What a design
# says of columns and levels (names, order, contrasts) is what the same functions say of it.

#' Sums over the rows of all pieces
#'
#' @param parsed from `parse_formula()`; `source` from `chunks()`; `call` with `subset`, `weights`,
#'   `na.action`, `offset`; `env` the caller's frame; `contrasts` as in `lmm()`.
#' @return list(`sums` (as `cross_products_cpp()` has them, of all columns of X), `skeleton`,
#'   `declared`, `types`, `weighted`, `design` (of the skeleton, see `skeleton_design()`), `rows`,
#'   `omitted` (numbers)).
#' @noRd
sum_rows <- function(parsed, source, call, env, contrasts) {
  state <- new_summation(parsed, call, env, contrasts)
  repeat {
    read_pieces(source, state, add_piece)
    if (is.null(state$surprise)) break
    # a level of a factor among the columns came up late: now that all are known, once more
    state$complete <- TRUE
    begin_pass(state)
  }
  finish_summation(state)
}

read_pieces <- function(source, state, add) {
  pieces <- source$open()
  on.exit(pieces$close())
  while (!is.null(piece <- pieces$read())) add(state, piece)
}

# An environment: what a pass over the pieces has so far.
new_summation <- function(parsed, call, env, contrasts) {
  state <- list2env(list(
    parsed = parsed, call = call, env = env, contrasts = contrasts,
    factors = NULL, complete = FALSE, weighted = FALSE, declared = list(), types = NULL,
    witnesses = NULL
  ), parent = emptyenv())
  begin_pass(state)
  state
}

begin_pass <- function(state) {
  state$builder <- builder_cpp(NULL)
  state$levels <- vector("list", length(state$parsed$random))
  fresh <- c(
    "skeleton", "columns", "surprise", "shown", "basis"
  )
  for (name in fresh) state[[name]] <- NULL
  for (name in c("pieces", "rows", "omitted")) state[[name]] <- 0
}

#' Add one piece
#' @noRd
add_piece <- function(state, piece) {
  state$pieces <- state$pieces + 1L
  state$rows <- state$rows + nrow(piece)
  # row names tell which rows a frame has
  piece <- as.data.frame(piece)
  attr(piece, "row.names") <- seq_len(nrow(piece))
  frame <- piece_frame(state, piece)
  state$omitted <- state$omitted + attr(frame, "omitted")
  if (nrow(frame) == 0L) return(invisible(NULL))
  note_declared_levels(state, frame)
  frame <- with_known_levels(state, frame)
  if (!is.null(state$surprise)) return(invisible(NULL))
  design <- piece_design(state, frame)
  state$skeleton <- c(state$skeleton, list(frame[design$first, , drop = FALSE]))
  state$weighted <- state$weighted || "(weights)" %in% names(frame)
  if (is.null(state$frame_attributes)) {
    state$frame_attributes <- attributes(frame)[
      c("terms", "fixed_terms", "data_variables", "data_names")
    ]
  }
  builder_add_cpp(state$builder, design$core)
}

# The model frame of a piece, which may have no row; attribute `omitted`: how many were left out.
piece_frame <- function(state, piece) {
  none <- structure(list(), omitted = 0L, class = "data.frame")
  if (nrow(piece) == 0L) return(none)
  piece <- native_names(piece)
  check_data_names(piece, state$parsed)
  check_piece(state, piece)
  frame <- evaluate_frame(state$parsed, piece, state$call, state$env)
  check_rows_apart(state, piece, frame)
  omitted <- length(attr(frame, "na.action"))
  if (nrow(frame) > 0L) {
    frame <- complete_frame(drop_unused_levels(frame), state$parsed, piece, state$call)
  }
  structure(frame, omitted = omitted)
}

# Columns of the frame whose levels make columns of matrices, not just groups.
column_factors <- function(parsed, frame) {
  names <- setdiff(model_columns(parsed, frame), names(frame)[1L])
  Filter(function(name) is.factor(frame[[name]]) || is.character(frame[[name]]), names)
}

# Of all factors the levels that the data have for them, in their order.
note_declared_levels <- function(state, frame) {
  for (name in names(Filter(is.factor, unclass(frame)))) {
    new <- attr(frame, "all_levels")[[name]] %||% levels(frame[[name]])
    old <- state$declared[[name]]
    if (identical(new, old)) next
    larger <- if (all(old %in% new)) new else old
    ordered <- is.ordered(frame[[name]])
    if (!identical(intersect(new, old), intersect(old, new))) larger <- character(0L)
    state$declared[[name]] <- unite_levels(old, new, larger, ordered, name)
  }
}

#' Factors among the columns with the levels of all pieces
#'
#' A level that is new, after rows have been added up without a column for it, is a surprise.
#' @return the frame.
#' @noRd
with_known_levels <- function(state, frame) {
  for (name in column_factors(state$parsed, frame)) {
    column <- frame[[name]]
    declared <- state$declared[[name]] %||% sort_strings(unique(column))
    known <- state$factors[[name]]
    own <- if (is.factor(column)) levels(column) else declared
    if (!all(own %in% known)) {
      if (!is.null(known)) state$surprise <- name
      levels <- unite_levels(
        known, own, declared, is.ordered(column), name, is.character(column)
      )
      state$factors[[name]] <- levels
    }
    # of one level there is no column yet
    if (!state$complete && length(state$factors[[name]]) < 2L) state$surprise <- name
    contrast <- attr(column, "contrasts")
    frame[[name]] <- factor(as.character(column), state$factors[[name]],
      ordered = is.ordered(column)
    )
    if (is.character(contrast)) attr(frame[[name]], "contrasts") <- contrast
    if (is.matrix(contrast)) {
      abort(c(
        "The factor {.var {name}} has contrasts of its own, which pieces of data cannot keep.",
        "i" = "Give them as {.code contrasts = list({name} = )}."
      ), kind = "contrasts", variable = name)
    }
  }
  frame
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

#' The design of a piece, levels numbered as they came up
#' @return list(`core` (as for the core), `first` (rows in which new levels are)).
#' @noRd
piece_design <- function(state, frame) {
  parsed <- state$parsed
  values <- plain_numbers(frame, parsed)
  X <- design_matrix(attr(frame, "fixed_terms"), values, state$contrasts)
  if (!is.double(X)) storage.mode(X) <- "double"
  if (is.null(state$columns)) state$columns <- colnames(X)
  if (!identical(colnames(X), state$columns)) {
    abort("Piece {state$pieces} of the data makes other columns of the fixed effects: {.val
           {setdiff(union(colnames(X), state$columns), intersect(colnames(X), state$columns))}}.",
      kind = "data", variable = "data", observed = colnames(X)
    )
  }
  fixed <- list(terms = attr(frame, "fixed_terms"), X = X)
  random <- vector("list", length(parsed$random))
  first <- rows_of_rank(state, X, as_numeric_vector(.subset2(values, "(weights)")))
  for (i in seq_along(random)) {
    earlier <- random[seq_len(i - 1L)]
    term <- design_term(parsed$random[[i]], earlier, frame, values, state$contrasts, fixed)
    numbered <- number_levels(state$levels[[i]], term)
    state$levels[[i]] <- numbered$levels
    first <- c(first, numbered$first)
    term$level <- numbered$level
    term$levels <- numbered$levels
    random[[i]] <- term
  }
  first <- c(first, first_of_levels(frame, state))
  design <- list(
    random = index_theta(random), y = as_numeric_vector(.subset2(values, 1L)),
    weights = as_numeric_vector(.subset2(values, "(weights)")),
    offset = as_numeric_vector(stats::model.offset(values))
  )
  list(core = core_design(design, X), first = sort(unique(first)))
}

# Levels of a term by the numbers that they have had so far: list(`levels`, `level`, `first`).
number_levels <- function(known, term) {
  number <- match(term$levels, known)
  new <- is.na(number)
  # levels that the piece does not have (of a relationship) have numbers, and no row
  number[new] <- length(known) + seq_len(sum(new))
  first <- match(which(new), term$level)
  list(
    levels = c(known, term$levels[new]), level = number[term$level], first = first[!is.na(first)]
  )
}

# Rows by which the skeleton's X gets the rank of all rows.
rows_of_rank <- function(state, X, weights) {
  p <- ncol(X)
  if (p == 0L) return(if (is.null(state$skeleton)) 1L else integer(0L))
  usable <- if (is.null(weights)) seq_len(nrow(X)) else which(weights > 0)
  if (is.null(state$basis)) {
    state$sizes <- column_lengths(X)
    state$basis <- matrix(0, p, 0L)
  }
  if (ncol(state$basis) == p || length(usable) == 0L) return(integer(0L))
  # columns of about unit size; what the rows so far span taken off, twice
  left <- t(X[usable, , drop = FALSE]) / state$sizes
  for (i in 1:2) left <- left - state$basis %*% crossprod(state$basis, left)
  decomposition <- qr(left, tol = 1e-7, LAPACK = FALSE)
  new <- seq_len(min(decomposition$rank, p - ncol(state$basis)))
  new <- new[abs(diag(decomposition$qr)[new]) > 1e-7]
  state$basis <- cbind(state$basis, qr.Q(decomposition)[, new, drop = FALSE])
  usable[decomposition$pivot[new]]
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
    labels <- as.character(frame[[name]])
    new <- setdiff(unique(labels), shown[[name]])
    rows <- c(rows, match(new, labels))
    shown[[name]] <- c(shown[[name]], new)
  }
  state$shown <- shown
  rows
}

#' The sums in the order of levels and terms that a data frame would have
#' @noRd
finish_summation <- function(state) {
  sums <- builder_sums_cpp(state$builder)
  if (is.null(sums)) {
    abort("The data have no complete row among {state$rows}.",
      kind = "data", variable = "data", observed = state$rows
    )
  }
  skeleton <- join_skeleton(state)
  # of the response nothing is asked
  skeleton[[1L]] <- rep(NA_real_, nrow(skeleton))
  design <- skeleton_design(state$parsed, skeleton, state$contrasts)
  own <- vapply(design$random, function(term) term$position, 0L)
  groups <- vapply(state$parsed$random, `[[`, "", "group_name")
  old <- match(unique(groups), groups) # the first term on each factor, in formula order
  new <- unique(groups[own])
  order <- match(new, unique(groups))
  levels <- lapply(old, function(i) {
    term <- design$random[[match(groups[i], groups[own])]]
    list(position = match(state$levels[[i]], term$levels), n = length(term$levels))
  })
  sums <- rearrange_cpp(sums, order, levels, core_specs(design$random))
  list(
    sums = sums, skeleton = skeleton, declared = state$declared, weighted = state$weighted,
    design = design, rows = state$rows, omitted = state$omitted, types = state$types
  )
}

join_skeleton <- function(state) {
  parts <- state$skeleton
  frame <- bind_frames(parts, state$declared)
  attributes(frame) <- c(attributes(frame), state$frame_attributes)
  drop_unused_levels(frame)
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
  result <- factor(text, levels, ordered = is.ordered(columns[[1L]]))
  contrast <- attr(columns[[1L]], "contrasts")
  if (is.character(contrast)) attr(result, "contrasts") <- contrast
  result
}

#' The design of the skeleton
#' @return as `model_design()`, without `y`, `weights` and `offset`; each of `random` has
#'   `position`, its number in the formula.
#' @noRd
skeleton_design <- function(parsed, skeleton, contrasts) {
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
  list(
    X = X, terms = terms, xlevels = factor_levels(terms, skeleton),
    contrasts = attr(X, "contrasts"), random = random
  )
}
