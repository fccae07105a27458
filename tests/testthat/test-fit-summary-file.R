formula <- Reaction ~ Days + (Days | Subject)
file <- tempfile(fileext = ".xp")
withr::defer(unlink(file), testthat::teardown_env())
refused <- function(path, text) {
  expect_error(read_cross_products(path), text, class = "henderson_error_cross_products")
}
bytes_of <- function(path) readBin(path, "raw", file.size(path))

test_that("what is read is what was written", {
  own <- cross_products(formula, sleepstudy)
  write_cross_products(own, file)
  back <- read_cross_products(file)
  expect_identical(back$sums, own$sums)
  expect_equal(lmm(back)$criterion, fit_cached("sleepstudy")$criterion, tolerance = 1e-12)
  head <- readLines(file, 9, warn = FALSE)
  expect_match(head, "rows: 180", all = FALSE, fixed = TRUE)
  expect_match(head, "formula: Reaction ~ Days + (Days | Subject)", all = FALSE, fixed = TRUE)
  # and is the same rows
  expect_error(own + back, class = "henderson_error_cross_products")
})

test_that("a changed file is refused, wherever it was changed", {
  write_cross_products(cross_products(formula, sleepstudy), file)
  bytes <- bytes_of(file)
  other <- tempfile()
  withr::defer(unlink(other))
  for (at in c(30, 70, 150, 400, length(bytes))) {
    changed <- bytes
    changed[at] <- xor(changed[at], as.raw(1))
    writeBin(changed, other)
    refused(other, "checksum")
  }
  for (size in c(0, 10, 50, 300, length(bytes) - 1)) {
    writeBin(bytes[seq_len(size)], other)
    refused(other, "cut off")
  }
  writeBin(c(bytes, as.raw(0)), other)
  refused(other, "checksum")
  saveRDS(1, other)
  refused(other, "no file")
  # of another version: title, checksum of the rest, the rest
  text <- charToRaw("version: 2\n\nx")
  head <- paste0("henderson cross-products\n", henderson:::raw_hash(text), "\n")
  writeBin(c(charToRaw(head), text), other)
  refused(other, "version 2")
})

test_that("no environment goes with it but what the formula needs", {
  make <- function() {
    secret <- rnorm(1e5)
    m <- 3
    own <- function(x) shifted(x) / 2
    shifted <- function(x) (x - m)^2
    cross_products(Reaction ~ own(Days) + (1 | Subject), sleepstudy)
  }
  sums <- make()
  write_cross_products(sums, file)
  expect_lt(file.size(file), 1e4)
  back <- read_cross_products(file)
  expect_setequal(ls(environment(back$parsed$formula)), c("m", "own", "shifted"))
  expect_equal(
    predict(lmm(back), sleepstudy[1:3, ]), predict(lmm(sums), sleepstudy[1:3, ]), tolerance = 1e-12
  )
  # the call may hold the data
  write_cross_products(do.call(cross_products, list(formula, sleepstudy)), file)
  expect_null(read_cross_products(file)$call$data)
})

test_that("a file that cannot be written is not there, and the old one is", {
  own <- cross_products(formula, sleepstudy)
  for (bad in c("/nowhere/at/all", tempdir())) {
    expect_error(write_cross_products(own, bad), class = "henderson_error_data")
  }
  expect_error(write_cross_products(1, file), class = "henderson_error_cross_products")
  expect_error(read_cross_products("/nowhere/at/all"), class = "henderson_error_data")
  expect_error(write_cross_products(own, 3), class = "henderson_error_argument")
})

test_that("a full disk is an error that leaves what was there", {
  skip_on_os("windows")
  folder <- withr::local_tempdir()
  path <- file.path(folder, "sums")
  write_cross_products(cross_products(formula, sleepstudy), path)
  before <- bytes_of(path)
  script <- file.path(folder, "write.R")
  # with more levels than fit in the file's largest size
  writeLines(c(
    "library(henderson)", "d <- data.frame(y = sin(1:4e4), g = rep(1:2e4, 2))",
    "sums <- cross_products(y ~ 1 + (1 | g), d)",
    sprintf("tryCatch(write_cross_products(sums, '%s'), henderson_error_data = function(e)", path),
    "  cat('refused', conditionMessage(e)))"
  ), script)
  command <- sprintf(
    "trap '' XFSZ; ulimit -f 20; %s %s 2>/dev/null", shQuote(file.path(R.home("bin"), "Rscript")),
    shQuote(script)
  )
  # Rscript's own writing to stdout has no limit: it is a pipe
  out <- suppressWarnings(system2("bash", c("-c", shQuote(command)), stdout = TRUE))
  expect_match(paste(out, collapse = " "), "refused")
  expect_identical(bytes_of(path), before)
  expect_setequal(list.files(folder), c("sums", "write.R"))
})

test_that("three sites that share no data have the fit of all rows", {
  folder <- withr::local_tempdir()
  data <- transform(sleepstudy, sex = factor(rep(c("f", "m"), each = 90)), site = rep(1:3, 60))
  script <- file.path(folder, "site.R")
  writeLines(c(
    "library(henderson)", "path <- commandArgs(TRUE)", "own <- readRDS(path[1])",
    "sums <- cross_products(Reaction ~ Days + sex + (Days | Subject), own, min_count = 3)",
    "write_cross_products(sums, path[2])"
  ), script)
  files <- vapply(1:3, function(site) {
    folder <- withr::local_tempdir()
    saveRDS(data[data$site == site, ], file.path(folder, "own.rds"))
    sent <- file.path(folder, "sums")
    arguments <- shQuote(c(script, file.path(folder, "own.rds"), sent))
    system2(file.path(R.home("bin"), "Rscript"), arguments, stderr = FALSE)
    to <- tempfile()
    file.copy(sent, to)
    to
  }, "")
  withr::defer(unlink(files))
  sums <- lapply(files, read_cross_products)
  fit <- lmm(Reduce(`+`, sums))
  expected <- lmm(Reaction ~ Days + sex + (Days | Subject), data)
  expect_equal(fit$criterion, expected$criterion, tolerance = 1e-12)
  expect_equal(coef(summary(fit)), coef(summary(expected)), tolerance = 1e-6)
  # one site's file twice
  expect_error(sums[[1]] + sums[[2]] + sums[[1]], "twice", class = "henderson_error_cross_products")
  # nothing of the rows' numbers
  expect_false(any(sums[[1]]$skeleton$Days %in% 0:9))
})
