# What must not change a fit (order of rows, of levels, of terms; labels) and what must change it
# in a known way (scales and shifts). Property tests on random data: the seed is in every label;
# property_data(seed) rebuilds the data.
#
# Tolerances. The optimizer stops at a predicted decrease of 1e-12, which leaves theta within 1e-6
# of its standard error at worst. Two paths to one optimum therefore agree to: criterion 1e-8
# absolute (rounding of a sum of some hundred logs at most 1e-12, stopping rule 1e-12); beta,
# modes, fitted values and SDs 1e-6 of their standard errors or sizes. Shifts of 1e6 lose six of
# sixteen digits of the data themselves: 1e-10 relative of a column with SD 1, hence 1e-7 for the
# criterion and 1e-5 elsewhere.

property_data <- function(seed) {
  set.seed(seed)
  data <- expand.grid(rep = 1:4, subject = 1:14, item = 1:6)
  data <- data[sort(sample(nrow(data), 260)), ]
  subject <- matrix(rnorm(28), 14) %*% matrix(c(1.2, 0, 0.4, 0.7), 2)
  item <- rnorm(6, 0, 0.9)
  data$x <- rnorm(nrow(data))
  data$f <- factor(sample(c("p", "q", "r"), nrow(data), replace = TRUE))
  data$w <- exp(rnorm(nrow(data), 0, 0.4))
  data$y <- 3 + 0.5 * data$x + as.integer(data$f) + subject[data$subject, 1] +
    subject[data$subject, 2] * data$x + item[data$item] + rnorm(nrow(data))
  data$subject <- factor(paste0("s", data$subject))
  data$item <- factor(paste0("i", data$item))
  data$rep <- NULL
  data
}

property_formula <- y ~ x + f + (x | subject) + (1 | item)
property_seeds <- 101:103

fit_property <- function(data, formula = property_formula, REML = TRUE, weighted = FALSE) {
  if (weighted) {
    lmm(formula, data, REML = REML, weights = w)
  } else {
    lmm(formula, data, REML = REML)
  }
}

# Covariance matrix of a term on the natural scale.
term_covariance <- function(fit, group, columns = NULL) {
  hit <- vapply(fit$random, function(term) {
    identical(term$group, group) && (is.null(columns) || all(columns %in% term$columns))
  }, logical(1))
  term <- fit$random[[which(hit)]]
  block <- reference_lambda_block(fit$theta[term$theta_index], length(term$columns), term$structure)
  covariance <- fit$sigma^2 * tcrossprod(block)
  dimnames(covariance) <- list(term$columns, term$columns)
  covariance
}

expect_near <- function(observed, expected, scale, tolerance, label) {
  expect_lte(relative_difference(observed, expected, scale), tolerance, label = label)
}

# Everything that does not depend on units or names. `rows`: where fit's rows are in `other`.
expect_equivalent_fits <- function(fit, other, label, rows = seq_along(fit$fitted), shift = 0,
                                   tolerance = 1e-6, criterion_tolerance = 1e-8) {
  what <- function(name) paste0(label, ": ", name)
  expect_near(other$criterion, fit$criterion + shift, 1, criterion_tolerance, what("criterion"))
  expect_near(other$sigma, fit$sigma, fit$sigma, tolerance, what("sigma"))
  expect_equal(is_singular(other), is_singular(fit), label = what("singular"))
  spread <- stats::sd(fit$fitted)
  expect_near(other$fitted[rows], fit$fitted, spread, tolerance, what("fitted values"))
}

expect_same_coefficients <- function(fit, other, label, tolerance = 1e-6) {
  se <- sqrt(diag(fit$vcov))
  expect_equal(names(other$beta), names(fit$beta), label = paste0(label, ": names"))
  expect_near(other$beta / se, fit$beta / se, 1, tolerance, paste0(label, ": coefficients"))
  expect_near(sqrt(diag(other$vcov)), se, min(se), tolerance, paste0(label, ": standard errors"))
}

expect_same_covariance <- function(observed, expected, label, tolerance = 1e-6) {
  sds <- sqrt(diag(expected))
  expect_near(observed / outer(sds, sds), expected / outer(sds, sds), 1, tolerance, label)
}

