# Cross-products in files, to be sent: what they are of is written in plain text at the beginning, a
# checksum of everything in the second line.

file_title <- "henderson cross-products"
file_version <- 1L

#' Write cross-products to a file, and read them
#'
#' For results of several sites that do not share rows: each sends one file, the fit of their sum is
#' that of all rows.
#'
#' @param x [cross_products()].
#' @param file Path. `write_cross_products()` writes another file first, reads it again and only
#'   then gives it this name: the file is there as a whole or not at all.
#' @param ... Not used.
#' @return `write_cross_products()`: `file`, invisibly. `read_cross_products()`: cross-products.
#' @section What is in the file: a title, the checksum of what follows (XXH128), and in plain text
#'   the format's version, formula, numbers of rows and left out rows, columns of X, grouping
#'   factors and their numbers of levels, and the smallest number of rows of a cell that was asked
#'   for (`min_count`); then the object as R serializes it. The environment of the formula is not
#'   written, but for single values and functions of one's own that the formula uses, nor the call's
#'   `data`: nothing but what [cross_products()] documents under "What they reveal".
#' @section Errors: `henderson_error_cross_products` for a file that was changed or cut off, is no
#'   such file, or has another version; `henderson_error_data` for one that cannot be written, as on
#'   a full disk. Read files only from whom you trust: R's serialized objects can hold functions.
#' @examples
#' model <- Reaction ~ Days + (Days | Subject)
#' files <- c(tempfile(), tempfile())
#' write_cross_products(cross_products(model, subset(sleepstudy, Days < 5)), files[1])
#' write_cross_products(cross_products(model, subset(sleepstudy, Days >= 5)), files[2])
#' readLines(files[1], n = 4, warn = FALSE)
#' # elsewhere
#' lmm(Reduce(`+`, lapply(files, read_cross_products)))
#' @export
write_cross_products <- function(x, file, ...) {
  check_no_dots(...)
  if (!inherits(x, "henderson_cross_products")) {
    given <- describe_value(x)
    abort("{.arg x} must be {.fn cross_products}, not {given}.",
      kind = "cross_products", variable = "x", observed = class(x)
    )
  }
  check_path(file)
  payload <- c(
    charToRaw(paste0(c(file_header(x), ""), "\n", collapse = "")),
    memCompress(serialize(sendable(x), NULL, version = 3L), "gzip")
  )
  write_whole(file, function(path) {
    writeBin(c(charToRaw(paste0(file_title, "\n", raw_hash(payload), "\n")), payload), path)
    tryCatch(read_payload(path), henderson_error = function(e) {
      stop("What was written cannot be read again.")
    })
  })
}

#' @rdname write_cross_products
#' @export
read_cross_products <- function(file, ...) {
  check_no_dots(...)
  check_path(file)
  if (!file.exists(file)) {
    abort("There is no file {.file {file}}.", kind = "data", variable = "file", observed = file)
  }
  payload <- read_payload(file)
  end <- grepRaw("\n\n", payload, fixed = TRUE)
  header <- strsplit(rawToChar(payload[seq_len(end - 1L)]), "\n", fixed = TRUE)[[1L]]
  check_version(header, file)
  x <- unserialize(memDecompress(payload[-seq_len(end + 1L)], "gzip"))
  if (!inherits(x, "henderson_cross_products")) refuse_file(file, "It holds another object.")
  check_format(x)
  x
}

check_path <- function(file) {
  if (is.character(file) && length(file) == 1L && !is.na(file)) return(invisible(NULL))
  given <- describe_value(file)
  abort("{.arg file} must be the path of a file, not {given}.",
    kind = "argument", variable = "file", observed = file
  )
}

file_header <- function(x) {
  groups <- vapply(x$random, `[[`, "", "group")
  levels <- vapply(x$random, function(term) length(term$levels), 0L)
  own <- !duplicated(groups)
  number <- function(value) format(value, scientific = FALSE, trim = TRUE)
  c(
    paste("version:", file_version), paste("formula:", expression_text(x$parsed$formula)),
    paste("rows:", number(x$sums$n)), paste("left out:", number(x$omitted)),
    paste("columns:", paste(x$columns, collapse = ", ")),
    paste("groups:", paste0(groups[own], " (", levels[own], ")", collapse = ", ")),
    paste("min_count:", x$min_count %||% "none"), paste("written by: henderson",
      utils::packageVersion("henderson"), "R", getRversion()
    )
  )
}

raw_hash <- function(bytes) {
  path <- tempfile()
  on.exit(unlink(path))
  writeBin(bytes, path)
  rlang::hash_file(path)
}

refuse_file <- function(file, reason) {
  abort(c("{.file {file}} cannot be used as cross-products.", "x" = reason,
    "i" = "Have it made and sent again."
  ), kind = "cross_products", variable = "file", observed = file)
}

# What follows the checksum, which it must have.
read_payload <- function(file) {
  bytes <- readBin(file, "raw", file.size(file))
  ends <- utils::head(which(bytes[seq_len(min(200L, length(bytes)))] == as.raw(10L)), 2L)
  title <- charToRaw(file_title)
  if (length(ends) < 2L || !identical(bytes[seq_along(title)], title)) {
    refuse_file(file, "It is no file of {.fn write_cross_products}, or was cut off.")
  }
  sum <- rawToChar(bytes[seq(ends[1L] + 1L, ends[2L] - 1L)])
  payload <- bytes[-seq_len(ends[2L])]
  if (!identical(sum, raw_hash(payload))) {
    refuse_file(file, "Its contents do not have its checksum: it was changed or cut off.")
  }
  payload
}

check_version <- function(header, file) {
  version <- sub("^version: ", "", header[1L])
  if (identical(version, as.character(file_version))) return(invisible(NULL))
  refuse_file(file, sprintf(
    "It has version %s of the format, and this is version %d.", gsub("[{}]", "", version),
    file_version
  ))
}

# --- what may leave ---

# Without environments, which may hold the data; the data's expression in the call may be the data.
sendable <- function(x) {
  home <- environment(x$parsed$formula)
  own <- new_home(x, home)
  x$call <- x$call[intersect(
    c("", "formula", "weights", "offset", "subset", "na.action"), names(x$call)
  )]
  x$call$formula <- formula_call(x$parsed$formula)
  moved <- rapply_environments(unclass(x), own)
  class(moved) <- class(x)
  moved
}

# The same object with another environment wherever one is an attribute or an environment of a
# formula.
rapply_environments <- function(x, own) {
  if (is.environment(x)) return(own)
  if (is.function(x)) {
    if (!is.primitive(x)) environment(x) <- own
    return(x)
  }
  given <- attributes(x)
  if (is.list(x)) {
    x <- lapply(x, rapply_environments, own)
    attributes(x) <- given
  }
  plain <- c("names", "class", "dim", "dimnames", "levels", "row.names")
  for (name in setdiff(names(given), plain)) {
    attr(x, name) <- rapply_environments(given[[name]], own)
  }
  x
}
