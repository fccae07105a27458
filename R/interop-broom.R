# Tidy data frames of a fit: methods on the generics of package generics (which broom and
# broom.mixed export), registered when it is loaded. Columns are named as those packages document.

#' Tables of a fit as data frames
#'
#' `tidy()`: one row for each coefficient, covariance parameter, conditional mode or coefficient of
#' a group. `glance()`: one row for the fit. `augment()`: the data with fitted values and
#' residuals. The generics are those of packages generics, broom and broom.mixed.
#'
#' @param x A fit by [lmm()].
#' @param effects Character vector: which tables, in the order `"fixed"` (coefficients),
#'   `"ran_pars"` (standard deviations and correlations of the random effects, the residual
#'   included), `"ran_vals"` (conditional modes), `"ran_coefs"` (coefficients of each group: fixed
#'   effect plus mode).
#' @param scales One string, for `"ran_pars"`: `"sdcor"` for standard deviations and correlations,
#'   `"vcov"` for variances and covariances.
#' @param conf.int One logical: are confidence limits added? Those of fixed effects are
#'   \eqn{\hat\beta \pm t s}{beta_hat +/- t s}, with \eqn{t} the quantile of the t distribution with
#'   the row's degrees of freedom; those of covariance parameters are from [variance_components()],
#'   those of modes \eqn{\hat b \pm z s}{b_hat +/- z s}. Coefficients of groups have none.
#' @param conf.level One number between 0 and 1: the confidence level.
#' @param ddf One string: how degrees of freedom are found, as in
#'   [summary()][summary.henderson_lmm]. With `"Kenward-Roger"` standard errors are adjusted as
#'   well; `"none"` leaves out `df` and `p.value`.
#' @param exponentiate One logical: are estimates and confidence limits of fixed effects, and
#'   coefficients of groups, exponentiated (ratios, for a response on a log scale)? Standard errors
#'   are multiplied by the exponentiated estimate, the delta method's; tests stay those of zero.
#' @param vcov `NULL`, or a p x p covariance matrix of the fixed effects to use instead of the
#'   fit's, or a function of the fit that gives one. Degrees of freedom stay those of the fit.
#' @param conf.method `NULL` or `"Wald"`: as above; `"profile"`, `"boot"`: those of [confint()].
#' @param ddf.method `NULL`, or `ddf` by the name that broom.mixed gives it.
#' @param data A data frame: what columns are added to. It has a row for each observation used (by
#'   default the model frame), or, for a fit with `na.action = na.exclude`, a row for each row of
#'   the data, those that were left out getting `NA`. Its rows are those of the fit in the same
#'   order, or in another that their row names tell; other values of the model's variables are an
#'   error.
#' @param newdata `NULL`, or a data frame of rows to predict, as for
#'   [predict()][predict.henderson_lmm]; `data` is then not used.
#' @param se_fit One logical: is the standard error of the fitted value added, as `.se.fit`?
#' @param interval One string, `"none"`, `"confidence"` or `"prediction"`: limits of
#'   [predict()][predict.henderson_lmm], added as `.lower` and `.upper`.
#' @param re.form,allow.new.levels As for [predict()][predict.henderson_lmm], for `newdata`.
#' @param to Where rows of `data = chunks(...)` go: see [fitted_in_pieces].
#' @param ... Arguments that mice, modelsummary, gtsummary and others give to every model and that
#'   mean nothing here are passed over (`parametric`, `component`, `quick`, `coef_rename`,
#'   `metrics`; in `glance` and `augment` those of `tidy` too); any other is an error.
#' @return A tibble, or a plain data frame where package tibble is not installed. Estimates are in
#'   units of the response (per unit of the column).
#'   \describe{
#'   \item{`tidy`}{those of `effect`, `group` (grouping factor), `level`, `term`, `estimate`,
#'   `std.error`, `statistic`, `df`, `p.value`, `conf.low`, `conf.high` that apply to one of the
#'   rows. A parameter's term is `sd__`, `cor__`, `var__` or `cov__` and its column or columns;
#'   the residual's is `sd__Observation` in group `Residual`. `std.error` of a mode is its
#'   conditional standard deviation given \eqn{\beta}{beta} and \eqn{\theta}{theta}; that of a
#'   covariance parameter is `NA` where [variance_components()] has none, or the fit has not kept
#'   its frame}
#'   \item{`glance`}{`nobs`, `sigma`, `logLik`, `AIC`, `BIC`, `REMLcrit` or (maximum likelihood)
#'   `deviance`, `df.residual`}
#'   \item{`augment`}{the columns of the data and `.fitted`, `.resid` (response minus fitted),
#'   `.fixed` (without random effects), `.mu` (the mean, here the fitted value), `.offset`,
#'   `.weights`, `.wtres` (\eqn{\sqrt{w}}{sqrt(w)} times the residual). With `newdata`: `.fitted`,
#'   `.fixed`, and `.resid` where `newdata` has the response. `.se.fit`, `.lower`, `.upper` last,
#'   where asked for}
#'   }
#' @section Errors: `henderson_error_argument` for a malformed argument; those of
#'   [predict()][predict.henderson_lmm] for `newdata`; `henderson_error_data` when the fit does not
#'   hold its model frame, or `data` is not what it was made from.
#' @seealso [fixef()][fixef.henderson_fit], [VarCorr()][VarCorr.henderson_fit],
#'   [ranef()][ranef.henderson_fit], [coef()][coef.henderson_fit], which hold the same numbers.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' if (requireNamespace("generics", quietly = TRUE)) {
#'   generics::tidy(fit, conf.int = TRUE)
#'   generics::glance(fit)
#'   head(generics::augment(fit))
#' }
#' @name broom_support
NULL

