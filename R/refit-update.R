# update(): the fit with another formula or other arguments of lmm(). The model frame is that of
# refit-frame.R.

#' Update a fit
#'
#' Fits again with another formula or some arguments changed, to the data that the fit was made
#' from.
#'
#' @param object A fit by [lmm()].
#' @param formula. A formula with `.` for the old left or right side, as for
#'   [stats::update.formula()]; random terms can be added and removed like others: `. ~ . - (Days
#'   | Subject) + (1 | Subject)`. `- (0 + Days | Subject)` removes that part of `(Days || Subject)`.
#' @param ... Arguments of [lmm()] to add or change; `NULL` removes one. New `weights`, `subset` and
#'   `offset` are evaluated in the data, then where they are written. A fit without `data` has its
#'   new variables, too, in the environment of its formula, as [lm()] does. A `start` in the old
#'   call is removed when the random terms change.
#' @param evaluate One logical: `FALSE` returns the call in place of the fit.
#' @section The data: without `data =` the fit is made from what `object` was fitted to, whatever
#'   has become of the objects that its call names. The data are looked up where the formula was
#'   made, then where `update()` is called, and are used if they still give the model frame of
#'   `object`. If they do not, or are gone, as after [readRDS()] in a new session, the model frame
#'   serves where it has all variables that are needed (a message says so where the data have
#'   changed); otherwise an error names the variable that is missing and the one that has changed. A
#'   response or weights given to [refit_response()] stay, and new transformations of the response
#'   are those of its new values, or an error where these are not known (`y` after new values of
#'   `log(y)`). What the call has beside data, such as
#'   `k` in `subset = g != k`, is what it was at the fit. `data =` takes other data, or the same as
#'   they are now; weights, an offset and variables from outside the data are kept for the same rows
#'   only, and a response given to [refit_response()] cannot be kept.
#' @return A fit by [lmm()], or a call.
#' @section Errors: those of [lmm()]; `henderson_error_data` where the data of the fit are needed
#'   and cannot be found or have changed.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' update(fit, . ~ . - Days)
#' update(fit, REML = FALSE)
#' @importFrom stats update
#' @export
update.henderson_lmm <- function(object, formula., ..., evaluate = TRUE) {
  check_flag(evaluate)
  caller <- parent.frame()
  # also through `...` of other functions an expression means what it means where it was written
  given <- rlang::enquos0(...)
  changes <- lapply(given, rlang::quo_get_expr)
  from <- lapply(given, function(one) {
    env <- rlang::quo_get_env(one)
    if (identical(env, emptyenv())) caller else env
  })
  check_changes(changes)
  # a dot stands for the variables that it stood for
  formula <- if ("data" %in% names(changes)) object$parsed$formula else explicit_formula(object)
  change <- if (!missing(formula.)) as_change(formula., frame_of_writer(caller))
  if (!is.null(change)) formula <- updated_formula(object, change)
  call <- changed_call(object$call, changes)
  # a start for another theta is of no use
  if (!"start" %in% names(changes) && !same_random_part(object, formula)) call$start <- NULL
  call$formula <- formula_call(formula)
  if (!evaluate) {
    return(if (is_in_package(caller)) carrying_call(object, call, formula, change) else call)
  }
  evaluate_changes(object, call, formula, change, changes, from, caller)
}

# Is the caller a function of another package? step() evaluates what `evaluate = FALSE` gives.
is_in_package <- function(caller) {
  top <- topenv(caller)
  isNamespace(top) && getNamespaceName(top) != getNamespaceName(topenv(environment()))
}

# The frame in which a term that is given as a string was written: not one of step() or another
# function of a package, which has names of its own.
frame_of_writer <- function(caller) {
  while (is_in_package(caller)) {
    number <- Position(function(frame) identical(frame, caller), sys.frames())
    parent <- if (is.na(number)) 0L else sys.parents()[number]
    if (parent == 0L) return(globalenv())
    caller <- sys.frame(parent)
  }
  caller
}

