# What emmeans asks of a model: its data, and a basis (linear functions, estimates, covariance,
# degrees of freedom) for its reference grid. Registered when emmeans is loaded; the shapes are
# those of its vignette "xtending".
#
# Notation: k, the coefficients of one linear function k'beta of the kept coefficients beta.

#' Estimated marginal means
#'
#' With these two methods `emmeans()`, `contrast()`, `pairs()`, `emtrends()`, `joint_tests()` and
#' the other functions of package emmeans work on fits by [lmm()].
#'
#' @section Variances that the data do not determine: Means whose standard errors depend on them
#'   (see [lmm()]) are shown as not estimable.
#' @section Degrees of freedom: `emmeans(fit, specs, mode = )`, or `lmer.df =`, which users of lme4
#'   know, is one of
#'   \describe{
#'   \item{`"satterthwaite"`}{the default}
#'   \item{`"kenward-roger"`}{with its adjusted covariance matrix; fits by REML only}
#'   \item{`"expected"`}{Satterthwaite's with the expected information in place of the Hessian,
#'   which stays continuous where a variance is zero}
#'   \item{`"asymptotic"`}{normal quantiles}
#'   }
#'   in any case; `"none"`, `"lme4"` and `"asymp"` mean `"asymptotic"`. Another `mode`, a
#'   Kenward-Roger adjustment that cannot be had (maximum likelihood, a matrix `vcov.`, a model
#'   that is too large for it) gives a message, and Satterthwaite's degrees of freedom. There is no
#'   limit on the number of observations: `pbkrtest.limit` and `lmerTest.limit` are not needed.
#'   `emm_options(lmer.df = )` concerns fits by lme4 and is not read.
#' @param object A fit by [lmm()].
#' @param trms,xlev,grid What emmeans hands over: a terms object, the levels of factors, the
#'   reference grid.
#' @param data `NULL` or a data frame: the data, where they cannot be found again or have changed.
#' @param mode,lmer.df `NULL` or one string, see above; `lmer.df` is used when `mode` is not given.
#' @param vcov. A covariance matrix of the coefficients to use instead of the fit's, or a function
#'   of the fit that gives one; its rows are the kept coefficients.
#' @param options A list by emmeans; degrees of freedom `options$df` replace those of the method.
#' @param ... Passed to `emmeans::recover_data()`; in `emm_basis` unused.
#' @return `recover_data`: a data frame of the variables of the fixed part. `emm_basis`: a list
#'   `X` (grid rows x p_all), `bhat` (p_all, `NA` for dropped columns), `nbasis` (orthonormal basis
#'   of the linear functions that cannot be estimated, or whose variance cannot, p_all x r; the
#'   1 x 1 matrix `NA`
#'   if there are none), `V` (p x p), `dffun`, `dfargs`, `misc`, `model.matrix`.
#' @section Errors: `henderson_error_argument` for a model without fixed effects and for a malformed
#'   `vcov.`; `henderson_error_unsupported` where the formula itself makes missing values a level.
#' @source Searle, Speed and Milliken (1980), *The American Statistician* 34, 216--221, for the
#'   means; vignette "xtending" of package emmeans for the shapes.
#' @examples
#' fit <- lmm(yield ~ gen * fung + (1 | block/fung), droplevels(subset(durban.splitplot,
#'   gen %in% c("G01", "G02", "G03"))), control = lmm_control(check_singular = "ignore"))
#' if (requireNamespace("emmeans", quietly = TRUE)) {
#'   emmeans::emmeans(fit, pairwise ~ fung)
#'   emmeans::joint_tests(fit)
#' }
#' @name emmeans_support
NULL

