# Tables of results as they stand in a report: data frames of strings, with captions, a heading
# above and notes below.

#' Tables for reports
#'
#' The tables that a fit, its summary, tests and comparisons are shown as in documents, as data
#' frames of strings for any package that makes tables of data frames.
#'
#' @param x A fit by [lmm()], or what [summary()][summary.henderson_lmm],
#'   [anova()][anova.henderson_lmm], [drop1()][drop1.henderson_lmm], [VarCorr()],
#'   [contrast_test()], [variance_components()], [random_anova()], [random_structures()],
#'   [reduce_terms()], [r_squared()], [bootstrap()], [bootstrap_test()] or
#'   [influence()][influence.henderson_lmm] return; or estimated marginal means and contrasts of
#'   them by package emmeans, which appear in documents as `report_tables(x)` only.
#' @param digits One whole number: the fewest decimals of estimates and their limits.
#' @param ... Nothing; an argument that is not known is an error.
#' @return A list of data frames, of class `henderson_report_tables`; each data frame has an
#'   attribute `caption`, the list attributes `heading` (character; those with a name are code)
#'   and `notes` (character). A fit and its summary have `fixed` and `random`. All columns are
#'   character: `knitr::kable(report_tables(x)[[1]])`, `gt::gt()` and whatever else takes data
#'   frames make tables of them. `as.data.frame()` gives one of them. For numbers to compute with,
#'   use the object itself, or `tidy()` (see [broom_support]).
#' @section Documents: In R Markdown and Quarto documents all of these objects are shown as such
#'   tables, by methods of `knitr::knit_print()`, which write Markdown that pandoc makes tables of
#'   in HTML, LaTeX, Word and GitHub Markdown. Two chunk options change that:
#'   \describe{
#'   \item{`henderson.print`}{`"table"`, the default, or `"plain"`: what the console shows. For a
#'   whole document, `knitr::opts_chunk$set(henderson.print = "plain")`. `print(x)` in a chunk, or
#'   knitr's own `render = knitr::normal_print`, does it too.}
#'   \item{`henderson.digits`}{`digits`, 2 by default.}
#'   }
#'   `tab.cap` replaces the captions, one after the other. Documents that are not Markdown (`.Rnw`)
#'   get what the console shows.
#' @section Numbers: Estimates have `digits` decimals, and more if their standard error has fewer
#'   than two significant digits with that; variances, standard deviations and sums of squares
#'   four significant digits; test statistics and likelihoods two decimals; degrees of freedom no
#'   decimals if they are whole, two below 10, otherwise one. p-values follow the rules of the
#'   APA: three decimals, no zero before the mark, `< .001` for smaller ones and `> .999` for
#'   larger ones that are not 1; simulated ones are no smaller than the simulation resolves.
#'   Intervals have level 95 %. The decimal mark is `getOption("OutDec")`. `NA` is what cannot be
#'   computed; notes say why.
#' @section Errors: `henderson_error_argument` for a malformed argument.
#' @source American Psychological Association (2020), *Publication Manual*, 7th edition, sections
#'   6.36 and 6.43 to 6.45.
#' @section Templates: `rmarkdown::draft("report.Rmd", template = "mixed-model", package =
#'   "henderson")` begins a report of a mixed model: design, model, checks, tests, variance
#'   components, means and pictures, on data that are replaced by one's own. For Quarto,
#'   `file.copy(system.file("quarto/mixed-model.qmd", package = "henderson"), "report.qmd")` does
#'   the same.
#' @seealso [report_result()] for numbers in a sentence.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' report_tables(summary(fit))
#' as.data.frame(report_tables(summary(fit)), which = "random")
#' report_tables(fit)$random
#' if (requireNamespace("knitr", quietly = TRUE)) {
#'   knitr::kable(as.data.frame(report_tables(anova(fit))), align = "lrrrrrr")
#' }
#' @export
report_tables <- function(x, digits = 2L, ...) {
  UseMethod("report_tables")
}

