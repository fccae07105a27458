# Tables of databases as data: the query that a lazy table stands for, the connection it is sent by,
# and what keeps one set of answers consistent.

is_lazy_table <- function(x) inherits(x, "tbl_lazy")

#' The query and connection of a lazy table
#'
#' @param table `dplyr::tbl(con, "name")`, and what verbs of dplyr have made of it.
#' @return list(`connection`, `query` (string: a SELECT), `names` (of its columns), `base` (string:
#'   the quoted name if it is a table as it stands, else NULL)).
#' @noRd
open_table <- function(table) {
  check_table_packages()
  query <- tryCatch(as.character(dbplyr::sql_render(table)), error = function(e) {
    reason <- conditionMessage(e)
    abort(c("The table cannot be written as a query.", "x" = "{reason}"),
      kind = "data", variable = "data"
    )
  })
  connection <- dbplyr::remote_con(table)
  base <- dbplyr::remote_name(table)
  plain <- identical(query, as.character(dbplyr::sql_render(unmodified(table, connection, base))))
  list(
    connection = connection, query = query, names = colnames(table),
    base = if (plain) as.character(dbplyr::escape(base, con = connection))
  )
}

# The table of that name before any verb; NULL if there is none.
unmodified <- function(table, connection, base) {
  if (is.null(base)) return(table)
  dplyr::tbl(connection, base)
}

check_table_packages <- function() {
  for (package in c("DBI", "dbplyr", "dplyr")) {
    if (requireNamespace(package, quietly = TRUE)) next
    abort("Data in a database need the package {.pkg {package}}.", kind = "data", variable = "data")
  }
}

# The columns of a table that an expression may use, as a query.
select_columns <- function(table, names) {
  quoted <- DBI::dbQuoteIdentifier(table$connection, intersect(table$names, names))
  paste0("SELECT ", paste(quoted, collapse = ", "), " FROM (", table$query, ") AS t")
}

#' Work within one transaction that only reads, so that all queries see the same rows
#'
#' Where the caller has one already, it serves. Whatever happens, the connection is left as it was.
#' @param begin statement that begins it.
#' @noRd
in_snapshot <- function(connection, begin, work) {
  begun <- tryCatch({
    run_statement(connection, begin)
    TRUE
  }, error = function(e) FALSE)
  if (begun) {
    # nothing was written: the same as a commit, and possible after an error as well
    on.exit(tryCatch(run_statement(connection, "ROLLBACK"), error = function(e) NULL))
  }
  work()
}

run_statement <- function(connection, statement) {
  DBI::dbClearResult(DBI::dbSendStatement(connection, statement))
}
