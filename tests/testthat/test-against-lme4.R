# lme4 on real models (helper-real-models.R), live. Three kinds of evidence for each model:
# (a) at lme4's own theta, no optimizer involved, everything agrees;
# (b) our optimum is at least as good, both criteria computed by our function;
# (c) at our optimum everything agrees with the dense oracle on lme4's model matrices.

# Two Cholesky factorizations of the same matrix, in different orders, agree to about 1e-15 times
# its condition number. On these models lme4 and the dense oracle differ by at most 5e-10 standard
# errors in beta and by less in everything else, so 1e-8 holds both codes to their conditioning
# and no less.
same <- 1e-8
# (b): absolute on the scale of -2 log L, and in standard errors.
never_above <- 1e-6
beta_within <- 1e-3
# n^3: 1500 rows take about a second
dense_limit <- 1500

quiet_control <- function(optimizer = NULL) {
  arguments <- list(check_singular = "ignore", check_rank = "ignore")
  arguments$optimizer <- optimizer
  do.call(lmm_control, arguments)
}

fit_real_model_ours <- function(model, theta = NULL) {
  if (is.null(theta)) {
    return(fit_real_model(model, lmm, control = quiet_control()))
  }
  fit_real_model(model, lmm, start = theta, control = quiet_control("none"))
}

lme4_criterion <- function(m) {
  if (lme4::isREML(m)) lme4::REMLcrit(m) else -2 * as.numeric(logLik(m))
}

expect_close <- function(observed, expected, scale, what, tolerance = same) {
  difference <- relative_difference(observed, expected, scale)
  expect(
    isTRUE(difference <= tolerance),
    sprintf("%s differ by %.2g of their scale, more than %.0g", what, difference, tolerance)
  )
}

# `peer`: list(criterion, beta, se, sigma, fitted, modes), from lme4 or the oracle.
expect_same_fit <- function(fit, peer, label) {
  what <- function(name) paste0(label, ": ", name)
  # the criterion is a sum of n logs and may pass through zero
  expect_close(fit$criterion, peer$criterion, max(abs(peer$criterion), fit$n), what("criteria"))
  expect_equal(names(fit$beta), names(peer$beta), info = what("names of coefficients"))
  # a coefficient in its own standard errors or its own size, whichever is larger
  unit <- pmax(peer$se, abs(peer$beta))
  expect_close(fit$beta / unit, peer$beta / unit, 1, what("coefficients"))
  expect_close(sqrt(diag(fit$vcov)) / peer$se, rep(1, length(peer$se)), 1, what("standard errors"))
  expect_close(fit$sigma, peer$sigma, peer$sigma, what("sigma"))
  expect_close(fit$fitted, peer$fitted, max(abs(peer$fitted)), what("fitted values"))
  differences <- modes_difference(fit_modes_like(fit, peer$modes), peer$modes)
  expect_lte(differences[["modes"]], same, label = what("difference of conditional modes"))
  expect_lte(differences[["variance"]], same, label = what("difference of conditional variances"))
}

peer_from_lme4 <- function(m) {
  list(
    criterion = lme4_criterion(m), beta = lme4::fixef(m), se = sqrt(diag(as.matrix(vcov(m)))),
    sigma = sigma(m), fitted = fitted(m), modes = lme4_modes(m)
  )
}

peer_from_reference <- function(m, theta) {
  reference <- reference_from_lme4(m, theta)
  list(
    criterion = reference$criterion, beta = reference$beta, se = sqrt(diag(reference$vcov)),
    sigma = reference$sigma, fitted = reference$fitted,
    modes = reference_modes_like(reference, lme4_modes(m))
  )
}

real_data_packages <- c("lme4", "nlme", "MASS", "lattice", "agridat")

lme4_fits <- new.env(parent = emptyenv())

lme4_fit_of <- function(model) {
  if (is.null(lme4_fits[[model$name]])) {
    lme4_fits[[model$name]] <- fit_real_model_lme4(model)
  }
  lme4_fits[[model$name]]
}

# What a model is, read off lme4's fit and not off the table.
observed_tags <- function(model) {
  m <- lme4_fit_of(model)
  X <- lme4::getME(m, "X")
  c(
    singular = lme4::isSingular(m, tol = 1e-4),
    rank_deficient = length(attr(X, "col.dropped")) > 0,
    weighted = !is.null(model$weights),
    offset = any(lme4::getME(m, "offset") != 0),
    three_columns = max(lengths(m@cnms)) >= 3,
    ml = !lme4::isREML(m),
    na = nrow(eval(model$data)) > stats::nobs(m)
  )
}

test_that("the table holds the models the comparison promises", {
  need_peer(real_data_packages)
  models <- real_models()
  observed <- vapply(models, observed_tags, logical(7))
  counts <- rowSums(observed)
  stated <- table(unlist(lapply(models, `[[`, "tags")))

  expect_gte(length(models), 80)
  expect_gte(stated[["crossed"]], 10)
  expect_gte(stated[["nested"]], 10)
  expect_gte(counts[["singular"]], 8)
  expect_gte(counts[["rank_deficient"]], 5)
  expect_gte(counts[["weighted"]] + counts[["offset"]], 8)
  expect_gte(counts[["three_columns"]], 5)
  expect_gte(counts[["ml"]], 10)
  expect_gte(counts[["na"]], 5)

  names <- vapply(models, `[[`, "", "name")
  expect_equal(anyDuplicated(names), 0L)
  # no near-duplicates: no two models with one formula on one data expression
  key <- vapply(models, function(model) {
    paste(deparse(list(model$formula, model$data)), collapse = "")
  }, "")
  expect_equal(anyDuplicated(key), 0L)
  # (whether lme4 stops on the boundary or next to it varies with its version, so `singular` is
  # only counted)
  for (tag in c("rank_deficient", "weighted", "offset", "three_columns")) {
    tagged <- vapply(models, function(model) tag %in% model$tags, logical(1))
    expect_equal(names[tagged], names[observed[tag, ]], info = paste("models tagged", tag))
  }
})

for (model in real_models()) {
  test_that(paste0("lme4 and the oracle agree on ", model$name), {
    need_peer(real_data_packages)
    m <- lme4_fit_of(model)
    best <- fit_real_model_ours(model)
    at_lme4 <- fit_real_model_ours(model, theta_from_lme4(m, best))

    expect_same_fit(at_lme4, peer_from_lme4(m), "at lme4's theta")

    gain <- at_lme4$criterion - best$criterion
    expect_gte(gain, -never_above, label = "criterion at lme4's theta minus ours at the optimum")
    expect_true(best$optimization$converged, info = best$optimization$message)
    if (gain <= never_above) {
      moved <- max(abs(best$beta - at_lme4$beta) / sqrt(diag(at_lme4$vcov)))
      expect(
        moved <= beta_within,
        sprintf("beta moved by %.2g standard errors; our criterion is lower by %.3g", moved, gain)
      )
    }

    if (stats::nobs(m) <= dense_limit) {
      peer <- peer_from_reference(m, theta_to_lme4(best, m))
      expect_same_fit(best, peer, sprintf("at our optimum (better by %.2g)", gain))
    }
  })
}
