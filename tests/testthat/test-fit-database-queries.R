# The fit of what a server adds up against the fit in memory.
expect_pushed_fit <- function(connection, name, formula, memory, ..., env = parent.frame()) {
  arguments <- eval(substitute(alist(...)))
  own <- expect_no_message(
    do.call(cross_products, c(list(formula, database_table(connection, name)), arguments)),
    class = "henderson_message_database"
  )
  expected <- suppressMessages(do.call(lmm, c(list(formula, memory), arguments)))
  expect_same_fit(suppressMessages(lmm(own)), expected)
  invisible(own)
}

test_that("real models are those in memory", {
  need_postgres()
  need_peer(c("lme4", "agridat"))
  eval_rows <- lme4::InstEval[seq(1, 73421, 12), ]
  eval_rows$y <- as.numeric(eval_rows$y)
  met <- agridat::besag.met
  connection <- postgres_with(sleep = sleepstudy, eval = eval_rows, met = met)
  plain <- function(data) with_sorted_levels(without_factors(data))
  expect_pushed_fit(connection, "sleep", Reaction ~ Days + (Days | Subject), sleepstudy)
  expect_pushed_fit(connection, "sleep", Reaction ~ Days + I(Days^2) + (Days || Subject),
    sleepstudy
  )
  expect_pushed_fit(connection, "eval", y ~ service * studage + (1 | s) + (1 | d) + (1 | dept),
    plain(eval_rows)
  )
  expect_pushed_fit(connection, "met", yield ~ county + (1 | gen) + (1 | county:rep / block),
    plain(met)
  )
})

test_that("what a formula can say is added up by the server", {
  need_postgres()
  data <- hard_rows()
  connection <- postgres_with(hard = data)
  memory <- with_sorted_levels(data)
  expect_pushed_fit(connection, "hard", y ~ x1 * f + h + (x1 | g) + (1 | s), memory)
  expect_pushed_fit(connection, "hard", y ~ f + (1 | f:s) + (1 | s), memory, weights = w)
  expect_pushed_fit(connection, "hard", y ~ I(x1 - 50) + offset(o) + (1 | g), memory,
    subset = x1 > 49 & s != "q"
  )
  expect_pushed_fit(connection, "hard", y ~ 0 + f + (0 + x1 | g), memory, offset = o)
  expect_pushed_fit(connection, "hard", y ~ h + (f | s), memory, contrasts = list(f = "contr.sum"))
  expect_pushed_fit(connection, "hard", log(y) ~ poly(x1 - 50, 2, raw = TRUE) * h + (h || g),
    memory
  )
  expect_pushed_fit(connection, "hard", y ~ ifelse(x2 > 100100, 1, 0) + factor(h) + (1 | factor(g)),
    memory
  )
})

test_that("not a number is missing, infinite is refused, integers do not overflow", {
  need_postgres()
  data <- transform(sleepstudy, big = 2e9 + seq_len(180), i = seq_len(180))
  connection <- postgres_with(sleep = data)
  run_sql(connection, "ALTER TABLE sleep ALTER big TYPE bigint",
    "UPDATE sleep SET \"Reaction\" = 'NaN' WHERE i = 4",
    "UPDATE sleep SET \"Days\" = 'NaN' WHERE i = 50"
  )
  formula <- Reaction ~ Days + (1 | Subject)
  own <- expect_pushed_fit(connection, "sleep", formula, data[-c(4, 50), ])
  expect_equal(own$omitted, 2)
  # the subset, too
  expect_pushed_fit(connection, "sleep", Reaction ~ 1 + (1 | Subject), data[-c(4, 50), ],
    subset = Days >= 0
  )
  expect_pushed_fit(connection, "sleep", Reaction ~ I(big - 2e9) + (1 | Subject), data[-4, ])
  run_sql(connection, "UPDATE sleep SET \"Days\" = '-Infinity' WHERE i = 50")
  expect_error(cross_products(formula, database_table(connection, "sleep")), "infinite",
    class = "henderson_error_data"
  )
  # and the connection serves afterwards
  run_sql(connection, "UPDATE sleep SET \"Days\" = 1, \"Reaction\" = 300 WHERE i IN (4, 50)")
  expect_equal(nobs(lmm(formula, database_table(connection, "sleep"))), 180)
})

test_that("types of keys: dates, truth values, integers, decimals, labels with blanks", {
  need_postgres()
  data <- transform(sleepstudy,
    day = as.Date("2024-02-27") + rep(0:5, 30), late = Days > 4, number = rep(c(1e5, 2e5, 3), 60),
    half = rep(c(0.1 + 0.2, 0.3, 1.5), 60)
  )
  connection <- postgres_with(sleep = data)
  expect_pushed_fit(connection, "sleep", Reaction ~ late + (1 | day), data)
  expect_pushed_fit(connection, "sleep", Reaction ~ Days + (1 | late:Subject), data)
  expect_pushed_fit(connection, "sleep", Reaction ~ Days + (1 | half) + (1 | number), data)
  run_sql(connection, "CREATE TYPE mood AS ENUM ('sad', 'ok')", "ALTER TABLE sleep ADD m mood",
    "UPDATE sleep SET m = CASE WHEN \"Days\" > 3 THEN 'ok' ELSE 'sad' END::mood"
  )
  withr::defer(run_sql(connection, "DROP TABLE sleep", "DROP TYPE mood"))
  moods <- transform(data, m = ifelse(Days > 3, "ok", "sad"))
  suppressWarnings(
    expect_same_fit(lmm(Reaction ~ m + (1 | Subject), database_table(connection, "sleep")),
      lmm(Reaction ~ m + (1 | Subject), moods)
    )
  )
})

test_that("a connection that is lost is noticed, and what the server says is told", {
  need_postgres()
  connection <- postgres_with(sleep = sleepstudy)
  table <- database_table(connection, "sleep")
  formula <- Reaction ~ Days + (1 | Subject)
  run_sql(connection, "SET statement_timeout = 1")
  slow <- dplyr::tbl(connection, dplyr::sql("SELECT s.* FROM sleep AS s, pg_sleep(0.2)"))
  expect_error(lmm(formula, slow), "timeout", class = "henderson_error")
  run_sql(connection, "SET statement_timeout = 0")
  expect_equal(nobs(lmm(formula, table)), 180)
  # the caller's transaction stays
  run_sql(connection, "BEGIN", "DELETE FROM sleep WHERE \"Days\" = 0")
  expect_equal(nobs(lmm(formula, table)), 162)
  run_sql(connection, "ROLLBACK")
  expect_equal(nobs(lmm(formula, table)), 180)
})

test_that("a table without a row that can be used is refused", {
  need_postgres()
  connection <- postgres_with(sleep = sleepstudy)
  table <- database_table(connection, "sleep")
  formula <- Reaction ~ Days + (1 | Subject)
  for (chosen in list(dplyr::filter(table, Days > 100), dplyr::mutate(table, Days = NA_real_))) {
    expect_error(suppressMessages(lmm(formula, chosen)), "no complete row",
      class = "henderson_error_data"
    )
  }
})
