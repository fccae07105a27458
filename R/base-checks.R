# Checks of arguments, shared by the entry points and the methods.
#
# Each check returns its argument (invisibly unless it completes it) or raises an error that names
# the argument, what was given and what is allowed. `name` and `call` are evaluated only on error.

#' @param x value given by the user.
#' @param name string: the argument's name, by default the expression given as `x`.
#' @param null_ok logical: is NULL allowed?
#' @param kind,call see `abort()`.
#' @noRd
check_flag <- function(x, name = rlang::caller_arg(x), null_ok = FALSE, kind = "argument",
                       call = entry_frame()) {
  if (is.logical(x) && length(x) == 1L && !is.na(x)) return(invisible(x))
  if (null_ok && is.null(x)) return(invisible(x))
  abort_argument(x, name, "{.code TRUE} or {.code FALSE}", kind, call)
}

#' @param min,max numeric bounds, both allowed themselves.
#' @noRd
check_number <- function(x, name = rlang::caller_arg(x), min = -Inf, max = Inf, null_ok = FALSE,
                         kind = "argument", call = entry_frame()) {
  if (is_plain_number(x) && x >= min && x <= max) return(invisible(x))
  if (null_ok && is.null(x)) return(invisible(x))
  abort_argument(x, name, paste0("a single finite number", range_text(min, max)), kind, call)
}

#' @noRd
check_count <- function(x, name = rlang::caller_arg(x), min = 0, max = .Machine$integer.max,
                        null_ok = FALSE, kind = "argument", call = entry_frame()) {
  if (is_plain_number(x) && x == round(x) && x >= min && x <= max) return(invisible(x))
  if (null_ok && is.null(x)) return(invisible(x))
  abort_argument(x, name, paste0("a single whole number", range_text(min, max)), kind, call)
}

#' @noRd
check_string <- function(x, name = rlang::caller_arg(x), null_ok = FALSE, kind = "argument",
                         call = entry_frame()) {
  if (is.character(x) && length(x) == 1L && !is.na(x)) return(invisible(x))
  if (null_ok && is.null(x)) return(invisible(x))
  abort_argument(x, name, "a single string", kind, call)
}

#' Check a choice among strings
#'
#' A default that lists all choices, as in `type = c("a", "b")`, stands for its first element.
#' @param choices character vector.
#' @param several logical: may several be chosen? Then `character(0)` is allowed as well.
#' @return the string chosen (or the strings, if `several`).
#' @noRd
check_choice <- function(x, choices, name = rlang::caller_arg(x), several = FALSE,
                         kind = "argument", call = entry_frame()) {
  if (identical(x, choices) && !several) return(choices[1L])
  allowed_length <- several || length(x) == 1L
  if (is.character(x) && allowed_length && all(x %in% choices)) return(x)
  wrong <- if (is.character(x)) setdiff(x, choices) else character()
  hint <- if (length(wrong)) suggestion(wrong[1L], choices)
  number <- if (several) "some of" else "one of"
  allowed <- paste(dQuote(choices, FALSE), collapse = ", ")
  abort_argument(x, name, paste(number, escape_braces(allowed)), kind, call, hint)
}

#' @noRd
check_function <- function(x, name = rlang::caller_arg(x), null_ok = FALSE, kind = "argument",
                           call = entry_frame()) {
  if (is.function(x) || (null_ok && is.null(x))) return(invisible(x))
  abort_argument(x, name, "a function", kind, call)
}

#' Numeric vector of a given length without missing or infinite values
#' @param length integer or NULL (any length).
#' @noRd
check_numeric <- function(x, name = rlang::caller_arg(x), length = NULL, null_ok = FALSE,
                          kind = "argument", call = entry_frame()) {
  right_length <- is.null(length) || base::length(x) == length
  if (is.numeric(x) && right_length && all(is.finite(x))) return(invisible(x))
  if (null_ok && is.null(x)) return(invisible(x))
  size <- if (is.null(length)) "" else paste(" of length", length)
  bad <- if (is.numeric(x)) sum(!is.finite(x)) else 0L
  hint <- if (bad) sprintf("%d of its values %s missing or infinite.", bad,
                           if (bad == 1L) "is" else "are")
  abort_argument(x, name, paste0("a numeric vector", size, " of finite values"), kind, call, hint)
}

