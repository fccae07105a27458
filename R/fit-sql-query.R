# The text of queries, and how they are sent.

#' A database whose queries add up rows
#'
#' @param table from `open_table()`; `dialect` from `sql_dialect()`; `show` logical: print queries.
#' @return environment with also `parts`: queries whose rows together are the table's, more than one
#'   where it lies on several servers.
#' @noRd
new_engine <- function(table, dialect, show = FALSE) {
  list2env(list(
    connection = table$connection, dialect = dialect, names = table$names, parts = table$query,
    show = show, identity = NULL
  ), parent = emptyenv())
}

# One answer, of the connection that the work began on: a client may connect anew without a word,
# and is then in no transaction.
ask <- function(engine, query) {
  if (engine$show) write_lines(c(paste0(query, ";"), ""))
  answer <- tryCatch(query_rows(engine$connection, query),
    henderson_error = stop, error = function(e) abort_query(e, query)
  )
  check_connection(engine)
  answer
}

abort_query <- function(e, query) {
  reason <- sub("[[:space:]]+$", "", conditionMessage(e))
  shown <- if (nchar(query) > 300L) paste0(substr(query, 1L, 300L), " ...") else query
  abort(c("The database could not answer a query.", "x" = "{reason}",
    "i" = "It was: {.code {shown}}"
  ), kind = "data", variable = "data", observed = reason)
}

check_connection <- function(engine) {
  if (engine$dialect$name != "postgres") return(invisible(NULL))
  own <- query_rows(engine$connection, "SELECT pg_backend_pid() AS pid")$pid
  if (is.null(engine$identity)) engine$identity <- own
  if (identical(own, engine$identity)) return(invisible(NULL))
  abort(c(
    "The connection to the database was lost, and made anew, between two queries.",
    "x" = "What they answered may not be of the same rows.", "i" = "Try again."
  ), kind = "data", variable = "data", observed = c(engine$identity, own))
}

quote_name_of <- function(engine) {
  quotes <- engine$dialect$quotes
  function(name) {
    paste0(quotes[1L], gsub(quotes[2L], strrep(quotes[2L], 2L), name, fixed = TRUE), quotes[2L])
  }
}

quote_text_of <- function(engine) {
  backslash <- engine$dialect$name == "spark"
  function(text) {
    if (backslash) text <- gsub("\\", "\\\\", text, fixed = TRUE)
    quote_string(text)
  }
}

from_clause <- function(engine, part = 1L) paste0("(", engine$parts[part], ") AS t")

# --- sums ---

#' The query of sums by groups
#'
#' @param variables from `plan_variables()`; `keys` names of what to group by; `products` list of
#'   integer vectors, positions in `variables$numbers`; `centres` numeric, one for each number.
#' @param extra character: further aggregates, of w.
#' @return string. Columns of the answer: k1, ... (keys), n, s1, ... (products), e1, ... (extra).
#' @noRd
sums_query <- function(engine, variables, keys, products, centres, extra = character(0L)) {
  written <- vapply(seq_along(engine$parts), function(part) {
    sums_of_part(engine, part, variables, keys, products, centres, extra)
  }, "")
  if (length(written) == 1L) return(written)
  # each server adds up its own rows
  groups <- sprintf("k%d", seq_along(keys))
  sums <- c("n", sprintf("s%d", seq_along(products)), sprintf("e%d", seq_along(extra)))
  paste0(
    "SELECT ", paste(c(groups, sprintf("SUM(%s) AS %s", sums, sums)), collapse = ", "),
    " FROM (", paste(written, collapse = " UNION ALL "), ") AS u", group_by(groups)
  )
}

group_by <- function(groups) {
  if (length(groups) > 0L) paste0(" GROUP BY ", paste(groups, collapse = ", "))
}

sums_of_part <- function(engine, part, variables, keys, products, centres, extra) {
  weighted <- !is.null(variables$weight)
  groups <- sprintf("k%d", seq_along(keys))
  text <- vapply(products, function(product) {
    factors <- c(if (weighted) "w", sprintf("v%d", product))
    if (length(factors) == 0L) "COUNT(*)" else paste0("SUM(", paste(factors, collapse = " * "), ")")
  }, "")
  # counts as numbers: no driver makes something else of these
  sums <- paste0(engine$dialect$number(c("COUNT(*)", text, extra)), " AS ",
    c("n", sprintf("s%d", seq_along(products)), sprintf("e%d", seq_along(extra)))
  )
  paste0("SELECT ", paste(c(groups, sums), collapse = ", "), " FROM (",
    rows_query(engine, part, variables, keys, unlist(products), centres), ") AS r", group_by(groups)
  )
}

# The rows that are used: keys, numbers about their centres, weight.
rows_query <- function(engine, part, variables, keys, numbers, centres) {
  numbers <- sort(unique(numbers))
  own <- vapply(variables$keys[keys], `[[`, "", "sql")
  columns <- c(
    if (length(own) > 0L) paste0(own, " AS k", seq_along(own)),
    vapply(numbers, function(i) {
      paste0(number_sql(variables, i), minus(centres[i], engine), " AS v", i)
    }, ""),
    if (!is.null(variables$weight)) paste0(variables$weight, " AS w")
  )
  if (length(columns) == 0L) columns <- "1 AS one"
  paste0("SELECT ", paste(columns, collapse = ", "), " FROM ", from_clause(engine, part), " WHERE ",
    variables$filter
  )
}

