# ---- logLik, AIC, BIC ----

test_that("logLik of a REML fit is minus half the criterion and counts all parameters", {
  fit <- fit_cached("sleepstudy")
  likelihood <- logLik(fit)

  expect_s3_class(likelihood, "logLik")
  expect_equal(as.numeric(likelihood), -reml_criterion(fit) / 2)
  expect_identical(attr(likelihood, "df"), 6L)
  expect_identical(attr(likelihood, "nobs"), 180L)
  # lme4 2.1: criterion 1743.62827196; its optimum is good to about 1e-6
  expect_equal(AIC(fit), 1755.628272, tolerance = 1e-8)
  expect_equal(BIC(fit), 1774.786013, tolerance = 1e-8)
})

test_that("the ML deviance of the four points is the one of the normal density written out", {
  fit <- fit_cached("four_points_ml")
  data <- four_point_data()
  V <- 33.25 * outer(data$Ind, data$Ind, "==") + 18 * diag(4)
  r <- data$Resp - 6.5 - 9 * data$Treat
  by_hand <- 4 * log(2 * pi) + as.numeric(determinant(V)$modulus) + sum(r * solve(V, r))

  expect_equal(deviance(fit), by_hand, tolerance = 1e-10)
  expect_equal(as.numeric(logLik(fit)), -by_hand / 2, tolerance = 1e-10)
})

test_that("logLik(REML = ) evaluates the other criterion at the fit's theta", {
  for (name in c("sleepstudy", "sleepstudy_ml", "oats")) {
    fit <- fit_cached(name)
    for (REML in c(TRUE, FALSE)) {
      oracle <- reference_fit(
        component(fit, "y"), component(fit, "X"), component(fit, "Z"), component(fit, "Lambda"),
        REML = REML
      )
      # n^3 dense arithmetic against blocked: rounding only
      expect_equal(-2 * as.numeric(logLik(fit, REML = REML)), oracle$criterion, tolerance = 1e-10)
    }
  }
})

test_that("weights enter both criteria", {
  set.seed(7)
  data <- transform(sleepstudy, w = exp(rnorm(180)))
  fit <- lmm(Reaction ~ Days + (1 | Subject), data, weights = w)
  for (REML in c(TRUE, FALSE)) {
    oracle <- reference_fit(
      component(fit, "y"), component(fit, "X"), component(fit, "Z"), component(fit, "Lambda"),
      weights = data$w, REML = REML
    )
    expect_equal(-2 * as.numeric(logLik(fit, REML = REML)), oracle$criterion, tolerance = 1e-10)
  }
})

# ---- deviance, reml_criterion ----

test_that("deviance of a REML fit and REML criterion of an ML fit are errors that say what to do", {
  expect_error(
    deviance(fit_cached("sleepstudy")), "reml_criterion", class = "henderson_error_argument"
  )
  expect_error(
    reml_criterion(fit_cached("sleepstudy_ml")), "deviance", class = "henderson_error_argument"
  )
  expect_equal(
    deviance(fit_cached("sleepstudy"), REML = FALSE),
    -2 * as.numeric(logLik(fit_cached("sleepstudy"), REML = FALSE))
  )
})

test_that("likelihood methods refuse what they do not know", {
  fit <- fit_cached("sleepstudy")

  expect_error(logLik(fit, REML = "yes"), class = "henderson_error_argument")
  expect_error(logLik(fit, reml = TRUE), class = "henderson_error_argument")
  expect_error(deviance(fit, REML = c(TRUE, FALSE)), class = "henderson_error_argument")
  expect_error(reml_criterion(lm(Reaction ~ Days, sleepstudy)), class = "henderson_error_argument")
  expect_error(n_groups(1), class = "henderson_error_argument")
  expect_error(n_parameters("fit"), class = "henderson_error_argument")
})

# ---- counts ----

test_that("nobs, n_parameters, df.residual and n_groups count", {
  fit <- fit_cached("durban")

  expect_identical(nobs(fit), nrow(durban.splitplot))
  expect_identical(n_parameters(fit), 140L + 2L + 1L)
  expect_identical(df.residual(fit), nrow(durban.splitplot) - 143L)
  expect_identical(n_groups(fit), c("fung:block" = 8L, block = 4L))
})
