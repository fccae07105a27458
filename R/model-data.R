# The data of a fit, for all that is made from it later: refits, added terms, separate fits by
# group, grids of emmeans.
#
# A fit carries what it was fitted to, its model frame. Variables that the frame does not have are
# looked up once more where the call had them; what is found is used only if it gives the frame
# again, so that an object of the same name is never taken for the data of the fit.

# --- the data of the call ---

# The data of the call as they are now, and whether they still give the model frame of the fit:
# list(`status` ("same", "changed" or "lost"), `data` (their value, for "same"), `env` (where they
# were found), `variable`, `text` (what differs, for "changed")). `caller`: where to look after the
# formula's environment.
data_of_call <- function(fit, caller = NULL) {
  global <- globalenv()
  seed <- get0(".Random.seed", envir = global, inherits = FALSE)
  result <- look_up_data(fit, caller)
  if (identical(seed, get0(".Random.seed", envir = global, inherits = FALSE))) return(result)
  if (is.null(seed)) {
    rm(".Random.seed", envir = global)
  } else {
    assign(".Random.seed", seed, envir = global)
  }
  list(status = "changed", variable = "data", text = "it draws random numbers each time")
}

look_up_data <- function(fit, caller) {
  expression <- fit$call$data
  places <- list(environment(fit$parsed$formula))
  # without `data` the variables are those of the formula's environment
  if (!is.null(expression) && !is.null(caller)) places <- c(places, list(caller))
  result <- list(status = "lost")
  for (place in places) {
    # a promise that an error or a jump once interrupted warns when it is looked at again
    data <- tryCatch(
      list(suppressWarnings(eval(expression, place))), error = function(condition) NULL
    )
    # `data` and `df` are also functions of R, which are never meant
    if (is.null(data) || is.function(data[[1L]])) next
    difference <- frame_difference(fit, data[[1L]], place)
    if (is.null(difference)) return(list(status = "same", data = data[[1L]], env = place))
    if (result$status == "lost") result <- c(list(status = "changed"), difference)
  }
  result
}

# What keeps `data` from giving the model frame of the fit: list(`variable`, `text`), NULL if
# nothing does.
frame_difference <- function(fit, data, env) {
  if (is.null(data) && !is.null(attr(fit$frame, "data_names"))) {
    return(list(variable = "data", text = "it is gone (NULL now)"))
  }
  again <- tryCatch(
    suppressWarnings(suppressMessages(
      model_frame(all_variables(fit), data, own_arguments(fit), env)
    )),
    error = identity
  )
  if (inherits(again, "error")) {
    variable <- as.character(again$variable %||% "data")[1L]
    known <- variable %in% c("data", data_names(data)) ||
      exists(variable, envir = environment(fit$terms)) || !variable %in% all_own_names(fit)
    text <- if (known) "is not what it was" else "is gone"
    return(list(variable = variable, text = paste0("`", variable, "` ", text)))
  }
  if (is.null(fit$frame)) return(fitted_difference(fit, again) %||% raw_difference(fit, again))
  given <- frame_as_given(fit)
  kept <- lapply(kept_expressions(fit), with_values, own_parameters(fit))
  row_difference(given, again, fit$na.action, kept$subset) %||%
    column_difference(given, again, kept) %||% raw_difference(fit, again)
}

# The same for variables that are only in calls such as `rank(x)`, which may be what they were
# although x is not.
raw_difference <- function(fit, again) {
  sums <- attr(fit$terms, "raw_sums")
  others <- attr(attr(again, "fixed_terms"), "raw_sums")
  for (name in intersect(names(sums), names(others))) {
    if (same_sums(sums[[name]], others[[name]])) next
    name <- utf8_names(name)
    return(list(variable = name, text = paste0("`", name, "` has other values")))
  }
  if (is.null(fit$frame) || !is.null(sums)) return(NULL)
  # of fits by lme4 it is only known how `poly(x, 2)` and its like were made
  bases <- predvars_by_name(fit$frame)
  others <- predvars_by_name(again)
  for (name in intersect(names(bases), names(others))) {
    if (same_values(numbers_in(bases[[name]]), numbers_in(others[[name]]))) next
    name <- all.vars(bases[[name]])[1L]
    return(list(variable = name, text = paste0("`", utf8_names(name), "` has other values")))
  }
}

predvars_by_name <- function(frame) {
  terms <- attr(frame, "terms")
  stats::setNames(as.list(attr(terms, "predvars"))[-1L], variable_names(terms))
}

numbers_in <- function(expr) {
  if (is.numeric(expr)) return(as.numeric(expr))
  if (is.call(expr) || is.list(expr)) unlist(lapply(as.list(expr), numbers_in))
}

# The same for a fit that has not kept its frame: of the right data its coefficients make its fitted
# values.
fitted_difference <- function(fit, frame) {
  fit$frame <- frame
  fit$X <- NULL
  values <- tryCatch(
    {
      parts <- prediction_parts(fit, NULL, seq_along(fit$random), FALSE)
      linear_predictor(fit, parts, selected_columns(fit, NULL))
    },
    error = function(condition) NULL
  )
  response <- as_numeric_vector(.subset2(frame, 1L))
  same <- same_values(fit$y, response) && same_values(fit$fitted, as.numeric(values)) &&
    same_values(fit$weights, as_numeric_vector(frame[["(weights)"]]))
  if (!same) list(variable = "data", text = "there are other values")
}

