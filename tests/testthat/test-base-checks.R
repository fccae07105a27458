argument_error <- function(expr) tryCatch(expr, henderson_error_argument = identity)

test_that("check_flag() accepts TRUE and FALSE only", {
  expect_true(check_flag(TRUE))
  expect_null(check_flag(NULL, null_ok = TRUE))
  for (wrong in list(NA, 1, "TRUE", c(TRUE, FALSE), NULL, list(TRUE))) {
    expect_error(check_flag(wrong), class = "henderson_error_argument")
  }
  drop <- 2
  expect_identical(argument_error(check_flag(drop))$variable, "drop")
  expect_identical(argument_error(check_flag(drop))$observed, 2)
})

test_that("check_number() checks finiteness and bounds", {
  expect_identical(check_number(0.5, min = 0, max = 1), 0.5)
  for (wrong in list(2, -1, NA_real_, Inf, "1", c(0.1, 0.2), NULL, matrix(0.5))) {
    expect_error(check_number(wrong, min = 0, max = 1), class = "henderson_error_argument")
  }
  expect_error(check_number(2, "level", min = 0, max = 1), "between 0 and 1, not 2", fixed = TRUE)
})

test_that("check_count() wants whole numbers", {
  expect_identical(check_count(3), 3)
  expect_error(check_count(1.5), class = "henderson_error_argument")
  expect_error(check_count(0, "nsim", min = 1), "`nsim` must be a single whole number of at least")
})

test_that("check_string() and check_function() check type and length", {
  expect_identical(check_string("a"), "a")
  expect_error(check_string(c("a", "b")), class = "henderson_error_argument")
  expect_error(check_string(NA_character_), class = "henderson_error_argument")
  expect_identical(check_function(mean), mean)
  expect_error(check_function("mean"), class = "henderson_error_argument")
})

test_that("check_choice() completes a default and suggests the nearest choice", {
  expect_identical(check_choice(c("a", "b"), c("a", "b")), "a")
  expect_identical(check_choice("b", c("a", "b")), "b")
  expect_identical(check_choice(c("b", "a"), c("a", "b"), several = TRUE), c("b", "a"))
  expect_error(check_choice("respnse", c("response", "pearson"), "type"),
    "Did you mean `response`?", fixed = TRUE
  )
  expect_error(check_choice(1, c("a", "b")), class = "henderson_error_argument")
  expect_error(check_choice(NA_character_, c("a", "b")), class = "henderson_error_argument")
  expect_error(check_choice(character(), c("a", "b")), class = "henderson_error_argument")
})

test_that("check_numeric() counts values that are not finite", {
  expect_identical(check_numeric(1:3, length = 3), 1:3)
  expect_error(check_numeric(c(1, NA, Inf)), "2 of its values are missing or infinite")
  expect_error(check_numeric(1:2, length = 3), "of length 3")
})

test_that("check_no_dots() names the unknown argument and the nearest known one", {
  f <- function(object, level = 0.95, ...) check_no_dots(...)
  expect_null(f(1))
  expect_error(f(1, levl = 0.9), "Did you mean `level`?", fixed = TRUE)
  expect_identical(argument_error(f(1, levl = 0.9))$variable, "levl")
  expect_error(f(1, 0.9, 7), "1 unnamed argument too many: `7`", fixed = TRUE)
  expect_error(f(1, foo = stop("never evaluated")), "Unknown argument `foo`", fixed = TRUE)
})

test_that("arguments of lme4 are translated", {
  f <- function(formula, REML = TRUE, ...) check_no_dots(...)
  expect_error(f(devFunOnly = TRUE), "deviance_function(fit)", fixed = TRUE)
})

test_that("nearest_name() suggests only near names", {
  expect_identical(nearest_name("Dayz", c("Reaction", "Days")), "Days")
  expect_identical(nearest_name("subject", c("Days", "Subject")), "Subject")
  expect_null(nearest_name("temperature", c("Days", "Subject")))
  expect_null(nearest_name("x", character()))
  expect_identical(nearest_name("\u7ec4\u522b1", c("\u7ec4\u522b", "y")), "\u7ec4\u522b")
})

test_that("describe_value() is short for every type", {
  expect_identical(describe_value(NULL), "NULL")
  expect_identical(describe_value("a"), "\"a\"")
  expect_identical(describe_value(1:3), "a numeric vector of length 3")
  expect_identical(describe_value(letters), "a character vector of length 26")
  expect_identical(describe_value(matrix(1:6, 2)), "a 2 x 3 integer matrix")
  expect_identical(describe_value(factor("a")), "a factor of length 1")
  expect_identical(describe_value(list(1)), "a list of length 1")
  expect_identical(describe_value(mean), "a function")
  expect_identical(describe_value(y ~ x), "the formula `y ~ x`")
  expect_identical(describe_value(data.frame(a = 1:2)), "a data frame of 2 rows")
})
