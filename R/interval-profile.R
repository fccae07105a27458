# Profiles of the criterion over each parameter. The core traces them (src/core/fit/profile.h).
#
# Notation: psi a parameter, d(psi) the smallest criterion given psi,
# zeta(psi) = sign(psi - psi^) sqrt(d(psi) - d(psi^)).

#' Profiles of the criterion
#'
#' For every standard deviation and correlation of the random part, the residual standard deviation
#' and every fixed effect: the criterion minimized over all other parameters where that one is held,
#' as the signed root \eqn{\zeta}{zeta}, and intervals from it.
#'
#' @param fitted A fit by [lmm()].
#' @param which,parm The parameters: numbers or names, of either kind that `signames` chooses
#'   between; `"theta_"` for the random part and sigma, `"beta_"` for the fixed effects. All of them
#'   when missing. One that is given twice has one profile.
#' @param alphamax One number between 0 and 1: profiles reach to the limits of intervals of level
#'   `1 - alphamax`.
#' @param signames `TRUE` names the parameters `.sig01`, ..., `.sigma` as lme4 does; `FALSE` gives
#'   `sd_(Intercept)|Subject`, `cor_Days.(Intercept)|Subject`, `sigma`.
#' @param ... Nothing; an argument that is not known is an error.
#' @details With \eqn{d(\psi)}{d(psi)} the smallest criterion, \eqn{-2 \log L}{-2 log L} or its
#'   restricted counterpart as the fit has it, given that the parameter is \eqn{\psi}{psi},
#'   \deqn{\zeta(\psi) = \mathrm{sign}(\psi - \hat\psi) \sqrt{d(\psi) - d(\hat\psi)},}{zeta(psi) =
#'   sign(psi - psi^) sqrt(d(psi) - d(psi^)),}
#'   which is a straight line where the criterion is quadratic. Values of \eqn{\psi} with
#'   \eqn{|\zeta|} up to the normal quantile are the likelihood-ratio interval.
#'
#'   Every point is the end of a search for the minimum over the other parameters, with exact
#'   derivatives, one coordinate held and variances kept within their bounds: \eqn{\sigma^2} is a
#'   coordinate, and a covariance matrix is taken as the covariance of the effects in question and
#'   that of the others given these. No rows of the data are read.
#'
#'   The profile of a fixed effect is that of the model in which it is known. For a REML fit the
#'   criterion integrates the other fixed effects out but not that one; where its minimum is not
#'   quite at the REML estimate (unbalanced data), it is the minimum that \eqn{\zeta} is taken from.
#'   lme4 profiles the likelihood of a REML fit too: for its numbers take [refit_ml()] first.
#'
#'   The smallest criterion given a parameter can have several minima over the others, with few
#'   levels above all: a correlation of one and a moderate one. At limits, and at every second point
#'   of a profile, others than the one that was followed are looked for, from starts of larger and
#'   smaller variances and of correlations near -1 and 1; where one is lower it is followed, to both
#'   sides. Where two are as high \eqn{\zeta}{zeta} has a kink.
#'
#'   In fits with [constraints] the others move within these. Parameters that are held have no
#'   profile; those that are equal have the same one. Posterior modes have none: their criterion is
#'   no likelihood.
#' @return `profile` gives an object of class `henderson_profile`. `as.data.frame` of it: a row per
#'   point, `.zeta`, the value of every parameter there, and `.par`, the parameter that was held.
#'   `predict` gives zeta at values of a parameter. `confint` gives a matrix as [confint()] of the
#'   fit does, from the profiles.
#' @section Errors: class `henderson_error_argument` for an unknown parameter or malformed argument.
#'   A parameter that is held or that the data do not determine (see [lmm()]) has no profile: a
#'   message says so. `henderson_error_unsupported` for posterior modes.
#' @section Warnings: class `henderson_warning_convergence` where the fit is no minimum of the
#'   criterion (its search did not converge, or its parameters were given and are none), where a
#'   criterion lower than that of the fit turns up, and where a search did not end at a minimum.
#' @source Bates, Maechler, Bolker and Walker (2015), *Journal of Statistical Software* 67(1),
#'   section 5.1; Bates and Watts (1988), *Nonlinear Regression Analysis*, section 6.1.
#' @seealso [confint()][confint.henderson_lmm]
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' profiles <- profile(fit)
#' profiles
#' confint(profiles, level = 0.9)
#' predict(profiles, ".sigma", c(24, 26))
#' head(as.data.frame(profiles))
#' plot(profiles)
#' @importFrom stats profile
#' @export
profile.henderson_lmm <- function(fitted, which = NULL, alphamax = 0.01, signames = TRUE, ...) {
  check_no_dots(...)
  check_level(alphamax, such_as = 0.01)
  check_flag(signames)
  require_plain_residuals(fitted, "A profile", "Use {.code confint(fit, method = \"Wald\")}.")
  table <- interval_parameters(fitted)
  table <- table[unique(chosen_parameters(table, which)), ]
  table <- with_interval(fitted, table)
  farthest <- stats::qnorm(1 - alphamax / 2)
  found <- run_profiles(fitted, table, farthest = 1.05 * farthest, step = farthest / 8)
  names <- if (signames) table$name else table$label
  points <- Map(profile_points, found, names, MoreArgs = list(fit = fitted, signames = signames))
  structure(
    list(
      points = do.call(rbind, unname(points)), slopes = lapply(found, zeta_slopes),
      estimate = stats::setNames(vapply(found, `[[`, 0, "estimate"), names), parameters = table,
      farthest = farthest, REML = fitted$REML
    ),
    class = "henderson_profile"
  )
}

