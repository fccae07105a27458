# The skeleton of sums that a database has made: a small model frame with the columns, levels and
# dependences that all rows have, see fit-summed-rows.R. It holds some real rows, by which columns
# span what those of all rows span, and one for each level, which is a real row of its cell with
# other groups.

#' Real rows, cell by cell, until their monomials span what those of all rows do
#'
#' @param frame frame of the rows there are; `cells` from `read_cells()`; `more(cell, direction,
#'   least)`: the frame of a row of a cell whose monomials' product with `direction` is more than
#'   `least` in absolute value.
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
      found <- spanning_part(M[chosen[own[chosen] == cell], , drop = FALSE], gram, cells$weight[cell])
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
  null <- if (length(rows) == 0L) diag(ncol(M)) else {
    qr.Q(decomposition, complete = TRUE)[, -seq_along(rows), drop = FALSE]
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

# Text by which cells are told apart, the same for what the database and the frame have.
key_texts <- function(columns, n) {
  if (length(columns) == 0L) return(rep("", n))
  texts <- lapply(columns, function(column) {
    if (is.factor(column)) level_labels(column)[column] else grouping_labels(column)
  })
  do.call(paste, c(unname(texts), sep = "\r"))
}

cell_of_frame <- function(frame, cells, variables) {
  own <- key_texts(unclass(frame)[cells$keys], nrow(frame))
  at <- match(own, cells$texts)
  if (anyNA(at)) stop_untranslatable("levels of its factors read otherwise in the database")
  at
}

#' Rows for the levels of grouping factors, beside those that span
#'
#' @param base list from `spanning_rows()`; `groups` list of list(`columns` (values of keys, by row),
#'   `cell` (of each row), `rows` (one for each level)).
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

stop_untranslatable <- function(reason) {
  stop(structure(list(message = reason, call = NULL),
    class = c("henderson_untranslatable", "error", "condition")
  ))
}
