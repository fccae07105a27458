# Methods on the generics of lme4, registered when lme4 is loaded, and the import of lme4's fits.
# isSingular() and devfun are no generics in lme4 1.1-31: is_singular() and deviance_function()
# stand for them.

#' lme4's generics on fits of this package
#'
#' When lme4 is loaded, its functions `getME`, `isREML`, `ngrps`, `refit` and `refitML` work on
#' fits by [lmm()]. They do what [component()], [is_reml()], [n_groups()], [refit_response()] and
#' [refit_ml()] do.
#'
#' @param object,x A fit by [lmm()].
#' @param name As for [component()].
#' @param newresp As for [refit_response()]; when missing, the fit's own response.
#' @param ... Nothing; an argument that is not known is an error.
#' @return As the functions named above.
#' @section Errors: as the functions named above.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' if (requireNamespace("lme4", quietly = TRUE)) lme4::getME(fit, "theta")
#' @name lme4_generics
NULL

#' @rdname lme4_generics
#' @exportS3Method lme4::getME
getME.henderson_lmm <- function(object, name, ...) {
  check_no_dots(...)
  component(object, name)
}

#' @rdname lme4_generics
#' @exportS3Method lme4::isREML
isREML.henderson_lmm <- function(x, ...) {
  check_no_dots(...)
  is_reml(x)
}

#' @rdname lme4_generics
#' @exportS3Method lme4::ngrps
ngrps.henderson_lmm <- function(object, ...) {
  check_no_dots(...)
  n_groups(object)
}

#' @rdname lme4_generics
#' @exportS3Method lme4::refit
refit.henderson_lmm <- function(object, newresp, ...) {
  check_no_dots(...)
  refit_response(object, if (missing(newresp)) model_response(object) else newresp)
}

#' @rdname lme4_generics
#' @exportS3Method lme4::refitML
refitML.henderson_lmm <- function(x, ...) {
  check_no_dots(...)
  refit_ml(x)
}

#' A fit by lme4 as a fit of this package
#'
#' Takes the formula, model frame (with weights and offset), contrasts, criterion and covariance
#' parameters of a fit by `lme4::lmer()` and evaluates or fits the same model here.
#'
#' @param m A fit by `lme4::lmer()` or `lmerTest::lmer()`.
#' @param optimizer One string: `"none"` evaluates the model at lme4's parameters, so that
#'   estimates agree to rounding; any other as in [lmm_control()] starts there and optimizes.
#' @param ... Nothing; an argument that is not known is an error.
#' @return A fit by [lmm()]. Whatever is fitted from it later on, by [refit_ml()] for example, is
#'   optimized.
#' @section Errors: `henderson_error_argument` for any other object; those of [lmm()].
#' @section Diagonal terms: `(x || g)` in lme4 is a term for every column, and is imported as lme4
#'   has it.
#' @examples
#' if (requireNamespace("lme4", quietly = TRUE)) {
#'   m <- lme4::lmer(Reaction ~ Days + (Days | Subject), sleepstudy)
#'   as_lmm(m)
#' }
#' @export
as_lmm <- function(m, optimizer = "none", ...) {
  check_no_dots(...)
  check_supplied(m)
  if (!inherits(m, "lmerMod")) {
    given <- describe_value(m)
    abort("{.arg m} must be a fit by {.fn lme4::lmer}, not {given}.",
      kind = "argument", variable = "m", observed = class(m)
    )
  }
  optimizer <- check_choice(optimizer, optimizers)
  control <- lmm_control(optimizer = optimizer)
  parsed <- parse_formula(stats::formula(m))
  frame <- lme4_frame(m, parsed)
  contrasts <- attr(lme4::getME(m, "X"), "contrasts")
  start <- lme4_theta(m, model_design(parsed, frame, contrasts, unchecked(control))$random)
  call <- m@call
  call[[1L]] <- quote(lmm)
  call[setdiff(names(call), c("", names(formals(lmm))))] <- NULL
  call[c("control", "start")] <- NULL
  fit <- fit_from_frame(parsed, frame, lme4::isREML(m), contrasts, control, start, call)
  # what is fitted from this fit later on is optimized
  fit$control <- lmm_control()
  fit
}

# lme4's model frame, with what `model_frame()` would have added.
lme4_frame <- function(m, parsed) {
  frame <- stats::model.frame(m)
  attr(frame, "terms") <- lme4_terms_object(frame, parsed)
  attr(frame, "fixed_terms") <- fixed_terms(parsed, frame, frame)
  frame
}

# The frame's terms with the `predvars` lme4 stored, variables matched by name.
lme4_terms_object <- function(frame, parsed) {
  old <- attr(frame, "terms")
  terms <- stats::terms.formula(parsed$frame_formula)
  names <- variable_names(terms)
  position <- match(names, variable_names(old))
  attr(terms, "predvars") <- attr(old, "predvars")[c(1L, position + 1L)]
  attr(terms, "dataClasses") <- attr(old, "dataClasses")[names]
  terms
}

# lme4's theta in the order of `random`: terms are matched by group and columns.
lme4_theta <- function(m, random) {
  theta <- unname(lme4::getME(m, "theta"))
  columns <- lme4::getME(m, "cnms")
  sizes <- lengths(columns)
  last <- cumsum(sizes * (sizes + 1L) / 2L)
  result <- numeric(length(theta))
  for (term in random) {
    t <- which(names(columns) == term$group & vapply(columns, identical, TRUE, term$columns))[1L]
    size <- length(term$theta_index)
    result[term$theta_index] <- theta[last[t] - size + seq_len(size)]
  }
  result
}
