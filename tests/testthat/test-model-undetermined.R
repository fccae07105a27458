# Right values: the model without the term or column that repeats another, and lm().

test_that("inference is that of the model without what cannot be told apart", {
  data <- transform(crossed_rows(), o = factor(1:40))
  data$k <- factor(paste0("z", data$g))
  pairs <- list(
    list(y ~ x + (1 | g) + (1 | k), y ~ x + (1 | g)),
    list(y ~ x + (x | g) + (x | k), y ~ x + (x | g)),
    list(y ~ x + (1 + x | g) + (1 | k), y ~ x + (x | g)),
    list(y ~ x + (x | g) + (1 | o), y ~ x + (x | g))
  )
  for (pair in pairs) {
    fit <- fit_unchecked(pair[[1]], data)
    right <- fit_unchecked(pair[[2]], data)
    for (ddf in c("Satterthwaite", "expected", "Kenward-Roger")) {
      expect_equal(coef(summary(fit, ddf = ddf)), coef(summary(right, ddf = ddf)),
        tolerance = 1e-5, label = paste(deparse(pair[[1]]), ddf)
      )
      expect_equal(anova(fit, ddf = ddf)[["DenDF"]], anova(right, ddf = ddf)[["DenDF"]],
        tolerance = 1e-5
      )
    }
    expect_identical(n_parameters(fit), n_parameters(right))
    expect_equal(AIC(fit), AIC(right), tolerance = 1e-8)
    new <- transform(data[1:4, ], o = factor("new"))
    expect_equal(predict(fit, new, interval = "prediction", allow.new.levels = TRUE),
      predict(right, new, interval = "prediction"), tolerance = 1e-5
    )
  }
  # without random terms that the data tell from the residual it is lm()
  fit <- fit_unchecked(y ~ x + (1 | o), data)
  for (ddf in c("Satterthwaite", "expected", "Kenward-Roger")) {
    expect_equal(coef(summary(fit, ddf = ddf))[, -3], coef(summary(lm(y ~ x, data))),
      tolerance = 1e-8
    )
    expect_equal(coef(summary(fit, ddf = ddf))[, 3], c(38, 38), ignore_attr = TRUE)
  }
})

test_that("where fixed effects reproduce a random term the other tests are those without it", {
  data <- withr::with_seed(2, {
    data <- expand.grid(a = factor(1:3), b = factor(1:2), r = factor(1:4))
    transform(data, y = rnorm(24) + rnorm(4)[r])
  })
  fit <- fit_unchecked(y ~ a * b + (1 | r) + (1 | b), data)
  right <- lmm(y ~ a * b + (1 | r), data)
  known <- c("a2", "a3", "a2:b2", "a3:b2")
  for (ddf in c("Satterthwaite", "expected", "Kenward-Roger")) {
    own <- coef(summary(fit, ddf = ddf))
    expect_equal(own[known, ], coef(summary(right, ddf = ddf))[known, ], tolerance = 1e-6)
    expect_true(all(is.na(own[c("(Intercept)", "b2"), -1])))
    table <- anova(fit, ddf = ddf)
    expect_equal(as.matrix(table)[c("a", "a:b"), ],
      as.matrix(anova(right, ddf = ddf))[c("a", "a:b"), ], tolerance = 1e-6
    )
    expect_true(is.na(table["b", "F value"]) && is.na(table["b", "Pr(>F)"]))
    expect_match(attr(table, "heading"), "the fixed effects reproduce", all = FALSE)
  }
  expect_equal(coef(summary(fit, ddf = "Kenward-Roger"))["a2", 2:3], c(0.3983039, 15),
    tolerance = 1e-6, ignore_attr = TRUE
  )
  # nothing depends on the start
  other <- fit_unchecked(y ~ a * b + (1 | r) + (1 | b), data, start = c(1, 7))
  expect_equal(coef(summary(other)), coef(summary(fit)), tolerance = 1e-6)
  expect_identical(is.na(as.data.frame(VarCorr(fit))$vcov), c(FALSE, TRUE, FALSE))
  expect_true(is.na(suppressMessages(variance_components(fit))$estimate[2]))
  ratio <- suppressMessages(intraclass_correlation(fit))
  expect_true(all(is.na(ratio["b", ])) && !is.na(ratio["r", "variance"]))
  skip_if_not_installed("emmeans")
  pairs <- as.data.frame(graphics::pairs(emmeans::emmeans(fit, ~ a | b)))
  expected <- as.data.frame(graphics::pairs(emmeans::emmeans(right, ~ a | b)))
  expect_equal(pairs[c("estimate", "SE", "df")], expected[c("estimate", "SE", "df")],
    tolerance = 1e-6
  )
  means <- as.data.frame(suppressMessages(emmeans::emmeans(fit, ~a)))
  expect_true(all(is.na(means$SE)))
})

