# Analysis of variance of one fit, likelihood-ratio tests of several.
#
# Notation: R, upper triangular with R'R = X'V^-1 X (relative to sigma^2); beta, the coefficients.

#' Analysis of variance
#'
#' One fit: a table of sequential sums of squares of the fixed effects. Several fits:
#' likelihood-ratio tests, each fit against the one with fewer parameters before it.
#'
#' @param object A fit by [lmm()].
#' @param ... More fits by [lmm()], or fits by [stats::lm()], on the same data; anything else is
#'   an error.
#' @param refit One logical: `TRUE` refits REML fits by maximum likelihood, with a message, before
#'   they are compared; `FALSE` compares restricted likelihoods, which needs the same fixed
#'   effects in all fits.
#' @param type One string, for one fit: `"I"`, sequential, is the only type until degrees of
#'   freedom exist.
#' @param ddf One string, for one fit: `"none"` (alias `"lme4"`) is the only choice until degrees
#'   of freedom exist.
#' @param model.names `NULL`, or one name for each fit, shown in the table.
#' @return A data frame of class `c("henderson_anova", "anova", "data.frame")`.
#'
#'   One fit: one row for each term of the fixed part, columns `npar` (coefficients), `Sum Sq` and
#'   `Mean Sq` (in units of \eqn{\sigma^2}; the sum of squares of the term's rows of \eqn{R
#'   \hat\beta}), `F value` (`Mean Sq` over \eqn{\hat\sigma^2}).
#'
#'   Several fits: rows in increasing order of parameters, columns `npar`, `AIC`, `BIC`, `logLik`,
#'   `-2*log(L)`, `Chisq`, `Df`, `Pr(>Chisq)`.
#' @section Errors: `henderson_error_data` for fits on different observations, responses or
#'   weights; `henderson_error_unsupported` for a `type` or `ddf` that does not exist yet;
#'   `henderson_error_argument` for anything malformed.
#' @section A variance on the boundary: the chi-squared distribution is conservative when the
#'   smaller model sets a variance to zero.
#' @source Bates, Maechler, Bolker and Walker (2015), *Journal of Statistical Software* 67(1),
#'   section 5.2.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' anova(fit)
#' anova(fit, lmm(Reaction ~ Days + (1 | Subject), sleepstudy))
#' @importFrom stats anova
#' @export
anova.henderson_lmm <- function(object, ..., refit = TRUE, type = "I", ddf = "none",
                                model.names = NULL) {
  check_anova_names(...)
  others <- list(...)
  check_flag(refit)
  if (length(others) == 0L) {
    check_anova_type(type)
    check_ddf(ddf)
    return(sequential_anova(object))
  }
  one_fit_only <- c(type = !missing(type), ddf = !missing(ddf))
  if (any(one_fit_only)) abort_one_fit_only(names(which(one_fit_only))[1L])
  fits <- c(list(object), others)
  check_comparable(fits)
  expressions <- as.list(substitute(list(object, ...)))[-1L]
  names(fits) <- model_labels(expressions, model.names)
  likelihood_ratio_table(ml_fits(fits, refit))
}

check_anova_type <- function(type) {
  if (is.numeric(type) && length(type) == 1L && type %in% 1:3) {
    type <- c("I", "II", "III")[type]
  }
  type <- check_choice(type, c("I", "II", "III"))
  if (type != "I") {
    abort(c(
      "{.code type = {.val {type}}} is not available yet.",
      "i" = "Use {.code type = \"I\"}, sequential sums of squares."
    ), kind = "unsupported", variable = "type", observed = type)
  }
}

# Sums of squares of the rows of R beta that belong to each term.
sequential_anova <- function(fit) {
  labels <- utf8_names(attr(fit$terms, "term.labels"))
  effects <- as.vector(fixed_cholesky(fit) %*% fit$beta)
  kept <- sort(unique(fit$assign[fit$assign > 0L]))
  rows <- split(seq_along(effects), factor(fit$assign, levels = kept))
  count <- lengths(rows, use.names = FALSE)
  sum_of_squares <- vapply(rows, function(row) sum(effects[row]^2), 0, USE.NAMES = FALSE)
  mean_square <- sum_of_squares / count
  table <- data.frame(
    count, sum_of_squares, mean_square, mean_square / fit$sigma^2,
    row.names = labels[kept]
  )
  names(table) <- c("npar", "Sum Sq", "Mean Sq", "F value")
  new_anova(table, "Analysis of Variance Table")
}

# Fits stand without names, so a name in `...` is a misspelt argument.
check_anova_names <- function(...) {
  named <- setdiff(...names(), c("", NA))
  if (length(named) == 0L) {
    return(invisible(NULL))
  }
  known <- c("refit", "type", "ddf", "model.names")
  abort(c("Unknown argument{?s} {.arg {named}}.", "i" = argument_hint(named[1L], known)),
    kind = "argument", variable = named[1L], observed = named
  )
}

abort_one_fit_only <- function(name) {
  abort("{.arg {name}} is for the table of one fit; several fits are compared by likelihood.",
    kind = "argument", variable = name
  )
}

