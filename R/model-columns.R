# Columns that the model frame does not have, for the rows of the fit: evaluated in the frame's own
# variables, or in the data of the call (model-data.R). Where refit_response() replaced the response
# or the weights, the data still have the old values under the same names.

# Columns for the rows of the fit: the data frame that `model.frame()` makes of `variables`
# (expressions), and of expressions `extra` of weights and offset; there may be missing values.
# `env`: where to look after the data; `brought`: names that are there for this purpose; `found`:
# from `data_of_call()`.
new_columns <- function(fit, variables, extra, env, brought, found) {
  own <- own_variables(fit)
  brought <- surely_outside(fit, brought, env)
  check_replaced(fit, variables, extra, brought)
  expressions <- c(variables, unname(extra))
  outside <- unlist(lapply(expressions, all.vars))
  outside <- setdiff(outside, c(names(own), brought, parameter_names(fit)))
  # what ns(x) makes of a row depends on all rows of the data
  if (length(outside) > 0L || omits_rows(fit)) {
    if (found$status == "same") {
      if (any(uses_names(expressions, setdiff(replaced_names(fit)$known, brought)))) {
        return(columns_with_replaced(fit, variables, extra, env, brought, found))
      }
      return(columns_of_data(fit, variables, extra, env, found))
    }
    nowhere <- outside[!vapply(outside, exists, NA, envir = env)]
    if (length(setdiff(outside, known_outside(fit, outside))) > 0L || length(nowhere) > 0L) {
      abort_other_data(fit, found, union(nowhere, outside))
    }
  }
  own$henderson_row <- seq_len(nrow(own))
  formula <- column_formula(quote(henderson_row), variables, env)
  evaluate_columns(formula, own, extra, env)
}

# Raw variables of the model for its rows, as a data frame: those of the model frame, or of the data
# of the call if they are the same.
fit_variables <- function(fit, names, caller, advice = NULL) {
  own <- own_variables(fit)
  if (all(names %in% names(own))) return(own[names])
  env <- environment(fit$terms)
  if (!is.null(fit$summed)) model_frame_of(fit)
  found <- data_of_call(fit, caller)
  if (found$status != "same") {
    abort_other_data(fit, found, setdiff(names, names(own)), advice = advice)
  }
  new_columns(fit, lapply(names, as.name), list(), env, character(0L), found)[names]
}

# --- what refit_response() replaced ---

# Names in the data whose values are not those of the fit any more: list(`known`: the model frame
# has the new values; `response`: of `y` in `log(y)` it does not have them; `weights`: of the
# expression in whose place `newweights` stand).
replaced_names <- function(fit) {
  frame <- fit$frame
  replaced <- names(attr(frame, "replaced"))
  if (length(replaced) == 0L) return(list())
  expressions <- stats::setNames(frame_expressions(frame), variable_names(attr(frame, "terms")))
  expressions <- expressions[intersect(replaced, names(expressions))]
  plain <- vapply(expressions, is.symbol, TRUE)
  beside <- c(parameter_names(fit), names(own_variables(fit)))
  # of log(count / area) the first is the response
  response <- lapply(expressions[!plain], function(expr) setdiff(all.vars(expr), beside)[1L])
  has_weights <- "(weights)" %in% intersect(replaced, names(frame))
  list(
    known = names(expressions)[plain],
    response = Filter(Negate(is.na), unlist(response)),
    weights = if (has_weights) setdiff(all.vars(fit$call$weights), parameter_names(fit))
  )
}

uses_names <- function(expressions, names) {
  vapply(expressions, function(expr) any(all.vars(expr) %in% names), TRUE)
}

