# Intervals of predictions: by hand for a balanced one-way layout, against dense matrices for
# everything else, and their coverage.

# ---- by hand ----

test_that("intervals of a balanced one-way layout are those of its two mean squares", {
  data <- data.frame(
    y = c(1545, 1440, 1440, 1520, 1580, 1540, 1555, 1490, 1560, 1495, 1595, 1550, 1605, 1510, 1560,
          1445, 1440, 1595, 1465, 1545, 1595, 1630, 1515, 1635, 1625, 1520, 1455, 1450, 1480, 1445),
    batch = gl(6, 5, labels = LETTERS[1:6])
  )
  a <- 6
  k <- 5
  squares <- anova(stats::lm(y ~ batch, data))
  ms <- squares[["Mean Sq"]] # between, within
  degrees <- squares[["Df"]]
  fit <- lmm(y ~ 1 + (1 | batch), data)
  # variances as functions of the mean squares, with their gradients; REML is unbiased here
  share <- (a - 1) / a
  cases <- list(
    population = list(variance = ms[1] / (a * k), slope = c(1 / (a * k), 0)),
    batch = list(
      variance = ms[2] / k - share * ms[2]^2 / (k * ms[1]),
      slope = c(share * ms[2]^2 / (k * ms[1]^2), 1 / k - 2 * share * ms[2] / (k * ms[1]))
    ),
    new = list(
      variance = (1 + 1 / a) * (ms[1] - ms[2]) / k + ms[2] / (a * k),
      slope = c((1 + 1 / a) / k, 1 / (a * k) - (1 + 1 / a) / k)
    )
  )
  expect_interval <- function(case, interval, newdata, re.form = NULL) {
    extra <- if (interval == "prediction") 1 else 0
    variance <- case$variance + extra * ms[2]
    slope <- case$slope + c(0, extra)
    # Satterthwaite (1946): Var(MS) = 2 MS^2 / df
    df <- variance^2 / sum((slope * ms)^2 / degrees)
    result <- predict(
      fit, newdata, re.form = re.form, allow.new.levels = TRUE, interval = interval, level = 0.9,
      se.fit = TRUE
    )
    # theta is optimal to 1e-8, where the criterion is flat
    expect_equal(unname(result$df), df, tolerance = 1e-6)
    expect_equal(unname(result$se.fit), sqrt(case$variance), tolerance = 1e-6)
    half <- stats::qt(0.95, df) * sqrt(variance)
    expect_equal(
      unname(result$fit[1, c("lwr", "upr")]), result$fit[[1, "fit"]] + c(-half, half),
      tolerance = 1e-7
    )
  }
  for (interval in c("confidence", "prediction")) {
    expect_interval(cases$population, interval, data.frame(batch = "A"), re.form = NA)
    expect_interval(cases$batch, interval, data.frame(batch = "A"))
    expect_interval(cases$new, interval, data.frame(batch = "Z"))
  }
})

# ---- against dense matrices ----

