# Printing of a fit, and the pieces its summary shares. Character matrices go through
# `print.default`, which knows the display width of every character (East Asian ones too) in the
# session's locale; padding them beforehand would misalign what a C locale writes as escapes.

#' Print a fit
#'
#' The formula, the criterion, the standard deviations and correlations of the random effects, the
#' numbers of observations and groups and the fixed-effects estimates.
#'
#' @param x A fit by [lmm()].
#' @param digits One whole number: significant digits.
#' @param ranef.comp Character vector, `"Std.Dev."`, `"Variance"` or both: the columns shown for
#'   the random effects.
#' @param ... Unused.
#' @return `x`, invisibly. `format` gives a character vector with one element for each line.
#' @section Errors: class `henderson_error_argument` for a malformed `ranef.comp`.
#' @examples
#' lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' @export
print.henderson_lmm <- function(x, digits = max(3L, getOption("digits") - 3L),
                                ranef.comp = "Std.Dev.", ...) {
  ranef.comp <- check_components(ranef.comp)
  cat_header(x)
  if (x$REML) {
    value <- format(round(x$criterion, 3L), nsmall = 1L, digits = 12L)
    cat("REML criterion: ", value, "\n", sep = "")
  } else {
    cat_information_criteria(information_criteria(x), digits = 4L)
  }
  cat("\nRandom effects:\n")
  print(VarCorr.henderson_fit(x), digits = digits, comp = ranef.comp)
  cat_counts(x$n, n_groups(x))
  cat("\nFixed effects:\n")
  if (length(x$beta) > 0L) {
    print(format(x$beta, digits = digits), quote = FALSE, right = TRUE)
  } else {
    cat("none\n")
  }
  cat_notes(fit_notes(x))
  invisible(x)
}

#' @rdname print.henderson_lmm
#' @export
format.henderson_lmm <- function(x, digits = max(3L, getOption("digits") - 3L), ...) {
  utils::capture.output(print(x, digits = digits, ...))
}

#' Structure of a fit in one line for each field
#'
#' @param object A fit by [lmm()].
#' @param max.level,give.attr,... As for [utils::str()].
#' @return Nothing, invisibly.
#' @examples
#' str(lmm(Reaction ~ Days + (Days | Subject), sleepstudy))
#' @importFrom utils str
#' @export
str.henderson_fit <- function(object, max.level = 1L, give.attr = FALSE, ...) {
  cat("Linear mixed model, class ", paste(class(object), collapse = "/"), "\n", sep = "")
  utils::str(unclass(object), max.level = max.level, give.attr = give.attr, ...)
}

# Title, formula, data, weights and subset: as in the call. `x`: a fit or its summary.
cat_header <- function(x) {
  method <- if (x$REML) "REML" else "maximum likelihood"
  cat("Linear mixed model fitted by ", method, "\n", sep = "")
  cat_labelled("Formula", x$formula)
  for (argument in c("data", "subset", "weights", "offset")) {
    value <- x$call[[argument]]
    if (is.language(value)) {
      label <- paste0(toupper(substr(argument, 1L, 1L)), substring(argument, 2L))
      cat_labelled(label, value)
    }
  }
}

# "Label: expression", continued over several lines if it is long.
cat_labelled <- function(label, expression) {
  text <- deparse(expression, width.cutoff = 70L)
  indent <- strrep(" ", nchar(label) + 2L)
  cat(paste0(c(paste0(label, ": "), rep(indent, length(text) - 1L)), text), sep = "\n")
}

# AIC, BIC, logLik, -2*log(L) and residual degrees of freedom of a fit by maximum likelihood.
information_criteria <- function(fit) {
  likelihood <- logLik.henderson_lmm(fit)
  c(
    AIC = stats::AIC(likelihood), BIC = stats::BIC(likelihood), logLik = as.numeric(likelihood),
    "-2*log(L)" = fit$criterion, df.resid = df.residual.henderson_fit(fit)
  )
}

cat_information_criteria <- function(values, digits) {
  criteria <- formatC(values[-5L], digits = max(1L, digits - 3L), format = "f")
  text <- c(criteria, formatC(values[5L], format = "d"))
  names(text) <- names(values)
  print(text, quote = FALSE, right = TRUE)
}

# "Observations: 180; groups: Subject, 18"
cat_counts <- function(n, groups) {
  counts <- paste0(names(groups), ", ", groups, collapse = "; ")
  cat("Observations: ", n, "; groups: ", counts, "\n", sep = "")
}

# Character matrix, no quotes, columns left-aligned.
print_text_matrix <- function(table) {
  print(unclass(table), quote = FALSE, right = FALSE)
}

# What a reader must know before using the numbers: character vector, one element for each note.
fit_notes <- function(fit) {
  notes <- character(0L)
  omitted <- length(fit$na.action)
  if (omitted > 0L) {
    notes <- paste(omitted, ngettext(omitted, "row", "rows"), "with missing values left out")
  }
  if (length(fit$dropped) > 0L) {
    notes <- c(notes, paste0(
      "the fixed-effects matrix does not have full rank: ", length(fit$dropped), " of ",
      length(fit$all_columns), " columns dropped (", list_some(fit$dropped), ")"
    ))
  }
  if (is_singular(fit)) {
    notes <- c(notes, "singular fit: a covariance matrix of the random effects is not of full rank")
  }
  if (isFALSE(fit$optimization$converged)) {
    reason <- fit$optimization$message %||% fit$optimization$status
    notes <- c(notes, paste("not converged:", reason))
  }
  notes
}

# The first names of a long list.
list_some <- function(names, at_most = 5L) {
  if (length(names) > at_most) names <- c(names[seq_len(at_most)], "...")
  paste(names, collapse = ", ")
}

cat_notes <- function(notes) {
  if (length(notes) > 0L) {
    cat("\n", paste0("Note: ", notes, "\n"), sep = "")
  }
}
