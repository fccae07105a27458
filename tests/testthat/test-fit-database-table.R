formula <- Reaction ~ Days + (1 | Subject)

test_that("a transaction of the caller stays open, one of ours is ended", {
  need_peer(c("DBI", "dbplyr", "dplyr", "RSQLite"))
  connection <- sqlite_with(sleep = sleepstudy)
  table <- database_table(connection, "sleep")
  DBI::dbBegin(connection)
  DBI::dbExecute(connection, "DELETE FROM sleep WHERE Days = 9")
  expect_equal(nobs(lmm(formula, table)), 162)
  DBI::dbRollback(connection)
  expect_equal(nobs(lmm(formula, table)), 180)
  expect_error(lmm(Reaction ~ nothing + (1 | Subject), table), "nothing",
    class = "henderson_error_variable"
  )
  # there is none left that this one would be within
  DBI::dbBegin(connection)
  expect_true(DBI::dbRollback(connection))
})

test_that("hostile names of columns and levels are read", {
  need_peer(c("DBI", "dbplyr", "dplyr", "RSQLite"))
  data <- setNames(without_factors(sleepstudy), c("a\"b", "select", "it's [x]`y"))
  data[[3]] <- paste0("'; DROP TABLE \"t t\"; -- \\", data[[3]])
  connection <- sqlite_with("t t" = data)
  table <- database_table(connection, "t t")
  formula <- `a"b` ~ `select` + (1 | `it's [x]\`y`)
  expected <- lmm(formula, data)
  for (strategy in c("queries", "rows")) {
    expect_same_fit(lmm(cross_products(formula, table, strategy = strategy)), expected)
  }
})

test_that("which queries take each row by itself", {
  need_peer(c("DBI", "dbplyr", "dplyr", "RSQLite"))
  connection <- sqlite_with(sleep = sleepstudy)
  table <- database_table(connection, "sleep")
  by_row <- function(x) !is.null(base_of_rows(x$lazy_query))
  expect_true(by_row(table))
  expect_true(by_row(dplyr::mutate(dplyr::filter(table, Days > 1), z = Days * 2)))
  expect_false(by_row(utils::head(table, 10)))
  expect_false(by_row(dplyr::distinct(table)))
  expect_false(by_row(dplyr::mutate(table, z = mean(Days, na.rm = TRUE))))
  grouped <- dplyr::group_by(table, Subject)
  expect_false(by_row(dplyr::summarise(grouped, y = max(Days, na.rm = TRUE))))
  expect_false(by_row(dplyr::left_join(table, table, by = c("Subject", "Days"))))
})