# kappa, its derivatives and the Hessian of the profiled criterion as a textbook writes them: with V
# = Z Gamma Z' + W^-1, its derivatives V_i and P, and with a, the weights of the best linear
# unbiased predictor a'y of x'beta + z'b. (a is optimal, so that d kappa =
# (Z'a - z)' dGamma (Z'a - z).)
# X0, Z0: rows to predict; new: list of one matrix z (rows x v) or NULL by term, for new levels.
dense_prediction <- function(fit, X0, Z0, new = list()) {
  X <- model.matrix(fit)
  Z <- as.matrix(model.matrix(fit, type = "random"))
  y <- fit$y - (if (is.null(fit$offset)) 0 else fit$offset)
  w <- if (is.null(fit$weights)) rep(1, nrow(X)) else fit$weights
  Lambda <- as.matrix(component(fit, "Lambda"))
  unit <- dense_lambda_units(fit)
  Gamma <- tcrossprod(Lambda)
  inverse <- solve(Z %*% Gamma %*% t(Z) + diag(1 / w))
  Phi <- solve(crossprod(X, inverse %*% X))
  P <- inverse - inverse %*% X %*% Phi %*% crossprod(X, inverse)
  D <- if (fit$REML) P else inverse
  m <- fit$n - if (fit$REML) ncol(X) else 0
  r2 <- drop(crossprod(y, P %*% y))
  gamma_dot <- lapply(unit, function(E) E %*% t(Lambda) + Lambda %*% t(E))
  V_dot <- lapply(gamma_dot, function(G) Z %*% G %*% t(Z))
  Py <- P %*% y
  slope <- vapply(V_dot, function(V) -drop(crossprod(Py, V %*% Py)), 1)
  k <- length(unit)
  hessian <- matrix(0, k, k)
  for (i in seq_len(k)) {
    for (j in seq_len(k)) {
      second <- Z %*% (unit[[i]] %*% t(unit[[j]]) + unit[[j]] %*% t(unit[[i]])) %*% t(Z)
      hessian[i, j] <- sum(D * second) - sum((D %*% V_dot[[i]]) * t(D %*% V_dot[[j]])) +
        m / r2 * (2 * drop(crossprod(Py, V_dot[[i]] %*% P %*% V_dot[[j]] %*% Py)) -
          drop(crossprod(Py, second %*% Py))) - m / r2^2 * slope[i] * slope[j]
    }
  }
  weights <- inverse %*% X %*% Phi %*% t(X0) + P %*% Z %*% Gamma %*% t(Z0)
  s <- crossprod(Z, weights) - t(Z0)
  kappa <- colSums(weights * (weights / w)) + colSums(s * (Gamma %*% s))
  moves <- vapply(gamma_dot, function(G) colSums(s * (G %*% s)), numeric(nrow(X0)))
  for (t in which(!vapply(new, is.null, TRUE))) {
    term <- fit$random[[t]]
    block <- function(theta) reference_lambda_block(theta, ncol(new[[t]]), term$structure)
    spherical <- new[[t]] %*% block(fit$theta[term$theta_index])
    kappa <- kappa + rowSums(spherical^2)
    for (i in seq_along(term$theta_index)) {
      E <- block(as.numeric(seq_along(term$theta_index) == i))
      column <- term$theta_index[i]
      moves[, column] <- moves[, column] + 2 * rowSums((new[[t]] %*% E) * spherical)
    }
  }
  list(
    kappa = kappa, sigma2 = r2 / m,
    df = function(noise) {
      h <- sweep(moves / (kappa + noise), 2, slope / r2, `+`)
      1 / (1 / m + rowSums((h %*% solve(hessian)) * h))
    }
  )
}

# dLambda / dtheta_i, q x q, by evaluating Lambda (which is linear in theta) at unit vectors.
dense_lambda_units <- function(fit) {
  lapply(seq_along(fit$theta), function(i) {
    moved <- fit
    moved$theta[] <- 0
    moved$theta[i] <- 1
    as.matrix(component(moved, "Lambda"))
  })
}

interval_models <- function() {
  data <- transform(sleepstudy,
    period = factor(Days %% 4), w = rep(c(0.5, 1, 2), 60), half = factor(Days > 4)
  )
  quiet <- lmm_control(check_singular = "ignore")
  list(
    slope = lmm(Reaction ~ Days + (Days | Subject), data),
    slope_ml = lmm(Reaction ~ Days + (Days | Subject), data, REML = FALSE),
    diagonal = lmm(Reaction ~ Days + (Days || Subject), data, weights = w),
    crossed = lmm(
      Reaction ~ half + (1 | Subject) + (1 | period), data, weights = w, control = quiet
    ),
    apart = lmm(Reaction ~ Days + offset(2 * Days) + (1 | Subject) + (0 + Days | Subject), data),
    nested = lmm(
      yield ~ gen + (1 | block / fung), subset(durban.splitplot, as.integer(gen) < 9),
      control = quiet
    ),
    mixed = lmm(Y ~ N + (1 | V) + (0 + N | B), MASS::oats, control = quiet)
  )
}

expect_interval_of <- function(result, oracle, fit, noise, label) {
  sd <- sqrt(oracle$sigma2 * (oracle$kappa + noise))
  df <- oracle$df(noise)
  # rounding of dense inverses of V, with condition numbers up to 1e4, and of the Hessian's
  se <- unname(sqrt(oracle$sigma2 * oracle$kappa))
  expect_equal(unname(result$se.fit), se, tolerance = 1e-9, label = label)
  expect_equal(unname(result$df), unname(df), tolerance = 1e-7, label = paste(label, "df"))
  expect_equal(
    unname(result$fit[, "upr"] - result$fit[, "fit"]), unname(stats::qt(0.975, df) * sd),
    tolerance = 1e-7, label = paste(label, "limits")
  )
  expect_equal(result$fit[, "fit"] - result$fit[, "lwr"], result$fit[, "upr"] - result$fit[, "fit"])
}

