# What is by row, of data that are read again piece by piece: fitted values, residuals and the like
# go to a file, a table or a function, and no more than one piece is in memory.

#' Fitted values, residuals and predictions of data in pieces
#'
#' A fit of [chunks()] or of [cross_products()] has no rows. With the data, read again piece by
#' piece, `fitted()`, `residuals()`, [predict()][predict.henderson_lmm] and `augment()` give what is
#' by row, for as many rows as there are: into a file, a table of a database or a function.
#'
#' @details
#' `fitted(fit, data = chunks(...), to = )`, `residuals(fit, data = chunks(...), to = )` and
#' `augment(fit, data = chunks(...), to = )` take the rows that the model uses: those of `subset`,
#' without missing values. `predict(fit, newdata = chunks(...), to = )` takes all.
#'
#' `to` is one of:
#' \describe{
#'   \item{`NULL`}{the result is returned: a numeric vector (`augment()`: a data frame)}
#'   \item{a path}{a CSV file is written, numbers with 17 digits. It is there once all rows are,
#'     and not before}
#'   \item{a function}{is called with a data frame for each piece}
#'   \item{`list(connection, "table")`}{rows of a new table of a database (package DBI), in one
#'     transaction: all or none}
#' }
#' Other values by row, leverages and influence, need [lmm()] with a data frame.
#' @return With `to`, the number of rows, invisibly.
#' @examples
#' halves <- chunks(split(sleepstudy, rep(1:2, each = 90)))
#' fit <- lmm(Reaction ~ Days + (Days | Subject), halves)
#' file <- tempfile(fileext = ".csv")
#' residuals(fit, data = halves, to = file)
#' head(read.csv(file))
#' sum(residuals(fit, data = halves)^2)
#' @name fitted_in_pieces
NULL

#' Send what each piece gives to where it is wanted
#'
#' @param compute function of a piece: data frame.
#' @noRd
stream_pieces <- function(source, to, compute) {
  if (!inherits(source, "henderson_chunks")) {
    given <- describe_value(source)
    abort("{.arg data} must be {.fn chunks} where the fit has no rows, not {given}.",
      kind = "data", variable = "data", observed = class(source)
    )
  }
  run <- function(write) {
    pieces <- source$open()
    on.exit(pieces$close())
    rows <- 0
    while (!is.null(piece <- pieces$read())) {
      if (nrow(piece) == 0L) next
      result <- compute(piece)
      rows <- rows + nrow(result)
      if (nrow(result) > 0L) write(result)
    }
    rows
  }
  if (is.null(to)) return(collect_pieces(run))
  if (is.function(to)) return(invisible(run(to)))
  if (is.character(to)) return(invisible(stream_to_file(run, to)))
  if (is.list(to) && length(to) == 2L && inherits(to[[1L]], "DBIConnection")) {
    return(invisible(stream_to_table(run, to[[1L]], to[[2L]])))
  }
  given <- describe_value(to)
  abort("{.arg to} must be a path, a function or {.code list(connection, \"table\")}, not {given}.",
    kind = "argument", variable = "to", observed = class(to)
  )
}

collect_pieces <- function(run) {
  parts <- list()
  run(function(result) parts[[length(parts) + 1L]] <<- result)
  do.call(rbind, parts)
}

stream_to_file <- function(run, file) {
  check_path(file)
  rows <- 0
  write_whole(file, warnings = FALSE, write = function(path) {
    connection <- file(path, "wb")
    on.exit(if (!is.null(connection)) close(connection))
    bytes <- 0
    put <- function(lines) {
      lines <- enc2utf8(lines)
      bytes <<- bytes + sum(nchar(lines, "bytes")) + length(lines)
      writeLines(lines, connection, useBytes = TRUE)
    }
    rows <<- run(function(result) {
      if (bytes == 0) put(paste(csv_text(names(result)), collapse = ","))
      put(do.call(paste, c(unname(lapply(result, csv_text)), sep = ",")))
    })
    close(connection)
    connection <- NULL
    # a full disk is no error of writeLines()
    if (file.size(path) != bytes) stop("Only ", file.size(path), " of ", bytes, " bytes are there.")
  })
  rows
}

csv_text <- function(x) {
  if (is.numeric(x) && !is.object(x)) {
    return(ifelse(is.na(x), "NA", if (is.integer(x)) as.character(x) else sprintf("%.17g", x)))
  }
  text <- if (is.character(x)) x else if (is.factor(x)) as.character(x) else format(x)
  ifelse(is.na(text), "NA", paste0("\"", gsub("\"", "\"\"", text, fixed = TRUE), "\""))
}

stream_to_table <- function(run, connection, name) {
  if (DBI::dbExistsTable(connection, name)) {
    abort("There is a table {.val {name}} in the database already.",
      kind = "data", variable = "to", observed = name
    )
  }
  DBI::dbBegin(connection)
  done <- FALSE
  on.exit(if (!done) DBI::dbRollback(connection))
  begun <- FALSE
  rows <- run(function(result) {
    factors <- vapply(result, is.factor, TRUE)
    result[factors] <- lapply(result[factors], as.character)
    if (begun) {
      DBI::dbAppendTable(connection, name, result)
    } else {
      DBI::dbWriteTable(connection, name, result)
    }
    begun <<- TRUE
  })
  done <- DBI::dbCommit(connection)
  rows
}

# --- what a piece gives ---

#' Data frame of the rows of a piece that the model uses: its columns (if `columns`), `.fitted`,
#' `.resid`, `.fixed`, `.offset`, `.weights`
#' @noRd
streamed_rows <- function(fit, state, piece) {
  state$pieces <- state$pieces + 1L
  piece <- as.data.frame(piece)
  attr(piece, "row.names") <- seq_len(nrow(piece))
  frame <- piece_frame(state, piece)
  piece <- piece[as.integer(attr(frame, "row.names")), , drop = FALSE]
  if (nrow(piece) == 0L) return(list(piece = piece, values = data.frame()))
  parts <- design_newdata(fit, piece)
  fixed <- linear_predictor(fit, parts, selected_columns(fit, NA))
  fitted <- linear_predictor(fit, parts, selected_columns(fit, NULL))
  values <- plain_numbers(frame, fit$parsed)
  weights <- as_numeric_vector(.subset2(values, "(weights)"))
  list(piece = piece, values = data.frame(
    .fitted = fitted, .resid = as_numeric_vector(.subset2(values, 1L)) - fitted, .fixed = fixed,
    .offset = parts$offset %||% numeric(nrow(piece)), .weights = weights %||% rep(1, nrow(piece))
  ))
}

# `choose`: function of list(`piece`, `values`): what of it is wanted.
stream_fit <- function(fit, source, to, choose) {
  require_plain_residuals(fit, "Values of data in pieces")
  call <- fit$summed$call %||% fit$call
  state <- new_summation(fit$parsed, call, environment(fit$parsed$formula), fit_contrasts(fit))
  stream_pieces(source, to, function(piece) choose(streamed_rows(fit, state, piece)))
}

# One column, a vector where it is not sent elsewhere.
stream_column <- function(fit, source, to, name, values) {
  result <- stream_fit(fit, source, to, function(rows) {
    stats::setNames(data.frame(values(rows$values)), name)
  })
  if (is.null(to)) result[[name]] else invisible(result)
}
