# Tables of databases as data: the query that a lazy table stands for, the connection it is sent by,
# and what keeps one set of answers consistent.

is_lazy_table <- function(x) inherits(x, "tbl_lazy")

#' The query and connection of a lazy table
#'
#' @param table `dplyr::tbl(con, "name")`, and what verbs of dplyr have made of it.
#' @return list(`table`, `connection`, `query` (string: a SELECT), `names` (of its columns)).
#' @noRd
open_table <- function(table) {
  check_table_packages()
  query <- tryCatch(as.character(dbplyr::sql_render(table)), error = function(e) {
    reason <- conditionMessage(e)
    abort(c("The table cannot be written as a query.", "x" = "{reason}"),
      kind = "data", variable = "data"
    )
  })
  list(
    table = table, connection = dbplyr::remote_con(table), query = query, names = colnames(table)
  )
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
#' @param database from `database_of()`.
#' @noRd
in_snapshot <- function(connection, database, work) {
  if (begin_snapshot(connection, database)) {
    # nothing was written: the same as a commit, and possible after an error as well
    on.exit(tryCatch(run_statement(connection, "ROLLBACK"), error = function(e) NULL))
  }
  work()
}

begin_snapshot <- function(connection, database) {
  if (is.null(database$begin)) return(FALSE)
  if (!is.null(database$inside) && isTRUE(query_rows(connection, database$inside)[[1L]])) {
    return(FALSE)
  }
  tryCatch({
    run_statement(connection, database$begin)
    TRUE
  }, error = function(e) FALSE)
}

# As query_rows(), which of RPostgreSQL makes no error of an error.
query_rows <- function(connection, query) {
  result <- DBI::dbSendQuery(connection, query)
  on.exit(DBI::dbClearResult(result))
  withCallingHandlers(DBI::dbFetch(result, n = -1), warning = refuse_mixed_types)
}

run_statement <- function(connection, statement) {
  DBI::dbClearResult(DBI::dbSendStatement(connection, statement))
}

#' What is known of a kind of connection
#'
#' @return list(`dialect` (name, NULL if unknown), `strategy` ("queries" or "rows"), `tested` (on
#'   live databases?), `begin`
#'   (statement that begins a snapshot, NULL: none is made), `inside` (query: is there a
#'   transaction? NULL: then `begin` is an error)).
#' @noRd
database_of <- function(connection) {
  if (inherits(connection, c("PqConnection", "PostgreSQLConnection"))) {
    return(list(
      dialect = "postgres", strategy = "queries", tested = TRUE,
      begin = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
      # the first statement of a transaction is the one that begins it
      inside = "SELECT now() < statement_timestamp() AS inside"
    ))
  }
  if (inherits(connection, "SQLiteConnection")) {
    return(list(dialect = "sqlite", strategy = "rows", tested = TRUE, begin = "BEGIN"))
  }
  # these are asked only where the user wishes it, as their text is all that is tested
  names <- c(duckdb_connection = "duckdb", Snowflake = "snowflake", "Spark SQL" = "spark")
  known <- intersect(class(connection), names(names))
  list(dialect = if (length(known) > 0L) names[[known[1L]]], strategy = "rows", tested = FALSE)
}

#' The queries of the parts of a table that lie on several servers
#'
#' A table of PostgreSQL may be partitioned over others by foreign data wrappers. Sums of its groups
#' are then made where the rows are only if each part is asked by itself.
#' @param table from `open_table()`.
#' @return character: the query of the table, or of each part.
#' @noRd
parts_of_table <- function(table, dialect) {
  base <- if (dialect == "postgres") base_of_rows(table$table$lazy_query)
  if (is.null(base) || inherits(base$x, "sql")) return(table$query)
  plain <- table$table
  plain$lazy_query <- base
  name <- dbplyr::remote_name(plain)
  if (is.null(name)) return(table$query)
  name <- quote_string(as.character(dbplyr::escape(name, con = table$connection)))
  leaves <- query_rows(table$connection, paste0(
    "SELECT CAST(CAST(c.oid AS regclass) AS text) AS name, CAST(c.relkind AS text) AS kind FROM ",
    "pg_partition_tree(to_regclass(", name, ")) AS p JOIN pg_class AS c ON c.oid = p.relid ",
    "WHERE p.isleaf ORDER BY c.oid"
  ))
  if (!any(leaves$kind == "f")) return(table$query)
  vapply(leaves$name, function(leaf) {
    part <- dplyr::tbl(table$connection, dbplyr::sql(paste("SELECT * FROM", leaf)))
    own <- table$table
    own$lazy_query <- with_base(own$lazy_query, part$lazy_query)
    as.character(dbplyr::sql_render(own))
  }, "", USE.NAMES = FALSE)
}

quote_string <- function(text) paste0("'", gsub("'", "''", text, fixed = TRUE), "'")

# The base table of a query that takes each row by itself; NULL of any other.
base_of_rows <- function(query) {
  while (!inherits(query, "lazy_base_query")) {
    by_row <- inherits(query, "lazy_select_query") && !isTRUE(query$distinct) &&
      is.null(query$limit) && is.null(query$group_by) && is.null(query$having) &&
      !identical(query$select_operation, "summarise") && !has_windows(query)
    if (!by_row) return(NULL)
    query <- query$x
  }
  query
}

# Functions over other rows, such as the mean in mutate().
has_windows <- function(query) {
  expressions <- c(query$select$expr, query$where)
  used <- unlist(lapply(expressions, function(one) {
    all.names(rlang::quo_get_expr(rlang::as_quosure(one, env = emptyenv())))
  }))
  !all(used %in% c(row_functions, query$x$vars, names_of_query(query$x)))
}

names_of_query <- function(query) {
  if (inherits(query, "lazy_base_query")) query$vars else query$select$name
}

row_functions <- c(
  "(", "+", "-", "*", "/", "^", "==", "!=", "<", "<=", ">", ">=", "&", "|", "!", "%in%", "c",
  "is.na", "ifelse", "if_else", "case_when", "log", "exp", "sqrt", "abs", "between", "as.numeric",
  "as.integer", "as.character", "&&", "||", "coalesce", "~"
)

with_base <- function(query, base) {
  if (inherits(query, "lazy_base_query")) return(base)
  query$x <- with_base(query$x, base)
  query
}

# SQLite keeps any value in any column. RSQLite makes text among numbers 0, with a warning.
refuse_mixed_types <- function(warning) {
  text <- conditionMessage(warning)
  if (!grepl("mixed type", text, fixed = TRUE)) return(invisible(NULL))
  name <- sub("^Column `(.*)`: mixed type.*$", "\\1", text)
  abort(c(
    "The column {.var {name}} of the query has values of different types, such as text among
     numbers.",
    "x" = "{text}", "i" = "Choose the rows, or convert the column in the query."
  ), kind = "data", variable = name, observed = text)
}
