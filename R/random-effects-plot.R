# Plots of conditional modes, by package lattice.

#' Plots of random effects
#'
#' Caterpillar plots: the conditional mode of every level with an interval of conditional standard
#' deviations, by grouping factor.
#'
#' @param x The result of [ranef()][ranef.henderson_fit].
#' @param data Unused; lattice's generics have it.
#' @param main One logical: whether the name of the grouping factor is the title; or the title.
#' @param transf A function of a numeric vector that modes and limits are transformed by, such as
#'   `exp` for a logarithmic response.
#' @param level One number between 0 and 1: the intervals reach `qnorm((1 + level) / 2)` conditional
#'   standard deviations to both sides. They are conditional on the estimates of the other
#'   parameters.
#' @param type One string: the kind of plot that `plot()` makes, `"dotplot"` or `"qqmath"`.
#' @param ... Arguments for [lattice::xyplot()], which take the place of those chosen here. For
#'   `plot()`, arguments of the methods as well.
#' @return A list of class `trellis` objects, named by grouping factor, with a panel for each random
#'   effect. `dotplot` has a line for each level, in increasing order of the first random effect,
#'   `qqmath` the modes against quantiles of the standard normal distribution. Without conditional
#'   variances (`condVar = FALSE`) there are no intervals. Objects are drawn when they are printed;
#'   `plot()` draws all of them, each on a page, and returns the list invisibly.
#' @section Errors: `henderson_error_argument` for a malformed argument;
#'   `henderson_error_unsupported` for `plot()` where package lattice is not installed.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' if (requireNamespace("lattice", quietly = TRUE)) {
#'   plot(ranef(fit))
#'   lattice::qqmath(ranef(fit), level = 0.9)$Subject
#' }
#' @name plot.henderson_ranef
NULL

#' @rdname plot.henderson_ranef
#' @exportS3Method lattice::dotplot
dotplot.henderson_ranef <- function(x, data, main = TRUE, transf = identity, level = 0.95, ...) {
  chosen <- list(ylab = "", scales = list(x = list(relation = "free")))
  chosen <- utils::modifyList(chosen, list(...))
  mode_plots(x, function(table) table$grp, main, transf, level, chosen)
}

#' @rdname plot.henderson_ranef
#' @exportS3Method lattice::qqmath
qqmath.henderson_ranef <- function(x, data, main = TRUE, transf = identity, level = 0.95, ...) {
  chosen <- list(ylab = "Standard normal quantiles", scales = list(x = list(relation = "free")))
  quantiles <- function(table) {
    stats::ave(table$condval, table$term, FUN = function(modes) {
      stats::qnorm(stats::ppoints(length(modes), 0.5))[rank(modes, ties.method = "first")]
    })
  }
  mode_plots(x, quantiles, main, transf, level, utils::modifyList(chosen, list(...)))
}

#' @rdname plot.henderson_ranef
#' @export
plot.henderson_ranef <- function(x, type = c("dotplot", "qqmath"), ...) {
  type <- check_choice(type, c("dotplot", "qqmath"))
  check_lattice()
  method <- switch(type, dotplot = dotplot.henderson_ranef, qqmath = qqmath.henderson_ranef)
  plots <- method(x, ...)
  lapply(plots, print)
  invisible(plots)
}

check_lattice <- function(installed = requireNamespace("lattice", quietly = TRUE)) {
  if (installed) return(invisible(NULL))
  abort(c(
    "{.fn plot} of random effects needs package lattice, which is not installed.",
    "i" = "Install it by {.code install.packages(\"lattice\")}."
  ), kind = "unsupported", variable = "lattice")
}

# `position`: function of the long table of one factor that gives the vertical positions; `chosen`:
# list of arguments for xyplot().
mode_plots <- function(x, position, main, transf, level, chosen) {
  check_level(level)
  check_function(transf)
  reach <- stats::qnorm((1 + level) / 2)
  plots <- lapply(names(x), function(name) {
    modes <- x[[name]]
    # two terms on one factor may both have an intercept
    if (is.data.frame(modes)) names(modes) <- unique_labels(names(modes))
    table <- long_modes(modes, name)
    reach <- reach * (table$condsd %||% NA_real_)
    table$position <- position(table)
    table$lower <- transf(table$condval - reach)
    table$upper <- transf(table$condval + reach)
    table$condval <- transf(table$condval)
    fixed <- list(
      stats::as.formula("position ~ condval | term", baseenv()),
      data = table, lower = table$lower, upper = table$upper, zero = transf(0),
      main = if (isTRUE(main)) name else if (!isFALSE(main)) main
    )
    own <- list(xlab = "", prepanel = prepanel_intervals, panel = panel_intervals)
    do.call(lattice::xyplot, c(fixed, utils::modifyList(own, chosen)))
  })
  stats::setNames(plots, names(x))
}

prepanel_intervals <- function(x, y, lower, upper, subscripts, ...) {
  list(xlim = range(x, lower[subscripts], upper[subscripts], finite = TRUE))
}

panel_intervals <- function(x, y, lower, upper, zero, subscripts, ...) {
  lattice::panel.abline(v = zero, col = "grey60", lty = 2L)
  lattice::panel.segments(lower[subscripts], as.numeric(y), upper[subscripts], as.numeric(y))
  lattice::panel.xyplot(x, y, ...)
}
