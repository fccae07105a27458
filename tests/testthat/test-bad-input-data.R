# Every wrong variable, and every wrong argument of lmm() that is evaluated in the data.
d <- bad_data()
short <- 1:3

test_that("variables that are not there are named, the nearest suggested", {
  expect_refused(bad_calls(
    "variable", "intger", "Did you mean `integer`?", lmm(y ~ intger + (1 | g), d),
    "variable", "nothere", "`data` has", lmm(nothere ~ x + (1 | g), d),
    "variable", "Positive", "Did you mean `positive`?", lmm(y ~ log(Positive) + (1 | g), d),
    "variable", "strng", "Did you mean `string`?", lmm(y ~ x + (1 | strng), d),
    "variable", "strng", "Did you mean `string`?", lmm(y ~ x + (1 | f / strng), d),
    "variable", "median", "function of that name", lmm(median ~ x + (1 | g), d),
    "variable", "nowhere", "no `data` given", lmm(nowhere ~ 1 + (1 | g)),
    "variable", "nowhere", "used in `weights`", lmm(y ~ x + (1 | g), d, weights = nowhere),
    "variable", "nowhere", "used in `offset`", lmm(y ~ x + (1 | g), d, offset = nowhere),
    "variable", "nowhere", "used in `subset`", lmm(y ~ x + (1 | g), d, subset = nowhere > 1),
    "variable", ".", "was not found", lmm(. ~ x + (1 | g), d)
  ))
})

test_that("data that hold no variables are refused", {
  expect_refused(bad_calls(
    "data", "data", "it is \"d\"", lmm(y ~ x + (1 | g), "d"),
    "data", "data", "it is 3", lmm(y ~ x + (1 | g), 3),
    "data", "data", "it is a function", lmm(y ~ x + (1 | g), mean),
    "data", "data", "`as.data.frame()`", lmm(y ~ x + (1 | g), as.matrix(d[c("x", "y")])),
    "data", "data", "a list of length 2", lmm(y ~ x + (1 | g), list(1, 2)),
    "data", "x", "2 columns named `x`", lmm(y ~ x + (1 | g), cbind(d[c("y", "x", "g")], x = 1)),
    "data", "x", "2 columns named `x`", lmm(y ~ . + (1 | g), cbind(d[c("y", "x", "g")], x = 1)),
    "data", "data", "Column 2 of `data` has no name", lmm(y ~ x + (1 | g), list(y = d$y, d$x)),
    "data", "data", "has no rows", lmm(y ~ x + (1 | g), d[0, ]),
    "data", "short", "3 values, the response `y` has 72", lmm(y ~ short + (1 | g), d),
    "response", "short", "3 values, the other variables have 72", lmm(short ~ x + (1 | g), d),
    "data", "x", "has 3 values", lmm(y ~ x + (1 | g), list(y = d$y, x = 1:3, g = d$g))
  ))
})

test_that("responses that are not one finite varying numeric column are refused", {
  expect_refused(bad_calls(
    "response", "f", "it is a factor", lmm(f ~ x + (1 | g), d),
    "response", "string", "of type character", lmm(string ~ x + (1 | g), d),
    "response", "list", "it is a list", lmm(list ~ x + (1 | g), d),
    "response", "complex", "of type complex", lmm(complex ~ x + (1 | g), d),
    "response", "raw", "of type raw", lmm(raw ~ x + (1 | g), d),
    "response", "matrix", "matrix of 2 columns", lmm(matrix ~ x + (1 | g), d),
    "response", "frame", "of 2 columns", lmm(frame ~ x + (1 | g), d),
    "response", "cbind(x, w)", "2 columns", lmm(cbind(x, w) ~ (1 | g), d),
    "response", "day", "of class \"Date\"", lmm(day ~ x + (1 | g), d),
    "response", "lt", "POSIXlt", lmm(lt ~ x + (1 | g), d),
    "response", "5", "The response is `5`", lmm(5 ~ x + (1 | g), d),
    "response", "NULL", "The response is `NULL`", lmm(NULL ~ x + (1 | g), d),
    "response", "\"y\"", "The response is `\"y\"`", lmm("y" ~ x + (1 | g), d),
    "response", "infinite", "2 infinite values among 72", lmm(infinite ~ x + (1 | g), d),
    "response", "log(zero)", "72 infinite values", lmm(log(zero) ~ x + (1 | g), d),
    "response", "five", "all 72 values are 5", lmm(five ~ x + (1 | g), d),
    "response", "y", "minus the offset is constant", lmm(y ~ x + (1 | g), d, offset = y),
    "data", "all_missing", "all_missing: 72", lmm(all_missing ~ x + (1 | g), d),
    "computation", "line", "effects in the model reproduce", lmm(line ~ x + (1 | g), d),
    "computation", "steps", "effects in the model reproduce", lmm(steps ~ f + (1 | g), d),
    "computation", "steps", "rows of a group all equal", lmm(steps ~ 1 + (1 | f), d),
    "response", "huge", "too large to compute with", lmm(huge ~ x + (1 | g), d),
    "response", "tiny", "too small to compute with", lmm(tiny ~ x + (1 | g), d)
  ))
})

