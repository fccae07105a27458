# Summary of a fit. Notation: beta, vcov: fixed-effects estimates and their covariance; p: their
# number.

#' Summary of a fit
#'
#' @param object A fit by [lmm()].
#' @param correlation One logical: whether printing shows the correlations of the fixed effects.
#'   `NULL`, the default, shows them for at most 12 coefficients.
#' @param ddf One string: how degrees of freedom of the t tests are found.
#'   \describe{
#'   \item{`"Satterthwaite"`}{the default, as in lmerTest: from the observed information of the
#'   covariance parameters and \eqn{\sigma}{sigma}}
#'   \item{`"Kenward-Roger"`}{with covariances of the coefficients adjusted for the estimation of
#'   the variances, for fits by REML}
#'   \item{`"expected"`}{Satterthwaite's formula with the expected information; variances
#'   estimated as zero count as estimated}
#'   \item{`"none"`}{(alias `"lme4"`) t values without p-values}
#'   }
#'   Upper and lower case do not matter. Formulas and sources: vignette `degrees-of-freedom`.
#' @param vcov,cluster A cluster-robust covariance of the coefficients in the tests, `"CR0"`,
#'   `"CR1"` or `"CR2"`, and its clusters, see [vcov()][vcov.henderson_fit]; the tests are those of
#'   [contrast_test()].
#' @param x The result of `summary()`.
#' @param digits One whole number: significant digits.
#' @param signif.stars One logical: stars after p-values, when there are p-values.
#' @param comp,ranef.comp Character vector, `"Variance"`, `"Std.Dev."` or both: the columns shown
#'   for the random effects. `ranef.comp` is the name lme4 uses.
#' @param ... Nothing; an argument that is not known is an error.
#' @return A list of class `summary.henderson_lmm` with elements
#'   \describe{
#'   \item{coefficients}{numeric p x 5 matrix `Estimate`, `Std. Error`, `df`, `t value`,
#'   `Pr(>|t|)`; for `ddf = "none"` p x 3, `Estimate`, `Std. Error`, `t value`}
#'   \item{varcor}{the variances, as [VarCorr()][VarCorr.henderson_fit] gives them}
#'   \item{residuals}{numeric, length n: Pearson residuals divided by
#'     \eqn{\hat\sigma}{sigma_hat}; `NULL` of a fit of [cross_products()]}
#'   \item{sigma, vcov, criterion, REML, n, ngrps, AICtab}{residual standard deviation, covariance
#'   of the coefficients (adjusted for `"Kenward-Roger"`, or robust), REML criterion or \eqn{-2 \log
#'   L}{-2 log L}, whether REML, observations, named numbers of levels; `AIC`, `BIC`, `logLik`,
#'   `-2*log(L)`, `df.resid` (`REML` alone for a REML fit)}
#'   \item{optimization}{list: `optimizer`, `evaluations` of the criterion, `converged` (`NA`:
#'   evaluated at given parameters), `parameters` (of each diagonal entry of theta: `"free"`,
#'   `"zero"` or `"undetermined"`) and the `certificate` of convergence: what one more Newton step
#'   would gain (`predicted_decrease`, in deviance), the smallest eigenvalue of the Hessian scaled
#'   to unit diagonal (`smallest_curvature`), the smallest eigenvalue per level of the score for a
#'   singular covariance matrix (`smallest_score`; not negative at a minimum) and what leaving the
#'   boundary would gain by Fisher scoring (`boundary_gain`, in deviance), the `rounding` of the
#'   criterion,
#'   names of the numbers that `failed` to be those of a minimum, positions in theta that the data
#'   say nothing about (`undetermined`), and which `hessian` was used. `NULL` for
#'   `optimizer = "none"`}
#'   \item{call, formula, ddf, correlation, notes}{as in the fit; what printing needs}
#'   }
#' @section Variances that the data do not determine: Standard errors and tests that depend on them
#'   are `NA`, and a note says why; see [lmm()].
#' @section A variance estimated as zero: Satterthwaite's degrees of freedom, as lmerTest has them,
#'   take it for known, and a note says so. They jump there: in a balanced one-way layout of 8
#'   groups with 48 observations the mean has 7 degrees of freedom for every positive variance, and
#'   47 at zero. `"expected"` and `"Kenward-Roger"` give 7 on both sides.
#' @section Degrees of freedom that cannot be computed: The summary then has t values only, and a
#'   note says why; with `ddf` given, it is an error.
#' @section Errors: `henderson_error_argument` for a malformed argument, and for Kenward and Roger's
#'   method on a fit by maximum likelihood. With `ddf` given, `henderson_error_data` for a fit that
#'   does not hold its model frame, `henderson_error_unsupported` where the method would cost too
#'   much.
#' @seealso [anova()][anova.henderson_lmm] for tests of terms, [contrast_test()] for those of
#'   contrasts and for confidence intervals.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' summary(fit)
#' print(summary(fit), digits = 3, correlation = FALSE, comp = "Std.Dev.")
#' coef(summary(fit))
#' coef(summary(fit, ddf = "Kenward-Roger"))
#' coef(summary(fit, vcov = "CR2"))
#' @importFrom rlang %||%
#' @export
summary.henderson_lmm <- function(object, correlation = NULL, ddf = "Satterthwaite",
                                  vcov = "model", cluster = NULL, ...) {
  check_no_dots(...)
  if (!is.null(correlation)) check_flag(correlation)
  method <- test_method(object, ddf, vcov, cluster, given = !missing(ddf))
  tests <- coefficient_tests(object, method, required = !missing(ddf) || vcov != "model")
  structure(
    list(
      call = object$call, formula = object$parsed$formula, REML = object$REML,
      constraints = object$constraints,
      criterion = object$criterion, AICtab = summary_criteria(object),
      residuals = if (is.null(object$summed)) scaled_residuals(object),
      varcor = VarCorr.henderson_fit(object), sigma = object$sigma,
      n = nobs.henderson_fit(object), ngrps = n_groups(object),
      coefficients = tests$table, vcov = known_covariance(object, tests$covariance),
      ddf = tests$ddf, correlation = correlation, notes = c(fit_notes(object), tests$notes),
      optimization = c(
        object$optimization[c("optimizer", "evaluations", "converged", "certificate")],
        list(parameters = c(diagonal_states(object), rep("free", length(object$residual$phi))))
      )
    ),
    class = "summary.henderson_lmm"
  )
}

