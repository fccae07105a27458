# Every wrong call of lmm() and lmm_control(): what is at fault is named in the package's own words.
d <- bad_data()
short <- 1:3

test_that("formulas that are none, or no mixed model's, are refused", {
  expect_refused(bad_calls(
    "formula", "formula", "it is missing", lmm(),
    "formula", "formula", "it is NULL", lmm(NULL, d),
    "formula", "formula", "it is 3", lmm(3, d),
    "formula", "formula", "a data frame of 72 rows", lmm(d, y ~ x + (1 | g)),
    "formula", "formula", "y ~ x + (1 | g", lmm("y ~ x + (1 | g", d),
    "formula", "formula", "has no response", lmm(~ x + (1 | g), d),
    "formula", "formula", "has no random term: `y ~ x`", lmm(y ~ x, d),
    "formula", "formula", "no random term: `y ~ I(x | g)`", lmm(y ~ I(x | g), d),
    "formula", "x | g", "`(x | g)`", lmm(y ~ x | g, d),
    "formula", "x + 1 | g", "in parentheses", lmm(y ~ x + 1 | g, d),
    "formula", "1 | g", "cannot be subtracted", lmm(y ~ x - (1 | g), d),
    "formula", "1 | g", "combined with `*`", lmm(y ~ x * (1 | g), d),
    "formula", "1 | g", "combined with `:`", lmm(y ~ x:(1 | g), d),
    "formula", "1 | g", "combined with `^`", lmm(y ~ (1 | g)^2, d),
    "formula", "1 | g", "occurs 2 times", lmm(y ~ x + (1 | g) + (1 | g), d),
    "formula", "x | g | f", "more than one bar", lmm(y ~ (x | g | f), d),
    "formula", ". | g", "uses `.`", lmm(y ~ x + (. | g), d),
    "formula", "offset(w) | g", "holds an offset", lmm(y ~ (offset(w) | g), d),
    "formula", "0", "has no columns", lmm(y ~ x + (0 | g), d),
    "formula", "\"x\"", "`\"x\"` of a random term", lmm(y ~ ("x" | g), d),
    "formula", ".", "`.` is not a grouping factor", lmm(y ~ (1 | .), d),
    "formula", "1", "`1` is not a grouping factor", lmm(y ~ (1 | 1), d),
    "formula", "\"g\"", "`\"g\"` is not a grouping factor", lmm(y ~ (1 | "g"), d),
    "formula", "NULL", "not a grouping factor", lmm(y ~ (1 | NULL), d),
    "formula", ".", "`data`, which is not given", lmm(y ~ . + (1 | g)),
    "formula", "\"x\"", "without quotes", lmm(y ~ "x" + (1 | g), d),
    "formula", "2", "the constant `2`", lmm(y ~ 2 + (1 | g), d),
    "formula", "TRUE", "the constant `TRUE`", lmm(y ~ x + TRUE + (1 | g), d),
    "formula", "x + 2", "has no columns", lmm(y ~ x + (x + 2 | g), d),
    "formula", "y", "`y` is also a predictor", lmm(y ~ x + y + (1 | g), d),
    "formula", "y", "`y` is also a predictor", lmm(y ~ x + (y | g), d),
    "formula", "y", "also a grouping factor", lmm(y ~ x + (1 | y), d),
    "unsupported", "sph", "Available structures", lmm(y ~ x + sph(1 | g), d),
    "unsupported", "foo", "`foo(1 | g)`", lmm(y ~ x + foo(1 | g), d),
    "unsupported", "hom", "Remove `hom`", lmm(y ~ us(x | g, hom = TRUE), d),
    "formula", "us", "two covariance structures", lmm(y ~ us(x || g), d)
  ))
})

