# marginaleffects is not in Debian 12, and 1.0.0 needs R 4.4 (base's %||%): the methods are tested
# by themselves. Compared live on R 4.2.2 with marginaleffects 1.0.0, %||% added, and fits by lme4
# 1.1-31 of Reaction ~ Days * f + poly(z, 2) + (Days | Subject): avg_slopes() and avg_comparisons()
# (re.form = NA and NULL), predictions(), hypotheses(), vcov = "satterthwaite" give the same to
# 1e-5, standard errors of averaged slopes to 1.3e-4, by its numerical differentiation.

test_that("set_coef() changes the coefficients that predictions are made of", {
  set.seed(1)
  d <- transform(sleepstudy, f = factor(rep_len(1:3, 180)), z = rnorm(180))
  fit <- lmm(Reaction ~ Days * f + poly(z, 2) + (Days | Subject), d)
  beta <- get_coef.henderson_lmm(fit)
  expect_identical(beta, fixef(fit))
  other <- set_coef.henderson_lmm(fit, beta + seq_along(beta))
  expect_identical(get_coef.henderson_lmm(other), beta + seq_along(beta))
  new <- d[c(3, 50, 100), ]
  X <- model.matrix(fit)[c(3, 50, 100), ]
  for (re.form in list(NULL, NA)) {
    values <- get_predict.henderson_lmm(fit, new, re.form = re.form)$estimate
    expect_equal(values, unname(predict(fit, new, re.form = re.form)))
    expect_equal(
      get_predict.henderson_lmm(other, new, re.form = re.form)$estimate - values,
      unname(drop(X %*% seq_along(beta)))
    )
  }
  # some of them, in any order
  some <- set_coef.henderson_lmm(fit, c(f3 = 1, Days = 2))
  expect_equal(fixef(some)[c("Days", "f3", "f2")], c(Days = 2, f3 = 1, beta["f2"]))
  expect_error(set_coef.henderson_lmm(fit, c(Day = 1)), "Day", class = "henderson_error_argument")
  expect_identical(
    get_predict.henderson_lmm(fit, cbind(new, rowid = 4:6), "link")$rowid, 4:6
  )
  expect_error(get_predict.henderson_lmm(fit, new, "terms"), class = "henderson_error_argument")
})

test_that("the delta method on these methods gives the standard errors of predict()", {
  fit <- fit_cached("sleepstudy")
  new <- data.frame(Days = c(0, 9), Subject = "308")
  beta <- get_coef.henderson_lmm(fit)
  # predictions are linear in the coefficients: a step of 1 is exact
  base <- get_predict.henderson_lmm(fit, new, re.form = NA)$estimate
  jacobian <- sapply(seq_along(beta), function(j) {
    moved <- set_coef.henderson_lmm(fit, beta + (seq_along(beta) == j))
    get_predict.henderson_lmm(moved, new, re.form = NA)$estimate - base
  })
  V <- get_vcov.henderson_lmm(fit)
  expect_equal(
    sqrt(diag(jacobian %*% V %*% t(jacobian))),
    unname(predict(fit, new, re.form = NA, se.fit = TRUE)$se.fit)
  )
})

test_that("get_vcov() takes what marginaleffects gives", {
  fit <- fit_cached("sleepstudy")
  expect_null(get_vcov.henderson_lmm(fit, FALSE))
  for (vcov in list(NULL, TRUE, "satterthwaite")) {
    expect_equal(get_vcov.henderson_lmm(fit, vcov), vcov(fit))
  }
  expect_equal(
    get_vcov.henderson_lmm(fit, "kenward-roger"), vcov(summary(fit, ddf = "Kenward-Roger"))
  )
  expect_equal(get_vcov.henderson_lmm(fit, function(fit) 2 * vcov(fit)), 2 * vcov(fit))
  expect_equal(get_vcov.henderson_lmm(fit, diag(2)), diag(2), ignore_attr = "dimnames")
  expect_error(get_vcov.henderson_lmm(fit, diag(3)), class = "henderson_error_argument")
})

test_that("standard errors that leave out the random effects are warned of", {
  fit <- fit_cached("sleepstudy")
  expect_warning(sanitize_model_specific.henderson_lmm(fit), "fixed effects only",
    class = "henderson_warning_approximation"
  )
  expect_silent(sanitize_model_specific.henderson_lmm(fit, re.form = NA))
  expect_silent(sanitize_model_specific.henderson_lmm(fit, vcov = FALSE))
  withr::local_options(marginaleffects_safe = FALSE)
  expect_silent(sanitize_model_specific.henderson_lmm(fit))
})

test_that("marginaleffects itself works where it does", {
  skip_if_not_installed("marginaleffects")
  skip_if(getRversion() < "4.4.0")
  fit <- fit_cached("sleepstudy")
  # not in DESCRIPTION, whose packages are installed for every run of the tests
  avg_slopes <- getExportedValue("marginaleffects", "avg_slopes")
  slope <- suppressWarnings(avg_slopes(fit, re.form = NA))
  expect_equal(slope$estimate, fixef(fit)[["Days"]])
  expect_equal(slope$std.error, sqrt(vcov(fit)[2, 2]), tolerance = 1e-3)
})