test_that("limits and degrees of freedom are those of dense matrices, by rows of the fit", {
  fits <- interval_models()
  for (name in names(fits)) {
    fit <- fits[[name]]
    X <- model.matrix(fit)
    Z <- as.matrix(model.matrix(fit, type = "random"))
    known <- dense_prediction(fit, X, Z)
    population <- dense_prediction(fit, X, 0 * Z)
    noise <- if (is.null(fit$weights)) rep(1, nrow(X)) else 1 / fit$weights
    for (interval in c("confidence", "prediction")) {
      added <- if (interval == "prediction") noise else 0 * noise
      label <- paste(name, interval)
      result <- predict(fit, interval = interval, se.fit = TRUE)
      expect_equal(result$fit[, "fit"], predict(fit))
      expect_interval_of(result, known, fit, added, label)
      result <- predict(fit, re.form = NA, interval = interval, se.fit = TRUE)
      expect_interval_of(result, population, fit, added, paste(label, "population"))
    }
  }
})

test_that("a term that re.form leaves out counts as no random effect", {
  fit <- interval_models()$crossed
  Z <- as.matrix(model.matrix(fit, type = "random"))
  Z[, -seq_len(18)] <- 0
  oracle <- dense_prediction(fit, model.matrix(fit), Z)
  result <- predict(fit, re.form = ~ (1 | Subject), interval = "confidence", se.fit = TRUE)
  expect_interval_of(result, oracle, fit, 0, "part")
  # random.only: no row of X
  oracle <- dense_prediction(fit, 0 * model.matrix(fit), Z)
  result <- predict(
    fit, re.form = ~ (1 | Subject), random.only = TRUE, interval = "confidence", se.fit = TRUE
  )
  expect_interval_of(result, oracle, fit, 0, "random only")
})

test_that("new levels add their variance, and its uncertainty", {
  fits <- interval_models()
  fit <- fits$slope
  newdata <- data.frame(Days = c(0, 5, 12), Subject = "new")
  X <- cbind(1, newdata$Days)
  oracle <- dense_prediction(fit, X, matrix(0, 3, 36), new = list(X))
  for (weight in c(1, 4)) {
    result <- predict(
      fit, newdata, allow.new.levels = TRUE, interval = "prediction", weights = weight,
      se.fit = TRUE
    )
    expect_interval_of(result, oracle, fit, 1 / weight, "new subject")
  }
  # one factor's level known, the other's new
  fit <- fits$crossed
  newdata <- data.frame(half = "FALSE", Subject = c("308", "new", "new"), period = c("9", "1", "9"))
  X <- matrix(c(1, 1, 1, 0, 0, 0), 3)
  Z <- matrix(0, 3, 22)
  Z[1, 1] <- Z[2, 18 + 2] <- 1
  oracle <- dense_prediction(fit, X, Z, new = list(matrix(c(0, 1, 1)), matrix(c(1, 0, 1))))
  result <- predict(fit, newdata, allow.new.levels = TRUE, interval = "confidence", se.fit = TRUE)
  expect_interval_of(result, oracle, fit, 0, "partly new")
})

test_that("limits of the population's mean are those of contrasts", {
  for (fit in interval_models()) {
    X <- model.matrix(fit)
    for (ddf in c("Satterthwaite", "expected", "none", if (fit$REML) "Kenward-Roger")) {
      result <- predict(fit, re.form = NA, interval = "confidence", ddf = ddf, se.fit = TRUE)
      expected <- henderson:::contrast_rows(fit, X, ddf)
      # two ways through the same factor
      expect_equal(unname(result$df), expected$df, tolerance = 1e-6)
      expect_equal(unname(result$se.fit), expected$se, tolerance = 1e-8)
      half <- unname(result$fit[, "upr"] - result$fit[, "fit"])
      expect_equal(half, stats::qt(0.975, expected$df) * expected$se, tolerance = 1e-7)
    }
  }
})

test_that("expected information stays continuous at a zero variance", {
  # groups without any variation of their means beyond the residual
  data <- data.frame(g = gl(8, 6), y = rep(c(1, 2, 3, 5, 8, 13), 8) + rep(1:8, each = 6) * 1e-3)
  quiet <- lmm_control(check_singular = "ignore")
  zero <- lmm(y ~ 1 + (1 | g), data, control = quiet)
  expect_equal(unname(zero$theta), 0)
  near <- lmm(y ~ 1 + (1 | g), data, start = 1e-4, control = lmm_control(optimizer = "none"))
  width <- function(fit, ddf) {
    row <- predict(fit, data.frame(g = "new"),
      allow.new.levels = TRUE, interval = "confidence", ddf = ddf, se.fit = TRUE
    )
    row$df[[1]]
  }
  expect_equal(width(zero, "expected"), width(near, "expected"), tolerance = 1e-4)
  # Satterthwaite's is that of the model without the term
  expect_equal(width(zero, "Satterthwaite"), 47)
})