# The formula of all variables in the model frame, parsed.
all_variables <- function(fit) {
  if (is.null(fit$frame)) {
    return(parse_formula(explicit_formula(fit), residual = fit$parsed$residual))
  }
  variables <- frame_expressions(fit$frame)
  formula <- column_formula(variables[[1L]], variables[-1L], environment(fit$terms))
  fixed_only_formula(formula)
}

fixed_only_formula <- function(formula) {
  list(formula = formula, fixed = formula, random = list(), frame_formula = formula)
}

# A formula, or terms, whose variables are the expressions given. What formulas read as an operation
# on terms, `y/2` and `-y`, gets into the terms under another name.
column_formula <- function(response, variables, env) {
  operators <- c("+", "-", "*", "/", "^", ":", "%in%", "(")
  operation <- vapply(variables, function(expr) is.call(expr) && call_name(expr) %in% operators, NA)
  places <- lapply(which(operation), function(i) as.name(paste0("henderson_column_", i)))
  given <- variables[operation]
  variables[operation] <- places
  right <- Reduce(function(left, right) call("+", left, right), c(list(1), variables))
  formula <- stats::as.formula(call("~", response, right), env = env)
  if (!any(operation)) return(formula)
  terms <- stats::terms.formula(formula)
  shown <- as.list(attr(terms, "variables"))
  shown[match(places, shown)] <- given
  attr(terms, "variables") <- as.call(shown)
  written <- function(names) {
    at <- match(names, as.character(places), nomatch = 0L)
    names[at > 0L] <- vapply(given[at], column_name, "")
    names
  }
  attr(terms, "term.labels") <- written(attr(terms, "term.labels"))
  dimnames(attr(terms, "factors")) <- lapply(dimnames(attr(terms, "factors")), written)
  terms
}

frame_expressions <- function(frame) as.list(attr(attr(frame, "terms"), "variables"))[-1L]

# A call of lmm() with the fit's subset, weights and offset, and its `na.action` and parameters as
# values, which cannot have changed. `changes`: expressions of those that are to be others.
own_arguments <- function(fit, changes = list()) {
  values <- own_parameters(fit)
  given <- lapply(kept_expressions(fit), with_values, values)
  given$na.action <- own_action(fit)
  for (name in intersect(names(changes), c(names(given), "subset", "weights", "offset"))) {
    given[[name]] <- changes[[name]]
  }
  as.call(c(quote(lmm), given))
}

kept_expressions <- function(fit) {
  given <- as.list(fit$call)[-1L]
  Filter(Negate(is.null), given[names(given) %in% c("subset", "weights", "offset")])
}

# All names in what the fit evaluated: its variables, subset, weights and offset.
all_own_names <- function(fit) {
  variables <- list(fit$parsed$frame_formula)
  if (!is.null(fit$frame)) variables <- frame_expressions(fit$frame)
  unique(unlist(lapply(c(variables, unname(kept_expressions(fit))), all.vars)))
}

# What the call has beside data, such as k in `subset = g != k`, as it was at the fit.
own_parameters <- function(fit) {
  inside <- c(attr(fit$frame, "data_names"), attr(fit$terms, "data_variables"))
  names <- setdiff(all_own_names(fit), inside)
  # where the names of the data are not known, only what was kept is sure to be no data
  if (knows_no_data_names(fit)) names <- intersect(names, parameter_names(fit))
  parameters_at(names, environment(fit$terms))
}

# An expression with values in the place of variables; names of functions and after `$` stay.
with_values <- function(expr, values) {
  if (is.symbol(expr)) {
    name <- as.character(expr)
    return(if (name %in% names(values)) values[[name]] else expr)
  }
  if (!is.call(expr) || identical(expr[[1L]], quote(`function`))) return(expr)
  places <- seq_along(expr)[-1L]
  if (call_name(expr) %in% c("$", "@")) places <- 2L
  for (i in places) {
    if (!identical(expr[[i]], quote(expr = ))) expr[i] <- list(with_values(expr[[i]], values))
  }
  expr
}

own_action <- function(fit) {
  if (inherits(fit$na.action, "exclude")) return(stats::na.exclude)
  action <- fit$call$na.action
  if (identical(action, quote(na.exclude)) || identical(action, "na.exclude")) stats::na.exclude
  else stats::na.omit
}

# The model frame as the data gave it, before refit_response() replaced columns.
frame_as_given <- function(fit) {
  frame <- fit$frame
  replaced <- attr(frame, "replaced")
  frame[names(replaced)] <- replaced
  frame
}

# A model frame with other values in one column, which remembers those that the data gave.
replace_column <- function(frame, name, values) {
  replaced <- attr(frame, "replaced")
  if (!name %in% names(replaced)) replaced[name] <- list(frame[[name]])
  frame[[name]] <- values
  attr(frame, "replaced") <- replaced
  frame
}

