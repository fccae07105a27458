# The right values are fits of the data as they were when the fit was made.

test_that("a fit of a loop is not taken for that of the last round", {
  data <- test_data()
  fits <- list()
  for (D in list(data, other_data(data))) {
    fits <- c(fits, list(lmm(y ~ x + (1 | g), D, REML = FALSE)))
  }
  right <- lmm(y ~ x + (1 | g), data, REML = FALSE)

  expect_message(again <- update(fits[[1L]], . ~ .), class = "henderson_message_data")
  expect_fit_of(again, right)
  expect_fit_of(suppressMessages(update(fits[[1L]], . ~ . - x)), update(right, . ~ . - x))
  expect_equal(coef(group_fits(fits[[1L]])), coef(group_fits(right)))
  expect_identical(nlme::getData(fits[[1L]])$y, data$y)
  condition <- tryCatch(add1(fits[[1L]], ~ . + v), error = identity)
  expect_s3_class(condition, "henderson_error_data")
  expect_identical(condition$variable, "y")
  expect_match(conditionMessage(condition), "data =", fixed = TRUE)
  # what the model frame has needs no data
  expect_equal(table_of(add1(fits[[1L]], ~ . + I(x^2))), table_of(add1(right, ~ . + I(x^2))))
  # and the data of the last round are still there
  expect_equal(
    table_of(add1(fits[[2L]], ~ . + v)),
    table_of(add1(lmm(y ~ x + (1 | g), other_data(data), REML = FALSE), ~ . + v))
  )
})

test_that("fits of lapply() find the data of their own call", {
  data <- test_data()
  fits <- lapply(split(data, data$f), function(part) lmm(y ~ x + (1 | g), part))
  by_name <- lapply(split(data, data$f), lmm, formula = y ~ x + (1 | g))
  part <- data[data$f == "b", ]
  right <- lmm(y ~ x + v + (1 | g), part)
  part <- data[1:40, ]

  expect_fit_of(update(fits$b, . ~ . + v), right)
  expect_fit_of(update(by_name$b, REML = FALSE), refit_ml(fits$b))
  expect_error(update(by_name$b, . ~ . + v), "X[[i]]", fixed = TRUE, class = "henderson_error_data")
})

test_that("every kind of change of the data is seen, and what is no change is not", {
  original <- test_data()
  data <- original
  fit <- lmm(y ~ x + f + (1 | g), data, weights = w)
  changed <- list(
    y = transform(original, y = y + 1), x = transform(original, x = replace(x, 7, 0)),
    f = transform(original, f = relevel(f, "c")),
    f = transform(original, f = factor(f, ordered = TRUE)),
    g = transform(original, g = rev(g)), data = original[-1, ], x = original[-1L],
    x = original[90:1, ]
  )
  for (i in seq_along(changed)) {
    data <- changed[[i]]
    condition <- tryCatch(update(fit, . ~ . + o), error = identity)
    expect_s3_class(condition, "henderson_error_data")
    expect_true(condition$variable %in% c(names(changed)[i], if (i == 8L) "y"))
    expect_message(same <- update(fit, . ~ .), class = "henderson_message_data")
    expect_fit_of(same, fit)
  }
  data <- transform(original, w = rev(w))
  expect_error(update(fit, . ~ . + o), "`w` has other values", class = "henderson_error_data")

  right <- lmm(y ~ x + f + o + (1 | g), original, weights = w)
  unchanged <- list(
    transform(original, new = 1:90), original[7:1], transform(original, f = as.character(f)),
    structure(original, row.names = 101:190), as.list(original)
  )
  for (data in unchanged) expect_fit_of(expect_silent(update(fit, . ~ . + o)), right)
  rm(data)
  expect_error(
    update(fit, . ~ . + o), "`data`, the data of the fit, cannot be found", fixed = TRUE,
    class = "henderson_error_data"
  )
  expect_silent(without <- update(fit, . ~ . - f))
  expect_fit_of(without, lmm(y ~ x + (1 | g), original, weights = w))
})

