# Random terms: what a bar in a formula means. Language objects only, never data.
#
# `(lhs | group)`: for each level of the grouping factor, one coefficient per column of `lhs`.
# `|` gives an unstructured ("us"), `||` a diagonal ("diag") covariance, as do the wrappers
# `us(lhs | group)` and `diag(lhs | group)`.

#' Random term, low-level constructor
#'
#' @param lhs expression, the left-hand side as written, e.g. `quote(1 + Days)`.
#' @param group expression, the grouping factor: a symbol, a call, or an interaction `a:b`.
#' @param structure string, a row of `covariance_structures`.
#' @param rank whole number, of a structure of reduced rank; else NULL.
#' @return list: the arguments (`rank` only where it has one), `group_name` (string, as lme4 names
#'   the factor), `text` (`"Days | Subject"`; in parentheses it parses to the same term), `terms`
#'   (terms object of `~ lhs`, NULL for a random intercept) and `group_variables` (list of
#'   expressions: the factors of an interaction).
#' @noRd
new_random_term <- function(lhs, group, structure, rank = NULL) {
  group_name <- group_text(group)
  term <- list(
    lhs = lhs, group = group, group_name = group_name, structure = structure,
    text = structure_text(structure, expression_text(lhs), group_name, rank),
    terms = lhs_terms(lhs), group_variables = interaction_parts(group)
  )
  term$rank <- rank
  term
}

#' Random terms of one bar
#'
#' @param bar call to `|` or `||`.
#' @param structure string, or NULL: decided by the bar.
#' @return list of random terms: one per grouping factor, `b:a` then `a` for `a/b`.
#' @noRd
bar_terms <- function(bar, structure = NULL, rank = NULL) {
  lhs <- strip_parentheses(bar[[2L]])
  check_lhs(lhs, bar)
  if (is.null(structure)) structure <- structure_of_bar(call_name(bar))
  groups <- lapply(expand_group(bar[[3L]], bar), interaction_parts)
  # lme4 2.1 names factors of a nesting from the innermost out
  if (is_nested(bar[[3L]])) groups <- lapply(groups, rev)
  lapply(groups, function(parts) new_random_term(lhs, interaction_of(parts), structure, rank))
}

# --- covariance wrappers ---

#' @noRd
wrapped_terms <- function(bar, name, expr) {
  text <- expression_text(expr)
  if (!name %in% c(structure_wrappers(), names(structure_aliases))) {
    abort_unknown_structure(bar, name, text)
  }
  if (call_name(bar) == "||" && name != structure_of_bar("||")) {
    abort(c(
      "{.code {text}} asks for two covariance structures.",
      "i" = "Use {.code |} inside {.fn {name}}, or {.code ||} without it."
    ), kind = "formula", variable = name, observed = text)
  }
  rank <- if (name == rank_wrapper) wrapped_rank(expr, text)
  bar_terms(bar, structure = wrapped_structure(expr, name, text), rank = rank)
}

#' @noRd
abort_unknown_structure <- function(bar, name, text) {
  known <- structure_wrappers()
  translation <- if (name %in% names(nlme_structures)) {
    meant <- structure_call(nlme_structures[[name]], bar[[2L]], bar[[3L]])
    expression_text(meant)
  }
  near <- nearest_name(name, c(known, names(structure_aliases)))
  abort(c(
    "The covariance structure {.fn {name}} is not available: {.code {text}}.",
    "i" = if (!is.null(translation)) {
      "{.fn {name}} is a class of nlme; the same structure is {.code {translation}}."
    } else if (!is.null(near)) {
      "Did you mean {.fn {near}}?"
    },
    "i" = "Available structures are {.fn {known}}."
  ), kind = "unsupported", variable = name, observed = text)
}

#' The structure that a wrapper and its option `hom` mean
#' @noRd
wrapped_structure <- function(expr, name, text) {
  options <- as.list(expr)[-(1:2)]
  if (name == rank_wrapper) options$d <- NULL
  if (length(options) == 0L) return(structure_of_wrapper(name))
  hom <- options[[1L]]
  if (identical(names(options), "hom") && (isTRUE(hom) || isFALSE(hom))) {
    structure <- structure_of_wrapper(name, hom)
    if (!is.na(structure)) return(structure)
  }
  given <- names(options)
  if (is.null(given)) given <- vapply(options, expression_text, "")
  abort(c(
    "{.fn {name}} takes no such further arguments: {.code {text}}.",
    "i" = "Remove {.code {given}}."
  ), kind = "unsupported", variable = given[1L], observed = text)
}

