test_that("profiles hold their points, slopes and names", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy, REML = FALSE)
  profiles <- profile(fit)
  expect_s3_class(profiles, "henderson_profile")
  table <- as.data.frame(profiles)
  expect_identical(
    names(table),
    c(".zeta", ".sig01", ".sig02", ".sig03", ".sigma", "(Intercept)", "Days", ".par")
  )
  for (name in names(profiles$estimate)) {
    own <- table[table$.par == name, ]
    expect_true(all(diff(own[[name]]) > 0))
    expect_true(all(diff(own$.zeta) > 0))
    expect_lt(max(diff(own$.zeta)), 0.5)
    expect_gte(min(max(own$.zeta), -min(own$.zeta)), qnorm(0.995))
    expect_identical(own[[name]][own$.zeta == 0], profiles$estimate[[name]])
  }
})

test_that("other parameters at a point are those of the fit with that one held", {
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy, REML = FALSE)
  table <- as.data.frame(profile(fit, "Days"))
  row <- table[3, ]
  held <- lmm(I(Reaction - row$Days * Days) ~ 1 + (1 | Subject), sleepstudy, REML = FALSE)
  expect_equal(row$.zeta, -sqrt(held$criterion - fit$criterion), tolerance = 1e-7)
  expect_equal(row$`(Intercept)`, fixef(held)[[1]], tolerance = 1e-6)
  expect_equal(row$.sigma, sigma(held), tolerance = 1e-6)
  expect_equal(row$.sig01, attr(VarCorr(held)$Subject, "stddev")[[1]], tolerance = 1e-5)
})

test_that("limits of profiles are those that are searched for", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  profiles <- profile(fit)
  for (level in c(0.5, 0.95, 0.99)) {
    width <- apply(confint(fit, level = level), 1, diff)
    # between points of 0.3 of zeta: cubic, with exact slopes
    difference <- abs(confint(profiles, level = level) - confint(fit, level = level))
    expect_lt(max(difference / width), 1e-5)
  }
  expect_identical(
    rownames(confint(profiles, c(".sigma", "Days"))), c(".sigma", "Days")
  )
  expect_error(confint(profiles, level = 0.999), "do not reach", class = "henderson_error_argument")
  far <- profile(fit, ".sigma", alphamax = 1e-4)
  expect_equal(
    confint(far, level = 0.999), confint(fit, ".sigma", level = 0.999), tolerance = 1e-5
  )
})

test_that("predict() gives zeta between the points and NA beyond them", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy, REML = FALSE)
  profiles <- profile(fit, signames = FALSE)
  at <- c(24, sigma(fit), 27.5)
  held <- vapply(at, function(s) {
    # -2 log L with sigma held, over theta
    covariance <- profile_cpp(
      unclass(cross_products_of(fit)), fit$theta, FALSE,
      list(list(kind = "sigma", theta = 0L, row = 0L, column = 0L)), 0, 3, 0.01, NA, NULL
    )[[1]]
    stats::spline(covariance$parameter, covariance$value, xout = s)$y
  }, 0)
  expected <- c(-1, 0, 1) * sqrt(pmax(held - fit$criterion, 0))
  expect_equal(predict(profiles, "sigma", at), expected, tolerance = 1e-4)
  expect_identical(predict(profiles, "sigma", 200), NA_real_)
  expect_error(predict(profiles, c("sigma", "Days"), 1), class = "henderson_error_argument")
  expect_error(predict(profiles, newdata = 1), class = "henderson_error_argument")
})

test_that("printing shows estimates and limits", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy, REML = FALSE)
  lines <- capture.output(print(profile(fit, "theta_", signames = FALSE)))
  expect_match(lines[1], "Profiles of the likelihood", fixed = TRUE)
  expect_match(lines[3], "sd_(Intercept)|Subject", fixed = TRUE)
  expect_match(lines[3], "14.38", fixed = TRUE)
  expect_match(
    capture.output(print(profile(lmm(Reaction ~ Days + (1 | Subject), sleepstudy), 1)))[1],
    "restricted likelihood", fixed = TRUE
  )
})

test_that("arguments are checked", {
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy)
  expect_error(profile(fit, alphamax = 2), class = "henderson_error_argument")
  expect_error(profile(fit, "nothing"), class = "henderson_error_argument")
  expect_error(profile(fit, level = 0.9), class = "henderson_error_argument")
})

