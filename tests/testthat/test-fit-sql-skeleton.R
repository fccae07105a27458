test_that("real rows are found until columns depend as those of all rows do", {
  need_peer(c("DBI", "dbplyr", "dplyr", "RSQLite"))
  # the first thousand rows are of one cell, where nothing varies
  withr::local_seed(4)
  n <- 3000
  data <- data.frame(
    f = rep(c("a", "b", "c"), each = n / 3), x = c(numeric(1500), rnorm(n - 1500)),
    g = sample(20, n, TRUE)
  )
  # a column that no row tells from another, and one that two rows do
  data$x2 <- 2 * data$x
  data$x3 <- data$x
  data$x3[c(1700, 2900)] <- 9
  data$y <- rnorm(n) + data$g / 10 + data$x
  connection <- sqlite_with(sorted = data)
  formula <- y ~ f * x + x2 + x3 + (1 | g)
  own <- cross_products(formula, database_table(connection, "sorted"), strategy = "queries")
  expect_lt(nrow(own$skeleton), 60)
  X <- function(frame) model.matrix(~ f * x + x2 + x3, frame)
  expect_equal(qr(X(own$skeleton))$rank, qr(X(data))$rank)
  expect_message(fit <- lmm(own), "x2", class = "henderson_message_rank")
  expect_same_fit(fit, suppressMessages(lmm(formula, data)))
})

test_that("levels of nested and crossed factors occur as they do in the rows", {
  need_peer(c("DBI", "dbplyr", "dplyr", "RSQLite"))
  withr::local_seed(5)
  data <- expand.grid(a = letters[1:5], b = 1:3, c = LETTERS[1:4], i = 1:5)
  data <- data[!(data$a == "b" & data$b == 2 | data$a == "c" & data$c == "D"), ]
  data$y <- rnorm(nrow(data)) + as.numeric(data$a) + data$b
  connection <- sqlite_with(nested = data)
  formula <- y ~ 1 + (1 | a / b) + (1 | a:c) + (1 | c)
  own <- cross_products(formula, database_table(connection, "nested"), strategy = "queries")
  expect_same_fit(suppressMessages(lmm(own)),
    suppressMessages(lmm(formula, with_sorted_levels(without_factors(data))))
  )
})
