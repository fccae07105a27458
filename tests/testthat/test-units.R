# Predictors of random slopes in large or small raw units: the model is the same, and so must be the
# minimum. Where rounding has taken the derivatives no certificate may hold.

# One model in two units of x (and of z, if it is there): what the change of units adds to the REML
# criterion is 2 log(unit) for each fixed effect of such a column, and nothing to the ML one.
in_other_units <- function(seed) {
  shapes <- c(
    "(x | h)", "(x || h)", "(0 + x | h) + (1 | k)", "(x | h) + (x | k)", "(x + z | h)",
    "(x | h) + (0 + x | k)"
  )
  withr::local_seed(seed)
  shape <- shapes[1 + seed %% length(shapes)]
  unit <- 10^runif(1, -8, 10)
  ratio <- 10^runif(1, -1, 1)
  h <- gl(20, 20)
  k <- factor(sample(12, 400, TRUE))
  x <- if (seed %% 2) rnorm(400, sample(c(0, 3), 1)) else rlnorm(400)
  y <- 1 + ratio * x + rnorm(20)[h] + rnorm(20, 0, ratio)[h] * x + rnorm(12)[k] + rnorm(400)
  list(
    formula = as.formula(paste("y ~ x +", shape)), REML = seed %% 3 > 0,
    data = data.frame(y, x, z = rnorm(400), h, k),
    other = data.frame(y, x = x * unit, z = rnorm(400), h, k), unit = unit
  )
}

test_that("slopes in any unit lead to the same minimum", {
  for (seed in 1:60) {
    model <- in_other_units(seed)
    model$other$z <- model$data$z * 1e6
    fit <- function(data) suppressMessages(lmm(model$formula, data, REML = model$REML))
    good <- fit(model$data)
    expect_no_warning(other <- fit(model$other))
    expect_true(other$optimization$converged, label = paste("seed", seed))
    change <- if (model$REML) 2 * log(model$unit) else 0
    # the stopping rule is 1e-12, the criterion's rounding below 1e-9 at these sizes
    expect_lt(abs(other$criterion - good$criterion - change), 1e-7, label = paste("seed", seed))
  }
})

test_that("slopes in units of 1e5 and 1e9 are no obstacle (false minima of 300 and more before)", {
  for (seed in c(1, 3, 12, 16, 35)) {
    withr::local_seed(seed)
    h <- gl(20, 20)
    x <- rnorm(400, 3e5, 1e5)
    y <- 1 + 5e-5 * x + rnorm(20)[h] + rnorm(20, 0, 5e-5)[h] * x + rnorm(400)
    data <- data.frame(y, x, u = x / 1e5, h)
    control <- lmm_control(check_singular = "ignore")
    raw <- lmm(y ~ x + (x | h), data, control = control)
    good <- lmm(y ~ u + (u | h), data, control = control)
    expect_true(raw$optimization$converged)
    expect_lt(abs(raw$criterion - good$criterion - 2 * log(1e5)), 1e-7)
    # coefficients of x are 1e-5 times those of u; both to the search's 1e-7 of a parameter's scale
    expect_equal(sqrt(vcov(raw)["x", "x"]) * 1e5, sqrt(vcov(good)["u", "u"]), tolerance = 1e-6)
  }
  withr::local_seed(3)
  x <- rnorm(400, 2e9, 5e8)
  s <- sd(x)
  y <- 1 + 5 * x / s + rnorm(20)[h] + rnorm(20, 0, 5)[h] * x / s + rnorm(400)
  raw <- lmm(y ~ x + (x | h))
  good <- lmm(y ~ I(x / s) + (I(x / s) | h))
  expect_lt(abs(raw$criterion - good$criterion - 2 * log(s)), 1e-7)
})

