test_that("every group has the estimates of its own lm", {
  separate <- group_fits(Reaction ~ Days | Subject, sleepstudy)
  one <- lm(Reaction ~ Days, sleepstudy, subset = Subject == "330")

  expect_s3_class(separate, "henderson_group_fits")
  expect_equal(unlist(coef(separate)["330", ]), coef(one))
  expect_equal(unlist(separate$std_errors["330", ]), coef(summary(one))[, 2])
  expect_equal(separate$sigma[["330"]], sigma(one))
  expect_identical(unique(separate$df), 8)
  expect_identical(rownames(coef(separate)), levels(sleepstudy$Subject))
})

test_that("a fit and its formula give the same as the formula with a bar", {
  fit <- fit_cached("sleepstudy")
  separate <- group_fits(Reaction ~ Days | Subject, sleepstudy)

  expect_equal(coef(group_fits(fit)), coef(separate))
  expect_equal(coef(group_fits(Reaction ~ Days + (Days | Subject), sleepstudy)), coef(separate))
})

test_that("values are those of lme4's lmList", {
  need_peer("lme4")
  expected <- lme4::lmList(Reaction ~ Days | Subject, sleepstudy)
  separate <- group_fits(Reaction ~ Days | Subject, sleepstudy)

  # the same least squares: rounding only
  expect_equal(as.matrix(coef(separate)), as.matrix(coef(expected)), ignore_attr = TRUE)
  expect_equal(separate$pooled_sigma, sigma(expected), ignore_attr = TRUE)
})

test_that("a group that does not determine a coefficient has NA there", {
  data <- data.frame(y = c(1, 2, 4, 7), x = c(1, 2, 3, 3), g = c("a", "a", "b", "b"))
  separate <- group_fits(y ~ x | g, data)

  expect_equal(unlist(coef(separate)["a", ]), c("(Intercept)" = 0, x = 1))
  expect_equal(unlist(coef(separate)["b", ]), c("(Intercept)" = 5.5, x = NA))
  expect_identical(separate$sigma[["a"]], NA_real_)
  expect_identical(separate$df, c(a = 0, b = 1))
})

test_that("printing shows a row for every group", {
  output <- capture.output(print(group_fits(Reaction ~ Days | Subject, sleepstudy)))

  expect_match(output[1], "by Subject: Reaction ~ Days")
  expect_length(grep("^3[0-9]{2} ", output), 18L)
  expect_match(output[length(output)], "25.59")
})

test_that("formulas without one grouping factor and other data are refused", {
  expect_error(group_fits(Reaction ~ Days, sleepstudy), class = "henderson_error_formula")
  expect_error(group_fits(~ Days | Subject, sleepstudy), class = "henderson_error_formula")
  expect_error(
    group_fits(yield ~ gen + (1 | block / fung), durban.splitplot),
    class = "henderson_error_formula"
  )
  expect_error(group_fits(Reaction ~ Days | Subject, 1), class = "henderson_error_data")
  expect_error(group_fits(Reaction ~ Days | Sbject, sleepstudy), class = "henderson_error_variable")
  expect_error(
    group_fits(Reaction ~ Days | Subject, sleepstudy, pool = TRUE),
    class = "henderson_error_argument"
  )
})

test_that("names that the locale cannot write give no warning", {
  withr::local_locale(LC_CTYPE = "C")
  data <- transform(sleepstudy,
    h = factor(rep(c("\u7532", "\u4e59"), 90)), Subject = paste0("\u7ec4", Subject)
  )
  expect_no_warning({
    fits <- group_fits(Reaction ~ Days + h | Subject, data)
    shown <- capture.output(print(fits))
  })
  expect_length(grep("335", shown), 1L)
})

test_that("a fit's subset, weights, offset and contrasts are those of the separate models", {
  set.seed(5)
  data <- transform(sleepstudy, w = runif(180, 1, 2), shift = rnorm(180), late = gl(2, 5, 180))
  fit <- lmm(Reaction ~ poly(Days, 2) + late + (1 | Subject), data,
    weights = w, offset = shift, subset = Days < 9, contrasts = list(late = "contr.sum"),
    control = lmm_control(check_singular = "ignore")
  )
  separate <- group_fits(fit)
  for (level in c("308", "372")) {
    one <- lm(Reaction ~ poly(Days, 2) + late, data,
      weights = w, offset = shift, subset = Days < 9 & Subject == level,
      contrasts = list(late = "contr.sum")
    )
    # the polynomials of all rows of the data in both
    expect_equal(unlist(coef(separate)[level, ]), coef(one))
    expect_equal(unlist(separate$std_errors[level, ]), coef(summary(one))[, 2])
    expect_equal(separate$sigma[[level]], sigma(one))
    expect_equal(separate$df[[level]], one$df.residual)
  }
})
