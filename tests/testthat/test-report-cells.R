test_that("tables print with captions and one paragraph of notes", {
  text <- capture.output(print(report_tables(fit_cached("sleepstudy"))))
  expect_identical(text[1:2], c(
    "Linear mixed model fitted by REML", "Formula: Reaction ~ Days + (Days | Subject)"
  ))
  expect_true("Random effects" %in% text)
  expect_match(text[length(text)], "^Note: REML criterion: 1743.63. Observations: 180")
})

test_that("columns are written by their names, and the row of the fit has no test", {
  table <- data.frame(
    npar = 5:6, AIC = c(10, 11.25), LRT = c(NA, 3.84146), Df = c(NA, 1L),
    p = c(NA, 0.05), other = c(123456.7, 0.00123456), check.names = FALSE
  )
  names(table)[5] <- "Pr(>Chisq)"
  expect_identical(number_table(table, "Model"), data.frame(
    Model = c("1", "2"), parameters = c("5", "6"), AIC = c("10.00", "11.25"),
    LRT = c("", "3.84"), df = c("", "1"), p = c("", ".050"), other = c("123457", "0.001235")
  ))
})

test_that("notes are sentences", {
  notes <- c("singular fit: a matrix", "ddf = \"x\" is", "Done.")
  expect_identical(
    note_sentences(notes), "Singular fit: a matrix. ddf = \"x\" is. Done."
  )
})