#' @param which One string or whole number: the name or number of a table; needed where there are
#'   several.
#' @param row.names,optional Not used.
#' @rdname report_tables
#' @export
as.data.frame.henderson_report_tables <- function(x, row.names = NULL, optional = FALSE, ...,
                                                  which = NULL) {
  check_no_dots(...)
  if (is.null(which) && length(x) == 1L) which <- 1L
  known <- length(which) == 1L && !is.na(which) &&
    (is.character(which) && which %in% names(x) || is.numeric(which) && which %in% seq_along(x))
  if (!known) {
    tables <- names(x) %||% seq_along(x)
    abort(c(
      "{.arg which} must choose one of the tables {.val {tables}}, not {describe_value(which)}.",
      "i" = "{.code as.data.frame(x, which = {deparse(tables[1L])})}"
    ), kind = "argument", variable = "which", observed = which)
  }
  x[[which]]
}

#' @export
report_tables.default <- function(x, digits = 2L, ...) {
  abort("There are no report tables of {describe_value(x)}.",
    kind = "argument", variable = "x", observed = class(x)
  )
}

# ---- fits ----

#' @export
report_tables.henderson_lmm <- function(x, digits = 2L, ...) {
  check_no_dots(...)
  check_decimals(digits)
  se <- sqrt(diag(known_covariance(x)))
  fixed <- data.frame(
    Term = names(x$beta), Estimate = estimate_text(x$beta, se, digits),
    `Std. Error` = estimate_text(se, se, digits), check.names = FALSE
  )
  fit_tables(x, fixed, "Fixed effects", VarCorr.henderson_fit(x), "Std.Dev.",
    notes = c(criterion_note(x, summary_criteria(x)), counts_line(x$n, n_groups(x)), fit_notes(x))
  )
}

#' @export
report_tables.summary.henderson_lmm <- function(x, digits = 2L, ...) {
  check_no_dots(...)
  check_decimals(digits)
  tests <- as.data.frame(x$coefficients, optional = TRUE)
  table <- limits_of(tests)
  fixed <- coefficient_table(rownames(x$coefficients), table, 0.95, digits)
  caption <- "Fixed effects"
  if (x$ddf != "none") caption <- paste0(caption, ", t tests by ", ddf_title(x$ddf))
  fit_tables(x, fixed, caption, x$varcor, c("Variance", "Std.Dev."),
    notes = c(
      criterion_note(x, x$AICtab), counts_line(x$n, x$ngrps),
      if (!is.null(x$optimization$certificate)) {
        paste("Convergence:", convergence_words(x$optimization))
      },
      x$notes
    )
  )
}

# `x`: a fit or its summary.
fit_tables <- function(x, fixed, caption, varcor, comp, notes) {
  if (nrow(fixed) == 0L) fixed <- NULL
  new_report(
    c(
      if (!is.null(fixed)) list(fixed = with_caption(fixed, caption)),
      list(random = varcor_table(varcor, comp))
    ),
    heading = fit_heading(x), notes = notes
  )
}

fit_heading <- function(x) {
  method <- if (x$REML) "REML" else "maximum likelihood"
  formula <- if (inherits(x, "henderson_fit")) x$parsed$formula else x$formula
  heading <- c(paste("Linear mixed model fitted by", method), Formula = expression_text(formula))
  for (argument in c(
    "data", "subset", "weights", "offset", "relationship", "residual", "variance"
  )) {
    value <- x$call[[argument]]
    if (is.language(value)) {
      label <- paste0(toupper(substr(argument, 1L, 1L)), substring(argument, 2L))
      heading[label] <- expression_text(value)
    }
  }
  heading
}

criterion_note <- function(x, criteria) {
  if (x$REML) return(paste("REML criterion:", fixed_text(criteria[["REML"]], 2L)))
  values <- c(fixed_text(criteria[-5L], 2L), df_text(criteria[[5L]]))
  paste(paste0(names(criteria), ": ", values), collapse = "; ")
}

