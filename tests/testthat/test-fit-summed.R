oats <- transform(MASS::oats, x = sin(1:72))
in_memory <- lmm(Y ~ N + V + x + (1 | B / V), oats)
summed <- lmm(Y ~ N + V + x + (1 | B / V), chunks(split(oats, rep(1:5, length.out = 72))))

# Numbers of a result, fits by their criterion and coefficients.
numbers <- function(x) {
  if (inherits(x, "henderson_lmm")) return(c(x$criterion, x$beta))
  x <- if (is.list(x)) unclass(x) else list(unclass(x))
  as.double(unlist(rapply(x, function(z) as.double(unclass(z)),
    classes = c("numeric", "integer", "matrix", "array"), how = "unlist"
  )))
}

test_that("what needs no rows is what it is in memory", {
  calls <- expression(
    coef(summary(fit)), coef(summary(fit, ddf = "Kenward-Roger")), anova(fit),
    anova(fit, type = "I"), anova(fit, type = "II"), anova(fit, ddf = "Kenward-Roger"), vcov(fit),
    as.data.frame(VarCorr(fit)), as.data.frame(ranef(fit)), coef(fit), logLik(fit), BIC(fit),
    confint(fit, method = "Wald"), confint(fit, "theta_"), predict(fit, oats[1:9, ]),
    predict(fit, oats[1:9, ], se.fit = TRUE), predict(fit, oats[1:9, ], interval = "prediction"),
    nobs(fit), df.residual(fit), variance_components(fit), random_anova(fit), drop1(fit),
    update(fit, . ~ . - x), update(fit, . ~ . - (1 | B:V)), update(fit, REML = FALSE),
    refit_ml(fit), anova(fit, update(fit, . ~ . - V)),
    contrast_test(fit, c(0, 1, 0, 0, 0, 0, 0)), r_squared(fit), intraclass_correlation(fit),
    reliability(fit), random_structures(fit), extractAIC(fit), logLik(fit, REML = FALSE),
    deviance_function(fit)(c(1, 0.5))
  )
  for (call in as.list(calls)) {
    label <- paste(deparse(call), collapse = "")
    expected <- suppressMessages(eval(call, list(fit = in_memory, oats = oats)))
    found <- suppressMessages(eval(call, list(fit = summed, oats = oats)))
    expect_gt(length(numbers(expected)), 0, label = label)
    expect_equal(numbers(found), numbers(expected), tolerance = 1e-6, label = label)
  }
})

test_that("what is by row says that there are none", {
  calls <- expression(
    residuals(fit), fitted(fit), predict(fit), model.frame(fit), model.matrix(fit), weights(fit),
    simulate(fit, seed = 1), bootstrap(fit, 10), influence(fit), cooks.distance(fit),
    hatvalues(fit), diagnostic_residuals(fit), refit_response(fit, oats$Y), component(fit, "Z"),
    plot(fit)
  )
  for (call in as.list(calls)) {
    expect_error(eval(call, list(fit = summed, oats = oats)), "cross-products",
      class = "henderson_error_data", label = deparse(call)
    )
  }
  expect_output(print(summary(summed)), "Fixed effects")
})

test_that("smaller models are fitted from the same cross-products", {
  data <- transform(sleepstudy, z = rep(c(0, 1, 3), 60), f = gl(4, 1, 180))
  all <- cross_products(Reaction ~ Days * f + z + (Days + z | Subject) + (1 | f:Subject), data)
  for (formula in list(
    Reaction ~ Days + (Days | Subject), Reaction ~ z + (1 | Subject),
    Reaction ~ 1 + (1 | f:Subject), Reaction ~ 0 + Days + (1 | Subject),
    Reaction ~ f + Days + (0 + Days | Subject) + (1 | f:Subject),
    Reaction ~ Days + (Days || Subject), Reaction ~ Days * f + (1 | Subject) + (0 + Days | Subject)
  )) {
    expected <- suppressMessages(lmm(formula, data))
    fit <- suppressMessages(lmm(formula, all))
    expect_equal(fit$criterion, expected$criterion, tolerance = 1e-10, label = deparse1(formula))
    expect_equal(fixef(fit), fixef(expected), tolerance = 1e-7)
  }
  for (formula in list(
    Reaction ~ log(Days + 1) + (1 | Subject), Reaction ~ 0 + f + (1 | Subject),
    log(Reaction) ~ Days + (1 | Subject), Reaction ~ Days + (f | Subject), Reaction ~ Days + (1 | z)
  )) {
    expect_error(lmm(formula, all), class = "henderson_error_cross_products",
      label = deparse1(formula)
    )
  }
})