# Profiles that the core computes: limits at `cutoffs`, points up to `farthest`.
run_profiles <- function(fit, table, cutoffs = numeric(0L), farthest = 0, step = 1) {
  require_no_priors(fit, "A profile", "Use {.code confint(fit, method = \"Wald\")}.")
  if (nrow(table) == 0L) return(list())
  parameters <- lapply(seq_len(nrow(table)), function(i) {
    contrast <- as.numeric(seq_along(fit$beta) == table$coefficient[i])
    c(as.list(table[i, c("kind", "theta", "row", "column")]), list(contrast = contrast))
  })
  moments <- unclass(cross_products_of(fit))
  constraints <- core_constraints(fit$constraints)
  found <- pieces_of_list(function(parameters) {
    profile_cpp(
      moments, fit$theta, fit$REML, parameters, cutoffs, farthest, step, fit$sigma, constraints
    )
  }, parameters, "Profiles")
  warn_uncertain(fit, table, found)
  found
}

# Without the parameters that have no interval, which messages name.
with_interval <- function(fit, table) {
  without <- is_without_interval(fit, table)
  if (any(without)) {
    inform_unknown(paste0(
      "Of ", and_list(paste0("`", table$label[without], "`")), " there is no profile."
    ), fit)
  }
  held <- is_held(fit, table)
  if (any(held)) {
    inform(
      "Of {.val {table$label[held]}} there is no profile: {?it is/they are} held, not estimated.",
      kind = "interval", variable = table$label[held]
    )
  }
  apart <- !held & is_beside_held_correlations(fit, table)
  if (any(apart)) {
    inform(c(
      "Of {.val {table$label[apart]}} there is no profile.",
      "i" = "A correlation has one beside held ones of the same term if they share an effect."
    ), kind = "interval", variable = table$label[apart])
  }
  table[!(without | held | apart), ]
}

# What limits are taken from must be a minimum.
warn_no_minimum <- function(fit) {
  optimization <- fit$optimization
  ended <- optimization$optimizer != "none" && !isFALSE(optimization$converged)
  if (length(fit$theta) == 0L || ended || is_near_optimum(fit)) return(FALSE)
  warn(c(
    "The parameters of this fit are no minimum of the criterion: profiles from there, and limits
     from them, are no likelihood-ratio intervals.",
    "x" = if (optimization$optimizer == "none") {
      "They were given, {.code optimizer = \"none\"}."
    } else {
      "Its search did not converge."
    },
    "i" = "Fit the model again, with another {.arg start}, optimizer or more iterations."
  ), kind = "convergence", variable = "fit", observed = fit$criterion)
  TRUE
}

warn_lower <- function(gain) {
  if (gain <= 1e-4) return(invisible(NULL))
  warn(c(
    "The criterion is lower by {format(gain, digits = 3)} than that of the fit.",
    "i" = "The fit is no minimum. Start again from there, or from another point."
  ), kind = "convergence", variable = "criterion", observed = gain)
}

warn_uncertain <- function(fit, table, found) {
  # the restricted criterion with a fixed effect as parameter is another one
  comparable <- !fit$REML | table$kind != "fixed"
  lowest <- min(vapply(found[comparable], `[[`, 0, "least"), Inf)
  gain <- fit$criterion - lowest
  if (!warn_no_minimum(fit) && !is.na(gain)) warn_lower(gain)
  unsure <- vapply(found, function(profile) {
    !all(profile$certain) || any(profile$status == "uncertain")
  }, TRUE)
  if (any(unsure)) {
    warn(c(
      "Of {.val {table$label[unsure]}} some searches ended at no certain minimum.",
      "i" = "Intervals of them may be too narrow."
    ), kind = "convergence", variable = table$label[unsure])
  }
}

# Data frame of the points of one profile.
profile_points <- function(profile, name, fit, signames) {
  count <- length(profile$parameter)
  table <- interval_parameters(fit)
  by_point <- function(values) matrix(unlist(values), nrow = count, byrow = TRUE)
  values <- parameter_values(
    fit, table, by_point(profile$theta), profile$sigma, by_point(profile$beta)
  )
  values <- as.data.frame(values)
  names(values) <- if (signames) table$name else table$label
  values[[name]] <- profile$parameter
  result <- data.frame(.zeta = profile_zeta(profile), values, check.names = FALSE)
  result$.par <- factor(rep(name, count), levels = name)
  result
}

