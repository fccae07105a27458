# The formula language: language objects only, never data.
#
# A model formula is `response ~ fixed part + (lhs | group) + ...`. `parse_formula()` walks the
# right-hand side once and separates the random terms (formula-random-term.R) from the fixed part.

#' Parse a mixed-model formula
#'
#' @param formula a two-sided formula, or a string holding one.
#' @param env environment for a string, which has none of its own.
#' @param residual from `parse_residual()`: a model with a residual structure needs no random term.
#' @return list: `formula` (as given), `fixed` (formula without random
#'   terms, `y ~ 1` if nothing is left), `random` (list of random terms, in formula order), and
#'   `frame_formula` (response, fixed part and every variable of the random terms).
#' @noRd
parse_formula <- function(formula, env = parent.frame(), residual = NULL) {
  if (missing(formula)) abort_not_a_formula("missing")
  formula <- as_two_sided_formula(formula, env)
  check_error_term(formula[[3L]], formula)
  parts <- split_terms(formula[[3L]])
  if (length(parts$random) == 0L && is.null(residual)) abort_no_random_term(formula)
  check_duplicate_terms(parts$random)
  check_constants(c(parts$fixed, lapply(parts$random, `[[`, "lhs")), formula)
  fixed <- formula
  fixed[[3L]] <- if (is.null(parts$fixed)) 1 else parts$fixed
  variables <- unique(c(random_variables(parts$random), residual_variables(residual)))
  parsed <- list(
    formula = formula, fixed = fixed, random = parts$random,
    frame_formula = add_variables(fixed, variables)
  )
  parsed$residual <- residual
  parsed
}

#' @noRd
as_two_sided_formula <- function(formula, env) {
  if (is.character(formula) && length(formula) == 1L && !is.na(formula)) {
    formula <- formula_from_string(formula, env)
  }
  if (is.call(formula) && identical(formula[[1L]], quote(`~`)) && !inherits(formula, "formula")) {
    formula <- stats::as.formula(formula, env)
  }
  if (!inherits(formula, "formula")) abort_not_a_formula(describe_value(formula))
  if (is.null(environment(formula))) environment(formula) <- env
  if (identical(environment(formula), emptyenv())) {
    environment(formula) <- environment_of_functions(all.names(formula))
  }
  if (length(formula) != 3L) {
    abort(c(
      "{.arg formula} has no response: {.code {expression_text(formula)}}.",
      "i" = "Put the response to the left of {.code ~}, as in {.code y ~ x + (1 | group)}."
    ), kind = "formula", variable = "formula", observed = expression_text(formula))
  }
  check_response_expression(formula[[2L]])
  formula
}

#' For a formula whose environment was emptied to keep it from holding on to other objects: what R
#' itself has, and functions of package stats such as `poly()` that the formula names
#' @noRd
environment_of_functions <- function(names) {
  names <- intersect(names, getNamespaceExports("stats"))
  list2env(mget(names, envir = asNamespace("stats"), mode = "function"), parent = baseenv())
}

#' @noRd
check_response_expression <- function(expr) {
  if (is.symbol(expr) || is.call(expr)) return(invisible(NULL))
  text <- if (is.null(expr)) "NULL" else expression_text(expr)
  abort(c(
    "The response is {.code {text}}; it must be a variable.",
    "i" = "For example {.code y ~ x + (1 | group)}."
  ), kind = "response", variable = text, observed = text)
}

#' @noRd
formula_from_string <- function(text, env) {
  tryCatch(stats::as.formula(text, env), error = function(e) {
    abort(c(
      "{.arg formula} cannot be read as a formula: {.val {text}}.",
      "i" = "For example {.code y ~ x + (1 | group)}."
    ), kind = "formula", variable = "formula", observed = text)
  })
}

# --- the walk ---

