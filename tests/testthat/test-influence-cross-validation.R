# Against fits without the unit, and V of all rows formed in full for the standard errors.
expect_refitted_predictions <- function(formula, data, groups, units = NULL, REML = TRUE,
                                        weights = rep(1, nrow(data))) {
  data$w <- weights
  fit <- suppressMessages(lmm(formula, data, REML = REML, weights = w))
  found <- suppressMessages(cross_validate(fit, groups, "exact"))
  expect_identical(found$method, "exact")
  table <- as.data.frame(found)
  for (unit in units %||% names(found$status)) {
    rows <- which(table$unit == unit)
    again <- suppressMessages(lmm(formula, data[-rows, ], REML = REML, weights = w))
    predicted <- predict(again, data[rows, ], allow.new.levels = TRUE)
    scale <- sigma(again)
    expect_lt(max(abs(table$predicted[rows] - predicted)) / scale, 1e-5)
    # at the parameters of the fit without the unit, all rows
    whole <- lmm(formula, data, REML = REML, weights = w, start = again$theta,
      control = lmm_control(optimizer = "none", check_singular = "ignore")
    )
    ZL <- as.matrix(component(whole, "Z") %*% component(whole, "Lambda"))
    V <- tcrossprod(ZL) + diag(1 / data$w)
    X <- component(whole, "X")
    P <- solve(V) - solve(V, X) %*% solve(crossprod(X, solve(V, X)), t(solve(V, X)))
    inverse <- solve(P[rows, rows])
    expect_lt(relative_difference(table$se[rows], scale * sqrt(diag(inverse))), 1e-5)
    expect_lt(max(abs(table$error[rows] - inverse %*% (P %*% component(fit, "y"))[rows])) / scale,
      1e-4
    )
  }
  expect_equal(table$error, table$observed - table$predicted)
  expect_equal(table$log_score, dnorm(table$observed, table$predicted, table$se, log = TRUE))
}

test_that("groups and rows are predicted as by fits without them", {
  oats <- transform(MASS::oats, plot = interaction(B, V, drop = TRUE))
  expect_refitted_predictions(Y ~ N + (1 | B), oats, NULL, c("I", "IV"))
  expect_refitted_predictions(Y ~ N + (1 | B) + (1 | plot), oats, "plot", c("I.Victory"),
    REML = FALSE, weights = rep(c(1, 2, 0.5), 24)
  )
  expect_refitted_predictions(Reaction ~ Days + (Days | Subject), sleepstudy, "obs",
    c("1", "97")
  )
  expect_refitted_predictions(Reaction ~ Days + (Days | Subject), sleepstudy, "Subject",
    c("308", "372")
  )
})

test_that("crossed and singular fits are predicted as by fits without the unit", {
  only_in_full_tier("refits")
  need_peer("lme4")
  expect_refitted_predictions(diameter ~ 1 + (1 | plate) + (1 | sample), lme4::Penicillin, "plate",
    c("a", "k")
  )
  expect_refitted_predictions(Yield ~ 1 + (1 | Batch), lme4::Dyestuff2, "Batch")
  expect_refitted_predictions(strength ~ 1 + (1 | batch / cask), lme4::Pastes, "cask:batch",
    c("a:A", "c:J")
  )
})

test_that("rows with parameters held have a formula", {
  d <- transform(sleepstudy, w = rep(c(1, 2, 0.5, 3), 45), o = Days * 2)
  for (REML in c(TRUE, FALSE)) {
    fit <- lmm(Reaction ~ Days + (Days | Subject), d, weights = w, offset = o, REML = REML)
    held <- cross_validate(fit, "obs", method = "held")
    units <- deleted_units(fit, "obs")
    slow <- unit_predictions(fit, units, influence(fit, "obs", "held"))
    expect_equal(held$predictions$predicted, slow$predicted, tolerance = 1e-9)
    expect_equal(held$predictions$se, slow$se, tolerance = 1e-7)
  }
  # a group's population line
  held <- cross_validate(fit, "Subject", method = "held")
  own <- which(d$Subject == "310")
  again <- lmm(Reaction ~ Days + (Days | Subject), d[-own, ], weights = w, offset = o, REML = FALSE,
    start = fit$theta, control = lmm_control(optimizer = "none")
  )
  expected <- drop(cbind(1, d$Days[own]) %*% fixef(again)) + d$o[own]
  expect_equal(held$predictions$predicted[own], expected, tolerance = 1e-9)
})

test_that("what is not predicted is NA, and counted", {
  d <- transform(MASS::oats, w = c(0, rep(1, 71)))
  fit <- lmm(Y ~ N + V + (1 | B), d, weights = w)
  found <- suppressMessages(cross_validate(fit, "V"))
  expect_identical(unique(unname(found$status)), "rank")
  expect_identical(found$measures[["n"]], 0)
  for (method in c("held", "exact")) {
    found <- suppressMessages(cross_validate(fit, "obs", method))
    expect_identical(which(is.na(found$predictions$error)), 1L)
    expect_identical(found$measures[["n"]], 71)
    expect_equal(found$measures[["MSE"]], mean(found$predictions$error[-1]^2))
    expect_equal(found$measures[["MAE"]], mean(abs(found$predictions$error[-1])))
  }
})

test_that("the result says what was done", {
  fit <- fit_cached("sleepstudy")
  expect_output(print(cross_validate(fit)), "18 levels of Subject left out one by one; all param")
  expect_output(print(cross_validate(fit, "obs", "held")), "180 rows .* held")
  expect_error(cross_validate(fit, "nobody"), class = "henderson_error_argument")
  expect_error(cross_validate(fit, methods = "held"), class = "henderson_error_argument")
})

test_that("rows that na.exclude left out are NA among the predictions", {
  data <- sleepstudy
  data$Reaction[5] <- NA
  fit <- lmm(Reaction ~ Days + (1 | Subject), data, na.action = na.exclude)
  for (groups in c("obs", "Subject")) {
    own <- cross_validate(fit, groups, method = "held")
    table <- as.data.frame(own)
    expect_identical(rownames(table), rownames(data))
    expect_true(all(is.na(table[5, ])))
    plain <- cross_validate(update(fit, na.action = na.omit), groups, method = "held")
    expect_identical(table[-5, ], as.data.frame(plain))
    expect_identical(own$measures, plain$measures)
    expect_output(print(own), "179 rows predicted$")
  }
})
