# Predictions: X beta + offset + Z b, or parts of this sum, for the fit's data or for new rows.
#
# Notation: b_t, v x J matrix of conditional modes of term t.

#' Predictions
#'
#' @param object A fit by [lmm()].
#' @param newdata `NULL`: the rows of the fit. A data frame: these rows; it needs the variables of
#'   the fixed part and, unless `re.form = NA`, those of the random terms used.
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
#'   \eqn{x'\hat\beta + z'\hat b}, as a prediction of \eqn{x'\beta + z'b}, from the joint covariance
#'   of both in the mixed-model equations at the estimated \eqn{\theta}; residual variance is not
#'   part of them. For levels that the fit does not know, the variance of their random effects is.
#'   The model frame of the fit is needed.
#' @param interval,level Intervals of predictions: not available yet; anything but `"none"` is an
#'   error.
#' @param ... Nothing; an argument that is not known is an error.
#' @return A named numeric vector, one element for each row, in units of the response; with
#'   `se.fit = TRUE` a list of two such vectors, `fit` and `se.fit`.
#' @section Errors: `henderson_error_newdata`: unknown levels, missing variables;
#'   `henderson_error_argument`: malformed arguments, a `re.form` with terms that are not in the
#'   fit; `henderson_error_unsupported`: `interval`.
#' @source Henderson (1975), *Biometrics* 31, 423--447: the predictor and the inverse of the
#'   mixed-model equations' coefficient matrix as its covariance.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' head(predict(fit))
#' predict(fit, data.frame(Days = 10:11, Subject = "308"))
#' predict(fit, data.frame(Days = 10:11), re.form = NA)
#' predict(fit, data.frame(Days = 10, Subject = "new"), allow.new.levels = TRUE)
#' @importFrom stats predict
#' @export
predict.henderson_lmm <- function(object, newdata = NULL, re.form = NULL, random.only = FALSE,
                                  type = c("response", "link"), allow.new.levels = FALSE,
                                  na.action = stats::na.pass, se.fit = FALSE,
                                  interval = c("none", "confidence", "prediction"),
                                  level = 0.95, ...) {
  check_no_dots(...)
  check_flag(random.only)
  check_flag(allow.new.levels)
  check_choice(type, c("response", "link"))
  check_flag(se.fit)
  check_no_interval(interval)
  check_number(level, min = 0, max = 1)
  columns <- selected_columns(object, re.form)
  used <- which(vapply(columns, any, TRUE))
  parts <- prediction_parts(object, newdata, used, allow.new.levels)
  values <- linear_predictor(object, parts, columns, random.only)
  finish <- function(values) {
    if (is.null(newdata)) {
      return(stats::napredict(object$na.action, with_row_names(object, values)))
    }
    apply_na_action(stats::setNames(values, rownames(parts$X)), na.action)
  }
  if (!se.fit) {
    return(finish(values))
  }
  error <- prediction_error(object, parts, columns, random.only)
  list(fit = finish(values), se.fit = finish(error))
}

check_no_interval <- function(interval) {
  interval <- check_choice(interval, c("none", "confidence", "prediction"))
  if (interval != "none") {
    abort(c(
      "Intervals of predictions are not available yet.",
      "i" = "Leave {.arg interval} at its default; {.code se.fit = TRUE} gives standard errors."
    ), kind = "unsupported", variable = "interval")
  }
}

# X, offset and random terms (z, level) for the rows to predict. `random`: integer, the terms
# needed.
prediction_parts <- function(fit, newdata, random, allow_new_levels) {
  if (!is.null(newdata)) {
    return(design_newdata(fit, newdata, random = random, allow_new_levels = allow_new_levels))
  }
  list(
    X = fixed_matrix(fit), offset = fit$offset,
    random = if (length(random) > 0L) fit_random_terms(fit)
  )
}

# Numeric vector, one element for each row. `columns`: list of logical vectors, the random columns
# to use.
linear_predictor <- function(fit, parts, columns, random_only = FALSE) {
  values <- numeric(nrow(parts$X))
  if (!random_only) {
    values <- drop(parts$X %*% fit$beta) + (parts$offset %||% 0)
  }
  for (t in which(vapply(columns, any, TRUE))) {
    values <- values + random_contribution(parts$random[[t]], fit$b[[t]], columns[[t]])
  }
  unname(values)
}

