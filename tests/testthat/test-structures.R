# cs() and ar1(): published values, equal models in other words, and what a fit says of itself.

days <- function() transform(sleepstudy, f = factor(Days))

test_that("ar1() of sleepstudy has the criterion that lme4 2.1 finds, in few evaluations", {
  fit <- lmm(Reaction ~ Days + ar1(0 + f | Subject), days())
  expect_equal(fit$criterion, 1734.186468, tolerance = 1e-9)
  expect_true(fit$optimization$converged)
  # with those from other starts
  expect_lt(fit$optimization$evaluations, 70)
  ml <- lmm(Reaction ~ Days + ar1(0 + f | Subject), days(), REML = FALSE)
  expect_equal(ml$criterion, 1743.061866, tolerance = 1e-9)
  het <- lmm(Reaction ~ Days + ar1(0 + f | Subject, hom = FALSE), days())
  expect_equal(het$criterion, 1702.188952, tolerance = 1e-9)
  expect_true(het$optimization$converged)
})

test_that("the criterion of ar1() is that of V formed in full", {
  d <- days()
  fit <- lmm(Reaction ~ Days + ar1(0 + f | Subject), d)
  sd <- fit$theta[[1]]
  rho <- fit$theta[[2]]
  block <- sd^2 * rho^abs(outer(0:9, 0:9, "-")) + diag(10)
  X <- cbind(1, 0:9)
  # the same block for every subject, whose days are in order
  root <- t(chol(block))
  whitened <- apply(matrix(d$Reaction, 10), 2, function(y) forwardsolve(root, y))
  Xw <- forwardsolve(root, X)
  information <- 18 * crossprod(Xw)
  beta <- solve(information, rowSums(crossprod(Xw, whitened)))
  rss <- sum((whitened - as.vector(Xw %*% beta))^2)
  m <- 180 - 2
  expected <- 18 * 2 * sum(log(diag(root))) + log(det(information)) +
    m * (1 + log(2 * pi * rss / m))
  expect_equal(fit$criterion, expected, tolerance = 1e-10)
  expect_equal(unname(fixef(fit)), as.vector(beta), tolerance = 1e-8)
  expect_equal(sigma(fit), sqrt(rss / m), tolerance = 1e-7)
})

test_that("cs() of equal variances is the nested model, cs() of two columns the unstructured one", {
  skip_if_not_installed("agridat")
  trial <- subset(agridat::besag.met, !is.na(yield))
  cs <- lmm(yield ~ county + cs(0 + county | gen, hom = TRUE) + (1 | county:rep), trial)
  expect_equal(cs$criterion, 9770.617461, tolerance = 1e-9)
  nested <- lmm(yield ~ county + (1 | gen) + (1 | gen:county) + (1 | county:rep), trial)
  expect_equal(cs$criterion, nested$criterion, tolerance = 1e-10)
  # variances: sd^2 = v_gen + v_gen:county, rho = v_gen / sd^2
  parts <- vapply(VarCorr(nested)[c("gen:county", "gen")], as.vector, 0)
  expect_equal(VarCorr(cs)$gen[1, 1], sum(parts), tolerance = 1e-5)
  expect_equal(cs$theta[["gen.rho"]], parts[["gen"]] / sum(parts), tolerance = 1e-5)
  # tests of the fixed effects are the same where the models are
  expect_equal(anova(cs)$DenDF, anova(nested)$DenDF, tolerance = 1e-4)
  het <- lmm(yield ~ county + cs(0 + county | gen) + (1 | county:rep), trial)
  expect_equal(het$criterion, 9766.808301, tolerance = 1e-9)

  two <- lmm(Reaction ~ Days + cs(1 + Days | Subject), sleepstudy)
  us <- lmm(Reaction ~ Days + (1 + Days | Subject), sleepstudy)
  expect_equal(two$criterion, us$criterion, tolerance = 1e-10)
  expect_equal(unclass(VarCorr(two)$Subject)[1:4], unclass(VarCorr(us)$Subject)[1:4],
    tolerance = 1e-5
  )
  expect_equal(coef(summary(two)), coef(summary(us)), tolerance = 1e-5)
  expect_equal(predict(two), predict(us), tolerance = 1e-6)
})

