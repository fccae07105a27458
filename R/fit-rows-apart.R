# Do pieces of data add up? They have the same variables and types, and what a row gives depends on
# that row alone.

#' Every piece has the variables of the first one, with the same types
#' @return the piece, whole numbers as doubles where they are in other pieces.
#' @noRd
check_piece <- function(state, piece) {
  if (is.null(state$types)) {
    used <- used_names(state$parsed, state$call)
    if ("." %in% used) {
      abort("{.code .} in a formula needs the data as a whole; write the variables.",
        kind = "formula", variable = "."
      )
    }
    state$types <- vapply(piece[intersect(used, names(piece))], column_type, "")
    return(with_same_numbers(state, piece))
  }
  for (name in names(state$types)) {
    if (!name %in% names(piece)) {
      abort("Piece {state$pieces} of the data has no column {.var {name}}.",
        kind = "data", variable = name, observed = names(piece)
      )
    }
    type <- column_type(piece[[name]])
    # a column without any value has no type yet
    if (plain_type(type) == plain_type(state$types[[name]]) || all(is.na(piece[[name]]))) next
    if (state$types[[name]] == "missing") {
      state$types[[name]] <- type
      next
    }
    abort(c("{.var {name}} is of type {.val {type}} in piece {state$pieces} of the data, and of
             type {.val {state$types[[name]]}} before.", "i" = "Give all pieces the same types."),
      kind = "data", variable = name, observed = type
    )
  }
  with_same_numbers(state, piece)
}

plain_type <- function(type) replace(type, type == "integer", "number")

#' Whole numbers are of one type in all pieces, as in a data frame of all rows
#'
#' `factor()` and `paste()` write those from 100000 on differently by type: 1e+05 and 100000. Where
#' integers as large as these have been added up before doubles come, the pieces are read again.
#' @noRd
with_same_numbers <- function(state, piece) {
  for (name in names(which(plain_type(state$types) == "number"))) {
    if (!is.integer(piece[[name]])) {
      if (state$types[[name]] == "number" || all(is.na(piece[[name]]))) next
      state$types[[name]] <- "number"
      state$witnesses <- NULL
      if (name %in% state$large) state$surprise <- name
    } else if (state$types[[name]] == "number") {
      piece[[name]] <- as.double(piece[[name]])
    } else if (!name %in% state$large && any(abs(piece[[name]]) >= 1e5, na.rm = TRUE)) {
      state$large <- c(state$large, name)
    }
  }
  piece
}

# Names in a model that may be columns of the data.
used_names <- function(parsed, call) {
  given <- as.list(call)[c("subset", "weights", "offset")]
  unique(c(all.vars(parsed$frame_formula), unlist(lapply(given, all.vars))))
}

column_type <- function(x) {
  if (all(is.na(x))) return("missing")
  if (is.ordered(x)) return("ordered factor")
  if (is.factor(x) || is.character(x)) return("text")
  if (inherits(x, "difftime")) return(paste("difftime in", attr(x, "units")))
  if (is.integer(x) && !is.object(x)) return("integer")
  if (inherits(x, "integer64") || (is.numeric(x) && !is.object(x))) return("number")
  paste(class(x), collapse = "/")
}

#' Is each row's part of the frame what it is without the others?
#'
#' Each piece is evaluated once more together with some rows of the first one, the witnesses: what
#' a row gives must not change, whether it is chosen by `subset` either.
#' @noRd
check_rows_apart <- function(state, piece, frame) {
  if (is.null(state$witnesses)) {
    # rows in no pattern that data may have
    at <- unique(c(seq_len(min(2L, nrow(piece))), which(golden(nrow(piece)) < 3 / nrow(piece))))
    state$witnesses <- piece[at, names(piece) %in% names(state$types), drop = FALSE]
    state$seen <- rows_of_frame(frame, at)
    # of the first piece half the rows serve, and its first two
    half <- which(golden(nrow(piece)) < min(0.5, 2000 / nrow(piece)))
    for (at in list(half, seq_len(min(2L, nrow(piece))))) {
      if (length(at) == 0L) next
      again <- evaluate_part(state, piece[at, names(state$types), drop = FALSE])
      compare_frames(rows_of_frame(frame, at), rows_of_frame(again, seq_along(at)))
    }
    return(invisible(NULL))
  }
  at <- sampled_rows(nrow(piece))
  both <- rbind_rows(piece[at, names(state$types), drop = FALSE], state$witnesses)
  again <- evaluate_part(state, both)
  compare_frames(rows_of_frame(frame, at), rows_of_frame(again, seq_along(at)))
  compare_frames(state$seen, rows_of_frame(again, length(at) + seq_len(nrow(state$witnesses))))
}

# All rows of a small piece; of a large one some thousand in no pattern, its first and its last:
# what depends on other rows has other ones beside it then.
sampled_rows <- function(n, most = 2000) {
  if (n <= most) return(seq_len(n))
  unique(c(1:2, which(golden(n) < most / n), n))
}

golden <- function(n) (seq_len(n) * (sqrt(5) - 1) / 2) %% 1

rbind_rows <- function(a, b) {
  result <- lapply(stats::setNames(nm = names(b)), function(name) {
    x <- a[[name]]
    y <- b[[name]]
    if (is.factor(x) || is.factor(y)) {
      all <- union(levels(x) %||% unique(x), levels(y) %||% unique(y))
      # missing values may be a level
      exclude <- if (anyNA(levels(x)) || anyNA(levels(y))) NULL else NA
      labels <- c(as.character(x), as.character(y))
      return(factor(labels, all, ordered = is.ordered(x), exclude = exclude))
    }
    if (is.matrix(x)) rbind(x, y) else c(x, y)
  })
  structure(result, class = "data.frame", row.names = seq_len(nrow(a) + nrow(b)))
}

# Some rows of a frame as plain columns, NULL where a row is not in it: list(`rows` (logical),
# `columns`).
rows_of_frame <- function(frame, rows) {
  # whole numbers, that of each row in its piece
  at <- match(rows, attr(frame, "row.names"))
  used <- !is.na(at)
  columns <- lapply(unclass(frame)[names(frame)], function(column) {
    if (is.matrix(column)) return(unclass(column)[at[used], ])
    part <- column[at[used]]
    if (is.factor(part)) as.character(part) else as.vector(part)
  })
  list(rows = used, columns = columns, levels = lapply(unclass(frame), levels))
}

evaluate_part <- function(state, part) {
  attr(part, "row.names") <- seq_len(nrow(part))
  frame <- tryCatch(evaluate_frame(state$parsed, part, state$call, state$env),
    henderson_error = identity
  )
  if (inherits(frame, "error")) {
    reason <- conditionMessage(frame)
    abort(c(
      "The formula, {.arg weights}, {.arg offset} or {.arg subset} cannot be evaluated for some rows
       of a piece by themselves: variables from outside the data, or what depends on other rows.",
      "x" = "{reason}", "i" = "All variables must be columns of the data."
    ), kind = "data", variable = "data")
  }
  frame
}

compare_frames <- function(one, other) {
  if (!identical(one$rows, other$rows)) refuse_dependent("subset")
  for (name in names(one$columns)) {
    x <- one$columns[[name]]
    y <- other$columns[[name]]
    same <- if (is.numeric(x)) {
      isTRUE(all.equal(as.double(x), as.double(y), tolerance = 0))
    } else {
      identical(as.vector(x), as.vector(y))
    }
    levels <- list(one$levels[[name]], other$levels[[name]])
    same_order <- identical(intersect(levels[[1L]], levels[[2L]]),
      intersect(levels[[2L]], levels[[1L]])
    )
    if (!same || !same_order) refuse_dependent(name)
  }
}

refuse_dependent <- function(name) {
  abort(c(
    "{.code {name}} depends on other rows than its own, and the data come in pieces.",
    "i" = "Compute it beforehand, or write {.code poly(x, 2, raw = TRUE)} for {.code poly(x, 2)} and
           numbers for means: {.code I(x - 3.2)}."
  ), kind = "data", variable = name)
}
