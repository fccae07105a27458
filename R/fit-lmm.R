# Entry point. It only orchestrates: formula, frame, design, core, fit object.

#' Fit a linear mixed model
#'
#' Fits \eqn{y = X\beta + Zb + \varepsilon}{y = X beta + Zb + e} with \eqn{b \sim N(0,
#' \sigma^2\Lambda_\theta\Lambda_\theta')}{b ~ N(0, sigma^2 Lambda_theta Lambda_theta')} and
#' \eqn{\varepsilon \sim N(0, \sigma^2W^{-1})}{e ~ N(0, sigma^2W^-1)} by restricted maximum
#' likelihood (REML) or maximum likelihood (ML).
#'
#' @details
#' The criterion is profiled to a function of \eqn{\theta}{theta} alone (Bates et al. 2015,
#' equations 34 and 41) and minimised by Newton's method with exact gradients. The optimizer sees
#' only the cross-products of Z, X and y: its time does not depend on the number of rows.
#'
#' Random-effects terms stand in parentheses in the formula, `(expression | group)`:
#'
#' \describe{
#'   \item{\code{(1 | g)}}{an intercept for every level of `g`}
#'   \item{\code{(x | g)}}{intercept and slope, correlated}
#'   \item{\code{(x || g)} or \code{diag(x | g)}}{intercept and slope, independent: also where `x`
#'   is a factor}
#'   \item{\code{cs(0 + f | g)}}{an effect of each level of `f`, any two equally correlated;
#'     with \code{cs(0 + f | g, hom = TRUE)} of one variance}
#'   \item{\code{ar1(0 + f | g)}}{an effect of each level of `f`, of one variance, correlations
#'     that fall as a power of the distance in the order of the levels; with
#'     \code{ar1(0 + f | g, hom = FALSE)} of a variance each}
#'   \item{\code{toep()}, \code{ad()}, \code{ou()}, \code{exp()}, \code{gau()}, \code{mat()},
#'     \code{rr(0 + f | g)}}{other structures, see [structures]}
#'   \item{\code{(0 + x | g)}}{slope alone}
#'   \item{\code{(1 | a/b)}}{`b` nested in `a`}
#'   \item{\code{(1 | a) + (1 | b)}}{crossed factors}
#' }
#'
#' Weights are precision weights: the residual variance of row i is \eqn{\sigma^2 / w_i}{sigma^2 /
#' w_i}. They are not normalised, and rows of weight zero do not count as observations.
#'
#' Columns of X that are linear combinations of earlier ones are dropped, the same ones that `lm()`
#' drops, with a message.
#'
#' @param formula two-sided formula with at least one random-effects term; with `residual` or
#'   `variance` there need not be one.
#' @param data data frame (or list, or environment) with the variables; those not found in it are
#'   looked up in the formula's environment. Or data that are not in memory as a whole: [chunks()],
#'   a table of a database (`dplyr::tbl(con, "name")`, see [cross_products()]), or
#'   [cross_products()], which `lmm(cp)` fits with their own formula.
#' @param REML logical: REML (default) or ML.
#' @param control settings from [lmm_control()].
#' @param start `NULL`, a numeric vector or `list(theta = )`: where the optimizer starts. The
#'   parameters are the entries of \eqn{\Lambda}{Lambda} (standard deviations relative to
#'   \eqn{\sigma}{sigma} for scalar terms), term by term by decreasing number of levels, the lower
#'   triangle by columns. A vector with names must have those of `fit$theta`, and is matched by
#'   them. A correlation outside the bounds of its structure is an error.
#' @param verbose integer, or logical: above 0 (or `TRUE`) the optimizer's steps are printed.
#' @param subset,weights,na.action,offset as in [stats::lm()]: evaluated in `data`, then in the
#'   formula's environment.
#' @param contrasts `NULL` or a named list of contrasts for factors, fixed and random.
#' @param relationship `NULL`, or a list named by grouping factors: how their levels are related,
#'   see [precision()].
#' @param residual,variance How residuals are correlated, as in `residual = ar1(visit | subject)`,
#'   and which variances they have, as in `variance = ~ by(sex)`: see [residual_structure]. As
#'   written, or as the right side of a formula.
#' @param ... not used; an unknown argument is an error.
#' @return An object of class `c("henderson_lmm", "henderson_fit")`, a plain list. Use [summary()],
#'   [fixef()], [ranef()], [VarCorr()], [coef()], [predict()], [fitted()], [residuals()], [anova()],
#'   [logLik()] and others to read it.
#' @section Errors: conditions of class `henderson_error_<kind>`: `formula`, `variable`, `response`,
#'   `data`, `grouping`, `weights`, `offset`, `contrasts`, `start`, `control`, `argument`,
#'   `computation`. A singular fit gives a message (`henderson_message_singular`), an optimizer that
#'   fails a warning (`henderson_warning_convergence`).
#' @section What the data do not determine: Some random parts have variances, or combinations of
#'   them, on which the likelihood does not depend: of effects that the fixed effects reproduce (a
#'   fit by REML), of terms that group the rows in the same way (`(1 | a/b)` with one `b` in each
#'   `a`), of columns that are collinear within the levels or zero, of a factor with a level for
#'   each row. A message of class `henderson_message_undetermined` names them with the reason; its
#'   field `variable` has the parameters. The fit keeps it (`fit$undetermined`, `NULL` otherwise):
#'   prints repeat it, variances about which the data say nothing are `NA`, and so are standard
#'   errors, intervals, tests and shares of variance that depend on them, or on one of two terms
#'   that cannot be told apart. All others are those of the model without the superfluous term, and
#'   the parameters that are not determined do not count in AIC and BIC. Of all points that fit
#'   equally well the fit is at one that does not depend on `start`: there a term that others can
#'   stand for has a variance of zero, the first of several equal terms has their sum.
#' @references Bates, D., Maechler, M., Bolker, B. and Walker, S. (2015). Fitting linear
#'   mixed-effects models using lme4. *Journal of Statistical Software* 67(1), 1-48.
#'   \doi{10.18637/jss.v067.i01}
#' @seealso [henderson][henderson-package], the guide by task;
#'   [summary()][summary.henderson_lmm], [anova()][anova.henderson_lmm], [contrast_test()],
#'   [random_anova()], [predict()][predict.henderson_lmm], [ranef()][ranef.henderson_fit];
#'   [lmm_control()], [deviance_function()]
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' summary(fit)
#'
#' e3 <- subset(omer.sorghum, env == "E3")
#' lmm(yield ~ gen + (1 | rep), e3)
#' @export
lmm <- function(formula, data = NULL, REML = TRUE, control = lmm_control(), start = NULL,
                verbose = 0L, subset, weights, na.action, offset, contrasts = NULL, ...,
                relationship = NULL, residual = NULL, variance = NULL) {
  check_no_dots(...)
  call <- match.call()
  caller <- parent.frame()
  evaluated_arguments(call, caller, environment())
  control <- if (missing(control)) default_control else check_control(control)
  check_flag(REML)
  control$trace <- max(control$trace, check_count(as_count(verbose), "verbose"))
  check_start_is_free(start, control)
  if (!missing(formula) && inherits(formula, "henderson_cross_products")) {
    if ("data" %in% names(call)) refuse_with_sums("data")
    call$data <- call$formula
    data <- formula
    formula <- call$formula <- data$formula
  }
  for (name in intersect(names(call), c("residual", "variance"))) {
    if (is.symbol(call[[name]])) call[[name]] <- expression_behind_dots(call[[name]], caller)
  }
  residual <- parse_residual(call$residual, call$variance, caller)
  parsed <- parse_formula(formula, caller, residual)
  parsed <- with_relationship(parsed, check_relationship(relationship))
  given <- intersect(
    names(call), c(
      "subset", "weights", "na.action", "offset", "contrasts", "relationship", "residual",
      "variance"
    )
  )
  if (inherits(data, "henderson_cross_products") && length(given) > 0L) refuse_with_sums(given[1L])
  if (!is.null(residual)) check_residual_allowed(data, control, start)
  if (inherits(data, c("henderson_chunks", "tbl_lazy"))) {
    data <- sum_data(parsed, data, call, caller, contrasts)
  }
  if (inherits(data, "henderson_cross_products")) {
    fit <- fit_summed(data, parsed, REML, control, start, call)
    fit$start <- start
    return(fit)
  }
  # `..1` means something in this call only
  for (name in intersect(names(call), c("data", "subset", "weights", "na.action", "offset"))) {
    if (is.symbol(call[[name]])) call[[name]] <- expression_behind_dots(call[[name]], caller)
  }
  frame <- model_frame(parsed, data, call, caller)
  fit <- fit_from_frame(parsed, frame, REML, contrasts, control, start, call)
  fit$start <- start
  fit
}

