test_that("lines by group are predictions, with their band", {
  need_peer("ggplot2")
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  picture <- expect_drawn(ggplot2::autoplot(fit, "groups", level = 0.9))
  points <- layer_of(picture, "GeomPoint")
  expect_identical(nlevels(points$PANEL), 18L)
  expect_equal(points$y, sleepstudy$Reaction)
  ribbon <- layer_of(picture, "GeomRibbon")
  limits <- predict(fit, interval = "confidence", level = 0.9)
  expect_equal(ribbon$ymin, unname(limits[, "lwr"]))
  expect_equal(ribbon$ymax, unname(limits[, "upr"]))
  lines <- layer_of(picture, "GeomLine")
  expect_length(unique(lines$linetype), 3L)
  solid <- lines[lines$linetype == "solid", ]
  expect_equal(solid$y, unname(fitted(fit)))
  dotted <- lines[lines$linetype == "dotted", ]
  expect_equal(dotted$y, unname(predict(fit, re.form = NA)))
  dashed <- lines[lines$linetype == "dashed", ]
  separate <- group_fits(fit)$coefficients
  expect_equal(dashed$y, rep(separate[[1]], each = 10) + rep(separate[[2]], each = 10) * 0:9)
})

test_that("the population's line is a prediction at typical values", {
  need_peer("ggplot2")
  data <- transform(sleepstudy,
    kind = rep(c("a", "b", "b"), 60), age = rep(c(20, 30, 70), each = 60)
  )
  attr(data$Days, "label") <- "Days of deprivation"
  fit <- lmm(Reaction ~ Days + kind + age + (1 | Subject), data)
  picture <- expect_drawn(ggplot2::autoplot(fit, "population"))
  line <- layer_of(picture, "GeomLine")
  at <- data.frame(Days = 0:9, kind = "b", age = 30)
  expect_equal(line$y, unname(predict(fit, at, re.form = NA)))
  ribbon <- layer_of(picture, "GeomRibbon")
  limits <- predict(fit, at, re.form = NA, interval = "confidence")
  expect_equal(ribbon$ymax, unname(limits[, "upr"]))
  expect_identical(picture$labels$x, "Days of deprivation")
  expect_match(picture$labels$subtitle, "kind, age")
  # against a factor there are points with intervals
  kinds <- layer_of(expect_drawn(ggplot2::autoplot(fit, "population", x = "kind")), "GeomLinerange")
  expect_identical(nrow(kinds), 2L)
})

test_that("pictures of groups are there for formulas of all kinds", {
  need_peer("ggplot2")
  data <- transform(sleepstudy, h = gl(6, 1, 180), z = rnorm(180), day = factor(Days))
  fits <- suppressMessages(list(
    lmm(log(Reaction) ~ poly(Days, 2) + offset(Days / 100) + (1 | Subject), data),
    lmm(Reaction ~ factor(Days) + z + (1 | Subject) + (1 | h), data),
    lmm(Reaction ~ Days + (1 | Subject / h), data),
    lmm(Reaction ~ Days + cs(0 + h | Subject), data[data$h %in% 1:3, ])
  ))
  for (fit in fits) {
    expect_drawn(ggplot2::autoplot(fit, "groups"))
    expect_drawn(ggplot2::autoplot(fit, "population"))
  }
  nested <- ggplot2::autoplot(fits[[3]], "groups", group = "h:Subject")
  expect_identical(nested$labels$subtitle, "30 of 108 levels")
  expect_match(ggplot2::autoplot(fits[[4]], "groups")$labels$caption, "^Band")
})

test_that("what there are no lines for is refused by name", {
  need_peer("ggplot2")
  fit <- lmm(Reaction ~ 1 + (1 | Subject), sleepstudy)
  expect_error(ggplot2::autoplot(fit, "groups"), "no variable",
    class = "henderson_error_unsupported"
  )
  expect_error(ggplot2::autoplot(fit, "population", x = "Days"), "no variable",
    class = "henderson_error_unsupported"
  )
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy)
  expect_error(ggplot2::autoplot(fit, "groups", x = "days"), "Days",
    class = "henderson_error_argument"
  )
  expect_error(ggplot2::autoplot(fit, "groups", x = "Subject"), "not numeric",
    class = "henderson_error_unsupported"
  )
  bare <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy,
    control = lmm_control(keep = character())
  )
  expect_error(ggplot2::autoplot(bare, "groups"), "frame", class = "henderson_error_data")
})

test_that("typical rows have values that occur", {
  row <- typical_row(data.frame(a = c(4, 1, 3, 10), b = c("u", "v", "v", "w")))
  expect_identical(row$a, 3)
  expect_identical(row$b, "v")
  expect_identical(axis_values(c(3, 1, 1)), c(1, 3))
  expect_length(axis_values(1:100 / 7), 50L)
  expect_identical(axis_values(factor(c("b", "a"))), factor(c("a", "b")))
})

test_that("lines of groups are there for names that are no syntactic ones", {
  skip_if_not_installed("ggplot2")
  data <- transform(sleepstudy, x = Days)
  names(data)[names(data) == "x"] <- "my var"
  fit <- lmm(Reaction ~ `my var` + (`my var` | Subject), data)
  plain <- lmm(Reaction ~ Days + (Days | Subject), data)
  lines <- function(fit) group_lines(fit, "Subject", NULL, 0.95, globalenv())
  expect_equal(lines(fit)$mixed, lines(plain)$mixed)
  expect_s3_class(ggplot2::autoplot(fit, "groups"), "ggplot")
})
