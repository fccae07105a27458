test_that("each statistic has its panels, with the estimate and the interval", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  replicates <- bootstrap(fit, 200, seed = 1)
  grDevices::pdf(NULL)
  withr::defer(grDevices::dev.off())
  before <- graphics::par(c("mfrow", "mar"))
  # they render
  expect_identical(plot(replicates), replicates)
  suppressWarnings(plot(replicates, which = "density", boot.type = "bca"))
  many <- bootstrap(fit, 20, "predictions", seed = 1)
  expect_message(plot(many, which = "qq"), "first 12")
  expect_identical(graphics::par(c("mfrow", "mar")), before)
  expect_identical(panel_layout(1, 2), c(1, 2))
  expect_identical(panel_layout(6, 2), c(3, 4))
  # and show what they should
  drawn <- list()
  replace_functions(list(
    draw_replicates = function(values, estimate, limits, name, ...) {
      drawn$density <<- list(values, estimate, unname(limits), name)
    },
    draw_normal_quantiles = function(values, name, ...) drawn$qq <<- list(values, name)
  ))
  plot(replicates, "Days", boot.type = "basic")
  limits <- unname(drop(confint(replicates, "Days", boot.type = "basic")))
  values <- unname(replicates$t[, "Days"])
  expect_equal(lapply(drawn$density, unname), list(values, fixef(fit)[["Days"]], limits, "Days"))
  expect_equal(lapply(drawn$qq, unname), list(values, "Days"))
})

test_that("bad arguments and statistics without replicates are named", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  replicates <- bootstrap(fit, 20, seed = 1)
  expect_error(plot(replicates, index = 6), "index", class = "henderson_error_argument")
  expect_error(plot(replicates, which = "both"), "which", class = "henderson_error_argument")
  expect_error(plot(replicates, "day"), "parameter", class = "henderson_error_argument")
  expect_error(plot(bootstrap(fit, 1, seed = 1)), "two", class = "henderson_error_argument")
})
