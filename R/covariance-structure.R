# What covariance structures make of the parameters of a term: numbers, names, bounds, Lambda.

#' Number of parameters of a term
#'
#' @param term list with `structure` and `columns`, as in `design$random`.
#' @return integer.
#' @noRd
n_theta <- function(term) structure_cpp(structure_spec(term), numeric(), "n_parameters")

#' Names of theta, as lme4 gives them
#'
#' @param random list of terms in theta order.
#' @return character vector, e.g. `"Subject.(Intercept)"`, `"Subject.Days.(Intercept)"`,
#'   `"Subject.Days"`.
#' @noRd
theta_names <- function(random) {
  names <- lapply(random, function(term) {
    if (length(term$columns) == 1L && has_entries(term$structure)) {
      return(paste0(term$group, ".", term$columns))
    }
    paste0(term$group, ".", structure_labels(term))
  })
  unlist(names, use.names = FALSE)
}

#' Starting values of theta (every Lambda = I)
#' @return numeric vector, unnamed.
#' @noRd
theta_start <- function(random) {
  start <- lapply(random, function(term) structure_cpp(structure_spec(term), numeric(), "start"))
  as.double(unlist(start, use.names = FALSE))
}

#' Lower bounds of theta
#' @return numeric vector of 0 and -Inf, unnamed.
#' @noRd
theta_lower <- function(random) {
  lower <- lapply(random, function(term) {
    bounds <- covariance_structures[[term$structure]]$lower
    if (is.null(bounds)) rep(-Inf, n_theta(term)) else bounds(length(term$columns))
  })
  as.double(unlist(lower, use.names = FALSE))
}

# Upper bounds: those of correlations and the like.
theta_upper <- function(random) {
  upper <- lapply(random, function(term) {
    bounds <- covariance_structures[[term$structure]]$upper
    if (is.null(bounds)) rep(Inf, n_theta(term)) else bounds(length(term$columns))
  })
  as.double(unlist(upper, use.names = FALSE))
}

# Of each theta: is it a standard deviation, or an entry on the diagonal of Lambda?
is_deviation <- function(random) {
  own <- lapply(random, function(term) {
    if (has_entries(term$structure)) {
      at <- lambda_entries(term)
      return(at$row == at$column)
    }
    seq_len(n_theta(term)) <= structure_deviations(term$structure, term$columns)
  })
  as.logical(unlist(own, use.names = FALSE))
}

# Correlations and the like within what gives a covariance matrix, as the core takes them.
within_correlations <- function(theta, random) {
  first <- 0L
  for (term in random) {
    own <- first + seq_len(n_theta(term))
    first <- first + length(own)
    others <- own[!is_deviation(list(term))]
    if (has_entries(term$structure) || length(others) == 0L) next
    within <- structure_cpp(structure_spec(term), theta[own], "canonical")
    theta[others] <- within[others - own[1L] + 1L]
  }
  theta
}

# A correlation outside its bounds, of which the core would take the bound.
check_correlations <- function(theta, random, arg, kind = "argument") {
  within <- within_correlations(theta, random)
  outside <- abs(theta - within) > 1e-8 * pmax(1, abs(within))
  # a range within what its correlations have digits for
  outside <- outside & !(is.infinite(theta_upper(random)) & theta > 0)
  if (!any(outside)) return(invisible(NULL))
  first <- which(outside)[1L]
  value <- theta[[first]]
  lower <- signif(theta_lower(random)[first], 3L)
  upper <- theta_upper(random)[first]
  name <- theta_names(random)[first]
  apart <- value < lower || value > upper
  abort(c(
    if (!apart) {
      "The correlation {.val {name}} in {.arg {arg}} is {value}, which no covariance matrix has
       beside those before it."
    } else if (is.infinite(upper)) {
      "{.val {name}} in {.arg {arg}} must be positive, not {value}."
    } else {
      "The correlation {.val {name}} in {.arg {arg}} must be between {lower} and {upper}, not
       {value}."
    },
    "i" = "With a lower or higher one the covariance matrix has a negative variance."
  ), kind = kind, variable = sub("[$].*", "", arg), observed = value)
}

#' Lambda of one term
#'
#' @param term list with `structure`, `columns` and `theta_index`.
#' @param theta numeric: the whole theta of the model.
#' @return v x v lower-triangular matrix, without dimnames.
#' @noRd
lambda_matrix <- function(term, theta) {
  structure_cpp(structure_spec(term), as.double(theta[term$theta_index]), "factor")
}

#' Derivatives of one term's Lambda Lambda' by its parameters
#'
#' @param by "theta"; or "variances": the squares of standard deviations in their place, elements of
#'   the matrix itself where theta are entries of Lambda.
#' @return list of v x v matrices; zero for a correlation at its bound.
#' @noRd
covariance_derivatives <- function(term, theta, by = "theta") {
  structure_cpp(structure_spec(term), as.double(theta[term$theta_index]), paste0("by_", by))
}