test_that("profiles and limits from a point that is no minimum warn, REML as ML", {
  at <- function(start, REML) {
    lmm(Reaction ~ Days + (Days | Subject), sleepstudy,
      REML = REML, start = start, control = lmm_control(optimizer = "none")
    )
  }
  for (REML in c(TRUE, FALSE)) {
    far <- at(c(0.1, 0, 0.1), REML)
    expect_warning(
      confint(far), "no minimum.*optimizer = \"none\"", class = "henderson_warning_convergence"
    )
    expect_warning(
      profile(far, ".sigma"), "no minimum", class = "henderson_warning_convergence"
    )
    # zero, where the derivative by theta is zero too
    expect_warning(
      confint(at(c(0, 0, 0), REML), ".sigma"), "no minimum", class = "henderson_warning_convergence"
    )
    found <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy, REML = REML)
    expect_equal(
      expect_no_warning(confint(at(found$theta, REML))), confint(found), tolerance = 1e-6
    )
  }
  stopped <- suppressWarnings(lmm(Reaction ~ Days + (Days | Subject), sleepstudy,
    control = lmm_control(max_iterations = 1)
  ))
  expect_warning(confint(stopped, ".sigma"), "did not converge",
    class = "henderson_warning_convergence"
  )
  # a minimum at zero is one
  grouped <- data.frame(y = c(1, 3, 2, 4, 1, 4, 2, 3), g = gl(4, 2))
  zero <- lmm(y ~ 1 + (1 | g), grouped, start = 0, control = lmm_control(optimizer = "none"))
  expect_identical(lmm(y ~ 1 + (1 | g), grouped)$theta[[1]], 0)
  expect_no_warning(confint(zero, ".sigma"))
})

test_that("a parameter that is given twice has its limits twice, and one profile", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  limits <- confint(fit, c("Days", ".sigma", "Days"))
  expect_identical(rownames(limits), c("Days", ".sigma", "Days"))
  expect_identical(limits[3, ], confint(fit, "Days")[1, ])
  twice <- profile(fit, c("Days", "Days"))
  expect_identical(twice, profile(fit, "Days"))
  expect_output(print(twice), "Days")
})

test_that("an unusable level of profiles is named as it was given", {
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy)
  expect_error(profile(fit, alphamax = 0), "alphamax.*such as 0.01, not 0",
    class = "henderson_error_argument"
  )
})

# Given a parameter the criterion of few_groups() has several minima at some seeds, of which the one
# that is followed from the fit is not the lowest at a limit.
test_that("limits are where the lowest of several minima has risen", {
  # Limit by lme4's criterion of (theta, sigma), minimized from 25 random starts by nlminb() at each
  # value of the parameter, and uniroot(). Along the nearest minimum it is 0.8263.
  fit <- suppressMessages(lmm(y ~ x + (x | g), few_groups(6), REML = FALSE))
  expect_equal(suppressMessages(confint(fit, ".sig01"))[[2]], 0.896528639, tolerance = 1e-6)
  profiles <- suppressMessages(profile(fit, ".sig01"))
  expect_equal(suppressMessages(confint(profiles))[[2]], 0.896528639, tolerance = 1e-3)
  points <- as.data.frame(profiles)
  expect_true(all(diff(points$.sig01) > 0))
  expect_true(all(diff(points$.zeta) >= 0))
  # of the two the correlation is one beyond 0.6, which the profile passes
  expect_gt(min(points$.sig02[points$.sig01 > 0.7]), 0.99)
})

# -2 log L of a covariance matrix V, formed in full.
dense_criterion <- function(V, y, X) {
  root <- chol(V)
  half <- backsolve(root, cbind(X, y), transpose = TRUE)
  rss <- sum(qr.resid(qr(half[, -ncol(half)]), half[, ncol(half)])^2)
  length(y) * log(2 * pi) + 2 * sum(log(diag(root))) + rss
}

