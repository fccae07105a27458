test_that("likelihood-ratio statistics are differences of deviances", {
  small <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy, REML = FALSE)
  large <- fit_cached("sleepstudy_ml")
  table <- anova(large, small)

  expect_named(table, c("npar", "AIC", "BIC", "logLik", "-2*log(L)", "Chisq", "Df", "Pr(>Chisq)"))
  expect_identical(rownames(table), c("small", "large"))
  expect_equal(table[["-2*log(L)"]], c(deviance(small), deviance(large)))
  expect_equal(table$Chisq, c(NA, deviance(small) - deviance(large)))
  expect_equal(table$Df, c(NA, 2))
  expect_equal(table[["Pr(>Chisq)"]], c(NA, pchisq(table$Chisq[2], 2, lower.tail = FALSE)))
  expect_equal(table$AIC, c(AIC(small), AIC(large)))
  expect_match(attr(table, "heading")[1], "sleepstudy")
})

test_that("REML fits are refitted by ML with a message", {
  small <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy)
  large <- fit_cached("sleepstudy")

  expect_message(table <- anova(small, large), class = "henderson_message_refit")
  # two optimizations of the same criterion
  expect_equal(table[["-2*log(L)"]][2], deviance(fit_cached("sleepstudy_ml")), tolerance = 1e-7)
  expect_silent(restricted <- anova(small, large, refit = FALSE))
  expect_equal(restricted[["-2*log(L)"]], c(reml_criterion(small), reml_criterion(large)))
})

test_that("restricted likelihoods of different fixed effects are not compared", {
  small <- lmm(Reaction ~ 1 + (Days | Subject), sleepstudy)

  expect_error(
    anova(small, fit_cached("sleepstudy"), refit = FALSE), class = "henderson_error_argument"
  )
  expect_error(
    anova(fit_cached("sleepstudy_ml"), fit_cached("sleepstudy"), refit = FALSE),
    class = "henderson_error_argument"
  )
})

test_that("equal numbers of parameters give no p-value", {
  other <- lmm(Reaction ~ I(Days^2) + (Days | Subject), sleepstudy, REML = FALSE)
  table <- anova(fit_cached("sleepstudy_ml"), other)

  expect_identical(table$Df[2], 0)
  expect_identical(table[["Pr(>Chisq)"]][2], NA_real_)
})

test_that("lm fits can stand beside mixed fits", {
  without <- lm(Reaction ~ Days, sleepstudy)
  table <- anova(fit_cached("sleepstudy_ml"), without)

  expect_identical(rownames(table)[1], "without")
  expect_equal(table$npar, c(3, 6))
  expect_equal(table$logLik[1], as.numeric(logLik(without)))
})

test_that("fits on different data are an error", {
  fit <- fit_cached("sleepstudy_ml")
  fewer <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy, subset = Days < 9, REML = FALSE)
  other <- lmm(log(Reaction) ~ Days + (1 | Subject), sleepstudy, REML = FALSE)
  weighted <- lmm(
    Reaction ~ Days + (1 | Subject), sleepstudy, weights = rep(1:2, 90), REML = FALSE
  )

  expect_error(anova(fit, fewer), "180", class = "henderson_error_data")
  expect_error(anova(fit, other), "response", class = "henderson_error_data")
  expect_error(anova(fit, weighted), "weights", class = "henderson_error_data")
})

test_that("anything but fits is an error", {
  fit <- fit_cached("sleepstudy_ml")

  expect_error(anova(fit, 1), class = "henderson_error_argument")
  expect_error(anova(fit, tpe = "I"), class = "henderson_error_argument")
  expect_error(anova(fit, fit, model.names = "one"), class = "henderson_error_argument")
  expect_error(anova(fit, fit, refit = "no"), class = "henderson_error_argument")
})

test_that("names are the caller's expressions, or given, or numbered", {
  fit <- fit_cached("sleepstudy_ml")

  expect_identical(rownames(anova(fit, fit, model.names = c("a", "b"))), c("a", "b"))
  expect_identical(rownames(anova(fit, fit)), c("MODEL1", "MODEL2"))
})

