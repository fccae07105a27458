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

# The replicate by hand: groups stacked, with a new column that tells the copies apart.
stacked_groups <- function(data, group, number = 0, seed = 1) {
  rows <- split(seq_len(nrow(data)), data[[group]])
  chosen <- drawn_groups_cpp(seed, number, length(rows))
  do.call(rbind, lapply(seq_along(chosen), function(k) {
    data.frame(data[rows[[chosen[k]]], ], copy = factor(k))
  }))
}

test_that("a case bootstrap leaves the fixed part as it is where it has grouping variables", {
  oats <- as.data.frame(nlme::Oats)
  oats$Block <- factor(oats$Block, ordered = FALSE)
  fit <- lmm(yield ~ nitro + Variety + (1 | Block/Variety), oats)
  case <- bootstrap(fit, 3, type = "case", seed = 1)
  expect_identical(case$failures$count, 0L)
  by_function <- bootstrap(fit, 3, fixef, type = "case", seed = 1)
  expect_equal(unname(by_function$t), unname(case$t[, names(fixef(fit))]))
  for (k in 1:3) {
    data <- stacked_groups(oats, "Block", k - 1)
    again <- suppressMessages(lmm(yield ~ nitro + Variety + (1 | copy/Variety), data))
    expect_equal(unname(case$t[k, ]), unname(fit_parameters(again)), tolerance = 1e-6)
  }
  # the grouping factor's own variable, a number, in the fixed part
  data <- transform(sleepstudy, id = as.integer(Subject))
  fit <- lmm(Reaction ~ Days + id + (Days | id), data)
  case <- bootstrap(fit, 2, type = "case", seed = 1)
  again <- suppressMessages(
    lmm(Reaction ~ Days + id + (Days | copy), stacked_groups(data, "id"))
  )
  expect_equal(unname(case$t[1, ]), unname(fit_parameters(again)), tolerance = 1e-6)
  # a grouping factor that is computed from a variable
  fit <- lmm(Reaction ~ Days + (Days | factor(Subject)), sleepstudy)
  plain <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  expect_equal(
    unname(bootstrap(fit, 3, type = "case", seed = 1)$t),
    unname(bootstrap(plain, 3, type = "case", seed = 1)$t), tolerance = 1e-6
  )
  # an interaction of which one factor is in the fixed part
  data <- transform(datasets::warpbreaks, g = rep(1:9, 6))
  data$y <- data$breaks + 5 * sin(3 * data$g)
  fit <- suppressMessages(lmm(y ~ wool * tension + (1 | wool:g), data))
  case <- bootstrap(fit, 2, type = "case", seed = 1)
  expect_identical(case$failures$count, 0L)
})

test_that("parameters keep their places where replicates have the terms in another order", {
  set.seed(1)
  data <- expand.grid(school = 1:6, teacher = 1:4, student = 1:4, again = 1:2)
  data <- data[data$teacher <= 1 + data$school %% 3 | data$student <= 2, ]
  data <- subset(data, !(school == 1 & student > 2))
  data$y <- rnorm(24)[4 * data$school + data$teacher - 4] + rnorm(nrow(data)) +
    3 * rnorm(24)[4 * data$school + data$student - 4]
  fit <- suppressMessages(
    lmm(y ~ 1 + (1 | school) + (1 | school:teacher) + (1 | school:student), data)
  )
  labels <- interval_parameters(fit)$label
  turned <- fit
  turned$random <- fit$random[c(2, 1, 3)]
  expect_identical(
    parameters_by_label(turned, FALSE, labels)[labels == "sigma"], fit$sigma
  )
  expect_equal(as.numeric(parameters_by_label(turned, FALSE, labels)), fit_parameters(fit))
  expect_error(parameters_by_label(fit, FALSE, c(labels, "x")), "x")
})
