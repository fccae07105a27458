# The templates of reports, as users get them.

template_text <- function(...) {
  readLines(system.file(..., package = "henderson"), encoding = "UTF-8")
}

body_of <- function(lines) lines[-seq_len(which(lines == "---")[2])]

test_that("both templates are the same report", {
  expect_identical(
    body_of(template_text("rmarkdown/templates/mixed-model/skeleton/skeleton.Rmd")),
    body_of(template_text("quarto/mixed-model.qmd"))
  )
})

test_that("the report renders with the published tests of oats", {
  only_in_full_tier("renders the template")
  skip_if_not_installed("rmarkdown")
  skip_if_not(rmarkdown::pandoc_available("2.0"), "pandoc 2.0 or later")
  folder <- withr::local_tempdir()
  file <- rmarkdown::draft(
    file.path(folder, "report.Rmd"), "mixed-model", "henderson", edit = FALSE
  )
  # long lines of scripts and pictures would take long to look through
  output <- rmarkdown::html_document(theme = NULL, self_contained = FALSE, mathjax = NULL)
  html <- rmarkdown::render(file, output, quiet = TRUE, envir = new.env())
  # pandoc breaks lines where it likes
  page <- paste(readLines(html, encoding = "UTF-8", warn = FALSE), collapse = " ")
  expect_match(page, "<em>F</em>(3, 45) = 37.69, <em>p</em> &lt; .001", fixed = TRUE)
  expect_match(page, "<em>F</em>(2, 10) = 1.49", fixed = TRUE)
  expect_match(page, "The fit is not singular", fixed = TRUE)
  expect_gt(length(gregexpr("<table", page, fixed = TRUE)[[1]]), 7L)
  expect_length(gregexpr("<img ", page, fixed = TRUE)[[1]], 3L)
  expect_no_match(page, "## Error", fixed = TRUE)
  expect_no_match(page, "0.0000", fixed = TRUE)
})

test_that("the report for Quarto goes through knitr and pandoc to Word and LaTeX", {
  only_in_full_tier("renders the template")
  skip_if_not_installed("rmarkdown")
  skip_if_not(rmarkdown::pandoc_available("2.0"), "pandoc 2.0 or later")
  folder <- withr::local_tempdir()
  file <- file.path(folder, "report.qmd")
  file.copy(system.file("quarto/mixed-model.qmd", package = "henderson"), file)
  withr::local_dir(folder)
  knitr::opts_knit$set(rmarkdown.pandoc.to = "docx")
  # knitr warns that Word has no alternative texts of pictures
  markdown <- suppressWarnings(
    knitr::knit(file, "report.md", quiet = TRUE, envir = new.env()),
    classes = "simpleWarning"
  )
  knitr::opts_knit$set(rmarkdown.pandoc.to = NULL)
  for (output in c("report.docx", "report.tex")) {
    rmarkdown::pandoc_convert(markdown, output = output, options = "--standalone")
  }
  utils::unzip("report.docx", files = "word/document.xml")
  xml <- paste(readLines("word/document.xml", encoding = "UTF-8", warn = FALSE), collapse = "")
  expect_gt(length(gregexpr("<w:tbl>", xml, fixed = TRUE)[[1]]), 7L)
  expect_match(xml, ">37.69</w:t>", fixed = TRUE)
  tex <- readLines("report.tex", encoding = "UTF-8")
  expect_match(tex, "nitro & 20020 & 6673 & 3 & 45 & 37.69", all = FALSE)
})
