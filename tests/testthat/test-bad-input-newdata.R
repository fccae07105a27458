# Every wrong call of the functions that take new data or draw new responses.
d <- bad_data()
fit <- suppressMessages(lmm(y ~ f * x + poly(w, 2) + logical + (x | g), d))
nested <- suppressMessages(lmm(y ~ x + (1 | f:string), d))
with_matrix <- suppressMessages(lmm(y ~ matrix + (1 | g), d))
with_offset <- suppressMessages(lmm(y ~ x + (1 | g), d, offset = w))
bare <- suppressMessages(lmm(y ~ x + (1 | g), d, control = lmm_control(keep = character())))
sleep <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
new <- d[1:3, ]
without <- function(...) new[setdiff(names(new), c(...))]
with <- function(...) transform(new, ...)

test_that("newdata without the model's variables is refused", {
  expect_refused(bad_calls(
    "newdata", "newdata", "it is 3", predict(fit, 3),
    "newdata", "newdata", "it is \"a\"", predict(fit, "a"),
    "newdata", "newdata", "it is NA", predict(fit, NA),
    "newdata", "newdata", "double matrix", predict(fit, as.matrix(new[c("x", "w")])),
    "newdata", "newdata", "a list of length 1", predict(fit, list(1)),
    "newdata", "newdata", "different lengths", predict(fit, list(x = 1:3, w = 1:2)),
    "newdata", "newdata", "\"environment\"", predict(fit, new.env()),
    "newdata", "newdata", "the formula", predict(fit, ~x),
    "newdata", "Days", "lacks the variable `Days`", predict(sleep, data.frame()),
    "newdata", "Days", "Did you mean `Day`?", predict(sleep, data.frame(Day = 1, Subject = "308")),
    "newdata", "Subject", "lacks the variable", predict(sleep, data.frame(Days = 1)),
    "newdata", "f", "lacks the variable `f`", predict(fit, without("f")),
    "newdata", "f", "`f` and `x`", predict(fit, without("f", "x")),
    "newdata", "string", "lacks", predict(nested, without("string")),
    "newdata", "w", "offset = w", predict(with_offset, without("w"))
  ))
})

test_that("newdata of other types is refused", {
  expect_refused(bad_calls(
    "newdata", "x", "is character, in the fit it was numeric", predict(fit, with(x = "1")),
    "newdata", "x", "is a factor", predict(fit, with(x = factor(1))),
    "newdata", "x", "a list", predict(fit, with(x = I(list(1, 2, 3)))),
    "newdata", "x", "of type complex", predict(fit, with(x = 1i)),
    "newdata", "f", "is numeric, in the fit it was a factor", predict(fit, with(f = 1)),
    "newdata", "logical", "is numeric", predict(fit, with(logical = 1)),
    "newdata", "poly(w, 2)", "`w` is of type character", predict(fit, with(w = "a")),
    "newdata", "matrix", "in the fit it was a numeric matrix of 2 columns",
    predict(with_matrix, with(matrix = 1)),
    "newdata", "matrix", "is a numeric matrix of 3 columns",
    predict(with_matrix, list(matrix = cbind(1, 2, 3), g = "1")),
    "newdata", "g", "is a list in `newdata`", predict(fit, with(g = I(list(1, 2, 3)))),
    "newdata", "g", "double matrix", predict(fit, with(g = cbind(x, w))),
    "newdata", "lt", "POSIXlt", {
      fit_lt <- suppressMessages(lmm(y ~ x + (1 | g), transform(d, lt = x)))
      predict(suppressMessages(update(fit_lt, . ~ . + lt)), new)
    }
  ))
})

test_that("levels that the fit does not know are refused or predicted without", {
  expect_refused(bad_calls(
    "newdata", "f", "does not have: \"zzz\"", predict(fit, with(f = "zzz")),
    "newdata", "g", "1 level in `newdata`", predict(fit, with(g = "new")),
    "newdata", "g", "has missing values", predict(fit, with(g = NA)),
    "newdata", "f:string", "\"a:zz\"", predict(nested, with(f = "a", string = "zz")),
    "newdata", "f", "does not have", predict(fit, with(f = "zzz"), allow.new.levels = TRUE),
    "newdata", "Subject", "does not have",
    model.matrix(sleep, newdata = data.frame(Days = 1, Subject = "x"))
  ))
  expect_identical(
    predict(fit, with(g = "new"), allow.new.levels = TRUE), predict(fit, new, re.form = NA)
  )
  expect_identical(
    predict(fit, with(g = NA), allow.new.levels = TRUE), predict(fit, new, re.form = NA)
  )
})

test_that("arguments of predict() are checked", {
  expect_refused(bad_calls(
    "argument", "newdat", "Did you mean `newdata`?", predict(fit, newdat = new),
    "argument", "allow", "Did you mean `allow.new.levels`?", predict(fit, new, allow = TRUE),
    "argument", "REform", "Did you mean `re.form`?", predict(fit, new, REform = NA),
    "argument", "newparams", "Arguments are", predict(fit, new, newparams = list()),
    "argument", "re.form", "not \"x\"", predict(fit, new, re.form = "x"),
    "argument", "re.form", "not 0", predict(fit, new, re.form = 0),
    "argument", "re.form", "the formula `~x`", predict(fit, new, re.form = ~x),
    "argument", "re.form", "one-sided", predict(fit, new, re.form = y ~ (1 | g)),
    "argument", "re.form", "by \"foo\"", predict(fit, new, re.form = ~ (1 | foo)),
    "argument", "re.form", "no \"w\" by \"g\"", predict(fit, new, re.form = ~ (w | g)),
    "argument", "random.only", "not NA", predict(fit, new, random.only = NA),
    "argument", "type", "not \"terms\"", predict(fit, new, type = "terms"),
    "argument", "allow.new.levels", "not \"yes\"", predict(fit, new, allow.new.levels = "yes"),
    "argument", "na.action", "not 3", predict(fit, new, na.action = 3),
    "argument", "na.action", "a function", predict(fit, with(x = NA), na.action = sum),
    "newdata", "newdata", "missing in 3 rows", predict(fit, with(x = NA), na.action = na.fail),
    "argument", "se.fit", "not NA", predict(fit, new, se.fit = NA),
    "argument", "interval", "Did you mean `prediction`?", predict(fit, new, interval = "pred"),
    "argument", "level", "between 0 and 1, such as 0.95, not 2", predict(fit, new, level = 2),
    "data", "frame", "does not hold its model frame", predict(bare)
  ))
  expect_identical(unname(predict(fit, with(x = c(NA, 1, 2)), na.action = "na.omit")),
    unname(predict(fit, with(x = c(NA, 1, 2))))[2:3]
  )
  expect_length(predict(bare, new), 3)
})

