# The right values are fits of the data with the new response in the place of the old one.

test_that("an expression that looks at other rows is known for one", {
  expect_true(is_rowwise(quote(x > 2 & !(g %in% c("a", "b")))))
  expect_true(is_rowwise(quote(log(w) < 1)))
  for (expression in expression(x > mean(x), rank(x) < 5, as.numeric(factor(g)) > 1, x[1] < 2)) {
    expect_false(is_rowwise(expression))
  }
  expect_true(is_rowwise(quote(scale(x)), also = "scale"))
})

test_that("new transformations of a replaced response take its new values", {
  data <- test_data()
  holes <- transform(data, x = replace(x, c(3, 50), NA))
  fits <- list(
    lmm(y ~ x + (1 | g), data), lmm(y ~ x + (1 | g), data, subset = v > -1),
    lmm(y ~ x + (1 | g), data, subset = c(90:30, 90:60)), lmm(y ~ x + (1 | g), holes)
  )
  changed <- transform(data, y = y^2)
  rights <- list(
    changed, changed[data$v > -1, ], changed[c(90:30, 90:60), ], changed[-c(3, 50), ]
  )
  for (i in seq_along(fits)) {
    again <- refit_response(fits[[i]], model.frame(fits[[i]])$y^2)
    for (change in c(
      sqrt(y) ~ ., log(y) ~ . + v, I(y / v^2) ~ . + o, o ~ . - x + I(y > 90), y / 2 ~ ., -y ~ .,
      y^2 ~ . + v, (y + v) ~ ., 2 * y - o ~ . + log(y)
    )) {
      right <- suppressMessages(lmm(update(y ~ x + (1 | g), change), rights[[i]]))
      expect_fit_of(suppressMessages(update(again, change)), right)
    }
    expect_fit_of(
      suppressMessages(update(again, weights = sqrt(y) + w)),
      lmm(y ~ x + (1 | g), rights[[i]], weights = sqrt(y) + w)
    )
  }
  # a subset of rows by the new response
  for (i in c(1, 4)) {
    again <- refit_response(fits[[i]], model.frame(fits[[i]])$y^2)
    expect_fit_of(
      suppressMessages(update(again, subset = y > 90 & v < 1)),
      lmm(y ~ x + (1 | g), rights[[i]], subset = y > 90 & v < 1)
    )
  }
  again <- refit_response(fits[[2L]], model.frame(fits[[2L]])$y^2)
  expect_error(update(again, subset = y > 90), class = "henderson_error_data")
  # what depends on rows that have no new response
  condition <- tryCatch(update(again, scale(y) ~ .), error = identity)
  expect_s3_class(condition, "henderson_error_data")
  expect_identical(condition$variable, "y")
})

test_that("what refit_response() does not tell is never taken from the data", {
  data <- test_data()
  logged <- refit_response(lmm(log(y) ~ x + (1 | g), data), 2 * log(data$y))
  part <- lmm(log(y) ~ x + (1 | g), data, subset = v > 0)
  part <- refit_response(part, 2 * model.frame(part)[[1L]])
  weighted <- lmm(y ~ x + (1 | g), data, weights = w)
  weighted <- refit_response(weighted, data$y, newweights = 1 / data$w)
  for (fit in list(logged, part)) {
    for (change in c(y ~ ., I(y / 2) ~ ., log(y) ~ . + I(y > 9), log(y + v) ~ .)) {
      condition <- tryCatch(update(fit, change), error = identity)
      expect_s3_class(condition, "henderson_error_data")
      expect_identical(condition$variable, "y")
      expect_match(conditionMessage(condition), "gave `log(y)`", fixed = TRUE)
    }
    expect_error(update(fit, subset = y > 9), "`y`", class = "henderson_error_data")
    expect_error(update(fit, weights = y), "`y`", class = "henderson_error_data")
  }
  expect_error(add1(refit_ml(logged), ~ . + sqrt(y)), "`y`", class = "henderson_error_data")
  condition <- tryCatch(update(weighted, weights = sqrt(w)), error = identity)
  expect_s3_class(condition, "henderson_error_data")
  expect_identical(condition$variable, "w")
  expect_error(update(weighted, . ~ . + w), "newweights", class = "henderson_error_data")
  expect_error(update(weighted, subset = w > 1.5), "newweights", class = "henderson_error_data")
  expect_fit_of(update(logged, o ~ .), lmm(o ~ x + (1 | g), data))
  expect_fit_of(update(weighted, weights = o^2), lmm(y ~ x + (1 | g), data, weights = o^2))
  # a variable of the model is what it was
  both <- lmm(y ~ w + (1 | g), data, weights = w)
  both <- refit_response(both, data$y, newweights = 1 / data$w)
  expect_fit_of(update(both, . ~ . + I(w^2)), lmm(y ~ w + I(w^2) + (1 | g), data, weights = 1 / w))
})

test_that("a response that reads like terms stays a column beside new ones", {
  data <- test_data()
  again <- refit_response(lmm(y / w ~ x + (1 | g), data), rev(data$y))
  right <- transform(data, z = rev(y))
  expect_fit_of(update(again, . ~ . + I(x^2)), lmm(z ~ x + I(x^2) + (1 | g), right))
  expect_fit_of(update(again, x ~ 1 + (1 | g)), lmm(x ~ 1 + (1 | g), data))
  expect_fit_of(update(again, x - 1 ~ 1 + (1 | g)), lmm(x - 1 ~ 1 + (1 | g), data))
})

test_that("data whose rows are in another order are said to be that", {
  data <- test_data()
  data$m <- cbind(data$v, data$w)
  wrong <- function(changed) {
    D <- data
    fit <- lmm(y ~ x + f + m + (1 | g), D)
    D <- changed
    condition <- expect_error(update(fit, . ~ . + o), class = "henderson_error_data")
    # what the frame has is what it was
    message <- expect_message(again <- update(fit, . ~ . - f), class = "henderson_message_data")
    expect_fit_of(again, lmm(y ~ x + m + (1 | g), data))
    expect_match(conditionMessage(message), "order|other values")
    gsub("\\s+", " ", conditionMessage(condition))
  }
  expect_match(wrong(data[90:1, ]), "its rows are in another order", fixed = TRUE)
  expect_match(wrong(data[order(data$x), ]), "its rows are in another order", fixed = TRUE)
  # each column has its values, but not beside the same ones
  expect_match(wrong(transform(data, x = rev(x))), "`x` has other values", fixed = TRUE)
  expect_match(wrong(transform(data[90:1, ], x = data$x)), "has other values", fixed = TRUE)
  # a variable that the fit's data never had
  D <- data
  fit <- lmm(y ~ x + (1 | g), D)
  D <- transform(data[90:1, ], u = o)
  expect_error(update(fit, . ~ . + u), "model frame of the fit does not have `u`",
    class = "henderson_error_data"
  )
})