test_that("no certificate holds where rounding has taken the derivatives", {
  # 1e3 to 1e8 residual standard deviations: optim() stays there, or gets lost
  withr::local_seed(2)
  h <- gl(20, 20)
  u <- rnorm(400, 3)
  data <- data.frame(u, h, y = 1 + u + rnorm(20)[h] + rnorm(20)[h] * u + rnorm(400))
  best <- lmm(y ~ u + (u | h), data)$criterion
  ends <- vapply(1:60, function(i) {
    start <- c(1, rnorm(1), 1) * 10^runif(3, 3, 8)
    control <- lmm_control(if (i %% 2) "bfgs" else "nelder_mead")
    fit <- tryCatch(
      suppressWarnings(suppressMessages(
        lmm(y ~ u + (u | h), data, start = start, control = control)
      )),
      henderson_error_start = identity
    )
    if (inherits(fit, "condition")) return(c(NA, NA))
    c(fit$criterion - best, fit$optimization$converged)
  }, c(1, 1))
  away <- which(ends[1, ] > 0.01)
  expect_gt(length(away), 10)
  expect_identical(unique(ends[2, away]), 0)
})

# ---- random effects far larger than the residuals -----------------------------------------------

# Within the levels of g the mixed model with huge effects says what lm() says with g among the
# predictors; the difference is of the order of the squared ratio of the two standard deviations.
test_that("effects of 1e4 to 1e8 residual standard deviations leave the estimates their digits", {
  g <- gl(20, 8)
  for (power in c(4, 5, 6, 6.5, 7, 8)) {
    for (weighted in c(FALSE, TRUE)) {
      withr::local_seed(power)
      w <- if (weighted) rexp(160) else rep(1, 160)
      x <- rnorm(160)
      y <- 10^power * (rnorm(20)[g] + rnorm(20)[g] * x) + rnorm(160) / sqrt(w)
      label <- paste(power, weighted)
      condition <- tryCatch(lmm(y ~ x + (x | g), weights = w), message = identity)
      if (power > 5) expect_s3_class(condition, "henderson_message_precision")
      fit <- suppressMessages(lmm(y ~ x + (x | g), weights = w))
      expect_true(fit$optimization$converged, label = label)
      within <- lm(y ~ g * x, weights = w)
      # rounding of y, 1e-16 * 10^power, against residuals of one
      expect_equal(sigma(fit), sigma(within), tolerance = 1e-7 + 1e-14 * 10^power, label = label)
    }
    withr::local_seed(power)
    y <- 10^power * rnorm(20)[g] + x + rnorm(160)
    fit <- suppressMessages(lmm(y ~ x + (1 | g)))
    within <- lm(y ~ x + g)
    expect_equal(sigma(fit), sigma(within), tolerance = 1e-6)
    error <- sqrt(vcov(within)["x", "x"])
    # the fixed effects differ by what lies between the groups, of which little is left at 1e4
    expect_lt(abs(fixef(fit)[["x"]] - coef(within)[["x"]]), 1e-3 * error)
    expect_equal(sqrt(vcov(fit)["x", "x"]), error, tolerance = 1e-6)
  }
})

test_that("intercepts that are a multiple of the slopes fit, far from where x is zero too", {
  # sd of the intercepts 3 * far, correlation nearly 1: the same model with x about its far point
  for (far in c(60, 100, 200, 300)) {
    for (seed in c(2, 9, 16, 21)) {
      set.seed(seed)
      d <- data.frame(h = gl(15, 10), x = rnorm(150))
      d$z <- d$x + far
      d$y <- 1 + d$x / 2 + rnorm(15)[d$h] + rnorm(15, 0, 3)[d$h] * d$z + rnorm(150)
      near <- suppressMessages(lmm(y ~ x + (z | h), d))
      fit <- suppressMessages(lmm(y ~ x + (x | h), d))
      expect_true(fit$optimization$converged)
      # rounding of a criterion whose variances are 1e6 residual ones
      expect_equal(fit$criterion, near$criterion, tolerance = 1e-8)
      expect_equal(sigma(fit), sigma(near), tolerance = 1e-5)
      # what is left of effects by levels of y, and x, is what lm() leaves, nearly
      expect_equal(sigma(fit), sigma(lm(y ~ h * x, d)), tolerance = 0.1)
    }
  }
})

