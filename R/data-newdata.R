# Design of new data for a fitted model: the same columns, coded as in the fit.

#' Design of new data
#'
#' @param fit fitted model (`terms`, `xlevels`, `contrasts`, `all_columns`, `dropped`, `random`,
#'   `call`, `formula` are used).
#' @param newdata data frame.
#' @param random TRUE (all terms), FALSE (none) or integer vector: which elements of `fit$random`.
#' @param allow_new_levels logical: are levels of grouping factors allowed that the fit has not?
#' @param na_action function applied to the variables of the fixed part.
#' @return list(`X` = m x p matrix of the kept columns, `X_dropped` = the others, `offset` =
#'   numeric m or NULL, `random` = list parallel to `fit$random` of list(`z`, `level`, `levels`,
#'   `columns`), NULL for terms not asked for; `level` is NA for an unknown level, `na.action` =
#'   rows left out, as `na.omit()` gives, or NULL).
#' @noRd
design_newdata <- function(fit, newdata, random = TRUE, allow_new_levels = FALSE,
                           na_action = stats::na.pass) {
  newdata <- check_newdata(newdata)
  terms <- stats::delete.response(fit$terms)
  frame <- newdata_frame(terms, newdata, fit$xlevels)
  omitted <- newdata_omitted(frame, na_action)
  if (length(omitted)) {
    newdata <- newdata[-omitted, , drop = FALSE]
    frame <- newdata_frame(terms, newdata, fit$xlevels)
  }
  X <- design_matrix(terms, frame, fit$contrasts)
  fixed <- list(terms = terms, X = X, contrasts = fit$contrasts)
  list(
    X = kept_columns(X, fit),
    X_dropped = X[, fit$all_columns %in% fit$dropped, drop = FALSE],
    offset = newdata_offset(fit, frame, newdata),
    random = newdata_random(fit, newdata, random, allow_new_levels, fixed),
    na.action = omitted
  )
}

#' @noRd
kept_columns <- function(X, fit) {
  if (length(fit$dropped) == 0L) return(X)
  kept <- !fit$all_columns %in% fit$dropped
  assign <- attr(X, "assign")
  X <- X[, kept, drop = FALSE]
  attr(X, "assign") <- assign[kept]
  X
}

#' @noRd
check_newdata <- function(newdata) {
  if (is.list(newdata) && !is.data.frame(newdata) && !is.null(names(newdata)) &&
        length(unique(vapply(newdata, NROW, 0L))) == 1L) {
    newdata <- structure(newdata,
      class = "data.frame", row.names = seq_len(NROW(newdata[[1L]]))
    )
  }
  if (is.data.frame(newdata)) {
    newdata <- native_names(newdata)
    load_integer64(names(newdata), newdata)
    return(newdata)
  }
  given <- describe_value(newdata)
  lengths_differ <- is.list(newdata) && !is.null(names(newdata))
  abort(c(
    "{.arg newdata} must be a data frame; it is {given}.",
    "i" = if (lengths_differ) "Its elements have different lengths; nothing is recycled."
  ), kind = "newdata", variable = "newdata", observed = given)
}

# --- fixed part and left-hand sides ---

#' Variables of a terms object in new data, coded as in the fit
#'
#' @param terms terms object with `predvars`, `dataClasses`, `data_variables`.
#' @param xlevels named list: levels of its factors in the fit.
#' @return data frame; missing values are kept.
#' @noRd
newdata_frame <- function(terms, newdata, xlevels) {
  variables <- attr(terms, "variables")
  check_newdata_has(intersect(all.vars(variables), attr(terms, "data_variables")), newdata)
  check_newdata_columns(newdata, all.vars(variables))
  frame <- tryCatch(
    quiet_translation(
      stats::model.frame.default(terms, newdata, na.action = stats::na.pass)
    ),
    error = function(e) explain_newdata(e, terms, newdata)
  )
  classes <- attr(terms, "dataClasses")
  for (name in names(frame)) {
    frame[[name]] <- recode_newdata(frame[[name]], name, classes[[name]], xlevels[[name]])
  }
  frame
}

#' Name the expression that cannot be evaluated, and the types of its variables
#' @noRd
explain_newdata <- function(error, terms, newdata) {
  env <- attr(terms, ".Environment")
  shown <- as.list(attr(terms, "variables"))[-1L]
  evaluated <- as.list(attr(terms, "predvars"))[-1L]
  fails <- vapply(evaluated, function(expr) {
    is.null(tryCatch(eval(expr, newdata, env), error = function(e) NULL))
  }, TRUE)
  reason <- conditionMessage(error)
  expr <- if (any(fails)) shown[[which(fails)[1L]]] else quote(newdata)
  text <- expression_text(expr)
  used <- intersect(all.vars(expr), names(newdata))
  types <- vapply(used, function(name) describe_type(.subset2(newdata, name)), "")
  listed <- paste0("`", utf8_names(used), "` is ", types)
  abort(c(
    "{.code {text}} could not be evaluated in {.arg newdata}.",
    "x" = "{reason}", "i" = if (length(used)) "In {.arg newdata} {listed}."
  ), kind = "newdata", variable = text, observed = reason)
}

