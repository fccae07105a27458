# Methods on the generics of package lmtest, registered when it is loaded. Its default methods take
# coef() for the vector of the coefficients, which here has a row for each group, degrees of freedom
# that are not those of a mixed model, and restricted likelihoods for likelihoods.

#' What package lmtest does with a fit
#'
#' `lmtest::coeftest()` and `coefci()` are t tests and confidence intervals of the fixed effects,
#' `waldtest()` and `lrtest()` compare fits, on fits by [lmm()]. A covariance by package sandwich,
#' clubSandwich or another goes in as `vcov.` (`vcov` in `waldtest`).
#'
#' @section What is compared: `...` holds more fits, or what makes the next fit from the one before
#'   it: a formula for [update()][update.henderson_lmm] (`. ~ . - Days`, which keeps the random
#'   terms), or terms of the fixed part to leave out, by label or number. With one fit alone the
#'   other is the one with the same random terms and, of the fixed effects, the intercept only.
#'   `waldtest()` tests the coefficients that the larger of two fits has beyond the smaller one;
#'   `lrtest()` refits fits by REML by maximum likelihood, with a message, as
#'   [anova()][anova.henderson_lmm] does, since restricted likelihoods of different fixed effects
#'   cannot be compared.
#' @section Functions that mislead: lmtest's `bptest`, `dwtest`, `bgtest`, `resettest`, `jtest` and
#'   `coxtest` have no methods. They take the model matrix and the response out of any fit and test
#'   the ordinary linear model, as if there were no groups, without a word; R gives no way to refuse
#'   that. Look at [plot()][plot.henderson_lmm] and [diagnostic_residuals()] instead.
#' @param x,object A fit by [lmm()].
#' @param vcov.,vcov `NULL`, or a p x p covariance matrix of the fixed effects to use instead of the
#'   fit's, or a function of the fit (and, in `coeftest` and `coefci`, of `...`) that gives one.
#'   Degrees of freedom stay those of the fit.
#' @param df How degrees of freedom are found: `NULL` for Satterthwaite's of each coefficient, one
#'   string as `ddf` of [summary()][summary.henderson_lmm], or numbers, where 0 and `Inf` mean
#'   normal quantiles as in lmtest.
#' @param parm `NULL` for all coefficients, or names or positions of some.
#' @param level One number between 0 and 1: the confidence level.
#' @param test `"Chisq"` or `"F"`.
#' @param ddf One string: how the denominator degrees of freedom of F tests are found, as in
#'   [summary()][summary.henderson_lmm].
#' @param name `NULL`, or a function of a fit that gives its name in the heading.
#' @param save One logical: is the fit kept as attribute `object`?
#' @param ... See above; for `coeftest` and `coefci`, arguments of a function `vcov.`.
#' @return Objects in the classes of lmtest. `coeftest`: a matrix of class `coeftest`, columns
#'   `Estimate`, `Std. Error`, `t value` and `Pr(>|t|)`, or `z value` and `Pr(>|z|)`; attribute `df`
#'   has a number for each coefficient. `coefci`: a matrix of limits. `waldtest`, `lrtest`: a data
#'   frame of class `anova`, one row for each fit in the order given; `waldtest(test = "F")` has the
#'   denominator's degrees of freedom in column `Den.Df`.
#' @section Errors: `henderson_error_argument` for anything malformed, and fits whose fixed effects
#'   are not nested (`waldtest`); `henderson_error_data` for fits on different data.
#' @source Zeileis and Hothorn (2002), *R News* 2(3), 7--10, for the shapes.
#' @seealso [interoperability] for other packages.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' if (requireNamespace("lmtest", quietly = TRUE)) {
#'   lmtest::coeftest(fit)
#'   lmtest::coeftest(fit, df = "Kenward-Roger")
#'   lmtest::lrtest(fit, . ~ . - Days)
#' }
#' @name lmtest_support
NULL

#' @rdname lmtest_support
#' @exportS3Method lmtest::coeftest
coeftest.henderson_lmm <- function(x, vcov. = NULL, df = NULL, ..., save = FALSE) {
  check_flag(save)
  rows <- coefficient_rows(x, vcov., df, ...)
  if (is.null(vcov.)) check_no_dots(...)
  statistic <- rows$estimate / rows$se
  letter <- if (rows$by_t) "t" else "z"
  p_value <- 2 * stats::pt(-abs(statistic), rows$df)
  table <- cbind(rows$estimate, rows$se, statistic, p_value)
  dimnames(table) <- list(
    names(x$beta), c("Estimate", "Std. Error", paste(letter, "value"), sprintf("Pr(>|%s|)", letter))
  )
  structure(table,
    class = "coeftest", method = paste(letter, "test of coefficients"), df = rows$df,
    nobs = nobs.henderson_fit(x), logLik = logLik.henderson_lmm(x), object = if (save) x
  )
}