test_that("predictors that no model can use are refused", {
  expect_refused(bad_calls(
    "data", "list", "is a list", lmm(y ~ list + (1 | g), d),
    "data", "list", "is a list", lmm(y ~ x + (list | g), d),
    "data", "complex", "of type complex", lmm(y ~ complex + (1 | g), d),
    "data", "raw", "of type raw", lmm(y ~ raw + (1 | g), d),
    "data", "frame", "is a data frame", lmm(y ~ frame + (1 | g), d),
    "data", "letters", "character matrix of 2 columns", lmm(y ~ letters + (1 | g), d),
    "data", "lt", "`as.POSIXct()`", lmm(y ~ lt + (1 | g), d),
    "data", "single", "only one level in the data, \"q\"", lmm(y ~ single + (1 | g), d),
    "data", "single", "only one level", lmm(y ~ x + (single | g), d),
    "data", "f", "only one level", lmm(y ~ f + (1 | g), d, subset = f == "a"),
    "data", "infinite", "2 infinite values", lmm(y ~ infinite + (1 | g), d),
    "data", "infinite", "2 infinite values", lmm(y ~ x + (infinite | g), d),
    "data", "I(1/zero)", "72 infinite values", lmm(y ~ I(1 / zero) + (1 | g), d),
    "data", "no_such(x)", "could not be evaluated", lmm(y ~ no_such(x) + (1 | g), d),
    "data", "log(string)", "could not be evaluated", lmm(y ~ log(string) + (1 | g), d),
    "data", "all_missing", "None of the 72 rows", lmm(y ~ all_missing + (1 | g), d),
    "data", NULL, "72 observations cannot determine 72", lmm(y ~ factor(id) + (1 | g), d),
    "data", NULL, "6 observations cannot determine 6", lmm(y ~ poly(x, 5) + (1 | f), d[1:6, ])
  ))
})

test_that("products and squares that overflow are named", {
  expect_refused(bad_calls(
    "data", "huge", "too large to compute with, up to 7.2e+301", lmm(y ~ huge + (1 | g), d),
    "data", "large", "too large to compute with", lmm(y ~ large + (1 | g), d),
    "data", "large:huge", "72 values among 72 that are not finite",
    lmm(y ~ x + large:huge + (1 | g), d),
    "data", "large:huge", "not finite", lmm(y ~ x + (large:huge | g), d),
    "data", "large", "too large", lmm(y ~ large * huge + (1 | g), d),
    "data", "large", "too large", lmm(y ~ x + (large | g), d),
    "data", "tiny", "too small to compute with", lmm(y ~ tiny + (1 | g), d),
    "weights", "weights", "too small", lmm(y ~ x + (1 | g), d, weights = tiny)
  ))
})

