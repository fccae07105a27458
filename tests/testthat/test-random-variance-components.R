# A fit with known parameters: only the fields that VarCorr reads.
fit_with_theta <- function(theta, sigma, columns = c("(Intercept)", "x"), structure = "us") {
  term <- list(
    group = "g", columns = columns, structure = structure, theta_index = seq_along(theta)
  )
  base::structure(
    list(random = list(term), theta = theta, sigma = sigma),
    class = c("henderson_lmm", "henderson_fit")
  )
}

# ---- VarCorr ----

test_that("VarCorr is sigma^2 Lambda Lambda', worked out by hand", {
  fit <- fit_with_theta(c(2, 1, 3), sigma = 10)
  covariance <- VarCorr(fit)$g

  # Lambda = [2 0; 1 3]
  expect_equal(unname(covariance[, ]), 100 * matrix(c(4, 2, 2, 10), 2), ignore_attr = TRUE)
  expect_equal(attr(covariance, "stddev"), c("(Intercept)" = 20, x = sqrt(1000)))
  expect_equal(attr(covariance, "correlation")[2, 1], 2 / sqrt(40))
  expect_equal(attr(VarCorr(fit), "sc"), 10)
  expect_true(attr(VarCorr(fit), "useSc"))
})

test_that("a given sigma replaces the estimate", {
  fit <- fit_with_theta(c(2, 1, 3), sigma = 10)

  expect_equal(unname(attr(VarCorr(fit, sigma = 1)$g, "stddev")), c(2, sqrt(10)))
  expect_error(VarCorr(fit, sigma = -1), class = "henderson_error_argument")
  expect_error(VarCorr(fit, sigma = NA), class = "henderson_error_argument")
  expect_error(VarCorr(fit, rdig = 3), class = "henderson_error_argument")
})

test_that("a variance of zero gives correlation NaN, not an error", {
  fit <- fit_with_theta(c(0, 0, 1), sigma = 1)
  correlation <- attr(VarCorr(fit)$g, "correlation")

  expect_identical(unname(diag(correlation)), c(1, 1))
  expect_identical(correlation[2, 1], NaN)
  expect_output(print(VarCorr(fit)), "NaN")
})

test_that("VarCorr has lme4's names, values and table, terms on one factor too", {
  need_peer("lme4")
  formulas <- list(
    Reaction ~ Days + (Days | Subject),
    Reaction ~ Days + (1 | Subject) + (0 + Days | Subject),
    Reaction ~ Days + (1 | Subject)
  )
  for (formula in formulas) {
    m <- lme4::lmer(formula, sleepstudy)
    fit <- as_lmm(m)
    expect_named(VarCorr(fit), names(lme4::VarCorr(m)))
    for (order in c("cov.last", "lower.tri")) {
      # at lme4's own theta: rounding only
      expect_equal(
        as.data.frame(VarCorr(fit), order = order),
        as.data.frame(lme4::VarCorr(m), order = order),
        tolerance = 1e-8, ignore_attr = TRUE
      )
    }
  }
})

test_that("a diagonal term has no covariance rows and its factor's name on each row", {
  fit <- fit_with_theta(c(2, 3), sigma = 10, structure = "diag")
  table <- as.data.frame(VarCorr(fit))

  expect_identical(table$grp, c("g", "g", "Residual"))
  expect_identical(table$var1, c("(Intercept)", "x", NA))
  expect_true(all(is.na(table$var2)))
  expect_equal(table$sdcor, c(20, 30, 10))
  expect_identical(VarCorr(fit)$g[2, 1], 0)
  shown <- format(VarCorr(fit))
  expect_identical(unname(shown[, "Groups"]), c("g", "g", "Residual"))
  expect_false("Corr" %in% colnames(shown))
})

test_that("labels are made unique as make.unique does", {
  expect_identical(unique_labels(c("a", "b", "a", "a")), c("a", "b", "a.1", "a.2"))
})

# ---- printing ----

test_that("printed variances keep the asked digits and columns", {
  fit <- fit_with_theta(c(2, 1, 3), sigma = 10)

  shown <- format(VarCorr(fit), digits = 4, comp = c("Std.Dev.", "Variance"))
  expect_identical(colnames(shown), c("Groups", "Name", "Variance", "Std.Dev.", "Corr"))
  expect_identical(trimws(unname(shown[, "Std.Dev."])), c("20.00", "31.62", "10.00"))
  expect_identical(unname(shown[, "Corr"]), c("", "0.32", ""))
  upper <- format(VarCorr(fit), formatter = function(x, digits) sprintf("<%.1f>", x))
  expect_identical(unname(upper[, "Std.Dev."]), c("<20.0>", "<31.6>", "<10.0>"))
  expect_error(print(VarCorr(fit), comp = "SD"), class = "henderson_error_argument")
})

test_that("correlations of three columns form a triangle", {
  fit <- fit_with_theta(c(1, 0.5, 0, 1, 0.5, 1), sigma = 1, columns = c("a", "b", "c"))
  shown <- unname(format(VarCorr(fit), digits = 4)[, 4:5])

  expect_identical(shown[1, ], c("", ""))
  expect_identical(trimws(shown[2, ]), c("0.45", ""))
  expect_identical(trimws(shown[3, ]), c("0.00", "0.40"))
})
