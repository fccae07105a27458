test_that("update changes formula and arguments", {
  fit <- fit_cached("sleepstudy")

  smaller <- update(fit, . ~ . - Days)
  expect_named(fixef(smaller), "(Intercept)")
  expect_identical(n_groups(smaller), n_groups(fit))
  by_ml <- update(fit, REML = FALSE)
  expect_false(is_reml(by_ml))
  expect_equal(deviance(by_ml), deviance(fit_cached("sleepstudy_ml")), tolerance = 1e-8)
  swapped <- update(fit, . ~ . - (Days | Subject) + (1 | Subject))
  expect_length(component(swapped, "theta"), 1L)
  logged <- update(fit, log(.) ~ .)
  expect_equal(component(logged, "y"), log(sleepstudy$Reaction))
  expect_equal(nobs(update(fit, subset = Days < 9)), 162L)
  expect_equal(nobs(update(fit, data = sleepstudy[1:100, ])), 100L)
})

test_that("update(evaluate = FALSE) returns the call", {
  call <- update(fit_cached("sleepstudy"), . ~ . - Days, REML = FALSE, evaluate = FALSE)

  expect_true(is.call(call))
  expect_equal(call$formula, quote(Reaction ~ (Days | Subject)), ignore_attr = TRUE)
  expect_false(call$REML)
})

test_that("a formula and data made inside a function are found again", {
  make <- function(rhs) {
    local_data <- sleepstudy
    formula <- as.formula(paste("Reaction ~", rhs, "+ (1 | Subject)"))
    lmm(formula, local_data)
  }
  fit <- make("Days")
  updated <- update(fit, . ~ . + I(Days^2))

  expect_named(fixef(updated), c("(Intercept)", "Days", "I(Days^2)"))
})

test_that("the data where the fit was made go before others of the same name", {
  make <- function() {
    my_data <- sleepstudy
    lmm(Reaction ~ Days + (1 | Subject), my_data)
  }
  fit <- make()
  my_data <- sleepstudy[1:50, ]

  expect_identical(nobs(update(fit, REML = FALSE)), 180L)
  expect_identical(nobs(update(fit, data = my_data)), 50L)
})

test_that("without the data the model frame serves", {
  data <- transform(sleepstudy, w = rep(1:2, 90))
  fit <- lmm(Reaction ~ Days + (1 | Subject), data)
  rm(data)

  expect_identical(nobs(update(fit, . ~ 1 + (1 | Subject))), 180L)
})

test_that("update refuses unnamed and unknown changes", {
  fit <- fit_cached("sleepstudy")

  expect_error(update(fit, . ~ ., FALSE), class = "henderson_error_argument")
  expect_error(update(fit, 5), class = "henderson_error_formula")
  expect_error(update(fit, evaluate = NA), class = "henderson_error_argument")
  expect_error(update(fit, . ~ . - (Days | Subject)), class = "henderson_error_formula")
  expect_error(update(fit, data = no_such_data), class = "henderson_error_variable")
})

test_that("arguments given to update() mean what they mean where they are written", {
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy)
  expected <- function(...) fixef(lmm(Reaction ~ Days + (1 | Subject), ...))
  without <- lapply(levels(sleepstudy$Subject)[1:2], function(k) update(fit, subset = Subject != k))
  expect_equal(fixef(without[[2L]]), expected(subset(sleepstudy, Subject != "309")))
  # and keep that meaning
  expect_equal(
    fixef(update(without[[2L]], . ~ . - Days)),
    fixef(lmm(Reaction ~ 1 + (1 | Subject), subset(sleepstudy, Subject != "309")))
  )
  with_weights <- function() {
    w <- rep(1:2, 90)
    update(fit, weights = w)
  }
  passed_on <- function(...) update(fit, ...)
  through_dots <- function() {
    w <- rep(1:2, 90)
    passed_on(weights = w)
  }
  w <- rep(3:1, 60)
  data <- transform(sleepstudy, w = rep(1:2, 90))
  expect_equal(fixef(with_weights()), expected(data, weights = w))
  expect_equal(fixef(through_dots()), expected(data, weights = w))
  with_offset <- function() {
    shift <- sqrt(sleepstudy$Days)
    late <- sleepstudy$Days > 5
    update(fit, . ~ . + late, offset = shift)
  }
  data <- transform(sleepstudy, late = Days > 5, shift = sqrt(Days))
  expect_equal(
    fixef(with_offset()), fixef(lmm(Reaction ~ Days + late + (1 | Subject), data, offset = shift))
  )
  expect_error(
    update(fit, subset = Subject != nobody), "nobody", class = "henderson_error_variable"
  )
  expect_error(update(fit, weight = w), "weights", class = "henderson_error_argument")
})

