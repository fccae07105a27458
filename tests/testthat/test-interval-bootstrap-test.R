test_that("statistics are those of fits to the drawn responses", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy, REML = FALSE)
  null <- lmm(Reaction ~ 1 + (Days | Subject), sleepstudy, REML = FALSE)
  table <- bootstrap_test(fit, null, nsim = 8, seed = 3)
  expect_equal(table$Statistic[1], anova(fit, null)$Chisq[2])
  expect_equal(table$`p value`[1], anova(fit, null)$`Pr(>Chisq)`[2])
  ratios <- attr(table, "replicates")
  # a parametric bootstrap of the smaller fit draws the same responses
  y <- bootstrap(null, 8, function(fit) component(fit, "y"), seed = 3)$t
  expected <- apply(y, 1, function(response) {
    both <- lapply(list(null, fit), function(own) suppressMessages(refit_response(own, response)))
    both[[1]]$criterion - both[[2]]$criterion
  })
  expect_equal(ratios, expected, tolerance = 1e-5)
  expect_equal(table$`p value`[4], (1 + sum(ratios >= table$Statistic[1])) / 9)
  expect_equal(table$Statistic[2], table$Statistic[1] / mean(ratios))
  expect_identical(attr(bootstrap_test(fit, null, 8, seed = 3, threads = 2), "replicates"), ratios)
})

test_that("REML fits are compared by maximum likelihood", {
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy)
  null <- lmm(Reaction ~ 1 + (1 | Subject), sleepstudy)
  expect_message(table <- bootstrap_test(fit, null, 5, seed = 1), "maximum likelihood")
  expect_equal(table$Statistic[1], 2 * as.numeric(logLik(refit_ml(fit)) - logLik(refit_ml(null))))
})

test_that("all p-values are pbkrtest's of the same replicates", {
  need_peer(c("pbkrtest", "lme4"))
  formula <- Reaction ~ Days + (Days | Subject)
  null <- Reaction ~ 1 + (Days | Subject)
  table <- bootstrap_test(
    lmm(formula, sleepstudy, REML = FALSE), lmm(null, sleepstudy, REML = FALSE), 200, seed = 1
  )
  theirs <- summary(pbkrtest::PBmodcomp(
    lme4::lmer(formula, sleepstudy, REML = FALSE), lme4::lmer(null, sleepstudy, REML = FALSE),
    ref = attr(table, "replicates")
  ))$test
  at <- match(c("LRT", "Bartlett", "Gamma", "PBtest"), rownames(theirs))
  # lme4's maximum is lower by 1e-6
  expect_equal(table$Statistic, theirs$stat[at], tolerance = 1e-5)
  expect_equal(table$`p value`, theirs$p.value[at], tolerance = 1e-4)
})

test_that("levels may be related", {
  data <- twelve_related()
  fit <- lmm(y ~ x + (1 | id), data$frame, relationship = list(id = data$K), REML = FALSE)
  null <- lmm(y ~ 1 + (1 | id), data$frame, relationship = list(id = data$K), REML = FALSE)
  ratios <- attr(bootstrap_test(fit, null, 400, seed = 1), "replicates")
  # x has a coefficient of zero in what is drawn: a mean of one, standard error 0.07
  expect_lt(abs(mean(ratios) - 1), 0.3)
})

test_that("small designs get the published p-value", {
  need_peer("pbkrtest")
  # Halekoh and Hojsgaard (2014), section 5: 0.0003 by chi-squared, about 0.034 by bootstrap
  data(beets, package = "pbkrtest", envir = environment())
  fit <- lmm(sugpct ~ block + sow + harvest + (1 | block:harvest), beets, REML = FALSE)
  null <- lmm(sugpct ~ block + sow + (1 | block:harvest), beets, REML = FALSE)
  table <- bootstrap_test(fit, null, nsim = 4000, seed = 2)
  expect_equal(round(table$`p value`[1], 4), 3e-4)
  # standard error of 4,000 replicates: 0.003
  expect_lt(abs(table$`p value`[4] - 0.034), 0.012)
})

test_that("fits that are not nested in parameters are refused", {
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy, REML = FALSE)
  null <- lmm(Reaction ~ 1 + (1 | Subject), sleepstudy, REML = FALSE)
  expect_error(bootstrap_test(null, fit, 5), "fewer parameters", class = "henderson_error_argument")
  expect_error(bootstrap_test(fit, fit, 5), "fewer parameters", class = "henderson_error_argument")
  other <- lmm(Reaction ~ 1 + (1 | Subject), sleepstudy[-1, ], REML = FALSE)
  expect_error(bootstrap_test(fit, other, 5), class = "henderson_error_data")
  data <- transform(sleepstudy, o = Days)
  moved <- lmm(Reaction ~ 1 + offset(o) + (1 | Subject), data, REML = FALSE)
  expect_error(bootstrap_test(fit, moved, 5), "offset", class = "henderson_error_data")
  expect_error(bootstrap_test(fit, null, nsim = 0), "nsim", class = "henderson_error_argument")
})

test_that("a smaller fit with a higher likelihood is no special case", {
  fit <- lmm(Reaction ~ factor(Days %% 3) + (1 | Subject), sleepstudy, REML = FALSE)
  null <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy, REML = FALSE)
  expect_error(
    bootstrap_test(fit, null, 5), "higher likelihood", class = "henderson_error_argument"
  )
})
