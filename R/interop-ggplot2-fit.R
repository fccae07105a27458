# autoplot() of a fit: is the model all right, and what does it say of the groups?

#' Pictures of a fit with ggplot2
#'
#' @param object A fit by [lmm()] that holds its model frame.
#' @param which Numbers or names of pictures, see below. The default are the first four, which
#'   answer whether the fit is all right; [plot()][plot.henderson_lmm] draws the first five without
#'   ggplot2.
#' @param group `NULL` or one string: the grouping factor of `"caterpillar"`, `"shrinkage"` and
#'   `"groups"`; `NULL`: the one with the most random effects for each level, of several the one
#'   with the fewest levels. For `"influence"` what is left out, as in
#'   [influence()][influence.henderson_lmm], so that `"obs"` is each row.
#' @param x `NULL` or one string: the variable on the horizontal axis of `"groups"` and
#'   `"population"`; `NULL`: the first numeric predictor of the fixed part, or else its first one.
#' @param nsim,seed As for [plot()][plot.henderson_lmm]: the simulated samples of bands.
#' @param level One number between 0 and 1: of bands and intervals.
#' @param label One whole number: how many of the most extreme observations, or of the most
#'   influential groups, are labelled.
#' @param ... Nothing; an argument that is not known is an error.
#' @details
#' 1. `"residuals"` against fitted values, 2. `"scale"`, 3. `"qq"`, 4. `"modes"`, 5. `"observed"`:
#' as [plot()][plot.henderson_lmm] has them, with the same bands, which are simultaneous; in 4 a
#' panel and a band for each random effect.
#' 6. `"caterpillar"`: conditional modes with intervals of conditional standard deviations, given
#' the other parameters, levels in the order of the first effect.
#' 7. `"shrinkage"`: for each level the estimate without pooling, the mixed model's, and the
#' population's. Without pooling means least squares of what the rest of the model leaves, in the
#' rows of the level; where the fixed effects are the random ones too, as in sleepstudy, it is a
#' linear model of its own. With two or more effects the first two against each other.
#' 8. `"groups"`: the data of each level with that line (dashed), the mixed model's with a
#' confidence band for the mean of the level (solid), and the population's (dotted). At most 30
#' levels are shown, spread evenly over the range of their modes. Other variables are at the median
#' or most frequent value in the level's rows, random effects of other factors zero.
#' 9. `"population"`: the population's mean with its confidence band over the data, other variables
#' at their median or most frequent value.
#' 10. `"influence"`: Cook's distance of each level, or row, left out.
#' 11. `"search"`: the criterion above its minimum and the decrease predicted for the next step, by
#' evaluation, on logarithmic scales. (The predicted decrease is the size of the gradient in units
#' of the criterion, whatever the units of the data.) Only of optimizer `"newton"`.
#'
#' Colours are those of Okabe and Ito; shapes and line types say the same in grey.
#' @return A ggplot object, or for several pictures a list of them of class `henderson_pictures`,
#'   named by picture, which [print()][print.henderson_pictures] lays out on one page.
#' @section Errors: class `henderson_error_argument` for a malformed or unknown argument;
#'   `henderson_error_data` when the fit does not hold its model frame or its variables cannot be
#'   found again; `henderson_error_unsupported` for what the fit does not have, such as the
#'   influence on parameters that the data do not determine.
#' @source Pinheiro and Bates (2000), *Mixed-Effects Models in S and S-PLUS*, chapters 1 and 4.
#' @seealso [autoplot()][autoplot.henderson_profile] of profiles, bootstraps, random effects,
#'   coefficients, separate fits and influence.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' if (requireNamespace("ggplot2", quietly = TRUE)) {
#'   library(ggplot2)
#'   autoplot(fit)
#'   autoplot(fit, "groups")
#'   autoplot(fit, c("shrinkage", "influence"))
#' }
#' @exportS3Method ggplot2::autoplot
autoplot.henderson_lmm <- function(object, which = 1:4, group = NULL, x = NULL, nsim = 99,
                                   level = 0.95, seed = 1, label = 3, ...) {
  check_no_dots(...)
  which <- chosen_pictures(which, fit_pictures)
  check_string(group, null_ok = TRUE)
  check_string(x, null_ok = TRUE)
  check_count(nsim)
  check_level(level)
  check_count(seed, min = -.Machine$integer.max)
  check_count(label)
  rows <- which %in% c("residuals", "scale", "qq", "modes", "observed")
  values <- if (any(rows)) plotted_values(object)
  simulated <- if (any(c("qq", "modes") %in% which)) {
    simulated_values(object, values, nsim, seed)
  }
  caller <- parent.frame()
  factor <- chosen_factor(object, group, which)
  pictures <- lapply(stats::setNames(nm = which), function(one) {
    switch(one,
      residuals = picture_residuals(values, label), scale = picture_scale(values, label),
      qq = picture_qq(values, simulated, level, label),
      modes = picture_modes(object, simulated, level), observed = picture_observed(values, label),
      caterpillar = picture_modes_of(ranef.henderson_fit(object, whichel = factor), level)[[1L]],
      shrinkage = picture_shrinkage(object, factor, label),
      groups = picture_groups(object, factor, x, level, caller),
      population = picture_population(object, x, level, caller),
      influence = picture_influence(
        influence.henderson_lmm(object, group), "cooks.distance", label
      ),
      search = picture_search(object)
    )
  })
  as_page(pictures)
}

