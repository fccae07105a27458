# Confidence limits from replicates.

#' @param parm Numbers or names of the statistics; all of them when missing. Of the built-in ones
#'   also lme4's names (`".sig01"`), `"theta_"` and `"beta_"`, as for
#'   [confint()][confint.henderson_lmm] of a fit.
#' @param level One number between 0 and 1: the confidence level.
#' @param boot.type One string. `"perc"`: quantiles of the replicates. `"basic"`: these reflected
#'   about the estimate. `"norm"`: normal, with the replicates' standard deviation, less their bias.
#'   `"bca"`: quantiles of the replicates at levels corrected for bias and for a variance that
#'   changes with the parameter. `"stud"`: the estimate less its standard error times quantiles of
#'   the studentised replicates \eqn{(t^* - t) / se^*}{(t* - t) / se*}; it needs
#'   `bootstrap(variances = TRUE)`. Limits of standard deviations and correlations by `"basic"`,
#'   `"norm"` and `"stud"` may lie where there are no parameters, below 0 or beyond -1 and 1: they
#'   are cut there, with a message, and `NA` where the whole interval lies beyond.
#' @rdname bootstrap
#' @export
confint.henderson_bootstrap <- function(object, parm = NULL, level = 0.95,
                                        boot.type = c("perc", "basic", "norm", "bca", "stud"),
                                        ...) {
  check_no_dots(...)
  check_level(level)
  boot.type <- check_choice(boot.type, c("perc", "basic", "norm", "bca", "stud"))
  at <- if (is.null(parm)) seq_along(object$t0) else chosen_statistics(object, parm)
  check_replicates(object, at)
  influence <- if (boot.type == "bca") bootstrap_influence(object)
  if (boot.type == "stud") check_has_variances(object)
  found <- lapply(at, function(i) {
    estimate <- object$t0[[i]]
    values <- object$t[, i]
    switch(boot.type,
      bca = accelerated_limits(estimate, values, level, influence[, i]),
      stud = studentized_limits(estimate, values, level, object$var.t0[i], object$var.t[, i]),
      replicate_limits(estimate, values, level, boot.type)
    )
  })
  limits <- matrix(unlist(found), 2L, dimnames = list(NULL, names(object$t0)[at]))
  extreme <- vapply(found, function(own) !is.null(attr(own, "extreme")), TRUE)
  if (any(extreme)) warn_extreme(colnames(limits)[extreme], object$R, level)
  inform_no_limits(object, limits, boot.type)
  if (!is.null(object$statistic$bounds)) {
    limits <- within_bounds(limits, object$statistic$bounds[, at, drop = FALSE], boot.type)
  }
  limit_matrix(limits, colnames(limits), level)
}

chosen_statistics <- function(object, parm) {
  if (object$statistic$name == "parameters") {
    return(chosen_parameters(interval_parameters(object$fit), parm))
  }
  at <- stats::setNames(seq_along(object$t0), names(object$t0))[parm]
  if (anyNA(at)) {
    abort("There is no statistic {.val {parm[is.na(at)]}}. They are {.val {names(object$t0)}}.",
      kind = "argument", variable = "parm", observed = parm
    )
  }
  unname(at)
}

check_has_variances <- function(object) {
  if (!is.null(object$var.t)) return(invisible(NULL))
  hint <- if (object$statistic$name == "function") {
    "Let {.arg statistic} return its estimated variances as attribute {.val variance}."
  } else {
    "Use {.code bootstrap(variances = TRUE)}."
  }
  abort(c(
    "Studentised limits need the estimated variance of each statistic in each replicate, which this
     bootstrap does not have.",
    "i" = hint
  ), kind = "argument", variable = "boot.type", observed = "stud")
}

# What has no two replicates that are numbers, and why.
check_replicates <- function(object, at) {
  few <- colSums(is.finite(object$t[, at, drop = FALSE])) < 2L
  names <- names(object$t0)[at]
  if (!any(few)) return(invisible(NULL))
  unmoved <- few & (object$statistic$unmoved %||% rep(FALSE, length(object$t0)))[at]
  if (any(unmoved)) {
    reason <- upper_first(object$statistic$unmoved_words)
    inform(c("There are no limits of {.val {names[unmoved]}}.", "i" = "{reason}."),
      kind = "interval", variable = names[unmoved]
    )
  }
  rest <- names[few & !unmoved]
  if (length(rest) == 0L) return(invisible(NULL))
  if (object$R < 2L) {
    warn(c(
      "There are no limits of {.val {rest}}.",
      "i" = "They need two replicates at least; there {?is/are} {object$R}: raise {.arg nsim}."
    ), kind = "replicates", variable = "nsim", observed = object$R)
  } else if (object$failures$count > 0L) {
    first <- object$failures$messages[1L]
    warn(c(
      "There are no limits of {.val {rest}}: {object$failures$count} of {object$R} replicates
       failed.",
      "x" = "First message: {first}"
    ), kind = "replicates", variable = "statistic", observed = object$failures$count)
  } else if (any(!is.na(object$t0[rest]))) {
    warn("There are no limits of {.val {rest}}: their replicates are {.val {NA}}.",
      kind = "replicates", variable = "statistic", observed = object$R
    )
  }
}

