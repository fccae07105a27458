# What pandoc makes of the tables.

knit_in <- function(lines, format) {
  folder <- withr::local_tempdir(.local_envir = parent.frame())
  file <- file.path(folder, "report.Rmd")
  writeLines(enc2utf8(lines), file, useBytes = TRUE)
  rmarkdown::render(file, format, quiet = TRUE, envir = new.env())
}

plain_html <- function() {
  rmarkdown::html_document(theme = NULL, highlight = NULL, mathjax = NULL)
}

chunk <- function(..., options = "") c(paste0("```{r", options, "}"), ..., "```", "")

# Cells of the tables of a page, a list of character matrices.
html_tables <- function(file) {
  page <- paste(readLines(file, encoding = "UTF-8", warn = FALSE), collapse = "\n")
  tables <- regmatches(page, gregexpr("<table.*?</table>", page))[[1]]
  lapply(tables, function(table) {
    rows <- regmatches(table, gregexpr("<tr.*?</tr>", table))[[1]]
    cells <- regmatches(rows, gregexpr("<t[hd][^e].*?</t[hd]>|<t[hd]>.*?</t[hd]>", rows))
    do.call(rbind, lapply(cells, function(cell) {
      text <- gsub("<[^>]*>", "", cell)
      for (pair in list(c("&lt;", "<"), c("&gt;", ">"), c("\u00a0", " "), c("&amp;", "&"))) {
        text <- gsub(pair[1], pair[2], text, fixed = TRUE)
      }
      text
    }))
  })
}

document <- c(
  "---", "title: Test", "---", "",
  chunk(
    "fit <- henderson::lmm(Reaction ~ Days + (Days | Subject), henderson::sleepstudy)",
    options = ", include = FALSE"
  ),
  "Days: `r henderson::report_result(fit, 'Days')`.", "",
  chunk("summary(fit)"), chunk("anova(fit)"),
  chunk("fit", options = ", henderson.print = 'plain'"),
  chunk("fit", options = ", render = knitr::normal_print, echo = FALSE"),
  chunk("fit", options = ", henderson.digits = 4, tab.cap = c('Mine', 'Yours')")
)

need_pandoc <- function() {
  only_in_full_tier("renders documents")
  skip_if_not_installed("rmarkdown")
  skip_if_not(rmarkdown::pandoc_available("2.0"), "pandoc 2.0 or later")
}

test_that("HTML has tables with the right numbers, and the sentence", {
  need_pandoc()
  file <- knit_in(document, plain_html())
  tables <- html_tables(file)

  expect_length(tables, 5L)
  expect_identical(
    tables[[1]][3, ], c("Days", "10.47", "1.55", "[7.21, 13.73]", "17", "6.77", "< .001")
  )
  expect_identical(tables[[2]][-1, 3], c("612.1", "35.07", "654.9"))
  expect_identical(tables[[3]][2, ], c("Days", "30031", "30031", "1", "17", "45.85", "< .001"))
  expect_identical(tables[[4]][3, ], c("Days", "10.4673", "1.5458"))
  page <- paste(readLines(file, encoding = "UTF-8"), collapse = "\n")
  expect_match(page, "<em>b</em> = 10.47, 95% CI [7.21, 13.73], <em>t</em>(17)", fixed = TRUE)
  expect_match(page, "Mine</caption>", fixed = TRUE)
  # twice as in the console
  expect_length(gregexpr("## Linear mixed model fitted by REML", page, fixed = TRUE)[[1]], 2L)
})

test_that("Word and LaTeX documents have tables", {
  need_pandoc()
  file <- knit_in(document, "word_document")
  folder <- withr::local_tempdir()
  utils::unzip(file, exdir = folder)
  xml <- paste(readLines(file.path(folder, "word/document.xml"), encoding = "UTF-8", warn = FALSE),
    collapse = ""
  )
  tables <- regmatches(xml, gregexpr("<w:tbl>.*?</w:tbl>", xml))[[1]]
  expect_length(tables, 5L)
  cells <- regmatches(tables[1], gregexpr("<w:tc>.*?</w:tc>", tables[1]))[[1]]
  expect_identical(
    gsub("<[^>]*>", "", cells[15:18]), c("Days", "10.47", "1.55", "[7.21,\u00a013.73]")
  )

  tex <- readLines(knit_in(document, rmarkdown::latex_document()), encoding = "UTF-8")
  expect_length(grep("begin{longtable}", tex, fixed = TRUE), 5L)
  expect_length(grep("^Days & 10.47 & 1.55 & ", tex), 1L)
})

test_that("names with signs of Markdown come out as they are", {
  need_pandoc()
  lines <- c("---", "title: Test", "---", "", chunk(
    "d <- data.frame(y = c(1, 5, 2, 7, 3, 3, 8, 1), g = gl(2, 4), check.names = FALSE)",
    "d[['a|b']] <- gl(4, 1, 8, labels = c('r', 'x_1*y_2', '<b>\\\\', '[z](w)$^2$'))",
    "fit <- suppressMessages(henderson::lmm(y ~ `a|b` + (1 | g), d))",
    options = ", include = FALSE"
  ), chunk("fit"))
  expected <- c("(Intercept)", "`a|b`x_1*y_2", "`a|b`<b>\\", "`a|b`[z](w)$^2$")
  html <- knit_in(lines, plain_html())
  expect_identical(html_tables(html)[[1]][-1, 1], expected)
  github <- readLines(knit_in(lines, rmarkdown::github_document(html_preview = FALSE)),
    encoding = "UTF-8"
  )
  expect_length(grep("^[|] \\\\`a\\\\[|]b\\\\`x_1\\\\[*]y_2 +[|]", github), 1L)
})

test_that("documents that are not Markdown get what the console shows", {
  skip_if_not_installed("knitr")
  fit <- fit_cached("sleepstudy")
  knitr::opts_knit$set(out.format = "latex")
  on.exit(knitr::opts_knit$set(out.format = NULL))
  shown <- capture.output(value <- knitr::knit_print(fit, options = list()))
  expect_identical(shown, capture.output(print(fit)))
  knitr::opts_knit$set(out.format = "markdown")
  expect_s3_class(knitr::knit_print(fit, options = list()), "knit_asis")
  expect_error(
    knitr::knit_print(fit, options = list(henderson.print = "tables")), "henderson.print",
    class = "henderson_error_argument"
  )
})

test_that("all results of the package have a method of knitr's generic", {
  skip_if_not_installed("knitr")
  knitr::opts_knit$set(out.format = "markdown")
  on.exit(knitr::opts_knit$set(out.format = NULL))
  fit <- fit_cached("sleepstudy")
  results <- list(
    fit, summary(fit), anova(fit), VarCorr(fit), contrast_test(fit), random_anova(fit),
    random_structures(fit), variance_components(fit), reduce_terms(fit), r_squared(fit),
    influence(fit), bootstrap(fit, 40, seed = 1), report_tables(fit)
  )
  for (result in results) {
    expect_match(knitr::knit_print(result), "\n[|] ?:?-+:?", label = class(result)[1])
  }
})
