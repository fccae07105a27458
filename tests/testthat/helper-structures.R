# Structures by their definitions, as covariance matrices of one level: nothing of the package.

structure_times <- c(0, 1, 1.5, 4, 6, 6.5)

# Correlation matrix of v columns from the parameters besides standard deviations; `times` are the
# columns' positions.
written_correlation <- list(
  diag = function(rho, v, times) diag(v),
  cs = function(rho, v, times) if (v == 1) diag(1) else (1 - rho) * diag(v) + rho,
  ar1 = function(rho, v, times) if (v == 1) diag(1) else rho^abs(outer(1:v, 1:v, "-")),
  toep = function(rho, v, times) toeplitz(c(1, rho)),
  ad = function(rho, v, times) {
    r <- diag(v)
    for (i in seq_len(v)) for (j in seq_len(i - 1)) r[i, j] <- r[j, i] <- prod(rho[j:(i - 1)])
    r
  },
  ou = function(rho, v, times) if (v == 1) diag(1) else rho^abs(outer(times, times, "-")),
  exp = function(range, v, times) {
    if (v == 1) return(diag(1))
    r <- exp(-abs(outer(times, times, "-")) / range)
    diag(r) <- 1 # also at a range of zero
    r
  },
  gau = function(range, v, times) {
    if (v == 1) return(diag(1))
    r <- exp(-(abs(outer(times, times, "-")) / range)^2)
    diag(r) <- 1
    r
  },
  mat = function(p, v, times) {
    if (v == 1) return(diag(1))
    h <- abs(outer(times, times, "-")) / p[1]
    r <- 2^(1 - p[2]) / gamma(p[2]) * h^p[2] * besselK(h, p[2])
    diag(r) <- 1
    r
  }
)

# Structures with one standard deviation: "homcs", "ar1", ...
structure_stem <- function(name) sub("^(hom|het)", "", name)
has_one_written <- function(name) {
  grepl("^hom", name) || name %in% c("ar1", "ou", "exp", "gau", "mat")
}

written_covariance <- function(name, theta, v, times = structure_times[seq_len(v)]) {
  if (grepl("^rr", name)) {
    rank <- as.integer(sub("rr", "", name))
    l <- matrix(0, v, rank)
    l[row(l) >= col(l)] <- theta
    return(tcrossprod(l))
  }
  count <- if (has_one_written(name)) 1 else v
  sd <- rep_len(theta[seq_len(count)], v)
  outer(sd, sd) * written_correlation[[structure_stem(name)]](theta[-seq_len(count)], v, times)
}

by_distance <- function(name) structure_stem(name) %in% c("ou", "exp", "gau", "mat")

# The criterion of a model with one structured term, from V formed in full.
written_criterion <- function(data, X, gamma, other = NULL, weights = rep(1, nrow(data)), REML) {
  Z <- outer(data$f, levels(data$f), "==")
  V <- diag(1 / weights) + (Z %*% gamma %*% t(Z)) * outer(data$g, data$g, "==")
  if (!is.null(other)) V <- V + other * outer(data$h, data$h, "==")
  root <- t(chol(V))
  x <- forwardsolve(root, X)
  y <- forwardsolve(root, data$y)
  fit <- lm.fit(x, y)
  m <- nrow(data) - if (REML) ncol(X) else 0
  2 * sum(log(diag(root))) + m * (1 + log(2 * pi * sum(fit$residuals^2) / m)) +
    if (REML) 2 * sum(log(abs(diag(qr.R(fit$qr))))) else 0
}

written_log_det <- function(data, gamma) {
  Z <- outer(data$f, levels(data$f), "==")
  V <- diag(nrow(data)) + (Z %*% gamma %*% t(Z)) * outer(data$g, data$g, "==")
  2 * sum(log(diag(chol(V))))
}
