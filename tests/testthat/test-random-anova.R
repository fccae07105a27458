# Tests of random terms. By hand: criteria of the smaller models from fits of their own, mixtures
# written out; then lmerTest::ranova and RLRsim live.

ranova_models <- function() {
  list(
    "slope" = list(Reaction ~ Days + (Days | Subject), sleepstudy),
    "slope by ML" = list(Reaction ~ Days + (Days | Subject), sleepstudy, REML = FALSE),
    "three columns" = list(
      Reaction ~ Days + (Days + I(Days^2) | Subject), transform(sleepstudy, Days = Days / 4.5 - 1)
    ),
    "no intercept" = list(Reaction ~ Days + (0 + Days + I(Days^2) | Subject), sleepstudy),
    "nested" = list(yield ~ gen * fung + (1 | block / fung), durban.splitplot),
    "crossed" = list(diameter ~ 1 + (1 | plate) + (1 | sample), lme4::Penicillin),
    "factor" = list(score ~ Machine + (Machine | Worker), plain(nlme::Machines)),
    "cell means" = list(score ~ Machine + (0 + Machine | Worker), plain(nlme::Machines)),
    "split plot" = list(Y ~ V * N + (1 | B / V), MASS::oats),
    "weights" = list(
      incidence / size ~ period + (1 | herd), lme4::cbpp, weights = lme4::cbpp$size
    ),
    "two terms on a factor" = list(
      Reaction ~ Days + (0 + Days | Subject) + (1 | Subject), sleepstudy
    )
  )
}

test_that("tables agree with lmerTest's", {
  need_peer(c("lme4", "lmerTest"))
  models <- ranova_models()
  for (name in names(models)) {
    model <- models[[name]]
    m <- suppressMessages(suppressWarnings(do.call(lmerTest::lmer, c(
      unname(model[1:2]), model[-(1:2)],
      list(control = lme4::lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10)))
    ))))
    fit <- suppressMessages(do.call(lmm, c(unname(model[1:2]), model[-(1:2)])))
    expected <- suppressMessages(suppressWarnings(lmerTest::ranova(m)))
    table <- random_anova(fit)

    expect_named(table, c("npar", "logLik", "AIC", "LRT", "Df", "Pr(>Chisq)", "p_mixture"))
    # lmerTest calls the removal of (0 + Days | Subject) one of Days in it
    labels <- sub("^Days in (?=\\(0 [+] Days \\|)", "", rownames(expected), perl = TRUE)
    expect_identical(sort(rownames(table)), sort(labels), label = name)
    table <- table[labels, ]
    expect_equal(table$npar, expected$npar, label = name)
    expect_equal(table$Df, expected$Df, label = name)
    # lme4 stops with criteria up to about 1e-6 above the minimum, in both models
    expect_lt(max(abs(table$LRT - expected$LRT), na.rm = TRUE), 1e-5, label = name)
    expect_lt(max(abs(table$AIC - expected$AIC)), 1e-5, label = name)
    expect_lt(
      max(abs(log(table[["Pr(>Chisq)"]] / expected[["Pr(>Chisq)"]])), na.rm = TRUE), 1e-4,
      label = name
    )
  }
})

test_that("whole terms are removed if asked for", {
  need_peer(c("lme4", "lmerTest"))
  m <- lmerTest::lmer(Reaction ~ Days + (Days | Subject), sleepstudy)
  expected <- lmerTest::ranova(m, reduce.terms = FALSE)
  table <- random_anova(fit_cached("sleepstudy"), reduce_terms = FALSE)

  expect_identical(rownames(table), rownames(expected))
  expect_equal(table$LRT, expected$LRT, tolerance = 1e-6)
  expect_equal(table$Df, c(NA, 3))
})

test_that("the smaller models are fits of their own", {
  fit <- fit_cached("sleepstudy")
  smaller <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy)
  table <- random_anova(fit)
  expect_equal(as.numeric(logLik(smaller)), table$logLik[2], tolerance = 1e-10)
  expect_equal(table$LRT[2], smaller$criterion - fit$criterion, tolerance = 1e-8)
  expect_equal(attr(table, "formulas")[[1]], Reaction ~ Days + (1 | Subject), ignore_attr = TRUE)
  # one slope and its covariance: chi-squared on 1 and on 2 degrees of freedom, half each
  lrt <- table$LRT[2]
  by_hand <- mean(pchisq(lrt, c(1, 2), lower.tail = FALSE))
  expect_equal(table$p_mixture[2], by_hand, tolerance = 1e-12)

  diagonal <- random_anova(fit_cached("sleepstudy_diag"))
  expect_identical(
    rownames(diagonal), c("<none>", "1 in (Days || Subject)", "Days in (Days || Subject)")
  )
  slope <- lmm(Reaction ~ Days + (0 + Days | Subject), sleepstudy)
  expect_equal(diagonal$logLik[2], as.numeric(logLik(slope)), tolerance = 1e-10)
  half <- pchisq(diagonal$LRT, 1, lower.tail = FALSE) / 2
  expect_equal(diagonal$p_mixture, half, tolerance = 1e-12)
})

test_that("without random terms the criterion is that of lm, with weights and offset too", {
  data <- transform(lme4::cbpp, o = as.integer(period) / 10)
  for (reml in c(TRUE, FALSE)) {
    fit <- lmm(incidence / size ~ period + (1 | herd), data,
      REML = reml, weights = size, offset = o
    )
    m <- lm(incidence / size ~ period, data, weights = size, offset = o)
    table <- random_anova(fit)
    expect_equal(table$logLik[2], as.numeric(logLik(m, REML = reml)), tolerance = 1e-10)
    expect_equal(table$npar[2], 5)
  }
})

