# Pictures of bootstraps, with base graphics.

#' Plots of a bootstrap
#'
#' @param x A result of [bootstrap()].
#' @param parm Numbers or names of the statistics; all of them when missing, the first 12 where
#'   there are more, with a message.
#' @param which Strings, one or both: `"density"`: histogram and density of the replicates, the
#'   estimate (line) and the interval (dashed lines). `"qq"`: the replicates against normal
#'   quantiles, with the line of a normal distribution of their mean and standard deviation, which
#'   `boot.type = "norm"` assumes.
#' @param level,boot.type As for [confint()][confint.henderson_bootstrap], of the interval shown.
#' @param col As for [graphics::par()], of curve and points.
#' @param ... Further arguments for [graphics::plot.default()].
#' @return `x`, invisibly. A panel for each statistic and each of `which`, several on a page.
#' @section Errors: class `henderson_error_argument` for an unknown statistic or malformed argument.
#' @seealso [bootstrap()].
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' replicates <- bootstrap(fit, nsim = 500, seed = 1)
#' plot(replicates)
#' plot(replicates, "Days", which = "density", boot.type = "bca")
#' @export
plot.henderson_bootstrap <- function(x, parm = NULL, which = c("density", "qq"), level = 0.95,
                                     boot.type = c("perc", "basic", "norm", "bca", "stud"),
                                     col = "#0072B2", ...) {
  which <- check_panels(which)
  check_level(level)
  boot.type <- check_choice(boot.type, c("perc", "basic", "norm", "bca", "stud"))
  at <- plotted_statistics(x, parm)
  settings <- graphics::par(no.readonly = TRUE)
  check_graphics_dots(names(settings), ...)
  limits <- if ("density" %in% which) confint.henderson_bootstrap(x, at, level, boot.type)
  old <- settings[c("mfrow", "mar", "mgp", "cex.main", "font.main")]
  on.exit(graphics::par(old))
  graphics::par(
    mfrow = panel_layout(length(at), length(which)), mar = c(3.2, 3.2, 1.6, 0.8),
    mgp = c(2, 0.7, 0), cex.main = 0.9, font.main = 1
  )
  for (i in at) {
    values <- x$t[is.finite(x$t[, i]), i]
    for (panel in which) {
      if (panel == "density") {
        draw_replicates(values, x$t0[[i]], limits[match(i, at), ], names(x$t0)[i], col, ...)
      } else {
        draw_normal_quantiles(values, names(x$t0)[i], col, ...)
      }
    }
  }
  invisible(x)
}

# Both panels of a statistic are beside each other.
panel_layout <- function(statistics, panels) {
  if (panels == 1L) return(grDevices::n2mfrow(min(statistics, 12L)))
  if (statistics <= 3L) c(statistics, 2) else c(ceiling(min(statistics, 12) / 2), 4)
}

# `plot(x, index = 6)` would draw all panels, with a warning for each.
check_graphics_dots <- function(settings, ..., call = entry_frame()) {
  known <- c(settings, names(formals(graphics::plot.default)))
  wrong <- setdiff(names(list(...)), c(known, "", NA))
  if (length(wrong) == 0L) return(invisible(NULL))
  abort(c(
    "{.arg {wrong[1L]}} is no argument of this method, nor of {.fn plot.default}.",
    "i" = "{.arg parm} chooses statistics."
  ), kind = "argument", variable = wrong[1L], observed = wrong, call = call)
}

check_panels <- function(which, call = entry_frame()) {
  known <- c("density", "qq")
  if (!is.character(which) || length(which) == 0L || !all(which %in% known)) {
    abort_argument(which, "which", "\"density\", \"qq\" or both", "argument", call)
  }
  unique(which)
}

# Those with a distribution to show.
plotted_statistics <- function(x, parm) {
  at <- if (is.null(parm)) seq_along(x$t0) else chosen_statistics(x, parm)
  empty <- colSums(is.finite(x$t[, at, drop = FALSE])) < 2L
  if (all(empty)) {
    abort("There are fewer than two replicates of {.val {names(x$t0)[at]}}.",
      kind = "argument", variable = if (is.null(parm)) "x" else "parm", observed = x$R
    )
  }
  if (any(empty)) {
    inform("Of {.val {names(x$t0)[at[empty]]}} there are fewer than two replicates to show.",
      kind = "plot", variable = "x", observed = names(x$t0)[at[empty]]
    )
  }
  at <- at[!empty]
  if (!is.null(parm) || length(at) <= 12L) return(at)
  inform(c(
    "The first 12 of {length(at)} statistics are shown.",
    "i" = "{.arg parm} chooses others."
  ), kind = "plot", variable = "parm", observed = length(at))
  at[1:12]
}

draw_replicates <- function(values, estimate, limits, name, col, ...) {
  bars <- graphics::hist(values, breaks = "FD", plot = FALSE)
  if (length(bars$breaks) > 101L) bars <- graphics::hist(values, breaks = 50, plot = FALSE)
  # a kernel would smear what is at zero or one, many times
  ties <- any(duplicated(values))
  smooth <- if (!ties && stats::sd(values) > 0) stats::density(values)
  shown <- range(bars$breaks, estimate, limits, na.rm = TRUE)
  graphics::plot(bars,
    freq = FALSE, col = "grey88", border = "grey70", main = name, xlab = "Replicates",
    ylab = "Density", xlim = shown, ylim = c(0, max(bars$density, smooth$y)), ...
  )
  if (!is.null(smooth)) graphics::lines(smooth, col = col, lwd = 2)
  graphics::abline(v = estimate, lwd = 2)
  graphics::abline(v = limits, lty = 2)
  graphics::box()
}

draw_normal_quantiles <- function(values, name, col, ...) {
  normal <- stats::qnorm(stats::ppoints(length(values)))
  graphics::plot(normal, sort(values),
    main = name, xlab = "Standard normal quantiles", ylab = "Replicates", pch = 1, cex = 0.5,
    col = col, ...
  )
  graphics::abline(mean(values), stats::sd(values))
}
