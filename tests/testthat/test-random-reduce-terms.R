# Backward elimination, live against lmerTest::step.

# Both tables and the final model. lme4 changes the order of terms that stay.
expect_step <- function(m, fit, ...) {
  theirs <- suppressMessages(suppressWarnings(lmerTest::step(m)))
  ours <- suppressMessages(reduce_terms(fit, ...))
  expect_s3_class(ours, "henderson_reduction")

  expected <- as.data.frame(theirs$random)
  random <- as.data.frame(ours$random)
  expect_setequal(rownames(random), rownames(expected))
  expected <- expected[rownames(random), ]
  eliminated <- random$Eliminated
  eliminated[1] <- 0
  expect_equal(eliminated[-1], expected$Eliminated[-1])
  for (column in c("npar", "Df")) expect_equal(random[[column]], expected[[column]])
  # lme4's criteria are up to about 1e-6 above the minimum
  for (column in c("logLik", "AIC", "LRT")) {
    expect_lt(max(abs(random[[column]] - expected[[column]]), na.rm = TRUE), 1e-5)
  }

  fixed <- as.data.frame(ours$fixed)
  expected <- as.data.frame(theirs$fixed)
  expect_identical(rownames(fixed), rownames(expected))
  expect_equal(fixed$Eliminated, expected$Eliminated)
  # lme4's parameters are off by the root of that; degrees of freedom magnify it
  expect_equal(fixed$NumDF, expected$NumDF)
  expect_equal(fixed[["F value"]], expected[["F value"]], tolerance = 1e-3)
  expect_equal(fixed[["Sum Sq"]], expected[["Sum Sq"]], tolerance = 1e-3)
  expect_equal(fixed$DenDF, expected$DenDF, tolerance = 5e-3)
  expect_equal(fixed[["Pr(>F)"]], expected[["Pr(>F)"]], tolerance = 5e-3)

  final <- lmerTest::get_model(theirs)
  expect_equal(names(fixef(ours$fit)), names(lme4::fixef(final)))
  expect_equal(as.numeric(logLik(ours$fit)), as.numeric(logLik(final)), tolerance = 1e-6)
  expect_setequal(
    vapply(ours$fit$random, `[[`, "", "group"), names(lme4::getME(final, "flist"))
  )
}

test_that("eliminations are lmerTest's", {
  need_peer(c("lme4", "lmerTest"))
  carrots <- lmerTest::carrots
  models <- list(
    list(Reaction ~ Days + I(Days^2) + (Days | Subject), sleepstudy),
    list(Informed.liking ~ Product * Information * Gender + (1 | Consumer) +
      (1 | Product:Consumer) + (1 | Information:Consumer), lmerTest::ham),
    list(Preference ~ sens1 + sens2 + Homesize * Age + (1 + sens1 + sens2 | Consumer) +
      (1 | Product), carrots),
    list(Y ~ V * N + (1 | B / V), MASS::oats),
    list(Y ~ V * N + (1 | B) + (1 | N:B), MASS::oats),
    list(strength ~ 1 + (1 | batch / cask), lme4::Pastes),
    list(distance ~ Sex * age + (age | Subject), transform(plain(nlme::Orthodont), age = age - 11)),
    list(yield ~ gen * fung + (1 | block / fung), durban.splitplot)
  )
  for (model in models) {
    # step() looks the data up by the call
    m <- suppressMessages(suppressWarnings(do.call(lmerTest::lmer, model)))
    fit <- suppressMessages(lmm(model[[1]], model[[2]]))
    if (length(attr(terms(fit), "term.labels")) == 0) {
      expect_null(reduce_terms(fit)$fixed)
    } else {
      expect_step(m, fit)
    }
  }
})

