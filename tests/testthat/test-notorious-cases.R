# Cases that made peers report a false minimum, an error, or two answers for one model. On each the
# criterion is never above the best of lme4's optimizers, of a quasi-Newton search from scattered
# starts, and of our own fits from those starts: all evaluated by one deviance_function().

quiet <- lmm_control(
  check_singular = "ignore", check_rank = "ignore", check_nobs_vs_nre = "ignore",
  check_nobs_vs_nlev = "ignore"
)
no_worse <- 1e-6 # of deviance: no test could see the difference

# Points that lme4's optimizers end at, as our theta: the default, its two predecessors, and
# nlminb. Those that stop with an error give none.
lme4_points <- function(fit, formula, data) {
  optimizers <- c("nloptwrap", "bobyqa", "Nelder_Mead", "nlminbwrap")
  points <- lapply(optimizers, function(optimizer) {
    control <- lme4::lmerControl(
      optimizer = optimizer, calc.derivs = FALSE, check.nobs.vs.nRE = "ignore",
      check.nobs.vs.nlev = "ignore", check.scaleX = "ignore"
    )
    m <- tryCatch(
      suppressMessages(suppressWarnings(
        lme4::lmer(formula, data, REML = fit$REML, control = control)
      )),
      error = function(e) NULL
    )
    if (!is.null(m)) theta_from_lme4(m, fit)
  })
  Filter(Negate(is.null), points)
}

# Starts over several orders of magnitude, in units of standardized columns of Z.
scattered_starts <- function(fit, count) {
  lower <- theta_lower(fit$random)
  size <- unlist(lapply(fit$random, function(term) {
    v <- length(term$columns)
    rows <- if (term$structure == "diag") seq_len(v) else row(diag(v))[lower.tri(diag(v), TRUE)]
    z <- stats::model.matrix(
      stats::as.formula(paste("~", deparse(term$lhs))), model_frame_of(fit)
    )
    1 / pmax(sqrt(colMeans(z^2)), 1e-300)[rows]
  }))
  lapply(seq_len(count), function(k) {
    start <- rnorm(length(lower)) * 10^runif(1, -2, 1.5)
    size * ifelse(lower == 0, abs(start), start)
  })
}

quasi_newton <- function(criterion, start, size) {
  diagonal <- attr(size, "lower")
  optimum <- tryCatch(
    stats::optim(start, criterion, function(theta) attr(criterion(theta), "gradient"),
      method = "L-BFGS-B", lower = diagonal, control = list(maxit = 500, factr = 10)
    ),
    error = function(e) list(value = Inf)
  )
  as.numeric(optimum$value)
}

expect_best <- function(formula, data, REML = TRUE, starts = 4, peers = TRUE, seed = 1,
                        label = deparse(formula)) {
  fit <- expect_no_warning(lmm(formula, data, REML = REML, control = quiet))
  expect_true(fit$optimization$converged, label = paste(label, "converged"))
  criterion <- deviance_function(fit)
  expect_lte(abs(criterion(fit$theta, gradient = FALSE) - fit$criterion), 1e-8 * nrow(data))
  set.seed(seed)
  scattered <- scattered_starts(fit, starts)
  others <- vapply(scattered, quasi_newton, 1,
    criterion = criterion, size = structure(0, lower = theta_lower(fit$random))
  )
  points <- if (peers && requireNamespace("lme4", quietly = TRUE)) lme4_points(fit, formula, data)
  others <- c(others, vapply(points, function(theta) criterion(theta, gradient = FALSE), 1))
  expect_lte(fit$criterion - min(others), no_worse, label = paste(label, "above the best"))
  started <- vapply(scattered, function(start) {
    lmm(formula, data, REML = REML, start = unname(start), control = quiet)$criterion
  }, 1)
  expect_lte(
    max(started) - min(others, fit$criterion), no_worse,
    label = paste(label, "from scattered starts above the best")
  )
  invisible(fit)
}

# ---- false zeros --------------------------------------------------------------------------------

