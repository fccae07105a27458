# Printing of a fit, and the pieces its summary shares: functions that return lines of text.

#' Print a fit
#'
#' The formula, the criterion, the standard deviations and correlations of the random effects, the
#' numbers of observations and groups and the fixed-effects estimates.
#'
#' @param x A fit by [lmm()].
#' @param digits One whole number: significant digits.
#' @param ranef.comp Character vector, `"Std.Dev."`, `"Variance"` or both: the columns shown for
#'   the random effects.
#' @param ... Nothing; an argument that is not known is an error.
#' @return `x`, invisibly. `format` gives a character vector with one element for each line.
#' @section Errors: class `henderson_error_argument` for a malformed argument.
#' @examples
#' lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' @export
print.henderson_lmm <- function(x, digits = max(3L, getOption("digits") - 3L),
                                ranef.comp = "Std.Dev.", ...) {
  check_print_dots(...)
  write_lines(format.henderson_lmm(x, digits = digits, ranef.comp = ranef.comp))
  invisible(x)
}

#' @rdname print.henderson_lmm
#' @export
format.henderson_lmm <- function(x, digits = max(3L, getOption("digits") - 3L),
                                 ranef.comp = "Std.Dev.", ...) {
  check_no_dots(...)
  check_digits(digits)
  c(
    header_lines(x), criterion_lines(x),
    "", "Random effects:", varcorr_lines(VarCorr.henderson_fit(x), digits, ranef.comp),
    counts_line(x$n, n_groups(x)),
    "", "Fixed effects:", estimate_lines(x$beta, digits),
    note_lines(fit_notes(x))
  )
}

criterion_lines <- function(fit) {
  if (!fit$REML) {
    return(information_lines(information_criteria(fit), digits = 1L))
  }
  paste("REML criterion:", format(round(fit$criterion, 3L), nsmall = 1L, digits = 12L))
}

estimate_lines <- function(beta, digits) {
  if (length(beta) == 0L) {
    return("none")
  }
  text_vector(stats::setNames(format(unname(beta), digits = digits), names(beta)))
}

#' Structure and fields of a fit
#'
#' `str()` shows one line for each field of a fit.
#'
#' @param object A fit by [lmm()].
#' @param max.level,give.attr,... As for [utils::str()].
#' @return `str`: nothing, invisibly. `.DollarNames`: character vector of names.
#' @examples
#' str(lmm(Reaction ~ Days + (Days | Subject), sleepstudy))
#' @importFrom utils str
#' @export
str.henderson_fit <- function(object, max.level = 1L, give.attr = FALSE, ...) {
  kind <- if (is.null(object$family)) "Linear" else "Generalized linear"
  cat(kind, " mixed model, class ", paste(class(object), collapse = "/"), "\n", sep = "")
  utils::str(unclass(object), max.level = max.level, give.attr = give.attr, ...)
}

# What is of use to a user, of the fields that `fit$` completes.
public_fields <- c(
  "call", "formula", "REML", "frame", "weights", "offset", "na.action", "n", "theta", "beta",
  "sigma", "phi", "family", "vcov", "criterion", "fitted", "dropped", "undetermined",
  "optimization", "control"
)

#' @param x A fit by [lmm()].
#' @param pattern One string: a regular expression.
#' @details Completion of `fit$` in the console and in editors offers the fields that are of use
#'   outside of the package; accessor functions and [component()] give these and more.
#' @rdname str.henderson_fit
#' @importFrom utils .DollarNames
#' @rawNamespace S3method(.DollarNames,henderson_fit)
.DollarNames.henderson_fit <- function(x, pattern = "") {
  grep(pattern, intersect(public_fields, names(x)), value = TRUE)
}

# Title, formula, data, weights and subset: as in the call. `x`: a fit or its summary.
header_lines <- function(x) {
  method <- if (x$REML) "REML" else "maximum likelihood"
  if (has_priors(x)) method <- paste0("penalized ", method, " (posterior mode)")
  formula <- if (inherits(x, "henderson_fit")) x$parsed$formula else x$formula
  lines <- c(paste("Linear mixed model fitted by", method), labelled_lines("Formula", formula))
  for (argument in c(
    "data", "subset", "weights", "offset", "relationship", "residual", "variance"
  )) {
    value <- x$call[[argument]]
    if (is.language(value)) {
      label <- paste0(toupper(substr(argument, 1L, 1L)), substring(argument, 2L))
      lines <- c(lines, labelled_lines(label, value))
    }
  }
  lines
}

# "Label: expression", continued over several lines if it is long.
labelled_lines <- function(label, expression) {
  text <- trimws(utf8_names(deparse(expression, width.cutoff = 70L)))
  count <- function(what) lengths(regmatches(text, gregexpr(what, text, fixed = TRUE)))
  is_formula <- is.call(expression) && identical(expression[[1L]], as.name("~"))
  if (is_formula && any(count("(") != count(")"))) {
    text <- fold_formula(paste(text, collapse = " "))
  }
  indent <- strrep(" ", nchar(label) + 2L)
  paste0(c(paste0(label, ": "), rep(indent, length(text) - 1L)), text)
}

# Lines of a long formula, broken after operators outside of parentheses only.
fold_formula <- function(text, width = 70L) {
  characters <- strsplit(text, "")[[1L]]
  depth <- cumsum((characters == "(") - (characters == ")"))
  ends <- which(depth == 0L & characters == " " & c("", characters[-length(characters)]) %in%
    c("+", "~", "-"))
  pieces <- substring(text, c(1L, ends + 1L), c(ends, nchar(text)))
  line <- fold_columns(display_width(pieces), width)
  trimws(vapply(split(pieces, line), paste, "", collapse = ""))
}

# AIC, BIC, logLik, -2*log(L) and residual degrees of freedom of a fit by maximum likelihood.
information_criteria <- function(fit) {
  likelihood <- logLik.henderson_lmm(fit)
  c(
    AIC = stats::AIC(likelihood), BIC = stats::BIC(likelihood), logLik = as.numeric(likelihood),
    "-2*log(L)" = fit$criterion, df.resid = df.residual.henderson_fit(fit)
  )
}

# `digits`: decimals.
information_lines <- function(values, digits) {
  criteria <- formatC(values[-5L], digits = digits, format = "f")
  text_vector(c(criteria, df.resid = formatC(values[[5L]], format = "d")))
}

# "Observations: 180; groups: Subject, 18"
counts_line <- function(n, groups) {
  if (length(groups) == 0L) return(paste0("Observations: ", n))
  counts <- paste0(names(groups), ", ", groups, collapse = "; ")
  paste0("Observations: ", n, "; groups: ", counts)
}
