# Null distributions: against RLRsim, dense matrices, and refits of simulated responses.

test_that("the exact test of one variance agrees with RLRsim", {
  need_peer(c("lme4", "RLRsim"))
  draws <- 20000
  few <- subset(sleepstudy, as.integer(Subject) %in% c(2, 5, 6, 9, 13))
  few <- few[-c(1, 2, 13, 25, 26, 27, 41), ]
  cases <- list(
    list(Yield ~ 1 + (1 | Batch), lme4::Dyestuff),
    list(Reaction ~ poly(Days, 2) + (1 | Subject), few),
    list(yield ~ gen + (1 | rep), subset(omer.sorghum, env == "E3"))
  )
  for (case in cases) {
    m <- lme4::lmer(case[[1]], case[[2]])
    Z <- as.matrix(lme4::getME(m, "Z"))
    X <- lme4::getME(m, "X")
    theirs <- RLRsim::RLRTSim(X, Z, qr(X), diag(ncol(Z)), seed = 3, nsim = draws)
    fit <- lmm(case[[1]], case[[2]])
    spectrum <- lrt_spectrum(fit, 1000)
    tail <- function(q) with_seed(5, exact_tail(q, spectrum, draws))$value
    for (p in c(0.2, 0.05, 0.01)) {
      q <- quantile(theirs, 1 - p)
      # two simulated shares: four standard errors of their difference
      expect_lt(abs(tail(q) - p), 4 * sqrt(2 * p * (1 - p) / draws))
    }
  }
})

test_that("by maximum likelihood too", {
  need_peer(c("lme4", "RLRsim"))
  draws <- 20000
  uneven <- sleepstudy[-c(1:4, 30:31, 77, 100:107, 150), ]
  fit <- lmm(Reaction ~ Days + (1 | Subject), uneven, REML = FALSE)
  Z <- as.matrix(model.matrix(fit, "random"))
  theirs <- RLRsim::LRTSim(model.matrix(fit), Z, 0, diag(ncol(Z)), seed = 3, nsim = draws)
  spectrum <- lrt_spectrum(fit, 1000)
  for (p in c(0.2, 0.05)) {
    tail <- with_seed(5, exact_tail(quantile(theirs, 1 - p), spectrum, draws))$value
    expect_lt(abs(tail - p), 4 * sqrt(2 * p * (1 - p) / draws))
  }
})

test_that("the example's 95 % quantile is 2.335", {
  # balanced, six groups of five, one covariate: 2.335, RLRsim 2.351, 2000 refits 2.333
  # (design notes); a million draws of RLRsim give 2.334
  data <- with_seed(1, data.frame(x = rnorm(30), y = rnorm(30), g = gl(6, 5)))$value
  fit <- suppressMessages(lmm(y ~ x + (1 | g), data))
  spectrum <- lrt_spectrum(fit, 1000)
  draws <- 2e5
  p <- with_seed(1, exact_tail(2.335, spectrum, draws))$value
  expect_lt(abs(p - 0.05), 4 * sqrt(0.05 * 0.95 / draws))
})

test_that("eigenvalues of the exact test are those of the dense matrix", {
  uneven <- sleepstudy[-c(1:4, 30:31, 77, 100:107, 150), ]
  weights <- rep(c(1, 2, 0.5), length.out = nrow(uneven))
  weights[10] <- 0
  fits <- list(
    lmm(Reaction ~ Days + (1 | Subject), uneven),
    lmm(Reaction ~ Days + (0 + Days | Subject), uneven),
    lmm(Reaction ~ 0 + (1 | Subject), uneven),
    lmm(Reaction ~ Days + (1 | Subject), uneven, weights = weights)
  )
  for (fit in fits) {
    w <- weights(fit)
    Z <- as.matrix(model.matrix(fit, "random"))
    X <- model.matrix(fit)
    W <- diag(w)
    projection <- if (ncol(X) > 0) W %*% X %*% solve(t(X) %*% W %*% X, t(X) %*% W) else 0
    expected <- eigen(t(Z) %*% (W - projection) %*% Z, symmetric = TRUE)$values
    spectrum <- lrt_spectrum(fit, Inf)
    observed <- sort(rep(spectrum$mu, spectrum$mu_count), decreasing = TRUE)
    # equal eigenvalues are joined at ten digits
    expect_equal(observed, expected[expected > 1e-8 * max(expected)], tolerance = 1e-9)
    expect_equal(spectrum$rest, sum(w > 0) - ncol(X) - length(observed))
  }
  # by maximum likelihood the determinant has the eigenvalues of Z'WZ
  spectrum <- lrt_spectrum(lmm(Reaction ~ Days + (1 | Subject), uneven, REML = FALSE), Inf)
  expect_equal(
    rep(spectrum$xi, spectrum$xi_count), sort(as.numeric(table(uneven$Subject))),
    tolerance = 1e-9
  )
})