# The variance ratio of a balanced one-way layout in closed form: ML (n - 1) B / (n W) - 1 / n with
# sums of squares between and within, REML with J - 1 in place of J.
one_way_ratio <- function(y, g, REML) {
  n <- length(y) / nlevels(g)
  levels <- nlevels(g)
  means <- tapply(y, g, mean)
  within <- sum((y - means[g])^2) / (levels * (n - 1))
  between <- n * sum((means - mean(y))^2) / (levels - REML)
  max((between / within - 1) / n, 0)
}

test_that("one-way variances are the closed form's, false zeros included (lme4 #17)", {
  g <- gl(10, 5)
  for (seed in 1:60) {
    set.seed(seed)
    y <- 2 + rnorm(10, 0, 1.5 * (seed %% 3) / 2)[g] + rnorm(50, 0, 2)
    for (REML in c(TRUE, FALSE)) {
      fit <- lmm(y ~ 1 + (1 | g), REML = REML, control = quiet)
      expected <- sqrt(one_way_ratio(y, g, REML))
      expect_equal(fit$theta[[1]], expected, tolerance = 1e-7, label = paste("seed", seed))
    }
  }
})

test_that("small groups end at the best optimum (lme4 #75)", {
  for (seed in 1:12) {
    set.seed(80812 + seed)
    data <- data.frame(g = gl(5, 6), x1 = rnorm(30), x2 = runif(5)[gl(5, 6)])
    data$y <- 1 + data$x1 + data$x2 + rnorm(5)[data$g] + rnorm(30)
    expect_best(y ~ x1 + x2 + (1 | g), data, starts = 2, label = paste("seed", seed))
  }
})

test_that("a variance that one optimizer of lme4 takes for zero is found (lme4 #241)", {
  need_peer("lme4")
  file <- system.file("testdata", "koller-data.R", package = "lme4")
  skip_if(file == "", "this version of lme4 comes without the data")
  environment <- new.env()
  sys.source(file, environment)
  fit <- expect_best(y ~ 1 + (1 | Var2), environment$getData(13))
  expect_gt(fit$theta[[1]], 0)
})

# ---- saddle points ------------------------------------------------------------------------------

# A replicated cross-over trial with missing periods: formulation T varies freely between and within
# subjects, R hardly within, as in MixedModels.jl #705.
crossover <- function(seed) {
  set.seed(seed)
  data <- expand.grid(per = factor(1:4), sub = factor(1:64))
  sequence <- sample(c("TRTR", "RTRT"), 64, replace = TRUE)[data$sub]
  data$seq <- factor(sequence)
  data$trt <- factor(substring(sequence, as.integer(data$per), as.integer(data$per)))
  test <- data$trt == "T"
  effect <- rnorm(64, 0, 0.15)[data$sub]
  data$y <- 4.6 + ifelse(test, -0.08 + rnorm(64, 0, 0.1)[data$sub], effect) +
    rnorm(256) * ifelse(test, 0.25, 0.012)
  data$row <- factor(seq_len(256))
  data$only_t <- as.numeric(test)
  droplevels(data[runif(256) > 0.15, ])
}

test_that("cross-over trials with missing periods do not end at a saddle point (#705)", {
  for (seed in 1:4) {
    data <- crossover(seed)
    # T's own residual variance as a random effect of the row
    fit <- expect_best(
      y ~ trt + seq + per + (0 + trt | sub) + (0 + only_t | row), data, peers = FALSE,
      label = paste("cross-over, seed", seed)
    )
    # the outcome does not hang on the last digit of the response
    for (k in 1:3) {
      data$shaken <- data$y + rnorm(nrow(data)) * 1e-12
      again <- lmm(shaken ~ trt + seq + per + (0 + trt | sub) + (0 + only_t | row), data,
        control = quiet
      )
      expect_equal(again$criterion, fit$criterion, tolerance = 1e-9)
    }
  }
})

test_that("two residual variances by row beside sigma, one too many, still fit (#705)", {
  # rows of T and of R have a variance each and sigma is free: a ridge, every point of which is as
  # good
  data <- crossover(5)
  fit <- expect_best(
    y ~ trt + seq + per + (0 + trt | sub) + (0 + trt || row), data, peers = FALSE, starts = 3
  )
  identified <- lmm(
    y ~ trt + seq + per + (0 + trt | sub) + (0 + only_t | row), data, control = quiet
  )
  expect_lte(fit$criterion, identified$criterion + no_worse)
})

