# What the data of a fit do not determine (fit-undetermined.R has found it), asked here by
# everything that reports an estimate or a test.

# Which parameters of theta does a direction change?
undetermined_parameters <- function(fit) {
  k <- length(fit$theta)
  if (is.null(fit$undetermined)) return(logical(k))
  colSums(fit$undetermined$directions[, seq_len(k), drop = FALSE] != 0) > 0
}

is_sigma_undetermined <- function(fit) {
  directions <- fit$undetermined$directions
  !is.null(directions) && any(directions[, ncol(directions)] != 0)
}

#' The fit at its representative: where what depends on theta and sigma, and is determined, is
#' computed
#' @return `fit` with other `theta` and `sigma`.
#' @noRd
representative_fit <- function(fit) {
  own <- fit$undetermined$representative
  # a list can be edited by hand
  if (is.null(own) || !identical(own$of, fit$theta)) return(fit)
  fit[c("theta", "sigma")] <- own[c("theta", "sigma")]
  fit
}

# Diagonal elements of the standardized Lambda, in the places of theta; NA elsewhere, and where the
# data do not determine them.
determined_deviations <- function(fit) {
  own <- fit$undetermined$representative$deviations
  if (!is.null(own)) return(own)
  ifelse(is_deviation(fit$random), fit$optimization$standardized, NA)
}

# Satterthwaite's degrees of freedom are not of one value for all points.
is_df_undetermined <- function(fit, ddf) {
  ddf == "Satterthwaite" && isFALSE(fit$undetermined$representative$unique)
}

# How many of the covariance parameters and sigma the data do not determine.
undetermined_count <- function(fit) {
  as.integer(nrow(fit$undetermined$directions) %||% 0L)
}

#' Parameters to be held, so that the others have information in all directions
#'
#' The criterion profiled over sigma^2 is constant along the changes \eqn{d\Gamma - d\tau \Gamma}{d
#' Gamma - d tau Gamma} of Gamma, and along those of theta that lead there.
#' @param method as in `inference_pieces()`: by theta for "Satterthwaite", else by Gamma.
#' @return integer, positions in theta.
#' @noRd
redundant_parameters <- function(fit, method) {
  if (is.null(fit$undetermined)) return(integer(0L))
  k <- length(fit$theta)
  directions <- fit$undetermined$directions
  sizes <- fit$undetermined$sizes[seq_len(k)]
  gamma <- numeric(k)
  jacobian <- matrix(0, k, k)
  for (term in fit$random) {
    at <- lambda_entries(term)
    index <- term$theta_index
    root <- sqrt(sizes[index][at$row == at$column])
    lambda <- root * lambda_matrix(term, fit$theta)
    gamma[index] <- tcrossprod(lambda)[cbind(at$row, at$column)]
    jacobian[index, index] <- outer(seq_along(index), seq_along(index), function(i, j) {
      (at$row[i] == at$row[j]) * lambda[cbind(at$column[i], at$column[j])] +
        (at$column[i] == at$row[j]) * lambda[cbind(at$row[i], at$column[j])]
    })
  }
  null <- directions[, seq_len(k), drop = FALSE] - directions[, k + 1L] %o% gamma
  if (method == "Satterthwaite") null <- changes_of_theta(null, jacobian)
  if (nrow(null) == 0L) integer(0L) else sort(reduced_echelon(null)$pivots)
}

# Basis, in rows, of the changes of theta that change Gamma by combinations of the rows of `null`.
changes_of_theta <- function(null, jacobian) {
  basis <- qr.Q(qr(t(null)))
  size <- sqrt(colSums(jacobian^2))
  jacobian <- sweep(jacobian, 2L, ifelse(size > 0, size, 1), "/")
  decomposition <- svd(jacobian - basis %*% crossprod(basis, jacobian))
  t(decomposition$v[, decomposition$d < 1e-8, drop = FALSE])
}

#' Are linear functions of the covariances determined?
#'
#' @param forms numeric matrix, a row for each function: what it changes by with each entry of Gamma
#'   (in the places of theta, off-diagonal entries in both their places) and with the residual's 1.
#' @return logical, one element for each row.
#' @noRd
are_determined <- function(fit, forms) {
  if (is.null(fit$undetermined)) return(rep(TRUE, nrow(forms)))
  scaled <- sweep(forms, 2L, fit$undetermined$sizes, "/")
  change <- abs(scaled %*% t(fit$undetermined$directions))
  gross <- abs(scaled) %*% abs(t(fit$undetermined$directions))
  rowSums(change > 1e-6 * gross & change > 1e-9 * apply(abs(scaled), 1L, max)) == 0
}

