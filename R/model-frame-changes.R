# What differs between the model frame of a fit and the one that its data give now, in words.

# Are other rows there, or in another order? list(`variable`, `text`) or NULL. `omitted`: rows that
# the fit left out; `subset`: its expression.
row_difference <- function(given, again, omitted, subset) {
  rows <- nrow(again) == nrow(given)
  changed <- changed_columns(given, again)
  if (rows && length(changed) == 0L) return(NULL)
  if (rows && is_permuted(given, again)) {
    return(list(variable = utf8_names(changed[1L]), text = "its rows are in another order"))
  }
  name <- utf8_names(changed_sums(given, again, all.vars(subset)))
  if (length(name) > 0L) {
    text <- paste0("`", name[1L], "`, which `subset` uses, has other values")
    return(list(variable = name[1L], text = text))
  }
  if (!rows) {
    text <- paste("there are", nrow(again), "rows to fit, where there were", nrow(given))
    return(list(variable = "data", text = text))
  }
  if (!identical(as.integer(omitted), as.integer(attr(again, "na.action")))) {
    return(list(variable = "data", text = "other rows have missing values"))
  }
  if (!is.null(subset) && !identical(row.names(given), row.names(again))) {
    text <- paste0("`subset = ", expression_text(subset), "` selects other rows")
    return(list(variable = "subset", text = text))
  }
}

# Columns whose values differ, whatever the codes of the factors.
changed_columns <- function(given, again) {
  Filter(function(name) {
    own <- given[[name]]
    other <- again[[name]]
    !same_labels(own, other) && !same_values(own, other)
  }, union(names(given), names(again)))
}

same_labels <- function(x, y) {
  is_coded_vector(x) && is_coded_vector(y) && identical(as.character(x), as.character(y))
}

# Those of some names whose values were told by sums (data-raw-sums.R), and have changed in as many
# rows.
changed_sums <- function(given, again, names) {
  sums <- attr(attr(given, "fixed_terms"), "raw_sums")
  others <- attr(attr(again, "fixed_terms"), "raw_sums")
  Filter(function(name) {
    own <- sums[[name]]
    other <- others[[name]]
    !is.null(own) && !is.null(other) && own[1L] == other[1L] && !same_sums(own, other)
  }, names)
}

# The first column that differs: list(`variable`, `text`) or NULL. `kept`: expressions of weights
# and offset.
column_difference <- function(given, again, kept) {
  for (name in union(names(given), names(again))) {
    own <- given[[name]]
    other <- again[[name]]
    levels <- attr(given, "all_levels")[[name]]
    same_levels <- is.null(levels) || identical(levels, attr(again, "all_levels")[[name]])
    if (same_levels && same_values(own, other)) next
    text <- if (same_labels(own, other)) coding_words(own, other) else "has other values"
    if (name %in% c("(weights)", "(offset)")) {
      return(extra_difference(given, again, kept[[gsub("[()]", "", name)]]))
    }
    name <- utf8_names(name)
    return(list(variable = name, text = paste0("`", name, "` ", text)))
  }
}

# Factors with the same values.
coding_words <- function(own, other) {
  if (is.ordered(own) != is.ordered(other)) {
    return(if (is.ordered(own)) "is no ordered factor any more" else "is an ordered factor now")
  }
  own_levels <- levels(as.factor(own))
  other_levels <- levels(as.factor(other))
  if (identical(own_levels, other_levels)) {
    same <- identical(attr(own, "contrasts"), attr(other, "contrasts"))
    return(if (same) "has other levels" else "has other contrasts")
  }
  if (setequal(own_levels, other_levels)) "has its levels in another order" else "has other levels"
}

# Weights or an offset: their variable, or those of several that have changed.
extra_difference <- function(given, again, expression) {
  names <- all.vars(expression)
  if (length(names) > 1L) names <- changed_sums(given, again, names)
  if (length(names) == 0L) names <- expression_text(expression)
  name <- utf8_names(names[1L])
  list(variable = name, text = paste0("`", name, "` has other values"))
}

# Does a frame have the rows of another in another order?
is_permuted <- function(given, again) {
  if (!setequal(names(given), names(again))) return(FALSE)
  sorted <- function(frame) {
    columns <- lapply(unname(unclass(frame[names(given)])), function(column) {
      if (is.factor(column)) as.character(column) else unclass(column)
    })
    columns <- unlist(lapply(columns, function(column) {
      if (is.matrix(column)) unname(asplit(column, 2L)) else list(as.vector(column))
    }), recursive = FALSE)
    order <- do.call(order, unname(columns))
    lapply(columns, `[`, order)
  }
  isTRUE(all.equal(sorted(given), sorted(again), tolerance = 0, check.attributes = FALSE))
}

# Do two columns of model frames mean the same? Character vectors stand for factors; numbers may
# differ by rounding.
same_values <- function(x, y) {
  if (identical(x, y)) return(TRUE)
  if (is.null(x) || is.null(y) || !identical(dim(x), dim(y))) return(FALSE)
  coded <- c(is_coded_vector(x), is_coded_vector(y))
  if (any(coded)) return(all(coded) && same_factors(x, y))
  if (is.logical(x) != is.logical(y) || length(x) != length(y)) return(FALSE)
  if (inherits(x, "integer64") || inherits(y, "integer64")) return(FALSE)
  x <- as.numeric(unclass(x))
  y <- as.numeric(unclass(y))
  isTRUE(all(abs(x - y) <= 1e-8 * abs(x) + 1e-12 * max(abs(x))))
}

is_coded_vector <- function(x) is.factor(x) || is.character(x)

same_factors <- function(x, y) {
  if (is.ordered(x) != is.ordered(y)) return(FALSE)
  x <- as.factor(x)
  y <- as.factor(y)
  identical(levels(x), levels(y)) && identical(as.integer(x), as.integer(y)) &&
    identical(attr(x, "contrasts"), attr(y, "contrasts"))
}
