# Model frames of refits: the fit's own frame with columns added, rows left out, or other weights;
# or the frame of the data of the call, where they still are those of the fit (model-data.R).

# Model frame for update(). `parsed`: the new formula; `changes`: expressions given to update();
# `values`: those that are evaluated; `brought`: names that the formula's environment has been given
# for them; `caller`: where update() was called.
updated_frame <- function(fit, parsed, call, changes, values, brought, caller) {
  if ("data" %in% names(changes)) {
    return(frame_of_other_data(fit, parsed, changes, values, brought, caller))
  }
  found <- data_of_call(fit, caller)
  if (found$status == "same" && is.null(attr(fit$frame, "replaced")) && !keeps_rows(fit)) {
    arguments <- own_arguments(fit, changes)
    if ("na.action" %in% names(changes)) arguments$na.action <- values$na.action
    return(model_frame(parsed, found$data, arguments, found$env))
  }
  if (is.null(fit$frame)) {
    abort_other_data(fit, found, problem = "This fit does not hold its model frame.")
  }
  frame <- extended_frame(fit, parsed, changes, brought, found)
  if ("subset" %in% names(changes)) {
    frame <- subset_frame(fit, frame, parsed, changes, found, brought)
  }
  if ("na.action" %in% names(changes)) frame <- mark_omitted(fit, frame, values$na.action, found)
  if (found$status == "changed") inform_own_data(fit, found)
  if (length(fit$na.action) > 0L && !all(formula_variables(fit) %in% all_names(parsed))) {
    inform(
      "The {length(fit$na.action)} row{?s} that the fit left out for missing values stay{?s/} out.",
      kind = "data", variable = "na.action", observed = length(fit$na.action)
    )
  }
  frame
}

inform_own_data <- function(fit, found) {
  text <- data_place(fit)
  changed <- found$text
  inform(c(
    "{text} is not what the model was fitted to: {changed}. The fit's own data are used.",
    "i" = if (!is.null(fit$call$data)) "{.code update(fit, data = )} takes the new ones."
  ), kind = "data", variable = found$variable, observed = found$status)
}

# Other data must have what the fit took from its own: an object of the same name elsewhere would be
# taken for it.
frame_of_other_data <- function(fit, parsed, changes, values, brought, caller) {
  arguments <- own_arguments(fit, changes)
  if ("na.action" %in% names(changes)) arguments$na.action <- values$na.action
  check_nothing_replaced(fit, parsed, changes)
  data <- values$data
  if (is.null(data)) arguments$data <- NULL
  kept <- as.list(arguments)[setdiff(names(arguments), c("", "na.action", names(changes)))]
  used <- unlist(lapply(c(list(parsed$frame_formula), kept), all.vars))
  known <- attr(fit$frame, "data_names")
  absent <- setdiff(intersect(used, known), data_names(data))
  if (length(absent) > 0L && !is.null(data) && is.list(data)) {
    absent <- utf8_names(absent)
    given <- expression_text(changes$data)
    abort(c(
      "{.code {given}} lacks {.var {absent}}, which the fit had in its data.",
      "i" = suggestion(absent[1L], utf8_names(data_names(data)))
    ), kind = "variable", variable = absent[1L], observed = utf8_names(data_names(data)))
  }
  frame <- model_frame(parsed, data, arguments, caller)
  if (!is.null(data)) check_outside(fit, frame, data, changes, brought)
  if (isTRUE(attr(fit$frame, "doubtful_response"))) inform_other_response(fit, frame, changes$data)
  frame
}

# The response of a fit by lme4 that was not found in its data may have been given to refit() there;
# that of other data is another one.
inform_other_response <- function(fit, frame, data) {
  name <- names(fit$frame)[1L]
  same <- !name %in% names(frame) || same_values(fit$frame[[name]], frame[[name]])
  if (same || !same_rows(fit$frame, frame)) return(invisible(NULL))
  name <- utf8_names(name)
  given <- expression_text(data)
  inform(c(
    "The response {.var {name}} of {.code {given}} is fitted; that of the fit imported from lme4 has
     other values, as after lme4's {.fn refit}.",
    "i" = "{.code refit_response(update(fit, data = ), component(fit, \"y\"))} fits the latter."
  ), kind = "data", variable = name, observed = given)
}

