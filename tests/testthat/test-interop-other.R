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
