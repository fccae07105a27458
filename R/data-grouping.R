# Grouping factors: from a variable (or an interaction of variables) to integer codes and levels.
#
# Levels of a factor keep their order; other variables get their unique values in increasing order,
# strings in that of the C locale, so that results do not depend on the machine. Levels that do not
# occur are dropped. Where missing values are a level (`addNA()`), that level has a label like any
# other, "NA", as names of rows need one.

#' Codes and levels of a grouping factor
#'
#' @param parts list of expressions, the factors of an interaction (one if there is none).
#' @param frame model frame. With a column `(copy)`, as of groups drawn with replacement, levels of
#'   different copies are different ones: `"1:a1:b1"`.
#' @return list(`level` = integer n, 1-based; `levels` = character J, unique; `missing` = for each
#'   part the label of missing values, NA where they are no level). Levels of an interaction are
#'   `"a1:b1"`, ordered with the first factor varying slowest; only combinations that occur.
#' @noRd
grouping_factor <- function(parts, frame) {
  variables <- lapply(parts, function(part) .subset2(frame, column_name(part)))
  result <- grouping_codes(variables[[1L]])
  for (x in variables[-1L]) result <- cross_codes(result, grouping_codes(x))
  copy <- .subset2(frame, "(copy)")
  if (!is.null(copy)) result <- cross_codes(grouping_codes(copy), result)
  if (length(parts) > 1L) check_unique_labels(result$levels, parts)
  result$missing <- vapply(variables, missing_label, "")
  result
}

#' Label of the level that stands for missing values: `"NA"`, unless a level has that name
#' @return string, NA if there is no such level.
#' @noRd
missing_label <- function(x) {
  if (!anyNA(levels(x))) return(NA_character_)
  named <- levels(x)[!is.na(levels(x))]
  rev(make.unique(c(named, if ("NA" %in% named) "<NA>" else "NA")))[1L]
}

#' Labels of the levels of a factor
#' @noRd
level_labels <- function(x) {
  labels <- enc2utf8(levels(x))
  labels[is.na(labels)] <- missing_label(x)
  labels
}

#' Codes and levels of one variable
#' @param x factor, or atomic vector without missing values.
#' @noRd
grouping_codes <- function(x) {
  if (is.factor(x)) {
    labels <- level_labels(x)
    used <- tabulate(x, length(labels)) > 0L
    # without its attributes a long factor shares its codes with the frame
    attributes(x) <- NULL
    return(keep_codes(as.integer(x), used, labels))
  }
  x <- plain_values(x)
  if (is.logical(x)) return(drop_empty_codes(x + 1L, 2L, c("FALSE", "TRUE")))
  if (is.integer(x) && !is.object(x)) {
    limits <- range(x)
    width <- as.double(limits[2L]) - limits[1L] + 1
    if (width <= min(2 * length(x) + 1000, .Machine$integer.max)) {
      labels <- as.character(seq.int(limits[1L], limits[2L]))
      return(drop_empty_codes(x - limits[1L] + 1L, as.integer(width), labels))
    }
  }
  values <- unique(x)
  values <- if (is.character(x)) sort_strings(values) else sort(values)
  level <- if (inherits(x, "integer64")) bit64::match(x, values) else match(x, values)
  merge_equal_labels(level, grouping_labels(values))
}

#' In the order of the C locale of the UTF-8 strings, also where some are in another encoding
#' @noRd
sort_strings <- function(values) values[order(enc2utf8(values), method = "radix")]

#' Strip classes that only describe (labels of haven and others); keep those that define the values
#' @noRd
plain_values <- function(x) {
  if (is.character(x)) return(as.vector(unclass(x)))
  if (!is.object(x) || inherits(x, c("Date", "POSIXct", "integer64", "difftime"))) return(x)
  if (inherits(x, c("haven_labelled", "labelled", "AsIs")) || is.numeric(x)) {
    return(as.vector(unclass(x)))
  }
  x
}

