test_that("a response without residual variance is an error that names it", {
  data <- data.frame(x = 1:12, g = gl(4, 3))
  data$y <- 3 + 2 * data$x
  expect_error(lmm(y ~ x + (1 | g), data), class = "henderson_error_computation")
})

test_that("values whose squares leave double precision are named with their largest", {
  expect_silent(check_magnitude(c(0, 0, 0), "x", "data"))
  expect_silent(check_magnitude(c(1e149, -3), "x", "data"))
  large <- expect_error(check_magnitude(c(2, -1e151), "x", "data"), "too large",
    class = "henderson_error_data"
  )
  expect_identical(large[c("variable", "observed")], list(variable = "x", observed = 1e151))
  expect_error(check_magnitude(c(1e-160, 0), "y", "response"), "too small",
    class = "henderson_error_response"
  )
  infinite <- expect_error(check_magnitude(c(1, Inf, NaN), "x:w", "data"), "2 values among 3")
  expect_identical(infinite$observed, 2L)
})

test_that("rows of weight zero may hold anything", {
  data <- transform(sleepstudy, w = rep(c(1, 0), 90))
  right <- lmm(Reaction ~ Days + (1 | Subject), data[data$w > 0, ])
  data$Days[2] <- 1e200
  fit <- lmm(Reaction ~ Days + (1 | Subject), data, weights = w)
  expect_equal(fixef(fit), fixef(right), tolerance = 1e-6)
  expect_error(lmm(Reaction ~ Days + (1 | Subject), data), class = "henderson_error_data")
})