test_that("intervals are those of lm() where a random term repeats a factor of the fixed part", {
  fit <- fit_unchecked(Reaction ~ Subject + Days + (1 | Subject), sleepstudy)
  right <- lm(Reaction ~ Subject + Days, sleepstudy)
  rows <- sleepstudy[c(1, 57, 180), ]
  expect_equal(predict(fit, rows, interval = "confidence"),
    predict(right, rows, interval = "confidence"), tolerance = 1e-6
  )
  expect_true(all(is.na(predict(fit, rows, re.form = NA, interval = "confidence")[, 2:3])))
  expected <- append(coef(summary(right))["Days", 2:3], 161, after = 1)
  expect_equal(coef(summary(fit))["Days", 2:4], expected, tolerance = 1e-6, ignore_attr = TRUE)
})

test_that("terms that cannot be told apart are not tested, and their sum is reported", {
  data <- crossed_rows()
  data$k <- factor(paste0("z", data$g))
  fit <- fit_unchecked(y ~ x + (1 | g) + (1 | k), data)
  right <- lmm(y ~ x + (1 | g), data)
  tests <- expect_no_message(random_anova(fit))
  expect_true(all(is.na(unlist(tests[-1, c("Pr(>Chisq)", "p_mixture")]))))
  expect_identical(tests$Df, c(NA, 0L, 0L))
  expect_output(print(tests), "cannot be told apart", width = 200)
  expect_output(print(VarCorr(fit)), "only the sum is determined", width = 200)
  expect_output(print(fit), "only the sum is determined", width = 200)
  expect_output(print(summary(fit)), "only the sum is determined", width = 200)
  expect_output(print(anova(fit)), "only the sum is determined", width = 200)
  expect_equal(sum(as.data.frame(VarCorr(fit))$vcov), sum(as.data.frame(VarCorr(right))$vcov),
    tolerance = 1e-6
  )
  expect_message(ratio <- intraclass_correlation(fit), class = "henderson_message_undetermined")
  expect_identical(is.na(ratio$adjusted), c(TRUE, TRUE, FALSE))
  expect_equal(ratio["total", ], intraclass_correlation(right)["total", ], tolerance = 1e-6)
  expect_equal(expect_no_message(r_squared(fit)), r_squared(right), tolerance = 1e-6)
  expect_true(all(is.na(suppressMessages(reliability(fit))$reliability)))
  se <- suppressMessages(variance_components(fit))$se
  expect_identical(is.na(se), c(TRUE, TRUE, FALSE))
  expect_equal(se[3], variance_components(right)$se[2], tolerance = 1e-5)
  expect_s3_class(suppressMessages(reduce_terms(fit, reduce_fixed = FALSE)$fit), "henderson_lmm")
})

test_that("a level for each row leaves the residual variance without a standard error", {
  data <- transform(crossed_rows(), o = factor(1:40))
  fit <- fit_unchecked(y ~ x + (1 | g) + (1 | o), data)
  right <- lmm(y ~ x + (1 | g), data)
  table <- suppressMessages(variance_components(fit))
  expect_identical(is.na(table$se), c(TRUE, FALSE, TRUE))
  expect_equal(table$se[2], variance_components(right)$se[1], tolerance = 1e-5)
  tests <- random_anova(fit)
  expect_identical(is.na(tests[["p_mixture"]]), c(TRUE, FALSE, TRUE))
  ratio <- suppressMessages(intraclass_correlation(fit))
  expect_equal(ratio["g", ], intraclass_correlation(right)["g", ], tolerance = 1e-6)
  expect_true(is.na(ratio["total", "variance"]))
})

