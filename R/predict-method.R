# Predictions: X beta + offset + Z b, or parts of this sum, for the fit's data or for new rows.
#
# Notation: b_t, v x J matrix of conditional modes of term t.

#' Predictions
#'
#' @aliases predict
#' @param object A fit by [lmm()].
#' @param newdata `NULL`: the rows of the fit. A data frame: these rows; it needs the variables of
#'   the fixed part and, unless `re.form = NA`, those of the random terms used. Variables that the
#'   fit had from outside its data are taken from there where `newdata` has the rows of the fit in
#'   their order.
#' @param re.form Which random effects to include. `NULL`: all. `NA` or `~0`: none, the population
#'   mean. A one-sided formula such as `~ (1 | Subject)`: these terms, or these columns of a term.
#' @param random.only One logical: `TRUE` leaves out the fixed part and the offset.
#' @param type One string, `"response"` or `"link"`; both are the same in a linear mixed model.
#' @param allow.new.levels One logical: `TRUE` predicts with random effects of 0 for levels that
#'   the fit does not know; `FALSE` makes them an error.
#' @param na.action A function for rows of `newdata` with missing predictors: [stats::na.pass()]
#'   gives `NA`, [stats::na.omit()] leaves them out, [stats::na.fail()] is an error. For the fit's
#'   own rows the fit's `na.action` counts.
#' @param se.fit One logical: `TRUE` adds standard errors. They are those of the linear predictor,
#'   \eqn{x'\hat\beta + z'\hat b}{x' beta_hat + z' b_hat}, as a prediction of \eqn{x'\beta + z'b}{x'
#'   beta + z'b}, from the joint covariance of both in the mixed-model equations at the estimated
#'   \eqn{\theta}{theta}; residual variance is not part of them. For levels that the fit does not
#'   know, the variance of their random effects is. The model frame of the fit is needed.
#' @param interval One string. `"confidence"`: limits for \eqn{x'\beta + z'b}{x' beta + z'b}, the
#'   mean of the row; `"prediction"`: for a new observation, whose variance has \eqn{\sigma^2 /
#'   w}{sigma^2 / w} besides. The random effects that `re.form` leaves out have no part in either:
#'   for a new observation of a new group give a new level and `allow.new.levels = TRUE`, not
#'   `re.form = NA`.
#' @param level One number between 0 and 1: the coverage of the intervals.
#' @param ddf One string: degrees of freedom of the intervals. `"Satterthwaite"`; `"expected"`, the
#'   same with the expected information, which stays continuous where a variance is zero;
#'   `"Kenward-Roger"`, only for confidence intervals with `re.form = NA`, with its adjusted
#'   standard errors; `"none"` (alias `"lme4"`): normal quantiles. With random effects never less
#'   than 1: near a variance of zero the approximation would fall below.
#' @param weights `NULL` or numeric, one positive value or one for each row: precision weights
#'   \eqn{w} of the new observations in prediction intervals. `NULL`: 1 for `newdata` (with a
#'   message if the fit has weights), the fit's own weights for its rows.
#' @param to Where predictions go whose `newdata` are [chunks()]: see [fitted_in_pieces].
#' @param ... Nothing; an argument that is not known is an error.
#' @return A named numeric vector, one element for each row, in units of the response; with
#'   intervals a matrix with columns `fit`, `lwr` and `upr`. With `se.fit = TRUE` a list of `fit`,
#'   that vector or matrix, `se.fit`, and with intervals `df`: vectors with one element for each
#'   row.
#' @section Formulas: With \eqn{V = Z\Gamma Z' + W^{-1}}{V = Z Gamma Z' + W^-1}, \eqn{C =
#'   Z'V^{-1}Z}, \eqn{C_X = Z'V^{-1}X}, \eqn{\Phi = (X'V^{-1}X)^{-1}}{Phi = (X'V^-1X)^-1} and
#'   \eqn{\tilde x = x - C_X'\Gamma z}{x_tilde = x - C_X' Gamma z} the variance of the prediction's
#'   error is \eqn{\sigma^2\kappa}{sigma^2 kappa},
#'   \deqn{\kappa = z'(\Gamma - \Gamma C\Gamma)z + \tilde x'\Phi\tilde x,}{kappa = z'(Gamma - Gamma
#'   C Gamma)z + x_tilde' Phi x_tilde,} plus \eqn{z'\Gamma z}{z' Gamma z} of new levels and, for a
#'   new observation, \eqn{1/w}. Its derivative along \eqn{\dot\Gamma}{Gamma_dot} is
#'   \eqn{s'\dot\Gamma s}{s' Gamma_dot s} with \eqn{s = (I - C\Gamma)z - C_X\Phi\tilde x}{s = (I - C
#'   Gamma)z - C_X Phi x_tilde}. Degrees of freedom \eqn{\nu}{nu} come from it as for the fixed
#'   effects: twice the squared variance over the variance of its estimate, \eqn{1/\nu = 1/m +
#'   h'H^{-1}h}{1/nu = 1/m + h'H^-1h}, \eqn{h_i = \dot{r^2_i}/r^2 + \dot\kappa_i/\kappa}{h_i =
#'   d_i(r^2)/r^2 + d_i(kappa)/kappa}, \eqn{H} the Hessian of the profiled deviance by
#'   \eqn{\theta}{theta}, \eqn{r^2} the penalized residual sum of squares, \eqn{m} its divisor in
#'   \eqn{\hat\sigma^2}{sigma_hat^2}. Limits are the prediction \eqn{\pm t_\nu}{+/- t_nu} times the
#'   root of the variance. That the modes depend on the estimated \eqn{\theta}{theta} is not allowed
#'   for. Simulated coverage of 95 % limits: with ten groups of four observations 93 % for the mean
#'   of a group, 97 % for that of a new one, 94 to 95 % for the population's mean and new
#'   observations; with 15 groups of six and random slopes, or 8 x 12 crossed levels, 94 to 95 %
#'   throughout. Normal quantiles (`ddf = "none"`) give 89 to 95 %.
#' @section Rows that are not estimable: Where columns of the fixed-effects matrix were dropped, the
#'   data determine the fixed part of a new row only if it is a combination of rows of the fit; the
#'   mean of a cell without data, for instance, is not. There is then a warning of class
#'   `henderson_warning_rank`; the value is that of the coefficients kept, as with [stats::lm()],
#'   and standard error, degrees of freedom and limits are `NA`. The model frame of the fit is
#'   needed to find such rows.
#' @section Errors: `henderson_error_newdata`: unknown levels, missing variables;
#'   `henderson_error_argument`: malformed arguments, a `re.form` with terms that are not in the
#'   fit, a `ddf` that does not go with the rest.
#' @source Henderson (1975), *Biometrics* 31, 423--447: the predictor and the inverse of the
#'   mixed-model equations' coefficient matrix as its covariance. Giesbrecht and Burns (1985),
#'   *Biometrics* 41, 477--486: the degrees of freedom.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' head(predict(fit))
#' predict(fit, data.frame(Days = 10:11, Subject = "308"))
#' predict(fit, data.frame(Days = 10:11), re.form = NA)
#' predict(fit, data.frame(Days = 10, Subject = "new"), allow.new.levels = TRUE)
#' predict(fit, data.frame(Days = 10), re.form = NA, interval = "confidence")
#' predict(fit, data.frame(Days = 10, Subject = c("308", "new")), allow.new.levels = TRUE,
#'   interval = "prediction")
#' @importFrom stats predict
#' @export
predict.henderson_lmm <- function(object, newdata = NULL, re.form = NULL, random.only = FALSE,
                                  type = c("response", "link"), allow.new.levels = FALSE,
                                  na.action = stats::na.pass, se.fit = FALSE,
                                  interval = c("none", "confidence", "prediction"),
                                  level = 0.95, ddf = "Satterthwaite", weights = NULL, ...,
                                  to = NULL) {
  check_no_dots(...)
  if (inherits(newdata, "henderson_chunks")) {
    given <- as.list(match.call())[-(1:2)]
    given <- lapply(given[setdiff(names(given), c("newdata", "to"))], eval, parent.frame())
    return(predict_pieces(object, newdata, to, given))
  }
  check_flag(random.only)
  check_flag(allow.new.levels)
  check_choice(type, c("response", "link"))
  check_flag(se.fit)
  interval <- check_choice(interval, c("none", "confidence", "prediction"))
  check_level(level)
  columns <- selected_columns(object, re.form)
  used <- which(vapply(columns, any, TRUE))
  fixed_only <- length(used) == 0L && !random.only
  if (interval != "none") ddf <- interval_method(object, ddf, interval, fixed_only)
  newdata <- with_outside_variables(object, newdata)
  parts <- prediction_parts(object, newdata, used, allow.new.levels)
  values <- linear_predictor(object, parts, columns, random.only)
  finish <- function(column) {
    column[is.na(values)] <- NA
    if (is.null(newdata)) {
      return(stats::napredict(object$na.action, with_row_names(object, column)))
    }
    apply_na_action(stats::setNames(column, rownames(parts$X)), na.action)
  }
  inestimable <- !random.only & !is_estimable_row(object, parts)
  if (any(inestimable)) warn_inestimable(inestimable)
  # values have no standard error where they depend on the columns that were dropped
  finish_error <- function(column) {
    replace(finish(column), which(finish(as.numeric(inestimable)) == 1), NA)
  }
  if (!se.fit && interval == "none") {
    return(finish(values))
  }
  if (interval == "none") {
    accuracy <- prediction_accuracy(object, parts, columns, random.only, 0, "none")
    return(list(fit = finish(values), se.fit = finish_error(accuracy$se.fit)))
  }
  noise <- if (interval == "prediction") {
    1 / prediction_weights(object, weights, length(values), is.null(newdata))
  } else {
    0
  }
  accuracy <- prediction_accuracy(object, parts, columns, random.only, noise, ddf)
  half <- stats::qt((1 + level) / 2, accuracy$df) * accuracy$deviation
  limits <- cbind(
    fit = finish(values), lwr = finish_error(values - half), upr = finish_error(values + half)
  )
  if (!se.fit) {
    return(limits)
  }
  list(fit = limits, se.fit = finish_error(accuracy$se.fit), df = finish_error(accuracy$df))
}

