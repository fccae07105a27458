# -2 log L, restricted or not, of a covariance matrix V, with the generalized least-squares estimate
# of the fixed effects: formed in full.
dense_minus_two_log <- function(V, y, X, REML) {
  root <- tryCatch(chol(V), error = function(e) NULL)
  if (is.null(root)) return(1e10) # far out
  half_x <- backsolve(root, X, transpose = TRUE)
  half_y <- backsolve(root, y, transpose = TRUE)
  fit <- qr(half_x)
  degrees <- length(y) - if (REML) ncol(X) else 0
  value <- degrees * log(2 * pi) + 2 * sum(log(diag(root))) + sum(qr.resid(fit, half_y)^2)
  if (REML && ncol(X) > 0) value <- value + 2 * sum(log(abs(diag(qr.R(fit)))))
  value
}

# The smallest of it over the free ones of (log sds, atanh correlation, log sigma) from the fit's.
dense_minimum <- function(criterion, from, held = integer(0), at = NULL) {
  free <- setdiff(seq_along(from), held)
  value_of <- function(x) {
    all <- from
    all[held] <- at
    all[free] <- x
    criterion(all)
  }
  best <- Inf
  for (scale in c(1, 0.5)) {
    x <- from[free] * scale
    for (k in 1:3) {
      found <- if (length(x) > 1) {
        stats::optim(x, value_of, method = "BFGS", control = list(reltol = 1e-14, maxit = 500))
      } else {
        stats::optim(x, value_of, method = "Brent", lower = x - 8, upper = x + 8)
      }
      x <- found$par
    }
    best <- min(best, found$value)
  }
  best
}

# Of sleepstudy, whose 18 subjects have the same ten days and so the same block of V, V1: in
# cross-products of columns whitened subject by subject. `dense_minus_two_log()` forms the whole.
sleep_criterion <- function(REML, X = cbind(1, sleepstudy$Days), y = sleepstudy$Reaction) {
  Z1 <- cbind(1, 0:9)
  function(x) {
    sd <- exp(x[c(1, 3)])
    r <- tanh(x[2])
    gamma <- diag(sd) %*% matrix(c(1, r, r, 1), 2) %*% diag(sd)
    root <- tryCatch(
      chol(Z1 %*% gamma %*% t(Z1) + exp(2 * x[4]) * diag(10)), error = function(e) NULL
    )
    if (is.null(root)) return(1e10) # far out
    whiten <- function(v) as.vector(backsolve(root, matrix(v, 10), transpose = TRUE))
    fit <- qr(apply(X, 2, whiten))
    degrees <- 180 - if (REML) ncol(X) else 0
    value <- degrees * log(2 * pi) + 36 * sum(log(diag(root))) + sum(qr.resid(fit, whiten(y))^2)
    if (REML && ncol(X) > 0) value <- value + 2 * sum(log(abs(diag(qr.R(fit)))))
    value
  }
}

test_that("the criterion by subjects is the dense one", {
  expect_identical(sleepstudy$Days, rep(as.double(0:9), 18))
  Z <- stats::model.matrix(~ 0 + Subject + Subject:Days, sleepstudy)
  X <- cbind(1, sleepstudy$Days)
  V <- Z %*% kronecker(matrix(c(600, 40, 40, 30), 2), diag(18)) %*% t(Z) + 700 * diag(180)
  x <- c(log(600) / 2, atanh(40 / sqrt(18000)), log(30) / 2, log(700) / 2)
  for (REML in c(TRUE, FALSE)) {
    expect_equal(
      sleep_criterion(REML)(x), dense_minus_two_log(V, sleepstudy$Reaction, X, REML),
      tolerance = 1e-12
    )
  }
})

on_scale <- function(limit, row) switch(row, log(limit), atanh(limit), log(limit), log(limit))

test_that("at profile limits the dense criterion is higher by the chi-squared quantile", {
  only_in_full_tier("many optimizations")
  for (REML in c(TRUE, FALSE)) {
    fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy, REML = REML)
    criterion <- sleep_criterion(REML)
    estimates <- variance_components(fit)$estimate[c(1, 3, 2, 4)]
    from <- vapply(1:4, function(row) on_scale(estimates[row], row), 0)
    lowest <- dense_minimum(criterion, from)
    expect_equal(lowest, fit$criterion, tolerance = 1e-9)
    limits <- confint(fit, "theta_", level = 0.9)
    for (row in 1:4) {
      for (side in 1:2) {
        rise <- dense_minimum(criterion, from, row, on_scale(limits[row, side], row)) - lowest
        # optim() leaves 1e-6 of the criterion
        expect_equal(rise, qchisq(0.9, 1), tolerance = 1e-5)
      }
    }
    # the fixed effects: of the model in which one is known
    limits <- confint(fit, "beta_", level = 0.9)
    X <- cbind(1, sleepstudy$Days)
    for (j in 1:2) {
      known <- function(value) {
        y <- sleepstudy$Reaction - value * X[, j]
        dense_minimum(sleep_criterion(REML, X[, -j, drop = FALSE], y), from)
      }
      lowest <- known(fixef(fit)[[j]])
      expect_equal(known(limits[j, 1]) - lowest, qchisq(0.9, 1), tolerance = 1e-5)
      expect_equal(known(limits[j, 2]) - lowest, qchisq(0.9, 1), tolerance = 1e-5)
    }
  }
})