#' Text of grouping values, in the fit and for newdata alike
#'
#' The label of a value must not depend on the values beside it: `as.character()` on points in time
#' leaves out the time of day when all are midnight. Nor must that of a whole number depend on its
#' type: 100000 is "1e+05" as a double there, and "100000" as an integer.
#' @param x atomic vector or factor.
#' @return character vector of the same length.
#' @noRd
grouping_labels <- function(x) {
  x <- plain_values(x)
  if (is.double(x) && !is.object(x)) return(number_labels(x))
  if (!inherits(x, "POSIXct")) return(enc2utf8(as.character(x)))
  labels <- format(x, "%Y-%m-%d %H:%M:%S")
  fraction <- which(unclass(x) %% 1 != 0)
  labels[fraction] <- format(x[fraction], "%Y-%m-%d %H:%M:%OS6")
  labels
}

number_labels <- function(x) {
  labels <- as.character(x)
  whole <- which(grepl("e+", labels, fixed = TRUE) & abs(x) < 1e15 & x == round(x))
  labels[whole] <- sprintf("%.0f", x[whole])
  labels
}

# Combinations that differ have different texts, also where values have the separator.
join_texts <- function(columns, separator) {
  columns <- unname(columns)
  if (length(columns) == 1L) return(as.character(columns[[1L]]))
  columns <- lapply(columns, function(text) {
    text <- gsub("\\", "\\\\", text, fixed = TRUE)
    gsub(separator, paste0("\\", separator), text, fixed = TRUE)
  })
  do.call(paste, c(columns, sep = separator))
}

#' Values that differ but read the same (0.1 + 0.2 and 0.3) are one level, as in `factor()`
#' @noRd
merge_equal_labels <- function(level, labels) {
  if (!anyDuplicated(labels)) return(list(level = level, levels = labels))
  distinct <- unique(labels)
  list(level = match(labels, distinct)[level], levels = distinct)
}

#' Renumber codes so that every level occurs
#'
#' @param code integer n (or double, whole numbers) between 1 and `size`.
#' @param labels character vector of length `size`.
#' @noRd
drop_empty_codes <- function(code, size, labels) {
  keep_codes(code, tabulate(code, size) > 0L, labels)
}

#' @param used logical: does a code occur?
#' @noRd
keep_codes <- function(code, used, labels) {
  if (all(used)) return(list(level = code, levels = labels))
  list(level = cumsum(used)[code], levels = labels[used])
}

#' Codes of an interaction, the first factor varying slowest
#' @param first,second lists as `grouping_codes()` returns.
#' @noRd
cross_codes <- function(first, second) {
  n_second <- length(second$levels)
  size <- as.double(length(first$levels)) * n_second
  most <- min(max(1e6, 4 * length(first$level)), .Machine$integer.max)
  if (size > most) return(cross_codes_sorted(first, second))
  code <- (first$level - 1L) * n_second + second$level
  used <- which(tabulate(code, size) > 0L)
  i <- (used - 1L) %/% n_second + 1L
  j <- (used - 1L) %% n_second + 1L
  list(level = match_sorted(code, used, size), levels = cross_labels(first, second, i, j))
}

#' The same by sorting, when most of very many combinations do not occur
#' @noRd
cross_codes_sorted <- function(first, second) {
  position <- order(first$level, second$level, method = "radix")
  a <- first$level[position]
  b <- second$level[position]
  n <- length(a)
  is_new <- c(TRUE, a[-1L] != a[-n] | b[-1L] != b[-n])
  level <- integer(n)
  level[position] <- cumsum(is_new)
  list(level = level, levels = cross_labels(first, second, a[is_new], b[is_new]))
}

#' @noRd
cross_labels <- function(first, second, i, j) {
  paste(first$levels[i], second$levels[j], sep = ":")
}

#' `match(code, used)` for codes up to `size`, by table look-up
#' @noRd
match_sorted <- function(code, used, size) {
  if (length(used) == size) return(code)
  position <- integer(size)
  position[used] <- seq_along(used)
  position[code]
}

#' "x:y" with "z" and "x" with "y:z" would read the same
#' @noRd
check_unique_labels <- function(labels, parts) {
  if (!anyDuplicated(labels)) return(invisible(NULL))
  twice <- labels[duplicated(labels)][1L]
  names <- vapply(parts, expression_text, "")
  abort(c(
    "Different combinations of {.var {names}} have the same label {.val {twice}}.",
    "i" = "Rename the levels that contain {.val :}."
  ), kind = "grouping", variable = names[1L], observed = twice)
}
