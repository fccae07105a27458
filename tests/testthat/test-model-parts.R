test_that("matrices that are not kept are built again from the frame as they were", {
  data <- transform(sleepstudy, twice = 2 * Days, half = factor(Days > 4))
  fit <- suppressMessages(lmm(Reaction ~ Days + twice + half + (half | Subject), data,
    contrasts = list(half = "contr.sum"), control = lmm_control(keep = c("frame", "X"))
  ))
  bare <- fit
  bare$X <- NULL
  expect_identical(colnames(fixed_matrix(bare)), c("(Intercept)", "Days", "half1"))
  expect_equal(fixed_matrix(bare), fixed_matrix(fit))
  expect_identical(fit_contrasts(bare), list(half = "contr.sum"))
  terms <- fit_random_terms(bare)
  expect_equal(terms[[1]]$z[, "half1"], ifelse(data$Days > 4, -1, 1), ignore_attr = TRUE)
  expect_identical(terms[[1]]$level, as.integer(data$Subject))
  random <- as.vector(random_effects_matrix(bare) %*% unlist(fit$b))
  expect_equal(unname(fitted(fit)), as.vector(fixed_matrix(bare) %*% fixef(fit)) + random)
})

test_that("a fit without its frame says so where the frame is needed", {
  bare <- lmm_control(keep = character(0))
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy, control = bare)
  error <- expect_error(model_frame_of(fit), "does not hold its model frame",
    class = "henderson_error_data"
  )
  expect_identical(error$variable, "frame")
  expect_identical(model_response(fit), sleepstudy$Reaction)
})

test_that("a refit repeats no check of the first fit but those that are asked for", {
  control <- unchecked(lmm_control(check_singular = "warning"), except = "check_singular")
  checks <- control[grep("^check_", names(control))]
  expect_identical(checks$check_singular, "warning")
  expect_setequal(unlist(checks[names(checks) != "check_singular"]), "ignore")
})

test_that("a matrix of contrasts that is the factor's own is not given a second time", {
  data <- transform(sleepstudy, half = factor(Days > 4))
  fit <- lmm(Reaction ~ half + (1 | Subject), data, contrasts = list(half = "contr.sum"))
  expect_identical(own_contrasts(fit, fit$parsed, fit$frame), list(half = "contr.sum"))
  other <- lmm(Reaction ~ 1 + (1 | Subject), data)
  expect_length(own_contrasts(fit, other$parsed, other$frame), 0)
  stats::contrasts(data$half) <- matrix(c(-2, 2), 2)
  fit <- lmm(Reaction ~ half + (1 | Subject), data)
  expect_length(own_contrasts(fit, fit$parsed, fit$frame), 0)
})
