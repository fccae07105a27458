test_that("tidy() has the limits of confint() by other methods", {
  skip_if_not_installed("generics")
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  table <- generics::tidy(fit, conf.int = TRUE, conf.method = "profile", conf.level = 0.9)
  limits <- confint(fit, level = 0.9, signames = FALSE)
  order <- c(
    "(Intercept)", "Days", "sd_(Intercept)|Subject", "cor_Days.(Intercept)|Subject",
    "sd_Days|Subject", "sigma"
  )
  expect_identical(table$term[3:6], c(
    "sd__(Intercept)", "cor__(Intercept).Days", "sd__Days", "sd__Observation"
  ))
  expect_equal(table$conf.low, unname(limits[order, 1]))
  expect_equal(table$conf.high, unname(limits[order, 2]))
  # without limits nothing is searched for
  expect_identical(generics::tidy(fit, conf.method = "profile"), generics::tidy(fit))
  variances <- generics::tidy(
    fit, "ran_pars", scales = "vcov", conf.int = TRUE, conf.method = "profile", conf.level = 0.9
  )
  expect_equal(variances$conf.low[c(1, 4)], unname(limits[c(1, 4), 1]^2))
  expect_true(is.na(variances$conf.low[2]))
  ratios <- generics::tidy(
    lmm(log(Reaction) ~ Days + (1 | Subject), sleepstudy), "fixed",
    conf.int = TRUE, exponentiate = TRUE, conf.method = "profile"
  )
  logs <- confint(lmm(log(Reaction) ~ Days + (1 | Subject), sleepstudy), "beta_")
  expect_equal(ratios$conf.high, unname(exp(logs[, 2])))
  set.seed(1)
  by_bootstrap <- generics::tidy(fit, "fixed", conf.int = TRUE, conf.method = "boot")
  set.seed(1)
  expect_equal(by_bootstrap$conf.low, unname(confint(fit, "beta_", method = "boot")[, 1]))
})

test_that("terms on one factor and crossed factors get their own limits", {
  skip_if_not_installed("generics")
  data <- transform(sleepstudy, day = factor(Days))
  fit <- suppressMessages(
    lmm(Reaction ~ 1 + (1 | Subject) + (0 + Days | Subject) + (1 | day), data)
  )
  table <- generics::tidy(fit, "ran_pars", conf.int = TRUE, conf.method = "profile")
  limits <- confint(fit, "theta_", signames = FALSE)
  for (i in seq_len(nrow(table))) {
    group <- sub("[.]1$", "", table$group[i])
    label <- paste0(sub("sd__", "sd_", table$term[i]), "|", group)
    if (group == "Residual") label <- "sigma"
    expect_equal(table$conf.high[i], limits[[label, 2]])
  }
})
