weighted_fit <- function(na.action = na.omit) {
  data <- transform(sleepstudy, w = rep(c(1, 4), 90))
  data$Days[c(3, 10)] <- NA
  lmm(Reaction ~ Days + (1 | Subject), data, weights = w, na.action = na.action)
}

# ---- residuals ----

test_that("residuals are y - mu; pearson ones are times sqrt(w); scaled ones over sigma", {
  fit <- weighted_fit()
  raw <- model.frame(fit)$Reaction - fitted(fit)
  root <- sqrt(weights(fit))

  expect_identical(residuals(fit), residuals(fit, type = "response"))
  expect_equal(residuals(fit), raw)
  expect_equal(residuals(fit, "working"), raw)
  expect_equal(residuals(fit, "pearson"), root * raw)
  expect_equal(residuals(fit, "deviance"), root * raw)
  expect_equal(residuals(fit, "pearson", scaled = TRUE), root * raw / sigma(fit))
})

test_that("every type agrees with lme4", {
  need_peer("lme4")
  data <- transform(sleepstudy, w = rep(c(1, 4), 90))
  m <- lme4::lmer(Reaction ~ Days + (Days | Subject), data, weights = w)
  fit <- as_lmm(m)
  for (type in c("response", "pearson", "working", "deviance")) {
    for (scaled in c(TRUE, FALSE)) {
      # at lme4's own theta: rounding only
      expect_equal(
        residuals(fit, type, scaled = scaled), residuals(m, type, scaled = scaled),
        tolerance = 1e-8, ignore_attr = TRUE
      )
    }
  }
})

test_that("na.exclude pads residuals, fitted values and weights, na.omit does not", {
  omitted <- weighted_fit()
  excluded <- weighted_fit(na.exclude)

  for (values in list(residuals(excluded), fitted(excluded), weights(excluded))) {
    expect_length(values, 180L)
    expect_identical(unname(which(is.na(values))), c(3L, 10L))
  }
  expect_length(residuals(omitted), 178L)
  expect_length(weights(omitted), 178L)
  expect_identical(names(residuals(excluded))[c(2, 3, 4)], c("2", "3", "4"))
  expect_equal(unname(residuals(excluded)[-c(3, 10)]), unname(residuals(omitted)))
})

test_that("a fit without its frame has residuals and fitted values", {
  fit <- fit_cached("four_points")
  without <- fit
  without$frame <- NULL

  expect_equal(residuals(without), unname(residuals(fit)))
  expect_length(fitted(without), 4L)
})

test_that("residual methods refuse what they do not know", {
  fit <- fit_cached("four_points")

  expect_error(residuals(fit, type = "student"), class = "henderson_error_argument")
  expect_error(residuals(fit, scaled = 1), class = "henderson_error_argument")
  expect_error(fitted(fit, scale = 1), class = "henderson_error_argument")
  expect_error(weights(fit, "posterior"), class = "henderson_error_argument")
})

# ---- weights ----

test_that("weights are those given, or ones", {
  expect_identical(weights(fit_cached("four_points")), rep(1, 4))
  expect_identical(weights(weighted_fit())[1:2], c(1, 4))
})
