# Lines with a dense relationship matrix of their markers, one row each or several.
scan_data <- function(lines = 40L, records = 1L, n_markers = 30L) {
  set.seed(5)
  markers <- matrix(rbinom(lines * n_markers, 2, 0.4), lines) + 0
  dimnames(markers) <- list(sprintf("l%02d", seq_len(lines)), paste0("m", seq_len(n_markers)))
  centred <- scale(markers, scale = FALSE)
  K <- tcrossprod(centred) / sum(apply(markers, 2, var)) + diag(0.05, lines)
  data <- data.frame(line = rep(rownames(markers), each = records))
  size <- nrow(data)
  g <- drop(t(chol(K)) %*% rnorm(lines))
  names(g) <- rownames(K)
  data$x <- rnorm(size)
  data$w <- runif(size, 0.5, 2)
  data$block <- factor(rep(seq_len(5), length.out = size))
  data$y <- 1 + data$x + g[data$line] + 0.4 * markers[data$line, 3] +
    rnorm(5, sd = 0.7)[data$block] + rnorm(size) / sqrt(data$w)
  list(data = data, K = K, markers = markers)
}

# Estimate and standard error of each marker by lmm() itself.
by_lmm <- function(fit, values, ...) {
  t(vapply(seq_len(ncol(values)), function(k) {
    data <- fit$data_used
    data$marker <- values[, k]
    own <- suppressMessages(update(fit$fit, . ~ . + marker, data = data, ...))
    c(fixef(own)[["marker"]], sqrt(vcov(own)["marker", "marker"]))
  }, numeric(2L)))
}

expect_scan <- function(found, expected, tolerance) {
  expect_equal(found$estimate, expected[, 1L], tolerance = tolerance)
  expect_equal(found$se, expected[, 2L], tolerance = tolerance)
}

test_that("one-step is lmm() with the marker at the variances of the fit", {
  own <- scan_data(records = 3L)
  for (REML in c(TRUE, FALSE)) {
    data <- own$data
    fit <- lmm(y ~ x + (x | line) + (1 | block), data, REML, weights = w,
      relationship = list(line = own$K)
    )
    found <- marker_scan(fit, own$markers[, 1:6])
    expected <- by_lmm(
      list(fit = fit, data_used = data), own$markers[data$line, 1:6],
      control = lmm_control(optimizer = "none"), start = fit$theta
    )
    # the same linear algebra in another order
    expect_scan(found, expected, 1e-9)
    expect_identical(found$marker, paste0("m", 1:6))
    expect_identical(unique(found$df), 120 - 3)
    expect_equal(found$statistic, found$estimate / found$se)
    expect_equal(found$p.value, 2 * pt(-abs(found$statistic), 117))
  }
})

test_that("one-step takes fits without a relationship, with markers by row or by level", {
  set.seed(4)
  columns <- matrix(rnorm(180 * 4), 180, dimnames = list(NULL, letters[1:4]))
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  found <- marker_scan(fit, columns)
  expected <- by_lmm(list(fit = fit, data_used = sleepstudy), columns,
    control = lmm_control(optimizer = "none"), start = fit$theta
  )
  expect_scan(found, expected, 1e-9)
  levels <- matrix(rnorm(36), 18, dimnames = list(rev(levels(sleepstudy$Subject)), c("a", "b")))
  found <- marker_scan(fit, levels, group = "Subject")
  expected <- by_lmm(
    list(fit = fit, data_used = sleepstudy), levels[as.character(sleepstudy$Subject), ],
    control = lmm_control(optimizer = "none"), start = fit$theta
  )
  expect_scan(found, expected, 1e-9)
})

test_that("exact is lmm() with the marker, rotated or not", {
  own <- scan_data()
  for (weights in c(FALSE, TRUE)) {
    data <- own$data
    if (!weights) data$w <- 1
    for (REML in c(TRUE, FALSE)) {
      fit <- lmm(y ~ x + (1 | line), data, REML, weights = w, relationship = list(line = own$K))
      found <- marker_scan(fit, own$markers[, 1:6], "exact")
      expected <- by_lmm(list(fit = fit, data_used = data), own$markers[data$line, 1:6])
      # both ends of searches: errors of theta, of 1e-6 at most, have a part of first order
      expect_scan(found, expected, 1e-6)
    }
  }
  own <- scan_data(records = 2L)
  fit <- lmm(y ~ x + (1 | line) + (1 | block), own$data, weights = w,
    relationship = list(line = own$K)
  )
  found <- marker_scan(fit, own$markers[, 1:4], method = "exact")
  expected <- by_lmm(list(fit = fit, data_used = own$data), own$markers[own$data$line, 1:4])
  expect_scan(found, expected, 1e-6)
})