test_that("the start and the units of the columns do not matter", {
  d <- days()
  fit <- lmm(Reaction ~ Days + ar1(0 + f | Subject), d)
  for (start in list(c(0.1, -0.9), c(30, 0.99), c(1, 0))) {
    again <- lmm(Reaction ~ Days + ar1(0 + f | Subject), d, start = start)
    expect_equal(again$criterion, fit$criterion, tolerance = 1e-10)
  }
  scaled <- transform(sleepstudy, Days = Days * 1e4)
  het <- lmm(Reaction ~ Days + cs(1 + Days | Subject), sleepstudy)
  far <- lmm(Reaction ~ Days + cs(1 + Days | Subject), scaled)
  expect_equal(far$criterion, het$criterion + 2 * log(1e4), tolerance = 1e-9)
  expect_equal(far$theta * c(1, 1e4, 1), het$theta, tolerance = 1e-5)
})

test_that("a structure prints what it has, once", {
  fit <- lmm(Reaction ~ Days + ar1(0 + f | Subject), days())
  expect_match(format(VarCorr(fit))[1, ], "f0 ... f9", fixed = TRUE, all = FALSE)
  expect_match(format(VarCorr(fit))[1, ], "0.883 (ar1)", fixed = TRUE, all = FALSE)
  expect_identical(nrow(format(VarCorr(fit))), 2L)
  expect_identical(names(fit$theta), c("Subject.*", "Subject.rho"))
  expect_identical(nrow(as.data.frame(VarCorr(fit))), 56L)
  expect_identical(attr(logLik(fit), "df"), 5L)
})

test_that("reduced rank has the criteria of glmmTMB and lme4, and full rank that of us", {
  ml <- function(formula) lmm(formula, days(), REML = FALSE)
  one <- ml(Reaction ~ Days + rr(0 + f | Subject, d = 1))
  expect_equal(one$criterion, 1755.765294, tolerance = 1e-9)
  expect_false(is_singular(one))
  expect_identical(attr(logLik(one), "df"), 13L)
  two <- ml(Reaction ~ Days + rr(0 + f | Subject, d = 2))
  expect_equal(two$criterion, 1727.842661, tolerance = 1e-9)
  expect_identical(unname(qr(VarCorr(two)$Subject)$rank), 2L)
  full <- lmm(Reaction ~ Days + rr(Days | Subject, d = 2), sleepstudy)
  us <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  expect_equal(full$criterion, us$criterion, tolerance = 1e-9)
  expect_equal(coef(summary(full))[, "df"], coef(summary(us))[, "df"], tolerance = 1e-4)
  expect_equal(predict(full), predict(us), tolerance = 1e-5)
})

test_that("equal models have equal Kenward-Roger tests: cs of one variance, toep of two columns", {
  trial <- withr::with_seed(2, {
    trial <- expand.grid(f = factor(1:4), g = factor(1:9), r = 1:2)
    trial$x <- rnorm(72)
    transform(trial, y = x + 2 * rnorm(9)[g] + 2 * rnorm(36)[interaction(f, g)] + rnorm(72) / 2)
  })
  cs <- lmm(y ~ x + f + cs(0 + f | g, hom = TRUE), trial)
  nested <- lmm(y ~ x + f + (1 | g) + (1 | g:f), trial)
  expect_equal(cs$criterion, nested$criterion, tolerance = 1e-9)
  kr <- function(fit) coef(summary(fit, ddf = "Kenward-Roger"))
  expect_equal(kr(cs), kr(nested), tolerance = 1e-4)
  expect_equal(anova(cs, ddf = "Kenward-Roger")$DenDF, anova(nested, ddf = "Kenward-Roger")$DenDF,
    tolerance = 1e-4
  )
  two <- subset(trial, f %in% 1:2)
  us <- lmm(y ~ x + (0 + f | g), two)
  het <- lmm(y ~ x + toep(0 + f | g), two)
  expect_equal(het$criterion, us$criterion, tolerance = 1e-9)
  # the same model by other parameters: the adjustment has its second derivatives
  expect_equal(kr(het)[, "df"], kr(us)[, "df"], tolerance = 1e-4)
})

