test_that("names and strings are quoted", {
  for (dialect in names(sql_dialects)) {
    engine <- list(dialect = sql_dialect(dialect))
    closing <- engine$dialect$quotes[2]
    name <- quote_name_of(engine)(paste0("a", closing, "b"))
    expect_identical(name, paste0(engine$dialect$quotes[1], "a", closing, closing, "b", closing))
    expect_identical(quote_text_of(engine)("it's"), "'it''s'")
  }
  expect_identical(quote_text_of(list(dialect = sql_dialect("mysql")))("\\'"), "'\\\\'''")
})

test_that("a lost connection is told from the one that the work began on", {
  need_postgres()
  engine <- list2env(list(dialect = sql_dialect("postgres"), connection = connect_postgres()))
  check_connection(engine)
  engine$identity <- engine$identity + 1L
  expect_error(check_connection(engine), "lost", class = "henderson_error_data")
})
