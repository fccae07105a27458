# Shares of variance, by hand from the printed variances and from textbook formulas.

test_that("nested intercepts: shares of the variance components", {
  fit <- fit_cached("durban")
  v <- as.data.frame(VarCorr(fit))$vcov
  icc <- intraclass_correlation(fit)

  expect_identical(rownames(icc), c("fung:block", "block", "total"))
  expect_equal(icc$variance, c(v[1:2], v[1] + v[2]))
  expect_equal(icc$adjusted, c(v[1:2], v[1] + v[2]) / sum(v))
  fixed <- var(as.vector(model.matrix(fit) %*% fixef(fit)))
  expect_equal(icc$unadjusted, c(v[1:2], v[1] + v[2]) / (fixed + sum(v)))
  expect_equal(
    r_squared(fit)[1:2], c(marginal = fixed, conditional = fixed + v[1] + v[2]) / (fixed + sum(v))
  )
  # lme4's figures (shared reference): 0.01377658, 0.02880491, 0.07906524
  expect_equal(icc["total", "adjusted"], 0.042581493 / 0.12164673, tolerance = 1e-5)
})

test_that("random slopes: the mean over rows of z'Gz (Johnson 2014)", {
  fit <- fit_cached("sleepstudy")
  G <- VarCorr(fit)$Subject[1:2, 1:2]
  # ten days each, 0 to 9: means of 1, Days, Days^2 are 1, 4.5, 28.5
  by_hand <- G[1, 1] + 2 * 4.5 * G[1, 2] + 28.5 * G[2, 2]
  fixed <- fixef(fit)[["Days"]]^2 * var(rep(0:9, 18))
  residual <- sigma(fit)^2
  icc <- intraclass_correlation(fit)
  expect_equal(icc["Subject", "variance"], by_hand)
  expect_equal(icc["total", "adjusted"], by_hand / (by_hand + residual))
  r2 <- r_squared(fit)
  expect_equal(r2[["marginal"]], fixed / (fixed + by_hand + residual))
  expect_equal(r2[["conditional"]], (fixed + by_hand) / (fixed + by_hand + residual))
  expect_equal(attr(r2, "variances"), c(fixed = fixed, random = by_hand, residual = residual))
  # terms on one factor are joined
  apart <- intraclass_correlation(lmm(Reaction ~ Days + (1 | Subject) + (0 + Days | Subject),
    sleepstudy))
  together <- intraclass_correlation(fit_cached("sleepstudy_diag"))
  expect_equal(apart, together, tolerance = 1e-6)
  # units of the predictor do not matter
  seconds <- lmm(Reaction ~ s + (s | Subject), transform(sleepstudy, s = 86400 * Days))
  expect_equal(r_squared(seconds), r2, tolerance = 1e-6)
})

test_that("weights and offset", {
  data <- transform(lme4::cbpp, size = replace(size, 5, 0), o = as.integer(period))
  fit <- lmm(log(incidence + 1) ~ period + (1 | herd), data, weights = size, offset = o)
  used <- data$size > 0
  parts <- attr(r_squared(fit), "variances")
  expect_equal(parts[["residual"]], mean(sigma(fit)^2 / data$size[used]))
  expect_equal(parts[["fixed"]], var(as.vector(model.matrix(fit) %*% fixef(fit))[used]))
  expect_equal(parts[["random"]], VarCorr(fit)$herd[1])
})

test_that("a fit without random variation", {
  fit <- suppressMessages(lmm(Yield ~ 1 + (1 | Batch), lme4::Dyestuff2))
  expect_equal(intraclass_correlation(fit)$adjusted, c(0, 0))
  expect_equal(r_squared(fit)[1:2], c(marginal = 0, conditional = 0))
})

test_that("R-squared prints as two named numbers and is still a number", {
  r2 <- r_squared(fit_cached("sleepstudy"))

  expect_identical(
    capture.output(returned <- withVisible(print(r2))),
    capture.output(print(c(r2["marginal"], r2["conditional"]), digits = 4))
  )
  expect_identical(returned, list(value = r2, visible = FALSE))
  expect_error(print(r2, digit = 3), class = "henderson_error_argument")
  expect_identical(data.frame(r2 = r2)$r2[[2]], r2[[2]])
  expect_identical(sapply(list(r2, r2), identity)[, 1], r2[1:2])
})

test_that("reliability in a balanced one-way layout is n t / (n t + s)", {
  fit <- lmm(Yield ~ 1 + (1 | Batch), lme4::Dyestuff)
  t <- VarCorr(fit)$Batch[1]
  s <- sigma(fit)^2
  known <- 5 * t / (5 * t + s)
  result <- reliability(fit)
  expect_named(result, c("grpvar", "term", "grp", "condval", "reliability"))
  expect_equal(result$reliability, rep(known, 6))
  expect_equal(result$condval, ranef(fit)$Batch[[1]])
  # the mean of six batches is estimated as well: Var(b^) = known (1 - 1/6) t
  expect_equal(reliability(fit, fixed = "estimated")$reliability, rep(known * 5 / 6, 6))
})

test_that("reliabilities are those of the dense mixed-model equations", {
  uneven <- sleepstudy[-c(1:6, 30:31, 77, 100:107, 150), ]
  weights <- rep(c(1, 2, 0.5), length.out = nrow(uneven))
  fit <- lmm(Reaction ~ Days + (Days | Subject), uneven, weights = weights)
  crossed <- lmm(diameter ~ 1 + (1 | plate) + (1 | sample), lme4::Penicillin[-(1:5), ])
  several <- lmm(
    Reaction ~ Days + (1 | Subject) + (0 + Days | Subject), uneven, weights = weights
  )
  for (fit in list(fit, crossed, several)) {
    X <- model.matrix(fit)
    Z <- as.matrix(model.matrix(fit, "random"))
    w <- weights(fit)
    gamma <- as.matrix(Matrix::tcrossprod(component(fit, "Lambda")))
    V <- Z %*% gamma %*% t(Z) + diag(1 / w)
    P <- solve(V) - solve(V, X) %*% solve(t(X) %*% solve(V, X), t(X) %*% solve(V))
    explained <- list(known = solve(V), estimated = P)
    for (fixed in names(explained)) {
      share <- diag(gamma %*% t(Z) %*% explained[[fixed]] %*% Z %*% gamma) / diag(gamma)
      result <- reliability(fit, fixed)
      # columns of Z: term by term, level by level; rows here: term by term, column by column
      order <- unlist(lapply(seq_along(fit$random), function(t) {
        v <- length(fit$random[[t]]$columns)
        count <- length(fit$random[[t]]$levels)
        start <- component(fit, "Gp")[t]
        start + as.vector(t(matrix(seq_len(v * count), v)))
      }))
      expect_equal(result$reliability, share[order], tolerance = 1e-8)
    }
  }
})

test_that("an effect without variance has no reliability", {
  fit <- suppressMessages(lmm(Yield ~ 1 + (1 | Batch), lme4::Dyestuff2))
  expect_identical(reliability(fit)$reliability, rep(NA_real_, 6))
  expect_identical(reliability(fit, "estimated")$reliability, rep(NA_real_, 6))
})

test_that("bad arguments are refused", {
  fit <- fit_cached("sleepstudy")
  expect_error(intraclass_correlation(1), class = "henderson_error_argument")
  expect_error(r_squared(fit, 2), class = "henderson_error_argument")
  expect_error(reliability(fit, fixed = "none"), class = "henderson_error_argument")
})