test_that("NULL removes an argument, also one that the call does not have", {
  data <- transform(sleepstudy, w = rep(1:2, 90))
  fit <- lmm(Reaction ~ Days + (1 | Subject), data, weights = w, subset = Days > 1)
  plain <- lmm(Reaction ~ Days + (1 | Subject), data)

  expect_equal(fixef(update(fit, weights = NULL, subset = NULL)), fixef(plain))
  for (argument in c("weights", "subset", "offset", "start", "contrasts", "na.action")) {
    again <- do.call(update, c(list(plain), stats::setNames(list(NULL), argument)))
    expect_equal(fixef(again), fixef(plain))
  }
  expect_false(update(plain, REML = FALSE)$REML)
  expect_true(update(update(plain, REML = FALSE), REML = NULL)$REML)
})

test_that("update() regains rows that only a variable left out kept away", {
  data <- sleepstudy
  data$Days[1:5] <- NA
  data$extra <- rep(c(1, NA, 2), c(100, 2, 78))
  fit <- lmm(Reaction ~ Days + (1 | Subject), data)

  expect_identical(nobs(update(fit, . ~ . - Days)), 180L)
  expect_identical(nobs(update(fit, . ~ . + extra)), 173L)
  expect_identical(nobs(update(fit, . ~ extra + (1 | Subject))), 178L)
})

test_that("parts of diagonal terms are removed as terms of their own", {
  expect_terms <- function(fit, change, right) {
    expect_equal(formula(update(fit, change), random.only = TRUE), right, ignore_formula_env = TRUE)
  }
  diagonal <- lmm(Reaction ~ Days + (Days || Subject), sleepstudy)
  apart <- lmm(Reaction ~ Days + (1 | Subject) + (0 + Days | Subject), sleepstudy)
  expect_terms(diagonal, . ~ . - (0 + Days | Subject), ~ (1 | Subject))
  expect_terms(diagonal, . ~ . - (Days - 1 | Subject), ~ (1 | Subject))
  expect_terms(diagonal, . ~ . - (1 | Subject), ~ (0 + Days || Subject))
  expect_terms(diagonal, . ~ . - (Days || Subject) + (1 | Subject), ~ (1 | Subject))
  expect_terms(apart, . ~ . - (0 + Days | Subject), ~ (1 | Subject))
  expect_terms(apart, . ~ . - (Days || Subject) + (Days | Subject), ~ (Days | Subject))
  expect_equal(
    fixef(update(diagonal, . ~ . - (0 + Days | Subject))),
    fixef(lmm(Reaction ~ Days + (1 | Subject), sleepstudy)), tolerance = 1e-6
  )
  unstructured <- fit_cached("sleepstudy")
  expect_message(
    expect_terms(unstructured, . ~ . - (0 + Days | Subject), ~ (Days | Subject)),
    class = "henderson_message_formula"
  )
  nested <- lmm(yield ~ gen + (1 | block / fung), durban.splitplot,
    control = lmm_control(check_singular = "ignore")
  )
  expect_terms(nested, . ~ . - (1 | block / fung) + (1 | block), ~ (1 | block))
})

