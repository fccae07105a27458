# Everything formed in full: V, the root of every B_i and P_st for all pairs of clusters.
dense_robust <- function(fit, code, type) {
  X <- component(fit, "X")
  ZL <- as.matrix(component(fit, "Z") %*% component(fit, "Lambda"))
  used <- component(fit, "weights") > 0
  code <- code[used]
  X <- X[used, , drop = FALSE]
  V <- tcrossprod(ZL[used, ]) + diag(1 / component(fit, "weights")[used])
  phi <- solve(crossprod(X, solve(V, X)))
  residual <- (component(fit, "y") - component(fit, "offset"))[used] - drop(X %*% fixef(fit))
  power <- function(matrix, exponent) {
    basis <- eigen((matrix + t(matrix)) / 2)
    kept <- basis$values > 1e-9 * basis$values[1L]
    basis$vectors[, kept] %*% (basis$values[kept]^exponent * t(basis$vectors[, kept]))
  }
  E <- matrix(0, ncol(X), nrow(X))
  meat <- 0
  for (i in unique(code)) {
    own <- which(code == i)
    D <- chol(V[own, own])
    B <- D %*% (V[own, own] - X[own, , drop = FALSE] %*% phi %*% t(X[own, , drop = FALSE])) %*%
      t(D)
    A <- if (type == "CR2") t(D) %*% power(B, -1 / 2) %*% D else diag(length(own))
    E[, own] <- t(X[own, , drop = FALSE]) %*% solve(V[own, own], A)
    meat <- meat + tcrossprod(E[, own] %*% residual[own])
  }
  m <- length(unique(code))
  covariance <- phi %*% meat %*% phi * (if (type == "CR1") m / (m - 1) else 1)
  G <- V - X %*% phi %*% t(X)
  # of L: q x q blocks P_st
  blocks <- function(L) {
    lapply(unique(code), function(s) lapply(unique(code), function(t) {
      L %*% phi %*% E[, code == s] %*% G[code == s, code == t] %*% t(E[, code == t]) %*% phi %*%
        t(L)
    }))
  }
  list(
    covariance = covariance,
    df = function(l) {
      P <- apply(do.call(rbind, lapply(blocks(t(l)), unlist)), 1:2, sum)
      sum(diag(P))^2 / sum(P^2)
    },
    joint = function(L, estimate) {
      P <- blocks(L)
      q <- nrow(L)
      omega <- Reduce(`+`, lapply(seq_along(P), function(s) P[[s]][[s]]))
      root <- power(omega, -1 / 2)
      total <- 0
      for (row in P) for (block in row) {
        B <- root %*% block %*% root
        for (a in seq_len(q)) for (b in seq_len(q)) {
          total <- total + B[a, a] * B[b, b] + B[a, b] * B[b, a]
        }
      }
      eta <- q * (q + 1) / total
      wald <- drop(estimate %*% solve(L %*% covariance %*% t(L), estimate))
      c(F = (eta - q + 1) / (eta * q) * wald, df = eta - q + 1)
    }
  )
}

expect_dense <- function(fit, cluster = NULL, tolerance = 1e-8) {
  code <- independent_clusters(fit, cluster)$code
  p <- length(fixef(fit))
  L <- cbind(diag(2), matrix(1:2, 2L, p - 2L))
  for (type in c("CR0", "CR1", "CR2")) {
    expected <- dense_robust(fit, code, type)
    found <- vcov(fit, type = type, cluster = cluster)
    expect_lt(relative_difference(found, expected$covariance), tolerance)
    test <- contrast_test(fit, vcov = type, cluster = cluster)
    expect_equal(test[["Std. Error"]], unname(sqrt(diag(found))), tolerance = tolerance)
    df <- vapply(seq_len(p), function(i) expected$df(diag(p)[, i]), 0)
    expect_equal(test$df, df, tolerance = tolerance)
    joint <- contrast_test(fit, L, vcov = type, cluster = cluster)
    values <- expected$joint(L, drop(L %*% fixef(fit)))
    expect_equal(c(joint[["F value"]], joint$DenDF), unname(values), tolerance = 10 * tolerance)
  }
}

