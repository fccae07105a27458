# What package insight asks of a model, and by it performance, parameters and others: formula, names
# of parameters, estimates, degrees of freedom, variances. Its default methods take a fit for a
# model without random effects. Registered when insight is loaded; the shapes are those that
# insight gives for fits by lme4.

#' What package insight asks of a fit
#'
#' With these methods insight's `find_formula()`, `find_random()`, `get_parameters()`,
#' `n_parameters()`, `get_df()`, `get_predicted()`, `get_loglikelihood()` and others give what they
#' give for fits by lme4. `is_model()`, `is_model_supported()` and, in versions of insight where it
#' is not a generic, `find_transformation()` go by a list of classes: they give `FALSE`, `FALSE` and
#' `NULL`. For package performance see [performance_support].
#'
#' @param x A fit by [lmm()].
#' @param effects One string, `"fixed"`, `"random"` or (where insight allows it) `"all"`.
#' @param component For `get_variance`, one string: the variance wanted, or `"all"`. Otherwise
#'   unused.
#' @param type For `get_df`, one string: `"residual"` or `"wald"`, observations minus parameters;
#'   `"model"`, the number of parameters; `"normal"`, infinity; `"satterthwaite"`, `"kenward"` (or
#'   `"kr"`, `"kenward-roger"`), those of each coefficient.
#' @param df_per_obs For `get_df`, one logical: are Satterthwaite's and Kenward and Roger's degrees
#'   of freedom those of the fixed part of each row of `data` (`NULL`: of the fit's rows)?
#' @param flatten One logical: a vector in place of a list.
#' @param tolerance,source,verbose,... Unused: insight gives them. `get_predicted` takes `type`,
#'   `allow.new.levels` and `vcov` from `...`, as its method for fits by lme4 does.
#' @param predict,include_random,iterations As documented by insight. The random effects are left
#'   out where `data` do not have the grouping factors with levels of the fit; after
#'   `include_random = TRUE` with a warning of class `henderson_warning_approximation`.
#' @param objects Fits.
#' @param predictions,data,ci,ci_type,ci_method,vcov As documented by insight; `ci_method` is
#'   `NULL`, `"wald"`, `"residual"` or `"normal"`, `vcov` must be `NULL`.
#' @param estimator,REML `"ML"` or `"REML"`, or a logical: the likelihood; the fit's own if neither
#'   is given.
#' @param check_response One logical: `TRUE` gives the likelihood of the response before its
#'   transformation, such as `log(y)`.
#' @return As documented by package insight. `get_variance`: a list of `var.fixed`, `var.random`,
#'   `var.residual`, `var.distribution`, `var.dispersion`, `var.intercept` and, with slopes,
#'   `var.slope`, `cor.slope_intercept` and `cor.slopes`, in squared units of the response. The
#'   first three are
#'   those of [r_squared()], which holds for singular and weighted fits too: with weights the
#'   residual variance is the mean \eqn{\sigma^2 / w_i}{sigma^2 / w_i} of the observations, where
#'   insight takes \eqn{\sigma^2}{sigma^2} for fits by lme4, the variance at weight 1.
#'   `get_predicted`: as documented by insight; the limits are those of the fixed part, as for fits
#'   by lme4 ([predict()][predict.henderson_lmm] has those of the whole prediction). `get_data`, and
#'   `get_response` with it: the values that the fit has, also after [refit_response()] or where the
#'   data have changed since; predictors that only the data had (`x` of `scale(x)`) are left out
#'   then.
#' @section Errors: `henderson_error_argument` for a malformed argument; `henderson_error_data` for
#'   `get_variance` when the fit does not hold its model frame, and for `get_data` when the response
#'   can be found neither in the fit nor in data that are still those of the fit.
#' @source Nakagawa, Johnson and Schielzeth (2017), *Journal of the Royal Society Interface* 14,
#'   20170213.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' if (requireNamespace("insight", quietly = TRUE)) {
#'   insight::find_random(fit)
#'   insight::get_variance(fit)$var.random
#' }
#' @name insight_support
NULL

#' @rdname insight_support
#' @exportS3Method insight::is_mixed_model
is_mixed_model.henderson_lmm <- function(x) TRUE

#' @rdname insight_support
#' @exportS3Method insight::find_formula
find_formula.henderson_lmm <- function(x, ...) {
  bars <- lapply(written_bars(x$parsed$formula[[3L]]), function(bar) {
    stats::as.formula(call("~", bar), env = environment(x$formula))
  })
  random <- if (length(bars) == 1L) bars[[1L]] else bars
  formulas <- list(conditional = formula.henderson_fit(x, fixed.only = TRUE), random = random)
  structure(formulas, class = c("insight_formula", "list"))
}

# The bars of a right-hand side as they were written, `1 | a/b` for two terms.
written_bars <- function(expr) {
  expr <- strip_parentheses(expr)
  if (is_bar(expr)) return(uncorrelated_bars(expr))
  if (!is.call(expr)) return(list())
  unlist(lapply(as.list(expr)[-1L], written_bars), recursive = FALSE)
}

