formula <- Reaction ~ Days + (Days | Subject)
halves <- split(sleepstudy, rep(1:2, each = 90))

criterion_of <- function(source) lmm(formula, source)$criterion

test_that("functions, lists and files give the same data", {
  expected <- fit_cached("sleepstudy")$criterion
  expect_equal(criterion_of(chunks(halves)), expected, tolerance = 1e-12)
  expect_equal(criterion_of(chunks(function(i) if (i <= 2) halves[[i]])), expected,
    tolerance = 1e-12
  )
  files <- c(tempfile(fileext = ".csv"), tempfile(fileext = ".csv"))
  withr::defer(unlink(files))
  for (i in 1:2) utils::write.csv(halves[[i]], files[i], row.names = FALSE)
  # the last piece of a file is shorter, or empty
  for (size in c(1000, 45, 37)) {
    source <- chunks(files, size = size, colClasses = c("numeric", "numeric", "character"))
    expect_equal(criterion_of(source), expected, tolerance = 1e-12)
  }
})

test_that("quoted numbers, lines to skip and wrong types", {
  file <- tempfile(fileext = ".csv")
  withr::defer(unlink(file))
  text <- function(data) utils::capture.output(utils::write.csv(data, row.names = FALSE))
  writeLines(c("# a comment", text(sleepstudy)), file) # subjects in quotes
  source <- chunks(file, size = 50, skip = 1)
  fit <- lmm(formula, source)
  expect_equal(nobs(fit), 180)
  expect_equal(fit$criterion, fit_cached("sleepstudy")$criterion, tolerance = 1e-12)
  writeLines(text(transform(sleepstudy, Days = c(Days[1:170], rep("late", 10)))), file)
  expect_error(lmm(formula, chunks(file, size = 50)), "late", class = "henderson_error_data")
  expect_error(chunks(file, header = FALSE), "header", class = "henderson_error_argument")
})

test_that("types of a file are those of its first rows, whole numbers may become others", {
  file <- tempfile(fileext = ".csv")
  withr::defer(unlink(file))
  data <- data.frame(
    y = c(1, 2, 4, 3, 2.5, 3.5, 1.25, 2), g = c("a, \"b\"", "c\nd", "e", "e")[c(1:4, 1:4)]
  )
  utils::write.csv(data, file, row.names = FALSE)
  fit <- lmm(y ~ 1 + (1 | g), chunks(file, size = 3))
  expect_equal(fit$criterion, lmm(y ~ 1 + (1 | g), data)$criterion, tolerance = 1e-12)
  expect_setequal(rownames(ranef(fit)$g), unique(data$g))
})

test_that("the rows of a query are fetched piece by piece", {
  need_peer(c("DBI", "RSQLite"))
  connection <- DBI::dbConnect(RSQLite::SQLite(), ":memory:")
  withr::defer(DBI::dbDisconnect(connection))
  DBI::dbWriteTable(connection, "sleep", transform(sleepstudy, Subject = as.character(Subject)))
  source <- chunks(connection, query = "SELECT * FROM sleep WHERE Days > 1", size = 50)
  expected <- lmm(formula, sleepstudy, subset = Days > 1)
  expect_equal(criterion_of(source), expected$criterion, tolerance = 1e-12)
  # an error in the middle leaves no open result
  expect_error(lmm(Reaction ~ nothing + (1 | Subject), source))
  expect_equal(DBI::dbGetQuery(connection, "SELECT count(*) AS n FROM sleep")$n, 180)
})

test_that("what is no source is refused", {
  for (bad in list(sleepstudy, 3, list(), list(1, 2), "no such file.csv", NULL)) {
    expect_error(chunks(bad), class = "henderson_error_data")
  }
  expect_error(chunks(halves, size = 0), class = "henderson_error_argument")
  expect_error(lmm(formula, chunks(function(i) if (i == 1) 3)), "Piece 1",
    class = "henderson_error_data"
  )
  expect_output(print(chunks(halves)), "2 data frames")
})
