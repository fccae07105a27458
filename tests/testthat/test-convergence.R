# No false alarm: models that have converged say so, without a warning. No false comfort: a fit that
# is not a minimum is refused. The certificate's numbers: test-convergence-certificate.R.

alarms <- function(expr) {
  found <- character(0)
  value <- withCallingHandlers(expr, warning = function(w) {
    found <<- c(found, conditionMessage(w))
    invokeRestart("muffleWarning")
  })
  if (!value$optimization$converged) found <- c(found, "not converged")
  list(value = value, found = found)
}

# list(alarms, evaluations, singular) by model; fits: functions without arguments.
gather <- function(fits) {
  rows <- lapply(fits, function(fit) {
    outcome <- alarms(fit())
    optimization <- outcome$value$optimization
    data.frame(
      alarms = length(outcome$found), evaluations = optimization$evaluations,
      singular = optimization$singular, decrease = optimization$certificate$predicted_decrease,
      curvature = optimization$certificate$smallest_curvature,
      score = optimization$certificate$smallest_score
    )
  })
  do.call(rbind, rows)
}

share_above <- function(x, bound) mean(x > bound)

test_that("the real models raise no alarm, in few evaluations", {
  for (package in c("lme4", "nlme", "MASS", "agridat")) need_peer(package)
  models <- real_models()
  silent <- lmm_control(check_singular = "ignore", check_rank = "ignore")
  rows <- gather(lapply(models, function(model) {
    function() suppressMessages(fit_real_model(model, lmm, control = silent))
  }))
  names <- vapply(models, `[[`, "", "name")
  expect_identical(names[rows$alarms > 0], character(0))
  expect_lte(max(rows$evaluations[!rows$singular]), 8)
  expect_lte(stats::median(rows$evaluations[!rows$singular]), 5)
  expect_lte(max(rows$evaluations[rows$singular]), 25)
  expect_lt(max(rows$decrease), 1e-9)
})

test_that("1,000 simulated models, two thirds of them singular, raise no alarm", {
  only_in_full_tier("long simulation")
  # harder than the real ones: few levels, up to 20 parameters, variances that are zero
  seeds <- 1:1000
  rows <- gather(lapply(seeds, function(seed) {
    function() fit_simulated(simulated_model(seed, rows = c(40, 300)))
  }))
  expect_identical(seeds[rows$alarms > 0], integer(0))
  expect_gt(mean(rows$singular), 0.5)
  expect_lt(max(rows$decrease), 1e-7)
  expect_gt(min(rows$curvature), -1e-6)
  # the median regular model takes 6, the median singular one 8; the targets of 8 and 25 are missed
  # by 6 and 0.7 % of these, which look for a second minimum
  expect_lte(stats::median(rows$evaluations[!rows$singular]), 7)
  expect_lte(share_above(rows$evaluations[!rows$singular], 8), 0.08)
  expect_lte(max(rows$evaluations[!rows$singular]), 25)
  expect_lte(stats::median(rows$evaluations[rows$singular]), 9)
  expect_lte(share_above(rows$evaluations[rows$singular], 25), 0.015)
})

test_that("where two terms compete for a variance the lower of two minima is found", {
  # each of these has another minimum, 0.05 to 4 units of deviance higher, where a search from
  # the identity ends
  for (seed in c(32, 141, 539, 563, 748)) {
    model <- simulated_model(seed, rows = c(40, 300))
    fit <- fit_simulated(model)
    set.seed(seed)
    others <- vapply(1:12, function(i) {
      start <- abs(rnorm(length(fit$theta))) * 10^runif(1, -1, 1)
      fit_simulated(model, start = start)$criterion
    }, 1)
    expect_gt(max(others), fit$criterion + 0.05)
    expect_gt(min(others), fit$criterion - 1e-6)
  }
})

# ---- bad points are refused ---------------------------------------------------------------------

test_that("a search cut short warns, names the budget, and is not converged", {
  # unbalanced: on sleepstudy two evaluations would do
  for (evaluations in 1:2) {
    expect_warning(
      fit <- lmm(weight ~ Time + (Time | Chick), ChickWeight,
        start = c(50, 0, 50), control = lmm_control(max_iterations = evaluations)
      ),
      "max_iterations", class = "henderson_warning_convergence"
    )
    expect_false(fit$optimization$converged)
    expect_identical(fit$optimization$status, "max_evaluations")
    # where it stopped, the certificate sees that there is more to gain
    expect_gt(fit$optimization$certificate$predicted_decrease, 1e-3)
  }
})

