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

test_that("coefficient tables with long names continue below as those of printCoefmat", {
  fit <- fit_cached("sleepstudy")
  table <- coef(summary(fit))
  rownames(table)[2] <- strrep("abcdefgh", 10)
  lines <- text_coefficients(table, has.Pvalue = TRUE)

  expect_identical(lines, capture.output(printCoefmat(table, has.Pvalue = TRUE)))
  expect_lte(max(nchar(lines)), 80L + 12L)
  # names that R cannot align, of the same width
  wide <- strrep(han, 20)
  rownames(table)[2] <- wide
  expect_identical(
    text_coefficients(table, has.Pvalue = TRUE), gsub(strrep("abcdefgh", 10), wide, lines)
  )
  rownames(table) <- NULL
  expect_match(text_coefficients(table, has.Pvalue = TRUE)[2], "^ +251.4")
})

test_that("sentences are folded at the console's width, but not within a random term", {
  withr::local_options(width = 30)

  expect_identical(fold_text("Note: short"), "Note: short")
  expect_identical(
    fold_text("Note: the variances of (1 | litter) and (1 + log(x) | f(a, b)) are not known"),
    c("Note: the variances of", "  (1 | litter) and", "  (1 + log(x) | f(a, b)) are", "  not known")
  )
  expect_identical(fold_notes(c(strrep("a b ", 20), "b")), c(strrep("a b ", 20), "b"))
  expect_null(fold_notes(NULL))
})

test_that("notes of all tables are folded", {
  data <- transform(sleepstudy, again = Subject)
  fit <- suppressMessages(lmm(Reaction ~ Days + (1 | Subject) + (1 | again), data))
  tables <- list(
    fit, summary(fit), VarCorr(fit), anova(fit), contrast_test(fit),
    suppressMessages(random_anova(fit))
  )
  for (width in c(60, 200)) {
    withr::local_options(width = width)
    for (table in tables) {
      lines <- capture.output(print(table))
      notes <- grep("^Note: .*|^  [a-z(].*", lines, value = TRUE)
      expect_match(notes, "^Note: ", all = FALSE)
      expect_lte(max(nchar(notes)), width)
      expect_match(paste(trimws(notes), collapse = " "), "cannot be told apart: of .* determined")
    }
  }
})
