# Functions of other packages that would misread a fit: methods that give the right value, or say
# what to use instead. Registered when the package in question is loaded. The methods for insight
# and performance are in files of their own.

#' Functions of other packages on fits
#'
#' `car::vif()` gives (generalized) variance inflation factors of the fixed effects,
#' `car::Confint()` their estimates and normal limits, as for fits by lme4 ([contrast_test()] has
#' those with degrees of freedom). The other functions listed here are not supported yet and say
#' what to use instead. dplyr's `n_groups()` does what [n_groups()] does, or, in dplyr 1.1 and
#' later, says where that is. For insight and performance see [insight_support] and
#' [performance_support].
#'
#' @param mod,model,x,object,.data A fit by [lmm()].
#' @param parm,level For `Confint`, the coefficients, and the coverage of the limits; otherwise
#'   unused.
#' @param vcov.,df,coef.,focal.predictors,... Unused.
#' @return `vif`: a numeric vector with one value for each term, or, if a term has several columns,
#'   a matrix with columns `GVIF`, `Df` and `GVIF^(1/(2*Df))`. `Confint`: a matrix of estimates
#'   and limits. The others: an error of class `henderson_error_unsupported`.
#' @section Errors: `henderson_error_argument` for `vif` of fewer than two terms;
#'   `henderson_error_unsupported` where there is no method yet.
#' @source Fox and Monette (1992), *Journal of the American Statistical Association* 87, 178-183.
#' @examples
#' fit <- lmm(yield ~ gen + fung + (1 | block), durban.splitplot)
#' if (requireNamespace("car", quietly = TRUE)) car::vif(fit)
#' @name other_packages
NULL

#' @rdname other_packages
#' @exportS3Method car::vif
vif.henderson_lmm <- function(mod, ...) {
  check_no_dots(...)
  # 0 is the intercept
  slopes <- mod$assign > 0L
  assign <- mod$assign[slopes]
  terms <- labels.henderson_fit(mod)
  used <- sort(unique(assign))
  if (length(used) < 2L) {
    abort("Variance inflation needs two terms of fixed effects; the fit has {length(used)}.",
      kind = "argument", variable = "mod", observed = terms[used]
    )
  }
  correlation <- covariance_to_correlation(known_covariance(mod)[slopes, slopes, drop = FALSE])
  log_det <- function(columns) {
    as.numeric(determinant(correlation[columns, columns, drop = FALSE])$modulus)
  }
  gvif <- vapply(used, function(term) {
    exp(log_det(assign == term) + log_det(assign != term) - log_det(TRUE))
  }, 0)
  sizes <- as.vector(table(assign))
  names(gvif) <- terms[used]
  if (all(sizes == 1L)) return(gvif)
  cbind(GVIF = gvif, Df = sizes, `GVIF^(1/(2*Df))` = gvif^(1 / (2 * sizes)))
}

#' @rdname other_packages
#' @exportS3Method car::Confint
Confint.henderson_lmm <- function(object, parm = names(fixef(object)), level = 0.95, ...) {
  check_no_dots(...)
  check_level(level)
  estimates <- object$beta
  errors <- sqrt(diag(known_covariance(object)))
  tails <- c((1 - level) / 2, (1 + level) / 2)
  limits <- cbind(estimates, estimates + errors %o% stats::qnorm(tails))
  dimnames(limits) <- list(names(estimates), c("Estimate", paste(100 * tails, "%")))
  limits[parm, , drop = FALSE]
}

# --- not supported yet ---

no_method <- function(what, instead) {
  abort(c("{.fn {what}} does not support fits by {.fn lmm} yet.", "i" = instead),
    kind = "unsupported", variable = what
  )
}

# n_groups() of dplyr is a generic before 1.1 and counts the rows of group_data() since.

#' @rdname other_packages
#' @exportS3Method dplyr::n_groups
n_groups.henderson_fit <- function(x) n_groups(x)

#' @rdname other_packages
#' @exportS3Method dplyr::group_data
group_data.henderson_lmm <- function(.data) {
  no_method("dplyr::n_groups", "{.code henderson::n_groups(fit)} counts the levels of each factor.")
}

#' @rdname other_packages
#' @exportS3Method car::Anova
Anova.henderson_lmm <- function(mod, ...) {
  no_method("car::Anova", "Use {.code anova(fit, type = \"II\")}.")
}

#' @rdname other_packages
#' @exportS3Method car::linearHypothesis
linearHypothesis.henderson_lmm <- function(model, ...) {
  no_method("car::linearHypothesis", "Use {.code contrast_test(fit, L)}.")
}

#' @rdname other_packages
#' @exportS3Method car::deltaMethod
deltaMethod.henderson_lmm <- function(object, ...) {
  no_method("car::deltaMethod", "Give it {.code fixef(fit)} and {.code vcov. = vcov(fit)}.")
}

#' @rdname other_packages
#' @exportS3Method lmtest::coeftest
coeftest.henderson_lmm <- function(x, vcov. = NULL, df = NULL, ...) {
  no_method("lmtest::coeftest", "{.code coef(summary(fit))} has the tests.")
}

#' @rdname other_packages
#' @exportS3Method lmtest::coefci
coefci.henderson_lmm <- function(x, parm = NULL, level = 0.95, vcov. = NULL, df = NULL, ...) {
  no_method("lmtest::coefci", "{.code contrast_test(fit)} has confidence limits.")
}

#' @rdname other_packages
#' @exportS3Method lmtest::waldtest
waldtest.henderson_lmm <- function(object, ...) {
  no_method("lmtest::waldtest", "Use {.code anova(fit)} or {.code contrast_test(fit, L)}.")
}

#' @rdname other_packages
#' @exportS3Method lmtest::lrtest
lrtest.henderson_lmm <- function(object, ...) {
  no_method("lmtest::lrtest", "{.code anova(fit1, fit2)} compares fits by likelihood ratios.")
}

#' @rdname other_packages
#' @exportS3Method multcomp::modelparm
modelparm.henderson_lmm <- function(model, coef., vcov., df, ...) {
  no_method("multcomp::glht", "Use {.fn emmeans::emmeans} with {.fn emmeans::contrast}.")
}

#' @rdname other_packages
#' @exportS3Method effects::Effect
Effect.henderson_lmm <- function(focal.predictors, mod, ...) {
  no_method("effects::Effect", "Use {.fn emmeans::emmeans}.")
}
