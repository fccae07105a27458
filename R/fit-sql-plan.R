# Which sums a model needs of a database, and by what they are grouped.
#
# Within a cell, a combination of levels of the factors among the columns, every column of X and z
# is a multiple of a product of numbers (a monomial). With numbers about centres, products become
# sums over their subsets: the basis. All cross-products follow from sums of products of two basis
# elements, by cell; those of random effects by cell and level, or pair of levels.

#' The variables of a model as SQL, by the role that they have
#'
#' @param frame model frame of some rows, from `piece_frame()`; `to` translator.
#' @return list(`numbers` (list of list(`sql`, `name` (column of the frame), `column` (of a matrix,
#'   or NA)), the response first), `keys` (list by name of list(`sql`, `name`, `coded`, `factor`):
#'   what rows are grouped by), `weight` (SQL or NULL), `offset` (SQL or NULL), `filter` (SQL)).
#' @noRd
plan_variables <- function(parsed, frame, call, to) {
  terms <- attr(frame, "terms")
  expressions <- as.list(attr(terms, "variables"))[-1L]
  names(expressions) <- variable_names(terms)
  offsets <- names(expressions)[attr(terms, "offset")]
  coded <- contrast_variables(parsed, frame)
  columns <- setdiff(intersect(model_columns(parsed, frame), names(expressions)), coded)
  groups <- unique(unlist(lapply(parsed$random, function(term) {
    vapply(term$group_variables, column_name, "")
  })))
  numeric <- setdiff(columns, c(offsets, names(expressions)[1L]))
  numbers <- c(
    list(list(sql = as_number(expressions[[1L]], to), name = names(expressions)[1L], column = NA)),
    unlist(lapply(numeric, function(name) plan_number(name, expressions[[name]], to)),
      recursive = FALSE
    )
  )
  keys <- lapply(stats::setNames(nm = union(coded, groups)), function(name) {
    c(plan_key(expressions[[name]], to), name = name, coded = name %in% coded)
  })
  given <- as.list(call)[c("weights", "offset", "subset")]
  all_offsets <- c(expressions[offsets], given["offset"])
  all_offsets <- vapply(Filter(Negate(is.null), all_offsets), as_number, "", to)
  weight <- if (!is.null(given$weights)) as_number(given$weights, to)
  present <- c(
    vapply(numbers, `[[`, "", "sql"), vapply(keys, `[[`, "", "sql"), all_offsets, weight
  )
  list(
    numbers = numbers, keys = keys, weight = weight,
    offset = if (length(all_offsets) > 0L) paste(all_offsets, collapse = " + "),
    filter = plan_filter(unname(present), given$subset, to),
    subset = if (!is.null(given$subset)) as_condition(given$subset, to)
  )
}

plan_number <- function(name, expr, to) {
  if (is.call(expr) && call_name(expr) == "poly") return(plan_poly(name, expr, to))
  list(list(sql = as_number(expr, to), name = name, column = NA))
}

# poly(x, k, raw = TRUE), a matrix of powers.
plan_poly <- function(name, expr, to) {
  matched <- match.call(stats::poly, expr)
  known <- setequal(names(matched)[-1L], c("x", "degree", "raw")) ||
    (setequal(names(matched)[-1L], c("x", "", "raw")) && length(matched) == 4L)
  if (!known || !isTRUE(matched$raw)) abort_untranslatable(expr)
  degree <- matched$degree %||% matched[[which(names(matched) == "")[2L]]]
  degree <- tryCatch(eval(degree, to$env), error = function(e) NULL)
  if (!is_whole(degree)) abort_untranslatable(expr)
  x <- as_number(matched$x, to)
  lapply(seq_len(degree), function(k) list(sql = raised(x, k, to), name = name, column = k))
}

raised <- function(x, k, to) {
  if (k == 1L) return(x)
  if (k == 2L) return(paste0("(", x, " * ", x, ")"))
  paste0("POWER(", x, ", ", sql_number(k, to), ")")
}

is_whole <- function(x) is.numeric(x) && length(x) == 1L && !is.na(x) && x >= 1 && x == round(x)

# What rows are grouped by, as the database has it: labels are R's.
plan_key <- function(expr, to) {
  factor <- is.call(expr) && call_name(expr) %in% c("factor", "as.factor")
  if (factor) {
    if (length(expr) != 2L) abort_untranslatable(expr)
    expr <- expr[[2L]]
  }
  own <- translate(expr, to)
  if (is.symbol(expr) && own$type == "number") own$sql <- to$quote_name(as.character(expr))
  list(sql = own$sql, factor = factor, type = own$type)
}

