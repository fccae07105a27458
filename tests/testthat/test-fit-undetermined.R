# What the data do not determine. Right values: the model without the term or column that repeats
# another, lm(), and the null space of tr(P V_i P V_j) from dense matrices.

# Dimension of the directions without information, and whether those of the fit are among them.
dense_directions <- function(fit) {
  Z <- lapply(henderson:::fit_random_terms(fit), function(term) {
    z <- term$z
    if (is.null(z)) z <- matrix(1, length(term$level), 1L)
    index <- Matrix::sparseMatrix(seq_along(term$level), term$level, x = 1)
    lapply(seq_len(ncol(z)), function(c) as.matrix(index * z[, c]))
  })
  V <- list()
  for (t in seq_along(fit$random)) {
    at <- henderson:::lambda_entries(fit$random[[t]])
    for (i in seq_along(at$row)) {
      part <- Z[[t]][[at$row[i]]] %*% t(Z[[t]][[at$column[i]]])
      V <- c(V, list(if (at$row[i] == at$column[i]) part else part + t(part)))
    }
  }
  n <- length(fit$y)
  weights <- if (is.null(fit$weights)) rep(1, n) else fit$weights
  V <- c(V, list(diag(1 / weights)))
  P <- diag(n)
  if (fit$REML && length(fit$beta) > 0L) {
    P <- P - tcrossprod(qr.Q(qr(as.matrix(fit$X %||% henderson:::fixed_matrix(fit)))))
  }
  flat <- vapply(V, function(part) as.vector(P %*% part %*% P), numeric(n^2))
  sizes <- sqrt(colSums(vapply(V, as.vector, numeric(n^2))^2))
  flat <- sweep(flat, 2L, ifelse(sizes > 0, sizes, 1), "/")
  values <- svd(flat, 0L, 0L)$d
  found <- fit$undetermined
  left <- if (is.null(found)) 0 else {
    natural <- sweep(found$directions, 2L, found$sizes, "/")
    scaled <- sweep(natural, 2L, ifelse(sizes > 0, sizes, 1), "*")
    scaled <- scaled / apply(abs(scaled), 1L, max)
    max(abs(flat %*% t(scaled)))
  }
  list(count = sum(values < 1e-7 * values[1L]), left = left)
}

test_that("the directions without information are those of dense matrices", {
  data <- crossed_rows()
  data <- transform(data,
    x2 = 2 * x, five = 5, tenth = 5.1, zero = 0, h = factor(rep_len(1:5, 40)), o = factor(1:40),
    k = factor(paste0("z", g)), s = factor(ifelse(as.integer(g) > 4, "m", "f")), w = seq_len(40)
  )
  formulas <- list(
    y ~ x + (x | g), y ~ x + (x || g) + (1 | h), y ~ 1 + (1 | g) + (0 + x | k),
    y ~ g + (1 | g), y ~ g + (x | g), y ~ g * x + (x | g) + (1 | h), y ~ 0 + (five | g),
    y ~ 1 + (tenth | g), y ~ 1 + (x + x2 | g), y ~ 1 + (zero | g), y ~ 1 + (1 | g) + (1 | k),
    y ~ x + (x | g) + (x2 | k), y ~ x + (1 + x | g) + (1 + u | g), y ~ 1 + (s | g),
    y ~ 1 + (0 + s | g), y ~ 1 + (1 | g) + (1 | h) + (1 | g:h), y ~ x + (x | g) + (1 | o),
    y ~ 1 + (1 | g / k) + (1 | k / g), y ~ 1 + (1 | g) + (1 | k) + (1 | factor(g)),
    y ~ h + (1 | h) + (1 | o), y ~ 1 + (x | g) + (0 + s | g)
  )
  for (formula in formulas) {
    for (REML in c(TRUE, FALSE)) {
      fit <- fit_unchecked(formula, data, REML = REML)
      dense <- dense_directions(fit)
      label <- paste(deparse(formula), REML)
      found <- if (is.null(fit$undetermined)) 0L else nrow(fit$undetermined$directions)
      expect_identical(found, dense$count, label = label)
      expect_lt(dense$left, 1e-6)
    }
  }
  # with weights a level for each row is not the residual
  fit <- fit_unchecked(y ~ 1 + (1 | o), data, weights = w)
  expect_null(fit$undetermined)
  expect_identical(dense_directions(fit)$count, 0L)
  # with weight zero the rest of a level does not count
  data$half <- as.numeric(data$i == 1)
  fit <- fit_unchecked(y ~ 1 + (1 | g), data, weights = half)
  expect_identical(fit$undetermined$groups[[1]]$reason, "residual")
})

