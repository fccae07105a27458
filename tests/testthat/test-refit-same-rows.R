# ---- refit_response ----

test_that("refitting to an affine function of the response moves estimates affinely", {
  fit <- fit_cached("sleepstudy")
  again <- refit_response(fit, 10 + 2 * sleepstudy$Reaction)

  # two optimizations of the same criterion
  expect_equal(fixef(again), 2 * fixef(fit) + c(10, 0), tolerance = 1e-6)
  expect_equal(sigma(again), 2 * sigma(fit), tolerance = 1e-5)
  expect_equal(component(again, "y"), 10 + 2 * sleepstudy$Reaction)
})

test_that("a simulated response can be given as it comes", {
  fit <- fit_cached("sleepstudy")
  sims <- simulate(fit, seed = 2)
  again <- refit_response(fit, sims)

  expect_equal(component(again, "y"), sims$sim_1)
  expect_s3_class(again, "henderson_lmm")
})

test_that("a response for all rows of the data loses those the fit left out", {
  data <- sleepstudy
  data$Days[4] <- NA
  fit <- lmm(Reaction ~ Days + (1 | Subject), data, na.action = na.exclude)
  full <- refit_response(fit, sleepstudy$Reaction)

  expect_equal(component(full, "y"), sleepstudy$Reaction[-4])
  expect_equal(fixef(full), fixef(fit), tolerance = 1e-6)
})

test_that("new weights enter the fit", {
  data <- transform(sleepstudy, w = rep(1:2, 90))
  fit <- lmm(Reaction ~ Days + (1 | Subject), data)
  weighted <- lmm(Reaction ~ Days + (1 | Subject), data, weights = w)
  again <- refit_response(fit, data$Reaction, newweights = data$w)

  expect_equal(fixef(again), fixef(weighted), tolerance = 1e-6)
  expect_equal(reml_criterion(again), reml_criterion(weighted), tolerance = 1e-8)
})

test_that("refit_response refuses responses that do not fit", {
  fit <- fit_cached("sleepstudy")

  expect_error(refit_response(fit, 1:3), class = "henderson_error_response")
  expect_error(refit_response(fit, c(NA, rep(1, 179))), class = "henderson_error_response")
  expect_error(refit_response(fit, rep("a", 180)), class = "henderson_error_response")
  expect_error(
    refit_response(fit, sleepstudy$Reaction, newweights = rep(-1, 180)),
    class = "henderson_error_weights"
  )
  expect_error(refit_response(1, 1:3), class = "henderson_error_argument")
})

# ---- refit_ml ----

test_that("refit_ml gives the ML fit and leaves ML fits alone", {
  again <- refit_ml(fit_cached("sleepstudy"))

  expect_equal(deviance(again), deviance(fit_cached("sleepstudy_ml")), tolerance = 1e-8)
  expect_identical(refit_ml(fit_cached("sleepstudy_ml")), fit_cached("sleepstudy_ml"))
})

test_that("refits need no data, only the model frame", {
  make <- function() {
    gone <- transform(sleepstudy, late = factor(Days > 5))
    lmm(Reaction ~ late + poly(Days, 2) + (1 | Subject), gone, contrasts = list(late = "contr.sum"))
  }
  fit <- make()

  again <- refit_ml(fit)
  expect_named(fixef(again), names(fixef(fit)))
  fit$frame <- NULL
  expect_error(refit_ml(fit), class = "henderson_error_data")
})

# ---- step ----

test_that("step() needs a fit by maximum likelihood, and says so", {
  fit <- fit_cached("sleepstudy")
  condition <- tryCatch(step(fit, trace = 0), error = identity)
  expect_s3_class(condition, "henderson_error_argument")
  expect_match(conditionMessage(condition), "step(refit_ml(fit))", fixed = TRUE)
})

test_that("step() leaves the formula whole and the random terms alone", {
  set.seed(2)
  data <- transform(sleepstudy, noise = rnorm(180), other = rnorm(180))
  full <- lmm(Reaction ~ Days + (Days | Subject), data, REML = FALSE)
  formula_before <- formula(full)

  same <- step(full, trace = 0)
  expect_equal(formula(same), formula_before)
  expect_output(print(same), "Formula: Reaction ~ Days + (Days | Subject)", fixed = TRUE)
  expect_output(print(summary(same)), "Formula: Reaction ~ Days + (Days | Subject)", fixed = TRUE)
  expect_equal(formula(update(same, . ~ .)), formula_before)
  expect_equal(group_fits(same)$coefficients, group_fits(full)$coefficients)

  larger <- lmm(Reaction ~ Days + noise + (Days | Subject), data, REML = FALSE)
  smaller <- step(larger, trace = 0)
  expect_equal(formula(smaller), formula_before)
  expect_equal(smaller$criterion, full$criterion)

  start <- lmm(Reaction ~ noise + (1 | Subject), data, REML = FALSE)
  for (scope in list(~ . + Days, ~ (. + Days)^2, list(lower = ~1, upper = ~ . + Days))) {
    chosen <- step(start, scope = scope, trace = 0)
    expect_true("Days" %in% names(fixef(chosen)))
    expect_equal(
      formula(chosen, random.only = TRUE), ~ (1 | Subject), ignore_formula_env = TRUE
    )
  }
})

test_that("step() works on the fit, wherever it is called", {
  search <- function() {
    set.seed(4)
    inner <- transform(sleepstudy, noise = rnorm(180))
    fit <- lmm(Reaction ~ noise + (1 | Subject), inner, REML = FALSE)
    step(fit, scope = list(lower = ~1, upper = ~ Days + noise), trace = 0)
  }
  inner <- sleepstudy[1:50, ]
  chosen <- search()

  expect_equal(fixef(chosen), fixef(lmm(Reaction ~ Days + (1 | Subject), sleepstudy, REML = FALSE)))
  expect_identical(chosen$call[[1L]], quote(lmm))
  expect_equal(fixef(MASS::stepAIC(chosen, trace = 0)), fixef(chosen))
})
