# Checks that need the result of the core: is the criterion finite, is there residual variation?
# What is at fault is looked for only when something is.

#' The criterion is finite, or what makes it infinite is named
#'
#' @param result list from the core.
#' @param X the fixed-effects matrix, all columns; `start` numeric or NULL.
#' @noRd
check_defined <- function(result, design, X, frame, start) {
  if (result$status == "fitted") return(invisible(NULL))
  check_magnitudes(design, X, frame)
  if (!is.null(start)) {
    given <- describe_value(start)
    abort(c(
      "The likelihood is not finite at {.arg start}, {given}.",
      "i" = "Relative standard deviations are of order 1; leave {.arg start} out if in doubt."
    ), kind = "start", variable = "start", observed = observed_value(start))
  }
  abort_exact_response(frame)
}

#' The residual variance is more than rounding
#'
#' Where the effects reproduce the response, the likelihood has no maximum and all that is estimated
#' is rounding error: relative to the response where the fixed effects do it, relative to the
#' residuals of least squares, from which the core starts, where the random effects do. Where sigma
#' has its digits (equations/level_centring.h in the core), what is left then must only be more
#' than the rounding of the response itself.
#' @param X the kept columns.
#' @noRd
check_not_exact <- function(result, design, X, frame) {
  y <- if (is.null(design$offset)) design$y else design$y - design$offset
  # Without a vector of n numbers: about its mean the sum of squares is not larger.
  if (is.null(design$weights) && result$point$pwrss > 1e-13 * sum_of_squares(y)) {
    return(invisible(NULL))
  }
  weight <- if (is.null(design$weights)) 1 else sqrt(design$weights)
  if (result$point$pwrss > 1e-13 * sum((weight * (y - mean(y)))^2)) return(invisible(NULL))
  residual <- if (ncol(X)) qr.resid(qr(weight * X), weight * y) else weight * y
  share <- if (isTRUE(result$evidence$certificate$relative_error < 1e-5)) 1e-22 else 1e-13
  smallest <- max(1e-26 * sum((weight * design$y)^2), share * sum(residual^2))
  if (result$point$pwrss > smallest) return(invisible(NULL))
  abort_exact_response(frame)
}

sum_of_squares <- function(x) drop(crossprod(x))

#' @noRd
abort_exact_response <- function(frame) {
  name <- utf8_names(names(frame)[1L])
  abort(c(
    "The residual variance of {.var {name}} is zero to the precision of the computation:
     the effects in the model reproduce the response.",
    "i" = "Is the response computed from the predictors, or are the rows of a group all equal?"
  ), kind = "computation", variable = name, observed = 0)
}

#' Sums of squares are finite and above zero in double precision
#'
#' The core works with cross-products, so that values beyond about 1e150 overflow. Products of such
#' values in an interaction are infinite themselves.
#' @noRd
check_magnitudes <- function(design, X, frame) {
  rows <- if (is.null(design$weights)) TRUE else design$weights > 0
  for (name in colnames(X)) check_magnitude(X[rows, name], name, "data")
  for (term in design$random) {
    for (name in colnames(term$z)) check_magnitude(term$z[rows, name], name, "data")
  }
  y <- if (is.null(design$offset)) design$y else design$y - design$offset
  check_magnitude(y[rows], utf8_names(names(frame)[1L]), "response")
  if (is.null(design$weights)) return(invisible(NULL))
  check_magnitude(sqrt(design$weights[rows]), "weights", "weights")
  check_magnitude(sqrt(design$weights[rows]) * y[rows], "weights", "weights")
}

#' @noRd
check_magnitude <- function(x, name, kind) {
  bad <- sum(!is.finite(x))
  if (bad) {
    abort(c(
      "{.var {name}} has {bad} value{?s} among {length(x)} that {?is/are} not finite.",
      "i" = "The product of its variables is too large; rescale them, to kilometres say."
    ), kind = kind, variable = name, observed = bad)
  }
  total <- sum(x^2)
  if ((total >= 1e-300 && total <= 1e300) || all(x == 0)) return(invisible(NULL))
  largest <- max(abs(x))
  size <- if (total > 1) "large" else "small"
  abort(c(
    "The values of {.var {name}} are too {size} to compute with, up to {signif(largest, 3)}.",
    "i" = "Their squares must lie between 1e-300 and 1e300; give {.var {name}} another unit."
  ), kind = kind, variable = name, observed = largest)
}

# More observations than coefficients, or there is no residual variance to estimate.
check_residual_df <- function(n, p) {
  if (n > p) return(invisible(NULL))
  abort(c(
    "{n} observation{?s} cannot determine {p} fixed-effects coefficient{?s} and a residual
     variance.",
    "i" = "Fewer fixed effects, or more data, are needed."
  ), kind = "data", observed = c(n = n, p = p))
}
