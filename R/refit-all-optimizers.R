# One model by every optimizer: a second opinion on an optimum.

#' Fit a model again by every optimizer
#'
#' The Newton method of the package, and two methods of [stats::optim()]: quasi-Newton
#' with the exact gradient (`"bfgs"`, L-BFGS-B) and Nelder-Mead, which uses no derivatives. If they
#' agree on the criterion, the optimum does not depend on how it was looked for.
#'
#' @param fit A fit by [lmm()] that kept its model frame.
#' @param optimizers Character vector of optimizers as in [lmm_control()], except `"none"`.
#' @param start `NULL`: every optimizer has its default start; or `theta` as in [lmm()].
#' @param ... Nothing; an argument that is not known is an error.
#' @return A data frame with a row for each optimizer: `optimizer`, `criterion` (REML criterion or
#'   deviance), `above_best` (its distance from the smallest one), `evaluations` of the criterion,
#'   `converged`, `seconds` (elapsed); attribute `"theta"`: matrix of the estimates, a row for each.
#' @section Errors: `henderson_error_argument` for another object or an unknown optimizer;
#'   `henderson_error_data` if the model frame was not kept.
#' @examples
#' all_optimizers(lmm(Reaction ~ Days + (Days | Subject), sleepstudy))
#' @export
all_optimizers <- function(fit, optimizers = c("newton", "bfgs", "nelder_mead"), start = NULL,
                           ...) {
  check_no_dots(...)
  check_fit(fit)
  require_unconstrained(fit, "A comparison of optimizers")
  require_plain_residuals(fit, "A comparison of optimizers")
  known <- c("newton", "bfgs", "nelder_mead")
  check_choice(optimizers, known, several = TRUE)
  if (length(optimizers) == 0L || anyDuplicated(optimizers)) {
    abort_argument(
      optimizers, "optimizers", "one or more different optimizers", "argument", entry_frame()
    )
  }
  frame <- model_frame_of(fit)
  design <- fit_design_again(fit)
  prepared <- prepare_design(design, frame, unchecked(fit$control))
  on.exit(release_cpp(prepared$pointer))
  one <- function(optimizer) {
    control <- unchecked(fit$control)
    control$optimizer <- optimizer
    seconds <- system.time(
      other <- suppressWarnings(
        fit_from_design(fit$parsed, frame, design, fit$REML, control, start, fit$call, prepared),
        classes = "henderson_warning_convergence"
      )
    )[["elapsed"]]
    list(other = other, seconds = seconds)
  }
  fits <- lapply_with_progress(optimizers, one, "Optimizers")
  criterion <- vapply(fits, function(x) x$other$criterion, 1)
  structure(
    data.frame(
      optimizer = optimizers, criterion = criterion, above_best = criterion - min(criterion),
      evaluations = vapply(fits, function(x) x$other$optimization$evaluations, 1L),
      converged = vapply(fits, function(x) x$other$optimization$converged, TRUE),
      seconds = vapply(fits, `[[`, 1, "seconds")
    ),
    theta = do.call(rbind, stats::setNames(lapply(fits, function(x) x$other$theta), optimizers))
  )
}