test_that("grouping variables that are no factors, or of a wrong number of levels, are refused", {
  expect_refused(bad_calls(
    "grouping", "list", "is a list", lmm(y ~ x + (1 | list), d),
    "grouping", "complex", "of type complex", lmm(y ~ x + (1 | complex), d),
    "grouping", "matrix", "matrix of 2 columns", lmm(y ~ x + (1 | matrix), d),
    "grouping", "infinite", "2 infinite values", lmm(y ~ x + (1 | infinite), d),
    "grouping", "lt", "POSIXlt", lmm(y ~ x + (1 | lt), d),
    "grouping", "single", "only one level, \"q\"", lmm(y ~ x + (1 | single), d),
    "grouping", "g", "only one level, \"1\"", lmm(y ~ x + (1 | g), d[1, ]),
    "grouping", "g", "3 levels for 3 observations", lmm(y ~ x + (1 | g), d[1:3, ]),
    "grouping", "id", "72 levels for 72 observations", lmm(y ~ x + (1 | id), d),
    "grouping", "g", "only one level", lmm(y ~ x + (1 | g), d, weights = as.numeric(g == "1")),
    "grouping", "f * x | a:b:c", "108 random effects", lmm(y ~ x + (f * x | a:b:c), d)
  ))
})

test_that("weights and offsets are finite numbers, one per row", {
  expect_refused(bad_calls(
    "weights", "weights", "1 of the 72 `weights` is negative",
    lmm(y ~ (1 | g), d, weights = negative),
    "weights", "weights", "All 72 `weights` are zero", lmm(y ~ (1 | g), d, weights = zero),
    "weights", "weights", "has 1 value, the response `y` has 72", lmm(y ~ (1 | g), d, weights = 2),
    "weights", "weights", "has 3 values", lmm(y ~ (1 | g), d, weights = short),
    "weights", "weights", "of type character", lmm(y ~ (1 | g), d, weights = "w"),
    "weights", "weights", "a factor", lmm(y ~ (1 | g), d, weights = f),
    "weights", "weights", "of type logical", lmm(y ~ (1 | g), d, weights = logical),
    "weights", "weights", "a list", lmm(y ~ (1 | g), d, weights = list),
    "weights", "weights", "of type complex", lmm(y ~ (1 | g), d, weights = complex),
    "weights", "weights", "matrix of 2 columns", lmm(y ~ (1 | g), d, weights = matrix),
    "weights", "weights", "2 infinite values", lmm(y ~ (1 | g), d, weights = abs(infinite)),
    "weights", "weights", "\"formula\"", lmm(y ~ (1 | g), d, weights = ~w),
    "weights", "weights", "broken", lmm(y ~ (1 | g), d, weights = stop("broken")),
    "offset", "offset", "has 3 values", lmm(y ~ x + (1 | g), d, offset = short),
    "offset", "offset", "has 1 value", lmm(y ~ x + (1 | g), d, offset = 2),
    "offset", "offset", "of type character", lmm(y ~ x + (1 | g), d, offset = string),
    "offset", "offset", "a factor", lmm(y ~ x + (1 | g), d, offset = f),
    "offset", "offset", "2 infinite values", lmm(y ~ x + (1 | g), d, offset = infinite),
    "offset", "offset(string)", "of type character", lmm(y ~ offset(string) + (1 | g), d),
    "offset", "offset(infinite)", "2 infinite", lmm(y ~ offset(infinite) + (1 | g), d)
  ))
})

test_that("subsets are conditions or existing rows", {
  expect_refused(bad_calls(
    "argument", "subset", "no row name of `data`: \"a\"", lmm(y ~ (1 | g), d, subset = "a"),
    "argument", "subset", "row 1000", lmm(y ~ x + (1 | g), d, subset = 1:1000 * 1000),
    "argument", "subset", "row 1.5", lmm(y ~ x + (1 | g), d, subset = 1.5),
    "argument", "subset", "row NA", lmm(y ~ x + (1 | g), d, subset = c(1, NA, 3)),
    "argument", "subset", "with -1, to leave out", lmm(y ~ x + (1 | g), d, subset = c(-1, 5)),
    "argument", "subset", "it is not recycled", lmm(y ~ (1 | g), d, subset = c(TRUE, FALSE)),
    "argument", "subset", "2 values, `data` has 72 rows",
    lmm(y ~ x + (1 | g), as.list(d[c("y", "x", "g")]), subset = c(TRUE, FALSE)),
    "argument", "subset", "a factor", lmm(y ~ x + (1 | g), d, subset = f),
    "argument", "subset", "a list", lmm(y ~ x + (1 | g), d, subset = list),
    "argument", "subset", "the formula `~x`", lmm(y ~ x + (1 | g), d, subset = ~x),
    "argument", "subset", "logical matrix", lmm(y ~ (1 | g), d, subset = cbind(x, w) > 0),
    "argument", "subset", "oops", lmm(y ~ x + (1 | g), d, subset = stop("oops")),
    "data", "subset", "none of the 72 rows", lmm(y ~ x + (1 | g), d, subset = x > 5)
  ))
})