for (seed in property_seeds) {
  data <- property_data(seed)

  test_that(paste("the order of the rows does not matter, seed", seed), {
    for (weighted in c(FALSE, TRUE)) {
      fit <- fit_property(data, weighted = weighted)
      set.seed(seed)
      n <- nrow(data)
      for (order in list(rev(seq_len(n)), sample(n), order(data$item, data$subject))) {
        other <- fit_property(data[order, ], weighted = weighted)
        label <- sprintf("seed %d, weighted = %s", seed, weighted)
        expect_equivalent_fits(fit, other, label, rows = match(seq_len(n), order))
        expect_same_coefficients(fit, other, label)
        modes <- ranef(fit)$subject
        expect_near(ranef(other)$subject$x, modes$x, max(abs(modes$x)), 1e-6, paste(label, "modes"))
      }
    }
  })

  test_that(paste("the order and the labels of the levels do not matter, seed", seed), {
    fit <- fit_property(data)
    other_data <- data
    set.seed(seed)
    labels <- stats::setNames(sample(10^6, nlevels(data$subject)), levels(data$subject))
    renamed <- labels[as.character(data$subject)]
    other_data$subject <- factor(renamed, levels = sample(unique(renamed)))
    other_data$item <- factor(as.character(data$item), levels = rev(levels(data$item)))
    other <- fit_property(other_data)

    label <- paste("seed", seed)
    expect_equivalent_fits(fit, other, label)
    expect_same_coefficients(fit, other, label)
    modes <- ranef(fit)$subject
    moved <- ranef(other)$subject[as.character(labels[rownames(modes)]), ]
    expect_near(as.matrix(moved), as.matrix(modes), max(abs(modes)), 1e-6, paste(label, "modes"))
    expect_equal(rownames(ranef(other)$item), rev(levels(data$item)))
  })

  test_that(paste("the order of the terms and of their columns does not matter, seed", seed), {
    set.seed(seed)
    data$z <- rnorm(nrow(data))
    # item2: as many levels as item, so that the tie is broken by the formula
    data$item2 <- factor(sample(6, nrow(data), replace = TRUE))
    # slopes of z that are there: a variance far below its own standard error would be held to a
    # relative accuracy that no stopping rule promises
    slope <- rnorm(nlevels(data$subject), 0, 0.8)
    data$y <- data$y + 0.8 * sin(as.integer(data$item2) * 2) + slope[data$subject] * data$z
    formulas <- list(
      y ~ x + z + f + (0 + x + z | subject) + (1 | item) + (1 | item2),
      y ~ f + z + x + (1 | item2) + (1 | item) + (0 + z + x | subject),
      y ~ (1 | item) + z + (0 + z + x | subject) + f + (1 | item2) + x
    )
    for (REML in c(TRUE, FALSE)) {
      fits <- lapply(formulas, function(formula) fit_property(data, formula, REML))
      for (other in fits[-1]) {
        label <- sprintf("seed %d, REML = %s", seed, REML)
        other$beta <- other$beta[names(fits[[1]]$beta)]
        other$vcov <- other$vcov[names(other$beta), names(other$beta)]
        expect_equivalent_fits(fits[[1]], other, label)
        expect_same_coefficients(fits[[1]], other, label)
        expected <- term_covariance(fits[[1]], "subject")
        observed <- term_covariance(other, "subject")[rownames(expected), colnames(expected)]
        expect_same_covariance(observed, expected, paste(label, "covariance of (x, z)"))
        for (group in c("item", "item2")) {
          expected <- term_covariance(fits[[1]], group)
          expect_same_covariance(term_covariance(other, group), expected, paste(label, group))
        }
      }
    }
  })

  test_that(paste("a singular fit does not depend on the order of columns either, seed", seed), {
    set.seed(seed)
    # no slopes of z at all: the estimated covariance of (x, z) may have rank one
    data$z <- rnorm(nrow(data))
    fit <- suppressMessages(fit_property(data, y ~ x + z + (0 + x + z | subject) + (1 | item)))
    other <- suppressMessages(fit_property(data, y ~ x + z + (0 + z + x | subject) + (1 | item)))
    label <- paste("seed", seed)
    expect_equivalent_fits(fit, other, label)
    expect_same_coefficients(fit, other, label)
    # z's SD is estimated at a fraction of its standard error, hence a tenfold tolerance
    expected <- term_covariance(fit, "subject")
    observed <- term_covariance(other, "subject")[rownames(expected), colnames(expected)]
    expect_same_covariance(observed, expected, paste(label, "covariance of (x, z)"), 1e-5)
  })

  test_that(paste("scaling the response scales the fit, seed", seed), {
    for (REML in c(TRUE, FALSE)) {
      fit <- fit_property(data, REML = REML)
      m <- if (REML) fit$n - length(fit$beta) else fit$n
      for (factor in c(1e-6, 1e6, -3)) {
        other <- fit_property(transform(data, y = y * factor), REML = REML)
        label <- sprintf("seed %d, REML = %s, y times %g", seed, REML, factor)
        # theta is relative to sigma and does not change
        expect_near(other$theta, fit$theta, 1, 1e-6, paste(label, "theta"))
        other$fitted <- other$fitted / factor
        other$beta <- other$beta / factor
        other$vcov <- other$vcov / factor^2
        other$sigma <- other$sigma / abs(factor)
        expect_equivalent_fits(fit, other, label, shift = m * 2 * log(abs(factor)))
        expect_same_coefficients(fit, other, label)
      }
    }
  })

  test_that(paste("scaling a covariate of X alone scales its coefficient, seed", seed), {
    formula <- y ~ x + z + f + (x | subject) + (1 | item)
    set.seed(seed)
    data$z <- rnorm(nrow(data))
    for (REML in c(TRUE, FALSE)) {
      fit <- fit_property(data, formula, REML)
      for (factor in c(1e-6, 1e6)) {
        other <- fit_property(transform(data, z = z * factor), formula, REML)
        label <- sprintf("seed %d, REML = %s, z times %g", seed, REML, factor)
        other$beta["z"] <- other$beta["z"] * factor
        other$vcov["z", ] <- other$vcov["z", ] * factor
        other$vcov[, "z"] <- other$vcov[, "z"] * factor
        # log|X'V^-1 X| contains the units of X
        expect_equivalent_fits(fit, other, label, shift = if (REML) 2 * log(factor) else 0)
        expect_same_coefficients(fit, other, label)
        expect_near(other$theta, fit$theta, 1, 1e-6, paste(label, "theta"))
      }
    }
  })

  test_that(paste("scaling a covariate of X and Z scales its slopes, seed", seed), {
    for (formula in list(property_formula, y ~ x + f + (x || subject) + (1 | item))) {
      fit <- fit_property(data, formula)
      for (factor in c(1e-6, 1e6)) {
        other <- fit_property(transform(data, x = x * factor), formula)
        label <- sprintf("seed %d, %s, x times %g", seed, deparse(formula), factor)
        other$beta["x"] <- other$beta["x"] * factor
        other$vcov["x", ] <- other$vcov["x", ] * factor
        other$vcov[, "x"] <- other$vcov[, "x"] * factor
        expect_equivalent_fits(fit, other, label, shift = 2 * log(factor))
        expect_same_coefficients(fit, other, label)
        back <- diag(c(1, factor))
        expect_same_covariance(
          back %*% term_covariance(other, "subject") %*% back, term_covariance(fit, "subject"),
          paste(label, "covariance")
        )
        modes <- ranef(fit)$subject$x
        moved <- ranef(other)$subject$x * factor
        expect_near(moved, modes, max(abs(modes)), 1e-6, paste(label, "modes"))
      }
    }
  })

  test_that(paste("scaling a covariate of Z alone scales its standard deviation, seed", seed), {
    formula <- y ~ f + (0 + x | subject) + (1 | item)
    for (REML in c(TRUE, FALSE)) {
      fit <- fit_property(data, formula, REML)
      for (factor in c(1e-6, 1e6)) {
        other <- fit_property(transform(data, x = x * factor), formula, REML)
        label <- sprintf("seed %d, REML = %s, x times %g", seed, REML, factor)
        expect_equivalent_fits(fit, other, label)
        expect_same_coefficients(fit, other, label)
        expect_same_covariance(
          term_covariance(other, "subject") * factor^2, term_covariance(fit, "subject"), label
        )
      }
    }
  })

  test_that(paste("a shift of the response moves the intercept only, seed", seed), {
    fit <- fit_property(data)
    for (shift in c(-1e3, 1e6)) {
      other <- fit_property(transform(data, y = y + shift))
      label <- sprintf("seed %d, y plus %g", seed, shift)
      other$beta["(Intercept)"] <- other$beta["(Intercept)"] - shift
      other$fitted <- other$fitted - shift
      expect_equivalent_fits(fit, other, label, tolerance = 1e-5, criterion_tolerance = 1e-7)
      expect_same_coefficients(fit, other, label, tolerance = 1e-5)
      expect_near(other$theta, fit$theta, 1, 1e-5, paste(label, "theta"))
    }
  })

  test_that(paste("a shift of a covariate with full intercepts is the same model, seed", seed), {
    for (REML in c(TRUE, FALSE)) {
      fit <- fit_property(data, REML = REML)
      for (shift in c(-20, 1e4, 1e6)) {
        other <- fit_property(transform(data, x = x + shift), REML = REML)
        label <- sprintf("seed %d, REML = %s, x plus %g", seed, REML, shift)
        # (1, x) -> (1, x + shift) has determinant one: the REML criterion stays as well
        expect_equivalent_fits(fit, other, label, tolerance = 1e-5, criterion_tolerance = 1e-7)
        slope <- c("x", "fq", "fr")
        se <- sqrt(diag(fit$vcov))[slope]
        expect_near(other$beta[slope] / se, fit$beta[slope] / se, 1, 1e-5, paste(label, "slopes"))
        ratio <- sqrt(diag(other$vcov))[slope] / se
        expect_near(ratio, rep(1, 3), 1, 1e-5, paste(label, "standard errors"))
        # intercept + shift * slope is the old intercept; its rounding is that of 1e6 * slope
        back <- other$beta[["(Intercept)"]] + shift * other$beta[["x"]]
        unit <- sqrt(fit$vcov[1, 1])
        expect_near(back, fit$beta[["(Intercept)"]], unit, 1e-5, paste(label, "intercept"))
        variance <- term_covariance(fit, "subject")["x", "x"]
        moved <- term_covariance(other, "subject")["x", "x"]
        expect_near(moved, variance, variance, 1e-5, paste(label, "slope variance"))
        modes <- ranef(fit)$subject$x
        expect_near(ranef(other)$subject$x, modes, max(abs(modes)), 1e-5, paste(label, "modes"))
      }
    }
  })
}

