# Standard errors of predictions, from the joint covariance of beta^ and b^ of the mixed-model
# equations (Henderson 1975).

#' Standard errors of linear predictors
#'
#' The standard deviation of \eqn{x'\hat\beta + z'\hat b - x'\beta - z'b} at the estimated
#' \eqn{\theta}; for a level that the fit does not know its random effect's variance is added.
#' @param parts,columns as in `linear_predictor()`.
#' @return numeric, one element for each row; NA where a predictor is missing.
#' @noRd
prediction_error <- function(fit, parts, columns, random_only) {
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
  variance <- rep(NA_real_, rows)
  variance[complete] <- prediction_variance_cpp(
    unclass(cross_products_of(fit)), fit$theta, fit$REML, X, terms
  )
  fit$sigma * sqrt(variance)
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
      v <- length(fit$random[[t]]$columns)
      if (!any(columns[[t]])) return(matrix(0, rows, v))
      own <- parts$random[[t]]
      level <<- ifelse(is.na(own$level), 0L, own$level)
      full <- if (is.null(own$z)) matrix(1, rows, 1L) else own$z
      full %*% diag(as.numeric(columns[[t]]), v)
    })
    list(z = do.call(cbind, z), level = as.integer(level))
  })
}