test_that("the interval of one balanced variance is that of its closed-form profile", {
  # one-way: -2 log L = J (k - 1) log s2 + SSW / s2 + J log(s2 + k t2) + SSB / (s2 + k t2) + c
  J <- 12
  k <- 5
  set.seed(3)
  data <- data.frame(g = gl(J, k))
  data$y <- rnorm(J)[data$g] * 1.5 + rnorm(J * k)
  means <- tapply(data$y, data$g, mean)
  within <- sum((data$y - means[data$g])^2)
  between <- k * sum((means - mean(means))^2)
  for (REML in c(TRUE, FALSE)) {
    groups <- if (REML) J - 1 else J
    criterion <- function(s2, t2) {
      J * (k - 1) * log(s2) + within / s2 + groups * log(s2 + k * t2) + between / (s2 + k * t2)
    }
    over_s2 <- function(t2) stats::optimize(criterion, c(0.1, 5), t2 = t2, tol = 1e-12)$objective
    over_t2 <- function(s2) {
      stats::optimize(function(t2) criterion(s2, t2), c(0, 50), tol = 1e-12)$objective
    }
    s2 <- within / (J * (k - 1))
    t2 <- (between / groups - s2) / k
    at <- function(f, range) {
      rise <- function(v) f(v^2) - criterion(s2, t2) - qchisq(0.95, 1)
      stats::uniroot(rise, range, tol = 1e-12)$root
    }
    limits <- confint(lmm(y ~ 1 + (1 | g), data, REML = REML), "theta_")
    expect_equal(limits[[1, 1]], at(over_s2, c(0.01, sqrt(t2))), tolerance = 1e-7)
    expect_equal(limits[[1, 2]], at(over_s2, c(sqrt(t2), 10)), tolerance = 1e-7)
    expect_equal(limits[[2, 1]], at(over_t2, c(0.4, sqrt(s2))), tolerance = 1e-7)
    expect_equal(limits[[2, 2]], at(over_t2, c(sqrt(s2), 2)), tolerance = 1e-7)
  }
})

test_that("limits of a standard deviation may be zero, and of a correlation one", {
  # estimated as zero: only an upper limit is a point of the criterion
  set.seed(1)
  data <- data.frame(g = gl(6, 5), y = rnorm(30), x = rnorm(30))
  fit <- suppressMessages(lmm(y ~ 1 + (1 | g), data, REML = FALSE))
  expect_equal(sigma(fit)^2, mean((data$y - mean(data$y))^2), tolerance = 1e-12)
  limits <- confint(fit)
  expect_identical(limits[[".sig01", 1]], 0)
  expect_gt(limits[[".sig01", 2]], 0)
  # the profile of sigma where the other is zero all along, in closed form
  over <- function(s) 30 * log(s^2) + sum((data$y - mean(data$y))^2) / s^2
  rise <- over(limits[[".sigma", 2]]) - over(sigma(fit))
  expect_equal(rise, qchisq(0.95, 1), tolerance = 1e-6)
  # a correlation of one
  slopes <- suppressMessages(lmm(y ~ x + (x | g), data))
  limits <- suppressMessages(confint(slopes, ".sig02"))
  expect_true(all(abs(limits) <= 1))
})

test_that("intervals follow the units of response and covariate", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  limits <- confint(fit)
  scaled <- transform(sleepstudy, Reaction = 1e4 * Reaction, Days = Days / 1e3)
  other <- confint(lmm(Reaction ~ Days + (Days | Subject), scaled))
  unit <- 1e4 * c(1, 1e-4, 1e3, 1, 1, 1e3)
  expect_equal(other / unit, limits, tolerance = 1e-6)
  # the slope's parameters do not depend on where the covariate has its zero
  moved <- transform(sleepstudy, Days = Days + 1900)
  far <- confint(lmm(Reaction ~ Days + (Days | Subject), moved), c(".sig03", ".sigma", "Days"))
  expect_equal(far, limits[c(3, 4, 6), ], tolerance = 1e-6)
})