#' @noRd
check_newdata_has <- function(needed, newdata) {
  absent <- setdiff(needed, names(newdata))
  if (length(absent) == 0L) return(invisible(NULL))
  absent <- utf8_names(absent)
  hint <- suggestion(absent[1L], utf8_names(names(newdata)))
  abort(c("{.arg newdata} lacks the variable{?s} {.var {absent}}.", "i" = hint),
    kind = "newdata", variable = absent[1L], observed = utf8_names(names(newdata))
  )
}

#' @noRd
check_newdata_columns <- function(newdata, names) {
  for (name in intersect(names, names(newdata))) {
    x <- .subset2(newdata, name)
    if (is.atomic(x) && !is.complex(x) && !is.raw(x)) next
    name <- utf8_names(name)
    type <- describe_type(x)
    abort(c(
      "{.var {name}} in {.arg newdata} is {type}, which a model cannot use.",
      "i" = "Give it the type it has in the fitted data."
    ), kind = "newdata", variable = name, observed = class(x))
  }
}

#' One variable of new data: same type as in the fit, factors with the fit's levels
#' @param class string, as `stats::.MFclass()` names it.
#' @noRd
recode_newdata <- function(x, name, class, levels) {
  if (inherits(x, "integer64")) x <- as.double(x)
  if (is.logical(x) && class != "logical" && all(is.na(x))) {
    x <- if (is.null(levels)) as.double(x) else as.character(x)
  }
  given <- stats::.MFclass(x)
  coded <- c("factor", "ordered", "character")
  same_type <- identical(given, class) || (given %in% coded && class %in% coded)
  if (!same_type) {
    name <- utf8_names(name)
    given_text <- class_text(given)
    fitted_text <- class_text(class)
    abort(c(
      "{.var {name}} in {.arg newdata} is {given_text}, in the fit it was {fitted_text}.",
      "i" = "Give it the type it has in the fitted data."
    ), kind = "newdata", variable = name, observed = given)
  }
  if (is.null(levels)) return(x)
  values <- if (is.factor(x)) levels(x)[x] else as.character(x)
  check_known_levels(values, name, levels)
  # where missing values are a level (addNA()), they are that level
  factor(values, levels = levels, exclude = NULL, ordered = class == "ordered")
}

#' @param class string from `stats::.MFclass()`.
#' @noRd
class_text <- function(class) {
  if (startsWith(class, "nmatrix")) {
    return(paste("a numeric matrix of", sub("nmatrix.", "", class, fixed = TRUE), "columns"))
  }
  switch(class,
    factor = "a factor", ordered = "an ordered factor", other = "of an unknown type", class
  )
}

#' @noRd
check_known_levels <- function(values, name, levels) {
  unknown <- setdiff(unique(values), c(levels, NA))
  if (length(unknown) == 0L) return(invisible(NULL))
  name <- utf8_names(name)
  abort(c(
    "Factor {.var {name}} has {length(unknown)} level{?s} in {.arg newdata}
     that the fit does not have: {.val {unknown}}.",
    "i" = "The fit has {.val {levels}}."
  ), kind = "newdata", variable = name, observed = unknown)
}

#' @return what `na_action` leaves out, or NULL.
#' @noRd
newdata_omitted <- function(frame, na_action) {
  if (is.character(na_action)) na_action <- match.fun(na_action)
  if (is.null(na_action) || identical(na_action, stats::na.pass)) return(NULL)
  tryCatch(attr(na_action(frame), "na.action"), error = function(e) {
    counts <- missing_counts(frame)
    listed <- paste(names(counts), counts, sep = ": ")
    abort(c(
      "{.arg newdata} has missing values, and {.arg na.action} does not allow any.",
      "x" = "Missing values by variable: {listed}."
    ), kind = "newdata", variable = names(counts)[1L], observed = counts)
  })
}

#' Offset of new data: `offset()` terms, and the `offset` argument if newdata has its variables
#' @return numeric vector with one value per row, or NULL.
#' @noRd
newdata_offset <- function(fit, frame, newdata) {
  offset <- stats::model.offset(frame)
  # a fit of sums has no offset by row
  expr <- if (is.null(fit$summed)) fit$call$offset else fit$summed$call$offset
  if (!is.null(expr) && !(is.null(fit$offset) && is.null(fit$summed))) {
    argument <- newdata_offset_argument(expr, newdata, environment(fit$terms))
    offset <- if (is.null(offset)) argument else offset + argument
  }
  as_numeric_vector(offset)
}