# One column `.fitted`, or those of intervals and standard errors.
predict_pieces <- function(fit, source, to, given) {
  result <- stream_pieces(source, to, function(piece) {
    values <- do.call(predict.henderson_lmm, c(list(fit, as.data.frame(piece)), given))
    columns <- as.data.frame(values, row.names = NULL)
    names(columns)[names(columns) %in% c("values", "fit.fit", "fit")] <- ".fitted"
    structure(columns, row.names = seq_len(nrow(columns)))
  })
  if (is.null(to) && identical(names(result), ".fitted")) result$.fitted else result
}

# Rows whose fixed part the data determine: all of the fit's own, and of new ones those that are
# combinations of them. Not known (all `TRUE`) for a fit that does not hold its model frame.
is_estimable_row <- function(fit, parts) {
  if (is.null(parts$X_dropped) || ncol(parts$X_dropped) == 0L ||
        (is.null(fit$frame) && is.null(fit$summed))) {
    return(rep(TRUE, nrow(parts$X)))
  }
  is_estimable(fit, parts$X, parts$X_dropped)
}

warn_inestimable <- function(inestimable) {
  rows <- which(inestimable)
  shown <- list_some(rows)
  warn(c(
    "{length(rows)} row{?s} of {.arg newdata} {?is/are} not estimable: {shown}.",
    "i" = "Columns of the fixed-effects matrix were dropped, and predictions there depend on which."
  ), kind = "rank", variable = "newdata", observed = rows)
}

