# predict() ---------------------------------------------------------------------------------------

test_that("predictions are the inverse link of X beta + Z b", {
  data <- small_counts()
  fit <- glmm(cases ~ x + (1 | herd), data, family = poisson)
  b <- ranef(fit)$herd[["(Intercept)"]]
  link <- fixef(fit)[[1L]] + fixef(fit)[[2L]] * data$x + b[data$herd]
  expect_equal(unname(predict(fit, type = "link")), link)
  expect_equal(unname(predict(fit)), exp(link))
  expect_equal(unname(fitted(fit)), exp(link))
  new <- data.frame(x = c(0, 1), herd = c("3", "new"))
  expect_error(predict(fit, new), class = "henderson_error_newdata")
  expect_equal(
    unname(predict(fit, new, allow.new.levels = TRUE)),
    exp(fixef(fit)[[1L]] + c(b[3L], fixef(fit)[[2L]]))
  )
  expect_equal(unname(predict(fit, new, re.form = NA, type = "link")),
    fixef(fit)[[1L]] + c(0, fixef(fit)[[2L]])
  )
  expect_error(predict(fit, se.fit = TRUE), class = "henderson_error_unsupported")
})

# simulate() --------------------------------------------------------------------------------------

test_that("simulated responses have the form and moments of the model", {
  data <- small_counts()
  fit <- glmm(cases ~ x + (1 | herd), data, family = nbinom1)
  drawn <- as.matrix(simulate(fit, 2000, seed = 1, re.form = NULL))
  mu <- unname(fitted(fit))
  # 60 means of 2000 draws, standard errors of 1/45 of a deviation: five of them
  expect_lt(max(abs(rowMeans(drawn) - mu) / sqrt(mu * (1 + fit$phi) / 2000)), 5)
  variances <- apply(drawn, 1, var)
  expect_lt(abs(mean(variances / (mu * (1 + fit$phi))) - 1), 0.05)
  expect_identical(simulate(fit, 1, seed = 3), simulate(fit, 1, seed = 3))
  pair <- glmm(cbind(cases, trials - cases) ~ x + (1 | herd), data, family = binomial)
  expect_identical(dim(simulate(pair, 1, seed = 1)[[1L]]), c(60L, 2L))
  data$kind <- factor(ifelse(data$cases > 2, "many", "few"))
  binary <- glmm(kind ~ x + (1 | herd), data, family = binomial)
  expect_identical(levels(simulate(binary, 1, seed = 1)[[1L]]), c("few", "many"))
})

test_that("inverse Gaussian draws have their mean and variance", {
  draws <- with_seed(1, draw_inverse_gaussian(rep(2, 2e5), 5))$value
  # variance 8/5; standard errors 0.003 and 0.01
  expect_lt(abs(mean(draws) - 2), 0.015)
  expect_lt(abs(var(draws) - 1.6), 0.06)
})