test_that("information on a whole term is that of ordinary least squares", {
  fit <- fit_cached("sleepstudy")
  reduction <- random_reductions(fit, FALSE)[[1]]
  reduction <- compare_reduction(reduction, fit)
  shape <- reduction_shape(reduction, fit)
  expect_identical(shape[c("removed", "kept", "covariances")], list(
    removed = 2L, kept = 0L, covariances = 0L
  ))
  information <- removed_information(reduction, shape, fit)
  # dense: half of tr(P G_i P G_j) - tr(P G_i) tr(P G_j) / (n - p) with P of ordinary least squares
  X <- model.matrix(fit)
  P <- diag(180) - X %*% solve(crossprod(X), t(X))
  Z <- as.matrix(model.matrix(fit, "random"))
  basis <- list(diag(c(1, 0)), matrix(c(0, 1, 1, 0), 2), diag(c(0, 1)))
  moved <- lapply(basis, function(G) P %*% Z %*% kronecker(diag(18), G) %*% t(Z))
  trace <- function(A) sum(diag(A))
  expected <- outer(1:3, 1:3, Vectorize(function(i, j) {
    (trace(moved[[i]] %*% moved[[j]]) - trace(moved[[i]]) * trace(moved[[j]]) / 178) / 2
  }))
  expect_equal(information, expected, tolerance = 1e-8)
})

test_that("information on removed columns is that left by the other parameters", {
  # (Machine | Worker) reduced to (1 | Worker): dense, at the smaller fit, in a basis of our own
  data <- plain(nlme::Machines)
  fit <- lmm(score ~ Machine + (Machine | Worker), data)
  reduction <- compare_reduction(random_reductions(fit)[[1]], fit)
  shape <- reduction_shape(reduction, fit)
  information <- removed_information(reduction, shape, fit)

  smaller <- lmm(score ~ Machine + (1 | Worker), data)
  X <- model.matrix(fit)
  one <- as.matrix(model.matrix(smaller, "random"))
  V <- diag(54) + smaller$theta^2 * tcrossprod(one)
  P <- solve(V) - solve(V, X) %*% solve(t(X) %*% solve(V, X), t(X) %*% solve(V))
  Z <- as.matrix(model.matrix(fit, "random"))
  pairs <- which(lower.tri(diag(3), TRUE), arr.ind = TRUE)
  moved <- lapply(1:6, function(k) {
    G <- matrix(0, 3, 3)
    G[pairs[k, 1], pairs[k, 2]] <- G[pairs[k, 2], pairs[k, 1]] <- 1
    P %*% Z %*% kronecker(diag(6), G) %*% t(Z)
  })
  moved[[7]] <- P %*% V
  trace <- function(A) sum(diag(A))
  all <- outer(1:7, 1:7, Vectorize(function(i, j) trace(moved[[i]] %*% moved[[j]]) / 2))
  # columns 2 and 3 of (Machine | Worker): positions 4, 5, 6 of the lower triangle
  expected <- solve(solve(all)[4:6, 4:6])
  expect_equal(information, expected, tolerance = 1e-7)
})

test_that("p-values of whole terms have the distribution of refits", {
  skip_on_cran()
  # 400 responses without random effects: the share below 5 % and 20 % is nominal
  data <- data.frame(x = rep(seq(-1, 1, length.out = 6), 20), g = gl(20, 6))
  y <- with_seed(11, matrix(rnorm(120 * 400), 120))$value
  p <- apply(y, 2, function(y) {
    fit <- suppressMessages(lmm(y ~ x + (x | g), cbind(data, y = y)))
    random_anova(fit, reduce_terms = FALSE, nsim = 500)$p_mixture[2]
  })
  for (level in c(0.05, 0.2)) {
    # four standard errors of a share of 400; the chi-squared on 3 degrees gives .017 and .08
    expect_lt(abs(mean(p <= level) - level), 4 * sqrt(level * (1 - level) / 400))
  }
})

test_that("columns of a smaller term are found in a larger one in any units", {
  set.seed(31)
  h <- gl(15, 20)
  x <- rnorm(300, 3)
  f <- gl(2, 1, 300, labels = c("a", "b"))
  y <- 1 + x + rnorm(15)[h] + rnorm(15, 0, 0.6)[h] * (x - 3) + rnorm(300)
  for (unit in c(1, 1e7, 1e-9)) {
    d <- data.frame(y, x = unit * x, h, f)
    both <- lmm(y ~ x + (x || h), d)
    # against fits to the rows of the smaller models
    lrt <- 2 * c(
      logLik(both) - logLik(lmm(y ~ x + (0 + x | h), d)),
      logLik(both) - logLik(lmm(y ~ x + (1 | h), d))
    )
    expect_equal(lrt, c(40.39305, 31.47336), tolerance = 1e-6)
    table <- random_anova(both)
    expect_equal(table$LRT[-1], lrt, tolerance = 1e-6)
    expect_equal(table$p_mixture[-1], pchisq(lrt, 1, lower.tail = FALSE) / 2, tolerance = 1e-5)
    table <- suppressMessages(random_anova(lmm(y ~ x + (f + x || h), d)))
    expect_equal(table["x in (f + x || h)", "LRT"], lrt[2], tolerance = 1e-5)
    expect_equal(table["x in (f + x || h)", "Df"], 1)
  }
})

test_that("small coefficients of columns are none of rounding", {
  x <- c(1, 4, 2, 8, 5, 7)
  larger <- cbind(1e13 * x, 1)
  expect_equal(contained_columns(cbind(x), larger), rbind(1e-13, 0), tolerance = 1e-12)
  expect_equal(contained_columns(cbind(1e-12, 1e-14 * x), larger),
    cbind(c(0, 1e-12), c(1e-27, 0)),
    tolerance = 1e-12
  )
  # far from zero: the columns themselves are found exactly
  far <- cbind(1, 1e6 + x, (1e6 + x) * (1:6 > 3))
  expect_identical(contained_columns(far[, c(1, 3)], far), diag(3)[, c(1, 3)])
  expect_null(contained_columns(cbind(x^2), larger))
})