#' Standard deviation of each effect given those before it, over its own
#'
#' Of a term whose theta has no entries of Lambda: zero where correlations leave nothing of it.
#' @return numeric, one for each column with a variance.
#' @noRd
conditional_shares <- function(term, theta) {
  factor <- lambda_matrix(term, theta)
  own <- sqrt(rowSums(factor^2))
  rank <- term$settings$rank
  if (!is.null(rank)) {
    # of one of less than full rank: the smallest share that its dimensions have
    values <- svd(factor[own > 0, , drop = FALSE] / own[own > 0], 0L, 0L)$d[seq_len(rank)]
    return(values / max(1, values[1L], na.rm = TRUE))
  }
  (abs(diag(factor)) / own)[own > 0]
}

#' Give every term its positions in theta
#' @return `random` with `theta_index` (integer vector) in each term.
#' @noRd
index_theta <- function(random) {
  last <- 0L
  for (i in seq_along(random)) {
    size <- n_theta(random[[i]])
    random[[i]]$theta_index <- last + seq_len(size)
    last <- last + size
  }
  random
}

#' Row and column in Lambda of each parameter of a term
#'
#' An error where parameters are no entries of Lambda: whoever asks knows no other ones.
#' @return list(`row`, `column`), integers.
#' @noRd
lambda_entries <- function(term) {
  require_entries(term)
  at <- covariance_structures[[term$structure]]$entries(length(term$columns))
  list(row = at[, 1L], column = at[, 2L])
}

require_entries <- function(term) {
  if (has_entries(term$structure)) return(invisible(NULL))
  abort(c(
    "This is not available yet for a model with the random term {.code {term$text}}.",
    "i" = "Use an unstructured term {.code |} or a diagonal one {.code ||} for it."
  ), kind = "unsupported", variable = term$structure, observed = term$text)
}

#' Parameters of the Lambda with Lambda Lambda' = FF'
#' @param F v x k matrix.
#' @noRd
factor_parameters <- function(F, structure) covariance_structures[[structure]]$parameters(F)

#' Theta with signs as the core gives them
#'
#' Each column of Lambda may change its sign without changing the model.
#' @noRd
canonical_signs <- function(theta, random) {
  for (term in random) {
    if (!has_entries(term$structure)) next
    at <- lambda_entries(term)
    own <- theta[term$theta_index]
    negative <- at$column[at$row == at$column & own < 0]
    flipped <- at$column %in% negative
    theta[term$theta_index[flipped]] <- -own[flipped]
  }
  theta
}

#' What the core is told of a term's structure
#'
#' @param first number of columns before those of the term in its block.
#' @return list(`name`, `columns` (positions in the block), `parameters` (positions in theta),
#'   `data` (the precision of the levels, NULL where they are independent), `settings`
#'   (NULL, or list(`positions`: matrix, a row for each column)), read by name in src/convert.cpp.
#' @noRd
structure_spec <- function(term, first = 0L) {
  list(
    name = term$structure, columns = first + seq_along(term$columns),
    parameters = term$theta_index, data = term$relationship$lower, settings = term$settings
  )
}

# Matrix that takes the lower triangle by columns of G to that of M G M'.
congruence <- function(M) {
  to <- which(lower_triangle(nrow(M)), arr.ind = TRUE)
  from <- which(lower_triangle(ncol(M)), arr.ind = TRUE)
  direct <- M[to[, 1L], from[, 1L], drop = FALSE] * M[to[, 2L], from[, 2L], drop = FALSE]
  swapped <- M[to[, 1L], from[, 2L], drop = FALSE] * M[to[, 2L], from[, 1L], drop = FALSE]
  direct + swapped * rep(from[, 1L] != from[, 2L], each = nrow(to))
}

# --- standard deviations and correlations ---

#' The standard deviations and correlations that theta stands for
#'
#' @return data frame in the order of theta: `label` ("sd_(Intercept)|Subject",
#'   "cor_Days.(Intercept)|Subject"), `kind` ("sd", "correlation"), `theta` (its position), `row`,
#'   `column` (within the term), `term` (its position), `coefficient` (NA).
#' @noRd
variance_parameters <- function(random) {
  if (length(random) == 0L) {
    return(data.frame(
      label = character(0L), kind = character(0L), theta = integer(0L), row = integer(0L),
      column = integer(0L), term = integer(0L), coefficient = integer(0L)
    ))
  }
  table <- do.call(rbind, lapply(seq_along(random), term_parameters, random = random))
  table[order(table$theta), ]
}

# Of the entries of an unstructured or diagonal matrix: the row and column that each theta belongs
# to. Of other structures: the standard deviations come first, then correlations of all columns.
term_parameters <- function(position, random) {
  term <- random[[position]]
  if (has_entries(term$structure)) {
    at <- lambda_entries(term)
    row <- at$row
    column <- at$column
    is_deviation <- row == column
    label <- term$columns[row]
    label[!is_deviation] <- paste0(label, ".", term$columns[column])[!is_deviation]
  } else {
    label <- structure_labels(term)
    is_deviation <- seq_along(label) <= structure_deviations(term$structure, term$columns)
    row <- column <- seq_along(label)
  }
  other <- if (is.null(term$settings$rank)) "correlation" else "loading"
  kind <- ifelse(is_deviation, "sd", other)
  data.frame(
    label = paste0(c(sd = "sd_", correlation = "cor_", loading = "loading_")[kind], label, "|",
      term$group
    ),
    kind = kind, theta = term$theta_index, row = row,
    column = column, term = position, coefficient = NA_integer_
  )
}