# The call with a function in the place of `lmm` that makes the fit from the old one, wherever it is
# evaluated.
carrying_call <- function(fit, call, formula, change) {
  shown <- call
  call[[1L]] <- function(...) {
    given <- as.list(sys.call())[-1L]
    caller <- parent.frame()
    if (!identical(given$formula, shown$formula)) {
      formula <- stats::as.formula(given$formula, env = environment(formula))
    }
    old <- as.list(fit$call)[-1L]
    names <- setdiff(union(names(given), names(old)), "formula")
    changes <- lapply(stats::setNames(nm = names), function(name) given[[name]])
    same <- vapply(names, function(name) identical(given[[name]], old[[name]]), TRUE)
    changes <- changes[!same]
    from <- lapply(changes, function(change) caller)
    evaluate_changes(fit, as.call(c(shown[[1L]], given)), formula, change, changes, from, caller)
  }
  attr(call[[1L]], "srcref") <- NULL
  call
}

# Does the formula have the random terms of the fit? TRUE also where it cannot be read, which
# lmm() will say.
same_random_part <- function(fit, formula) {
  texts <- function(parsed) sort(vapply(parsed$random, `[[`, "", "text"))
  new <- tryCatch(
    texts(parse_formula(formula, residual = fit$parsed$residual)),
    error = function(condition) NULL
  )
  is.null(new) || identical(new, texts(fit$parsed))
}

check_changes <- function(changes) {
  if (length(changes) > 0L && (is.null(names(changes)) || !all(nzchar(names(changes))))) {
    abort("Arguments of {.fn update} after {.arg formula.} must be named.",
      kind = "argument", variable = "..."
    )
  }
  known <- setdiff(names(formals(lmm)), "...")
  for (name in names(changes)) {
    if (!name %in% known) {
      abort(c("Unknown argument {.arg {name}}.", "i" = argument_hint(name, known)),
        kind = "argument", variable = name, observed = name
      )
    }
    if (identical(changes[[name]], quote(expr = ))) {
      abort("The argument {.arg {name}} is empty.",
        kind = "argument", variable = name, observed = "empty"
      )
    }
  }
}

# The call with arguments changed; NULL removes one, also one that is not there.
changed_call <- function(call, changes) {
  for (name in names(changes)) {
    if (!is.null(changes[[name]])) {
      call[[name]] <- changes[[name]]
    } else if (name %in% names(call)) {
      call[[name]] <- NULL
    }
  }
  call
}

# The argument `formula.`, a formula or a string.
as_change <- function(change, caller) {
  force(change)
  result <- tryCatch(stats::as.formula(change, caller), error = function(condition) NULL)
  if (is.null(result)) {
    abort("{.arg formula.} must be a formula, such as {.code . ~ . + x}.",
      kind = "formula", variable = "formula.", observed = observed_value(change)
    )
  }
  result
}

# update.formula() in the environment of the old formula.
updated_formula <- function(fit, change) {
  old <- explicit_formula(fit)
  parts <- subtracted_terms(change[[length(change)]])
  if (length(parts$random) > 0L) {
    change[[length(change)]] <- parts$rest
    random <- Reduce(without_random_term, parts$random, fit$parsed$random)
    old[[3L]] <- sum_of_terms(stats::formula(fit$terms)[[3L]], random)
  }
  new <- stats::update.formula(old, change)
  environment(new) <- environment(old)
  new
}

# The right side of a formula without the random terms that it subtracts: list(`rest`, `random`).
subtracted_terms <- function(expr) {
  operator <- if (is.call(expr) && length(expr) == 3L) call_name(expr) else ""
  if (!operator %in% c("+", "-")) return(list(rest = expr, random = list()))
  left <- subtracted_terms(expr[[2L]])
  right <- list(rest = expr[[3L]], random = list())
  if (operator == "-" && !is.null(first_random_term(expr[[3L]]))) {
    parts <- split_terms(expr[[3L]])
    right <- list(rest = parts$fixed, random = parts$random)
  }
  rest <- if (is.null(right$rest)) left$rest else call(operator, left$rest, right$rest)
  list(rest = rest, random = c(left$random, right$random))
}

