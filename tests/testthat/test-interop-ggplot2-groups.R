test_that("the caterpillar is that of ranef()", {
  need_peer("ggplot2")
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  picture <- expect_drawn(ggplot2::autoplot(fit, "caterpillar", level = 0.8))
  table <- as.data.frame(ranef(fit))
  bars <- layer_of(picture, "GeomLinerange")
  expect_equal(bars$xmin, table$condval - qnorm(0.9) * table$condsd)
  expect_equal(bars$xmax, table$condval + qnorm(0.9) * table$condsd)
  # in the order of the first effect
  points <- layer_of(picture, "GeomPoint")
  first <- points[points$PANEL == 1, ]
  expect_equal(order(first$x), order(as.numeric(first$y)))
})

test_that("without pooling there are the separate linear models", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  table <- shrinkage_table(fit, "Subject")
  separate <- nlme::lmList(Reaction ~ Days | Subject, sleepstudy)
  expect_equal(matrix(table$unpooled, 18), as.matrix(coef(separate)),
    ignore_attr = TRUE, tolerance = 1e-9
  )
  expect_equal(matrix(table$partial, 18), as.matrix(coef(fit)$Subject), ignore_attr = TRUE)
  expect_equal(unique(table$population), unname(fixef(fit)))
})

test_that("without pooling other effects are held, weights count, and poor levels are left out", {
  data <- transform(sleepstudy, w = rep(1:3, 60), between = as.numeric(Subject) %% 5)[-(1:9), ]
  fit <- lmm(Reaction ~ Days + between + (Days | Subject) + (1 | Days), data, weights = w,
    control = lmm_control(check_singular = "ignore")
  )
  found <- unpooled_modes(fit, "Subject")
  expect_true(all(is.na(found["308", ])))
  rows <- data$Subject == "335"
  days <- ranef(fit)$Days[as.character(data$Days), 1]
  left <- data$Reaction - drop(model.matrix(fit) %*% fixef(fit)) - days
  expect_equal(found["335", ],
    coef(lm(left[rows] ~ data$Days[rows], weights = data$w[rows])),
    ignore_attr = TRUE, tolerance = 1e-8
  )
})

test_that("shrinkage has arrows from one estimate to the other", {
  need_peer("ggplot2")
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  picture <- expect_drawn(ggplot2::autoplot(fit, "shrinkage"))
  arrows <- layer_of(picture, "GeomSegment")
  table <- shrinkage_table(fit, "Subject")
  expect_equal(c(arrows$x, arrows$y), table$unpooled)
  expect_equal(c(arrows$xend, arrows$yend), table$partial)
  # three kinds, told apart in grey by their shape
  points <- layer_of(picture, "GeomPoint")
  expect_length(unique(points$shape), 3L)
  expect_length(unique(points$colour), 3L)
  one <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy)
  picture <- expect_drawn(ggplot2::autoplot(one, "shrinkage"))
  ends <- layer_of(picture, "GeomSegment")
  # towards the population
  expect_true(all(abs(ends$xend - fixef(one)[[1]]) < abs(ends$x - fixef(one)[[1]])))
  alone <- suppressMessages(lmm(Reaction ~ 1 + (1 | Subject), sleepstudy[!duplicated(
    sleepstudy[c("Subject", "Days")]
  ) & sleepstudy$Days < 2, ]))
  expect_drawn(ggplot2::autoplot(alone, "shrinkage"))
})

test_that("what is not shrunk is refused by name", {
  need_peer("ggplot2")
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy)
  expect_error(ggplot2::autoplot(fit, "shrinkage", group = "Day"), "Subject",
    class = "henderson_error_argument"
  )
  # nothing to shrink from: one row for each level
  crossed <- suppressMessages(
    lmm(Reaction ~ 1 + (1 | Subject) + (0 + Days | Subject), sleepstudy[sleepstudy$Days == 3, ],
      control = lmm_control(check_nobs_vs_nlev = "ignore", check_nobs_vs_nre = "ignore")
    )
  )
  expect_error(ggplot2::autoplot(crossed, "shrinkage"), "shrunk",
    class = "henderson_error_unsupported"
  )
})