test_that("Wald intervals are those of contrast_test() and variance_components()", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  limits <- confint(fit, method = "Wald", level = 0.9, signames = FALSE)
  tests <- contrast_test(fit, level = 0.9)
  expect_equal(unname(limits[5:6, 1]), tests$lower)
  components <- variance_components(fit, level = 0.9)
  expect_equal(unname(limits[1:4, 2]), components$upper[c(1, 3, 2, 4)])
  expect_identical(rownames(limits)[2], "cor_Days.(Intercept)|Subject")
  expect_identical(colnames(limits), c("5 %", "95 %"))
  expect_identical(rownames(confint(fit, c(6, 1), method = "Wald")), c("Days", ".sig01"))
})

test_that("structured covariances have profile intervals", {
  data <- transform(sleepstudy, day = factor(Days))
  fit <- lmm(Reaction ~ Days + ar1(0 + day | Subject), data, REML = FALSE)
  limits <- confint(fit, signames = FALSE)
  # at a limit of the correlation the criterion of the fit with that correlation held
  held <- limits["cor_rho|Subject", 1]
  evaluate <- deviance_function(fit)
  least <- stats::optimize(function(sd) evaluate(c(sd, held)), c(0.2, 5), tol = 1e-9)$objective
  expect_equal(as.numeric(least) - fit$criterion, qchisq(0.95, 1), tolerance = 1e-6)
})

test_that("what the data do not determine has no interval, and a message says so", {
  data <- transform(sleepstudy, again = Subject)
  fit <- suppressMessages(lmm(Reaction ~ Days + (1 | Subject) + (1 | again), data))
  expect_message(limits <- confint(fit), class = "henderson_message_undetermined")
  expect_true(all(is.na(limits[1:2, ])))
  alone <- confint(lmm(Reaction ~ Days + (1 | Subject), data))
  expect_equal(limits[3:5, ], alone[2:4, ], tolerance = 1e-6)
})

test_that("arguments are checked", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  expect_error(confint(fit, level = 95), class = "henderson_error_argument")
  expect_error(confint(fit, method = "wald"), class = "henderson_error_argument")
})

test_that("profile intervals are lme4's on at least 30 real models", {
  need_peer(c("lme4", "nlme"))
  chosen <- Filter(function(model) is_quick_profile(model), real_models())
  results <- vapply(chosen, profile_difference, 0)
  names(results) <- vapply(chosen, `[[`, "", "name")
  known <- results[!is.na(results)]
  expect_gte(length(known), 30L)
  # where lme4 warned of nothing; its limits of a standard deviation near zero are those of a spline
  # there: at ours the criterion is higher by the quantile (see the test after this one)
  near_zero <- c("attenu", "jayaraman.bamboo")
  expect_lt(max(known[!names(known) %in% near_zero]), 0.005)
})

test_that("where lme4's limits differ, the criterion is higher by the quantile at ours", {
  need_peer("lme4")
  model <- Filter(function(model) model$name == "attenu", real_models())[[1]]
  model$REML <- FALSE
  fit <- fit_real_model(model, quote(lmm))
  peer <- fit_real_model(model, quote(lme4::lmer))
  limit <- confint(fit, ".sig02")[[1]]
  # lme4's own deviance at ours, the other parameters optimized over
  deviance <- lme4::devfun2(peer)
  start <- attr(deviance, "optimum")[1:3]
  least <- stats::optim(start[c(1, 3)], function(x) deviance(c(abs(x[1]), limit, x[2])),
    control = list(reltol = 1e-14, parscale = c(0.05, 0.5))
  )$value
  expect_equal(least - attr(deviance, "basedev"), qchisq(0.95, 1), tolerance = 1e-4)
})

test_that("arguments that the method or the parameters do not use are refused", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  refused <- function(message, ...) {
    expect_error(confint(fit, ...), message, class = "henderson_error_argument")
  }
  refused("nsim.*boot.type.*boot", "Days", method = "Wald", boot.type = "nonsense", nsim = 10)
  refused("seed.*boot", "Days", seed = 1)
  refused("vcov.*for fixed effects", "theta_", method = "Wald", vcov = "CR2")
  refused("for fixed effects", ".sigma", method = "Wald", cluster = "Subject")
  # with fixed effects among them
  limits <- confint(fit, c(".sigma", "Days"), method = "Wald", vcov = "CR2")
  expect_identical(limits[2, ], confint(fit, "Days", method = "Wald", vcov = "CR2")[1, ])
})
