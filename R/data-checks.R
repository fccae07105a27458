# Checks of the values in a model frame: types, missing and infinite values. Each column is read
# once, without copies: the sum of finite numbers is finite.

#' Check every column of a model frame but the response
#'
#' @param frame model frame, after `subset` and `na.action`.
#' @param parsed from `parse_formula()`.
#' @param whole logical: are these all rows, of which one must count?
#' @return NULL, invisibly; errors name the column.
#' @noRd
check_frame <- function(frame, parsed, whole = TRUE) {
  groups <- NULL
  for (term in parsed$random) groups <- c(groups, vapply(term$group_variables, column_name, ""))
  offsets <- attr(attr(frame, "terms"), "offset")
  expressions <- as.list(attr(attr(frame, "terms"), "variables"))[-1L]
  for (i in seq_along(frame)[-1L]) {
    name <- names(frame)[i]
    x <- .subset2(frame, i)
    if (name == "(weights)") {
      check_weights(x)
      if (whole) check_some_weight(x)
    } else if (name == "(offset)" || i %in% offsets) {
      check_offset(x, utf8_names(name))
    } else {
      check_column(x, name, if (name %in% groups) "grouping" else "data")
      if (!name %in% groups && is.symbol(expressions[[i]])) inform_decimal_commas(x, name)
    }
  }
  invisible(NULL)
}

#' Finite numeric response: a vector, or a matrix of one column such as `scale(y)`
#' @noRd
check_response <- function(y, name) {
  if (length(dim(y)) == 2L && ncol(y) > 1L) {
    abort(c(
      "The response {.var {name}} is a matrix of {ncol(y)} columns;
       a single numeric column is needed.",
      "i" = "Fit each column by itself."
    ), kind = "response", variable = name, observed = dim(y))
  }
  if (!(is.numeric(y) || is.logical(y)) || is.factor(y)) {
    type <- describe_type(y)
    abort(c(
      "The response {.var {name}} must be numeric; it is {type}.",
      "i" = response_hint(y)
    ), kind = "response", variable = name, observed = class(y))
  }
  check_values(y, name, "response")
  if (is.logical(y)) {
    inform(paste0(
      "The response `", name, "` is logical; it is fitted as the numbers 0 (FALSE) and 1 (TRUE)."
    ), kind = "response", variable = name, observed = class(y))
  }
}

#' @noRd
response_hint <- function(y) {
  if (has_decimal_commas(y)) {
    comma_hint("y")
  } else if (is.factor(y) || is.character(y)) {
    "Convert it if its values are numbers: {.code as.numeric(as.character(y))}."
  } else if (inherits(y, c("Date", "POSIXct", "difftime"))) {
    "Convert it with {.fn as.numeric}, which fixes the unit of time."
  }
}

comma_hint <- function(name, whose = "Its values") {
  name <- gsub("([{}])", "\\1\\1", name)
  whose <- gsub("([{}])", "\\1\\1", whose)
  paste0(
    whose, " have decimal commas; convert them: {.code as.numeric(sub(\",\", \".\", ", name,
    ", fixed = TRUE))}."
  )
}

# Text whose only fault as numbers are decimal commas. as.numeric() makes NA of such values.
has_decimal_commas <- function(y) {
  if (!is.factor(y) && !is.character(y)) return(FALSE)
  values <- if (is.factor(y)) levels(y) else unique(y)
  values <- trimws(values[!is.na(values)])
  any(grepl(",", values, fixed = TRUE)) &&
    all(grepl("^[-+]?[0-9]*([.,][0-9]+)?([eE][-+]?[0-9]+)?$", values))
}

#' Numbers of a predictor that were read as text are the levels of a factor, as they may be meant
#' @noRd
inform_decimal_commas <- function(x, name) {
  # the first values of text will do
  if (is.character(x) && !any(grepl(",", x[seq_len(min(length(x), 100L))], fixed = TRUE))) return()
  if (!has_decimal_commas(x)) return(invisible(NULL))
  name <- utf8_names(name)
  inform(c(
    "The values of {.var {name}} are taken as the levels of a factor.", "i" = comma_hint(name)
  ), kind = "data", variable = name, observed = class(x))
}

#' @noRd
check_weights <- function(weights) {
  check_numeric_column(weights, "weights", "weights")
  check_values(weights, "weights", "weights")
  if (any(weights < 0)) {
    count <- sum(weights < 0)
    smallest <- min(weights)
    abort(c(
      "{count} of the {length(weights)} {.arg weights} {cli::qty(count)}{?is/are} negative,
       the smallest {smallest}.",
      "i" = "Weights are precisions: the residual variance of row i is sigma^2 / w_i."
    ), kind = "weights", variable = "weights", observed = smallest)
  }
}

#' @noRd
check_some_weight <- function(weights) {
  if (any(weights > 0)) return(invisible(NULL))
  abort(c(
    "All {length(weights)} {.arg weights} are zero.",
    "i" = "Rows of weight zero are left out of the fit, so none is left."
  ), kind = "weights", variable = "weights", observed = 0)
}