refuse_with_sums <- function(name) {
  abort(c(
    "{.arg {name}} cannot be given with cross-products, which were made of the rows before.",
    "i" = "Give it to {.fn cross_products}."
  ), kind = "argument", variable = name, call = entry_frame())
}

# Evaluates the arguments that are values, so that one that cannot be found is named as such.
# frame: that of the entry function.
evaluated_arguments <- function(call, env, frame) {
  names <- c(
    "formula", "data", "REML", "control", "start", "verbose", "contrasts", "relationship"
  )
  name <- NULL
  tryCatch(
    for (name in names[names %in% names(call)]) frame[[name]],
    error = function(e) explain_argument(e, name, call[[name]], env)
  )
}

# TRUE and FALSE as 1 and 0.
as_count <- function(x) if (isTRUE(x) || isFALSE(x)) as.integer(x) else x

#' Fit a checked model frame
#'
#' @param parsed,frame from `parse_formula()` and `model_frame()`.
#' @param start as in `lmm()`.
#' @return fit object.
#' @noRd
fit_from_frame <- function(parsed, frame, REML, contrasts, control, start, call) {
  design <- model_design(parsed, frame, contrasts, control)
  fit_from_design(parsed, frame, design, REML, control, start, call)
}

#' @param prepared list from `prepare_design()` if the caller has it, and releases it.
#' @noRd
fit_from_design <- function(parsed, frame, design, REML, control, start, call, prepared = NULL) {
  start <- check_start(start, design$random, control)
  if (is.null(prepared)) {
    prepared <- prepare_design(design, frame, control)
    on.exit(release_cpp(prepared$pointer))
  }
  fit_prepared(prepared, parsed, frame, design, REML, control, start, call)
}

