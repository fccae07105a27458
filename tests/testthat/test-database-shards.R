# A table that is partitioned over two servers, and this one.
sharded_table <- function(data, env = parent.frame()) {
  ports <- postgres_ports(3)
  connection <- connect_postgres(ports[1], env = env)
  columns <- "id int, x float8, f text, g int, s text, y float8"
  run_sql(connection, "DROP TABLE IF EXISTS big CASCADE",
    "DROP EXTENSION IF EXISTS postgres_fdw CASCADE", "CREATE EXTENSION postgres_fdw",
    sprintf("CREATE TABLE big (%s) PARTITION BY HASH (id)", columns),
    "CREATE TABLE big_0 PARTITION OF big FOR VALUES WITH (MODULUS 3, REMAINDER 0)"
  )
  for (i in 1:2) {
    shard <- connect_postgres(ports[i + 1])
    run_sql(shard, sprintf("DROP TABLE IF EXISTS big_%d", i),
      sprintf("CREATE TABLE big_%d (%s)", i, columns)
    )
    run_sql(connection,
      sprintf("CREATE SERVER s%d FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1',
        port '%d', dbname 'postgres', async_capable 'true', fetch_size '50000')", i, ports[i + 1]),
      sprintf("CREATE USER MAPPING FOR henderson SERVER s%d OPTIONS (user 'henderson')", i),
      sprintf("CREATE FOREIGN TABLE big_%d PARTITION OF big
        FOR VALUES WITH (MODULUS 3, REMAINDER %d) SERVER s%d", i, i, i)
    )
  }
  values <- apply(vapply(data[c("id", "x", "f", "g", "s", "y")], function(x) {
    if (is.character(x)) quote_string(x) else sprintf("%.17g", x)
  }, character(nrow(data))), 1, paste, collapse = ", ")
  run_sql(connection, paste0("INSERT INTO big VALUES (", paste(values, collapse = "), ("), ")"))
  connection
}

shard_rows <- function() {
  withr::local_seed(6)
  n <- 2000
  data <- data.frame(
    id = seq_len(n), x = rnorm(n) + 50, f = sample(c("b", "a", "A"), n, TRUE),
    g = sample(100, n, TRUE), s = sample(letters, n, TRUE)
  )
  data$y <- rnorm(n) + rnorm(100)[data$g] + data$x * rnorm(100, sd = 0.2)[data$g] + 2000
  data
}

test_that("each server adds up its own rows", {
  need_postgres()
  data <- shard_rows()
  connection <- sharded_table(data)
  port <- postgres_ports(3)[2]
  before <- length(server_log(port))
  formula <- y ~ x * f + (x | g) + (1 | s)
  fit <- expect_no_message(suppressMessages(lmm(formula, database_table(connection, "big")),
    classes = "henderson_message_singular"
  ))
  expect_same_fit(fit, suppressMessages(lmm(formula, with_sorted_levels(data))))
  # of the rows none has left it, but for some that show what they are
  asked <- grep("^\\s*SELECT", server_log(port, before), value = TRUE)
  asked <- grep("FROM public.big_1", asked, value = TRUE)
  sums <- grepl("sum\\(|count\\(", asked)
  expect_gte(sum(sums), 5)
  expect_true(all(grepl("LIMIT", asked[!sums])))
})

test_that("filters and new columns are computed by each server, and the plan says so", {
  need_postgres()
  data <- shard_rows()
  connection <- sharded_table(data)
  table <- dplyr::mutate(dplyr::filter(database_table(connection, "big"), x > 49.5), z = x * 2)
  formula <- y ~ z + (z | g)
  fit <- suppressMessages(lmm(formula, table))
  expected <- suppressMessages(lmm(formula, transform(subset(data, x > 49.5), z = x * 2)))
  expect_same_fit(fit, expected)
  shown <- capture.output(suppressMessages(cross_products(formula, table, show_query = TRUE)))
  query <- paste(shown, collapse = "\n")
  query <- regmatches(query, regexpr("SELECT k1, SUM\\(n\\)[^;]*", query))
  plan <- DBI::dbGetQuery(connection, paste("EXPLAIN VERBOSE", query))[[1]]
  remote <- grep("Remote SQL", plan, value = TRUE)
  expect_length(remote, 2)
  expect_true(all(grepl("count\\(\\*\\).*GROUP BY 1", remote)))
  expect_true(any(grepl("Async Foreign Scan", plan)))
})

test_that("a server that is down is named, and the connection serves afterwards", {
  need_postgres()
  data <- shard_rows()
  connection <- sharded_table(data)
  run_sql(connection, "ALTER SERVER s2 OPTIONS (SET port '1')")
  table <- database_table(connection, "big")
  expect_error(lmm(y ~ x + (1 | g), table), "s2", class = "henderson_error_data")
  run_sql(connection, sprintf("ALTER SERVER s2 OPTIONS (SET port '%d')", postgres_ports(3)[3]))
  expect_equal(nobs(lmm(y ~ x + (1 | g), table)), 2000)
})