test_that("a variance of zero has a likelihood ratio of zero and p-value 1", {
  fit <- suppressMessages(lmm(Yield ~ 1 + (1 | Batch), lme4::Dyestuff2))
  for (exact in list(NULL, FALSE)) {
    table <- random_anova(fit, exact = exact)
    expect_lt(table$LRT[2], 1e-6)
    expect_identical(table$p_mixture[2], 1)
  }
})

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

test_that("a seed repeats the p-values and leaves the generator alone", {
  fit <- lmm(Yield ~ 1 + (1 | Batch), lme4::Dyestuff)
  set.seed(99)
  before <- .Random.seed
  first <- random_anova(fit)
  expect_identical(.Random.seed, before)
  expect_identical(random_anova(fit)$p_mixture, first$p_mixture)
  expect_false(identical(random_anova(fit, seed = 2)$p_mixture, first$p_mixture))
  expect_identical(attr(first, "reference")[[2]], "exact")
  expect_identical(attr(random_anova(fit, exact = FALSE), "reference")[[2]], "mixture")
})

test_that("a term that the reduction would repeat is left out", {
  fit <- lmm(score ~ Machine + (1 | Worker) + (0 + Machine | Worker), plain(nlme::Machines)) |>
    suppressMessages()
  table <- random_anova(fit)
  one <- lmm(score ~ Machine + (1 | Worker), plain(nlme::Machines))
  expect_equal(table$logLik[3], as.numeric(logLik(one)), tolerance = 1e-8)
})

test_that("all kinds of models have a table, and the smaller models are what they are called", {
  data <- transform(sleepstudy,
    w = rep(c(1, 2, 0), 60), o = seq_len(180) / 100, half = ifelse(Days > 4, "late", "early"),
    gap = replace(Days, 5, NA)
  )
  fits <- suppressMessages(list(
    lmm(Reaction ~ . + (Days | Subject), data[c("Reaction", "Days", "Subject")]),
    lmm(log(Reaction) ~ poly(Days, 2) + (poly(Days, 2) | Subject), data),
    lmm(Reaction ~ Days + offset(o) + (Days | Subject), data, weights = w, offset = o),
    lmm(Reaction ~ gap + (gap || Subject), data, subset = Days > 1),
    lmm(Reaction ~ Days * half + (Days + half | Subject), data,
      control = lmm_control(keep = "frame")
    ),
    lmm(Reaction ~ Days + (Days | Subject), data,
      control = lmm_control(optimizer = "none"), start = c(1, 0, 0.2)
    ),
    lmm(Y ~ V + N + (1 | B:V) + (1 | B), MASS::oats)
  ))
  for (fit in fits) {
    table <- random_anova(fit)
    expect_true(all(table$LRT[-1] >= 0))
    p <- table$p_mixture[-1]
    expect_true(all(p > 0 & p <= table[["Pr(>Chisq)"]][-1]))
    # the formulas give the models, from the data
    for (k in seq_along(attr(table, "formulas"))) {
      formula <- attr(table, "formulas")[[k]]
      if (!contains_bar(formula[[3]])) next
      call <- fit$call
      call$formula <- formula
      call[c("control", "start")] <- NULL
      again <- suppressMessages(eval(call))
      expect_equal(as.numeric(logLik(again)), table$logLik[k + 1], tolerance = 1e-8)
    }
  }
})

test_that("terms imported from lme4 keep their coding", {
  need_peer("lme4")
  withr::local_options(contrasts = c("contr.sum", "contr.poly"))
  m <- lme4::lmer(score ~ Machine + (Machine | Worker), plain(nlme::Machines))
  smaller <- lme4::lmer(score ~ Machine + (1 | Worker), plain(nlme::Machines))
  fit <- as_lmm(m)
  withr::local_options(contrasts = c("contr.treatment", "contr.poly"))
  expect_equal(random_anova(fit)$logLik[2], as.numeric(logLik(smaller)), tolerance = 1e-7)
})

test_that("the table prints without R's own printing of p-values", {
  expect_snapshot(print(random_anova(fit_cached("sleepstudy"))))
  expect_snapshot(print(random_anova(fit_cached("durban"))))
})

test_that("bad arguments are refused", {
  fit <- fit_cached("sleepstudy")
  expect_error(random_anova(1), class = "henderson_error_argument")
  expect_error(random_anova(fit, reduce_terms = NA), class = "henderson_error_argument")
  expect_error(random_anova(fit, exact = TRUE), class = "henderson_error_argument")
  expect_error(random_anova(fit, nsim = 10), class = "henderson_error_argument")
  expect_error(random_anova(fit, seed = "a"), class = "henderson_error_argument")
  expect_error(random_anova(fit, reduce.terms = TRUE), class = "henderson_error_argument")
  bare <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy,
    control = lmm_control(keep = character(0))
  )
  expect_error(random_anova(bare), class = "henderson_error_data")
})

test_that("parts of a table print", {
  table <- random_anova(fit_cached("sleepstudy"))
  expect_output(print(table[, c("LRT", "p_mixture")]), "^ +LRT +p_mixture")
  expect_output(print(table[2, ]), "p_mixture: mixture")
  # the model itself has no test
  lines <- utils::capture.output(print(table[1, ]))
  expect_false(any(grepl("mixture of", lines)))
  expect_output(print(table[0, ]), "npar")
})

test_that("a simulated p-value prints no smaller than the simulation resolves", {
  set.seed(1)
  g <- gl(20, 5)
  data <- data.frame(g, y = rnorm(20, sd = 5)[g] + rnorm(100))
  lines <- utils::capture.output(print(random_anova(lmm(y ~ 1 + (1 | g), data))))
  expect_true(any(grepl("<1e-04$", gsub("< ", "<", lines))))
})
