# Results as parts of a sentence: estimate, interval, test.

#' Results in a sentence
#'
#' Estimates with interval and test, test statistics, standard deviations and comparisons as text,
#' to be put into a sentence: `` `r report_result(fit, "Days")` `` in R Markdown and Quarto.
#'
#' @param x A fit by [lmm()] or its [summary()][summary.henderson_lmm] (coefficients), or what
#'   [contrast_test()], [variance_components()], [anova()][anova.henderson_lmm],
#'   [drop1()][drop1.henderson_lmm], [random_anova()], [random_structures()] or [bootstrap_test()]
#'   return; or estimated marginal means and contrasts of them by package emmeans, with the limits
#'   and p-values that emmeans adjusts.
#' @param which `NULL`, or names or numbers of rows of the table: coefficients, contrasts, terms,
#'   models. The rows of `variance_components()` are named as in its `vcov()`,
#'   `"Subject.(Intercept)"`, and `"Residual"`. `NULL`: all rows that have an estimate or a test.
#' @param digits One whole number: decimals of estimates and statistics. Estimates have more where
#'   their standard error would have fewer than two significant digits.
#' @param format One string. `"markdown"`: symbols in italics, and minus signs, as R Markdown and
#'   Quarto read them. `"plain"`: text. `NULL`, the default:
#'   `"markdown"` where knitr runs, `"plain"` elsewhere.
#' @param symbol `NULL`, or one string: what estimates are called, instead of `"b"` (coefficients),
#'   `"estimate"` (contrasts), `"SD"`, `"r"`, `"variance"`, `"covariance"` and others (variance
#'   components).
#' @param ddf,level For a fit: as for [contrast_test()].
#' @param ... Nothing; an argument that is not known is an error.
#' @return A character vector, named by the rows: for instance `"b = 10.47, 95% CI [7.21, 13.73],
#'   t(17) = 6.77, p < .001"`, `"F(1, 17) = 45.85, p < .001"`, `"SD = 24.74, 95% CI [15.58,
#'   39.28]"`, `"X^2(2) = 42.14, p < .001"` with the letter chi. A contrast with `rhs` other than
#'   0 says against which value it was tested. A p-value of a likelihood ratio that is not that
#'   of a chi-squared distribution says where it comes from. What is `NA` is said not to be
#'   available.
#' @inheritSection report_tables Numbers
#' @section Errors: `henderson_error_argument` for a malformed argument, a row that does not exist,
#'   or the row of the fit itself, which has no test.
#' @source American Psychological Association (2020), *Publication Manual*, 7th edition, section
#'   6.43 and table 6.5.
#' @seealso [report_tables()] for whole tables.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' report_result(fit, "Days")
#' report_result(contrast_test(fit, rbind("day 5" = c(1, 5)), joint = FALSE), symbol = "mean")
#' report_result(anova(fit), "Days")
#' report_result(variance_components(fit))
#' report_result(random_anova(fit))
#' @export
report_result <- function(x, which = NULL, digits = 2L, format = NULL, symbol = NULL, ...) {
  UseMethod("report_result")
}

#' @export
report_result.default <- function(x, which = NULL, digits = 2L, format = NULL, symbol = NULL,
                                  ...) {
  abort("There is nothing to report of {describe_value(x)}.",
    kind = "argument", variable = "x", observed = class(x)
  )
}

# ---- coefficients and contrasts ----

#' @rdname report_result
#' @export
report_result.henderson_lmm <- function(x, which = NULL, digits = 2L, format = NULL,
                                        symbol = NULL, ddf = "Satterthwaite", level = 0.95, ...) {
  check_no_dots(...)
  table <- contrast_test(x, ddf = ddf, level = level)
  estimate_sentences(table, which, digits, format, symbol %||% "b")
}

#' @export
report_result.summary.henderson_lmm <- function(x, which = NULL, digits = 2L, format = NULL,
                                                symbol = NULL, ...) {
  check_no_dots(...)
  table <- limits_of(as.data.frame(x$coefficients, optional = TRUE))
  estimate_sentences(table, which, digits, format, symbol %||% "b")
}

#' @export
report_result.henderson_contrasts <- function(x, which = NULL, digits = 2L, format = NULL,
                                              symbol = NULL, ...) {
  check_no_dots(...)
  if (!is_contrast_table(x)) abort_not_whole("contrast_test")
  estimate_sentences(x, which, digits, format, symbol %||% "estimate")
}

# `table`: as for coefficient_table(); attribute `level`.
estimate_sentences <- function(table, which, digits, format, symbol) {
  check_string(symbol)
  write <- writer(format)
  rows <- chosen_rows(which, rownames(table))
  level <- attr(table, "level") %||% 0.95
  check_decimals(digits)
  sentences <- vapply(rows, function(i) {
    row <- lapply(table, `[[`, i)
    estimate_sentence(row, level, digits, write, symbol)
  }, "")
  stats::setNames(sentences, rownames(table)[rows])
}

