# Smaller random parts: against fits of their own, and lm().

test_that("without random terms the criterion is that of lm, with weights and offset too", {
  data <- transform(lme4::cbpp, o = as.integer(period) / 10)
  for (reml in c(TRUE, FALSE)) {
    fit <- lmm(incidence / size ~ period + (1 | herd), data,
      REML = reml, weights = size, offset = o
    )
    m <- lm(incidence / size ~ period, data, weights = size, offset = o)
    table <- random_anova(fit)
    expect_equal(table$logLik[2], as.numeric(logLik(m, REML = reml)), tolerance = 1e-10)
    expect_equal(table$npar[2], 5)
  }
})

test_that("a term that the reduction would repeat is left out", {
  fit <- lmm(score ~ Machine + (1 | Worker) + (0 + Machine | Worker), plain(nlme::Machines)) |>
    suppressMessages()
  table <- random_anova(fit)
  one <- lmm(score ~ Machine + (1 | Worker), plain(nlme::Machines))
  expect_equal(table$logLik[3], as.numeric(logLik(one)), tolerance = 1e-8)
})

test_that("what can be taken out of a term is what leaves a smaller model", {
  data <- transform(sleepstudy, f = factor(rep(1:3, 60)), z = rep(1:4, 45))
  # what is read of a fit is there in its design
  labels <- function(formula) {
    vapply(random_reductions(design_of(formula, data, no_checks)), `[[`, "", "label")
  }
  expect_identical(labels(Reaction ~ Days + (1 | Subject)), "(1 | Subject)")
  expect_identical(labels(Reaction ~ Days + (Days | Subject)), "Days in (Days | Subject)")
  # margins stay
  expect_identical(
    labels(Reaction ~ Days + (Days * z | Subject)), "Days:z in (Days * z | Subject)"
  )
  # independent columns go one by one, the intercept too
  expect_identical(labels(Reaction ~ Days + (Days || Subject)), c(
    "1 in (Days || Subject)", "Days in (Days || Subject)"
  ))
  # (0 + x | g) has nothing left without x; a factor's columns add up to the intercept
  expect_identical(labels(Reaction ~ Days + (0 + Days | Subject)), "(0 + Days | Subject)")
  expect_identical(labels(Reaction ~ Days + (0 + f | Subject)), "f in (0 + f | Subject)")
})