test_that("an object of the same name outside the data is never taken for a column", {
  data <- test_data()
  fit <- lmm(y ~ x + (1 | g), data, weights = w)
  narrow <- data[c("y", "x", "g")]
  w <- rep(1, 90)
  v <- rnorm(90)

  expect_error(update(fit, data = narrow), "lacks `w`", class = "henderson_error_variable")
  expect_fit_of(update(fit, data = narrow, weights = w), lmm(y ~ x + (1 | g), data))
  rm(data)
  expect_error(update(fit, . ~ . + v), class = "henderson_error_data")
  expect_error(update(fit, weights = v), class = "henderson_error_data")
  expect_error(add1(refit_ml(fit), ~ v), class = "henderson_error_data")
})

test_that("variables without data are compared, too", {
  data <- test_data()
  x <- data$x
  y <- data$y
  g <- data$g
  z <- data$o
  fit <- lmm(y ~ x + (1 | g))
  expect_fit_of(
    update(fit, . ~ . + z), lmm(y ~ x + z + (1 | g), transform(data, z = o))
  )
  y <- rev(y)
  condition <- tryCatch(update(fit, . ~ . + z), error = identity)
  expect_s3_class(condition, "henderson_error_data")
  expect_identical(condition$variable, "y")
  squared <- suppressMessages(update(fit, . ~ . + I(x^2)))
  expect_fit_of(squared, lmm(y ~ x + I(x^2) + (1 | g), data))
})

test_that("a replaced response and new weights are those of all that follows", {
  data <- test_data()
  fit <- lmm(y ~ x + (1 | g), data, REML = FALSE)
  replaced <- transform(data, y = y + 3 * v, w = rev(w))
  right <- lmm(y ~ x + (1 | g), replaced, weights = w, REML = FALSE)
  again <- refit_response(fit, replaced$y, newweights = replaced$w)

  expect_fit_of(update(again, . ~ . - x), update(right, . ~ . - x))
  expect_fit_of(update(again, . ~ . + v), update(right, . ~ . + v))
  expect_fit_of(update(again, weights = NULL), update(right, weights = NULL))
  expect_fit_of(update(again, subset = f != "a"), update(right, subset = f != "a"))
  expect_equal(table_of(add1(again, ~ v + o)), table_of(add1(right, ~ v + o)), tolerance = 1e-6)
  expect_equal(names(fixef(step(again, scope = ~ x + v, trace = 0))), c("(Intercept)", "x", "v"))
  expect_equal(coef(group_fits(again)), coef(group_fits(right)))
  expect_identical(nlme::getData(again)$y, replaced$y)
  expect_identical(nlme::getData(again)[["(weights)"]], replaced$w)
  reduced <- reduce_terms(again, reduce_random = FALSE)$fit
  expect_fit_of(update(reduced, . ~ . + v), update(right, . ~ v + (1 | g)))
  expect_error(update(again, data = data), class = "henderson_error_weights")
  # replaced twice: the data are still those of the first
  twice <- refit_response(refit_response(fit, data$y + 1), replaced$y)
  expect_fit_of(update(twice, . ~ . + v), lmm(y ~ x + v + (1 | g), replaced, REML = FALSE))
  # of a transformed response
  logged <- refit_response(lmm(log(y) ~ x + (1 | g), data), log(data$y + 1))
  expect_fit_of(update(logged, . ~ . + v), lmm(log(y + 1) ~ x + v + (1 | g), data))
})

