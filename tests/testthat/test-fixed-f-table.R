shown <- function(x, ...) paste(capture.output(print(x, ...)), collapse = "\n")

test_that("every method names itself, and none leaves out p-values", {
  fit <- fit_cached("sleepstudy")

  expect_match(shown(anova(fit, ddf = "kenward-roger")), "with Kenward-Roger's method")
  expect_match(shown(anova(fit, ddf = "expected")), "Satterthwaite's method, expected information")
  none <- anova(fit, ddf = "none")
  expect_named(none, c("npar", "Sum Sq", "Mean Sq", "F value"))
  expect_equal(none[["F value"]], anova(fit)[["F value"]])
  expect_match(shown(none), "^Type III Analysis of Variance Table\n")
  expect_identical(anova(fit, ddf = "lme4"), none)
})

test_that("Kenward and Roger's table scales F but not the sums of squares", {
  need_peer(c("lmerTest", "pbkrtest"))
  # 3 x 3 random slopes: the scaling is far from 1
  fit <- lmm(score ~ Machine + (0 + Machine | Worker), as.data.frame(nlme::Machines))
  table <- anova(fit, ddf = "Kenward-Roger")
  L <- cbind(0, diag(2))
  V <- henderson:::contrast_covariance(fit, "Kenward-Roger")
  beta <- fixef(fit)
  wald <- sum((L %*% beta) * solve(L %*% V %*% t(L), L %*% beta))

  expect_equal(table[["Sum Sq"]], sigma(fit)^2 * wald)
  expect_lt(table[["F value"]], 0.95 * wald / 2)
})

test_that("a variance at zero is noted in the heading, for Satterthwaite's method only", {
  fit <- suppressMessages(lmm(travel ~ side + (1 | Rail), transform(
    as.data.frame(nlme::Rail), travel = rank(travel) %% 5, side = gl(2, 1, 18)
  )))
  expect_identical(unname(fit$theta), 0)

  expect_match(attr(anova(fit), "heading")[2], "Note: .*known.*\"expected\"")
  expect_length(attr(anova(fit, ddf = "expected"), "heading"), 1)
  expect_length(attr(anova(fit, ddf = "Kenward-Roger"), "heading"), 1)
  # residual degrees of freedom against those between and within 6 rails
  expect_equal(anova(fit)$DenDF, 16, tolerance = 1e-6)
})

test_that("tables of a fit that is no optimum say so, as the summary does", {
  stopped <- suppressWarnings(
    lmm(Reaction ~ Days + (Days | Subject), sleepstudy, control = lmm_control(max_iterations = 1))
  )
  given <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy, start = c(3, 0, 0.1),
    control = lmm_control(optimizer = "none")
  )
  headings <- function(fit, ddf) {
    lapply(list(
      anova(fit, ddf = ddf), contrast_test(fit, ddf = ddf), anova(fit, type = "I", ddf = ddf),
      contrast_test(fit, diag(2), ddf = ddf), drop1(fit, test = "F", ddf = ddf)
    ), attr, "heading")
  }
  for (ddf in c("Satterthwaite", "none")) {
    for (heading in headings(stopped, ddf)) {
      expect_match(heading, "^Note: not converged: the budget", all = FALSE)
    }
  }
  for (heading in headings(given, "Satterthwaite")) {
    expect_match(heading, "^Note: the parameters are no optimum", all = FALSE)
  }
  # which other degrees of freedom do not assume
  for (heading in headings(given, "none")) expect_no_match(heading, "Note")
  for (heading in headings(fit_cached("sleepstudy"), "Satterthwaite")) {
    expect_no_match(heading, "Note")
  }
})
