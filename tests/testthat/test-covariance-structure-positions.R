times <- c(0, 1, 2.5, 7)
data <- withr::with_seed(1, {
  data <- expand.grid(t = times, g = factor(1:12), r = 1:2)
  data$f <- factor(data$t)
  data$y <- rnorm(nrow(data)) + rnorm(12)[data$g] + 0.5 * rnorm(48)[interaction(data$f, data$g)]
  data
})
fit_quietly <- function(...) suppressMessages(suppressWarnings(lmm(...)))

test_that("positions come from the levels, in any order, as numbers or coordinates", {
  fit <- fit_quietly(y ~ ou(0 + f | g), data)
  expect_identical(fit$random[[1]]$settings$positions, matrix(times))
  other <- transform(data, f = factor(f, levels = c("7", "0", "2.5", "1")))
  expect_equal(fit_quietly(y ~ ou(0 + f | g), other)$criterion, fit$criterion, tolerance = 1e-9)
  expect_equal(fit_quietly(y ~ ou(0 + factor(t) | g), data)$criterion, fit$criterion,
    tolerance = 1e-10
  )
  exp <- fit_quietly(y ~ exp(0 + f | g), data)
  expect_equal(exp$criterion, fit$criterion, tolerance = 1e-8)
  expect_equal(exp$theta[["g.range"]], -1 / log(fit$theta[["g.rho"]]), tolerance = 1e-4)
  # the unit of time is the user's
  hours <- transform(data, f = factor(24 * t))
  ou <- fit_quietly(y ~ ou(0 + f | g), hours)
  expect_equal(ou$criterion, fit$criterion, tolerance = 1e-9)
  expect_equal(ou$theta[["g.rho"]]^24, fit$theta[["g.rho"]], tolerance = 1e-4)
  # a line in the plane has the same distances
  plane <- transform(data, f = factor(paste0("(", 3 * t / 5, ",", 4 * t / 5, ")")))
  expect_equal(fit_quietly(y ~ exp(0 + f | g), plane)$criterion, exp$criterion, tolerance = 1e-8)
})

test_that("what has no positions, or two at one place, is an error", {
  expect_error(lmm(y ~ ou(1 + t | g), data), "position", class = "henderson_error_variable")
  words <- transform(data, f = factor(letters[match(t, times)]))
  expect_error(lmm(y ~ gau(0 + f | g), words), "no numbers", class = "henderson_error_variable")
  plane <- transform(data, f = factor(paste0("(", t, ",", t, ")")))
  expect_error(lmm(y ~ ou(0 + f | g), plane), "2\\s+coordinates",
    class = "henderson_error_variable"
  )
  twice <- transform(data, f = factor(f, labels = c("0", "1", "1.0", "7")))
  expect_error(lmm(y ~ ou(0 + f | g), twice), "same\\s+position",
    class = "henderson_error_variable"
  )
  expect_error(lmm(y ~ rr(0 + f | g, d = 5), data), "larger", class = "henderson_error_formula")
})

test_that("steps are equal: numbers that are not are answered with ou()", {
  expect_error(lmm(y ~ ar1(0 + f | g), data), "ou\\(0 \\+ f", class = "henderson_error_variable")
  numbered <- transform(data, f = factor(as.integer(f)))
  expect_s3_class(fit_quietly(y ~ ar1(0 + f | g), numbered), "henderson_lmm")
  # levels without observations are steps
  months <- transform(data, f = factor(letters[match(t, times)], levels = letters[1:4]))
  gap <- subset(months, f != "b")
  fit <- fit_quietly(y ~ ar1(0 + f | g), gap)
  expect_identical(fit$random[[1]]$settings$positions, matrix(c(1, 3, 4)))
  ou <- fit_quietly(y ~ ou(0 + f | g), transform(gap, f = factor(match(f, letters))))
  if (fit$theta[["g.rho"]] > 0) expect_equal(fit$criterion, ou$criterion, tolerance = 1e-8)
})