test_that("without a random term left the rest is done with a linear model", {
  data <- with_seed(1, data.frame(y = rnorm(40), x = rnorm(40), g = gl(8, 5), f = gl(2, 20)))$value
  data$w <- rep(c(1, 2), 20)
  full <- lm(y ~ x * f, data, weights = w)
  middle <- lm(y ~ x + f, data, weights = w)
  by_hand <- list(
    "x:f" = drop1(full, test = "F")["x:f", ],
    f = drop1(middle, test = "F")["f", ]
  )
  cases <- list(
    list(REML = TRUE, ddf = "Satterthwaite"), list(REML = TRUE, ddf = "Kenward-Roger"),
    list(REML = FALSE, ddf = "Satterthwaite"), list(REML = FALSE, ddf = "expected")
  )
  for (case in cases) {
    fit <- suppressMessages(lmm(y ~ x * f + (1 | g), data, REML = case$REML, weights = w))
    result <- reduce_terms(fit, ddf = case$ddf)
    expect_equal(result$random$Eliminated, c(NA, 1))
    for (term in names(by_hand)) {
      own <- as.list(result$fixed[term, ])
      expect_equal(own[["F value"]], by_hand[[term]][["F value"]], tolerance = 1e-8)
      expect_equal(own[["Pr(>F)"]], by_hand[[term]][["Pr(>F)"]], tolerance = 1e-8)
      expect_equal(own[["Sum Sq"]], by_hand[[term]][["Sum of Sq"]], tolerance = 1e-8)
    }
    expect_equal(result$fixed[c("x:f", "f"), "DenDF"], c(36, 37))
    expect_match(attr(result$fixed, "heading"), "of the linear model")
    expect_s3_class(result$fit, "lm", exact = TRUE)
  }

  # as lm() makes it, with a column that is a combination of others
  data$twice <- 2 * data$x
  kept <- suppressMessages(
    reduce_terms(lmm(y ~ x + twice + f + (1 | g), data, weights = w), keep = c("x", "twice", "f"))
  )$fit
  direct <- lm(y ~ x + twice + f, data, weights = w)
  expect_equal(coef(kept), coef(direct), tolerance = 1e-10)
  expect_equal(predict(kept, data[3:6, ]), predict(direct, data[3:6, ]), tolerance = 1e-10) |>
    suppressWarnings()
  expect_equal(summary(kept)$sigma, summary(direct)$sigma, tolerance = 1e-10)
  expect_equal(anova(kept), anova(direct), tolerance = 1e-8)
  expect_equal(as.numeric(logLik(kept)), as.numeric(logLik(direct)), tolerance = 1e-10)
  expect_equal(formula(kept), formula(direct), ignore_attr = TRUE)
})

test_that("keep, the parts and the levels do what they say", {
  fit <- lmm(Reaction ~ Days + I(Days^2) + (Days | Subject), sleepstudy)
  kept <- reduce_terms(fit, keep = "I(Days^2)")
  expect_identical(rownames(kept$fixed), "Days")
  expect_identical(names(fixef(kept$fit)), names(fixef(fit)))
  only_random <- reduce_terms(fit, reduce_fixed = FALSE)
  expect_null(only_random$fixed)
  expect_identical(only_random$fit, fit)
  only_fixed <- reduce_terms(fit, reduce_random = FALSE)
  expect_null(only_fixed$random)
  expect_equal(only_fixed$fixed$Eliminated, c(1, 0))
  expect_equal(reduce_terms(fit, alpha_fixed = 0.5)$fixed$Eliminated, c(0, 0))
  # p .0744 by chi-squared, .0372 by the mixture
  ham <- lmm(
    Informed.liking ~ Product * Information + (1 | Consumer) + (1 | Product:Consumer),
    lmerTest::ham
  )
  chi <- reduce_terms(ham, alpha_random = 0.05, reduce_fixed = FALSE)
  mixture <- reduce_terms(ham, alpha_random = 0.05, reduce_fixed = FALSE, random_p = "p_mixture")
  expect_identical(length(chi$fit$random), 1L)
  expect_identical(length(mixture$fit$random), 2L)
})

test_that("a model without an intercept has a formula that starts with 0", {
  data <- transform(sleepstudy, day = Days^2)
  for (formula in list(Reaction ~ 0 + day + Days + (1 | Subject),
                       Reaction ~ Days + day - 1 + (1 | Subject))) {
    fit <- lmm(formula, data)
    # day curves a line through the origin; it is to go
    reduced <- reduce_terms(fit, alpha_fixed = 1e-300, keep = "Days")$fit
    expect_identical(formula(reduced), Reaction ~ 0 + Days + (1 | Subject), ignore_attr = TRUE)
    none <- reduce_terms(fit, alpha_fixed = 1e-300)$fit
    expect_identical(formula(none), Reaction ~ 0 + (1 | Subject), ignore_attr = TRUE)
    expect_length(fixef(none), 0)
  }
  fit <- lmm(Reaction ~ 0 + Days + day + offset(day / 9) + (1 | Subject), data)
  reduced <- reduce_terms(fit, alpha_fixed = 1e-300, keep = "day")$fit
  expect_identical(
    formula(reduced), Reaction ~ 0 + day + offset(day / 9) + (1 | Subject), ignore_attr = TRUE
  )
})

