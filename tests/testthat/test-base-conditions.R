test_that("abort() raises an error with classes, fields and interpolated text", {
  x <- 3
  error <- tryCatch(abort("Value {x}.", kind = "data", variable = "v", observed = x),
    error = identity
  )
  expect_s3_class(error, c("henderson_error_data", "henderson_error", "rlang_error"), exact = FALSE)
  expect_identical(error$variable, "v")
  expect_identical(error$observed, 3)
  expect_match(conditionMessage(error), "Value 3.", fixed = TRUE)
})

test_that("values with braces are shown as they are", {
  name <- "{x}"
  expect_error(abort("Name {name}.", kind = "data"), "Name {x}.", fixed = TRUE)
  expect_identical(escape_braces("a{b}"), "a{{b}}")
})

test_that("warn() and inform() have classes of their own", {
  expect_warning(warn("w", kind = "rank"), class = "henderson_warning_rank")
  expect_message(inform("m", kind = "singular"), class = "henderson_message_singular")
  expect_warning(warn("w", kind = "rank"), class = "henderson_warning")
  expect_message(inform("m", kind = "singular"), class = "henderson_message")
})

test_that("a message is the same with and without markup", {
  plain <- tryCatch(inform(c("A `b`.", "i" = "C"), kind = "data"), message = identity)
  code <- "b"
  marked <- tryCatch(inform(c("A {.code {code}}.", "i" = "C"), kind = "data"), message = identity)
  expect_match(conditionMessage(plain), "^A `b`.\n. C\n$")
  expect_identical(conditionMessage(plain), conditionMessage(marked))
})

test_that("report() raises what the control entry asks for", {
  n <- 2
  expect_error(report("stop", "{n} rows", "grouping"), "2 rows", class = "henderson_error_grouping")
  expect_warning(report("warning", "{n}", "grouping"), class = "henderson_warning_grouping")
  expect_message(report("message", "{n}", "grouping"), class = "henderson_message_grouping")
  expect_silent(report("ignore", "{n}", "grouping"))
})

test_that("the origin shown is the function that the user called", {
  error <- tryCatch(lmm_control(trace = -1), error = identity)
  expect_identical(as.list(error$call)[[1]], quote(lmm_control))
})

test_that("errors carry no internal backtrace", {
  error <- tryCatch(lmm(Reaction ~ Days, sleepstudy), error = identity)
  expect_s3_class(error, "henderson_error")
  expect_identical(nrow(error$trace), 0L)
})

test_that("conditions that call for a decision end with the page that explains them", {
  twice <- transform(sleepstudy, Hours = 24 * Days)
  expect_message(
    lmm(Reaction ~ Days + Hours + (1 | Subject), twice), "See `?fit_messages`.",
    fixed = TRUE, class = "henderson_message_rank"
  )
  # cli shows a link where the console has them
  expect_error(lmm(Reaction ~ Days, sleepstudy), "See `?henderson::lmm`.", fixed = TRUE)
  expect_error(abort("m", kind = "unsupported"), "See `?henderson::fit_messages`.", fixed = TRUE)
  expect_no_match(conditionMessage(tryCatch(abort("m", kind = "data"), error = identity)), "See")
})

test_that("the pages that conditions name exist", {
  topics <- system.file("help", "aliases.rds", package = "henderson")
  skip_if(topics == "", "installed without help pages")
  expect_identical(setdiff(help_pages, names(readRDS(topics))), character())
})