#' @noRd
check_offset <- function(offset, name) {
  if (name == "(offset)") name <- "offset"
  check_numeric_column(offset, name, "offset")
  check_values(offset, name, "offset")
}

#' @noRd
check_numeric_column <- function(x, name, kind) {
  is_vector <- is.numeric(x) && (is.null(dim(x)) || identical(ncol(x), 1L))
  if (is_vector) return(invisible(NULL))
  given <- describe_type(x)
  abort(c(
    "{.arg {name}} must be a numeric vector; it is {given}.",
    "i" = if (has_decimal_commas(x)) comma_hint("x")
  ), kind = kind, variable = name, observed = class(x))
}

#' A predictor or a grouping variable
#' @noRd
check_column <- function(x, name, kind) {
  name <- utf8_names(name)
  if (is.complex(x) || is.raw(x) || is.list(x)) abort_column_type(x, name, kind)
  if (length(dim(x)) == 2L && (kind == "grouping" || !is.numeric(x))) {
    abort_column_type(x, name, kind)
  }
  check_values(x, name, kind)
}

#' @noRd
abort_column_type <- function(x, name, kind) {
  type <- describe_type(x)
  if (kind == "grouping") {
    abort(c(
      "The grouping variable {.var {name}} is {type}.",
      "i" = "A grouping variable is a factor or a vector of strings, numbers or dates."
    ), kind = kind, variable = name, observed = class(x))
  }
  abort(c(
    "The variable {.var {name}} is {type}, which a model cannot use.",
    "i" = column_hint(x)
  ), kind = kind, variable = name, observed = class(x))
}

#' @noRd
column_hint <- function(x) {
  if (is.data.frame(x)) return("Use its columns one by one, or {.fn as.matrix} on it.")
  "A variable is a numeric, logical or character vector, a factor or a numeric matrix."
}

#' No missing and no infinite values are left
#'
#' One pass without allocation when all is well: a sum is finite only if every value is (or it
#' overflows, which the slow path recognises).
#' @noRd
check_values <- function(x, name, kind) {
  if (is.double(x) && !is.object(x)) {
    if (is.finite(sum(x))) return(invisible(NULL))
  } else if (!has_missing(x) && !is.double(x)) {
    return(invisible(NULL))
  }
  missing_count <- sum(is.na(x))
  if (missing_count) abort_missing(missing_count, length(x), name, kind)
  infinite <- if (is.double(x)) sum(is.infinite(unclass(x))) else 0L
  if (infinite && !inherits(x, "integer64")) abort_infinite(infinite, length(x), name, kind)
  invisible(NULL)
}

#' Missing values that na.action has left in (`na.pass`, or a function of the user's)
#' @noRd
abort_missing <- function(count, total, name, kind) {
  abort(c(
    "{.var {name}} has {count} missing value{?s} among {total}.",
    "i" = "Use {.code na.action = na.omit} or {.code na.exclude} to leave these rows out."
  ), kind = kind, variable = name, observed = count)
}

#' @noRd
abort_infinite <- function(count, total, name, kind) {
  abort(c(
    "{.var {name}} has {count} infinite value{?s} among {total}.",
    "i" = "Remove {cli::qty(count)}{?it/them} with {.arg subset}, or set {?it/them} to {.code NA};
           {.code log(0)} and {.code 1/0} are infinite."
  ), kind = kind, variable = name, observed = count)
}

#' @return string such as "a factor", "a list", "of class \"Date\"".
#' @noRd
describe_type <- function(x) {
  if (is.factor(x)) return("a factor")
  if (is.data.frame(x)) return("a data frame")
  if (inherits(x, "POSIXlt")) return("of class \"POSIXlt\" (use `as.POSIXct()`)")
  if (is.object(x) && !inherits(x, "AsIs")) return(sprintf("of class \"%s\"", class(x)[1L]))
  if (is.matrix(x)) return(sprintf("a %s matrix of %d columns", typeof(x), ncol(x)))
  if (is.list(x)) return("a list")
  if (is.function(x)) return("a function")
  paste("of type", typeof(x))
}

# --- checks of the whole model ---

#' The response is not among the variables that explain it
#'
#' `model.matrix()` would leave it out without a word.
#' @param terms terms object of the fixed part.
#' @noRd
check_response_apart <- function(parsed, terms) {
  own <- all.vars(parsed$formula[[2L]])
  if (length(own) && !any(own %in% all.vars(parsed$formula[[3L]]))) return(invisible(NULL))
  response <- column_name(attr(terms, "variables")[[2L]])
  factors <- attr(terms, "factors")
  place <- if (length(factors) && any(factors[1L, ] > 0L)) "predictor"
  for (term in parsed$random) {
    columns <- if (!is.null(term$terms)) variable_names(term$terms)
    if (response %in% columns) place <- "predictor"
    groups <- vapply(term$group_variables, column_name, "")
    if (response %in% groups) place <- "grouping factor"
  }
  if (is.null(place)) return(invisible(NULL))
  name <- utf8_names(response)
  abort(c(
    "The response {.var {name}} is also a {place} in the formula.",
    "i" = "Remove it from the right-hand side."
  ), kind = "formula", variable = name, observed = expression_text(parsed$formula))
}

