# Degrees of freedom and Wald tests of single and joint contrasts. The core's parts are compared
# with dense formulas in tests/cpp/test-contrast-inference.cpp; here are known values, the boundary,
# refusals and the cache. Tables built on them are compared with lmerTest and pbkrtest elsewhere.

single <- function(fit, ddf) contrast_rows(fit, diag(length(fit$beta)), ddf)

test_that("a balanced design has the degrees of freedom of its analysis of variance", {
  # sleepstudy: 18 subjects, slopes estimated within each: 17
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  for (ddf in c("Satterthwaite", "Kenward-Roger", "expected")) {
    rows <- single(fit, ddf)
    expect_equal(rows$df, c(17, 17), tolerance = 1e-7)
    # balanced: Kenward and Roger leave the standard errors as they are
    expect_equal(rows$se, unname(sqrt(diag(vcov(fit)))), tolerance = 1e-7)
  }
  # one-way with 5 groups of 6 by REML: the mean has 4
  data <- data.frame(g = gl(5, 6), y = c(outer(1:6 / 4, c(0, 3, 1, 7, 4), `+`)))
  fit <- lmm(y ~ 1 + (1 | g), data)
  expect_equal(single(fit, "Satterthwaite")$df, 4, tolerance = 1e-7)
  expect_equal(single(fit, "Kenward-Roger")$df, 4, tolerance = 1e-7)
})

test_that("by maximum likelihood the two sizes of a group count as they should", {
  # sleepstudy by ML: 18, lmerTest's value (the variance of a mean of 18, not divided by 17)
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy, REML = FALSE)
  expect_equal(single(fit, "Satterthwaite")$df, c(18, 18), tolerance = 1e-7)
})

test_that("joint tests of a split plot have the strata's degrees of freedom", {
  oats <- as.data.frame(nlme::Oats)
  oats$Block <- factor(as.character(oats$Block))
  oats$nitro <- factor(oats$nitro)
  fit <- lmm(yield ~ Variety * nitro + (1 | Block / Variety), oats,
    contrasts = list(Variety = "contr.sum", nitro = "contr.sum")
  )
  # whole plots: (3 - 1)(6 - 1) = 10; subplots: 3 * 5 * 3 = 45
  whole <- rbind(c(0, 1, numeric(10)), c(0, 0, 1, numeric(9)))
  sub <- cbind(matrix(0, 3, 3), diag(3), matrix(0, 3, 6))
  for (ddf in c("Satterthwaite", "Kenward-Roger")) {
    variety <- contrast_joint(fit, whole, ddf)
    nitro <- contrast_joint(fit, sub, ddf)
    expect_equal(c(variety$num_df, nitro$num_df), c(2, 3))
    expect_equal(c(variety$den_df, nitro$den_df), c(10, 45), tolerance = 1e-6)
    # F of aov(yield ~ Variety * nitro + Error(Block / Variety)): 1.485 and 37.686
    expect_equal(c(variety$f_value, nitro$f_value), c(1.48534, 37.68564), tolerance = 1e-5)
    expect_equal(nitro$p_value, pf(nitro$f_value, 3, nitro$den_df, lower.tail = FALSE))
  }
})

test_that("a contrast does not depend on how the columns are coded or shifted", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  shifted <- lmm(Reaction ~ I(Days - 100) + (I(Days - 100) | Subject), sleepstudy)
  for (ddf in c("Satterthwaite", "Kenward-Roger")) {
    here <- contrast_rows(fit, rbind(c(1, 5), c(0, 1)), ddf)
    there <- contrast_rows(shifted, rbind(c(1, -95), c(0, 1)), ddf)
    expect_equal(here, there, tolerance = 1e-7)
  }
  # nothing depends on units either: seconds instead of days
  seconds <- lmm(Reaction ~ I(Days * 86400) + (I(Days * 86400) | Subject), sleepstudy)
  for (ddf in c("Satterthwaite", "Kenward-Roger")) {
    expect_equal(single(seconds, ddf)$df, single(fit, ddf)$df, tolerance = 1e-7)
  }
})

test_that("at a zero variance Satterthwaite takes it as known, the others do not", {
  # balanced one-way, 8 groups of 6, group means closer together than their errors allow
  set.seed(3)
  data <- data.frame(g = gl(8, 6), y = rnorm(48))
  data$y <- data$y - ave(data$y, data$g)
  fit <- suppressMessages(lmm(y ~ 1 + (1 | g), data))
  expect_identical(unname(fit$theta), 0)
  expect_equal(single(fit, "Satterthwaite")$df, 47)
  expect_equal(single(fit, "expected")$df, 7, tolerance = 1e-8)
  expect_equal(single(fit, "Kenward-Roger")$df, 7, tolerance = 1e-8)
  covariance <- variance_parameter_covariance(fit)
  expect_identical(covariance$active, FALSE)
  expect_identical(unname(covariance$covariance[1, ]), c(0, 0))
  # sigma alone: sigma^2 / (2 m)
  expect_equal(covariance$covariance["sigma", "sigma"], sigma(fit)^2 / (2 * 47))
})

