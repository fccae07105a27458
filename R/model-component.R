# Named pieces of a fit, one small function for each.
#
# Notation: n observations, p kept columns of X, q random effects, k random terms. Term t has v_t
# columns and J_t levels; Z, b, u and Lambda run term by term, within a term level by level.

#' A component of a fit by name
#'
#' @param fit A fit by [lmm()].
#' @param name One string, or several, or `"ALL"`. One of
#'   \describe{
#'   \item{X, Z, Zt}{model matrices: n x p numeric; n x q and q x n sparse (`dgCMatrix`)}
#'   \item{Ztlist, mmList}{lists, one matrix for each random column (J x n sparse) and for each
#'   term (n x v dense)}
#'   \item{Lambda, Lambdat, Tlist}{relative covariance factor, q x q sparse lower triangular; its
#'   transpose; its v x v templates, one for each term}
#'   \item{theta, lower}{covariance parameters, their lower bounds}
#'   \item{beta, fixef, sigma}{fixed effects without and with names; residual standard deviation}
#'   \item{u, b}{spherical and natural conditional modes, numeric q}
#'   \item{y, mu, offset, weights}{response, fitted values, offset (zeros), weights (ones),
#'   numeric n}
#'   \item{L, RX, RZX}{Cholesky factors: of \eqn{\Lambda' Z' W Z \Lambda + I}{Lambda' Z' W Z Lambda
#'   + I}, fill-reducing (Matrix's `CHMfactor`); of \eqn{X' V^{-1} X}, p x p upper triangular; q x p
#'   off-diagonal block}
#'   \item{flist, cnms, Gp}{grouping factors (data frame, attribute `assign`); column names for
#'   each term; first row of each term in \eqn{b}, from 0}
#'   \item{n, N, p, q, k, n_rtrms, n_rfacs}{counts; `N` rows of the frame, `k` and `n_rtrms`
#'   terms, `n_rfacs` grouping factors}
#'   \item{p_i, l_i, q_i, m_i}{for each term: columns, levels (by factor), random effects,
#'   covariance parameters; `m` their sum}
#'   \item{REML, is_REML, devcomp}{the value p or 0; logical; list of `cmp` (log determinants,
#'   sums of squares, criterion) and `dims`}
#'   }
#' @param ... Nothing; an argument that is not known is an error.
#' @return The component; with several names a named list.
#' @section Errors: `henderson_error_argument` for a name that does not exist,
#'   `henderson_error_data` when the fit does not hold its model frame and it is needed.
#' @source Names and meaning as in Bates, Maechler, Bolker and Walker (2015), *Journal of
#'   Statistical Software* 67(1), tables 3 to 5.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' component(fit, "theta")
#' dim(component(fit, "Z"))
#' component(fit, c("n", "p", "q"))
#' @export
component <- function(fit, name, ...) {
  check_no_dots(...)
  check_fit(fit)
  check_supplied(name)
  known <- names(component_functions)
  if (!is.character(name) || length(name) == 0L || anyNA(name)) {
    given <- describe_value(name)
    abort("{.arg name} must be one or more strings, not {given}.",
      kind = "argument", variable = "name", observed = given
    )
  }
  if (identical(name, "ALL")) {
    name <- known
  }
  unknown <- setdiff(name, known)
  if (length(unknown) > 0L) {
    abort(c(
      "{.arg name} must name components of a fit.",
      "x" = "Not one of them: {.val {unknown}}.",
      "i" = suggestion(unknown[1L], known) %||% "They are {.val {known}}."
    ), kind = "argument", variable = "name", observed = unknown)
  }
  values <- lapply(stats::setNames(name, name), function(one) component_functions[[one]](fit))
  if (length(values) == 1L) values[[1L]] else values
}

