# Tables of tests, any columns, as data frames of strings; and what a report is made of.

count_columns <- c("npar", "NumDF", "Df", "Eliminated")
df_columns <- c("DenDF", "df")
p_columns <- c("Pr(>F)", "Pr(>Chisq)", "Pr(Chi)", "Pr(>|t|)", "p value", "p_mixture")
two_decimals <- c(
  "AIC", "BIC", "logLik", "-2*log(L)", "Chisq", "LRT", "F value", "t value", "Statistic"
)

# Names of columns as they are read.
column_titles <- c(
  NumDF = "num. df", DenDF = "den. df", "F value" = "F", "t value" = "t", "Pr(>F)" = "p",
  "Pr(>Chisq)" = "p", "Pr(Chi)" = "p", "Pr(>|t|)" = "p", "p value" = "p",
  p_mixture = "p (mixture)", Df = "df", npar = "parameters", "-2*log(L)" = "-2 log L",
  Eliminated = "eliminated"
)

# Row names and columns of a table of tests as strings. The row of the fit itself has no test.
number_table <- function(x, first) {
  untested <- if (is.null(x$Df)) logical(nrow(x)) else is.na(x$Df)
  columns <- lapply(names(x), function(name) {
    text <- column_text(x, name)
    text[untested & is.na(x[[name]])] <- ""
    text
  })
  labels <- unname(column_titles[names(x)])
  table <- as.data.frame(c(list(rownames(x)), columns), optional = TRUE)
  names(table) <- c(first, ifelse(is.na(labels), names(x), labels))
  table
}

column_text <- function(x, name) {
  values <- x[[name]]
  if (is.logical(values)) return(ifelse(values, "yes", "no"))
  if (!is.numeric(values)) return(as.character(values))
  if (name %in% count_columns) return(fixed_text(values, 0L))
  if (name %in% df_columns) return(df_text(values))
  if (name %in% p_columns) return(p_text(values, smallest_resolved(x, name)))
  if (name %in% two_decimals) return(fixed_text(values, 2L))
  significant_text(values)
}

# What the p-values of a column resolve.
smallest_resolved <- function(x, name) {
  if (name == "p_mixture") return(smallest_p(x))
  replicates <- length(attr(x, "replicates"))
  if (replicates > 0L && "Bootstrap" %in% rownames(x)) {
    return(ifelse(rownames(x) == "Bootstrap", 1 / replicates, 0))
  }
  0
}

# Part of a table that has lost its columns.
plain_tables <- function(x) {
  table <- plain_data_frame(x)
  columns <- lapply(names(table), function(name) column_text(table, name))
  result <- as.data.frame(c(list(rownames(table)), columns), optional = TRUE)
  names(result) <- c(" ", names(table))
  new_report(list(with_caption(result, NULL)))
}

# `labels`: how many columns are in front of the numbers.
with_caption <- function(table, caption, labels = 1L) {
  rownames(table) <- NULL
  attr(table, "caption") <- caption
  attr(table, "labels") <- labels
  table
}

new_report <- function(tables, heading = NULL, notes = NULL) {
  structure(tables,
    heading = heading, notes = notes[nzchar(notes)], class = "henderson_report_tables"
  )
}

check_decimals <- function(digits, call = entry_frame()) {
  check_count(digits, "digits", max = 10, call = call)
}

#' @export
print.henderson_report_tables <- function(x, ...) {
  check_print_dots(...)
  heading <- attr(x, "heading")
  labels <- names(heading) %||% rep("", length(heading))
  write_lines(paste0(ifelse(nzchar(labels), paste0(labels, ": "), ""), heading))
  for (table in x) {
    caption <- attr(table, "caption")
    align <- ifelse(is_number_column(table), "right", "left")
    cells <- as.matrix(table)
    write_lines(c(
      if (!is.null(caption)) c("", caption),
      text_table(cells, align = align, row_names = NULL)
    ))
  }
  notes <- attr(x, "notes")
  if (length(notes) > 0L) write_lines(c("", fold_text(paste("Note:", note_sentences(notes)))))
  invisible(x)
}

note_sentences <- function(notes) {
  notes <- sub("^([a-z])(?=[a-z]+ [a-z])", "\\U\\1", notes, perl = TRUE)
  paste(ifelse(grepl("[.]$", notes), notes, paste0(notes, ".")), collapse = " ")
}

# Columns of numbers, of which some may be missing.
is_number_column <- function(table) {
  is_number <- vapply(table, function(cells) !any(cells %in% c("yes", "no")), TRUE)
  unname(is_number & seq_along(table) > attr(table, "labels"))
}