#' A column of a random term that is zero in every row says nothing about its variance
#' @param random `design$random`.
#' @noRd
check_zero_columns <- function(random, control) {
  for (term in random) {
    if (is.null(term$z)) next
    is_zero <- vapply(seq_along(term$columns), is_zero_column, TRUE, z = term$z)
    if (!any(is_zero)) next
    columns <- term$columns[is_zero]
    text <- term$text
    report(control$check_rank, c(
      "{.val {columns}} of the random term {.code ({text})} {?is/are} zero in every row.",
      "i" = "The data say nothing about {cli::qty(columns)}{?its variance/their variances}."
    ), kind = "rank", variable = columns, observed = sum(is_zero))
  }
}

# Most columns show within a few rows that they are not zero. Elements are taken by their number,
# which leaves the row names, strings that are not made until asked for, alone.
is_zero_column <- function(column, z) {
  n <- nrow(z)
  before <- (column - 1) * n
  all(z[before + seq_len(min(50L, n))] == 0) && all(z[before + seq_len(n)] == 0)
}

#' A constant response leaves no variance to estimate, unless the fixed part cannot reach it
#'
#' @param y numeric n; `offset` numeric n or NULL; `has_intercept` logical.
#' @noRd
check_not_constant <- function(y, offset, weights, has_intercept, name) {
  if (!is.null(offset)) y <- y - offset
  if (!is.null(weights)) y <- y[weights > 0]
  if (length(y) < 2L) return(invisible(NULL))
  value <- y[1L]
  if (y[length(y)] != value || any(y != value)) return(invisible(NULL))
  if (!has_intercept && value != 0) return(invisible(NULL))
  minus <- if (is.null(offset)) "" else " minus the offset"
  abort(c(
    "The response {.var {name}}{minus} is constant: all {length(y)} values are {value}.",
    "i" = "Without variation no variance can be estimated."
  ), kind = "response", variable = name, observed = value)
}

#' Enough levels, and fewer levels and random effects than observations, for each term
#'
#' @param random `design$random`; `n` integer, rows of positive weight; `control` a
#'   `henderson_control`; `weights` numeric or NULL: levels count if a row of theirs does.
#' @noRd
check_random_terms <- function(random, n, control, weights = NULL) {
  for (term in random) {
    if (!is.null(weights)) term$levels <- term$levels[unique(term$level[weights > 0])]
    n_levels <- length(term$levels)
    if (n_levels < 2L) report_one_level(term, control)
    # by their relatives, effects of a level with one row, or with none, are told from residuals
    if (is_related(term)) next
    # a residual variance that is known is told from any other
    if ("sigma" %in% names(control$fix)) next
    if (n_levels >= n) {
      report_many_levels(term, n_levels, n, control)
    } else {
      check_n_random_effects(term, n_levels, n, control)
    }
  }
}

#' @noRd
report_one_level <- function(term, control) {
  name <- term$group
  level <- term$levels
  report(control$check_nlev_gtr_1, c(
    "The grouping factor {.var {name}} has only one level, {.val {level}}.",
    "i" = "A variance between levels needs at least two; use a fixed effect instead.",
    "i" = "To fit all the same: {.code control = lmm_control(check_nlev_gtr_1 = \"ignore\")}."
  ), kind = "grouping", variable = name, observed = 1L)
}

#' @noRd
report_many_levels <- function(term, n_levels, n, control) {
  name <- term$group
  report(control$check_nobs_vs_nlev, c(
    "The grouping factor {.var {name}} has {n_levels} level{?s} for {n} observation{?s};
     it must have fewer.",
    "i" = "With one observation per level its variance cannot be told from the residual variance.",
    "i" = "To fit all the same: {.code control = lmm_control(check_nobs_vs_nlev = \"ignore\")}."
  ), kind = "grouping", variable = name, observed = n_levels)
}

#' Terms with a diagonal covariance count each component by itself (levels, checked before), and
#' those whose parameters are no entries of Lambda have fewer of these
#' @noRd
check_n_random_effects <- function(term, n_levels, n, control) {
  v <- length(term$columns)
  free <- has_covariances(term$structure) && has_entries(term$structure)
  if (!free || v * n_levels < n) {
    return(invisible(NULL))
  }
  count <- v * n_levels
  text <- term$text
  report(control$check_nobs_vs_nre, c(
    "The random term {.code ({text})} has {count} random effects
     ({v} for each of {n_levels} levels) for {n} observation{?s}; it must have fewer.",
    "i" = "Simplify the term, for instance with {.code ||}.",
    "i" = "To fit all the same: {.code control = lmm_control(check_nobs_vs_nre = \"ignore\")}."
  ), kind = "grouping", variable = text, observed = count)
}
