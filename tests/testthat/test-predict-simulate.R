# ---- simulate ----

test_that("simulated responses are lme4's for the same seed", {
  need_peer("lme4")
  formulas <- list(
    Reaction ~ Days + (Days | Subject),
    Reaction ~ Days + (1 | Subject) + (0 + Days | Subject)
  )
  for (formula in formulas) {
    m <- lme4::lmer(formula, sleepstudy)
    fit <- as_lmm(m)
    # at lme4's own theta and in its order of random numbers: rounding only
    expect_equal(
      simulate(fit, 3, seed = 5), simulate(m, 3, seed = 5), tolerance = 1e-8, ignore_attr = TRUE
    )
    expect_equal(
      simulate(fit, 2, seed = 5, use.u = TRUE), simulate(m, 2, seed = 5, use.u = TRUE),
      tolerance = 1e-8, ignore_attr = TRUE
    )
  }
})

test_that("the seed is repeatable, leaves the generator alone and is reported", {
  fit <- fit_cached("four_points")
  set.seed(1)
  before <- .Random.seed

  first <- simulate(fit, 2, seed = 9)
  expect_identical(simulate(fit, 2, seed = 9), first)
  expect_identical(.Random.seed, before)
  expect_equal(attr(first, "seed"), 9, ignore_attr = TRUE)
  expect_named(first, c("sim_1", "sim_2"))
  without <- simulate(fit)
  expect_identical(attr(without, "seed"), before)
  expect_false(identical(.Random.seed, before))
})

test_that("simulated responses have the model's mean and covariance", {
  fit <- fit_cached("four_points_ml")
  sims <- as.matrix(simulate(fit, 4000, seed = 11))
  same <- outer(c(1, 2, 1, 2), c(1, 2, 1, 2), "==")
  V <- 33.25 * same + 18 * diag(4)

  # standard errors of 4000 draws: mean sqrt(51.25 / 4000) = 0.11, covariance about 51.25
  # sqrt(2 / 4000) = 1.1; bounds of 4.5 of them
  expect_lt(max(abs(rowMeans(sims) - c(6.5, 6.5, 15.5, 15.5))), 0.5)
  expect_lt(max(abs(cov(t(sims)) - V)), 5.2)
})

test_that("use.u and re.form keep random effects at their modes", {
  fit <- fit_cached("durban")
  tight <- function(...) simulate(fit, seed = 1, newparams = list(sigma = 1e-9), ...)$sim_1

  # with a residual deviation near 0 the response is its conditional mean
  expect_equal(tight(use.u = TRUE), unname(fitted(fit)), tolerance = 1e-7)
  expect_equal(tight(re.form = NULL), unname(fitted(fit)), tolerance = 1e-7)
  expect_equal(tight(), unname(predict(fit, re.form = NA)), tolerance = 1e-7)
  expect_equal(
    tight(re.form = ~ (1 | block)), unname(predict(fit, re.form = ~ (1 | block))), tolerance = 1e-7
  )
})

test_that("newparams replace the estimates", {
  fit <- fit_cached("four_points")
  nothing <- list(theta = 0, sigma = 0)

  expect_equal(
    simulate(fit, newparams = c(nothing, list(beta = c(1, 2))))$sim_1, c(1, 1, 3, 3)
  )
  by_name <- list(beta = c(Treat = 2, "(Intercept)" = 1))
  expect_equal(simulate(fit, newparams = c(nothing, by_name))$sim_1, c(1, 1, 3, 3))
})

test_that("newdata may have new groups, whose random effects are drawn once for each group", {
  fit <- fit_cached("sleepstudy")
  newdata <- data.frame(Days = c(0, 0, 0), Subject = c("a", "b", "a"))
  large_effects <- list(sigma = 1e-3, theta = c(1e4, 0, 0))
  sims <- simulate(fit, 2, seed = 3, newdata = newdata, newparams = large_effects)

  expect_identical(dim(sims), c(3L, 2L))
  # random effects have deviation 10, the residual 0.001
  expect_lt(abs(sims$sim_1[1] - sims$sim_1[3]), 0.02)
  expect_gt(abs(sims$sim_1[1] - sims$sim_1[2]), 0.02)
  expect_error(simulate(fit, newdata = newdata, use.u = TRUE), class = "henderson_error_newdata")
  expect_no_error(simulate(fit, newdata = newdata, use.u = TRUE, allow.new.levels = TRUE))
})

