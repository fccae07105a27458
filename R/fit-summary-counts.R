# How many rows are behind each of the sums: cells of few rows would tell of single ones.
#
# Each factor of the fixed part, each left-hand side's factors within the levels of its grouping
# factor, and each variable of two values is counted as if it were a grouping factor: the sums of
# products of such indicators are the counts of cells, and of pairs of cells that meet.

#' Count the rows of a piece by cells
#' @param design list(`core`, `random`) from `piece_design()`.
#' @noRd
count_cells <- function(state, frame, design) {
  if (is.null(state$counter)) return(invisible(NULL))
  codes <- lapply(cell_factors(state$parsed, frame, design$random), function(columns) {
    join_texts(columns, ":")
  })
  codes <- c(codes, value_codes(state, frame))
  terms <- lapply(names(codes), function(name) {
    known <- state$cells[[name]]
    known <- c(known, setdiff(unique(codes[[name]]), known))
    state$cells[[name]] <- known
    list(columns = list(NULL), level = match(codes[[name]], known), n_levels = length(known))
  })
  n <- nrow(frame)
  weights <- design$core$weights
  if (!is.null(weights)) weights <- as.double(weights > 0)
  if (!is.null(weights) && all(weights == 0)) return(invisible(NULL))
  builder_add_cpp(state$counter, list(
    X = matrix(1, n, 1L), y = seq_len(n) / n, weights = weights, intercept = 1L, terms = terms,
    specs = list()
  ))
}

# list by name of lists of columns, the cells of whose combinations have sums of their own.
cell_factors <- function(parsed, frame, random) {
  coded <- function(names) {
    columns <- unclass(frame)[intersect(names, names(frame))]
    lapply(Filter(function(x) is.factor(x) || is.logical(x) || is.character(x), columns),
      as.character
    )
  }
  terms <- attr(frame, "fixed_terms")
  factors <- attr(terms, "factors")
  fixed <- list()
  for (label in attr(terms, "term.labels")) {
    columns <- coded(variable_names(terms)[factors[, label] > 0])
    if (length(columns) > 0L) fixed[[paste(names(columns), collapse = ":")]] <- columns
  }
  for (i in seq_along(random)) {
    term <- random[[i]]
    own <- if (is.null(term$terms)) character(0L) else variable_names(term$terms)
    columns <- c(list(term$levels[term$level]), coded(own))
    fixed[[paste(c(term$group, names(columns)[-1L]), collapse = " by ")]] <- columns
  }
  fixed
}

# Of each number "first" and "second" value; one of three values and more has no cells.
value_codes <- function(state, frame) {
  numeric <- Filter(is.numeric, unclass(frame)[
    setdiff(model_columns(state$parsed, frame), names(frame)[1L])
  ])
  codes <- list()
  for (name in names(numeric)) {
    column <- as.matrix(numeric[[name]])
    for (c in seq_len(ncol(column))) {
      key <- paste0("values of ", name, if (ncol(column) > 1L) c)
      known <- state$values[[key]]
      if (length(known) < 3L) {
        known <- unique(c(known, utils::head(unique(column[, c]), 3L)))
        state$values[[key]] <- known
      }
      at <- match(column[, c], known[seq_len(min(2L, length(known)))])
      codes[[key]] <- ifelse(is.na(at), "other", format(known[at], digits = 15L))
    }
  }
  codes
}

#' Every cell has no row or enough
#' @noRd
check_cells <- function(state) {
  if (is.null(state$min_count)) return(invisible(NULL))
  sums <- builder_sums_cpp(state$counter)
  names <- names(state$cells)
  used <- !vapply(state$cells, function(cells) "other" %in% cells, TRUE) |
    !startsWith(names, "values of ")
  least <- state$min_count
  refuse <- function(table, cell, count) {
    abort(c(
      "These sums would tell of fewer than {least} rows: {.arg min_count} is {least}.",
      "x" = "Of {table} the cell {.val {cell}} has {count} row{?s}.",
      "i" = "Join small levels, or leave out what divides the rows so finely. Dropping the rows
             would bias the fit."
    ), kind = "cross_products", variable = table, observed = count)
  }
  if (sums$n < least) refuse("the data", "all", sums$n)
  for (t in which(used)) {
    counts <- sums$blocks$terms[[t]]$diagonal[1L, ]
    bad <- which(counts > 0 & counts < least)[1L]
    if (!is.na(bad)) refuse(names[t], state$cells[[t]][bad], counts[bad])
  }
  for (pair in sums$blocks$pairs) {
    if (!all(used[pair$terms + 1L])) next
    bad <- which(pair$values > 0 & pair$values < least)[1L]
    if (is.na(bad)) next
    row <- findInterval(bad - 1, pair$start)
    cell <- c(
      state$cells[[pair$terms[1L] + 1L]][row],
      state$cells[[pair$terms[2L] + 1L]][pair$partner[bad] + 1L]
    )
    refuse(paste(names[pair$terms + 1L], collapse = " and "), paste(cell, collapse = ", "),
      pair$values[bad]
    )
  }
}

#' The skeleton with arbitrary numbers in the place of those of single rows
#'
#' Names, codings and levels are what is asked of it. The numbers are the same each time.
#' @noRd
without_values <- function(skeleton) {
  n <- nrow(skeleton)
  at <- 0
  for (name in names(skeleton)[-1L]) {
    column <- skeleton[[name]]
    if (!is.numeric(column)) next
    # sines of no common period: no column is a combination of others
    values <- vapply(seq_len(NCOL(column)), function(c) {
      at <<- at + 1
      sin(seq_len(n) * sqrt(at + 1.5)) + 2
    }, numeric(n))
    column[] <- values
    skeleton[[name]] <- column
  }
  attr(attr(skeleton, "fixed_terms"), "raw_sums") <- NULL
  skeleton
}
