# Errors of predictions for units that were left out.
#
# Notation: i, the rows left out; w, weights; S = Z'WZ, M = Lambda'S Lambda + I, of the others.

#' Cross-validation
#'
#' Predicts each level of a grouping factor, or each row, from the others, without fitting them
#' again from the data.
#'
#' @param fit A fit by [lmm()] that holds its model frame.
#' @param groups What is left out at a time: `NULL`, each level of the grouping factor with the
#'   fewest levels; names of grouping factors or variables; `"obs"`, each row; as for
#'   [influence()][influence.henderson_lmm].
#' @param method One string. How the model is estimated without the unit, as for
#'   [influence()][influence.henderson_lmm]: `"exact"`, all parameters again; `"one-step"`;
#'   `"held"`, the covariance parameters are those of the fit (of rows by an exact formula, at the
#'   cost of their leverages); `"auto"`, by the size of the model.
#' @param x The result.
#' @param digits One whole number: significant digits.
#' @param row.names,optional Unused, as in [as.data.frame()].
#' @param ... Nothing; an argument that is not known is an error.
#' @details The prediction of a row is its expected value given all rows that are not left out, at
#'   the parameters estimated from these: \eqn{x'\beta + z'b}{x' beta + z'b} plus the offset, where
#'   b is zero for levels that have no row left. So a group that is left out whole is predicted by
#'   the population line, and, within a larger group, with the effects of that one. `se` is the
#'   standard deviation of the error, with the observation's own; that of covariance parameters is
#'   not in it.
#'   The log score is the logarithm of the normal density of each observation about its
#'   prediction; larger is better.
#'
#'   Rows of weight zero are not predicted. Nor are units without which there is no model, as the
#'   `status` says (see [influence()][influence.henderson_lmm]): the measures are over the others,
#'   of which `n` has the number.
#' @return An object of class `henderson_cross_validation`: a list with `predictions`, a data frame
#'   with a row for each row of the fit (with `na.exclude` for each row of the data, `NA` where it
#'   was left out) and columns `unit`, `observed`, `predicted`, `error`, `se`, `log_score`;
#'   `measures`, a named vector `MSE`, `RMSE`, `MAE`, `log_score` (a mean) and `n`; `status` by
#'   unit; `groups`; `method`, the one that was used. `as.data.frame()` gives the predictions.
#' @section Errors: those of [influence()][influence.henderson_lmm];
#'   `henderson_error_unsupported` where levels of a factor are related.
#' @source Gneiting and Raftery (2007), *Journal of the American Statistical Association* 102,
#'   359-378 (log score); leaving out rows with parameters held: Haslett and Dillane (2004),
#'   *Journal of the Royal Statistical Society B* 66, 131-143.
#' @seealso [conditional_aic()], which estimates what rows left out would measure.
#' @examples
#' slopes <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' cross_validate(slopes)
#' cross_validate(slopes, "obs", method = "held")
#' head(as.data.frame(cross_validate(slopes, "Days")))
#' @export
cross_validate <- function(fit, groups = NULL, method = c("auto", "exact", "one-step", "held"),
                           ...) {
  check_no_dots(...)
  check_fit(fit)
  method <- check_choice(method, c("auto", "exact", "one-step", "held"))
  require_independent(fit, "Cross-validation")
  require_plain_residuals(fit, "Cross-validation")
  require_unconstrained(fit, "Cross-validation")
  units <- deleted_units(fit, groups)
  if (method == "held" && is_each_row(groups) && is.null(fit$undetermined)) {
    status <- rep("fitted", length(units$rows))
    return(new_cross_validation(fit, units, row_predictions(fit), status, method))
  }
  without <- influence(fit, groups, method)
  predictions <- unit_predictions(fit, units, without)
  new_cross_validation(fit, units, predictions, unname(without$status), without$method)
}

# list(predicted, se), theta held: the error of a row is its residual over 1 - h, and r^2 becomes
# less by w error residual.
row_predictions <- function(fit) {
  weights <- fit$weights %||% rep(1, length(fit$fitted))
  weights[weights == 0] <- NA
  left <- 1 - leverages(fit)
  left[left < 1e-10 | is.na(weights)] <- NA
  residual <- model_response(fit) - fit$fitted
  degrees <- if (fit$REML) fit$n - length(fit$beta) else fit$n
  sigma2 <- (degrees * fit$sigma^2 - weights * residual^2 / left) / (degrees - 1)
  list(
    predicted = model_response(fit) - residual / left, se = sqrt(sigma2 / (weights * left))
  )
}