test_that("Kenward and Roger's second derivatives are those of V, by differences in full", {
  fit <- lmm(Reaction ~ Days + ar1(0 + f | Subject), days())
  adjusted <- coef(summary(fit, ddf = "Kenward-Roger"))[, "Std. Error"]
  # parameters of V itself: residual variance, variance, rho
  psi <- c(sigma(fit)^2, sigma(fit)^2 * fit$theta[[1]]^2, fit$theta[[2]])
  V <- function(p) p[2] * p[3]^abs(outer(0:9, 0:9, "-")) + p[1] * diag(10)
  steps <- 1e-4 * abs(psi)
  unit <- function(i) replace(numeric(3), i, steps[i])
  first <- lapply(1:3, function(i) (V(psi + unit(i)) - V(psi - unit(i))) / (2 * steps[i]))
  X <- cbind(1, 0:9)
  Vi <- solve(V(psi))
  Phi <- solve(18 * t(X) %*% Vi %*% X)
  P <- lapply(first, function(d) -18 * t(X) %*% Vi %*% d %*% Vi %*% X)
  Q <- function(i, j) 18 * t(X) %*% Vi %*% first[[i]] %*% Vi %*% first[[j]] %*% Vi %*% X
  information <- outer(1:3, 1:3, Vectorize(function(i, j) {
    (18 * sum(diag(Vi %*% first[[i]] %*% Vi %*% first[[j]])) - 2 * sum(diag(Phi %*% Q(i, j))) +
      sum(diag(Phi %*% P[[i]] %*% Phi %*% P[[j]]))) / 2
  }))
  W <- solve(information)
  total <- matrix(0, 2, 2)
  for (i in 1:3) for (j in 1:3) {
    second <- (V(psi + unit(i) + unit(j)) - V(psi + unit(i) - unit(j)) -
      V(psi - unit(i) + unit(j)) + V(psi - unit(i) - unit(j))) / (4 * steps[i] * steps[j])
    R <- 18 * t(X) %*% Vi %*% second %*% Vi %*% X
    total <- total + W[i, j] * (Q(i, j) - P[[i]] %*% Phi %*% P[[j]] - R / 4)
  }
  expected <- sqrt(diag(Phi + 2 * Phi %*% total %*% Phi))
  expect_equal(unname(adjusted), expected, tolerance = 1e-6)
})

test_that("profiles of structures are those of V, minimized by optim()", {
  fit <- lmm(Reaction ~ Days + ar1(0 + f | Subject), days(), REML = FALSE)
  limits <- confint(fit, parm = c(".sig01", ".sig02"))
  X <- cbind(1, 0:9)
  full <- function(sd, rho, sigma) {
    V <- sd^2 * rho^abs(outer(0:9, 0:9, "-")) + sigma^2 * diag(10)
    root <- t(chol(V))
    y <- forwardsolve(root, matrix(sleepstudy$Reaction, 10))
    x <- forwardsolve(root, X)
    beta <- solve(18 * crossprod(x), rowSums(crossprod(x, y)))
    180 * log(2 * pi) + 36 * sum(log(diag(root))) + sum((y - as.vector(x %*% beta))^2)
  }
  held <- function(value, which) {
    start <- c(log(sigma(fit) * fit$theta[[1]]), atanh(fit$theta[[2]]), log(sigma(fit)))
    free <- setdiff(1:3, which)
    start[which] <- if (which == 1) log(value) else atanh(value)
    stats::optim(start[free], function(p) {
      all <- replace(start, free, p)
      full(exp(all[1]), tanh(all[2]), exp(all[3]))
    }, control = list(reltol = 1e-12, maxit = 2000))$value - fit$criterion
  }
  for (i in 1:2) {
    for (value in limits[i, ]) {
      expect_equal(held(value, i), stats::qchisq(0.95, 1), tolerance = 1e-3)
    }
  }
})