test_that("starts at a saddle point are left", {
  # All correlations and variances zero but one is stationary in every direction off the diagonal.
  for (start in list(c(0, 0, 0), c(1, 0, 0), c(0, 0, 0.3), c(1e-9, 0, 1e-9), c(0, 1, 0))) {
    fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy, start = start, control = quiet)
    expect_equal(fit$criterion, 1743.628272, tolerance = 1e-9, label = toString(start))
  }
})

# ---- scale --------------------------------------------------------------------------------------

test_that("a predictor in hertz needs no rescaling (lme4 #173)", {
  need_peer("lme4")
  file <- system.file("testdata", "hotpower.csv", package = "lme4")
  skip_if(file == "", "this version of lme4 comes without the data")
  power <- utils::read.csv(file, stringsAsFactors = TRUE)
  power <- power[!grepl("cpuload", power$benchmark), ]
  power$processor <- factor(power$processor)
  formula <- meanpower ~ frequency + (1 | benchmark) + (frequency | processor)
  fit <- expect_best(formula, power, REML = FALSE, starts = 1, peers = FALSE)
  power$frequency <- power$frequency / 1e6
  scaled <- expect_best(formula, power, REML = FALSE, starts = 1)
  expect_equal(fit$criterion, scaled$criterion, tolerance = 1e-9)
})

test_that("a response over three decades fits, and again with another response (lme4 #70)", {
  data <- data.frame(operator = gl(2, 12), sample = gl(6, 2, 24), y = c(
    64.38, 56.61, 128.93, 130.57, 542.22, 525.62, 2410.67, 2533.87, 7072.26, 6579.28, 36329.58,
    33516.53, 66.86, 68.98, 157.16, 137.5, 721.94, 542.52, 3212.45, 2823.3, 10150.13, 10255.36,
    46566.14, 36537.14
  ))
  formula <- y ~ 1 + (1 | sample) + (1 | operator) + (1 | sample:operator)
  fit <- expect_best(formula, data)
  expect_best(formula, transform(data, y = log(y)))
  shuffled <- transform(data, y = rev(y))
  expect_best(formula, shuffled)
})

test_that("predictors over sixteen decades give the criterion of standardized ones", {
  set.seed(5)
  data <- data.frame(g = gl(12, 10), a = rnorm(120), b = rnorm(120), c = rnorm(120))
  data$y <- rnorm(120) + 0.5 * data$a + rnorm(12)[data$g] + rnorm(12)[data$g] * data$b
  formula <- y ~ a + b + c + (1 + b | g) + (0 + c | g)
  plain <- expect_best(formula, data, REML = FALSE)
  for (factor in c(1e-8, 1e-4, 1e4, 1e8)) {
    wild <- transform(data, a = a / factor, b = b * factor, c = c / factor)
    fit <- lmm(formula, wild, REML = FALSE, control = quiet)
    expect_true(fit$optimization$converged)
    expect_equal(fit$criterion, plain$criterion, tolerance = 1e-9)
  }
})

test_that("variance ratios from 1e-8 to 1e12 are found to their accuracy", {
  g <- gl(20, 8)
  set.seed(3)
  effect <- rnorm(20)
  # noise without part in the group means, so that the closed form can be small
  noise <- unlist(lapply(1:20, function(j) as.vector(scale(rnorm(8), scale = FALSE))))
  within <- sum(noise^2) / (20 * 7)
  effect <- effect - mean(effect)
  # the mean square between groups is 8 a^2 sum(effect^2) / 19 with effects a * effect
  for (ratio in 10^c(-8, -4, -1, 0, 2, 6, 10, 12)) {
    a <- sqrt((8 * ratio + 1) * within * 19 / (8 * sum(effect^2)))
    y <- a * effect[g] + noise
    fit <- lmm(y ~ 1 + (1 | g), control = quiet)
    expect_true(fit$optimization$converged, label = paste("ratio", ratio))
    # Near zero the criterion moves by about 5000 * ratio^2. Above, what is left of the response's
    # sum of squares has the rounding of all of it: a relative error of 1e-16 * ratio.
    tolerance <- if (ratio < 1e-6) 3 else 1e-5 + 1e-14 * ratio
    expect_equal(fit$theta[[1]]^2, ratio, tolerance = tolerance, label = paste("ratio", ratio))
  }
})

