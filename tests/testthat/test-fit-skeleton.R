rank_of <- function(X) {
  state <- list2env(list(basis = NULL, skeleton = NULL))
  henderson:::rows_of_rank(state, X, NULL)
}

test_that("a few rows have the rank of all", {
  set.seed(1)
  X <- cbind(1, rnorm(5000), rep(0:1, 2500), c(rep(0, 4999), 1))
  rows <- rank_of(X)
  expect_equal(qr(X[rows, ])$rank, 4)
  expect_length(rows, 4)
  # the last column is zero but in the last row
  expect_true(5000 %in% rows)
  # a column that is a combination of others needs no row
  expect_length(rank_of(cbind(X, X[, 1] + X[, 2])), 4)
})

test_that("missing values that are a level remain one", {
  both <- henderson:::bind_column(list(addNA(c("a", NA)), addNA(c("b", NA))), c("a", "b", NA))
  expect_identical(levels(both), c("a", "b", NA))
  expect_identical(as.integer(both), c(1L, 3L, 2L, 3L))
})

test_that("levels that have gone are no level of a row", {
  term <- list(group = "g", levels = c("a", "b", "c"), level = c(1L, 2L, 3L, 2L))
  kept <- henderson:::without_levels(term, list(g = "b"))
  expect_identical(kept$levels, c("a", "c"))
  expect_equal(kept$level, c(1, NA, 2, NA))
})
