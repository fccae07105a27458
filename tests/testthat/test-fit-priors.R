# Against the penalized criterion minimized by optim(), and the figures of blme.

three_subjects <- function() {
  droplevels(subset(sleepstudy, Subject %in% levels(Subject)[c(1, 5, 9)]))
}

dyestuff2 <- function() {
  yield <- c(
    7.298, 3.846, 2.434, 9.566, 7.99, 5.22, 6.556, 0.608, 11.788, -0.892, 0.11, 10.386, 13.434,
    5.51, 8.166, 2.212, 4.852, 7.092, 9.288, 4.98, 0.282, 9.014, 4.458, 9.446, 7.198, 1.722, 4.782,
    8.106, 0.758, 3.758
  )
  data.frame(Yield = yield, Batch = factor(rep(LETTERS[1:6], each = 5)))
}

prior_fit <- function(formula, data, prior, REML = TRUE) {
  lmm(formula, data, REML, control = lmm_control(prior = prior))
}

deviations <- function(fit) as.data.frame(VarCorr(fit))$sdcor

test_that("the mode of a prior relative to sigma is that of the profiled criterion", {
  few <- three_subjects()
  free <- suppressMessages(lmm(Reaction ~ Days + (Days | Subject), few))
  d <- deviance_function(free)
  scale <- matrix(c(2, 0.1, 0.1, 0.3), 2)
  for (given in list(Inf, scale)) {
    fit <- prior_fit(Reaction ~ Days + (Days | Subject), few, prior_wishart(4.4, given))
    precision <- if (is.matrix(given)) solve(given) else matrix(0, 2, 2)
    penalized <- function(theta) {
      lambda <- matrix(c(theta[1:2], 0, theta[3]), 2)
      d(theta, FALSE) - 1.4 * log(det(tcrossprod(lambda))) + sum(precision * tcrossprod(lambda))
    }
    found <- optim(c(1, 0, 1), penalized, control = list(reltol = 1e-14, maxit = 2000))
    expect_true(fit$optimization$converged)
    expect_false(is_singular(fit))
    expect_equal(penalized(fit$theta), found$value, tolerance = 1e-9)
    expect_equal(unname(fit$theta), found$par, tolerance = 1e-4)
    # sigma is the best for theta, and logLik() without the prior
    expect_equal(fit$criterion, d(fit$theta, FALSE), tolerance = 1e-10)
    expect_equal(sigma(fit)^2, fit$pwrss / (30 - 2), tolerance = 1e-7)
    expect_identical(attr(logLik(fit), "df"), 6L)
  }
})

test_that("a prior without a mode is no fit without a word", {
  # log|Gamma| by REML of three groups and the prior's cancel far out
  expect_warning(
    prior_fit(Reaction ~ Days + (Days | Subject), three_subjects(), prior_wishart(5)),
    "improper prior", class = "henderson_warning_convergence"
  )
})