test_that("nearly collinear predictors fit without a false alarm (lme4 PR #839)", {
  set.seed(100)
  n <- 2001
  data <- data.frame(g = factor(sample(50, n, replace = TRUE)), x1 = rnorm(n))
  data$x2 <- data$x1 + rnorm(n, sd = 1e-6)
  slope <- rnorm(50, 0, 0.5)
  data$y <- 1 + data$x1 + rnorm(50)[data$g] + slope[data$g] * data$x1 + rnorm(n)
  fit <- expect_no_warning(lmm(y ~ x1 + x2 + (1 + x1 | g), data))
  expect_true(fit$optimization$converged)
  expect_named(fixef(fit), c("(Intercept)", "x1", "x2"))
  # The same model in other columns. A pivot of 1e-12 leaves 1e-4 of the coefficients' digits, as in
  # lme4, and so much of log|X'V^-1 X|.
  data$difference <- (data$x2 - data$x1) * 1e6
  other <- lmm(y ~ x1 + difference + (1 + x1 | g), data)
  expect_equal(fit$criterion, other$criterion - 2 * log(1e6), tolerance = 1e-6)
  expect_equal(fitted(fit), fitted(other), tolerance = 1e-4)
  expect_equal(fit$theta, other$theta, tolerance = 1e-5)
  # ML has no such determinant
  data$x2 <- data$x1 + data$difference * 1e-4
  expect_best(y ~ x1 + x2 + (1 + x1 | g), data, REML = FALSE, starts = 2)
})

# ---- order --------------------------------------------------------------------------------------

test_that("three terms on one subject give one answer in every order (lme4 #559)", {
  data <- as.data.frame(nlme::Orthodont)
  data$male <- as.numeric(data$Sex == "Male")
  data$male_age <- data$male * data$age
  terms <- c("(age | Subject)", "(0 + male | Subject)", "(0 + male_age | Subject)")
  criteria <- vapply(list(1:3, c(2, 1, 3), c(3, 2, 1), c(2, 3, 1)), function(order) {
    formula <- stats::as.formula(paste("distance ~ age +", paste(terms[order], collapse = " + ")))
    lmm(formula, data, control = quiet)$criterion
  }, 1)
  expect_lt(diff(range(criteria)), no_worse)
  expect_best(
    distance ~ age + (age | Subject) + (0 + male | Subject) + (0 + male_age | Subject), data
  )
})

test_that("an overfitted 2 x 2 of slopes gives one answer in every order (lme4 #159)", {
  set.seed(2)
  data <- expand.grid(item = 1:6, focus = 0:1, order = 0:1, subject = factor(1:24))
  mean <- 9 + rnorm(24)[data$subject] - 0.5 * data$order * (1 + rnorm(24, 0, 0.5)[data$subject])
  data$response <- pmin(10, pmax(0, round(mean + rnorm(nrow(data), 0, 2))))
  one <- expect_best(
    response ~ focus * order + (1 + focus * order | subject), data, starts = 2
  )
  two <- lmm(response ~ order * focus + (1 + order * focus | subject), data, control = quiet)
  expect_lt(abs(one$criterion - two$criterion), no_worse)
})

test_that("nested and crossed terms agree with the best optimizer in any order (lme4 #449, #501)", {
  # Triglyceride data of Kuehl (2000), example 7.1
  data <- data.frame(
    day = gl(4, 8), machine = gl(4, 2, 32), y = c(
      142.3, 144.0, 148.6, 146.9, 142.9, 147.4, 133.8, 133.2, 134.9, 146.3, 145.2, 146.3, 125.9,
      127.6, 108.9, 107.5, 148.6, 156.5, 148.6, 153.1, 135.5, 138.9, 132.1, 149.7, 152.0, 151.4,
      149.7, 152.0, 142.9, 142.3, 141.7, 141.2
    )
  )
  fit <- expect_best(y ~ 1 + (1 | day) + (1 | machine) + (1 | machine:day), data)
  other <- lmm(y ~ 1 + (1 | day:machine) + (1 | machine) + (1 | day), data, control = quiet)
  expect_lt(abs(fit$criterion - other$criterion), 1e-9)
  expect_equal(sort(unname(fit$theta)), sort(unname(other$theta)), tolerance = 1e-7)
})

