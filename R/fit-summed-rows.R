# Rows that come in pieces, added up: each piece is made into a design by the functions that make
# that of a whole data frame, its levels numbered as they come up, and handed to the core.
#
# The skeleton is a small model frame, with the rows in which levels came up first. What a design
# says of columns and levels (names, order, contrasts) is what the same functions say of it.

#' Sums over the rows of all pieces
#'
#' @param parsed from `parse_formula()`; `source` from `chunks()`; `call` with `subset`, `weights`,
#'   `na.action`, `offset`; `env` the caller's frame; `contrasts` as in `lmm()`.
#' @param min_count NULL, or how many rows each cell must have; `resume` NULL or the file of
#'   `resume_summation()`; `progress` logical; `like` NULL, or cross-products whose levels these
#'   rows have.
#' @return list(`sums` (as `cross_products_cpp()` has them, of all columns of X), `skeleton`,
#'   `declared`, `types`, `weighted`, `design` (of the skeleton, see `skeleton_design()`), `rows`,
#'   `omitted` (numbers), `counts` (list by grouping factor: rows of each level, named), `parts`
#'   (see `piece_identity()`), `squares` (sum of squares of y about the centre it was summed about),
#'   `min_count`).
#' @noRd
sum_rows <- function(parsed, source, call, env, contrasts, min_count = NULL, resume = NULL,
                     progress = FALSE, like = NULL) {
  state <- new_summation(parsed, call, env, contrasts, min_count)
  if (!is.null(like)) {
    own <- column_factors(parsed, like$skeleton)
    state$factors <- lapply(stats::setNames(nm = own), function(name) levels(like$skeleton[[name]]))
    for (name in c("declared", "types")) state[[name]] <- like[[name]]
    state$complete <- state$like <- TRUE
  }
  resume_summation(state, source, resume)
  repeat {
    read_pieces(source, state, add_piece, resume, progress)
    if (is.null(state$surprise)) break
    # a level of a factor among the columns came up late: now that all are known, once more
    state$complete <- TRUE
    begin_pass(state)
  }
  result <- finish_summation(state)
  end_resumption(resume)
  result
}

read_pieces <- function(source, state, add, resume = NULL, progress = FALSE) {
  pieces <- source$open()
  on.exit(pieces$close())
  skip_pieces(state, pieces)
  bar <- if (progress) summation_bar(source)
  while (!is.null(piece <- pieces$read())) {
    add(state, piece)
    if (!is.null(resume)) save_summation(state, resume, piece)
    if (progress) cli::cli_progress_update(set = state$pieces, id = bar, force = FALSE)
  }
  if (progress) cli::cli_progress_done(id = bar)
}

# Goes on after the pieces that have been added up before: the last of them must be what it was.
skip_pieces <- function(state, pieces) {
  if (state$skip == 0) return(invisible(NULL))
  before <- state$skip - 1
  if (is.null(pieces$skip)) for (i in seq_len(before)) pieces$read() else pieces$skip(before)
  piece <- pieces$read()
  same <- is.data.frame(piece) && identical(rlang::hash(plain_columns(piece)), state$last)
  if (!same) {
    abort(c(
      "Piece {state$skip} of the data is not what it was when the work was interrupted.",
      "i" = "Delete the file {.arg resume} to begin anew."
    ), kind = "data", variable = "resume", observed = state$skip)
  }
  state$skip <- 0
}

# A bar where the number of pieces is known, else what has been done so far.
summation_bar <- function(source) {
  rows <- "{cli::pb_spin} {cli::pb_current} pieces added up | {cli::pb_elapsed}"
  if (is.null(source$count)) return(cli::cli_progress_bar(format = rows, total = NA))
  cli::cli_progress_bar("adding up pieces", total = source$count)
}

# An environment: what a pass over the pieces has so far.
new_summation <- function(parsed, call, env, contrasts, min_count = NULL) {
  state <- list2env(list(
    parsed = parsed, call = call, env = env, contrasts = contrasts,
    factors = NULL, complete = FALSE, weighted = FALSE, declared = list(), types = NULL,
    witnesses = NULL, skip = 0, min_count = min_count, like = FALSE
  ), parent = emptyenv())
  begin_pass(state)
  state
}

begin_pass <- function(state) {
  state$builder <- builder_cpp(NULL)
  state$counter <- if (!is.null(state$min_count)) builder_cpp(NULL)
  for (name in c("levels", "counts", "labels", "cells")) state[[name]] <- list()
  fresh <- c("skeleton", "columns", "surprise", "shown", "basis", "parts")
  for (name in fresh) state[[name]] <- NULL
  for (name in c("pieces", "rows", "omitted")) state[[name]] <- 0
  state$begun <- FALSE
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
  state$parts <- count_part(state$parts, piece_identity(frame))
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
  # rows without weight have levels, but no sums to begin with
  weights <- design$core$weights
  if (state$begun || is.null(weights) || any(weights > 0)) {
    builder_add_cpp(state$builder, design$core)
    state$begun <- TRUE
  }
  count_cells(state, frame, design)
}

