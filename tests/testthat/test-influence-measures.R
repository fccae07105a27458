fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
without <- influence(fit)

test_that("measures are what their definitions say", {
  left <- subset(sleepstudy, Subject != "309")
  again <- lmm(Reaction ~ Days + (Days | Subject), left)
  change <- fixef(again) - fixef(fit)
  own <- as.matrix(vcov(again))
  all <- as.matrix(vcov(fit))
  expect_equal(dfbeta(without)["309", ], change, tolerance = 1e-6)
  expect_equal(dfbetas(without)["309", ], change / sqrt(diag(own)), tolerance = 1e-5)
  expect_equal(
    cooks.distance(without)[["309"]], drop(change %*% solve(all, change)) / 2, tolerance = 1e-5
  )
  expect_equal(
    mdffits(without)[["309"]], drop(change %*% solve(own, change)) / 2, tolerance = 1e-5
  )
  expect_equal(covratio(without)[["309"]], det(own) / det(all), tolerance = 1e-5)
  sds <- dfbeta(without, "var.cov", relative = TRUE)["309", "sigma^2"]
  expect_equal(sds, (sigma(again) / sigma(fit))^2 - 1, tolerance = 1e-5, ignore_attr = TRUE)
  expect_equal(
    dfbeta(without, "theta")["309", ], again$theta - fit$theta, tolerance = 1e-4
  )
})

test_that("displacements are differences of the criterion of all rows", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy, REML = FALSE)
  without <- influence(fit)
  again <- lmm(
    Reaction ~ Days + (Days | Subject), subset(sleepstudy, Subject != "309"), REML = FALSE
  )
  Z <- as.matrix(component(fit, "Z"))
  deviance_at <- function(beta, theta, sigma) {
    factor <- matrix(c(theta[1:2], 0, theta[3]), 2)
    V <- sigma^2 * (diag(180) + tcrossprod(Z %*% kronecker(diag(18), factor)))
    r <- sleepstudy$Reaction - cbind(1, sleepstudy$Days) %*% beta
    180 * log(2 * pi) + as.numeric(determinant(V)$modulus) + sum(r * solve(V, r))
  }
  lowest <- deviance_at(fixef(fit), fit$theta, sigma(fit))
  expect_equal(
    cooks.distance(without, "joint")[["309"]],
    deviance_at(fixef(again), again$theta, sigma(again)) - lowest, tolerance = 1e-5
  )
  criterion <- deviance_function(fit)
  expect_equal(
    cooks.distance(without, "theta")[["309"]],
    as.numeric(criterion(again$theta) - criterion(fit$theta)),
    tolerance = 1e-4
  )
  expect_true(all(cooks.distance(without, "joint") >= cooks.distance(without, "theta") - 1e-9))
})

test_that("the joint displacement by REML is that of the restricted criterion and a form of beta", {
  left <- lmm(Reaction ~ Days + (Days | Subject), subset(sleepstudy, Subject != "309"))
  Z <- as.matrix(component(fit, "Z"))
  X <- cbind(1, sleepstudy$Days)
  criterion_at <- function(theta, sigma, beta = NULL) {
    factor <- matrix(c(theta[1:2], 0, theta[3]), 2)
    V <- sigma^2 * (diag(180) + tcrossprod(Z %*% kronecker(diag(18), factor)))
    information <- crossprod(X, solve(V, X))
    own <- solve(information, crossprod(X, solve(V, sleepstudy$Reaction)))
    r <- sleepstudy$Reaction - X %*% (if (is.null(beta)) own else beta)
    178 * log(2 * pi) + as.numeric(determinant(V)$modulus) +
      as.numeric(determinant(information)$modulus) + sum(r * solve(V, r))
  }
  expect_equal(
    cooks.distance(without, "joint")[["309"]],
    criterion_at(left$theta, sigma(left), fixef(left)) - criterion_at(fit$theta, sigma(fit)),
    tolerance = 1e-5
  )
})

test_that("of a fit they are those of each row, or of groups", {
  rows <- influence(fit, "obs")
  expect_identical(cooks.distance(fit), cooks.distance(rows))
  expect_identical(dfbeta(fit), dfbeta(rows))
  expect_identical(dfbetas(fit), dfbetas(rows))
  expect_identical(covratio(fit, groups = "Subject"), covratio(without))
  expect_identical(mdffits(fit, groups = "Subject"), mdffits(without))
  expect_error(cooks.distance(fit, which = "all"), class = "henderson_error_argument")
})

