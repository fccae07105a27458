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

test_that("a variance of zero has a likelihood ratio of zero and p-value 1", {
  fit <- suppressMessages(lmm(Yield ~ 1 + (1 | Batch), lme4::Dyestuff2))
  for (exact in list(NULL, FALSE)) {
    table <- random_anova(fit, exact = exact)
    expect_lt(table$LRT[2], 1e-6)
    expect_identical(table$p_mixture[2], 1)
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

test_that("by maximum likelihood a variance that fixed effects reproduce has no test", {
  data <- withr::with_seed(2, {
    data <- expand.grid(a = factor(1:3), b = factor(1:2), r = factor(1:4))
    transform(data, y = rnorm(24) + rnorm(4)[r], x = rnorm(24))
  })
  fit <- suppressMessages(lmm(y ~ a * b + (1 | r) + (1 | b), data, REML = FALSE))
  table <- random_anova(fit)
  right <- random_anova(lmm(y ~ a * b + (1 | r), data, REML = FALSE), exact = FALSE)
  p <- c("Pr(>Chisq)", "p_mixture")
  expect_true(all(is.na(table["(1 | b)", p])))
  expect_equal(unlist(table["(1 | r)", p]), unlist(right["(1 | r)", p]), tolerance = 1e-6)
  expect_output(print(table), "Note: the data say nothing about b")
  # a variance of zero that is an estimate is tested
  data$y <- withr::with_seed(5, data$y + 3 * c(-1, 1)[data$b])
  zero <- suppressMessages(lmm(y ~ x + (1 | a) + (1 | r), data, REML = FALSE))
  expect_true(is_singular(zero))
  expect_false(anyNA(random_anova(zero)[-1, "p_mixture"]))
})
