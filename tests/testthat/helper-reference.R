# The dense oracle: a linear mixed model written down the way a textbook does, with V =
# Cov(y)/sigma^2 formed in full. Slow (n^3) and meant to be: nothing here is shared with the
# package.
#
# Notation (vignettes/algorithm.Rmd): y = X beta + Z b + e, b ~ N(0, sigma^2 Lambda Lambda'), e ~
# N(0, sigma^2 W^-1), V = Z Lambda Lambda' Z' + W^-1, r^2 = (y - X beta)' V^-1 (y - X beta), m = n
# (ML) or n - p (REML), d = log|V| + [REML] log|X'V^-1 X| + m (1 + log(2 pi r^2 / m)). Here log|V| =
# log|M| - sum(log w) with M = Lambda'Z'WZ Lambda + I, which is how vignettes/algorithm.Rmd writes
# it.

# Columns that `lm` keeps: LINPACK's limited pivoting with its tolerance, on the weighted rows.
reference_kept_columns <- function(X, weights) {
  decomposition <- qr(X * sqrt(weights), tol = 1e-7)
  sort(decomposition$pivot[seq_len(decomposition$rank)])
}

# y: numeric n; X: n x p (may be rank deficient); Z: n x q; Lambda: q x q lower triangular;
# weights: precision weights (zero: the row only gets a fitted value) or NULL; offset: numeric n
# or NULL.
reference_fit <- function(y, X, Z, Lambda, weights = NULL, offset = NULL, REML = TRUE) {
  X <- as.matrix(X)
  Z <- as.matrix(Z)
  Lambda <- as.matrix(Lambda)
  weights <- if (is.null(weights)) rep(1, length(y)) else weights
  offset <- if (is.null(offset)) rep(0, length(y)) else offset
  used <- weights > 0
  kept <- reference_kept_columns(X[used, , drop = FALSE], weights[used])

  w <- weights[used]
  response <- (y - offset)[used]
  x <- X[used, kept, drop = FALSE]
  zl <- Z[used, , drop = FALSE] %*% Lambda
  n <- length(response)
  p <- ncol(x)

  lower <- t(chol(tcrossprod(zl) + diag(1 / w, n)))
  whiten <- function(a) forwardsolve(lower, a)
  x_white <- whiten(x)
  decomposition <- qr(x_white, tol = 1e-15)
  beta <- qr.coef(decomposition, whiten(response))
  residual_white <- whiten(response) - as.vector(x_white %*% beta)
  pwrss <- sum(residual_white^2)
  log_det_v <- 2 * sum(log(diag(lower)))
  log_det_x <- 2 * sum(log(abs(diag(decomposition$qr)[seq_len(p)])))
  m <- if (REML) n - p else n
  sigma <- sqrt(pwrss / m)

  unscaled <- matrix(0, p, p)
  order <- decomposition$pivot
  unscaled[order, order] <- chol2inv(decomposition$qr[seq_len(p), , drop = FALSE])
  dimnames(unscaled) <- list(colnames(x), colnames(x))

  zl_white <- whiten(zl)
  u <- as.vector(crossprod(zl_white, residual_white))
  b <- as.vector(Lambda %*% u)
  # sigma^2 (Lambda Lambda' - Lambda Lambda'Z' V^-1 Z Lambda Lambda'): Cov(b | y) with beta known
  conditional <- sigma^2 * Lambda %*% (diag(ncol(zl)) - crossprod(zl_white)) %*% t(Lambda)

  list(
    criterion = log_det_v + (if (REML) log_det_x else 0) + m * (1 + log(2 * pi * pwrss / m)),
    beta = stats::setNames(as.vector(beta), colnames(x)),
    vcov = sigma^2 * unscaled,
    sigma = sigma,
    b = b,
    u = u,
    conditional_variance = conditional,
    fitted = as.vector(X[, kept, drop = FALSE] %*% beta + Z %*% b + offset),
    log_det = c(M = log_det_v + sum(log(w)), RX = log_det_x),
    pwrss = pwrss,
    n = n,
    kept = kept
  )
}

# Lambda_t (v x v) of one term from its own parameters.
reference_lambda_block <- function(theta, v, structure) {
  block <- matrix(0, v, v)
  if (structure == "diag") {
    diag(block) <- theta
  } else {
    block[lower.tri(block, diag = TRUE)] <- theta
  }
  block
}

# terms: list of list(v, levels (count), structure), in theta order. Lambda = blkdiag(I_J (x)
# Lambda_t).
reference_lambda <- function(terms, theta) {
  sizes <- vapply(terms, function(term) term$v * term$levels, numeric(1))
  Lambda <- matrix(0, sum(sizes), sum(sizes))
  row <- 0
  used <- 0
  for (term in terms) {
    count <- if (term$structure == "diag") term$v else term$v * (term$v + 1) / 2
    block <- reference_lambda_block(theta[used + seq_len(count)], term$v, term$structure)
    used <- used + count
    index <- row + seq_len(term$v * term$levels)
    Lambda[index, index] <- kronecker(diag(term$levels), block)
    row <- row + length(index)
  }
  stopifnot(used == length(theta))
  Lambda
}

# Dense Z: term by term, within a term level by level, all columns of level 1, then of level 2, ...
reference_z <- function(terms, n) {
  do.call(cbind, lapply(terms, reference_z_block, n = n))
}

reference_z_block <- function(term, n) {
  Z <- matrix(0, n, term$v * term$levels)
  for (column in seq_len(term$v)) {
    Z[cbind(seq_len(n), (term$level - 1) * term$v + column)] <- term$z[, column]
  }
  Z
}

# Central differences with one Richardson step: error of order step^4 plus about 1e-15 |f| / step.
numeric_gradient <- function(f, x, step = 1e-3) {
  vapply(seq_along(x), function(i) {
    difference <- function(h) {
      up <- down <- x
      up[i] <- x[i] + h
      down[i] <- x[i] - h
      (f(up) - f(down)) / (2 * h)
    }
    (4 * difference(step / 2) - difference(step)) / 3
  }, numeric(1))
}

# The formula's fixed part: without its `(... | g)` and `(... || g)` summands and its response.
fixed_part <- function(formula) {
  summands <- function(e) {
    if (is.call(e) && identical(e[[1]], as.name("+")) && length(e) == 3) {
      c(summands(e[[2]]), list(e[[3]]))
    } else {
      list(e)
    }
  }
  is_random <- function(e) {
    is.call(e) && identical(e[[1]], as.name("(")) && as.character(e[[2]][[1]]) %in% c("|", "||")
  }
  parts <- Filter(Negate(is_random), summands(formula[[3]]))
  stats::as.formula(
    call("~", Reduce(function(a, b) call("+", a, b), parts)),
    env = environment(formula)
  )
}

# Largest difference relative to one scale for the whole vector: what "agrees to 1e-8 relative"
# means for vectors some elements of which are zero up to rounding (modes, fitted values,
# covariances).
relative_difference <- function(observed, expected, scale = max(abs(expected))) {
  if (length(observed) != length(expected)) {
    return(Inf)
  }
  max(abs(unname(observed) - unname(expected)), 0) / max(scale, .Machine$double.xmin)
}