#' A confidence level: a number strictly between 0 and 1
#' @noRd
check_level <- function(x, name = rlang::caller_arg(x), such_as = 0.95, call = entry_frame()) {
  if (is_plain_number(x) && x > 0 && x < 1) return(invisible(x))
  abort_argument(x, name, paste("a number between 0 and 1, such as", such_as), "argument", call)
}

#' Refuse arguments that no parameter takes
#'
#' To be called as `check_no_dots(...)` by a function that has `...` only because its generic has,
#' or to give a better message than R does. Names must be written in full: an abbreviation that R
#' would complete, such as `weight =` for `weights`, is refused like any other unknown name. The
#' nearest name among the caller's own arguments is suggested; the promises in `...` are not
#' evaluated.
#' @noRd
check_no_dots <- function(..., call = entry_frame()) {
  if (...length() == 0L && all_written_out(sys.parent())) return(invisible(NULL))
  refuse_dots(sys.parent(), as.list(substitute(list(...)))[-1L], character(), call)
}

#' The usual call, told in a tenth of the time of `refuse_dots()`: without a `...` of the caller's
#' own, and every name in full
#' @param frame integer, number of the frame.
#' @noRd
all_written_out <- function(frame) {
  call <- sys.call(frame)
  if ("..." %in% all.names(call)) return(FALSE)
  all(names(call) %in% c("", names(formals(sys.function(frame)))))
}

#' The same for a print method, which `methods::show()` calls with `useS4 = FALSE`
#' @noRd
check_print_dots <- function(..., call = entry_frame()) {
  refuse_dots(sys.parent(), as.list(substitute(list(...)))[-1L], "useS4", call)
}

#' The same for a method that callers always give arguments which mean nothing for a fit
#' @param tolerated names that may be there.
#' @noRd
check_caller_dots <- function(..., tolerated, call = entry_frame()) {
  refuse_dots(sys.parent(), as.list(substitute(list(...)))[-1L], tolerated, call)
  # callers may ask rlang whether the dots were used
  invisible(list(...))
}

#' @param caller integer, number of the frame whose `...` is checked; `given` list of expressions in
#'   it; `allowed` names that may be there.
#' @noRd
refuse_dots <- function(caller, given, allowed, call) {
  known <- setdiff(names(formals(sys.function(caller))), "...")
  named <- setdiff(written_names(caller), c("", known, allowed))
  if (length(named)) abort_unknown_arguments(named, known, call)
  given <- given[!(names(given) %||% rep("", length(given))) %in% allowed]
  if (length(given) == 0L) return(invisible(NULL))
  unknown <- rep("", length(given))
  value <- paste(deparse(given[[1L]], nlines = 1L), collapse = "")
  abort(c(
    "{length(unknown)} unnamed argument{?s} too many: {.code {value}}.",
    "i" = "Arguments are {.arg {known}}."
  ), kind = "argument", variable = value, observed = value, call = call)
}

#' @param named names of the unknown arguments; `known` those of the function.
#' @noRd
abort_unknown_arguments <- function(named, known, call = entry_frame()) {
  message <- if (all(c("parsed", "conditional_variance") %in% named)) {
    c(
      "The arguments are the pieces of a fit.",
      "i" = "{.code c(fits, fit)} takes {.code fit} apart: write {.code c(fits, list(fit))}."
    )
  } else {
    c("Unknown argument{?s} {.arg {named}}.", "i" = argument_hint(named[1L], known))
  }
  abort(message, kind = "argument", variable = named[1L], observed = named, call = call)
}

