# Leverages, and residuals over their standard deviations.

#' Leverages and standardized residuals
#'
#' @param model A fit by [lmm()] that holds its model frame.
#' @param ... Nothing; an argument that is not known is an error.
#' @details `hatvalues()`: the diagonal \eqn{h_i} of the matrix that makes fitted values
#'   \eqn{X\hat\beta + Zb}{X beta_hat + Zb} of the response, covariance parameters known; their sum
#'   is the effective number of parameters. `rstandard()`: \eqn{\sqrt{w_i} (y_i - \hat\mu_i) /
#'   (\hat\sigma \sqrt{1 - h_i})}{sqrt(w) (y - mu) / (sigma sqrt(1 - h))}; the variance of a
#'   conditional residual is \eqn{\sigma^2 (1 - h_i) / w_i}{sigma^2 (1 - h) / w} exactly.
#'   `rstudent()`: the same with sigma estimated without row i, covariance parameters relative to it
#'   held, \eqn{\sqrt{(n - p - 1) / (m - t_i^2)} t_i}{t sqrt((n - p - 1) / (m - t^2))} for
#'   \eqn{t_i}{t} = `rstandard()`, m = n by ML and n - p by REML. lme4's `rstudent()` is what
#'   `rstandard()` is here.
#'
#' @return A named numeric vector, one element for each row; with `na.exclude` one for each row of
#'   the data. `NaN` where the leverage is 1, `NA` where the weight is 0.
#' @section Errors: class `henderson_error_data` when the fit does not hold its model frame.
#' @seealso [influence()][influence.henderson_lmm], [residuals()][residuals.henderson_lmm].
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' sum(hatvalues(fit))
#' head(rstandard(fit))
#' head(rstudent(fit))
#' @importFrom stats hatvalues
#' @export
hatvalues.henderson_lmm <- function(model, ...) {
  check_no_dots(...)
  stats::napredict(model$na.action, with_row_names(model, leverages(model)))
}

leverages <- function(fit) {
  require_plain_residuals(fit, "Leverage")
  all <- selected_columns(fit, NULL)
  parts <- prediction_parts(fit, NULL, seq_along(fit$random), FALSE)
  prediction_variance(fit, parts, all, FALSE)$kappa * (fit$weights %||% 1)
}

#' @rdname hatvalues.henderson_lmm
#' @importFrom stats rstandard
#' @export
rstandard.henderson_lmm <- function(model, ...) {
  check_no_dots(...)
  stats::naresid(model$na.action, with_row_names(model, standardized_residuals(model)))
}

standardized_residuals <- function(fit) {
  require_plain_residuals(fit, "A standardized residual",
    "{.code residuals(fit, type = \"normalized\")} are uncorrelated."
  )
  weights <- fit$weights %||% rep(1, length(fit$fitted))
  left <- 1 - leverages(fit)
  left[left < 1e-10] <- NaN
  weights[weights == 0] <- NA
  sqrt(weights / left) * (model_response(fit) - fit$fitted) / fit$sigma
}

#' @rdname hatvalues.henderson_lmm
#' @importFrom stats rstudent
#' @export
rstudent.henderson_lmm <- function(model, ...) {
  check_no_dots(...)
  require_unconstrained(model, "A residual with sigma estimated without its row",
    instead = "{.fn rstandard} has the fit's own."
  )
  values <- standardized_residuals(model)
  used <- sum(!is.na(values) | is.nan(values))
  count <- length(model$beta)
  degrees <- if (model$REML) used - count else used
  values <- values * sqrt((used - count - 1) / (degrees - values^2))
  stats::naresid(model$na.action, with_row_names(model, values))
}