test_that("columns that are combinations of others are dropped as of rows", {
  data <- transform(sleepstudy, twice = 2 * Days + 1, f = factor(Days > 4), h = Days > 4)
  for (formula in list(
    Reaction ~ Days + twice + (1 | Subject), Reaction ~ f + h + Days + (1 | Subject)
  )) {
    quiet <- lmm_control(check_rank = "ignore")
    expected <- lmm(formula, data, control = quiet)
    fit <- lmm(formula, chunks(split(data, rep(1:2, 90))), control = quiet)
    expect_identical(fit$dropped, expected$dropped)
    expect_equal(fit$criterion, expected$criterion, tolerance = 1e-10)
    expect_equal(predict(fit, data[3:5, ]), predict(expected, data[3:5, ]), tolerance = 1e-9)
  }
})

test_that("a response that the effects reproduce is refused", {
  data <- transform(sleepstudy, exact = 3 + 2 * Days)
  expect_error(
    lmm(exact ~ Days + (1 | Subject), chunks(split(data, rep(1:2, 90)))), "exact",
    class = "henderson_error_computation"
  )
})

test_that("emmeans takes its grid from data that are given, or says that there are none", {
  need_peer("emmeans")
  expect_error(emmeans::emmeans(summed, ~N), "cross-products")
  expect_equal(
    as.data.frame(emmeans::emmeans(summed, ~ V | N, data = oats)),
    as.data.frame(emmeans::emmeans(in_memory, ~ V | N)), tolerance = 1e-6
  )
})

test_that("arguments about rows are refused with cross-products", {
  own <- cross_products(Reaction ~ Days + (1 | Subject), sleepstudy)
  K <- diag(18)
  rownames(K) <- levels(sleepstudy$Subject)
  expect_error(lmm(own, sleepstudy), "data", class = "henderson_error_argument")
  expect_error(lmm(own, weights = Days), "weights", class = "henderson_error_argument")
  expect_error(lmm(own, subset = Days > 1), "subset", class = "henderson_error_argument")
  expect_error(lmm(Reaction ~ Days + (1 | Subject), own, relationship = list(Subject = K)),
    "relationship", class = "henderson_error_argument"
  )
  data <- transform(sleepstudy, o = Days)
  with_offset <- cross_products(Reaction ~ Days + offset(o) + (1 | Subject), data)
  expect_error(lmm(Reaction ~ Days + (1 | Subject), with_offset), "offset",
    class = "henderson_error_cross_products"
  )
})

test_that("fits of different responses are not compared", {
  other <- transform(oats, Y = Y + seq_len(72))
  fit <- lmm(Y ~ N + (1 | B), chunks(list(other)))
  expect_error(anova(summed, fit), "response", class = "henderson_error_data")
})

test_that("digits that sums have lost are told, and sums without any are refused", {
  withr::local_seed(12)
  data <- data.frame(x = rnorm(400), g = gl(20, 20))
  data$y <- rnorm(400) + rnorm(20)[data$g]
  far <- transform(data, y = y + ifelse(seq_len(400) %in% 1:40, 3e4, 0))
  formula <- y ~ x + (1 | g)
  sums <- cross_products(formula, far)
  plain <- lmm(sums)
  expect_no_match(capture.output(print(summary(plain))), "cancelled")
  # nine tenths of the rows have few parts in 1e8 of the squares
  rest <- merge(sums, far[1:40, ], subtract = TRUE)
  expect_message(fit <- lmm(rest), "digits", class = "henderson_message_precision")
  expected <- lmm(formula, data[41:400, ])
  off <- abs(sigma(fit)^2 / sigma(expected)^2 - 1)
  expect_lt(off, 10 * fit$rounding)
  expect_gt(fit$rounding, 1e-8)
  expect_output(print(fit), "the sums have cancelled")
  expect_output(print(summary(fit)), "the sums have cancelled")
})

test_that("rows that were left out are told of", {
  data <- transform(sleepstudy, Days = replace(Days, 4, NA))
  fit <- lmm(Reaction ~ Days + (1 | Subject), chunks(list(data)))
  expect_output(print(fit), "1 row with missing values left out", fixed = TRUE)
})
