# Words of the formula language: what a piece of an expression is, and how it reads. Language
# objects only, never data.

formula_operators <- c("+", "-", "*", "/", ":", "^", "%in%", "(", "~")

#' @noRd
contains_bar <- function(expr) {
  is.call(expr) && any(c("|", "||") %in% all.names(expr))
}

#' @noRd
is_bar <- function(expr) {
  is.call(expr) && length(expr) == 3L &&
    (identical(expr[[1L]], quote(`|`)) || identical(expr[[1L]], quote(`||`)))
}

#' Name of the function of a call; `""` when it is not a plain name (`pkg::f`)
#' @noRd
call_name <- function(expr) {
  if (is.symbol(expr[[1L]])) as.character(expr[[1L]]) else ""
}

#' @noRd
strip_parentheses <- function(expr) {
  while (is.call(expr) && identical(expr[[1L]], quote(`(`))) expr <- expr[[2L]]
  expr
}

#' Is a call that contains a bar a covariance structure around a random term?
#'
#' It is when its first argument is a bar and its name is that of a structure, or when the
#' left-hand side of the bar is a number, which makes no sense as R's "or".
#' @noRd
is_structure_call <- function(expr, name) {
  if (length(expr) < 2L || name %in% formula_operators) return(FALSE)
  bar <- strip_parentheses(expr[[2L]])
  if (!is_bar(bar)) return(FALSE)
  name %in% known_structure_names() || is.numeric(bar[[2L]])
}

#' First random term inside an expression (also a bare bar), or NULL
#'
#' Ordinary functions such as `I(a | b)`, where the bar is R's "or", are not entered.
#' @noRd
first_random_term <- function(expr) {
  if (!contains_bar(expr)) return(NULL)
  if (is_bar(expr)) return(expr)
  name <- call_name(expr)
  if (is_structure_call(expr, name)) return(strip_parentheses(expr[[2L]]))
  if (!name %in% formula_operators) return(NULL)
  for (part in as.list(expr)[-1L]) {
    found <- first_random_term(part)
    if (!is.null(found)) return(found)
  }
  NULL
}

#' One-line text of an expression, symbols without backticks
#' @return string, UTF-8 also where the locale is not.
#' @noRd
expression_text <- function(expr) {
  if (is.symbol(expr)) return(utf8_names(as.character(expr)))
  if (is.character(expr)) return(encodeString(expr, quote = "\""))
  if (!is.call(expr) && length(expr) == 1L) return(as.character(expr))
  utf8_names(paste(deparse(expr, width.cutoff = 500L), collapse = " "))
}

#' Restore UTF-8 names that R has written as `<U+7EC4>`
#'
#' In a locale that is not UTF-8, R turns symbols and the column names of a model matrix into the
#' native encoding, which escapes what it cannot hold and makes the name non-syntactic (backticks).
#' @param x character vector.
#' @return `x` with the escapes replaced, marked UTF-8; unchanged in a UTF-8 locale.
#' @noRd
utf8_names <- function(x) {
  if (l10n_info()[["UTF-8"]] || !any(escaped <- grepl("<U+", x, fixed = TRUE))) return(x)
  x[escaped] <- vapply(x[escaped], unescape_utf8, "", USE.NAMES = FALSE)
  x
}

#' @noRd
unescape_utf8 <- function(text) {
  text <- enc2native(text)
  text <- gsub("`((?:[A-Za-z0-9._]|<U\\+[0-9A-F]{4,8}>)+)`", "\\1", text, perl = TRUE)
  found <- gregexpr("<U\\+[0-9A-F]{4,8}>", text)
  codes <- regmatches(text, found)[[1L]]
  between <- regmatches(text, found, invert = TRUE)[[1L]]
  codes <- strtoi(gsub("[^0-9A-F]", "", sub("U", "", codes)), 16L)
  characters <- vapply(codes, intToUtf8, "")
  enc2utf8(paste0(between, c(characters, ""), collapse = ""))
}

# The formula without class and environment, for the call that is shown.
formula_call <- function(formula) {
  if (!inherits(formula, "formula")) {
    return(formula)
  }
  attributes(formula) <- NULL
  formula
}