# sum over the chosen columns k of z_ik b_k,level(i); an unknown level contributes 0.
# `modes`: v x J (or v x J x m, flattened by the caller); `chosen`: logical v.
random_contribution <- function(term, modes, chosen) {
  known <- !is.na(term$level)
  own_modes <- matrix(0, length(term$level), sum(chosen))
  own_modes[known, ] <- t(modes[chosen, term$level[known], drop = FALSE])
  if (is.null(term$z)) drop(own_modes) else rowSums(term$z[, chosen, drop = FALSE] * own_modes)
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

# Which columns of every term `re.form` asks for: list parallel to `fit$random` of logical
# vectors.
selected_columns <- function(fit, re.form) {
  sizes <- lapply(fit$random, function(term) length(term$columns))
  if (is.null(re.form)) {
    return(lapply(sizes, function(size) rep(TRUE, size)))
  }
  none <- lapply(sizes, logical)
  if (is_no_random(re.form)) {
    return(none)
  }
  if (!inherits(re.form, "formula") || length(re.form) != 2L) abort_re_form(re.form)
  wanted <- parse_random_part(fit, re.form)
  Reduce(function(chosen, term) add_wanted(fit, chosen, term), wanted, none)
}

abort_re_form <- function(re.form) {
  given <- describe_value(re.form)
  abort(c(
    "{.arg re.form} must be {.code NULL}, {.code NA} or a one-sided formula of random terms,
     not {given}.",
    "i" = "For example {.code ~ (1 | Subject)}."
  ), kind = "argument", variable = "re.form", observed = given)
}

is_no_random <- function(re.form) {
  if (inherits(re.form, "formula")) {
    return(length(re.form) == 2L && (identical(re.form[[2L]], 0) || identical(re.form[[2L]], NA)))
  }
  is.atomic(re.form) && length(re.form) == 1L && is.na(re.form)
}

# Random terms of a one-sided formula, read with the fit's response on the left.
parse_random_part <- function(fit, re.form) {
  two_sided <- call("~", fit$parsed$fixed[[2L]], re.form[[2L]])
  if (!contains_bar(re.form[[2L]])) abort_re_form(re.form)
  parse_formula(stats::as.formula(two_sided, env = environment(re.form)))$random
}

# Marks the columns of one wanted random term in `chosen`; they must all be in the fit.
add_wanted <- function(fit, chosen, wanted) {
  missing_labels <- term_labels(wanted$lhs)
  for (t in seq_along(fit$random)) {
    if (fit$random[[t]]$group != wanted$group_name) next
    labels <- column_labels(fit, fit$random[[t]])
    chosen[[t]] <- chosen[[t]] | labels %in% term_labels(wanted$lhs)
    missing_labels <- setdiff(missing_labels, labels)
  }
  if (length(missing_labels) > 0L) {
    abort(c(
      "{.arg re.form} must use random terms of the fit.",
      "x" = "The fit has no {.val {missing_labels}} by {.val {wanted$group_name}}.",
      "i" = "Its random terms are {.val {vapply(fit$random, `[[`, '', 'text')}}."
    ), kind = "argument", variable = "re.form", observed = wanted$text)
  }
  chosen
}

# "(Intercept)" and the labels of the terms of a left-hand side.
term_labels <- function(lhs) {
  object <- stats::terms(stats::as.formula(call("~", lhs)))
  c(if (attr(object, "intercept") == 1L) "(Intercept)", attr(object, "term.labels"))
}

# For each column of a random term of the fit, the label of the term it comes from.
column_labels <- function(fit, term) {
  labels <- term_labels(term$lhs)
  if (length(labels) == length(term$columns)) {
    return(labels)
  }
  design <- Find(function(one) one$text == term$text, fit_random_terms(fit))
  assign <- attr(design$z, "assign")
  has_intercept <- "(Intercept)" %in% labels
  labels[assign + if (has_intercept) 1L else 0L]
}
