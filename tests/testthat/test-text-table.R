# Two Han characters: four display columns, six bytes of UTF-8.
han <- "\u5904\u7406"

test_that("padding counts display columns, not characters", {
  expect_identical(display_width(c(han, "abcd")), c(4L, 4L))
  expect_identical(pad_text(c(han, "abc")), c(han, "abc "))
  expect_identical(pad_text(c(han, "abc"), "right", 6L), c(paste0("  ", han), "   abc"))
})

test_that("columns start at the same display column in every line", {
  cells <- cbind(Groups = c(han, "Residual"), Std.Dev. = c("1.5", "2.5"))

  expect_identical(
    text_table(cells, row_names = NULL),
    c(" Groups   Std.Dev.", paste0(" ", han, "     1.5     "), " Residual 2.5     ")
  )
})

test_that("right alignment and row names", {
  cells <- matrix(c("1", "-10"), 2L, dimnames = list(c("a", han), "value"))

  expect_identical(
    text_table(cells, align = "right"), c("     value", "a        1", paste0(han, "   -10"))
  )
})

test_that("wide tables and vectors are folded at the console's width", {
  withr::local_options(width = 20)
  cells <- matrix("1234567", 1L, 4L, dimnames = list("x", letters[1:4]))

  expect_identical(
    trimws(text_table(cells), "right"),
    c("  a       b", "x 1234567 1234567", "  c       d", "x 1234567 1234567")
  )
  expect_length(text_vector(c(first = "1.00000", second = "2.00000", third = "3")), 4L)
  expect_identical(fold_columns(c(30, 5, 5, 30), 10), c(1L, 2L, 2L, 3L))
})

test_that("coefficient lines are those of printCoefmat for ASCII names", {
  table <- coef(summary(fit_cached("sorghum_e3")))

  expect_identical(
    text_coefficients(table, digits = 4L, has.Pvalue = FALSE),
    capture.output(printCoefmat(table, digits = 4L, has.Pvalue = FALSE))
  )
})

test_that("vectors look as R prints them", {
  values <- c("(Intercept)" = 251.405, Days = 10.467)

  expect_identical(
    trimws(text_vector(format(values)), "right"), trimws(capture.output(print(values)), "right")
  )
})

test_that("numbers of a data frame are aligned right", {
  table <- data.frame(x = c(1, 10), row.names = c("a", "b"))

  expect_identical(text_numbers(table), c("   x", "a  1", "b 10"))
})

test_that("lines are written as UTF-8", {
  skip_if_not(l10n_info()[["UTF-8"]], "not a UTF-8 locale")
  expect_identical(capture.output(write_lines(c(han, "x"))), c(han, "x"))
})

test_that("a C locale gets the same bytes and the same alignment", {
  withr::local_locale(LC_CTYPE = "C")
  fit <- fit_cached("sleepstudy")
  fit$random[[1]]$group <- han
  names(fit$beta)[2] <- han
  shown <- capture.output(print(fit))

  bytes <- charToRaw(enc2utf8(han))
  has_name <- vapply(shown, function(line) grepl(rawToChar(bytes), line, useBytes = TRUE), TRUE)
  expect_identical(sum(has_name), 3L)
  expect_false(any(grepl("<U+", shown, fixed = TRUE)))
})