estimate_sentence <- function(row, level, digits, write, symbol) {
  se <- row[["Std. Error"]]
  decimals <- estimate_decimals(row$Estimate, se, digits)
  estimate <- write$equals(symbol, fixed_text(row$Estimate, decimals))
  if (is.na(se)) return(paste0(estimate, ", standard error not available"))
  with_df <- !is.null(row$df) && !is.na(row$df)
  interval <- if (with_df) {
    paste(percent_text(level), "CI", interval_text(row$lower, row$upper, decimals))
  } else {
    write$equals("SE", fixed_text(se, decimals))
  }
  value <- row[["t value"]]
  if (is.null(value)) return(write$text(paste(estimate, interval, sep = ", ")))
  statistic <- if (with_df && row$df == Inf) {
    write$equals("z", fixed_text(value, digits))
  } else {
    write$equals("t", fixed_text(value, digits), if (with_df) row$df)
  }
  p <- if (with_df) {
    write$p(row[["Pr(>|t|)"]])
  } else if (!is.null(row$df)) {
    "df and p not available"
  }
  # the statistic is that of the difference from this value
  tested <- row$Estimate - value * se
  against <- if (isTRUE(abs(tested) > 1e-8 * max(abs(row$Estimate), se))) {
    paste0("(tested against ", format(signif(tested, 8L)), ")")
  }
  write$text(paste(c(paste(c(estimate, interval, statistic, p), collapse = ", "), against),
    collapse = " "
  ))
}

# ---- variance components ----

#' @export
report_result.henderson_variance_components <- function(x, which = NULL, digits = 2L,
                                                        format = NULL, symbol = NULL, ...) {
  check_no_dots(...)
  check_decimals(digits)
  check_string(symbol, null_ok = TRUE)
  if (!is_whole_table(x, component_columns)) abort_not_whole("variance_components")
  write <- writer(format)
  names <- component_names(x)
  rows <- chosen_rows(which, names)
  level <- percent_text(attr(x, "level"))
  sentences <- vapply(rows, function(i) {
    is_covariance <- !is.na(x$var2[i])
    own <- component_symbols[[attr(x, "scale")]][1L + is_covariance]
    # a correlation is written as a p-value is
    bounded <- attr(x, "scale") == "sd" && is_covariance
    decimals <- if (bounded) digits else estimate_decimals(x$estimate[i], x$se[i], digits)
    number <- function(x, decimals) {
      text <- fixed_text(x, decimals)
      if (bounded) without_zero(text) else text
    }
    estimate <- write$equals(symbol %||% own, number(x$estimate[i], decimals))
    interval <- if (is.na(x$lower[i]) && is.na(x$upper[i])) {
      "no interval available"
    } else {
      paste(level, "CI", interval_text(x$lower[i], x$upper[i], decimals, number))
    }
    write$text(paste(estimate, interval, sep = ", "))
  }, "")
  stats::setNames(sentences, names[rows])
}

# Of variances, and of covariances.
component_symbols <- list(
  sd = c("SD", "r"), variance = c("variance", "covariance"),
  log_sd = c("log SD", "z"), theta = c("theta", "theta")
)

# ---- tests of terms and models ----

#' @export
report_result.henderson_anova <- function(x, which = NULL, digits = 2L, format = NULL,
                                          symbol = NULL, ...) {
  check_no_dots(...)
  check_decimals(digits)
  test_sentences(x, which, format, function(i, write) anova_sentence(x, i, digits, write))
}

#' @export
report_result.henderson_random_structures <- function(x, which = NULL, digits = 2L, format = NULL,
                                                      symbol = NULL, ...) {
  check_no_dots(...)
  check_decimals(digits)
  if (!is_whole_table(x, structure_columns)) abort_not_whole("random_structures")
  test_sentences(x, which, format, function(i, write) {
    chi_squared_sentence(x$LRT[i], x$Df[i], x[["Pr(>Chisq)"]][i], digits, write)
  })
}

# `sentence(i, write)`: that of row i.
test_sentences <- function(x, which, format, sentence) {
  write <- writer(format)
  has_test <- if (is.null(x$Df)) rep(TRUE, nrow(x)) else !is.na(x$Df) | is_bootstrap_row(x)
  rows <- if (is.null(which)) which(has_test) else chosen_rows(which, rownames(x))
  if (!all(has_test[rows])) {
    name <- rownames(x)[rows][!has_test[rows]][1L]
    abort(c(
      "The row {.val {name}} has no test.",
      "i" = "Rows with a test are {.val {rownames(x)[has_test]}}."
    ), kind = "argument", variable = "which", observed = name)
  }
  sentences <- vapply(rows, function(i) write$text(sentence(i, write)), "")
  stats::setNames(sentences, rownames(x)[rows])
}

