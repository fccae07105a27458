# Names and columns of a model frame: what the checks, the frame and the design all ask.

#' Names of a terms object's variables as `model.frame()` names its columns
#' @return character vector.
#' @noRd
variable_names <- function(terms) {
  variables <- attr(terms, "variables")
  names <- character(length(variables) - 1L)
  for (i in seq_along(names)) names[i] <- column_name(variables[[i + 1L]])
  names
}

#' @noRd
column_name <- function(expr) {
  if (is.symbol(expr)) return(as.character(expr))
  paste(deparse(expr, width.cutoff = 500L, backtick = TRUE), collapse = " ")
}

#' Names of the variables in `data`; NULL without `data`
#' @noRd
data_names <- function(data) {
  if (is.environment(data)) ls(data, all.names = TRUE) else names(data)
}

#' Is any value missing?
#'
#' Of a factor the codes are looked at: `anyNA()` would make a logical vector of its length.
#' @noRd
has_missing <- function(x) {
  if (is.factor(x)) x <- unclass(x)
  if (is.object(x)) any(is.na(x)) else anyNA(x)
}

#' Evaluate without the warnings that names outside the locale's encoding provoke
#' @noRd
quiet_translation <- function(expr) {
  if (l10n_info()[["UTF-8"]]) return(expr)
  withCallingHandlers(expr, warning = function(w) {
    if (grepl("unable to translate", conditionMessage(w), fixed = TRUE)) {
      invokeRestart("muffleWarning")
    }
  })
}

#' The expression behind `..1` and its like
#'
#' In a call made through a function with `...`, `match.call()` shows an argument as `..1`. What the
#' user wrote is found in the frames that passed it on, so that `f <- function(...) lmm(...)` works
#' with `weights = w`.
#' @param expr expression from a matched call; `env` frame the call was made from.
#' @noRd
expression_behind_dots <- function(expr, env) {
  while (is_dots_symbol(expr)) {
    position <- as.integer(substring(as.character(expr), 3L))
    expr <- eval(quote(substitute(alist(...))), env)[[position + 1L]]
    caller <- Position(function(frame) identical(frame, env), sys.frames())
    if (is.na(caller)) break
    parent <- sys.parents()[caller]
    env <- if (parent == 0L) globalenv() else sys.frame(parent)
  }
  expr
}

# Most names end the question before the pattern, which takes time to compile.
is_dots_symbol <- function(expr) {
  if (!is.symbol(expr)) return(FALSE)
  name <- as.character(expr)
  startsWith(name, "..") && grepl("^\\.\\.[0-9]+$", name)
}
