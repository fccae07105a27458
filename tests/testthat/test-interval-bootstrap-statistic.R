test_that("variances are those of a fit to the same response", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  replicates <- bootstrap(fit, 6, seed = 4, variances = TRUE)
  expect_identical(dim(replicates$var.t), c(6L, 6L))
  expect_identical(replicates$t, bootstrap(fit, 6, seed = 4)$t)
  own <- variance_components(fit)
  # the rows of sd (Intercept), sd Days, correlation, sigma
  expect_equal(replicates$var.t0[c(1, 3, 2, 4)], own$se^2, tolerance = 1e-8)
  expect_equal(replicates$var.t0[5:6], unname(diag(vcov(fit))))
  y <- bootstrap(fit, 6, function(fit) component(fit, "y"), seed = 4)$t
  for (k in c(1, 5)) {
    again <- suppressMessages(refit_response(fit, y[k, ]))
    expect_equal(replicates$var.t[k, 5:6], diag(vcov(again)), tolerance = 1e-5)
    expect_equal(
      unname(replicates$var.t[k, c(1, 3, 2, 4)]), variance_components(again)$se^2, tolerance = 1e-4
    )
  }
})

test_that("slopes are derivatives, of all structures", {
  data <- transform(sleepstudy, day = factor(Days %/% 4))
  fits <- list(
    lmm(Reaction ~ Days + (Days || Subject), data),
    suppressMessages(lmm(Reaction ~ Days + (0 + day | Subject), data)),
    lmm(Reaction ~ Days + ar1(0 + day | Subject), data)
  )
  for (fit in fits) {
    table <- interval_parameters(fit)
    theta <- t(fit$theta)
    for (i in which(table$kind %in% c("sd", "correlation"))) {
      index <- fit$random[[table$term[i]]]$theta_index
      value <- function(theta, sigma) {
        parameter_values(fit, table, theta, sigma, t(fit$beta))[i]
      }
      numeric <- vapply(c(index, NA), function(k) {
        h <- 1e-5
        change <- function(h) {
          moved <- theta
          if (!is.na(k)) moved[k] <- moved[k] + h
          value(moved, fit$sigma + if (is.na(k)) h else 0)
        }
        (change(h) - change(-h)) / (2 * h)
      }, 0)
      expect_equal(
        drop(parameter_slopes(fit, table[i, ], theta, fit$sigma)), numeric, tolerance = 1e-6
      )
    }
  }
})

test_that("variances on the boundary are NA", {
  set.seed(1)
  data <- data.frame(g = gl(5, 4), y = rnorm(20))
  fit <- suppressMessages(lmm(y ~ 1 + (1 | g), data))
  replicates <- bootstrap(fit, 100, seed = 1, variances = TRUE)
  expect_identical(unname(is.na(replicates$var.t[, 1])), unname(replicates$t[, 1] == 0))
  expect_false(anyNA(replicates$var.t[, 2:3]))
})

test_that("replicates of predictions are the prediction plus its error", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  days <- data.frame(Days = c(0, 12))
  line <- bootstrap(fit, 8, "predictions", newdata = days, re.form = NA, seed = 2)
  beta <- bootstrap(fit, 8, seed = 2)$t[, 5:6]
  expect_equal(unname(line$t), unname(beta %*% rbind(1, days$Days)))
  expect_equal(unname(line$t0), unname(predict(fit, days, re.form = NA)))
  # with effects: by refits, and by the effects that the responses have without their residuals
  rows <- sleepstudy[c(1, 35, 180), ]
  lines <- bootstrap(fit, 8, "predictions", newdata = rows, seed = 2)
  no_noise <- response_model(fit, "parametric")
  no_noise$sigma <- 0
  truth <- drawn_responses_cpp(prepare_again(fit), no_noise, 2, 0, 8)[c(1, 35, 180), ]
  predicted <- bootstrap(fit, 8, function(fit) fitted(fit)[c(1, 35, 180)], seed = 2)$t
  expected <- rep(fitted(fit)[c(1, 35, 180)], each = 8) + predicted - t(truth)
  expect_equal(unname(lines$t), unname(expected), tolerance = 1e-5)
  threaded <- bootstrap(fit, 8, "predictions", newdata = rows, seed = 2, threads = 2)
  expect_identical(lines$t, threaded$t)
})

