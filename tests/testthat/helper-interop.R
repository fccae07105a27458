# The same calls on fits of the same model by lme4, at lme4's parameters.

other_formulas <- function() {
  list(
    Reaction ~ Days + (Days | Subject), Reaction ~ Days + z + k + (1 | Subject),
    Reaction ~ Days * k + (1 | Subject)
  )
}

other_fits <- function(formula) {
  set.seed(2)
  d <- transform(sleepstudy, z = rnorm(180) + Days, k = factor(rep(1:3, 60)))
  m <- suppressMessages(lme4::lmer(formula, d))
  list(theirs = m, ours = suppressMessages(as_lmm(m)))
}

# Do `calls` (of `m`) give the same for both fits?
expect_same_calls <- function(calls, formulas = other_formulas()) {
  for (formula in formulas) {
    fits <- other_fits(formula)
    for (call in calls) {
      value <- function(m) suppressWarnings(suppressMessages(eval(call, list(m = m))))
      expect_equal(
        value(fits$ours), value(fits$theirs),
        tolerance = 1e-6, ignore_attr = TRUE, info = deparse1(call)
      )
    }
  }
}
