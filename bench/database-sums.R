# What it costs to fit a table of a database: the queries of cross_products() against the same sums
# written by hand (PostgreSQL), and fetching rows against a bare fetch of the same (SQLite).
#
#   Rscript bench/database-sums.R [rows, default 1e6] [port of a PostgreSQL server, default: none]
#
# A server is started by tests/testthat/fixtures/postgres.sh; HENDERSON_LIB is the library with the
# package. Both sides of a ratio alternate in one run, three times each; the medians are printed.

arguments <- commandArgs(trailingOnly = TRUE)
rows <- if (length(arguments) > 0) as.numeric(arguments[1]) else 1e6
port <- if (length(arguments) > 1) as.integer(arguments[2])
library(henderson, lib.loc = c(Sys.getenv("HENDERSON_LIB"), .libPaths()))
formula <- y ~ x1 + x2 * f + (x1 | g) + (1 | h)

seconds <- function(work) system.time(work())[["elapsed"]]

compare <- function(what, own, other, times = 3) {
  taken <- replicate(times, c(seconds(own), seconds(other)))
  middle <- apply(taken, 1, median)
  cat(sprintf("%s: %.1f s, %.1f s by hand: ratio %.2f\n", what, middle[1], middle[2],
    middle[1] / middle[2]
  ))
}

peak <- function() {
  status <- readLines("/proc/self/status")
  own <- sub("VmHWM:\\s*", "peak memory of R: ", grep("VmHWM", status, value = TRUE))
  cat(own, "\n", sep = "")
}

# --- PostgreSQL ---

make_rows <- "CREATE UNLOGGED TABLE bench AS SELECT id, g, h, f, x1, x2,
  10 + 0.3 * x1 + x2 * (CASE f WHEN 'a' THEN 1 WHEN 'b' THEN 0.5 ELSE 0 END) + sin(g) +
  0.05 * cos(g * 3) * x1 + 0.5 * sin(h * 7.0) + e AS y
  FROM (SELECT id, (random() * 5000)::int AS g, (random() * 200)::int AS h,
  (array['a', 'b', 'c', 'd'])[1 + floor(random() * 4)::int] AS f, random() * 10 + 50 AS x1,
  random() * 4 AS x2, random() + random() + random() AS e FROM generate_series(1, %d) AS id) AS r"

by_hand <- function(connection) {
  about <- DBI::dbGetQuery(connection,
    "SELECT count(*), avg(x1) AS a, avg(x2) AS b, avg(y) AS c FROM bench"
  )
  from <- sprintf("FROM (SELECT g, h, f, x1 - %.0f AS x1, x2 - %.0f AS x2, y - %.0f AS y FROM bench
    WHERE x1 IS NOT NULL AND x2 IS NOT NULL AND y IS NOT NULL AND g IS NOT NULL AND h IS NOT NULL
    AND f IS NOT NULL) AS r", about$a, about$b, about$c)
  first <- "count(*), sum(x1), sum(x2), sum(y)"
  second <- "sum(x1 * x1), sum(x1 * x2), sum(x1 * y)"
  queries <- c(
    paste("SELECT f,", first, ",", second, ", sum(x2 * x2), sum(x2 * y), sum(y * y)", from,
      "GROUP BY f"),
    paste("SELECT g, f,", first, ",", second, from, "GROUP BY g, f"),
    paste("SELECT h, f,", first, from, "GROUP BY h, f"),
    paste("SELECT g, h, count(*), sum(x1)", from, "GROUP BY g, h")
  )
  for (query in queries) DBI::dbGetQuery(connection, query)
}

if (!is.null(port)) {
  Sys.setenv(TZ = "UTC")
  connection <- DBI::dbConnect(RPostgreSQL::PostgreSQL(),
    host = "127.0.0.1", port = port, user = "henderson", dbname = "postgres"
  )
  suppressWarnings(DBI::dbGetQuery(connection, "DROP TABLE IF EXISTS bench"))
  DBI::dbGetQuery(connection, sprintf(make_rows, as.integer(rows)))
  DBI::dbGetQuery(connection, "ANALYZE bench")
  table <- suppressWarnings(dplyr::tbl(connection, "bench"))
  compare(sprintf("PostgreSQL, %g rows", rows),
    function() sums <<- cross_products(formula, table), function() by_hand(connection)
  )
  cat("the fit of the sums:", seconds(function() print(lmm(sums)$criterion)), "s\n")
  peak()
  DBI::dbGetQuery(connection, "DROP TABLE bench")
  DBI::dbDisconnect(connection)
}

# --- SQLite ---

piece <- function(n) {
  data <- data.frame(
    g = sample(5000L, n, TRUE), h = sample(200L, n, TRUE), f = sample(letters[1:4], n, TRUE),
    x1 = rnorm(n) + 50, x2 = rnorm(n)
  )
  data$y <- 0.3 * data$x1 + (data$f == "a") * data$x2 + sin(data$g) + rnorm(n)
  data
}
set.seed(1)
file <- tempfile(fileext = ".sqlite")
connection <- DBI::dbConnect(RSQLite::SQLite(), file)
for (i in seq_len(ceiling(rows / 5e5))) {
  DBI::dbWriteTable(connection, "bench", piece(min(rows, 5e5)), append = TRUE)
}
fetch <- function() {
  result <- DBI::dbSendQuery(connection, "SELECT g, h, f, x1, x2, y FROM bench")
  while (nrow(DBI::dbFetch(result, n = 5e5)) > 0) next
  DBI::dbClearResult(result)
}
compare(sprintf("SQLite, %g rows", rows),
  function() cross_products(formula, dplyr::tbl(connection, "bench")), fetch
)
peak()
DBI::dbDisconnect(connection)
unlink(file)
