# Numbers printed in courses and references. fixtures/lme4-2.1-fits.csv: lme4 2.1-0 on R 4.2.2,
# extracted by fixtures/make-lme4-2.1-fits.R from the session log; everything else is exact or
# stated with its source.

# lme4 stops when its derivative-free optimizer's steps get small: its criterion is right to 1e-7
# or better, so its parameters are off by up to the square root of that. Its four-point REML fit
# has 66.500111 for 66.5; on sleepstudy by ML its SDs are off by 4e-5 and its standard errors by
# 3e-5. So at our own optimum: criterion 1e-6 absolute, SDs and sigma 1e-4, standard errors 5e-5
# relative. Evaluated at lme4's own theta, printed to nine digits, everything has to agree to 1e-7.
sd_tolerance <- 1e-4
se_tolerance <- 5e-5
printed_tolerance <- 1e-7

reference_figures <- function(fit) {
  figures <- utils::read.csv(
    test_path("fixtures", "lme4-2.1-fits.csv"),
    colClasses = c("character", "character", "character", "numeric")
  )
  figures <- figures[figures$fit == fit, ]
  stopifnot(nrow(figures) > 0)
  figures
}

figure <- function(figures, quantity) {
  rows <- figures[figures$quantity == quantity, ]
  stats::setNames(rows$value, rows$name)
}

sds_by_name <- function(fit) {
  table <- as.data.frame(VarCorr(fit))
  table <- table[is.na(table$var2) & table$grp != "Residual", ]
  stats::setNames(table$sdcor, paste(table$grp, table$var1))
}

expect_relative <- function(observed, expected, tolerance, label) {
  expect_lte(max(abs(unname(observed) / unname(expected) - 1)), tolerance, label = label)
}

reference_fits <- c(
  "sleepstudy", "sleepstudy_ml", "sorghum_e3", "sorghum_e3_ml", "four_points", "four_points_ml"
)

for (name in reference_fits) {
  test_that(paste("the reference figures come out for", name), {
    figures <- reference_figures(name)
    fit <- fit_cached(name)
    expect_lte(abs(fit$criterion - figure(figures, "criterion")), 1e-6)
    # ours may only be lower: 1e-8 is the rounding of a figure printed to 12 digits
    expect_lte(fit$criterion - figure(figures, "criterion"), 1e-8 + 1e-12 * abs(fit$criterion))
    expect_lte(abs(AIC(fit) - figure(figures, "AIC")), 1e-6)
    expect_lte(abs(BIC(fit) - figure(figures, "BIC")), 1e-6)
    expect_relative(sigma(fit), figure(figures, "sigma"), sd_tolerance, "sigma")
    sds <- figure(figures, "sd")
    expect_setequal(names(sds_by_name(fit)), names(sds))
    expect_relative(sds_by_name(fit)[names(sds)], sds, sd_tolerance, "standard deviations")

    table <- coef(summary(fit))
    estimates <- figure(figures, "estimate")
    expect_equal(rownames(table), names(estimates))
    # balanced data: beta does not depend on theta, printed to 6 decimals
    expect_lte(max(abs(table[, "Estimate"] - estimates)), 1e-6)
    errors <- figure(figures, "standard error")
    expect_relative(table[, "Std. Error"], errors, se_tolerance, "standard errors")
  })
}

for (name in reference_fits) {
  test_that(paste("every reference figure comes out at the reference's theta for", name), {
    figures <- reference_figures(name)
    control <- lmm_control(optimizer = "none")
    theta <- unname(figure(figures, "theta"))
    recipe <- fit_recipes()[[name]]
    recipe$start <- theta
    recipe$control <- control
    fit <- eval(recipe)

    expect_equal(unname(fit$theta), theta)
    expect_lte(abs(fit$criterion - figure(figures, "criterion")), 1e-7)
    expect_relative(sigma(fit), figure(figures, "sigma"), printed_tolerance, "sigma")
    sds <- figure(figures, "sd")
    # an SD is printed to 8 significant digits, theta to 8 or 9
    observed <- sds_by_name(fit)[names(sds)]
    expect_relative(observed, sds, printed_tolerance, "standard deviations")
    errors <- figure(figures, "standard error")
    expect_relative(sqrt(diag(vcov(fit))), errors, printed_tolerance, "standard errors")
  })
}

test_that("the sorghum trial's modes and scaled residuals are the printed ones", {
  figures <- reference_figures("sorghum_e3")
  fit <- fit_cached("sorghum_e3")
  modes <- figure(figures, "ranef")
  expect_equal(rownames(ranef(fit)$rep), names(modes))
  # as for the SDs above
  expect_relative(ranef(fit)$rep[["(Intercept)"]], modes, sd_tolerance, "conditional modes")
  observed <- unname(quantile(residuals(fit, type = "pearson", scaled = TRUE)))
  expect_lte(max(abs(observed - figure(figures, "scaled residual quantile"))), 1e-5)
})

test_that("the sorghum trial's summary holds the course's printed values", {
  summary <- summary(fit_cached("sorghum_e3"))
  table <- coef(summary)
  # rounded as the course prints them, so these are exact strings
  printed <- function(row) {
    sprintf(c("%.2f", "%.2f", "%.3f"), table[row, c("Estimate", "Std. Error", "t value")])
  }
  expect_equal(printed("(Intercept)"), c("581.86", "84.46", "6.889"))
  expect_equal(printed("genG02"), c("-66.52", "113.20", "-0.588"))
  expect_equal(printed("genG18"), c("448.28", "113.20", "3.960"))
  expect_equal(sprintf("%.1f", summary$criterion), "729.7")
  variance_and_sd <- function(sd) sprintf("%.0f / %.2f", sd^2, sd)
  expect_equal(variance_and_sd(sds_by_name(fit_cached("sorghum_e3"))), "2906 / 53.91")
  expect_equal(variance_and_sd(sigma(fit_cached("sorghum_e3"))), "25627 / 160.09")
  expect_equal(nobs(fit_cached("sorghum_e3")), 72)
  expect_equal(unname(n_groups(fit_cached("sorghum_e3"))), 4)
})

