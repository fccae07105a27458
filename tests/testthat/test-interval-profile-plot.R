test_that("both kinds of plot draw a panel for each parameter", {
  profiles <- profile(lmm(Reaction ~ Days + (Days | Subject), sleepstudy))
  file <- tempfile(fileext = ".pdf")
  for (type in c("zeta", "density")) {
    grDevices::pdf(file)
    before <- graphics::par(c("mfrow", "mar"))
    expect_identical(plot(profiles, type = type), profiles)
    expect_identical(graphics::par(c("mfrow", "mar")), before)
    plot(profiles, "Days", type = type, main = "slope")
    grDevices::dev.off()
    expect_gt(file.size(file), 4000)
  }
  expect_error(plot(profiles, type = "xyplot"), class = "henderson_error_argument")
  expect_error(plot(profiles, "nothing"), class = "henderson_error_argument")
})

test_that("the density of a profile has an area of one", {
  profiles <- profile(lmm(Reaction ~ Days + (Days | Subject), sleepstudy), alphamax = 1e-4)
  for (at in seq_along(profiles$estimate)) {
    points <- curve_points(profile_curve(profiles, at))
    density <- stats::dnorm(points$zeta) * points$slope
    steps <- diff(points$value)
    area <- sum(steps * (density[-1] + density[-length(density)]) / 2)
    expect_equal(area, 1, tolerance = 2e-3)
  }
})
