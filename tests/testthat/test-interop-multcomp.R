# Single-step p-values are by Monte Carlo integration, to about 1e-3; they agree with the same seed.

pair_of_fits <- function() {
  set.seed(1)
  d <- droplevels(subset(durban.splitplot, gen %in% c("G01", "G02", "G03", "G05")))
  d <- transform(d[-c(3, 7, 8), ], x = rnorm(29))
  m <- lme4::lmer(yield ~ gen * fung + x + (1 | block), d)
  list(theirs = m, ours = as_lmm(m))
}

test_that("multcomp::glht() gives what it gives for fits by lme4", {
  need_peer(c("lme4", "multcomp"))
  fits <- pair_of_fits()
  compare <- function(make) {
    values <- lapply(fits, function(fit) {
      test <- suppressWarnings(make(fit))
      set.seed(2)
      tests <- summary(test)$test[c("coefficients", "sigma", "tstat", "pvalues")]
      set.seed(2)
      c(tests, list(confint(test)$confint), test[c("linfct", "rhs", "df")])
    })
    expect_equal(values$ours, values$theirs, tolerance = 1e-6)
  }
  compare(function(fit) multcomp::glht(fit, multcomp::mcp(gen = "Tukey")))
  compare(function(fit) {
    multcomp::glht(fit, multcomp::mcp(
      gen = "Dunnett", interaction_average = TRUE, covariate_average = TRUE
    ))
  })
  compare(function(fit) multcomp::glht(fit, c("genG02 = 0", "x - fungF2 = 2"), df = 7))
  compare(function(fit) multcomp::glht(fit, diag(9)[2:4, ], vcov. = 2 * as.matrix(vcov(fit))))
  letters_of <- function(fit) {
    set.seed(2)
    multcomp::cld(suppressWarnings(multcomp::glht(fit, multcomp::mcp(gen = "Tukey"))))
  }
  expect_identical(letters_of(fits$ours)$mcletters, letters_of(fits$theirs)$mcletters)
})

test_that("modelparm() takes coefficients and covariances, and one number of degrees of freedom", {
  fit <- fit_cached("sleepstudy")
  plain <- modelparm.henderson_lmm(fit)
  expect_s3_class(plain, "modelparm")
  expect_identical(plain$df, 0)
  expect_equal(plain$coef, fixef(fit))
  expect_equal(plain$vcov, vcov(fit))
  given <- modelparm.henderson_lmm(fit, function(x) 2 * fixef(x), diag(2), 16)
  expect_equal(given$coef, 2 * fixef(fit))
  expect_equal(given$vcov, diag(2))
  expect_identical(given$df, 16)
  adjusted <- function(fit) vcov(summary(fit, ddf = "Kenward-Roger"))
  expect_equal(modelparm.henderson_lmm(fit, vcov. = adjusted)$vcov, adjusted(fit))
  bad <- function(...) {
    expect_error(modelparm.henderson_lmm(fit, ...), class = "henderson_error_argument")
  }
  bad(coef. = 1:3)
  bad(vcov. = diag(3))
  bad(df = "Satterthwaite")
  bad(df = -1)
})
