# Covariance structures of random terms: one table, one row each. Nothing else in R knows them by
# name.
#
# A term with v columns has Cov(b) = sigma^2 Lambda Lambda', Lambda a lower-triangular v x v matrix
# that is a function of the term's parameters theta. Each row of the table gives
#   bar                how the term is written with a bar; NULL where only a wrapper says it
#   wrapper            name and `hom` of the function around the bar that says it; of rows with the
#                      same name the first one is meant without `hom`
#   has_covariances    may effects of different columns depend on each other? If not, they are terms
#                      of their own but for the name: printed, removed and counted one by one
#   one_deviation      do all columns have one standard deviation? It is printed once then
#   one_correlation    name of the pattern that one correlation, of the first two columns, gives;
#                      NULL where correlations are printed pair by pair
#   lower(v)           lower bounds (0 on the diagonal of Lambda, -Inf elsewhere)
#   labels(columns)    names of the parameters, without the grouping factor
#   entries(v)         row and column of each parameter in Lambda; NULL if parameters are none
#   parameters(F)      those of the Lambda with Lambda Lambda' = FF', F any v x k matrix; likewise
# Its name is that of the core, which has the rest: number of parameters, start, Lambda. A new
# structure is a new row here and a C++ file under src/core/covariance.

covariance_structures <- list(
  us = list(
    bar = "|",
    wrapper = list(name = "us", hom = FALSE),
    has_covariances = TRUE,
    lower = function(v) {
      bound <- rep(-Inf, v * (v + 1L) / 2L)
      bound[diagonal_places(v)] <- 0
      bound
    },
    labels = function(columns) {
      v <- length(columns)
      row <- .row(c(v, v))
      column <- .col(c(v, v))
      lower <- row >= column
      labels <- paste0(columns[row[lower]], ".", columns[column[lower]])
      labels[diagonal_places(v)] <- columns
      labels
    },
    entries = function(v) which(lower_triangle(v), arr.ind = TRUE),
    parameters = function(F) {
      v <- nrow(F)
      R <- qr.R(qr(t(F), LAPACK = FALSE, tol = 0))
      lambda <- matrix(0, v, v)
      lambda[, seq_len(nrow(R))] <- t(R * ifelse(diag(R) < 0, -1, 1))
      lambda[lower_triangle(v)]
    }
  ),
  diag = list(
    bar = "||",
    wrapper = list(name = "diag", hom = FALSE),
    has_covariances = FALSE,
    lower = function(v) rep(0, v),
    labels = function(columns) columns,
    entries = function(v) cbind(seq_len(v), seq_len(v)),
    parameters = function(F) sqrt(rowSums(F^2))
  ),
  cs = list(
    wrapper = list(name = "cs", hom = FALSE),
    has_covariances = TRUE,
    one_correlation = "cs",
    lower = function(v) c(rep(0, v), if (v > 1L) -1 / (v - 1)),
    labels = function(columns) with_rho(columns, columns)
  ),
  homcs = list(
    wrapper = list(name = "cs", hom = TRUE),
    has_covariances = TRUE,
    one_deviation = TRUE,
    one_correlation = "cs",
    lower = function(v) c(0, if (v > 1L) -1 / (v - 1)),
    labels = function(columns) with_rho("*", columns)
  ),
  ar1 = list(
    wrapper = list(name = "ar1", hom = TRUE),
    has_covariances = TRUE,
    one_deviation = TRUE,
    one_correlation = "ar1",
    lower = function(v) c(0, if (v > 1L) -1),
    labels = function(columns) with_rho("*", columns)
  ),
  hetar1 = list(
    wrapper = list(name = "ar1", hom = FALSE),
    has_covariances = TRUE,
    one_correlation = "ar1",
    lower = function(v) c(rep(0, v), if (v > 1L) -1),
    labels = function(columns) with_rho(columns, columns)
  )
)

# Labels of standard deviations and of the correlation that several columns have.
with_rho <- function(deviations, columns) c(deviations, if (length(columns) > 1L) "rho")

# Covariance structures that other packages know and this one does not (yet).
unsupported_structures <- c(
  "homcs", "hetcs", "hetar1", "homar1", "toep", "homtoep", "hettoep", "rr", "ou",
  "exp", "gau", "mat", "homdiag", "propto", "equalto", "kin", "gr"
)

# --- words ---

# Names of functions around a bar that say a structure.
structure_wrappers <- function() {
  unique(vapply(covariance_structures, function(row) row$wrapper$name, "", USE.NAMES = FALSE))
}

# The structure that a wrapper means; NA if it has no such one.
structure_of_wrapper <- function(name, hom = NULL) {
  fits <- vapply(covariance_structures, function(row) {
    row$wrapper$name == name && (is.null(hom) || row$wrapper$hom == hom)
  }, TRUE)
  names(covariance_structures)[fits][1L]
}