# New expressions must not take old values for those that were replaced. `variables`: of the
# formula, or of `subset`; `extra`: of weights and offset; `brought`: names that mean something
# else.
check_replaced <- function(fit, variables, extra, brought) {
  stale <- lapply(replaced_names(fit), function(names) names[!names %in% brought])
  # a variable of the model is the one that it was
  own <- names(own_variables(fit))
  for (expr in variables) {
    check_expression(fit, expr, stale$response, setdiff(stale$weights, own))
  }
  for (expr in extra) check_expression(fit, expr, stale$response, stale$weights)
  if (!omits_rows(fit)) return(invisible(NULL))
  for (expr in c(variables, unname(extra))[uses_names(c(variables, unname(extra)), stale$known)]) {
    if (is_rowwise(expr)) next
    name <- utf8_names(intersect(all.vars(expr), stale$known)[1L])
    text <- expression_text(expr)
    abort(c(
      "{.code {text}} needs {.var {name}} in rows that the fit left out.",
      "x" = "{.fn refit_response} gave it for the rows of the fit only.",
      "i" = "Put its new values into the data, and give {.code update(fit, data = )}."
    ), kind = "data", variable = name, observed = "replaced")
  }
}

check_expression <- function(fit, expr, response, weights) {
  used <- intersect(all.vars(expr), c(response, weights))
  if (length(used) == 0L) return(invisible(NULL))
  name <- utf8_names(used[1L])
  text <- expression_text(expr)
  reason <- if (used[1L] %in% response) {
    source <- names(response)[match(used[1L], response)]
    "{.fn refit_response} gave {.code {utf8_names(source)}}; {.var {name}} itself is not known."
  } else {
    source <- expression_text(fit$call$weights)
    "{.fn refit_response} gave {.arg newweights} in the place of {.code {source}}."
  }
  abort(c(
    "{.code {text}} needs {.var {name}}, which the data have as it was before the refit.",
    "x" = reason,
    "i" = "Put the new values into the data, under a name of their own, and fit them by {.fn lmm}."
  ), kind = "data", variable = name, observed = "replaced")
}

# `new_columns()` where some expressions use names whose new values the model frame has: these are
# evaluated in the rows of the fit, the others in the data as they are.
columns_with_replaced <- function(fit, variables, extra, env, brought, found) {
  names <- setdiff(replaced_names(fit)$known, brought)
  new <- uses_names(variables, names)
  new_extra <- uses_names(extra, names)
  rows <- raw_rows(fit, c(variables[new], unname(extra[new_extra])), env, brought, found)
  rows$henderson_row <- seq_len(nrow(rows))
  fresh <- evaluate_columns(
    column_formula(quote(henderson_row), variables[new], env), rows, extra[new_extra], env
  )
  rest <- columns_of_data(fit, variables[!new], extra[!new_extra], env, found)
  columns <- c(unclass(fresh), unclass(rest))
  predvars <- c(predvars_by_name(fresh), predvars_by_name(rest))
  terms <- stats::terms(column_formula(quote(henderson_row), variables, env))
  attr(terms, "predvars") <- as.call(c(quote(list), unname(predvars[variable_names(terms)])))
  structure(columns[!duplicated(names(columns))],
    class = "data.frame", row.names = seq_len(nrow(rows)), terms = terms
  )
}

# The variables of some expressions in the rows of the fit: those of the model frame, and others
# from the data.
raw_rows <- function(fit, expressions, env, brought, found) {
  own <- own_variables(fit)
  names <- unique(unlist(lapply(expressions, all.vars)))
  names <- setdiff(names, c(names(own), parameter_names(fit), brought))
  known <- data_names(found$data)
  if (!is.null(known)) names <- intersect(names, known)
  if (length(names) > 0L) {
    columns <- columns_of_data(fit, lapply(names, as.name), list(), env, found)
    own[names] <- unclass(columns)[names]
  }
  own
}

# Does an expression say of every row, from this row alone, whether it is in? `factor()` does not:
# which codes it gives depends on the levels that other rows have.
is_rowwise <- function(expression, also = character(0L)) {
  functions <- setdiff(all.names(expression), all.vars(expression))
  all(functions %in% c(
    also, "==", "!=", "<", ">", "<=", ">=", "&", "|", "!", "(", "%in%", "+", "-", "*", "/", "^",
    "c", "I", "is.na", "log", "log2", "log10", "log1p", "exp", "sqrt", "abs", "as.numeric",
    "as.integer", "as.character"
  ))
}