#' Names of the arguments in a call on the stack, as they were written
#'
#' @param frame integer, number of the frame.
#' @return character vector, or NULL if no argument is named.
#' @noRd
written_names <- function(frame) {
  call <- sys.call(frame)
  passes_dots <- any(vapply(as.list(call)[-1L], identical, TRUE, quote(...)))
  if (!passes_dots) return(names(call))
  parent <- sys.parents()[frame]
  env <- if (parent == 0L) globalenv() else sys.frame(parent)
  any_arguments <- function(...) NULL
  tryCatch(names(match.call(any_arguments, call, envir = env)), error = function(e) NULL)
}

#' Refuse a call that leaves out an argument without default
#'
#' Plays the part of R's own "argument is missing, with no default".
#' @noRd
check_supplied <- function(x, name = rlang::caller_arg(x), call = entry_frame()) {
  if (!missing(x)) return(invisible(NULL))
  abort("The argument {.arg {name}} is missing and has no default.",
    kind = "argument", variable = name, observed = "missing", call = call
  )
}

#' Significant digits for printing
#' @noRd
check_digits <- function(digits, call = entry_frame()) {
  check_count(digits, "digits", min = 1, max = 22, call = call)
}

# What a user of lme4 may type, and what does the same here.
translated_arguments <- c(
  devFunOnly = "Use {.code deviance_function(fit)} on a fitted model.",
  optCtrl = "Give {.arg max_iterations} and {.arg tolerance} in {.fn lmm_control}.",
  optimizer = "Use {.code control = lmm_control(optimizer = \"bfgs\")}.",
  method = "Use {.code REML = TRUE} or {.code REML = FALSE}.",
  family = "{.fn lmm} fits Gaussian models only.",
  random = "Write random terms into the formula, as in {.code y ~ x + (1 | group)}.",
  fixed = "Give one {.arg formula}, as in {.code y ~ x + (1 | group)}.",
  correlation = "Use {.arg residual}, see {.code ?residual_structure}.",
  nAGQ = "{.fn lmm} fits Gaussian models only, which need no quadrature."
)

#' @return template-safe bullet text for an unknown argument.
#' @noRd
argument_hint <- function(name, known) {
  nearest <- suggestion(name, known) %||% completion(name, known)
  if (!is.null(nearest)) return(nearest)
  if (name %in% names(translated_arguments) && "REML" %in% known) {
    return(translated_arguments[[name]])
  }
  if (length(known) == 0L) return(NULL)
  paste0("Arguments are ", escape_braces(paste0("`", known, "`", collapse = ", ")), ".")
}

# --- helpers ---

#' @noRd
abort_argument <- function(x, name, allowed, kind, call, hint = NULL) {
  given <- describe_value(x)
  abort(c(
    paste0("{.arg {name}} must be ", allowed, ", not {given}."),
    "i" = hint
  ), kind = kind, variable = name, observed = observed_value(x), call = call)
}

#' Small values are kept in the condition as they are, large ones as their description
#' @noRd
observed_value <- function(x) {
  if (is.atomic(x) && length(x) <= 10L) x else describe_value(x)
}

#' @noRd
is_plain_number <- function(x) {
  is.numeric(x) && length(x) == 1L && is.null(dim(x)) && is.finite(x)
}

#' @noRd
range_text <- function(min, max) {
  if (is.finite(min) && is.finite(max) && max < .Machine$integer.max) {
    return(paste(" between", format(min), "and", format(max)))
  }
  if (is.finite(min)) return(paste(" of at least", format(min)))
  if (is.finite(max) && max < .Machine$integer.max) return(paste(" of at most", format(max)))
  ""
}