#' Split an expression into its fixed part and its random terms
#'
#' @param expr right-hand side of a formula, or a part of it.
#' @return list(`fixed` = expression or NULL if nothing is left, `random` = list of terms).
#' @noRd
split_terms <- function(expr) {
  if (!contains_bar(expr)) return(list(fixed = expr, random = list()))
  operator <- call_name(expr)
  switch(operator,
    "+" = split_sum(expr),
    "-" = split_difference(expr),
    "(" = split_parentheses(expr),
    "|" = ,
    "||" = abort_bare_bar(expr),
    "*" = , "/" = , ":" = , "^" = , "%in%" = , "~" = split_operator(expr, operator),
    split_wrapper(expr, operator)
  )
}

#' @noRd
split_sum <- function(expr) {
  if (length(expr) == 2L) return(split_terms(expr[[2L]]))
  left <- split_terms(expr[[2L]])
  right <- split_terms(expr[[3L]])
  fixed <- if (is.null(left$fixed)) {
    right$fixed
  } else if (is.null(right$fixed)) {
    left$fixed
  } else {
    call("+", left$fixed, right$fixed)
  }
  list(fixed = fixed, random = c(left$random, right$random))
}

#' A random term can stand to the left of a minus, never be subtracted
#' @noRd
split_difference <- function(expr) {
  removed <- expr[[length(expr)]]
  offending <- first_random_term(removed)
  if (!is.null(offending)) {
    text <- expression_text(offending)
    abort(c(
      "A random term cannot be subtracted: {.code - ({text})}.",
      "i" = "Leave it out of the formula instead."
    ), kind = "formula", variable = text, observed = expression_text(expr))
  }
  if (length(expr) == 2L) return(list(fixed = expr, random = list()))
  left <- split_terms(expr[[2L]])
  left$fixed <- if (is.null(left$fixed)) call("-", removed) else call("-", left$fixed, removed)
  left
}

#' @noRd
split_parentheses <- function(expr) {
  inner <- strip_parentheses(expr)
  if (is_bar(inner)) return(list(fixed = NULL, random = bar_terms(inner)))
  parts <- split_terms(inner)
  if (!is.null(parts$fixed) && is.call(parts$fixed)) parts$fixed <- call("(", parts$fixed)
  parts
}

#' `*`, `:`, `/`, `^`, `%in%`: fine between fixed terms, meaningless for a random term
#' @noRd
split_operator <- function(expr, operator) {
  offending <- first_random_term(expr)
  if (is.null(offending)) return(list(fixed = expr, random = list()))
  text <- expression_text(offending)
  abort(c(
    "A random term can only be added with {.code +};
     {.code ({text})} is combined with {.code {operator}}.",
    "i" = "Write random terms as {.code y ~ x + ({text})}."
  ), kind = "formula", variable = text, observed = expression_text(expr))
}

#' A function call that contains a bar: a covariance structure, or an ordinary function of data
#' @noRd
split_wrapper <- function(expr, name) {
  if (!is_structure_call(expr, name)) return(list(fixed = expr, random = list()))
  bar <- strip_parentheses(expr[[2L]])
  list(fixed = NULL, random = wrapped_terms(bar, name, expr))
}

#' A formula holds variables; of constants it knows 0 and 1 only
#'
#' Numbers and strings within calls, as in `poly(x, 2)`, are the call's own.
#' @param parts list of expressions: the fixed part and the left-hand sides of the random terms.
#' @noRd
check_constants <- function(parts, formula) {
  for (part in parts) {
    found <- first_constant(part)
    if (is.null(found)) next
    constant <- expression_text(found)
    text <- expression_text(formula)
    abort(c(
      "The formula has the constant {.code {constant}} where a variable belongs: {.code {text}}.",
      "i" = if (is.character(found)) "Write variables without quotes.",
      "i" = "Only {.code 0} and {.code 1} stand for something, the intercept."
    ), kind = "formula", variable = constant, observed = text)
  }
}