# ---- shape and arguments ----

test_that("results have the shape of predict.lm's, and missing values their place", {
  fit <- fit_cached("sleepstudy")
  newdata <- data.frame(Days = c(1, NA, 3), Subject = "308", row.names = c("a", "b", "c"))
  limits <- predict(fit, newdata, interval = "prediction")
  expect_identical(dimnames(limits), list(c("a", "b", "c"), c("fit", "lwr", "upr")))
  expect_identical(unname(is.na(limits[, 1])), c(FALSE, TRUE, FALSE))
  expect_identical(is.na(limits[, "lwr"]), is.na(limits[, "fit"]))
  expect_equal(limits[, "fit"], predict(fit, newdata))
  left <- predict(fit, newdata, interval = "confidence", se.fit = TRUE, na.action = na.omit)
  expect_identical(rownames(left$fit), c("a", "c"))
  expect_named(left$se.fit, c("a", "c"))
  expect_named(left$df, c("a", "c"))
  narrow <- predict(fit, newdata[1, ], interval = "confidence", level = 0.5)
  wide <- predict(fit, newdata[1, ], interval = "prediction", level = 0.5)
  expect_gt(wide[, "upr"], narrow[, "upr"])
  expect_lt(wide[, "lwr"], narrow[, "lwr"])

  data <- sleepstudy
  data$Days[3] <- NA
  excluded <- lmm(Reaction ~ Days + (1 | Subject), data, na.action = na.exclude)
  limits <- predict(excluded, interval = "confidence")
  expect_identical(dim(limits), c(180L, 3L))
  expect_true(all(is.na(limits[3, ])))
  expect_false(anyNA(limits[-3, ]))
  by_reml <- predict(
    fit, newdata, re.form = NA, interval = "confidence", ddf = "Kenward-Roger", se.fit = TRUE
  )
  expect_identical(unname(is.na(by_reml$df)), c(FALSE, TRUE, FALSE))
  # a missing value in a column that is not used
  half <- lmm(Reaction ~ 1 + (1 | Subject) + (0 + Days | Subject), sleepstudy)
  row <- predict(half, newdata[2, ], re.form = ~ (1 | Subject), interval = "confidence")
  expect_false(anyNA(row))
})

test_that("arguments of intervals are checked", {
  fit <- fit_cached("sleepstudy")
  newdata <- data.frame(Days = 1:2, Subject = "308")
  by_ml <- fit_cached("sleepstudy_ml")
  expect_refused(bad_calls(
    "argument", "interval", "\"confidence\"", predict(fit, newdata, interval = "both"),
    "argument", "level", "between 0 and 1", predict(fit, interval = "prediction", level = 95),
    "argument", "level", "between 0 and 1", predict(fit, interval = "prediction", level = 1),
    "argument", "level", "between 0 and 1", predict(fit, level = c(0.5, 0.9)),
    "argument", "weights", "one positive number, or 2 of them",
    predict(fit, newdata, interval = "prediction", weights = 0),
    "argument", "weights", "or 2 of them",
    predict(fit, newdata, interval = "prediction", weights = 1:3),
    "argument", "weights", "not \"a\"",
    predict(fit, newdata, interval = "prediction", weights = "a"),
    "argument", "weights", "or 180 of them",
    predict(fit, interval = "prediction", weights = NA_real_),
    "argument", "ddf", "Did you mean `Satterthwaite`?",
    predict(fit, interval = "confidence", ddf = "satterthwait"),
    "argument", "ddf", "re.form = NA", predict(fit, interval = "confidence", ddf = "Kenward-Roger"),
    "argument", "ddf", "population's mean only",
    predict(fit, interval = "prediction", ddf = "Kenward-Roger", re.form = NA),
    "argument", "ddf", "REML",
    predict(by_ml, re.form = NA, interval = "confidence", ddf = "Kenward-Roger")
  ))
  weighted <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy, weights = rep(1:2, 90))
  expect_message(predict(weighted, newdata, interval = "prediction"),
    class = "henderson_message_weights"
  )
  expect_no_message(predict(weighted, newdata, interval = "prediction", weights = 1:2))
  expect_no_message(predict(weighted, newdata, interval = "confidence"))
  expect_no_message(predict(weighted, interval = "prediction"))
})

