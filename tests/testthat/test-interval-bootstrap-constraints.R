held <- list("sd_(Intercept)|Subject" = 20, "cor_Days.(Intercept)|Subject" = 0.3)

test_that("replicates of a fit with constraints are refits with them to the same responses", {
  expect_refits <- function(fit, tolerance = 1e-5) {
    built_in <- bootstrap(fit, 12, seed = 4)
    by_function <- bootstrap(fit, 12, function(fit) c(fit$criterion, fit_parameters(fit)), seed = 4)
    table <- interval_parameters(fit)
    free <- !is_held(fit, table)
    expect_equal(
      unname(built_in$t[, free]), unname(by_function$t[, c(FALSE, free)]), tolerance = tolerance
    )
    expect_true(all(is.na(built_in$t[, !free])))
    expect_identical(built_in$uncertain, 0L)
    expect_identical(built_in$failures$count, 0L)
    expect_identical(bootstrap(fit, 12, seed = 4, threads = 2)$t, built_in$t)
  }
  slopes <- function(fix = NULL, ...) {
    lmm(Reaction ~ Days + (Days | Subject), sleepstudy,
      control = lmm_control(fix = fix, ...), REML = is.null(fix$sigma)
    )
  }
  expect_refits(slopes(held))
  expect_refits(slopes(list(sigma = 25)))
  expect_refits(slopes(equal = c("sd_(Intercept)|Subject", "sd_Days|Subject")))
  # nothing but the fixed effects is left
  expect_refits(slopes(c(held, list("sd_Days|Subject" = 6, sigma = 25))))
  expect_refits(lmm(yield ~ 1 + (1 | env) + (1 | gen), omer.sorghum,
    control = lmm_control(equal = c("sd_(Intercept)|env", "sd_(Intercept)|gen"))
  ))
  # weights and an offset, in other units
  data <- transform(sleepstudy, y = 1e4 * Reaction, w = rep(c(1, 2), 90), o = 1e4 * Days^2)
  expect_refits(lmm(y ~ Days + offset(o) + (1 | Subject), data,
    weights = w, control = lmm_control(fix = list(sigma = 3e5))
  ))
})

test_that("with all variances held, fixed effects have their normal distribution", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy,
    control = lmm_control(fix = c(held, list("sd_Days|Subject" = 6, sigma = 25)))
  )
  t <- bootstrap(fit, 4000, seed = 3)$t[, 5:6]
  scaled <- t(t(t) - fixef(fit)) %*% solve(chol(as.matrix(vcov(fit))))
  # two tests, each at 1 in 1,000, and a correlation with standard error 0.016
  for (k in 1:2) expect_gt(ks.test(scaled[, k], pnorm)$p.value, 1e-3)
  expect_lt(abs(cor(scaled)[2, 1]), 4 * 0.016)
})

test_that("a replicate leaves the boundary that the fit is at", {
  data <- sleepstudy
  data$Reaction <- 250 + 10 * data$Days + as.integer(data$Subject) * (1 + data$Days / 4) +
    30 * sin(1:180)
  fit <- suppressMessages(lmm(Reaction ~ Days + (Days | Subject), data,
    control = lmm_control(fix = list("sd_Days|Subject" = 1.5))
  ))
  built_in <- bootstrap(fit, 40, seed = 1)
  cor <- built_in$t[, "cor_Days.(Intercept)|Subject"]
  expect_gt(sum(abs(cor) < 0.99, na.rm = TRUE), 2)
  refits <- bootstrap(fit, 40, sigma, seed = 1)
  # of several minima a replicate has that next to the fit's parameters
  close <- abs(built_in$t[, "sigma"] - refits$t[, 1]) < 1e-4 * sigma(fit)
  expect_gte(mean(close), 0.9)
})

test_that("limits of a fit with constraints name what is held", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy, control = lmm_control(fix = held))
  expect_message(
    limits <- confint(fit, method = "boot", nsim = 200, seed = 1, signames = FALSE),
    "What the constraints hold", class = "henderson_message_interval"
  )
  expect_identical(unname(is.na(limits[, 1])), rownames(limits) %in% names(held))
  profiled <- suppressMessages(confint(fit, signames = FALSE))
  free <- setdiff(rownames(limits), names(held))
  # quantiles of 200 replicates and profiles differ by tenths of the width
  width <- profiled[free, 2] - profiled[free, 1]
  expect_lt(max(abs(limits[free, ] - profiled[free, ]) / width), 0.35)
})

test_that("what a bootstrap with constraints does not do is refused by name", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy, control = lmm_control(fix = held))
  for (type in c("residual", "wild", "case")) {
    expect_error(
      bootstrap(fit, 5, type = type), paste0("type \"", type, "\" is not available"),
      class = "henderson_error_unsupported"
    )
  }
  expect_error(
    bootstrap(fit, 5, variances = TRUE), "variances of the replicates",
    class = "henderson_error_unsupported"
  )
  expect_error(
    confint(bootstrap(fit, 200, seed = 1), boot.type = "bca"),
    "constraints", class = "henderson_error_unsupported"
  )
})
