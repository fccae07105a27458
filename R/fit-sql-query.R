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
  backslash <- engine$dialect$name %in% c("mysql", "spark")
  function(text) {
    if (backslash) text <- gsub("\\", "\\\\", text, fixed = TRUE)
    paste0("'", gsub("'", "''", text, fixed = TRUE), "'")
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

#' Counts, means and limits of numbers, in one row
#' @param nan SQL of columns where values may be no numbers.
#' @noRd
overview_query <- function(engine, variables, nan) {
  count <- function(condition) paste0("COUNT(CASE WHEN ", condition, " THEN 1 END)")
  numbers <- seq_along(variables$numbers)
  inner <- c(
    paste0(case_when(variables$filter, "1"), " AS f"),
    if (!is.null(variables$subset)) paste0(case_when(variables$subset, "1"), " AS u"),
    paste0(case_when(variables$filter, vapply(numbers, number_sql, "", variables = variables)),
      " AS v", numbers
    ),
    if (!is.null(variables$weight)) {
      paste0(case_when(variables$filter, variables$weight), " AS w")
    },
    if (length(nan) > 0L) {
      paste0(case_when(sprintf(engine$dialect$odd, nan), "1"), " AS x", seq_along(nan))
    }
  )
  huge <- engine$dialect$number("1.7976931348623157e+308")
  outer <- c(
    "COUNT(*) AS total", "COUNT(f) AS used",
    if (is.null(variables$subset)) "COUNT(*) AS chosen" else "COUNT(u) AS chosen",
    sprintf("MIN(v%d) AS l%d", numbers, numbers),
    sprintf("MAX(v%d) AS h%d", numbers, numbers),
    # of what is finite: sums of others may be errors
    sprintf("AVG(CASE WHEN ABS(v%d) <= %s THEN v%d END) AS a%d", numbers, huge, numbers, numbers),
    paste0(count(sprintf("ABS(v%d) > %s", numbers, huge)), " AS i", numbers),
    if (!is.null(variables$weight)) {
      c(paste0(count("w < 0"), " AS w1"), paste0(count("w > 0"), " AS w2"),
        paste0(count(paste0("ABS(w) > ", huge)), " AS w3"), "MIN(w) AS w4"
      )
    },
    if (length(nan) > 0L) sprintf("COUNT(x%d) AS nan%d", seq_along(nan), seq_along(nan))
  )
  rows <- paste0("SELECT ", paste(inner, collapse = ", "), " FROM ",
    vapply(seq_along(engine$parts), from_clause, "", engine = engine)
  )
  # over several servers only counts and means of parts travel
  if (length(rows) > 1L) return(overview_of_parts(rows, outer, numbers))
  paste0("SELECT ", paste(outer, collapse = ", "), " FROM (", rows, ") AS r")
}

case_when <- function(condition, value) {
  paste0("CASE WHEN ", condition, " THEN ", value, " END")
}

# Means of parts are weighted by their rows, extremes are extremes of extremes.
overview_of_parts <- function(rows, outer, numbers) {
  names <- sub("^.* AS ", "", outer)
  united <- ifelse(grepl("^l[0-9]+$|^w4$", names), sprintf("MIN(%s)", names),
    ifelse(grepl("^h[0-9]+$", names), sprintf("MAX(%s)", names),
      ifelse(grepl("^a[0-9]+$", names), sprintf("SUM(%s * used) / NULLIF(SUM(used), 0)", names),
        sprintf("SUM(%s)", names)
      )
    )
  )
  parts <- paste0("SELECT ", paste(outer, collapse = ", "), " FROM (", rows, ") AS r")
  paste0("SELECT ", paste(united, "AS", names, collapse = ", "), " FROM (",
    paste(parts, collapse = " UNION ALL "), ") AS u"
  )
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
  top <- engine$dialect$name == "mssql"
  paste0(
    "SELECT ", if (top) sprintf("TOP %d ", limit), paste(columns, collapse = ", "), " FROM ",
    from_clause(engine, part), if (!is.null(where)) paste0(" WHERE ", where),
    if (!top) sprintf(" LIMIT %d", limit)
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
