# Changed calls of fits by glmm().

#' Update and refit a generalized model
#'
#' @param object A fit by [glmm()].
#' @param formula. A formula in which `.` stands for what the fit has.
#' @param ... Arguments of [glmm()] to change; `NULL` removes one.
#' @param evaluate `TRUE`, or `FALSE` for the call.
#' @return The new fit, or the call. Variables are found where the call is evaluated, as by
#'   [stats::update()].
#' @section Errors: those of [glmm()].
#' @examples
#' counts <- data.frame(
#'   herd = rep(1:15, each = 4), cases = rep(c(0, 1, 4, 2, 7, 3), 10), period = factor(1:4)
#' )
#' fit <- glmm(cases ~ period + (1 | herd), counts, family = poisson)
#' update(fit, . ~ . - period)
#' update(fit, family = nbinom2)
#' @importFrom stats update
#' @export
update.henderson_glmm <- function(object, formula., ..., evaluate = TRUE) {
  check_flag(evaluate)
  call <- object$call
  formula <- object$parsed$formula
  changes <- as.list(match.call(expand.dots = FALSE))$...
  if (!missing(formula.)) {
    change <- stats::as.formula(formula.)
    formula <- stats::update.formula(formula, change)
    call$start <- NULL
  }
  call$formula <- formula
  for (name in names(changes)) call[[name]] <- changes[[name]]
  if (evaluate) eval(call, parent.frame()) else call
}