fit_pictures <- c(
  "residuals", "scale", "qq", "modes", "observed", "caterpillar", "shrinkage", "groups",
  "population", "influence", "search"
)

# The grouping factor that pictures of levels are of; NULL where there are none of them.
chosen_factor <- function(fit, group, which, call = entry_frame()) {
  if (!any(c("caterpillar", "shrinkage", "groups") %in% which)) return(NULL)
  all <- vapply(fit$random, `[[`, "", "group")
  if (!is.null(group)) {
    if (group %in% all) return(group)
    abort("{.arg group} must be a grouping factor, {.val {unique(all)}}, not {.val {group}}.",
      kind = "argument", variable = "group", observed = group, call = call
    )
  }
  columns <- tapply(lengths(lapply(fit$random, `[[`, "columns")), all, sum)[unique(all)]
  levels <- lengths(lapply(fit$random[match(names(columns), all)], `[[`, "levels"))
  names(columns)[order(-columns, levels)][1L]
}

# --- rows ---

smooth_layer <- function(x, y) {
  if (length(unique(x)) < 4L) return(NULL)
  ggplot2::geom_line(aes_of(x = "x", y = "y"),
    data = as.data.frame(stats::lowess(x, y)), colour = okabe_ito[["vermillion"]], linewidth = 0.9
  )
}

picture_points <- function(x, y, values, size, label, below = NULL, above = NULL) {
  data <- data.frame(x = x, y = y, name = values$names)
  ggplot2::ggplot(data, aes_of(x = "x", y = "y")) + below + point_layer() + above +
    label_layer(extreme_rows(data, size, label)) + picture_theme()
}

picture_residuals <- function(values, label) {
  picture_points(values$fitted, values$residual, values, abs(values$residual), label,
    level_line(0), smooth_layer(values$fitted, values$residual)
  ) + ggplot2::labs(
    title = "Residuals and fitted values", x = values$labels$fitted, y = values$labels$residual
  )
}

picture_scale <- function(values, label) {
  root <- sqrt(abs(values$scaled))
  picture_points(values$fitted, root, values, root, label,
    above = smooth_layer(values$fitted, root)
  ) + ggplot2::labs(
    title = "Scale and location", x = values$labels$fitted,
    y = expression(sqrt("|Residual|" / hat(sigma)))
  )
}

picture_observed <- function(values, label) {
  picture_points(values$fitted, values$observed, values, abs(values$residual), label,
    reference_line(intercept = 0, slope = 1)
  ) + ggplot2::labs(
    title = "Observed and fitted values", x = values$labels$fitted, y = values$labels$observed
  )
}

# --- normal plots ---