test_that("update() drops a start that belongs to other random terms, and keeps it otherwise", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy, start = c(1, 0, 0.2))
  smaller <- update(fit, . ~ . - (Days | Subject) + (1 | Subject))
  expect_null(smaller$call$start)
  expect_length(smaller$theta, 1L)
  expect_length(update(fit, Reaction ~ (1 | Subject))$theta, 1L)
  expect_length(update(fit, formula = Reaction ~ (1 | Subject))$theta, 1L)
  expect_identical(update(fit, . ~ . - Days)$call$start, quote(c(1, 0, 0.2)))
  expect_identical(update(fit, REML = FALSE)$call$start, quote(c(1, 0, 0.2)))
  given <- update(fit, . ~ . - (Days | Subject) + (1 | Subject), start = 2)
  expect_identical(given$call$start, 2)
})

test_that("one name may mean one thing in the fit and another in what update() is given", {
  data <- test_data()
  k <- 2
  fit <- lmm(y ~ poly(x, k) + (1 | g), data)
  without <- lmm(y ~ x + (1 | g), data, subset = as.integer(g) != k)
  change <- function(k) {
    list(update(fit, subset = as.integer(g) != k), update(without, . ~ . + poly(v, k)))
  }
  changed <- change(3)
  right <- lmm(y ~ poly(x, 2) + f + (1 | g), data, subset = as.integer(g) != 3)
  expect_equal(unname(fixef(update(changed[[1L]], . ~ . + f))), unname(fixef(right)),
    tolerance = 1e-6
  )
  right <- lmm(y ~ x + poly(v, 3) + f + (1 | g), data, subset = as.integer(g) != 2)
  expect_equal(unname(fixef(update(changed[[2L]], . ~ . + f))), unname(fixef(right)),
    tolerance = 1e-6
  )
})

test_that("a fit without data has its new variables where it had the others", {
  data <- test_data()
  right <- lmm(y ~ x + v + (1 | g), data, REML = FALSE)
  for (i in 1:2) {
    fit <- if (i == 1L) {
      with(data, lmm(y ~ x + (1 | g), REML = FALSE))
    } else {
      # made in a function
      local({
        columns <- data
        y <- columns$y
        x <- columns$x
        g <- columns$g
        v <- columns$v
        w <- columns$w
        o <- columns$o
        lmm(y ~ x + (1 | g), REML = FALSE)
      })
    }
    small <- data[c("y", "x", "g")]
    v <- rev(data$v)
    w <- rev(data$w)
    o <- rev(data$o)
    expect_message(larger <- update(fit, . ~ . + v), "`v`", class = "henderson_message_data")
    expect_fit_of(larger, right)
    for (term in list("v", ~ . + v)) {
      expect_equal(
        table_of(suppressMessages(add1(fit, term))),
        table_of(add1(update(right, . ~ . - v), ~ . + v)), tolerance = 1e-6
      )
    }
    expect_fit_of(suppressMessages(step(fit, scope = ~ x + v, trace = 0, k = 0)), right)
    in_function <- function(v) suppressMessages(update(fit, . ~ . + v))
    expect_fit_of(in_function(rep(1:2, 45)), right)
    expect_fit_of(
      suppressMessages(update(fit, log(w) ~ ., weights = w, offset = o, subset = v > 0)),
      lmm(log(w) ~ x + (1 | g), data, weights = w, offset = o, subset = v > 0, REML = FALSE)
    )
    expect_fit_of(
      update(fit, . ~ . + v, data = small),
      lmm(y ~ x + v + (1 | g), transform(data, v = rev(v)), REML = FALSE)
    )
    rm(v, w, o)
  }
  # what is written in a function that sees the variables of the fit means what it means there
  y <- data$y
  x <- data$x
  g <- data$g
  w <- data$w
  k <- "1"
  fit <- lmm(y ~ x + (1 | g))
  weighted <- lapply(list(w, rev(w)), function(w) update(fit, weights = w))
  expect_fit_of(weighted[[2L]], lmm(y ~ x + (1 | g), data, weights = rev(w)))
  without <- lapply(1:2, function(k) update(fit, subset = g != k))
  expect_fit_of(without[[2L]], lmm(y ~ x + (1 | g), data, subset = g != "2"))
})
