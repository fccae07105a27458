# The conditional Akaike criterion, for predictions of the same levels.
#
# Notation: y~ = W^(1/2) y and so on; P~, weighted, takes a response to its residuals at given
# theta; H, Hessian of the profiled deviance d by theta; r^2 = y~'P~y~; G_j, derivative of Gamma.

#' Conditional AIC
#'
#' AIC of the distribution of the response given the random effects, for choosing among models that
#' are to predict further observations of the same levels; [stats::AIC()] is about new levels.
#'
#' @param fit,... Fits by [lmm()] of the same observations.
#' @param theta One string. `"estimated"`: the covariance parameters depend on the data, which costs
#'   degrees of freedom. `"known"`: they do not.
#' @details \eqn{-2 \log f(y | \hat\beta, b) + 2 (\rho + 1)}{-2 log f(y | beta_hat, b) + 2 (rho +
#'   1)}, the density normal about the fitted values with the fit's sigma. \eqn{\rho = tr(\partial
#'   \hat y / \partial y)}{rho = tr(d y_hat / d y)}, the effective degrees of freedom; 1 is for
#'   sigma. With theta known it is the sum of [hatvalues()][hatvalues.henderson_lmm]; how theta
#'   follows the response adds to it, by the exact derivative (implicit differentiation of the
#'   equations that theta solves), for fits by maximum likelihood and by REML. Variances estimated
#'   as zero stay there when the response changes a little, and drop out.
#' @return A data frame with a row for each fit and columns `df`, \eqn{\rho + 1}{rho + 1}; `logLik`,
#'   \eqn{\log f(y | \hat\beta, b)}{log f(y | beta_hat, b)}; `cAIC`.
#' @section Errors: class `henderson_error_data` for fits of different observations or when a fit
#'   does not hold its model frame; `henderson_error_unsupported` when the data do not determine a
#'   variance or, with theta estimated, levels of a factor are related; `henderson_error_argument`
#'   for anything else than fits, and for theta "estimated" where the fit is at given parameters.
#' @source Vaida and Blanchard (2005), *Biometrika* 92, 351-370 (theta known); Greven and Kneib
#'   (2010), *Biometrika* 97, 773-789, theorem 3 (estimated).
#' @seealso [cross_validate()], [stats::AIC()], [hatvalues()][hatvalues.henderson_lmm].
#' @examples
#' slopes <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' intercepts <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy)
#' conditional_aic(slopes, intercepts)
#' conditional_aic(slopes, theta = "known")
#' @export
conditional_aic <- function(fit, ..., theta = c("estimated", "known")) {
  theta <- check_choice(theta, c("estimated", "known"))
  fits <- list(fit, ...)
  for (one in fits) check_fit(one, "fit")
  if (length(fits) > 1L) check_comparable(fits)
  rows <- lapply(fits, function(one) {
    df <- sum(leverages(checked_conditional(one, theta))) + 1
    if (theta == "estimated") df <- df + degrees_of_theta(one)
    density <- conditional_log_density(one)
    data.frame(df = df, logLik = density, cAIC = 2 * df - 2 * density)
  })
  expressions <- as.list(substitute(list(fit, ...)))[-1L]
  table <- do.call(rbind, rows)
  rownames(table) <- model_labels(expressions, names(fits), NULL)
  table
}

checked_conditional <- function(fit, theta) {
  require_unconstrained(fit, "A conditional AIC")
  if (!is.null(fit$undetermined)) {
    abort("There is no conditional AIC with a variance that the data do not determine.",
      kind = "unsupported", variable = "fit"
    )
  }
  given <- fit$optimization$optimizer == "none" && length(fit$theta) > 0L
  if (theta == "estimated" && given && !is_near_optimum(fit)) {
    abort(c("The covariance parameters of this fit are no estimates.",
      "i" = "For given ones: {.code theta = \"known\"}."
    ), kind = "argument", variable = "theta", observed = theta)
  }
  fit
}

conditional_log_density <- function(fit) {
  weights <- fit$weights %||% rep(1, length(fit$fitted))
  used <- weights > 0
  sum(stats::dnorm(model_response(fit)[used], fit$fitted[used], fit$sigma / sqrt(weights[used]),
    log = TRUE
  ))
}

#' What estimation of theta adds to the trace of d y^ / d y
#'
#' With \eqn{t_j = \tilde P \tilde Z \dot G_j Z'Py}{t_j = P~ Z~ G_j Z'Py} the change of the fitted
#' values with theta_j and \eqn{d\theta/dy = -H^{-1} \partial^2 d / \partial\theta \partial y}{d
#' theta / d y = -H^-1 d^2 d / d theta d y}, \eqn{\frac{2}{\hat\sigma^2} \sum_{jk} H^{-1}_{jk}
#' (t_j't_k + o_k t_j'\tilde e)}{2 / sigma^2 sum_jk H^-1_jk (t_j't_k + o_k t_j'e~)}, o the
#' derivative of log r^2 and e~ the weighted residuals.
#' @noRd
degrees_of_theta <- function(fit) {
  if (length(fit$theta) == 0L) return(0)
  require_independent(fit, "A conditional AIC with theta estimated")
  require_plain_residuals(fit, "A conditional AIC")
  pieces <- inference_pieces(fit, "Satterthwaite")
  root <- sqrt(fit$weights %||% rep(1, length(fit$fitted)))
  residual <- root * (model_response(fit) - fit$fitted)
  Z <- random_effects_matrix(fit)
  score <- as.vector(Matrix::crossprod(Z, root * residual))
  changes <- as.matrix(Z %*% moved_scores(fit, score)) * root
  moves <- weighted_residuals(fit, Z, root, changes)
  inner <- crossprod(moves) + crossprod(moves, residual) %*% t(pieces$offset)
  2 / fit$sigma^2 * sum(pieces$weight * inner)
}

# G_j g for every parameter: q x k. Gamma_t is quadratic in entries of Lambda, for which the
# difference is exact.
moved_scores <- function(fit, score) {
  first <- c(0L, cumsum(unname(term_sizes(fit))))
  moved <- matrix(0, length(score), length(fit$theta))
  for (t in seq_along(fit$random)) {
    term <- fit$random[[t]]
    own <- first[t] + seq_len(first[t + 1L] - first[t])
    by_level <- matrix(score[own], length(term$columns))
    for (j in term$theta_index) {
      step <- 1e-5 * max(abs(fit$theta[term$theta_index]), 1e-3)
      gamma <- lapply(c(step, -step), function(by) {
        theta <- fit$theta
        theta[j] <- theta[j] + by
        tcrossprod(lambda_matrix(term, theta))
      })
      moved[own, j] <- ((gamma[[1L]] - gamma[[2L]]) / (2 * step)) %*% by_level
    }
  }
  moved
}

# P~ v for the columns of v (n x k, weighted).
weighted_residuals <- function(fit, Z, root, v) {
  factor <- root * (Z %*% relative_factor_matrix(fit))
  solver <- random_cholesky(fit)
  inverse <- function(a) {
    as.matrix(a - factor %*% Matrix::solve(solver, Matrix::crossprod(factor, a)))
  }
  whitened <- inverse(v)
  if (length(fit$beta) == 0L) return(whitened)
  X <- fixed_matrix(fit) * root
  phi <- unname(fit$vcov) / fit$sigma^2
  whitened - inverse(X) %*% (phi %*% crossprod(X, whitened))
}