#' @rdname emmeans_support
#' @exportS3Method emmeans::recover_data
recover_data.henderson_lmm <- function(object, data = NULL, ...) {
  call <- object$call
  # emmeans reads the transformation of the response off the call, which may hold only a symbol
  call$formula <- object$parsed$formula
  terms <- stats::delete.response(object$terms)
  given <- list(...)
  # names that are no data, such as k in poly(x, k)
  inside <- attr(terms, "data_variables") %||% all.vars(terms)
  given$params <- unique(c(given$params, "pi", setdiff(all.vars(terms), inside)))
  if (is.null(data) && !is.null(object$summed)) {
    return("A fit of cross-products has no rows to average over: give emmeans(fit, data = ).")
  }
  if (is.null(data)) {
    names <- setdiff(union(all.vars(terms), given$addl.vars), given$params)
    if (length(names) > 0L) {
      advice <- "Give the data: {.code emmeans(fit, data = )}."
      data <- tryCatch(
        fit_variables(object, names, parent.frame(), advice),
        henderson_error = identity
      )
      # of an error emmeans shows only a string
      if (inherits(data, "error")) return(cli::ansi_strip(conditionMessage(data)))
    }
  }
  if (!is.null(object$frame)) given$frame <- object$frame
  arguments <- c(list(call, terms, object$na.action, data = data), given)
  data <- do.call(emmeans::recover_data, arguments, quote = TRUE)
  # a string is emmeans' way to say that the data cannot be recovered
  if (is.data.frame(data)) label_missing_levels(data, object) else data
}

# emmeans forgets a level that is NA (addNA()): it gets its label, which gives the same names of
# coefficients.
label_missing_levels <- function(data, fit) {
  has_missing <- names(Filter(anyNA, fit$xlevels))
  hidden <- setdiff(has_missing, names(data))
  if (length(hidden) > 0L) {
    text <- utf8_names(hidden[1L])
    abort(c(
      "Package emmeans cannot make {.code {text}}, which has missing values as a level, from the
       data.",
      "i" = "Make it a variable of the data before the fit, as in {.code d$f <- addNA(d$f)}."
    ), kind = "unsupported", variable = text, observed = fit$xlevels[[hidden[1L]]])
  }
  for (name in intersect(has_missing, names(data))) {
    x <- data[[name]]
    levels(x) <- level_labels(x)
    data[[name]] <- x
  }
  data
}

#' @rdname emmeans_support
#' @exportS3Method emmeans::emm_basis
emm_basis.henderson_lmm <- function(object, trms, xlev, grid, vcov., mode = NULL, lmer.df = NULL,
                                    options = NULL, ...) {
  if (length(object$beta) == 0L) {
    abort("The model has no fixed effects, whose means could be estimated.",
      kind = "argument", variable = "object"
    )
  }
  own_covariance <- if (!missing(vcov.)) given_covariance(object, vcov., "vcov.")
  method <- emm_method(mode %||% lmer.df, object, !is.null(own_covariance))
  frame <- stats::model.frame(trms, grid, na.action = stats::na.pass, xlev = xlev)
  dffun <- function(k, dfargs) dfargs$degrees(k)
  attr(dffun, "mesg") <- if (method == "none") "asymptotic" else tolower(method)
  list(
    X = design_matrix(trms, frame, object$contrasts),
    bhat = fixef.henderson_fit(object, add.dropped = TRUE),
    nbasis = inestimable_basis(object),
    V = own_covariance %||% contrast_covariance(object, method),
    # emmeans replaces the environment of dffun, so what it needs comes by dfargs
    dffun = dffun, dfargs = list(degrees = function(k) emm_degrees(object, k, method)),
    misc = list(), model.matrix = emm_triangle(object)
  )
}

# Degrees of freedom of one linear function, or the denominator's of several (rows) jointly.
emm_degrees <- function(fit, k, method) {
  if (!is.matrix(k)) k <- rbind(k)
  if (method == "none") return(Inf)
  if (nrow(k) == 1L) {
    return(contrast_rows(fit, k, method)$df)
  }
  contrast_joint(fit, k, method)$den_df
}

# The `ddf` that a mode of emmeans stands for.
emm_method <- function(mode, fit, own_covariance) {
  known <- c(
    satterthwaite = "Satterthwaite", "kenward-roger" = "Kenward-Roger", expected = "expected",
    asymptotic = "none", asymp = "none", none = "none", lme4 = "none"
  )
  if (is.null(mode)) return("Satterthwaite")
  given <- if (is.character(mode) && length(mode) == 1L) tolower(mode) else ""
  method <- unname(known[match(given, names(known))])
  if (is.na(method)) {
    shown <- describe_value(mode)
    inform(c(
      "{.arg mode} {shown} is not known; Satterthwaite's degrees of freedom are used.",
      "i" = "Known are {.val {names(known)[1:4]}}."
    ), kind = "argument", variable = "mode", observed = shown)
    return("Satterthwaite")
  }
  if (method == "Kenward-Roger") method <- emm_kenward_roger(fit, own_covariance)
  method
}

