# Pairs of parameters: traces and contours of the criterion, from the profiles of both.
#
# Notation: psi_i, psi_j parameters, tau = (zeta_i(psi_i), zeta_j(psi_j)), c the radius of a
# contour, d(psi_i, psi_j) - d(psi_i^, psi_j^) = c^2. A trace: psi_j along the profile of psi_i.

#' Pairs of parameters
#'
#' Likelihood contours and profile traces of every pair of parameters, from their profiles.
#'
#' @param x A result of [profile()][profile.henderson_lmm].
#' @param parm The parameters, two or more, as for [profile()][profile.henderson_lmm]. All of them
#'   when missing; of a REML fit those of the random part and sigma, see below.
#' @param level Numeric vector of numbers between 0 and 1: levels of the joint regions that the
#'   contours bound, by the chi-squared distribution with two degrees of freedom. The profiles must
#'   reach to the root of its quantile: `profile(fit, alphamax = 0.002)` for 0.99.
#' @param col,lwd As for [graphics::par()], of the contours.
#' @param ... Nothing; an argument that is not known is an error.
#' @details Above the diagonal the axes are the parameters, below it their \eqn{\zeta}{zeta}, where
#'   contours of a quadratic criterion are ellipses; on it \eqn{\zeta}{zeta} against the parameter.
#'   The two thin lines are the profile traces: the estimate of one parameter where the other is
#'   held, solid where that on the horizontal axis is. They meet the contours where these are
#'   vertical or horizontal, which gives four points of each and their tangents; between these a
#'   contour is interpolated in the coordinates \eqn{\tau = c (\cos(a + d/2), \cos(a -
#'   d/2))}{tau = c (cos(a + d/2), cos(a - d/2))}, by a periodic spline of d by a (Bates and Watts).
#'   Where a parameter is at its bound, the contour ends.
#'
#'   A contour needs one criterion of both parameters. The restricted likelihood integrates fixed
#'   effects out, so that there is none that has them as coordinates: for pairs with fixed effects
#'   take the profile of [refit_ml()].
#' @return `x`, invisibly.
#' @section Errors: class `henderson_error_argument` for an unknown parameter, fewer than two, or a
#'   level that the profiles do not reach; `henderson_error_unsupported` for fixed effects of a REML
#'   fit.
#' @source Bates and Watts (1988), *Nonlinear Regression Analysis*, appendix A6; Bates, Maechler,
#'   Bolker and Walker (2015), *Journal of Statistical Software* 67(1), section 5.1.
#' @seealso [plot()][plot.henderson_profile] of profiles.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy, REML = FALSE)
#' pairs(profile(fit, "theta_"))
#' pairs(profile(fit, c("Days", ".sigma")), level = c(0.5, 0.95))
#' @importFrom graphics pairs
#' @export
pairs.henderson_profile <- function(x, parm = NULL, level = c(0.5, 0.8, 0.9, 0.95),
                                    col = "#0072B2", lwd = 1.5, ...) {
  check_no_dots(...)
  at <- paired_parameters(x, parm)
  radii <- contour_radii(x, level)
  curves <- lapply(at, profile_curve, profile = x)
  old <- graphics::par(no.readonly = TRUE)[c("mfrow", "mar", "mgp", "oma")]
  on.exit(graphics::par(old))
  graphics::par(
    mfrow = rep(length(at), 2L), mar = c(2.2, 2.2, 0.5, 0.5), mgp = c(1.2, 0.4, 0),
    oma = c(0.5, 0.5, 0.5, 0.5)
  )
  for (row in seq_along(at)) {
    for (column in seq_along(at)) {
      if (row == column) {
        draw_diagonal(curves[[row]], names(x$estimate)[at[row]], lwd)
      } else {
        pair <- profile_pair(x, at[column], at[row], radii)
        draw_pair(pair, row > column, col, lwd)
      }
    }
  }
  invisible(x)
}

draw_diagonal <- function(curve, name, lwd) {
  points <- curve_points(curve)
  graphics::plot(points$value, points$zeta, type = "l", lwd = lwd, xlab = "", ylab = "")
  graphics::abline(h = 0, col = "grey60")
  graphics::legend("topleft", name, bty = "n", cex = 1.1, adj = c(0.2, 0.5))
}

draw_pair <- function(pair, in_zeta, col, lwd) {
  axes <- if (in_zeta) c("tau_x", "tau_y") else c("x", "y")
  all <- rbind(pair$contours[axes], pair$traces[axes])
  graphics::plot(all, type = "n", xlab = "", ylab = "")
  for (one in split(pair$traces, pair$traces$held)) {
    graphics::lines(one[axes], col = "grey40", lty = if (one$held[1L] == "x") 1L else 2L)
  }
  for (one in split(pair$contours, pair$contours$level)) {
    graphics::lines(one[axes], col = col, lwd = lwd)
  }
}

# Positions of the parameters that `parm` asks for, which have a criterion in common.
paired_parameters <- function(x, parm, call = entry_frame()) {
  at <- chosen_parameters(x$parameters, parm, call)
  is_fixed <- x$parameters$kind[at] == "fixed"
  if (x$REML && any(is_fixed)) {
    if (is.null(parm) && sum(!is_fixed) > 1L) {
      inform(c(
        "Fixed effects are left out: the restricted likelihood has no contours of them.",
        "i" = "With them: `pairs(profile(refit_ml(fit)))`."
      ), kind = "unsupported", variable = "parm", observed = names(x$estimate)[at[is_fixed]])
      return(at[!is_fixed])
    }
    abort(c(
      "The restricted likelihood has no contours of fixed effects, which it integrates out.",
      "i" = "Take the profile of {.code refit_ml(fit)}."
    ), kind = "unsupported", variable = "parm", observed = names(x$estimate)[at[is_fixed]],
    call = call)
  }
  if (anyDuplicated(at) || length(at) < 2L) {
    abort("A pair needs two parameters of the profile, not {.val {names(x$estimate)[at]}}.",
      kind = "argument", variable = "parm", observed = names(x$estimate)[at], call = call
    )
  }
  at
}