test_that("the split plot of durban.splitplot has the printed criterion and standard deviations", {
  fit <- fit_cached("durban")
  figures <- reference_figures("durban")
  expect_lte(abs(fit$criterion - 340.473204), 1e-6)
  # printed to 8 decimals; relative as above
  sds <- figure(figures, "sd")
  expect_relative(sds_by_name(fit)[names(sds)], sds, sd_tolerance, "standard deviations")
  expect_equal(sprintf("%.4f", sds_by_name(fit)), c("0.1174", "0.1697"))
  expect_relative(sigma(fit), 0.28118541, sd_tolerance, "sigma")
})

test_that("the oats split plot has the reference's figures", {
  need_peer("MASS")
  fit <- fit_cached("oats")
  figures <- reference_figures("oats")
  expect_lte(abs(fit$criterion - figure(figures, "criterion")), 1e-6)
  # the log uses other names for the same factors
  long <- c(varieties = "V", nitrogen = "N", blocks = "B")
  rename <- function(x) {
    for (name in names(long)) x <- gsub(name, long[[name]], x, fixed = TRUE)
    x
  }
  sds <- figure(figures, "sd")
  expect_relative(sds_by_name(fit)[rename(names(sds))], sds, sd_tolerance, "standard deviations")
  expect_relative(sigma(fit), figure(figures, "sigma"), sd_tolerance, "sigma")
  estimates <- figure(figures, "estimate")
  expect_equal(names(fixef(fit)), rename(names(estimates)))
  expect_lte(max(abs(fixef(fit) - estimates)), 1e-6)
  errors <- figure(figures, "standard error")
  expect_relative(sqrt(diag(vcov(fit))), errors, se_tolerance, "standard errors")
})

# 12 columns on each of two factors: 6 blocks and the 12 treatments.
oats_overparametrised <- Y ~ V * N + (V * N || B) + (V * N || V:N)
oats_correlated <- Y ~ V * N + (V * N | B) + (V * N | V:N)

test_that("the over-parametrised diagonal oats model runs and is singular", {
  need_peer("MASS")
  fit <- suppressMessages(lmm(oats_overparametrised, MASS::oats))
  expect_length(fit$theta, 24)
  expect_true(is_singular(fit))
  expect_true(all(is.finite(c(fit$criterion, fixef(fit), fit$vcov, unlist(fit$b)))))
  # every treatment is a cell of V:N: the variances of these, and with them the standard errors of
  # treatments, are one choice of many, the same from any start
  start <- seq(0.5, 3, length.out = 24)
  other <- suppressMessages(lmm(oats_overparametrised, MASS::oats, start = start))
  expect_equal(other$criterion, fit$criterion, tolerance = 1e-9)
  expect_equal(other$vcov, fit$vcov, tolerance = 1e-4)
  expect_true(all(is.na(vcov(fit))))
  # it contains the model with two intercepts only
  smaller <- suppressMessages(lmm(Y ~ V * N + (1 | B) + (1 | V:N), MASS::oats))
  expect_lte(fit$criterion, smaller$criterion + 1e-6)
})

test_that("the same with blocks and plots runs, and contains the split plot", {
  need_peer("MASS")
  fit <- suppressMessages(lmm(Y ~ V * N + (V * N || B / V), MASS::oats))
  expect_length(fit$theta, 24)
  expect_lte(fit$criterion, fit_cached("oats")$criterion + 1e-6)
})

test_that("the correlated oats model is refused with both counts", {
  need_peer("MASS")
  expect_error(lmm(oats_correlated, MASS::oats), class = "henderson_error")
  message <- tryCatch(lmm(oats_correlated, MASS::oats), error = conditionMessage)
  expect_match(message, "144")
  expect_match(message, "72")
})

test_that("the four-point data give the paired t-test by REML and the printed ML figures", {
  data <- four_point_data()
  ml <- fit_cached("four_points_ml")
  reml <- fit_cached("four_points")
  paired <- t.test(data$Resp[3:4], data$Resp[1:2], paired = TRUE)

  # Exact values: residual variance 36 (REML), 18 (ML); between individuals 66.5 and 33.25. The
  # optimizer stops at a predicted decrease of 1e-12, so variances are within about 1e-6 of
  # themselves; the last quadratic step takes them much further.
  exact <- 1e-6
  expect_equal(unname(fixef(ml)), c(6.5, 9), tolerance = 1e-12)
  expect_equal(unname(fixef(reml)), c(6.5, 9), tolerance = 1e-12)
  expect_relative(sigma(ml)^2, 18, exact, "ML residual variance")
  expect_relative(sds_by_name(ml)^2, 33.25, exact, "ML variance between individuals")
  expect_relative(sigma(reml)^2, 36, exact, "REML residual variance")
  expect_relative(sds_by_name(reml)^2, 66.5, exact, "REML variance between individuals")
  expect_equal(sprintf("%.5f", sigma(ml)), "4.24264")
  expect_equal(sprintf("%.5f", sds_by_name(ml)), "5.76628")
  t_value <- coef(summary(reml))["Treat", "t value"]
  expect_relative(t_value, 1.5, exact, "t value")
  expect_relative(t_value, paired$statistic, exact, "t value against t.test")
})
