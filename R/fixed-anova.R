# anova(): the table of one fit, or the comparison of several (fixed-likelihood-ratio.R).
#
# Notation: R, upper triangular with R'R = X'V^-1 X (relative to sigma^2); beta, the coefficients.

#' Analysis of variance
#'
#' One fit: F tests of the terms of the fixed part, of type I, II or III. Several fits:
#' likelihood-ratio tests, each fit against the one with fewer parameters before it.
#'
#' @param object A fit by [lmm()].
#' @param ... More fits by [lmm()], or fits by [stats::lm()], on the same data; anything else is
#'   an error. A name given to a fit is its name in the table.
#' @param refit One logical: `TRUE` refits REML fits by maximum likelihood, with a message, before
#'   they are compared; `FALSE` compares restricted likelihoods, which needs the same fixed
#'   effects in all fits.
#' @param type For one fit, one string (or number 1 to 3): `"III"`, the default, `"II"` or `"I"`;
#'   see below.
#' @param ddf For one fit, one string: how denominator degrees of freedom are found, as in
#'   [summary()][summary.henderson_lmm]. `"none"` (alias `"lme4"`) gives F values without
#'   p-values.
#' @param vcov,cluster For one fit, a cluster-robust covariance of the fixed effects, `"CR0"`,
#'   `"CR1"` or `"CR2"`, and its clusters, see [vcov()][vcov.henderson_fit]; the tests are those of
#'   [contrast_test()].
#' @param model.names `NULL`, or one name for each fit, shown in the table.
#' @return A data frame of class `c("henderson_anova", "anova", "data.frame")`.
#'
#'   One fit: one row for each term of the fixed part, columns `Sum Sq`, `Mean Sq` (in squared units
#'   of the response: \eqn{\hat\sigma^2}{sigma_hat^2} times the F statistic, without the scaling of
#'   it by Kenward and Roger's method or for a robust covariance), `NumDF`, `DenDF`, `F value`,
#'   `Pr(>F)`; `NA` for a term whose columns were all dropped. With `ddf = "none"`: `npar` (number
#'   of contrasts), `Sum Sq`, `Mean Sq`, `F value`.
#'
#'   Several fits: rows in increasing order of parameters, columns `npar`, `AIC`, `BIC`, `logLik`,
#'   `-2*log(L)`, `Chisq`, `Df`, `Pr(>Chisq)`.
#' @section Types: Each term is tested by contrasts \eqn{L\beta = 0}{L beta = 0} of the fixed
#'   effects, the ones that lmerTest uses.
#'   \describe{
#'   \item{I}{Each term adjusted for the terms before it: rows of the Cholesky factor of
#'   \eqn{X'X}, scaled to a unit diagonal.}
#'   \item{II}{Each term adjusted for all terms that do not contain it.}
#'   \item{III}{Each term's estimable functions made orthogonal to those of the terms that contain
#'   it; with all cells filled, comparisons of unweighted means. Cells without data are named in
#'   the heading.}
#'   }
#'   A term contains another one if it has all its variables and more, and the same numeric vectors
#'   among them; matrices such as `poly(x, 2)` count as factors, and a factor counts where it is
#'   coded by contrasts (so `a:b` does not contain `a` in `a + a:b`, where b has no term of its own;
#'   the test of `a` is then at the reference of b's coding). Types II and III differ from the test
#'   of the term's own coefficients for contained terms only. F does not depend on the units of
#'   covariates, nor, for terms whose margins are in the model, on the contrasts of factors;
#'   Satterthwaite's joint degrees of freedom of types I and II do depend a little on the latter, as
#'   in lmerTest. \eqn{X'X} is that of the rows with positive weight, without the weights.
#'
#'   With `type = "I", ddf = "none"` the table is lme4's: sums of squares of the term's rows of
#'   \eqn{R \hat\beta}{R beta_hat}, where \eqn{R'R = X'V^{-1}X}, so that the adjustment is by
#'   generalised least squares.
#' @section Variances that the data do not determine: Tests that depend on them are `NA`, and the
#'   heading says why; see [lmm()]. So are, in a comparison of fits, tests of a variance that the
#'   fixed effects reproduce: by maximum likelihood its estimate is zero, whatever the data.
#' @section Fits that are not nested: A fit that has fewer parameters than another and a higher
#'   likelihood is no special case of it: `Chisq` is negative, the p-value `NA`, and the heading
#'   says why. Other fits that are not nested cannot be told by their likelihoods.
#' @section A variance estimated as zero: Satterthwaite's degrees of freedom take it for known; the
#'   heading says so.
#' @section Errors: `henderson_error_data` for fits on different observations, responses or weights,
#'   and when a fit does not hold its model frame; `henderson_error_argument` for anything
#'   malformed, and Kenward and Roger's method on a fit by maximum likelihood.
#' @section A variance on the boundary: the chi-squared distribution is conservative when the
#'   smaller model sets a variance to zero; see `random_anova()`.
#' @source Types: Kuznetsova, Brockhoff and Christensen (2017), *Journal of Statistical Software*
#'   82(13), \doi{10.18637/jss.v082.i13}. Likelihood ratios: Bates, Maechler, Bolker and Walker
#'   (2015), *Journal of Statistical Software* 67(1), section 5.2.
#' @seealso [contrast_test()] for other hypotheses.
#' @examples
#' fit <- lmm(yield ~ gen * fung + (1 | block / fung), durban.splitplot)
#' anova(fit)
#' anova(fit, type = "I", ddf = "Kenward-Roger")
#'
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' anova(fit, lmm(Reaction ~ Days + (1 | Subject), sleepstudy))
#' @importFrom stats anova
#' @export
anova.henderson_lmm <- function(object, ..., refit = TRUE, type = c("III", "II", "I"),
                                ddf = "Satterthwaite", model.names = NULL, vcov = "model",
                                cluster = NULL) {
  # in do.call(anova, list(small = , large = )) every fit may have a name
  fits <- if (missing(object)) list(...) else list(object, ...)
  check_anova_names(fits)
  check_flag(refit)
  if (length(fits) == 1L) {
    method <- test_method(fits[[1L]], ddf, vcov, cluster, given = !missing(ddf))
    return(one_fit_anova(fits[[1L]], check_anova_type(type), method))
  }
  one_fit_only <- c(
    type = !missing(type), ddf = !missing(ddf), vcov = !missing(vcov), cluster = !missing(cluster)
  )
  if (any(one_fit_only)) abort_one_fit_only(names(which(one_fit_only))[1L])
  check_comparable(fits)
  expressions <- as.list(
    if (missing(object)) substitute(list(...)) else substitute(list(object, ...))
  )
  names(fits) <- model_labels(expressions[-1L], names(fits), model.names)
  compared <- ml_fits(fits, refit)
  restricted <- lapply(fits, function(fit) if (is.null(fit$REML)) fit else restricted_fit(fit))
  untested <- untested_counts(compared, restricted[names(compared)])
  table <- likelihood_ratio_table(compared, untested)
  attr(table, "heading") <- c(attr(table, "heading"), undetermined_comparison_notes(restricted))
  table
}

