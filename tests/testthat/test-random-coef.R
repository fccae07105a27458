test_that("coef adds the modes to the fixed effects of the same name", {
  fit <- fit_cached("sleepstudy")
  lines <- coef(fit)$Subject

  expect_s3_class(coef(fit), "henderson_coef")
  expect_equal(lines$Days, unname(fixef(fit)["Days"]) + ranef(fit)$Subject$Days)
  expect_identical(rownames(lines), levels(sleepstudy$Subject))
  # a line at the data's days gives the fitted values
  fitted_by_hand <- with(
    sleepstudy, lines[as.character(Subject), 1] + lines[as.character(Subject), 2] * Days
  )
  expect_equal(fitted_by_hand, unname(fitted(fit)), tolerance = 1e-10)
})

test_that("coef shows a random effect without a fixed counterpart, and finds b:a for a:b", {
  modes <- data.frame(z = c(1, 2), "x:w" = c(3, 4), row.names = c("g1", "g2"), check.names = FALSE)
  beta <- coef_columns(list(g = modes), c("(Intercept)" = 10, "w:x" = 20))
  total <- add_fixed_effects(modes, beta)

  expect_identical(
    total,
    data.frame(
      z = c(1, 2), "(Intercept)" = c(10, 10), "w:x" = c(23, 24),
      row.names = c("g1", "g2"), check.names = FALSE
    )
  )
})

test_that("coef has lme4's columns and values", {
  need_peer("lme4")
  m <- lme4::lmer(Reaction ~ 1 + (Days | Subject), sleepstudy, REML = FALSE)
  fit <- as_lmm(m)

  expect_named(coef(fit)$Subject, names(coef(m)$Subject))
  # at lme4's own theta: rounding only
  expect_equal(as.matrix(coef(fit)$Subject), as.matrix(coef(m)$Subject), tolerance = 1e-8)
})
