# Markdown of report tables, as pandoc and GitHub read it.

# One string: heading, tables with captions (`captions`: instead of their own), notes.
report_markdown <- function(report, captions = NULL) {
  for (i in seq_along(captions)) {
    if (i <= length(report)) attr(report[[i]], "caption") <- captions[[i]]
  }
  heading <- attr(report, "heading")
  blocks <- c(
    if (length(heading) > 0L) heading_markdown(heading),
    vapply(report, pipe_table, ""),
    if (length(attr(report, "notes")) > 0L) notes_markdown(attr(report, "notes"))
  )
  paste(blocks, collapse = "\n\n")
}

# A paragraph, a line for each element.
heading_markdown <- function(heading) {
  labels <- names(heading) %||% rep("", length(heading))
  lines <- ifelse(nzchar(labels),
    paste0(escape_markdown(labels), ": ", code_span(heading)), escape_markdown(heading)
  )
  paste(lines, collapse = "\\\n")
}

notes_markdown <- function(notes) {
  paste("*Note.*", escape_markdown(note_sentences(notes)))
}

#' A pipe table
#'
#' Pandoc makes a table as wide as the page, with columns in proportion to the dashes, once a line
#' of it has more than 72 characters: cells are padded where that does not make the lines so long,
#' and dashes are in proportion to the cells where they are longer anyway.
#' @noRd
pipe_table <- function(table) {
  is_number <- is_number_column(table)
  cells <- as.matrix(table)
  cells[, !is_number] <- escape_markdown(cells[, !is_number])
  cells[, is_number] <- number_cells(cells[, is_number])
  cells <- rbind(header_cells(names(table)), cells)
  widths <- apply(cells, 2L, function(column) max(3L, display_width(column)))
  longest <- function(between) max(rowSums(nchar_matrix(cells))) + (ncol(cells) + 1L) * between
  padded <- sum(widths) + 3L * ncol(cells) + 1L <= 72L
  if (padded) {
    for (k in seq_along(widths)) {
      cells[, k] <- pad_text(cells[, k], if (is_number[k]) "right" else "left", widths[k])
    }
  } else if (longest(1L) <= 72L) {
    widths[] <- 3L
  }
  dashes <- strrep("-", widths - 1L)
  rule <- ifelse(is_number, paste0(dashes, ":"), paste0(":", dashes))
  space <- if (padded) " " else ""
  lines <- apply(rbind(cells[1L, ], rule, cells[-1L, , drop = FALSE]), 1L, function(row) {
    paste0("|", paste0(space, row, space, "|", collapse = ""))
  })
  caption <- attr(table, "caption")
  paste(c(lines, if (!is.null(caption)) c("", paste(":", escape_markdown(caption)))),
    collapse = "\n"
  )
}

nchar_matrix <- function(cells) matrix(nchar(cells), nrow(cells))

# Numbers, "< .001" and intervals, which are not to be broken over lines.
number_cells <- function(text) {
  text <- gsub("<", "\\<", gsub(" ", "\u00a0", text, fixed = TRUE), fixed = TRUE)
  with_minus(text)
}

# Symbols in italics, as they are printed.
header_cells <- function(names) {
  symbols <- c(
    t = "*t*", F = "*F*", p = "*p*", df = "*df*", "num. df" = "num. *df*",
    "den. df" = "den. *df*", Chisq = chi_squared_markdown(), "p (mixture)" = "*p* (mixture)",
    "-2 log L" = paste0(minus_markdown(), "2 log *L*")
  )
  known <- names %in% names(symbols)
  ifelse(known, symbols[names], escape_markdown(names))
}

# LaTeX has neither sign as a character; pages in HTML show formulas only with help from outside.
minus_markdown <- function() if (is_for_latex()) "\\textminus{}" else "\u2212"

chi_squared_markdown <- function() if (is_for_latex()) "$\\chi^2$" else "*\u03c7*\u00b2"

is_for_latex <- function() {
  isTRUE(getOption("knitr.in.progress")) && knitr::is_latex_output()
}

# Text in which nothing means anything to pandoc or GitHub. R Markdown takes `\[` for a formula.
escape_markdown <- function(text) {
  text <- gsub("[[:space:]]+", " ", as.character(text))
  text <- gsub("([`*_{}<>|~^$@#\"&])", "\r\\1", text)
  text <- gsub("\\", "&#92;", text, fixed = TRUE)
  text <- gsub("[", "&#91;", gsub("]", "&#93;", text, fixed = TRUE), fixed = TRUE)
  text <- gsub("\r", "\\", text, fixed = TRUE)
  # pandoc makes dashes and an ellipsis of them
  text <- gsub("-(?=-)", "\\\\-", text, perl = TRUE)
  gsub("...", "\\...", text, fixed = TRUE)
}

# The sign in front of numbers.
with_minus <- function(text) {
  sign <- gsub("\\", "\\\\", minus_markdown(), fixed = TRUE)
  gsub("(^|[\\[ \u00a0])-(?=[.,]?[0-9I])", paste0("\\1", sign), text, perl = TRUE)
}

# `text`, between more backticks than there are in it.
code_span <- function(text) {
  vapply(unname(text), function(one) {
    runs <- attr(gregexpr("`+", one)[[1L]], "match.length")
    fence <- strrep("`", max(0L, runs) + 1L)
    space <- if (grepl("^`|`$", one)) " " else ""
    paste0(fence, space, one, space, fence)
  }, "", USE.NAMES = FALSE)
}
