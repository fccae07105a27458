test_that("insight predicts with the random effects however they are written", {
  need_peer(c("insight", "performance"))
  set.seed(1)
  d <- transform(sleepstudy, f = factor(rep(1:3, 60)), w = runif(180), z = rnorm(180))
  d[["Sub-ject"]] <- d$Subject
  formulas <- list(
    Reaction ~ Days + (Days || Subject), Reaction ~ Days + (f || Subject),
    Reaction ~ Days + (0 + Days + z || Subject), Reaction ~ Days + (Days || Subject / f),
    Reaction ~ Days + (1 | `Sub-ject`), Reaction ~ Days + (1 | Subject / f),
    Reaction ~ Days + (1 | Subject:f), Reaction ~ Days + (1 | interaction(Subject, f)),
    Reaction ~ z + (1 | factor(Days)), Reaction ~ Days + offset(w * 50) + (Days || Subject)
  )
  for (formula in formulas) {
    fit <- suppressWarnings(suppressMessages(lmm(formula, d)))
    info <- deparse1(formula)
    # y - X beta - Z u
    expect_equal(performance::mae(fit), mean(abs(residuals(fit))), info = info)
    expect_equal(c(insight::get_predicted(fit)), c(fitted(fit)), info = info)
    some <- insight::get_predicted(fit, data = d[9:20, ])
    expect_equal(c(some), c(fitted(fit)[9:20]), info = info)
    fixed <- c(predict(fit, re.form = NA))
    expect_equal(c(insight::get_predicted(fit, include_random = FALSE)), fixed, info = info)
    # levels that the fit has not seen have no effects
    new <- d[9:20, ]
    new[c("Subject", "Sub-ject")] <- "new"
    new$Days <- new$Days + 0.5
    expect_equal(
      c(insight::get_predicted(fit, data = new)), c(predict(fit, new, re.form = NA)), info = info
    )
    expect_warning(insight::get_predicted(fit, data = new, include_random = TRUE),
      "leave out the random effects",
      class = "henderson_warning_approximation"
    )
  }
  fit <- lmm(formulas[[1L]], d)
  expect_identical(insight::find_random(fit), list(random = "Subject"))
  limits <- as.data.frame(insight::get_predicted(fit, ci = 0.9))
  expect_equal(limits$SE, unname(predict(fit, re.form = NA, se.fit = TRUE)$se.fit))
})

test_that("insight's predictions go with the rows of the fit", {
  need_peer(c("insight", "performance"))
  d <- sleepstudy
  d$Reaction[c(3, 50)] <- NA
  fit <- lmm(Reaction ~ Days + (1 | Subject), d, na.action = na.exclude)
  expect_equal(performance::mae(fit), mean(abs(residuals(fit)), na.rm = TRUE))
  expect_identical(nrow(as.data.frame(insight::get_predicted(fit, ci = 0.9))), 178L)
})

test_that("insight gets the values that the fit has", {
  need_peer(c("insight", "performance"))
  d <- transform(sleepstudy, w = rep(c(0.5, 1, 2), 60))
  mean_error <- function(fit) mean(abs(residuals(fit)))
  fit <- lmm(Reaction ~ Days + (1 | Subject), d, weights = w)
  expect_identical(names(insight::get_data(fit)), c("Reaction", "Days", "Subject", "w"))
  expect_identical(names(insight::get_data(fit, effects = "random")), "Subject")
  expect_identical(names(insight::get_data(fit, effects = "fixed")), c("Reaction", "Days"))
  again <- refit_response(fit, rev(d$Reaction))
  expect_identical(insight::get_response(again), rev(d$Reaction))
  expect_equal(performance::mae(again), mean_error(again))
  expect_equal(performance::rmse(again), sqrt(mean(residuals(again)^2)))
  logged <- lmm(log(Reaction) ~ scale(Days) + (1 | Subject), d)
  squared <- lmm(I(Reaction^2) ~ Days + (1 | Subject), d)
  expect_identical(insight::get_response(logged), sleepstudy$Reaction)
  expect_identical(insight::get_response(squared), sleepstudy$Reaction)
  expect_equal(insight::get_response(refit_response(logged, log(1:180))), as.numeric(1:180))
  again <- refit_response(squared, rev(d$Reaction))
  expect_error(insight::get_response(again), class = "henderson_error_data")

  d$Reaction <- d$Reaction^2
  d$w <- 1
  expect_identical(insight::get_response(fit), sleepstudy$Reaction)
  expect_identical(insight::get_data(fit)$w, rep(c(0.5, 1, 2), 60))
  expect_equal(performance::mae(fit), mean_error(fit))
  expect_equal(insight::get_response(logged), sleepstudy$Reaction)
  expect_error(insight::get_response(squared), class = "henderson_error_data")
  rm(d)
  expect_equal(performance::mae(fit), mean_error(fit))
})

test_that("insight gets the data of fits with an offset, or without a model frame", {
  need_peer(c("insight", "performance"))
  d <- transform(sleepstudy, w = rep(c(0.5, 1, 2), 60))
  for (fit in list(
    lmm(Reaction ~ Days + (1 | Subject), d, offset = w * 50),
    lmm(Reaction ~ Days + offset(w * 50) + (1 | Subject), d)
  )) {
    expect_equal(performance::mae(fit), mean(abs(residuals(fit))))
    expect_identical(insight::get_data(fit)$w, d$w)
  }
  bare <- lmm(Reaction ~ Days + (1 | Subject), d, control = lmm_control(keep = "X"))
  expect_identical(insight::get_response(bare), d$Reaction)
  d <- d[1:90, ]
  expect_error(insight::get_data(bare), class = "henderson_error_data")
})
