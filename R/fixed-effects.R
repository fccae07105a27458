# Estimates of the fixed effects and of the residual scale.
#
# Notation: beta, the p coefficients of the kept columns of X; sigma, the residual standard
# deviation; vcov = sigma^2 (X'V^-1 X)^-1 with V the covariance of y relative to sigma^2.

#' Fixed-effects estimates
#'
#' @aliases fixef
#' @param object A fit by [lmm()].
#' @param add.dropped One logical. `TRUE` adds the columns that were dropped because the
#'   fixed-effects matrix does not have full rank, as `NA`, in their place among the columns of
#'   the matrix.
#' @param ... Nothing; an argument that is not known is an error.
#' @return A named numeric vector, one element for each kept column of the fixed-effects model
#'   matrix, in units of the response per unit of the column.
#' @section Errors: class `henderson_error_argument` for an unknown or malformed argument.
#' @source Generalised least squares at the estimated covariance: Henderson (1975), *Biometrics*
#'   31, 423--447, equation (1).
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' fixef(fit)
#' @export
fixef.henderson_fit <- function(object, add.dropped = FALSE, ...) {
  check_no_dots(...)
  check_flag(add.dropped)
  if (!add.dropped || length(object$dropped) == 0L) {
    return(object$beta)
  }
  beta <- rep(NA_real_, length(object$all_columns))
  names(beta) <- object$all_columns
  beta[match(names(object$beta), object$all_columns)] <- object$beta
  beta
}

#' Covariance matrix of the fixed-effects estimates
#'
#' @param object A fit by [lmm()] or its summary.
#' @param correlation One logical: `TRUE` gives correlations in place of covariances.
#' @param complete One logical: `TRUE` adds rows and columns of `NA` for the columns that were
#'   dropped because the fixed-effects matrix does not have full rank.
#' @param type One string. `"model"`: what the model says. Cluster-robust covariances, which hold
#'   also where the covariances of the model are wrong: `"CR0"`, without a correction for few
#'   clusters; `"CR1"`, times m / (m - 1) for m clusters; `"CR2"`, the bias-reduced one, which is
#'   unbiased if the model is right.
#' @param cluster For robust covariances, which rows belong together: `NULL`, the grouping factor in
#'   whose levels those of all others are nested; names of one or more (for their combinations)
#'   grouping factors or variables of the model frame; or a vector with a value for each row of the
#'   fit or of its data. Rows of different clusters must not be correlated in the model, so crossed
#'   grouping factors need a coarser variable.
#' @inheritParams fixef.henderson_fit
#' @details The cluster-robust covariance is \eqn{\Phi \sum_i (E_i e_i)(E_i e_i)' \Phi}{Phi (sum_i
#'   E_i e_i e_i'E_i') Phi}, \eqn{\Phi = (X'V^{-1}X)^{-1}}{Phi = (X'V^-1 X)^-1}, \eqn{e_i} the
#'   residuals \eqn{y - X\hat\beta}{y - X beta_hat} of cluster i, and \eqn{E_i =
#'   X_i'V_i^{-1}}{E_i = X_i'V_i^-1}, to which CR2 multiplies \eqn{A_i = D_i' B_i^{+1/2}
#'   D_i}{A_i = D_i' B_i^(+1/2) D_i}, \eqn{B_i = D_i (V_i - X_i \Phi X_i') D_i'}{B_i = D_i (V_i -
#'   X_i Phi X_i') D_i'}, \eqn{V_i = D_i'D_i}, with the pseudoinverse where fixed effects fit a
#'   cluster exactly. Weights are part of V. Rows of weight zero are in no cluster.
#' @return A plain numeric p x p matrix with row and column names; for `type = "model"`
#'   \eqn{\hat\sigma^2 (X'V^{-1}X)^{-1}}{sigma_hat^2 (X'V^-1X)^-1}, with \eqn{V} the covariance of
#'   the response relative to \eqn{\sigma^2}{sigma^2} at the estimated parameters. Elements that
#'   depend on what the data do not determine (see [lmm()]) are `NA`.
#' @section Errors: class `henderson_error_argument` for an unknown or malformed argument, and for
#'   clusters that the model correlates; for robust covariances `henderson_error_data` when the fit
#'   does not hold its model frame, `henderson_error_unsupported` when the data do not determine its
#'   variances or levels of a factor are related, `henderson_error_computation` for CR2 of clusters
#'   with too many rows.
#' @source Searle, Casella and McCulloch (1992), *Variance Components*, section 7.2. Robust:
#'   Bell and McCaffrey (2002), *Survey Methodology* 28, 169-181; Pustejovsky and Tipton (2018),
#'   *Journal of Business & Economic Statistics* 36, 672-683, equations (6) to (11).
#' @seealso [contrast_test()], [summary()][summary.henderson_lmm] and
#'   [anova()][anova.henderson_lmm], which test with robust covariances.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' vcov(fit)
#' vcov(fit, correlation = TRUE)
#' vcov(fit, type = "CR2")
#' @export
vcov.henderson_fit <- function(object, correlation = FALSE, complete = FALSE,
                               type = c("model", "CR0", "CR1", "CR2"), cluster = NULL, ...) {
  check_no_dots(...)
  check_flag(correlation)
  check_flag(complete)
  type <- check_choice(type, c("model", robust_types))
  if (type != "model" || !is.null(cluster)) refuse_generalized(object)
  if (type == "model" && !is.null(cluster)) abort_cluster_alone("type")
  covariance <- if (type == "model") {
    known_covariance(object)
  } else {
    robust_covariance(object, type, cluster)
  }
  if (correlation) covariance <- covariance_to_correlation(covariance)
  if (!complete || length(object$dropped) == 0L) {
    return(covariance)
  }
  columns <- object$all_columns
  all <- matrix(NA_real_, length(columns), length(columns), dimnames = list(columns, columns))
  kept <- match(rownames(covariance), columns)
  all[kept, kept] <- covariance
  all
}

