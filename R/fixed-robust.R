# Cluster-robust covariances of the fixed effects, and tests with them.
#
# Notation: V, covariance of y over sigma^2 by the fit's model; Phi = (X'V^-1 X)^-1; E_s, p x n_s,
# takes residuals e_s of cluster s to its share of the estimate, whose estimated covariance is
# Phi (sum_s E_s e_s e_s'E_s') Phi (src/core/inference/cluster_robust.h); q rows of L are tested.
# Under the model Cov(e_s, e_t) = sigma^2 (delta_st V_s - X_s Phi X_t').

robust_types <- c("CR0", "CR1", "CR2")

# Rows of the largest cluster's dense matrices: some 5 s and 300 MB.
largest_cluster <- 2000

#' Covariance of the fixed effects from cluster scores
#' @return p x p matrix with names.
#' @noRd
robust_covariance <- function(fit, type, cluster, call = entry_frame()) {
  clusters <- independent_clusters(fit, cluster, call)
  if (type == "CR2") return(robust_parts(fit, type, clusters)$covariance)
  sandwich_of_scores(fit, cluster_scores(fit, clusters), type)
}

# Phi (sum of squares of the rows of scores) Phi.
sandwich_of_scores <- function(fit, scores, type) {
  count <- nrow(scores)
  half <- scores %*% (fit$vcov / fit$sigma^2)
  covariance <- crossprod(half) * (if (type == "CR1") count / (count - 1) else 1)
  dimnames(covariance) <- dimnames(fit$vcov)
  covariance
}

#' What tests with a cluster-robust covariance are made of
#'
#' @param clusters as `independent_clusters()` gives them.
#' @return list(`covariance` (p x p), `squares` (p p x m: E_s V_s E_s'), `cross` (p p x m: E_s X_s),
#'   `phi` (p x p), `root` (C with CC' = Phi), `count` m, `name`). The last two are, for CR1, those
#'   of CR0: degrees of freedom are the same.
#' @noRd
robust_parts <- function(fit, type, clusters) {
  p <- length(fit$beta)
  phi <- unname(fit$vcov) / fit$sigma^2
  root <- if (p > 0L) t(chol(phi)) else phi
  order <- order(clusters$code, na.last = NA)
  counts <- tabulate(clusters$code, length(clusters$labels))
  X <- fixed_matrix(fit)
  residual <- model_response(fit) - (fit$offset %||% 0) - drop(X %*% fit$beta)
  factor <- random_effects_matrix(fit) %*% relative_factor_matrix(fit)
  factor <- methods::as(Matrix::t(factor[order, , drop = FALSE]), "CsparseMatrix")
  X <- X[order, , drop = FALSE]
  attributes(X) <- list(dim = dim(X))
  weights <- fit$weights %||% rep(1, length(residual))
  parts <- cluster_parts_cpp(
    X, factor, as.double(residual[order]), as.double(weights[order]), c(0L, cumsum(counts)), root,
    type == "CR2", largest_cluster
  )
  if (!is.null(parts$size)) abort_large_cluster(parts$size, type)
  scores <- t(parts$scores)
  c(
    list(covariance = sandwich_of_scores(fit, scores, type)), parts[c("squares", "cross")],
    list(phi = phi, root = root, count = length(counts), name = clusters$name)
  )
}

abort_large_cluster <- function(size, type) {
  size <- format(size, big.mark = ",")
  abort(c(
    "{.val {type}} with its degrees of freedom is too expensive for this fit.",
    "x" = "It needs dense matrices of {size} rows, and these times as many operations again twice,
           for a cluster.",
    "i" = "{.code vcov(fit, type = \"CR1\")} has no such limit."
  ), kind = "computation", variable = "vcov", observed = size)
}

abort_cluster_alone <- function(name, call = entry_frame()) {
  abort("{.arg cluster} is for {.code {name} = \"CR0\"}, {.val CR1} or {.val CR2}.",
    kind = "argument", variable = "cluster", call = call
  )
}

# The parts of a robust method, NULL of others.
robust_of <- function(ddf) attr(ddf, "robust", exact = TRUE)

# "cluster-robust covariance CR2 (18 clusters of Subject)"
robust_title <- function(ddf) {
  parts <- robust_of(ddf)
  of <- if (!is.null(parts$name)) paste0(" of ", parts$name)
  paste0("cluster-robust covariance ", ddf, " (", parts$count, " clusters", of, ")")
}

