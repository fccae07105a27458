# Methods of knitr's generic, registered when knitr is loaded: what a chunk shows of an object.

#' Results in R Markdown and Quarto documents
#'
#' Methods of `knitr::knit_print()` that show fits, summaries, tests and comparisons as tables. See
#' [report_tables()] for what is shown and for the chunk options.
#'
#' @param x An object that [report_tables()] has tables of.
#' @param options The chunk's options, given by knitr.
#' @param ... Given by knitr.
#' @return An object of knitr's class `knit_asis`, or, in a chunk with `henderson.print = "plain"`
#'   and in documents that are not Markdown, what `knitr::normal_print()` returns.
#' @section Errors: `henderson_error_argument` for a chunk option that is not one of those allowed.
#' @keywords internal
#' @name knit_print_support
NULL

knit_report <- function(x, options) {
  shown <- options$henderson.print %||% "table"
  check_choice(shown, c("table", "plain"), "henderson.print")
  if (shown == "plain" || !identical(knitr::opts_knit$get("out.format"), "markdown")) {
    return(knitr::normal_print(x))
  }
  digits <- options$henderson.digits %||% 2L
  check_count(digits, "henderson.digits", max = 10)
  tables <- if (inherits(x, "henderson_report_tables")) x else report_tables(x, digits = digits)
  text <- report_markdown(tables, options$tab.cap)
  knitr::asis_output(paste0("\n\n", text, "\n\n"))
}

#' @rdname knit_print_support
#' @exportS3Method knitr::knit_print
knit_print.henderson_lmm <- function(x, options = NULL, ...) knit_report(x, options)

#' @rdname knit_print_support
#' @exportS3Method knitr::knit_print
knit_print.summary.henderson_lmm <- function(x, options = NULL, ...) knit_report(x, options)

#' @rdname knit_print_support
#' @exportS3Method knitr::knit_print
knit_print.henderson_anova <- function(x, options = NULL, ...) knit_report(x, options)

#' @rdname knit_print_support
#' @exportS3Method knitr::knit_print
knit_print.henderson_random_structures <- function(x, options = NULL, ...) knit_report(x, options)

#' @rdname knit_print_support
#' @exportS3Method knitr::knit_print
knit_print.henderson_varcorr <- function(x, options = NULL, ...) knit_report(x, options)

#' @rdname knit_print_support
#' @exportS3Method knitr::knit_print
knit_print.henderson_contrasts <- function(x, options = NULL, ...) knit_report(x, options)

#' @rdname knit_print_support
#' @exportS3Method knitr::knit_print
knit_print.henderson_variance_components <- function(x, options = NULL, ...) knit_report(x, options)

#' @rdname knit_print_support
#' @exportS3Method knitr::knit_print
knit_print.henderson_reduction <- function(x, options = NULL, ...) knit_report(x, options)

#' @rdname knit_print_support
#' @exportS3Method knitr::knit_print
knit_print.henderson_r_squared <- function(x, options = NULL, ...) knit_report(x, options)

#' @rdname knit_print_support
#' @exportS3Method knitr::knit_print
knit_print.henderson_bootstrap <- function(x, options = NULL, ...) knit_report(x, options)

#' @rdname knit_print_support
#' @exportS3Method knitr::knit_print
knit_print.henderson_influence <- function(x, options = NULL, ...) knit_report(x, options)

#' @rdname knit_print_support
#' @exportS3Method knitr::knit_print
knit_print.henderson_report_tables <- function(x, options = NULL, ...) knit_report(x, options)