test_that("robust covariances and tests are those of the definition", {
  rats <- as.data.frame(nlme::RatPupWeight)
  rats <- transform(rats, w = rep(c(1, 2.5, 0.5, 4), length.out = nrow(rats)))
  expect_dense(lmm(weight ~ Treatment + sex + Lsize + (1 | Litter), rats))
  expect_dense(lmm(weight ~ Treatment + sex + (sex | Litter), rats, weights = w, REML = FALSE))
  # equal weights within litters, an offset, rows of weight zero
  rats$v <- ave(rats$w, rats$Litter, FUN = function(w) w[1L])
  rats$v[c(3, 77)] <- 0
  expect_dense(lmm(weight ~ Treatment + sex + (1 | Litter), rats, weights = v, offset = Lsize / 50))
  # clusters that fixed effects of their own fit exactly, and a coarser cluster
  rats$first <- rats$Litter == levels(rats$Litter)[1L]
  expect_dense(lmm(weight ~ Treatment + sex + first + (1 | Litter), rats), tolerance = 1e-7)
  pairs <- as.integer(rats$Litter) %/% 3L
  expect_dense(lmm(weight ~ Treatment + sex + (1 | Litter), rats), cluster = pairs)
})

test_that("they are the same in other units and at large variances", {
  d <- transform(sleepstudy, Reaction = 1e6 * Reaction, Days = Days / 1000)
  fit <- fit_cached("sleepstudy")
  other <- lmm(Reaction ~ Days + (Days | Subject), d)
  scale <- c(1e6, 1e9)
  for (type in c("CR0", "CR2")) {
    expect_equal(vcov(other, type = type) / tcrossprod(scale), vcov(fit, type = type),
      tolerance = 1e-6
    )
  }
  expect_equal(anova(other, vcov = "CR2")$DenDF, anova(fit, vcov = "CR2")$DenDF, tolerance = 1e-6)
  d$Reaction <- sleepstudy$Reaction + 1e5 * (as.integer(d$Subject) %% 3)
  wide <- lmm(Reaction ~ Days + (1 | Subject), d)
  code <- as.integer(d$Subject)
  expected <- dense_robust(wide, code, "CR1")$covariance
  expect_lt(relative_difference(vcov(wide, type = "CR1"), expected), 1e-5)
  # a balanced design: CR2 of the slope is CR1's
  expect_equal(vcov(wide, type = "CR2")[2, 2], vcov(wide, type = "CR1")[2, 2], tolerance = 1e-6)
})

test_that("a table of tests, a summary and intervals take the same covariance", {
  fit <- lmm(Y ~ V + N + (1 | B / V), MASS::oats)
  covariance <- vcov(fit, type = "CR2")
  result <- summary(fit, vcov = "CR2")
  expect_identical(vcov(result), covariance)
  tests <- contrast_test(fit, vcov = "CR2")
  expect_equal(result$coefficients[, "df"], tests$df, ignore_attr = TRUE)
  expect_equal(result$coefficients[, "Std. Error"], sqrt(diag(covariance)))
  expect_output(print(result), "cluster-robust covariance CR2 \\(6 clusters of B\\)")
  limits <- confint(fit, "beta_", method = "Wald", vcov = "CR2")
  expect_equal(unname(limits), unname(as.matrix(tests[c("lower", "upper")])))
  table <- anova(fit, vcov = "CR2")
  L <- diag(6)[2:3, ]
  expect_equal(table["V", "F value"], contrast_test(fit, L, vcov = "CR2")[["F value"]])
  wald <- wald_statistic(fit, L, covariance, 0)$value
  expect_equal(table["V", "Mean Sq"], sigma(fit)^2 * wald / 2)
  # one contrast: the square of t; dependent rows add nothing
  one <- contrast_test(fit, L[1, , drop = FALSE], vcov = "CR2")
  expect_equal(one[["F value"]], tests["VMarvellous", "t value"]^2)
  expect_equal(one$DenDF, tests["VMarvellous", "df"])
  three <- contrast_test(fit, rbind(L, L[1, ] - 2 * L[2, ]), vcov = "CR2")
  expect_equal(three[["F value"]], table["V", "F value"])
  expect_identical(three$NumDF, 2)
  # a hypothesis other than zero
  moved <- contrast_test(fit, L, rhs = drop(L %*% fixef(fit)), vcov = "CR2")
  expect_lt(moved[["F value"]], 1e-20)
})

test_that("too few clusters for a joint test give NA and a note", {
  fit <- lmm(Y ~ V + N + (1 | B), MASS::oats)
  halves <- MASS::oats$B %in% c("I", "II", "III")
  table <- contrast_test(fit, diag(6)[2:3, ], vcov = "CR2", cluster = halves)
  expect_identical(table[["F value"]], NA_real_)
  expect_identical(table$NumDF, 2)
  expect_match(attr(table, "heading"), "too few clusters", all = FALSE)
})

