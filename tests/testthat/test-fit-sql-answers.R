test_that("a table that changes between two queries is noticed", {
  need_postgres()
  connection <- postgres_with(sleep = sleepstudy)
  other <- connect_postgres()
  formula <- Reaction ~ Days + (1 | Subject)
  # in the caller's transaction, which sees what others do
  engine <- new_engine(open_table(table_of(connection, "sleep")), sql_dialect("postgres"))
  state <- new_summation(parse_formula(formula), quote(f()), environment(), NULL)
  begun <- begin_queries(engine, state)
  run_sql(other, "DELETE FROM sleep WHERE \"Days\" = 9")
  expect_error(ask_whole(engine, state, begun), "changed", class = "henderson_error_data")
})