# The rank that a wrapper says: 2 unless it has `d`.
wrapped_rank <- function(expr, text) {
  rank <- as.list(expr)[["d"]]
  if (is.null(rank)) return(2L)
  if (is.numeric(rank) && length(rank) == 1L && rank >= 1 && rank == round(rank)) {
    return(as.integer(rank))
  }
  given <- expression_text(rank)
  abort(c(
    "{.arg d}, a rank, must be a whole number written in the formula, not {.code {given}}:
     {.code {text}}."
  ), kind = "formula", variable = "d", observed = given)
}

# --- left-hand side ---

#' @noRd
check_lhs <- function(lhs, bar) {
  if (is.numeric(lhs) && identical(as.numeric(lhs), 1)) return(invisible(NULL))
  names_used <- all.names(lhs)
  problem <- if (contains_bar(lhs) && !is.null(first_random_term(lhs))) {
    "has more than one bar"
  } else if ("." %in% names_used) {
    "uses `.`, which stands for variables of the fixed part only"
  } else if ("offset" %in% names_used) {
    "holds an offset, which belongs to the fixed part"
  } else if ("~" %in% names_used) {
    "holds a formula"
  }
  if (is.null(problem)) return(invisible(NULL))
  text <- expression_text(bar)
  abort(c(
    "The random term {.code ({text})} {problem}.",
    "i" = "Write it as {.code (1 + x | group)} with the variables' names."
  ), kind = "formula", variable = text, observed = text)
}

#' Terms object of the left-hand side
#' @return terms object, or NULL for the random intercept `1`.
#' @noRd
lhs_terms <- function(lhs) {
  if (is.numeric(lhs) && identical(as.numeric(lhs), 1)) return(NULL)
  result <- tryCatch(stats::terms.formula(call("~", lhs)), error = function(e) NULL)
  no_columns <- is.null(result) || (attr(result, "intercept") == 0L &&
    length(attr(result, "term.labels")) == 0L)
  if (no_columns) {
    text <- expression_text(lhs)
    abort(c(
      "The left-hand side {.code {text}} of a random term has no columns.",
      "i" = "Use {.code (1 | group)} for a random intercept,
             {.code (0 + x | group)} for a slope alone."
    ), kind = "formula", variable = text, observed = text)
  }
  if (length(attr(result, "term.labels")) == 0L) return(NULL)
  result
}

# --- grouping factors ---

#' Expand a grouping expression into grouping factors
#'
#' `a/b` is `a:b` and `a` (`b` is only meaningful within `a`); `a + b` is two factors, `a * b` these
#' and their interaction.
#' @return list of expressions without `/`, `+`, `*` or outer parentheses, factors as written.
#' @noRd
expand_group <- function(expr, bar) {
  if (is.symbol(expr)) {
    if (identical(expr, quote(.))) abort_group(expr, bar)
    return(list(expr))
  }
  if (!is.call(expr)) abort_group(expr, bar)
  name <- call_name(expr)
  binary <- length(expr) == 3L
  if (name == "(") return(expand_group(expr[[2L]], bar))
  if (name == "/" && binary) return(expand_nested(expr, bar))
  if (name == ":" && binary) return(expand_crossed(expr, bar))
  if (name == "+" && binary) {
    return(c(expand_group(expr[[2L]], bar), expand_group(expr[[3L]], bar)))
  }
  if (name == "*" && binary) {
    return(c(
      expand_group(expr[[2L]], bar), expand_group(expr[[3L]], bar), expand_crossed(expr, bar)
    ))
  }
  if (name %in% c(formula_operators, "|", "||")) abort_group(expr, bar)
  list(expr)
}

#' Does a grouping expression have a `/`, apart from arguments of functions?
#' @noRd
is_nested <- function(expr) {
  if (!is.call(expr) || !call_name(expr) %in% c("/", "(", ":", "+", "*")) return(FALSE)
  call_name(expr) == "/" || any(vapply(as.list(expr)[-1L], is_nested, TRUE))
}

