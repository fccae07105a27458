# What package MuMIn asks of a model beside logLik(), nobs() and formula(): coefficients, terms and
# the formula of a submodel. Its defaults take coef(), which is by group, for the coefficients, and
# leave the random part out of submodels.

#' What MuMIn does with a fit
#'
#' With these methods `MuMIn::dredge()`, `model.sel()`, `model.avg()`, `AICc()` and
#' `r.squaredGLMM()` give for fits by [lmm()] what they give for fits by lme4.
#'
#' @details Submodels of `dredge()` keep the random part. Fits by REML are refused where fixed
#'   parts differ, in `dredge()` and `model.sel()`: their likelihoods are those of different
#'   contrasts of the response, and MuMIn warns of that for classes of its list only. Fit by maximum
#'   likelihood, `update(fit, REML = FALSE)`, or rank by `REML = FALSE` (`rank.args = list(REML =
#'   FALSE)` in `model.sel()`), which is the likelihood at the estimates of REML.
#'
#'   Tables of coefficients have standard errors of the summary and degrees of freedom n - p, which
#'   `model.avg()` takes for its adjusted standard errors, as for fits by lme4.
#'   [r_squared()] says what `r.squaredGLMM()` is; with precision weights its residual variance is
#'   the mean over the rows. `r.squaredLR()` and `extra = "R^2"` say that they know no null model.
#' @param model,x,object A fit by [lmm()].
#' @param intercept,offset,... As in `MuMIn::getAllTerms()`.
#' @param null Not used: the variances are those of the fit.
#' @return `coeffs`: the fixed effects. `coefTable`: matrix of class `coefTable`. `getAllTerms`:
#'   labels of the fixed terms with attributes for the random part. `r.squaredGLMM`: 1 x 2 matrix
#'   with columns `R2m` (marginal) and `R2c` (conditional).
#' @section Errors: `henderson_error_unsupported` for fits by REML whose fixed parts differ.
#' @source Nakagawa and Schielzeth (2013), *Methods in Ecology and Evolution* 4, 133-142. MuMIn is
#'   by K. Barton; version 1.48 needs R 4.4.
#' @seealso [interoperability] for other packages.
#' @name mumin_support
NULL

#' @rdname mumin_support
#' @exportS3Method MuMIn::coeffs
coeffs.henderson_lmm <- function(model) fixef.henderson_fit(model)

#' @rdname mumin_support
#' @exportS3Method MuMIn::coefTable
coefTable.henderson_lmm <- function(model, ...) {
  structure(
    cbind(
      Estimate = fixef.henderson_fit(model),
      `Std. Error` = sqrt(diag(vcov.henderson_fit(model))), df = df.residual.henderson_fit(model)
    ),
    class = c("coefTable", "matrix")
  )
}

#' @rdname mumin_support
#' @exportS3Method MuMIn::getAllTerms
getAllTerms.henderson_lmm <- function(x, intercept = FALSE, offset = TRUE, ...) {
  refuse_ranking_by_reml()
  # a bar or a structure that MuMIn does not know would count as a fixed effect
  found <- getExportedValue("MuMIn", "getAllTerms")(
    stats::terms(parse_formula(explicit_formula(x))$fixed),
    intercept = intercept, offset = offset
  )
  random <- random_formula(x)[[2L]]
  attr(found, "random.terms") <- expression_text(random)
  attr(found, "random") <- stats::as.formula(call("~", quote(.), call("+", quote(.), random)),
    env = environment(x$parsed$formula)
  )
  found
}

# Of an internal generic: the arguments of the call for a submodel, by default without the random
# part.
makeArgs.henderson_lmm <- function(obj, termNames, opt, ...) {
  arguments <- NextMethod()
  arguments$formula[[3L]] <- call("+", arguments$formula[[3L]], random_formula(obj)[[2L]])
  arguments
}

#' @rdname mumin_support
#' @exportS3Method MuMIn::r.squaredGLMM
r.squaredGLMM.henderson_lmm <- function(object, null, ...) {
  shares <- r_squared(object)
  matrix(shares[c("marginal", "conditional")], 1L, dimnames = list(NULL, c("R2m", "R2c")))
}

# MuMIn asks for the terms of each model before it ranks them, and not whether REML was used; the
# models are found in the function of MuMIn that asks.
refuse_ranking_by_reml <- function() {
  for (frame in rev(sys.frames())) {
    if (!identical(topenv(frame), asNamespace("MuMIn"))) next
    if (exists("rankArgs", frame, inherits = FALSE)) { # dredge()
      check_ranking(list(frame$global.model), differ = TRUE, frame$rankArgs)
    } else if (is.list(frame$models)) {
      check_ranking(frame$models, differ = NULL, frame$rank.args)
    } else {
      next
    }
    return(invisible(NULL))
  }
}

# `differ`: do fixed parts differ? NULL: as in `models`.
check_ranking <- function(models, differ, rank_arguments) {
  labels <- lapply(models, function(model) sort(attr(stats::terms(model), "term.labels")))
  differ <- differ %||% (length(unique(labels)) > 1L)
  is_reml <- vapply(models, function(model) inherits(model, "henderson_lmm") && model$REML, NA)
  if (!differ || !any(is_reml) || isFALSE(rank_arguments$REML)) return(invisible(NULL))
  abort(c(
    "MuMIn cannot rank fits by REML with different fixed parts: likelihoods are not comparable.",
    "i" = "Fit by maximum likelihood: {.code update(fit, REML = FALSE)}."
  ), kind = "unsupported", variable = "REML")
}
