# The help as a reader sees it, in the console and in the browser.

rendered_help <- function(render) {
  pages <- tools::Rd_db("henderson")
  skip_if(length(pages) == 0L, "installed without help (--no-docs)")
  lapply(pages, function(page) {
    file <- tempfile()
    on.exit(unlink(file))
    render(page, file)
    readLines(file, warn = FALSE)
  })
}

test_that("formulas in the help can be typed and read without TeX", {
  pages <- rendered_help(function(page, file) tools::Rd2txt(page, file, fragment = FALSE))
  for (name in names(pages)) {
    text <- pages[[name]]
    left <- grep("\\\\\\||\\\\(hat|tilde|dot|frac|sup|log|sim|pm|times|textrm)|<=ft", text, value = TRUE)
    expect_identical(left, character(0L), label = name)
  }
})

test_that("the browser's help has no escaped bars", {
  pages <- rendered_help(function(page, file) tools::Rd2HTML(page, file))
  for (name in names(pages)) {
    expect_false(any(grepl("\\|", pages[[name]], fixed = TRUE)), label = name)
  }
})

test_that("names of common functions lead to this package's pages", {
  pages <- tools::Rd_db("henderson")
  skip_if(length(pages) == 0L, "installed without help (--no-docs)")
  tags <- function(page) vapply(page, attr, "", "Rd_tag")
  aliases <- unlist(lapply(pages, function(page) {
    vapply(page[tags(page) == "\\alias"], function(alias) as.character(alias[[1L]]), "")
  }))
  expect_in <- function(name) expect_true(name %in% aliases, label = name)
  for (name in c("ranef", "fixef", "predict", "henderson", "lmm")) expect_in(name)
})