test_that("arguments that are unknown, abbreviated or misspelt are refused, the nearest named", {
  expect_refused(bad_calls(
    "argument", "weight", "Did you mean `weights`?", lmm(y ~ x + (1 | g), d, weight = w),
    "argument", "wieghts", "Did you mean `weights`?", lmm(y ~ x + (1 | g), d, wieghts = w),
    "argument", "RELM", "Did you mean `REML`?", lmm(y ~ x + (1 | g), d, RELM = FALSE),
    "argument", "REM", "Did you mean `REML`?", lmm(y ~ x + (1 | g), d, REM = FALSE),
    "argument", "reml", "Did you mean `REML`?", lmm(y ~ x + (1 | g), d, reml = FALSE),
    "argument", "sub", "Did you mean `subset`?", lmm(y ~ x + (1 | g), d, sub = x > 0),
    "argument", "su", "Did you mean `subset`?", lmm(y ~ x + (1 | g), d, su = x > 0),
    "argument", "dat", "Did you mean `data`?", lmm(y ~ x + (1 | g), dat = d),
    "argument", "na_action", "`na.action`", lmm(y ~ x + (1 | g), d, na_action = na.omit),
    "argument", "devFunOnly", "`deviance_function(fit)`", lmm(y ~ (1 | g), d, devFunOnly = TRUE),
    "argument", "family", "Gaussian models only", lmm(y ~ x + (1 | g), d, family = binomial),
    "argument", "random", "into the formula", lmm(y ~ x, d, random = ~ 1 | g),
    "argument", "nAGQ", "no quadrature", lmm(y ~ x + (1 | g), d, nAGQ = 1),
    "argument", "correlation", "Use `residual`, see `?residual_structure`",
    lmm(y ~ x + (1 | g), d, correlation = 1),
    "argument", "weights", "nlme's `varIdent()`. i Here it is written `variance = ~ by(sex)`",
    lmm(y ~ x + (1 | g), d, weights = nlme::varIdent(form = ~ 1 | g)),
    "argument", "3", "1 unnamed argument too many",
    lmm(y ~ (1 | g), d, TRUE, lmm_control(), NULL, 0L, NULL, NULL, na.omit, NULL, NULL, 3)
  ))
})

test_that("abbreviations are found behind dots and do.call() as well", {
  pass_on <- function(...) lmm(y ~ x + (1 | g), d, ...)
  pass_twice <- function(...) pass_on(...)
  expect_refused(bad_calls(
    "argument", "REM", "Did you mean `REML`?", pass_on(REM = FALSE),
    "argument", "start_", "Did you mean `start`?", pass_twice(start_ = 1),
    "argument", "REM", "Did you mean", do.call("lmm", list(y ~ x + (1 | g), d, REM = TRUE))
  ))
  expect_error(do.call(lmm, list(y ~ x + (1 | g), d, REM = TRUE)), "Did you mean `REML`?")
  expect_s3_class(suppressMessages(pass_twice(REML = FALSE, weights = w)), "henderson_lmm")
})

test_that("values of simple arguments are checked", {
  expect_refused(bad_calls(
    "argument", "REML", "not NA", lmm(y ~ x + (1 | g), d, REML = NA),
    "argument", "REML", "not \"yes\"", lmm(y ~ x + (1 | g), d, REML = "yes"),
    "argument", "REML", "not 1", lmm(y ~ x + (1 | g), d, REML = 1),
    "argument", "REML", "of length 2", lmm(y ~ x + (1 | g), d, REML = c(TRUE, FALSE)),
    "argument", "REML", "not NULL", lmm(y ~ x + (1 | g), d, REML = NULL),
    "argument", "verbose", "not \"a\"", lmm(y ~ x + (1 | g), d, verbose = "a"),
    "argument", "verbose", "at least 0, not -1", lmm(y ~ x + (1 | g), d, verbose = -1),
    "argument", "verbose", "not 1.5", lmm(y ~ x + (1 | g), d, verbose = 1.5),
    "control", "control", "a list of length 0", lmm(y ~ x + (1 | g), d, control = list()),
    "control", "control", "it is NULL", lmm(y ~ x + (1 | g), d, control = NULL),
    "control", "control", "it is a function", lmm(y ~ x + (1 | g), d, control = lmm_control),
    "control", "control", "Did you mean `optimizer`?",
    lmm(y ~ x + (1 | g), d, control = list(optimiser = "bfgs"))
  ))
})

test_that("lme4's control is translated", {
  need_peer("lme4")
  expect_refused(bad_calls(
    "control", "control", "`check.rankX` is `check_rank`",
    lmm(y ~ x + (1 | g), d, control = lme4::lmerControl())
  ))
})