profile_zeta <- function(profile) {
  sign(profile$parameter - profile$estimate) * sqrt(pmax(profile$value - profile$lowest, 0))
}

# dzeta/dpsi at the points: by the envelope theorem dd/dpsi over 2 zeta; at the estimate from the
# curvature.
zeta_slopes <- function(profile) {
  at_estimate <- abs(profile$parameter - profile$estimate) <= 1e-12 * abs(profile$estimate)
  ifelse(at_estimate, sqrt(profile$curvature / 2), profile$slope / (2 * profile_zeta(profile)))
}

# --- the result ---

#' @param x,object A result of `profile()`.
#' @param row.names,optional Not used.
#' @rdname profile.henderson_lmm
#' @export
as.data.frame.henderson_profile <- function(x, row.names = NULL, optional = FALSE, ...) {
  check_no_dots(...)
  x$points
}

#' @param digits One whole number: significant digits.
#' @rdname profile.henderson_lmm
#' @export
print.henderson_profile <- function(x, digits = max(3L, getOption("digits") - 3L), ...) {
  check_print_dots(...)
  check_digits(digits)
  criterion <- if (x$REML) "restricted likelihood" else "likelihood"
  limits <- confint.henderson_profile(x)
  cells <- cbind(
    Estimate = format(x$estimate, digits = digits),
    Points = format(vapply(names(x$estimate), function(n) sum(x$points$.par == n), 1L)),
    Lower = format(limits[, 1L], digits = digits), Upper = format(limits[, 2L], digits = digits)
  )
  rownames(cells) <- names(x$estimate)
  write_lines(c(
    paste0("Profiles of the ", criterion, ", with 95 % limits"), text_table(cells, "right")
  ))
  invisible(x)
}

#' @param newdata Numeric vector: values of the parameter.
#' @rdname profile.henderson_lmm
#' @export
predict.henderson_profile <- function(object, parm, newdata, ...) {
  check_no_dots(...)
  check_supplied(parm)
  check_numeric(newdata)
  at <- chosen_parameters(object$parameters, parm)
  if (length(at) != 1L) abort_argument(parm, "parm", "one parameter", "argument", entry_frame())
  curve <- profile_curve(object, at)
  values <- stats::splinefunH(curve$value, curve$zeta, curve$slope)(newdata)
  outside <- newdata < min(curve$value) | newdata > max(curve$value)
  values[outside] <- NA
  values
}

# Values, zeta and slopes of one profile, increasing; a slope that does not exist (at a bound) is
# that of the chord.
profile_curve <- function(profile, at) {
  name <- names(profile$estimate)[at]
  own <- profile$points[profile$points$.par == name, ]
  slope <- profile$slopes[[at]]
  value <- own[[name]]
  zeta <- own$.zeta
  bad <- !is.finite(slope) | slope <= 0
  chord <- diff(zeta) / diff(value)
  slope[bad] <- c(chord, chord[length(chord)])[bad]
  list(value = value, zeta = zeta, slope = slope)
}

#' @param level One number between 0 and 1: the confidence level.
#' @rdname profile.henderson_lmm
#' @importFrom stats confint
#' @export
confint.henderson_profile <- function(object, parm = NULL, level = 0.95, ...) {
  check_no_dots(...)
  check_level(level)
  at <- chosen_parameters(object$parameters, parm)
  cutoff <- stats::qnorm((1 + level) / 2)
  if (cutoff > 1.05 * object$farthest) {
    abort(c(
      "The profiles do not reach to limits of level {level}.",
      "i" = "Give {.code alphamax = {format(1 - level)}} to {.fn profile}, or use the fit itself."
    ), kind = "argument", variable = "level", observed = level)
  }
  limits <- vapply(at, function(i) curve_limits(profile_curve(object, i), cutoff), numeric(2L))
  limit_matrix(limits, names(object$estimate)[at], level)
}

# Where zeta is -cutoff and cutoff; the end of the curve where it does not come so far.
curve_limits <- function(curve, cutoff) {
  spline <- stats::splinefunH(curve$value, curve$zeta, curve$slope)
  vapply(c(-1, 1), function(side) {
    beyond <- side * curve$zeta >= cutoff
    end <- if (side < 0) 1L else length(curve$zeta)
    if (!any(beyond)) return(curve$value[end])
    # the interval next to the estimate in which it is passed
    outer <- if (side < 0) max(which(beyond)) else min(which(beyond))
    range <- sort(curve$value[c(outer, outer - side)])
    off <- function(v) spline(v) - side * cutoff
    stats::uniroot(off, range, tol = 1e-12 * max(abs(range)))$root
  }, 0)
}

# Columns named as stats::confint() names them. limits: 2 x k.
limit_matrix <- function(limits, names, level) {
  probabilities <- c((1 - level) / 2, (1 + level) / 2)
  labels <- paste(format(100 * probabilities, trim = TRUE, scientific = FALSE, digits = 3L), "%")
  matrix(t(limits), ncol = 2L, dimnames = list(names, labels))
}
