# Simulation of responses: y = X beta + offset + Z b + e, b ~ N(0, sigma^2 Lambda Lambda'), e_i ~
# N(0, sigma^2 / w_i).
#
# Random numbers are drawn in the order u (term by term, within a term level by level, for all
# simulations), then e. This is lme4's order, so that with one seed both packages give the same
# responses.

#' Simulate responses from a fit
#'
#' @param object A fit by [lmm()].
#' @param nsim One whole number, at least 1: how many responses.
#' @param seed `NULL`, or one whole number for [set.seed()]; the state of the generator is put
#'   back afterwards.
#' @param use.u One logical: `TRUE` keeps the conditional modes of the random effects as they are,
#'   as does `re.form = NULL`, and any other `re.form` beside it is an error; `FALSE` draws new
#'   ones.
#' @param re.form Random terms to keep at their conditional modes; all others are drawn anew. `NA`
#'   or `~0`, the default: none is kept. `NULL`: all are kept. A one-sided formula such as `~ (1 |
#'   Subject)`: these terms.
#' @param newdata `NULL`: the rows of the fit. A data frame: these rows. New levels of grouping
#'   factors are welcome in terms that are drawn.
#' @param allow.new.levels One logical: whether new levels are allowed in the terms that are kept
#'   (they get a random effect of 0).
#' @param newparams `NULL`, or a list with any of `beta` (numeric, length p), `theta` (covariance
#'   parameters, as `component(fit, "theta")`), `sigma` (one positive number): used in place of
#'   the estimates.
#' @param weights `NULL` or numeric, one positive value or one for each row: precision weights
#'   \eqn{w} of the simulated observations. `NULL`: 1 for `newdata` (with a message if the fit has
#'   weights), the fit's own weights for its rows.
#' @param na.action `NULL`, or a function or its name: what happens to the rows that were left out
#'   of the fit for missing values, and to those of `newdata`. [stats::na.exclude()] and
#'   [stats::na.pass()] give `NA` for them, [stats::na.omit()] leaves them out. `NULL`: as the fit
#'   does.
#' @param ... Nothing; an argument that is not known is an error.
#' @return A data frame with `nsim` columns `sim_1`, `sim_2`, ... in units of the response, and
#'   one row for each row of the fit (`NA` rows for those that `na.exclude` left out) or of
#'   `newdata`. Attribute `seed` as [stats::simulate()] describes it.
#' @section Errors: `henderson_error_argument` for malformed arguments and parameters of the wrong
#'   length, `henderson_error_newdata` for missing variables and levels.
#' @source Bates, Maechler, Bolker and Walker (2015), *Journal of Statistical Software* 67(1),
#'   equations (2) and (3).
#' @seealso [simulate_lmm()] for responses without a fit, [power_lmm()], [refit_response()].
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' head(simulate(fit, nsim = 2, seed = 1))
#' head(simulate(fit, seed = 1, newparams = list(beta = c(250, 0))))
#' @importFrom stats simulate
#' @export
simulate.henderson_lmm <- function(object, nsim = 1, seed = NULL, use.u = FALSE, re.form = NA,
                                   newdata = NULL, allow.new.levels = FALSE, newparams = NULL,
                                   weights = NULL, na.action = NULL, ...) {
  check_no_dots(...)
  check_flag(use.u)
  if (use.u && !missing(re.form) && !is.null(re.form)) abort_use_u(re.form)
  check_flag(allow.new.levels)
  if (length(object$undetermined$alone) > 0L && is.null(newparams$theta)) {
    inform_unknown(
      "Where the data determine no variance, responses are drawn with that of the start.", object
    )
  }
  if (!is.null(newdata)) {
    require_plain_residuals(object, "Responses simulated for `newdata`",
      instead = "Without {.arg newdata}, responses are drawn for the rows of the fit."
    )
  }
  object <- replace_parameters(object, newparams)
  kept <- kept_terms(object, if (use.u) NULL else re.form)
  parts <- simulation_parts(object, newdata, kept, allow.new.levels)
  columns <- Map(function(term, keep) rep(keep, length(term$columns)), object$random, kept)
  mean <- linear_predictor(object, parts, columns)
  weights <- prediction_weights(object, weights, length(mean), is.null(newdata))
  deviation <- residual_deviation(object$sigma, weights)
  correlate <- if (has_residual(object)) function(x) transform_residuals(object, x, FALSE)
  result <- simulate_responses(
    mean, parts$random[!kept], object$theta, object$sigma, deviation, nsim, seed, correlate
  )
  if (is.null(newdata)) {
    return(pad_simulations(result, object, na.action))
  }
  rownames(result) <- rownames(parts$X)
  if (is.null(na.action) || !anyNA(mean)) result else na_action_function(na.action)(result)
}

