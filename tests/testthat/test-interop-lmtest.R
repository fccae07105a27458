test_that("coeftest() and coefci() give the tests of summary() and contrast_test()", {
  fit <- fit_cached("sleepstudy")
  for (ddf in c("Satterthwaite", "Kenward-Roger")) {
    ours <- coeftest.henderson_lmm(fit, df = ddf)
    expected <- coef(summary(fit, ddf = ddf))
    expect_equal(unclass(ours)[, 1:4], expected[, c(1:2, 4:5)], ignore_attr = "dimnames")
    expect_equal(attr(ours, "df"), unname(expected[, "df"]))
    expect_equal(
      coefci.henderson_lmm(fit, "Days", 0.9, df = ddf),
      as.matrix(contrast_test(fit, c(Days = 1), ddf = ddf, level = 0.9)[c("lower", "upper")]),
      ignore_attr = TRUE
    )
  }
  expect_identical(coeftest.henderson_lmm(fit)[2, 4], coef(summary(fit))[2, 5])
  z <- coeftest.henderson_lmm(fit, df = Inf)
  expect_identical(z, coeftest.henderson_lmm(fit, df = 0))
  expect_identical(colnames(z)[3:4], c("z value", "Pr(>|z|)"))
  expect_equal(z[, 4], 2 * pnorm(-abs(z[, 3])))
  expect_equal(coeftest.henderson_lmm(fit, df = c(3, 5))[, 4], 2 * pt(-abs(z[, 3]), c(3, 5)))
  half <- coeftest.henderson_lmm(fit, function(fit, factor) vcov(fit) / factor, factor = 4)
  expect_equal(half[, 2], z[, 2] / 2)
  expect_identical(dimnames(coefci.henderson_lmm(fit, 2)), list("Days", c("2.5 %", "97.5 %")))
  bad <- function(expr) expect_error(expr, class = "henderson_error_argument")
  bad(coeftest.henderson_lmm(fit, df = -1))
  bad(coeftest.henderson_lmm(fit, df = 1:3))
  bad(coeftest.henderson_lmm(fit, vcov. = diag(3)))
  bad(coeftest.henderson_lmm(fit, vcovv = diag(2)))
  bad(coefci.henderson_lmm(fit, "Day"))
  bad(coefci.henderson_lmm(fit, 3))
})

test_that("coeftest() and coefci() are in the shapes of lmtest", {
  need_peer("lmtest")
  fit <- fit_cached("sleepstudy")
  expect_output(print(lmtest::coeftest(fit)), "t test of coefficients")
  # the same vector of estimates in a class that lmtest knows
  flat <- list(coefficients = fixef(fit), vcov = vcov(fit))
  for (df in c(Inf, 7)) {
    theirs <- lmtest::coeftest(lm(Reaction ~ Days, sleepstudy), vcov. = vcov(fit), df = df)
    ours <- lmtest::coeftest(fit, df = df)
    # balanced data: ordinary least squares have the same estimates
    expect_equal(ours, theirs, ignore_attr = c("df", "nobs", "logLik"))
    expect_equal(
      lmtest::coefci(fit, df = df),
      lmtest::coefci(lm(Reaction ~ Days, sleepstudy), vcov. = vcov(fit), df = df)
    )
  }
})