# What refit_response() gave is not in any data.
check_nothing_replaced <- function(fit, parsed, changes) {
  replaced <- names(attr(fit$frame, "replaced"))
  if ("(weights)" %in% replaced && !"weights" %in% names(changes)) {
    abort(c(
      "The weights of the fit came from {.arg newweights}; other data have none.",
      "i" = "Give {.arg weights}, or {.code weights = NULL}."
    ), kind = "weights", variable = "weights")
  }
  response <- names(fit$frame)[1L]
  # that of other data is fitted in its place, with a word
  if (isTRUE(attr(fit$frame, "doubtful_response"))) return(invisible(NULL))
  if (response %in% replaced && identical(column_name(parsed$fixed[[2L]]), response)) {
    text <- utf8_names(response)
    abort(c(
      "The response of the fit came from {.fn refit_response}; other data do not have it.",
      "i" = "For {.code {text}} of the data fit them by {.fn lmm}; for another response put it into
       the data and name it: {.code update(fit, new ~ ., data = )}."
    ), kind = "response", variable = text)
  }
}

# What the fit took from outside its data must be what it was: beside other data its values may
# be anything by now.
check_outside <- function(fit, frame, data, changes, brought) {
  if (is.null(fit$frame)) return(invisible(NULL))
  given <- frame_as_given(fit)
  kept <- kept_expressions(fit)
  kept <- kept[setdiff(names(kept), names(changes))]
  columns <- stats::setNames(frame_expressions(fit$frame), variable_names(attr(fit$frame, "terms")))
  columns <- c(columns[names(columns) %in% names(frame)],
    stats::setNames(kept, paste0("(", names(kept), ")", recycle0 = TRUE)))
  parameters <- names(own_parameters(fit))
  same <- same_rows(given, frame)
  for (name in names(columns)) {
    used <- setdiff(all.vars(columns[[name]]), brought)
    outside <- setdiff(used, data_names(data))
    is_subset <- name == "(subset)"
    # parameters are what they were; with nothing else they make the values for rows of the fit
    unsure <- length(setdiff(outside, parameters)) > 0L ||
      (!is_subset && length(outside) > 0L && length(outside) == length(used))
    if (!unsure || same && (is_subset || same_values(given[[name]], frame[[name]]))) next
    label <- if (is_subset) "subset" else gsub("^\\((weights|offset)\\)$", "\\1", name)
    label <- utf8_names(label)
    outside <- utf8_names(outside)
    abort(c(
      "{.var {label}} was made of {.var {outside}}, which {?is/are} not in the data given.",
      "x" = "It does not give what it gave for the fit.",
      "i" = "Put {.var {outside}} into the data, or give {.arg {label}} as well."
    ), kind = "data", variable = label, observed = outside)
  }
}

# Are the rows of two frames the same ones? Either the response or everything else may differ.
same_rows <- function(given, frame) {
  if (!identical(row.names(given), row.names(frame))) return(FALSE)
  response <- names(given)[1L]
  others <- setdiff(intersect(names(given), names(frame)), c(response, "(weights)", "(offset)"))
  agrees <- function(name) same_values(given[[name]], frame[[name]])
  agrees(response) || (length(others) > 0L && all(vapply(others, agrees, TRUE)))
}

# --- from the fit's own frame ---

# The fit's frame with the columns that `parsed`, `changes$weights` and `changes$offset` need beyond
# it. Rows with missing values in them are left out.
extended_frame <- function(fit, parsed, changes = list(), brought = character(0L),
                           found = data_of_call(fit)) {
  own <- model_frame_of(fit)
  if ("." %in% all.names(parsed$fixed[[3L]])) {
    abort_other_data(fit, found, problem = "{.code .} stands for the variables of the data.")
  }
  expressions <- variable_expressions(parsed)
  absent <- !names(expressions) %in% names(own)
  extra <- changes[intersect(names(changes), c("weights", "offset"))]
  frame <- with_extra(own, extra)
  given <- Filter(Negate(is.null), extra)
  added <- NULL
  if (any(absent) || length(given) > 0L) {
    added <- new_columns(
      fit, unname(expressions[absent]), given, environment(parsed$formula), brought, found
    )
    columns <- c(names(expressions)[absent], paste0("(", names(given), recycle0 = TRUE, ")"))
    added <- structure(added[columns], terms = attr(added, "terms"))
  }
  frame <- join_columns(frame, added, expressions, parsed)
  complete_own_frame(fit, frame, added, parsed, changes)
}

