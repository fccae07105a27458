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

test_that("a correlation of one is singular whatever the structure", {
  data <- transform(sleepstudy, f = factor(Days %% 3))
  # one intercept in place of three effects: the same criterion, so rho = 1
  intercept <- lmm(Reaction ~ Days + (1 | Subject), data)
  for (formula in list(
    Reaction ~ Days + cs(0 + f | Subject, hom = TRUE), Reaction ~ Days + ar1(0 + f | Subject)
  )) {
    expect_message(fit <- lmm(formula, data), class = "henderson_message_singular")
    expect_equal(fit$criterion, intercept$criterion, tolerance = 1e-8)
    expect_true(is_singular(fit))
    expect_true(fit$optimization$singular)
  }
  day <- lmm(Reaction ~ Days + ar1(0 + factor(Days) | Subject), sleepstudy)
  expect_false(is_singular(day))
})
