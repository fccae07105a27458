# Covariance structures of random terms: one table, one row each.
#
# A term with v columns has Cov(b) = sigma^2 Lambda Lambda', Lambda a lower-triangular v x v matrix
# that is a function of the term's parameters theta. Each row of the table gives
#   n_parameters(v)    number of parameters
#   start(v)           starting values (Lambda = I)
#   lower(v)           lower bounds (0 on the diagonal of Lambda, -Inf elsewhere)
#   labels(columns)    names of the parameters, without the grouping factor
#   lambda(theta, v)   Lambda
#   counts_apart       is each scalar component a term of its own in the check of the number of
#                      random effects?
# A new structure is a new row here and a C++ file under src/core.

covariance_structures <- list(
  us = list(
    n_parameters = function(v) v * (v + 1L) / 2L,
    start = function(v) diag(v)[lower_triangle(v)],
    lower = function(v) {
      bound <- rep(-Inf, v * (v + 1L) / 2L)
      bound[diag(v)[lower_triangle(v)] == 1] <- 0
      bound
    },
    labels = function(columns) {
      v <- length(columns)
      lower <- lower_triangle(v)
      row <- .row(c(v, v))[lower]
      column <- .col(c(v, v))[lower]
      labels <- paste0(columns[row], ".", columns[column])
      labels[row == column] <- columns
      labels
    },
    lambda = function(theta, v) {
      lambda <- matrix(0, v, v)
      lambda[lower_triangle(v)] <- theta
      lambda
    },
    counts_apart = FALSE
  ),
  diag = list(
    n_parameters = function(v) v,
    start = function(v) rep(1, v),
    lower = function(v) rep(0, v),
    labels = function(columns) columns,
    lambda = function(theta, v) diag(theta, nrow = v),
    counts_apart = TRUE
  )
)

#' @return v x v logical matrix, TRUE on and below the diagonal.
#' @noRd
lower_triangle <- function(v) .row(c(v, v)) >= .col(c(v, v))

#' Number of parameters of a term
#'
#' @param term list with `structure` and `columns`, as in `design$random`.
#' @return integer.
#' @noRd
n_theta <- function(term) {
  as.integer(covariance_structures[[term$structure]]$n_parameters(length(term$columns)))
}

#' Names of theta, as lme4 gives them
#'
#' @param random list of terms in theta order.
#' @return character vector, e.g. `"Subject.(Intercept)"`, `"Subject.Days.(Intercept)"`,
#'   `"Subject.Days"`.
#' @noRd
theta_names <- function(random) {
  names <- lapply(random, function(term) {
    if (length(term$columns) == 1L) return(paste0(term$group, ".", term$columns))
    paste0(term$group, ".", covariance_structures[[term$structure]]$labels(term$columns))
  })
  unlist(names, use.names = FALSE)
}

#' Starting values of theta (every Lambda = I)
#' @return numeric vector, unnamed.
#' @noRd
theta_start <- function(random) {
  start <- lapply(random, function(term) {
    covariance_structures[[term$structure]]$start(length(term$columns))
  })
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

#' Lambda of one term
#'
#' @param term list with `structure`, `columns` and `theta_index`.
#' @param theta numeric: the whole theta of the model.
#' @return v x v lower-triangular matrix, without dimnames.
#' @noRd
lambda_matrix <- function(term, theta) {
  slice <- unname(theta[term$theta_index])
  covariance_structures[[term$structure]]$lambda(slice, length(term$columns))
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

# Covariance structures that other packages know and this one does not (yet).
unsupported_structures <- c(
  "cs", "homcs", "hetcs", "ar1", "hetar1", "homar1", "toep", "homtoep", "hettoep", "rr", "ou",
  "exp", "gau", "mat", "homdiag", "propto", "equalto", "kin", "gr"
)

# Row and column in Lambda of each parameter of a term.
lambda_entries <- function(term) {
  v <- length(term$columns)
  if (term$structure == "diag") return(list(row = seq_len(v), column = seq_len(v)))
  at <- which(lower_triangle(v), arr.ind = TRUE)
  list(row = at[, 1L], column = at[, 2L])
}