test_that("start values that do not fit the model are refused", {
  none <- lmm_control(optimizer = "none")
  expect_refused(bad_calls(
    "start", "start", "It is \"a\"", lmm(y ~ x + (1 | g), d, start = "a"),
    "start", "start", "1 finite number", lmm(y ~ x + (1 | g), d, start = c(1, 2)),
    "start", "start", "3 finite numbers", lmm(y ~ x + (x | g), d, start = 1),
    "start", "start", "It is NA", lmm(y ~ x + (1 | g), d, start = NA),
    "start", "start", "It is NaN", lmm(y ~ x + (1 | g), d, start = NaN),
    "start", "start", "It is Inf", lmm(y ~ x + (1 | g), d, start = Inf),
    "start", "start", "It is a function", lmm(y ~ x + (1 | g), d, start = mean),
    "start", "start", "it has \"thetas\"", lmm(y ~ (1 | g), d, start = list(thetas = 1)),
    "start", "start", "\"theta\" and \"beta\"",
    lmm(y ~ (1 | g), d, start = list(theta = 1, beta = 2)),
    "start", "start", "unnamed elements", lmm(y ~ x + (1 | g), d, start = list(1)),
    "start", "start", "not finite at `start`, 1e+300", lmm(y ~ x + (1 | g), d, start = 1e300),
    "start", "start", "is missing", lmm(y ~ x + (1 | g), d, control = none),
    "start", "start", "not finite at", lmm(y ~ x + (1 | g), d, start = 1e300, control = none),
    "start", "start", "not finite at `start`",
    lmm(y ~ x + (1 | g), d, start = 1e300, control = lmm_control(optimizer = "bfgs")),
    "start", "start", "not finite at `start`",
    lmm(y ~ x + (1 | g), d, start = 1e300, control = lmm_control(optimizer = "nelder_mead"))
  ))
})

test_that("the signs of the columns of Lambda do not matter", {
  none <- lmm_control(optimizer = "none")
  negative <- lmm(y ~ x + (x | g), d, start = c(-0.5, 0.2, -0.3), control = none)
  positive <- lmm(y ~ x + (x | g), d, start = c(0.5, -0.2, 0.3), control = none)
  expect_identical(negative$theta, positive$theta)
  expect_false(is_singular(negative))
})

test_that("every setting of lmm_control() is checked", {
  expect_refused(bad_calls(
    "control", "optimizer", "not \"bobyqa\"", lmm_control(optimizer = "bobyqa"),
    "control", "optimizer", "not NA", lmm_control(optimizer = NA),
    "control", "optimizer", "of length 2", lmm_control(optimizer = c("newton", "none")),
    "argument", "optim", "Did you mean `optimizer`?", lmm_control(optim = "bfgs"),
    "argument", "optimiser", "Did you mean `optimizer`?", lmm_control(optimiser = "bfgs"),
    "argument", "optCtrl", "Arguments are", lmm_control(optCtrl = list(maxfun = 10)),
    "control", "max_iterations", "at least 1, not 0", lmm_control(max_iterations = 0),
    "control", "max_iterations", "not 1.5", lmm_control(max_iterations = 1.5),
    "control", "max_iterations", "not Inf", lmm_control(max_iterations = Inf),
    "control", "max_iterations", "not 1e+10", lmm_control(max_iterations = 1e10),
    "control", "tolerance", "not 0", lmm_control(tolerance = 0),
    "control", "tolerance", "not \"a\"", lmm_control(tolerance = "a"),
    "control", "tolerance", "not NULL", lmm_control(tolerance = NULL),
    "argument", "tol", "Did you mean `tolerance`?", lmm_control(tol = 1e-3),
    "control", "threads", "not 0", lmm_control(threads = 0),
    "control", "threads", "not NA", lmm_control(threads = NA),
    "control", "sparse_x", "not \"a\"", lmm_control(sparse_x = "a"),
    "control", "sparse_x", "of length 2", lmm_control(sparse_x = c(TRUE, NA)),
    "control", "keep", "not \"Z\"", lmm_control(keep = "Z"),
    "control", "keep", "not NULL", lmm_control(keep = NULL),
    "control", "check_nobs_vs_nlev", "not \"error\"", lmm_control(check_nobs_vs_nlev = "error"),
    "control", "check_nobs_vs_nre", "not FALSE", lmm_control(check_nobs_vs_nre = FALSE),
    "control", "check_nlev_gtr_1", "Did you mean `warning`?",
    lmm_control(check_nlev_gtr_1 = "warn"),
    "control", "check_rank", "of length 2", lmm_control(check_rank = c("stop", "warning")),
    "control", "check_singular", "not TRUE", lmm_control(check_singular = TRUE),
    "control", "trace", "not -1", lmm_control(trace = -1)
  ))
})