contour_radii <- function(x, level, call = entry_frame()) {
  for (one in level) check_level(one, "level", call = call)
  radii <- sqrt(stats::qchisq(level, 2))
  if (any(radii > 1.05 * x$farthest)) {
    beyond <- level[radii > 1.05 * x$farthest]
    alpha <- signif(2 * stats::pnorm(-max(radii)), 1L)
    abort(c(
      "The profiles do not reach to contours of level {.val {beyond}}.",
      "i" = "Give {.code alphamax = {format(alpha)}} to {.fn profile}."
    ), kind = "argument", variable = "level", observed = beyond, call = call)
  }
  stats::setNames(radii, format(level, trim = TRUE))
}

#' Traces and contours of two parameters
#'
#' @param i,j positions in the profile, of the parameters on the horizontal and the vertical axis.
#' @param radii numeric, named by level: roots of the rise of the criterion.
#' @return list of two data frames: `traces` (`x`, `y`, `tau_x`, `tau_y`, `held`: "x" or "y"),
#'   `contours` (`x`, `y`, `tau_x`, `tau_y`, `level`, a factor), with `NA` where a contour lies
#'   beyond a bound.
#' @noRd
profile_pair <- function(profile, i, j, radii) {
  curves <- list(x = profile_curve(profile, i), y = profile_curve(profile, j))
  traces <- rbind(
    trace_points(profile, i, j, curves, "x"), trace_points(profile, j, i, curves, "y")
  )
  to_y <- trace_function(traces[traces$held == "x", ], "tau_x", "tau_y")
  to_x <- trace_function(traces[traces$held == "y", ], "tau_y", "tau_x")
  contours <- lapply(names(radii), function(level) {
    tau <- contour_points(radii[[level]], to_x, to_y)
    data.frame(
      x = value_of_zeta(curves$x, tau[, 1L]), y = value_of_zeta(curves$y, tau[, 2L]),
      tau_x = tau[, 1L], tau_y = tau[, 2L], level = factor(level, levels = names(radii))
    )
  })
  contours <- do.call(rbind, contours)
  # both are drawn, or neither
  contours[is.na(contours$x) | is.na(contours$y), c("x", "y", "tau_x", "tau_y")] <- NA
  list(traces = traces, contours = contours)
}

# Both parameters along the profile of one.
trace_points <- function(profile, held, other, curves, axis) {
  names <- names(profile$estimate)[c(held, other)]
  own <- profile$points[profile$points$.par == names[1L], ]
  own <- own[is.finite(own[[names[2L]]]), ]
  values <- list(own[[names[1L]]], own[[names[2L]]])
  free <- if (axis == "x") "y" else "x"
  tau <- list(own$.zeta, zeta_of_value(curves[[free]], values[[2L]]))
  if (axis == "y") {
    values <- rev(values)
    tau <- rev(tau)
  }
  data.frame(
    x = values[[1L]], y = values[[2L]], tau_x = tau[[1L]], tau_y = tau[[2L]],
    held = rep(axis, nrow(own))
  )
}

# Beyond the last point of a trace its tangent.
trace_function <- function(trace, from, to) {
  stats::splinefun(trace[[from]], trace[[to]], method = "natural")
}

zeta_of_value <- function(curve, values) {
  stats::splinefunH(curve$value, curve$zeta, curve$slope)(values)
}

# The inverse, by Newton's method from its own spline; NA beyond the ends of the curve.
value_of_zeta <- function(curve, zeta) {
  result <- rep(NA_real_, length(zeta))
  inside <- which(zeta >= min(curve$zeta) & zeta <= max(curve$zeta))
  zeta <- zeta[inside]
  forward <- stats::splinefunH(curve$value, curve$zeta, curve$slope)
  values <- stats::splinefunH(curve$zeta, curve$value, 1 / curve$slope)(zeta)
  for (step in 1:3) {
    values <- values - (forward(values) - zeta) / forward(values, deriv = 1)
  }
  result[inside] <- pmin(pmax(values, min(curve$value)), max(curve$value))
  result
}

#' Points of one contour in tau
#'
#' In tau = c (cos(a + d/2), cos(a - d/2)) the traces meet the contour at a = -d/2, d/2, pi - d/2
#' and pi + d/2, where the first, the second coordinate is c, the first, the second -c.
#' @param to_x,to_y the traces, functions of tau_y and tau_x.
#' @return matrix with two columns, the first point repeated at the end.
#' @noRd
contour_points <- function(radius, to_x, to_y, count = 200L) {
  angle <- function(cosine) acos(pmin(pmax(cosine / radius, -1), 1))
  d <- c(angle(to_y(radius)), angle(to_x(radius)), angle(-to_y(-radius)), angle(-to_x(-radius)))
  a <- c(0, 0, pi, pi) + c(-1, 1, -1, 1) * d / 2
  spline <- stats::splinefun(c(a, a[1L] + 2 * pi), c(d, d[1L]), method = "periodic")
  along <- seq(a[1L], a[1L] + 2 * pi, length.out = count + 1L)
  between <- spline(along)
  radius * cbind(cos(along + between / 2), cos(along - between / 2))
}
