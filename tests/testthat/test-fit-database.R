test_that("a table of SQLite is fitted, filtered and joined as well", {
  need_peer(c("DBI", "dbplyr", "dplyr", "RSQLite"))
  connection <- sqlite_with(sleep = sleepstudy)
  table <- database_table(connection, "sleep")
  formula <- Reaction ~ Days + (Days | Subject)
  expect_same_fit(lmm(formula, table), fit_cached("sleepstudy"))
  late <- dplyr::filter(table, Days > 1)
  expected <- lmm(formula, sleepstudy, subset = Days > 1)
  expect_same_fit(lmm(formula, late), expected)
  expect_same_fit(lmm(formula, table, subset = Days > 1), expected)
  expect_same_fit(lmm(formula, chunks(late, size = 50)), expected)
  joined <- dplyr::left_join(table, dplyr::summarise(dplyr::group_by(table, Subject),
    first = min(Reaction, na.rm = TRUE)
  ), by = "Subject")
  own <- transform(sleepstudy, first = ave(Reaction, Subject, FUN = min))
  with_first <- Reaction ~ Days + first + (Days | Subject)
  expect_same_fit(lmm(with_first, joined), lmm(with_first, own))
})

test_that("both ways to add up a table give the fit in memory", {
  need_peer(c("DBI", "dbplyr", "dplyr", "RSQLite"))
  data <- hard_rows()
  connection <- sqlite_with(hard = data)
  table <- database_table(connection, "hard")
  # as SQLite has them: truth values are numbers
  memory <- with_sorted_levels(transform(data, h = as.integer(h)))
  same <- function(formula, ...) {
    expected <- suppressMessages(lmm(formula, memory, ...))
    for (strategy in c("queries", "rows")) {
      own <- cross_products(formula, table, ..., strategy = strategy)
      expect_same_fit(suppressMessages(lmm(own)), expected)
      expect_equal(own$rows, nrow(data))
    }
  }
  same(y ~ x1 * f + h + (x1 | g) + (1 | s))
  same(y ~ f + (1 | f:s) + (1 | s), weights = w)
  same(y ~ I(x1 - 50) + offset(o) + (1 | g), subset = x1 > 49 & s != "q")
  same(y ~ 0 + f + (0 + x1 | g), offset = o)
  same(y ~ h + (f | s), contrasts = list(f = "contr.sum"))
})

test_that("sums of a table are an object like any other", {
  need_peer(c("DBI", "dbplyr", "dplyr", "RSQLite"))
  connection <- sqlite_with(sleep = sleepstudy)
  table <- database_table(connection, "sleep")
  formula <- Reaction ~ Days + (Days | Subject)
  for (strategy in c("queries", "rows")) {
    early <- cross_products(formula, dplyr::filter(table, Days < 5), strategy = strategy)
    late <- cross_products(formula, subset(without_factors(sleepstudy), Days >= 5))
    expect_same_fit(lmm(early + late), fit_cached("sleepstudy"))
    whole <- cross_products(formula, table, strategy = strategy)
    smaller <- Reaction ~ Days + (1 | Subject)
    expect_same_fit(lmm(smaller, whole), lmm(smaller, sleepstudy))
    expected <- lmm(Reaction ~ 1 + (Days | Subject), sleepstudy)
    expect_same_fit(update(lmm(whole), . ~ . - Days), expected)
  }
})

test_that("queries are shown, and the rows are fetched where they cannot be written", {
  need_peer(c("DBI", "dbplyr", "dplyr", "RSQLite"))
  connection <- sqlite_with(sleep = sleepstudy)
  table <- database_table(connection, "sleep")
  shown <- capture.output(
    cross_products(Reaction ~ Days + (1 | Subject), table, strategy = "queries", show_query = TRUE)
  )
  expect_match(shown, "GROUP BY k1;", all = FALSE, fixed = TRUE)
  formula <- Reaction ~ sin(Days) + (1 | Subject)
  expect_message(own <- cross_products(formula, table, strategy = "queries"), "sin\\(Days\\)",
    class = "henderson_message_database"
  )
  expect_same_fit(lmm(own), lmm(formula, sleepstudy))
})

test_that("text among numbers is no number", {
  need_peer(c("DBI", "dbplyr", "dplyr", "RSQLite"))
  connection <- sqlite_with(sleep = sleepstudy)
  DBI::dbExecute(connection, "UPDATE sleep SET Days = 'late' WHERE rowid = 70")
  for (strategy in c("queries", "rows")) {
    expect_error(
      cross_products(Reaction ~ Days + (1 | Subject), database_table(connection, "sleep"),
        strategy = strategy
      ),
      "Days", class = "henderson_error_data"
    )
  }
  expect_equal(DBI::dbGetQuery(connection, "SELECT count(*) AS n FROM sleep")$n, 180)
})

test_that("names that need quotes are columns as any other", {
  need_peer(c("DBI", "dbplyr", "dplyr", "RSQLite"))
  withr::local_seed(3)
  data <- data.frame(g = rep(1:20, 15), s = sample(c("a\rb", "a"), 300, TRUE),
    t = sample(c("c", "b\rc"), 300, TRUE), `odd name` = rnorm(300), `Q"u` = rnorm(300),
    check.names = FALSE
  )
  data$y <- rnorm(300) + rnorm(20)[data$g] + data$`odd name`
  table <- database_table(sqlite_with(odd = data), "odd")
  formulas <- list(
    y ~ `odd name` * `Q"u` + (`Q"u` | g), y ~ s * t + `odd name`:s + (1 | g), y ~ t + (s | g)
  )
  for (formula in formulas) {
    own <- cross_products(formula, table, strategy = "queries")
    expected <- suppressMessages(lmm(formula, data))
    expect_same_fit(suppressMessages(lmm(own)), expected)
  }
})

test_that("what is infinite in R is refused, far beyond the rows that are looked at", {
  need_peer(c("DBI", "dbplyr", "dplyr", "RSQLite"))
  withr::local_seed(4)
  data <- data.frame(g = rep(1:20, 150), z = runif(3000) + 0.5)
  data$y <- rnorm(3000) + rnorm(20)[data$g] + 1 / data$z
  data$z[2500] <- 0
  table <- database_table(sqlite_with(late = data), "late")
  refused <- function(...) {
    for (strategy in c("queries", "rows")) {
      expect_error(cross_products(..., data = table, strategy = strategy),
        "infinite", class = "henderson_error"
      )
    }
  }
  refused(y ~ I(1 / z) + (1 | g))
  refused(y ~ I(z^-2) + (1 | g))
  refused(y ~ 1 + (1 | g), weights = 1 / z)
  refused(y ~ 1 + (1 | g), offset = 1 / z)
  # a condition of it is one
  formula <- y ~ z + (1 | g)
  own <- cross_products(formula, table, subset = 1 / z < 1.5, strategy = "queries")
  expect_same_fit(lmm(own), lmm(formula, data, subset = 1 / z < 1.5))
})

test_that("rows of databases that are not known are fetched, and it is said", {
  for (class in c("MySQLConnection", "MariaDBConnection", "duckdb_connection")) {
    own <- database_of(structure(list(), class = class))
    expect_identical(own[c("strategy", "tested")], list(strategy = "rows", tested = FALSE))
    expect_match(untested_reason(structure(list(), class = class), own), "MySQL|MariaDB|duckdb")
  }
})
