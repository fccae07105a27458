# Text for the console: lines of aligned columns.
#
# R's own printing of a matrix misaligns names that the locale cannot represent: it reserves the
# width of two columns for an East Asian character and then writes `<U+5929>`. Here lines are
# built from the display width and written as UTF-8 where the locale has no encoding of its own
# (C, POSIX): terminals, files and containers of today read it. Elsewhere R translates them as
# usual.

# Writes lines to the console (and to sinks).
write_lines <- function(lines) {
  locale <- l10n_info()
  has_encoding <- locale[["UTF-8"]] || locale[["Latin-1"]] || locale[["MBCS"]]
  writeLines(enc2utf8(lines), useBytes = !has_encoding)
}

# Does R's own printing align these names? It does where the locale can represent them.
prints_well <- function(names) l10n_info()[["UTF-8"]] || !any(grepl("[^ -~]", names))

# Strings padded with spaces to a common display width (East Asian characters take two columns).
pad_text <- function(text, align = "left", width = max(display_width(text), 0L)) {
  space <- strrep(" ", pmax(0L, width - display_width(text)))
  if (align == "left") paste0(text, space) else paste0(space, text)
}

display_width <- function(text) nchar(text, type = "width")

# Lines of a character matrix with its column names, and row names when there are any. Columns
# that do not fit the console's width are continued below, as in R's printing of a matrix.
# `align`: "left" or "right", one for each column or for all; the row names are left-aligned.
text_table <- function(cells, align = "left", row_names = rownames(cells)) {
  align <- rep_len(align, ncol(cells))
  columns <- lapply(seq_len(ncol(cells)), function(k) {
    pad_text(c(colnames(cells)[k], cells[, k]), align[k])
  })
  label <- if (is.null(row_names)) rep("", nrow(cells) + 1L) else pad_text(c("", row_names))
  widths <- vapply(columns, function(column) display_width(column[1L]), 1L) + 1L
  room <- getOption("width") - display_width(label[1L])
  unlist(lapply(split(columns, fold_columns(widths, room)), function(part) {
    do.call(paste, c(list(label), part))
  }), use.names = FALSE)
}

# Which piece of a folded table each column belongs to: as many columns as fit `room`, at least
# one.
fold_columns <- function(widths, room) {
  piece <- integer(length(widths))
  current <- 1L
  used <- 0L
  for (k in seq_along(widths)) {
    if (used > 0L && used + widths[k] > room) {
      current <- current + 1L
      used <- 0L
    }
    piece[k] <- current
    used <- used + widths[k]
  }
  piece
}

# Lines of a named character vector, names above values, as R prints one.
text_vector <- function(values) {
  width <- max(display_width(names(values)), display_width(values))
  names <- pad_text(names(values), "right", width)
  values <- pad_text(values, "right", width)
  per_line <- max(1L, getOption("width") %/% (width + 1L))
  lines <- split(seq_along(values), (seq_along(values) - 1L) %/% per_line)
  unlist(lapply(lines, function(line) {
    c(paste(names[line], collapse = " "), paste(values[line], collapse = " "))
  }), use.names = FALSE)
}

# Lines of a data frame or matrix of numbers with row names.
text_numbers <- function(table, digits = NULL) {
  cells <- vapply(as.data.frame(table, optional = TRUE), function(column) {
    format(column, digits = digits)
  }, character(nrow(table)))
  cells <- matrix(cells, nrow(table), dimnames = list(rownames(table), colnames(table)))
  text_table(cells, align = "right")
}

# Lines that printCoefmat() writes, with row names aligned by display width.
text_coefficients <- function(table, ...) {
  text_rows(rownames(table) %||% rep("", nrow(table)), function(names) {
    rownames(table) <- names
    stats::printCoefmat(table, ...)
  })
}

# Lines that `print_rows(names)` prints. R aligns and folds stand-ins of ASCII characters, as wide
# as the names in the place of which the true ones are put.
text_rows <- function(labels, print_rows) {
  count <- length(labels)
  width <- max(display_width(labels), nchar(count))
  stand_ins <- formatC(seq_len(count), width = width, flag = "0", format = "d")
  lines <- utils::capture.output(print_rows(stand_ins))
  row <- match(substr(lines, 1L, width), stand_ins)
  found <- !is.na(row)
  labels <- pad_text(labels, width = width)
  lines[found] <- paste0(labels[row[found]], substring(lines[found], width + 1L))
  lines
}

# Lines of a sentence that fit the console, continued lines indented. It is broken at spaces, but
# not within "(1 | g)".
fold_text <- function(text, width = getOption("width")) {
  # parentheses that have a bar, and calls within them, or anything but a space
  word <- "(\\((?:[^()|]|\\([^()]*\\))*\\|(?:[^()]|\\([^()]*\\))*\\)|[^ ])+"
  words <- regmatches(text, gregexpr(word, text, perl = TRUE))
  unlist(lapply(words, function(words) {
    line <- fold_columns(display_width(words) + 1L, width - 1L)
    lines <- vapply(split(words, line), paste, "", collapse = " ", USE.NAMES = FALSE)
    paste0(rep(c("", "  "), c(1L, length(lines) - 1L)), lines)
  }))
}

# Headings of a table as they are, but its notes folded.
fold_notes <- function(heading) {
  unlist(lapply(heading, function(line) if (startsWith(line, "Note:")) fold_text(line) else line))
}

# ---- tables that are data frames ----

# Part of a table, what `[` gives: with all its columns it is such a table still, otherwise a plain
# data frame (or a vector).
table_part <- function(x, ...) {
  part <- plain_data_frame(x)[...]
  if (is.data.frame(part) && identical(names(part), names(x))) {
    own <- setdiff(names(attributes(x)), c("names", "row.names"))
    attributes(part)[own] <- attributes(x)[own]
  }
  part
}

plain_data_frame <- function(x) {
  attributes(x) <- attributes(x)[c("names", "row.names")]
  class(x) <- "data.frame"
  x
}

# Can a table be printed as such? Rows may have been taken away, columns removed or added.
is_whole_table <- function(x, columns) nrow(x) > 0L && identical(names(x), columns)

# ---- words and notes ----

# The first names of a long list.
list_some <- function(names, at_most = 5L) {
  if (length(names) > at_most) names <- c(names[seq_len(at_most)], "...")
  paste(names, collapse = ", ")
}

note_lines <- function(notes) {
  if (length(notes) > 0L) c("", fold_text(paste("Note:", notes)))
}

# "a, b and c".
and_list <- function(x) {
  if (length(x) < 2L) return(x)
  paste(paste(x[-length(x)], collapse = ", "), "and", x[length(x)])
}

# Prints a data frame with one row for each level, or a named vector, by R's own methods wherever
# these can write the names.
print_by_level <- function(x, digits = NULL, ...) {
  if (!is.null(digits)) check_digits(digits)
  names <- if (is.data.frame(x)) c(rownames(x), names(x)) else names(x)
  if (prints_well(names)) {
    print(x, digits = digits, ...)
  } else if (is.data.frame(x)) {
    write_lines(text_numbers(x, digits))
  } else {
    write_lines(text_vector(format(x, digits = digits)))
  }
}