# Random terms without one of them, or without parts of a diagonal one: `(0 + x | g)` is a part of
# `(x || g)`.
without_random_term <- function(random, gone) {
  same_group <- vapply(random, function(term) identical(term$group_name, gone$group_name), TRUE)
  whole <- which(same_group & vapply(random, function(term) {
    setequal(lhs_parts(term), lhs_parts(gone)) &&
      (term$structure == gone$structure || length(lhs_parts(gone)) == 1L)
  }, TRUE))
  if (length(whole) > 0L) return(random[-whole[1L]])
  apart <- !has_covariances(gone$structure) || length(lhs_parts(gone)) == 1L
  for (part in if (apart) lhs_parts(gone)) {
    has_part <- same_group & vapply(random, function(term) {
      own <- lhs_parts(term)
      part %in% own && (!has_covariances(term$structure) || length(own) == 1L)
    }, TRUE)
    if (!any(has_part)) apart <- FALSE
  }
  if (!apart) {
    known <- vapply(random, function(term) expression_text(random_term_call(term)), "")
    text <- expression_text(random_term_call(gone))
    inform(c(
      "The fit has no random term {.code {text}} to remove.", "i" = "It has {.code {known}}."
    ), kind = "formula", variable = text, observed = known)
    return(random)
  }
  without_parts(random, lhs_parts(gone), gone$group_name)
}

# Diagonal and one-column terms on a group without some parts.
without_parts <- function(random, parts, group) {
  reduced <- lapply(random, function(term) {
    own <- lhs_parts(term)
    if (!identical(term$group_name, group) || !any(parts %in% own)) return(term)
    if (has_covariances(term$structure) && length(own) > 1L) return(term)
    left <- setdiff(own, parts)
    if (length(left) > 0L) term_with(term, setdiff(left, "1"), "1" %in% left)
  })
  Filter(Negate(is.null), reduced)
}

sum_of_terms <- function(fixed, random) {
  terms <- c(list(fixed), lapply(random, random_term_call))
  Reduce(function(left, right) call("+", left, right), terms)
}

# The fit that update() makes. `change`: its formula, or NULL; `changes`: its other arguments, as
# expressions, and `from`: the frames they were written in; `caller`: that update() was called from.
evaluate_changes <- function(fit, call, formula, change, changes, from, caller) {
  values <- changed_values(changes, from)
  # what was no data is what it was
  environment(formula) <- environment(fit$terms)
  residual <- updated_residual(fit, call, changes, from, caller)
  parsed <- parse_formula(formula, caller, residual)
  scope <- scope_of_changes(fit, parsed$formula, change, changes, from, values$data)
  # the same formula where the names of new arguments mean what they mean to the caller
  if (length(scope) > 0L) {
    apart <- apart_from_scope(fit, call, changes, scope)
    call <- apart$call
    changes <- apart$changes
    scope <- apart$scope
    environment(parsed$formula) <- list2env(scope, parent = environment(parsed$formula))
    parsed <- parse_formula(parsed$formula, residual = residual)
  }
  setting <- function(name, own, default = NULL) {
    if (name %in% names(changes)) values[[name]] %||% default else own
  }
  related <- updated_relationship(fit, parsed, setting)
  parsed <- with_relationship(parsed, related)
  call <- call_with_relationship(call, names(related), names(relationships_of(fit$random)))
  summed <- updated_sums(fit, parsed, call, changes, values, caller)
  if (is.null(summed)) {
    frame <- updated_frame(fit, parsed, call, changes, values, names(scope), caller)
  }
  REML <- setting("REML", fit$REML, TRUE)
  check_flag(REML)
  control <- check_control(setting("control", fit$control, default_control))
  verbose <- check_count(as_count(setting("verbose", 0L, 0L)), "verbose")
  control$trace <- max(control$trace, verbose)
  start <- setting("start", if (!is.null(call$start)) fit$start)
  if (is.null(start) && identical(control$optimizer, "none") && is.null(fit$call$start) &&
        same_random_part(fit, formula)) {
    start <- unname(fit$theta)
  }
  result <- if (is.null(summed)) {
    contrasts <- setting("contrasts", own_contrasts(fit, parsed, frame))
    fit_from_frame(parsed, frame, REML, contrasts, control, start, call)
  } else {
    fit_summed(summed, parsed, REML, control, start, call)
  }
  result$start <- start
  result
}

# The residual structure given, or that of the fit.
updated_residual <- function(fit, call, changes, from, caller) {
  if (!any(c("residual", "variance") %in% names(changes))) return(fit$parsed$residual)
  env <- from[[intersect(c("residual", "variance"), names(changes))[1L]]]
  parse_residual(call$residual, call$variance, env)
}

# The relationships given, or those of the fit for factors that the formula still has.
updated_relationship <- function(fit, parsed, setting) {
  own <- relationships_of(fit$random)
  groups <- vapply(parsed$random, `[[`, "", "group_name")
  own <- own[names(own) %in% groups]
  check_relationship(setting("relationship", if (length(own) > 0L) own))
}

