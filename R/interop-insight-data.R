# What package insight takes for the predictions of a fit: its own method for fits by lme4 leaves
# out the random effects wherever a grouping factor is not a column of the data under its own name.

#' @rdname insight_support
#' @exportS3Method insight::get_predicted
get_predicted.henderson_lmm <- function(x, data = NULL, predict = "expectation", ci = NULL,
                                        ci_method = NULL, include_random = "default",
                                        iterations = NULL, verbose = TRUE, ...) {
  refuse_old_ggeffects(parent.frame())
  dots <- list(...)
  predict <- (dots$type %||% predict %||% "expectation")[1L]
  kinds <- c("expectation", "expected", "response", "link", "prediction", "predicted")
  if (!is.null(iterations) || !predict %in% kinds) {
    method <- utils::getS3method("get_predicted", "lmerMod", envir = asNamespace("insight"))
    return(method(x,
      data = data, predict = predict, ci = ci, ci_method = ci_method,
      include_random = include_random, iterations = iterations, verbose = verbose, ...
    ))
  }
  data <- data %||% dots$newdata
  # rows that were left out have no data to go with
  x$na.action <- NULL
  allow_new <- isTRUE(dots$allow.new.levels)
  predictions <- predictions_of_part(x, data, include_random, allow_new, verbose)
  ci_data <- insight::get_predicted_ci(x, predictions,
    data = data, ci = ci, ci_method = ci_method, vcov = dots$vcov,
    ci_type = if (predict %in% c("prediction", "predicted")) "prediction" else "confidence"
  )
  structure(predictions,
    ci_data = ci_data, data = data %||% insight::get_data(x, verbose = FALSE), ci = ci,
    predict = predict, class = c("get_predicted", class(predictions))
  )
}

# Predictions with the random effects if the data tell all of them, as insight has it: what it means
# by `include_random`.
predictions_of_part <- function(fit, data, include_random, allow_new, verbose) {
  predict_part <- function(re.form) {
    predict.henderson_lmm(fit,
      newdata = data, re.form = re.form, allow.new.levels = allow_new,
      random.only = !is.null(data) && all(names(data) %in% grouping_variables(fit))
    )
  }
  if (inherits(include_random, "formula")) return(predict_part(include_random))
  if (isFALSE(include_random) || isTRUE(is.na(include_random))) return(predict_part(NA))
  if (is.null(data)) return(predict_part(NULL))
  groups <- grouping_variables(fit)
  groups <- setdiff(groups, known_outside(fit, groups))
  lacking <- !all(groups %in% names(data)) || anyNA(data[groups])
  whole <- if (!lacking) {
    tryCatch(predict_part(NULL), henderson_error = function(condition) NULL)
  }
  if (!is.null(whole)) return(whole)
  part <- predict_part(NA)
  if (isTRUE(verbose) && !identical(include_random, "default")) {
    warn(c(
      "The predictions leave out the random effects: {.arg data} do not tell all of them.",
      "i" = "Give known levels of {.var {groups}}, or {.code allow.new.levels = TRUE}."
    ), kind = "approximation", variable = groups)
  }
  part
}

# The variables in the grouping factors.
grouping_variables <- function(fit) {
  bars <- written_bars(fit$parsed$formula[[3L]])
  unique(unlist(lapply(bars, function(bar) all.vars(bar[[3L]]))))
}

#' @rdname insight_support
#' @exportS3Method insight::get_predicted_ci
get_predicted_ci.henderson_lmm <- function(x, predictions = NULL, data = NULL, ci = 0.95,
                                           ci_type = "confidence", ci_method = NULL, vcov = NULL,
                                           ...) {
  if (is.null(ci)) return(NULL)
  # draws of a bootstrap
  if ("iterations" %in% names(attributes(predictions))) return(NextMethod())
  ci_method <- if (is.null(ci_method)) "wald" else tolower(check_string(ci_method))
  check_choice(ci_method, c("wald", "residual", "normal"))
  if (!is.null(vcov)) {
    no_method("insight::get_predicted(vcov = )", "{.code predict(fit, se.fit = TRUE)} has ours.")
  }
  x$na.action <- NULL
  errors <- predict.henderson_lmm(x, newdata = data, re.form = NA, se.fit = TRUE)$se.fit
  if (ci_type == "prediction") errors <- sqrt(errors^2 + x$sigma^2)
  if (is.null(predictions)) return(data.frame(SE = unname(errors)))
  df <- if (ci_method == "normal") Inf else df.residual.henderson_fit(x)
  limits <- lapply(ci, function(level) {
    width <- unname(errors) * stats::qt((1 + level) / 2, df)
    limit <- data.frame(CI_low = predictions - width, CI_high = predictions + width)
    if (length(ci) > 1L) names(limit) <- paste0(names(limit), "_", level)
    limit
  })
  do.call(cbind, c(list(data.frame(SE = unname(errors))), limits))
}

# insight looks the data up by their name, which may stand for other values by now, and knows
# nothing of a response that refit_response() replaced.

#' @rdname insight_support
#' @exportS3Method insight::get_data
get_data.henderson_lmm <- function(x, effects = "all", source = "environment", verbose = TRUE,
                                   ...) {
  effects <- check_choice(effects, c("all", "fixed", "random"))
  caller <- parent.frame()
  names <- switch(effects,
    random = grouping_variables(x), fixed = all.vars(x$parsed$fixed),
    all = c(all.vars(x$parsed$frame_formula), all.vars(x$call$weights), all.vars(x$call$offset))
  )
  names <- setdiff(unique(names), c(".", known_outside(x, names), parameter_names(x)))
  if (is.null(x$frame)) return(fit_variables(x, names, caller))
  data <- own_variables(x)
  data[["(weights)"]] <- x$frame[["(weights)"]]
  if (is.symbol(x$call$weights)) data[[column_name(x$call$weights)]] <- x$frame[["(weights)"]]
  lacking <- setdiff(names, names(data))
  if (length(lacking) > 0L) {
    found <- tryCatch(fit_variables(x, lacking, caller),
      henderson_error = function(error) response_from_frame(x, lacking, error)
    )
    data[names(found)] <- unclass(found)
  }
  data[intersect(names, names(data))]
}

# The response, where the data have others or are gone, from the transformed one; columns of
# predictors that only the data have are left out.
response_from_frame <- function(fit, lacking, error) {
  response <- fit$parsed$formula[[2L]]
  if (!any(all.vars(response) %in% lacking)) return(list())
  inverse <- list(
    log = exp, log2 = function(y) 2^y, log10 = function(y) 10^y, log1p = expm1, exp = log,
    sqrt = function(y) y^2
  )[[call_name(response)]]
  if (is.null(inverse) || length(response) != 2L || !is.symbol(response[[2L]])) {
    rlang::cnd_signal(error)
  }
  stats::setNames(list(inverse(as.vector(fit$frame[[1L]]))), column_name(response[[2L]]))
}