#' @rdname broom_support
#' @exportS3Method generics::tidy
tidy.henderson_lmm <- function(x, effects = c("fixed", "ran_pars"), scales = "sdcor",
                               conf.int = FALSE, conf.level = 0.95, ddf = "Satterthwaite",
                               exponentiate = FALSE, vcov = NULL, conf.method = NULL,
                               ddf.method = NULL, ...) {
  check_caller_dots(..., tolerated = passed_over)
  known <- c("fixed", "ran_pars", "ran_vals", "ran_coefs")
  effects <- check_choice(effects, known, several = TRUE)
  scales <- check_choice(scales, c("sdcor", "vcov"))
  check_flag(conf.int)
  check_level(conf.level)
  check_flag(exponentiate)
  conf.method <- check_conf_method(conf.method)
  level <- if (conf.int) conf.level
  method <- ddf_method(ddf.method %||% ddf)
  if (any(effects != "fixed")) inform_unknown("Some rows are NA or one of many possible ones.", x)
  tables <- lapply(intersect(known, effects), function(effect) {
    switch(effect,
      fixed = exponentiated(tidy_fixed(x, level, method, vcov), exponentiate),
      ran_pars = tidy_parameters(x, scales, level),
      ran_vals = tidy_modes(x, level),
      ran_coefs = exponentiated(tidy_coefficients(x), exponentiate)
    )
  })
  tidy_columns <- c(
    "effect", "group", "level", "term", "estimate", "std.error", "statistic", "df", "p.value",
    "conf.low", "conf.high"
  )
  table <- bind_tables(tables, tidy_columns)
  if (conf.int && conf.method != "Wald") {
    table <- other_limits(table, x, scales, conf.level, conf.method, exponentiate)
  }
  as_tidy(table)
}

check_conf_method <- function(conf.method) {
  if (is.null(conf.method) || identical(conf.method, "wald")) return("Wald")
  check_choice(conf.method, c("Wald", "profile", "boot"))
}

exponentiated <- function(table, exponentiate) {
  if (!exponentiate) return(table)
  limits <- intersect(c("estimate", "conf.low", "conf.high"), names(table))
  table[limits] <- lapply(table[limits], exp)
  if (!is.null(table$std.error)) table$std.error <- table$std.error * table$estimate
  table
}

