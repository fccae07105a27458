# Are two summaries of the same model, so that their sums mean the same?

check_same_model <- function(x, y) {
  refuse <- function(what, a, b) {
    text <- function(value) {
      if (is.character(value)) value else paste(deparse(value, nlines = 3L), collapse = " ")
    }
    abort(c("Cross-products of different models cannot be added: {what} differ.",
      "x" = "{.val {text(a)}} and {.val {text(b)}}"
    ), kind = "cross_products", observed = list(a, b))
  }
  questions <- list(
    "the formulas" = function(one) expression_text(one$parsed$formula),
    "weights" = function(one) expression_text(one$call$weights %||% "none"),
    "offsets" = function(one) expression_text(one$call$offset %||% "none"),
    "the columns of the fixed effects" = function(one) one$columns,
    "levels of factors of the fixed part" = function(one) one$xlevels,
    "levels of factors of left-hand sides" = function(one) own_of_terms(one, "xlevels"),
    "the columns of the random effects" = function(one) own_of_terms(one, "columns"),
    "contrasts" = function(one) one$contrasts[sort(names(one$contrasts))],
    "types of variables" = function(one) plain_type(one$types[sort(names(one$types))]),
    "bases of terms such as poly() or scale()" = function(one) {
      list(attr(one$terms, "predvars"), lapply(own_of_terms(one, "terms"), attr, "predvars"))
    },
    "values or functions from outside the data" = function(one) one$outside,
    "relationships" = function(one) own_of_terms(one, "relationship")
  )
  for (what in names(questions)) {
    a <- questions[[what]](x)
    b <- questions[[what]](y)
    if (!isTRUE(all.equal(a, b, tolerance = 1e-12))) refuse(what, a, b)
  }
}

# A field of each random term, by its text.
own_of_terms <- function(x, field) {
  texts <- vapply(x$random, `[[`, "", "text")
  groups <- vapply(x$random, `[[`, "", "group")
  lapply(stats::setNames(x$random, paste(texts, groups)), `[[`, field)[order(texts, groups)]
}

# --- what the formula uses that is no data ---

# Values and functions of one's own, as text: what they were when the rows were added up.
outside_values <- function(x) {
  own <- as.list(new_home(x, environment(attr(x$skeleton, "terms"))), sorted = TRUE)
  lapply(own, function(value) if (is.function(value)) deparse(value) else value)
}

# An environment with what the formula uses and the data do not have.
new_home <- function(x, home) {
  given <- as.list(x$call)[c("weights", "offset", "subset")]
  names <- unique(c(all.names(x$parsed$formula), unlist(lapply(given, all.names))))
  own <- new.env(parent = globalenv())
  copy_names(setdiff(names, names(x$types)), home, own)
  own
}

# Single values, functions of one's own, and what these use.
copy_names <- function(names, from, to) {
  for (name in setdiff(names, ls(to, all.names = TRUE))) {
    where <- environment_of(name, from)
    if (is.null(where)) next
    value <- get(name, where)
    if (is.atomic(value) && length(value) < 100L) assign(name, value, to)
    if (!is.function(value) || is.primitive(value)) next
    defined <- environment(value)
    attr(value, "srcref") <- NULL
    environment(value) <- to
    assign(name, value, to)
    used <- c(all.names(body(value)), unlist(lapply(formals(value), all.names)))
    copy_names(unique(used), defined, to)
  }
}

# Where a name is defined, if not by a package.
environment_of <- function(name, env) {
  while (!identical(env, emptyenv())) {
    if (isNamespace(env) || !is.null(attr(env, "path")) || identical(env, baseenv())) return(NULL)
    if (exists(name, env, inherits = FALSE)) return(env)
    env <- parent.env(env)
  }
  NULL
}
