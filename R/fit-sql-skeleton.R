# The skeleton of sums that a database has made: a small model frame with the columns, levels and
# dependences that all rows have, see fit-summed-rows.R. It holds some real rows, by which columns
# span what those of all rows span, and one for each level, which is a real row of its cell with
# other groups.

#' Real rows, cell by cell, until their monomials span what those of all rows do
#'
#' @param frame frame of the rows there are; `cells` as `queried_skeleton()` makes it;
#'   `more(cell, direction, least)`: the frame of a row of a cell whose monomials' product with
#'   `direction` is more than `least` in absolute value.
#' @return list(`frame`, `cell` (of each of its rows)).
#' @noRd
spanning_rows <- function(frame, cells, variables, centres, more) {
  own <- cell_of_frame(frame, cells, variables)
  M <- frame_monomials(frame, cells$basis, variables, centres)
  chosen <- integer(0L)
  asked <- 0L
  for (cell in seq_len(nrow(cells$grams))) {
    gram <- matrix(cells$grams[cell, ], length(cells$basis))
    rows <- which(own == cell)
    found <- spanning_part(M[rows, , drop = FALSE], gram, cells$weight[cell])
    chosen <- c(chosen, rows[found$rows])
    while (!is.null(found$direction)) {
      asked <- asked + 1L
      if (asked > 200L) stop_untranslatable("its rows are too different from one another")
      new <- more(cell, found$direction, found$least)
      values <- frame_monomials(new, cells$basis, variables, centres)
      frame <- bind_frames(list(frame, new))
      own <- c(own, rep(cell, nrow(new)))
      M <- rbind(M, values)
      chosen <- c(chosen, nrow(M))
      known <- chosen[own[chosen] == cell]
      found <- spanning_part(M[known, , drop = FALSE], gram, cells$weight[cell])
    }
  }
  list(frame = frame[chosen, , drop = FALSE], cell = own[chosen])
}

#' Rows that are independent, and a direction in which all rows differ and these do not
#' @return list(`rows`, `direction` (NULL: there is none), `least`).
#' @noRd
spanning_part <- function(M, gram, weight) {
  # of rows without weight one will do
  if (!(weight > 0)) {
    gram[] <- c(1, numeric(length(gram) - 1L))
    weight <- 1
  }
  size <- sqrt(diag(gram) / weight)
  size[!(size > 0)] <- 1
  gram <- gram / weight / outer(size, size)
  M <- sweep(M, 2L, size, "/")
  decomposition <- qr(t(M), tol = 1e-7)
  rows <- decomposition$pivot[seq_len(decomposition$rank)]
  null <- diag(ncol(M))
  if (length(rows) > 0L) {
    null <- qr.Q(decomposition, complete = TRUE)[, -seq_along(rows), drop = FALSE]
  }
  result <- list(rows = rows)
  if (ncol(null) == 0L) return(result)
  left <- eigen(crossprod(null, gram %*% null), symmetric = TRUE)
  # as much as is left of rounding
  if (left$values[1L] <= 1e-11 * ncol(M)) return(result)
  result$direction <- drop(null %*% left$vectors[, 1L]) / size
  result$least <- sqrt(left$values[1L]) / 2
  result
}

# Values of monomials about centres in the rows of a frame.
frame_monomials <- function(frame, basis, variables, centres) {
  values <- frame_numbers(frame, variables, centres)
  M <- matrix(1, nrow(frame), length(basis))
  for (b in seq_along(basis)) for (k in basis[[b]]) M[, b] <- M[, b] * values[, k]
  M
}

frame_numbers <- function(frame, variables, centres) {
  values <- matrix(0, nrow(frame), length(variables$numbers))
  for (i in seq_along(variables$numbers)) {
    number <- variables$numbers[[i]]
    column <- .subset2(frame, number$name)
    if (!is.na(number$column)) column <- unclass(column)[, number$column]
    values[, i] <- as.double(column) - centres[i]
  }
  values
}

cell_of_frame <- function(frame, cells, variables) {
  own <- key_texts(unclass(frame)[cells$keys], nrow(frame))
  at <- match(own, cells$texts)
  if (anyNA(at)) stop_untranslatable("levels of its factors read otherwise in the database")
  at
}

#' Rows for the levels of grouping factors, beside those that span
#'
#' @param base list from `spanning_rows()`; `groups` list of list(`columns` (values of keys, by
#'   row), `cell` (of each row), `rows` (one for each level)).
#' @return frame.
#' @noRd
add_level_rows <- function(base, groups) {
  parts <- list(base$frame)
  for (group in groups) {
    source <- match(group$cell[group$rows], base$cell)
    extra <- base$frame[source, , drop = FALSE]
    for (name in names(group$columns)) extra[[name]] <- group$columns[[name]][group$rows]
    parts <- c(parts, list(extra))
  }
  parts
}