test_that("the covariance of theta and sigma is twice the inverse of the deviance's Hessian", {
  for (REML in c(TRUE, FALSE)) {
    fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy, REML = REML)
    m <- if (REML) 178 else 180
    # unprofiled: d(theta, sigma) = log-determinants + m log(2 pi sigma^2) + r^2(theta) / sigma^2
    deviance <- function(x) {
      theta <- x[1:3]
      value <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy,
        REML = REML, start = theta, control = lmm_control(optimizer = "none")
      )
      value$log_det[["M"]] + REML * value$log_det[["RX"]] +
        m * log(2 * pi * x[4]^2) + value$pwrss / x[4]^2
    }
    x <- c(unname(fit$theta), sigma(fit))
    step <- c(1e-4, 1e-5, 1e-5, 1e-2)
    hessian <- matrix(0, 4, 4)
    for (i in 1:4) {
      for (j in 1:4) {
        e <- replace(numeric(4), i, step[i])
        f <- replace(numeric(4), j, step[j])
        hessian[i, j] <- (deviance(x + e + f) - deviance(x + e - f) - deviance(x - e + f) +
          deviance(x - e - f)) / (4 * step[i] * step[j])
      }
    }
    own <- variance_parameter_covariance(fit)$covariance
    # central differences of a function of size 1700 with relative steps of 1e-4: about 1e-4
    expect_equal(unname(own), 2 * solve(hessian), tolerance = 1e-3)
  }
})

test_that("a large sparse remainder uses differences of the gradient and agrees", {
  skip_if_not_installed("lme4")
  data("InstEval", package = "lme4", envir = environment())
  data <- InstEval[InstEval$dept %in% c("2", "5", "10"), ]
  data <- droplevels(data)
  fit <- lmm(y ~ service + (1 | s) + (1 | d), data)
  exact <- inference_pieces(fit, "Satterthwaite")
  expect_true(exact$exact_hessian)
  moments <- unclass(cross_products_of(fit))
  gradient <- function(theta) evaluate_deviance_cpp(moments, theta, TRUE, TRUE)$gradient
  theta <- unname(fit$theta)
  hessian <- vapply(1:2, function(i) {
    e <- replace(c(0, 0), i, 1e-5)
    (gradient(theta + e) - gradient(theta - e)) / 2e-5
  }, c(0, 0))
  expect_equal(exact$hessian, hessian, tolerance = 1e-6)
  whole <- lmm(y ~ service + (1 | s) + (1 | d), InstEval)
  pieces <- inference_pieces(whole, "Satterthwaite")
  expect_false(pieces$exact_hessian)
  # both ways of the same model: Kenward and Roger's degrees of freedom have no differences in them
  expect_equal(
    single(whole, "Satterthwaite")$df, single(whole, "expected")$df, tolerance = 0.05
  )
})

test_that("what cannot be computed is refused, and says why", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy, REML = FALSE)
  expect_error(single(fit, "Kenward-Roger"), "REML", class = "henderson_error_argument")
  expect_error(single(fit, "Wald"), class = "henderson_error_argument")
  expect_no_error(single(fit, "expected"))
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  for (limit in list(list(width = 1, memory = Inf), list(width = Inf, memory = 1))) {
    expect_error(inference_pieces(fit, "Kenward-Roger", limit), "dense matrices of 2 columns",
      class = "henderson_error_computation"
    )
  }
})

test_that("names of methods are read in any case, and pieces are computed once", {
  expect_identical(ddf_method("kenward-roger"), "Kenward-Roger")
  expect_identical(ddf_method("satterthwaite"), "Satterthwaite")
  expect_identical(ddf_method("lme4"), "none")
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  first <- inference_pieces(fit, "Satterthwaite")
  fit$cache$Satterthwaite$mark <- "from the cache"
  expect_identical(inference_pieces(fit, "Satterthwaite")$mark, "from the cache")
  # another fit has a cache of its own
  expect_null(inference_pieces(update(fit, REML = FALSE), "Satterthwaite")$mark)
  # nor do parameters changed by hand find the old pieces
  changed <- fit
  changed$theta <- fit$theta / 2
  expect_null(inference_pieces(changed, "Satterthwaite")$mark)
  fit$cache <- new.env()
  expect_identical(inference_pieces(fit, "Satterthwaite"), first)
  expect_identical(contrast_rows(fit, c(0, 1), "none")$df, Inf)
})

