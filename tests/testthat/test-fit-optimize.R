test_that("start is checked for type, length and names", {
  f <- Reaction ~ Days + (Days | Subject)
  for (bad in list(1, "a", c(1, NA, 1), list(beta = 1), list(1, 2, 3), c(1, Inf, 1))) {
    error <- expect_error(lmm(f, sleepstudy, start = bad), class = "henderson_error_start")
    expect_identical(error$variable, "start")
  }
  expect_error(
    lmm(f, sleepstudy, control = lmm_control(optimizer = "none")),
    class = "henderson_error_start"
  )
})

test_that("a start with names is matched by them", {
  none <- lmm_control(optimizer = "none")
  f <- Reaction ~ Days + (Days | Subject)
  theta <- c("Subject.(Intercept)" = 2, "Subject.Days.(Intercept)" = 3, Subject.Days = 1)
  expected <- lmm(f, sleepstudy, start = unname(theta), control = none)
  for (start in list(theta, theta[c(3, 1, 2)], list(theta = theta[3:1]))) {
    fit <- lmm(f, sleepstudy, start = start, control = none)
    expect_identical(fit$theta, expected$theta)
    expect_identical(fit$criterion, expected$criterion)
  }
  for (wrong in list(
    stats::setNames(theta, c("a", "b", "c")), stats::setNames(theta, names(theta)[c(1, 1, 3)]),
    stats::setNames(theta, c("", names(theta)[-1]))
  )) {
    condition <- tryCatch(lmm(f, sleepstudy, start = wrong), error = identity)
    expect_s3_class(condition, "henderson_error_start")
    expect_identical(condition$observed, names(wrong))
    expect_match(conditionMessage(condition), "Subject.Days.(Intercept)", fixed = TRUE)
  }
  # names that two terms have in common stand for their position
  twice <- lmm(Reaction ~ Days + (Days | Subject) + (1 | Subject), sleepstudy,
    start = c(1, 0, 0.2, 0.3), control = lmm_control(optimizer = "none", check_singular = "ignore")
  )
  expect_identical(anyDuplicated(names(twice$theta)) > 0L, TRUE)
  same <- update(twice, start = twice$theta)
  expect_identical(same$theta, twice$theta)
  expect_error(update(twice, start = twice$theta[4:1]), class = "henderson_error_start")
})

test_that("all optimizers find the optimum of sleepstudy", {
  best <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  for (name in c("bfgs", "nelder_mead")) {
    fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy, control = lmm_control(name))
    # both stop on changes of the criterion near rounding: 1e-15 of 1744
    expect_equal(fit$criterion, best$criterion, tolerance = 1e-10)
    expect_equal(fit$theta, best$theta, tolerance = 1e-4)
    expect_true(fit$optimization$converged)
    expect_identical(fit$optimization$optimizer, name)
  }
})

test_that("optimizer = 'none' evaluates at start and reports it unchanged", {
  theta <- c(1, 0.1, 0.3)
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy,
    start = theta, control = lmm_control(optimizer = "none")
  )
  expect_equal(unname(fit$theta), theta)
  expect_equal(fit$optimization$evaluations, 1L)
  same <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy,
    start = list(theta = theta), control = lmm_control(optimizer = "none")
  )
  expect_equal(same$criterion, fit$criterion)
})

test_that("an optimizer out of budget warns and says what to do", {
  expect_warning(
    lmm(Reaction ~ Days + (Days | Subject), sleepstudy, control = lmm_control(max_iterations = 2)),
    "max_iterations", class = "henderson_warning_convergence"
  )
})

test_that("verbose prints the optimizer's steps", {
  expect_output(
    lmm(Reaction ~ Days + (Days | Subject), sleepstudy, verbose = 1),
    "criterion 1743.628272 .*predicted decrease"
  )
})

