# Sums of raw variables that the model frame does not tell: `rank(x)`, `scale(x)` and `x > 3` may be
# what they were although x is not. Data that are looked up again must give these sums, too.

#' Sums of the raw variables that columns of the model frame do not tell
#'
#' Costs three sums of a column where a formula has such a term, and nothing where it has none.
#' @param frame model frame with its attribute `data_variables`.
#' @param call call with `subset`, `weights` and `offset` as expressions.
#' @return list by name of numeric vectors, see `sums_of()`, or NULL.
#' @noRd
raw_sums <- function(frame, data, call, home) {
  variables <- as.list(attr(attr(frame, "terms"), "variables"))[-1L]
  names <- untold_names(variables, as.list(call)[c("weights", "offset")], call$subset)
  values <- lapply(stats::setNames(nm = names), raw_value, frame, data, home)
  values <- Filter(Negate(is.null), values)
  if (length(values) > 0L) lapply(values, sums_of)
}

# Names in some expressions whose values do not follow from those of the expressions.
untold_names <- function(variables, extra, subset) {
  expressions <- c(variables, unname(extra))
  told <- vapply(expressions, told_name, "")
  names <- unlist(lapply(c(expressions, list(subset)), all.vars))
  # the dots of functions have no names here
  grep("^\\.\\.[0-9.]", setdiff(names, told), value = TRUE, invert = TRUE)
}

# The variable that the values of an expression tell: of `log(x)` it is x; "" if there is none.
told_name <- function(expr) {
  if (is.symbol(expr)) return(as.character(expr))
  one_to_one <- c(
    "(", "I", "log", "log2", "log10", "log1p", "exp", "sqrt", "factor", "as.factor"
  )
  is_told <- is.call(expr) && length(expr) == 2L && call_name(expr) %in% one_to_one
  if (is_told) told_name(expr[[2L]]) else ""
}

# What a name stands for if it is data of some kind, not a parameter (`parameters_at()`).
raw_value <- function(name, frame, data, home) {
  value <- if (name %in% data_names(data)) {
    if (is.environment(data)) data[[name]] else .subset2(data, name)
  } else {
    found <- get0(name, envir = home)
    is_data <- name %in% attr(frame, "data_variables") || length(found) >= 100L
    if (is_data) found
  }
  if (is.atomic(value) && !is.complex(value)) value
}

# Length, number of missing values, and sums of values, of values with weights that differ by place,
# and of absolute values. Strings and levels count by their place among the different ones, and by
# their bytes.
sums_of <- function(x) {
  labels <- if (is.factor(x)) levels(x) else if (is.character(x)) unique(x)
  values <- if (is.character(x)) match(x, labels) else as.numeric(unclass(x))
  missing <- if (has_missing(x)) which(is.na(unclass(x)))
  values[missing] <- 0
  n <- length(values)
  place <- rep_len(sin(seq_len(min(n, 9973L))), n)
  result <- c(n, length(missing), sum(values), sum(values * place), sum(abs(values)))
  if (is.null(labels)) return(result)
  bytes <- as.integer(charToRaw(paste(enc2utf8(labels), collapse = "\n")))
  c(result, length(labels), sum(bytes * sin(seq_along(bytes))))
}

# Are two results of `sums_of()` those of one variable, but for rounding?
same_sums <- function(x, y) {
  if (length(x) != length(y) || !identical(x[1:2], y[1:2])) return(FALSE)
  if (identical(x, y)) return(TRUE)
  isTRUE(all(abs(x[3:5] - y[3:5]) <= 1e-12 * x[5L])) &&
    isTRUE(all(abs(x[-(1:5)] - y[-(1:5)]) <= 1e-9))
}
