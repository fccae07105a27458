# The right values are fits of the data as they were when the fit was made.

test_that("a subset is the one of the fit although names in it have changed", {
  data <- test_data()
  fits <- list()
  for (k in levels(data$g)) fits[[k]] <- lmm(y ~ x + (1 | g), data, subset = g != k, REML = FALSE)
  part <- data[data$g != levels(data$g)[1L], ]
  right <- lmm(y ~ x + (1 | g), part, REML = FALSE)
  first <- fits[[1L]]

  expect_equal(table_of(add1(first, ~ . + v)), table_of(add1(right, ~ . + v)), tolerance = 1e-6)
  expect_equal(
    table_of(add1(update(first, . ~ . + o), ~ . + v)),
    table_of(add1(update(right, . ~ . + o), ~ . + v)), tolerance = 1e-6
  )
  expect_fit_of(step(first, scope = ~ x + v, trace = 0, k = 0), update(right, . ~ . + v))
  expect_fit_of(
    update(refit_response(first, part$y + part$v), subset = f != "a" & g != "1"),
    lmm(y + v ~ x + (1 | g), part, subset = f != "a", REML = FALSE)
  )
  k <- 1
  fit <- lmm(y ~ x + (1 | g), data, subset = (1:45) + 45 * (k - 1))
  right <- lmm(y ~ x + (1 | g), data[1:45, ])
  k <- 2
  for (scope in c(~ . + v, ~ . + I(x^2))) {
    expect_equal(table_of(add1(fit, scope)), table_of(add1(right, scope)), tolerance = 1e-6)
  }
  twice <- rbind(data, data)
  keep <- twice$v > -1
  long <- lmm(y ~ x + (1 | g), twice, subset = keep)
  keep <- rev(keep)
  expect_error(add1(long, ~ . + v), class = "henderson_error_data")
})

test_that("rows left out by na.exclude keep their places under another subset", {
  data <- test_data()
  data$x[c(3, 50)] <- NA
  fit <- lmm(y ~ x + (1 | g), data, na.action = na.exclude)
  again <- refit_response(fit, data$y + 1)
  right <- lmm(y + 1 ~ x + (1 | g), data, subset = f != "b", na.action = na.exclude)

  expect_equal(fitted(update(again, subset = f != "b")), fitted(right), tolerance = 1e-6)
  # a row taken twice counts twice
  rows <- c(1:60, 1:30)
  expect_fit_of(
    update(again, subset = rows), lmm(y + 1 ~ x + (1 | g), data[rows, ])
  )
  rm(data)
  expect_message(
    update(fit, subset = g != "1"), "no NA stands", class = "henderson_message_data"
  )
})

test_that("with other data, what lay outside the data is what it was, or an error names it", {
  data <- test_data()
  sets <- list(data$w, rev(data$w))
  fits <- list()
  for (i in 1:2) fits[[i]] <- lmm(y ~ x + (1 | g), data, weights = sets[[i]])
  shift <- data$o
  offset_fit <- lmm(y ~ x + (1 | g), data, offset = shift)
  outside <- rep(data$v, 2)
  twice <- rbind(data, data)
  column_fit <- lmm(y ~ x + outside + (1 | g), twice)
  taken <- twice$v > -1
  subset_fit <- lmm(y ~ x + (1 | g), twice, subset = taken)

  expect_fit_of(update(fits[[1L]], data = data), fits[[1L]])
  expect_fit_of(update(offset_fit, data = data), offset_fit)
  expect_fit_of(update(column_fit, data = twice), column_fit)
  expect_fit_of(update(subset_fit, data = twice), subset_fit)
  sets <- rev(sets)
  outside <- rev(outside)
  taken <- rev(taken)
  names <- c(weights = fits[1L], outside = list(column_fit), subset = list(subset_fit))
  for (name in names(names)) {
    given <- if (name == "weights") data else twice
    condition <- tryCatch(update(names[[name]], data = given), error = identity)
    expect_s3_class(condition, "henderson_error_data")
    expect_identical(condition$variable, name)
  }
  expect_error(update(offset_fit, data = data[90:1, ]), "`offset`", class = "henderson_error_data")
  expect_fit_of(
    update(offset_fit, data = transform(data, y = y + v)),
    lmm(y + v ~ x + (1 | g), data, offset = o)
  )
  expect_fit_of(update(fits[[1L]], data = data, weights = NULL), lmm(y ~ x + (1 | g), data))
})

test_that("other data do not bring a replaced response back", {
  data <- test_data()
  again <- refit_response(lmm(y ~ x + (1 | g), data), data$y + data$v)

  expect_error(update(again, data = data), "refit_response", class = "henderson_error_response")
  expect_fit_of(update(again, o ~ ., data = data), lmm(o ~ x + (1 | g), data))
})

test_that("subset never takes a homonym of a column that the frame lacks", {
  data <- test_data()
  columns <- data
  fit <- lmm(y ~ x + (1 | g), data, weights = w)
  file <- tempfile(fileext = ".rds")
  rm(data)
  w <- rep(1, 90)
  f <- rev(columns$f)
  k <- "2"
  saveRDS(fit, file)

  for (fit in list(fit, readRDS(file))) {
    condition <- tryCatch(update(fit, subset = f == "a"), error = identity)
    expect_s3_class(condition, "henderson_error_data")
    expect_identical(condition$variable, "f")
    expect_error(update(fit, subset = w > 1.5), "`w`", class = "henderson_error_data")
    local_homonym <- function(f) update(fit, subset = f == "a")
    expect_error(local_homonym(f), "`f`", class = "henderson_error_data")
  }
  right <- lmm(y ~ x + (1 | g), columns, weights = w, subset = g != "2")
  expect_fit_of(update(fit, subset = g != k), right)
  expect_fit_of(sapply("2", function(one) list(update(fit, subset = g != one)))[[1L]], right)
})

test_that("subset of an imported fit takes no homonym either", {
  need_peer("lme4")
  data <- test_data()
  columns <- data
  fit <- as_lmm(lme4::lmer(y ~ x + (1 | g), data))
  rm(data)
  f <- rev(columns$f)
  local_homonym <- function(f) update(fit, subset = f == "a")

  expect_error(update(fit, subset = f == "a"), "`f`", class = "henderson_error_data")
  expect_error(local_homonym(f), "`f`", class = "henderson_error_data")
})

test_that("predictions of a refit from the model frame use the bases of the fit", {
  data <- test_data()
  fit <- lmm(y ~ poly(x, 2) + scale(v) + (1 | g), data)
  expected <- predict(update(fit, . ~ . + I(o^2) - scale(v)), data[1:5, ])
  kept <- lmm(y ~ poly(x, 2) + o + scale(v) + (1 | g), data)
  gone <- data
  rm(data)

  expect_equal(predict(update(kept, . ~ . + I(o^2) - o - scale(v)), gone[1:5, ]), expected,
    tolerance = 1e-6
  )
})