test_that("parameters of fits with constraints have profiles within them", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy,
    REML = FALSE,
    control = lmm_control(fix = list(sigma = 25, "cor_Days.(Intercept)|Subject" = 0.2))
  )
  expect_message(
    limits <- confint(fit, signames = FALSE), "no profile.*held",
    class = "henderson_message_interval"
  )
  expect_identical(unname(is.na(limits[, 1])), c(FALSE, TRUE, FALSE, TRUE, FALSE, FALSE))
  # the dense criterion, minimized over what is left
  Z <- stats::model.matrix(~ 0 + Subject + Subject:Days, sleepstudy)
  X <- cbind(1, sleepstudy$Days)
  criterion <- function(s1, s2, X, y) {
    gamma <- matrix(c(s1^2, 0.2 * s1 * s2, 0.2 * s1 * s2, s2^2), 2)
    dense_criterion(Z %*% kronecker(gamma, diag(18)) %*% t(Z) + 625 * diag(180), y, X)
  }
  for (limit in limits[1, ]) {
    over <- function(s2) criterion(limit, s2, X, sleepstudy$Reaction)
    lowest <- stats::optimize(over, c(1, 20), tol = 1e-6)$objective
    expect_equal(lowest - fit$criterion, qchisq(0.95, 1), tolerance = 1e-6)
  }
  known <- sleepstudy$Reaction - limits["Days", 2] * sleepstudy$Days
  over <- function(s) criterion(s[1], s[2], X[, 1, drop = FALSE], known)
  lowest <- stats::optim(c(24, 6), over, control = list(reltol = 1e-12))$value
  expect_equal(lowest - fit$criterion, qchisq(0.95, 1), tolerance = 1e-6)
  held <- update(fit, control = lmm_control(
    fix = list(sigma = 25, "cor_Days.(Intercept)|Subject" = 0.2,
               "sd_Days|Subject" = limits[[3, 1]])
  ))
  expect_equal(held$criterion - fit$criterion, qchisq(0.95, 1), tolerance = 1e-7)
  points <- as.data.frame(suppressMessages(profile(fit, "Days")))
  expect_true(all(abs(points$.sigma - 25) < 1e-9))
  expect_equal(points$.sig02, rep(0.2, nrow(points)), tolerance = 1e-9)
})

test_that("equal standard deviations have one profile", {
  control <- lmm_control(equal = c("sd_(Intercept)|env", "sd_(Intercept)|gen"))
  fit <- lmm(yield ~ 1 + (1 | env) + (1 | gen), omer.sorghum, control = control)
  limits <- confint(fit)
  expect_identical(limits[1, ], limits[2, ])
  for (j in 1:2) {
    fix <- list("sd_(Intercept)|env" = limits[[1, j]], "sd_(Intercept)|gen" = limits[[1, j]])
    held <- lmm(yield ~ 1 + (1 | env) + (1 | gen), omer.sorghum, control = lmm_control(fix = fix))
    expect_equal(held$criterion - fit$criterion, qchisq(0.95, 1), tolerance = 1e-7)
    held <- update(fit, control = lmm_control(
      equal = control$equal, fix = list(sigma = limits[[3, j]])
    ))
    expect_equal(held$criterion - fit$criterion, qchisq(0.95, 1), tolerance = 1e-7)
  }
})

test_that("posterior modes have no profile, and correlations beside others none", {
  few <- subset(sleepstudy, Subject %in% levels(Subject)[1:4])
  mode <- lmm(Reaction ~ Days + (Days | Subject), few,
    control = lmm_control(prior = prior_wishart())
  )
  expect_error(confint(mode), "prior", class = "henderson_error_unsupported")
  set.seed(2)
  d <- data.frame(g = gl(15, 8), a = rnorm(120), b = rnorm(120), c = rnorm(120))
  d$y <- rnorm(15)[d$g] + rnorm(15)[d$g] * d$a + rnorm(15)[d$g] * d$b + rnorm(15)[d$g] * d$c +
    rnorm(120)
  fit <- suppressMessages(lmm(y ~ a + (a + b + c | g), d,
    control = lmm_control(fix = list("cor_a.(Intercept)|g" = 0.1))
  ))
  # b and c share no effect with the intercept and a; a and b share one
  expect_message(
    limits <- confint(fit, "cor_c.b|g", signames = FALSE), "share an effect",
    class = "henderson_message_interval"
  )
  expect_true(all(is.na(limits)))
  limits <- confint(fit, "cor_b.a|g", signames = FALSE)
  held <- suppressMessages(lmm(y ~ a + (a + b + c | g), d,
    control = lmm_control(fix = list("cor_a.(Intercept)|g" = 0.1, "cor_b.a|g" = limits[[1]]))
  ))
  expect_equal(held$criterion - fit$criterion, qchisq(0.95, 1), tolerance = 1e-6)
})
