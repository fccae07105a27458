# Deviance of a random intercept by dense matrices, the fixed effects profiled out.
dense_deviance <- function(deviation, sigma, X, y, Z) {
  V <- deviation^2 * tcrossprod(Z) + sigma^2 * diag(length(y))
  L <- t(chol(V))
  left <- lm.fit(forwardsolve(L, X), forwardsolve(L, y))$residuals
  length(y) * log(2 * pi) + 2 * sum(log(diag(L))) + sum(left^2)
}

test_that("contours are those of the dense deviance", {
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy, REML = FALSE)
  profile <- profile(fit, c(".sig01", ".sigma"))
  radii <- contour_radii(profile, c(0.5, 0.95))
  expect_equal(unname(radii), sqrt(qchisq(c(0.5, 0.95), 2)))
  pair <- profile_pair(profile, 1, 2, radii)
  Z <- model.matrix(~ 0 + Subject, sleepstudy)
  rise <- function(points) {
    mapply(dense_deviance, points$x, points$y, MoreArgs = list(
      X = cbind(1, sleepstudy$Days), y = sleepstudy$Reaction, Z = Z
    )) - fit$criterion
  }
  for (level in names(radii)) {
    contour <- pair$contours[pair$contours$level == level, ]
    # of 200 intervals; where both meet a trace (a = -d/2) the point is exact, up to the spline
    # between profile points; between these four the contour is interpolated
    expect_equal(rise(contour[1, ]), radii[[level]]^2, tolerance = 1e-4)
    between <- contour[seq(1, 201, by = 20), ]
    expect_equal(rise(between), rep(radii[[level]]^2, 11), tolerance = 5e-3)
  }
  # a trace is the profile itself, whose rise is zeta^2
  trace <- pair$traces[pair$traces$held == "x", ][c(2, 10), ]
  expect_equal(rise(trace), trace$tau_x^2, tolerance = 1e-6)
  # a trace meets the contour where that has its greatest zeta
  contour <- pair$contours[pair$contours$level == "0.95", ]
  expect_equal(max(contour$tau_x), radii[["0.95"]], tolerance = 1e-3)
})

test_that("a quadratic criterion has ellipses", {
  # zeta linear, traces y = rho x: x^2 - 2 rho x y + y^2 = c^2 (1 - rho^2)
  rho <- 0.6
  points <- contour_points(2, function(y) rho * y, function(x) rho * x)
  form <- points[, 1]^2 - 2 * rho * points[, 1] * points[, 2] + points[, 2]^2
  expect_equal(form, rep(4 * (1 - rho^2), 201), tolerance = 1e-12)
  expect_equal(points[1, ], points[201, ])
})

test_that("values and zeta are inverse", {
  profile <- profile(lmm(Reaction ~ Days + (Days | Subject), sleepstudy), c(".sig01", ".sigma"))
  curve <- profile_curve(profile, 1)
  zeta <- seq(-2, 2, 0.25)
  expect_equal(zeta_of_value(curve, value_of_zeta(curve, zeta)), zeta, tolerance = 1e-9)
  expect_identical(is.na(value_of_zeta(curve, c(-9, 0, 9))), c(TRUE, FALSE, TRUE))
})

test_that("a contour ends at a bound", {
  sorghum <- lmm(yield ~ 1 + (1 | gen) + (1 | rep), subset(omer.sorghum, env == "E3"),
    REML = FALSE, control = lmm_control(check_singular = "ignore")
  )
  profile <- profile(sorghum, "theta_", alphamax = 0.02)
  bounded <- which(vapply(seq_along(profile$estimate), function(i) {
    min(profile_curve(profile, i)$zeta) > -2
  }, TRUE))[1]
  expect_false(is.na(bounded))
  other <- setdiff(seq_along(profile$estimate), bounded)[1]
  pair <- profile_pair(profile, bounded, other, contour_radii(profile, 0.9))
  expect_true(anyNA(pair$contours$x))
  expect_gte(min(pair$contours$x, na.rm = TRUE), 0)
  expect_true(all(is.na(pair$contours$x) == is.na(pair$contours$tau_y)))
})

test_that("pairs() draws a panel for each pair, and puts the page back", {
  profile <- profile(lmm(Reaction ~ Days + (Days | Subject), sleepstudy, REML = FALSE))
  file <- tempfile(fileext = ".pdf")
  on.exit(unlink(file))
  grDevices::pdf(file)
  before <- graphics::par(c("mfrow", "mar", "oma"))
  expect_identical(pairs(profile), profile)
  expect_identical(graphics::par(c("mfrow", "mar", "oma")), before)
  expect_silent(pairs(profile, c("Days", "sigma"), level = 0.5))
  grDevices::dev.off()
  expect_gt(file.size(file), 30000)
})

test_that("what has no contour is refused by name", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  profile <- profile(fit)
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_error(pairs(profile, c("Days", ".sigma")), "refit_ml",
    class = "henderson_error_unsupported"
  )
  expect_message(pairs(profile), "Fixed effects are left out",
    class = "henderson_message_unsupported"
  )
  expect_error(pairs(profile, ".sigma"), "two parameters", class = "henderson_error_argument")
  expect_error(pairs(profile, c(".sigma", ".sigma")), class = "henderson_error_argument")
  expect_error(pairs(profile, "theta_", level = 0.99), "alphamax = 0.002",
    class = "henderson_error_argument"
  )
  expect_error(pairs(profile, "theta_", level = 95), class = "henderson_error_argument")
  reaching <- profile(fit, "theta_", alphamax = 0.002)
  expect_silent(pairs(reaching, level = 0.99))
})