test_that("the mode of a prior in units of the response is that of the whole criterion", {
  data <- dyestuff2()
  fit <- prior_fit(Yield ~ 1 + (1 | Batch), data, prior_gamma(2, 0.5, relative = FALSE))
  together <- outer(data$Batch, data$Batch, "==")
  penalized <- function(psi) {
    s <- exp(psi)
    V <- s[1L]^2 * together + s[2L]^2 * diag(30)
    R <- chol(V)
    white <- backsolve(R, cbind(1, data$Yield), transpose = TRUE)
    rest <- qr.resid(qr(white[, 1L]), white[, 2L])
    29 * log(2 * base::pi) + 2 * sum(log(diag(R))) + sum(rest^2) + log(sum(white[, 1L]^2)) -
      2 * (psi[1L] - 0.5 * s[1L])
  }
  found <- optim(c(0, 1), penalized, control = list(reltol = 1e-15))
  expect_equal(penalized(log(deviations(fit))), found$value, tolerance = 1e-10)
  expect_equal(deviations(fit), exp(found$par), tolerance = 1e-4)
  # standard errors from the curvature of the penalized criterion
  step <- 1e-3
  at <- function(a, b) penalized(log(deviations(fit)) + step * c(a, b))
  H <- matrix(c(
    at(1, 0) - 2 * at(0, 0) + at(-1, 0),
    rep((at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / 4, 2),
    at(0, 1) - 2 * at(0, 0) + at(0, -1)
  ), 2) / step^2
  expect_equal(variance_components(fit)$se, deviations(fit) * sqrt(diag(2 * solve(H))),
    tolerance = 1e-3
  )
})

test_that("posterior modes are blme's", {
  # blme 1.0, with its default control; its search ends within 1e-4 of the mode
  figures <- list(
    list(Reaction ~ Days + (Days | Subject), sleepstudy, prior_wishart(), TRUE,
      c(27.01396, 6.363052, 0.006556, 25.26544)),
    list(Reaction ~ Days + (Days | Subject), three_subjects(), prior_wishart(), TRUE,
      c(49.57236, 25.58635, -0.5967846, 29.50340)),
    list(Reaction ~ Days + (Days | Subject), three_subjects(),
      prior_wishart(5, diag(c(2, 0.3))), TRUE, c(36.01790, 16.69449, -0.2907665, 29.88811)),
    list(Yield ~ 1 + (1 | Batch), dyestuff2(), prior_gamma(), TRUE, c(1.488745, 3.626151)),
    list(Yield ~ 1 + (1 | Batch), dyestuff2(), list(Batch = prior_gamma(2, 0.5)), FALSE,
      c(0.9163486, 3.606531)),
    list(Yield ~ 1 + (1 | Batch), dyestuff2(), prior_gamma(2, 0.5, relative = FALSE), TRUE,
      c(0.8694172, 3.710125))
  )
  for (one in figures) {
    fit <- prior_fit(one[[1L]], one[[2L]], one[[3L]], one[[4L]])
    expect_lt(max(abs(deviations(fit) - one[[5L]]) / pmax(abs(one[[5L]]), 0.1)), 2e-4)
  }
})

test_that("every print says that it is a posterior mode, and nothing tests it as a maximum", {
  fit <- prior_fit(Yield ~ 1 + (1 | Batch), dyestuff2(), prior_gamma())
  text <- "posterior mode"
  prints <- list(
    format(fit), format(summary(fit)), utils::capture.output(print(VarCorr(fit))),
    utils::capture.output(print(variance_components(fit)))
  )
  for (lines in prints) {
    expect_match(paste(lines, collapse = " "), text)
    expect_match(paste(lines, collapse = " "), "gamma(shape = 2.5, rate = 0)", fixed = TRUE)
  }
  few <- prior_fit(Reaction ~ Days + (Days | Subject), three_subjects(), prior_wishart())
  expect_match(paste(attr(anova(few), "heading"), collapse = " "), text)
  free <- suppressMessages(lmm(Yield ~ 1 + (1 | Batch), dyestuff2(), REML = FALSE))
  table <- suppressMessages(anova(fit, free))
  expect_true(all(is.na(table[["Pr(>Chisq)"]])))
  expect_match(paste(attr(table, "heading"), collapse = " "), "no maximum of the likelihood")
  expect_match(format(refit_ml(fit))[1L], "penalized maximum likelihood")
  expect_error(confint(fit), class = "henderson_error_unsupported")
  expect_error(bootstrap(fit, 5), class = "henderson_error_unsupported")
  expect_output(print(prior_gamma(3, relative = FALSE)), "Prior gamma(shape = 3, rate = 0)",
    fixed = TRUE
  )
})

test_that("priors are of independent effects, one each, and go with constraints", {
  data <- three_subjects()
  both <- prior_fit(Reaction ~ Days + (Days || Subject), data, list(Subject = prior_gamma()))
  # |S|^((df - 2) / 2) = s^(df - 2)
  same <- prior_fit(Reaction ~ Days + (Days || Subject), data, prior_wishart(3.5))
  expect_equal(both$theta, same$theta, tolerance = 1e-6)
  held <- lmm(Reaction ~ Days + (Days || Subject), data,
    control = lmm_control(prior = prior_gamma(), fix = list(sigma = 25))
  )
  expect_equal(sigma(held), 25)
  expect_true(held$optimization$converged)
})

test_that("bad priors are refused", {
  bad <- function(prior, formula = Reaction ~ Days + (Days | Subject), kind = "control", ...) {
    expect_error(
      lmm(formula, sleepstudy, control = lmm_control(prior = prior, ...)),
      class = paste0("henderson_error_", kind)
    )
  }
  bad(list(Subjct = prior_wishart()))
  bad(list(prior_wishart()))
  bad("wishart")
  bad(prior_wishart(2.5))
  bad(prior_wishart(scale = diag(3)))
  bad(prior_wishart(), optimizer = "bfgs")
  bad(prior_gamma(), kind = "unsupported")
  bad(prior_wishart(), Reaction ~ Days + cs(0 + factor(Days > 4) | Subject), "unsupported")
  bad(prior_wishart(), kind = "unsupported", fix = list("sd_Days|Subject" = 5))
  expect_error(prior_gamma(0.5), class = "henderson_error_argument")
  expect_error(prior_gamma(rate = -1), class = "henderson_error_argument")
  expect_error(prior_wishart(scale = matrix(1, 2, 2)), class = "henderson_error_argument")
})
