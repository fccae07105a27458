# The single `model.frame()` call: every variable of the model, evaluated once.
#
# Scoping is that of `lm()`: variables are looked up in `data`, then in the formula's environment.
# What can be wrong with the values is in data-checks.R; an evaluation that fails is explained by
# data-diagnosis.R.

#' Model frame of a mixed model
#'
#' @param parsed from `parse_formula()`.
#' @param data data frame, list, environment or NULL: the value of the entry function's `data`.
#' @param call matched call of the entry function; its `subset`, `weights`, `na.action` and `offset`
#'   are evaluated as `lm()` does.
#' @param env frame the entry function was called from.
#' @return data frame with the response first; attribute `terms` (with `predvars`) for all
#'   variables, `fixed_terms` for the fixed part, `data_variables` (names that newdata must have),
#'   `data_names` (all names in `data`, NULL without);
#'   columns `(weights)`, `(offset)` if given. Everything in it is checked.
#' @noRd
model_frame <- function(parsed, data, call, env) {
  check_data(data)
  data <- native_names(data)
  frame <- evaluate_frame(parsed, data, call, env)
  # `dt[i, x := 1]` would write into the columns that the frame shares with the table
  if (inherits(data, "data.table")) frame <- rlang::duplicate(frame)
  if (nrow(frame) == 0L) diagnose_no_rows(parsed, data, model_frame_call(parsed, data, call, env))
  complete_frame(drop_unused_levels(frame), parsed, data, call)
}

#' The frame as `model.frame()` gives it, before any check of values; arguments as `model_frame()`
#' @noRd
evaluate_frame <- function(parsed, data, call, env) {
  check_data_names(data, parsed)
  load_integer64(all.vars(parsed$frame_formula), data)
  frame_call <- model_frame_call(parsed, data, call, env)
  tryCatch(
    quiet_translation(eval(frame_call$call, frame_call$env)),
    error = function(e) diagnose_frame(e, parsed, data, frame_call)
  )
}

#' Check a model frame and give it the attributes that are the package's own
#' @noRd
complete_frame <- function(frame, parsed, data, call, whole = TRUE) {
  if (is.null(parsed$family)) {
    check_response(.subset2(frame, 1L), utf8_names(names(frame)[1L]))
  } else {
    check_generalized_response(frame, parsed$family)
  }
  check_frame(frame, parsed, whole)
  home <- environment(parsed$formula)
  attr(frame, "data_names") <- data_names(data)
  attr(frame, "data_variables") <- data_variables(frame, data, home)
  used <- c(
    all.vars(attr(attr(frame, "terms"), "variables")), all.vars(call$offset),
    all.vars(call$subset), all.vars(call$weights)
  )
  outside <- !used %in% c(attr(frame, "data_names"), attr(frame, "data_variables"))
  if (any(outside)) {
    parameters <- parameters_at(used[outside], home)
    if (length(parameters) > 0L) {
      attr(attr(frame, "terms"), ".Environment") <- list2env(parameters, parent = home)
    }
  }
  attr(frame, "fixed_terms") <- fixed_terms(parsed, data, frame)
  # a variable that is a column of the frame is told by it
  if (!all(used %in% names(frame))) {
    attr(attr(frame, "fixed_terms"), "raw_sums") <- raw_sums(frame, data, call, home)
  }
  frame
}

#' What names stand for that are no data, such as k in `poly(x, k)`: kept, as they may change
#' @return list by name of atomic vectors; long ones are data of some kind.
#' @noRd
parameters_at <- function(names, env) {
  names <- unique(names)
  values <- lapply(stats::setNames(nm = names), get0, envir = env)
  Filter(function(x) is.atomic(x) && length(x) > 0L && length(x) < 100L, values)
}

#' The call to `model.frame()` and the environment to evaluate it in
#'
#' `data` is passed by name in a child of `env`, so that neither warnings nor tracebacks print it.
#' `weights` and `offset` stay unevaluated: `model.frame()` looks them up in `data` and then in the
#' formula's environment. `subset` is evaluated here in the same way, to be checked.
#' @return list(`call`, `env`).
#' @noRd
model_frame_call <- function(parsed, data, call, env) {
  given <- as.list(call)
  given <- given[names(given) %in% c("subset", "weights", "na.action", "offset")]
  given <- lapply(given, expression_behind_dots, env = env)
  if (!is.null(given$subset)) {
    given$subset <- evaluate_subset(given$subset, data, parsed)
  }
  child <- new.env(parent = env)
  child$henderson_data <- data
  if (!"na.action" %in% names(given) && omits_by_default(data)) {
    child$henderson_omit <- omit_incomplete
    given$na.action <- quote(henderson_omit)
  }
  frame_call <- as.call(c(
    list(quote(stats::model.frame), formula = parsed$frame_formula, data = quote(henderson_data)),
    given
  ))
  list(call = frame_call, env = child)
}