# A factor that the formula has no longer is none of the call's argument either.
call_with_relationship <- function(call, names, before) {
  if (is.null(call$relationship) || setequal(names, before)) return(call)
  if (all(names %in% before)) {
    call$relationship <- if (length(names)) call("[", call$relationship, names)
  }
  call
}

# Names that mean one thing in what is kept of the fit and another in what is given: of arguments
# that are kept, and of those given where the formula has the name, the values take their place.
apart_from_scope <- function(fit, call, changes, scope) {
  kept <- setdiff(names(kept_expressions(fit)), names(changes))
  call[kept] <- lapply(stats::setNames(nm = kept), function(name) {
    shared <- intersect(all.vars(call[[name]]), names(scope))
    with_values(call[[name]], own_parameters(fit)[shared])
  })
  twice <- scope[intersect(names(scope), all.vars(fit$parsed$formula))]
  for (name in intersect(names(changes), c("weights", "subset", "offset"))) {
    if (!is.null(changes[[name]])) {
      changes[[name]] <- call[[name]] <- with_values(changes[[name]], twice)
    }
  }
  list(call = call, changes = changes, scope = scope[setdiff(names(scope), names(twice))])
}

# Values of the arguments that are evaluated where they were written. weights, subset and offset
# are looked for in the data first.
changed_values <- function(changes, from) {
  names <- setdiff(
    names(changes), c("formula", "weights", "subset", "offset", "residual", "variance")
  )
  lapply(stats::setNames(nm = names), function(name) {
    expression <- changes[[name]]
    tryCatch(eval(expression, from[[name]]), error = function(e) {
      text <- expression_text(expression)
      if (is.symbol(expression) && is.null(get0(text, envir = from[[name]]))) {
        abort(c(
          "{.code {text}}, given as {.arg {name}}, cannot be found.",
          "i" = suggestion(text, visible_names(from[[name]]))
        ), kind = "variable", variable = text)
      }
      explain_argument(e, name, expression, from[[name]])
    })
  })
}

# What new variables of the formula, weights, subset and offset mean where they were written, and
# would not mean in the environment of the fit's formula, where lmm() looks: a list by name. Names
# of the data come first, without data those of the formula's environment.
scope_of_changes <- function(fit, formula, change, changes, from, data) {
  inside <- if ("data" %in% names(changes)) {
    data_names(data)
  } else {
    c(attr(fit$frame, "data_names"), names(fit$frame))
  }
  written <- changes[intersect(names(changes), c("weights", "subset", "offset"))]
  home <- environment(formula)
  scope <- list()
  has_data <- !is.null(fit$call$data) || "data" %in% names(changes)
  add <- function(expression, names, env, as_data) {
    for (name in setdiff(names, inside)) {
      mode <- if (name %in% all.vars(expression)) "any" else "function"
      value <- get0(name, envir = env, mode = mode)
      own <- get0(name, envir = home, mode = mode)
      if (is.null(value) || identical(value, own)) next
      if (as_data && mode == "any" && has_rows_of(fit, own)) {
        inform_homonym(name)
        next
      }
      scope[[name]] <<- value
    }
  }
  for (name in names(written)) {
    # inside a function that sees the variables of the fit, those of the function hide them
    as_data <- !has_data && !sees(from[[name]], environment(fit$parsed$formula))
    add(written[[name]], all.names(written[[name]]), from[[name]], as_data)
  }
  if (!is.null(change)) {
    new <- setdiff(all.names(change), c(".", all.names(fit$parsed$formula)))
    add(change, new, environment(change), !has_data)
  }
  scope
}

# Can a value be a variable beside those that a fit without data took from its formula's
# environment?
has_rows_of <- function(fit, value) {
  response <- all.vars(fit$parsed$fixed[[2L]])[1L]
  rows <- NROW(get0(response, envir = environment(fit$parsed$formula)))
  is.atomic(value) && !is.null(value) && rows > 1L && NROW(value) == rows
}

sees <- function(env, other) identical(env, other) || rlang::env_inherits(env, other)

inform_homonym <- function(name) {
  name <- utf8_names(name)
  inform(c(
    "{.var {name}} is that of the formula's environment, where a fit without {.arg data} has its
     variables, and not another one where this is written.",
    "i" = "To use the other one, give it another name."
  ), kind = "data", variable = name)
}
