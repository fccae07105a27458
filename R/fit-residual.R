# What a fit with a residual structure knows of it: `fit$residual`.

# Restrictions that are told before any work.
check_residual_allowed <- function(data, control, start) {
  if (inherits(data, c("henderson_chunks", "tbl_lazy"))) {
    abort("{.arg residual} and {.arg variance} are not available yet for data in pieces.",
      kind = "unsupported", variable = "residual"
    )
  }
  if (has_constraints(control)) {
    abort("{.arg residual} and {.arg variance} are not available yet with constraints or priors
           on variance parameters.",
      kind = "unsupported", variable = "residual"
    )
  }
  if (control$optimizer != "newton") {
    abort("{.arg residual} and {.arg variance} are available with
           {.code optimizer = \"newton\"} only, not {.val {control$optimizer}}.",
      kind = "unsupported", variable = "optimizer", observed = control$optimizer
    )
  }
  if (is.null(start)) return(invisible(NULL))
  abort("{.arg start} cannot be given with {.arg residual} or {.arg variance}: the search has
         starts of its own.",
    kind = "unsupported", variable = "start"
  )
}

#' The residual structure of a fit
#'
#' @param design list from `residual_design()`, or NULL; `point` from the core.
#' @return NULL, or list(`phi` (the core's parameters), `sum_log_w` (sum of log weights less
#'   log|R|), `structure` (what of `design$core` does not depend on rows), `parameters`, `visits`,
#'   `arms`, `unit`, `strata`, `first` (as in the design)).
#' @noRd
new_residual <- function(design, point) {
  if (is.null(design)) return(NULL)
  c(
    list(
      phi = point$phi, sum_log_w = point$moments$sum_log_w,
      structure = design$core[c("name", "visits", "arms", "log_deviations")]
    ),
    design[c("parameters", "visits", "arms", "unit", "strata", "first")]
  )
}

# Does a fit have residuals that are not independent of one variance (but for weights)?
has_residual <- function(fit) !is.null(fit$residual)

#' For what knows independent residuals only
#'
#' @param what words that begin a sentence.
#' @param instead a template of a hint, or NULL.
#' @noRd
require_plain_residuals <- function(fit, what, instead = NULL) {
  residual <- fit$parsed$residual
  if (!has_residual(fit) && is.null(residual)) return(invisible(NULL))
  text <- residual_text(residual)
  abort(c(
    "{what} cannot be had yet for a model with a residual structure, {.code {text}}.",
    "i" = instead
  ), kind = "unsupported", variable = "residual", observed = text)
}