# `x || g` as the terms that it stands for: insight reads the last bar only.
uncorrelated_bars <- function(bar) {
  if (call_name(bar) != "||") return(list(bar))
  terms <- stats::terms(stats::as.formula(call("~", bar[[2L]])))
  columns <- lapply(attr(terms, "term.labels"), function(label) {
    call("+", 0, str2lang(label))
  })
  if (attr(terms, "intercept") == 1L) columns <- c(list(1), columns)
  lapply(columns, function(column) call("|", column, bar[[3L]]))
}

#' @rdname insight_support
#' @exportS3Method insight::find_parameters
find_parameters.henderson_lmm <- function(x, effects = "all", component = "all", flatten = FALSE,
                                          ...) {
  effects <- check_choice(effects, c("all", "fixed", "random"))
  result <- list()
  if (effects != "random") result$conditional <- as.character(names(x$beta))
  if (effects != "fixed") result$random <- columns_by_factor(x)
  if (flatten) unique(unlist(result, use.names = FALSE)) else result
}

# The columns of every grouping factor, those of several terms together.
columns_by_factor <- function(fit) {
  groups <- vapply(fit$random, `[[`, "", "group")
  lapply(stats::setNames(nm = unique(groups)), function(group) {
    unlist(lapply(fit$random[groups == group], `[[`, "columns"))
  })
}

#' @rdname insight_support
#' @exportS3Method insight::get_parameters
get_parameters.henderson_lmm <- function(x, effects = "fixed", component = "all", ...) {
  effects <- check_choice(effects, c("fixed", "random"))
  if (effects == "random") return(ranef.henderson_fit(x, condVar = FALSE))
  data.frame(
    Parameter = as.character(names(x$beta)), Estimate = unname(x$beta), stringsAsFactors = FALSE
  )
}

#' @rdname insight_support
#' @exportS3Method insight::n_parameters
n_parameters.henderson_lmm <- function(x, effects = "fixed", ...) {
  effects <- check_choice(effects, c("fixed", "random"))
  if (effects == "fixed") length(x$beta) else sum(lengths(columns_by_factor(x)))
}

#' @rdname insight_support
#' @exportS3Method insight::get_statistic
get_statistic.henderson_lmm <- function(x, ...) {
  errors <- sqrt(diag(known_covariance(x)))
  statistic <- data.frame(
    Parameter = as.character(names(x$beta)), Statistic = unname(x$beta / errors),
    stringsAsFactors = FALSE
  )
  structure(statistic, statistic = "t-statistic")
}

# insight's own method takes NA for dropped columns, and fails where only some entries are NA. It
# asks package pbkrtest for Kenward and Roger's covariance.

#' @rdname insight_support
#' @exportS3Method insight::get_varcov
get_varcov.henderson_lmm <- function(x, verbose = TRUE, vcov = NULL, ...) {
  method <- if (is.character(vcov) && length(vcov) == 1L) tolower(vcov) else ""
  if (method %in% c("kenward-roger", "kenward", "kr")) {
    x$vcov <- contrast_covariance(x, "Kenward-Roger")
  } else if (!is.null(vcov)) {
    return(NextMethod())
  }
  covariance <- as.matrix(known_covariance(x))
  names <- gsub("`", "", as.character(names(x$beta)), fixed = TRUE)
  dimnames(covariance) <- list(names, names)
  covariance
}

#' @rdname insight_support
#' @exportS3Method insight::find_statistic
find_statistic.henderson_lmm <- function(x, ...) "t-statistic"

#' @rdname insight_support
#' @exportS3Method insight::get_df
get_df.henderson_lmm <- function(x, type = "residual", data = NULL, df_per_obs = FALSE, ...) {
  type <- tolower(check_string(type))
  if (isTRUE(df_per_obs) && type %in% c("satterthwaite", "kenward", "kr", "kenward-roger")) {
    X <- if (is.null(data)) fixed_matrix(x) else prediction_parts(x, data, integer(), FALSE)$X
    ddf <- if (type == "satterthwaite") "Satterthwaite" else "Kenward-Roger"
    return(contrast_rows(x, X, ddf)$df)
  }
  switch(type,
    residual = , wald = , fit = , any = df.residual.henderson_fit(x),
    model = n_parameters(x), normal = Inf,
    satterthwaite = coefficient_df(x, "Satterthwaite"),
    kenward = , kr = , `kenward-roger` = coefficient_df(x, "Kenward-Roger"),
    check_choice(type, c("residual", "wald", "model", "normal", "satterthwaite", "kenward"))
  )
}

coefficient_df <- function(fit, ddf) {
  df <- contrast_rows(fit, diag(nrow = length(fit$beta)), ddf)$df
  stats::setNames(df, names(fit$beta))
}

#' @rdname insight_support
#' @exportS3Method insight::get_deviance
get_deviance.henderson_lmm <- function(x, ...) criterion_value(x, REML = FALSE)

