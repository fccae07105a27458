# Standard deviations and correlations of a fit's residuals, and R applied to rows.

# R / of rows at these places: `arm` and `stratum` (integers), `position` (as the core has it).
residual_matrix <- function(residual, position, stratum, arm, phi = residual$phi) {
  n <- length(position)
  core <- c(residual$structure, list(
    group = rep(1L, n), position = as.double(position), stratum = rep_len(as.integer(stratum), n),
    arm = rep_len(as.integer(arm), n)
  ))
  residual_covariance_cpp(core, phi)
}

#' Standard deviations of the strata, and correlations, by the parameters of the core
#'
#' Both are relative: the deviations to sigma, and a correlation
#' by distance is that of two rows one unit of time, or one step, apart.
#' @return list(`deviations` (one for each stratum), `correlations` (one for each parameter of kind
#'   "correlation")).
#' @noRd
residual_estimates <- function(residual, phi = residual$phi) {
  design <- residual$structure$log_deviations
  deviations <- exp(drop(design %*% phi[seq_len(ncol(design))]))
  arms <- max(1L, length(residual$arms))
  correlations <- unlist(lapply(seq_len(arms), function(arm) {
    arm_correlations(residual, arm, phi)
  }))
  list(deviations = deviations, correlations = as.double(correlations))
}

arm_correlations <- function(residual, arm, phi) {
  v <- length(residual$visits)
  correlation <- function(position) {
    stats::cov2cor(residual_matrix(residual, position, 1L, arm, phi))
  }
  residual_row(residual$structure$name)$estimates(correlation, v, residual$unit)
}

# What the core takes of the rows of a fit.
residual_core <- function(fit) {
  residual_design(fit$parsed$residual, model_frame_of(fit), fit$weights)$core
}

#' R^(-1/2) x (whiten) or R^(1/2) x, within groups, of the rows of a fit
#' @param x matrix, a row for each of the frame's.
#' @noRd
transform_residuals <- function(fit, x, whiten) {
  residual_transform_cpp(residual_core(fit), fit$residual$phi, as.matrix(x), whiten)
}

# Standard deviation of the residual of each row over sigma, weights apart.
residual_deviations_of_rows <- function(fit) {
  if (!has_residual(fit)) return(rep(1, length(fit$fitted)))
  residual_estimates(fit$residual)$deviations[residual_core(fit)$stratum]
}
