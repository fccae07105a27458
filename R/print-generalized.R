# Printing of fits by glmm(), and their summary.

#' Print and summarize a generalized model
#'
#' @param x,object A fit by [glmm()], or its summary.
#' @param correlation `NULL`, `TRUE` or `FALSE`: are correlations of the fixed effects printed? By
#'   default for up to 12 coefficients.
#' @param digits Number of significant digits.
#' @param signif.stars `TRUE`, `FALSE`: are p values marked by stars?
#' @param comp,ranef.comp "Variance", "Std.Dev." or both.
#' @param ... Nothing; an argument that is not known is an error.
#' @return `summary`: a list of class "summary.henderson_glmm" with `coefficients` (a matrix:
#'   estimate, standard error, z value, p value by the normal distribution), `varcor`, `AICtab`,
#'   `vcov`, `phi` and others. `print`: its argument, invisibly. `format`: the printed lines.
#' @examples
#' counts <- data.frame(herd = rep(1:15, each = 4), cases = rep(c(0, 1, 4, 2, 7, 3), 10))
#' fit <- glmm(cases ~ 1 + (1 | herd), counts, family = poisson)
#' coef(summary(fit))
#' @export
summary.henderson_glmm <- function(object, correlation = NULL, ...) {
  check_no_dots(...)
  if (!is.null(correlation)) check_flag(correlation)
  structure(
    list(
      call = object$call, formula = object$parsed$formula, family = object$family,
      phi = object$phi, criterion = object$criterion, AICtab = generalized_criteria(object),
      residuals = generalized_residuals(object, "pearson"), varcor = VarCorr.henderson_fit(object),
      n = object$n, ngrps = n_groups(object), coefficients = z_tests(object), vcov = object$vcov,
      correlation = correlation, notes = generalized_notes(object),
      optimization = c(
        object$optimization[c("optimizer", "evaluations", "converged", "certificate")],
        list(parameters = c(generalized_states(object), "free"))
      )
    ),
    class = "summary.henderson_glmm"
  )
}

generalized_criteria <- function(fit) {
  likelihood <- logLik.henderson_glmm(fit)
  c(
    AIC = stats::AIC(likelihood), BIC = stats::BIC(likelihood), logLik = as.numeric(likelihood),
    "-2*log(L)" = fit$criterion, df.resid = df.residual.henderson_fit(fit)
  )
}

# Of each standard deviation: "free" or "zero".
generalized_states <- function(fit) {
  unname(ifelse(fit$theta == 0, "zero", "free")[theta_lower(fit$random) == 0])
}

generalized_notes <- function(fit) {
  notes <- fit_notes(fit)
  if (isFALSE(fit$joint) && fit$optimization$optimizer != "none") {
    notes <- c(notes, paste(
      "the Hessian by all parameters is not positive definite: standard errors are those at the",
      "estimated covariances"
    ))
  }
  notes
}

#' @rdname summary.henderson_glmm
#' @export
print.henderson_glmm <- function(x, digits = max(3L, getOption("digits") - 3L),
                                 ranef.comp = "Std.Dev.", ...) {
  check_print_dots(...)
  write_lines(format.henderson_glmm(x, digits = digits, ranef.comp = ranef.comp))
  invisible(x)
}

#' @rdname summary.henderson_glmm
#' @export
format.henderson_glmm <- function(x, digits = max(3L, getOption("digits") - 3L),
                                  ranef.comp = "Std.Dev.", ...) {
  check_no_dots(...)
  check_digits(digits)
  c(
    generalized_header(x), information_lines(generalized_criteria(x), digits = 1L),
    "", "Random effects:", varcorr_lines(VarCorr.henderson_fit(x), digits, ranef.comp),
    counts_line(x$n, n_groups(x)), phi_line(x, digits),
    "", "Fixed effects:", estimate_lines(x$beta, digits),
    note_lines(generalized_notes(x))
  )
}

#' @rdname summary.henderson_glmm
#' @export
print.summary.henderson_glmm <- function(x, digits = max(3L, getOption("digits") - 3L),
                                         correlation = NULL,
                                         signif.stars = getOption("show.signif.stars"),
                                         comp = c("Variance", "Std.Dev."), ranef.comp = comp, ...) {
  check_print_dots(...)
  write_lines(format.summary.henderson_glmm(x, digits, correlation, signif.stars, comp, ranef.comp))
  invisible(x)
}

#' @rdname summary.henderson_glmm
#' @export
format.summary.henderson_glmm <- function(x, digits = max(3L, getOption("digits") - 3L),
                                          correlation = NULL,
                                          signif.stars = getOption("show.signif.stars"),
                                          comp = c("Variance", "Std.Dev."), ranef.comp = comp,
                                          ...) {
  check_no_dots(...)
  check_digits(digits)
  check_flag(signif.stars, null_ok = TRUE)
  check_flag(correlation, null_ok = TRUE)
  c(
    generalized_header(x), "", information_lines(x$AICtab, max(1L, digits - 3L)),
    "", "Pearson residuals:", quantile_lines(x$residuals, digits),
    "", "Random effects:", varcorr_lines(x$varcor, digits, ranef.comp),
    counts_line(x$n, x$ngrps), phi_line(x, digits),
    "", "Fixed effects:", z_lines(x$coefficients, digits, signif.stars),
    correlation_lines(x$vcov, correlation %||% x$correlation),
    certificate_lines(x$optimization),
    note_lines(x$notes)
  )
}

#' @rdname summary.henderson_glmm
#' @export
vcov.summary.henderson_glmm <- function(object, correlation = FALSE, ...) {
  check_no_dots(...)
  check_flag(correlation)
  if (correlation) covariance_to_correlation(object$vcov) else object$vcov
}

# Title, family, formula and arguments as in the call.
generalized_header <- function(x) {
  formula <- if (inherits(x, "henderson_fit")) x$parsed$formula else x$formula
  lines <- c(
    "Generalized linear mixed model fitted by maximum likelihood (Laplace approximation)",
    paste0("Family: ", x$family$name, " (", x$family$link, ")"), labelled_lines("Formula", formula)
  )
  for (argument in c("data", "subset", "weights", "offset", "relationship")) {
    value <- x$call[[argument]]
    if (is.language(value)) {
      label <- paste0(toupper(substr(argument, 1L, 1L)), substring(argument, 2L))
      lines <- c(lines, labelled_lines(label, value))
    }
  }
  lines
}

# "Dispersion: 0.0104"
phi_line <- function(x, digits) {
  if (is.null(x$phi)) return(NULL)
  name <- switch(x$family$phi, variance = "Residual variance", upper_first(x$family$phi))
  paste0(name, ": ", format(x$phi, digits = digits))
}

z_lines <- function(table, digits, signif.stars) {
  if (nrow(table) == 0L) return("none")
  text_coefficients(table, digits = digits, signif.stars = signif.stars, has.Pvalue = TRUE)
}