test_that("without a variance they are those of a linear model", {
  data <- data.frame(g = gl(5, 4), x = rep(1:4, 5))
  data$y <- data$x + rep(c(0.4, -0.3, -0.2, 0.1), 5) + 0.01 * sin(seq_len(20))
  zero <- suppressMessages(lmm(y ~ x + (1 | g), data))
  plain <- stats::lm(y ~ x, data)
  expect_equal(unname(zero$theta), 0)
  held <- influence(zero, "obs", method = "held")
  expect_equal(cooks.distance(held), cooks.distance(plain), tolerance = 1e-8)
  expect_equal(dfbeta(held), -stats::dfbeta(plain), tolerance = 1e-8)
  expect_equal(covratio(held), stats::covratio(plain), tolerance = 1e-8)
  expect_equal(covratio(plain), stats::covratio(plain))
  expect_equal(hatvalues(zero), hatvalues(plain), tolerance = 1e-8)
  expect_equal(rstandard(zero), rstandard(plain), tolerance = 1e-8)
  expect_equal(rstudent(zero), rstudent(plain), tolerance = 1e-8)
})

test_that("they are HLMdiag's by the same definitions", {
  # HLMdiag 0.5.1 of CRAN on lme4 1.1-31's fit of sleepstudy, subjects 308, 309, 332 and 370 left
  # out: cooks.distance(), mdffits(), covratio(), covtrace() and rvc() of case_delete(), which fits
  # again, and leverage() of rows 1, 5, 57 and 180. lme4's optimizer stops 1e-6 to 1e-4 away from
  # the minimum, which each refit does anew; differences from the whole have fewer digits.
  chosen <- c("308", "309", "332", "370")
  expect_equal(unname(cooks.distance(without)[chosen]),
    c(0.09241696, 0.1485234, 0.006315102, 0.09172091), tolerance = 1e-4
  )
  expect_equal(unname(mdffits(without)[chosen]),
    c(0.1007759, 0.1878135, 0.005685051, 0.09984651), tolerance = 1e-4
  )
  expect_equal(unname(covratio(without)[chosen]),
    c(1.031646, 0.8896895, 1.249706, 1.033428), tolerance = 1e-4
  )
  covtrace <- vapply(without$`vcov[-Subject]`[chosen], function(covariance) {
    abs(sum(diag(solve(vcov(fit), covariance))) - 2)
  }, 0)
  expect_equal(unname(covtrace), c(0.04201024, 0.08415109, 0.2358504, 0.04359923),
    tolerance = 1e-3
  )
  # relative variance change
  expect_equal(
    unname(dfbeta(without, "var.cov", relative = TRUE)[chosen, ]),
    cbind(
      c(-0.1462103, 0.05174713, -0.274247, 0.006582526),
      c(0.1339619, -0.1658031, 0.169182, -0.09820869),
      c(-0.1521611, -2.598584, -1.110195, 1.995954),
      c(-0.1310926, -0.06205967, 0.137213, -0.03351616)
    ),
    tolerance = 1e-3
  )
  expect_equal(
    unname(hatvalues(fit)[c(1, 5, 57, 180)]), c(0.229304, 0.09101445, 0.1218763, 0.2931772),
    tolerance = 2e-5
  )
})

test_that("rows that na.exclude left out are NA in the measures of a fit", {
  data <- sleepstudy
  data$Reaction[5] <- NA
  fit <- function(action) lmm(Reaction ~ Days + (1 | Subject), data, na.action = action)
  padded <- fit(na.exclude)
  plain <- fit(na.omit)
  for (measure in list(cooks.distance, dfbeta, dfbetas, covratio, mdffits)) {
    whole <- as.matrix(measure(padded, method = "held"))
    expect_identical(rownames(whole), rownames(data))
    expect_true(all(is.na(whole[5, ])))
    expect_identical(whole[-5, ], as.matrix(measure(plain, method = "held"))[, ])
  }
  # units are no rows
  expect_length(cooks.distance(padded, "Subject", method = "held"), 18)
})
