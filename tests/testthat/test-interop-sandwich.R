test_that("sandwich's functions give the cluster-robust covariances", {
  need_peer("sandwich")
  for (fit in list(fit_cached("sleepstudy"), fit_cached("oats"))) {
    expect_equal(sandwich::sandwich(fit), vcov(fit, type = "CR0"))
    expect_equal(sandwich::vcovCL(fit), vcov(fit, type = "CR1"))
  }
  fit <- fit_cached("sleepstudy")
  units <- rep(1:9, 2)
  expect_equal(sandwich::vcovCL(fit, cluster = units),
    vcov(fit, type = "CR1", cluster = units[as.integer(sleepstudy$Subject)])
  )
  scores <- sandwich::estfun(fit)
  expect_identical(dimnames(scores), list(levels(sleepstudy$Subject), names(fixef(fit))))
  # rows are not independent
  expect_error(sandwich::vcovHC(fit))
  expect_error(sandwich::vcovCL(fit, cluster = sleepstudy$Subject), "do not match")
})

test_that("lmtest's tests take them", {
  need_peer(c("sandwich", "lmtest"))
  fit <- fit_cached("oats")
  table <- lmtest::coeftest(fit, vcov. = sandwich::sandwich)
  expect_equal(table[, "Std. Error"], sqrt(diag(vcov(fit, type = "CR0"))))
})

test_that("crossed factors have no units", {
  need_peer("sandwich")
  crossed <- lmm(yield ~ 1 + (1 | gen) + (1 | block), durban.splitplot)
  expect_error(sandwich::estfun(crossed), "not nested", class = "henderson_error_argument")
})
