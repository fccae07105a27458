test_that("arguments are found when they are passed on through dots", {
  d <- many_types()
  inner <- function(...) design_of(...)
  outer <- function(data, ...) inner(y ~ x + (1 | g), data, ...)
  expect_identical(outer(d, weights = positive, subset = f != "a")$weights, d$positive[d$f != "a"])
})

test_that("names and levels outside ASCII work in every locale", {
  group <- "\u7ec4"
  slope <- "\u53d8 \u91cf"
  trait <- "\u54c1\u79cd"
  d <- many_types()
  d[[group]] <- c("\u7532", "\u4e59", "\u4e19")[d$g]
  d[[group]][is.na(d[[group]])] <- "\u4e01"
  d[[slope]] <- d$x
  d[[trait]] <- factor(d$f, labels = c("\u65e9", "\u4e2d", "\u665a"))
  for (locale in c("C", "C.UTF-8")) {
    withr::local_locale(LC_CTYPE = locale)
    symbols <- suppressWarnings(lapply(c(group, slope, trait), as.name))
    formula <- eval(bquote(
      y ~ .(symbols[[2]]) + .(symbols[[3]]) + (.(symbols[[2]]) | .(symbols[[1]]))
    ))
    expect_silent(design <- design_of(formula, d))
    names <- c("(Intercept)", paste0("`", slope, "`"), paste0(trait, c("\u4e2d", "\u665a")))
    expect_identical(colnames(design$X), names)
    term <- design$random[[1]]
    expect_identical(term$group, group)
    expect_setequal(term$levels, unique(d[[group]]))
    expect_identical(Encoding(c(term$group, term$levels)), rep("UTF-8", 1 + length(term$levels)))
    newdata <- d[1:5, c(group, slope, trait)]
    expect_silent(new <- design_newdata(fit_of_design(design), newdata))
    expect_identical(unname(new$X), unname(design$X[1:5, ]), ignore_attr = TRUE)
    expect_identical(new$random[[1]]$level, term$level[1:5])
  }
})