test_that("waldtest() tests what the larger of nested fits has beyond the other", {
  set.seed(3)
  d <- transform(sleepstudy, z = rnorm(180), f = factor(rep_len(1:3, 180)))
  fit <- lmm(Reaction ~ Days + z + f + (1 | Subject), d)
  smaller <- lmm(Reaction ~ Days + (1 | Subject), d)
  L <- diag(5)[3:5, ]
  by_hand <- drop(t(L %*% fixef(fit)) %*% solve(L %*% vcov(fit) %*% t(L), L %*% fixef(fit)))
  down <- waldtest.henderson_lmm(fit, smaller)
  expect_equal(unlist(down[2, ]), c(178 - 2, -3, by_hand, pchisq(by_hand, 3, lower.tail = FALSE)),
    ignore_attr = TRUE
  )
  expect_equal(waldtest.henderson_lmm(smaller, fit)[2, 2:3], data.frame(Df = 3, Chisq = by_hand),
    ignore_attr = TRUE
  )
  # the same by formula, by label, by number
  for (change in list(. ~ . - z - f, c("z", "f"), 2:3)) {
    expect_equal(waldtest.henderson_lmm(fit, change)[2:4], down[2:4], ignore_attr = TRUE)
  }
  f_test <- waldtest.henderson_lmm(fit, "z", "f", test = "F")
  expect_identical(names(f_test), c("Res.Df", "Df", "F", "Den.Df", "Pr(>F)"))
  table <- anova(fit, type = "II")
  expect_equal(unlist(f_test[2, 3:5]), unlist(table["z", c("F value", "DenDF", "Pr(>F)")]),
    ignore_attr = TRUE
  )
  expect_equal(waldtest.henderson_lmm(fit)[2, "Df"], -4)
  doubled <- waldtest.henderson_lmm(fit, smaller, vcov = function(fit) 2 * vcov(fit))
  expect_equal(doubled[2, "Chisq"], by_hand / 2)
  bad <- function(...) expect_error(..., class = "henderson_error_argument")
  bad(waldtest.henderson_lmm(fit, "w"))
  bad(waldtest.henderson_lmm(fit, 4))
  bad(waldtest.henderson_lmm(fit, lmm(Reaction ~ Days + I(z^2) + (1 | Subject), d)))
  bad(waldtest.henderson_lmm(fit, "z", "f", vcov = diag(5)))
  bad(waldtest.henderson_lmm(fit, tst = "F"))
  bad(waldtest.henderson_lmm(fit, lm(Reaction ~ Days, d)))
  expect_error(waldtest.henderson_lmm(fit, lmm(Reaction ~ Days + (1 | Subject), d[1:90, ])),
    class = "henderson_error_data"
  )
})

test_that("waldtest() in the shape of lmtest, on the same numbers", {
  need_peer("lmtest")
  set.seed(3)
  d <- transform(sleepstudy, z = rnorm(180))
  fit <- lmm(Reaction ~ Days + z + (1 | Subject), d)
  ours <- lmtest::waldtest(fit, "z")
  theirs <- lmtest::waldtest(lm(Reaction ~ Days + z, d), "z", test = "Chisq")
  expect_identical(names(ours), names(theirs))
  expect_identical(attributes(ours)[c("class", "row.names")],
    attributes(theirs)[c("class", "row.names")]
  )
  expect_output(print(ours), "Wald test")
})

test_that("lrtest() compares by maximum likelihood, and says so", {
  need_peer(c("lme4", "lmtest"))
  set.seed(3)
  d <- transform(sleepstudy, z = rnorm(180))
  formulas <- list(
    Reaction ~ Days + z + (Days | Subject), Reaction ~ Days + (Days | Subject),
    Reaction ~ Days + (1 | Subject), Reaction ~ Days + z + (1 | Subject)
  )
  theirs <- lapply(formulas, lme4::lmer, data = d, REML = FALSE)
  ours <- lapply(formulas, lmm, data = d)
  expected <- do.call(lmtest::lrtest, theirs)
  expect_message(tested <- do.call(lmtest::lrtest, ours), class = "henderson_message_refit")
  # both are maxima, which optimizers find to about 1e-6
  expect_equal(tested, expected, tolerance = 1e-5, ignore_attr = "heading")
  expect_equal(attr(tested, "heading"), attr(expected, "heading"))
  by_label <- suppressMessages(lmtest::lrtest(ours[[1L]], "z"))
  expect_equal(by_label[2, "Chisq"], expected[2, "Chisq"], tolerance = 1e-4)
  expect_identical(suppressMessages(lmtest::lrtest(ours[[1L]]))[2, "Df"], -2)
  # the same number of parameters: no test
  equal <- suppressMessages(lmtest::lrtest(ours[[2L]], lmm(Reaction ~ z + (Days | Subject), d)))
  expect_identical(equal[2, "Pr(>Chisq)"], NA_real_)
})
