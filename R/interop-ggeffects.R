# What package ggeffects asks of a model from version 2 on: predictions over its grid. Before, it
# knew models by a list of classes, and had no such generic.
#
# Limits are those of predict(), with Satterthwaite's degrees of freedom of each prediction.

#' @param data_grid data frame: the rows to predict.
#' @param ci_level confidence level; NULL or NA for no limits.
#' @param type "fixed" for the population, "random" for the groups that the grid names.
#' @param interval "confidence" or "prediction".
#' @return `data_grid` with columns `predicted`, `conf.low`, `conf.high`; attribute `std.error`.
#' @noRd
get_predictions.henderson_lmm <- function(model, data_grid = NULL, ci_level = 0.95, type = "fixed",
                                          interval = "confidence", vcov = NULL, ...) {
  type <- type %||% "fixed"
  if (!type %in% c("fixed", "random")) {
    no_method("ggeffects::ggpredict(type = )", paste(
      "{.arg type} is {.val fixed} or {.val random}; {.fn simulate} draws responses,",
      "{.fn bootstrap} parameters."
    ))
  }
  if (!is.null(vcov)) {
    no_method("ggeffects::ggpredict(vcov = )", paste(
      "Give the covariance matrix to {.fn emmeans::emmeans} as {.arg vcov.}."
    ))
  }
  limits <- !is.null(ci_level) && !is.na(ci_level)
  predicted <- predict.henderson_lmm(model, data_grid,
    re.form = if (type == "fixed") NA, allow.new.levels = TRUE, se.fit = TRUE,
    interval = if (identical(interval, "prediction")) "prediction" else "confidence",
    level = if (limits) ci_level else 0.95
  )
  data_grid$predicted <- unname(predicted$fit[, "fit"])
  data_grid$conf.low <- if (limits) unname(predicted$fit[, "lwr"]) else NA_real_
  data_grid$conf.high <- if (limits) unname(predicted$fit[, "upr"]) else NA_real_
  if (limits) attr(data_grid, "std.error") <- unname(predicted$se.fit)
  data_grid
}

# ggeffects 1 asks insight for predictions at a grid that names one level of every grouping factor,
# the first, and calls them those of the population.
refuse_old_ggeffects <- function(caller) {
  if (!isNamespaceLoaded("ggeffects")) return(invisible(NULL))
  if (!identical(topenv(caller), asNamespace("ggeffects"))) return(invisible(NULL))
  no_method("ggeffects::ggpredict", c(
    "Versions before 2 would predict for one group.",
    "Use {.fn ggeffects::ggemmeans}, or {.code predict(fit, newdata, re.form = NA)}."
  ))
}