abort_use_u <- function(re.form) {
  given <- if (inherits(re.form, "formula")) expression_text(re.form) else describe_value(re.form)
  abort(c(
    "{.code use.u = TRUE} keeps all random effects, {.code re.form = {given}} does not.",
    "i" = "Give one of them; {.code use.u = TRUE} is {.code re.form = NULL}."
  ), kind = "argument", variable = "re.form", observed = given)
}

#' Simulate responses from a formula and parameters
#'
#' A design and assumed effects, before there are data. [power_lmm()] does with them what is most
#' often wanted.
#'
#' @param formula A formula with random terms, as for [lmm()]; the left side may be missing and
#'   need not be in `data`.
#' @param data A data frame with the predictors and grouping factors.
#' @param newparams A list with
#'   `beta`: numeric, length p, in the order of the columns of the fixed-effects model matrix, or
#'   named by them; `theta`: numeric, the relative covariance parameters in the order of
#'   `component(fit, "theta")`: for `(1 | g)` the standard deviation of the random intercepts
#'   divided by `sigma`; `sigma`: one positive number, the residual standard deviation.
#' @param nsim,seed As for [simulate()][simulate.henderson_lmm].
#' @param contrasts As for [lmm()].
#' @param ... Nothing; an argument that is not known is an error.
#' @return A data frame with `nsim` columns `sim_1`, ... and one row for each row of `data`;
#'   attribute `seed`.
#' @section Errors: `henderson_error_formula`, `henderson_error_variable`, `henderson_error_data`
#'   as for [lmm()]; `henderson_error_argument` for parameters that are missing or have the wrong
#'   length (the error names what is expected).
#' @examples
#' design <- expand.grid(Days = 0:9, Subject = factor(1:12))
#' parameters <- list(beta = c(250, 10), theta = c(1, 0, 0.2), sigma = 25)
#' reaction <- simulate_lmm(~ Days + (Days | Subject), design, parameters, nsim = 2, seed = 1)
#' design$Reaction <- reaction$sim_1
#' fixef(lmm(Reaction ~ Days + (Days | Subject), design))
#' @export
simulate_lmm <- function(formula, data, newparams, nsim = 1, seed = NULL, contrasts = NULL, ...) {
  check_no_dots(...)
  check_supplied(formula)
  check_supplied(data)
  check_supplied(newparams)
  design <- simulation_model(formula, data, newparams, contrasts)
  parameters <- design$parameters
  deviation <- residual_deviation(parameters$sigma, design$weights)
  result <- simulate_responses(
    design$mean + (design$offset %||% 0), design$random, parameters$theta, parameters$sigma,
    deviation, nsim, seed
  )
  rownames(result) <- rownames(design$X)
  result
}

# A design with what is assumed about it: model_design() with `parameters` (checked `beta`, `theta`,
# `sigma`) and `mean`, X beta (n, without offset).
simulation_model <- function(formula, data, newparams, contrasts) {
  design <- simulation_design(formula, data, contrasts)
  design$parameters <- check_parameters(newparams, colnames(design$X), theta_names(design$random),
    required = c("beta", "theta", "sigma")
  )
  check_correlations(design$parameters$theta, design$random, "newparams$theta")
  design$mean <- drop(design$X %*% design$parameters$beta)
  design
}

# Model design of a formula whose response is not there yet: it gets a stand-in.
simulation_design <- function(formula, data, contrasts) {
  if (!inherits(formula, "formula")) {
    given <- describe_value(formula)
    abort("{.arg formula} must be a formula, such as {.code ~ x + (1 | g)}, not {given}.",
      kind = "formula", variable = "formula", observed = class(formula)
    )
  }
  if (!contains_bar(formula[[length(formula)]])) abort_no_random_term(formula)
  check_data_frame(data)
  if (length(formula) == 3L) {
    data <- data[setdiff(names(data), all.vars(formula[[2L]]))]
  }
  data$.response <- seq_len(nrow(data))
  parsed <- parse_formula(with_stand_in(formula))
  frame <- model_frame(parsed, data, call = quote(lmm()), env = environment(formula))
  check_rows_complete(frame, parsed, data)
  control <- lmm_control(
    check_nobs_vs_nlev = "ignore", check_nobs_vs_nre = "ignore", check_nlev_gtr_1 = "ignore"
  )
  model_design(parsed, frame, contrasts, control)
}

