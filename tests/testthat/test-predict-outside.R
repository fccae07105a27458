# The right values are predictions of a fit whose data have the variables from outside.

test_that("variables from outside the data serve for the rows of the fit", {
  data <- test_data()
  off <- data$o
  u <- data$v
  inside <- transform(data, off = o, u = v)
  holes <- transform(data, x = replace(x, c(3, 50), NA))
  changed <- function(data) transform(data, x = x + 1)
  for (formula in c(y ~ x + offset(off) + (1 | g), y ~ u + log(w) + offset(2 * off) + (x | g))) {
    fit <- suppressMessages(lmm(formula, data))
    right <- suppressMessages(lmm(formula, inside))
    expect_equal(predict(fit, data), predict(right, inside))
    expect_equal(predict(fit, data), predict(fit))
    expect_equal(predict(fit, data, re.form = NA), predict(right, inside, re.form = NA))
    expect_equal(predict(fit, changed(data)), predict(right, changed(inside)))
    expect_equal(
      predict(fit, data, interval = "confidence"), predict(right, inside, interval = "confidence")
    )
  }
  fit <- lmm(y ~ x + offset(off) + (1 | g), holes)
  right <- lmm(y ~ x + offset(off) + (1 | g), transform(holes, off = o))
  expect_equal(predict(fit, holes), predict(right, transform(holes, off = o)))
  expect_equal(predict(fit, data), predict(right, inside))
  # whatever else changes, the offset is that of the row
  fit <- lmm(y ~ x + offset(off) + (1 | g), data)
  expect_equal(
    predict(fit, changed(data), re.form = NA), predict(fit, re.form = NA) + fixef(fit)[["x"]]
  )
  # in the response as well
  fit <- lmm(y - u ~ x + u + (1 | g), data)
  right <- lmm(y - u ~ x + u + (1 | g), inside)
  expect_equal(predict(fit, data), predict(right, inside))
  # the argument
  fit <- lmm(y ~ x + (1 | g), data, offset = off)
  expect_equal(predict(fit, changed(data)), predict(right <- lmm(
    y ~ x + (1 | g), inside, offset = off
  ), changed(inside)))
})

test_that("for other rows, or where they have changed, they are an error", {
  data <- test_data()
  off <- data$o
  fit <- lmm(y ~ x + offset(off) + (1 | g), data)
  for (newdata in list(data[1:3, ], data[90:1, ], transform(data[90:1, ], y = NULL))) {
    expect_error(predict(fit, newdata), "lacks the variable `off`",
      class = "henderson_error_newdata"
    )
  }
  expect_equal(
    predict(fit, transform(data, off = o)[4:6, ]), predict(fit)[4:6], ignore_attr = TRUE
  )
  off <- rev(off)
  condition <- expect_error(predict(fit, data), "does not give what it gave",
    class = "henderson_error_newdata"
  )
  expect_identical(condition$variable, "off")
  # a product of it with what newdata has changed is not that of the fit
  factored <- lmm(y ~ offset(off * v) + (1 | g), data)
  expect_equal(predict(factored, data), predict(factored))
  expect_error(predict(factored, transform(data, v = v + 1)), "does not give what it gave",
    class = "henderson_error_newdata"
  )
  rm(off)
  expect_error(predict(fit, data), "lacks the variable `off`", class = "henderson_error_newdata")
})