# Would `model.frame()` use `na.omit()` if it is not told otherwise?
omits_by_default <- function(data) {
  default <- getOption("na.action")
  is.null(attr(data, "na.action")) &&
    (identical(default, "na.omit") || identical(default, stats::na.omit))
}

#' `na.omit()`, which copies the frame and checks its row names even if nothing is missing, only
#' where something is (1e6 complete rows: 60 ms saved)
#' @noRd
omit_incomplete <- function(object, ...) {
  for (column in object) {
    if (has_missing(column)) return(stats::na.omit(object, ...))
  }
  object
}

#' Drop levels that no row has, as `model.frame(drop.unused.levels = TRUE)` does
#'
#' Counting codes is several times faster than the comparison of unique values in `model.frame()`.
#' The attribute `all_levels` keeps the levels that the data had, as `as.numeric()` of a factor and
#' its like depend on them: a list by column.
#' @noRd
drop_unused_levels <- function(frame) {
  all_levels <- attr(frame, "all_levels")
  for (i in seq_along(frame)) {
    x <- .subset2(frame, i)
    if (!is.factor(x) || all(tabulate(x, nlevels(x)) > 0L)) next
    kept <- x[, drop = TRUE]
    if (!names(frame)[i] %in% names(all_levels)) all_levels[[names(frame)[i]]] <- levels(x)
    contrast <- attr(x, "contrasts")
    if (is.character(contrast)) {
      attr(kept, "contrasts") <- contrast
    } else if (!is.null(contrast)) {
      name <- utf8_names(names(frame)[i])
      warn(c(
        "The contrasts stored in factor {.var {name}} are dropped:
         {nlevels(x) - nlevels(kept)} of its levels {?does/do} not occur.",
        "i" = "Give {.arg contrasts}, or set them after dropping unused levels."
      ), kind = "contrasts", variable = name)
    }
    frame[[i]] <- kept
  }
  attr(frame, "all_levels") <- all_levels
  frame
}

#' A column with the levels that the data had
#' @noRd
with_all_levels <- function(x, levels) {
  if (is.null(levels) || !is.factor(x)) return(x)
  codes <- match(levels(x), levels)
  if (anyNA(codes)) return(x)
  result <- structure(codes[x], levels = levels, class = class(x))
  contrast <- attr(x, "contrasts")
  if (is.character(contrast)) attr(result, "contrasts") <- contrast
  result
}

# --- terms of parts of the model ---

#' Terms object of the fixed part, `.` expanded, ready for safe prediction
#' @noRd
fixed_terms <- function(parsed, data, frame) {
  result <- if ("." %in% all.names(parsed$fixed[[3L]])) {
    stats::terms.formula(parsed$fixed, data = data)
  } else {
    stats::terms.formula(parsed$fixed)
  }
  complete_terms(result, frame)
}

#' Give the terms of a part of the model what the whole model frame knows
#'
#' @param part terms object of the fixed part or of a random term's left-hand side; its variables
#'   are among those of `frame`.
#' @param frame model frame with its attribute `data_variables`.
#' @return `part` with attributes `predvars` (so that `poly()`, `ns()`, `scale()` use in prediction
#'   what they were fitted with), `dataClasses`, `data_variables`, and the formula's
#'   environment.
#' @noRd
complete_terms <- function(part, frame) {
  whole <- attr(frame, "terms")
  columns <- variable_names(part)
  position <- match(columns, names(frame))
  attr(part, "predvars") <- attr(whole, "predvars")[c(1L, position + 1L)]
  attr(part, "dataClasses") <- attr(whole, "dataClasses")[columns]
  attr(part, "data_variables") <- attr(frame, "data_variables")
  attr(part, ".Environment") <- attr(whole, ".Environment")
  part
}

#' Names in the model's variables that stand for data, not for parameters such as k in `poly(x, k)`
#'
#' With `data`, these are the names it has; without, those whose value is not a single number.
#' @return character vector.
#' @noRd
data_variables <- function(frame, data, env) {
  names_used <- all.vars(attr(attr(frame, "terms"), "variables"))
  known <- data_names(data)
  if (!is.null(known)) {
    inside <- names_used %in% known
    if (all(inside)) return(names_used)
  } else {
    inside <- logical(length(names_used))
  }
  outside <- which(!inside)
  inside[outside] <- vapply(names_used[outside], function(name) {
    length(get0(name, envir = env)) == nrow(frame) && nrow(frame) > 1L
  }, TRUE)
  names_used[inside]
}

# --- data ---

#' @noRd
check_data <- function(data) {
  if (is.null(data) || is.data.frame(data) || is.environment(data)) return(invisible(NULL))
  if (is.list(data) && !is.null(names(data))) return(invisible(NULL))
  given <- describe_value(data)
  hint <- if (is.matrix(data)) "Use {.code as.data.frame()} on it."
  abort(c(
    "{.arg data} must be a data frame, a named list or an environment; it is {given}.",
    "i" = hint
  ), kind = "data", variable = "data", observed = given)
}