# The formula with `.response` on its left side.
with_stand_in <- function(formula) {
  stats::as.formula(
    call("~", quote(.response), formula[[length(formula)]]), env = environment(formula)
  )
}

# A response for every row needs the predictors of every row.
check_rows_complete <- function(frame, parsed, data) {
  omitted <- attr(frame, "na.action")
  if (length(omitted) == 0L) {
    return(invisible(NULL))
  }
  used <- intersect(all.vars(parsed$frame_formula), names(data))
  counts <- missing_counts(data[used])
  listed <- paste(names(counts), counts, sep = ": ")
  abort(c(
    "{.arg data} has missing values in {length(omitted)} row{?s}.",
    "x" = "Missing values by variable: {listed}.",
    "i" = "Leave these rows out; a response is simulated for every row."
  ), kind = "data", variable = c(names(counts), "data")[1L], observed = counts)
}

# --- parameters
# ----------------------------------------------------------------------------------

# The fit with beta, theta and sigma replaced.
replace_parameters <- function(fit, newparams) {
  if (!is.null(newparams)) {
    parameters <- check_parameters(newparams, names(fit$beta), names(fit$theta))
    fit[names(parameters)] <- parameters
    check_correlations(fit$theta, fit$random, "newparams$theta")
  }
  fit
}

# Checked list of parameters, each named. `required`: those that must be there.
check_parameters <- function(newparams, beta_names, theta_names, required = character(0L)) {
  known <- list(beta = beta_names, theta = theta_names, sigma = "sigma")
  valid <- is.list(newparams) && !is.null(names(newparams)) &&
    all(names(newparams) %in% names(known)) && !anyDuplicated(names(newparams))
  if (!valid) {
    named <- is.list(newparams) && !is.null(names(newparams))
    given <- if (named) {
      paste0("`", names(newparams), "`", collapse = ", ")
    } else {
      describe_value(newparams)
    }
    abort(c(
      "{.arg newparams} must be a list with elements {.val {names(known)}}, each once at most.",
      "x" = if (named) "Its elements are {given}." else "It is {given}."
    ), kind = "argument", variable = "newparams", observed = given)
  }
  absent <- setdiff(required, names(newparams))
  if (length(absent) > 0L) {
    abort("{.arg newparams} lacks {.val {absent}}.",
      kind = "argument", variable = "newparams", observed = names(newparams)
    )
  }
  stats::setNames(lapply(names(newparams), function(name) {
    check_parameter(newparams[[name]], name, known[[name]])
  }), names(newparams))
}

# Numeric vector with the names `labels`; in any order if it has these names.
check_parameter <- function(value, name, labels) {
  if (!is.numeric(value) || length(value) != length(labels) || !all(is.finite(value))) {
    given <- describe_value(value)
    abort(c(
      "{.code newparams${name}} must hold {length(labels)} finite number{?s}, not {given}.",
      "i" = "Its element{?s} {?is/are} {.val {labels}}."
    ), kind = "argument", variable = name, observed = observed_value(value))
  }
  if (name == "sigma" && value < 0) {
    abort("{.code newparams$sigma} must not be negative, not {value}.",
      kind = "argument", variable = "sigma", observed = value
    )
  }
  if (is.null(names(value)) || length(value) == 1L) {
    return(stats::setNames(as.numeric(value), labels))
  }
  check_parameter_names(names(value), name, labels)
  value[labels]
}

check_parameter_names <- function(given, name, labels) {
  if (setequal(given, labels)) return(invisible(NULL))
  abort(c(
    "{.code newparams${name}} has other names than the model: {.val {setdiff(given, labels)}}.",
    "i" = "Its elements are {.val {labels}}; without names they are taken in this order."
  ), kind = "argument", variable = name, observed = given)
}

# --- drawing
# -------------------------------------------------------------------------------------

# One logical for each term: is it kept at its conditional modes? A term is kept or drawn as a
# whole.
kept_terms <- function(fit, re.form) {
  columns <- selected_columns(fit, re.form)
  partly <- vapply(columns, function(chosen) any(chosen) && !all(chosen), TRUE)
  if (any(partly)) {
    text <- fit$random[[which(partly)[1L]]]$text
    abort(c(
      "{.arg re.form} must keep whole random terms when responses are simulated.",
      "x" = "It has only some columns of {.code ({text})}."
    ), kind = "argument", variable = "re.form", observed = text)
  }
  vapply(columns, all, TRUE)
}

