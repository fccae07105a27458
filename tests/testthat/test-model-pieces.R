data <- transform(sleepstudy, w = rep(c(1, 2, 0.5), 60), o = seq_len(180) / 10)
data$Days[c(3, 100)] <- NA
formula <- Reaction ~ Days + (Days | Subject)
in_memory <- lmm(formula, data, weights = w, offset = o, subset = Subject != "308" | Days < 9)
pieces <- chunks(split(data, rep(1:3, c(10, 90, 80))))
summed <- lmm(formula, pieces, weights = w, offset = o, subset = Subject != "308" | Days < 9)

# modes depend on where the search for theta stops: 1e-5 of 300
same <- function(x, y) expect_equal(unname(x), unname(y), tolerance = 1e-7)

test_that("values by row are those of the fit in memory", {
  same(fitted(summed, data = pieces), fitted(in_memory))
  same(residuals(summed, data = pieces), residuals(in_memory))
  same(
    residuals(summed, "pearson", scaled = TRUE, data = pieces),
    residuals(in_memory, "pearson", scaled = TRUE)
  )
  # predictions are of all rows, also those that the fit leaves out
  same(predict(summed, pieces), predict(summed, data))
  same(predict(summed, data), predict(in_memory, data))
  both <- predict(summed, pieces, re.form = NA, interval = "confidence")
  expect_equal(both$.fitted, unname(predict(in_memory, data, re.form = NA)), tolerance = 1e-7)
  # a smaller model has the rows of the cross-products
  smaller <- update(summed, . ~ . - Days)
  same(residuals(smaller, data = pieces), residuals(update(in_memory, . ~ . - Days)))
})

test_that("they go to a file, a function or a table, piece by piece", {
  file <- tempfile(fileext = ".csv")
  withr::defer(unlink(file))
  expect_equal(fitted(summed, data = pieces, to = file), nobs(in_memory))
  expect_identical(utils::read.csv(file)$.fitted, fitted(summed, data = pieces))
  sizes <- NULL
  residuals(summed, data = pieces, to = function(rows) sizes <<- c(sizes, nrow(rows)))
  expect_length(sizes, 3)
  need_peer(c("DBI", "RSQLite", "generics"))
  connection <- DBI::dbConnect(RSQLite::SQLite(), ":memory:")
  withr::defer(DBI::dbDisconnect(connection))
  generics::augment(summed, data = pieces, to = list(connection, "rows"))
  table <- DBI::dbReadTable(connection, "rows")
  same(table$.resid, residuals(summed, data = pieces))
  expect_error(fitted(summed, data = pieces, to = list(connection, "rows")), "already",
    class = "henderson_error_data"
  )
  # what fails in the middle leaves nothing
  broken <- chunks(list(data[1:50, ], transform(data[51:99, ], Subject = "new")))
  expect_error(predict(summed, broken, to = list(connection, "some")),
    class = "henderson_error_newdata"
  )
  expect_false(DBI::dbExistsTable(connection, "some"))
  unlink(file)
  expect_error(predict(summed, broken, to = file), class = "henderson_error_newdata")
  expect_length(list.files(dirname(file), pattern = paste0("^", basename(file))), 0)
})

test_that("text in files is quoted as read.csv() reads it", {
  file <- tempfile(fileext = ".csv")
  withr::defer(unlink(file))
  rows <- data.frame(x = c(1 / 3, NA), n = 1:2, t = c("a \"b\", c", NA), f = factor(c("u\nv", "w")))
  henderson:::stream_pieces(chunks(list(rows)), file, identity)
  back <- utils::read.csv(file)
  expect_identical(back[1:3], rows[1:3])
  expect_identical(back$f, as.character(rows$f))
})

test_that("a full disk is an error", {
  skip_on_os("windows")
  folder <- withr::local_tempdir()
  writeLines(c(
    "library(henderson)", "f <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy)",
    "big <- chunks(function(i) if (i < 9) sleepstudy[rep(1:180, 20), ])",
    sprintf("tryCatch(predict(f, big, to = '%s/out.csv'),", folder),
    "  henderson_error_data = function(e) cat('refused', conditionMessage(e)))"
  ), file.path(folder, "write.R"))
  command <- sprintf(
    "trap '' XFSZ; ulimit -f 20; %s %s 2>/dev/null", shQuote(file.path(R.home("bin"), "Rscript")),
    shQuote(file.path(folder, "write.R"))
  )
  out <- suppressWarnings(system2("bash", c("-c", shQuote(command)), stdout = TRUE))
  expect_match(paste(out, collapse = " "), "refused")
  expect_identical(list.files(folder), "write.R")
})

test_that("what cannot be had names the call that reads the data again", {
  expect_error(residuals(summed), "chunks", class = "henderson_error_data")
  expect_error(residuals(summed, data = sleepstudy), "chunks", class = "henderson_error_data")
  expect_error(fitted(summed, data = pieces, to = 3), "to", class = "henderson_error_argument")
})

test_that("pieces that are far from one another cost no digits", {
  # later pieces are a million residual standard deviations away from the first one
  set.seed(3)
  data <- data.frame(t = rep(1:10, each = 40), g = gl(20, 1, 400))
  data$y <- 1e6 * data$t + rnorm(20)[data$g] + rnorm(400)
  fit <- lmm(y ~ t + (1 | g), chunks(split(data, data$t)))
  expected <- lmm(y ~ t + (1 | g), data)
  # y itself is rounded by 1e-9
  expect_lt(abs(fit$sigma / expected$sigma - 1), 1e-9)
  expect_lt(fit$rounding, 1e-14)
  expect_lt(lmm(formula, pieces)$rounding, 1e-13)
})
