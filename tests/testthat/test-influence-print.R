test_that("the data frame has a row for each unit", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  found <- as.data.frame(influence(fit))
  expect_identical(nrow(found), 18L)
  expect_true(all(c("deleted", "Days", "sigma^2", "cooks.distance", "joint") %in% names(found)))
})

test_that("printing shows the most influential units, how they were left out, and reasons", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  lines <- capture.output(print(influence(fit), digits = 3))
  expect_match(lines[1], "each Subject (18), all parameters estimated again", fixed = TRUE)
  expect_match(lines[4], "^309 +0.148")
  expect_length(lines, 9L)
  lines <- capture.output(print(influence(fit, "obs", method = "one-step")))
  expect_match(lines[1], "each row (180), covariance parameters by one step", fixed = TRUE)
  expect_error(print(influence(fit), digits = "a"), class = "henderson_error_argument")
})
