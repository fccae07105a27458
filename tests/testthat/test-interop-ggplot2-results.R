test_that("profiles are drawn as zeta, density and pairs", {
  need_peer("ggplot2")
  profile <- profile(lmm(Reaction ~ Days + (Days | Subject), sleepstudy, REML = FALSE))
  zeta <- expect_drawn(ggplot2::autoplot(profile, level = 0.9))
  line <- layer_of(zeta, "GeomLine")
  sigma <- line[line$PANEL == 4, ]
  expect_equal(sigma$y, predict(profile, ".sigma", sigma$x))
  limits <- layer_of(zeta, "GeomSegment")
  expect_equal(limits$x, as.vector(t(confint(profile, level = 0.9))))

  density <- expect_drawn(ggplot2::autoplot(profile, "density", parm = c("Days", ".sigma")))
  line <- layer_of(density, "GeomLine")
  areas <- vapply(split(line, line$PANEL), function(one) {
    sum(diff(one$x) * (one$y[-1] + one$y[-200]) / 2)
  }, 0)
  # less what is beyond the ends, 1.05 times the quantile of 0.99
  expect_equal(unname(areas), rep(0.993, 2), tolerance = 3e-3)

  pairs <- expect_drawn(ggplot2::autoplot(profile, "pairs", parm = 1:3, level = c(0.5, 0.9)))
  paths <- layer_of(pairs, "GeomPath")
  expect_identical(length(unique(paste(paths$PANEL, paths$group))), 6L)
  expected <- profile_pair(profile, 1, 2, contour_radii(profile, c(0.5, 0.9)))$contours
  first <- paths[paths$PANEL == 1, ]
  expect_equal(sort(first$x), sort(expected$x))
  expect_equal(sort(first$y), sort(expected$y))
  expect_error(ggplot2::autoplot(profile, "pairs", level = 0.999), "alphamax",
    class = "henderson_error_argument"
  )
  expect_error(ggplot2::autoplot(profile, "violin"), class = "henderson_error_argument")
})

test_that("bootstraps are drawn with their intervals", {
  need_peer("ggplot2")
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  replicates <- bootstrap(fit, 200, seed = 1, progress = FALSE)
  picture <- expect_drawn(ggplot2::autoplot(replicates, level = 0.8, boot.type = "basic"))
  bars <- layer_of(picture, "GeomSegment")
  limits <- confint(replicates, level = 0.8, boot.type = "basic")
  expect_equal(cbind(bars$x, bars$xend), limits, ignore_attr = TRUE)
  expect_equal(layer_of(picture, "GeomVline")$xintercept, unname(replicates$t0))
  with_variances <- bootstrap(fit, 200, seed = 1, variances = TRUE)
  for (type in c("bca", "stud")) {
    picture <- ggplot2::autoplot(with_variances, parm = "Days", level = 0.8, boot.type = type)
    bars <- layer_of(picture, "GeomSegment")
    limits <- confint(with_variances, "Days", level = 0.8, boot.type = type)
    expect_equal(cbind(bars$x, bars$xend), limits, ignore_attr = TRUE)
  }
  picture <- ggplot2::autoplot(replicates, level = 0.8, boot.type = "basic")
  boxes <- layer_of(picture, "GeomRect")
  areas <- tapply((boxes$xmax - boxes$xmin) * boxes$ymax, boxes$PANEL, sum)
  expect_equal(as.vector(areas), rep(1, 6))
  # a density does not go beyond the replicates: correlations are at most one
  line <- layer_of(picture, "GeomLine")
  expect_lte(max(line$x[line$PANEL == 2]), 1)
  expect_match(picture$labels$caption, "80 % interval (basic)", fixed = TRUE)
  one <- expect_drawn(ggplot2::autoplot(replicates, "Days"))
  expect_identical(nrow(layer_of(one, "GeomSegment")), 1L)
  expect_error(ggplot2::autoplot(replicates, "Day"), class = "henderson_error_argument")
})

test_that("replicates without a number are counted", {
  need_peer("ggplot2")
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy)
  count <- 0
  statistic <- function(fit) {
    count <<- count + 1
    c(mean = fixef(fit)[[1]], odd = if (count %% 2 == 0) NA_real_ else sigma(fit))
  }
  replicates <- bootstrap(fit, 80, statistic, seed = 1, progress = FALSE)
  expect_match(ggplot2::autoplot(replicates)$labels$caption, "Without a number: 40", fixed = TRUE)
  all_lost <- bootstrap(fit, 5, function(fit) NA_real_, seed = 1, progress = FALSE)
  expect_error(ggplot2::autoplot(all_lost), class = "henderson_error_unsupported")
  constant <- bootstrap(fit, 40, function(fit) 1, seed = 1, progress = FALSE)
  expect_drawn(ggplot2::autoplot(constant))
})

test_that("influence is drawn with the names of what matters", {
  need_peer("ggplot2")
  without <- influence(lmm(Reaction ~ Days + (Days | Subject), sleepstudy))
  measures <- list(
    cooks.distance = cooks.distance(without), mdffits = mdffits(without),
    covratio = covratio(without), theta = without$displacement[, "theta"],
    joint = without$displacement[, "joint"]
  )
  pictures <- expect_drawn(ggplot2::autoplot(without, 1:5))
  for (name in names(measures)) {
    expect_equal(layer_of(pictures[[name]], "GeomPoint")$y, unname(measures[[name]]))
  }
  labels <- layer_of(pictures$cooks.distance, "GeomText")$label
  expect_identical(labels, names(sort(measures$cooks.distance, decreasing = TRUE))[1:3])
  expect_identical(layer_of(ggplot2::autoplot(without, "covratio", label = 1), "GeomText")$label,
    names(which.max(abs(log(measures$covratio))))
  )
  expect_false(any(vapply(ggplot2::autoplot(without, 1, label = 0)$layers, function(one) {
    inherits(one$geom, "GeomText")
  }, TRUE)))
})

test_that("random effects, coefficients and separate fits are drawn by level", {
  need_peer("ggplot2")
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  expect_drawn(ggplot2::autoplot(ranef(fit)))
  bare <- expect_drawn(ggplot2::autoplot(ranef(fit, condVar = FALSE)))
  expect_null(bare$labels$caption)
  coefficients <- layer_of(expect_drawn(ggplot2::autoplot(coef(fit))), "GeomPoint")
  expect_equal(coefficients$x, unlist(coef(fit)$Subject), ignore_attr = TRUE)
  both <- lmm(yield ~ 1 + (1 | gen) + (1 | env), omer.sorghum,
    control = lmm_control(check_singular = "ignore")
  )
  expect_named(ggplot2::autoplot(ranef(both)), names(ranef(both)))

  separate <- group_fits(Reaction ~ Days | Subject, sleepstudy[-(1:8), ])
  bars <- layer_of(expect_drawn(ggplot2::autoplot(separate)), "GeomLinerange")
  one <- confint(lm(Reaction ~ Days, sleepstudy, subset = Subject == "309"))
  at <- which(bars$y == match("309", levels(long_modes(separate$coefficients, "Subject")$grp)))
  expect_equal(cbind(bars$xmin, bars$xmax)[at, ], one, ignore_attr = TRUE)
  # two rows for 308, which have estimates without intervals
  expect_identical(nrow(bars), 34L)
})