test_that("rows that are no combination of the data's have a warning and no limits", {
  # a cell of oats without data
  data <- transform(plain(nlme::Oats), nitro = factor(nitro), Variety = as.character(Variety))
  data <- subset(data, !(Variety == "Victory" & nitro == "0.6"))
  fit <- suppressMessages(lmm(yield ~ nitro * Variety + (1 | Block), data))
  newdata <- data.frame(
    nitro = c("0.6", "0.4", NA, "0.6"), Variety = c("Victory", "Victory", "Victory", "Marvellous"),
    Block = "I"
  )
  cases <- list(
    list(interval = "confidence"), list(interval = "prediction"),
    list(interval = "confidence", re.form = NA, ddf = "Kenward-Roger"),
    list(interval = "confidence", re.form = NA, ddf = "none")
  )
  for (case in cases) {
    new <- function(rows, ...) do.call(predict, c(list(fit, newdata[rows, ]), case, ...))
    expect_warning(result <- new(1:4, se.fit = TRUE), class = "henderson_warning_rank")
    expect_identical(unname(is.na(result$fit[, "fit"])), c(FALSE, FALSE, TRUE, FALSE))
    for (column in list(result$fit[, "lwr"], result$fit[, "upr"], result$se.fit, result$df)) {
      expect_identical(unname(is.na(column)), c(TRUE, FALSE, TRUE, FALSE))
    }
    # the other rows are what they are without it
    expect_no_warning(seen <- new(c(2, 4)))
    expect_equal(result$fit[c(2, 4), ], seen)
    # left out are rows with missing predictors only
    left <- suppressWarnings(new(1:4, na.action = na.omit))
    expect_identical(rownames(left), c("1", "2", "4"))
    expect_identical(unname(is.na(left[, "lwr"])), c(TRUE, FALSE, FALSE))
  }
  warning <- expect_warning(predict(fit, newdata), "1 row of `newdata` is not estimable: 1")
  expect_identical(warning$observed, 1L)
  expect_warning(
    value <- predict(fit, newdata, se.fit = TRUE), class = "henderson_warning_rank"
  )
  expect_identical(unname(is.na(value$se.fit)), c(TRUE, FALSE, TRUE, FALSE))
  # the value is that of the kept coefficients, as with lm()
  beta <- fixef(fit)
  expect_equal(
    unname(suppressWarnings(predict(fit, newdata[1, ], re.form = NA))),
    unname(beta["(Intercept)"] + beta["nitro0.6"] + beta["VarietyVictory"])
  )
  # the data's own rows, and what has no fixed part
  expect_no_warning(predict(fit, data, interval = "confidence"))
  expect_no_warning(predict(fit, newdata[-3, ], random.only = TRUE, se.fit = TRUE))
})

test_that("a covariate that is a copy decides whether a new row can be estimated", {
  data <- transform(sleepstudy, hours = 24 * Days, none = 0)
  fit <- suppressMessages(lmm(Reaction ~ Days + hours + none + (1 | Subject), data))
  newdata <- data.frame(Days = 20, hours = c(480, 479, 480), none = c(0, 0, 1), Subject = "308")
  expect_warning(limits <- predict(fit, newdata, interval = "confidence"), "2 rows .* 2, 3")
  expect_identical(unname(is.na(limits[, "lwr"])), c(FALSE, TRUE, TRUE))
  # no column left at all
  fit <- suppressMessages(lmm(Reaction ~ 0 + none + (1 | Subject), data))
  expect_warning(limits <- predict(fit, newdata, interval = "confidence"), "1 row .* 3")
  expect_identical(unname(is.na(limits[, "lwr"])), c(FALSE, FALSE, TRUE))
})

# ---- coverage ----

test_that("95 % limits cover in about 95 % of simulated data sets", {
  only_in_full_tier("long simulation")
  # bench/results/coverage.csv has 5000 runs of this design and two others
  design <- coverage_designs()[["10 groups of 4"]]
  result <- withr::with_seed(1, coverage(design, 400, methods = "Satterthwaite"))
  expect_true(
    all(abs(result$coverage - 0.95) < 4 * result$error), label = toString(result$coverage)
  )
})
