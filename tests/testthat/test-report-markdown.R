test_that("names mean nothing to Markdown", {
  expect_identical(escape_markdown("a_b*|`c`"), "a\\_b\\*\\|\\`c\\`")
  expect_identical(escape_markdown("I(x^2) [1]\\"), "I(x\\^2) &#91;1&#93;&#92;")
  expect_identical(escape_markdown("a--b...\n c"), "a\\--b\\... c")
})

test_that("code keeps its backticks", {
  expect_identical(code_span("y ~ x"), "`y ~ x`")
  expect_identical(code_span("y ~ `a b`"), "`` y ~ `a b` ``")
})

test_that("a table has a rule that aligns its columns, and a caption", {
  table <- with_caption(
    data.frame(Term = c("x_1", "a|b"), t = c("-0.52", "1.00"), p = c("< .001", ".319")), "A_b"
  )
  expect_identical(strsplit(pipe_table(table), "\n")[[1]], c(
    "| Term |   *t* |     *p* |", "| :--- | ----: | ------: |",
    "| x\\_1 | \u22120.52 | \\<\u00a0.001 |", "| a\\|b |  1.00 |    .319 |", "", ": A\\_b"
  ))
})

test_that("lines that would make a table as wide as the page are not padded", {
  wide <- report_tables(summary(fit_cached("sleepstudy")))$fixed
  lines <- strsplit(pipe_table(wide), "\n")[[1]]
  expect_identical(lines[2], "|:--|--:|--:|--:|--:|--:|--:|")
  expect_lte(max(nchar(lines[1:4])), 72L)
  wide$Term <- paste(strrep("x", 72L), 1:2)
  rule <- strsplit(pipe_table(wide), "\n")[[1]][2]
  expect_gt(nchar(rule), 100L)
})
