# Bands of predictions from replicates.

#' Bands around predictions from a bootstrap
#'
#' @param x A result of [bootstrap()] with `statistic = "predictions"`.
#' @param level One number between 0 and 1: the confidence level.
#' @param simultaneous One logical: shall all rows lie within the band together at that level,
#'   instead of each by itself?
#' @param boot.type One string, of a band by rows: as for [confint()][confint.henderson_bootstrap].
#'   `"basic"`, the default, is the prediction less quantiles of its error. An error with
#'   `simultaneous = TRUE`.
#' @param ... Nothing; an argument that is not known is an error.
#' @details In replicate k the row x, z is predicted as \eqn{x'\hat\beta^* + z'\hat b^*}{x' beta* +
#'   z' b^*}, \eqn{\hat b^*}{b^*} the conditional modes of the refit, and what it predicts is known:
#'   \eqn{x'\hat\beta + z'b^*}{x' beta + z' b*}, with \eqn{b^*}{b*} as it was drawn. Replicates are
#'   the fit's prediction plus the difference of the two, so that a band of a group's line is for
#'   the line of this very group, whose effects are random, and not for its shrunken estimate; it is
#'   the bootstrap's counterpart of `predict(interval = "confidence")` and takes the uncertainty of
#'   the variances into account. Its level holds on average over groups. For the population
#'   (`re.form = NA`) \eqn{x'\beta}{x' beta} is what is predicted. Observations scatter around both
#'   by the residual standard deviation.
#'
#'   The simultaneous band is the prediction plus or minus c standard deviations of its error, c the
#'   quantile of the largest ratio of an error to its standard deviation among the rows. It is for
#'   the rows of `newdata`, all of them: for one group's line give those of the group only.
#' @return A data frame: the variables of `newdata` (or the fit's model frame), and `fit`, `lower`
#'   and `upper`. `NA` for rows that are not estimable.
#' @section Errors: class `henderson_error_argument` for a malformed argument, and for `newdata`
#'   with variables `fit`, `lower` or `upper`.
#' @section Warnings: class `henderson_warning_replicates` where there are too few replicates for
#'   the level.
#' @source Davison and Hinkley (1997), *Bootstrap Methods and their Application*, sections 4.2.4
#'   (envelopes) and 6.3.3 (prediction); Montiel Olea and Plagborg-Moller (2019), *Journal of
#'   Applied Econometrics* 34, 1-17 (simultaneous bands).
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' days <- data.frame(Days = 0:9)
#' line <- bootstrap(fit, 500, "predictions", newdata = days, re.form = NA, seed = 1)
#' prediction_bands(line)
#' prediction_bands(line, simultaneous = TRUE)
#' subjects <- expand.grid(Days = 0:9, Subject = levels(sleepstudy$Subject))
#' head(prediction_bands(bootstrap(fit, 500, "predictions", newdata = subjects, seed = 1)))
#' @export
prediction_bands <- function(x, level = 0.95, simultaneous = FALSE,
                             boot.type = c("basic", "perc", "norm", "bca", "stud"), ...) {
  check_no_dots(...)
  if (!inherits(x, "henderson_bootstrap") || x$statistic$name != "predictions") {
    abort_argument(
      x, "x", "a result of `bootstrap(statistic = \"predictions\")`", "argument", entry_frame()
    )
  }
  check_level(level)
  check_flag(simultaneous)
  if (simultaneous && !missing(boot.type)) {
    abort("{.arg boot.type} is for bands by rows, {.code simultaneous = FALSE}.",
      kind = "argument", variable = "boot.type", observed = boot.type
    )
  }
  boot.type <- check_choice(boot.type, c("basic", "perc", "norm", "bca", "stud"))
  taken <- intersect(names(x$newdata), c("fit", "lower", "upper"))
  if (length(taken) > 0L) {
    abort(c(
      "The rows to predict have {.var {taken}}, as the band has.",
      "i" = "Rename {.var {taken}} in {.arg newdata} of {.fn bootstrap}, and in the model if it
             has a variable of this name."
    ), kind = "argument", variable = "x", observed = taken)
  }
  limits <- if (simultaneous) {
    joint_limits(x, level)
  } else {
    confint.henderson_bootstrap(x, level = level, boot.type = boot.type)
  }
  band <- data.frame(fit = unname(x$t0), lower = limits[, 1L], upper = limits[, 2L])
  result <- cbind(as.data.frame(x$newdata), band)
  rownames(result) <- names(x$t0)
  result
}

joint_limits <- function(x, level) {
  known <- !is.na(x$t0)
  errors <- sweep(x$t, 2L, x$t0)
  errors <- errors[stats::complete.cases(errors[, known]), , drop = FALSE]
  limits <- matrix(NA_real_, length(x$t0), 2L)
  if (!any(known)) return(limits)
  if (nrow(errors) < 2L) {
    warn(c(
      "There is no band: it needs two replicates at least.",
      "i" = "There {?is/are} {nrow(errors)}: raise {.arg nsim}."
    ), kind = "replicates", variable = "nsim", observed = nrow(errors))
    return(limits)
  }
  deviation <- apply(errors, 2L, stats::sd)
  ratios <- abs(errors) / rep(deviation, each = nrow(errors))
  # a prediction without error is within any band
  largest <- apply(ratios, 1L, max, 0, na.rm = TRUE)
  reach <- order_quantiles(largest, level)
  if (!is.null(attr(reach, "extreme"))) {
    needed <- ceiling(1 / (1 - level) - 1e-8) - 1
    warn(c(
      "The band's width is that of the largest error of {nrow(errors)} replicate{?s}.",
      "i" = "Level {level} needs {needed} at least, and many more to be accurate: raise
             {.arg nsim}."
    ), kind = "replicates", variable = "nsim", observed = nrow(errors))
  }
  reach <- as.numeric(reach) * deviation
  cbind(x$t0 - reach, x$t0 + reach)
}
