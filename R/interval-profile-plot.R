# Pictures of profiles, with base graphics.

#' Plots of profiles
#'
#' @param x A result of [profile()][profile.henderson_lmm].
#' @param parm The parameters, as for [profile()][profile.henderson_lmm]; all of them when missing.
#' @param type One string. `"zeta"`: the signed root of the change of the criterion against the
#'   parameter, a straight line where intervals are symmetric, with the limits of intervals.
#'   `"density"`: the density that the parameter would have if \eqn{\zeta}{zeta} were standard
#'   normal, \eqn{\phi(\zeta) \, d\zeta/d\psi}{phi(zeta) dzeta/dpsi}.
#' @param level Numeric vector of numbers between 0 and 1: levels of the intervals shown, those
#'   that the profiles reach.
#' @param col,lwd As for [graphics::par()], of the curves.
#' @param ... Further arguments for [graphics::plot.default()].
#' @return `x`, invisibly. A panel for each parameter, several on a page.
#' @section Errors: class `henderson_error_argument` for an unknown parameter or malformed argument.
#' @source Bates, Maechler, Bolker and Walker (2015), *Journal of Statistical Software* 67(1),
#'   section 5.1.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' profiles <- profile(fit)
#' plot(profiles)
#' plot(profiles, "theta_", type = "density")
#' @export
plot.henderson_profile <- function(x, parm = NULL, type = c("zeta", "density"),
                                   level = c(0.5, 0.8, 0.9, 0.95, 0.99), col = "#0072B2", lwd = 2,
                                   ...) {
  type <- check_choice(type, c("zeta", "density"))
  for (one in level) check_level(one, "level")
  at <- chosen_parameters(x$parameters, parm)
  old <- graphics::par(no.readonly = TRUE)[c("mfrow", "mar", "mgp")]
  on.exit(graphics::par(old))
  graphics::par(
    mfrow = grDevices::n2mfrow(length(at)), mar = c(3.2, 3.2, 1, 0.8), mgp = c(2, 0.7, 0)
  )
  cutoffs <- stats::qnorm((1 + level) / 2)
  draw <- switch(type, zeta = draw_zeta, density = draw_density)
  for (i in at) {
    draw(
      profile_curve(x, i), x$estimate[i], names(x$estimate)[i],
      cutoffs[cutoffs <= x$farthest * (1 + 1e-8)], col, lwd, ...
    )
  }
  invisible(x)
}

# 200 values along a curve, between limits of zeta.
curve_points <- function(curve, farthest = Inf) {
  inside <- range(curve$value[abs(curve$zeta) <= farthest])
  value <- seq(inside[1L], inside[2L], length.out = 200L)
  data.frame(
    value = value,
    zeta = stats::splinefunH(curve$value, curve$zeta, curve$slope)(value),
    slope = stats::splinefunH(curve$value, curve$zeta, curve$slope)(value, deriv = 1)
  )
}

draw_zeta <- function(curve, estimate, name, cutoffs, col, lwd, ...) {
  points <- curve_points(curve)
  graphics::plot(points$value, points$zeta,
    type = "l", col = col, lwd = lwd, xlab = name, ylab = expression(zeta), ...
  )
  graphics::abline(h = 0, col = "grey60")
  for (cutoff in cutoffs) {
    limits <- curve_limits(curve, cutoff)
    zeta <- c(-1, 1) * cutoff
    reached <- c(min(curve$zeta) <= -cutoff, max(curve$zeta) >= cutoff)
    graphics::segments(limits[reached], 0, limits[reached], zeta[reached], col = "grey60", lty = 3)
  }
  graphics::points(estimate, 0, pch = 19, col = col)
}

draw_density <- function(curve, estimate, name, cutoffs, col, lwd, ...) {
  points <- curve_points(curve)
  density <- stats::dnorm(points$zeta) * pmax(points$slope, 0)
  graphics::plot(points$value, density,
    type = "l", col = col, lwd = lwd, xlab = name, ylab = "Density", ylim = c(0, max(density)), ...
  )
  graphics::abline(v = estimate, col = "grey60", lty = 3)
}
