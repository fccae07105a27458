# Values by row: residuals, simulated responses; live comparisons with nlme.

test_that("fits are those of nlme", {
  skip_if_not_installed("nlme")
  # values of nlme 3.1-162, which stops within 1e-6, but for the first one (4e-5)
  criterion <- function(...) suppressMessages(lmm(...))$criterion
  expect_equal(
    criterion(Reaction ~ Days + (Days | Subject), sleepstudy, residual = ar1(Days | Subject)),
    1724.116456, tolerance = 1e-9
  )
  ovary <- nlme_data("Ovary")
  ovary$i <- ave(seq_len(nrow(ovary)), ovary$Mare, FUN = seq_along)
  ovary$s <- sin(2 * pi * ovary$Time)
  ovary$c <- cos(2 * pi * ovary$Time)
  expect_equal(criterion(follicles ~ s + c + (s || Mare), ovary, residual = ar1(i | Mare)),
    1549.447916, tolerance = 1e-8
  )
  expect_equal(criterion(follicles ~ s + c + (1 | Mare), ovary, residual = ar1(i | Mare)),
    1550.446698, tolerance = 1e-8
  )
  expect_equal(criterion(follicles ~ s + c, ovary, residual = car1(Time | Mare)), 1563.502640,
    tolerance = 1e-8
  )
  weights <- nlme_data("BodyWeight")
  expect_equal(
    criterion(weight ~ Time * Diet + (Time | Rat), weights, residual = car1(Time | Rat)),
    1132.059180, tolerance = 1e-8
  )
  growth <- nlme_data("Orthodont")
  expect_equal(criterion(distance ~ age * Sex + (age | Subject), growth, variance = ~ by(Sex)),
    411.522480, tolerance = 1e-8
  )
  expect_equal(
    criterion(distance ~ age * Sex + (age | Subject), growth, variance = ~ by(Sex), REML = FALSE),
    406.042389, tolerance = 1e-8
  )
  expect_equal(criterion(distance ~ age * Sex, growth, residual = cs(1 | Subject)), 433.757249,
    tolerance = 1e-8
  )
  expect_equal(criterion(distance ~ age * Sex, growth, residual = us(age | Subject)), 424.546800,
    tolerance = 1e-8
  )
  dialysis <- nlme_data("Dialyzer")
  expect_equal(criterion(
    rate ~ (pressure + I(pressure^2) + I(pressure^3) + I(pressure^4)) * QB +
      (pressure + I(pressure^2) | Subject), dialysis, variance = ~ power(pressure)
  ), 612.079845, tolerance = 1e-8)
  boys <- nlme_data("Oxboys")
  expect_equal(
    criterion(height ~ age + I(age^2) + (age | Subject), boys, residual = car1(age | Subject)),
    646.788593, tolerance = 1e-8
  )
  schools <- nlme_data("MathAchieve")
  expect_equal(criterion(MathAch ~ SES * Sex + (SES | School), schools, variance = ~ by(Sex)),
    46578.902530, tolerance = 1e-9
  )
})

test_that("estimates, modes, residuals and standard errors are nlme's", {
  skip_if_not_installed("nlme")
  growth <- nlme_data("Orthodont")
  fit <- lmm(distance ~ age * Sex + (1 | Subject), growth, residual = ar1(age | Subject),
    variance = ~ by(Sex)
  )
  growth$step <- (growth$age - 8) / 2
  peer <- nlme::lme(distance ~ age * Sex, growth, ~ 1 | Subject,
    correlation = nlme::corAR1(form = ~ step | Subject),
    weights = nlme::varIdent(form = ~ 1 | Sex),
    control = list(msTol = 1e-12, tolerance = 1e-10, maxIter = 200, msMaxIter = 200)
  )
  expect_equal(fit$criterion, -2 * as.numeric(logLik(peer)), tolerance = 1e-7)
  # nlme's optimizer leaves four digits of parameters
  expect_equal(fixef(fit), nlme::fixef(peer), tolerance = 1e-5)
  expect_equal(sqrt(diag(vcov(fit))), sqrt(diag(vcov(peer))), tolerance = 1e-4)
  levels <- levels(growth$Subject)
  expect_equal(ranef(fit)$Subject[levels, 1], nlme::ranef(peer)[levels, 1], tolerance = 1e-3)
  expect_equal(unname(fitted(fit)), as.numeric(fitted(peer)), tolerance = 1e-4)
  expect_equal(unname(residuals(fit, "pearson", scaled = TRUE)),
    as.numeric(residuals(peer, type = "pearson")), tolerance = 2e-3
  )
  expect_equal(unname(residuals(fit, "normalized")),
    as.numeric(residuals(peer, type = "normalized")), tolerance = 2e-3
  )
  estimates <- residual_estimates(fit$residual)
  expect_equal(estimates$correlations, unname(coef(peer$modelStruct$corStruct, FALSE)),
    tolerance = 1e-3
  )
  ratio <- unname(coef(peer$modelStruct$varStruct, FALSE))
  expect_equal(1 / estimates$deviations[2], ratio, tolerance = 1e-3)
  expect_equal(n_parameters(fit), attr(logLik(peer), "df"))
})

test_that("simulated responses have the covariance of the model", {
  d <- expand.grid(t = 1:3, g = factor(1:300))
  set.seed(1)
  d$y <- rnorm(900, sd = d$t)
  fit <- lmm(y ~ 1, d, residual = ar1(t | g, hom = FALSE))
  draws <- as.matrix(simulate(fit, 60, seed = 2)) - fixef(fit)
  own <- matrix(draws, 3)
  wanted <- fit$sigma^2 * residual_matrix(fit$residual, 0:2, 1:3, 1L)
  # 18,000 triples: standard errors of 1 % of variances
  expect_equal(tcrossprod(own) / ncol(own), unname(wanted), tolerance = 0.04)
  white <- residuals(fit, "normalized")
  expect_equal(unname(transform_residuals(fit, white * fit$sigma, FALSE)[, 1L]),
    unname(residuals(fit)), tolerance = 1e-12
  )
})

test_that("refits and updates keep the structure, or take another", {
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy, residual = ar1(Days | Subject))
  ml <- refit_ml(fit)
  expect_equal(ml$criterion,
    lmm(Reaction ~ Days + (1 | Subject), sleepstudy, REML = FALSE, residual = ar1(Days | Subject)
    )$criterion,
    tolerance = 1e-9
  )
  other <- update(fit, . ~ . - (1 | Subject), residual = cs(1 | Subject))
  expect_identical(other$residual$structure$name, "cs")
  expect_length(other$random, 0L)
  # compound symmetry is a random intercept where the correlation is positive
  plain <- update(fit, residual = NULL)
  expect_null(plain$residual)
  expect_equal(other$criterion, plain$criterion, tolerance = 1e-9)
  shifted <- refit_response(fit, sleepstudy$Reaction + 10)
  expect_equal(shifted$criterion, fit$criterion, tolerance = 1e-9)
  table <- anova(ml, update(ml, . ~ . - Days))
  expect_equal(table$Df[2L], 1)
  expect_equal(nrow(drop1(ml)), 2L)
})
