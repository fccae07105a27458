test_that("factors keep their level order and lose unused levels", {
  x <- factor(c("b", "a", "b"), levels = c("c", "b", "a"))
  expect_identical(grouping_codes(x), list(level = c(1L, 2L, 1L), levels = c("b", "a")))
  expect_identical(
    grouping_codes(factor(3:1, ordered = TRUE)), list(level = 3:1, levels = c("1", "2", "3"))
  )
})

test_that("strings are ordered as in the C locale", {
  expect_identical(
    grouping_codes(c("b", "B", "a", "\u00e9")),
    list(level = c(3L, 1L, 2L, 4L), levels = c("B", "a", "b", "\u00e9"))
  )
})

test_that("other types get their values in increasing order", {
  expect_identical(grouping_codes(c(TRUE, FALSE)), list(level = 2:1, levels = c("FALSE", "TRUE")))
  expect_identical(grouping_codes(c(TRUE, TRUE)), list(level = c(1L, 1L), levels = "TRUE"))
  expect_identical(grouping_codes(c(10L, -2L, 10L))$levels, c("-2", "10"))
  expect_identical(grouping_codes(c(2e9L, 1L, -2e9L))$levels, c("-2000000000", "1", "2000000000"))
  expect_identical(grouping_codes(c(10, 9, 0.5))$levels, c("0.5", "9", "10"))
  day <- as.Date("2024-03-01") - 0:1
  expect_identical(grouping_codes(day), list(level = 2:1, levels = c("2024-02-29", "2024-03-01")))
})

test_that("points in time with fractions stay apart", {
  time <- as.POSIXct("2024-01-01 12:00:00", tz = "UTC") + c(0, 0.25)
  expect_length(grouping_codes(time)$levels, 2)
  expect_identical(grouping_codes(time[1])$levels, "2024-01-01 12:00:00")
  midnight <- as.POSIXct(c("2024-01-01", "2024-01-02"), tz = "UTC")
  expect_identical(grouping_labels(midnight[1]), grouping_labels(c(midnight, time))[1])
})

test_that("levels agree with factor() for every atomic type", {
  d <- many_types()
  for (name in setdiff(names(d), "string")) {
    expect_identical(grouping_codes(d[[name]])$levels, levels(factor(d[[name]])), info = name)
    expect_identical(grouping_codes(d[[name]])$level, as.integer(factor(d[[name]])), info = name)
  }
})

test_that("numbers that read the same are one level", {
  expect_identical(grouping_codes(c(0.3, 0.1 + 0.2)), list(level = c(1L, 1L), levels = "0.3"))
})

test_that("labels of haven are only labels", {
  skip_if_not_installed("haven")
  x <- haven::labelled(c(2, 1, 2), c(low = 1, high = 2))
  expect_identical(grouping_codes(x), list(level = c(2L, 1L, 2L), levels = c("1", "2")))
})

test_that("64-bit integers are read exactly, negative ones too", {
  skip_if_not_installed("bit64")
  x <- bit64::as.integer64(c("9007199254740993", "9007199254740992", "-1", "-2", "-1"))
  expect_identical(grouping_codes(x), list(
    level = c(4L, 3L, 2L, 1L, 2L),
    levels = c("-2", "-1", "9007199254740992", "9007199254740993")
  ))
})

test_that("interactions have the combinations that occur, the first factor varying slowest", {
  frame <- data.frame(a = c("y", "x", "y", "x"), b = factor(c(2, 1, 1, 1)))
  expect_identical(
    grouping_factor(list(quote(a), quote(b)), frame),
    list(
      level = c(3L, 1L, 2L, 1L), levels = c("x:1", "y:1", "y:2"),
      missing = c(NA_character_, NA_character_)
    )
  )
  expect_identical(
    grouping_factor(list(quote(b), quote(a)), frame)$levels, c("1:x", "1:y", "2:y")
  )
})

test_that("very many possible combinations give the same as few", {
  only_in_full_tier("interaction() of nine million possible levels")
  i <- 1:5000
  first <- grouping_codes((i * 7919L) %% 3001L)
  second <- grouping_codes((i * 104729L) %% 2999L)
  sorted <- cross_codes(first, second)
  plain <- interaction(first$level, second$level, lex.order = TRUE, drop = TRUE)
  expect_identical(sorted$level, as.integer(plain))
  small <- list(level = first$level %% 7L + 1L, levels = letters[1:7])
  expect_identical(cross_codes(small, small), cross_codes_sorted(small, small))
})

test_that("combinations with the same label are refused", {
  frame <- data.frame(a = c("x", "x:y"), b = c("y:z", "z"))
  expect_error(grouping_factor(list(quote(a), quote(b)), frame), class = "henderson_error_grouping")
})

test_that("64-bit identifiers beyond 2^53 fit, predict and simulate without loss", {
  skip_if_not_installed("bit64")
  set.seed(1)
  number <- rep(0:5, each = 5)
  data <- data.frame(x = rnorm(30), y = rnorm(30) + rnorm(6)[number + 1])
  plain <- lmm(y ~ x + (1 | g), transform(data, g = number))
  data$id <- bit64::as.integer64("9007199254740993") + bit64::as.integer64(number)
  expect_no_warning({
    fit <- lmm(y ~ x + (1 | id), data)
    predicted <- predict(fit, data[c(1, 7), ])
    refit_ml(fit)
    Z <- model.matrix(fit, type = "random")
    simulated <- simulate(fit, newdata = data[c(1, 7), ], seed = 1)
  })
  expect_identical(fit$criterion, plain$criterion)
  expect_identical(rownames(ranef(fit)$id)[2], "9007199254740994")
  expect_equal(predicted, fitted(fit)[c(1, 7)], ignore_attr = TRUE)
  # a number of the model is a double, as everywhere
  data$z <- bit64::as.integer64(number)
  expect_named(fixef(lmm(y ~ z + (x | id), data, control = lmm_control(check_singular = "ignore"))),
    c("(Intercept)", "z")
  )
})

test_that("a whole number has one label, whatever its type", {
  numbers <- c(-300000, 5, 100000, 1234567, 1e9)
  expect_identical(grouping_labels(numbers), as.character(as.integer(numbers)))
  expect_identical(grouping_labels(c(0.5, 1e-7, 1e20)), c("0.5", "1e-07", "1e+20"))
  data <- transform(sleepstudy, id = as.integer(Subject) * 100000)
  fit <- lmm(Reaction ~ Days + (1 | id), data)
  own <- predict(fit, newdata = transform(data, id = as.integer(id)))
  expect_equal(own, predict(fit, newdata = data))
})

test_that("combinations are told apart where values have the separator", {
  expect_identical(join_texts(list(c("a:b", "x")), ":"), c("a:b", "x"))
  joined <- join_texts(list(c("a:b", "a", "a\\"), c("c", "b:c", ":b:c")), ":")
  expect_false(anyDuplicated(joined) > 0)
})
