# The cross-products of a fit, and what methods read off them, which takes no time that grows with
# the rows.
#
# Notation: G = X'WX of the centred columns, X = X_c C with C = I but for the means in the row of
# the intercept; for a random term Z'WX, Z'WZ by level, of its columns as they are.

# Are the cross-products at hand, or the rows to compute them from?
has_moments <- function(fit) {
  !is.null(fit$cache$cross_products) || !is.null(fit$frame)
}

# X'WX of the centred columns as list(`unit` (unit diagonal), `size` (roots of the diagonal),
# `rcond`).
fixed_gram <- function(moments) {
  own <- seq_len(moments$p)
  gram <- moments$blocks$dense[own, own, drop = FALSE]
  size <- sqrt(diag(gram))
  size[size == 0] <- 1
  unit <- gram / outer(size, size)
  list(unit = unit, size = size, rcond = if (moments$p > 0L) rcond(unit) else 1)
}

# R, upper triangular with R'R = X'WX; NULL where the columns of X are so nearly collinear that
# cross-products leave it fewer digits than `error` asks for.
fixed_triangle <- function(moments, error = 1e-11) {
  if (moments$p == 0L) return(matrix(0, 0L, 0L))
  gram <- fixed_gram(moments)
  if (!(gram$rcond > .Machine$double.eps / error)) return(NULL)
  p <- moments$p
  R <- chol(gram$unit) * rep(gram$size, each = p)
  if (moments$intercept == 0L) return(R)
  centring <- diag(p)
  centring[moments$intercept, ] <- centring[moments$intercept, ] + moments$shift$x
  R <- R %*% centring
  if (moments$intercept == 1L) R else triangular_factor(R)
}

# Q'z from X_c'Wz (p x any), Q an orthonormal basis of the columns of W^(1/2) X.
fixed_coordinates <- function(moments, xz) {
  if (moments$p == 0L) return(xz)
  gram <- fixed_gram(moments)
  R <- tryCatch(chol(gram$unit), error = function(e) NULL)
  if (!is.null(R)) return(backsolve(R, xz / gram$size, transpose = TRUE))
  # columns just short of collinear
  basis <- eigen(gram$unit, symmetric = TRUE)
  known <- basis$values > 1e-14
  crossprod(basis$vectors[, known, drop = FALSE], xz / gram$size) / sqrt(basis$values[known])
}

# The block that holds a term with its columns as they are: list(`zx` (p x v x J array of X_c'Wz),
# `zz` (v x v x J array of z'Wz)), of the columns of the t-th term.
raw_term_moments <- function(fit, moments, t) {
  index <- block_index(fit$random)
  block <- moments$blocks$terms[[index$block[t]]]
  own <- index$first[t] + seq_along(fit$random[[t]]$columns)
  raw <- map_block(block, uncentring(block)[, own, drop = FALSE])
  v <- length(own)
  zx <- array(raw$dense, c(moments$p + 1L, v, block$n_levels))
  list(
    zx = zx[seq_len(moments$p), , , drop = FALSE],
    zz = array(raw$diagonal, c(v, v, block$n_levels))
  )
}

# C with Z = Z_c C of one block: columns are those about their shifts and these along the ones.
uncentring <- function(block) {
  map <- diag(block$v)
  for (c in which(block$centred_with >= 0L)) {
    map[block$centred_with[c] + 1L, c] <- map[block$centred_with[c] + 1L, c] + block$shift[c]
  }
  map
}

# Moments of the columns Z M of a block: list(`dense` (P x k J), `diagonal` (k k x J)).
map_block <- function(block, M) {
  k <- ncol(M)
  if (nrow(M) == k && all(M == diag(k))) return(block[c("dense", "diagonal")])
  width <- nrow(block$dense)
  by_column <- aperm(array(block$dense, c(width, block$v, block$n_levels)), c(1L, 3L, 2L))
  mapped <- matrix(by_column, width * block$n_levels) %*% M
  dense <- aperm(array(mapped, c(width, block$n_levels, k)), c(1L, 3L, 2L))
  list(
    dense = matrix(dense, width), diagonal = kronecker(t(M), t(M)) %*% block$diagonal
  )
}