# Rows that are used. `subset` is asked first: what it leaves out may be no argument of a logarithm.
plan_filter <- function(present, subset, to) {
  present <- paste(paste(unique(present), "IS NOT NULL"), collapse = " AND ")
  if (is.null(subset)) return(present)
  otherwise <- to$dialect$truth(FALSE)
  paste0("CASE WHEN ", as_condition(subset, to), " THEN ", present, " ELSE ", otherwise, " END")
}

unique_groups <- function(parsed) {
  names <- vapply(parsed$random, `[[`, "", "group_name")
  lapply(unique(names), function(name) parsed$random[names == name])
}

#' The sums there are to ask for
#' @return list(`groups` (of `unique_groups()`), `basis` (of all columns), `x`, `z` (by group; all
#'   begin with 1), `coded` (names of keys), `x_coded`, `z_coded` (by group)).
#' @noRd
basis_plan <- function(parsed, frame, variables) {
  coded <- names(Filter(function(key) key$coded, variables$keys))
  fixed <- attr(frame, "fixed_terms")
  numbers <- variables$numbers
  groups <- unique_groups(parsed)
  x <- term_monomials(fixed, numbers)
  z <- lapply(groups, function(group) {
    close_monomials(unlist(lapply(group, function(term) term_monomials(term$terms, numbers)),
      recursive = FALSE
    ))
  })
  list(
    groups = groups,
    basis = close_monomials(c(x, unlist(z, recursive = FALSE))), x = close_monomials(x), z = z,
    coded = coded, x_coded = intersect(coded, variable_names(fixed)),
    z_coded = lapply(groups, function(group) {
      names <- unlist(lapply(group, function(term) {
        if (!is.null(term$terms)) variable_names(term$terms)
      }))
      intersect(coded, names)
    })
  )
}

# Text by which cells are told apart, the same for what the database and the frame have.
key_texts <- function(columns, n) {
  if (length(columns) == 0L) return(rep("", n))
  texts <- lapply(columns, function(column) {
    if (is.factor(column)) level_labels(column)[column] else grouping_labels(column)
  })
  join_texts(texts, "\r")
}

# --- basis ---

#' The monomials of the columns of a terms object: each an increasing vector of positions in
#' `numbers`
#' @param terms NULL for a column of ones.
#' @noRd
term_monomials <- function(terms, numbers) {
  if (is.null(terms)) return(list(integer(0L)))
  names <- vapply(numbers, `[[`, "", "name")
  factors <- attr(terms, "factors")
  own <- if (attr(terms, "intercept") == 1L) list(integer(0L)) else list()
  for (label in seq_along(attr(terms, "term.labels"))) {
    variables <- variable_names(terms)[factors[, label] > 0L]
    positions <- lapply(variables, function(variable) {
      at <- which(names[-1L] == variable) + 1L
      if (length(at) > 0L) at
    })
    positions <- Filter(Negate(is.null), positions)
    if (length(positions) == 0L) positions <- list(0L)
    grid <- expand.grid(positions)
    own <- c(own, lapply(seq_len(nrow(grid)), function(i) {
      at <- unlist(grid[i, ], use.names = FALSE)
      sort(at[at > 0L])
    }))
  }
  unique(own)
}

# All subsets of monomials, the empty one first.
close_monomials <- function(monomials) {
  subsets <- function(set) {
    if (length(set) == 0L) return(list(integer(0L)))
    rest <- subsets(set[-1L])
    c(rest, lapply(rest, function(one) sort(c(set[1L], one))))
  }
  all <- unique(c(list(integer(0L)), unlist(lapply(monomials, subsets), recursive = FALSE)))
  all[order(lengths(all))]
}

# The distinct products of elements of two bases: list(`products` (sorted positions, with
# repetitions), `number` (matrix: which of them)).
basis_products <- function(left, right) {
  texts <- outer(seq_along(left), seq_along(right), Vectorize(function(i, j) {
    paste(sort(c(left[[i]], right[[j]])), collapse = ",")
  }))
  distinct <- unique(as.vector(texts))
  list(
    products = lapply(strsplit(distinct, ",", fixed = TRUE), as.integer),
    number = matrix(match(texts, distinct), length(left), length(right))
  )
}