#' Predictions of the rows of each unit
#'
#' @param without an influence object.
#' @return list(`predicted`, `se`), one number for each row, NA where there are none.
#' @noRd
unit_predictions <- function(fit, units, without) {
  n <- length(fit$fitted)
  data <- list(
    X = fixed_matrix(fit), Z = random_effects_matrix(fit), weights = fit$weights %||% rep(1, n),
    y = model_response(fit) - (fit$offset %||% 0), offset = fit$offset %||% rep(0, n)
  )
  WZ <- data$weights * data$Z
  data$S <- Matrix::crossprod(data$Z, WZ)
  data$zx <- as.matrix(Matrix::crossprod(WZ, data$X))
  data$zy <- as.vector(Matrix::crossprod(WZ, data$y))
  result <- list(predicted = rep(NA_real_, n), se = rep(NA_real_, n))
  beta <- deleted_values(without, "fixed.effects")
  theta <- deleted_values(without, "theta")
  vcov <- deleted_values(without, "vcov")
  for (i in which(!is.na(without$sigma))) {
    rows <- units$rows[[i]]
    rows <- rows[data$weights[rows] > 0]
    if (length(rows) == 0L) next
    fit$theta[] <- theta[i, ]
    own <- predict_left_out(
      data, rows, relative_factor_matrix(fit), beta[i, ], as.matrix(vcov[[i]]), without$sigma[[i]]
    )
    result$predicted[rows] <- own$predicted
    result$se[rows] <- own$se
  }
  result
}

# From the others' sums. The variance is that of the mixed-model equations (Henderson 1975), as in
# src/core/inference/prediction.h.
predict_left_out <- function(data, rows, Lambda, beta, vcov, sigma) {
  X <- data$X[rows, , drop = FALSE]
  Z <- data$Z[rows, , drop = FALSE]
  w <- data$weights[rows]
  WZ <- w * Z
  S <- data$S - Matrix::crossprod(Z, WZ)
  half <- Matrix::crossprod(Lambda, S %*% Lambda)
  factor <- Matrix::Cholesky(Matrix::forceSymmetric(half), LDL = FALSE, Imult = 1)
  zx <- data$zx - as.matrix(Matrix::crossprod(WZ, X))
  zy <- data$zy - as.vector(Matrix::crossprod(WZ, data$y[rows]))
  own <- Matrix::tcrossprod(Matrix::t(Lambda), Z)
  # Lambda M^-1 Lambda'Z_i'
  weighting <- Lambda %*% Matrix::solve(factor, own)
  fixed <- t(X) - as.matrix(Matrix::crossprod(zx, weighting))
  mean <- as.vector(Matrix::crossprod(weighting, zy)) + as.vector(crossprod(fixed, beta))
  kappa <- Matrix::colSums(Matrix::t(Z) * weighting)
  variance <- sigma^2 * (kappa + 1 / w) + colSums(fixed * (vcov %*% fixed))
  list(predicted = mean + data$offset[rows], se = sqrt(variance))
}

new_cross_validation <- function(fit, units, predictions, status, method) {
  observed <- model_response(fit)
  unit <- character(length(observed))
  unit[unlist(units$rows)] <- rep(names(units$rows), lengths(units$rows))
  table <- data.frame(
    unit = unit, observed = observed, predicted = predictions$predicted,
    error = observed - predictions$predicted, se = predictions$se,
    log_score = stats::dnorm(observed, predictions$predicted, predictions$se, log = TRUE),
    row.names = rownames(fit$frame)
  )
  error <- table$error[!is.na(table$error)]
  measures <- c(
    MSE = mean(error^2), RMSE = sqrt(mean(error^2)), MAE = mean(abs(error)),
    log_score = mean(table$log_score, na.rm = TRUE), n = length(error)
  )
  # rows that na.exclude left out come back
  rows <- stats::naresid(fit$na.action, stats::setNames(seq_along(observed), rownames(table)))
  if (anyNA(rows)) table <- structure(table[rows, ], row.names = names(rows))
  structure(
    list(
      predictions = table, measures = measures, status = stats::setNames(status, names(units$rows)),
      groups = units$name, method = method
    ),
    class = "henderson_cross_validation"
  )
}

#' @rdname cross_validate
#' @export
print.henderson_cross_validation <- function(x, digits = max(3L, getOption("digits") - 3L), ...) {
  check_print_dots(...)
  check_digits(digits)
  what <- if (x$groups == "case") "rows" else paste("levels of", x$groups)
  how <- switch(x$method,
    exact = "all parameters estimated again", `one-step` = "covariance parameters by one step",
    held = "covariance parameters held"
  )
  missing <- sum(is.na(x$predictions$error) & !is.na(x$predictions$observed))
  write_lines(c(
    paste0("Cross-validation, ", length(x$status), " ", what, " left out one by one; ", how), "",
    text_vector(format(x$measures[1:4], digits = digits)), "",
    paste0(x$measures[["n"]], " rows predicted", if (missing > 0L) paste0(", ", missing, " not"))
  ))
  invisible(x)
}

#' @rdname cross_validate
#' @export
as.data.frame.henderson_cross_validation <- function(x, row.names = NULL, optional = FALSE, ...) {
  check_no_dots(...)
  x$predictions
}
