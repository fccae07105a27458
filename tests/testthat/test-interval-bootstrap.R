test_that("replicates are refits of the same responses", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  built_in <- bootstrap(fit, 25, seed = 4)
  by_function <- bootstrap(fit, 25, function(fit) c(sigma(fit), fixef(fit)), seed = 4)
  expect_equal(unname(built_in$t[, 4:6]), unname(by_function$t), tolerance = 1e-6)
  # of a fit with weights, offset and a REML criterion of two crossed factors
  data <- transform(sleepstudy, w = rep(c(1, 2), 90), o = Days^2, day = factor(Days))
  fit <- lmm(Reaction ~ Days + offset(o) + (1 | Subject) + (1 | day), data, weights = w)
  built_in <- bootstrap(fit, 10, seed = 4)
  by_function <- bootstrap(fit, 10, function(fit) c(sigma(fit), fixef(fit)), seed = 4)
  expect_equal(unname(built_in$t[, 3:5]), unname(by_function$t), tolerance = 1e-5)
})

test_that("the numbers depend on seed and replicate only", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  whole <- bootstrap(fit, 60, seed = 9)
  expect_identical(bootstrap(fit, 60, seed = 9, threads = 3)$t, whole$t)
  part <- bootstrap(fit, 20, seed = 9)
  expect_identical(part$t, whole$t[1:20, ])
  more <- bootstrap(fit, 40, continue = part)
  expect_identical(more$t, whole$t)
  expect_identical(more$R, 60L)
  expect_identical(more$singular, whole$singular)
  set.seed(1)
  before <- .Random.seed
  bootstrap(fit, 5, seed = 2)
  expect_identical(.Random.seed, before)
  first <- bootstrap(fit, 5)
  set.seed(1)
  expect_identical(bootstrap(fit, 5)$t, first$t)
  expect_false(identical(bootstrap(fit, 5)$t, first$t))
  expect_error(
    bootstrap(fit, 5, type = "wild", continue = part), class = "henderson_error_argument"
  )
})

test_that("parametric replicates have the distribution of simulate() and refit_response()", {
  only_in_full_tier("1,000 fits of R's own simulated responses")
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  ours <- bootstrap(fit, 4000, seed = 2)$t
  set.seed(3)
  responses <- simulate(fit, 1000)
  table <- interval_parameters(fit)
  theirs <- t(vapply(responses, function(y) {
    other <- suppressMessages(refit_response(fit, y))
    fit_parameters(other)
  }, numeric(6)))
  for (k in 1:6) {
    # six tests, each at 1 in 1,000
    expect_gt(suppressWarnings(ks.test(ours[, k], theirs[, k])$p.value), 1e-3)
  }
})

test_that("replicates have the distribution of lme4's bootMer()", {
  need_peer("lme4")
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  peer <- lme4::lmer(Reaction ~ Days + (Days | Subject), sleepstudy)
  statistic <- function(fit) {
    own <- lme4::VarCorr(fit)$Subject
    c(attr(own, "stddev"), sigma(fit), lme4::fixef(fit), attr(own, "correlation")[2, 1])
  }
  theirs <- suppressMessages(suppressWarnings(
    lme4::bootMer(peer, statistic, nsim = 400, seed = 5)
  ))$t
  ours <- bootstrap(fit, 4000, seed = 6)$t[, c(1, 3:6, 2)]
  # correlations of one, of singular fits, are ties
  for (k in 1:6) expect_gt(suppressWarnings(ks.test(ours[, k], theirs[, k])$p.value), 1e-3)
})

test_that("singular and failed replicates are counted and kept", {
  set.seed(1)
  data <- data.frame(g = gl(5, 4), y = rnorm(20))
  fit <- suppressMessages(lmm(y ~ 1 + (1 | g), data))
  replicates <- bootstrap(fit, 200, seed = 1)
  expect_identical(replicates$singular, sum(replicates$t[, 1] == 0))
  expect_gt(replicates$singular, 20)
  calls <- 0
  every_third <- function(fit) {
    calls <<- calls + 1
    if (calls %% 3 == 0) stop("this one not")
    sigma(fit)
  }
  replicates <- bootstrap(fit, 8, every_third, seed = 1)
  expect_identical(replicates$failures$count, 3L)
  expect_identical(sum(is.na(replicates$t)), 3L)
  expect_identical(replicates$failures$messages, "this one not")
  lines <- capture.output(print(replicates))
  expect_match(paste(lines, collapse = " "), "3 failed. First message: this one not")
})

test_that("confint(method = \"boot\") is that of a parametric bootstrap", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  limits <- confint(fit, c("Days", ".sig01"), method = "boot", nsim = 100, seed = 3)
  replicates <- bootstrap(fit, 100, seed = 3)
  expect_equal(unname(limits), unname(confint(replicates, c("Days", "sd_(Intercept)|Subject"))))
  expect_identical(rownames(limits), c("Days", ".sig01"))
})

test_that("bad arguments are named", {
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy)
  expect_error(bootstrap(fit, 0), "nsim", class = "henderson_error_argument")
  expect_error(bootstrap(fit, 5, statistic = 1), "statistic", class = "henderson_error_argument")
  expect_error(
    bootstrap(fit, 5, statistic = function(f) "a"), "statistic", class = "henderson_error_argument"
  )
  expect_error(bootstrap(fit, 5, type = "jackknife"), "type", class = "henderson_error_argument")
  expect_error(bootstrap(fit, 5, threads = -1), "threads", class = "henderson_error_argument")
  expect_error(bootstrap(fit, 5, sed = 1), "sed", class = "henderson_error_argument")
  expect_error(confint(bootstrap(fit, 5, seed = 1), "sd"), class = "henderson_error_argument")
})

test_that("what the data do not determine is NA in all replicates, and a message says so", {
  data <- transform(sleepstudy, again = Subject)
  fit <- suppressMessages(lmm(Reaction ~ Days + (1 | Subject) + (1 | again), data))
  expect_message(
    replicates <- bootstrap(fit, 40, seed = 1), class = "henderson_message_undetermined"
  )
  expect_true(all(is.na(replicates$t[, 1:2])))
  expect_false(anyNA(replicates$t[, 3:5]))
  expect_identical(replicates$failures$count, 0L)
  expect_true(all(is.na(confint(replicates)[1:2, ])))
  expect_true(is.na(replicates$t0[[1]]))
})