#' @rdname insight_support
#' @exportS3Method insight::get_loglikelihood
get_loglikelihood.henderson_lmm <- function(x, estimator = NULL, REML = NULL,
                                            check_response = FALSE, ...) {
  if (is.null(estimator) && !is.null(REML)) estimator <- if (REML) "REML" else "ML"
  if (!is.null(estimator)) estimator <- check_choice(toupper(estimator), c("REML", "ML"))
  value <- logLik.henderson_lmm(x, if (!is.null(estimator)) estimator == "REML")
  if (isTRUE(check_response)) value[1L] <- value[1L] + log_jacobian(x)
  value
}

# Sum of log |f'(y)| of a response f(y): what the likelihood of y has over that of f(y).
log_jacobian <- function(fit) {
  response <- fit$parsed$formula[[2L]]
  if (is.symbol(response)) return(0)
  variable <- all.vars(response)
  slope <- tryCatch(stats::D(response, variable), error = function(condition) NULL)
  if (length(variable) != 1L || is.null(slope)) {
    warn("The likelihood is that of {.code {deparse1(response)}}, not of {.var {variable}}.",
      kind = "approximation"
    )
    return(0)
  }
  sum(log(abs(eval(slope, insight::get_data(fit), environment(fit$formula)))))
}

#' @rdname insight_support
#' @exportS3Method insight::is_converged
is_converged.henderson_lmm <- function(x, tolerance = 0.001, ...) {
  optimization <- x$optimization
  converged <- if (optimization$optimizer == "none") {
    is_minimum(x, tolerance)
  } else {
    isTRUE(optimization$converged)
  }
  structure(converged, gradient = max(abs(optimization$gradient)))
}

#' @rdname insight_support
#' @exportS3Method insight::find_algorithm
find_algorithm.henderson_lmm <- function(x, ...) {
  list(algorithm = if (x$REML) "REML" else "ML", optimizer = x$optimization$optimizer)
}

#' @rdname insight_support
#' @exportS3Method insight::get_variance
get_variance.henderson_lmm <- function(x, component = "all", tolerance = 1e-8, verbose = TRUE,
                                       ...) {
  parts <- explained_variances(x)
  variances <- c(
    list(
      var.fixed = parts$fixed, var.random = parts$total, var.residual = parts$residual,
      var.distribution = parts$residual, var.dispersion = 0
    ), intercept_variances(x)
  )
  names_of <- c(
    fixed = "var.fixed", random = "var.random", residual = "var.residual",
    distribution = "var.distribution", dispersion = "var.dispersion", intercept = "var.intercept",
    slope = "var.slope", rho01 = "cor.slope_intercept", rho00 = "cor.slopes"
  )
  component <- check_choice(component, c("all", names(names_of)))
  if (component == "all") variances else variances[names(variances) == names_of[[component]]]
}

# Variances of intercepts and of slopes, and the correlations of both, named by grouping factor (and
# column).
intercept_variances <- function(fit) {
  terms <- lapply(seq_along(fit$random), function(position) {
    term <- fit$random[[position]]
    covariance <- fit$sigma^2 * tcrossprod(lambda_matrix(term, fit$theta))
    covariance[undetermined_entries(fit, position)] <- NA
    constant <- term$columns == "(Intercept)"
    slopes <- term$columns[!constant]
    name <- function(values) {
      stats::setNames(values, if (length(slopes)) paste0(term$group, ".", slopes))
    }
    correlation <- covariance_to_correlation(covariance)
    rho <- correlation[!constant, constant]
    if (length(rho) == 1L) rho <- stats::setNames(rho, term$group)
    list(
      var.intercept = stats::setNames(diag(covariance)[constant], rep(term$group, sum(constant))),
      var.slope = name(diag(covariance)[!constant]),
      cor.slope_intercept = if (length(rho) > 1L) name(rho) else rho,
      cor.slopes = slope_correlations(term, correlation[!constant, !constant, drop = FALSE])
    )
  })
  joined <- lapply(stats::setNames(nm = names(terms[[1L]])), function(field) {
    unlist(lapply(terms, `[[`, field))
  })
  joined[lengths(joined) > 0L]
}

# Variances and covariances of a term that other terms can take over, or that are no estimates:
# without the message beside VarCorr() none can be given.
undetermined_entries <- function(fit, position) {
  term <- fit$random[[position]]
  unknown <- undetermined_covariances(fit, position)
  at <- lambda_entries(term)
  moved <- undetermined_parameters(fit)[term$theta_index]
  unknown[cbind(at$row, at$column)[moved, , drop = FALSE]] <- TRUE
  unknown | t(unknown)
}

# Correlations of a term's slopes, named group.slope-slope.
slope_correlations <- function(term, correlation) {
  pairs <- which(lower.tri(correlation), arr.ind = TRUE)
  if (!nrow(pairs)) return(NULL)
  slopes <- setdiff(term$columns, "(Intercept)")
  names <- paste0(term$group, ".", slopes[pairs[, 2L]], "-", slopes[pairs[, 1L]])
  stats::setNames(correlation[pairs], names)
}
