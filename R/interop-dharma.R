# What package DHARMa asks of a model by generics of its own. Its defaults are right for the
# observed response, simulate(), refit() and residuals(); for a class that is not in its list they
# take coef(), which is by group, for the fixed effects.

#' What DHARMa does with a fit
#'
#' `DHARMa::simulateResiduals()` and all tests and plots of what it gives work on fits by [lmm()].
#'
#' @details DHARMa warns of each class that is not in its list that it guarantees nothing. The
#'   residuals are those that it gives for the same fit by lme4 and the same `seed`. By default data
#'   are drawn with new random effects; `re.form = NULL` keeps those of the fit. `refit = TRUE`
#'   refits by [refit()][lme4_generics]. With precision weights the simulated variances are
#'   \eqn{\sigma^2 / w}{sigma^2 / w}. Rows that `na.action = na.exclude` left out have no residuals
#'   here.
#' @param object A fit by [lmm()].
#' @param nsim Number of data sets.
#' @param type `"normal"` for a matrix, `"refit"` for a data frame.
#' @param newresp Numeric vector: a response, one number for each row.
#' @param ... Passed on to [simulate()][simulate.henderson_lmm].
#' @return `getFixedEffects`: the fixed effects. `getFitted`, `getResiduals`: numeric vectors, one
#'   number for each row of the fit, of the population, and given the random effects.
#'   `getRefit`: a fit. `getSimulations`: numeric matrix, a column for each data set; for `type =
#'   "refit"` a data frame.
#' @source DHARMa is by F. Hartig. Compared with version 0.4.7.
#' @seealso [interoperability] for other packages; [plot()][plot.henderson_lmm] for plots of
#'   residuals.
#' @name dharma_support
NULL

#' @rdname dharma_support
#' @exportS3Method DHARMa::getFixedEffects
getFixedEffects.henderson_lmm <- function(object, ...) fixef.henderson_fit(object)

#' @rdname dharma_support
#' @exportS3Method DHARMa::getFitted
getFitted.henderson_lmm <- function(object, ...) {
  unname(predict.henderson_lmm(without_padding(object), re.form = NA))
}

#' @rdname dharma_support
#' @exportS3Method DHARMa::getResiduals
getResiduals.henderson_lmm <- function(object, ...) {
  unname(stats::residuals(without_padding(object), type = "response"))
}

#' @rdname dharma_support
#' @exportS3Method DHARMa::getSimulations
getSimulations.henderson_lmm <- function(object, nsim = 1, type = c("normal", "refit"), ...) {
  type <- match.arg(type)
  drawn <- simulate.henderson_lmm(without_padding(object), nsim = nsim, ...)
  if (type == "normal") data.matrix(drawn) else drawn
}

#' @rdname dharma_support
#' @exportS3Method DHARMa::getRefit
getRefit.henderson_lmm <- function(object, newresp, ...) {
  without_padding(refit.henderson_lmm(object, newresp))
}

# The fit with results for its rows only, which DHARMa lays beside the response in the model frame.
without_padding <- function(fit) {
  if (!is.null(fit$na.action)) class(fit$na.action) <- "omit"
  fit
}
