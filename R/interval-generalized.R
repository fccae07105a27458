# Confidence intervals of fits by glmm().

#' Confidence intervals of a generalized model
#'
#' @param object A fit by [glmm()].
#' @param parm `NULL`: all fixed effects. Or names or positions of them.
#' @param level One number between 0 and 1.
#' @param method "Wald": estimate and standard error with the normal distribution. Profiles and
#'   bootstrap are not available yet.
#' @param ... Nothing; an argument that is not known is an error.
#' @return A matrix with a row for each fixed effect and the lower and upper limits, on the scale of
#'   the link.
#' @section Errors: `henderson_error_argument`, also for names that are no fixed effects.
#' @examples
#' counts <- data.frame(herd = rep(1:15, each = 4), cases = rep(c(0, 1, 4, 2, 7, 3), 10))
#' confint(glmm(cases ~ 1 + (1 | herd), counts, family = poisson))
#' @importFrom stats confint
#' @export
confint.henderson_glmm <- function(object, parm = NULL, level = 0.95, method = "Wald", ...) {
  check_no_dots(...)
  check_level(level)
  if (!identical(method, "Wald")) {
    given <- describe_value(method)
    abort(c(
      "Of a fit by {.fn glmm} there are Wald limits only; {.arg method} is {given}.",
      "i" = "Use {.code method = \"Wald\"}, the default."
    ), kind = "argument", variable = "method", observed = given)
  }
  names <- names(object$beta)
  chosen <- if (is.null(parm)) seq_along(names) else chosen_fixed(parm, names)
  error <- sqrt(diag(object$vcov))[chosen]
  probabilities <- c((1 - level) / 2, (1 + level) / 2)
  limits <- object$beta[chosen] + outer(error, stats::qnorm(probabilities))
  dimnames(limits) <- list(
    names[chosen], paste(format(100 * probabilities, trim = TRUE, digits = 3L), "%")
  )
  limits
}

chosen_fixed <- function(parm, names) {
  positions <- if (is.character(parm)) match(parm, names) else match(parm, seq_along(names))
  if (anyNA(positions)) {
    unknown <- parm[is.na(positions)]
    abort(c(
      "{.arg parm} must be names or positions of fixed effects; {.val {unknown}} is none.",
      "i" = "They are {.val {names}}."
    ), kind = "argument", variable = "parm", observed = unknown)
  }
  positions
}