test_that("blocks, a function of blocks and sparse matrices give the same", {
  own <- scan_data()
  fit <- lmm(y ~ x + (1 | line), own$data, relationship = list(line = own$K))
  whole <- marker_scan(fit, own$markers)
  blocks <- marker_scan(fit, function(k) {
    if (k <= 3) own$markers[, (10 * k - 9):(10 * k)]
  })
  expect_equal(blocks, whole, tolerance = 1e-12)
  sparse <- methods::as(own$markers, "CsparseMatrix")
  expect_equal(marker_scan(fit, sparse), whole, tolerance = 1e-12)
  integers <- own$markers
  storage.mode(integers) <- "integer"
  expect_equal(marker_scan(fit, integers[40:1, ]), whole, tolerance = 1e-12)
})

test_that("missing values, markers that do not vary and combinations of X are seen", {
  own <- scan_data()
  markers <- cbind(own$markers[, 1:3], constant = 1, x = own$data$x, empty = NA)
  markers[2:4, 2] <- NA
  fit <- lmm(y ~ x + (1 | line), own$data, relationship = list(line = own$K))
  for (method in c("one-step", "exact")) {
    found <- marker_scan(fit, markers, method)
    expect_identical(found$missing, c(0, 3, 0, 0, 0, 40))
    expect_identical(is.na(found$estimate), rep(c(FALSE, TRUE), each = 3L))
    expect_identical(is.na(found$p.value), rep(c(FALSE, TRUE), each = 3L))
    filled <- markers[, 2, drop = FALSE]
    filled[2:4, 1] <- mean(filled[-(2:4), 1])
    expect_equal(marker_scan(fit, filled, method)$estimate, found$estimate[2L])
  }
  error <- expect_error(
    marker_scan(fit, markers, missing = "error"), class = "henderson_error_data"
  )
  expect_match(conditionMessage(error), "m2")
  expect_error(
    marker_scan(fit, replace(own$markers, 5, Inf)), "infinite", class = "henderson_error_data"
  )
})

test_that("markers that do not fit are errors that say what does", {
  own <- scan_data()
  fit <- lmm(y ~ x + (1 | line) + (1 | block), own$data, relationship = list(line = own$K))
  refuse <- function(text, class, ...) {
    error <- expect_error(marker_scan(fit, ...), class = paste0("henderson_error_", class))
    expect_match(gsub("\\s+", " ", conditionMessage(error)), text, fixed = TRUE)
  }
  refuse("lacks 2 levels of `line`: \"l01\" and \"l02\"", "data", own$markers[-(1:2), ])
  refuse("has no row names", "data", unname(own$markers))
  refuse("must be a numeric matrix", "argument", "m1")
  refuse("has no column", "argument", own$markers[, 0])
  refuse("must be a grouping factor", "argument", own$markers, group = "lines")
  refuse("has 39 rows; the model frame has 40", "data", unname(own$markers)[-1, ], group = NULL)
  held <- update(fit, control = lmm_control(fix = list(sigma = 1)))
  expect_error(marker_scan(held, own$markers), class = "henderson_error_unsupported")
  expect_error(marker_scan(fit, own$markers, "exakt"), class = "henderson_error_argument")
})

test_that("where the variance is zero a scan is that of lm()", {
  own <- scan_data()
  set.seed(2)
  data <- own$data
  repeat {
    data$y <- rnorm(40)
    fit <- suppressMessages(lmm(y ~ x + (1 | line), data, relationship = list(line = own$K)))
    if (fit$theta == 0) break
  }
  found <- marker_scan(fit, own$markers[, 1:3])
  expected <- vapply(1:3, function(k) {
    summary(lm(y ~ x + own$markers[, k], data))$coefficients[3L, 1:4]
  }, numeric(4L))
  expect_equal(found$estimate, expected[1L, ], tolerance = 1e-9)
  expect_equal(found$se, expected[2L, ], tolerance = 1e-9)
  expect_equal(found$p.value, expected[4L, ], tolerance = 1e-8)
})
