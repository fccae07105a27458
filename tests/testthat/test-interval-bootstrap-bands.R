test_that("bands are the prediction less quantiles of its error", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  days <- data.frame(Days = 0:9)
  line <- bootstrap(fit, 400, "predictions", newdata = days, re.form = NA, seed = 1)
  band <- prediction_bands(line, 0.9)
  expect_identical(names(band), c("Days", "fit", "lower", "upper"))
  expect_equal(band$fit, unname(predict(fit, days, re.form = NA)))
  errors <- sweep(line$t, 2, line$t0)
  expect_equal(band$lower, band$fit - apply(errors, 2, order_quantiles, 0.95), ignore_attr = TRUE)
  joint <- prediction_bands(line, 0.9, simultaneous = TRUE)
  inside <- t(line$t) >= rep(1, 10)
  inside <- abs(t(errors)) <= (joint$upper - joint$lower) / 2 + 1e-9
  # as many of the 400 as (400 + 1) 0.9 asks for
  expect_equal(mean(apply(inside, 2, all)), 0.9, tolerance = 0.005)
  expect_true(all(joint$upper - joint$lower > band$upper - band$lower))
})

test_that("lines of subjects have the accuracy that predict() gives", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  rows <- expand.grid(Days = c(0, 5), Subject = levels(sleepstudy$Subject))
  lines <- bootstrap(fit, 1500, "predictions", newdata = rows, seed = 1)
  error <- apply(lines$t, 2, sd)
  known <- predict(fit, rows, se.fit = TRUE)$se.fit
  # 2 % of 1,500 replicates, and what estimating the variances adds
  expect_true(all(error / known > 0.95 & error / known < 1.12))
  band <- prediction_bands(lines)
  expect_identical(nrow(band), 36L)
  theirs <- predict(fit, rows, interval = "confidence")
  expect_equal(mean((band$upper - band$lower) / (theirs[, "upr"] - theirs[, "lwr"])), 1,
    tolerance = 0.05
  )
  expect_error(prediction_bands(lines, boot.type = "bca"), class = "henderson_error_unsupported")
  expect_error(prediction_bands(bootstrap(fit, 5, seed = 1)), class = "henderson_error_argument")
})

test_that("rows that are not estimable are NA", {
  data <- expand.grid(a = gl(3, 1), b = gl(2, 1), g = gl(6, 1))
  data <- data[!(data$a == "3" & data$b == "2"), ]
  set.seed(3)
  data$y <- rnorm(6)[data$g] + rnorm(nrow(data))
  fit <- suppressMessages(lmm(y ~ a * b + (1 | g), data))
  rows <- expand.grid(a = gl(3, 1), b = gl(2, 1))
  expect_warning(
    line <- bootstrap(fit, 40, "predictions", newdata = rows, re.form = NA, seed = 1),
    "not estimable", class = "henderson_warning_rank"
  )
  band <- prediction_bands(line)
  expect_identical(which(is.na(band$lower)), 6L)
  expect_identical(which(is.na(prediction_bands(line, simultaneous = TRUE)$upper)), 6L)
})

test_that("bands lose no variable, ignore no argument and need replicates", {
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy)
  days <- data.frame(Days = 0:9, lower = 1)
  line <- bootstrap(fit, 12, "predictions", newdata = days, re.form = NA, seed = 1)
  expect_error(prediction_bands(line), "lower", class = "henderson_error_argument")
  line <- bootstrap(fit, 12, "predictions", newdata = days["Days"], re.form = NA, seed = 1)
  expect_error(
    prediction_bands(line, simultaneous = TRUE, boot.type = "perc"), "boot.type",
    class = "henderson_error_argument"
  )
  expect_warning(prediction_bands(line), "of 12 replicates", class = "henderson_warning_replicates")
  # (12 + 1) 0.95 = 12.35
  expect_warning(
    prediction_bands(line, simultaneous = TRUE), "needs 19", class = "henderson_warning_replicates"
  )
  expect_no_warning(prediction_bands(line, 0.9, simultaneous = TRUE))
})
