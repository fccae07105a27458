# Data that come in pieces: where they come from, one data frame after the other.

#' Data in pieces
#'
#' A description of data that are read piece by piece, for `lmm(formula, chunks(...))` and
#' [cross_products()]: no more than one piece is in memory at a time.
#'
#' @param source One of:
#'   \describe{
#'   \item{a function}{`source(i)` gives the i-th data frame, and `NULL` after the last one; it may
#'     be called more than once for the same `i`.}
#'   \item{a list of data frames}{}
#'   \item{paths of files}{a character vector: CSV files with a header, read `size` rows at a time,
#'     or parquet files (package nanoparquet), read one at a time.}
#'   \item{a DBI connection}{with `query`: the rows of the query, fetched `size` at a time.}
#'   \item{a table of a database}{`dplyr::tbl(con, "name")`, also filtered or joined: its rows are
#'     fetched, `size` at a time, also where `lmm()` would have the database add them up.}
#'   }
#' @param size One whole number: rows of a piece of a file or query.
#' @param query One string, for a DBI connection: `"SELECT y, x, g FROM t"`.
#' @param ... For CSV files arguments of [utils::read.csv()], such as `colClasses`, which saves
#'   reading the first piece twice and makes sure of types.
#' @return An object of class `henderson_chunks`.
#' @section What must be so: every piece has the same columns with the same types. Terms that depend
#'   on other rows than their own, such as `scale(x)` and `poly(x, 2)`, are refused in a model of
#'   more than one piece; `poly(x, 2, raw = TRUE)` is not.
#' @section Errors: `henderson_error_data` for a source that is none of these, and for pieces that
#'   do not agree.
#' @seealso [cross_products()]
#' @examples
#' halves <- split(sleepstudy, rep(1:2, each = 90))
#' lmm(Reaction ~ Days + (Days | Subject), chunks(halves))
#'
#' # from a function: here three pieces
#' piece <- function(i) if (i <= 3) sleepstudy[60 * (i - 1) + 1:60, ]
#' lmm(Reaction ~ Days + (Days | Subject), chunks(piece))
#' @export
chunks <- function(source, size = 1e6, query = NULL, ...) {
  check_supplied(source)
  check_count(size, "size", min = 1)
  open <- if (is.function(source)) {
    check_no_dots(...)
    function() pieces_of_function(source)
  } else if (is.list(source) && !is_lazy_table(source) && !is.data.frame(source) && !isS4(source)) {
    check_no_dots(...)
    pieces_must_be_frames(source)
    function() pieces_of_function(function(i) if (i <= length(source)) source[[i]])
  } else if (is.character(source)) {
    files_must_exist(source)
    files_must_differ(source)
    check_csv_arguments(list(...))
    function() pieces_of_files(source, size, list(...))
  } else if (inherits(source, "DBIConnection")) {
    check_no_dots(...)
    check_query(query)
    function() pieces_of_query(source, query, size)
  } else if (is_lazy_table(source)) {
    check_no_dots(...)
    table <- open_table(source)
    function() pieces_of_query(table$connection, table$query, size)
  } else {
    given <- describe_value(source)
    abort(c(
      "{.arg source} must be a function, a list of data frames, paths of files, a DBI connection or
       a table of a database, not {given}.",
      "i" = if (is.data.frame(source)) "A data frame is {.arg data} of {.fn lmm} as it is."
    ), kind = "data", variable = "source", observed = class(source))
  }
  structure(list(
    open = open, label = source_label(source, query), size = size,
    ordered = is_ordered(source, query),
    count = if (is.list(source) && !is_lazy_table(source)) length(source)
  ), class = "henderson_chunks")
}

# Do the rows come in the same order each time?
is_ordered <- function(source, query) {
  if (is.function(source) || is.character(source)) return(TRUE)
  if (inherits(source, "DBIConnection")) {
    return(grepl("\\border\\s+by\\b", query, ignore.case = TRUE))
  }
  is.list(source) && !is_lazy_table(source)
}

source_label <- function(source, query) {
  if (is.function(source)) return("a function")
  if (is.character(source)) {
    more <- length(source) - 1L
    return(paste0(source[1L], if (more > 0L) paste(" and", more, "more")))
  }
  if (is_lazy_table(source)) return("a table of a database")
  if (is.list(source)) return(paste(length(source), "data frames"))
  query
}

