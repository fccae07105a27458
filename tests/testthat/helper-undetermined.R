# Data whose models have more parameters than they determine, and their fits.

crossed_rows <- function(seed = 1) {
  withr::with_seed(seed, {
    data <- expand.grid(i = 1:5, g = factor(1:8))
    data$x <- rnorm(40)
    data$u <- rnorm(40)
    data$y <- rnorm(8)[data$g] + rnorm(8)[data$g] * data$x + rnorm(40)
    data
  })
}

fit_unchecked <- function(formula, data, ...) {
  control <- lmm_control(check_nobs_vs_nlev = "ignore", check_nobs_vs_nre = "ignore")
  suppressMessages(lmm(formula, data, control = control, ...))
}
