test_that("there is a value for each row that counts", {
  data <- transform(sleepstudy, w = rep(c(0, 1, 2), 60))
  fit <- lmm(Reaction ~ Days + (1 | Subject), data, weights = w)
  values <- plotted_values(fit)
  expect_length(values$residual, 120L)
  expect_equal(values$scaled, unname(residuals(fit, "pearson", scaled = TRUE))[data$w > 0])
  # what lmm() itself says of the sum: r^2 - |u|^2
  expect_equal(
    sum(values$residual^2) + sum(unlist(fit$u)^2), fit$pwrss, tolerance = 1e-8
  )
})

test_that("axes have the labels and units of variables", {
  data <- sleepstudy
  expect_identical(
    plotted_values(lmm(Reaction ~ Days + (1 | Subject), data))$labels,
    list(observed = "Reaction", fitted = "Fitted Reaction", residual = "Residual")
  )
  attr(data$Reaction, "label") <- "Reaction time"
  attr(data$Reaction, "units") <- "ms"
  labels <- plotted_values(lmm(Reaction ~ Days + (1 | Subject), data))$labels
  expect_identical(labels$observed, "Reaction time (ms)")
  expect_identical(labels$residual, "Residual (ms)")
  # of other types than a string there is no label
  attr(data$Reaction, "label") <- 3
  expect_identical(variable_label(data$Reaction, "Reaction"), "Reaction (ms)")
})

test_that("modes are over their standard deviations: a random intercept by hand", {
  # n_j rows: mode = R_j (mean - mu), R_j = s2b / (s2b + s2 / n_j), Var(mode) = R_j s2b
  data <- sleepstudy[-(1:7), ]
  fit <- lmm(Reaction ~ 1 + (1 | Subject), data)
  s2b <- VarCorr(fit)$Subject[1, 1]
  counts <- as.vector(table(data$Subject))
  reliability <- s2b / (s2b + sigma(fit)^2 / counts)
  means <- tapply(data$Reaction, data$Subject, mean) - fixef(fit)
  expected <- reliability * means / sqrt(reliability * s2b)
  expect_equal(
    standardized_modes(fit)[["(Intercept) | Subject"]], expected[unique(data$Subject)],
    tolerance = 1e-10, ignore_attr = TRUE
  )
})

test_that("series of modes are named, and those without a variance are not there", {
  two <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  expect_named(standardized_modes(two), c("(Intercept) | Subject", "Days | Subject"))
  same <- suppressMessages(
    lmm(Reaction ~ Days + (1 | Subject) + (0 + Days | Subject) + (1 | Days), sleepstudy)
  )
  expect_true(all(names(standardized_modes(same)) %in%
    c("(Intercept) | Subject", "Days | Subject", "(Intercept) | Days")))
  set.seed(1)
  data <- data.frame(g = gl(6, 5), y = rnorm(30))
  zero <- suppressMessages(lmm(y ~ 1 + (1 | g), data, REML = FALSE))
  expect_length(standardized_modes(zero), 0L)
  expect_identical(no_modes_text(zero), "All variances are zero")
})

test_that("under the model these modes have variance one", {
  only_in_full_tier("150 fits")
  data <- sleepstudy[-c(1:8, 15, 30:33), ]
  fit <- lmm(Reaction ~ Days + (Days | Subject), data, REML = FALSE)
  # theta held, so that the standard deviations are those of the fit, but for sigma
  held <- lmm_control(optimizer = "none", check_singular = "ignore")
  modes <- vapply(simulate(fit, 150, seed = 3), function(one) {
    again <- lmm(one ~ Days + (Days | Subject), cbind(data, one = one),
      REML = FALSE, control = held, start = fit$theta
    )
    unlist(standardized_modes(again)) * again$sigma / fit$sigma
  }, numeric(36))
  # beta is estimated too: less than one by about 1/18; the standard error of the mean is 0.02
  expect_equal(mean(modes^2), 1 - 1 / 18, tolerance = 0.07)
})

test_that("simulated values are of refits, and seeds leave R's generator alone", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  values <- plotted_values(fit)
  set.seed(1)
  before <- .Random.seed
  simulated <- simulated_values(fit, values, 20, 3)
  expect_identical(.Random.seed, before)
  expect_identical(simulated$source, "refits")
  expect_identical(dim(simulated$residuals), c(180L, 20L))
  expect_named(simulated$modes, names(standardized_modes(fit)))
  expect_identical(simulated_values(fit, values, 20, 3), simulated)
  expect_null(simulated_values(fit, values, 0, 3))
  # one of them by hand: the responses are those of bootstrap() with the same seed
  own <- function(fit) c(residuals(fit, scaled = TRUE))
  replicates <- bootstrap(fit, 20, own, seed = 3, progress = FALSE)$t
  expect_equal(simulated$residuals, t(replicates), ignore_attr = TRUE)
  # conditional residuals vary less than sigma: by the effective parameters
  expect_lt(mean(simulated$residuals^2), 0.95)
})

test_that("where refits are dear or responses cannot be drawn samples are normal", {
  K <- 0.5^abs(outer(1:18, 1:18, "-"))
  dimnames(K) <- rep(list(levels(sleepstudy$Subject)), 2)
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy, relationship = list(Subject = K))
  simulated <- simulated_values(fit, plotted_values(fit), 30, 1)
  expect_identical(simulated$source, "normal samples")
  expect_equal(colMeans(simulated$residuals^2), rep(1, 30))
  expect_identical(dim(simulated$modes[[1]]), c(18L, 30L))
})

test_that("bands hold whole samples, as often as they say", {
  set.seed(2)
  # the standard error of 300 is 1.3 %; limits from 99 samples are uncertain by 2 % themselves
  inside <- replicate(300, {
    band <- simulated_band(matrix(rnorm(30 * 99), 30), 0.9)
    one <- sort(rnorm(30))
    all(one >= band[, 1] & one <= band[, 2])
  })
  expect_equal(mean(inside), 0.9, tolerance = 0.07)
  band <- simulated_band(matrix(rnorm(30 * 99), 30), 0.9)
  expect_true(all(band[, 1] <= band[, 2]))
  expect_null(simulated_band(NULL, 0.9))
  expect_null(simulated_band(matrix(0, 5, 1), 0.9))
})
