test_that("a random intercept needs no matrix", {
  term <- design_of(y ~ x + (1 | g), many_types())$random[[1]]
  expect_null(term$z)
  expect_null(term$terms)
  expect_identical(term$columns, "(Intercept)")
  expect_named(term, c(
    "group", "columns", "structure", "z", "level", "levels", "missing", "text", "lhs",
    "group_expr", "terms", "contrasts", "xlevels", "theta_index"
  ))
})

test_that("terms are ordered by decreasing number of levels, ties in formula order", {
  design <- design_of(y ~ (1 | c) + (1 | a) + (0 + x | b) + (x | g) + (1 | b), many_types())
  expect_identical(vapply(design$random, function(t) t$text, ""), c(
    "x | g", "1 | a", "0 + x | b", "1 | b", "1 | c"
  ))
  expect_identical(lapply(design$random, `[[`, "theta_index"), list(1:3, 4L, 5L, 6L, 7L))
})

test_that("z is shared with X and among terms where the columns are the same", {
  d <- many_types()
  design <- design_of(y ~ x + (x | g) + (1 + x | a) + (w | b) + (w | c), d)
  z <- stats::setNames(lapply(design$random, `[[`, "z"), vapply(design$random, `[[`, "", "group"))
  expect_identical(z$g, design$X)
  expect_identical(z$a, design$X)
  expect_identical(z$b, z$c)
  expect_identical(unname(z$b[, 2]), d$w)
})

test_that("terms on one factor have the same codes and levels", {
  design <- design_of(y ~ (1 | string) + (0 + x | string), many_types())
  expect_identical(design$random[[1]]$level, design$random[[2]]$level)
  expect_identical(design$random[[1]]$levels, design$random[[2]]$levels)
})

test_that("a double bar keeps the columns of a single one", {
  d <- many_types()
  full <- design_of(y ~ (f + x | g), d)$random[[1]]
  diagonal <- design_of(y ~ (f + x || g), d)$random[[1]]
  expect_identical(diagonal$columns, c("(Intercept)", "fb", "fc", "x"))
  expect_identical(diagonal$z, full$z)
  expect_identical(diagonal$structure, "diag")
  expect_length(diagonal$theta_index, 4)
  expect_length(full$theta_index, 10)
  wrapped <- design_of(y ~ diag(f + x | g), d)$random[[1]]
  expect_identical(wrapped[names(wrapped) != "text"], diagonal[names(diagonal) != "text"])
})

test_that("grouping variables may be calls", {
  d <- many_types()
  index <- c(2:72, 1)
  expected <- design_of(y ~ (1 | g), d)$random[[1]]
  expect_identical(design_of(y ~ (1 | factor(g)), d)$random[[1]]$level, expected$level)
  shifted <- design_of(y ~ (1 | g[index]), d)$random[[1]]
  expect_identical(shifted$level, expected$level[index])
  expect_identical(shifted$group, "g[index]")
  crossed <- design_of(y ~ (1 | interaction(a, b)), d)$random[[1]]
  expect_length(crossed$levels, 9)
  expect_identical(design_of(y ~ (1 | cut(x, 3)), d)$random[[1]]$levels, levels(cut(d$x, 3)))
})

test_that("one-dimensional arrays and AsIs columns serve as grouping variables", {
  d <- many_types()
  d$g <- I(as.character(d$g))
  expect_identical(design_of(y ~ (1 | g), d)$random[[1]]$levels, sort(unique(as.vector(d$g))))
})