# A quantile beyond the replicates is not known: the last of them stands for it.
warn_extreme <- function(names, count, level) {
  needed <- ceiling(2 / (1 - level) - 1e-8) - 1
  warn(c(
    "Limits of {.val {names}} are the smallest or largest of {count} replicates.",
    "i" = if (count < needed) {
      "Level {level} needs {needed} at least, and many more to be accurate: raise {.arg nsim}."
    } else {
      "They are at quantiles beyond what so many tell: raise {.arg nsim}."
    }
  ), kind = "replicates", variable = "nsim", observed = count)
}

# Limits where the parameters are.
within_bounds <- function(limits, bounds, boot.type) {
  beyond <- !is.na(limits) & (limits < bounds[c(1L, 1L), ] | limits > bounds[c(2L, 2L), ])
  if (!any(beyond)) return(limits)
  names <- colnames(limits)[colSums(beyond) > 0L]
  outside <- which(limits[2L, ] < bounds[1L, ] | limits[1L, ] > bounds[2L, ])
  cut <- pmin(pmax(limits, bounds[c(1L, 1L), ]), bounds[c(2L, 2L), ])
  limits[] <- cut
  limits[, outside] <- NA
  inform(c(
    "Limits of {.val {names}} by {.code boot.type = {.val {boot.type}}} lie beyond what is
     possible.",
    "i" = "They are cut at 0 or at -1 and 1, and {.val {NA}} where the whole interval lies beyond.",
    "i" = "Limits by {.val perc} and {.val bca} do not."
  ), kind = "interval", variable = names)
  limits
}

# Where the usual limits exist and these do not.
inform_no_limits <- function(object, limits, boot.type) {
  usual <- colSums(is.finite(object$t[, colnames(limits), drop = FALSE])) >= 2L
  none <- colnames(limits)[usual & is.na(limits[1L, ])]
  if (length(none) == 0L) return(invisible(NULL))
  reason <- switch(boot.type,
    bca = "All replicates are on one side of the estimate, or no group changes it.",
    stud = "The estimate, or all replicates of it, is on the boundary, where it has no standard
            error."
  )
  inform(c("There are no limits of {.val {none}} by {.code boot.type = {.val {boot.type}}}.",
    "i" = reason
  ), kind = "interval", variable = none)
}

# Quantiles as boot::boot.ci() interpolates them, on the normal scale between order statistics.
replicate_limits <- function(estimate, values, level, boot.type) {
  values <- values[is.finite(values)]
  sides <- two_sides(level)
  if (length(values) < 2L) return(c(NA_real_, NA_real_))
  if (boot.type == "norm") {
    return(2 * estimate - mean(values) + stats::qnorm(sides) * stats::sd(values))
  }
  if (boot.type == "perc") return(order_quantiles(values, sides))
  2 * estimate - turned(order_quantiles(values, sides))
}

two_sides <- function(level) c((1 - level) / 2, (1 + level) / 2)

# Davison and Hinkley (1997), equation (5.21). Replicates equal to the estimate, as at a variance of
# zero, count half.
accelerated_limits <- function(estimate, values, level, influence) {
  values <- values[is.finite(values)]
  none <- c(NA_real_, NA_real_)
  if (length(values) < 2L) return(none)
  influence <- influence[is.finite(influence)]
  bias <- stats::qnorm(mean(values < estimate) + mean(values == estimate) / 2)
  acceleration <- sum(influence^3) / (6 * sum(influence^2)^1.5)
  if (!is.finite(bias) || !is.finite(acceleration)) return(none)
  moved <- bias + stats::qnorm(two_sides(level))
  order_quantiles(values, stats::pnorm(bias + moved / (1 - acceleration * moved)))
}

studentized_limits <- function(estimate, values, level, variance, variances) {
  ratios <- (values - estimate) / sqrt(variances)
  ratios <- ratios[is.finite(ratios)]
  if (length(ratios) < 2L || is.na(variance)) return(c(NA_real_, NA_real_))
  estimate - sqrt(variance) * turned(order_quantiles(ratios, two_sides(level)))
}

turned <- function(quantiles) structure(rev(quantiles), extreme = attr(quantiles, "extreme"))