#' @export
print.henderson_chunks <- function(x, ...) {
  cat("Data in pieces, from ", x$label, "\n", sep = "")
  invisible(x)
}

pieces_must_be_frames <- function(source) {
  bad <- which(!vapply(source, is.data.frame, TRUE))
  if (length(source) > 0L && length(bad) == 0L) return(invisible(NULL))
  if (length(source) == 0L) {
    abort("{.arg source} is an empty list.", kind = "data", variable = "source", observed = 0L)
  }
  given <- describe_value(source[[bad[1L]]])
  abort("Element {bad[1L]} of {.arg source} must be a data frame, not {given}.",
    kind = "data", variable = "source", observed = class(source[[bad[1L]]])
  )
}

files_must_exist <- function(source) {
  missing <- source[is.na(source) | !file.exists(source) | dir.exists(source)]
  if (length(source) > 0L && length(missing) == 0L) return(invisible(NULL))
  if (length(source) == 0L) {
    abort("{.arg source} names no file.", kind = "data", variable = "source", observed = 0L)
  }
  abort("There is no file {.file {missing[1L]}}.",
    kind = "data", variable = "source", observed = missing
  )
}

# Rows must not count twice.
files_must_differ <- function(source) {
  twice <- source[duplicated(normalizePath(source))]
  if (length(twice) == 0L) return(invisible(NULL))
  abort("The file {.file {twice[1L]}} is there twice: its rows would count twice.",
    kind = "data", variable = "source", observed = twice
  )
}

check_csv_arguments <- function(given) {
  own <- c("header", "col.names", "row.names", "nrows", "check.names", "fileEncoding", "encoding")
  known <- setdiff(names(formals(utils::read.table)), c("file", own))
  bad <- setdiff(names(given), known)
  if (length(given) == 0L || (length(bad) == 0L && !is.null(names(given)))) {
    return(invisible(NULL))
  }
  abort(c("{.arg {bad}} cannot be given to {.fn chunks}.",
    "i" = "Of {.fn utils::read.csv} it takes {.arg {known}}."
  ), kind = "argument", variable = c(bad, "...")[1L])
}

check_query <- function(query) {
  if (is.character(query) && length(query) == 1L && !is.na(query)) return(invisible(NULL))
  given <- describe_value(query)
  abort("{.arg query} must be one string, the query whose rows are the data, not {given}.",
    kind = "data", variable = "query", observed = query
  )
}

# Each of these is a list of `read()`, the next data frame or NULL, and `close()`.

pieces_of_function <- function(source) {
  i <- 0L
  list(read = function() {
    i <<- i + 1L
    piece <- source(i)
    if (is.null(piece) || is.data.frame(piece)) return(piece)
    given <- describe_value(piece)
    abort("Piece {i} of the data must be a data frame, or NULL after the last one, not {given}.",
      kind = "data", variable = "source", observed = class(piece)
    )
  }, skip = function(n) i <<- i + as.integer(n), close = function() invisible(NULL))
}

pieces_of_files <- function(files, size, options) {
  at <- 0L
  current <- NULL
  list(read = function() {
    repeat {
      if (is.null(current)) {
        if (at == length(files)) return(NULL)
        at <<- at + 1L
        current <<- open_file(files[at], size, options)
      }
      piece <- current$read()
      if (!is.null(piece)) return(piece)
      current$close()
      current <<- NULL
    }
  }, close = function() {
    if (!is.null(current)) current$close()
    invisible(NULL)
  })
}

open_file <- function(file, size, options) {
  if (!grepl("[.]parquet$", file, ignore.case = TRUE)) return(open_csv(file, size, options))
  # by a name of our own: as a declared package it would have to be there in checks, and compiling
  # it takes longer than all of ours
  reader <- "nanoparquet"
  if (!requireNamespace(reader, quietly = TRUE)) {
    abort("Reading {.file {file}} needs the package {.pkg nanoparquet}.",
      kind = "data", variable = "source", observed = file
    )
  }
  done <- FALSE
  list(read = function() {
    if (done) return(NULL)
    done <<- TRUE
    as.data.frame(getExportedValue(reader, "read_parquet")(file))
  }, close = function() invisible(NULL))
}