test_that("a certificate with any bad number is refused, whatever the core's status", {
  # the bounds: tests/cpp/test-covariance-search.cpp
  good <- list(failed = character(0))
  expect_true(is_certified("converged", good))
  expect_true(is_certified("radius_collapsed", good))
  expect_false(is_certified("max_evaluations", good))
  expect_false(is_certified("undefined", good))
  expect_false(is_certified("converged", list(failed = "smallest_score")))
})

test_that("where optim() stops short of a minimum it has not converged", {
  # zero is stationary in theta, and L-BFGS-B stays there
  formulas <- list(Reaction ~ Days + (Days | Subject), Reaction ~ Days + (1 | Subject))
  for (formula in formulas) {
    start <- if (identical(formula, formulas[[1]])) c(0, 0, 0) else 0
    condition <- expect_warning(
      suppressMessages(
        fit <- lmm(formula, sleepstudy, start = start, control = lmm_control("bfgs"))
      ),
      class = "henderson_warning_convergence"
    )
    expect_match(conditionMessage(condition), "no\\s+minimum, with boundary score -5")
    expect_false(fit$optimization$converged)
    expect_identical(fit$optimization$status, "not_converged")
    expect_identical(fit$optimization$certificate$failed, "smallest_score")
  }
})

test_that("optim()'s minima have the certificate of Newton's", {
  newton <- lmm(weight ~ Time + (Time | Chick), ChickWeight)$optimization$certificate
  for (optimizer in c("bfgs", "nelder_mead")) {
    fit <- lmm(weight ~ Time + (Time | Chick), ChickWeight, control = lmm_control(optimizer))
    certificate <- fit$optimization$certificate
    expect_true(fit$optimization$converged)
    expect_identical(certificate$failed, character(0))
    expect_lt(certificate$predicted_decrease, 1e-6)
    expect_equal(certificate$smallest_curvature, newton$smallest_curvature, tolerance = 1e-3)
  }
})

test_that("a start however bad leads to the minimum", {
  # up to 1e8 residual standard deviations, where derivatives are rounding
  cases <- list(
    list(Reaction ~ Days + (Days | Subject), sleepstudy, 3),
    list(weight ~ Time + (Time | Chick), ChickWeight, 3)
  )
  set.seed(1)
  for (case in cases) {
    best <- lmm(case[[1]], case[[2]])$criterion
    found <- vapply(1:60, function(i) {
      start <- rnorm(case[[3]]) * 10^runif(case[[3]], -8, 8)
      # an error where the criterion itself is not finite: test-bad-input.R
      fit <- tryCatch(lmm(case[[1]], case[[2]], start = start), henderson_error_start = identity)
      if (inherits(fit, "condition")) NA_real_ else fit$criterion
    }, 1)
    expect_gt(sum(!is.na(found)), 30)
    expect_lt(max(found, na.rm = TRUE), best + 1e-6)
  }
})

# fit_cpp() replaced until the end of the caller.
replace_core <- function(value, env = parent.frame()) {
  namespace <- asNamespace("henderson")
  old <- get("fit_cpp", namespace)
  put <- function(value) {
    unlock <- get("unlockBinding", baseenv())
    unlock("fit_cpp", namespace)
    assign("fit_cpp", value, namespace)
    lockBinding("fit_cpp", namespace)
  }
  put(value)
  withr::defer(put(old), envir = env)
}

test_that("a failure of the core reaches the user as a warning that says what to try", {
  real <- fit_cpp
  broken <- function(change) {
    function(...) utils::modifyList(real(...), change)
  }
  certificate <- function(failed, values) {
    own <- c(as.list(stats::setNames(values, failed)), list(failed = failed))
    list(evidence = list(certificate = own))
  }
  cases <- list(
    list(
      certificate("predicted_decrease", 0.4), "lower the criterion by 0.4", "start", "converged"
    ),
    list(
      certificate("smallest_curvature", -0.2), "smallest curvature -0.2", "saddle", "converged"
    ),
    list(certificate("smallest_score", -0.1), "boundary score -0.1", "positive", "converged"),
    list(
      certificate(c("predicted_decrease", "smallest_score"), c(2, -3)),
      "criterion by 2, and .*boundary score -3", "rescaled", "converged"
    ),
    list(
      utils::modifyList(
        certificate("predicted_decrease", 1), list(evidence = list(search = "radius_collapsed"))
      ),
      "no step however short .*, and .* criterion by 1", "bfgs", "radius_collapsed"
    ),
    list(
      list(evidence = list(search = "max_evaluations")), "budget of max_iterations = 1000 is spent",
      "max_iterations = .*start", "max_evaluations"
    )
  )
  for (case in cases) {
    replace_core(broken(case[[1]]))
    condition <- expect_warning(
      fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy),
      class = "henderson_warning_convergence"
    )
    text <- gsub("\\s+", " ", conditionMessage(condition))
    expect_match(text, case[[2]])
    expect_match(text, case[[3]])
    expect_no_match(text, "converging \\(converged\\)")
    expect_identical(condition$observed, case[[4]])
    expect_false(fit$optimization$converged)
    expect_output(print(fit), paste("not converged:.*", case[[2]]), width = 200)
  }
})

