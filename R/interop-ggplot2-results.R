# autoplot() of results: profiles, bootstraps, influence, random effects, coefficients.

#' Pictures of results with ggplot2
#'
#' @param object A result of [profile()][profile.henderson_lmm], [bootstrap()],
#'   [influence()][influence.henderson_lmm], [ranef()][ranef.henderson_fit],
#'   [coef()][coef.henderson_fit] or [group_fits()].
#' @param type One string: `"zeta"` or `"density"` as [plot()][plot.henderson_profile] has them, or
#'   `"pairs"`, profile traces and contours as [pairs()][pairs.henderson_profile] has them.
#' @param parm Numbers or names of parameters or statistics; all of them when missing.
#' @param level Numbers between 0 and 1: levels of intervals or contours, one number but for
#'   profiles. `NULL` of profiles: 0.5, 0.8, 0.9, 0.95 and 0.99, of which those that they reach.
#' @param boot.type As for [confint()][bootstrap].
#' @param which Numbers or names of measures: `"cooks.distance"` (1), `"mdffits"` (2), `"covratio"`
#'   (3), the likelihood displacements `"theta"` (4) and `"joint"` (5).
#' @param label One whole number: how many of the most influential units are labelled. For
#'   COVRATIO, which is 1 for a unit without influence, those with the largest absolute logarithm.
#' @param ... Nothing; an argument that is not known is an error.
#' @details Of a bootstrap: histogram and kernel density of the replicates, with the estimate
#'   (dashed) and the interval (bar). Replicates that have no number are left out, and counted in
#'   the caption.
#'
#'   Of random effects: a caterpillar plot for each grouping factor, with intervals of conditional
#'   standard deviations. Of coefficients by level: the same without intervals. Of separate fits:
#'   estimates with intervals by Student's t with the residual degrees of freedom of each level.
#' @return A ggplot object, or a list of them of class `henderson_pictures`, see
#'   [print()][print.henderson_pictures].
#' @section Errors: class `henderson_error_argument` for a malformed or unknown argument, and as
#'   [pairs()][pairs.henderson_profile].
#' @seealso [autoplot()][autoplot.henderson_lmm] of a fit.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' if (requireNamespace("ggplot2", quietly = TRUE)) {
#'   library(ggplot2)
#'   autoplot(profile(fit), "density")
#'   autoplot(profile(fit, "theta_"), "pairs", level = c(0.5, 0.95))
#'   autoplot(bootstrap(fit, 500, seed = 1))
#'   autoplot(influence(fit), c("cooks.distance", "covratio"))
#'   autoplot(ranef(fit))
#'   autoplot(group_fits(fit))
#' }
#' @exportS3Method ggplot2::autoplot
autoplot.henderson_profile <- function(object, type = c("zeta", "density", "pairs"), parm = NULL,
                                       level = NULL, ...) {
  check_no_dots(...)
  type <- check_choice(type, c("zeta", "density", "pairs"))
  for (one in level) check_level(one, "level")
  if (type == "pairs") return(picture_pairs(object, parm, level %||% c(0.5, 0.8, 0.9, 0.95)))
  at <- chosen_parameters(object$parameters, parm)
  switch(type,
    zeta = picture_zeta(object, at, level %||% c(0.5, 0.8, 0.9, 0.95, 0.99)),
    density = picture_density(object, at)
  )
}

# A table of all curves, by parameter.
curve_table <- function(profile, at) {
  names <- names(profile$estimate)[at]
  tables <- lapply(at, function(i) {
    table <- curve_points(profile_curve(profile, i))
    cbind(table, parameter = factor(names(profile$estimate)[i], levels = names))
  })
  do.call(rbind, tables)
}

estimate_table <- function(profile, at) {
  names <- names(profile$estimate)[at]
  data.frame(value = unname(profile$estimate[at]), parameter = factor(names, levels = names))
}