test_that("predictions know offsets, crossed factors, sorted levels and parts of the random part", {
  set.seed(2)
  n <- 9000
  data <- data.frame(
    a = factor(sample(4500, n, TRUE)), b = factor(sample(40, n, TRUE)), x = rnorm(n), o = rnorm(n)
  )
  data$y <- data$x + data$o + rnorm(4500)[data$a] + rnorm(40)[data$b] + rnorm(n)
  fit <- lmm(y ~ x + offset(o) + (1 | a) + (1 | b), data)
  rows <- data[c(5, 17, 4000), ]
  by_a <- bootstrap(fit, 3, "predictions", newdata = rows, re.form = ~ (1 | a), seed = 1)
  expect_equal(unname(by_a$t0), unname(predict(fit, rows, re.form = ~ (1 | a))))
  predicted <- bootstrap(fit, 3, seed = 1, function(fit) predict(fit, rows, re.form = ~ (1 | a)))$t
  model <- response_model(fit, "parametric")
  model$sigma <- 0
  model$effects[[2]][] <- 0
  truth <- drawn_responses_cpp(prepare_again(fit), model, 1, 0, 3)[c(5, 17, 4000), ]
  expected <- rep(by_a$t0, each = 3) + predicted - t(truth + rows$o)
  expect_equal(unname(by_a$t), unname(expected), tolerance = 1e-5)
})

test_that("variances of predictions are those of predict()", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  rows <- sleepstudy[1:3, ]
  lines <- bootstrap(fit, 4, "predictions", newdata = rows, variances = TRUE, seed = 1)
  expect_equal(lines$var.t0, unname(predict(fit, rows, se.fit = TRUE)$se.fit^2))
  y <- bootstrap(fit, 4, function(fit) component(fit, "y"), seed = 1)$t
  again <- suppressMessages(refit_response(fit, y[3, ]))
  expect_equal(
    unname(lines$var.t[3, ]), unname(predict(again, rows, se.fit = TRUE)$se.fit^2), tolerance = 1e-5
  )
})

test_that("a function's attribute has its variances", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  own <- function(fit) structure(fixef(fit), variance = diag(vcov(fit)))
  replicates <- bootstrap(fit, 5, own, seed = 4)
  built_in <- bootstrap(fit, 5, seed = 4, variances = TRUE)
  expect_equal(unname(replicates$var.t), unname(built_in$var.t[, 5:6]), tolerance = 1e-5)
  expect_equal(replicates$var.t0, unname(diag(vcov(fit))))
  wrong <- function(fit) structure(fixef(fit), variance = 1)
  expect_error(bootstrap(fit, 5, wrong), "variance", class = "henderson_error_argument")
})

test_that("what cannot be predicted is refused", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  expect_error(bootstrap(fit, 5, "prediction"), "statistic", class = "henderson_error_argument")
  expect_error(
    bootstrap(fit, 5, newdata = sleepstudy), "newdata", class = "henderson_error_argument"
  )
  expect_error(
    bootstrap(fit, 5, "predictions", newdata = data.frame(Days = 1, Subject = "new")), "new",
    class = "henderson_error_newdata"
  )
  expect_error(
    bootstrap(fit, 5, "predictions", newdata = data.frame(Days = NA_real_), re.form = NA),
    "missing", class = "henderson_error_newdata"
  )
  expect_error(bootstrap(fit, 5, "predictions", type = "wild"), class = "henderson_error_argument")
  wild <- bootstrap(fit, 5, "predictions", type = "wild", re.form = NA, seed = 1)
  expect_identical(dim(wild$t), c(5L, 180L))
  case <- bootstrap(fit, 2, "predictions", type = "case", re.form = NA, seed = 1)
  expect_equal(
    unname(case$t[, 1:2]), unname(bootstrap(fit, 2, type = "case", seed = 1)$t[, 5:6] %*%
      rbind(1, 0:1))
  )
  data <- transform(sleepstudy, again = Subject)
  twice <- suppressMessages(lmm(Reaction ~ Days + (1 | Subject) + (1 | again), data))
  expect_error(
    bootstrap(twice, 5, "predictions"), "determine", class = "henderson_error_unsupported"
  )
})
