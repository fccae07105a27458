test_that("names and strings are quoted", {
  for (dialect in names(sql_dialects)) {
    engine <- list(dialect = sql_dialect(dialect))
    closing <- engine$dialect$quotes[2]
    name <- quote_name_of(engine)(paste0("a", closing, "b"))
    expect_identical(name, paste0(engine$dialect$quotes[1], "a", closing, closing, "b", closing))
    expect_identical(quote_text_of(engine)("it's"), "'it''s'")
  }
  expect_identical(quote_text_of(list(dialect = sql_dialect("spark")))("\\'"), "'\\\\'''")
})

test_that("a lost connection is told from the one that the work began on", {
  need_postgres()
  engine <- list2env(list(dialect = sql_dialect("postgres"), connection = connect_postgres()))
  check_connection(engine)
  engine$identity <- engine$identity + 1L
  expect_error(check_connection(engine), "lost", class = "henderson_error_data")
})

test_that("the text of sums in each dialect", {
  text <- function(dialect) {
    engine <- list(dialect = sql_dialect(dialect), parts = "SELECT * FROM t")
    to <- new_translator(list(x = list(type = "number", nan = FALSE), g = list(type = "text")),
      globalenv(), engine$dialect, quote_name_of(engine), quote_text_of(engine)
    )
    number <- as_number(quote(x), to)
    variables <- list(
      numbers = list(list(sql = number)), keys = list(g = plan_key(quote(g), to)),
      filter = plan_filter(c(number, plan_key(quote(g), to)$sql), NULL, to)
    )
    sums_query(engine, variables, "g", list(integer(0), 1L, c(1L, 1L)), 2.5)
  }
  expected <- function(quote, double) {
    gsub("~", quote, gsub("DOUBLE", double, fixed = TRUE, paste0(
      "SELECT k1, CAST(COUNT(*) AS DOUBLE) AS n, CAST(COUNT(*) AS DOUBLE) AS s1, ",
      "CAST(SUM(v1) AS DOUBLE) AS s2, CAST(SUM(v1 * v1) AS DOUBLE) AS s3 FROM (SELECT ~g~ AS k1, ",
      "CAST(~x~ AS DOUBLE) - CAST(2.5 AS DOUBLE) AS v1 FROM (SELECT * FROM t) AS t ",
      "WHERE CAST(~x~ AS DOUBLE) IS NOT NULL AND ~g~ IS NOT NULL) AS r GROUP BY k1"
    )), fixed = TRUE)
  }
  for (dialect in c("duckdb", "snowflake")) {
    expect_identical(text(dialect), expected("\"", "DOUBLE"))
  }
  expect_identical(text("spark"), expected("`", "DOUBLE"))
  expect_identical(text("sqlite"), expected("\"", "REAL"))
  own <- expected("\"", "double precision")
  expect_identical(text("postgres"), gsub("\"g\"", "CAST(\"g\" AS text)", own))
})