# Each function takes the fit and returns what `component()` documents.
component_functions <- list(
  X = function(fit) fixed_matrix(fit),
  Z = function(fit) random_effects_matrix(fit),
  Zt = function(fit) Matrix::t(random_effects_matrix(fit)),
  Ztlist = function(fit) transposed_columns(fit),
  mmList = function(fit) term_matrices(fit),
  Lambda = function(fit) relative_factor_matrix(fit),
  Lambdat = function(fit) {
    lambda <- relative_factor_matrix(fit)
    Matrix::t(lambda)
  },
  Tlist = function(fit) by_group(fit, function(term) lambda_matrix(term, fit$theta)),
  theta = function(fit) fit$theta,
  lower = function(fit) stats::setNames(theta_lower(fit$random), names(fit$theta)),
  beta = function(fit) unname(fit$beta),
  fixef = function(fit) fit$beta,
  sigma = function(fit) fit$sigma,
  u = function(fit) spherical_modes(fit),
  b = function(fit) unlist(lapply(fit$b, as.vector)),
  y = function(fit) model_response(fit),
  mu = function(fit) unname(fit$fitted),
  offset = function(fit) fit$offset %||% numeric(length(fit$fitted)),
  weights = function(fit) fit$weights %||% rep(1, length(fit$fitted)),
  L = function(fit) random_cholesky(fit),
  RX = function(fit) fixed_cholesky(fit),
  RZX = function(fit) off_diagonal_cholesky(fit),
  flist = function(fit) grouping_factors(fit),
  cnms = function(fit) by_group(fit, `[[`, "columns"),
  Gp = function(fit) c(0L, cumsum(unname(term_sizes(fit)))),
  n = function(fit) as.integer(fit$n),
  N = function(fit) length(fit$fitted),
  p = function(fit) length(fit$beta),
  q = function(fit) sum(term_sizes(fit)),
  k = function(fit) length(fit$random),
  n_rtrms = function(fit) length(fit$random),
  n_rfacs = function(fit) length(n_groups(fit)),
  p_i = function(fit) by_text(fit, function(term) length(term$columns)),
  l_i = function(fit) n_groups(fit),
  q_i = function(fit) term_sizes(fit),
  m_i = function(fit) by_text(fit, function(term) length(term$theta_index)),
  m = function(fit) length(fit$theta),
  REML = function(fit) if (fit$REML) length(fit$beta) else 0L,
  is_REML = function(fit) fit$REML,
  devcomp = function(fit) deviance_components(fit)
)

# One integer for each term, named by the term's text.
by_text <- function(fit, count) {
  stats::setNames(vapply(fit$random, count, 1L), vapply(fit$random, `[[`, "", "text"))
}

# One element for each term, named by the grouping factor.
by_group <- function(fit, f, ...) {
  stats::setNames(lapply(fit$random, f, ...), vapply(fit$random, `[[`, "", "group"))
}

term_sizes <- function(fit) {
  by_text(fit, function(term) length(term$columns) * length(term$levels))
}

# List of n x v matrices, one for each term.
term_matrices <- function(fit) {
  matrices <- lapply(fit_random_terms(fit), function(term) {
    z <- term$z %||% matrix(1, length(term$level))
    colnames(z) <- term$columns
    z
  })
  stats::setNames(matrices, vapply(fit$random, `[[`, "", "text"))
}

# List of J x n sparse matrices, one for each column of each term.
transposed_columns <- function(fit) {
  Zt <- Matrix::t(random_effects_matrix(fit))
  first <- c(0L, cumsum(unname(term_sizes(fit))))
  rows <- lapply(seq_along(fit$random), function(t) {
    term <- fit$random[[t]]
    size <- length(term$columns)
    starts <- stats::setNames(seq_len(size), paste(term$group, term$columns, sep = "."))
    lapply(starts, function(k) {
      rows <- first[t] + seq.int(k, by = size, length.out = length(term$levels))
      Zt[rows, , drop = FALSE]
    })
  })
  unlist(rows, recursive = FALSE)
}

spherical_modes <- function(fit) {
  require_independent(fit, "The vector u")
  unlist(lapply(fit$u, as.vector))
}