# Coefficients, with limits at `level` unless it is NULL.
tidy_fixed <- function(fit, level, ddf, vcov = NULL) {
  p <- length(fit$beta)
  rows <- contrast_rows(fit, diag(nrow = p), ddf)
  if (!is.null(vcov)) rows$se <- unname(sqrt(diag(given_covariance(fit, vcov, "vcov"))))
  statistic <- rows$estimate / rows$se
  table <- data.frame(
    effect = rep("fixed", p), group = rep(NA_character_, p), term = as.character(names(fit$beta)),
    estimate = rows$estimate, std.error = rows$se, statistic = statistic
  )
  if (ddf != "none") {
    table$df <- rows$df
    table$p.value <- 2 * stats::pt(-abs(statistic), rows$df)
  }
  with_limits(table, level, rows$df)
}

with_limits <- function(table, level, df) {
  if (is.null(level)) return(table)
  half <- stats::qt((1 + level) / 2, df) * table$std.error
  table$conf.low <- table$estimate - half
  table$conf.high <- table$estimate + half
  table
}

tidy_parameters <- function(fit, scales, level) {
  table <- as.data.frame(VarCorr.henderson_fit(fit), order = "lower.tri")
  is_variance <- is.na(table$var2)
  prefix <- if (scales == "sdcor") c("sd", "cor") else c("var", "cov")
  columns <- ifelse(is.na(table$var1), "Observation", table$var1)
  columns[!is_variance] <- paste(columns, table$var2, sep = ".")[!is_variance]
  result <- data.frame(
    effect = "ran_pars", group = table$grp,
    term = paste0(ifelse(is_variance, prefix[1L], prefix[2L]), "__", columns),
    estimate = table[[scales]], std.error = NA_real_
  )
  if (!is.null(level)) result$conf.low <- result$conf.high <- NA_real_
  if (!has_moments(fit)) return(result)
  accuracy <- quiet_components(fit, if (scales == "sdcor") "sd" else "variance", level %||% 0.95)
  key <- function(table) paste(table$grp, table$var1, table$var2, sep = "\r")
  at <- match(key(table), key(accuracy))
  result$std.error <- accuracy$se[at]
  if (!is.null(level)) {
    result$conf.low <- accuracy$lower[at]
    result$conf.high <- accuracy$upper[at]
  }
  result
}

# Parameters on the boundary have NA; that the fit is singular was said when it was made.
quiet_components <- function(fit, scale, level) {
  withCallingHandlers(
    variance_components(fit, scale, level),
    henderson_message_singular = function(condition) invokeRestart("muffleMessage")
  )
}

tidy_modes <- function(fit, level) {
  modes <- as.data.frame(ranef.henderson_fit(fit))
  table <- data.frame(
    effect = "ran_vals", group = modes$grpvar, level = as.character(modes$grp),
    term = as.character(modes$term), estimate = modes$condval, std.error = modes$condsd
  )
  with_limits(table, level, Inf)
}

tidy_coefficients <- function(fit) {
  coefficients <- unclass(coef.henderson_fit(fit))
  tables <- Map(function(table, group) {
    data.frame(
      effect = "ran_coefs", group = group, level = rep(rownames(table), ncol(table)),
      term = rep(names(table), each = nrow(table)), estimate = unlist(table, use.names = FALSE)
    )
  }, coefficients, names(coefficients))
  do.call(rbind, unname(tables))
}

# Tables below each other; columns that some lack are NA there. `columns`: their order.
bind_tables <- function(tables, columns) {
  used <- intersect(columns, unlist(lapply(tables, names)))
  full <- lapply(tables, function(table) {
    table[setdiff(used, names(table))] <- NA
    table[used]
  })
  do.call(rbind, full)
}

#' @rdname broom_support
#' @exportS3Method generics::glance
glance.henderson_lmm <- function(x, ...) {
  check_caller_dots(..., tolerated = c(passed_over, tidy_arguments))
  likelihood <- logLik.henderson_lmm(x)
  criterion <- stats::setNames(list(x$criterion), if (x$REML) "REMLcrit" else "deviance")
  as_tidy(data.frame(
    nobs = nobs.henderson_fit(x), sigma = x$sigma, logLik = as.numeric(likelihood),
    AIC = stats::AIC(likelihood), BIC = stats::BIC(likelihood), criterion,
    df.residual = df.residual.henderson_fit(x)
  ))
}

