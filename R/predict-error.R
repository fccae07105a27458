# Variances of predictions, from the joint covariance of beta^ and b^ of the mixed-model equations
# (Henderson 1975), and their degrees of freedom.
#
# Notation: kappa, the variance of x'beta^ + z'b^ - x'beta - z'b over sigma^2; S_t, the matrix with
# dkappa = tr(S_t dGamma_t) for a change of the relative covariance Gamma_t of term t.

#' Variances of linear predictors
#'
#' At the estimated theta; for a level that the fit does not know its random effect's variance is
#' added.
#' @param parts,columns as in `linear_predictor()`.
#' @param with_scores logical: are the S_t wanted?
#' @return list(`kappa` = numeric, one element for each row, NA where a predictor is missing;
#'   `scores` = list parallel to the block terms of v v x rows matrices S_t, or NULL).
#' @noRd
prediction_variance <- function(fit, parts, columns, random_only, with_scores = FALSE) {
  rows <- nrow(parts$X)
  X <- if (random_only) matrix(0, rows, length(fit$beta)) else parts$X
  terms <- if (any(unlist(columns))) prediction_terms(fit, parts, columns, rows) else list()
  complete <- stats::complete.cases(X)
  for (term in terms) complete <- complete & stats::complete.cases(term$z)
  terms <- lapply(terms, function(term) {
    list(z = term$z[complete, , drop = FALSE], level = term$level[complete])
  })
  X <- X[complete, , drop = FALSE]
  attributes(X) <- list(dim = dim(X))
  result <- prediction_variance_cpp(
    unclass(cross_products_of(fit)), fit$theta, fit$REML, X, terms, with_scores
  )
  kappa <- rep(NA_real_, rows)
  kappa[complete] <- result$variance
  scores <- lapply(result$scores, function(score) {
    all <- matrix(NA_real_, nrow(score), rows)
    all[, complete] <- score
    all
  })
  list(kappa = kappa, scores = if (with_scores) scores)
}

#' Rows to predict by block term of the core
#'
#' Columns that are not wanted are zero; a term that is not wanted at all keeps level 1 with zeros.
#' @return list of list(`z` (m x v), `level` (0 for an unknown one)).
#' @noRd
prediction_terms <- function(fit, parts, columns, rows) {
  index <- block_index(fit$random)
  lapply(seq_len(max(index$block)), function(block) {
    members <- which(index$block == block)
    level <- rep(1L, rows)
    z <- lapply(members, function(t) {
      own <- parts$random[[t]]
      full <- matrix(0, rows, length(fit$random[[t]]$columns))
      if (!any(columns[[t]])) return(full)
      level <<- ifelse(is.na(own$level), 0L, own$level)
      chosen <- columns[[t]]
      full[, chosen] <- if (is.null(own$z)) 1 else own$z[, chosen]
      full
    })
    list(z = do.call(cbind, z), level = as.integer(level))
  })
}

#' Degrees of freedom of estimated variances sigma^2 (kappa + noise)
#'
#' With W and the change o_i of log sigma^ ^2 by parameter tau_i from `inference_pieces()`,
#' \eqn{1/\nu = 1/m + h'Wh}{1/nu = 1/m + h'Wh}, \eqn{h_i = o_i + (d\kappa/d\tau_i) / (\kappa +
#' noise)}{h_i = o_i + (d kappa / d tau_i) / (kappa + noise)}.
#' @param total numeric: kappa plus what does not depend on the parameters.
#' @param scores as `prediction_variance()` gives them.
#' @param method "Satterthwaite" or "expected".
#' @return numeric, one element for each row.
#' @noRd
prediction_df <- function(fit, total, scores, method) {
  pieces <- inference_pieces(fit, method)
  moves <- covariance_moves(fit, scores, natural = method == "Satterthwaite") / total
  # by log sigma^2, of which kappa does not depend
  if (is_constrained(fit)) moves <- cbind(moves, 0)
  # nothing is uncertain about a variance of zero but sigma
  moves[which(total == 0), ] <- 0
  h <- moves + rep(pieces$offset, each = length(total))
  uncertainty <- 1 / pieces$degrees + rowSums((h %*% pieces$weight) * h)
  # below that it is the rounding of parameters that are known
  ifelse(uncertainty < 1e-14, Inf, 1 / uncertainty)
}

#' Derivatives of kappa by the covariance parameters
#'
#' @param natural TRUE: by theta, \eqn{2 (S_t \Lambda_t)_{rc}}{2 (S_t Lambda_t)_rc} for the element
#'   \eqn{\Lambda_{rc}}{Lambda_rc}; FALSE: by the elements of Gamma in the same places, \eqn{S_{rr}}
#'   and \eqn{2 S_{rc}}.
#' @return rows x k matrix.
#' @noRd
covariance_moves <- function(fit, scores, natural) {
  index <- block_index(fit$random)
  rows <- ncol(scores[[1L]])
  moves <- matrix(0, rows, length(fit$theta))
  for (t in seq_along(fit$random)) {
    term <- fit$random[[t]]
    own <- index$first[t] + seq_along(term$columns)
    score <- scores[[index$block[t]]]
    width <- as.integer(sqrt(nrow(score)))
    score <- array(score, c(width, width, rows))[own, own, , drop = FALSE]
    if (!has_entries(term$structure)) {
      slopes <- covariance_derivatives(term, fit$theta, if (natural) "theta" else "variances")
      score <- matrix(score, ncol = rows)
      moves[, term$theta_index] <- crossprod(score, vapply(slopes, as.vector, score[, 1L]))
      next
    }
    lambda <- lambda_matrix(term, fit$theta)
    places <- lambda_entries(term)
    for (i in seq_along(term$theta_index)) {
      r <- places$row[i]
      c <- places$column[i]
      moves[, term$theta_index[i]] <- if (natural) {
        2 * drop(crossprod(lambda[, c], matrix(score[r, , ], ncol = rows)))
      } else if (r == c) {
        score[r, r, ]
      } else {
        2 * score[r, c, ]
      }
    }
  }
  moves
}
