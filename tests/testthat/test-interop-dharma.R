# DHARMa needs qgam, which needs a newer mgcv than R 4.2 has. Compared live by
# fixtures/compare-elsewhere.R: the scaled residuals are those of lme4's fit.

test_that("fitted values, residuals and draws have the rows of the fit", {
  d <- transform(sleepstudy, Reaction = replace(Reaction, c(3, 50), NA), w = rep(1:3, 60))
  fit <- lmm(Reaction ~ Days + (Days | Subject), d, weights = w, na.action = na.exclude)
  expect_identical(getFixedEffects.henderson_lmm(fit), fixef(fit))
  fitted <- drop(cbind(1, d$Days[-c(3, 50)]) %*% fixef(fit))
  expect_equal(getFitted.henderson_lmm(fit), fitted)
  expect_equal(
    getResiduals.henderson_lmm(fit), unname(residuals(fit)[-c(3, 50)])
  )
  set.seed(1)
  draws <- getSimulations.henderson_lmm(fit, 3)
  expect_identical(dim(draws), c(178L, 3L))
  set.seed(1)
  expect_equal(draws, data.matrix(simulate(fit, 3)[-c(3, 50), ]), ignore_attr = TRUE)
  as_columns <- getSimulations.henderson_lmm(fit, 2, type = "refit")
  expect_s3_class(as_columns, "data.frame")
  again <- getRefit.henderson_lmm(fit, as_columns[[1]])
  expect_length(residuals(again), 178)
  d$Reaction[-c(3, 50)] <- as_columns[[1]]
  expect_equal(
    fixef(again), fixef(lmm(Reaction ~ Days + (Days | Subject), d, weights = w)),
    tolerance = 1e-6
  )
})

test_that("scaled residuals are those of the same fit by lme4", {
  recorded <- read.csv(test_path("fixtures", "compare-elsewhere.csv"))
  recorded <- recorded[recorded$call == "simulateResiduals", ]
  expect_equal(recorded$henderson, recorded$lme4)
  # by the definition: the share of draws below each observation; recorded with 250 draws, whose
  # share has a standard error of 0.032 at most
  set.seed(1)
  draws <- getSimulations.henderson_lmm(fit_cached("sleepstudy"), 10000)
  below <- unname(rowMeans(draws < sleepstudy$Reaction)[1:10])
  expect_lt(max(abs(below - recorded$lme4)), 4 * 0.032)
})