# The model frame of a piece, which may have no row; attribute `omitted`: how many were left out.
piece_frame <- function(state, piece) {
  none <- structure(list(), omitted = 0L, class = "data.frame")
  if (nrow(piece) == 0L) return(none)
  piece <- native_names(piece)
  check_data_names(piece, state$parsed)
  piece <- check_piece(state, piece)
  frame <- evaluate_frame(state$parsed, piece, state$call, state$env)
  check_rows_apart(state, piece, frame)
  omitted <- length(attr(frame, "na.action"))
  if (nrow(frame) > 0L) {
    frame <- complete_frame(
      drop_unused_levels(frame), state$parsed, piece, state$call, whole = FALSE
    )
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
    known <- state$factors[[name]]
    if (!is.factor(column) || !identical(levels(column), known)) {
      frame[[name]] <- factor_with(as.character(column), known, is.ordered(column))
    }
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

#' The design of a piece, levels numbered as they came up
#' @return list(`core` (as for the core), `first` (rows in which new levels are), `random`).
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
    same <- match(term$group, vapply(earlier, `[[`, "", "group"))
    if (is.na(same)) {
      first <- c(first, unlike_labels(state, parsed$random[[i]], term, frame))
      numbered <- number_levels(state, term)
      first <- c(first, numbered$first)
      term[c("level", "levels")] <- numbered[c("level", "levels")]
    } else {
      term[c("level", "levels")] <- earlier[[same]][c("level", "levels")]
    }
    random[[i]] <- term
  }
  first <- c(first, first_of_levels(frame, state))
  design <- list(
    random = index_theta(random), y = as_numeric_vector(.subset2(values, 1L)),
    weights = as_numeric_vector(.subset2(values, "(weights)")),
    offset = as_numeric_vector(stats::model.offset(values))
  )
  list(core = core_design(design, X), first = sort(unique(first)), random = random)
}

#' Levels of a factor by the numbers that they have had so far, and how many rows they have
#' @return list(`levels`, `level`, `first`).
#' @noRd
number_levels <- function(state, term) {
  known <- state$levels[[term$group]]
  number <- if (identical(term$levels, known)) seq_along(known) else match(term$levels, known)
  new <- is.na(number)
  # levels that the piece does not have (of a relationship) have numbers, and no row
  number[new] <- length(known) + seq_len(sum(new))
  first <- if (any(new)) match(which(new), term$level)
  all <- c(known, term$levels[new])
  counts <- c(state$counts[[term$group]], numeric(sum(new)))
  counts[number] <- counts[number] + tabulate(term$level, length(term$levels))
  state$levels[[term$group]] <- all
  state$counts[[term$group]] <- counts
  list(levels = all, level = number[term$level], first = first[!is.na(first)])
}

#' Rows by which it shows that two combinations of factors have the same label
#'
#' `"a:b"` with `"c"` and `"a"` with `"b:c"` are `"a:b:c"`. Both are in the skeleton then, whose
#' design refuses them. So it does where the label of missing values is a level's.
#' @noRd
unlike_labels <- function(state, parsed_term, term, frame) {
  parts <- lapply(parsed_term$group_variables, function(part) frame[[column_name(part)]])
  suspect <- "NA" == term$levels | grepl("^<?NA>?:|:<?NA>?(:|$)", term$levels)
  if (length(parts) > 1L) {
    colons <- nchar(term$levels) - nchar(gsub(":", "", term$levels, fixed = TRUE))
    suspect <- suspect | colons >= length(parts)
  }
  if (!any(suspect)) return(integer(0L))
  rows <- match(which(suspect), term$level)
  rows <- rows[!is.na(rows)]
  keys <- do.call(paste, c(lapply(parts, function(x) {
    x <- x[rows]
    ifelse(is.na(x), "\r", if (is.factor(x)) as.character(x) else grouping_labels(x))
  }), sep = "\n"))
  new <- !keys %in% state$labels[[term$group]]
  state$labels[[term$group]] <- c(state$labels[[term$group]], keys[new])
  rows[new]
}

#' The sums in the order of levels and terms that a data frame would have
#' @noRd
finish_summation <- function(state) {
  sums <- builder_sums_cpp(state$builder)
  if (is.null(sums) && state$rows > state$omitted && state$weighted) check_some_weight(0)
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
  new <- unique(groups[own])
  order <- match(new, unique(groups))
  levels <- lapply(unique(groups), function(group) {
    all <- term_on(design$random, group)$levels
    check_labels(group, state$levels[[group]], all)
    list(position = match(state$levels[[group]], all), n = length(all))
  })
  squares <- sums$blocks$dense[sums$p + 1L, sums$p + 1L]
  sums <- rearrange_cpp(sums, order, levels, core_specs(design$random))
  counts <- lapply(stats::setNames(nm = new), function(group) {
    stats::setNames(state$counts[[group]], state$levels[[group]])[
      term_on(design$random, group)$levels
    ]
  })
  check_cells(state)
  if (!is.null(state$min_count)) skeleton <- without_values(skeleton)
  list(
    sums = sums, skeleton = skeleton, declared = state$declared, weighted = state$weighted,
    design = design, rows = state$rows, omitted = state$omitted, types = state$types,
    counts = counts, parts = state$parts, squares = squares, min_count = state$min_count
  )
}

# A label means the same in all pieces.
check_labels <- function(group, found, all) {
  if (setequal(found, all)) return(invisible(NULL))
  abort(c(
    "The grouping factor {.var {group}} has missing values as a level in some pieces of the data,
     and a level of the label {.val NA} in others.",
    "i" = "Rename the level."
  ), kind = "grouping", variable = group, observed = setdiff(union(found, all), found))
}