# Block-diagonal matrix of Lambda_t, repeated for every level.
relative_factor_matrix <- function(fit) {
  if (length(fit$random) == 0L) return(methods::as(Matrix::Matrix(0, 0L, 0L), "CsparseMatrix"))
  require_independent(fit, "The factor Lambda")
  blocks <- lapply(fit$random, function(term) {
    factor <- Matrix::Matrix(lambda_matrix(term, fit$theta), sparse = TRUE, doDiag = FALSE)
    Matrix::kronecker(Matrix::Diagonal(length(term$levels)), factor)
  })
  methods::as(methods::as(Matrix::bdiag(blocks), "generalMatrix"), "CsparseMatrix")
}

# Lambda'Z'W^(1/2), q x n.
scaled_random_matrix <- function(fit) {
  scaled <- Matrix::crossprod(relative_factor_matrix(fit), Matrix::t(random_effects_matrix(fit)))
  if (is.null(fit$weights)) scaled else scaled %*% Matrix::Diagonal(x = sqrt(fit$weights))
}

random_cholesky <- function(fit) {
  require_plain_residuals(fit, "The Cholesky factor")
  require_independent(fit, "The Cholesky factor")
  Matrix::Cholesky(Matrix::tcrossprod(scaled_random_matrix(fit)), LDL = FALSE, Imult = 1)
}

# Upper triangular R with R'R = X'V^-1 X = sigma^2 vcov^-1. With the order of rows and columns
# reversed, vcov / sigma^2 = K'K gives U = reversed K' upper triangular with U U' = vcov /
# sigma^2, and R = U^-1.
fixed_cholesky <- function(fit) {
  size <- length(fit$beta)
  if (size == 0L) {
    return(matrix(0, 0L, 0L))
  }
  backwards <- rev(seq_len(size))
  reversed <- chol(fit$vcov[backwards, backwards, drop = FALSE] / fit$sigma^2)
  upper <- t(reversed)[backwards, backwards, drop = FALSE]
  R <- backsolve(upper, diag(size))
  dimnames(R) <- dimnames(fit$vcov)
  R
}

# RZX = L^-1 P Lambda'Z'WX, q x p.
off_diagonal_cholesky <- function(fit) {
  require_plain_residuals(fit, "The Cholesky factor")
  require_independent(fit, "The Cholesky factor")
  weighted_x <- fixed_matrix(fit) * sqrt(fit$weights %||% 1)
  factor <- random_cholesky(fit)
  product <- scaled_random_matrix(fit) %*% weighted_x
  as.matrix(Matrix::solve(factor, Matrix::solve(factor, product, system = "P"), system = "L"))
}

# Data frame of the grouping factors; attribute `assign`: which of them each term uses.
grouping_factors <- function(fit) {
  random <- fit_random_terms(fit)
  group <- vapply(random, `[[`, "", "group")
  factors <- lapply(random[!duplicated(group)], function(term) {
    factor(term$levels[term$level], levels = term$levels)
  })
  names(factors) <- unique(group)
  structure(as.data.frame(factors, optional = TRUE), assign = match(group, unique(group)))
}

deviance_components <- function(fit) {
  require_plain_residuals(fit, "This component")
  u <- spherical_modes(fit)
  n <- as.integer(fit$n)
  p <- length(fit$beta)
  squared_u <- sum(u^2)
  list(
    cmp = c(
      ldL2 = fit$log_det[["M"]], ldRX2 = fit$log_det[["RX"]],
      wrss = fit$pwrss - squared_u, ussq = squared_u, pwrss = fit$pwrss,
      REML = if (fit$REML) fit$criterion else NA, dev = if (fit$REML) NA else fit$criterion,
      sigmaML = sqrt(fit$pwrss / n), sigmaREML = sqrt(fit$pwrss / (n - p))
    ),
    dims = c(
      N = length(fit$fitted), n = n, p = p, nmp = n - p, q = sum(term_sizes(fit)),
      nth = length(fit$theta), REML = if (fit$REML) p else 0L
    )
  )
}