test_that("covariances with a column that the fixed effects reproduce are not determined either", {
  # one of few groups' own information is rounding times the size of the other column
  quiet <- function(...) suppressWarnings(suppressMessages(lmm(...)))
  slopes <- function(fit) coef(summary(fit, ddf = "Kenward-Roger"))["x", c(2, 3)]
  for (groups in 2:5) {
    for (seed in 1:6) {
      withr::local_seed(seed)
      data <- data.frame(x = rnorm(60), g = factor(rep_len(seq_len(groups), 60)))
      data$y <- rnorm(60) + rnorm(groups)[data$g] * data$x
      fit <- fit_unchecked(y ~ x + g + (x | g), data)
      expect_identical(nrow(fit$undetermined$directions), 2L)
      without <- fit_unchecked(y ~ x + g + (0 + x | g), data)
      label <- paste(groups, "groups, seed", seed)
      expect_equal(slopes(fit), slopes(without), tolerance = 1e-6, label = label)
    }
  }
  six <- droplevels(subset(sleepstudy, Subject %in% levels(Subject)[1:6]))
  reference <- lmm(Reaction ~ Days + Subject + (0 + Days | Subject), six)
  for (start in list(NULL, c(3, 0, 1), c(1, 1, 1))) {
    fit <- fit_unchecked(Reaction ~ Days + Subject + (Days | Subject), six, start = start)
    table <- coef(summary(fit, ddf = "Kenward-Roger"))
    expected <- coef(summary(reference, ddf = "Kenward-Roger"))
    expect_equal(table["Days", ], expected["Days", ], tolerance = 1e-6)
    # these estimates are not determined
    expect_true(all(is.na(table[-2, "Std. Error"])))
    expect_output(print(fit), "without a standard error\\s+depend on\\s+that")
  }
})

test_that("covariances, conditional variances and mean squares are not those of the start", {
  data <- withr::with_seed(2, {
    data <- expand.grid(a = factor(1:3), b = factor(1:2), r = factor(1:4))
    transform(data, y = rnorm(24) + rnorm(4)[r], x = rnorm(24), o = factor(1:24))
  })
  right <- vcov(lmm(y ~ a * b + (1 | r), data))
  unknown <- matrix(FALSE, 6, 6, dimnames = dimnames(right))
  unknown[c("(Intercept)", "b2"), c("(Intercept)", "b2")] <- TRUE
  for (start in list(NULL, c(1, 7), c(2, 0.1))) {
    fit <- fit_unchecked(y ~ a * b + (1 | r) + (1 | b), data, start = start)
    expect_identical(is.na(vcov(fit)), unknown)
    expect_equal(vcov(fit)[!unknown], right[!unknown], tolerance = 1e-5)
    expect_identical(is.na(vcov(summary(fit))), unknown)
    modes <- as.data.frame(ranef(fit))
    expect_identical(is.na(modes$condsd), modes$grpvar == "b")
    expect_output(print(summary(fit)), "a3 +NA  0.500", width = 100)
  }
  skip_if_not_installed("emmeans")
  expect_message(emmeans::joint_tests(fit), class = "henderson_message_undetermined")
})

test_that("nothing shows the residual variance beside a level for each row as an estimate", {
  data <- transform(crossed_rows(), o = factor(1:40))
  right <- lmm(y ~ x + u + (1 | g), data)
  for (start in list(NULL, c(1, 7), c(0.1, 2))) {
    fit <- fit_unchecked(y ~ x + u + (1 | g) + (1 | o), data, start = start)
    expect_message(sigma(fit), class = "henderson_message_undetermined")
    for (ddf in c("Satterthwaite", "Kenward-Roger", "none")) {
      own <- anova(fit, ddf = ddf)
      expect_true(all(is.na(own[c("Sum Sq", "Mean Sq")])))
      expect_equal(own[["F value"]], anova(right, ddf = ddf)[["F value"]], tolerance = 1e-5)
    }
    expect_true(all(is.na(anova(fit, ddf = "none", type = "I")[["Sum Sq"]])))
    expect_equal(anova(fit, ddf = "none", type = "I")[["F value"]],
      anova(right, ddf = "none", type = "I")[["F value"]],
      tolerance = 1e-5
    )
  }
  expect_silent(sigma(right))
})

test_that("Kenward and Roger's adjustment is refused where rounding leaves no digits of it", {
  data <- withr::with_seed(2, {
    data.frame(x = rnorm(60), row = factor(1:60), w = sample(1:3, 60, TRUE), y = rnorm(60))
  })
  fit <- fit_unchecked(y ~ x + (1 | row), data, weights = w)
  expect_gt(fit$theta, 500)
  expect_error(anova(fit, ddf = "Kenward-Roger"), class = "henderson_error_computation")
  expect_equal(coef(summary(fit))["x", "df"], 58, tolerance = 1e-4)
})