test_that("what is prepared serves any number of fits, with one shape of answer, until released", {
  fit <- fit_cached("sleepstudy")
  core <- core_design(fit_design_again(fit), fit$X)
  prepared <- prepare_cpp(core, NULL)
  expect_gt(prepared$rank_pivot, 0.1)
  options <- list(
    REML = TRUE, optimize = TRUE, start = NULL, max_iterations = 100L, tolerance = 1e-12
  )
  answer <- fit_cpp(prepared$pointer, options)
  names <- c("status", "point", "random", "fitted", "evidence", "curvature")
  expect_named(answer, names)
  expect_identical(answer$status, "fitted")
  expect_identical(answer$point$theta, unname(fit$theta))
  expect_identical(answer$fitted, fit$fitted)
  ml <- fit_cpp(prepared$pointer, replace(options, "REML", FALSE))
  expect_identical(ml$point$criterion, fit_cached("sleepstudy_ml")$criterion)
  expect_identical(fit_cpp(prepared$pointer, options), answer)
  # a response that is all zero has no residual variance
  undefined <- fit_cpp(prepare_cpp(replace(core, "y", list(0 * core$y)), NULL)$pointer, options)
  expect_named(undefined, names)
  expect_identical(undefined$status, "undefined")
  # cross-products alone have no rows to give fitted values for
  alone <- fit_cpp(prepare_cpp(NULL, cross_products_cpp(prepared$pointer, Inf))$pointer, options)
  expect_named(alone, names)
  expect_identical(alone$fitted, numeric())
  expect_equal(alone$point$criterion, fit$criterion, tolerance = 1e-11)
  expect_null(cross_products_cpp(prepared$pointer, 1))
  release_cpp(prepared$pointer)
  gone <- list(
    quote(fit_cpp(prepared$pointer, options)), quote(release_cpp(prepared$pointer)),
    quote(cross_products_cpp(prepared$pointer, Inf)),
    quote(deviance_evaluator_cpp(prepared$pointer, TRUE))
  )
  for (call in gone) expect_error(eval(call), "internal: what was prepared is gone")
  for (other in list(NULL, 1, methods::new("externalptr"))) {
    expect_error(fit_cpp(other, options), "internal: nothing prepared")
  }
  expect_error(prepare_cpp(NULL, NULL), "internal: neither rows nor cross-products")
})

test_that("optim() searches in units of the columns", {
  set.seed(31)
  h <- factor(sample(15, 300, TRUE))
  x <- rnorm(300, 3)
  y <- 1 + x + rnorm(15)[h] + rnorm(15, 0, 0.6)[h] * (x - mean(x)) + rnorm(300)
  right <- lmm(y ~ x + (x | h))$criterion
  for (unit in c(1e7, 1e-7)) {
    far <- unit * x
    # the restricted likelihood has the units of the slope
    moved <- right + 2 * log(unit)
    for (optimizer in c("bfgs", "nelder_mead")) {
      fit <- lmm(y ~ far + (far | h), control = lmm_control(optimizer = optimizer))
      expect_equal(fit$criterion, moved, tolerance = 1e-8)
      expect_true(fit$optimization$converged)
    }
    table <- all_optimizers(lmm(y ~ far + (far | h)))
    expect_lt(max(table$above_best), 1e-5)
  }
})

test_that("a point beside which there is no criterion is no minimum, and no crash", {
  set.seed(31)
  h <- factor(sample(15, 300, TRUE))
  x <- rnorm(300, 3)
  y <- 1 + x + rnorm(15)[h] + rnorm(300)
  x <- 1e7 * x
  # far out, where optim() of the raw units once ended
  for (start in list(c(1, 1, 1), c(1, 1e7, 0), c(1e9, 1, 1e-9))) {
    given <- lmm_control(optimizer = "nelder_mead", max_iterations = 1L)
    outcome <- tryCatch(
      suppressWarnings(lmm(y ~ x + (x | h), start = start, control = given)),
      henderson_error = function(e) "refused"
    )
    expect_true(identical(outcome, "refused") || inherits(outcome, "henderson_lmm"))
  }
})

test_that("a fit at given parameters does not claim to have converged", {
  for (start in list(c(1, 0, 1), lmm(Reaction ~ Days + (Days | Subject), sleepstudy)$theta)) {
    fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy,
      start = start, control = lmm_control("none")
    )
    expect_identical(fit$optimization$converged, NA)
    expect_identical(fit$optimization$status, "evaluated")
    # neither a warning nor a note: the user asked for it, and the summary says so
    expect_no_match(capture.output(print(fit)), "converged")
    text <- paste(capture.output(print(summary(fit))), collapse = " ")
    expect_match(text, "no minimum was searched for")
  }
  expect_true(lmm(Reaction ~ Days + (1 | Subject), sleepstudy)$optimization$converged)
})

test_that("as_lmm() does not take lme4's word for a minimum", {
  need_peer("lme4")
  stopped <- suppressWarnings(lme4::lmer(Reaction ~ Days + (Days | Subject), sleepstudy,
    control = lme4::lmerControl(optimizer = "bobyqa", optCtrl = list(maxfun = 20))
  ))
  fit <- as_lmm(stopped)
  expect_identical(fit$optimization$converged, NA)
  # its own search goes on to the minimum
  expect_gt(fit$criterion, as_lmm(stopped, "newton")$criterion + 0.1)
})
