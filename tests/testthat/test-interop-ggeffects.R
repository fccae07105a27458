# ggeffects 2 and later have the generic; Debian 12 has 1.2. Compared live with ggeffects 2.3.2 and
# lme4 1.1-31: the same predictions and, for the population, standard errors (8.658397 and 9.978934
# in a model of sleepstudy); limits differ by Satterthwaite's degrees of freedom.

test_that("get_predictions() predicts for the population, or for the groups of the grid", {
  fit <- fit_cached("sleepstudy")
  grid <- data.frame(Days = c(0, 5), Subject = "308")
  expect_grid <- function(given, re.form, ...) {
    expected <- predict(fit, grid, re.form = re.form, se.fit = TRUE, ...)
    expect_equal(given[c("predicted", "conf.low", "conf.high")], as.data.frame(expected$fit),
      ignore_attr = TRUE
    )
    expect_equal(attr(given, "std.error"), unname(expected$se.fit))
  }
  expect_grid(get_predictions.henderson_lmm(fit, grid), NA, interval = "confidence")
  expect_grid(get_predictions.henderson_lmm(fit, grid, type = "random", ci_level = 0.9), NULL,
    interval = "confidence", level = 0.9
  )
  expect_grid(get_predictions.henderson_lmm(fit, grid, interval = "prediction"), NA,
    interval = "prediction"
  )
  # by hand: the population's mean of a balanced design is the line of the fixed effects
  expect_equal(
    get_predictions.henderson_lmm(fit, grid)$predicted,
    unname(drop(cbind(1, c(0, 5)) %*% fixef(fit)))
  )
  none <- get_predictions.henderson_lmm(fit, grid, ci_level = NULL)
  expect_identical(none$conf.low, c(NA_real_, NA_real_))
  expect_error(get_predictions.henderson_lmm(fit, grid, type = "simulate"),
    class = "henderson_error_unsupported"
  )
  expect_error(get_predictions.henderson_lmm(fit, grid, vcov = "HC0"),
    class = "henderson_error_unsupported"
  )
})

test_that("ggpredict() gives the population's predictions, or refuses", {
  skip_if_not_installed("ggeffects")
  fit <- fit_cached("sleepstudy")
  if (packageVersion("ggeffects") < "2") {
    expect_error(ggeffects::ggpredict(fit, "Days"), "one group",
      class = "henderson_error_unsupported"
    )
  } else {
    predicted <- ggeffects::ggpredict(fit, "Days [0, 5]")
    expect_equal(predicted$predicted, unname(drop(cbind(1, c(0, 5)) %*% fixef(fit))))
  }
})