# Columns of one term whose variances are not determined: logical v.
undetermined_columns <- function(fit, position) {
  term <- fit$random[[position]]
  if (is.null(fit$undetermined)) return(rep(FALSE, length(term$columns)))
  at <- lambda_entries(term)
  undetermined_parameters(fit)[term$theta_index][at$row == at$column]
}

# Variances and covariances of one term that are no estimates: logical v x v.
undetermined_covariances <- function(fit, position) {
  term <- fit$random[[position]]
  v <- length(term$columns)
  unknown <- matrix(FALSE, v, v)
  if (is.null(fit$undetermined)) return(unknown)
  at <- lambda_entries(term)
  chosen <- term$theta_index %in% fit$undetermined$alone
  unknown[cbind(at$row, at$column)[chosen, , drop = FALSE]] <- TRUE
  unknown | t(unknown)
}

#' Do the variances of linear functions of the fixed effects depend on what is not determined?
#'
#' @param L q x p numeric matrix.
#' @param joint logical: of all rows together, or of each?
#' @return logical, q elements, or one.
#' @noRd
undetermined_contrasts <- function(fit, L, joint = FALSE) {
  moves <- fit$undetermined$moves
  result <- logical(nrow(L))
  if (length(moves) > 0L && nrow(L) > 0L) {
    variance <- row_errors(fit, L)^2 / fit$sigma^2
    for (d in seq_len(ncol(moves))) {
      move <- matrix(moves[, d], ncol(L))
      gross <- abs(L) %*% abs(move)
      change <- abs(L %*% move)
      if (joint) {
        change <- abs(tcrossprod(L %*% move, L))
        gross <- tcrossprod(gross, abs(L))
        scale <- sqrt(tcrossprod(variance))
        result <- result | apply(change > 1e-7 * (gross + scale), 1L, any)
      } else {
        own <- abs(rowSums((L %*% move) * L))
        result <- result | own > 1e-7 * (rowSums(gross * abs(L)) + variance)
      }
    }
  }
  if (joint) any(result) else result
}

# A covariance matrix of the fixed effects, NA where it depends on what is not determined.
known_covariance <- function(fit, covariance = fit$vcov) {
  moves <- fit$undetermined$moves
  if (length(moves) == 0L) return(covariance)
  size <- sqrt(tcrossprod(diag(covariance))) / fit$sigma^2
  for (d in seq_len(ncol(moves))) covariance[abs(moves[, d]) > 1e-7 * size] <- NA
  covariance
}

# Linear functions of the kept coefficients whose variance is not determined are those that are not
# orthogonal to these columns: p x r, r may be 0.
undetermined_functions <- function(fit) {
  p <- length(fit$beta)
  moves <- fit$undetermined$moves
  if (length(moves) == 0L) return(matrix(0, p, 0L))
  variances <- variance_directions(fit)
  total <- matrix(rowSums(moves[, variances, drop = FALSE]), p)
  decomposition <- eigen((total + t(total)) / 2, symmetric = TRUE)
  kept <- decomposition$values > 1e-9 * max(decomposition$values, 0) & decomposition$values > 0
  decomposition$vectors[, kept, drop = FALSE]
}

# Directions that are one variance alone, along which covariances of fixed effects only grow.
variance_directions <- function(fit) {
  places <- parameter_places(fit$random)
  diagonal <- places$parameter[places$row == places$column]
  directions <- fit$undetermined$directions
  single <- rowSums(directions != 0) == 1L
  which(single & max.col(directions != 0, "first") %in% diagonal)
}

# Powers of two near the largest entry of each row (1 for a row of zeros): division by them is
# exact, and squares of what it leaves neither vanish nor overflow.
row_powers <- function(L) {
  largest <- apply(abs(L), 1L, max, 0)
  2^floor(log2(ifelse(largest > 0, largest, 1)))
}

# Standard errors of the rows of L by the covariance of the fit.
row_errors <- function(fit, L) {
  unit <- row_powers(L)
  L <- L / unit
  unit * sqrt(pmax(rowSums((L %*% fit$vcov) * L), 0))
}
