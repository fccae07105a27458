# Why could the model frame not be built? Called only after `model.frame()` has failed, so that a
# sound call pays nothing: each variable is evaluated by itself and the first culprit is named.

#' Explain why `model.frame()` failed
#'
#' @param error the condition that `model.frame()` raised.
#' @param parsed,data as in `model_frame()`; `frame_call` from `model_frame_call()`.
#' @return does not return: raises an error of the package.
#' @noRd
diagnose_frame <- function(error, parsed, data, frame_call) {
  if (inherits(error, "henderson_error")) rlang::cnd_signal(error)
  check_dot(parsed, data)
  env <- environment(parsed$formula)
  variables <- frame_variables(parsed, data)
  values <- lapply(variables, evaluate_variable, data = data, env = env)
  check_types(values, parsed, data)
  extras <- evaluate_extras(frame_call$call, data, env)
  for (class in class(extras$weights)) refuse_nlme(class, "weights")
  check_lengths(c(values, extras))
  check_na_action(frame_call)
  check_complete(frame_call)
  reason <- conditionMessage(error)
  abort(c("The model frame could not be built.", "x" = "{reason}"),
    kind = "data", variable = "data", observed = reason
  )
}

#' No row is left: were there none, did `subset` take none, or is each incomplete?
#' @noRd
diagnose_no_rows <- function(parsed, data, frame_call) {
  rows <- if (is.data.frame(data)) nrow(data) else NROW(evaluate_variable(
    parsed$fixed[[2L]], data, environment(parsed$formula)
  ))
  if (rows == 0L) {
    abort("{.arg data} has no rows.", kind = "data", variable = "data", observed = 0L)
  }
  frame <- frame_with_missing(frame_call)
  if (nrow(frame) == 0L) {
    abort("{.arg subset} selects none of the {rows} row{?s} of {.arg data}.",
      kind = "data", variable = "subset", observed = 0L
    )
  }
  counts <- missing_counts(frame)
  listed <- paste(names(counts), counts, sep = ": ")
  abort(c(
    "None of the {nrow(frame)} rows is complete.",
    "i" = "Missing values by variable: {listed}."
  ), kind = "data", variable = names(counts)[which.max(counts)], observed = counts)
}

#' @noRd
check_dot <- function(parsed, data) {
  if (!is.null(data_names(data)) || !"." %in% all.names(parsed$fixed)) return(invisible(NULL))
  text <- expression_text(parsed$formula)
  abort(c(
    "{.code .} in the formula stands for the variables of {.arg data}, which is not given:
     {.code {text}}.",
    "i" = "Give {.arg data}, or write the variables out."
  ), kind = "formula", variable = ".", observed = text)
}

#' @return named list of expressions.
#' @noRd
frame_variables <- function(parsed, data) {
  whole <- tryCatch(
    quiet_translation(stats::terms.formula(parsed$frame_formula, data = data)),
    error = function(e) {
      text <- expression_text(parsed$formula)
      reason <- conditionMessage(e)
      abort(c("The formula cannot be understood: {.code {text}}.", "x" = "{reason}"),
        kind = "formula", variable = "formula", observed = reason
      )
    }
  )
  variables <- as.list(attr(whole, "variables"))[-1L]
  stats::setNames(variables, vapply(variables, expression_text, ""))
}

#' @noRd
evaluate_variable <- function(expr, data, env) {
  value <- tryCatch(quiet_translation(eval(expr, data, env)), error = function(e) {
    explain_evaluation(expr, e, data, env)
  })
  if (is.function(value) || is.null(value)) {
    if (is.symbol(expr)) abort_not_found(expression_text(expr), data, is.function(value))
    explain_evaluation(expr, simpleError(paste("the result is", describe_value(value))), data, env)
  }
  value
}

#' Explain why an expression cannot be evaluated: an unknown variable, or an error inside
#' @noRd
explain_evaluation <- function(expr, error, data, env, kind = "data", name = NULL) {
  for (variable in all.vars(expr)) {
    if (!is_found(variable, data, env)) abort_not_found(utf8_names(variable), data, FALSE, name)
  }
  text <- expression_text(expr)
  reason <- conditionMessage(error)
  what <- if (is.null(name)) "" else paste0(" (argument `", name, "`)")
  abort(
    c("{.code {text}}{what} could not be evaluated.", "x" = "{reason}", hint_of(expr, data, env)),
    kind = kind, variable = if (is.null(name)) text else name, observed = reason
  )
}

