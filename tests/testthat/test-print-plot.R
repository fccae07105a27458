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

test_that("panels are drawn, also on paper of another size", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  file <- tempfile(fileext = ".png")
  on.exit(unlink(file))
  sizes <- vapply(1:5, function(which) {
    grDevices::png(file, 400, 300)
    tryCatch(plot(fit, which, nsim = 9), finally = grDevices::dev.off())
    file.size(file)
  }, 0)
  expect_true(all(sizes > 2500))
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

test_that("fits with constraints have bands, from refits with the constraints", {
  v <- c(0.04, 0.09, 0.05, 0.02, 0.12, 0.03, 0.06, 0.20)
  studies <- data.frame(study = factor(1:8), y = c(0.4, -0.1, 0.7, 0.3, 0.9, 0.1, 0.5, 1.2), v = v)
  fit <- lmm(y ~ 1 + (1 | study), studies, weights = 1 / v,
    control = lmm_control(fix = list(sigma = 1))
  )
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_silent(plot(fit, nsim = 5))
  simulated <- simulated_values(fit, plotted_values(fit), 5, 3)
  expect_identical(simulated$source, "refits")
  y <- simulate(fit, 5, seed = 3)[[2]]
  studies$y <- y
  again <- suppressMessages(lmm(y ~ 1 + (1 | study), studies, weights = 1 / v,
    control = lmm_control(fix = list(sigma = 1))
  ))
  expect_equal(
    unname(simulated$residuals[, 2]), unname(sqrt(1 / v) * (y - fitted(again))), tolerance = 1e-6
  )
})

test_that("pictures that only autoplot() has are pointed to", {
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy)
  expect_error(plot(fit, which = "caterpillar"), "autoplot", class = "henderson_error_argument")
})