test_that("with two more groups than rows Kenward and Roger's F is Hotelling's", {
  # 4 workers, 3 machines, unstructured: T^2 of the 4 x 2 differences, F = T^2 (J - q) / ((J - 1) q)
  machines <- as.data.frame(nlme::Machines)
  machines$Worker <- factor(as.character(machines$Worker))
  L <- cbind(0, diag(2))
  for (workers in list(1:4, 2:5, c(1, 3, 5, 6))) {
    data <- droplevels(machines[machines$Worker %in% workers, ])
    fit <- suppressMessages(lmm(score ~ Machine + (Machine | Worker), data))
    means <- tapply(data$score, list(data$Worker, data$Machine), mean)
    differences <- means[, -1] - means[, 1]
    centre <- colMeans(differences)
    t2 <- 4 * drop(centre %*% solve(cov(differences), centre))
    test <- contrast_joint(fit, L, "Kenward-Roger")
    # rounding of 0/0 within 1e-4 of the point on either side
    expect_equal(test$den_df, 2, tolerance = 1e-4)
    if (!is_singular(fit)) expect_equal(test$f_value, t2 * (4 - 2) / (3 * 2), tolerance = 1e-3)
    expect_gt(test$f_value, 1)
  }
})

test_that("moments that no F distribution has give NA and a note, not negative numbers", {
  parts <- list(
    phi = diag(2), adjusted = diag(2), phi_moves = matrix(c(1, 0, 0, -1), 4, 1), offset = 0,
    weight = matrix(5), degrees = 40, scaled = TRUE
  )
  df <- vapply(c(0.1, 0.5, 1, 2, 5, 20), function(w) {
    parts$weight <- matrix(w)
    joint_test_cpp(parts, diag(2), c(1, 2), 1)$den_df
  }, 0)
  expect_true(all(is.nan(df) | df > 0))
  expect_true(anyNA(df))
})

test_that("tables say where Kenward and Roger's method fails; predictions have at least 1 df", {
  # variances ten thousand times less certain than they are
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  pieces <- inference_pieces(fit, "Kenward-Roger")
  pieces$weight <- pieces$weight * 1e4
  fit$cache[["Kenward-Roger"]] <- pieces
  expect_silent(table <- f_table(fit, list(both = diag(2)), "Kenward-Roger"))
  expect_identical(table$DenDF, NA_real_)
  expect_identical(table[["F value"]], NA_real_)
  expect_match(attr(table, "heading"), "too few groups", all = FALSE)

  # ten groups without variance between them
  dyestuff <- data.frame(g = gl(10, 4), y = rep(c(1, 2, 4, 8), 10) + rep(c(0, 0.1), 20))
  fit <- suppressMessages(lmm(y ~ 1 + (1 | g), dyestuff))
  expect_identical(unname(fit$theta), 0)
  new <- data.frame(g = "1")
  limits <- predict(fit, new, interval = "confidence", ddf = "expected", se.fit = TRUE)
  expect_identical(unname(limits$df), 1)
  expect_equal(
    unname(diff(limits$fit[, c("fit", "upr")])), unname(limits$se.fit) * qt(0.975, 1),
    ignore_attr = TRUE
  )
})

test_that("KR is short for Kenward and Roger's method", {
  expect_identical(ddf_method("KR"), "Kenward-Roger")
  expect_error(ddf_method(NA), class = "henderson_error_argument")
})

test_that("by ML the expected information has nothing of what fixed effects reproduce", {
  data <- withr::with_seed(1, {
    data <- expand.grid(r = 1:4, litter = factor(1:12))
    data$a <- factor((as.integer(data$litter) - 1) %/% 4)
    data$x <- rnorm(48)
    transform(data, y = rnorm(48) + rnorm(12)[litter] + rnorm(3)[a] * x)
  })
  fit <- function(formula) suppressMessages(lmm(formula, data, REML = FALSE))
  df <- function(fit) anova(fit, ddf = "expected")[["DenDF"]]
  expect_equal(df(fit(y ~ a + x + (1 | a) + (1 | litter))), df(fit(y ~ a + x + (1 | litter))),
    tolerance = 1e-6
  )
  right <- df(fit(y ~ a + x + (0 + x | a) + (1 | litter)))
  expect_equal(df(fit(y ~ a + x + (x || a) + (1 | litter))), right, tolerance = 1e-5)
  # the covariance that maximizes the likelihood changes it a little
  expect_equal(df(fit(y ~ a + x + (x | a) + (1 | litter))), right, tolerance = 0.05)
})

test_that("the certificate's Hessian is that of the degrees of freedom", {
  data <- transform(sleepstudy, day = factor(Days))
  data$Reaction <- data$Reaction + 20 * c(1, -1, 0, 2, -2, 1, 0, -1, 1, -1)[data$day]
  fit <- lmm(Reaction ~ Days + (Days | Subject) + (1 | day), data)
  expect_identical(fit$cache$curvature$theta, unname(fit$theta))
  with_known <- contrast_test(fit)
  without <- lmm(Reaction ~ Days + (Days | Subject) + (1 | day), data)
  rm("curvature", envir = without$cache)
  expect_equal(with_known, contrast_test(without), tolerance = 1e-8)
  # it counts for its own parameters only
  moved <- fit
  moved$theta[1] <- 1.1 * moved$theta[1]
  expect_false(identical(inference_pieces(moved, "Satterthwaite")$hessian,
    inference_pieces(fit, "Satterthwaite")$hessian
  ))
})