test_that("emmeans has the variables of a transformed term from the right data, or says why not", {
  skip_if_not_installed("emmeans")
  data <- transform(test_data(), z = exp(x), k = rep(1:3, each = 30))
  original <- data
  fit <- lmm(log(y) ~ log(z) + factor(k) + (1 | g), data)
  means <- function(...) as.data.frame(emmeans::emmeans(fit, ~k, at = list(z = 2), ...))$emmean
  right <- means()
  expect_equal(
    right, unname(drop(cbind(1, log(2), c(0, 1, 0), c(0, 0, 1)) %*% fixef(fit)))
  )

  data <- transform(original, z = 1000 * z)
  expect_error(means(), "`log(z)` has other values", fixed = TRUE)
  data <- transform(original, k = 4 - k)
  expect_error(means(), "`factor(k)` has other values", fixed = TRUE)
  expect_equal(means(data = original), right)
  data <- transform(original, y = 1)
  again <- refit_response(fit, 2 * component(fit, "y"))
  data <- original
  expect_equal(as.data.frame(emmeans::emmeans(again, ~k, at = list(z = 2)))$emmean, 2 * right)
  # levels: no lookup at all
  plain <- lmm(y ~ x + f + (1 | g), data)
  right <- as.data.frame(emmeans::emmeans(plain, ~f))
  data$f <- relevel(data$f, "c")
  expect_equal(as.data.frame(emmeans::emmeans(plain, ~f)), right)
})

test_that("a fit without its frame recognizes its data all the same", {
  data <- test_data()
  fit <- lmm(y ~ x + (1 | g), data, control = lmm_control(keep = character(0)))

  expect_fit_of(update(fit, . ~ . + v), lmm(y ~ x + v + (1 | g), data))
  data$x <- rev(data$x)
  expect_error(update(fit, . ~ . + v), "other values", class = "henderson_error_data")
})

test_that("saved fits do everything that their frame allows in a new session", {
  data <- test_data()
  file <- tempfile(fileext = ".rds")
  make <- function() {
    list(
      lmm(log(y) ~ poly(x, 2) + scale(v) + (1 | g), gone, weights = w, subset = o > -1),
      lmm(y ~ x + f + (1 | g), gone)
    )
  }
  # a new session does not have the data
  environment(make) <- list2env(list(gone = data), parent = globalenv())
  fits <- make()
  rm("gone", envir = environment(make))
  saveRDS(fits, file)
  fits <- readRDS(file)
  logged <- lmm(log(y) ~ poly(x, 2) + (1 | g), data, weights = w, subset = o > -1)

  expect_fit_of(update(fits[[1L]], . ~ . - scale(v)), logged)
  expect_fit_of(update(fits[[1L]], REML = FALSE, . ~ . - scale(v)), refit_ml(logged))
  expect_fit_of(
    update(fits[[1L]], weights = NULL, . ~ . - scale(v)),
    lmm(log(y) ~ poly(x, 2) + (1 | g), data, subset = o > -1)
  )
  expect_error(update(fits[[1L]], . ~ . + f), "cannot be found", class = "henderson_error_data")
  expect_error(add1(refit_ml(fits[[1L]]), ~ . + f), "`gone`", class = "henderson_error_data")
  expect_fit_of(
    update(fits[[2L]], subset = f != "a"), lmm(y ~ x + f + (1 | g), data, subset = f != "a")
  )
  expect_equal(coef(group_fits(fits[[2L]])), coef(group_fits(y ~ x + f | g, data)))
  # the data, read again
  expect_fit_of(
    update(fits[[2L]], data = data, . ~ . + v), lmm(y ~ x + f + v + (1 | g), data)
  )
})

test_that("columns of a data.table written by reference do not change a fit", {
  skip_if_not_installed("data.table")
  table <- data.table::as.data.table(test_data())
  fit <- lmm(y ~ x + (1 | g), table)
  before <- model.frame(fit)$x[1:3]
  before <- before + 0
  data.table::set(table, 1:3, "x", 99)

  expect_identical(model.frame(fit)$x[1:3], before)
  condition <- tryCatch(update(fit, . ~ . + v), error = identity)
  expect_identical(condition$variable, "x")
})