#' Every column has a name, and none that the formula uses occurs twice
#' @noRd
check_data_names <- function(data, parsed) {
  if (!is.list(data)) return(invisible(NULL))
  names <- names(data)
  nameless <- which(is.na(names) | names == "")
  if (length(nameless)) {
    abort("Column {nameless} of {.arg data} {cli::qty(length(nameless))}{?has/have} no name.",
      kind = "data", variable = "data", observed = nameless
    )
  }
  if (!anyDuplicated(names)) return(invisible(NULL))
  twice <- unique(names[duplicated(names)])
  used <- all.vars(parsed$frame_formula)
  if (!"." %in% used) twice <- intersect(twice, used)
  if (length(twice) == 0L) return(invisible(NULL))
  count <- sum(names == twice[1L])
  name <- utf8_names(twice[1L])
  abort(c(
    "{.arg data} has {count} columns named {.var {name}}.",
    "i" = "Rename them, so that the formula can tell them apart."
  ), kind = "data", variable = name, observed = count)
}

#' Column names as R's symbols will be written
#'
#' Where the locale is not UTF-8, R looks variables up under their native names; naming the columns
#' so beforehand avoids a warning for each.
#' @noRd
native_names <- function(data) {
  if (l10n_info()[["UTF-8"]] || !is.list(data)) return(data)
  names(data) <- enc2native(names(data))
  data
}

#' 64-bit integers are only understood (missing values, levels, values) with bit64 loaded
#' @noRd
load_integer64 <- function(names, data) {
  if (!is.list(data)) return(invisible(NULL))
  for (name in names) {
    if (inherits(.subset2(data, name), "integer64") && !requireNamespace("bit64", quietly = TRUE)) {
      name <- utf8_names(name)
      abort(c(
        "{.var {name}} holds 64-bit integers, which need the package {.pkg bit64}.",
        "i" = "Install it, or convert {.var {name}} with {.fn as.character} or {.fn as.numeric}."
      ), kind = "data", variable = name, observed = "integer64")
    }
  }
}

#' `subset`, evaluated in the data and then in the formula's environment, never recycled but for a
#' single `TRUE` or `FALSE`, which is meant for all rows
#' @noRd
evaluate_subset <- function(expr, data, parsed) {
  env <- environment(parsed$formula)
  value <- tryCatch(eval(expr, data, env), error = function(e) {
    explain_evaluation(expr, e, data, env, kind = "argument", name = "subset")
  })
  if (is.null(value)) return(NULL)
  given <- describe_value(value)
  is_index <- (is.logical(value) || is.numeric(value) || is.character(value)) && is.null(dim(value))
  if (!is_index) {
    abort("{.arg subset} must be a logical vector or row numbers, not {given}.",
      kind = "argument", variable = "subset", observed = given
    )
  }
  rows <- if (is.data.frame(data)) {
    nrow(data)
  } else {
    NROW(evaluate_variable(parsed$fixed[[2L]], data, env))
  }
  if (is.logical(value) && length(value) == 1L) value <- rep(value, rows)
  if (is.logical(value) && length(value) != rows) {
    abort(c(
      "{.arg subset} has {length(value)} value{?s}, {.arg data} has {rows} row{?s}.",
      "i" = "A logical {.arg subset} needs one value per row; it is not recycled."
    ), kind = "argument", variable = "subset", observed = length(value))
  }
  if (is.numeric(value)) check_row_numbers(value, rows)
  if (is.character(value)) check_row_names(value, data)
  value
}

#' @noRd
check_row_numbers <- function(value, rows) {
  bad <- which(is.na(value) | abs(value) > rows | value != round(value))
  mixed <- any(value > 0, na.rm = TRUE) && any(value < 0, na.rm = TRUE)
  if (length(bad) == 0L && !mixed) return(invisible(NULL))
  worst <- if (length(bad)) value[bad[1L]] else value[value < 0][1L]
  problem <- if (length(bad)) {
    "{.arg subset} asks for row {worst}, {.arg data} has the rows 1 to {rows}."
  } else {
    "{.arg subset} has row numbers to take and, with {worst}, to leave out."
  }
  abort(problem, kind = "argument", variable = "subset", observed = worst)
}

#' @noRd
check_row_names <- function(value, data) {
  unknown <- setdiff(value, rownames(data))
  if (length(unknown) == 0L) return(invisible(NULL))
  abort(c(
    "{.arg subset} has {length(unknown)} string{?s} that {?is/are} no row name{?s}
     of {.arg data}: {.val {unknown}}.",
    "i" = "Give a condition, such as {.code subset = x > 0}, or row numbers."
  ), kind = "argument", variable = "subset", observed = unknown)
}