# The response is taken without the offset.
number_sql <- function(variables, i) {
  own <- variables$numbers[[i]]$sql
  if (i == 1L && !is.null(variables$offset)) own <- paste0("(", own, " - (", variables$offset, "))")
  own
}

minus <- function(centre, engine) {
  if (centre == 0) return("")
  paste0(" - ", engine$dialect$number(exact_digits(centre)))
}

# --- what is asked first ---

#' Counts of all rows: `total`, `chosen` (by `subset`), `odd1`, ... (0: all values of the column are
#' numbers)
#' @param subset SQL or NULL; `columns` SQL of columns where values may be no numbers.
#' @noRd
counts_query <- function(engine, subset, columns) {
  names <- sprintf("x%d", seq_along(columns))
  largest <- isTRUE(engine$dialect$odd_is_largest)
  odd <- engine$dialect$odd %||% "%s IS NULL"
  values <- if (largest) sprintf("MAX(%s)", columns) else count_where(sprintf(odd, columns))
  united <- if (largest) {
    paste("CASE WHEN", sprintf(engine$dialect$odd, sprintf("MAX(%s)", names)), "THEN 1 ELSE 0 END")
  } else {
    sprintf("SUM(%s)", names)
  }
  chosen <- if (is.null(subset)) "COUNT(*)" else count_where(subset)
  parts <- paste0(
    "SELECT ", paste(c(
      "COUNT(*) AS total", paste(chosen, "AS chosen"), sprintf("%s AS %s", values, names)
    ), collapse = ", "), " FROM ", vapply(seq_along(engine$parts), from_clause, "", engine = engine)
  )
  outer <- c("SUM(total) AS total", "SUM(chosen) AS chosen", sprintf("%s AS odd%d", united,
    seq_along(columns)
  ))
  united_query(outer, parts)
}

count_where <- function(condition) {
  if (length(condition) > 0L) paste0("COUNT(CASE WHEN ", condition, " THEN 1 END)")
}

united_query <- function(columns, parts) {
  parts <- paste(parts, collapse = " UNION ALL ")
  paste0("SELECT ", paste(columns, collapse = ", "), " FROM (", parts, ") AS u")
}

#' Of the rows that are used: `used` (count), l1, h1, a1, ... (least, largest, mean of numbers), and
#' of weights `least`, `largest`
#' @noRd
overview_query <- function(engine, variables) {
  numbers <- seq_along(variables$numbers)
  weighted <- !is.null(variables$weight)
  inner <- c(
    "COUNT(*) AS used", sprintf("MIN(v%d) AS l%d", numbers, numbers),
    sprintf("MAX(v%d) AS h%d", numbers, numbers), sprintf("AVG(v%d) AS a%d", numbers, numbers),
    if (weighted) c("MIN(w) AS least", "MAX(w) AS largest")
  )
  outer <- c(
    "SUM(used) AS used", sprintf("MIN(l%d) AS l%d", numbers, numbers),
    sprintf("MAX(h%d) AS h%d", numbers, numbers),
    sprintf("SUM(a%d * used) / NULLIF(SUM(used), 0) AS a%d", numbers, numbers),
    if (weighted) c("MIN(least) AS least", "MAX(largest) AS largest")
  )
  parts <- vapply(seq_along(engine$parts), function(part) {
    rows <- rows_query(engine, part, variables, character(0L), numbers, numeric(length(numbers)))
    paste0("SELECT ", paste(inner, collapse = ", "), " FROM (", rows, ") AS r")
  }, "")
  if (length(parts) == 1L) parts else united_query(outer, parts)
}

# How many values of a number, or of the weights, fulfil a condition, in which they are v.
count_values_query <- function(engine, variables, value, condition) {
  parts <- paste0("SELECT ", count_where(condition), " AS c FROM (SELECT ", value, " AS v FROM ",
    vapply(seq_along(engine$parts), from_clause, "", engine = engine), " WHERE ", variables$filter,
    ") AS r"
  )
  united_query("SUM(c) AS c", parts)
}

case_when <- function(condition, value) {
  paste0("CASE WHEN ", condition, " THEN ", value, " END")
}

#' Some rows of a table, of its first parts
#'
#' Each part is asked by itself: one with a limit of its own is sent to the server that has it.
#' @param columns SQL; `where` SQL, or NULL for any rows; `limit` number of rows.
#' @noRd
ask_some <- function(engine, columns, where, limit) {
  answers <- list()
  rows <- 0L
  for (part in seq_along(engine$parts)) {
    answers[[part]] <- ask(engine, limited_query(engine, part, columns, where, limit - rows))
    rows <- rows + nrow(answers[[part]])
    if (rows >= limit) break
  }
  if (length(answers) == 1L) answers[[1L]] else do.call(rbind, answers)
}

limited_query <- function(engine, part, columns, where, limit) {
  paste0(
    "SELECT ", paste(columns, collapse = ", "), " FROM ", from_clause(engine, part),
    if (!is.null(where)) paste0(" WHERE ", where), sprintf(" LIMIT %d", limit)
  )
}

# What the database makes of rows: are they used, numbers, keys, offset and weight.
made_of_rows <- function(variables) {
  values <- c(
    "1", vapply(variables$numbers, `[[`, "", "sql"), vapply(variables$keys, `[[`, "", "sql"),
    variables$offset, variables$weight
  )
  paste0(case_when(variables$filter, values), " AS c", seq_along(values))
}
