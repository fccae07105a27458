# Tables and sentences of estimated marginal means and their comparisons, by package emmeans.

#' @rdname report_tables
#' @export
report_tables.emmGrid <- function(x, digits = 2L, ...) {
  check_no_dots(...)
  check_decimals(digits)
  shown <- summary(x)
  own <- emm_columns(x, shown)
  with_tests <- !is.null(own[["t value"]])
  table <- coefficient_table(own$labels[[1L]], own, own$level, digits, names(own$labels)[1L])
  if (is.null(own$lower)) table[[4L]] <- NULL
  more <- own$labels[-1L]
  table <- as.data.frame(c(table[1L], more, table[-1L]), optional = TRUE)
  if (with_tests && all(own$df == Inf)) names(table)[names(table) == "t"] <- "z"
  new_report(list(with_caption(table, NULL, labels = length(own$labels))),
    notes = trimws(attr(shown, "mesg"))
  )
}

#' @export
report_result.emmGrid <- function(x, which = NULL, digits = 2L, format = NULL, symbol = NULL, ...) {
  check_no_dots(...)
  with_tests <- "p.value" %in% names(summary(x))
  shown <- summary(x, infer = c(TRUE, with_tests))
  own <- emm_columns(x, shown)
  names <- do.call(paste, unname(own$labels))
  table <- as.data.frame(own[!names(own) %in% c("labels", "level")], optional = TRUE)
  table <- structure(table, row.names = make.unique(names), level = own$level)
  default <- if (with_tests) "estimate" else "mean"
  estimate_sentences(table, which, digits, format, symbol %||% default)
}

# Columns of a summary by emmeans under the names of coefficient_table(), those that there are:
# `labels` (list of character, the names of rows), `level` of limits, `Estimate` and others.
emm_columns <- function(x, shown) {
  limits <- grep("[.](CL|LCL|UCL|HPD)$", names(shown), value = TRUE)
  statistic <- intersect(c("t.ratio", "z.ratio"), names(shown))
  estimate <- attr(shown, "estName")
  numbers <- c(estimate, "SE", "df", "null", limits, statistic, "p.value")
  columns <- as.list(plain_data_frame(shown))
  own <- list(
    labels = lapply(columns[setdiff(names(columns), numbers)], as.character),
    level = x@misc$level %||% 0.95,
    Estimate = columns[[estimate]], "Std. Error" = columns$SE, df = columns$df
  )
  if (length(limits) == 2L) own[c("lower", "upper")] <- columns[limits]
  if (length(statistic) == 1L) {
    own[["t value"]] <- columns[[statistic]]
    own[["Pr(>|t|)"]] <- columns$p.value
  }
  own
}