picture_zeta <- function(profile, at, level) {
  cutoffs <- stats::qnorm((1 + level) / 2)
  cutoffs <- cutoffs[cutoffs <= 1.05 * profile$farthest]
  limits <- do.call(rbind, lapply(at, function(i) limit_table(profile, i, cutoffs)))
  limits$parameter <- factor(limits$parameter, levels = names(profile$estimate)[at])
  ggplot2::ggplot(curve_table(profile, at), aes_of(x = "value", y = "zeta")) + level_line(0) +
    (if (nrow(limits) > 0L) ggplot2::geom_segment(
      aes_of(x = "value", xend = "value", y = "zero", yend = "zeta"), data = limits,
      colour = "grey40", linetype = "dotted"
    )) +
    ggplot2::geom_line(colour = okabe_ito[["blue"]], linewidth = 0.8) +
    ggplot2::geom_point(aes_of(y = "zero"), data = cbind(estimate_table(profile, at), zero = 0)) +
    ggplot2::facet_wrap("parameter", scales = "free_x") + picture_theme() +
    ggplot2::labs(title = "Profiles", x = "Value", y = expression(zeta))
}

# Limits that the profile of one parameter reaches.
limit_table <- function(profile, at, cutoffs) {
  curve <- profile_curve(profile, at)
  name <- names(profile$estimate)[at]
  tables <- lapply(cutoffs, function(cutoff) {
    zeta <- c(-1, 1) * cutoff
    reached <- c(min(curve$zeta) <= -cutoff, max(curve$zeta) >= cutoff)
    data.frame(
      value = curve_limits(curve, cutoff)[reached], zeta = zeta[reached],
      zero = rep(0, sum(reached)), parameter = rep(name, sum(reached))
    )
  })
  none <- data.frame(
    value = numeric(0L), zeta = numeric(0L), zero = numeric(0L), parameter = character(0L)
  )
  do.call(rbind, c(list(none), tables))
}

picture_density <- function(profile, at) {
  table <- curve_table(profile, at)
  table$density <- stats::dnorm(table$zeta) * pmax(table$slope, 0)
  ggplot2::ggplot(table, aes_of(x = "value", y = "density")) +
    ggplot2::geom_vline(
      aes_of(xintercept = "value"), data = estimate_table(profile, at), colour = "grey50",
      linetype = "dashed"
    ) +
    ggplot2::geom_line(colour = okabe_ito[["blue"]], linewidth = 0.8) +
    ggplot2::facet_wrap("parameter", scales = "free") + picture_theme() +
    ggplot2::labs(title = "Profile densities", x = "Value", y = "Density")
}

picture_pairs <- function(profile, parm, level) {
  at <- paired_parameters(profile, parm)
  radii <- contour_radii(profile, level)
  names <- names(profile$estimate)[at]
  pairs <- utils::combn(length(at), 2L, simplify = FALSE)
  named <- function(table, pair) {
    cbind(table,
      column = factor(rep(names[pair[1L]], nrow(table)), levels = names[-length(at)]),
      row = factor(rep(names[pair[2L]], nrow(table)), levels = names[-1L])
    )
  }
  found <- lapply(pairs, function(pair) profile_pair(profile, at[pair[1L]], at[pair[2L]], radii))
  traces <- do.call(rbind, Map(function(one, pair) named(one$traces, pair), found, pairs))
  contours <- do.call(rbind, Map(function(one, pair) named(one$contours, pair), found, pairs))
  # a contour that a bound cuts has gaps, not a line across
  contours$part <- interaction(contours$level, cumsum(is.na(contours$x)))
  contours <- contours[!is.na(contours$x), ]
  traces$held <- factor(ifelse(traces$held == "x", "Horizontal one held", "Vertical one held"))
  ggplot2::ggplot(traces, aes_of(x = "x", y = "y")) +
    ggplot2::geom_line(
      aes_of(linetype = "held"), data = traces[traces$held == "Horizontal one held", ],
      colour = "grey40", orientation = "x"
    ) +
    ggplot2::geom_line(
      aes_of(linetype = "held"), data = traces[traces$held == "Vertical one held", ],
      colour = "grey40", orientation = "y"
    ) +
    ggplot2::geom_path(aes_of(group = "part"), data = contours, colour = okabe_ito[["blue"]]) +
    ggplot2::scale_linetype_manual("Trace", values = c("solid", "dashed")) +
    ggplot2::facet_grid(row ~ column, scales = "free", switch = "both") +
    ggplot2::scale_x_continuous(n.breaks = 4L) + ggplot2::scale_y_continuous(n.breaks = 4L) +
    picture_theme() +
    ggplot2::theme(strip.placement = "outside", panel.spacing = grid::unit(8, "pt")) +
    ggplot2::labs(
      title = "Pairs of parameters", x = NULL, y = NULL,
      caption = paste0("Contours: joint regions of ", toString(paste(100 * level, "%")))
    )
}