#' @return the first constant other than 0, 1 and NULL, or NULL.
#' @noRd
first_constant <- function(expr) {
  if (is.symbol(expr) || is.null(expr)) return(NULL)
  if (!is.call(expr)) {
    return(if (!(is.numeric(expr) && expr %in% c(0, 1))) expr)
  }
  name <- call_name(expr)
  if (!name %in% formula_operators) return(NULL)
  parts <- as.list(expr)[-1L]
  if (name == "^") parts <- parts[1L]
  for (part in parts) {
    found <- first_constant(part)
    if (!is.null(found)) return(found)
  }
  NULL
}

#' aov()'s `Error()` is no function of data
#' @noRd
check_error_term <- function(expr, formula) {
  if (!"Error" %in% all.names(expr)) return(invisible(NULL))
  found <- first_error_term(expr)
  if (is.null(found)) return(invisible(NULL))
  text <- expression_text(found)
  bars <- if (length(found) == 2L) error_strata(found[[2L]]) else "a/b"
  bars <- paste0("(1 | ", bars, ")", collapse = " + ")
  abort(c(
    "The formula has {.code {text}}, which only {.fn aov} knows.",
    "i" = "Here it is written {.code {bars}}."
  ), kind = "formula", variable = text, observed = expression_text(formula))
}

#' @noRd
first_error_term <- function(expr) {
  if (!is.call(expr)) return(NULL)
  name <- call_name(expr)
  if (name == "Error") return(expr)
  if (!name %in% formula_operators) return(NULL)
  for (part in as.list(expr)[-1L]) {
    found <- first_error_term(part)
    if (!is.null(found)) return(found)
  }
  NULL
}

#' Grouping factors of a sum of strata; what a random term cannot have is expanded
#' @noRd
error_strata <- function(expr) {
  expr <- strip_parentheses(expr)
  if (is.call(expr) && identical(expr[[1L]], quote(`+`)) && length(expr) == 3L) {
    return(unlist(lapply(as.list(expr)[-1L], error_strata)))
  }
  if (!any(c("*", "^", "%in%") %in% all.names(expr))) return(expression_text(expr))
  utf8_names(attr(stats::terms(stats::reformulate(expression_text(expr))), "term.labels"))
}

# --- errors ---

#' @noRd
abort_not_a_formula <- function(given) {
  abort(c(
    "{.arg formula} must be a two-sided formula; it is {given}.",
    "i" = "For example {.code y ~ x + (1 | group)}."
  ), kind = "formula", variable = "formula", observed = given)
}

#' @noRd
abort_no_random_term <- function(formula) {
  text <- expression_text(formula)
  abort(c(
    "The formula has no random term: {.code {text}}.",
    "i" = "Add one, as in {.code y ~ x + (1 | group)}, correlate residuals, as in
           {.code residual = {residual_example}}, or use {.fn lm}."
  ), kind = "formula", variable = "formula", observed = text)
}

#' @noRd
abort_bare_bar <- function(expr) {
  text <- expression_text(expr)
  lhs <- expr[[2L]]
  if (is.call(lhs) && length(lhs) == 3L) lhs <- lhs[[3L]]
  last <- expression_text(lhs)
  bar <- call_name(expr)
  group <- expression_text(expr[[3L]])
  abort(c(
    "A random term must stand in parentheses; the formula has {.code {text}}.",
    "i" = "For example {.code ({last} {bar} {group})}."
  ), kind = "formula", variable = text, observed = text)
}

#' @noRd
check_duplicate_terms <- function(terms) {
  if (length(terms) < 2L) return(invisible(NULL))
  text <- vapply(terms, function(term) term$text, "")
  if (!anyDuplicated(text)) return(invisible(NULL))
  twice <- text[duplicated(text)][1L]
  abort(c(
    "The random term {.code ({twice})} occurs {sum(text == twice)} times in the formula.",
    "i" = "Keep it once: the variances of equal terms cannot be told apart.",
    "i" = "{.code (x | a/b)} stands for {.code (x | b:a) + (x | a)}."
  ), kind = "formula", variable = twice, observed = text)
}
