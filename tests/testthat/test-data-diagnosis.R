d <- many_types()

error_of <- function(expr) tryCatch(expr, error = identity)

test_that("an unknown variable is named, the nearest one suggested", {
  for (case in list(
    list(quote(design_of(y ~ positve + (1 | g), d)), "positve", "positive"),
    list(quote(design_of(y ~ log(positve) + (1 | g), d)), "positve", "positive"),
    list(quote(design_of(y ~ x + (1 | strng), d)), "strng", "string"),
    list(quote(design_of(y ~ (Number | g), d)), "Number", "number"),
    list(quote(design_of(yy ~ x + (1 | g), d)), "yy", "y"),
    list(quote(design_of(y ~ x + (1 | g), d, weights = positve)), "positve", "positive"),
    list(quote(design_of(y ~ x + (1 | g), d, offset = postive)), "postive", "positive"),
    list(quote(design_of(y ~ x + (1 | g), d, subset = integr > 0)), "integr", "integer")
  )) {
    error <- error_of(eval(case[[1]]))
    expect_s3_class(error, "henderson_error_variable")
    expect_identical(error$variable, case[[2]])
    expect_match(conditionMessage(error), paste0("Did you mean `", case[[3]], "`?"), fixed = TRUE)
  }
})

test_that("a variable that is only a function, or NULL, is not found", {
  error <- error_of(design_of(y ~ nchar + (1 | g), d))
  expect_match(conditionMessage(error), "function of that name")
  nothing <- NULL
  expect_s3_class(error_of(design_of(y ~ nothing + (1 | g), d)), "henderson_error_variable")
  expect_s3_class(error_of(design_of(nowhere ~ x + (1 | g))), "henderson_error_variable")
})

test_that("an expression that fails is named with its reason", {
  error <- error_of(design_of(y ~ no_such_function(x) + (1 | g), d))
  expect_s3_class(error, "henderson_error_data")
  expect_identical(error$variable, "no_such_function(x)")
  error <- error_of(design_of(y ~ log(string) + (1 | g), d))
  expect_identical(error$variable, "log(string)")
  error <- error_of(design_of(y ~ x + (1 | g), d, weights = stop("broken")))
  expect_s3_class(error, "henderson_error_weights")
})

test_that("variables of different lengths are named", {
  short <- 1:3
  error <- error_of(design_of(y ~ short + (1 | g), d))
  expect_s3_class(error, "henderson_error_data")
  expect_identical(error[c("variable", "observed")], list(variable = "short", observed = 3L))
})

test_that("data of a wrong kind are refused", {
  for (data in list(as.matrix(d[c("y", "x")]), "d", 1, list(1, 2), mean)) {
    error <- error_of(design_of(y ~ x + (1 | g), data))
    expect_s3_class(error, "henderson_error_data")
    expect_identical(error$variable, "data")
  }
})

test_that("a dot needs data", {
  error <- error_of(design_of(y ~ . + (1 | g)))
  expect_s3_class(error, "henderson_error_formula")
})

test_that("the reason why no row is left is told", {
  d$gap <- NA_real_
  expect_match(conditionMessage(error_of(design_of(y ~ x + (1 | g), d[0, ]))), "has no rows")
  error <- error_of(design_of(y ~ x + (1 | g), d, subset = x > 10))
  expect_identical(error$variable, "subset")
  error <- error_of(design_of(y ~ gap + (1 | g), d))
  expect_s3_class(error, "henderson_error_data")
  expect_identical(error$observed, c(gap = 72L))
})

test_that("na.action must be a function", {
  for (action in list("no_such_function", 3, list())) {
    error <- error_of(design_of(y ~ x + (1 | g), d, na.action = action))
    expect_s3_class(error, "henderson_error_argument")
    expect_identical(error$variable, "na.action")
  }
})
