# Models with a residual structure evaluated in full, by formulas that the package does not use.

# C of rows at `at` by the parameters that the core takes.
dense_residual_correlation <- function(name, phi, at, v) {
  n <- length(at)
  lag <- abs(outer(at, at, "-"))
  switch(name,
    independent = diag(n),
    ar1 = sin(phi)^lag,
    car1 = stats::plogis(phi)^lag,
    cs = {
      lowest <- if (v > 1) -1 / (v - 1) else -1
      rho <- (1 + lowest) / 2 + (1 - lowest) / 2 * sin(phi)
      ifelse(lag == lag & row(lag) == col(lag), 1, rho)
    },
    toep = {
      # from partial autocorrelations by regression on what lies between
      r <- 1
      for (k in seq_len(v - 1L)) {
        if (k == 1L) {
          r <- c(r, sin(phi[1L]))
          next
        }
        between <- toeplitz(r[seq_len(k - 1L)])
        left <- r[2:k]
        right <- rev(left)
        solved <- solve(between, cbind(left, right))
        rest <- 1 - sum(left * solved[, 1L])
        r <- c(r, sum(left * solved[, 2L]) + sin(phi[k]) * rest)
      }
      matrix(r[lag + 1L], n)
    },
    ad = outer(seq_len(n), seq_len(n), Vectorize(function(i, j) {
      steps <- seq_len(v - 1L)
      prod(sin(phi[steps >= min(at[i], at[j]) & steps < max(at[i], at[j])]))
    })),
    us = {
      L <- diag(v)
      L[upper.tri(L)] <- phi
      L <- t(L)
      stats::cov2cor(tcrossprod(L))[at, at, drop = FALSE]
    }
  )
}

# R of all rows from a design's list `core`.
dense_residual <- function(core, phi) {
  n <- length(core$group)
  count <- ncol(core$log_deviations)
  d <- exp(drop(core$log_deviations %*% phi[seq_len(count)]))[core$stratum]
  own <- (length(phi) - count) / core$arms
  R <- diag(n)
  for (rows in split(seq_len(n), core$group)) {
    arm <- core$arm[rows[1L]]
    angles <- phi[count + (arm - 1L) * own + seq_len(own)]
    C <- dense_residual_correlation(core$name, angles, core$position[rows], core$visits)
    R[rows, rows] <- C
  }
  R * outer(d, d)
}

# -2 log (restricted) likelihood, sigma^2 profiled out, of V = Z Gamma Z' + W^-1/2 R W^-1/2.
dense_criterion <- function(y, X, V, REML) {
  n <- length(y)
  m <- n - if (REML) ncol(X) else 0
  half <- t(chol(V))
  Xs <- forwardsolve(half, X)
  ys <- forwardsolve(half, y)
  decomposition <- qr(Xs)
  r2 <- sum(qr.resid(decomposition, ys)^2)
  value <- 2 * sum(log(diag(half))) + m * (1 + log(2 * pi * r2 / m))
  if (REML) value <- value + 2 * sum(log(abs(diag(qr.R(decomposition)))))
  value
}

# V / sigma^2 of a fit at (theta, phi).
dense_relative_covariance <- function(fit, theta = fit$theta, phi = fit$residual$phi) {
  core <- henderson:::residual_core(fit)
  w <- fit$weights %||% rep(1, length(fit$fitted))
  V <- dense_residual(core, phi) / sqrt(outer(w, w))
  if (length(fit$random) == 0L) return(V)
  Z <- as.matrix(henderson:::random_effects_matrix(fit))
  blocks <- lapply(fit$random, function(term) {
    kronecker(diag(length(term$levels)), henderson:::lambda_matrix(term, theta))
  })
  V + tcrossprod(Z %*% as.matrix(Matrix::bdiag(blocks)))
}

`%||%` <- rlang::`%||%`

fev_data <- function() {
  d <- utils::read.csv(test_path("fixtures", "mmrm-fev.csv.gz"), stringsAsFactors = TRUE)
  d$SEX <- factor(d$SEX, levels = c("Male", "Female"))
  d$USUBJID <- factor(d$USUBJID, levels = unique(d$USUBJID))
  d
}

# nlme's data as a plain data frame; its ordered factors of subjects as unordered ones.
nlme_data <- function(name) {
  d <- as.data.frame(getExportedValue("nlme", name))
  ordered <- vapply(d, is.ordered, TRUE)
  d[ordered] <- lapply(d[ordered], function(x) factor(as.character(x)))
  d
}

# Hessian by central second differences.
difference_hessian <- function(f, at, step = 1e-3) {
  k <- length(at)
  H <- matrix(0, k, k)
  for (i in seq_len(k)) {
    for (j in seq_len(i)) {
      a <- replace(numeric(k), i, step)
      b <- replace(numeric(k), j, step)
      H[i, j] <- H[j, i] <-
        (f(at + a + b) - f(at + a - b) - f(at - a + b) + f(at - a - b)) / (4 * step^2)
    }
  }
  H
}
