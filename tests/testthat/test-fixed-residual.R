# Degrees of freedom and tests with residual structures.

test_that("an MMRM has the criteria, standard errors and degrees of freedom of mmrm", {
  d <- fev_data()
  formula <- FEV1 ~ RACE + SEX + ARMCD * AVISIT
  criterion <- function(residual) {
    eval(substitute(lmm(formula, d, residual = s), list(s = residual)))$criterion
  }
  # mmrm 0.3.19: it stops up to 5e-6 above
  expect_equal(criterion(quote(toeph(AVISIT | USUBJID))), 3397.131307, tolerance = 1e-8)
  expect_equal(criterion(quote(ar1h(AVISIT | USUBJID))), 3404.219246, tolerance = 1e-8)
  expect_equal(criterion(quote(cs(AVISIT | USUBJID))), 3522.042949, tolerance = 1e-8)
  expect_equal(criterion(quote(adh(AVISIT | USUBJID))), 3393.096824, tolerance = 1e-8)
  expect_equal(criterion(quote(us(AVISIT | ARMCD / USUBJID))), 3378.688331, tolerance = 1e-8)
  fit <- lmm(formula, d, residual = us(AVISIT | USUBJID))
  expect_equal(fit$criterion, 3386.449876, tolerance = 1e-8)
  table <- coef(summary(fit))
  # the printed table of mmrm's vignette "introduction"
  expect_equal(unname(table[1:5, "Estimate"]), c(30.77748, 1.53050, 5.64357, 0.32606, 3.77423),
    tolerance = 1e-4
  )
  expect_equal(unname(table[1:5, "Std. Error"]), c(0.88656, 0.62448, 0.66561, 0.53195, 1.07415),
    tolerance = 4e-5
  )
  expect_equal(unname(table[, "df"]), c(
    218.80, 168.67, 157.14, 166.13, 145.55, 143.88, 155.56, 138.47, 138.56, 158.17, 129.72
  ), tolerance = 1e-4)
})

test_that("Kenward and Roger's method is SAS's with DDFM=KR(LINEAR)", {
  d <- fev_data()
  # of mmrm's tests, by PROC MIXED: standard error and degrees of freedom of ARMCD. SAS stops early:
  # they agree to 4e-4
  sas <- list(
    list(quote(ar1(AVISIT | USUBJID)), 0.96058142305176, 188.46934887972),
    list(quote(ar1h(AVISIT | USUBJID)), 0.75924807546934, 188.225339095373),
    list(quote(cs(AVISIT | USUBJID)), 0.7964696053595, 177.038485931223),
    list(quote(csh(AVISIT | USUBJID)), 0.67403858183242, 190.737701349941),
    list(quote(adh(AVISIT | USUBJID)), 0.66158550758897, 162.393385281755),
    list(quote(toep(AVISIT | USUBJID)), 0.87839805519623, 160.027408337368),
    list(quote(toeph(AVISIT | USUBJID)), 0.72537324518435, 180.062730071701),
    list(quote(us(AVISIT | USUBJID)), 0.66124382270307, 160.733266403768)
  )
  for (one in sas) {
    fit <- eval(substitute(lmm(FEV1 ~ ARMCD, d, residual = s), list(s = one[[1L]])))
    row <- coef(summary(fit, ddf = "Kenward-Roger"))[2L, ]
    expect_equal(unname(row[["Std. Error"]]), one[[2L]], tolerance = 2e-4)
    expect_equal(unname(row[["df"]]), one[[3L]], tolerance = 5e-4)
  }
})

test_that("degrees of freedom are those of differences of V in full", {
  set.seed(3)
  d <- expand.grid(t = 1:5, g = factor(1:14))
  d$x <- rnorm(70)
  d$h <- factor(rep(1:7, each = 10))
  d$y <- d$x + rnorm(14)[d$g] + rnorm(70)
  d <- d[-c(3, 17, 44), ]
  fits <- list(
    lmm(y ~ x, d, residual = ar1(t | g)), lmm(y ~ x + t, d, residual = csh(t | g)),
    lmm(y ~ x, d, residual = ar1(t | g), variance = ~ by(h)),
    suppressMessages(lmm(y ~ x + (1 | h), d, residual = car1(t | g)))
  )
  for (fit in fits) {
    X <- fixed_matrix(fit)
    n <- nrow(X)
    m <- n - ncol(X)
    k <- length(fit$theta)
    at <- c(fit$theta, fit$residual$phi)
    parts <- function(p) {
      V <- dense_relative_covariance(fit, p[seq_len(k)], p[seq_along(p) > k])
      half <- t(chol(V))
      Xs <- forwardsolve(half, X)
      r2 <- sum(qr.resid(qr(Xs), forwardsolve(half, fit$y))^2)
      list(phi = solve(crossprod(Xs)), log_r2 = log(r2),
        criterion = dense_criterion(fit$y, X, V, TRUE)
      )
    }
    # with sigma^2 as a parameter: -2 log L(theta, phi, tau), tau = log sigma^2
    whole <- function(p) {
      own <- parts(p[-length(p)])
      tau <- p[length(p)]
      own$criterion - m * (1 + own$log_r2 - log(m)) + m * tau + exp(own$log_r2 - tau)
    }
    end <- c(at, parts(at)$log_r2 - log(m))
    H <- difference_hessian(whole, end)
    l <- c(0, 1, rep(0, ncol(X) - 2))
    variance <- function(p) exp(p[length(p)]) * parts(p[-length(p)])$phi[2, 2]
    slope <- vapply(seq_along(end), function(i) {
      step <- replace(numeric(length(end)), i, 1e-4)
      (variance(end + step) - variance(end - step)) / 2e-4
    }, 0)
    df <- 2 * unname(variance(end))^2 / sum(slope * solve(H / 2, slope))
    # second differences leave five digits
    expect_equal(unname(coef(summary(fit))[2L, "df"]), df, tolerance = 2e-4)
  }
})

test_that("methods that are not there are refused by name", {
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy, residual = ar1(Days | Subject))
  expect_error(summary(fit, ddf = "Kenward-Roger"), class = "henderson_error_unsupported")
  expect_error(summary(fit, ddf = "expected"), "ar1\\(Days", class = "henderson_error_unsupported")
  for (call in list(
    quote(profile(fit)), quote(bootstrap(fit, 2)), quote(influence(fit)), quote(random_anova(fit)),
    quote(conditional_aic(fit)), quote(deviance_function(fit)), quote(hatvalues(fit)),
    quote(vcov(fit, type = "CR2")), quote(intraclass_correlation(fit)), quote(cross_validate(fit)),
    quote(reduce_terms(fit)), quote(random_structures(fit)), quote(component(fit, "L")),
    quote(all_optimizers(fit)), quote(rstandard(fit)), quote(predict(fit, interval = "prediction")),
    quote(simulate(fit, newdata = sleepstudy)), quote(confint(fit, method = "profile"))
  )) {
    expect_error(eval(call), class = "henderson_error_unsupported")
  }
})
