# A process that adds up pieces and is killed in the middle: what is saved after each piece goes on.
script <- '
library(henderson)
at <- commandArgs(TRUE)
d <- transform(sleepstudy, f = rep(c("a", "b", "c", "d"), 45), w = 1 + Days / 10)
piece <- function(i) {
  if (i > 12) return(NULL)
  if (i == as.integer(at[3])) tools::pskill(Sys.getpid(), tools::SIGKILL)
  Sys.sleep(0.05) # saving is allowed a tenth of the time
  cat(i, "\\n", file = at[4], append = TRUE)
  d[15 * (i - 1) + 1:15, ]
}
x <- cross_products(Reaction ~ f * Days + (Days | Subject) + (1 | f:Subject), chunks(piece),
  weights = w, resume = if (at[1] != "none") at[1])
saveRDS(x[c("sums", "skeleton", "counts", "parts", "rows", "declared", "random")], at[2])
'
folder <- withr::local_tempdir(.local_envir = testthat::teardown_env())
writeLines(script, file.path(folder, "work.R"))
path <- function(name) file.path(folder, name)
work <- function(state, result, killed, log) {
  arguments <- c(path("work.R"), state, path(result), killed, path(log))
  system2(file.path(R.home("bin"), "Rscript"), shQuote(arguments), stdout = FALSE, stderr = FALSE)
}

test_that("work that was killed goes on to the same result, to the last bit", {
  skip_on_os("windows")
  work("none", "whole", 99, "log")
  for (killed in c(2, 8)) {
    expect_true(work(path("state"), "part", killed, "log") != 0)
    expect_false(file.exists(path("part")))
    expect_true(file.exists(path("state")))
    unlink(path("log"))
    expect_equal(work(path("state"), "part", 99, "log"), 0)
    expect_identical(readRDS(path("part")), readRDS(path("whole")))
    # it read the piece before again, to see that it is the same, and not those before that
    first <- as.integer(readLines(path("log")))[1]
    expect_lt(first, killed)
    if (killed == 8) expect_gt(first, 1)
    expect_false(file.exists(path("state")))
    unlink(path("part"))
  }
})

interrupted <- function(file, formula = Reaction ~ Days + (1 | Subject), data = sleepstudy, ...) {
  source <- chunks(function(i) {
    if (i == 3) stop("the power failed")
    data[60 * (i - 1) + 1:60, ]
  })
  expect_error(cross_products(formula, source, resume = file, ...), "power failed")
}
again <- function(file, formula = Reaction ~ Days + (1 | Subject), data = sleepstudy, ...) {
  cross_products(formula, chunks(function(i) if (i <= 3) data[60 * (i - 1) + 1:60, ]),
    resume = file, ...
  )
}

test_that("other work does not go on with it", {
  file <- tempfile()
  withr::defer(unlink(file))
  interrupted(file)
  expect_error(again(file, Reaction ~ 1 + (1 | Subject)), "other work",
    class = "henderson_error_data"
  )
  expect_error(again(file, min_count = 3), "other work", class = "henderson_error_data")
  expect_error(again(file, data = sleepstudy[180:1, ]), "not what it was",
    class = "henderson_error_data"
  )
  expected <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy)
  expect_equal(lmm(again(file))$criterion, expected$criterion, tolerance = 1e-12)
  saveRDS(1, file)
  expect_error(again(file), "no state", class = "henderson_error_data")
  writeLines("x", file)
  expect_error(again(file), "no state", class = "henderson_error_data")
  expect_error(again(3), class = "henderson_error_argument")
})

test_that("counts of cells and files go on too", {
  file <- tempfile()
  csv <- tempfile(fileext = ".csv")
  withr::defer(unlink(c(file, csv)))
  interrupted(file, min_count = 10)
  expect_equal(again(file, min_count = 10)$min_count, 10)
  interrupted(file, min_count = 11)
  expect_error(again(file, min_count = 11), "308", class = "henderson_error_cross_products")
  utils::write.csv(transform(sleepstudy, Days = ifelse(seq_len(180) > 150, "x", Days)), csv,
    row.names = FALSE
  )
  unlink(file)
  formula <- Reaction ~ Days + (1 | Subject)
  expect_error(cross_products(formula, chunks(csv, size = 50), resume = file), "Days")
  utils::write.csv(sleepstudy, csv, row.names = FALSE)
  expect_equal(cross_products(formula, chunks(csv, size = 50), resume = file)$sums$n, 180)
})

test_that("rows without an order cannot be resumed", {
  need_peer(c("DBI", "RSQLite"))
  connection <- DBI::dbConnect(RSQLite::SQLite(), ":memory:")
  withr::defer(DBI::dbDisconnect(connection))
  DBI::dbWriteTable(connection, "sleep", transform(sleepstudy, Subject = as.character(Subject)))
  sums <- function(query) {
    cross_products(Reaction ~ Days + (1 | Subject), chunks(connection, query = query, size = 50),
      resume = tempfile()
    )
  }
  expect_error(sums("SELECT * FROM sleep"), "ORDER BY", class = "henderson_error_argument")
  expect_equal(sums("SELECT * FROM sleep ORDER BY Subject, Days")$sums$n, 180)
})

test_that("an interrupt in the middle leaves what has been saved, and goes on from there", {
  skip_on_os("windows")
  file <- withr::local_tempfile()
  stopped <- TRUE
  piece <- function(i) {
    if (i == 3 && stopped) {
      tools::pskill(Sys.getpid(), tools::SIGINT)
      Sys.sleep(5) # where it is noticed
    }
    if (i <= 4) sleepstudy[45 * (i - 1) + 1:45, ]
  }
  formula <- Reaction ~ Days + (Days | Subject)
  sums <- function() cross_products(formula, chunks(piece), resume = file)
  expect_identical(tryCatch(sums(), interrupt = function(e) "interrupted"), "interrupted")
  expect_true(file.exists(file))
  # a whole state: of the second piece, unless saving the first one took too long
  expect_true(readRDS(file)$fields$pieces %in% 1:2)
  expect_length(list.files(dirname(file), paste0(basename(file), ".*part$")), 0)
  stopped <- FALSE
  resumed <- sums()
  expect_identical(resumed$sums, cross_products(formula, chunks(piece))$sums)
  expect_false(file.exists(file))
})

test_that("an interrupted query leaves a connection that can be used", {
  need_peer(c("DBI", "dbplyr", "dplyr", "RSQLite"))
  connection <- sqlite_with(sleep = sleepstudy)
  seen <- 0
  noticed <- function(x) {
    seen <<- seen + 1
    if (seen > 3) rlang::interrupt()
    x
  }
  expect_identical(
    tryCatch(
      cross_products(Reaction ~ noticed(Days) + (1 | Subject),
        chunks(connection, query = "SELECT * FROM sleep", size = 50)
      ),
      interrupt = function(e) "interrupted"
    ), "interrupted"
  )
  expect_equal(DBI::dbGetQuery(connection, "SELECT count(*) AS n FROM sleep")$n, 180)
})