#' First step into the core: the rank of X is settled
#'
#' @return list(`pointer` (to be released by `release_cpp()` when it has served), `columns` (from
#'   `keep_full_rank()`)).
#' @noRd
prepare_design <- function(design, frame, control) {
  X <- design$X
  if (!is.double(X)) storage.mode(X) <- "double"
  prepared <- if (ncol(X) < nrow(X)) prepare_cpp(core_design(design, X), NULL)
  if (!is.null(prepared) && !is_rank_in_doubt(prepared$rank_pivot)) {
    return(list(pointer = prepared$pointer, columns = keep_full_rank(X, NULL, control)))
  }
  check_magnitudes(design, X, frame)
  columns <- keep_full_rank(X, full_rank_columns(X, design$weights), control)
  n <- if (is.null(design$weights)) nrow(X) else sum(design$weights > 0)
  check_residual_df(n, ncol(columns$X))
  if (is.null(prepared) || length(columns$dropped)) {
    prepared <- prepare_cpp(core_design(design, columns$X), NULL)
  }
  list(pointer = prepared$pointer, columns = columns)
}

#' Second step into the core, and what there is to say about its answer
#'
#' @param prepared list(`pointer`, `columns`).
#' @param start numeric or NULL.
#' @return fit object.
#' @noRd
fit_prepared <- function(prepared, parsed, frame, design, REML, control, start, call) {
  columns <- prepared$columns
  constraints <- new_constraints(control, design$random)
  result <- fit_core(prepared$pointer, design$random, REML, control, start, constraints)
  check_defined(result, design, design$X, frame, start)
  if (is.null(design$residual)) check_not_exact(result, design, columns$X, frame)
  print_trace(result$evidence$trace, control$trace)
  keep <- kept_bytes(design, columns$X, frame, control)
  kept <- if (!is.null(design$residual)) {
    result$point$moments
  } else if (keep > 0) {
    cross_products_cpp(prepared$pointer, keep)
  }
  fit <- new_lmm_fit(call, parsed, REML, frame, design, columns, control, result, kept)
  fit$constraints <- constraints
  fit <- at_representative(fit, prepared$pointer, result, design)
  fit$optimization$flat <- flat_relationships(fit, prepared$pointer)
  report_outcome(fit, control)
  fit
}