#' Residuals for diagnostics
#'
#' Marginal and conditional residuals, as they are, over their standard deviations or decorrelated.
#'
#' @param model A fit by [lmm()] that holds its model frame.
#' @param type One string. `"conditional"`: \eqn{y - X\hat\beta - Zb}{y - X beta_hat - Zb}.
#'   `"marginal"`: \eqn{y - X\hat\beta}{y - X beta_hat}. Less the offset both.
#' @param scale One string. `"none"`: as they are. `"standardized"`: over the standard deviation of
#'   an observation, \eqn{\hat\sigma / \sqrt{w_i}}{sigma / sqrt(w_i)} given the random effects or
#'   \eqn{\sqrt{V_{ii}}}{sqrt(V_ii)}. `"studentized"`: over that of the residual itself, smaller
#'   since the estimates follow the data: \eqn{\hat\sigma \sqrt{(1 - h_i) / w_i}}{sigma sqrt((1 -
#'   h_i) / w_i)} (as [rstandard()][rstandard.henderson_lmm] has it) or the root of
#'   the diagonal of \eqn{V - X (X'V^{-1}X)^{-1} X'}{V - X (X'V^-1 X)^-1 X'}. `"cholesky"`, of
#'   marginal residuals: \eqn{L^{-1} (y - X\hat\beta)}{L^-1 (y - X beta_hat)} with \eqn{V = LL'},
#'   the rows in their order: uncorrelated with variance one, were \eqn{\beta}{beta} known.
#' @param ... Nothing; an argument that is not known is an error.
#' @return A named numeric vector, one element for each row; with `na.exclude` one for each row of
#'   the data. Scaled ones are `NA` where the weight is 0.
#' @section Errors: class `henderson_error_argument` for a malformed argument, or `"cholesky"` of
#'   conditional residuals; `henderson_error_data` when the fit does not hold its model frame;
#'   `henderson_error_unsupported` for marginal residuals where the levels of a grouping factor are
#'   related, and for `"cholesky"` where more than 5,000 rows are correlated with each other.
#' @source Haslett and Haslett (2007), *International Statistical Review* 75, 1-24; Houseman, Ryan
#'   and Coull (2004), *Journal of the American Statistical Association* 99, 383-394 (decorrelated).
#' @seealso [residuals()][residuals.henderson_lmm], [rstudent()][rstudent.henderson_lmm].
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' head(diagnostic_residuals(fit, "marginal", "studentized"))
#' stats::qqnorm(diagnostic_residuals(fit, "marginal", "cholesky"))
#' @export
diagnostic_residuals <- function(model, type = c("conditional", "marginal"),
                                 scale = c("none", "standardized", "studentized", "cholesky"),
                                 ...) {
  check_no_dots(...)
  check_fit(model)
  require_plain_residuals(model, "Residuals of this kind", "There are those of {.fn residuals}.")
  type <- check_choice(type, c("conditional", "marginal"))
  scale <- check_choice(scale, c("none", "standardized", "studentized", "cholesky"))
  if (type == "conditional" && scale == "cholesky") {
    abort(c("Conditional residuals are not decorrelated.",
      "i" = "For marginal ones: {.code type = \"marginal\"}."
    ), kind = "argument", variable = "scale", observed = scale)
  }
  values <- if (type == "marginal") {
    marginal_residuals(model, scale)
  } else {
    conditional_residuals(model, scale)
  }
  stats::naresid(model$na.action, with_row_names(model, values))
}

conditional_residuals <- function(fit, scale) {
  if (scale == "studentized") return(standardized_residuals(fit))
  values <- model_response(fit) - fit$fitted
  if (scale == "none") return(values)
  weights <- fit$weights %||% rep(1, length(values))
  weights[weights == 0] <- NA
  values * sqrt(weights) / fit$sigma
}

marginal_residuals <- function(fit, scale) {
  X <- fixed_matrix(fit)
  values <- model_response(fit) - (fit$offset %||% 0) - drop(X %*% fit$beta)
  if (scale == "none") return(values)
  # V = sigma^2 (F F' + 1/w)
  factor <- random_effects_matrix(fit) %*% component(fit, "Lambda")
  own <- 1 / (fit$weights %||% rep(1, length(values)))
  own[is.infinite(own)] <- NA
  if (scale == "cholesky") return(decorrelated(values / fit$sigma, factor, own))
  variance <- fit$sigma^2 * (Matrix::rowSums(factor^2) + own)
  if (scale == "studentized") {
    variance <- variance - rowSums((X %*% as.matrix(stats::vcov(fit))) * X)
    # where the fit goes through the observation nothing but rounding is left
    variance[which(variance < 1e-10 * fit$sigma^2 * own)] <- NaN
  }
  values / sqrt(variance)
}

# L^-1 values, LL' = F F' + own, for rows of positive weight; others are NA.
decorrelated <- function(values, factor, own, call = entry_frame()) {
  result <- rep(NA_real_, length(values))
  parts <- split(which(!is.na(own)), connected_rows(factor)[!is.na(own)])
  if (max(lengths(parts)) > 5000L) {
    abort("{max(lengths(parts))} rows are correlated with each other, too many to decorrelate.",
      kind = "unsupported", variable = "scale", observed = max(lengths(parts)), call = call
    )
  }
  # a product with Z' finds the columns of a part by its rows
  by_row <- Matrix::t(factor)
  for (rows in parts) {
    part <- by_row[, rows, drop = FALSE]
    V <- as.matrix(Matrix::crossprod(part)) + diag(own[rows], length(rows))
    result[rows] <- backsolve(chol(V), values[rows], transpose = TRUE)
  }
  result
}

# Rows that have effects in common, at first, second and any hand, share a number.
connected_rows <- function(factor) {
  entries <- methods::as(methods::as(factor, "generalMatrix"), "TsparseMatrix")
  row <- entries@i + 1L
  column <- entries@j + 1L
  number <- seq_len(nrow(factor))
  repeat {
    lowest <- rep(length(number) + 1L, ncol(factor))
    order <- order(number[row], decreasing = TRUE)
    lowest[column[order]] <- number[row[order]]
    next_number <- number
    order <- order(lowest[column], decreasing = TRUE)
    next_number[row[order]] <- lowest[column[order]]
    next_number <- pmin(number, next_number)
    if (identical(next_number, number)) return(number)
    number <- next_number
  }
}
