# Pictures of a fit, with base graphics: is the model all right for these data?

#' Diagnostic plots
#'
#' Four panels that show whether the assumptions of a mixed model hold: residuals against fitted
#' values, their spread, their distribution, and the distribution of the random effects.
#'
#' @param x A fit by [lmm()] that holds its model frame.
#' @param which Whole numbers from 1 to 5, or names: `"residuals"` (1), `"scale"` (2), `"qq"` (3),
#'   `"modes"` (4), `"observed"` (5). The default is the first four, on one page.
#' @param nsim One whole number: how many simulated samples the bands of the normal plots are from;
#'   0 for none.
#' @param level One number between 0 and 1: the level of these bands, of all points of a panel
#'   together.
#' @param seed One whole number for the simulated samples; R's generator is left as it was.
#' @param label One whole number: how many of the most extreme observations are labelled with their
#'   row names.
#' @param col,pch As for [graphics::par()], of the points.
#' @param ... Further arguments for [graphics::plot.default()].
#' @details
#' 1. Conditional residuals, of rows of weight one (\eqn{\sqrt{w_i} (y_i - \hat\mu_i)}{sqrt(w_i)
#' (y_i - mu_i)}), against conditional fitted values, in units of the response, with a smooth
#' ([stats::lowess()]): a bend shows a missing term, a funnel unequal variances.
#' 2. The root of the absolute residuals over \eqn{\hat\sigma}{sigma} against fitted values, with a
#' smooth, which is flat where variances are equal.
#' 3. Residuals over \eqn{\hat\sigma}{sigma} against normal quantiles.
#' 4. Conditional modes of every random effect against normal quantiles, each over its own standard
#' deviation \eqn{\sqrt{R_j} \sigma_b}{sqrt(R_j) sigma_b} with \eqn{R_j} its [reliability()], so
#' that modes of groups with few rows, which are shrunk most, compare with the others. Effects whose
#' variance is estimated as zero, or not determined by the data, have none.
#' 5. Observed against fitted values, with the line of equality.
#'
#' The bands of 3 and 4 are those of the same numbers from refits to responses simulated from the
#' fit; beyond 2,000 rows, and where levels are related, from independent normal samples. They are
#' simultaneous: of samples from the model about `level` lie inside with all their points (of a band
#' that holds point by point 40 % of samples of 60 do). Each side is a multiple of the distance of
#' the pointwise quantile from the mean, the same multiple at all points. In panel 4 it is that of
#' the effect with the most levels.
#'
#' Axes have the attributes `label` and `units` of variables where these are there. Colours can be
#' told apart by readers with colour blindness, and in grey.
#' @return `x`, invisibly.
#' @section Errors: class `henderson_error_argument` for a malformed argument;
#'   `henderson_error_data` when the fit does not hold its model frame.
#' @source Pinheiro and Bates (2000), *Mixed-Effects Models in S and S-PLUS*, section 4.3; Lange and
#'   Ryan (1989), *Annals of Statistics* 17, 624-642 (modes over their standard deviations);
#'   Myllymaki, Mrkvicka, Grabarnik, Seijo and Hahn (2017), *Journal of the Royal Statistical
#'   Society B* 79, 381-404 (bands).
#' @seealso [autoplot()][autoplot.henderson_lmm] for the same and more with ggplot2;
#'   [plot()][plot.henderson_ranef] of conditional modes, [plot()][plot.henderson_profile] of
#'   profiles.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' plot(fit)
#' plot(fit, which = "modes", nsim = 0)
#' @export
plot.henderson_lmm <- function(x, which = 1:4, nsim = 99, level = 0.95, seed = 1, label = 3,
                               col = "#0072B2", pch = 20, ...) {
  panels <- chosen_panels(which)
  check_count(nsim)
  check_level(level)
  check_count(seed, min = -.Machine$integer.max)
  check_count(label)
  values <- plotted_values(x)
  if (length(panels) > 1L) {
    old <- graphics::par(no.readonly = TRUE)[c("mfrow", "mar", "mgp")]
    on.exit(graphics::par(old))
    graphics::par(
      mfrow = grDevices::n2mfrow(length(panels)), mar = c(3.4, 3.4, 1.6, 0.8), mgp = c(2.2, 0.7, 0)
    )
  }
  style <- list(col = col, pch = pch, ...)
  simulated <- if (any(c("qq", "modes") %in% panels)) simulated_values(x, values, nsim, seed)
  for (panel in panels) {
    switch(panel,
      residuals = draw_residuals(values, label, style),
      scale = draw_scale(values, label, style),
      qq = draw_quantiles(values, simulated, level, label, style),
      modes = draw_modes(x, simulated, level, style),
      observed = draw_observed(values, label, style)
    )
  }
  invisible(x)
}

