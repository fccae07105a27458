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
    commands <- "\\\\\\||\\\\(hat|tilde|dot|frac|sup|log|sim|pm|times|textrm)|<=ft"
    left <- grep(commands, text, value = TRUE)
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
  for (name in c("ranef", "fixef", "VarCorr", "predict", "henderson", "lmm")) expect_in(name)
})

test_that("everything exported is documented", {
  skip_if(length(tools::Rd_db("henderson")) == 0L, "installed without help (--no-docs)")
  expect_length(unlist(tools::undoc("henderson")), 0L)
})

test_that("citation() names the package, its version and the paper on the method", {
  text <- paste(format(citation("henderson")), collapse = " ")
  expect_match(text, "henderson", fixed = TRUE)
  expect_match(text, as.character(utils::packageVersion("henderson")), fixed = TRUE)
  expect_match(text, "10.18637/jss.v067.i01", fixed = TRUE)
  expect_no_warning(toBibtex(citation("henderson")))
})
