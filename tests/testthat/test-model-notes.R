shown <- function(x, ...) paste(capture.output(print(x, ...)), collapse = "\n")

test_that("notes tell of dropped columns, omitted rows, singular and failed fits", {
  withr::local_options(width = 200)
  data <- transform(sleepstudy, twice = 2 * Days)
  data$Days[1:2] <- NA
  fit <- suppressMessages(lmm(Reaction ~ Days + twice + (1 | Subject), data))
  expect_match(shown(fit), "2 rows with missing values left out", fixed = TRUE)
  expect_match(shown(fit), "1 of 3 columns dropped (twice)", fixed = TRUE)

  fit$optimization$standardized[] <- 0
  expect_match(shown(fit), "singular fit", fixed = TRUE)
  fit$optimization$converged <- FALSE
  fit$optimization$status <- "max_iterations"
  expect_match(shown(fit), "not converged: max_iterations", fixed = TRUE)
})

test_that("many dropped columns are listed in part", {
  expect_identical(list_some(letters[1:7]), "a, b, c, d, e, ...")
  expect_identical(list_some(letters[1:5]), "a, b, c, d, e")
})
