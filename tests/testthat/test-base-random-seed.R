test_that("a seed repeats the numbers and leaves the generator where it was", {
  withr::local_preserve_seed()
  set.seed(1)
  before <- .Random.seed
  first <- with_seed(5, stats::rnorm(2))
  expect_identical(.Random.seed, before)
  expect_identical(with_seed(5, stats::rnorm(2)), first)
  set.seed(5)
  expect_identical(first$value, stats::rnorm(2))
  expect_identical(as.integer(first$seed), 5L)
})

test_that("without a seed the generator goes on, and its state repeats the numbers", {
  withr::local_preserve_seed()
  set.seed(1)
  drawn <- with_seed(NULL, stats::rnorm(2))
  next_one <- stats::rnorm(1)
  assign(".Random.seed", drawn$seed, envir = globalenv())
  expect_identical(c(stats::rnorm(2), stats::rnorm(1)), c(drawn$value, next_one))
})

test_that("a generator that was not in use is not in use afterwards, also after an error", {
  withr::local_preserve_seed()
  stats::runif(1)
  rm(".Random.seed", envir = globalenv())
  expect_error(with_seed(1, stop("broken")), "broken")
  expect_false(exists(".Random.seed", envir = globalenv(), inherits = FALSE))
})