test_that("fits may have names, and come by do.call()", {
  large <- fit_cached("sleepstudy_ml")
  small <- lmm(Reaction ~ 1 + (Days | Subject), sleepstudy, REML = FALSE)
  table <- anova(large, small)

  expect_identical(rownames(anova(large, without = small)), c("without", "large"))
  expect_identical(rownames(do.call(anova, list(a = large, b = small))), c("b", "a"))
  expect_identical(rownames(do.call(anova, list(large, small))), c("MODEL2", "MODEL1"))
  expect_equal(do.call(anova, list(large, small))$Chisq, table$Chisq)
  expect_error(anova(large, small, tipe = "I"), class = "henderson_error_argument")
  weighted <- lmm(Reaction ~ 1 + (Days | Subject), sleepstudy, REML = FALSE, weights = Days + 1)
  expect_error(
    anova(large, weighted), "The weights of fit 2 differ from the weights of the first fit",
    class = "henderson_error_data"
  )
})

test_that("a variance that fixed effects reproduce is not tested by maximum likelihood", {
  data <- withr::with_seed(2, {
    data <- expand.grid(a = factor(1:3), b = factor(1:2), r = factor(1:4))
    transform(data, y = rnorm(24) + rnorm(4)[r])
  })
  for (REML in c(FALSE, TRUE)) {
    fit <- function(formula) suppressMessages(lmm(formula, data, REML = REML))
    none <- lm(y ~ a * b, data)
    small <- fit(y ~ a * b + (1 | r))
    large <- fit(y ~ a * b + (1 | r) + (1 | b))
    table <- suppressMessages(anova(large, small, none))
    # the test beside it is that of the models without it
    right <- suppressMessages(anova(small, none))
    expect_equal(table[["Pr(>Chisq)"]], c(NA, right[["Pr(>Chisq)"]][2], NA), tolerance = 1e-6)
    expect_match(attr(table, "heading"), "nothing about b.\\(Intercept\\).*are not tested",
      all = FALSE
    )
    # both have it: what they differ in is tested
    fewer <- fit(y ~ a + b + (1 | r) + (1 | b))
    own <- suppressMessages(anova(fewer, large))
    right <- suppressMessages(anova(fit(y ~ a + b + (1 | r)), small))
    expect_equal(own[["Pr(>Chisq)"]], right[["Pr(>Chisq)"]], tolerance = 1e-6)
  }
})

test_that("fits with different relationships are compared without a test", {
  K <- diag(18) + 0.5
  rownames(K) <- levels(sleepstudy$Subject)
  small <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy,
    REML = FALSE, relationship = list(Subject = K)
  )
  table <- anova(small, fit_cached("sleepstudy_ml"))

  expect_true(all(is.na(table[["Pr(>Chisq)"]])))
  heading <- attr(table, "heading")
  expect_match(heading, "relationship = list(Subject = K)", fixed = TRUE, all = FALSE)
  expect_match(heading, "differ in a relationship", all = FALSE)

  large <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy,
    REML = FALSE, relationship = list(Subject = K)
  )
  table <- anova(small, large)
  change <- deviance(small) - deviance(large)
  expect_equal(table[["Pr(>Chisq)"]], c(NA, pchisq(change, 2, lower.tail = FALSE)))
  expect_no_match(attr(table, "heading"), "differ in a relationship")
})

test_that("a smaller fit with a higher likelihood is not tested", {
  null <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy, REML = FALSE)
  fit <- lmm(Reaction ~ factor(Days %% 3) + (1 | Subject), sleepstudy, REML = FALSE)
  table <- anova(null, fit)
  expect_equal(table$Chisq[2], 2 * as.numeric(logLik(fit) - logLik(null)))
  expect_lt(table$Chisq[2], -50)
  expect_true(is.na(table$`Pr(>Chisq)`[2]))
  expect_match(paste(attr(table, "heading"), collapse = " "), "no special case")
  # what rounding makes of equal fits is no reason
  data <- transform(sleepstudy, nothing = rep(c(1, -1), 90))
  data$Reaction <- resid(lm(Reaction ~ nothing, data)) + 300
  table <- anova(
    lmm(Reaction ~ 1 + (1 | Subject), data, REML = FALSE),
    lmm(Reaction ~ nothing + (1 | Subject), data, REML = FALSE)
  )
  expect_false(is.na(table$`Pr(>Chisq)`[2]))
})