# Without the weights and offset that are to be others.
with_extra <- function(frame, extra) {
  frame[paste0("(", names(extra), recycle0 = TRUE, ")")] <- NULL
  frame
}

# The frame with new columns, and terms of all its variables, the response first. An offset that the
# formula does not have any more must go, or it would be one still.
join_columns <- function(frame, added, expressions, parsed) {
  old <- attr(frame, "terms")
  attributes_kept <- attributes(frame)[c("na.action", "replaced", "data_names", "all_levels")]
  old_expressions <- stats::setNames(frame_expressions(frame), variable_names(old))
  offsets <- setdiff(names(old_expressions)[attr(old, "offset")], names(expressions))
  old_expressions <- old_expressions[setdiff(names(old_expressions), offsets)]
  all <- c(expressions[1L], old_expressions, expressions)
  all <- all[!duplicated(names(all))]
  whole <- stats::terms(
    column_formula(all[[1L]], unname(all[-1L]), environment(parsed$formula))
  )
  columns <- c(names(all), intersect(c("(weights)", "(offset)"), c(names(frame), names(added))))
  values <- c(unclass(frame)[intersect(names(frame), columns)], unclass(added))
  attr(whole, "predvars") <- as.call(c(quote(list), lapply(names(all), function(name) {
    source <- if (name %in% names(old_expressions)) old else attr(added, "terms")
    attr(source, "predvars")[[match(name, variable_names(source)) + 1L]]
  })))
  attr(whole, "dataClasses") <- vapply(values[columns], stats::.MFclass, "")
  result <- structure(values[columns],
    class = "data.frame", row.names = attr(frame, "row.names"), terms = whole
  )
  attributes(result) <- c(attributes(result), attributes_kept)
  result
}

# Leaves out rows with missing values in the new columns, and gives the frame what it must have.
complete_own_frame <- function(fit, frame, added, parsed, changes) {
  if (!is.null(added) && any(vapply(added, has_missing, TRUE))) {
    frame <- frame_of_rows(frame, which(stats::complete.cases(added)), own_action(fit))
  }
  finish_own_frame(fit, frame, parsed, changes)
}

finish_own_frame <- function(fit, frame, parsed, changes) {
  kept <- attributes(frame)[c("replaced", "data_names")]
  # the names that are data, as far as this is known; what they are is in the frame
  names <- c(attr(fit$frame, "data_names"), names(own_variables(fit)))
  known <- stats::setNames(vector("list", length(names)), names)
  frame <- complete_frame(drop_unused_levels(frame), parsed, known, own_arguments(fit, changes))
  attr(frame, "data_names") <- kept$data_names
  attr(frame, "replaced") <- kept$replaced
  attr(attr(frame, "fixed_terms"), "raw_sums") <- attr(fit$terms, "raw_sums")
  frame
}

# Some rows of a model frame. With `action`, the others become rows that it omits.
frame_of_rows <- function(frame, rows, action = NULL) {
  terms <- attr(frame, "terms")
  omitted <- attr(frame, "na.action")
  replaced <- lapply(attr(frame, "replaced"), function(x) {
    if (is.null(dim(x))) x[rows] else x[rows, , drop = FALSE]
  })
  result <- frame[rows, , drop = FALSE]
  if (!is.null(action)) {
    numbers <- seq_len(nrow(frame) + length(omitted))
    if (length(omitted) > 0L) numbers <- numbers[-omitted]
    gone <- stats::setNames(numbers[-rows], row.names(frame)[-rows])
    all <- sort(c(if (length(omitted)) stats::setNames(as.integer(omitted), names(omitted)), gone))
    class <- if (identical(action, stats::na.exclude)) "exclude" else "omit"
    attr(result, "na.action") <- structure(all, class = class)
  }
  attr(result, "terms") <- terms
  attr(result, "data_names") <- attr(frame, "data_names")
  attr(result, "all_levels") <- attr(frame, "all_levels")
  if (length(replaced) > 0L) attr(result, "replaced") <- replaced
  result
}