# With attribute `extreme` where a quantile is beyond the smallest or largest value, which is then
# taken.
order_quantiles <- function(values, probabilities) {
  sorted <- sort(values)
  count <- length(sorted)
  position <- (count + 1) * probabilities
  extreme <- any(position < 1 - 1e-8 | position > count + 1e-8)
  result <- vapply(seq_along(probabilities), function(i) {
    k <- trunc(position[i])
    if (k < 1) return(sorted[1L])
    if (k >= count) return(sorted[count])
    z <- stats::qnorm(c(probabilities[i], k / (count + 1), (k + 1) / (count + 1)))
    sorted[k] + (z[1L] - z[2L]) / (z[3L] - z[2L]) * (sorted[k + 1L] - sorted[k])
  }, 0)
  if (extreme) structure(result, extreme = TRUE) else result
}

#' Influence of groups on the statistics of a bootstrap
#'
#' What the acceleration of BCa limits is computed from.
#'
#' @param x A result of [bootstrap()].
#' @param ... Nothing; an argument that is not known is an error.
#' @details With \eqn{t_{(j)}}{t_(j)} the statistic without group j of the grouping factor with the
#'   fewest levels, and J groups, the value of group j is \eqn{(J - 1)(\bar t - t_{(j)})}{(J - 1)
#'   (mean of t_(.) - t_(j))}, the jackknife's estimate of its influence; the acceleration is
#'   \eqn{\sum l_j^3 / (6 (\sum l_j^2)^{3/2})}{sum l^3 / (6 (sum l^2)^1.5)}. Parameters and
#'   predictions of the population come from exact deletion in the cross-products, other statistics
#'   from a fit without each group.
#' @return Numeric matrix, a row for each group, a column for each statistic; `NA` where there is no
#'   fit without the group. A column is what [boot::boot.ci()] takes as `L`.
#' @section Errors: class `henderson_error_unsupported` for predictions with random effects, whose
#'   errors are not estimates, and for a fit that has no levels that are independent.
#' @source Efron (1987), *Journal of the American Statistical Association* 82, 171-185; Davison and
#'   Hinkley (1997), *Bootstrap Methods and their Application*, sections 2.7.3 and 5.3.2.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' replicates <- bootstrap(fit, nsim = 500, seed = 1)
#' head(bootstrap_influence(replicates))
#' confint(replicates, boot.type = "bca")
#' @export
bootstrap_influence <- function(x, ...) {
  check_no_dots(...)
  if (!inherits(x, "henderson_bootstrap")) {
    abort_argument(x, "x", "a result of `bootstrap()`", "argument", entry_frame())
  }
  fit <- x$fit
  if (x$has_effects) {
    abort(c(
      "There are no BCa limits for predictions with random effects.",
      "x" = "Their replicates are errors of prediction, not estimates.",
      "i" = "Use {.val basic}, {.val perc}, {.val norm} or {.val stud}."
    ), kind = "unsupported", variable = "boot.type")
  }
  require_independent(fit, "A jackknife over groups")
  if (!is.null(x$statistic$of_core)) {
    require_unconstrained(fit, "A jackknife over groups, which BCa limits need,",
      instead = "Use {.val basic}, {.val perc} or {.val norm}."
    )
  }
  terms <- fit_random_terms(fit)
  counts <- vapply(terms, function(term) length(unique(term$level)), 1L)
  term <- terms[[which.min(counts)]]
  groups <- factor(term$levels[term$level], levels = term$levels[sort(unique(term$level))])
  rows <- split(seq_along(groups), groups)
  without <- if (is.null(x$statistic$of_core)) {
    refits_without(x, rows)
  } else {
    deletions_without(x, rows)
  }
  centre <- rep(colMeans(without, na.rm = TRUE), each = nrow(without))
  values <- (colSums(!is.na(without))[1L] - 1) * (centre - without)
  dimnames(values) <- list(names(rows), names(x$t0))
  values
}

deletions_without <- function(x, rows) {
  fit <- x$fit
  found <- influence_cpp(prepare_again(fit), fit$theta, fit$REML, rows, "exact")
  if (x$statistic$name == "predictions") {
    return(found$beta %*% t(x$statistic$wishes$predicted$x))
  }
  parameter_values(fit, interval_parameters(fit), found$theta, found$sigma, found$beta)
}

refits_without <- function(x, rows) {
  frame <- model_frame_of(x$fit)
  results <- lapply(rows, function(own) {
    quiet_statistic(
      refit_frame(x$fit, drop_unused_levels(frame_of_rows(frame, -own))), x$statistic$of_fit, x$t0,
      x$seed
    )
  })
  collect_fits(results, x$t0)$t
}
