# cs() and ar1(): published values, equal models in other words, and what a fit says of itself.

days <- function() transform(sleepstudy, f = factor(Days))

test_that("ar1() of sleepstudy has the criterion that lme4 2.1 finds, in few evaluations", {
  fit <- lmm(Reaction ~ Days + ar1(0 + f | Subject), days())
  expect_equal(fit$criterion, 1734.186468, tolerance = 1e-9)
  expect_true(fit$optimization$converged)
  expect_lt(fit$optimization$evaluations, 20)
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

test_that("what is not determined is said, and what is not available is refused", {
  d <- days()
  expect_message(
    lmm(Reaction ~ Days + cs(0 + f | Subject, hom = TRUE), d), "do not determine all",
    class = "henderson_message_undetermined"
  )
  fit <- lmm(Reaction ~ Days + ar1(0 + f | Subject), d)
  expect_error(random_anova(fit), "ar1", class = "henderson_error_unsupported")
  expect_error(variance_components(fit), "ar1", class = "henderson_error_unsupported")
  expect_error(summary(fit, ddf = "Kenward-Roger"), "ar1", class = "henderson_error_unsupported")
  expect_error(
    lmm(Reaction ~ Days + ar1(0 + f | Subject, hom = "a"), d), "hom",
    class = "henderson_error_unsupported"
  )
})