# Of the variables of an expression that fails, that which has decimal commas.
hint_of <- function(expr, data, env) {
  for (name in all.vars(expr)) {
    value <- if (name %in% data_names(data)) data[[name]] else get0(name, envir = env)
    name <- utf8_names(name)
    if (has_decimal_commas(value)) {
      return(c("i" = comma_hint(name, paste0("The values of `", name, "`"))))
    }
  }
}

#' Explain why the value given for an argument cannot be evaluated
#'
#' @param error the condition; `expr` expression given for the argument `name`; `env` frame it comes
#'   from.
#' @return does not return: raises an error of the package.
#' @noRd
explain_argument <- function(error, name, expr, env) {
  if (inherits(error, "henderson_error")) rlang::cnd_signal(error)
  if (identical(expr, quote(expr = ))) {
    abort("The argument {.arg {name}} is empty.",
      kind = "argument", variable = name, observed = "empty"
    )
  }
  expr <- expression_behind_dots(expr, env)
  text <- expression_text(expr)
  reason <- conditionMessage(error)
  # only a plain name is surely looked up where the call was made
  if (is.symbol(expr) && is.null(get0(text, envir = env))) {
    abort(c(
      "{.arg {name}} is {.code {text}}, but there is no object of that name.",
      "i" = suggestion(text, visible_names(env))
    ), kind = "variable", variable = text, observed = reason)
  }
  abort(c("{.arg {name}}, given as {.code {text}}, could not be evaluated.", "x" = "{reason}"),
    kind = if (name == "data") "data" else "argument", variable = name, observed = reason
  )
}

#' Names of the objects that are no functions, from a frame up to the global environment, and of the
#' data of attached packages
#' @noRd
visible_names <- function(env) {
  result <- character()
  while (!identical(env, emptyenv())) {
    names <- ls(env)
    functions <- vapply(names, exists, TRUE, envir = env, mode = "function", inherits = FALSE)
    result <- c(result, names[!functions])
    if (identical(env, globalenv()) || isNamespace(env)) break
    env <- parent.env(env)
  }
  packages <- sub("^package:", "", grep("^package:", search(), value = TRUE))
  data <- lapply(setdiff(packages, "base"), function(name) ls(getNamespaceInfo(name, "lazydata")))
  unique(c(result, unlist(data)))
}

#' @noRd
is_found <- function(name, data, env) {
  if (name %in% data_names(data)) return(TRUE)
  !is.null(get0(name, envir = env))
}

#' @noRd
abort_not_found <- function(name, data, is_function, argument = NULL) {
  known <- utf8_names(data_names(data))
  where <- if (is.null(known)) {
    "in the formula's environment (no {.arg data} given)"
  } else {
    "in {.arg data} or the formula's environment"
  }
  what <- if (is.null(argument)) "" else paste0(", used in {.arg ", argument, "},")
  hint <- suggestion(name, known)
  if (is.null(hint) && length(known)) hint <- "{.arg data} has {.var {known}}."
  functions <- if (is_function) "There is a function of that name, but no variable."
  abort(c(
    paste0("Variable {.var {name}}", what, " was not found ", where, "."),
    "x" = functions, "i" = hint
  ), kind = "variable", variable = name, observed = known)
}

# --- types, lengths, missing values ---

#' @noRd
check_types <- function(values, parsed, data) {
  groups <- lapply(parsed$random, function(term) vapply(term$group_variables, expression_text, ""))
  groups <- unlist(groups)
  for (i in seq_along(values)) {
    x <- values[[i]]
    name <- names(values)[i]
    if (is.atomic(x) && !is.raw(x)) next
    if (i == 1L) check_response(x, name)
    abort_column_type(x, name, if (name %in% groups) "grouping" else "data")
  }
}