test_that("what a formula has beside data is what it was at the fit", {
  data <- test_data()
  make <- function() {
    degree <- 2
    limit <- 0.5
    breaks <- c(-Inf, 0, Inf)
    lmm(y ~ poly(x, degree) + I(v > limit) + (1 | g) + (1 | cut(o, breaks)), data,
      offset = limit * o, control = lmm_control(check_singular = "ignore")
    )
  }
  fit <- make()
  right <- lmm(y ~ poly(x, 2) + I(v > 0.5) + (1 | g) + (1 | cut(o, c(-Inf, 0, Inf))), data,
    offset = 0.5 * o, control = lmm_control(check_singular = "ignore")
  )
  home <- environment(formula(fit))
  for (change in c("other values", "none")) {
    if (change == "none") {
      rm("degree", "limit", "breaks", envir = home)
    } else {
      list2env(list(degree = 3, limit = 99, breaks = c(-Inf, 5, Inf)), home)
    }
    expect_equal(predict(fit, data[1:9, ]), predict(right, data[1:9, ]), tolerance = 1e-6)
    expect_silent(more <- update(fit, . ~ . + f))
    expect_equal(unname(fixef(more)), unname(fixef(update(right, . ~ . + f))), tolerance = 1e-6)
    other <- data[1:60, ]
    expect_equal(
      unname(fixef(update(fit, data = other))), unname(fixef(update(right, data = other))),
      tolerance = 1e-6
    )
  }
})

test_that("the dot of a formula stands for what it stood for", {
  data <- test_data()[c("y", "x", "f", "g")]
  fit <- lmm(y ~ . - g + (1 | g), data)
  right <- lmm(y ~ x + f + (1 | g), data, REML = FALSE)
  data$new <- 1:90

  expect_fit_of(update(fit, REML = FALSE), right)
  expect_fit_of(update(fit, . ~ . + new), lmm(y ~ x + f + new + (1 | g), data))
  rm(data)
  expect_fit_of(update(fit, REML = FALSE), right)
})

test_that("codes of a factor are those of the data, whose unused levels the frame does not have", {
  all <- test_data()
  all$f <- factor(rep_len(c("lo", "mid", "hi", "top"), 90), levels = c("lo", "mid", "hi", "top"))
  all$y <- all$y + as.numeric(all$f)^2
  data <- all[all$f != "mid", ]
  kept <- data
  kept$code <- c(1, 2, 3, 4)[match(kept$f, c("lo", "mid", "hi", "top"))]
  fit <- lmm(y ~ x + f + (1 | g), data, REML = FALSE)

  # the data are intact, the response is another
  kept$second <- kept$v + sin(seq_len(nrow(kept)))
  again <- refit_response(fit, kept$second)
  right <- lmm(second ~ x + code + (1 | g), kept, REML = FALSE)
  for (change in c(. ~ . - f + as.numeric(f), . ~ . - f + unclass(f))) {
    expect_equal(unname(fixef(update(again, change))), unname(fixef(right)), tolerance = 1e-6)
  }

  # the data are gone
  right <- lmm(y ~ x + code + (1 | g), kept, REML = FALSE)
  rm(data)
  expect_equal(
    unname(fixef(update(fit, . ~ . - f + as.integer(f)))), unname(fixef(right)), tolerance = 1e-6
  )
  expect_equal(
    logLik(update(fit, . ~ . - f + I(nlevels(f) - as.numeric(f)))), logLik(right),
    tolerance = 1e-6
  )
  expect_fit_of(
    part <- update(fit, subset = as.numeric(f) >= 3),
    lmm(y ~ x + f + (1 | g), kept[kept$code >= 3, ], REML = FALSE)
  )
  expect_equal(
    unname(fixef(update(part, . ~ . - f + as.numeric(f)))),
    unname(fixef(lmm(y ~ x + code + (1 | g), kept[kept$code >= 3, ], REML = FALSE))),
    tolerance = 1e-6
  )

  # of other levels, even unused ones, the codes are others
  data <- droplevels(kept)
  expect_message(other <- update(fit, . ~ . - f + as.numeric(f)), class = "henderson_message_data")
  expect_equal(unname(fixef(other)), unname(fixef(right)), tolerance = 1e-6)
})

