# 1 + tr(d y^ / d y) by central differences of refits to changed responses.
refitted_degrees <- function(fit) {
  y <- component(fit, "y")
  step <- 1e-3 * sigma(fit)
  moved <- vapply(seq_along(y), function(i) {
    at <- function(by) {
      y[i] <- y[i] + by
      suppressMessages(fitted(refit_response(fit, y)))[[i]]
    }
    (at(step) - at(-step)) / (2 * step)
  }, 0)
  1 + sum(moved)
}

expect_refitted_degrees <- function(fit) {
  expect_equal(conditional_aic(fit)$df, refitted_degrees(fit), tolerance = 1e-6)
}

test_that("degrees of freedom are those of refits", {
  expect_refitted_degrees(fit_cached("sorghum_e3_ml"))
  oats <- transform(MASS::oats, w = rep(c(1, 3, 0.5), 24))
  fit <- lmm(Y ~ N + (1 | B / V), oats, weights = w)
  expect_refitted_degrees(fit)
  expect_gt(conditional_aic(fit)$df, conditional_aic(fit, theta = "known")$df + 0.1)
})

test_that("degrees of freedom of slopes, crossed and singular fits are those of refits", {
  only_in_full_tier("a refit for each row")
  for (name in c("sleepstudy", "sleepstudy_ml", "sleepstudy_diag")) {
    expect_refitted_degrees(fit_cached(name))
  }
  expect_refitted_degrees(lmm(Reaction ~ 1 + cs(1 + Days | Subject), sleepstudy))
  need_peer("lme4")
  expect_refitted_degrees(lmm(strength ~ 1 + (1 | batch / cask), lme4::Pastes))
  expect_refitted_degrees(lmm(diameter ~ 1 + (1 | plate) + (1 | sample), lme4::Penicillin))
  # a covariance matrix of rank one less than its size
  cake <- suppressMessages(lmm(angle ~ recipe + (0 + recipe | replicate), lme4::cake))
  expect_true(is_singular(cake))
  expect_refitted_degrees(cake)
})

test_that("a variance of zero drops out", {
  skip_if_not_installed("lme4")
  fit <- suppressMessages(lmm(Yield ~ 1 + (1 | Batch), lme4::Dyestuff2))
  result <- conditional_aic(fit)
  expect_equal(result$df, 2, tolerance = 1e-10)
  y <- lme4::Dyestuff2$Yield
  expect_equal(result$logLik, sum(dnorm(y, mean(y), sd(y), log = TRUE)), tolerance = 1e-10)
})

test_that("the table has the criterion of every fit", {
  slopes <- fit_cached("sleepstudy")
  table <- conditional_aic(slopes, small = fit_cached("sleepstudy_diag"))
  expect_identical(rownames(table), c("slopes", "small"))
  expect_equal(table$cAIC, -2 * table$logLik + 2 * table$df)
  known <- conditional_aic(slopes, theta = "known")
  expect_equal(known$df, sum(hatvalues(slopes)) + 1)
  expect_equal(known$logLik,
    sum(dnorm(sleepstudy$Reaction, fitted(slopes), sigma(slopes), log = TRUE))
  )
})

# Package cAIC4 1.0 has 19.029630 and -864.529500 for lme4's fit of sleepstudy with random
# intercepts. Its log-likelihood is ours; into its degrees of freedom the derivative of y'Py enters
# by half (e'W_j e e / (2 y'Py) in place of e'W_j e e / y'Py): refits show that all of it belongs
# there.
test_that("cAIC4 has the same but for a factor", {
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy)
  result <- conditional_aic(fit)
  expect_equal(result$logLik, -864.529500, tolerance = 1e-8)
  pieces <- inference_pieces(fit, "Satterthwaite")
  residual <- residuals(fit)
  Z <- component(fit, "Z")
  moves <- weighted_residuals(fit, Z, rep(1, 180),
    as.matrix(Z %*% moved_scores(fit, as.vector(Matrix::crossprod(Z, residual))))
  )
  half <- pieces$weight * sum(moves * residual) * pieces$offset / sigma(fit)^2
  expect_equal(result$df - drop(half), 19.029630, tolerance = 1e-6)
})

test_that("what has no conditional AIC is an error with its reason", {
  fit <- fit_cached("sleepstudy")
  expect_error(conditional_aic(fit, "known"), class = "henderson_error_argument")
  expect_error(conditional_aic(fit, fit_cached("oats")), class = "henderson_error_data")
  given <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy, start = 3,
    control = lmm_control(optimizer = "none")
  )
  expect_error(conditional_aic(given), "no estimates", class = "henderson_error_argument")
  expect_equal(conditional_aic(given, theta = "known")$df, sum(hatvalues(given)) + 1)
  undetermined <- suppressMessages(lmm(Reaction ~ Days + Subject + (1 | Subject), sleepstudy))
  expect_error(conditional_aic(undetermined), class = "henderson_error_unsupported")
  small <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy,
    control = lmm_control(keep = character(0))
  )
  expect_error(conditional_aic(small), class = "henderson_error_data")
})
