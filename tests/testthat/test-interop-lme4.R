# ---- lme4's generics ----

test_that("lme4's generics work on our fits", {
  need_peer("lme4")
  fit <- fit_cached("sleepstudy")

  expect_identical(lme4::getME(fit, "theta"), component(fit, "theta"))
  expect_true(lme4::isREML(fit))
  expect_true(lme4::isLMM(fit))
  expect_false(lme4::isGLMM(fit))
  expect_false(lme4::isNLMM(fit))
  expect_identical(lme4::ngrps(fit), n_groups(fit))
  by_ml <- lme4::refitML(fit)
  expect_equal(deviance(by_ml), deviance(fit_cached("sleepstudy_ml")), tolerance = 1e-8)
  again <- lme4::refit(fit, 2 * sleepstudy$Reaction)
  expect_equal(fixef(again), 2 * fixef(fit), tolerance = 1e-6)
  expect_identical(lme4::fixef(fit), fixef(fit))
  expect_identical(lme4::ranef(fit), ranef(fit))
  expect_error(lme4::getME(fit, "thta"), class = "henderson_error_argument")
})

test_that("our generics still work on lme4's fits", {
  need_peer("lme4")
  m <- lme4::lmer(Reaction ~ Days + (Days | Subject), sleepstudy)

  expect_identical(fixef(m), lme4::fixef(m))
  expect_identical(ranef(m), lme4::ranef(m))
  expect_identical(VarCorr(m), lme4::VarCorr(m))
})

# ---- as_lmm ----

test_that("as_lmm evaluates lme4's model at lme4's parameters", {
  need_peer("lme4")
  set.seed(12)
  data <- transform(sleepstudy, w = exp(rnorm(180)), o = rnorm(180), late = factor(Days > 5))
  data$Days[7] <- NA
  fits <- list(
    lme4::lmer(Reaction ~ Days + (Days | Subject), data, weights = w),
    lme4::lmer(Reaction ~ poly(Days, 2) + offset(o) + (1 | Subject), data[-7, ], REML = FALSE),
    lme4::lmer(
      log(Reaction) ~ late + (1 | Subject), data, subset = Days > 0, na.action = na.exclude,
      contrasts = list(late = "contr.sum")
    ),
    lme4::lmer(Reaction ~ Days + (1 | Subject) + (0 + Days | Subject), data),
    lme4::lmer(yield ~ gen + fung + (1 | block / fung), durban.splitplot)
  )
  for (m in fits) {
    fit <- as_lmm(m)
    criterion <- if (lme4::isREML(m)) lme4::REMLcrit(m) else deviance(m)
    # the same theta: rounding only
    expect_equal(unname(fit$criterion), unname(criterion), tolerance = 1e-9)
    expect_equal(fixef(fit), lme4::fixef(m), tolerance = 1e-8)
    expect_equal(vcov(fit), as.matrix(vcov(m)), tolerance = 1e-7)
    expect_equal(fitted(fit), fitted(m), tolerance = 1e-8, ignore_attr = TRUE)
    expect_equal(sigma(fit), sigma(m), tolerance = 1e-8)
    expect_identical(nobs(fit), nobs(m))
  }
})

test_that("as_lmm codes left-hand sides as lme4 did", {
  need_peer("lme4")
  data <- transform(sleepstudy,
    h = factor(rep(c("a", "b"), 90)), f = factor(rep(c("a", "b", "c"), 60), ordered = TRUE),
    Subject = factor(rep(1:9, each = 20))
  )
  sums <- list(h = "contr.sum")
  quietly <- function(expr) suppressWarnings(suppressMessages(expr))
  fits <- quietly(list(
    lme4::lmer(Reaction ~ Days + h + (h | Subject), data, contrasts = sums),
    lme4::lmer(Reaction ~ h + (h | Subject), data, contrasts = sums),
    lme4::lmer(
      Reaction ~ Days * h + (1 | Subject) + (0 + h:Days | Subject), data, contrasts = sums
    ),
    lme4::lmer(
      Reaction ~ h + f + (f | Subject), data,
      contrasts = list(h = "contr.sum", f = "contr.helmert")
    ),
    withr::with_options(
      list(contrasts = c("contr.sum", "contr.poly")),
      lme4::lmer(Reaction ~ Days + h + (h + f | Subject), data)
    )
  ))
  newdata <- data[c(2, 5), ]
  newdata$h <- factor(newdata$h, levels = c("b", "a"))
  newdata$f <- as.character(newdata$f)
  for (m in fits) {
    fit <- quietly(as_lmm(m))
    expect_false(anyNA(fit$theta))
    expect_setequal(unname(round(fit$theta, 8)), unname(round(lme4::getME(m, "theta"), 8)))
    expect_equal(unname(fit$criterion), unname(lme4::REMLcrit(m)), tolerance = 1e-9)
    expect_equal(fitted(fit), fitted(m), tolerance = 1e-7, ignore_attr = TRUE)
    expect_equal(predict(fit, newdata), fitted(fit)[c(2, 5)], ignore_attr = TRUE)
    expect_equal(
      as.matrix(model.matrix(fit, type = "random")), as.matrix(lme4::getME(m, "Z")),
      ignore_attr = TRUE
    )
    # refits keep the coding
    expect_identical(names(refit_ml(fit)$theta), names(fit$theta))
    expect_equal(deviance_function(fit)(fit$theta, gradient = FALSE), fit$criterion)
    first <- quietly(drop1(fit))
    expect_equal(first["<none>", "AIC"], extractAIC(fit)[2], tolerance = 1e-6)
  }
})

