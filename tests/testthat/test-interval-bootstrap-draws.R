test_that("resampled effects and residuals have the estimated covariances", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  modes <- reflated_modes(fit, 1L)
  expect_equal(rowMeans(modes), c(0, 0), tolerance = 1e-10)
  estimated <- matrix(VarCorr(fit)$Subject, 2)
  expect_equal(tcrossprod(modes) / 18, estimated, tolerance = 1e-10)
  expect_equal(mean(reflated_residuals(fit)^2), sigma(fit)^2)
  replicates <- bootstrap(fit, 400, type = "residual", seed = 1)
  error <- apply(replicates$t[, 5:6], 2, sd)
  # standard errors of 400 replicates: 3.5 % each
  expect_equal(unname(error), unname(sqrt(diag(vcov(fit)))), tolerance = 0.15)
})

test_that("wild and case bootstraps resample the outermost groups", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  wild <- bootstrap(fit, 400, type = "wild", seed = 1)
  # robust standard errors of a balanced design: those of the model
  expect_equal(
    unname(apply(wild$t[, 5:6], 2, sd)), unname(sqrt(diag(vcov(fit)))), tolerance = 0.15
  )
  case <- bootstrap(fit, 12, type = "case", seed = 1)
  chosen <- drawn_groups_cpp(1, 0, 18L)
  data <- do.call(rbind, lapply(seq_along(chosen), function(k) {
    transform(
      sleepstudy[sleepstudy$Subject == levels(sleepstudy$Subject)[chosen[k]], ], Subject = k
    )
  }))
  again <- suppressMessages(lmm(Reaction ~ Days + (Days | factor(Subject)), data))
  expect_equal(unname(case$t[1, ]), unname(fit_parameters(again)), tolerance = 1e-6)
  crossed <- lmm(Reaction ~ 1 + (1 | Subject) + (1 | Days), sleepstudy)
  for (type in c("wild", "case")) {
    expect_error(
      bootstrap(crossed, 5, type = type), "not nested", class = "henderson_error_unsupported"
    )
  }
})