test_that("arguments of model.matrix() are checked", {
  expect_refused(bad_calls(
    "argument", "type", "not \"z\"", model.matrix(sleep, type = "z"),
    "argument", "typ", "Did you mean `type`?", model.matrix(sleep, typ = "random"),
    "newdata", "newdata", "it is 3", model.matrix(sleep, newdata = 3),
    "newdata", "Days", "Did you mean `Day`?", model.matrix(sleep, newdata = data.frame(Day = 1)),
    "data", "frame", "does not hold", model.matrix(bare, type = "random")
  ))
})

test_that("arguments of simulate() are checked", {
  expect_refused(bad_calls(
    "argument", "nsim", "not 0", simulate(sleep, nsim = 0),
    "argument", "nsim", "not 1.5", simulate(sleep, nsim = 1.5),
    "argument", "nsim", "not \"a\"", simulate(sleep, nsim = "a"),
    "argument", "seed", "not \"a\"", simulate(sleep, seed = "a"),
    "argument", "seed", "not 1e+20", simulate(sleep, seed = 1e20),
    "argument", "seed", "of length 2", simulate(sleep, seed = 1:2),
    "argument", "use.u", "not NA", simulate(sleep, use.u = NA),
    "argument", "re.form", "not \"a\"", simulate(sleep, re.form = "a"),
    "argument", "re.form", "whole random terms", simulate(sleep, re.form = ~ (1 | Subject)),
    "newdata", "newdata", "it is 3", simulate(sleep, newdata = 3),
    "newdata", "Subject", "lacks", simulate(sleep, newdata = data.frame(Days = 1)),
    "newdata", "Subject", "1 missing value",
    simulate(sleep, newdata = data.frame(Days = 1, Subject = NA)),
    "newdata", "Subject", "that the fit does not have",
    simulate(sleep, newdata = data.frame(Days = 1, Subject = "x"), re.form = NULL),
    "argument", "newparams", "It is 3", simulate(sleep, newparams = 3),
    "argument", "newparams", "`thet`", simulate(sleep, newparams = list(thet = 1)),
    "argument", "newparams", "a list of length 0", simulate(sleep, newparams = list()),
    "argument", "newparams", "each once", simulate(sleep, newparams = list(sigma = 1, sigma = 2)),
    "argument", "beta", "2 finite numbers, not 1", simulate(sleep, newparams = list(beta = 1)),
    "argument", "beta", "\"a\" and \"b\"",
    simulate(sleep, newparams = list(beta = c(a = 1, b = 2))),
    "argument", "theta", "3 finite", simulate(sleep, newparams = list(theta = c(1, NA, 1))),
    "argument", "sigma", "not -1", simulate(sleep, newparams = list(sigma = -1)),
    "argument", "nsims", "Did you mean `nsim`?", simulate(sleep, nsims = 3),
    "data", "frame", "does not hold", simulate(bare)
  ))
})

test_that("arguments of simulate_lmm() are checked", {
  design <- data.frame(x = 1:12, g = rep(1:3, 4), h = c(NA, 1:11))
  values <- list(beta = c(1, 1), theta = 1, sigma = 1)
  expect_refused(bad_calls(
    "argument", "formula", "is missing", simulate_lmm(),
    "argument", "data", "is missing", simulate_lmm(~ x + (1 | g)),
    "argument", "newparams", "is missing", simulate_lmm(~ x + (1 | g), design),
    "argument", "newparam", "Did you mean `newparams`?",
    simulate_lmm(~ x + (1 | g), design, newparam = values),
    "argument", "weights", "Arguments are",
    simulate_lmm(~ x + (1 | g), design, values, weights = x),
    "formula", "formula", "not \"a\"", simulate_lmm("a", design, values),
    "formula", "formula", "no random term: `~x`", simulate_lmm(~x, design, values),
    "data", "data", "not \"design\"", simulate_lmm(~ x + (1 | g), "design", values),
    "data", "data", "no rows", simulate_lmm(~ x + (1 | g), design[0, ], values),
    "data", "h", "h: 1", simulate_lmm(~ h + (1 | g), design, values),
    "variable", "gg", "Did you mean `g`?", simulate_lmm(~ x + (1 | gg), design, values),
    "argument", "newparams", "lacks \"sigma\"", simulate_lmm(~ x + (1 | g), design, values[-3]),
    "argument", "beta", "2 finite numbers",
    simulate_lmm(~ x + (1 | g), design, list(beta = 1, theta = 1, sigma = 1)),
    "argument", "nsim", "not -1", simulate_lmm(~ x + (1 | g), design, values, nsim = -1),
    "contrasts", "contrasts", "it is 3", simulate_lmm(~ x + (1 | g), design, values, contrasts = 3)
  ))
})