#' @rdname autoplot.henderson_profile
#' @exportS3Method ggplot2::autoplot
autoplot.henderson_bootstrap <- function(object, parm = NULL, level = 0.95,
                                         boot.type = c("perc", "basic", "norm", "bca", "stud"),
                                         ...) {
  check_no_dots(...)
  check_level(level)
  boot.type <- check_choice(boot.type, c("perc", "basic", "norm", "bca", "stud"))
  at <- if (is.null(parm)) seq_along(object$t0) else chosen_statistics(object, parm)
  values <- object$t[, at, drop = FALSE]
  known <- which(colSums(is.finite(values)) >= 2L)
  if (length(known) == 0L) {
    abort("No statistic has two replicates that are numbers.",
      kind = "unsupported", variable = "object", observed = object$R
    )
  }
  names <- names(object$t0)[at[known]]
  as_parameter <- function(at) factor(names[at], levels = names)
  tables <- lapply(seq_along(known), function(k) {
    own <- values[, known[k]]
    data.frame(value = own[is.finite(own)], parameter = as_parameter(k))
  })
  bars <- do.call(rbind, lapply(tables, replicate_bars))
  densities <- do.call(rbind, lapply(tables, replicate_density))
  limits <- confint.henderson_bootstrap(object, at[known], level, boot.type)
  intervals <- data.frame(
    lower = limits[, 1L], upper = limits[, 2L], value = unname(object$t0[at[known]]), zero = 0,
    parameter = as_parameter(seq_along(known))
  )
  method <- switch(boot.type,
    perc = "percentile", basic = "basic", norm = "normal", bca = "BCa", stud = "studentised"
  )
  lost <- sum(!is.finite(values[, known])) + length(at[-known]) * object$R
  ggplot2::ggplot(bars) +
    ggplot2::geom_rect(
      aes_of(xmin = "from", xmax = "to", ymin = "zero", ymax = "density"), fill = "grey85",
      colour = "grey70"
    ) +
    (if (!is.null(densities)) ggplot2::geom_line(
      aes_of(x = "value", y = "density"), data = densities, colour = okabe_ito[["blue"]],
      linewidth = 0.8
    )) +
    ggplot2::geom_vline(aes_of(xintercept = "value"), data = intervals, linetype = "dashed") +
    ggplot2::geom_segment(
      aes_of(x = "lower", xend = "upper", y = "zero", yend = "zero"), data = intervals,
      linewidth = 2, colour = okabe_ito[["vermillion"]]
    ) +
    ggplot2::facet_wrap("parameter", scales = "free") + picture_theme() +
    ggplot2::labs(
      title = paste0("Bootstrap, ", object$R, " replicates"), x = "Value", y = "Density",
      caption = paste0(
        "Dashed: estimate. Bar: ", format(100 * level), " % interval (", method, ")",
        if (lost > 0L) paste0(". Without a number: ", lost)
      )
    )
}

# Bars of a histogram of density, at most some 30.
replicate_bars <- function(table) {
  counted <- graphics::hist(table$value, breaks = 30L, plot = FALSE)
  last <- length(counted$breaks)
  data.frame(
    from = counted$breaks[-last], to = counted$breaks[-1L], zero = 0, density = counted$density,
    parameter = table$parameter[1L]
  )
}