#' @rdname vcov.henderson_fit
#' @export
vcov.summary.henderson_lmm <- function(object, correlation = FALSE, ...) {
  check_no_dots(...)
  check_flag(correlation)
  if (correlation) covariance_to_correlation(object$vcov) else object$vcov
}

#' Residual standard deviation
#'
#' @inheritParams fixef.henderson_fit
#' @param use.fallback Unused, as there is always an estimate; present because callers of
#'   [stats::sigma()] give it.
#' @return One number, in units of the response: the estimate of \eqn{\sigma}{sigma}, where
#'   observation i has residual variance \eqn{\sigma^2 / w_i}{sigma^2 / w_i}. By REML
#'   \eqn{\hat\sigma^2 = r^2 / (n - p)}{sigma_hat^2 = r^2 / (n - p)}, by maximum likelihood \eqn{r^2
#'   / n}, with \eqn{r^2} the penalized residual sum of squares. A message of class
#'   `henderson_message_undetermined` says where the data do not determine it, as with a random
#'   intercept for every observation.
#' @section Errors: class `henderson_error_argument` for an unknown argument.
#' @source Bates, Maechler, Bolker and Walker (2015), *Journal of Statistical Software* 67(1),
#'   equations (33) and (40).
#' @examples
#' sigma(lmm(Reaction ~ Days + (Days | Subject), sleepstudy))
#' @importFrom stats sigma
#' @export
sigma.henderson_fit <- function(object, use.fallback = TRUE, ...) {
  check_no_dots(...)
  check_flag(use.fallback)
  if (is_sigma_undetermined(object)) {
    inform_unknown("The residual standard deviation is one of many possible values.", object)
  }
  object$sigma
}

# Correlations from covariances. A variance of zero has no correlation: NaN, except 1 on the
# diagonal.
covariance_to_correlation <- function(covariance) {
  deviation <- sqrt(diag(covariance))
  correlation <- covariance / tcrossprod(deviation)
  diag(correlation) <- 1
  correlation
}