test_that("weights divide the residual variance, na.exclude pads", {
  data <- transform(sleepstudy, w = rep(c(1, 1e8), 90))
  data$Days[5] <- NA
  fit <- lmm(Reaction ~ Days + (1 | Subject), data, weights = w, na.action = na.exclude)
  sims <- simulate(fit, seed = 1, use.u = TRUE, newparams = list(sigma = 1))

  expect_identical(nrow(sims), 180L)
  expect_identical(which(is.na(sims$sim_1)), 5L)
  off <- sims$sim_1 - unname(fitted(fit))
  expect_gt(sd(off[seq(1, 180, 2)], na.rm = TRUE), 0.5)
  expect_lt(sd(off[seq(2, 180, 2)]), 0.001)
})

test_that("rows of weight zero get a finite response, which no fit looks at", {
  data <- transform(sleepstudy, w = rep(c(0, 1, 2), 60))
  fit <- lmm(Reaction ~ Days + (1 | Subject), data, weights = w)
  sims <- simulate(fit, seed = 1)

  expect_true(all(is.finite(sims$sim_1)))
  expect_identical(nobs(refit_response(fit, sims)), 120L)
})

test_that("simulate refuses malformed arguments", {
  fit <- fit_cached("sleepstudy")

  expect_error(simulate(fit, 0), class = "henderson_error_argument")
  expect_error(simulate(fit, "2"), class = "henderson_error_argument")
  expect_error(simulate(fit, seed = "a"), class = "henderson_error_argument")
  expect_error(simulate(fit, use.u = 2), class = "henderson_error_argument")
  expect_error(simulate(fit, nsims = 2), class = "henderson_error_argument")
  expect_error(simulate(fit, newparams = list(beta = 1)), class = "henderson_error_argument")
  expect_error(simulate(fit, newparams = list(bta = 1)), class = "henderson_error_argument")
  expect_error(simulate(fit, newparams = c(1, 2)), class = "henderson_error_argument")
  expect_error(simulate(fit, newparams = list(sigma = -1)), class = "henderson_error_argument")
  expect_error(simulate(fit, re.form = ~ (1 | Subject)), class = "henderson_error_argument")
})

# ---- simulate_lmm ----

test_that("simulate_lmm needs no fit and no response", {
  design <- data.frame(x = c(0, 1, 0, 1), g = c("a", "a", "b", "b"))
  exact <- list(beta = c(10, 5), theta = 0, sigma = 0)

  expect_identical(simulate_lmm(~ x + (1 | g), design, exact)$sim_1, c(10, 15, 10, 15))
  expect_identical(simulate_lmm(y ~ x + (1 | g), design, exact)$sim_1, c(10, 15, 10, 15))
  named <- list(beta = c(x = 5, "(Intercept)" = 10), theta = c(g = 0), sigma = 0)
  expect_identical(simulate_lmm(~ x + (1 | g), design, named)$sim_1, c(10, 15, 10, 15))
})

test_that("simulate_lmm gives what simulate gives at the same parameters and seed", {
  fit <- fit_cached("sleepstudy")
  parameters <- list(beta = fixef(fit), theta = component(fit, "theta"), sigma = sigma(fit))

  expect_equal(
    simulate_lmm(Reaction ~ Days + (Days | Subject), sleepstudy, parameters, nsim = 2, seed = 4),
    simulate(fit, 2, seed = 4), ignore_attr = TRUE
  )
})

test_that("simulate_lmm says which parameters it needs", {
  design <- data.frame(x = c(0, 1, 0, 1), g = c("a", "a", "b", "b"))

  expect_error(
    simulate_lmm(~ x + (1 | g), design, list(beta = c(1, 2), sigma = 1)), "theta",
    class = "henderson_error_argument"
  )
  expect_error(
    simulate_lmm(~ x + (x | g), design, list(beta = 1:2, sigma = 1, theta = 1)), "g.x",
    class = "henderson_error_argument"
  )
  expect_error(
    simulate_lmm(~x, design, list(beta = 1:2, sigma = 1, theta = 1)),
    class = "henderson_error_formula"
  )
  expect_error(
    simulate_lmm("y", design, list(beta = 1, sigma = 1, theta = 1)),
    class = "henderson_error_formula"
  )
  expect_error(
    simulate_lmm(~ x + (1 | g), list(1), list(beta = 1, sigma = 1, theta = 1)),
    class = "henderson_error_data"
  )
})

test_that("use.u = TRUE beside a re.form that draws random effects is an error", {
  fit <- fit_cached("sleepstudy")
  for (re.form in list(NA, ~0, ~ (Days | Subject))) {
    condition <- tryCatch(simulate(fit, use.u = TRUE, re.form = re.form), error = identity)
    expect_s3_class(condition, "henderson_error_argument")
    expect_identical(condition$variable, "re.form")
  }
  expect_identical(
    simulate(fit, seed = 1, use.u = TRUE), simulate(fit, seed = 1, re.form = NULL)
  )
  expect_identical(
    simulate(fit, seed = 1, use.u = TRUE, re.form = NULL), simulate(fit, seed = 1, re.form = NULL)
  )
})
