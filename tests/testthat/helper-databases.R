# Databases that the tests read from. PostgreSQL is started here, on ports of 127.0.0.1 that are
# free, by fixtures/postgres.sh; the system's own servers are not touched.

sqlite_with <- function(..., env = parent.frame()) {
  connection <- DBI::dbConnect(RSQLite::SQLite(), ":memory:")
  withr::defer(DBI::dbDisconnect(connection), envir = env)
  write_tables(connection, list(...))
  connection
}

write_tables <- function(connection, tables) {
  for (name in names(tables)) {
    DBI::dbWriteTable(connection, name, without_factors(tables[[name]]), row.names = FALSE)
  }
}

without_factors <- function(data) {
  data[] <- lapply(data, function(x) if (is.factor(x)) as.character(x) else x)
  as.data.frame(data)
}

# As R has it if levels are in the order of the C locale, as those of databases are.
with_sorted_levels <- function(data) {
  data[] <- lapply(data, function(x) {
    if (is.character(x)) factor(x, sort(unique(x), method = "radix")) else x
  })
  data
}

# --- PostgreSQL ---

servers <- new.env()

postgres_program <- function() {
  rev(sort(Sys.glob("/usr/lib/postgresql/*/bin/initdb")))[1]
}

need_postgres <- function() {
  need_peer(c("DBI", "dbplyr", "dplyr", "RPostgreSQL"))
  if (!is.na(postgres_program())) return(invisible(TRUE))
  if (nzchar(Sys.getenv("CI"))) testthat::fail("PostgreSQL is not installed")
  testthat::skip("PostgreSQL is not installed")
}

is_free <- function(port) {
  connection <- tryCatch(
    suppressWarnings(socketConnection("127.0.0.1", port, open = "r+", timeout = 1)),
    error = function(e) NULL
  )
  if (!is.null(connection)) close(connection)
  is.null(connection)
}

# Ports of `count` servers, started on first use and stopped when the tests end.
postgres_ports <- function(count = 1) {
  if (length(servers$ports) >= count) return(servers$ports[seq_len(count)])
  candidates <- 20000 + (Sys.getpid() * 10) %% 30000 + 0:40
  free <- Filter(is_free, setdiff(candidates, servers$ports))
  new <- free[seq_len(count - length(servers$ports))]
  # a folder that the user postgres can reach
  folder <- file.path(dirname(tempdir()), paste0("henderson-postgres-", Sys.getpid(), "-", new[1]))
  script <- normalizePath(testthat::test_path("fixtures", "postgres.sh"))
  status <- system2("bash", c(script, "start", folder, new), stdout = FALSE)
  if (status != 0) stop("PostgreSQL could not be started in ", folder)
  withr::defer(system2("bash", c(script, "stop", folder, new), stdout = FALSE),
    envir = testthat::teardown_env()
  )
  servers$folders[as.character(new)] <- folder
  servers$ports <- c(servers$ports, new)
  servers$ports
}

# driver: by its name, as RPostgres need not be there.
postgres_driver <- function(driver = NULL) {
  if (is.null(driver)) {
    preferred <- "RPostgres"
    driver <- if (requireNamespace(preferred, quietly = TRUE)) preferred else "RPostgreSQL"
  }
  maker <- c(RPostgres = "Postgres", RPostgreSQL = "PostgreSQL")[[driver]]
  getExportedValue(driver, maker)()
}

connect_postgres <- function(port = postgres_ports(), driver = NULL, env = parent.frame()) {
  withr::local_envvar(TZ = "UTC", .local_envir = env)
  connection <- DBI::dbConnect(postgres_driver(driver),
    host = "127.0.0.1", port = port, user = "henderson", dbname = "postgres"
  )
  withr::defer(suppressWarnings(DBI::dbDisconnect(connection)), envir = env)
  connection
}

run_sql <- function(connection, ...) {
  for (statement in c(...)) {
    suppressMessages(DBI::dbClearResult(DBI::dbSendQuery(connection, statement)))
  }
}

# Tables that are there while `env` is.
postgres_with <- function(..., env = parent.frame()) {
  tables <- list(...)
  connection <- connect_postgres(env = env)
  for (name in names(tables)) run_sql(connection, paste("DROP TABLE IF EXISTS", name))
  write_tables(connection, tables)
  connection
}

# RPostgreSQL uses an old interface of dbplyr, of which it warns once.
database_table <- function(connection, name) suppressWarnings(dplyr::tbl(connection, name))

# What a server has been asked since line `after` of its log.
server_log <- function(port, after = 0) {
  lines <- readLines(file.path(servers$folders[[as.character(port)]], port, "log"), warn = FALSE)
  lines[seq_along(lines) > after]
}

# --- fits ---

# The same model of the same rows, to rounding.
expect_same_fit <- function(fit, expected, tolerance = 1e-10) {
  expect_equal(fit$criterion, expected$criterion, tolerance = tolerance)
  expect_identical(names(fixef(fit)), names(fixef(expected)))
  errors <- sqrt(diag(as.matrix(vcov(expected))))
  expect_lt(max(abs(fixef(fit) - fixef(expected)) / errors), 1e-7)
  expect_equal(sqrt(diag(as.matrix(vcov(fit)))), errors, tolerance = 1e-7)
  expect_equal(fit$theta, expected$theta, tolerance = 1e-6)
  expect_equal(nobs(fit), nobs(expected))
  modes <- ranef(fit)
  own <- ranef(expected)
  expect_identical(names(modes), names(own))
  for (group in names(own)) {
    expect_identical(dimnames(modes[[group]]), dimnames(own[[group]]))
    expect_equal(as.matrix(modes[[group]]), as.matrix(own[[group]]), tolerance = 1e-6)
  }
}

# Rows with what is hard: levels that differ little, missing values, numbers far from zero.
hard_rows <- function(n = 1500) {
  withr::local_seed(20)
  data <- data.frame(
    x1 = rnorm(n) + 50, x2 = runif(n) * 300 + 1e5, h = sample(c(TRUE, FALSE), n, TRUE),
    f = sample(c("b", "a", "A", "a ", "q\"x", "d'e", "\u00e4"), n, TRUE), g = sample(150, n, TRUE),
    s = sample(letters, n, TRUE), w = rexp(n), o = rnorm(n)
  )
  data$y <- 2000 + rnorm(n) + rnorm(150)[data$g] + (data$x1 - 50) * rnorm(150, sd = 0.4)[data$g] +
    rnorm(26, sd = 0.5)[match(data$s, letters)]
  data$x1[5] <- data$f[17] <- data$y[30] <- data$g[40] <- data$w[50] <- NA
  data
}
