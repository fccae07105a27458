# ---- formula, terms ----

test_that("formula gives the whole formula or one of its parts", {
  fit <- fit_cached("sleepstudy")

  expect_equal(formula(fit), Reaction ~ Days + (Days | Subject), ignore_formula_env = TRUE)
  expect_equal(formula(fit, fixed.only = TRUE), Reaction ~ Days, ignore_formula_env = TRUE)
  expect_equal(formula(fit, random.only = TRUE), ~ (Days | Subject), ignore_formula_env = TRUE)
  expect_equal(
    formula(fit_cached("sleepstudy_diag"), random.only = TRUE), ~ (Days || Subject),
    ignore_formula_env = TRUE
  )
  expect_error(
    formula(fit, fixed.only = TRUE, random.only = TRUE), class = "henderson_error_argument"
  )
  expect_error(formula(fit, fixedonly = TRUE), class = "henderson_error_argument")
})

test_that("terms are those of the fixed part unless asked otherwise", {
  fit <- fit_cached("sleepstudy")

  expect_identical(attr(terms(fit), "term.labels"), "Days")
  expect_true("Subject" %in% attr(terms(fit, fixed.only = FALSE), "term.labels"))
  expect_error(terms(fit, fixed.only = "no"), class = "henderson_error_argument")
})

# ---- data ----

test_that("model.frame and getData give the data", {
  data <- transform(sleepstudy, unused = 1)
  data$Days[2] <- NA
  fit <- lmm(Reaction ~ Days + (1 | Subject), data)

  expect_identical(dim(model.frame(fit)), c(179L, 3L))
  expect_named(model.frame(fit, fixed.only = TRUE), c("Reaction", "Days"))
  expect_identical(nlme::getData(fit), data)
  rm(data)
  expect_identical(dim(nlme::getData(fit)), c(179L, 3L))
  fit$frame <- NULL
  expect_error(model.frame(fit), class = "henderson_error_data")
})

# ---- model.matrix ----

test_that("model.matrix gives X as lm has it and Z as lme4 has it", {
  need_peer("lme4")
  m <- lme4::lmer(Reaction ~ Days + (Days | Subject), sleepstudy)
  fit <- as_lmm(m)

  expect_equal(model.matrix(fit), model.matrix(~Days, sleepstudy), ignore_attr = TRUE)
  expect_identical(attr(model.matrix(fit), "assign"), 0:1)
  Z <- model.matrix(fit, type = "random")
  expect_s4_class(Z, "dgCMatrix")
  expect_equal(as.matrix(Z), as.matrix(lme4::getME(m, "Z")), ignore_attr = TRUE)
})

test_that("model.matrix works for new rows and without the stored X", {
  fit <- fit_cached("sleepstudy")
  newdata <- sleepstudy[c(1, 15, 180), ]

  expect_equal(model.matrix(fit, newdata = newdata)[, "Days"], c(0, 4, 9), ignore_attr = TRUE)
  expect_identical(dim(model.matrix(fit, type = "random", newdata = newdata)), c(3L, 36L))
  without <- fit
  without$X <- NULL
  expect_equal(model.matrix(without), model.matrix(fit), ignore_attr = TRUE)
  without$frame <- NULL
  expect_error(model.matrix(without), class = "henderson_error_data")
  expect_error(model.matrix(fit, type = "mixed"), class = "henderson_error_argument")
  expect_error(model.matrix(fit, newdata = 3), class = "henderson_error_newdata")
})

test_that("family is gaussian", {
  expect_identical(family(fit_cached("four_points"))$family, "gaussian")
})

# ---- is_singular, is_reml ----

test_that("a fit is singular when a diagonal element of Lambda is zero", {
  fit <- fit_cached("sleepstudy")

  expect_false(is_singular(fit))
  fit$optimization$standardized <- c(1, 0.3, 1e-6)
  expect_true(is_singular(fit))
  expect_false(is_singular(fit, tol = 1e-7))
  # the off-diagonal element may be negative or zero
  fit$optimization$standardized <- c(1, -0.3, 1)
  expect_false(is_singular(fit))
  expect_error(is_singular(fit, tol = "small"), class = "henderson_error_argument")
  expect_error(is_singular(lm(Reaction ~ Days, sleepstudy)), class = "henderson_error_argument")
})

test_that("is_reml tells the criterion", {
  expect_true(is_reml(fit_cached("sleepstudy")))
  expect_false(is_reml(fit_cached("sleepstudy_ml")))
  expect_error(is_reml(1), class = "henderson_error_argument")
})

test_that("singularity does not depend on units or origins of the covariate", {
  seconds <- transform(sleepstudy, t = Days * 86400, late = Days + 1e6)
  expect_false(is_singular(lmm(Reaction ~ t + (t | Subject), seconds)))
  expect_false(is_singular(lmm(Reaction ~ late + (late | Subject), seconds)))
  quarter <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)$optimization$standardized
  expect_equal(
    unname(lmm(Reaction ~ t + (t | Subject), seconds)$optimization$standardized),
    unname(quarter), tolerance = 1e-6
  )
})

test_that("labels, variable.names and case.names are those of lm() on the fixed part", {
  data <- transform(sleepstudy[5:60, ], late = factor(Days > 5), w = rep(c(0, 1), c(4, 52)))
  data$twice <- 2 * data$Days
  data$Reaction[10] <- NA
  fit <- suppressMessages(
    lmm(Reaction ~ Days * late + twice + (1 | Subject), data, weights = w)
  )
  reference <- lm(Reaction ~ Days * late + twice, data, weights = w)
  expect_identical(labels(fit), attr(terms(reference), "term.labels"))
  expect_identical(variable.names(fit), variable.names(reference))
  # lm() puts dropped columns last
  expect_setequal(variable.names(fit, full = TRUE), variable.names(reference, full = TRUE))
  expect_identical(variable.names(fit, full = TRUE), names(fixef(fit, add.dropped = TRUE)))
  expect_identical(case.names(fit), case.names(reference))
  expect_identical(case.names(fit, full = TRUE), case.names(reference, full = TRUE))
  expect_identical(case.names(fit, full = TRUE), rownames(model.frame(fit)))
  none <- lmm(Reaction ~ 0 + (1 | Subject), sleepstudy)
  expect_identical(labels(none), character(0))
  expect_identical(variable.names(none), character(0))
  expect_error(case.names(fit, ful = TRUE), class = "henderson_error_argument")
  expect_error(labels(fit, 1), class = "henderson_error_argument")
})