# --- columns that the model frame does not have ---

# The variables that the model frame has as they are, not transformed, factors with the levels that
# they had in the data; none without a frame.
own_variables <- function(fit) {
  frame <- fit$frame
  if (is.null(frame)) return(list())
  expressions <- frame_expressions(frame)
  plain <- vapply(expressions, is.symbol, TRUE)
  names <- vapply(expressions[plain], column_name, "")
  all_levels <- as.list(attr(frame, "all_levels"))
  structure(
    Map(with_all_levels, unclass(frame)[names], all_levels[names]),
    class = "data.frame", row.names = attr(frame, "row.names")
  )
}

# Are there rows of the data that the model frame does not have?
omits_rows <- function(fit) !is.null(fit$call$subset) || length(fit$na.action) > 0L

# Those of some names that the fit looked up outside its data. Of a call without data, whose
# variables have changed, none can be trusted.
known_outside <- function(fit, names) {
  inside <- attr(fit$frame, "data_names")
  if (is.null(inside) || is.null(fit$call$data)) character(0L) else setdiff(names, inside)
}

knows_no_data_names <- function(fit) {
  is.null(attr(fit$frame, "data_names")) && !is.null(fit$call$data)
}

# Those of names brought that cannot be homonyms of columns of data that are not known.
surely_outside <- function(fit, brought, env) {
  if (!knows_no_data_names(fit)) return(brought)
  rows <- length(fit$fitted) + c(0L, length(fit$na.action))
  Filter(function(name) !NROW(get0(name, envir = env)) %in% rows, brought)
}

# Names of what the fit keeps that is no data, `parameters_at()`.
parameter_names <- function(fit) {
  env <- environment(fit$terms)
  if (identical(env, environment(fit$parsed$formula))) character(0L) else ls(env, all.names = TRUE)
}

# Columns for the rows of the fit from the data of the call, found again, as `new_columns()`
# (model-columns.R) gives them.
columns_of_data <- function(fit, variables, extra, env, found) {
  formula <- column_formula(fit$parsed$fixed[[2L]], variables, env)
  extra$subset <- own_arguments(fit)$subset
  frame <- evaluate_columns(formula, found$data, extra, found$env)
  omitted <- fit$na.action
  if (length(omitted) > 0L) {
    frame <- structure(frame[-omitted, , drop = FALSE], terms = attr(frame, "terms"))
  }
  given <- if (!is.null(fit$frame)) .subset2(frame_as_given(fit), 1L)
  # those of weight zero, which `n` does not count, are rows too
  same <- is.null(given) || same_values(given, .subset2(frame, 1L))
  if (nrow(frame) != length(fit$fitted) || !same) {
    found <- list(status = "changed", variable = "data", text = "it gives other rows")
    abort_other_data(fit, found, problem = "The rows of the fit cannot be found again.")
  }
  if (isTRUE(attr(fit$frame, "doubtful_response"))) inform_refitted(fit)
  frame
}

# The response of a fit by lme4's refit() is not that of the data, which may be other ones with the
# same values of all else.
inform_refitted <- function(fit) {
  place <- data_place(fit)
  response <- utf8_names(names(fit$frame)[1L])
  inform(c(
    "{place} has another response {.var {response}} than the fit, as after lme4's {.fn refit}, and
     is taken for the data of the fit otherwise.",
    "i" = "{.code update(fit, data = )} takes other data."
  ), kind = "data", variable = response, observed = "replaced")
}

evaluate_columns <- function(formula, data, extra, env) {
  call <- as.call(c(quote(lmm), extra, list(na.action = stats::na.pass)))
  evaluate_frame(fixed_only_formula(formula), data, call, env)
}

# Where the call looked for its data, for messages.
data_place <- function(fit) {
  data <- fit$call$data
  if (is.null(data)) "The formula's environment" else paste0("`", expression_text(data), "`")
}

# The data are needed and are not those of the fit: `names` are variables that the fit lacks, or
# `problem` says what it lacks.
abort_other_data <- function(fit, found, names = character(0L), problem = NULL, advice = NULL) {
  lacking <- utf8_names(setdiff(names, known_outside(fit, names)))
  if (length(lacking) == 0L) lacking <- utf8_names(names)
  problem <- problem %||% "The model frame of the fit does not have {.var {lacking}}."
  place <- data_place(fit)
  changed <- found$text
  reason <- if (found$status == "changed") {
    "{place}, where the fit had its data, is not the same any more: {changed}."
  } else if (found$status == "lost") {
    "{place}, the data of the fit, cannot be found."
  } else if (keeps_rows(fit)) {
    left <- utf8_names(left_variables(fit))
    "Its rows are those of a larger model with {.var {left}}, without missing values of {?it/them}."
  } else {
    "Its response or weights were replaced, so {place} does not have them."
  }
  advice <- advice %||% "Give the data: {.code update(fit, data = )}."
  abort(c(problem, "x" = reason, "i" = advice),
    kind = "data", variable = c(found$variable, lacking, "data")[1L], observed = found$status
  )
}