test_that("what is by rows and levels knows structures: predictions, simulations, shares, tests", {
  d <- days()
  fit <- lmm(Reaction ~ Days + toep(0 + f | Subject, hom = TRUE), subset(d, Days < 4))
  ar1 <- lmm(Reaction ~ Days + ar1(0 + f | Subject), d)
  expect_equal(predict(ar1), fitted(ar1), tolerance = 1e-10)
  expect_equal(predict(ar1, d[c(3, 17), ]), fitted(ar1)[c(3, 17)], tolerance = 1e-10)
  band <- predict(ar1, d[1:2, ], interval = "confidence")
  expect_true(all(band[, 2] < band[, 1] & band[, 1] < band[, 3]))
  drawn <- as.matrix(simulate(ar1, 2000, seed = 1))
  expected <- ar1$sigma^2 * (ar1$theta[[1]]^2 * ar1$theta[[2]]^abs(outer(0:9, 0:9, "-")) + diag(10))
  expect_equal(stats::cov(t(drawn[1:10, ])), expected, tolerance = 0.1, ignore_attr = TRUE)
  shares <- r_squared(ar1)
  variance <- ar1$sigma^2 * ar1$theta[[1]]^2
  expect_equal(attr(shares, "variances")[["random"]], variance, tolerance = 1e-10)
  tests <- random_anova(ar1)
  intercept <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy)
  expect_equal(tests$LRT[2], intercept$criterion - ar1$criterion, tolerance = 1e-6)
  expect_identical(tests$Df[2], 1L)
  expect_true(is.na(tests$p_mixture[2]))
  # that of toep() falls on towards no residuals
  expect_warning(table <- random_structures(ar1, c("hetar1", "ou", "toep")), "did not converge")
  het <- lmm(Reaction ~ Days + ar1(0 + f | Subject, hom = FALSE), d)
  expect_equal(table["ar1(0 + f | Subject, hom = FALSE)", "logLik"], -het$criterion / 2,
    tolerance = 1e-8
  )
  expect_equal(table["ou(0 + f | Subject)", "logLik"], -ar1$criterion / 2, tolerance = 1e-8)
  expect_error(random_structures(ar1, "no such"), "no such", class = "henderson_error_argument")
  expect_s3_class(reduce_terms(ar1), "henderson_reduction")
})

test_that("what is not determined is said, and what is not available is refused", {
  d <- days()
  expect_message(
    lmm(Reaction ~ Days + cs(0 + f | Subject, hom = TRUE), d), "do not determine all",
    class = "henderson_message_undetermined"
  )
  fit <- lmm(Reaction ~ Days + ar1(0 + f | Subject), d)
  expect_error(
    lmm(Reaction ~ Days + ar1(0 + f | Subject, hom = "a"), d), "hom",
    class = "henderson_error_unsupported"
  )
})

test_that("a structure is at least as low as those nested in it", {
  d <- days()
  criterion <- function(text) {
    formula <- stats::as.formula(paste("Reaction ~ Days +", text))
    suppressWarnings(suppressMessages(lmm(formula, d)))$criterion
  }
  ar1 <- criterion("ar1(0 + f | Subject, hom = FALSE)")
  expect_lt(criterion("toep(0 + f | Subject)"), ar1)
  expect_lt(criterion("ad(0 + f | Subject)"), ar1)
  expect_lt(criterion("toep(0 + f | Subject, hom = TRUE)"), criterion("ar1(0 + f | Subject)"))
})

test_that("a residual variance that falls to zero is what a warning says", {
  d <- days()
  expect_warning(fit <- lmm(Reaction ~ Days + ad(0 + f | Subject), d),
    "residual\\s+standard\\s+deviation\\s+falls\\s+to\\s+zero",
    class = "henderson_warning_convergence"
  )
  # the model without residuals, which it comes near
  bare <- lmm(Reaction ~ Days, d, residual = ad(Days | Subject, hom = FALSE))
  expect_equal(fit$criterion, bare$criterion, tolerance = 1e-6)
})

test_that("components of fits with structures are those of their definitions", {
  d <- days()
  fit <- lmm(Reaction ~ Days + ar1(0 + f | Subject), d)
  lambda <- component(fit, "Lambda")
  block <- fit$theta[[1]]^2 * fit$theta[[2]]^abs(outer(0:9, 0:9, "-"))
  expect_equal(as.matrix(Matrix::tcrossprod(lambda)), kronecker(diag(18), block),
    tolerance = 1e-10, ignore_attr = TRUE
  )
  expect_s4_class(lambda, "dgCMatrix")
  expect_equal(as.vector(lambda %*% component(fit, "u")), component(fit, "b"), tolerance = 1e-8)
})