# ---- designs ------------------------------------------------------------------------------------

test_that("perfectly separated groups fit", {
  set.seed(8)
  data <- data.frame(g = gl(6, 5), x = rnorm(30))
  noise <- rnorm(30)
  data$between <- as.numeric(data$g) * 1e3
  for (size in c(1e2, 1e3)) {
    data$y <- c(-3, -1, 0, 1, 2, 5)[data$g] * size + noise
    expect_best(y ~ x + (1 | g), data, starts = 2)
    expect_best(y ~ between + (1 | g), data, starts = 2)
    expect_best(y ~ x + (1 + x | g), data, starts = 2)
  }
  # groups a million standard deviations apart: the criterion is known to 0.1
  data$y <- c(-3, -1, 0, 1, 2, 5)[data$g] * 1e6 + noise
  fit <- expect_no_warning(lmm(y ~ x + (1 | g), data))
  expect_equal(fit$sigma, sigma(stats::lm(y ~ x + g, data)), tolerance = 1e-2)
})

test_that("one level with nearly all of the data, and levels of one row, fit", {
  set.seed(9)
  level <- c(rep(1, 1990), 2:6, rep(7, 5))
  data <- data.frame(g = factor(level), h = factor(sample(3, 2000, TRUE)), x = rnorm(2000))
  data$y <- rnorm(7)[data$g] + rnorm(2000)
  expect_best(y ~ x + (1 | g), data)
  expect_best(y ~ x + (1 | g) + (1 | h), data)
  expect_best(y ~ x + (1 + x | g), data, starts = 2)
})

test_that("tiny data fit or are refused, with a reason", {
  expect_best(y ~ 1 + (1 | g), data.frame(y = c(1, 2, 4, 8), g = gl(2, 2)))
  expect_best(y ~ 1 + (1 | g), data.frame(y = c(1, 2, 4), g = factor(c(1, 1, 2))))
  five_rows <- data.frame(y = c(1, 2, 4, 8, 5), x = 1:5, g = factor(c(1, 1, 2, 2, 3)))
  expect_best(y ~ x + (1 | g), five_rows)
  expect_best(Resp ~ Treat + (1 | Ind), four_point_data())
  for (n in 1:2) {
    data <- data.frame(y = seq_len(n)^2, x = seq_len(n), g = factor(rep(1:2, length.out = n)))
    expect_error(lmm(y ~ x + (1 | g), data), class = "henderson_error")
  }
})

test_that("a large mean costs no digits that the response still has", {
  plain <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  for (shift in c(1e4, 1e8)) {
    fit <- lmm(Reaction + shift ~ Days + (Days | Subject), sleepstudy)
    # the response itself is rounded to 1e-16 * shift
    expect_equal(fit$criterion, plain$criterion, tolerance = 1e-15 * shift + 1e-11)
    expect_true(fit$optimization$converged)
  }
})

test_that("(x || g) with x far from zero ends in the better of its two minima", {
  # The other minimum has small variances; from Lambda = I all packages' optimizers end there.
  data <- withr::with_seed(1, {
    data <- expand.grid(g = factor(1:20), year = 2001:2015)
    data$y <- rnorm(20, 0, 2)[data$g] + rnorm(20, 0, 0.5)[data$g] * (data$year - 2008) +
      rnorm(nrow(data))
    data
  })
  for (formula in c(y ~ year + (year || g), y ~ year + (1 | g) + (0 + year | g))) {
    fit <- lmm(formula, data)
    criterion <- deviance_function(fit)
    grid <- expand.grid(2^(-6:15), 2^(-8:6))
    values <- apply(grid, 1, function(theta) criterion(unname(theta), gradient = FALSE))
    from_grid <- lmm(formula, data, start = unlist(grid[which.min(values), ], use.names = FALSE))
    expect_lt(fit$criterion, min(values))
    expect_equal(fit$criterion, from_grid$criterion, tolerance = 1e-9)
    expect_gt(fit$theta[[1]], 100)
  }
})