queried_skeleton <- function(engine, state, begun, whole, groups) {
  variables <- begun$variables
  frame <- with_levels(begun$frame, state, whole, groups, variables)
  cells <- list(
    keys = whole$keys, texts = whole$texts, basis = whole$elements[-2L], grams = whole$grams,
    weight = whole$grams[, 1L]
  )
  more <- function(cell, direction, least) {
    where <- direction_filter(engine, begun, whole, cell, direction, least)
    found <- ask_some(engine, quote_name_of(engine)(begun$used), where, 1L)
    new <- sampled_frame(state, found, begun$used)
    if (nrow(new) == 0L) stop_untranslatable("it does not find a row that it has")
    with_levels(new[1L, , drop = FALSE], state, whole, groups, variables)
  }
  base <- spanning_rows(frame, cells, variables, begun$overview$centres, more)
  parts <- add_level_rows(base, level_rows(engine, begun, whole, groups))
  result <- bind_frames(parts, lapply(Filter(is.factor, unclass(frame)), levels))
  attributes(result) <- c(attributes(result), state$frame_attributes)
  result[[1L]] <- rep(NA_real_, nrow(result))
  drop_unused_levels(result)
}

# Factors with the levels that all rows have.
with_levels <- function(frame, state, whole, groups, variables) {
  for (key in variables$keys) {
    name <- key$name
    values <- key_values(name, whole, groups)
    if (is.factor(values)) {
      frame[[name]] <- factor(as.character(frame[[name]]), levels(values))
      state$declared[[name]] <- levels(values)
    } else if (key$coded && is.character(values)) {
      frame[[name]] <- factor(frame[[name]], sort_strings(unique(values)))
    }
  }
  frame
}

# All values of a key that occur; those of factors with all levels.
key_values <- function(name, whole, groups) {
  answers <- Filter(function(answer) name %in% names(answer$columns), c(list(whole), groups))
  answers[[1L]]$columns[[name]]
}

# Rows of a cell, by SQL, in which a polynomial is far from zero.
direction_filter <- function(engine, begun, whole, cell, direction, least) {
  variables <- begun$variables
  to <- list(dialect = engine$dialect)
  numbers <- vapply(seq_along(variables$numbers), function(i) {
    paste0("(", variables$numbers[[i]]$sql, minus(begun$overview$centres[i], engine), ")")
  }, "")
  parts <- vapply(seq_along(direction), function(b) {
    factors <- c(sql_number(direction[b], to), numbers[whole$elements[-2L][[b]]])
    paste(factors, collapse = " * ")
  }, "")
  conditions <- vapply(whole$keys, function(name) {
    key_equals(variables$keys[[name]], whole$columns[[name]][cell], engine)
  }, "")
  # only of rows that are used may values be computed
  paste0("CASE WHEN ", variables$filter, " THEN ", paste(c(
    conditions, paste0("ABS(", paste(parts, collapse = " + "), ") > ", sql_number(least, to))
  ), collapse = " AND "), " ELSE ", engine$dialect$truth(FALSE), " END")
}

key_equals <- function(key, value, engine) {
  if (key$type == "logical") return(paste0(if (value) "(" else "(NOT ", key$sql, ")"))
  text <- if (is.factor(value)) as.character(value) else grouping_labels(value)
  if (key$type == "number") return(paste0(key$sql, " = ", text))
  value <- quote_text_of(engine)(text)
  if (key$type == "date") value <- paste0("CAST(", value, " AS date)")
  paste0(key$sql, " = ", value)
}

#' One row of an answer for each level
#'
#' Grouping factors that share variables get theirs from one answer, so that combinations occur.
#' @noRd
level_rows <- function(engine, begun, whole, groups) {
  free <- lapply(groups, function(group) setdiff(group_names(group$group), begun$plan$coded))
  lapply(connected_groups(free), function(members) {
    names <- unique(unlist(lapply(groups[members], function(group) group_names(group$group))))
    all <- Find(function(group) all(names %in% names(group$columns)), groups[members])
    if (is.null(all)) {
      none <- list(integer(0L))
      all <- ask_sums(engine, begun, union(names, begun$plan$coded), none, none)
      all$cell <- match_cells(all, whole)
    }
    rows <- unlist(lapply(groups[members], function(group) {
      which(!duplicated(group_codes(group$group, all)$level))
    }))
    # coded variables are those of the cell
    list(columns = all$columns[setdiff(names, begun$plan$coded)], cell = all$cell,
      rows = sort(unique(rows))
    )
  })
}

# Sets of groups that share variables: list of integer vectors.
connected_groups <- function(variables) {
  set <- seq_along(variables)
  for (i in seq_along(variables)) for (j in seq_len(i - 1L)) {
    if (length(intersect(variables[[i]], variables[[j]])) > 0L) set[set == set[i]] <- set[j]
  }
  unname(split(seq_along(variables), set))
}

sampled_frame <- function(state, raw, used) {
  state$pieces <- state$pieces + 1L
  piece <- structure(as.list(raw),
    names = used, class = "data.frame", row.names = seq_len(nrow(raw))
  )
  frame <- piece_frame(state, piece)
  if (nrow(frame) == 0L) return(frame)
  note_declared_levels(state, frame)
  state$frame_attributes <- attributes(frame)[
    c("terms", "fixed_terms", "data_variables", "data_names")
  ]
  frame
}
