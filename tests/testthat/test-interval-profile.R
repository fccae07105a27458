test_that("profiles hold their points, slopes and names", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy, REML = FALSE)
  profiles <- profile(fit)
  expect_s3_class(profiles, "henderson_profile")
  table <- as.data.frame(profiles)
  expect_identical(
    names(table),
    c(".zeta", ".sig01", ".sig02", ".sig03", ".sigma", "(Intercept)", "Days", ".par")
  )
  for (name in names(profiles$estimate)) {
    own <- table[table$.par == name, ]
    expect_true(all(diff(own[[name]]) > 0))
    expect_true(all(diff(own$.zeta) > 0))
    expect_lt(max(diff(own$.zeta)), 0.5)
    expect_gte(min(max(own$.zeta), -min(own$.zeta)), qnorm(0.995))
    expect_identical(own[[name]][own$.zeta == 0], profiles$estimate[[name]])
  }
})

test_that("other parameters at a point are those of the fit with that one held", {
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy, REML = FALSE)
  table <- as.data.frame(profile(fit, "Days"))
  row <- table[3, ]
  held <- lmm(I(Reaction - row$Days * Days) ~ 1 + (1 | Subject), sleepstudy, REML = FALSE)
  expect_equal(row$.zeta, -sqrt(held$criterion - fit$criterion), tolerance = 1e-7)
  expect_equal(row$`(Intercept)`, fixef(held)[[1]], tolerance = 1e-6)
  expect_equal(row$.sigma, sigma(held), tolerance = 1e-6)
  expect_equal(row$.sig01, attr(VarCorr(held)$Subject, "stddev")[[1]], tolerance = 1e-5)
})

test_that("limits of profiles are those that are searched for", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  profiles <- profile(fit)
  for (level in c(0.5, 0.95, 0.99)) {
    width <- apply(confint(fit, level = level), 1, diff)
    # between points of 0.3 of zeta: cubic, with exact slopes
    difference <- abs(confint(profiles, level = level) - confint(fit, level = level))
    expect_lt(max(difference / width), 1e-5)
  }
  expect_identical(
    rownames(confint(profiles, c(".sigma", "Days"))), c(".sigma", "Days")
  )
  expect_error(confint(profiles, level = 0.999), "do not reach", class = "henderson_error_argument")
  far <- profile(fit, ".sigma", alphamax = 1e-4)
  expect_equal(
    confint(far, level = 0.999), confint(fit, ".sigma", level = 0.999), tolerance = 1e-5
  )
})

test_that("predict() gives zeta between the points and NA beyond them", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy, REML = FALSE)
  profiles <- profile(fit, signames = FALSE)
  at <- c(24, sigma(fit), 27.5)
  held <- vapply(at, function(s) {
    # -2 log L with sigma held, over theta
    covariance <- profile_cpp(
      unclass(cross_products_of(fit)), fit$theta, FALSE,
      list(list(kind = "sigma", theta = 0L, row = 0L, column = 0L)), 0, 3, 0.01
    )[[1]]
    stats::spline(covariance$parameter, covariance$value, xout = s)$y
  }, 0)
  expected <- c(-1, 0, 1) * sqrt(pmax(held - fit$criterion, 0))
  expect_equal(predict(profiles, "sigma", at), expected, tolerance = 1e-4)
  expect_identical(predict(profiles, "sigma", 200), NA_real_)
  expect_error(predict(profiles, c("sigma", "Days"), 1), class = "henderson_error_argument")
  expect_error(predict(profiles, newdata = 1), class = "henderson_error_argument")
})

test_that("printing shows estimates and limits", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy, REML = FALSE)
  lines <- capture.output(print(profile(fit, "theta_", signames = FALSE)))
  expect_match(lines[1], "Profiles of the likelihood", fixed = TRUE)
  expect_match(lines[3], "sd_(Intercept)|Subject", fixed = TRUE)
  expect_match(lines[3], "14.38", fixed = TRUE)
  expect_match(
    capture.output(print(profile(lmm(Reaction ~ Days + (1 | Subject), sleepstudy), 1)))[1],
    "restricted likelihood", fixed = TRUE
  )
})

test_that("arguments are checked", {
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy)
  expect_error(profile(fit, alphamax = 2), class = "henderson_error_argument")
  expect_error(profile(fit, "nothing"), class = "henderson_error_argument")
  expect_error(profile(fit, level = 0.9), class = "henderson_error_argument")
})

test_that("profiles and limits from a point that is no minimum warn, REML as ML", {
  at <- function(start, REML) {
    lmm(Reaction ~ Days + (Days | Subject), sleepstudy,
      REML = REML, start = start, control = lmm_control(optimizer = "none")
    )
  }
  for (REML in c(TRUE, FALSE)) {
    far <- at(c(0.1, 0, 0.1), REML)
    expect_warning(
      confint(far), "no minimum.*optimizer = \"none\"", class = "henderson_warning_convergence"
    )
    expect_warning(
      profile(far, ".sigma"), "no minimum", class = "henderson_warning_convergence"
    )
    # zero, where the derivative by theta is zero too
    expect_warning(
      confint(at(c(0, 0, 0), REML), ".sigma"), "no minimum", class = "henderson_warning_convergence"
    )
    found <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy, REML = REML)
    expect_equal(
      expect_no_warning(confint(at(found$theta, REML))), confint(found), tolerance = 1e-6
    )
  }
  stopped <- suppressWarnings(lmm(Reaction ~ Days + (Days | Subject), sleepstudy,
    control = lmm_control(max_iterations = 1)
  ))
  expect_warning(confint(stopped, ".sigma"), "did not converge",
    class = "henderson_warning_convergence"
  )
  # a minimum at zero is one
  grouped <- data.frame(y = c(1, 3, 2, 4, 1, 4, 2, 3), g = gl(4, 2))
  zero <- lmm(y ~ 1 + (1 | g), grouped, start = 0, control = lmm_control(optimizer = "none"))
  expect_identical(lmm(y ~ 1 + (1 | g), grouped)$theta[[1]], 0)
  expect_no_warning(confint(zero, ".sigma"))
})

test_that("a parameter that is given twice has its limits twice, and one profile", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  limits <- confint(fit, c("Days", ".sigma", "Days"))
  expect_identical(rownames(limits), c("Days", ".sigma", "Days"))
  expect_identical(limits[3, ], confint(fit, "Days")[1, ])
  twice <- profile(fit, c("Days", "Days"))
  expect_identical(twice, profile(fit, "Days"))
  expect_output(print(twice), "Days")
})

test_that("an unusable level of profiles is named as it was given", {
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy)
  expect_error(profile(fit, alphamax = 0), "alphamax.*such as 0.01, not 0",
    class = "henderson_error_argument"
  )
})
