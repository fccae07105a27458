# ---- on the rows of the fit ----

test_that("prediction without newdata is the fitted value, or a part of the sum", {
  fit <- fit_cached("sleepstudy")
  fixed <- drop(component(fit, "X") %*% fixef(fit))
  random <- as.vector(component(fit, "Z") %*% component(fit, "b"))

  # two orders of summation: rounding only
  expect_equal(predict(fit), fitted(fit), tolerance = 1e-12)
  expect_equal(unname(predict(fit, re.form = NA)), unname(fixed), tolerance = 1e-12)
  expect_equal(unname(predict(fit, re.form = ~0)), unname(fixed), tolerance = 1e-12)
  expect_equal(unname(predict(fit, random.only = TRUE)), random, tolerance = 1e-12)
  expect_equal(predict(fit, type = "link"), predict(fit))
})

test_that("rows left out by na.exclude are predicted NA", {
  data <- sleepstudy
  data$Days[3] <- NA
  fit <- lmm(Reaction ~ Days + (1 | Subject), data, na.action = na.exclude)

  expect_length(predict(fit), 180L)
  expect_identical(unname(which(is.na(predict(fit, re.form = NA)))), 3L)
})

# ---- on new rows ----

test_that("a prediction is the line of the subject worked out by hand", {
  fit <- fit_cached("sleepstudy")
  line <- unlist(coef(fit)$Subject["308", ])
  newdata <- data.frame(Days = c(2.5, 12), Subject = "308", row.names = c("a", "b"))

  expect_equal(
    predict(fit, newdata),
    c(a = line[[1]] + 2.5 * line[[2]], b = line[[1]] + 12 * line[[2]]),
    tolerance = 1e-12
  )
  expect_equal(
    unname(predict(fit, data.frame(Days = 12), re.form = NA)), sum(fixef(fit) * c(1, 12))
  )
})

test_that("a new level is an error, or has a random effect of zero", {
  fit <- fit_cached("sleepstudy")
  newdata <- data.frame(Days = 4, Subject = c("308", "new"))

  expect_error(predict(fit, newdata), class = "henderson_error_newdata")
  allowed <- predict(fit, newdata, allow.new.levels = TRUE)
  expect_equal(unname(allowed[2]), sum(fixef(fit) * c(1, 4)))
  expect_equal(allowed[1], predict(fit, newdata[1, ]))
})

test_that("na.action decides about missing predictors in newdata", {
  fit <- fit_cached("sleepstudy")
  newdata <- data.frame(Days = c(1, NA, 3), Subject = "308")

  expect_identical(unname(is.na(predict(fit, newdata))), c(FALSE, TRUE, FALSE))
  expect_named(predict(fit, newdata, na.action = na.omit), c("1", "3"))
  expect_length(predict(fit, newdata, na.action = na.exclude), 3L)
  expect_error(predict(fit, newdata, na.action = na.fail), class = "henderson_error_newdata")
  expect_error(predict(fit, newdata, na.action = "pass"), class = "henderson_error_argument")
})

test_that("poly() and scale() keep the basis of the fit", {
  fit <- lmm(Reaction ~ poly(Days, 2) + scale(Days) + (1 | Subject), sleepstudy) |>
    suppressMessages()
  rows <- c(3, 90, 177)

  expect_equal(
    unname(predict(fit, sleepstudy[rows, ])), unname(fitted(fit)[rows]), tolerance = 1e-10
  )
})

test_that("offsets of the formula are added to predictions of new rows", {
  fit <- lmm(Reaction ~ Days + offset(3 * Days) + (1 | Subject), sleepstudy)
  rows <- c(1, 100)

  expect_equal(
    unname(predict(fit, sleepstudy[rows, ])), unname(fitted(fit)[rows]), tolerance = 1e-10
  )
  expect_equal(
    unname(predict(fit, data.frame(Days = 2), re.form = NA)), sum(fixef(fit) * c(1, 2)) + 6
  )
})

# ---- bad input ----

test_that("no rows have no predictions", {
  fit <- fit_cached("sleepstudy")
  none <- sleepstudy[0, ]
  for (re.form in list(NULL, NA)) {
    expect_identical(unname(predict(fit, none, re.form = re.form)), numeric(0))
    expect_identical(lengths(predict(fit, none, re.form = re.form, se.fit = TRUE)),
      c(fit = 0L, se.fit = 0L)
    )
    for (interval in c("confidence", "prediction")) {
      limits <- predict(fit, none, re.form = re.form, interval = interval)
      expect_identical(dim(limits), c(0L, 3L))
      expect_identical(colnames(limits), c("fit", "lwr", "upr"))
    }
  }
})

test_that("predict refuses what it cannot do", {
  fit <- fit_cached("sleepstudy")
  newdata <- data.frame(Days = 1, Subject = "308")

  expect_error(predict(fit, newdat = newdata, level2 = 1), class = "henderson_error_argument")
  expect_error(predict(fit, type = "terms"), class = "henderson_error_argument")
  expect_error(predict(fit, re.form = "none"), class = "henderson_error_argument")
  expect_error(predict(fit, re.form = Reaction ~ (1 | Subject)), class = "henderson_error_argument")
  expect_error(predict(fit, re.form = ~ (1 | Days)), class = "henderson_error_argument")
  expect_error(predict(fit, re.form = ~ (Height | Subject)), class = "henderson_error_argument")
  expect_error(predict(fit, re.form = ~Days), class = "henderson_error")
  expect_error(predict(fit, newdata["Days"]), class = "henderson_error_newdata")
  expect_error(predict(fit, 1:3), class = "henderson_error_newdata")
  expect_error(predict(fit, newdata, allow.new.levels = NA), class = "henderson_error_argument")
})