test_that("where rounding takes digits of the estimates, a message says so", {
  # two crossed factors share the direction of the intercept, which no centring separates
  data <- withr::with_seed(1, {
    data <- expand.grid(a = gl(15, 1), b = gl(12, 1), k = 1:2)
    data$y <- 1e6 * (rnorm(15)[data$a] + rnorm(12)[data$b]) + rnorm(360)
    data
  })
  # nor have its derivatives the digits that a certificate needs
  expect_message(
    fit <- suppressWarnings(lmm(y ~ 1 + (1 | a) + (1 | b), data)),
    class = "henderson_message_precision"
  )
  claimed <- fit$optimization$certificate$relative_error
  expect_lt(abs(sigma(fit) / sigma(lm(y ~ a + b, data)) - 1), claimed)
  expect_silent(lmm(Reaction ~ Days + (Days | Subject), sleepstudy))
})

test_that("a large effect beside a small one, or without an intercept, is no exact response", {
  g <- gl(20, 10)
  for (case in list(c(3, 1e6), c(10, 1e6), c(100, 1e5))) {
    withr::local_seed(1)
    x <- rnorm(200, case[1])
    y <- case[2] * rnorm(20)[g] * x + rnorm(200)
    fit <- suppressMessages(lmm(y ~ x + (0 + x | g)))
    # fixed slopes by group: the same but for the intercept, whose share is below 1e-4
    expect_equal(sigma(fit), sigma(lm(y ~ g:x)), tolerance = 1e-4)
  }
  for (slope in c(0, 0.3, 0.5)) {
    withr::local_seed(3)
    x <- rnorm(200)
    level <- rnorm(20)[g]
    rest <- slope * rnorm(20)[g] * x + rnorm(200)
    for (bars in c("|", "||")) {
      formula <- as.formula(paste("y ~ x + (x", bars, "g)"))
      at <- function(size) {
        data <- data.frame(x, g, y = size * level + rest)
        suppressMessages(lmm(formula, data, control = lmm_control(check_singular = "ignore")))
      }
      # two sizes of huge effects differ by what shrinkage leaves at the smaller one
      expect_equal(sigma(at(1e7)), sigma(at(1e4)), tolerance = 1e-4)
    }
  }
})

test_that("a wrong end far out has no certificate where effects are nearly collinear", {
  # slopes of 1e5 residual standard deviations about a skewed x: level and slope of a group are one
  # but for 1e-5; of these, 4 of 25 had a certificate at up to 130 above another end
  h <- gl(20, 10)
  differences <- lapply(1:12, function(seed) {
    withr::local_seed(seed)
    x <- rlnorm(200)
    y <- 1 + x + rnorm(20)[h] + 1e5 * rnorm(20)[h] * x / mean(abs(x)) + rnorm(200)
    raw <- x * 3e5
    ends <- lapply(c(y ~ x + (x | h), y ~ raw + (raw | h)), function(formula) {
      suppressWarnings(suppressMessages(lmm(formula)))
    })
    c(
      ends[[1]]$criterion - ends[[2]]$criterion + 2 * log(3e5),
      ends[[1]]$optimization$converged, ends[[2]]$optimization$converged
    )
  })
  differences <- do.call(rbind, differences)
  worse <- ifelse(differences[, 1] > 0, differences[, 2], differences[, 3])
  expect_identical(unique(worse[abs(differences[, 1]) > 0.01]), 0)
})

test_that("degrees of freedom that rounding has taken are refused, not printed", {
  g <- gl(20, 10)
  withr::local_seed(2)
  x <- rnorm(200)
  y <- 1e7 * rnorm(20)[g] + x + rnorm(200)
  fit <- suppressMessages(lmm(y ~ x + (1 | g)))
  expect_error(contrast_test(fit, c(0, 1)), class = "henderson_error_computation")
  table <- coef(summary(fit))
  expect_identical(colnames(table), c("Estimate", "Std. Error", "t value"))
  expect_equal(table["x", "Std. Error"], sqrt(vcov(lm(y ~ x + g))["x", "x"]), tolerance = 1e-6)
})
