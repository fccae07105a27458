test_that("all optimizers agree on sleepstudy and on a singular split plot", {
  fits <- list(
    lmm(Reaction ~ Days + (Days | Subject), sleepstudy),
    lmm(Y ~ V + N + (1 | B / V), MASS::oats, REML = FALSE)
  )
  for (fit in fits) {
    table <- all_optimizers(fit)
    expect_identical(table$optimizer, c("newton", "bfgs", "nelder_mead"))
    # Nelder-Mead stops at a relative change of 1e-15, which it reaches within 1e-8 of the minimum
    expect_lt(max(table$above_best), 1e-6)
    expect_equal(table$criterion[1], fit$criterion, tolerance = 1e-12)
    expect_identical(rownames(attr(table, "theta")), table$optimizer)
    expect_lt(table$evaluations[1], min(table$evaluations[-1]))
  }
})

test_that("all_optimizers refuses what it cannot use", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  expect_error(all_optimizers(lm(dist ~ speed, cars)), class = "henderson_error_argument")
  expect_error(all_optimizers(fit, "none"), class = "henderson_error_argument")
})

test_that("all optimizers share one preparation of the rows", {
  fit <- fit_cached("sleepstudy")
  calls <- 0L
  real <- prepare_cpp
  replace_functions(list(prepare_cpp = function(...) {
    calls <<- calls + 1L
    real(...)
  }))
  table <- all_optimizers(fit)
  expect_identical(calls, 1L)
  expect_lt(max(table$above_best), 1e-6)
})
