# Inference where the fit may stop at any of many points: that of the model which has only what the
# data determine.

fit_quietly <- function(...) suppressWarnings(fit_unchecked(...))

plain_columns <- function(table) {
  unname(cbind(table$estimate, table$se, table$lower, table$upper))
}

layout_data <- function(seed) {
  withr::with_seed(seed, {
    data <- expand.grid(a = factor(1:3), b = factor(1:5), r = 1:6)
    data$y <- rnorm(90) + rnorm(5)[data$b] + as.integer(data$a) / 2 +
      0.3 * rnorm(15)[interaction(data$a, data$b)]
    transform(data,
      i2 = as.numeric(a == 2), i3 = as.numeric(a == 3), x = rnorm(90),
      k = factor(letters[b]), o = factor(1:90)
    )
  })
}

# A few starts of any rank, for any number of parameters.
some_starts <- function(fit) {
  size <- length(fit$theta)
  diagonal <- henderson:::theta_lower(fit$random) == 0
  lapply(list(c(0.1, 0), c(3, 1), c(0.7, -0.8), c(1, 2)), function(own) {
    ifelse(diagonal, own[1] * seq_len(size)^0.3, own[2] * cos(seq_len(size)))
  })
}

# Searches of two parametrizations end within 1e-9 of the same criterion.
expect_inference_of <- function(formula, right, data, rows, ..., tolerance = 1e-5) {
  right <- fit_quietly(right, data, ...)
  first <- fit_quietly(formula, data, ...)
  fits <- c(list(first), lapply(some_starts(first), function(start) {
    fit_quietly(formula, data, start = start, ...)
  }))
  for (ddf in c("Satterthwaite", "Kenward-Roger", "expected")) {
    expected <- coef(summary(right, ddf = ddf))[rows, , drop = FALSE]
    for (fit in fits) {
      expect_gt(henderson:::undetermined_count(fit), 0L)
      expect_equal(coef(summary(fit, ddf = ddf))[rows, , drop = FALSE], expected,
        tolerance = tolerance, label = paste(deparse(formula), ddf)
      )
    }
  }
}

test_that("df do not depend on the start where fixed effects reproduce a column", {
  singular <- 0
  for (seed in 1:7) {
    data <- layout_data(seed)
    rows <- c("a2", "a3")
    right <- y ~ a + b + (0 + i2 + i3 | b)
    singular <- singular + is_singular(fit_quietly(right, data))
    expect_inference_of(y ~ a + b + (a | b), right, data, rows)
    expect_inference_of(y ~ a + b + (0 + a | b), right, data, rows)
    expect_inference_of(y ~ a + b + (a || b), y ~ a + b + diag(0 + i2 + i3 | b), data, rows)
    expect_inference_of(y ~ x + b + (x | b), y ~ x + b + (0 + x | b), data, "x")
  }
  expect_gt(singular, 2)
})

test_that("df do not depend on the start where terms are one partition, or a level is a row", {
  singular <- 0
  for (seed in 1:7) {
    data <- layout_data(seed)
    right <- y ~ a + x + (x | b)
    singular <- singular + is_singular(fit_quietly(right, data))
    rows <- c("(Intercept)", "a2", "x")
    expect_inference_of(y ~ a + x + (x | b) + (1 | k), right, data, rows)
    expect_inference_of(y ~ a + x + (1 | k) + (x | b), right, data, rows)
    expect_inference_of(y ~ a + x + (x | b) + (x | k), right, data, rows)
    expect_inference_of(y ~ a + x + (x | b) + (1 | o), right, data, rows)
    twice <- transform(data, x2 = 2 * x)
    expect_inference_of(y ~ a + x + (x + x2 | b), right, twice, rows)
  }
  expect_gt(singular, 2)
})