# Nothing beyond the replicates, which may end at a bound.
replicate_density <- function(table) {
  if (stats::sd(table$value) == 0) return(NULL)
  density <- stats::density(table$value, cut = 0)
  data.frame(value = density$x, density = density$y, parameter = table$parameter[1L])
}

influence_pictures <- c("cooks.distance", "mdffits", "covratio", "theta", "joint")

#' @rdname autoplot.henderson_profile
#' @exportS3Method ggplot2::autoplot
autoplot.henderson_influence <- function(object, which = 1, label = 3, ...) {
  check_no_dots(...)
  which <- chosen_pictures(which, influence_pictures)
  check_count(label)
  as_page(lapply(stats::setNames(nm = which), function(measure) {
    picture_influence(object, measure, label)
  }))
}

picture_influence <- function(x, measure, label) {
  values <- switch(measure,
    cooks.distance = cooks.distance.henderson_influence(x),
    mdffits = mdffits.henderson_influence(x), covratio = covratio.henderson_influence(x),
    x$displacement[, measure]
  )
  title <- switch(measure,
    cooks.distance = "Cook's distance", mdffits = "MDFFITS", covratio = "COVRATIO",
    theta = "Displacement by theta", joint = "Displacement by all"
  )
  start <- if (measure == "covratio") 1 else 0
  is_row <- x$groups == "case"
  table <- data.frame(x = seq_along(values), y = unname(values), name = x$deleted, start = start)
  lost <- sum(is.na(table$y))
  table <- table[!is.na(table$y), ]
  if (nrow(table) == 0L) {
    abort("No unit that is left out leaves a model: there is no influence to draw.",
      kind = "unsupported", variable = "object", call = entry_frame()
    )
  }
  size <- if (measure == "covratio") abs(log(table$y)) else table$y
  ggplot2::ggplot(table, aes_of(x = "x", y = "y")) + level_line(start) +
    ggplot2::geom_segment(aes_of(xend = "x", yend = "start"), colour = "grey50") + point_layer() +
    label_layer(extreme_rows(table, size, label)) + picture_theme() +
    ggplot2::labs(
      title = title, x = paste(if (is_row) "Row" else x$groups, "left out (in order)"), y = title,
      caption = if (lost > 0L) paste(lost, "without a value")
    )
}

#' @rdname autoplot.henderson_profile
#' @exportS3Method ggplot2::autoplot
autoplot.henderson_ranef <- function(object, level = 0.95, ...) {
  check_no_dots(...)
  check_level(level)
  as_page(picture_modes_of(object, level))
}

#' @rdname autoplot.henderson_profile
#' @exportS3Method ggplot2::autoplot
autoplot.henderson_coef <- function(object, ...) {
  check_no_dots(...)
  as_page(lapply(stats::setNames(nm = names(object)), function(name) {
    table <- long_modes(object[[name]], name)
    table$lower <- table$upper <- NA_real_
    picture_levels(table[!is.na(table$condval), ], NULL) +
      ggplot2::labs(title = paste("Coefficients by", name), x = "Coefficient", y = name)
  }))
}

#' @rdname autoplot.henderson_profile
#' @exportS3Method ggplot2::autoplot
autoplot.henderson_group_fits <- function(object, level = 0.95, ...) {
  check_no_dots(...)
  check_level(level)
  table <- long_modes(object$coefficients, object$group)
  reach <- suppressWarnings(stats::qt((1 + level) / 2, object$df))
  half <- as.vector(as.matrix(object$std_errors)) * rep(reach, ncol(object$std_errors))
  table$lower <- table$condval - half
  table$upper <- table$condval + half
  picture_levels(table[!is.na(table$condval), ], NULL) + ggplot2::labs(
    title = paste("Separate linear models by", object$group), x = "Coefficient", y = object$group,
    caption = paste0("Intervals: ", format(100 * level), " %")
  )
}