test_that("as_lmm refuses a term that it cannot reproduce", {
  need_peer("lme4")
  data <- transform(sleepstudy, h = factor(rep(c("a", "b", "c"), 60)))
  m <- withr::with_options(list(contrasts = c("contr.SAS", "contr.poly")), {
    suppressWarnings(suppressMessages(lme4::lmer(Reaction ~ Days + (h | Subject), data)))
  })
  condition <- tryCatch(as_lmm(m), error = identity)
  expect_s3_class(condition, "henderson_error_unsupported")
  expect_match(condition$variable, "h | Subject", fixed = TRUE)
})

test_that("as_lmm can go on to optimize", {
  need_peer("lme4")
  m <- lme4::lmer(Reaction ~ Days + (Days | Subject), sleepstudy)
  fit <- as_lmm(m, optimizer = "newton")

  expect_lte(reml_criterion(fit), lme4::REMLcrit(m) + 1e-8)
  # a fit made elsewhere can be used where its data are not
  expect_equal(unname(predict(fit)), unname(fitted(fit)))
})

test_that("as_lmm refuses other objects", {
  expect_error(as_lmm(lm(Reaction ~ Days, sleepstudy)), class = "henderson_error_argument")
  expect_error(as_lmm(NULL), class = "henderson_error_argument")
  need_peer("lme4")
  m <- lme4::lmer(Reaction ~ Days + (1 | Subject), sleepstudy)
  expect_error(as_lmm(m, optimizer = "bobyqa"), class = "henderson_error_argument")
})

test_that("codes of a factor in an imported fit are those of the data", {
  skip_if_not_installed("lme4")
  data <- droplevels(sleepstudy)
  data$f <- factor(rep_len(c("a", "b", "c"), nrow(data)), levels = c("a", "b", "c", "none"))
  data$f <- factor(data$f, levels = c("none", "a", "c", "b"))
  data <- data[data$f != "c", ]
  data$code <- ifelse(data$f == "a", 2, 4)
  fit <- as_lmm(lme4::lmer(Reaction ~ f + (1 | Subject), data))
  right <- lmm(Reaction ~ code + (1 | Subject), data)
  rm(data)
  again <- suppressMessages(update(fit, . ~ . - f + as.numeric(f)))
  expect_equal(unname(fixef(again)), unname(fixef(right)), tolerance = 1e-6)
})

test_that("a fit by lme4 that was refitted is imported with its own response", {
  need_peer("lme4")
  data <- test_data()
  replaced <- transform(data, y = y + 3 * v)
  m <- lme4::refit(lme4::lmer(y ~ x + (1 | g), data), replaced$y)
  right <- lmm(y ~ x + (1 | g), replaced)
  fit <- as_lmm(m)

  expect_fit_of(suppressMessages(update(fit, . ~ . - x)), update(right, . ~ . - x))
  expect_equal(coef(group_fits(fit)), coef(group_fits(right)))
  expect_identical(nlme::getData(fit)$y, replaced$y)
  # new variables are those of the same rows
  expect_message(larger <- update(fit, . ~ . + v), "`data` has another response `y`",
    class = "henderson_message_data"
  )
  expect_fit_of(larger, update(right, . ~ . + v))
  expect_message(added <- add1(fit, ~ . + v), "lme4's `refit()`", fixed = TRUE)
  expect_equal(table_of(added), table_of(add1(right, ~ . + v)), tolerance = 1e-6)
  expect_silent(expect_fit_of(update(fit, REML = FALSE), update(right, REML = FALSE)))
  selected <- suppressMessages(update(fit, subset = f != "a"))
  expect_fit_of(selected, update(right, subset = f != "a"))
  # data that are given have their own response, which is said
  expect_message(again <- update(fit, . ~ . + v, data = data), "response `y` of `data` is fitted",
    class = "henderson_message_data"
  )
  expect_fit_of(again, lmm(y ~ x + v + (1 | g), data))
  expect_fit_of(refit_response(again, component(fit, "y")), lmm(y ~ x + v + (1 | g), replaced))
  expect_silent(update(fit, data = replaced))
  expect_silent(update(as_lmm(lme4::lmer(y ~ x + (1 | g), data)), data = replaced))
  # data that changed are no data of a refit
  for (change in list(x = rev(data$x), f = rev(data$f))) {
    original <- data
    data <- transform(data, x = if (is.factor(change)) x else change, y = y + 1)
    by_lmer <- if (is.factor(change)) lme4::lmer(y ~ x + (1 | g), original) else m
    by_lmer@call$data <- quote(data)
    expect_error(update(as_lmm(by_lmer), . ~ . + v), "has other", class = "henderson_error_data")
    data <- original
  }
})