quantile_table <- function(values) {
  sorted <- order(values)
  data.frame(
    x = stats::qnorm(stats::ppoints(length(values))), y = values[sorted],
    name = as.character(names(values)[sorted])
  )
}

band_table <- function(table, samples, level) {
  band <- simulated_band(samples, level)
  if (is.null(band)) return(NULL)
  data.frame(x = table$x, y = table$y, lower = band[, 1L], upper = band[, 2L])
}

band_caption <- function(simulated, level) {
  if (is.null(simulated)) return(NULL)
  paste0("Band: simultaneous ", format(100 * level), " %, from ", simulated$source)
}

picture_qq <- function(values, simulated, level, label) {
  table <- quantile_table(stats::setNames(values$scaled, values$names))
  ggplot2::ggplot(table, aes_of(x = "x", y = "y")) +
    band_layer(band_table(table, simulated$residuals, level)) +
    reference_line(intercept = 0, slope = 1) + point_layer() +
    label_layer(extreme_rows(table, abs(table$y - table$x), label)) + picture_theme() +
    ggplot2::labs(
      title = "Normal plot of residuals", x = "Normal quantile",
      y = expression("Residual" / hat(sigma)), caption = band_caption(simulated, level)
    )
}

picture_modes <- function(fit, simulated, level) {
  series <- standardized_modes(fit)
  title <- "Normal plot of random effects"
  if (length(series) == 0L) return(picture_text(no_modes_text(fit), title))
  tables <- lapply(names(series), function(name) {
    cbind(quantile_table(series[[name]]), term = factor(name, levels = names(series)))
  })
  bands <- lapply(seq_along(tables), function(k) {
    band <- band_table(tables[[k]], simulated$modes[[names(series)[k]]], level)
    if (!is.null(band)) cbind(band, term = tables[[k]]$term)
  })
  table <- do.call(rbind, tables)
  ggplot2::ggplot(table, aes_of(x = "x", y = "y")) + band_layer(do.call(rbind, bands)) +
    reference_line(intercept = 0, slope = 1) + point_layer() +
    ggplot2::facet_wrap("term", scales = "free_x") + picture_theme() +
    ggplot2::labs(
      title = title, x = "Normal quantile",
      y = "Mode / its standard deviation", caption = band_caption(simulated, level)
    )
}

# --- the search ---

picture_search <- function(fit) {
  trace <- fit$optimization$trace
  if (is.null(trace) || nrow(trace) == 0L) {
    abort(c(
      "There is no record of a search by {.code optimizer = \"{fit$optimization$optimizer}\"}.",
      "i" = "That of {.code \"newton\"} is kept."
    ), kind = "unsupported", variable = "search", observed = fit$optimization$optimizer,
      call = entry_frame()
    )
  }
  what <- c("Criterion above its minimum", "Predicted decrease")
  table <- data.frame(
    evaluation = rep(trace[, "evaluation"], 2L),
    value = c(trace[, "criterion"] - min(trace[, "criterion"]), trace[, "predicted_decrease"]),
    what = factor(rep(what, each = nrow(trace)), levels = what)
  )
  # zero, and what rounding makes negative, is not on a logarithmic scale
  table <- table[is.finite(table$value) & table$value > 0, ]
  ggplot2::ggplot(table, aes_of(x = "evaluation", y = "value")) +
    # of the start alone there is no line
    (if (nrow(table) > 2L) ggplot2::geom_path(colour = "grey50")) +
    ggplot2::geom_point(aes_of(shape = "what"), colour = okabe_ito[["blue"]], size = 2) +
    ggplot2::scale_shape_manual(values = c(16, 17), guide = "none", drop = FALSE) +
    ggplot2::scale_y_log10() +
    ggplot2::scale_x_continuous(breaks = function(limits) {
      unique(round(pretty(limits, min(10, diff(limits)))))
    }) +
    ggplot2::facet_wrap("what", scales = "free_y", drop = FALSE, ncol = 1L) + picture_theme() +
    ggplot2::labs(title = "The search for the minimum", x = "Evaluation", y = "Deviance")
}