# The method of intervals, where it can be had. `fixed_only`: are they for the population's mean?
interval_method <- function(fit, ddf, interval, fixed_only) {
  ddf <- ddf_method(ddf, fit)
  if (ddf == "Kenward-Roger" && !(fixed_only && interval == "confidence")) {
    abort(c(
      "Kenward and Roger's method gives confidence intervals of the population's mean only.",
      "i" = "Use it with {.code re.form = NA} and {.code interval = \"confidence\"}, or
             {.code ddf = \"Satterthwaite\"}."
    ), kind = "argument", variable = "ddf", observed = ddf)
  }
  ddf
}

# Precision weights of the observations to predict, one for each row.
prediction_weights <- function(fit, weights, rows, own_rows) {
  if (is.null(weights)) {
    if (own_rows) return(fit$weights %||% rep(1, rows))
    if (!is.null(fit$weights) || isTRUE(fit$summed$weighted)) {
      inform(c(
        "The fit has weights; the new observations are taken to have weight 1.",
        "i" = "Give theirs as {.arg weights}."
      ), kind = "weights", variable = "weights")
    }
    return(rep(1, rows))
  }
  if (!is.numeric(weights) || !length(weights) %in% c(1L, rows) ||
        !all(is.finite(weights) & weights > 0)) {
    given <- describe_value(weights)
    abort("{.arg weights} must be one positive number, or {rows} of them, not {given}.",
      kind = "argument", variable = "weights", observed = given
    )
  }
  rep(as.numeric(weights), length.out = rows)
}

#' Standard errors, standard deviations of the prediction's error, and degrees of freedom
#'
#' @param noise numeric: what is added to the variance, over sigma^2.
#' @return list of numeric vectors `se.fit`, `deviation`, `df`, one element for each row.
#' @noRd
prediction_accuracy <- function(fit, parts, columns, random_only, noise, ddf) {
  if (ddf == "Kenward-Roger") {
    return(adjusted_accuracy(fit, parts$X, ddf))
  }
  if (has_residual(fit)) {
    if (any(unlist(columns)) || random_only || any(noise != 0)) {
      require_plain_residuals(fit,
        "The error of a prediction with random effects, or of a new response,",
        instead = "Available are {.code se.fit} and {.code interval = \"confidence\"} with
                   {.code re.form = NA}."
      )
    }
    return(adjusted_accuracy(fit, parts$X, ddf))
  }
  fit <- representative_fit(fit)
  pieces <- prediction_variance(fit, parts, columns, random_only,
    with_scores = ddf != "none" || !is.null(fit$undetermined)
  )
  total <- known_variances(fit, pieces, noise)
  pieces$kappa <- known_variances(fit, pieces, 0)
  df <- if (ddf == "none") Inf else at_least_one(prediction_df(fit, total, pieces$scores, ddf))
  list(
    se.fit = fit$sigma * sqrt(pieces$kappa), deviation = fit$sigma * sqrt(total),
    df = rep(df, length.out = length(total))
  )
}

# kappa + noise, NA where it depends on what the data do not determine. kappa is of degree one in
# (Gamma, 1), so that its derivative by the residual's 1 is what the others leave.
known_variances <- function(fit, pieces, noise) {
  total <- pieces$kappa + noise
  if (is.null(fit$undetermined)) return(total)
  rows <- which(!is.na(total))
  moves <- if (any(lengths(pieces$scores))) {
    covariance_moves(fit, pieces$scores, natural = FALSE)[rows, , drop = FALSE]
  } else {
    matrix(0, length(rows), length(fit$theta))
  }
  rest <- total[rows] - as.vector(moves %*% relative_covariances(fit))
  total[rows[!are_determined(fit, cbind(moves, rest))]] <- NA
  total
}

# Near a variance of zero the modes' own variances are uncertain beyond what a t distribution can
# stand for, and the approximation falls below one degree of freedom, that of a single square.
at_least_one <- function(df) pmax(df, 1)

# The same for rows of X alone, as contrasts of the fixed effects with their adjusted covariance.
adjusted_accuracy <- function(fit, X, ddf) {
  complete <- stats::complete.cases(X)
  rows <- contrast_rows(fit, X[complete, , drop = FALSE], ddf)
  spread <- function(values) replace(rep(NA_real_, nrow(X)), complete, values)
  list(se.fit = spread(rows$se), deviation = spread(rows$se), df = spread(rows$df))
}

# Rows with NA predictions, treated as `na.action` says.
apply_na_action <- function(values, na.action) {
  na.action <- na_action_function(na.action)
  frame <- data.frame(fit = values, row.names = seq_along(values))
  if (!anyNA(values)) {
    return(values)
  }
  kept <- tryCatch(na.action(frame), error = function(condition) NULL)
  if (!is.null(kept) && !is.data.frame(kept)) abort_na_action(na.action)
  if (is.null(kept)) {
    abort(c(
      "Predictors are missing in {sum(is.na(values))} row{?s} of {.arg newdata}.",
      "i" = "{.code na.action = na.pass} predicts {.val {NA}} for them."
    ), kind = "newdata", variable = "newdata", observed = sum(is.na(values)))
  }
  result <- stats::setNames(kept$fit, names(values)[as.integer(rownames(kept))])
  stats::napredict(attr(kept, "na.action"), result)
}

# The function that `na.action` is, or names; NULL keeps missing values.
na_action_function <- function(na.action) {
  if (is.null(na.action)) {
    return(stats::na.pass)
  }
  if (is.character(na.action) && length(na.action) == 1L && !is.na(na.action)) {
    na.action <- get0(na.action, mode = "function", ifnotfound = na.action)
  }
  if (!is.function(na.action)) abort_na_action(na.action)
  na.action
}

abort_na_action <- function(na.action) {
  given <- describe_value(na.action)
  abort(c(
    "{.arg na.action} must be a function that leaves rows out of a data frame, or the name of one,
     not {given}.",
    "i" = "Use {.code na.pass}, {.code na.omit}, {.code na.exclude} or {.code na.fail}."
  ), kind = "argument", variable = "na.action", observed = given)
}