is_bootstrap_row <- function(x) rownames(x) == "Bootstrap" & !is.null(attr(x, "replicates"))

anova_sentence <- function(x, i, digits, write) {
  row <- lapply(x, `[[`, i)
  if (!is.null(row[["F value"]])) return(f_sentence(row, digits, write))
  p_column <- intersect(c("p_mixture", "Pr(>Chisq)", "Pr(Chi)", "p value"), names(row))[1L]
  if (is.na(p_column)) {
    abort("The table has no tests.", kind = "argument", variable = "x", observed = names(x))
  }
  statistic <- unlist(row[c("Chisq", "LRT", "Statistic")])[[1L]]
  p <- row[[p_column]]
  how <- if (is_bootstrap_row(x)[i]) {
    paste0("parametric bootstrap, ", length(attr(x, "replicates")), " replicates")
  } else if (p_column == "p_mixture") {
    reference <- attr(x, "reference")[rownames(x)[i]]
    if (is.na(reference) || is.null(reference)) {
      "allowing for the boundary"
    } else {
      boundary_words(reference, attr(x, "nsim"))
    }
  }
  if (is.null(how)) return(chi_squared_sentence(statistic, row$Df, p, digits, write))
  smallest <- smallest_resolved(x, p_column)
  smallest <- rep_len(smallest, nrow(x))[i]
  paste0(
    "likelihood ratio = ", fixed_text(statistic, digits), ", ",
    if (is.na(p)) "not tested" else paste0(write$p(p, smallest), " (", how, ")")
  )
}

f_sentence <- function(row, digits, write) {
  if (is.na(row[["F value"]])) return("F not available")
  degrees <- c(row$NumDF, row$DenDF)
  known <- length(degrees) == 2L && !anyNA(degrees)
  statistic <- write$equals("F", fixed_text(row[["F value"]], digits), if (known) degrees)
  p <- row[["Pr(>F)"]]
  if (is.null(p)) return(statistic)
  paste(statistic, if (is.na(p)) "p not available" else write$p(p), sep = ", ")
}

chi_squared_sentence <- function(statistic, df, p, digits, write) {
  if (is.na(p)) return("not tested")
  paste(write$equals("chi", fixed_text(statistic, digits), df), write$p(p), sep = ", ")
}

# ---- how it is written ----

#' @return list of functions: `equals(symbol, value, df)`, `p(p, smallest)`, and `text(text)`, which
#'   finishes a sentence.
#' @noRd
writer <- function(format) {
  format <- format %||% if (isTRUE(getOption("knitr.in.progress"))) "markdown" else "plain"
  format <- check_choice(format, c("markdown", "plain"))
  is_markdown <- format == "markdown"
  in_italics <- function(symbol) {
    if (symbol == "chi") return(if (is_markdown) chi_squared_markdown() else "\u03c7\u00b2")
    if (is_markdown) paste0("*", escape_markdown(symbol), "*") else symbol
  }
  list(
    equals = function(symbol, value, df = NULL) {
      degrees <- if (!is.null(df)) {
        paste0("(", paste(df_text(df), collapse = list_separator()), ")")
      }
      paste0(in_italics(symbol), degrees, " = ", value)
    },
    p = function(p, smallest = 0) paste(in_italics("p"), with_relation(p_text(p, smallest))),
    text = function(text) if (is_markdown) with_minus(text) else text
  )
}

# ---- rows ----

#' @param which NULL (all), names or numbers of rows.
#' @return integer positions.
#' @noRd
chosen_rows <- function(which, names, call = entry_frame()) {
  if (is.null(which)) return(seq_along(names))
  if (is.character(which) && !anyNA(which)) {
    at <- match(utf8_names(which), names)
    unknown <- which[is.na(at)]
    if (length(unknown) == 0L) return(at)
    hint <- suggestion(unknown[1L], names) %||% "Rows are {.val {names}}."
    abort(c("{.arg which} has names of no row: {.val {unknown}}.", "i" = hint),
      kind = "argument", variable = "which", observed = unknown, call = call
    )
  }
  if (is.numeric(which) && !anyNA(which) && all(which %in% seq_along(names))) {
    return(as.integer(which))
  }
  abort_argument(
    which, "which", paste("NULL, names, or numbers between 1 and", length(names)), "argument", call
  )
}

abort_not_whole <- function(origin) {
  abort("{.arg x} lacks columns that {.fn {origin}} gives.", kind = "argument", variable = "x")
}