summary_criteria <- function(fit) {
  if (fit$REML) c(REML = fit$criterion) else information_criteria(fit)
}

#' t tests of the coefficients
#'
#' @param required logical: is it an error if degrees of freedom cannot be computed? Otherwise
#'   there are t values only, and a note.
#' @return list(`table`, `covariance`, `ddf` (the method that was used), `notes`).
#' @noRd
coefficient_tests <- function(fit, ddf, required) {
  tests <- function(ddf) {
    table <- t_tests(fit, diag(length(fit$beta)), ddf)
    rownames(table) <- names(fit$beta)
    list(
      table = table, covariance = contrast_covariance(fit, ddf), ddf = ddf,
      notes = if (nrow(table) > 0L) c(zero_variance_note(fit, ddf), no_optimum_note(fit, ddf))
    )
  }
  if (required) {
    return(tests(ddf))
  }
  tryCatch(tests(ddf), henderson_error = function(condition) {
    result <- tests("none")
    # bullets continue the sentence
    reason <- gsub("\n\\S+ ", " ", conditionMessage(condition))
    result$notes <- paste0("no degrees of freedom (ddf = \"", ddf, "\"): ", reason)
    result
  })
}

#' @rdname summary.henderson_lmm
#' @export
print.summary.henderson_lmm <- function(x, digits = max(3L, getOption("digits") - 3L),
                                        correlation = NULL,
                                        signif.stars = getOption("show.signif.stars"),
                                        comp = c("Variance", "Std.Dev."), ranef.comp = comp, ...) {
  check_print_dots(...)
  write_lines(format.summary.henderson_lmm(x, digits, correlation, signif.stars, comp, ranef.comp))
  invisible(x)
}

#' @rdname summary.henderson_lmm
#' @export
format.summary.henderson_lmm <- function(x, digits = max(3L, getOption("digits") - 3L),
                                         correlation = NULL,
                                         signif.stars = getOption("show.signif.stars"),
                                         comp = c("Variance", "Std.Dev."), ranef.comp = comp,
                                         ...) {
  check_no_dots(...)
  check_digits(digits)
  check_flag(signif.stars, null_ok = TRUE)
  check_flag(correlation, null_ok = TRUE)
  c(
    summary_header(x), "", summary_criterion_lines(x, digits),
    if (!is.null(x$residuals)) c("", "Scaled residuals:", quantile_lines(x$residuals, digits)),
    "", "Random effects:", varcorr_lines(x$varcor, digits, ranef.comp),
    counts_line(x$n, x$ngrps),
    "", "Fixed effects:", coefficient_lines(x$coefficients, digits, signif.stars),
    correlation_lines(x$vcov, correlation %||% x$correlation),
    certificate_lines(x$optimization),
    note_lines(x$notes)
  )
}

# The fit's header, its title followed by the method of the tests.
summary_header <- function(x) {
  lines <- header_lines(x)
  if (x$ddf != "none" && nrow(x$coefficients) > 0L) {
    lines[1L] <- paste0(lines[1L], "; t tests by ", ddf_title(x$ddf))
  }
  lines
}

# "Convergence: a minimum after 6 evaluations: one more step would gain 4e-18". Numbers that are
# those of a minimum are left to the certificate; `fit_notes()` say why there is none.
certificate_lines <- function(optimization) {
  certificate <- optimization$certificate
  if (is.null(certificate)) {
    given <- "Evaluated at given variance parameters; no minimum was searched for"
    return(if (optimization$optimizer == "none") c("", given))
  }
  line <- paste0("Convergence: ", convergence_words(optimization), evidence_words(optimization))
  c("", strwrap(line, width = getOption("width") + 1L, exdent = 2L))
}