# A random term in R's language: `lhs | group`, or `cs(lhs | group, hom = TRUE)`.
structure_call <- function(structure, lhs, group) {
  row <- covariance_structures[[structure]]
  if (!is.null(row$bar)) return(call(row$bar, lhs, group))
  wrapped <- call(row$wrapper$name, call("|", lhs, group))
  if (structure != structure_of_wrapper(row$wrapper$name)) wrapped$hom <- row$wrapper$hom
  wrapped
}

# The same as text, given that of its sides.
structure_text <- function(structure, lhs, group) {
  row <- covariance_structures[[structure]]
  if (!is.null(row$bar)) return(paste(lhs, row$bar, group))
  option <- structure_call(structure, 1, 1)$hom
  option <- if (is.null(option)) "" else paste0(", hom = ", option)
  paste0(row$wrapper$name, "(", lhs, " | ", group, option, ")")
}

# Is each parameter an entry of Lambda?
has_entries <- function(structure) !is.null(covariance_structures[[structure]]$entries)

# Bars by structure, "" where there is none, found once.
structure_bars <- vapply(covariance_structures, function(row) row$bar %||% "", "")

# The structure that "|" or "||" stands for.
structure_of_bar <- function(bar) names(structure_bars)[match(bar, structure_bars)]

has_covariances <- function(structure) covariance_structures[[structure]]$has_covariances

has_one_deviation <- function(structure) {
  isTRUE(covariance_structures[[structure]]$one_deviation)
}

one_correlation <- function(structure) covariance_structures[[structure]]$one_correlation

# Names of a term's parameters, and how many of those that are no entries of Lambda are standard
# deviations: they come first.
structure_labels <- function(structure, columns) covariance_structures[[structure]]$labels(columns)

structure_deviations <- function(structure, columns) {
  if (has_one_deviation(structure)) 1L else length(columns)
}

# --- parameters ---

#' @return v x v logical matrix, TRUE on and below the diagonal.
#' @noRd
lower_triangle <- function(v) .row(c(v, v)) >= .col(c(v, v))

# Places of the diagonal in the lower triangle by columns.
diagonal_places <- function(v) {
  j <- seq_len(v)
  (j - 1L) * (2L * v - j + 2L) / 2L + 1L
}

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
    paste0(term$group, ".", covariance_structures[[term$structure]]$labels(term$columns))
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
    covariance_structures[[term$structure]]$lower(length(term$columns))
  })
  as.double(unlist(lower, use.names = FALSE))
}

# Upper bounds: 1 for correlations, which are what has a lower bound other than zero.
theta_upper <- function(random) {
  lower <- theta_lower(random)
  ifelse(is.finite(lower) & lower < 0, 1, Inf)
}

# Correlations outside their bounds at the bound, as the core takes them.
within_correlations <- function(theta, random) {
  upper <- theta_upper(random)
  pmin(ifelse(upper == 1, pmax(theta, theta_lower(random)), theta), upper)
}

# A correlation outside its bounds, of which the core would take the bound.
check_correlations <- function(theta, random, arg, kind = "argument") {
  lower <- theta_lower(random)
  upper <- theta_upper(random)
  outside <- upper == 1 & (theta < lower - 1e-8 | theta > 1 + 1e-8)
  if (!any(outside)) return(invisible(NULL))
  first <- which(outside)[1L]
  value <- theta[[first]]
  abort(c(
    "The correlation {.val {theta_names(random)[first]}} in {.arg {arg}} must be between
     {signif(lower[first], 3L)} and 1, not {value}.",
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

#' Standard deviation of each effect given those before it, over its own
#'
#' Of a term whose theta has no entries of Lambda: zero where correlations leave nothing of it.
#' @return numeric, one for each column with a variance.
#' @noRd
conditional_shares <- function(term, theta) {
  factor <- lambda_matrix(term, theta)
  own <- sqrt(rowSums(factor^2))
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
#'   `data` (the precision of the levels, NULL where they are independent)), read by
#'   name in src/convert.cpp.
#' @noRd
structure_spec <- function(term, first = 0L) {
  list(
    name = term$structure, columns = first + seq_along(term$columns),
    parameters = term$theta_index, data = term$relationship$lower
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
    label <- structure_labels(term$structure, term$columns)
    is_deviation <- seq_along(label) <= structure_deviations(term$structure, term$columns)
    row <- column <- seq_along(label)
  }
  data.frame(
    label = paste0(ifelse(is_deviation, "sd_", "cor_"), label, "|", term$group),
    kind = ifelse(is_deviation, "sd", "correlation"), theta = term$theta_index, row = row,
    column = column, term = position, coefficient = NA_integer_
  )
}
