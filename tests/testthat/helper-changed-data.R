# Data that change after the fit, and the comparison with a fit of the right ones.

test_data <- function() {
  set.seed(11)
  data <- data.frame(
    x = rnorm(90), v = rnorm(90), w = runif(90, 1, 2), o = rnorm(90), g = gl(9, 10),
    f = gl(3, 1, 90, labels = c("a", "b", "c"))
  )
  data$y <- 10 + data$x + rnorm(9)[data$g] + rnorm(90)
  data
}

# another data set with the same names
other_data <- function(data) {
  data$x <- rev(data$x)
  data$y <- 2 * data$y + 5 * data$v
  data
}

expect_fit_of <- function(fit, expected) {
  expect_equal(fixef(fit), fixef(expected), tolerance = 1e-6)
  expect_equal(fit$criterion, expected$criterion, tolerance = 1e-9)
  expect_identical(nobs(fit), nobs(expected))
}

table_of <- function(x) as.matrix(as.data.frame(x))
