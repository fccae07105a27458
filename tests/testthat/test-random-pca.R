# Principal components of the random effects. By hand: eigenvalues of Lambda Lambda'.

test_that("components are eigenvectors of the relative covariance", {
  fit <- fit_cached("sleepstudy")
  relative <- VarCorr(fit, sigma = 1)$Subject[1:2, 1:2]
  pca <- random_pca(fit)$Subject

  expect_s3_class(pca, "prcomp")
  expect_equal(pca$sdev^2, eigen(relative)$values, tolerance = 1e-12)
  rebuilt <- pca$rotation %*% diag(pca$sdev^2) %*% t(pca$rotation)
  expect_equal(unname(rebuilt), unname(relative), tolerance = 1e-12)
  expect_identical(rownames(pca$rotation), c("(Intercept)", "Days"))
  expect_identical(pca$supported, 2L)
  importance <- summary(random_pca(fit))$Subject
  expected <- c(PC1 = pca$sdev[1]^2, PC2 = sum(pca$sdev^2)) / sum(diag(relative))
  expect_equal(importance["Cumulative Proportion", ], expected)
})

test_that("lme4's rePCA gives the same, on either kind of fit", {
  need_peer("lme4")
  models <- list(
    lme4::lmer(Reaction ~ Days + (Days | Subject), sleepstudy),
    lme4::lmer(Reaction ~ Days + (Days || Subject), sleepstudy),
    lme4::lmer(Y ~ V * N + (1 | B / V), MASS::oats),
    lme4::lmer(score ~ Machine + (0 + Machine | Worker), plain(nlme::Machines))
  )
  for (m in models) {
    expected <- lme4::rePCA(m)
    fit <- suppressMessages(as_lmm(m))
    observed <- lme4::rePCA(fit)
    expect_s3_class(observed, "prcomplist", exact = TRUE)
    expect_named(observed, names(expected))
    for (group in names(expected)) {
      expect_equal(observed[[group]]$sdev, expected[[group]]$sdev, tolerance = 1e-10)
      expect_equal(
        abs(unname(observed[[group]]$rotation)), abs(expected[[group]]$rotation),
        tolerance = 1e-8
      )
    }
    expect_equal(
      unclass(summary(observed)[[1]])$importance, unclass(summary(expected)[[1]])$importance,
      tolerance = 1e-10, ignore_attr = TRUE
    )
  }
})

test_that("only components with variance are supported", {
  data <- transform(MASS::oats, dose = as.integer(N) - 2.5)
  fit <- suppressMessages(lmm(Y ~ V + dose + (dose | B), data, REML = FALSE))
  expect_true(is_singular(fit))
  expect_identical(random_pca(fit)$B$supported, 1L)
  # in other units: the same
  minutes <- suppressMessages(
    lmm(Y ~ V + dose + (dose | B), transform(data, dose = 1e4 * dose), REML = FALSE)
  )
  expect_identical(random_pca(minutes)$B$supported, 1L)
  none <- suppressMessages(lmm(Yield ~ 1 + (1 | Batch), lme4::Dyestuff2))
  expect_identical(random_pca(none)$Batch$supported, 0L)
})

test_that("the oats model with 24 variances has eight components", {
  # nor is it a reason for alarm that the criterion is flat in twelve of them
  expect_warning(
    fit <- suppressMessages(lmm(Y ~ V * N + (V * N || B) + (V * N || V:N), MASS::oats)), NA
  )
  pca <- random_pca(fit)
  # V * N reproduces whatever is constant in the cells of V:N
  expect_identical(pca[["V:N"]]$supported, 0L)
  expect_length(pca[["V:N"]]$aliased, 12)
  # a diagonal term: the variances are the components
  expect_identical(pca$B$supported, sum(diag(VarCorr(fit)$B) > 0))
  expect_identical(pca$B$supported, 8L)
  # the criterion indeed does not depend on the variances of V:N
  deviance <- deviance_function(fit)
  other <- fit$theta
  other[startsWith(names(other), "V:N.")] <- 0.3
  expect_equal(deviance(other, gradient = FALSE), fit$criterion, tolerance = 1e-10)
})

test_that("an aliased column among others does not count", {
  # subjects as fixed effects: random intercepts are theirs, slopes are not
  fit <- suppressMessages(lmm(Reaction ~ Subject + Days + (Days || Subject), sleepstudy))
  pca <- random_pca(fit)$Subject
  expect_identical(pca$aliased, "(Intercept)")
  expect_identical(pca$supported, 1L)
})

test_that("components print", {
  expect_snapshot(print(random_pca(fit_cached("sleepstudy"))))
  expect_error(random_pca(1), class = "henderson_error_argument")
  expect_error(random_pca(fit_cached("sleepstudy"), tol = -1), class = "henderson_error_argument")
})

test_that("components of what the data do not determine are NA, or told of", {
  fit <- suppressMessages(lmm(Reaction ~ Subject + Days + (Days | Subject), sleepstudy))
  right <- lmm(Reaction ~ Subject + Days + (0 + Days | Subject), sleepstudy)
  for (start in list(NULL, c(2, 0.5, 0.3))) {
    fit <- suppressMessages(
      lmm(Reaction ~ Subject + Days + (Days | Subject), sleepstudy, start = start)
    )
    pca <- random_pca(fit)$Subject
    expect_equal(pca$sdev, c(random_pca(right)$Subject$sdev, NA), tolerance = 1e-6)
    expect_equal(pca$rotation["Days", ], c(PC1 = 1, PC2 = NA))
    expect_true(all(is.na(pca$rotation["(Intercept)", ])))
    expect_message(table <- summary(random_pca(fit)), "say nothing about Subject",
      class = "henderson_message_undetermined"
    )
    expect_identical(unname(table$Subject["Cumulative Proportion", ]), c(1, NA))
    expect_output(print(random_pca(fit)), "Note: the data say nothing about Subject")
  }
  data <- transform(sleepstudy, k = factor(paste0("z", Subject)))
  right <- random_pca(lmm(Reaction ~ Days + (1 | Subject), data))$Subject$sdev
  for (start in list(NULL, c(2, 0.5))) {
    fit <- suppressMessages(lmm(Reaction ~ Days + (1 | Subject) + (1 | k), data, start = start))
    pca <- random_pca(fit)
    expect_equal(pca$Subject$sdev^2 + pca$k$sdev^2, right^2, tolerance = 1e-6)
    expect_equal(pca$Subject$sdev, right, tolerance = 1e-6)
    expect_message(summary(pca), "only\\s+the sum is\\s+determined")
    expect_output(print(pca), "Note: .*only\\s+the sum is\\s+determined")
  }
  # one that all is known of says nothing
  whole <- random_pca(lmm(Reaction ~ Days + (Days | Subject), data))
  expect_silent(summary(whole))
  expect_false(any(grepl("Note", capture.output(print(whole)))))
})

test_that("a column without covariances that the data determine has no component", {
  unknown <- matrix(FALSE, 3, 3)
  expect_identical(henderson:::without_component(unknown), rep(FALSE, 3))
  unknown[1, ] <- unknown[, 1] <- TRUE
  expect_identical(henderson:::without_component(unknown), c(TRUE, FALSE, FALSE))
  unknown[2, 3] <- unknown[3, 2] <- TRUE
  expect_identical(henderson:::without_component(unknown), rep(TRUE, 3))
})