#' @rdname lmtest_support
#' @exportS3Method lmtest::coefci
coefci.henderson_lmm <- function(x, parm = NULL, level = 0.95, vcov. = NULL, df = NULL, ...) {
  check_level(level)
  rows <- coefficient_rows(x, vcov., df, ...)
  if (is.null(vcov.)) check_no_dots(...)
  tails <- c((1 - level) / 2, (1 + level) / 2)
  half <- stats::qt(tails[2L], rows$df) * rows$se
  limits <- cbind(rows$estimate - half, rows$estimate + half)
  percent <- format(100 * tails, trim = TRUE, scientific = FALSE, digits = 3L)
  dimnames(limits) <- list(names(x$beta), paste(percent, "%"))
  if (is.null(parm)) return(limits)
  unknown <- if (is.character(parm)) {
    setdiff(parm, rownames(limits))
  } else {
    setdiff(abs(parm), seq_len(nrow(limits)))
  }
  if (length(unknown) > 0L) {
    abort("{.arg parm} must name coefficients of the fit: {.val {unknown}} {?is/are} none.",
      kind = "argument", variable = "parm", observed = unknown
    )
  }
  limits[parm, , drop = FALSE]
}

# list(estimate, se, df, by_t) of all coefficients; `df` as the user gave it.
coefficient_rows <- function(fit, covariance, df, ...) {
  p <- length(fit$beta)
  method <- if (is.null(df)) "Satterthwaite" else if (is.character(df)) ddf_method(df)
  rows <- contrast_rows(fit, diag(nrow = p), method %||% "none")
  if (is.null(method)) {
    check_df(df, p)
    # 0 means normal quantiles, as in lmtest
    known <- any(is.finite(df)) && all(df > 0)
    rows$df <- if (known) rep_len(df, p) else rep(Inf, p)
    rows$by_t <- known
  } else {
    rows$by_t <- method != "none"
  }
  if (!is.null(covariance)) {
    if (is.function(covariance)) covariance <- covariance(fit, ...)
    rows$se <- unname(sqrt(diag(given_covariance(fit, covariance, "vcov."))))
  }
  rows
}

check_df <- function(df, p) {
  right <- is.numeric(df) && !anyNA(df) && all(df >= 0) && length(df) %in% c(1L, p)
  if (right) return(invisible(df))
  given <- describe_value(df)
  abort(c(
    "{.arg df} must be {.code NULL}, a method such as {.val Kenward-Roger}, or 1 or {p} numbers that
     are not negative, not {given}."
  ), kind = "argument", variable = "df", observed = given)
}

#' @rdname lmtest_support
#' @exportS3Method lmtest::waldtest
waldtest.henderson_lmm <- function(object, ..., vcov = NULL, test = c("Chisq", "F"),
                                   ddf = "Satterthwaite", name = NULL) {
  test <- check_choice(test, c("Chisq", "F"))
  fits <- compared_fits(object, ...)
  method <- if (test == "F") ddf_method(ddf) else "none"
  if (!is.null(vcov) && method == "Kenward-Roger") {
    abort("Kenward and Roger's method cannot be used with a covariance matrix {.arg vcov}.",
      kind = "argument", variable = "ddf", observed = ddf
    )
  }
  if (!is.null(vcov) && !is.function(vcov) && length(fits) > 2L) {
    abort("To compare more than two fits {.arg vcov} must be a function.",
      kind = "argument", variable = "vcov"
    )
  }
  tests <- lapply(seq_along(fits)[-1L], function(i) {
    wald_comparison(fits[[i - 1L]], fits[[i]], vcov, method)
  })
  column <- function(position) c(NA, vapply(tests, `[`, 0, position))
  residual <- vapply(fits, df.residual.henderson_fit, 0)
  count <- abs(column(1L))
  table <- if (test == "F") {
    data.frame(residual, column(1L), column(2L) / count, column(3L), column(4L))
  } else {
    p_value <- stats::pchisq(column(2L), count, lower.tail = FALSE)
    data.frame(residual, column(1L), column(2L), p_value)
  }
  names(table) <- c(
    "Res.Df", "Df", test, if (test == "F") "Den.Df", paste0("Pr(>", test, ")")
  )
  new_comparison(table, "Wald test\n", fits, name)
}