#' Single contrasts
#'
#' Pustejovsky and Tipton (2018), section 3.1: degrees of freedom \eqn{(\sum P_{ss})^2 / \sum
#' P_{st}^2}{(sum_s P_ss)^2 / sum_st P_st^2} with \eqn{P_{st}}{P_st} the covariance by the model of
#' the shares of clusters s and t in the contrast.
#' @return list(`se`, `df`).
#' @noRd
robust_rows <- function(parts, L) {
  p <- ncol(L)
  se <- sqrt(pmax(rowSums((L %*% unname(parts$covariance)) * L), 0))
  df <- vapply(seq_len(nrow(L)), function(i) {
    along <- as.vector(parts$phi %*% L[i, ])
    own <- as.vector(crossprod(parts$squares, as.vector(tcrossprod(along))))
    # columns C'(E_s X_s)' Phi l
    shared <- crossprod(parts$root, matrix(crossprod(along, matrix(parts$cross, p)), p))
    squares <- colSums(shared^2)
    total <- sum(own - squares)
    total^2 / (sum(own^2 - 2 * own * squares) + sum(tcrossprod(shared)^2))
  }, 0)
  list(se = se, df = df)
}

#' Joint test of L beta - rhs = estimate
#'
#' Approximate Hotelling's T^2 of Pustejovsky and Tipton (2018), section 3.2: with B_st the
#' covariance by the model of the shares of clusters in \eqn{\Omega^{-1/2} L \hat\beta}{Omega^-1/2 L
#' beta}, Omega the sum of the shares' own, \eqn{\eta = q(q + 1) / \sum_{st} (tr(B_{st})^2 +
#' tr(B_{st}^2))}{eta = q (q + 1) / sum_st (tr(B_st)^2 + tr(B_st B_st))}.
#' @return list(`num_df`, `den_df`, `f_value`), the latter NaN where there are too few clusters.
#' @noRd
robust_joint <- function(parts, L, estimate) {
  # an orthonormal basis of the rows, of covariance Phi
  basis <- eigen(L %*% parts$phi %*% t(L), symmetric = TRUE)
  kept <- basis$values > 1e-10 * max(basis$values, 0)
  q <- sum(kept)
  to_basis <- t(basis$vectors[, kept, drop = FALSE]) / sqrt(basis$values[kept])
  along <- to_basis %*% L %*% parts$phi
  estimate <- as.vector(to_basis %*% estimate)
  shares <- cluster_shares(parts, along)
  omega <- matrix(rowSums(shares$own) - as.vector(tcrossprod_sum(shares$shared, q)), q)
  none <- list(num_df = q, den_df = NaN, f_value = NaN)
  inverse <- inverse_square_root(omega)
  if (is.null(inverse)) return(none)
  eta <- q * (q + 1) / total_variance(cluster_shares(parts, inverse %*% along), q)
  covariance <- to_basis %*% L %*% unname(parts$covariance) %*% t(to_basis %*% L)
  root <- inverse_square_root(covariance)
  if (is.null(root) || eta <= q - 1) return(none)
  wald <- sum((root %*% estimate)^2)
  list(num_df = q, den_df = eta - q + 1, f_value = (eta - q + 1) / (eta * q) * wald)
}

# For A (q x p) = `along`: list(`own` (q q x m): A E_s V_s E_s' A'; `shared` (p q x m):
# C'X_s'E_s'A').
cluster_shares <- function(parts, along) {
  q <- nrow(along)
  p <- ncol(along)
  cross <- array(along %*% matrix(parts$cross, p), c(q, p, ncol(parts$cross)))
  shared <- crossprod(parts$root, matrix(aperm(cross, c(2L, 1L, 3L)), p))
  list(
    own = kronecker(along, along) %*% parts$squares, shared = matrix(shared, p * q)
  )
}

# Sum over clusters of Y_s'Y_s, Y_s (p x q) the columns of `shared`.
tcrossprod_sum <- function(shared, q) {
  by_column <- array(shared, c(nrow(shared) / q, q, ncol(shared)))
  tcrossprod(matrix(aperm(by_column, c(2L, 1L, 3L)), q))
}

# Sum over s, t of tr(B_st)^2 + tr(B_st B_st), B_st = delta_st own_s - Y_s'Y_t. No sum over pairs of
# clusters: sums of vec(Y_s) vec(Y_s)' are enough.
total_variance <- function(shares, q) {
  p <- nrow(shares$shared) / q
  count <- ncol(shares$own)
  traces <- colSums(shares$own[seq.int(1L, q^2, by = q + 1L), , drop = FALSE])
  lengths <- colSums(shares$shared^2)
  by_column <- array(shares$shared, c(p, q, count))
  products <- vapply(seq_len(count), function(s) {
    sum(shares$own[, s] * crossprod(matrix(by_column[, , s], p)))
  }, 0)
  moments <- array(tcrossprod(shares$shared), c(p, q, p, q))
  sum(traces^2 - 2 * traces * lengths) + sum(moments^2) +
    sum(shares$own^2) - 2 * sum(products) + sum(moments * aperm(moments, c(1L, 4L, 3L, 2L)))
}

# NULL for a matrix that is not positive definite.
inverse_square_root <- function(matrix) {
  basis <- eigen(matrix, symmetric = TRUE)
  if (!all(basis$values > 1e-10 * max(basis$values, 0))) return(NULL)
  basis$vectors %*% (t(basis$vectors) / sqrt(basis$values))
}