varcor_table <- function(varcor, comp) {
  cells <- format.henderson_varcorr(varcor, 4L, comp, function(x, digits) significant_text(x))
  table <- as.data.frame(cells)
  names(table) <- colnames(cells)
  names(table)[1:2] <- c("Group", "Term")
  with_caption(table, "Random effects", labels = 2L)
}

# ---- tests of coefficients and contrasts ----

# `table`: columns Estimate, Std. Error and those that there are of df, t value, lower, upper,
# Pr(>|t|).
coefficient_table <- function(labels, table, level, digits, first = "Term") {
  decimals <- estimate_decimals(table$Estimate, table[["Std. Error"]], digits)
  result <- data.frame(labels, fixed_text(table$Estimate, decimals),
    fixed_text(table[["Std. Error"]], decimals)
  )
  names(result) <- c(first, "Estimate", "Std. Error")
  with_tests <- !is.null(table$df)
  if (with_tests) {
    name <- paste(percent_text(level), "CI")
    has_limits <- !is.null(table$lower)
    result[[name]] <- if (has_limits) interval_text(table$lower, table$upper, decimals) else ""
    result$df <- df_text(table$df)
  }
  if (!is.null(table[["t value"]])) result$t <- fixed_text(table[["t value"]], 2L)
  if (!is.null(table[["Pr(>|t|)"]])) result$p <- p_text(table[["Pr(>|t|)"]])
  result
}

# Adds confidence limits by the t distribution to a table of t tests.
limits_of <- function(table, level = 0.95) {
  if (is.null(table$df)) return(table)
  half <- stats::qt((1 + level) / 2, table$df) * table[["Std. Error"]]
  table$lower <- table$Estimate - half
  table$upper <- table$Estimate + half
  table
}

#' @export
report_tables.henderson_contrasts <- function(x, digits = 2L, ...) {
  check_no_dots(...)
  check_decimals(digits)
  if (!is_contrast_table(x)) return(plain_tables(x))
  heading <- split_heading(attr(x, "heading"))
  table <- coefficient_table(rownames(x), x, attr(x, "level") %||% 0.95, digits, "Contrast")
  new_report(list(with_caption(table, heading$caption)), notes = heading$notes)
}

#' @export
report_tables.henderson_variance_components <- function(x, digits = 2L, ...) {
  check_no_dots(...)
  check_decimals(digits)
  if (!is_whole_table(x, component_columns)) return(plain_tables(x))
  decimals <- estimate_decimals(x$estimate, x$se, digits)
  blank <- function(names) ifelse(is.na(names), "", names)
  table <- data.frame(
    Group = x$grp, Term = blank(x$var1), ` ` = blank(x$var2),
    Estimate = fixed_text(x$estimate, decimals), `Std. Error` = fixed_text(x$se, decimals),
    CI = interval_text(x$lower, x$upper, decimals), check.names = FALSE
  )
  names(table)[6L] <- paste(percent_text(attr(x, "level")), "CI")
  new_report(list(with_caption(table, component_titles[[attr(x, "scale")]], labels = 3L)))
}

#' @export
report_tables.henderson_varcorr <- function(x, digits = 2L, ...) {
  check_no_dots(...)
  new_report(list(varcor_table(x, c("Variance", "Std.Dev."))), notes = attr(x, "notes"))
}

# ---- analysis of variance, comparisons ----

#' @export
report_tables.henderson_anova <- function(x, digits = 2L, ...) {
  check_no_dots(...)
  if (nrow(x) == 0L) return(plain_tables(x))
  heading <- split_heading(attr(x, "heading"))
  is_comparison <- "logLik" %in% names(x) && !inherits(x, "henderson_random_anova")
  table <- number_table(x, if (is_comparison) "Model" else "Term")
  new_report(list(with_caption(table, heading$caption)),
    heading = heading$lines, notes = c(
      heading$notes, attr(x, "notes"), sub("^p_mixture", "p (mixture)", p_mixture_note(x))
    )
  )
}

