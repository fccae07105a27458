test_that("generics without a method say so", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  for (f in list(influence, cooks.distance, hatvalues)) {
    expect_error(f(fit), "not available yet", class = "henderson_error_unsupported")
  }
})