#' Values of `weights` and `offset`, looked up as `model.frame()` does
#' @noRd
evaluate_extras <- function(call, data, env) {
  given <- as.list(call)[c("weights", "offset")]
  given <- given[!vapply(given, is.null, TRUE)]
  values <- lapply(names(given), function(name) {
    tryCatch(quiet_translation(eval(given[[name]], data, env)), error = function(e) {
      explain_evaluation(given[[name]], e, data, env, kind = name, name = name)
    })
  })
  names(values) <- names(given)
  for (name in names(values)) {
    if (!is.null(values[[name]])) check_numeric_column(values[[name]], name, name)
  }
  values[!vapply(values, is.null, TRUE)]
}

#' @noRd
check_lengths <- function(values) {
  rows <- vapply(values, NROW, 0L)
  wrong <- which(rows != rows[1L])
  if (length(wrong) == 0L) return(invisible(NULL))
  if (length(rows) > 2L && length(wrong) == length(rows) - 1L && length(unique(rows)) == 2L) {
    abort(c(
      "The response {.var {names(values)[1L]}} has {rows[1L]} value{?s},
       the other variables have {rows[2L]}.",
      "i" = "Variables need one value per row; nothing is recycled."
    ), kind = "response", variable = names(values)[1L], observed = unname(rows[1L]))
  }
  name <- names(values)[wrong[1L]]
  response <- names(values)[1L]
  kind <- if (name %in% c("weights", "offset")) name else "data"
  abort(c(
    "{.var {name}} has {rows[wrong[1L]]} value{?s}, the response {.var {response}} has {rows[1L]}.",
    "i" = "Variables need one value per row; nothing is recycled."
  ), kind = kind, variable = name, observed = unname(rows[wrong[1L]]))
}

#' @noRd
check_na_action <- function(frame_call) {
  expr <- frame_call$call$na.action
  if (is.null(expr)) return(invisible(NULL))
  value <- tryCatch(eval(expr, frame_call$env), error = function(e) expr)
  is_name <- is.character(value) && length(value) == 1L && exists(value, mode = "function")
  if (is_name) value <- get(value, mode = "function")
  if (is.null(value)) return(invisible(NULL))
  if (is.function(value)) return(check_na_action_value(value, frame_call))
  given <- describe_value(value)
  abort(c(
    "{.arg na.action} must be a function or the name of one, not {given}.",
    "i" = "Use {.code na.omit}, {.code na.exclude} or {.code na.fail}."
  ), kind = "argument", variable = "na.action", observed = given)
}

#' @noRd
check_na_action_value <- function(na_action, frame_call) {
  frame <- tryCatch(frame_with_missing(frame_call), error = function(e) NULL)
  if (is.null(frame)) return(invisible(NULL))
  value <- tryCatch(suppressWarnings(na_action(frame)), error = function(e) frame)
  if (is.data.frame(value)) return(invisible(NULL))
  given <- describe_value(value)
  abort(c(
    "{.arg na.action} must give a data frame without the incomplete rows; it gives {given}.",
    "i" = "Use {.code na.omit}, {.code na.exclude} or {.code na.fail}."
  ), kind = "argument", variable = "na.action", observed = given)
}

#' `na.action = na.fail` met missing values
#' @noRd
check_complete <- function(frame_call) {
  frame <- tryCatch(frame_with_missing(frame_call), error = function(e) NULL)
  if (is.null(frame)) return(invisible(NULL))
  counts <- missing_counts(frame)
  if (length(counts) == 0L) return(invisible(NULL))
  listed <- paste(names(counts), counts, sep = ": ")
  abort(c(
    "The data have missing values, and {.arg na.action} does not allow any.",
    "x" = "Missing values by variable: {listed}.",
    "i" = "Use {.code na.action = na.omit} to leave these rows out."
  ), kind = "data", variable = names(counts)[1L], observed = counts)
}

#' @noRd
frame_with_missing <- function(frame_call) {
  call <- frame_call$call
  call$na.action <- quote(stats::na.pass)
  quiet_translation(eval(call, frame_call$env))
}

#' @return named integer vector: number of missing values of each variable that has any.
#' @noRd
missing_counts <- function(frame) {
  counts <- vapply(frame, function(x) sum(is.na(x)), 0L)
  names(counts) <- utf8_names(names(frame))
  counts[counts > 0L]
}