panel_names <- c("residuals", "scale", "qq", "modes", "observed")

chosen_panels <- function(which, call = entry_frame()) {
  chosen <- if (is.numeric(which)) panel_names[which] else which
  valid <- is.character(chosen) && length(chosen) > 0L && all(chosen %in% panel_names)
  if (!valid) {
    abort_argument(
      which, "which", paste("numbers from 1 to 5, or some of", toString(panel_names)), "argument",
      call, "More pictures, such as {.val caterpillar}: {.code ggplot2::autoplot(fit, which = )}."
    )
  }
  chosen
}

# --- panels ---

draw_points <- function(x, y, main, xlab, ylab, style, ...) {
  chosen <- utils::modifyList(list(main = main, xlab = xlab, ylab = ylab, ...), style)
  do.call(graphics::plot, c(list(x, y), chosen))
}

# The `count` points of largest `size`.
label_points <- function(x, y, names, size, count) {
  if (count == 0L) return(invisible(NULL))
  extreme <- utils::head(order(-size), count)
  # towards the middle, where there is room
  side <- ifelse(x[extreme] > mean(graphics::par("usr")[1:2]), 2L, 4L)
  graphics::text(x[extreme], y[extreme], names[extreme], pos = side, cex = 0.7, xpd = NA)
}

draw_smooth <- function(x, y) {
  if (length(unique(x)) > 3L) graphics::lines(stats::lowess(x, y), col = "#D55E00", lwd = 2)
}

draw_residuals <- function(values, label, style) {
  draw_points(
    values$fitted, values$residual, "Residuals and fitted values", values$labels$fitted,
    values$labels$residual, style
  )
  graphics::abline(h = 0, col = "grey50", lty = 2)
  draw_smooth(values$fitted, values$residual)
  label_points(values$fitted, values$residual, values$names, abs(values$residual), label)
}

draw_scale <- function(values, label, style) {
  root <- sqrt(abs(values$scaled))
  draw_points(
    values$fitted, root, "Scale and location", values$labels$fitted,
    expression(sqrt("|Residual|" / hat(sigma))), style
  )
  draw_smooth(values$fitted, root)
  label_points(values$fitted, root, values$names, root, label)
}

draw_observed <- function(values, label, style) {
  draw_points(
    values$fitted, values$observed, "Observed and fitted values", values$labels$fitted,
    values$labels$observed, style
  )
  graphics::abline(0, 1, col = "grey50", lty = 2)
  label_points(values$fitted, values$observed, values$names, abs(values$residual), label)
}

draw_quantiles <- function(values, simulated, level, label, style) {
  sorted <- order(values$scaled)
  y <- values$scaled[sorted]
  x <- stats::qnorm(stats::ppoints(length(y)))
  band <- simulated_band(simulated$residuals, level)
  draw_points(
    x, y, "Normal plot of residuals", "Normal quantile",
    expression("Residual" / hat(sigma)), style, ylim = range(y, band)
  )
  draw_band(x, band)
  graphics::abline(0, 1, col = "grey50", lty = 2)
  label_points(x, y, values$names[sorted], abs(y - x), label)
}

draw_modes <- function(fit, simulated, level, style) {
  series <- lapply(standardized_modes(fit), sort)
  if (length(series) == 0L) {
    draw_points(0, 0, "Normal plot of random effects", "", no_modes_text(fit),
      utils::modifyList(style, list(col = NA))
    )
    return(invisible(NULL))
  }
  quantiles <- lapply(series, function(y) stats::qnorm(stats::ppoints(length(y))))
  longest <- which.max(lengths(series))
  band <- simulated_band(simulated$modes[[names(series)[longest]]], level)
  # told apart in grey by their shapes
  colours <- rep_len(unname(okabe_ito), length(series))
  shapes <- rep_len(c(20, 2, 0, 4, 6, 1), length(series))
  style$col <- NULL
  draw_points(
    range(unlist(quantiles)), range(unlist(series), band), "Normal plot of random effects",
    "Normal quantile", "Mode / its standard deviation", utils::modifyList(style, list(type = "n"))
  )
  draw_band(quantiles[[longest]], band)
  graphics::abline(0, 1, col = "grey50", lty = 2)
  for (k in seq_along(series)) {
    graphics::points(quantiles[[k]], series[[k]], col = colours[k], pch = shapes[k])
  }
  graphics::legend("topleft", names(series), col = colours, pch = shapes, bty = "n", cex = 0.8)
}

draw_band <- function(x, band) {
  if (is.null(band)) return(invisible(NULL))
  graphics::matlines(x, band, col = "grey50", lty = 1)
}