test_that("a zero-weight row is a row left out, wherever it stands", {
  for (seed in property_seeds) {
    data <- property_data(seed)
    set.seed(seed)
    out <- sort(sample(nrow(data), 20))
    data$w[out] <- 0
    data$y[out] <- 1e3
    fit <- fit_property(data[-out, ], weighted = TRUE)
    other <- fit_property(data, weighted = TRUE)
    label <- paste("seed", seed)
    expect_equal(other$n, nrow(data) - 20)
    expect_equivalent_fits(fit, other, label, rows = seq_len(nrow(data))[-out])
    expect_same_coefficients(fit, other, label)
  }
})

test_that("all weights multiplied by one number change sigma only", {
  for (seed in property_seeds) {
    data <- property_data(seed)
    fit <- fit_property(data, weighted = TRUE)
    other <- fit_property(transform(data, w = w * 100), weighted = TRUE)
    label <- paste("seed", seed)
    # Var(e_i) = sigma^2 / w_i: sigma^2 grows by 100; variances of b stay, so theta shrinks by 10
    expect_near(other$theta * 10, fit$theta, 1, 1e-6, paste(label, "theta"))
    other$sigma <- other$sigma / 10
    expect_equivalent_fits(fit, other, label)
    expect_same_coefficients(fit, other, label)
  }
})

test_that("an offset is subtracted from the response and added to the fit", {
  for (seed in property_seeds) {
    data <- property_data(seed)
    set.seed(seed)
    data$o <- rnorm(nrow(data), 50, 10)
    shifted <- transform(data, y = y + o)
    fit <- fit_property(data)
    by_argument <- lmm(property_formula, shifted, offset = o)
    in_formula <- lmm(y ~ x + f + offset(o) + (x | subject) + (1 | item), shifted)
    for (other in list(by_argument, in_formula)) {
      other$fitted <- other$fitted - data$o
      expect_equivalent_fits(fit, other, paste("seed", seed))
      expect_same_coefficients(fit, other, paste("seed", seed))
    }
  }
})