check_anova_type <- function(type) {
  if (length(type) == 1L && type %in% 1:3) type <- c("I", "II", "III")[as.integer(type)]
  check_choice(type, c("III", "II", "I"))
}

one_fit_anova <- function(fit, type, ddf) {
  if (type == "I" && ddf == "none") {
    return(sequential_anova(fit))
  }
  heading <- test_heading(paste("Type", type, "Analysis of Variance Table"), fit, ddf)
  contrasts <- fixed_contrasts(fit, type)
  f_table(fit, contrasts, ddf, heading = c(heading, empty_cells_note(attr(contrasts, "empty"))))
}

empty_cells_note <- function(cells) {
  if (length(cells) > 0L) {
    paste0("Note: no data for ", list_some(cells), "; type III compares what the other cells allow")
  }
}

# Sums of squares of the rows of R beta that belong to each term.
sequential_anova <- function(fit) {
  labels <- utf8_names(attr(fit$terms, "term.labels"))
  R <- fixed_cholesky(fit)
  effects <- as.vector(R %*% fit$beta)
  kept <- sort(unique(fit$assign[fit$assign > 0L]))
  rows <- split(seq_along(effects), factor(fit$assign, levels = kept))
  count <- lengths(rows, use.names = FALSE)
  sum_of_squares <- vapply(rows, function(row) sum(effects[row]^2), 0, USE.NAMES = FALSE)
  unknown <- vapply(rows, function(row) {
    undetermined_contrasts(fit, R[row, , drop = FALSE], joint = TRUE)
  }, TRUE)
  sum_of_squares[unknown] <- NA
  mean_square <- sum_of_squares / count
  f_value <- mean_square / fit$sigma^2
  if (is_sigma_undetermined(fit)) sum_of_squares[] <- mean_square[] <- NA
  table <- data.frame(count, sum_of_squares, mean_square, f_value, row.names = labels[kept])
  names(table) <- c("npar", "Sum Sq", "Mean Sq", "F value")
  new_anova(table, test_heading("Analysis of Variance Table", fit, "none"))
}

# A fit may have a name; anything else that has one is a misspelt argument.
check_anova_names <- function(fits) {
  is_model <- vapply(fits, inherits, TRUE, what = c("henderson_lmm", "lm", "merMod"))
  named <- setdiff(names(fits)[!is_model], c("", NA))
  if (length(named) == 0L) {
    return(invisible(NULL))
  }
  if ("test" %in% named) {
    abort(c(
      "There is no argument {.arg test}: fits are compared by the likelihood ratio and its
       chi-squared distribution.",
      "i" = "By a parametric bootstrap: {.code bootstrap_test(large, small)}."
    ), kind = "argument", variable = "test", observed = "test")
  }
  known <- c("refit", "type", "ddf", "model.names", "vcov", "cluster")
  abort_unknown_arguments(named, known)
}

abort_one_fit_only <- function(name) {
  abort("{.arg {name}} is for the table of one fit; several fits are compared by likelihood.",
    kind = "argument", variable = name
  )
}

#' @export
print.henderson_anova <- function(x, digits = max(getOption("digits") - 2L, 3L), ...) {
  check_digits(digits)
  heading <- fold_notes(attr(x, "heading"))
  table <- structure(x, heading = NULL, class = c("anova", "data.frame"))
  if (prints_well(c(rownames(x), heading))) {
    print(structure(table, heading = heading), digits = digits, ...)
    return(invisible(x))
  }
  lines <- text_rows(rownames(x), function(names) {
    rownames(table) <- names
    print(table, digits = digits, ...)
  })
  write_lines(c(heading, lines))
  invisible(x)
}
