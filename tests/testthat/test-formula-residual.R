# What is written as `residual` and `variance`, and what is refused.

test_that("structures, groups and arms are read", {
  one <- parse_residual(quote(ar1(visit | arm / subject)), NULL, baseenv())
  expect_identical(one$name, "ar1")
  expect_true(one$hom)
  expect_identical(one$arm, list(quote(arm)))
  expect_identical(one$group, list(quote(arm), quote(subject)))
  expect_identical(one$text, "ar1(visit | arm/subject)")
  expect_false(parse_residual(quote(us(visit | id)), NULL, baseenv())$hom)
  expect_false(parse_residual(quote(toeph(visit | id)), NULL, baseenv())$hom)
  expect_identical(parse_residual(quote(ou(t | id)), NULL, baseenv())$name, "car1")
  expect_null(parse_residual(NULL, NULL, baseenv()))
  # a formula, and the name of one
  env <- list2env(list(r = ~ cs(1 | g)), parent = baseenv())
  expect_identical(parse_residual(quote(r), NULL, env)$name, "cs")
  two <- parse_residual(NULL, quote(~ by(sex:arm) + power(x)), baseenv())
  expect_identical(vapply(two$variance, `[[`, "", "kind"), c("by", "power"))
  expect_length(two$variance[[1L]]$variable, 2L)
  expect_identical(two$group, list())
})

test_that("an unknown structure gives the nearest one, other mistakes what to write", {
  refused <- function(residual = NULL, variance = NULL, class, pattern) {
    expect_error(parse_residual(residual, variance, baseenv()), pattern, class = class)
  }
  refused(quote(ar2(t | g)), NULL, "henderson_error_unsupported", "ar1")
  refused(quote(toepl(t | g)), NULL, "henderson_error_unsupported", "toep")
  refused(quote(ar1(t | g, het = TRUE)), NULL, "henderson_error_argument", "hom")
  refused(quote(us(t | g, hom = TRUE)), NULL, "henderson_error_argument", "variance for each")
  refused(quote(ar1(1 | g)), NULL, "henderson_error_argument", "visit")
  refused(quote(ar1(t)), NULL, "henderson_error_argument", "subject")
  refused(quote(ar1(t | a + b)), NULL, "henderson_error_argument", "arm/subject")
  refused("ar1", NULL, "henderson_error_argument", "ar1\\(visit")
  refused(y ~ ar1(t | g), NULL, "henderson_error_argument", "one-sided")
  refused(NULL, quote(~ sex), "henderson_error_argument", "by\\(sex\\)")
  refused(NULL, quote(~ power(fitted(.))), "henderson_error_unsupported", "fitted")
})

test_that("nlme's objects are answered with the translation", {
  expect_error(
    lmm(Reaction ~ Days, sleepstudy, residual = corAR1(form = ~ Days | Subject)),
    "ar1\\(visit", class = "henderson_error_argument"
  )
  skip_if_not_installed("nlme")
  cs <- nlme::corCompSymm(form = ~ 1 | Subject)
  expect_error(lmm(Reaction ~ Days, sleepstudy, residual = cs), "cs\\(1",
    class = "henderson_error_argument"
  )
  expect_error(
    lmm(Reaction ~ Days, sleepstudy, variance = nlme::varIdent(form = ~ 1 | Subject)),
    "by\\(sex\\)", class = "henderson_error_argument"
  )
  expect_error(lmm(Reaction ~ Days, sleepstudy, residual = nlme::corARMA(p = 1)), "corARMA",
    class = "henderson_error_unsupported"
  )
})

test_that("what does not go together with a residual structure is told before the fit", {
  expect_error(lmm(Reaction ~ Days, sleepstudy), "no random", class = "henderson_error_formula")
  call <- function(...) lmm(Reaction ~ Days, sleepstudy, residual = ar1(Days | Subject), ...)
  expect_error(call(start = 1), class = "henderson_error_unsupported")
  expect_error(call(control = lmm_control(optimizer = "bfgs")),
    class = "henderson_error_unsupported"
  )
  expect_error(call(control = lmm_control(fix = c(sigma = 1))),
    class = "henderson_error_unsupported"
  )
  sums <- cross_products(Reaction ~ Days + (1 | Subject), sleepstudy)
  expect_error(lmm(sums, residual = ar1(Days | Subject)), class = "henderson_error_argument")
  expect_error(
    lmm(Reaction ~ Days + (1 | Subject), chunks(list(sleepstudy)), residual = ar1(Days | Subject)),
    class = "henderson_error_unsupported"
  )
})