#' Names absent from newdata may be single numbers (parameters), never the data of the fit
#' @noRd
newdata_offset_argument <- function(expr, newdata, env) {
  outside <- setdiff(all.vars(expr), names(newdata))
  absent <- Filter(function(name) length(get0(name, envir = env)) != 1L, outside)
  argument <- if (length(absent) == 0L) tryCatch(eval(expr, newdata, env), error = function(e) NULL)
  if (is.numeric(argument) && length(argument) == nrow(newdata)) return(argument)
  text <- expression_text(expr)
  missing_text <- if (length(absent)) {
    absent <- utf8_names(absent)
    "{.arg newdata} lacks {.var {absent}}."
  } else {
    "In {.arg newdata} it does not give one number per row."
  }
  abort(c(
    "The model has the argument {.code offset = {text}}, which {.arg newdata} must provide.",
    "x" = missing_text,
    "i" = "Or put {.code offset({text})} into the formula."
  ), kind = "newdata", variable = c(absent, "offset")[1L], observed = utf8_names(names(newdata)))
}

# --- random terms ---

#' @noRd
newdata_random <- function(fit, newdata, random, allow_new_levels, fixed) {
  every <- seq_along(fit$random)
  wanted <- if (is.logical(random)) every[random] else random
  result <- vector("list", length(fit$random))
  for (k in wanted) {
    term <- fit$random[[k]]
    result[[k]] <- list(
      z = newdata_columns(term, newdata, fixed),
      level = newdata_level(term, newdata, environment(fit$terms), fit$terms, allow_new_levels),
      levels = term$levels, columns = term$columns
    )
  }
  result
}

#' @return m x v matrix, or NULL for a random intercept.
#' @noRd
newdata_columns <- function(term, newdata, fixed) {
  if (is.null(term$terms)) return(NULL)
  shares_x <- same_columns(term$terms, fixed$terms) && identical(term$contrasts, fixed$contrasts)
  if (shares_x) return(fixed$X)
  design_matrix(term$terms, newdata_frame(term$terms, newdata, term$xlevels), term$contrasts)
}

#' Level of each row of new data, matched by label
#' @return integer m; NA for a level the fit does not have and for a missing value, unless missing
#'   values are a level of the fit.
#' @noRd
newdata_level <- function(term, newdata, env, fixed_terms, allow_new_levels) {
  needed <- intersect(all.vars(term$group_expr), attr(fixed_terms, "data_variables"))
  check_newdata_has(needed, newdata)
  parts <- interaction_parts(term$group_expr)
  labels <- Map(newdata_labels, parts, term$missing, MoreArgs = list(newdata = newdata, env = env))
  incomplete <- Reduce(`|`, lapply(labels, is.na))
  labels <- do.call(paste, c(labels, sep = ":"))
  labels[incomplete] <- NA
  level <- match(labels, term$levels)
  # of a level without relatives nothing is known
  unknown <- anyNA(level[!incomplete]) && !is.null(term$relationship)
  if ((!allow_new_levels && anyNA(level)) || unknown) {
    abort_new_levels(term, unique(labels[is.na(level)]))
  }
  level
}

#' @param missing string: the label of missing values, NA where they are no level.
#' @noRd
newdata_labels <- function(part, missing, newdata, env) {
  x <- tryCatch(quiet_translation(eval(part, newdata, env)), error = function(e) {
    text <- expression_text(part)
    reason <- conditionMessage(e)
    abort(c("{.code {text}} could not be evaluated in {.arg newdata}.", "x" = "{reason}"),
      kind = "newdata", variable = text, observed = reason
    )
  })
  if (!is.atomic(x) || is.complex(x) || length(x) != nrow(newdata)) {
    name <- expression_text(part)
    type <- describe_type(x)
    abort(c(
      "The grouping variable {.var {name}} is {type} in {.arg newdata},
       with {NROW(x)} value{?s} for {nrow(newdata)} row{?s}.",
      "i" = "Give it as a factor or a vector with one value per row."
    ), kind = "newdata", variable = name, observed = class(x))
  }
  labels <- if (is.factor(x)) enc2utf8(levels(x))[x] else grouping_labels(x)
  replace(labels, is.na(labels), missing)
}

#' @noRd
abort_new_levels <- function(term, unknown) {
  name <- term$group
  new <- unknown[!is.na(unknown)]
  what <- if (length(new)) {
    "Grouping factor {.var {name}} has {length(new)} level{?s} in {.arg newdata}
     that the fit does not have: {.val {new}}."
  } else {
    "Grouping factor {.var {name}} has missing values in {.arg newdata}."
  }
  hint <- if (is.null(term$relationship)) {
    "With {.code allow.new.levels = TRUE} their random effects are taken as zero."
  } else {
    "The relationship of {.var {name}} must have all levels, those without a row, too."
  }
  abort(c(what, "i" = hint), kind = "newdata", variable = name, observed = unknown)
}
