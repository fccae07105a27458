test_that("regular fits take few evaluations and end with a vanishing gradient", {
  fits <- list(
    lmm(Reaction ~ Days + (Days | Subject), sleepstudy),
    lmm(yield ~ gen + (1 | rep), subset(omer.sorghum, env == "E3")),
    lmm(yield ~ gen * fung + (1 | block / fung), durban.splitplot)
  )
  for (fit in fits) {
    expect_lte(fit$optimization$evaluations, 8)
    expect_lt(max(abs(fit$optimization$gradient)), 1e-6)
  }
})

test_that("verbose can be TRUE or FALSE", {
  expect_output(
    lmm(Reaction ~ Days + (Days | Subject), sleepstudy, verbose = TRUE), "predicted decrease"
  )
  expect_silent(lmm(Reaction ~ Days + (Days | Subject), sleepstudy, verbose = FALSE))
  for (wrong in list(NA, "yes", -1, c(TRUE, TRUE))) {
    condition <- tryCatch(
      lmm(Reaction ~ Days + (Days | Subject), sleepstudy, verbose = wrong), error = identity
    )
    expect_s3_class(condition, "henderson_error_argument")
    expect_identical(condition$variable, "verbose")
  }
})

test_that("a singular fit is a message, which control can raise or silence", {
  set.seed(1)
  data <- data.frame(y = rep(c(1, 2, 3, 4), 5), g = gl(5, 4))
  expect_message(fit <- lmm(y ~ 1 + (1 | g), data), class = "henderson_message_singular")
  expect_identical(unname(fit$theta), 0)
  expect_equal(fit$sigma, stats::sd(data$y))
  expect_silent(lmm(y ~ 1 + (1 | g), data, control = lmm_control(check_singular = "ignore")))
  expect_error(
    lmm(y ~ 1 + (1 | g), data, control = lmm_control(check_singular = "stop")),
    class = "henderson_error_singular"
  )
})

test_that("columns that lm() drops are dropped, with a message", {
  data <- transform(sleepstudy, twice = 2 * Days, three = Days + 1)
  expect_message(
    fit <- lmm(Reaction ~ Days + twice + three + (1 | Subject), data),
    "twice.*three", class = "henderson_message_rank"
  )
  kept <- names(which(!is.na(coef(lm(Reaction ~ Days + twice + three, data)))))
  expect_named(fixef(fit), kept)
  expect_identical(fit$dropped, c("twice", "three"))
  plain <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy)
  expect_equal(fit$criterion, plain$criterion, tolerance = 1e-10)
})

test_that("more coefficients than observations is an error with both numbers", {
  data <- data.frame(y = rnorm(4), a = factor(1:4), g = gl(2, 2))
  error <- expect_error(
    suppressMessages(lmm(y ~ a + (1 | g), data)),
    class = "henderson_error_data"
  )
  expect_equal(error$observed, c(n = 4, p = 4))
})

test_that("a false zero is left: a start in its basin ends at the better minimum", {
  data <- as.data.frame(datasets::Indometh)
  data$Subject <- factor(as.character(data$Subject))
  f <- log(conc) ~ I(time^2) + (time | Subject)
  usual <- lmm(f, data, REML = FALSE)
  started <- lmm(f, data, REML = FALSE, start = c(0.798095, -0.000886, 0.029007))
  expect_equal(started$criterion, usual$criterion, tolerance = 1e-9)
})

test_that("InstEval: two crossed factors and 28 coefficients on 73,421 rows", {
  need_peer("lme4")
  data <- lme4::InstEval
  fit <- lmm(y ~ service * dept + (1 | s) + (1 | d), data)
  expect_equal(fit$criterion, 237688.733511, tolerance = 1e-11)
  expect_lte(fit$optimization$evaluations, 8)
})

test_that("lme4's theta can be given as start where the names agree", {
  need_peer("lme4")
  data <- sleepstudy
  for (f in c(
    Reaction ~ Days + (Days | Subject), Reaction ~ Days + (1 | Subject) + (0 + Days | Subject),
    Reaction ~ Days + (Days || Subject)
  )) {
    theta <- lme4::getME(lme4::lmer(f, data), "theta")
    fit <- lmm(f, data, start = theta, control = lmm_control(optimizer = "none"))
    expect_equal(fit$theta[names(theta)], theta)
  }
  # a `||` with a factor is another model in lme4, with other names
  data$h <- factor(rep(c("a", "b"), 90))
  m <- suppressMessages(lme4::lmer(Reaction ~ Days + (h || Subject), data))
  expect_error(
    lmm(Reaction ~ Days + (h || Subject), data, start = lme4::getME(m, "theta")),
    class = "henderson_error_start"
  )
})