# X, offset and random terms (z, level, levels) of the rows to simulate. In terms that are drawn
# anew `level` counts the levels found in `newdata`, known or not.
simulation_parts <- function(fit, newdata, kept, allow_new_levels) {
  every <- seq_along(fit$random)
  if (is.null(newdata)) {
    return(prediction_parts(fit, NULL, every, FALSE))
  }
  newdata <- check_newdata(newdata)
  parts <- prediction_parts(fit, newdata, which(kept), allow_new_levels)
  drawn <- prediction_parts(fit, newdata, which(!kept), TRUE)$random
  for (t in which(!kept)) {
    term <- fit$random[[t]]
    term$z <- drawn[[t]]$z
    grouping <- newdata_levels(term, newdata, environment(fit$terms))
    grouping <- related_grouping(grouping, term)
    term[c("level", "levels")] <- grouping[c("level", "levels")]
    parts$random[[t]] <- term
  }
  parts
}

# Codes and levels of a grouping factor in `newdata`, whether the fit knows them or not.
newdata_levels <- function(term, newdata, env) {
  parts <- interaction_parts(term$group_expr)
  values <- Map(function(part, missing) {
    x <- eval(part, newdata, env)
    if (!is.na(missing) && anyNA(x)) addNA(x) else x
  }, parts, term$missing)
  names(values) <- vapply(parts, column_name, "")
  absent <- Reduce(`|`, lapply(values, is.na))
  if (any(absent)) {
    name <- term$group
    abort("Grouping factor {.var {name}} has {sum(absent)} missing value{?s} in {.arg newdata}.",
      kind = "newdata", variable = name, observed = sum(absent)
    )
  }
  grouping_factor(parts, values)
}

# sigma / sqrt(w). A row of weight 0, which no fit looks at, gets sigma and not an infinite value.
residual_deviation <- function(sigma, weights) {
  if (is.null(weights)) {
    return(sigma)
  }
  sigma / sqrt(ifelse(weights > 0, weights, 1))
}

# Data frame of `nsim` responses. `random`: terms to draw, with z, level, levels, columns,
# theta_index. `deviation`: residual standard deviation, one or n values.
# correlate: NULL, or what makes of independent residuals those of the model (n x nsim).
simulate_responses <- function(mean, random, theta, sigma, deviation, nsim, seed,
                               correlate = NULL) {
  check_count(nsim, min = 1)
  check_count(seed, min = -.Machine$integer.max, null_ok = TRUE)
  n <- length(mean)
  drawn <- with_seed(seed, list(
    random = draw_random_part(random, theta, sigma, nsim, n),
    residual = stats::rnorm(n * nsim)
  ))
  residual <- drawn$value$residual
  if (!is.null(correlate)) residual <- as.vector(correlate(matrix(residual, n)))
  values <- mean + drawn$value$random + deviation * residual
  dim(values) <- c(n, nsim)
  colnames(values) <- paste0("sim_", seq_len(nsim))
  structure(as.data.frame(values), seed = drawn$seed)
}

# Z b for new b: numeric n x nsim.
draw_random_part <- function(random, theta, sigma, nsim, n) {
  total <- matrix(0, n, nsim)
  sizes <- vapply(random, function(term) length(term$columns) * length(term$levels), 1L)
  spherical <- matrix(stats::rnorm(sum(sizes) * nsim), ncol = nsim)
  last <- cumsum(sizes)
  for (t in seq_along(random)) {
    term <- random[[t]]
    factor <- sigma * lambda_matrix(term, theta)
    rows <- last[t] - sizes[t] + seq_len(sizes[t])
    every <- rep(TRUE, length(term$columns))
    for (s in seq_len(nsim)) {
      modes <- factor %*% matrix(spherical[rows, s], length(term$columns))
      if (!is.null(term$relationship)) modes <- t(related_draws(term$relationship, t(modes)))
      total[, s] <- total[, s] + random_contribution(term, modes, every)
    }
  }
  total
}

# Row names of the frame, and NA rows for those that na.exclude left out, by the fit's `na.action`
# or the one given.
pad_simulations <- function(result, fit, na.action = NULL) {
  rownames(result) <- rownames(fit$frame)
  omitted <- fit$na.action
  if (!is.null(na.action) && !is.null(omitted)) {
    keeps_rows <- any(vapply(list(stats::na.exclude, stats::na.pass), identical, TRUE,
      na_action_function(na.action)
    ))
    class(omitted) <- if (keeps_rows) "exclude" else "omit"
  }
  if (!inherits(omitted, "exclude")) {
    return(result)
  }
  padded <- as.data.frame(stats::naresid(omitted, as.matrix(result)))
  structure(padded, seed = attr(result, "seed"))
}