test_that("other degrees of freedom serve as well", {
  fit <- lmm(Y ~ V * N + (1 | B / V), MASS::oats)
  kr <- reduce_terms(fit, ddf = "kenward-roger", alpha_fixed = 0.5)
  # balanced: the same F tests as Satterthwaite's (reference: V 1.4853 on 2, 10)
  expect_equal(kr$fixed["V", "F value"], 1.4853, tolerance = 1e-4)
  expect_equal(kr$fixed["V", "DenDF"], 10, tolerance = 1e-6)
  expect_match(attr(kr$fixed, "heading"), "Kenward-Roger")
})

test_that("it prints, and bad arguments are refused", {
  fit <- lmm(Reaction ~ Days + I(Days^2) + (Days | Subject), sleepstudy)
  expect_snapshot(print(reduce_terms(fit)))
  expect_error(reduce_terms(1), class = "henderson_error_argument")
  expect_error(reduce_terms(fit, alpha_random = 2), class = "henderson_error_argument")
  expect_error(reduce_terms(fit, ddf = "none"), class = "henderson_error_argument")
  expect_error(reduce_terms(fit, keep = "Day"), class = "henderson_error_argument")
  expect_error(reduce_terms(fit, alpha.random = 0.1), class = "henderson_error_argument")
  expect_error(
    reduce_terms(fit_cached("sleepstudy_ml"), ddf = "Kenward-Roger"),
    class = "henderson_error_argument"
  )
})

test_that("the linear model of a fit whose response was replaced has that response in its call", {
  set.seed(3)
  data <- data.frame(x = rnorm(60), v = rnorm(60), w = runif(60, 1, 2), g = gl(6, 10))
  data$y <- 1 + data$x + rnorm(60)
  replaced <- transform(data, y = 2 + 3 * v + rnorm(60))
  fit <- suppressMessages(lmm(y ~ x + v + (1 | g), data, weights = w))
  model <- suppressMessages(reduce_terms(refit_response(fit, replaced$y)))$fit
  right <- lm(y ~ v, replaced, weights = w)

  expect_s3_class(model, "lm")
  expect_equal(coef(model), coef(right))
  expect_equal(coef(update(model, . ~ . + I(v^2))), coef(update(right, . ~ . + I(v^2))))
  expect_equal(coef(update(model, . ~ 1)), coef(update(right, . ~ 1)))
})

linear_data_example <- function() {
  set.seed(99)
  data <- data.frame(x = rnorm(90), v = runif(90), n = rpois(90, 20), g = gl(9, 10))
  data$w <- runif(90, 1, 2)
  data$f <- factor(rep_len(c("lo", "mid", "hi"), 90), levels = c("lo", "mid", "hi"))
  data$z <- exp((data$x + residuals(lm(rnorm(90) ~ g, data))) / 4)
  data
}

quiet_control <- lmm_control(check_singular = "ignore")

test_that("the linear model carries its data, whatever becomes of those of the call", {
  data <- linear_data_example()
  kept <- data
  fit <- lmm(log(z) ~ x + n + (1 | g), data, weights = w, control = quiet_control)
  model <- reduce_terms(fit, reduce_fixed = FALSE)$fit
  right <- lm(log(z) ~ x + n, kept, weights = w)
  expect_equal(coef(model), coef(right))
  expect_lt(length(capture.output(print(model))), 10)

  data$z <- rev(data$z) * 10
  expect_equal(coef(update(model, . ~ .)), coef(right))
  rm(data)
  w <- kept$w^2
  expect_equal(coef(update(model, . ~ . + v)), coef(update(right, . ~ . + v)))
  expect_equal(add1(model, ~ . + v + f)$AIC, add1(right, ~ . + v + f)$AIC)
  expect_equal(
    coef(update(model, subset = f != "mid")), coef(update(right, data = kept[kept$f != "mid", ]))
  )

  make <- function(formula, values) {
    fit <- lmm(formula, values, weights = w, control = quiet_control)
    reduce_terms(fit, reduce_fixed = FALSE)$fit
  }
  made <- make(log(z) ~ x + n + (1 | g), kept)
  expect_equal(coef(update(made, . ~ . + v)), coef(update(right, . ~ . + v)))
})

test_that("the linear model has the rows of the call, and bases made from all of them", {
  data <- linear_data_example()
  data$x[c(3, 20)] <- NA
  kept <- data
  limit <- 4
  fit <- lmm(log(z) ~ scale(x) + n + (1 | g), data,
    subset = n > 5 * limit - 4, na.action = na.exclude, control = quiet_control
  )
  model <- reduce_terms(fit, reduce_fixed = FALSE)$fit
  right <- lm(log(z) ~ scale(x) + n, kept, subset = n > 16, na.action = na.exclude)
  limit <- 2
  rm(data)
  expect_equal(coef(model), coef(right))
  expect_equal(coef(update(model, . ~ .)), coef(right))
  expect_equal(unname(residuals(update(model, . ~ .))), unname(residuals(right)))
  expect_equal(coef(update(model, . ~ . + v)), coef(update(right, . ~ . + v)))
})