#' Short description of a value for messages
#' @return string such as `"\"abc\""`, `"a character vector of length 3"`, `"NULL"`.
#' @noRd
describe_value <- function(x) {
  if (is.null(x)) return("NULL")
  if (is.function(x)) return("a function")
  if (is.data.frame(x)) return(sprintf("a data frame of %d rows", nrow(x)))
  if (is.language(x)) return(sprintf("the %s `%s`", class(x)[1L], deparse1(x)))
  if (is.matrix(x)) return(sprintf("a %d x %d %s matrix", nrow(x), ncol(x), typeof(x)))
  if (is.factor(x)) return(sprintf("a factor of length %d", length(x)))
  if (is.object(x)) return(sprintf("an object of class \"%s\"", class(x)[1L]))
  if (is.list(x)) return(sprintf("a list of length %d", length(x)))
  if (!is.atomic(x)) return(sprintf("an object of type \"%s\"", typeof(x)))
  if (length(x) == 1L) return(if (is.character(x)) encodeString(x, quote = "\"") else format(x))
  type <- if (is.numeric(x)) "numeric" else typeof(x)
  article <- if (type == "integer") "an" else "a"
  sprintf("%s %s vector of length %d", article, type, length(x))
}

#' Nearest of some names, or NULL if none is near
#'
#' Distance: Levenshtein, case ignored, two neighbours swapped counted as one edit; near means at
#' most a third of the characters, at least one.
#' @noRd
nearest_name <- function(x, choices) {
  choices <- choices[!is.na(choices) & nzchar(choices)]
  if (length(choices) == 0L || is.na(x) || !nzchar(x)) return(NULL)
  distance <- drop(utils::adist(tolower(x), tolower(choices)))
  same_start <- startsWith(tolower(choices), tolower(x)) & nchar(x) >= 3L
  distance[same_start] <- pmin(distance[same_start], 1L)
  swapped <- distance == 2L & sorted_letters(choices) == sorted_letters(x)
  distance[swapped] <- 1L
  best <- which.min(distance)
  limit <- max(1, nchar(x) %/% 3)
  if (distance[best] > limit || distance[best] >= nchar(x)) return(NULL)
  choices[best]
}

#' @noRd
sorted_letters <- function(x) {
  vapply(strsplit(tolower(x), ""), function(letters) paste(sort(letters), collapse = ""), "")
}

#' @return bullet text "Did you mean ...?", braces escaped, or NULL.
#' @noRd
suggestion <- function(x, choices) {
  nearest <- nearest_name(x, choices)
  if (is.null(nearest)) return(NULL)
  paste0("Did you mean `", escape_braces(nearest), "`?")
}

#' @return the same for an abbreviation that can mean one name only, or NULL.
#' @noRd
completion <- function(x, choices) {
  full <- choices[pmatch(x, choices, nomatch = 0L)]
  if (length(full)) paste0("Did you mean `", escape_braces(full), "`?")
}

#' @noRd
escape_braces <- function(x) gsub("([{}])", "\\1\\1", x)

# --- objects ---

check_fit <- function(fit, name = rlang::caller_arg(fit), generalized = FALSE) {
  check_supplied(fit, name)
  if (!generalized) refuse_generalized(fit)
  if (!inherits(fit, "henderson_fit")) {
    given <- describe_value(fit)
    hint <- if (inherits(fit, "lmerMod")) "{.fn as_lmm} turns a fit by lme4 into one."
    abort(c("{.arg {name}} must be a fit by {.fn lmm}, not {given}.", "i" = hint),
      kind = "argument", variable = name, observed = class(fit)
    )
  }
  invisible(fit)
}

# Fits by glmm() have what holds for them; all else is refused, not computed by what holds for
# lmm().
refuse_generalized <- function(fit, what = NULL, call = entry_frame()) {
  if (!inherits(fit, "henderson_glmm")) return(invisible(fit))
  if (is.null(what)) {
    name <- rlang::frame_call(call)[[1L]]
    what <- if (is.symbol(name)) sub("\\.henderson_[a-z]+$", "", name) else "this"
  }
  abort(c(
    "{.fn {what}} has no method for fits by {.fn glmm} yet.",
    "i" = "What there is: {.code methods(class = \"henderson_glmm\")}."
  ), kind = "unsupported", variable = what, call = call)
}

check_data_frame <- function(data) {
  if (!is.data.frame(data)) {
    given <- describe_value(data)
    abort("{.arg data} must be a data frame, not {given}.",
      kind = "data", variable = "data", observed = class(data)
    )
  }
}
