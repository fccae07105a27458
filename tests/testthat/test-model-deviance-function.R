test_that("deviance_function() gives the criterion and its exact gradient", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  d <- deviance_function(fit)
  expect_equal(as.numeric(d(fit$theta)), fit$criterion)
  ml <- deviance_function(fit, REML = FALSE)
  expect_equal(ml(refit_ml(fit)$theta, gradient = FALSE), deviance(refit_ml(fit)))
  theta <- c(0.8, -0.1, 0.3)
  numeric <- vapply(1:3, function(i) {
    h <- replace(numeric(3), i, 1e-5)
    (d(theta + h, FALSE) - d(theta - h, FALSE)) / 2e-5
  }, 1)
  expect_equal(attr(d(theta), "gradient"), numeric, tolerance = 1e-7)
  expect_error(d(1), class = "henderson_error_argument")
})

test_that("one evaluator serves many points, also from a file", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  moments <- cross_products_of(fit)
  d <- deviance_function(fit)
  file <- withr::local_tempfile()
  for (theta in list(fit$theta, c(0, 0, 0), c(2, -1, 0.5), fit$theta)) {
    once <- evaluate_deviance_cpp(moments, theta, TRUE, TRUE)
    expect_identical(d(theta, gradient = FALSE), once$value)
    expect_identical(attr(d(theta), "gradient"), once$gradient)
    saveRDS(d, file)
    expect_identical(readRDS(file)(theta), d(theta))
  }
})

test_that("where squares of theta overflow the criterion is infinite, not a zero variance's", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  d <- deviance_function(fit)
  for (large in c(1e100, 1e155, 1e200, 1e308)) {
    expect_identical(d(c(1, large, 1), gradient = FALSE), Inf)
    expect_identical(d(c(1, 0, -large), gradient = FALSE), Inf)
  }
  expect_error(
    lmm(Reaction ~ Days + (Days | Subject), sleepstudy,
      start = c(1, 1e200, 1), control = lmm_control(optimizer = "none")
    ), "not finite at `start`",
    class = "henderson_error"
  )
})
