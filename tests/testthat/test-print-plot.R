test_that("all panels draw, and the page is put back", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  before <- graphics::par(c("mfrow", "mar", "mgp"))
  expect_identical(plot(fit, nsim = 9), fit)
  expect_identical(graphics::par(c("mfrow", "mar", "mgp")), before)
  for (which in list(1, "scale", c("qq", "modes"), 5)) expect_silent(plot(fit, which, nsim = 9))
  expect_silent(plot(fit, "residuals", label = 0, col = "black", main = "mine"))
})

test_that("a panel has a point for each row that counts", {
  data <- transform(sleepstudy, w = rep(c(0, 1, 2), 60))
  fit <- lmm(Reaction ~ Days + (1 | Subject), data, weights = w)
  values <- plotted_values(fit)
  expect_length(values$residual, 120L)
  expect_equal(values$scaled, unname(residuals(fit, "pearson", scaled = TRUE))[data$w > 0])
  # what lmm() itself says of the sum: r^2 - |u|^2
  expect_equal(
    sum(values$residual^2) + sum(unlist(fit$u)^2), fit$pwrss, tolerance = 1e-8
  )
})

test_that("the band of residuals is that of refits, and seeds leave R's generator alone", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  values <- plotted_values(fit)
  set.seed(1)
  before <- .Random.seed
  samples <- residual_samples(fit, values, 20, 3)
  expect_identical(.Random.seed, before)
  expect_identical(dim(samples), c(180L, 20L))
  # conditional residuals vary less than sigma: by the effective parameters
  expect_lt(mean(samples^2), 0.95)
  band <- simulated_band(samples, 0.9)
  expect_true(all(band[, 1] <= band[, 2]))
  expect_true(all(diff(band[, 1]) >= 0))
})

test_that("singular fits and several terms have their panels", {
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  set.seed(1)
  data <- data.frame(g = gl(6, 5), y = rnorm(30))
  zero <- suppressMessages(lmm(y ~ 1 + (1 | g), data, REML = FALSE))
  expect_identical(unname(zero$theta), 0)
  expect_silent(plot(zero, "modes"))
  crossed <- lmm(Reaction ~ 1 + (Days || Subject) + (1 | Days), sleepstudy)
  expect_silent(plot(crossed, "modes", nsim = 9))
})

test_that("bad arguments are named", {
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy)
  expect_error(plot(fit, which = 6), "which", class = "henderson_error_argument")
  expect_error(plot(fit, which = "leverage"), "which", class = "henderson_error_argument")
  expect_error(plot(fit, nsim = -1), "nsim", class = "henderson_error_argument")
  expect_error(plot(fit, level = 95), "level", class = "henderson_error_argument")
})

test_that("fits with related levels have all panels", {
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  K <- 0.5^abs(outer(1:18, 1:18, "-"))
  dimnames(K) <- rep(list(levels(sleepstudy$Subject)), 2)
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy, relationship = list(Subject = K))
  expect_silent(plot(fit, nsim = 9))
})