# "a minimum after 6 evaluations".
convergence_words <- function(optimization) {
  verdict <- if (optimization$converged) reached_words(optimization) else "not reached"
  count <- optimization$evaluations
  paste(verdict, "after", count, ngettext(count, "evaluation", "evaluations"))
}

# What the certificate shows: second derivatives that are exact and positive, or less. Between
# -1e-6 and 1e-6 they are flat (`Certificate::failed()` in the core).
reached_words <- function(optimization) {
  certificate <- optimization$certificate
  parameters <- optimization$parameters
  if (!any(parameters %in% c("free", "zero"))) {
    return("nothing to search for")
  }
  free <- any(parameters == "free")
  proven <- certificate$hessian == "exact" && certificate$smallest_curvature > 1e-6
  paste0(
    if (free && !proven) "stationary" else "a minimum",
    if ("zero" %in% parameters) " on the boundary"
  )
}

evidence_words <- function(optimization) {
  certificate <- optimization$certificate
  number <- function(x) format(signif(x, 2L))
  gain <- paste0(": one more step would gain ", number(certificate$predicted_decrease))
  if (!optimization$converged) {
    failed <- certificate$failed
    return(paste0(
      gain,
      if ("smallest_curvature" %in% failed) {
        paste0(", smallest curvature ", number(certificate$smallest_curvature))
      },
      if ("smallest_score" %in% failed) {
        paste0(", boundary score ", number(certificate$smallest_score))
      }
    ))
  }
  paste0(
    if (any(optimization$parameters == "free")) gain,
    if (isTRUE(certificate$rounding > 1e-6)) {
      paste0("; the criterion is rounded by ", number(certificate$rounding))
    }
  )
}

# Of each diagonal entry of theta: "free", "zero" (on the boundary) or "undetermined", as the
# certificate takes them. Entries beside a zero on the diagonal are zero too.
diagonal_states <- function(fit) {
  states <- ifelse(fit$theta == 0, "zero", "free")
  states[fit$optimization$certificate$undetermined] <- "undetermined"
  unname(states[is_deviation(fit$random)])
}

summary_criterion_lines <- function(x, digits) {
  decimals <- max(1L, digits - 3L)
  if (!x$REML) {
    return(information_lines(x$AICtab, decimals))
  }
  paste("REML criterion:", formatC(x$criterion, digits = decimals, format = "f"))
}

coefficient_lines <- function(table, digits, signif.stars) {
  if (nrow(table) == 0L) {
    return("none")
  }
  with_p_values <- "Pr(>|t|)" %in% colnames(table)
  text_coefficients(table,
    digits = digits, signif.stars = signif.stars, has.Pvalue = with_p_values
  )
}

# Quantiles, rounded to `digits + 1` significant digits of the largest one, so that a median near
# zero does not lengthen all of them.
quantile_lines <- function(residuals, digits) {
  quantiles <- stats::quantile(residuals, names = FALSE, na.rm = TRUE)
  largest <- max(abs(quantiles))
  if (is.finite(largest) && largest > 0) {
    quantiles <- round(quantiles, max(0, round(digits + 1 - log10(largest))))
  }
  names <- c("Min", "1Q", "Median", "3Q", "Max")
  text_vector(stats::setNames(format(quantiles, digits = digits), names))
}

# Correlations of the fixed effects, lower triangle; for more than 12 coefficients only how to get
# them.
correlation_lines <- function(covariance, correlation) {
  size <- nrow(covariance)
  if (size < 2L || isFALSE(correlation)) {
    return(NULL)
  }
  if (is.null(correlation) && size > 12L) {
    return(c(
      "", paste("Correlations of the", size, "fixed effects are not shown (more than 12)."),
      "print(summary(fit), correlation = TRUE) shows them;",
      "vcov(fit, correlation = TRUE) returns them."
    ))
  }
  values <- covariance_to_correlation(covariance)
  cells <- matrix(formatC(values, digits = 3L, format = "f"), size)
  cells[!lower.tri(cells)] <- ""
  dimnames(cells) <- list(row_labels(rownames(values), size), short_names(rownames(values)))
  shown <- cells[-1L, -size, drop = FALSE]
  c("", "Correlation of fixed effects:", text_table(shown, align = "right"))
}

# Names of the rows, abbreviated to about 11 characters where the table would not fit the console.
row_labels <- function(names, size) {
  if (max(display_width(names)) + 7L * (size - 1L) <= getOption("width")) return(names)
  short_names(names, 11L)
}

# Column headings of about 6 characters. `abbreviate()` handles ASCII only; other names are cut.
short_names <- function(names, length = 6L) {
  ascii <- !grepl("[^ -~]", names)
  short <- names
  short[ascii] <- abbreviate(names[ascii], minlength = length)
  short[!ascii] <- substr(names[!ascii], 1L, length)
  unique_labels(short)
}
