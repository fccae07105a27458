test_that("car::vif() gives what it gives for fits by lme4, and needs two terms", {
  need_peer(c("lme4", "car"))
  expect_same_calls(alist(car::vif(m)), other_formulas()[2:3])
  # by hand: with two single columns 1 / (1 - r^2), r their correlation
  fit <- lmm(Reaction ~ Days + I(Days^2) + (1 | Subject), sleepstudy)
  r <- vcov(fit, correlation = TRUE)[2, 3]
  expect_equal(car::vif(fit), c(Days = 1, `I(Days^2)` = 1) / (1 - r^2))
  expect_error(car::vif(lmm(Reaction ~ Days + (1 | Subject), sleepstudy)),
    "needs two terms", class = "henderson_error_argument"
  )
})

test_that("car::Confint() gives estimates and limits of the fixed effects", {
  need_peer(c("lme4", "car"))
  expect_same_calls(alist(
    unname(car::Confint(m)), car::Confint(m, level = 0.9), colnames(car::Confint(m))
  ))
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy)
  limits <- car::Confint(fit, "Days", level = 0.9)
  expect_identical(dimnames(limits), list("Days", c("Estimate", "5 %", "95 %")))
  se <- sqrt(vcov(fit)[2, 2])
  expect_equal(c(limits), fixef(fit)[["Days"]] + c(0, -1, 1) * 1.6448536270 * se)
})

test_that("functions of other packages that have no method yet say what to use", {
  fit <- fit_cached("sleepstudy")
  unsupported <- function(expr) expect_error(expr, class = "henderson_error_unsupported")
  unsupported(coeftest.henderson_lmm(fit))
  unsupported(coefci.henderson_lmm(fit))
  unsupported(waldtest.henderson_lmm(fit))
  unsupported(lrtest.henderson_lmm(fit))
  unsupported(modelparm.henderson_lmm(fit))
  unsupported(Effect.henderson_lmm("Days", fit))
  need_peer("car")
  unsupported(car::Anova(fit))
  unsupported(car::linearHypothesis(fit, "Days = 0"))
  unsupported(car::deltaMethod(fit, "Days^2"))
})

test_that("n_groups() and dplyr's function of the same name get along", {
  need_peer("dplyr")
  fit <- fit_cached("sleepstudy")
  grouped <- dplyr::group_by(sleepstudy, Subject)
  expect_identical(n_groups(grouped), 18L)
  expect_identical(n_groups(fit), c(Subject = 18L))
  expect_error(group_data.henderson_lmm(fit), "henderson::n_groups",
    class = "henderson_error_unsupported"
  )
  # dplyr's is a generic before 1.1
  if (packageVersion("dplyr") < "1.1") {
    expect_identical(dplyr::n_groups(fit), c(Subject = 18L))
  } else {
    expect_error(dplyr::n_groups(fit), class = "henderson_error_unsupported")
  }
})

test_that("mice pools fits as it pools those by lme4", {
  need_peer(c("lme4", "mice", "broom.mixed"))
  d <- sleepstudy
  set.seed(1)
  d$z <- rnorm(180) + d$Days
  d$z[sample(180, 30)] <- NA
  imputed <- mice::mice(d, m = 3, printFlag = FALSE, seed = 1)
  ours <- mice::pool(with(imputed, lmm(Reaction ~ Days + z + (1 | Subject))))
  loadNamespace("broom.mixed")
  theirs <- mice::pool(with(imputed, lme4::lmer(Reaction ~ Days + z + (1 | Subject))))
  expect_equal(summary(ours), summary(theirs), tolerance = 1e-5, ignore_attr = TRUE)
})