test_that("missing values are refused where na.action does not allow them", {
  expect_refused(bad_calls(
    "data", "gap", "gap: 3", lmm(y ~ gap + (1 | g), d, na.action = na.fail),
    "data", "gap", "gap: 3", lmm(y ~ gap + (1 | g), d, na.action = "na.fail"),
    "data", "gap", "3 missing values among 72", lmm(y ~ gap + (1 | g), d, na.action = na.pass),
    "data", "gap", "3 missing values", lmm(y ~ gap + (1 | g), d, na.action = NULL),
    "response", "gap", "3 missing values", lmm(gap ~ w + (1 | g), d, na.action = na.pass),
    "grouping", "gap", "3 missing values", lmm(y ~ w + (1 | gap), d, na.action = na.pass),
    "argument", "na.action", "not 3", lmm(y ~ gap + (1 | g), d, na.action = 3),
    "argument", "na.action", "not \"none\"", lmm(y ~ gap + (1 | g), d, na.action = "none"),
    "argument", "na.action", "it gives", lmm(y ~ gap + (1 | g), d, na.action = mean),
    "argument", "na.action", "it gives 3", lmm(y ~ gap + (1 | g), d, na.action = function(x) 3)
  ))
})

test_that("contrasts fit a factor of the model", {
  expect_refused(bad_calls(
    "contrasts", "contrasts", "it is \"contr.sum\"",
    lmm(y ~ f + (1 | g), d, contrasts = "contr.sum"),
    "contrasts", "contrasts", "it is NA", lmm(y ~ f + (1 | g), d, contrasts = NA),
    "contrasts", "contrasts", "named list", lmm(y ~ f + (1 | g), d, contrasts = list("contr.sum")),
    "contrasts", "ff", "Did you mean `f`?",
    lmm(y ~ f + (1 | g), d, contrasts = list(ff = "contr.sum")),
    "contrasts", "x", "Factors are `f`", lmm(y ~ f + (1 | g), d, contrasts = list(x = "contr.sum")),
    "contrasts", "g", "not a factor of", lmm(y ~ f + (1 | g), d, contrasts = list(g = "contr.sum")),
    "contrasts", "f", "no such function",
    lmm(y ~ f + (1 | g), d, contrasts = list(f = "contr.som")),
    "contrasts", "f", "not NULL", lmm(y ~ f + (1 | g), d, contrasts = list(f = NULL)),
    "contrasts", "f", "not NA", lmm(y ~ f + (1 | g), d, contrasts = list(f = NA)),
    "contrasts", "f", "It gives: 3", lmm(y ~ f + (1 | g), d, contrasts = list(f = mean)),
    "contrasts", "f", "It gives: 3", lmm(y ~ f + (1 | g), d, contrasts = list(f = "mean")),
    "contrasts", "f", "boom",
    lmm(y ~ f + (1 | g), d, contrasts = list(f = function(n) stop("boom"))),
    "contrasts", "f", "has 2 rows, the factor has 3 levels",
    lmm(y ~ f + (1 | g), d, contrasts = list(f = matrix(1:4, 2))),
    "contrasts", "f", "not finite",
    lmm(y ~ f + (1 | g), d, contrasts = list(f = cbind(c(1, NA, 0), c(0, 1, 0)))),
    "contrasts", "f", "2 elements named `f`",
    lmm(y ~ f + (1 | g), d, contrasts = list(f = "contr.sum", f = "contr.poly"))
  ))
})