# read.csv() of an open connection goes on where it stopped, also within quoted line ends. Later
# pieces are read as text and get the types of the first one.
open_csv <- function(file, size, options) {
  connection <- file(file, "r")
  header <- types <- NULL
  list(read = function() {
    piece <- tryCatch(
      read_csv_piece(connection, size, header, options),
      error = function(e) {
        if (!is.null(header) && grepl("no lines available", conditionMessage(e), fixed = TRUE)) {
          return(NULL)
        }
        reason <- conditionMessage(e)
        abort(c("{.file {file}} could not be read.", "x" = "{reason}"),
          kind = "data", variable = "source", observed = file
        )
      }
    )
    if (is.null(piece) || nrow(piece) == 0L) return(NULL)
    if (is.null(header)) {
      header <<- names(piece)
      types <<- vapply(piece, csv_type, "")
      return(piece)
    }
    for (name in names(piece)) {
      if (!is.character(piece[[name]])) next # of `colClasses`
      piece[[name]] <- as_csv_type(piece[[name]], types[[name]], name, file, options)
      if (types[[name]] == "missing") types[[name]] <<- csv_type(piece[[name]])
    }
    piece
  }, close = function() close(connection))
}

read_csv_piece <- function(connection, size, header, options) {
  given <- list(connection, nrows = size, check.names = FALSE)
  if (is.null(header)) return(do.call(utils::read.csv, c(given, options)))
  options$skip <- NULL
  classes <- rep("character", length(header))
  own <- options$colClasses
  options$colClasses <- NULL
  if (!is.null(own)) {
    if (is.null(names(own))) {
      own <- stats::setNames(rep_len(own, length(header)), header)
    }
    at <- match(names(own), header)
    classes[at[!is.na(at)]] <- ifelse(is.na(own), "character", own)[!is.na(at)]
  }
  given$header <- FALSE
  given$col.names <- header
  given$colClasses <- classes
  do.call(utils::read.csv, c(given, options))
}

csv_type <- function(x) {
  if (all(is.na(x))) return("missing")
  if (is.logical(x)) return("logical")
  if (is.numeric(x)) "number" else "text"
}

as_csv_type <- function(text, type, name, file, options) {
  if (type == "text") return(text)
  value <- utils::type.convert(text, as.is = TRUE, dec = options$dec %||% ".")
  found <- csv_type(value)
  if (type %in% c("missing", found)) return(value)
  if (found == "missing") return(as.numeric(value))
  numbers <- suppressWarnings(as.numeric(text))
  seen <- text[!is.na(text) & (type != "number" | is.na(numbers))][1L]
  abort(c(
    "{.var {name}} is a {type} in the first rows of {.file {file}}, and {.val {seen}} is none.",
    "i" = "Say what it is: {.code chunks(..., colClasses = c({name} = \"character\"))}."
  ), kind = "data", variable = name, observed = seen)
}

pieces_of_query <- function(connection, query, size) {
  if (inherits(connection, "PostgreSQLConnection")) {
    return(pieces_of_cursor(connection, query, size))
  }
  result <- DBI::dbSendQuery(connection, query)
  list(read = function() {
    if (DBI::dbHasCompleted(result)) return(NULL)
    piece <- withCallingHandlers(DBI::dbFetch(result, n = size), warning = refuse_mixed_types)
    if (nrow(piece) == 0L) NULL else piece
  }, close = function() DBI::dbClearResult(result))
}

# RPostgreSQL fetches all rows at once unless they are those of a cursor, which lives in a
# transaction.
pieces_of_cursor <- function(connection, query, size) {
  database <- database_of(connection)
  begun <- begin_snapshot(connection, database)
  run_statement(connection, paste("DECLARE henderson_rows NO SCROLL CURSOR FOR", query))
  list(read = function() {
    text <- format(size, scientific = FALSE)
    piece <- query_rows(connection, paste("FETCH", text, "FROM henderson_rows"))
    if (is.null(piece) || nrow(piece) == 0L) NULL else piece
  }, close = function() {
    # after an error the transaction is no longer able to
    try(run_statement(connection, if (begun) "ROLLBACK" else "CLOSE henderson_rows"), silent = TRUE)
  })
}
