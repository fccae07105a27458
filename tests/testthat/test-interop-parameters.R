# Compared live with parameters 0.20.2 (insight 0.19.0) and 0.30.0 (1.7.0).

test_that("standard errors, p-values and limits of the fixed effects are those of summary()", {
  fit <- fit_cached("sleepstudy")
  methods <- c(satterthwaite = "Satterthwaite", kenward = "Kenward-Roger", kr = "Kenward-Roger")
  for (method in names(methods)) {
    expected <- coef(summary(fit, ddf = methods[[method]]))
    expect_equal(standard_error.henderson_lmm(fit, method = method)$SE, unname(expected[, 2]))
    expect_equal(p_value.henderson_lmm(fit, method = method)$p, unname(expected[, 5]))
    expect_equal(degrees_of_freedom.henderson_lmm(fit, method), unname(expected[, 3]))
    limits <- ci.henderson_lmm(fit, 0.9, method)
    tests <- contrast_test(fit, ddf = methods[[method]], level = 0.9)
    expect_equal(limits[c("CI_low", "CI_high")], tests[c("lower", "upper")], ignore_attr = TRUE)
  }
  both <- ci.henderson_lmm(fit, c(0.8, 0.9), "normal")
  expect_identical(both$CI, c(0.8, 0.8, 0.9, 0.9))
  half <- qnorm(0.95) * sqrt(vcov(fit)[2, 2])
  expect_equal(both[4, "CI_high"], fixef(fit)[["Days"]] + half)
  expect_equal(
    as.matrix(ci.henderson_lmm(fit, method = "profile")[3:4]),
    confint(fit, names(fixef(fit)), method = "profile"), ignore_attr = TRUE
  )
  expect_equal(standard_error.henderson_lmm(fit, vcov = 4 * vcov(fit))$SE,
    2 * standard_error.henderson_lmm(fit)$SE
  )
  unsupported <- function(expr) expect_error(expr, class = "henderson_error_unsupported")
  unsupported(p_value.henderson_lmm(fit, method = "betwithin"))
  unsupported(ci.henderson_lmm(fit, method = "ml1"))
  unsupported(standard_error.henderson_lmm(fit, effects = "random"))
  unsupported(standardize.henderson_lmm(fit))
})

test_that("bootstrap_model() draws whole data sets", {
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy)
  set.seed(1)
  draws <- bootstrap_model.henderson_lmm(fit, 200)
  expect_identical(names(draws), names(fixef(fit)))
  expect_identical(dim(draws), c(200L, 2L))
  # a standard deviation of 200 draws is known to 5 %
  expect_equal(sapply(draws, sd), sqrt(diag(vcov(fit))), tolerance = 0.15)
  expect_equal(colMeans(draws), fixef(fit), tolerance = 0.05)
})

test_that("model_parameters() has the fixed effects that it has for fits by lme4", {
  need_peer(c("lme4", "parameters", "pbkrtest", "lmerTest"))
  m <- lme4::lmer(Reaction ~ Days + (Days | Subject), sleepstudy)
  fit <- as_lmm(m)
  columns <- c("Coefficient", "SE", "CI_low", "CI_high", "t", "df_error", "p")
  for (method in c("wald", "satterthwaite", "kenward")) {
    table <- function(fit) {
      as.data.frame(parameters::model_parameters(fit, ci_method = method, effects = "fixed"))
    }
    ours <- table(fit)
    theirs <- table(m)
    # parameters 0.30 divides by unadjusted standard errors for t
    if (method == "kenward") columns <- setdiff(columns, "t")
    # lmerTest's degrees of freedom have about 1e-5
    expect_equal(ours[columns], theirs[columns], tolerance = 1e-4, info = method)
  }
  for (effects in c("random", "all")) {
    expect_error(parameters::model_parameters(fit, effects = effects), "variance_components",
      class = "henderson_error_unsupported"
    )
  }
})
