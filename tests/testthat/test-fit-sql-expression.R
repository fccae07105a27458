translated <- function(text, columns, dialect = "sqlite") {
  engine <- list(dialect = sql_dialect(dialect))
  types <- lapply(columns, function(type) list(type = type, nan = type == "number"))
  translate(str2lang(text), new_translator(
    types, globalenv(), engine$dialect, quote_name_of(engine), quote_text_of(engine)
  ))
}

expressions <- c(
  "x + 1", "-x", "(x - y) * 2.5 / 7", "x^2", "y^3", "k / 2", "k %/% 3", "k %% 3", "(-k) %% 3",
  "I(x * y)", "sqrt(y)", "abs(x)", "exp(x)", "floor(x)", "ceiling(x)", "x > 0.1", "x <= y & k != 2",
  "!(x > 0) | is.na(y)", "ifelse(x > 0, y, -1)", "k %in% c(1, 3, 5)", "s == 'a\\'b'",
  "s %in% c('A', 'c')", "as.numeric(x > 0)", "ifelse(s == 'a ', 1, 2) + y", "log(y)", "log2(y)",
  "log10(y)"
)

test_that("what is translated means the same in R and in the database", {
  need_peer(c("DBI", "RSQLite"))
  withr::local_seed(1)
  data <- data.frame(x = rnorm(50), y = rexp(50), k = sample(9, 50, TRUE),
    s = sample(c("a", "A", "a ", "a'b", "c"), 50, TRUE)
  )
  data$x[3] <- data$y[5] <- data$s[7] <- NA
  connection <- sqlite_with(numbers = data)
  # this dialect knows no logarithm without asking the database
  for (text in grep("log", expressions, value = TRUE, invert = TRUE)) {
    own <- translated(text, list(x = "number", y = "number", k = "number", s = "text"))
    answer <- DBI::dbGetQuery(connection, paste("SELECT", own$sql, "AS v FROM numbers"))$v
    expect_equal(as.numeric(answer), as.numeric(eval(str2lang(text), data)), tolerance = 1e-14,
      info = text
    )
  }
})

test_that("the same in PostgreSQL, where not a number is missing", {
  need_postgres()
  withr::local_seed(1)
  data <- data.frame(x = rnorm(50), y = rexp(50), k = sample(9L, 50, TRUE),
    s = sample(c("a", "A", "a ", "a'b", "c"), 50, TRUE), i = seq_len(50)
  )
  data$x[3] <- data$y[5] <- data$s[7] <- NA
  connection <- postgres_with(numbers = data)
  run_sql(connection, "UPDATE numbers SET x = 'NaN' WHERE i = 3")
  for (text in expressions) {
    own <- translated(text, list(x = "number", y = "number", k = "number", s = "text"), "postgres")
    query <- paste("SELECT", own$sql, "AS v FROM numbers ORDER BY i")
    answer <- DBI::dbGetQuery(connection, query)$v
    expect_equal(as.numeric(answer), as.numeric(eval(str2lang(text), data)), tolerance = 1e-14,
      info = text
    )
  }
})

# NaN is missing in R and left out, infinite values are an error: NULL and infinity of the database.
odd_expressions <- c(
  "x / k", "1 / k", "k / (x - x)", "log(k)", "log2(x)", "sqrt(x)", "x^0.5", "k^-1", "x^-2",
  "k^-0.5", "exp(1000 * x)", "ifelse(k == 0, 0, 1 / k)", "1 / ifelse(is.na(x), 0, k)"
)

test_that("functions have no values where they have none in R", {
  need_peer(c("DBI", "RSQLite"))
  data <- data.frame(x = c(-1, 0, 1, 2, NA, -3), k = c(0, 0, 3, NA, 5, -2))
  same <- function(connection, dialect, of = odd_expressions) {
    for (text in of) {
      own <- translated(text, list(x = "number", k = "number"), dialect)
      answer <- DBI::dbGetQuery(connection, paste("SELECT", own$sql, "AS v FROM odd"))$v
      expected <- suppressWarnings(eval(str2lang(text), data))
      expected[is.nan(expected)] <- NA
      expect_equal(as.numeric(answer), expected, tolerance = 1e-14, info = text)
    }
  }
  same(sqlite_with(odd = data), "sqlite", grep("log", odd_expressions, value = TRUE, invert = TRUE))
  need_postgres()
  same(postgres_with(odd = data), "postgres")
})

test_that("what might mean something else is not translated", {
  columns <- list(x = "number", s = "text", d = "date")
  for (text in c(
    "sin(x)", "scale(x)", "poly(x, 2)", "s < 'b'", "s + 1", "d + 1", "round(x)", "log(x, 3)",
    "ifelse(x > 0, 'a', 1)", "x == s", "x %in% c(1, NA)", "log(x = x)", "paste(s)", "x$y", "x^x",
    "x %% 0.1", "x %/% x", "x %% 0"
  )) {
    expect_error(translated(text, columns), class = "henderson_untranslatable", info = text)
  }
})

test_that("numbers are written so that they are read as they were", {
  withr::local_seed(3)
  values <- c(rnorm(200), 10^runif(200, -300, 300), 0.1 + 0.2, 1e22, -3, 0)
  for (value in values) {
    text <- gsub("[()]", "", exact_digits(value))
    expect_identical(as.numeric(text), value)
    expect_match(text, "[.e]")
  }
})