test_that("codes of a factor are right where a level went with missing values", {
  data <- test_data()
  data$f <- factor(rep_len(c("lo", "mid", "hi", "top"), 90), levels = c("lo", "mid", "hi", "top"))
  data$y <- data$y + as.numeric(data$f)^2
  data$x[data$f == "mid"] <- NA
  kept <- data
  kept$code <- as.numeric(kept$f)
  fit <- lmm(y ~ x + f + (1 | g), data, REML = FALSE)
  rm(data)
  expect_equal(
    unname(fixef(update(fit, . ~ . - f + as.numeric(f)))),
    unname(fixef(lmm(y ~ x + code + (1 | g), kept, REML = FALSE))), tolerance = 1e-6
  )
  expect_fit_of(
    update(fit, subset = as.numeric(f) >= 3),
    lmm(y ~ x + f + (1 | g), kept, REML = FALSE, subset = code >= 3)
  )
  # which codes factor() gives depends on rows that are gone
  expect_error(update(fit, subset = as.numeric(factor(f)) >= 3), class = "henderson_error_data")
})

# ---- where, and in which data, expressions of the call are evaluated ----

test_that("parameters of columns that stay are those of the fit, also for predictions", {
  data <- test_data()
  limit <- 0.2
  fit <- lmm(y ~ I(x > limit) + o + (1 | g), data, subset = v > limit / 4)
  limit <- 1
  right <- lmm(y ~ I(x > 0.2) + o + (1 | g), data, subset = v > 0.05)

  expect_equal(
    unname(table_of(add1(fit, ~ . + f))), unname(table_of(add1(right, ~ . + f))), tolerance = 1e-6
  )
  reduced <- reduce_terms(fit, reduce_random = FALSE)$fit
  expected <- reduce_terms(right, reduce_random = FALSE)$fit
  expect_equal(predict(reduced, data), predict(expected, data), tolerance = 1e-6)
})

test_that("looking the data up draws no random numbers, and gives no false warning", {
  data <- test_data()
  set.seed(4)
  fit <- lmm(y ~ x + (1 | g), data[sample(90, 60), ])
  state <- .Random.seed
  expect_message(squared <- update(fit, . ~ . + I(x^2)), "random", class = "henderson_message_data")
  expect_identical(nobs(squared), 60L)
  expect_error(update(fit, . ~ . + v), "random", class = "henderson_error_data")
  expect_identical(.Random.seed, state)

  # a promise whose evaluation failed once warns when it is evaluated again
  part <- data
  fit <- lmm(y ~ x + (1 | g), part)
  fail <- TRUE
  delayedAssign("part", if (fail) stop("not yet") else data)
  try(part, silent = TRUE)
  fail <- FALSE
  expect_silent(update(fit, subset = x > -1))
})

test_that("data and variables that are gone are said to be gone", {
  data <- test_data()
  fit <- lmm(y ~ x + (1 | g), data)
  data$y <- NULL
  expect_error(update(fit, . ~ . + v), "`y` is gone", class = "henderson_error_data")
  data <- NULL
  expect_error(update(fit, . ~ . + v), "it is gone", class = "henderson_error_data")
})

test_that("rows of weight zero are rows of the data too", {
  data <- transform(sleepstudy, w = 1, o = Days / 2)
  data$w[7] <- 0
  fit <- lmm(Reaction ~ Days + offset(o) + (1 | Subject), data, weights = w)
  found <- fit_variables(fit, c("Days", "o"), environment())
  expect_identical(found$o, data$o)
  data$o[3] <- 9
  expect_error(fit_variables(fit, "o", environment()), "not the same",
    class = "henderson_error_data"
  )
})