# "Kenward-Roger" where it can be had; else "Satterthwaite", with a message.
emm_kenward_roger <- function(fit, own_covariance) {
  reason <- if (own_covariance) {
    "It cannot be used with a covariance matrix given as {.arg vcov.}."
  } else if (!fit$REML) {
    "It needs a fit by REML, and this one is by maximum likelihood."
  } else {
    refused <- tryCatch(
      {
        contrast_covariance(fit, "Kenward-Roger")
        NULL
      },
      henderson_error = identity
    )
    if (is.null(refused)) return("Kenward-Roger")
    # what is wrong; its advice is taken below
    lines <- c(refused$message, refused$body[names(refused$body) == "x"])
    escape_braces(unname(gsub("\\s+", " ", lines)))
  }
  inform(c(
    "Satterthwaite's degrees of freedom take the place of Kenward and Roger's method.",
    stats::setNames(reason, rep("i", length(reason)))
  ), kind = "argument", variable = "mode", observed = "kenward-roger")
  "Satterthwaite"
}

# The matrix given as the argument called `name`, or by it.
given_covariance <- function(fit, covariance, name) {
  if (is.function(covariance)) covariance <- covariance(fit)
  covariance <- tryCatch(as.matrix(covariance), error = function(condition) NULL)
  p <- length(fit$beta)
  if (!is.numeric(covariance) || !identical(dim(covariance), c(p, p))) {
    given <- describe_value(covariance)
    abort("{.arg {name}} must be, or give, a numeric {p} x {p} matrix, not {given}.",
      kind = "argument", variable = name, observed = given
    )
  }
  covariance
}

#' Linear functions of all coefficients that cannot be estimated
#'
#' With the dropped columns D = X A of the model matrix, X the kept ones, c'beta is estimable if and
#' only if c is orthogonal to the columns of (-A, I). What has a variance that the data do not
#' determine is no estimate either.
#' @return p_all x dropped matrix with orthonormal columns; the 1 x 1 matrix NA (as emmeans has it)
#'   if every function can be estimated.
#' @noRd
inestimable_basis <- function(fit) {
  unknown <- undetermined_functions(fit)
  if (ncol(unknown) > 0L) {
    inform_unknown("Some means and tests have no standard error, and are NA or left out.", fit)
  }
  if (length(fit$dropped) == 0L) {
    return(if (ncol(unknown) == 0L) matrix(NA) else unknown)
  }
  dropped <- match(fit$dropped, fit$all_columns)
  null_space <- matrix(0, length(fit$all_columns), length(dropped))
  null_space[-dropped, ] <- -dropped_columns(fit)$H
  null_space[cbind(dropped, seq_along(dropped))] <- 1
  kept <- matrix(0, length(fit$all_columns), ncol(unknown))
  kept[-dropped, ] <- unknown
  qr.Q(qr(cbind(null_space, kept)))
}

# R of the QR decomposition of sqrt(w) X, kept columns: what emmeans projects on a submodel. NULL,
# which it takes as well, if the fit has kept neither X nor its frame.
emm_triangle <- function(fit) {
  if (is.null(fit$X) && is.null(fit$frame) && is.null(fit$summed)) return(NULL)
  triangle <- if (!has_residual(fit)) fixed_triangle(moments_of(fit))
  if (is.null(triangle)) {
    X <- fixed_matrix(fit)
    if (!is.null(fit$weights)) X <- X * sqrt(fit$weights)
    decomposition <- qr(X)
    triangle <- qr.R(decomposition)[, order(decomposition$pivot), drop = FALSE]
  }
  dimnames(triangle) <- list(NULL, names(fit$beta))
  structure(triangle, assign = fit$assign)
}
