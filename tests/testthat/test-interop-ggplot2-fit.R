test_that("each picture of rows shows what residuals() and fitted() give", {
  need_peer("ggplot2")
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  residual <- unname(residuals(fit))
  fitted <- unname(fitted(fit))
  first <- expect_drawn(ggplot2::autoplot(fit, "residuals", label = 2))
  points <- layer_of(first, "GeomPoint")
  expect_equal(points$x, fitted)
  expect_equal(points$y, residual)
  labels <- layer_of(first, "GeomText")
  expect_identical(labels$label, names(residuals(fit))[order(-abs(residual))[1:2]])
  smooth <- layer_of(first, "GeomLine")
  expect_equal(smooth$y, stats::lowess(fitted, residual)$y)
  expect_identical(first$labels$x, "Fitted Reaction")

  scale <- layer_of(expect_drawn(ggplot2::autoplot(fit, "scale")), "GeomPoint")
  expect_equal(scale$y, sqrt(abs(residual) / sigma(fit)))
  observed <- layer_of(expect_drawn(ggplot2::autoplot(fit, "observed")), "GeomPoint")
  expect_equal(observed$y, sleepstudy$Reaction)
})

test_that("normal plots have the bands of plot()", {
  need_peer("ggplot2")
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  set.seed(5)
  before <- .Random.seed
  qq <- expect_drawn(ggplot2::autoplot(fit, "qq", nsim = 29, seed = 4, level = 0.9))
  expect_identical(.Random.seed, before)
  points <- layer_of(qq, "GeomPoint")
  expect_equal(points$y, sort(unname(residuals(fit, scaled = TRUE))))
  expect_equal(points$x, stats::qnorm(stats::ppoints(180)))
  band <- simulated_band(simulated_values(fit, plotted_values(fit), 29, 4)$residuals, 0.9)
  ribbon <- layer_of(qq, "GeomRibbon")
  expect_equal(cbind(ribbon$ymin, ribbon$ymax), band)
  expect_match(qq$labels$caption, "simultaneous 90 %, from refits", fixed = TRUE)

  modes <- expect_drawn(ggplot2::autoplot(fit, "modes", nsim = 9))
  points <- layer_of(modes, "GeomPoint")
  expect_identical(as.vector(table(points$PANEL)), c(18L, 18L))
  expect_equal(points$y, unlist(lapply(standardized_modes(fit), sort)), ignore_attr = TRUE)
  bare <- ggplot2::autoplot(fit, "modes", nsim = 0)
  expect_false(any(vapply(bare$layers, function(one) inherits(one$geom, "GeomRibbon"), TRUE)))
  expect_null(bare$labels$caption)
})

test_that("the search is that of the fit", {
  need_peer("ggplot2")
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy, start = c(3, 0, 2))
  trace <- fit$optimization$trace
  expect_identical(colnames(trace), c("evaluation", "criterion", "predicted_decrease", "damping"))
  expect_equal(min(trace[, "criterion"]), fit$criterion, tolerance = 1e-12)
  expect_gt(nrow(trace), 2)
  points <- layer_of(expect_drawn(ggplot2::autoplot(fit, "search")), "GeomPoint")
  above <- trace[, "criterion"] - min(trace[, "criterion"])
  expect_equal(10^points$y[points$PANEL == 1], above[above > 0], ignore_attr = TRUE)
  # where the search ends at once there is a picture, too
  expect_drawn(ggplot2::autoplot(update(fit, start = fit$theta), "search"))
  none <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy,
    control = lmm_control(optimizer = "bfgs")
  )
  expect_error(ggplot2::autoplot(none, "search"), "newton", class = "henderson_error_unsupported")
})

test_that("pictures of rows and modes are there for every fit", {
  need_peer("ggplot2")
  set.seed(1)
  data <- data.frame(g = gl(6, 5), x = rnorm(30), y = rnorm(30))
  K <- 0.5^abs(outer(1:18, 1:18, "-"))
  dimnames(K) <- rep(list(levels(sleepstudy$Subject)), 2)
  fits <- suppressMessages(list(
    zero = lmm(y ~ x + (1 | g), data, REML = FALSE), partly = lmm(y ~ x + (x | g), data),
    undetermined = lmm(y ~ g + (1 | g), data),
    weights = lmm(Reaction ~ Days + (1 | Subject), sleepstudy, weights = rep(0:2, 60)),
    related = lmm(Reaction ~ Days + (1 | Subject), sleepstudy, relationship = list(Subject = K)),
    omitted = lmm(Reaction ~ Days + (1 | Subject), na.action = na.exclude,
      transform(sleepstudy, Days = replace(Days, 3, NA))
    ),
    transformed = lmm(log(Reaction) ~ Days + offset(Days / 100) + (1 | Subject), sleepstudy)
  ))
  for (fit in fits) expect_drawn(ggplot2::autoplot(fit, c("residuals", "modes"), nsim = 9))
  expect_identical(
    layer_of(ggplot2::autoplot(fits$zero, "modes"), "GeomText")$label, "All variances are zero"
  )
  expect_identical(
    ggplot2::autoplot(fits$transformed, "residuals")$labels$x, "Fitted log(Reaction)"
  )
})

test_that("the level of groups is that with most random effects, then fewest levels", {
  both <- lmm(yield ~ 1 + (1 | gen) + (1 | env), omer.sorghum,
    control = lmm_control(check_singular = "ignore")
  )
  counts <- lengths(lapply(both$random, `[[`, "levels"))
  names <- vapply(both$random, `[[`, "", "group")
  expect_identical(chosen_factor(both, NULL, "caterpillar"), names[which.min(counts)])
  expect_identical(chosen_factor(both, "gen", "caterpillar"), "gen")
  expect_null(chosen_factor(both, NULL, "qq"))
  expect_error(chosen_factor(both, "plot", "groups", NULL), "gen",
    class = "henderson_error_argument"
  )
})
