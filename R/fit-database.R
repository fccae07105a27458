# Tables of databases, added up where that is cheapest: servers add up themselves, and only sums
# come back; rows of a file that is read by this process anyway are fetched piece by piece.

#' Sums over the rows of a table
#'
#' @param parsed,call,env,contrasts as in `sum_rows()`; `table` a lazy table of dbplyr; `strategy`
#'   "auto", "queries" or "rows"; `show_query` logical.
#' @return as `sum_rows()`.
#' @noRd
sum_table <- function(parsed, table, call, env, contrasts, strategy = "auto", show_query = FALSE) {
  table <- open_table(table)
  own <- database_of(table$connection)
  if (strategy == "auto") {
    strategy <- own$strategy
    if (!own$tested) inform_fetched(untested_reason(table$connection, own))
  }
  if (strategy == "queries" && is.null(own$dialect)) {
    kind <- class(table$connection)[1L]
    abort(c("There are no queries for a database of class {.cls {kind}}.",
      "i" = "Its rows can be fetched: {.code strategy = \"rows\"}."
    ), kind = "argument", variable = "strategy", observed = kind)
  }
  in_snapshot(table$connection, own, function() {
    if (strategy == "queries") {
      engine <- new_engine(table, sql_dialect(own$dialect), show_query)
      engine$parts <- parts_of_table(table, own$dialect)
      summed <- tryCatch(sum_by_queries(parsed, engine, call, env, contrasts),
        henderson_untranslatable = identity
      )
      if (!inherits(summed, "condition")) return(summed)
      inform_fetched(conditionMessage(summed))
    }
    sum_fetched(parsed, table, call, env, contrasts, show_query)
  })
}

inform_fetched <- function(reason) {
  inform(paste0(
    "The rows of the table are fetched: the database is not asked to add them up, for ", reason, "."
  ), kind = "database", variable = "data", observed = reason)
}

untested_reason <- function(connection, database) {
  if (is.null(database$dialect)) {
    return(paste0("there are no queries for a database of class `", class(connection)[1L], "`"))
  }
  paste0("of queries for ", database$dialect, " the text only is tested, see `strategy`")
}

rows_of_piece <- 5e5

sum_fetched <- function(parsed, table, call, env, contrasts, show_query) {
  query <- select_columns(table, used_names(parsed, call))
  if (show_query) write_lines(c(paste0(query, ";"), ""))
  source <- list(open = function() pieces_of_query(table$connection, query, rows_of_piece))
  sum_rows(parsed, source, call, env, contrasts)
}