test_that("variances that are determined keep their standard errors, whatever the start", {
  data <- layout_data(4)
  data$y <- data$y + c(-1, 0.5, 0, 1, 2)[data$b] * data$x
  right <- suppressMessages(variance_components(fit_quietly(y ~ x + b + (0 + x | b), data)))
  expect_false(anyNA(right$se))
  first <- fit_quietly(y ~ x + b + (x | b), data)
  for (start in c(list(NULL), some_starts(first))) {
    fit <- fit_quietly(y ~ x + b + (x | b), data, start = start)
    for (scale in c("sd", "variance", "log_sd")) {
      own <- suppressMessages(variance_components(fit, scale = scale))
      expected <- suppressMessages(
        variance_components(fit_quietly(y ~ x + b + (0 + x | b), data), scale = scale)
      )
      expect_equal(plain_columns(own)[c(2, 4), ], plain_columns(expected), tolerance = 1e-5)
      expect_true(all(is.na(plain_columns(own)[c(1, 3), ])))
    }
  }
  # of a variance of zero too
  for (start in c(list(NULL), some_starts(first))) {
    fit <- fit_quietly(y ~ x + b + (x | b), layout_data(4), start = start)
    own <- suppressMessages(variance_components(fit))
    expect_identical(own$estimate[2], 0)
    expect_true(is.na(own$se[2]))
  }
})

test_that("whether a fit is singular does not depend on how equal terms share a variance", {
  for (seed in 1:5) {
    data <- layout_data(seed)
    pairs <- list(
      list(y ~ a + (1 | b) + (1 | k), y ~ a + (1 | b)),
      list(y ~ a + (x | b) + (1 | k), y ~ a + (x | b)),
      list(y ~ a + (x | b) + (x | k), y ~ a + (x | b)),
      list(y ~ a + (1 | b) + (1 | o), y ~ a + (1 | b)),
      list(y ~ x + b + (x | b), y ~ x + b + (0 + x | b))
    )
    for (pair in pairs) {
      right <- fit_quietly(pair[[2]], data)
      first <- fit_quietly(pair[[1]], data)
      zero <- ifelse(seq_along(first$theta) == length(first$theta), 0, first$theta)
      for (start in c(list(NULL, zero), some_starts(first))) {
        fit <- fit_quietly(pair[[1]], data, start = start)
        label <- paste(deparse(pair[[1]]), "seed", seed)
        expect_identical(is_singular(fit), is_singular(right), label = label)
        expect_identical(fit$optimization$singular, is_singular(right), label = label)
      }
    }
  }
})

test_that("a variance of zero is told of where the data say that it is", {
  data <- layout_data(1)
  heading <- function(start) {
    fit <- fit_quietly(y ~ a + (1 | b) + (1 | k), data, start = start)
    paste(attr(anova(fit), "heading"), collapse = " ")
  }
  expect_false(is_singular(fit_quietly(y ~ a + (1 | b), data)))
  for (start in list(NULL, c(1, 0), c(0, 1))) expect_no_match(heading(start), "estimated as zero")
  data$y <- withr::with_seed(3, rnorm(90))
  expect_true(is_singular(fit_quietly(y ~ a + (1 | b), data)))
  for (start in list(NULL, c(1, 0), c(0, 1))) expect_match(heading(start), "estimated as zero")
})

test_that("among points of full rank the fit is at one that does not depend on the start", {
  data <- withr::with_seed(3, {
    data <- expand.grid(a = factor(1:2), b = factor(1:3), r = factor(1:6), i = 1:2)
    data$s <- factor(c(1, 1, 2, 3, 2, 3)[as.integer(data$b) + 3 * (seq_len(72) %% 2)])
    data$x <- rnorm(72)
    random <- rnorm(6)[data$r] + rnorm(6)[data$r] * data$x + rnorm(3)[data$b] * (data$a == 2)
    transform(data, y = random + rnorm(12)[interaction(a, r)] + rnorm(72))
  })
  for (model in c(
    y ~ 1 + (x | r) + (x || r) + (0 + a | r), y ~ s + x + b + (a | b) + (x || r),
    y ~ x + (0 + a | r) + (1 | r:a)
  )) {
    fits <- lapply(c(0.3, 1, 2.5), function(start) {
      k <- length(fit_quietly(model, data)$theta)
      fit_quietly(model, data, start = start + seq_len(k) / k)
    })
    expect_false(is.null(fits[[1]]$undetermined))
    for (fit in fits[-1]) {
      expect_equal(fit$criterion, fits[[1]]$criterion, tolerance = 1e-8)
      label <- deparse(model)
      expect_equal(fit$theta, fits[[1]]$theta, tolerance = 1e-4, label = label)
      expect_equal(fit$beta, fits[[1]]$beta, tolerance = 1e-4, label = label)
    }
  }
})