test_that("a model without fixed effects has empty covariances", {
  fit <- lmm(Y ~ 0 + (1 | B), transform(MASS::oats, Y = Y - mean(Y)))
  for (type in c("CR0", "CR2")) expect_identical(dim(vcov(fit, type = type)), c(0L, 0L))
  expect_identical(nrow(summary(fit, vcov = "CR2")$coefficients), 0L)
})

test_that("dropped columns are NA where asked for", {
  d <- transform(MASS::oats, twice = as.integer(V))
  fit <- suppressMessages(lmm(Y ~ V + twice + (1 | B), d))
  all <- vcov(fit, complete = TRUE, type = "CR2")
  expect_true(all(is.na(all["twice", ])))
  correlation <- vcov(fit, correlation = TRUE, type = "CR2")
  expect_identical(unname(diag(correlation)), rep(1, 3))
})

test_that("what cannot be done is an error with its reason", {
  fit <- fit_cached("sleepstudy")
  expect_error(summary(fit, vcov = "CR2", ddf = "KR"), "ddf", class = "henderson_error_argument")
  expect_error(contrast_test(fit, vcov = vcov(fit)), "vcov", class = "henderson_error_argument")
  expect_error(contrast_test(fit, cluster = "Subject"), "vcov", class = "henderson_error_argument")
  expect_error(confint(fit, vcov = "CR2"), "Wald", class = "henderson_error_argument")
  expect_error(anova(fit, fit, vcov = "CR2"), "one fit", class = "henderson_error_argument")
  undetermined <- suppressMessages(lmm(Reaction ~ Days + Subject + (1 | Subject), sleepstudy))
  expect_error(vcov(undetermined, type = "CR2"), "do not determine",
    class = "henderson_error_unsupported"
  )
  K <- diag(18)
  dimnames(K) <- list(levels(sleepstudy$Subject), levels(sleepstudy$Subject))
  related <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy, relationship = list(Subject = K))
  expect_error(vcov(related, type = "CR2"), "not available yet",
    class = "henderson_error_unsupported"
  )
  expect_equal(coef(summary(fit, ddf = "Satterthwaite", vcov = "CR0"))[, "Std. Error"],
    sqrt(diag(vcov(fit, type = "CR0")))
  )
})

test_that("clubSandwich has the same of fits by lme4", {
  need_peer(c("clubSandwich", "lme4"))
  stay <- function(fn, par, lower, upper, control) {
    list(par = par, fval = fn(par), feval = 1, conv = 0, message = "")
  }
  control <- lme4::lmerControl(
    optimizer = stay, calc.derivs = FALSE, restart_edge = FALSE, boundary.tol = 0,
    check.nobs.vs.nRE = "ignore"
  )
  models <- real_models()
  names <- vapply(models, `[[`, "", "name")
  chosen <- c(
    "sleepstudy slope", "Pastes", "cake", "Arabidopsis", "Oxboys", "Wafer", "RatPupWeight",
    "RatPupWeight dropped", "BodyWeight", "gomez.multilocsplitplot", "harville.lamb"
  )
  for (model in models[match(chosen, names)]) {
    fit <- fit_real_model_quietly(model)
    at <- function(theta) {
      suppressMessages(suppressWarnings(
        fit_real_model(model, lme4::lmer, control = control, start = theta)
      ))
    }
    m <- at(theta_to_lme4(fit, at(NULL)))
    code <- independent_clusters(fit)$code
    for (type in c("CR0", "CR1", "CR2")) {
      theirs <- clubSandwich::vcovCR(m, cluster = code, type = type)
      expect_lt(relative_difference(vcov(fit, type = type), as.matrix(theirs)), 1e-9)
    }
    tests <- contrast_test(fit, vcov = "CR2")
    coefficients <- clubSandwich::coef_test(m, vcov = theirs)
    expect_equal(tests$df, coefficients$df_Satt, tolerance = 1e-9)
    expect_equal(tests[["Pr(>|t|)"]], coefficients$p_Satt, tolerance = 1e-8)
    q <- min(3L, nrow(tests))
    L <- diag(nrow(tests))[seq_len(q), , drop = FALSE]
    joint <- contrast_test(fit, L, joint = TRUE, vcov = "CR2")
    wald <- clubSandwich::Wald_test(m, constraints = L, vcov = theirs, test = "HTZ")
    expect_equal(joint[["F value"]], wald$Fstat, tolerance = 1e-8)
    expect_equal(joint$DenDF, wald$df_denom, tolerance = 1e-8)
  }
})
