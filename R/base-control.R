# Settings of a fit that are not part of the model.

check_levels <- c("stop", "warning", "message", "ignore")
optimizers <- c("newton", "bfgs", "nelder_mead", "none")

#' Control of the fitting of linear mixed models
#'
#' Collects and checks the settings of [lmm()] that do not belong to the model: the optimizer, the
#' checks of the data and the model, and what the fitted object keeps.
#'
#' @details
#' The checks `check_nobs_vs_nlev`, `check_nobs_vs_nre` and `check_nlev_gtr_1` refuse models whose
#' variance components cannot be told from the residual variance (as many levels, or as many random
#' effects of one term, as observations) or cannot be estimated at all (a single level). For a term
#' with a diagonal covariance, written `(x || g)`, each of its scalar components counts by itself.
#' A check set to `"warning"` or `"message"` reports and goes on; `"ignore"` says nothing.
#'
#' @param optimizer string, the minimiser of the profiled deviance over the covariance parameters
#'   `theta`: `"newton"` (default: Newton's method with exact derivatives), `"bfgs"`
#'   (quasi-Newton with the exact gradient), `"nelder_mead"` (no derivatives), or `"none"`: no
#'   optimization, the model is evaluated at `start`. Whatever the optimizer, a fit has converged if
#'   first and second derivatives show that it is a minimum.
#' @param max_iterations whole number, at least 1: evaluations of the criterion (`"bfgs"`:
#'   iterations) after which the optimizer stops and reports failure.
#' @param tolerance positive number below 1, without unit: the optimizer stops one step after
#'   the predicted decrease of the criterion (a deviance) is below it, at once below a hundredth
#'   of it.
#' @param threads whole number, at least 1. Reserved: this version computes in one thread whatever
#'   is given.
#' @param sparse_x `TRUE`, `FALSE` or `NA`. Reserved: this version treats the fixed-effects matrix
#'   as dense whatever is given.
#' @param keep character vector, what the fitted object keeps of the data: any of `"frame"` (the
#'   model frame) and `"X"` (the fixed-effects matrix). `character(0)` keeps neither; methods that
#'   need them then say so.
#' @param check_nobs_vs_nlev what happens when a grouping factor has at least as many levels as
#'   there are observations: `"stop"`, `"warning"`, `"message"` or `"ignore"`.
#' @param check_nobs_vs_nre the same when a random term has at least as many random effects as there
#'   are observations.
#' @param check_nlev_gtr_1 the same when a grouping factor has a single level.
#' @param check_rank the same when columns of the fixed-effects matrix are linear combinations of
#'   others; unless it is `"stop"` they are dropped from the model.
#' @param check_singular the same when the fit is singular: see [is_singular()].
#' @param fix `NULL`, or a named list or vector of numbers: variance parameters that are held, not
#'   estimated; see [constraints].
#' @param equal `NULL`, a character vector, or a list of them: names of standard deviations that are
#'   equal; see [constraints].
#' @param prior `NULL`, one of [prior_wishart()] and [prior_gamma()] for all random terms, or a list
#'   of them named by grouping factors: the fit is then the posterior mode; see [prior_wishart()].
#' @param trace whole number, at least 0: larger numbers print more of the optimizer's progress.
#' @param ... not used; unknown arguments are errors.
#'
#' @return A list of class `henderson_control` with one element per argument.
#'
#' Errors have class `henderson_error_control` (a wrong value) or `henderson_error_argument`
#' (an unknown argument).
#' @seealso [lmm()]
#' @examples
#' lmm_control(optimizer = "bfgs")$optimizer
#'
#' # a model with as many levels as observations is refused unless asked for
#' lmm_control(check_nobs_vs_nlev = "warning", check_nobs_vs_nre = "warning")
#' @export
lmm_control <- function(optimizer = c("newton", "bfgs", "nelder_mead", "none"),
                        max_iterations = 1000L, tolerance = 1e-12, threads = 1L, sparse_x = NA,
                        keep = c("frame", "X"), check_nobs_vs_nlev = "stop",
                        check_nobs_vs_nre = "stop", check_nlev_gtr_1 = "stop",
                        check_rank = "message", check_singular = "message", trace = 0L, ...,
                        fix = NULL, equal = NULL, prior = NULL) {
  check_no_dots(...)
  tolerance_ok <- is_plain_number(tolerance) && tolerance > 0 && tolerance < 1
  if (!tolerance_ok) {
    abort_argument(tolerance, "tolerance", "a number above 0 and below 1", "control", entry_frame())
  }
  if (!(is.logical(sparse_x) && length(sparse_x) == 1L)) {
    allowed <- "{.code TRUE}, {.code FALSE} or {.code NA}"
    abort_argument(sparse_x, "sparse_x", allowed, "control", entry_frame())
  }
  control <- list(
    optimizer = check_choice(optimizer, optimizers, kind = "control"),
    max_iterations = as.integer(check_count(max_iterations, min = 1, kind = "control")),
    tolerance = as.double(tolerance),
    threads = as.integer(check_count(threads, min = 1, kind = "control")),
    sparse_x = sparse_x,
    keep = check_choice(keep, c("frame", "X"), several = TRUE, kind = "control"),
    check_nobs_vs_nlev = check_choice(check_nobs_vs_nlev, check_levels, kind = "control"),
    check_nobs_vs_nre = check_choice(check_nobs_vs_nre, check_levels, kind = "control"),
    check_nlev_gtr_1 = check_choice(check_nlev_gtr_1, check_levels, kind = "control"),
    check_rank = check_choice(check_rank, check_levels, kind = "control"),
    check_singular = check_choice(check_singular, check_levels, kind = "control"),
    trace = as.integer(check_count(trace, kind = "control")),
    fix = check_fix(fix), equal = check_equal(equal), prior = check_prior(prior)
  )
  if (control$optimizer != "newton" && has_constraints(control)) {
    abort(c(
      "{.arg fix}, {.arg equal} and {.arg prior} need {.code optimizer = \"newton\"}; it is
       {.val {control$optimizer}}."
    ), kind = "control", variable = "optimizer", observed = control$optimizer)
  }
  structure(control, class = "henderson_control")
}

