# Hundreds of simulated models against the dense oracle (helper-reference.R): at random theta, which
# tests the criterion and everything a fit reports; and at the optimum, which must be one of the
# oracle's function. Differences are gathered and held to their bounds once: a failure names the
# seeds, and simulated_model(seed) rebuilds the data.

# 1e-8 relative is the contract (test-oracle-random-designs.R).
exact <- 1e-8

oracle_of <- function(model, theta) {
  reference_fit(
    model$data$y, stats::model.matrix(fixed_part(model$formula), model$data),
    reference_z(model$terms, nrow(model$data)), reference_lambda(model$terms, theta),
    if (!is.null(model$weights)) model$data$w, if (!is.null(model$offset)) model$data$o,
    model$REML
  )
}

# Largest relative difference of each part of a fit from the oracle at the fit's theta.
oracle_differences <- function(fit, model) {
  reference <- oracle_of(model, unname(fit$theta))
  se <- sqrt(diag(reference$vcov))
  offset <- if (is.null(fit$offset)) 0 else fit$offset
  modes <- max(abs(reference$fitted - offset), 1e-300)
  start <- 0
  b <- variance <- 0
  for (k in seq_along(model$terms)) {
    term <- model$terms[[k]]
    index <- start + seq_len(term$v * term$levels)
    start <- start + length(index)
    # the scale of a column of Z: what it adds to the fitted values
    size <- pmax(apply(abs(term$z), 2, max), 1e-12)
    expected <- matrix(reference$b[index], term$v) * size
    b <- max(b, abs(fit$b[[k]] * size - expected) / modes)
    v <- term$v
    for (j in seq_len(term$levels)) {
      at <- index[(j - 1) * v + seq_len(v)]
      block <- reference$conditional_variance[at, at] * outer(size, size)
      ours <- fit$conditional_variance[[k]][, , j] * outer(size, size)
      variance <- max(variance, abs(ours - block) / max(reference$sigma^2, abs(block)))
    }
  }
  c(
    columns = as.numeric(!identical(names(fit$beta), names(reference$beta))),
    criterion = abs(fit$criterion - reference$criterion) / max(abs(reference$criterion), fit$n),
    beta = relative_difference(
      fit$beta / se, reference$beta / se, max(abs(reference$beta / se), 1)
    ),
    vcov = relative_difference(fit$vcov / outer(se, se), reference$vcov / outer(se, se), 1),
    sigma = relative_difference(fit$sigma, reference$sigma),
    fitted = relative_difference(fit$fitted, reference$fitted),
    b = b, conditional_variance = variance,
    log_det = relative_difference(fit$log_det[["M"]], reference$log_det[["M"]], fit$n)
  )
}

simulated_theta <- function(model) {
  unlist(lapply(model$terms, function(term) {
    block <- matrix(rnorm(term$v^2), term$v) * sample(c(0.01, 0.7, 0.7, 10), 1)
    size <- pmax(sqrt(colMeans(term$z^2)), 1e-12)
    block <- block / size
    diag(block) <- abs(diag(block)) * sample(0:1, term$v, TRUE, c(0.15, 0.85))
    if (term$structure == "diag") diag(block) else block[lower.tri(block, diag = TRUE)]
  }))
}

expect_exact <- function(differences, seeds) {
  for (name in rownames(differences)) {
    row <- differences[name, ]
    bad <- seeds[!(row <= exact)]
    label <- sprintf("%s: largest difference %.2g, seeds %s", name, max(row), toString(bad))
    expect_identical(bad, integer(0), label = label)
  }
}

test_that("300 simulated models agree with the dense oracle at random theta", {
  only_in_full_tier("long simulation")
  seeds <- 1:300
  differences <- vapply(seeds, function(seed) {
    model <- simulated_model(seed)
    set.seed(seed + 1e5)
    theta <- simulated_theta(model)
    fit <- fit_simulated(model, start = theta, control = lmm_control("none"))
    oracle_differences(fit, model)
  }, numeric(9))
  expect_exact(differences, seeds)
})

test_that("200 simulated models end at an optimum of the oracle's criterion", {
  only_in_full_tier("long simulation")
  seeds <- 301:500
  better <- numeric(length(seeds))
  differences <- vapply(seq_along(seeds), function(i) {
    model <- simulated_model(seeds[i])
    fit <- fit_simulated(model)
    # Points around it: steps in standardized units, some coordinates at a time.
    set.seed(seeds[i] + 1e5)
    size <- abs(fit$theta) + mean(abs(fit$theta))
    around <- vapply(1:6, function(k) {
      step <- rnorm(length(size)) * (runif(length(size)) < 0.6) * size * 10^runif(1, -3.5, -0.5)
      oracle_of(model, unname(fit$theta + step))$criterion
    }, 1)
    better[i] <<- fit$criterion - min(around)
    oracle_differences(fit, model)
  }, numeric(9))
  expect_exact(differences, seeds)
  # the criterion's rounding is some 1e-11
  expect_identical(seeds[better > 1e-7], integer(0), label = "seeds with a better point nearby")
})

test_that("the simulated models are what they are meant to be", {
  models <- lapply(1:500, simulated_model)
  share <- function(test) mean(vapply(models, test, TRUE))
  expect_gt(share(function(m) length(m$terms) > 1), 0.4)
  expect_gt(share(function(m) anyDuplicated(vapply(m$terms, `[[`, "", "group")) > 0), 0.02)
  expect_gt(share(function(m) any(vapply(m$terms, `[[`, 1L, "v") > 2)), 0.2)
  expect_gt(share(function(m) any(vapply(m$terms, `[[`, "", "structure") == "diag")), 0.3)
  expect_gt(share(function(m) !is.null(m$weights)), 0.3)
})