#' @rdname broom_support
#' @exportS3Method generics::augment
augment.henderson_lmm <- function(x, data = stats::model.frame(x), newdata = NULL, se_fit = FALSE,
                                  interval = c("none", "confidence", "prediction"),
                                  conf.level = 0.95, ddf = "Satterthwaite", re.form = NULL,
                                  allow.new.levels = FALSE, ..., to = NULL) {
  check_caller_dots(..., tolerated = c(passed_over, tidy_arguments))
  if (!missing(data) && inherits(data, "henderson_chunks")) return(augment_pieces(x, data, to))
  check_flag(se_fit)
  interval <- check_choice(interval, c("none", "confidence", "prediction"))
  check_level(conf.level)
  own <- is.null(newdata)
  rows <- NULL
  if (own) {
    # rows that na.exclude left out may be part of `data`
    if (!has_all_rows(x, data)) x["na.action"] <- list(NULL)
    check_augment_data(x, data)
    rows <- if (!missing(data)) augment_order(x, data)
  } else {
    newdata <- check_newdata(newdata)
  }
  accuracy <- if (se_fit || interval != "none") {
    augment_accuracy(predict.henderson_lmm(x, newdata,
      re.form = if (own) NULL else re.form, allow.new.levels = allow.new.levels, se.fit = TRUE,
      interval = interval, level = conf.level, ddf = ddf
    ), se_fit)
  }
  table <- if (own) {
    augment_rows(x, data, rows)
  } else {
    augment_newdata(x, newdata, re.form, allow.new.levels)
  }
  if (!is.null(rows)) accuracy <- lapply(accuracy, `[`, rows)
  as_tidy(do.call(add_columns, c(list(table), accuracy)))
}

# Columns `.se.fit`, `.lower`, `.upper`, those that were asked for.
augment_accuracy <- function(prediction, se_fit) {
  limits <- if (is.matrix(prediction$fit)) prediction$fit
  c(
    if (se_fit) list(.se.fit = unname(prediction$se.fit)),
    if (!is.null(limits)) list(.lower = unname(limits[, "lwr"]), .upper = unname(limits[, "upr"]))
  )
}

# `rows`: from `augment_order()`.
augment_rows <- function(fit, data, rows) {
  residual <- model_response(fit) - fit$fitted
  weights <- fit$weights %||% rep(1, length(residual))
  fixed <- linear_predictor(
    fit, prediction_parts(fit, NULL, integer(), FALSE), selected_columns(fit, NA)
  )
  added <- list(
    .fitted = fit$fitted, .resid = residual, .fixed = fixed, .mu = fit$fitted,
    .offset = fit$offset %||% numeric(length(residual)), .weights = weights,
    .wtres = sqrt(weights) * residual
  )
  added <- lapply(added, function(values) unname(stats::naresid(fit$na.action, values)))
  if (!is.null(rows)) added <- lapply(added, `[`, rows)
  do.call(add_columns, c(list(data), added))
}

# The rows of the fit (with those that na.exclude left out) that the rows of `data` are, by row
# names; NULL if they are the same in order. An error where `data` are not those of the fit.
augment_order <- function(fit, data) {
  if (is.null(fit$frame)) return(NULL)
  omitted <- fit$na.action
  names <- character(length(fit$fitted) + length(omitted))
  names[omitted] <- names(omitted)
  kept <- if (length(omitted) > 0L) seq_along(names)[-omitted] else seq_along(names)
  names[kept] <- row.names(fit$frame)
  rows <- match(row.names(data), names)
  is_order <- !anyNA(rows) && !anyDuplicated(rows) && is.unsorted(rows)
  if (is_order && is.null(augment_difference(fit, data, order(rows)[kept]))) return(rows)
  column <- utf8_names(augment_difference(fit, data, kept))
  if (length(column) == 0L) return(NULL)
  abort(c(
    "{.arg data} is not what the model was fitted to, in its order: {.var {column}} differs.",
    "i" = "Rows in another order are recognized by their row names.
           {.arg newdata} predicts any row."
  ), kind = "data", variable = column, observed = "changed")
}