has_constraints <- function(control) {
  !(is.null(control$fix) && is.null(control$equal) && is.null(control$prior))
}

# Priors: NULL, or a list of them, of length one without names if it is for all terms.
check_prior <- function(prior, call = entry_frame()) {
  if (is.null(prior)) return(NULL)
  if (inherits(prior, "henderson_prior")) return(list(prior))
  fine <- is.list(prior) && length(prior) > 0L && !is.null(names(prior)) &&
    all(nzchar(names(prior))) && !anyDuplicated(names(prior)) &&
    all(vapply(prior, inherits, TRUE, "henderson_prior"))
  if (!fine) {
    allowed <- "a prior, or a list of priors named by grouping factors"
    hint <- "For instance {.code prior = list(Subject = prior_wishart())}."
    abort_argument(prior, "prior", allowed, "control", call, hint = hint)
  }
  prior
}

# Held parameters: NULL, or numeric with names.
check_fix <- function(fix, call = entry_frame()) {
  if (length(fix) == 0L && (is.null(fix) || is.list(fix))) return(NULL)
  values <- if (is.list(fix)) fix else as.list(fix)
  numbers <- all(vapply(values, is_plain_number, TRUE))
  if (!numbers || is.null(names(fix)) || !all(nzchar(names(fix))) || anyDuplicated(names(fix))) {
    allowed <- "a list of numbers, each with a name of its own"
    hint <- "For instance {.code fix = list(sigma = 1, \"sd_(Intercept)|Subject\" = 25)}."
    abort_argument(fix, "fix", allowed, "control", call, hint = hint)
  }
  fix <- vapply(values, as.double, 0)
  sigma <- fix[names(fix) == "sigma"]
  if (length(sigma) == 1L && sigma <= 0) {
    abort("The residual standard deviation in {.arg fix} must be positive, not {sigma}.",
      kind = "control", variable = "fix", observed = unname(sigma), call = call
    )
  }
  fix
}

# Groups of equal standard deviations: NULL, or a list of character vectors.
check_equal <- function(equal, call = entry_frame()) {
  if (is.null(equal)) return(NULL)
  groups <- if (is.character(equal)) list(equal) else equal
  fine <- is.list(groups) && length(groups) > 0L && all(vapply(groups, function(own) {
    is.character(own) && length(own) > 1L && !anyNA(own)
  }, TRUE))
  if (!fine || anyDuplicated(unlist(groups))) {
    allowed <- "a list of character vectors, each of two names or more, no name twice"
    hint <- "For instance {.code equal = c(\"sd_(Intercept)|a\", \"sd_(Intercept)|b\")}."
    abort_argument(equal, "equal", allowed, "control", call, hint = hint)
  }
  unname(groups)
}

# What lmm_control() gives without arguments, made once.
default_control <- lmm_control()

#' Check the `control` argument of an entry function
#'
#' @param control what the user gave.
#' @return `control`, a `henderson_control`.
#' @noRd
check_control <- function(control, call = entry_frame()) {
  if (inherits(control, "henderson_control")) return(control)
  if (inherits(control, "merControl")) abort_lme4_control(control, call)
  hint <- "Use {.code control = lmm_control(...)}."
  if (is.list(control) && length(control)) {
    unknown <- setdiff(names(control), c("", names(formals(lmm_control))))
    known <- names(formals(lmm_control))
    if (length(unknown)) hint <- c(hint, suggestion(unknown[1L], known))
  }
  names(hint) <- rep("i", length(hint))
  given <- describe_value(control)
  abort(c("{.arg control} must come from {.fn lmm_control}; it is {given}.", hint),
    kind = "control", variable = "control", observed = given, call = call
  )
}

# lme4's control entries and ours
translated_control <- c(
  optimizer = "optimizer", optCtrl = "max_iterations` and `tolerance",
  check.nobs.vs.nlev = "check_nobs_vs_nlev", check.nobs.vs.nRE = "check_nobs_vs_nre",
  check.nlev.gtr.1 = "check_nlev_gtr_1", check.rankX = "check_rank",
  check.conv.singular = "check_singular"
)

#' @noRd
abort_lme4_control <- function(control, call) {
  function_name <- paste0(class(control)[1L], "()")
  pairs <- paste0("`", names(translated_control), "` is `", translated_control, "`")
  abort(c(
    "{.arg control} comes from lme4's {.code {function_name}}, which {.fn lmm} does not take.",
    "i" = "Use {.code control = lmm_control(...)}: {pairs}.",
    "i" = "Convergence checks need no setting: derivatives are exact."
  ), kind = "control", variable = "control", observed = class(control)[1L], call = call)
}