test_that("large models are looked at by random vectors, with the same result", {
  data <- withr::with_seed(3, {
    data <- data.frame(a = rep(1:600, each = 4), x = rnorm(2400), b = sample(600, 2400, TRUE))
    data$y <- rnorm(600)[data$a] + rnorm(2400)
    transform(data, x2 = 3 * x, c = (b * 7) %% 1009, s = factor(a > 300), o = 1:2400)
  })
  expect_directions <- function(formula, reasons, REML = TRUE) {
    fit <- fit_unchecked(formula, data, REML = REML)
    expect_identical(vapply(fit$undetermined$groups, `[[`, "", "reason"), reasons)
    fit
  }
  for (REML in c(TRUE, FALSE)) {
    expect_null(fit_unchecked(y ~ x + (x | a) + (1 | b), data, REML = REML)$undetermined)
    fit <- expect_directions(y ~ x + (1 | a) + (1 | b) + (1 | c), "partition", REML)
    expect_equal(abs(fit$undetermined$directions[1, ]), c(0, 1, 1, 0), ignore_attr = TRUE)
    expect_directions(y ~ s + (s | a) + (1 | b), "collinear", REML)
    fit <- expect_directions(y ~ x + (1 | a) + (1 | b) + (1 | o), "residual", REML)
    expect_equal(abs(fit$undetermined$directions[1, ]), c(1, 0, 0, 1), ignore_attr = TRUE)
    fit <- expect_directions(y ~ x + (1 + x | a) + (1 + x2 | a) + (1 | b), "partition", REML)
    expect_identical(nrow(fit$undetermined$directions), 3L)
  }
})

test_that("no model of the table of real data is said to be undetermined", {
  skip_on_cran()
  for (model in real_models()) {
    data <- tryCatch(eval(model$data), error = function(e) NULL)
    if (is.null(data)) next
    arguments <- list(model$formula, data, REML = model$REML)
    arguments[c("weights", "offset")] <- model[c("weights", "offset")]
    arguments <- arguments[!vapply(arguments, is.null, TRUE)]
    fit <- suppressWarnings(suppressMessages(do.call(lmm, arguments)))
    expect_null(fit$undetermined, label = model$name)
  }
})

test_that("a constant column of a term is no column of its own, whatever the constant", {
  data <- crossed_rows()
  for (constant in c(5, 5.1, 1 / 3, 1e6 / 7)) {
    data$one <- constant
    fit <- fit_unchecked(y ~ x + (one | g), data)
    right <- lmm(y ~ x + (1 | g), data)
    expect_equal(fit$criterion, right$criterion, tolerance = 1e-9)
    z <- c(1, constant)
    expect_equal(drop(z %*% VarCorr(fit)$g %*% z), VarCorr(right)$g[1], tolerance = 1e-5)
  }
})

test_that("a term whose columns divide its levels as another term does is found", {
  for (seed in 1:3) {
    data <- withr::with_seed(seed, {
      data <- expand.grid(b = factor(1:3), r = 1:4, litter = factor(1:6))
      transform(data, y = rnorm(72) + rnorm(6)[litter])
    })
    # some cells are empty
    for (own in list(data, data[-(1:9), ], data[data$b != 2 | data$litter %in% 1:2, ])) {
      for (formula in c(
        y ~ 1 + (1 | litter:b) + (0 + b | litter), y ~ b + (1 | b:litter) + (b | litter),
        y ~ b + (0 + b | litter) + (1 | litter:b)
      )) {
        fit <- suppressWarnings(fit_unchecked(formula, own))
        expect_identical(
          henderson:::undetermined_count(fit), dense_directions(fit)$count,
          label = paste(deparse(formula), seed)
        )
        expect_gt(henderson:::undetermined_count(fit), 0L)
      }
    }
  }
})
