# Positions of the columns of a structured term: times or coordinates, from levels of its factor.

#' What a structure knows of its columns besides their number
#' @return NULL, list(`positions`: matrix, a row for each column), or list(`rank`).
#' @noRd
term_settings <- function(term, frame, rank) {
  if (!is.null(rank)) return(list(rank = check_rank_of_term(rank, term)))
  kind <- column_positions(term$structure)
  if (is.null(kind)) return(NULL)
  levels <- position_levels(term)
  if (kind == "steps") return(step_settings(levels, term, frame))
  name <- structure_name(term$structure)
  if (is.null(levels)) {
    abort(c(
      "{.fn {name}} needs a position for each column of {.code ({term$text})}.",
      "i" = "Write {.code {name}(0 + f | {term$group})} with a factor {.code f} whose levels are
             numbers such as times, or coordinates like {.val (1.5,2)}."
    ), kind = "variable", variable = term$text, observed = term$columns)
  }
  positions <- parsed_positions(levels)
  variable <- names(term$xlevels)
  if (is.null(positions)) {
    odd <- levels[is.na(suppressWarnings(as.numeric(levels)))]
    abort(c(
      "{.fn {name}} takes positions from the levels of {.var {variable}}, which are no numbers:
       {.val {odd}}.",
      "i" = "Levels must be numbers such as times, or coordinates like {.val (1.5,2)}."
    ), kind = "variable", variable = variable, observed = odd)
  }
  if (kind == "line" && ncol(positions) > 1L) {
    abort(c(
      "{.fn {name}} is for times, and the levels of {.var {variable}} have {ncol(positions)}
       coordinates.",
      "i" = "Use {.fn exp}, {.fn gau} or {.fn mat}."
    ), kind = "variable", variable = variable, observed = levels)
  }
  twice <- duplicated(positions) | duplicated(positions, fromLast = TRUE)
  if (any(twice)) {
    abort(c(
      "Levels of {.var {variable}} are at the same position: {.val {levels[twice]}}.",
      "i" = "Make them one level."
    ), kind = "variable", variable = variable, observed = levels[twice])
  }
  list(positions = positions)
}

check_rank_of_term <- function(rank, term) {
  v <- length(term$columns)
  if (rank <= v) return(rank)
  abort(c(
    "The rank {.code d = {rank}} of {.code {term$text}} is larger than its {v} column{?s}."
  ), kind = "formula", variable = "d", observed = rank)
}

# Levels of the factor that a term has a column for each level of; NULL where it is no such term.
position_levels <- function(term) {
  plain <- !is.null(term$terms) && attr(term$terms, "intercept") == 0L &&
    length(attr(term$terms, "term.labels")) == 1L && length(term$xlevels) == 1L
  if (plain && length(term$xlevels[[1L]]) == length(term$columns)) term$xlevels[[1L]]
}

# Numbers, or coordinates in parentheses: matrix, a row for each level; NULL where they are neither.
parsed_positions <- function(levels) {
  parts <- strsplit(gsub("^ *[(]|[)] *$", "", levels), ",", fixed = TRUE)
  if (length(unique(lengths(parts))) != 1L) return(NULL)
  numbers <- suppressWarnings(as.numeric(unlist(parts)))
  if (!all(is.finite(numbers))) return(NULL)
  matrix(numbers, length(levels), byrow = TRUE)
}

# Steps of one: levels of the data without rows count. Numbers must be equally spaced.
step_settings <- function(levels, term, frame) {
  if (is.null(levels)) return(NULL)
  variable <- names(term$xlevels)
  times <- parsed_positions(levels)
  if (is.null(times)) {
    all <- attr(frame, "all_levels")[[variable]]
    steps <- match(levels, if (is.null(all)) levels else all)
    return(if (!anyNA(steps)) list(positions = matrix(as.double(steps))))
  }
  gaps <- diff(times[, 1L])
  if (ncol(times) == 1L && length(gaps) > 1L && max(gaps) - min(gaps) > 1e-6 * max(abs(gaps))) {
    name <- structure_name(term$structure)
    abort(c(
      "{.fn {name}} takes the levels of {.var {variable}} as equal steps, but they are
       {.val {levels}}.",
      "i" = "For times use {.code ou(0 + {variable} | {term$group})}, whose correlation falls with
             the time between.",
      "i" = "Where each is meant as one step, number them:
             {.code factor(as.integer(factor({variable})))}."
    ), kind = "variable", variable = variable, observed = levels)
  }
  NULL
}
