# Pieces are independent: each worker adds up its own, and only sums come back.
test_that("pieces that are added up by workers give the fit of all rows", {
  need_peer(c("future", "future.apply"))
  withr::local_seed(8)
  data <- data.frame(
    x = rnorm(600) + 20, f = factor(sample(c("a", "b", "c"), 600, TRUE)), g = sample(40, 600, TRUE)
  )
  data$y <- rnorm(600) + rnorm(40)[data$g] + data$x
  files <- vapply(1:4, function(i) tempfile(fileext = ".rds"), "")
  withr::defer(unlink(files))
  for (i in 1:4) saveRDS(data[150 * (i - 1) + 1:150, ], files[i])
  formula <- y ~ x + f + (x | g)
  sums_of_file <- function(file) cross_products(formula, readRDS(file))
  old <- future::plan("multisession", workers = 2)
  withr::defer(future::plan(old))
  parts <- future.apply::future_lapply(files, sums_of_file, future.packages = "henderson")
  together <- suppressMessages(lmm(Reduce(`+`, parts)))
  expect_same_fit(together, suppressMessages(lmm(formula, data)))
  # the same numbers as by this process
  here <- Reduce(`+`, lapply(files, sums_of_file))
  expect_identical(together$criterion, suppressMessages(lmm(here))$criterion)
})