#' `a/b`: every factor of `b` within the finest factor of `a`, then the factors of `a`
#' @noRd
expand_nested <- function(expr, bar) {
  outer <- expand_group(expr[[2L]], bar)
  if (any(c("+", "*") %in% all.names(expr[[2L]], functions = TRUE, unique = TRUE)) &&
        length(outer) > 1L && call_name(strip_parentheses(expr[[2L]])) != "/") {
    abort_group(expr, bar)
  }
  inner <- expand_group(expr[[3L]], bar)
  finest <- outer[[1L]]
  c(lapply(inner, function(factor) call(":", finest, factor)), outer)
}

#' @noRd
expand_crossed <- function(expr, bar) {
  left <- expand_group(expr[[2L]], bar)
  right <- expand_group(expr[[3L]], bar)
  pairs <- list()
  for (a in left) for (b in right) pairs <- c(pairs, list(call(":", a, b)))
  pairs
}

#' @noRd
abort_group <- function(expr, bar) {
  text <- expression_text(expr)
  whole <- expression_text(bar)
  abort(c(
    "{.code {text}} is not a grouping factor, in {.code ({whole})}.",
    "i" = "To the right of the bar stands a variable, {.code a:b} or {.code a/b}."
  ), kind = "formula", variable = text, observed = whole)
}

#' The factors of an interaction, from left to right
#' @return list of expressions; one element if `expr` is no interaction.
#' @noRd
interaction_parts <- function(expr) {
  if (is.call(expr) && identical(expr[[1L]], quote(`:`))) {
    return(c(interaction_parts(expr[[2L]]), interaction_parts(expr[[3L]])))
  }
  list(expr)
}

#' The interaction of factors: `c:b:a`, without parentheses
#' @noRd
interaction_of <- function(parts) Reduce(function(left, right) call(":", left, right), parts)

#' Name of a grouping factor as lme4 2.1 writes it: `"b:a"` for `a/b`, `"c:b:a"` for `c:(b:a)`, and
#' names that R cannot read in backticks, but not one alone
#' @noRd
group_text <- function(expr) {
  parts <- interaction_parts(expr)
  names <- vapply(parts, expression_text, "")
  if (length(parts) == 1L) return(names)
  # letters of any language are letters in every locale
  ascii <- gsub("[^ -~]", "a", enc2utf8(names))
  odd <- vapply(parts, is.symbol, TRUE) & make.names(ascii) != ascii
  names[odd] <- paste0("`", names[odd], "`")
  paste(names, collapse = ":")
}

# --- variables of all terms ---

#' Variables that random terms add to the model frame
#' @return list of expressions, each one a variable for `model.frame()`.
#' @noRd
random_variables <- function(terms) {
  variables <- list()
  for (term in terms) {
    lhs <- if (!is.null(term$terms)) as.list(attr(term$terms, "variables"))[-1L]
    variables <- c(variables, lhs, term$group_variables)
  }
  unique(variables)
}

#' Add variables as terms to the right-hand side of a formula
#' @noRd
add_variables <- function(formula, variables) {
  rhs <- formula[[3L]]
  for (variable in variables) rhs <- call("+", rhs, variable)
  formula[[3L]] <- rhs
  formula
}

# --- terms written back, and changed ---

# `(lhs | group)`, `(lhs || group)` for a diagonal term, or a call of the structure's wrapper.
random_term_call <- function(term) {
  term_call <- structure_call(term$structure, term$lhs, term$group, term$rank)
  if (is_bar(term_call)) call("(", term_call) else term_call
}

# The term with another left-hand side.
term_with <- function(term, labels, intercept, structure = term$structure) {
  parts <- c(list(if (intercept) 1 else 0), lapply(labels, str2lang))
  # `1 + x` is written as `x`, as most people do
  if (intercept && length(labels) > 0L) parts <- parts[-1L]
  lhs <- Reduce(function(left, right) call("+", left, right), parts)
  if (length(labels) == 0L) structure <- structure_of_bar("|")
  rank <- if (structure == term$structure) term$rank
  changed <- new_random_term(lhs, term$group, structure, rank)
  changed["contrasts"] <- term["contrasts"]
  changed$relationship <- term$relationship
  changed
}

# Parts of a left-hand side: "1" and the labels of its terms.
lhs_parts <- function(term) {
  if (is.null(term$terms)) return("1")
  c(if (attr(term$terms, "intercept") == 1L) "1", attr(term$terms, "term.labels"))
}