# c(signed difference of parameters, Wald statistic, denominator df, p of F).
wald_comparison <- function(from, to, covariance, method) {
  larger <- if (length(to$beta) > length(from$beta)) to else from
  smaller <- if (length(to$beta) > length(from$beta)) from else to
  common <- names(smaller$beta)
  nested <- all(common %in% names(larger$beta)) && isTRUE(all.equal(
    fixed_matrix(larger)[, common, drop = FALSE], fixed_matrix(smaller)[, common, drop = FALSE],
    check.attributes = FALSE
  ))
  if (!nested) {
    outside <- setdiff(common, names(larger$beta))
    abort(c(
      "The fixed effects of the fits are not nested.",
      "x" = if (length(outside) > 0L) {
        "The larger fit has no coefficient {.val {outside}}."
      } else {
        "Columns of the same names differ in their values."
      }
    ), kind = "argument", variable = "...", observed = outside)
  }
  sign <- if (length(to$beta) > length(from$beta)) 1 else -1
  own <- which(!names(larger$beta) %in% common)
  if (length(own) == 0L) return(c(0, NA, NA, NA))
  L <- diag(nrow = length(larger$beta))[own, , drop = FALSE]
  joint <- contrast_joint(larger, L, method)
  value <- joint$f_value * joint$num_df
  if (!is.null(covariance)) {
    value <- wald_statistic(larger, L, given_covariance(larger, covariance, "vcov"))$value
  }
  value <- if (is.nan(value)) NA_real_ else value
  p_value <- stats::pf(value / length(own), length(own), joint$den_df, lower.tail = FALSE)
  c(sign * length(own), value, joint$den_df, p_value)
}

#' @rdname lmtest_support
#' @exportS3Method lmtest::lrtest
lrtest.henderson_lmm <- function(object, ..., name = NULL) {
  fits <- compared_fits(object, ...)
  names(fits) <- seq_along(fits)
  compared <- ml_fits(fits, refit = TRUE)[names(fits)]
  untested <- untested_counts(compared, lapply(fits, restricted_fit))
  likelihoods <- lapply(compared, logLik.henderson_lmm)
  parameters <- vapply(likelihoods, attr, 0, which = "df")
  value <- vapply(likelihoods, as.numeric, 0)
  df <- c(NA, diff(parameters))
  # more parameters cannot fit worse: a negative difference is rounding
  chi_squared <- c(NA, pmax(0, 2 * diff(value) * sign(df[-1L])))
  chi_squared[df %in% 0] <- abs(c(NA, 2 * diff(value)))[df %in% 0]
  p_value <- stats::pchisq(chi_squared, abs(df), lower.tail = FALSE)
  p_value[df %in% 0 | c(FALSE, diff(untested) != 0)] <- NA
  table <- data.frame(parameters, value, df, chi_squared, p_value)
  names(table) <- c("#Df", "LogLik", "Df", "Chisq", "Pr(>Chisq)")
  new_comparison(table, "Likelihood ratio test\n", compared, name)
}

new_comparison <- function(table, title, fits, name) {
  label <- check_function(name, null_ok = TRUE) %||%
    function(fit) expression_text(formula.henderson_fit(fit))
  models <- paste0("Model ", format(seq_along(fits)), ": ", vapply(fits, label, ""))
  structure(table,
    row.names = as.character(seq_along(fits)), class = c("anova", "data.frame"),
    heading = c(title, paste(models, collapse = "\n"))
  )
}

# The fits that `...` stands for, on the same data.
compared_fits <- function(object, ...) {
  others <- list(...)
  if (!is.null(names(others)) && any(nzchar(names(others)))) {
    abort_unknown_arguments(setdiff(names(others), ""), c("vcov", "test", "ddf", "name"))
  }
  if (length(others) == 0L) others <- list(labels.henderson_fit(object))
  fits <- list(object)
  for (other in others) fits <- c(fits, list(next_fit(fits[[length(fits)]], other)))
  check_comparable(fits)
  if (!all(vapply(fits, inherits, TRUE, what = "henderson_lmm"))) {
    abort("{.arg ...} must hold fits by {.fn lmm}; {.fn anova} compares with fits by {.fn lm}.",
      kind = "argument", variable = "..."
    )
  }
  fits
}

next_fit <- function(fit, change) {
  if (inherits(change, "formula")) return(update.henderson_lmm(fit, change))
  if (!is.character(change) && !is.numeric(change)) return(change)
  labels <- labels.henderson_fit(fit)
  left_out <- if (is.numeric(change)) labels[change] else change
  unknown <- if (is.numeric(change)) change[is.na(left_out)] else setdiff(left_out, labels)
  if (length(left_out) == 0L || length(unknown) > 0L) {
    abort(c(
      "There is no such term to leave out of the fixed part: {.val {unknown}}.",
      "i" = "Its terms are {.val {labels}}."
    ), kind = "argument", variable = "...", observed = change)
  }
  change <- stats::reformulate(paste(". -", paste(left_out, collapse = " - ")), quote(.))
  update.henderson_lmm(fit, change)
}
