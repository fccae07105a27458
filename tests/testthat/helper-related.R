# A covariance matrix of 12 related levels with two rows each.
twelve_related <- function() {
  set.seed(4)
  half <- matrix(rnorm(12 * 30), 12)
  K <- stats::cov2cor(tcrossprod(half) / 30 + 0.4)
  dimnames(K) <- list(letters[1:12], letters[1:12])
  frame <- data.frame(id = rep(letters[1:12], each = 3), x = rep(c(-1, 0, 1), 12))
  frame$y <- 3 + drop(2 * crossprod(chol(K), rnorm(12)))[rep(1:12, each = 3)] + rnorm(36)
  list(K = K, frame = frame)
}