# All fits are by lmm() or lm(), on the same observations.
check_comparable <- function(fits) {
  is_fit <- vapply(fits, function(fit) {
    inherits(fit, "henderson_lmm") || identical(class(fit), "lm")
  }, TRUE)
  if (!all(is_fit)) {
    culprit <- fits[[which(!is_fit)[1L]]]
    given <- describe_value(culprit)
    hint <- if (inherits(culprit, "lmerMod")) "{.fn as_lmm} turns a fit by lme4 into one."
    abort(c(
      "{.arg ...} must hold only fits by {.fn lmm} or {.fn lm}.",
      "x" = "It holds {given}.", "i" = hint
    ), kind = "argument", variable = "...", observed = class(culprit))
  }
  counts <- vapply(fits, nobs, 1)
  if (length(unique(counts)) > 1L) {
    abort(c(
      "The fits must be on the same observations.",
      "x" = "Their numbers of observations are {.val {counts}}."
    ), kind = "data", variable = "nobs", observed = counts)
  }
  check_same_values(lapply(fits, compared_response), "response")
  check_same_values(lapply(fits, compared_weights), "weights")
}

check_same_values <- function(values, what) {
  same <- vapply(values[-1L], function(one) isTRUE(all.equal(one, values[[1L]])), TRUE)
  if (!all(same)) {
    abort(c(
      "The fits must be on the same data.",
      "x" = "The {what} of fit {which(!same)[1L] + 1L} differs from that of the first fit."
    ), kind = "data", variable = what)
  }
}

compared_response <- function(fit) {
  if (inherits(fit, "lm")) {
    return(as.numeric(stats::model.response(stats::model.frame(fit))))
  }
  model_response(fit)
}

compared_weights <- function(fit) {
  as.numeric((if (inherits(fit, "lm")) fit$weights else fit$weights) %||% 1)
}

# One label for each fit: the caller's expression, or MODEL1, ... when that is not a short name.
model_labels <- function(expressions, model.names) {
  if (!is.null(model.names)) {
    count <- length(expressions)
    if (!is.character(model.names) || length(model.names) != count || anyDuplicated(model.names)) {
      abort("{.arg model.names} must hold {count} different strings, one for each fit.",
        kind = "argument", variable = "model.names", observed = model.names
      )
    }
    return(model.names)
  }
  text <- vapply(expressions, expression_text, "")
  if (any(nchar(text) > 30L) || anyDuplicated(text)) paste0("MODEL", seq_along(text)) else text
}

# REML fits refitted by maximum likelihood, in increasing order of parameters.
ml_fits <- function(fits, refit) {
  by_reml <- vapply(fits, function(fit) inherits(fit, "henderson_lmm") && fit$REML, TRUE)
  if (any(by_reml) && refit) {
    inform("Refitting {sum(by_reml)} fit{?s} by maximum likelihood, to compare likelihoods.",
      kind = "refit"
    )
    fits[by_reml] <- lapply(fits[by_reml], refit_ml)
  } else if (any(by_reml)) {
    check_same_fixed(fits, by_reml)
  }
  fits[order(vapply(fits, function(fit) attr(stats::logLik(fit), "df"), 1))]
}

# Restricted likelihoods are of contrasts of y that depend on X: they compare only with equal X.
check_same_fixed <- function(fits, by_reml) {
  columns <- lapply(fits, function(fit) {
    sort(names(if (inherits(fit, "lm")) stats::coef(fit) else fit$beta))
  })
  if (!all(by_reml) || length(unique(columns)) > 1L) {
    abort(c(
      "Restricted likelihoods compare only fits by REML with the same fixed effects.",
      "i" = "{.code refit = TRUE} compares by maximum likelihood."
    ), kind = "argument", variable = "refit")
  }
}

likelihood_ratio_table <- function(fits) {
  likelihoods <- lapply(fits, stats::logLik)
  value <- vapply(likelihoods, as.numeric, 0)
  parameters <- vapply(likelihoods, attr, 0, which = "df")
  chi_squared <- c(NA, pmax(0, 2 * diff(value)))
  degrees <- c(NA, diff(parameters))
  p_value <- stats::pchisq(chi_squared, degrees, lower.tail = FALSE)
  p_value[degrees %in% 0] <- NA
  table <- data.frame(
    parameters, vapply(likelihoods, stats::AIC, 0), vapply(likelihoods, stats::BIC, 0), value,
    -2 * value, chi_squared, degrees, p_value,
    row.names = names(fits)
  )
  names(table) <- c("npar", "AIC", "BIC", "logLik", "-2*log(L)", "Chisq", "Df", "Pr(>Chisq)")
  new_anova(table, comparison_heading(fits))
}

comparison_heading <- function(fits) {
  data <- unique(lapply(fits, function(fit) fit$call$data))
  data_line <- if (length(data) == 1L && is.language(data[[1L]])) {
    paste("Data:", expression_text(data[[1L]]))
  }
  formulas <- vapply(fits, function(fit) expression_text(stats::formula(fit)), "")
  c(data_line, "Models:", paste0(names(fits), ": ", formulas))
}

new_anova <- function(table, heading) {
  structure(table, heading = heading, class = c("henderson_anova", "anova", "data.frame"))
}

#' @export
print.henderson_anova <- function(x, digits = max(getOption("digits") - 2L, 3L), ...) {
  check_digits(digits)
  if (prints_well(c(rownames(x), attr(x, "heading")))) {
    return(NextMethod())
  }
  # printed by R with ASCII row names of equal width, in the place of which the true ones are put
  labels <- pad_text(c("", rownames(x)))
  stand_in <- structure(x, heading = NULL, class = c("anova", "data.frame"))
  rownames(stand_in) <- formatC(seq_len(nrow(x)), width = nchar(nrow(x)), flag = "0")
  lines <- utils::capture.output(print(stand_in, digits = digits, ...))
  rows <- seq_along(labels)
  lines[rows] <- paste0(labels, substring(lines[rows], nchar(nrow(x)) + 1L))
  write_lines(c(attr(x, "heading"), lines))
  invisible(x)
}