# Lines above an anova table: the first is a title, unless there are models only; `label: formula`
# is code.
split_heading <- function(heading) {
  lines <- trimws(unlist(strsplit(as.character(heading), "\n")))
  lines <- lines[nzchar(lines)]
  is_note <- startsWith(lines, "Note: ")
  notes <- sub("^Note: ", "", lines[is_note])
  lines <- setdiff(lines[!is_note], c("Models:", "Model:"))
  is_code <- grepl("~", lines, fixed = TRUE) | startsWith(lines, "Data: ")
  caption <- if (length(lines) > 0L && !is_code[1L]) lines[1L]
  rest <- seq_along(lines) > length(caption)
  code <- lines[rest & is_code]
  # formulas have no name in the heading of a single model
  named <- grepl("^[^~(]*: ", code)
  labels <- ifelse(named, sub(": .*", "", code), "Model")
  code <- stats::setNames(ifelse(named, sub("^[^~(]*?: +", "", code, perl = TRUE), code), labels)
  list(
    caption = caption %||% "Comparison of models by likelihood ratio", lines = code,
    notes = c(lines[rest & !is_code], notes)
  )
}

#' @export
report_tables.henderson_random_structures <- function(x, digits = 2L, ...) {
  check_no_dots(...)
  if (!is_whole_table(x, structure_columns)) return(plain_tables(x))
  new_report(
    list(with_caption(number_table(x, "Random part"), "Candidate random parts")),
    heading = c("Fixed part" = attr(x, "fixed")), notes = attr(x, "notes")
  )
}

#' @export
report_tables.henderson_reduction <- function(x, digits = 2L, ...) {
  check_no_dots(...)
  parts <- Filter(Negate(is.null), unclass(x)[c("random", "fixed")])
  reports <- lapply(parts, report_tables)
  new_report(
    lapply(reports, `[[`, 1L),
    heading = c("Final model" = expression_text(stats::formula(x$fit))),
    notes = unique(unlist(lapply(reports, attr, "notes")))
  )
}

# ---- others ----

#' @export
report_tables.henderson_r_squared <- function(x, digits = 2L, ...) {
  check_no_dots(...)
  table <- data.frame(
    Marginal = fixed_text(x[["marginal"]], 3L), Conditional = fixed_text(x[["conditional"]], 3L)
  )
  new_report(list(with_caption(table, "R-squared", labels = 0L)))
}

#' @export
report_tables.henderson_bootstrap <- function(x, digits = 2L, ...) {
  check_no_dots(...)
  check_decimals(digits)
  error <- apply(x$t, 2L, stats::sd, na.rm = TRUE)
  decimals <- estimate_decimals(x$t0, error, digits)
  limits <- confint.henderson_bootstrap(x)
  table <- data.frame(
    Parameter = names(x$t0), Estimate = fixed_text(x$t0, decimals),
    Bias = fixed_text(colMeans(x$t, na.rm = TRUE) - x$t0, decimals),
    `Std. Error` = fixed_text(error, decimals),
    CI = interval_text(limits[, 1L], limits[, 2L], decimals), check.names = FALSE
  )
  names(table)[5L] <- "95% CI"
  new_report(list(with_caption(table, bootstrap_title(x))),
    notes = c(
      "Percentile limits",
      paste(trimws(c(bootstrap_counts(x), bootstrap_notes(x))), collapse = " ")
    )
  )
}

#' @export
report_tables.henderson_influence <- function(x, digits = 2L, ...) {
  check_no_dots(...)
  cells <- most_influential(x)
  columns <- lapply(colnames(cells), function(name) significant_text(cells[, name]))
  table <- as.data.frame(c(list(rownames(cells)), columns), optional = TRUE)
  names(table) <- c(if (x$groups == "case") "Row" else x$groups, colnames(cells))
  new_report(list(with_caption(table, influence_title(x))),
    notes = c(
      "The most influential; theta and joint are likelihood displacements", deletion_notes(x)
    )
  )
}