# The rows of `frame` for which another `subset` holds. Rows that the fit does not have cannot be
# taken.
subset_frame <- function(fit, frame, parsed, changes, found, brought) {
  subset <- changes$subset
  problem <- "{.arg subset} may select rows of the data that the fit does not have."
  if (nrow(frame) != nrow(fit$frame)) abort_other_data(fit, found, problem = problem)
  outside <- surely_outside(fit, brought, environment(parsed$formula))
  check_replaced(fit, list(subset), list(), outside)
  is_new <- uses_names(list(subset), setdiff(replaced_names(fit)$known, outside))
  rows <- if (found$status == "same" && !is_new) {
    rows_by_data(fit, parsed, subset, found)
  } else if (is.null(fit$call$subset) && (!omits_rows(fit) || is_rowwise(subset))) {
    rows_by_frame(fit, parsed, subset, found, brought)
  }
  if (is.null(rows)) abort_other_data(fit, found, problem = problem)
  if (length(rows) == 0L) {
    abort("{.arg subset} selects none of the {nrow(frame)} row{?s} of the fit.",
      kind = "data", variable = "subset", observed = 0L
    )
  }
  result <- frame_of_rows(frame, rows)
  # without the data it is not known which of the rows left out `subset` selects
  attr(result, "na.action") <- attr(rows, "omitted")
  if ((found$status != "same" || is_new) && inherits(fit$na.action, "exclude")) {
    inform(
      "Rows that the fit left out for missing values stay out: no {.val {NA}} stands for them.",
      kind = "data", variable = "na.action", observed = length(fit$na.action)
    )
  }
  finish_own_frame(fit, result, parsed, changes)
}

# Rows of the fit that `subset` selects in the data of its call; NULL if it selects others as well.
rows_by_data <- function(fit, parsed, subset, found) {
  env <- environment(parsed$formula)
  formula <- column_formula(fit$parsed$fixed[[2L]], list(), env)
  every <- seq_len(nrow(evaluate_columns(formula, found$data, list(), found$env)))
  selected <- function(expr) {
    if (is.null(expr)) return(every)
    chosen <- evaluate_subset(expr, found$data, parsed)
    if (is.character(chosen)) match(chosen, rownames(found$data)) else every[chosen]
  }
  own <- selected(own_arguments(fit)$subset)
  omitted <- own[fit$na.action]
  if (length(omitted) > 0L) own <- own[-fit$na.action]
  wanted <- selected(subset)
  wanted <- wanted[!is.na(wanted)]
  left_out <- which(wanted %in% omitted)
  kept <- wanted[!wanted %in% omitted]
  if (!all(kept %in% own)) return(NULL)
  rows <- match(kept, own)
  if (length(left_out) > 0L) {
    names(left_out) <- names(fit$na.action)[match(wanted[left_out], omitted)]
    attr(rows, "omitted") <- structure(left_out, class = class(fit$na.action))
  }
  rows
}

# The same in the model frame, where only rows with missing values may be absent.
rows_by_frame <- function(fit, parsed, subset, found, brought) {
  brought <- surely_outside(fit, brought, environment(parsed$formula))
  own <- own_variables(fit)
  if (found$status == "same") {
    own <- raw_rows(fit, list(subset), environment(parsed$formula), brought, found)
  }
  rows <- seq_len(nrow(own))
  if (is.null(subset)) return(rows)
  known <- c(names(own), parameter_names(fit), brought)
  outside <- setdiff(all.vars(subset), known)
  if (length(setdiff(outside, known_outside(fit, outside))) > 0L) {
    abort_other_data(fit, found, outside)
  }
  chosen <- evaluate_subset(subset, own, parsed)
  rows <- if (is.character(chosen)) match(chosen, rownames(own)) else rows[chosen]
  rows[!is.na(rows)]
}

# Another `na.action`, which for the rows of the fit can only say how those left out are treated.
mark_omitted <- function(fit, frame, action, found) {
  omitted <- attr(frame, "na.action")
  if (length(omitted) == 0L) return(frame)
  if (is.character(action)) action <- match.fun(action)
  if (identical(action, stats::na.exclude)) {
    class(omitted) <- "exclude"
  } else if (is.null(action) || identical(action, stats::na.omit)) {
    class(omitted) <- "omit"
  } else {
    abort_other_data(fit, found,
      problem = "{.arg na.action} concerns rows that the fit does not have."
    )
  }
  attr(frame, "na.action") <- omitted
  frame
}