test_that("the other optimizers say when their budget is spent", {
  for (optimizer in c("bfgs", "nelder_mead")) {
    data <- sleepstudy
    formula <- Reaction ~ Days + (1 | Subject) + (0 + Days | Subject)
    condition <- expect_warning(
      lmm(formula, data, start = c(50, 50), control = lmm_control(optimizer, max_iterations = 1)),
      class = "henderson_warning_convergence"
    )
    expect_match(conditionMessage(condition), "max_iterations = 1 is spent")
    expect_identical(condition$observed, "not_converged")
  }
})

test_that("an undefined criterion is an error that names the response", {
  real <- fit_cpp
  replace_core(function(...) {
    utils::modifyList(real(...), list(status = "undefined"))
  })
  expect_error(
    lmm(Reaction ~ Days + (Days | Subject), sleepstudy), class = "henderson_error_computation"
  )
})

test_that("one variance a hundred million times the others is no obstacle", {
  # an indicator matrix of such a factor can stand in for the intercept: with both in one inverse
  # the Hessian had no digits left, and the search stopped 2 above the minimum
  for (seed in 1:3) {
    set.seed(seed)
    n <- 60
    data <- data.frame(x = rnorm(n))
    data$y <- rnorm(n)
    for (i in 1:6) {
      group <- factor(rep_len(1:(3 + i), n)[sample(n)])
      data[[paste0("h", i)]] <- group
      data$y <- data$y + (if (i == 1) 1e4 else 0.5) * rnorm(3 + i)[group]
    }
    formula <- reformulate(c("x", paste0("(1 | h", 1:6, ")")), "y")
    outcome <- alarms(suppressMessages(lmm(formula, data)))
    expect_identical(outcome$found, character(0))
    expect_lte(outcome$value$optimization$evaluations, 25)
    bfgs <- suppressWarnings(suppressMessages(
      lmm(formula, data, control = lmm_control(optimizer = "bfgs"), start = outcome$value$theta)
    ))
    # nothing lower nearby
    expect_gt(bfgs$criterion, outcome$value$criterion - 1e-5)
  }
})

test_that("perfectly correlated effects a thousand times the residual converge as others do", {
  for (seed in 1:3) {
    set.seed(seed)
    data <- data.frame(x = rnorm(200), g = factor(rep_len(1:20, 200)))
    data$y <- rnorm(200) + 1000 * rnorm(20)[data$g] * (1 + data$x)
    outcome <- alarms(suppressMessages(lmm(y ~ x + (x | g), data)))
    expect_identical(outcome$found, character(0))
    expect_lte(outcome$value$optimization$evaluations, 25)
  }
})

test_that("a variance that the data say nothing about is named", {
  data <- withr::with_seed(1, {
    data <- expand.grid(i = 1:5, g = factor(1:8), h = factor(1:6))
    data$x <- rnorm(240)
    data$y <- rnorm(8)[data$g] + rnorm(6)[data$h] + rnorm(240)
    data
  })
  note <- tryCatch(lmm(y ~ g + (1 | g) + (1 | h), data), message = identity)
  expect_s3_class(note, "henderson_message_undetermined")
  expect_identical(note$variable, "g.(Intercept)")
  fit <- suppressMessages(lmm(y ~ g + (1 | g) + (1 | h), data))
  without <- lmm(y ~ g + (1 | h), data)
  expect_identical(names(fit$theta)[fit$optimization$certificate$undetermined], "g.(Intercept)")
  expect_equal(fit$theta[["h.(Intercept)"]], without$theta[[1]], tolerance = 1e-7)
  expect_silent(lmm(y ~ x + (1 | g) + (1 | h), data))
  note <- tryCatch(lmm(y ~ g * x + (x | g), data, control = lmm_control(check_singular = "ignore")),
    message = identity
  )
  expect_s3_class(note, "henderson_message_undetermined")
  expect_length(note$variable, 3)
})