# Means over the rows of positive weight, each row counting the same: list(`fixed` (p x p
# covariance of X), `random` (parallel to `fit$random`: mean of zz'), `noise` (mean of 1/w)). They
# are in the cross-products unless these are weighted, or no column of ones says what the means of X
# are; then the rows are read, once.
row_means <- function(fit) {
  if (!is.null(fit$cache$row_means)) return(fit$cache$row_means)
  require_unweighted_sums(fit, "Means over rows")
  moments <- moments_of(fit)
  fixed <- if (is.null(fit$weights)) fixed_covariance(fit, moments)
  means <- if (is.null(fixed)) {
    means_of_rows(fit)
  } else {
    random <- lapply(seq_along(fit$random), function(t) {
      rowSums(raw_term_moments(fit, moments, t)$zz, dims = 2L) / fit$n
    })
    list(fixed = fixed, random = random, noise = 1)
  }
  assign("row_means", means, envir = fit$cache)
  means
}

# Covariance of the columns of X; NULL if their means are not known.
fixed_covariance <- function(fit, moments) {
  own <- seq_len(moments$p)
  gram <- moments$blocks$dense[own, own, drop = FALSE]
  if (moments$intercept > 0L) {
    gram[moments$intercept, ] <- gram[, moments$intercept] <- 0
    return(gram / (fit$n - 1))
  }
  for (t in seq_along(fit$random)) {
    ones <- match("(Intercept)", fit$random[[t]]$columns)
    if (is.na(ones)) next
    sums <- rowSums(raw_term_moments(fit, moments, t)$zx, dims = 2L)[, ones]
    return((gram - tcrossprod(sums) / fit$n) / (fit$n - 1))
  }
  NULL
}

means_of_rows <- function(fit) {
  weights <- fit$weights %||% rep(1, length(fit$fitted))
  used <- weights > 0
  random <- lapply(fit_random_terms(fit), function(term) {
    crossprod((term$z %||% matrix(1, length(used)))[used, , drop = FALSE]) / sum(used)
  })
  list(
    fixed = stats::cov(fixed_matrix(fit)[used, , drop = FALSE]), random = random,
    noise = mean(1 / weights[used])
  )
}

#' Cross-products of a fit, as a plain list
#'
#' Those of the fit where it keeps them (`kept_bytes()`); larger ones are computed from the rows
#' when first asked for, and are there until the session ends or the fit is gone: they are not saved
#' with it.
#' @param fit a fit by `lmm()` that kept its model frame.
#' @return list of class `henderson_cross_products`: `format_version` (2), `terms`, `contrasts`,
#'   `xlevels`, `levels` (by block term), `shift` (centres of X's columns; y is centred by its
#'   least-squares fit), `n`, `sum_log_w`, `p`, `intercept`, `specs`, and `blocks` (moments about
#'   the shifts).
#' @noRd
cross_products_of <- function(fit) {
  groups <- vapply(fit$random, `[[`, "", "group")
  levels <- lapply(fit$random[!duplicated(groups)], `[[`, "levels")
  new_cross_products(moments_of(fit), fit, stats::setNames(levels, unique(groups)))
}

cross_products_format <- 2L

moments_of <- function(fit) {
  require_plain_residuals(fit, "This")
  moments <- fit$cache$cross_products
  # a weak reference is saved without its value
  if (rlang::is_weakref(moments)) moments <- rlang::wref_value(moments)
  # a fit saved by another version of the package keeps its own format: the rows have the same sums
  if (identical(moments$format_version, cross_products_format)) return(moments)
  design <- list(
    random = fit_random_terms(fit), y = model_response(fit), weights = fit$weights,
    offset = fit$offset
  )
  moments <- design_moments(core_design(design, fixed_matrix(fit)))
  assign("cross_products", rlang::new_weakref(fit$cache, moments), envir = fit$cache)
  moments
}

new_cross_products <- function(moments, fit, levels) {
  extra <- list(
    columns = names(fit$beta), terms = fit$terms, contrasts = fit$contrasts,
    xlevels = fit$xlevels, levels = levels
  )
  structure(c(moments, extra), class = "henderson_cross_products")
}

# R of a matrix of full column rank, by Householder's QR without pivoting: unlike the Cholesky
# factor of X'X it does not lose half of the digits.
triangular_factor <- function(X) qr.R(qr(X, tol = 0, LAPACK = FALSE))