test_that("the linear model of another response keeps it, and names what its data lack", {
  data <- linear_data_example()
  fit <- lmm(log(z) ~ x + n + (1 | g), data, weights = w, control = quiet_control)
  second <- data$n + residuals(lm(rev(x) ~ g, data))
  kept <- transform(data, second = second)
  right <- lm(second ~ n, kept, weights = w)
  reduced <- function() reduce_terms(suppressMessages(refit_response(fit, second)))$fit
  model <- reduced()
  expect_s3_class(model, "lm")
  expect_equal(coef(model), coef(right))
  expect_equal(coef(update(model, . ~ .)), coef(right))
  expect_equal(coef(update(model, . ~ . + v)), coef(update(right, . ~ . + v)))
  expect_equal(add1(model, ~ . + v)$AIC, add1(right, ~ . + v)$AIC)
  expect_equal(
    coef(update(model, subset = f != "mid")), coef(update(right, data = kept[kept$f != "mid", ]))
  )

  rm(data)
  model <- reduced()
  expect_equal(coef(update(model, . ~ . + x)), coef(update(right, . ~ . + x)))
  # not taken for what the data had
  v <- rnorm(90)
  for (refit in list(
    quote(update(model, . ~ . + v)), quote(add1(model, ~ . + v)),
    quote(update(model, subset = v > 0))
  )) {
    condition <- tryCatch(eval(refit), error = identity)
    expect_s3_class(condition, "henderson_error_data")
    expect_identical(condition$variable, "v")
  }
  condition <- tryCatch(update(fit, subset = v > 0), error = identity)
  expect_s3_class(condition, "henderson_error_data")
  expect_identical(condition$variable, "v")
})

test_that("the final model keeps the rows of the first one in update()", {
  set.seed(1)
  d <- data.frame(g = gl(12, 8), x = rnorm(96), v = rnorm(96), z = rnorm(96))
  d$y <- d$x + rnorm(12)[d$g] + rnorm(96)
  d$flat <- d$x + rnorm(96)
  d$v[1:10] <- NA
  d$z[20] <- NA
  complete <- d[!is.na(d$v), ]
  for (action in list(na.omit, na.exclude)) {
    fit <- reduce_terms(lmm(y ~ x + v + (1 | g), d, na.action = action))$fit
    expect_equal(formula(fit), y ~ x + (1 | g), ignore_formula_env = TRUE)
    expect_no_message(again <- update(fit))
    expect_equal(logLik(again), logLik(lmm(y ~ x + (1 | g), complete)), tolerance = 1e-8)
    ml <- update(update(fit, REML = FALSE))
    expect_equal(logLik(ml), logLik(lmm(y ~ x + (1 | g), complete, REML = FALSE)),
      tolerance = 1e-8
    )
    expect_length(residuals(again), length(residuals(fit)))
    larger <- update(fit, . ~ . + z)
    expect_identical(nobs(larger), 85L)
    expect_equal(fixef(larger), fixef(lmm(y ~ x + z + (1 | g), complete)), tolerance = 1e-6)
    expect_identical(nobs(update(fit, subset = x > 0)), sum(complete$x > 0))
    expect_equal(fixef(update(fit, weights = exp(x))),
      fixef(lmm(y ~ x + (1 | g), complete, weights = exp(x))),
      tolerance = 1e-6
    )
    # other data have the rows that they have
    expect_identical(nobs(update(fit, data = d)), 96L)
    expect_error(update(fit, na.action = na.pass), "a larger model with `v`",
      class = "henderson_error_data"
    )

    linear <- suppressMessages(reduce_terms(lmm(flat ~ x + v + (1 | g), d, na.action = action)))$fit
    expect_s3_class(linear, "lm")
    expect_identical(nobs(update(linear)), 86L)
    expect_equal(coef(update(linear, . ~ . + z)), coef(lm(flat ~ x + z, complete)))
    some <- lmm(flat ~ x + v + (1 | g), d, na.action = action, subset = x > -1)
    linear <- suppressMessages(reduce_terms(some))$fit
    expect_equal(coef(update(linear)), coef(lm(flat ~ x, complete, subset = x > -1)))
  }
})