# The first column of the model frame that `data[rows, ]` does not give; NULL if there is none.
augment_difference <- function(fit, data, rows) {
  frames <- list(fit$frame)
  if (!is.null(attr(fit$frame, "replaced"))) frames <- c(frames, list(frame_as_given(fit)))
  expressions <- attr(attr(fit$frame, "terms"), "predvars")
  columns <- variable_names(attr(fit$frame, "terms"))
  part <- unclass(data)
  for (name in columns) {
    value <- part[[name]] %||%
      augment_value(fit, part, expressions[[match(name, columns) + 1L]])
    if (is.null(value)) next
    value <- if (is.null(dim(value))) value[rows] else value[rows, , drop = FALSE]
    same <- vapply(frames, function(frame) same_entries(frame[[name]], value), TRUE)
    if (!any(same)) return(name)
  }
}

# A variable of the model that `data` can give; NULL if it has not all that it is made of.
augment_value <- function(fit, data, expression) {
  used <- intersect(all.vars(expression), attr(fit$frame, "data_variables"))
  if (length(used) == 0L || !all(used %in% names(data))) return(NULL)
  if (!is_rowwise(expression, c("factor", "as.factor"))) return(NULL)
  tryCatch(suppressWarnings(eval(expression, data, environment(fit$terms))),
    error = function(condition) NULL
  )
}

# Like `same_values()`, whatever the levels that no row of these has, and their order.
same_entries <- function(x, y) {
  entries <- function(x) {
    if (is_coded_vector(x)) return(as.character(x))
    if (is.logical(x)) as.numeric(x) else c(unclass(x))
  }
  x <- unname(entries(x))
  y <- unname(entries(y))
  same_values(as.vector(x), as.vector(y))
}

# Arguments of tidy() that callers give to glance() and augment() as well, where they mean nothing.
tidy_arguments <- c(
  "effects", "conf.int", "conf.level", "exponentiate", "vcov", "conf.method", "ddf.method"
)

# Arguments that mean nothing for these fits: `coef_rename` and `metrics` are modelsummary's own.
passed_over <- c("parametric", "component", "quick", "coef_rename", "metrics")

# Is `data` that of the fit with the rows that na.exclude left out?
has_all_rows <- function(fit, data) {
  inherits(fit$na.action, "exclude") && is.data.frame(data) &&
    nrow(data) == length(fit$fitted) + length(fit$na.action)
}

augment_newdata <- function(fit, newdata, re.form, allow_new_levels) {
  fitted <- predict.henderson_lmm(fit, newdata,
    re.form = re.form, allow.new.levels = allow_new_levels
  )
  fixed <- predict.henderson_lmm(fit, newdata, re.form = NA)
  table <- add_columns(newdata, .fitted = unname(fitted), .fixed = unname(fixed))
  response <- fit$parsed$fixed[[2L]]
  if (all(all.vars(response) %in% names(newdata))) {
    observed <- eval(response, newdata, environment(fit$terms))
    table$.resid <- as.numeric(observed) - table$.fitted
  }
  table
}

# A plain data frame of the columns of `data` (matrices stay matrices) and the vectors in `...`.
add_columns <- function(data, ...) {
  class(data) <- "data.frame"
  attributes(data) <- attributes(data)[c("names", "row.names", "class")]
  added <- list(...)
  data[names(added)] <- added
  data
}

check_augment_data <- function(fit, data) {
  fits <- is.data.frame(data) && (nrow(data) == length(fit$fitted) || has_all_rows(fit, data))
  if (fits) return(invisible(NULL))
  given <- describe_value(data)
  abort(c(
    "{.arg data} must be a data frame with the {length(fit$fitted)} rows of the fit, not {given}.",
    "i" = "Rows with missing values are not part of the fit. With {.code na.action = na.exclude} at
           the fit {.arg data} may have them; {.arg newdata} predicts any row."
  ), kind = "argument", variable = "data", observed = given)
}
