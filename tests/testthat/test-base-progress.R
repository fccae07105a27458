test_that("pieces grow and cover all units once", {
  sizes <- integer()
  parts <- in_pieces(function(done, count) {
    sizes <<- c(sizes, count)
    done + seq_len(count)
  }, 100, "x", progress = FALSE)

  expect_identical(as.numeric(unlist(parts)), as.numeric(1:100))
  expect_identical(sizes, c(8, 64, 28))
  expect_identical(in_pieces(function(done, count) 1, 0, "x", FALSE), list())
})

test_that("slow pieces stay small", {
  sizes <- integer()
  in_pieces(function(done, count) {
    sizes <<- c(sizes, count)
    Sys.sleep(0.21)
  }, 4, "x", progress = FALSE, first = 2)
  expect_identical(sizes, c(2, 2))
})

test_that("a bar appears when work takes long", {
  withr::local_options(cli.progress_show_after = 0, cli.dynamic = FALSE, cli.ansi = FALSE)
  messages <- testthat::capture_messages(
    in_pieces(function(done, count) Sys.sleep(0.25), 20, "Deletions", progress = TRUE)
  )
  expect_match(paste(messages, collapse = ""), "Deletions")
})

test_that("lists are gone through in order", {
  expect_identical(
    lapply_with_progress(list(a = 1, b = 2), function(x) x + 1, "x"), list(a = 2, b = 3)
  )
})