test_that("what is wrong with a fit, not with its call, is a message or a warning", {
  expect_refused(level = "message", bad_calls(
    "rank", "twice", "1 column dropped", lmm(y ~ x + twice + (1 | g), d),
    "rank", "zero", "1 column dropped", lmm(y ~ 0 + zero + (1 | g), d),
    "rank", "zero", "zero in every row", lmm(y ~ x + (0 + zero | g), d),
    "singular", NULL, "is singular", lmm(y ~ x + (1 | a), d, subset = b == 2)
  ))
  expect_refused(level = "warning", bad_calls(
    "convergence", NULL, "without converging",
    lmm(y ~ x + (x | g), d, control = lmm_control(max_iterations = 1)),
    "rank", "twice", "1 column dropped",
    lmm(y ~ x + twice + (1 | g), d, control = lmm_control(check_rank = "warning"))
  ))
  expect_refused(bad_calls(
    "rank", "twice", "Dropped, as a combination of the others: \"twice\"",
    lmm(y ~ x + twice + (1 | g), d, control = lmm_control(check_rank = "stop"))
  ))
  expect_length(fixef(suppressMessages(lmm(y ~ 0 + zero + (1 | g), d))), 0)
})

test_that("an argument that cannot be evaluated is named", {
  sleepstudy_copy <- sleepstudy
  cases <- list(
    list(quote(lmm(Reaction ~ Days + (1 | Subject), slepstudy)), "variable", "slepstudy",
      "Did you mean `sleepstudy`"),
    list(quote(lmm(Reaction ~ Days + (1 | Subject), data = sleepstudy_cpy)), "variable",
      "sleepstudy_cpy", "Did you mean `sleepstudy_copy`"),
    list(quote(lmm(Reaction ~ Days + (1 | Subject), nothing_like_this$data)), "data", "data",
      "nothing_like_this"),
    list(quote(lmm(Reaction ~ Days + (1 | Subject), subset(sleepstudy, Dais > 3))), "data", "data",
      "Dais"),
    list(quote(lmm(no_formula_here, sleepstudy)), "variable", "no_formula_here", "`formula`"),
    list(quote(lmm(Reaction ~ Days + (1 | Subject), sleepstudy, start = no_theta)), "variable",
      "no_theta", "`start`"),
    list(quote(lmm(Reaction ~ Days + (1 | Subject), sleepstudy, control = my_control())),
      "argument", "control", "my_control"),
    list(quote(lmm(Reaction ~ Days + (1 | Subject), sleepstudy, REML = T_RUE)), "variable",
      "T_RUE", "`REML`"),
    list(quote(lmm(Reaction ~ Days + (1 | Subject), sleepstudy, contrasts = stop("{no}"))),
      "argument", "contrasts", "{no}"),
    list(quote((function(...) lmm(Reaction ~ Days + (1 | Subject), ...))(slepstudy)), "variable",
      "slepstudy", "Did you mean"),
    list(quote(lmm(Reaction ~ Days + (1 | Subject), sleepstudy, control = lmm_control("none_"))),
      "control", "optimizer", "none")
  )
  for (case in cases) {
    condition <- tryCatch(eval(case[[1]]), error = identity)
    expect_s3_class(condition, paste0("henderson_error_", case[[2]]))
    expect_identical(condition$variable, case[[3]])
    expect_match(conditionMessage(condition), case[[4]], fixed = TRUE)
  }
})
