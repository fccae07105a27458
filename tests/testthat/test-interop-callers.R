# Arguments that other packages give to the methods of base R and generics, and what callers do with
# fits.

test_that("arguments that callers always give mean what they mean elsewhere", {
  fit <- fit_cached("sleepstudy")
  expect_identical(sigma(fit, use.fallback = TRUE), fit$sigma)
  expect_identical(attr(terms(fit, random.only = TRUE), "term.labels"), c("Days", "Subject"))
  expect_identical(attr(terms(fit, random.only = TRUE), "response"), 0L)
  expect_error(terms(fit, fixed.only = TRUE, random.only = TRUE),
    class = "henderson_error_argument"
  )
  expect_error(sigma(fit, fallback = TRUE), class = "henderson_error_argument")
  data <- transform(subset(omer.sorghum, env == "E3"), twice = sqrt(seq_len(72L)))
  deficient <- suppressMessages(lmm(yield ~ gen + twice + I(2 * twice) + (1 | rep), data))
  expect_identical(deficient$dropped, "I(2 * twice)")
  complete <- coef(deficient, complete = TRUE)$rep
  expect_identical(names(complete), deficient$all_columns)
  expect_true(all(is.na(complete[["I(2 * twice)"]])))
  expect_equal(complete[names(fixef(deficient))], coef(deficient)$rep)
})

test_that("terms(random.only = TRUE) has lme4's variables", {
  need_peer("lme4")
  for (formula in list(Reaction ~ Days + (Days | Subject), Reaction ~ 1 + (1 | Subject))) {
    m <- lme4::lmer(formula, sleepstudy)
    labels <- function(x) attr(terms(x, random.only = TRUE), "term.labels")
    expect_identical(labels(lmm(formula, sleepstudy)), labels(m))
  }
})

test_that("model.frame(data = ) evaluates the model's variables in other data", {
  data <- transform(sleepstudy, f = factor(rep_len(c("a", "b", "c"), 180L)))
  fit <- lmm(log(Reaction) ~ scale(Days) + f + (1 | Subject), data)
  rows <- c(5, 50, 100)
  other <- model.frame(fit, data = data[rows, ])
  # centred and scaled as in the fit, levels of the fit
  expect_equal(other, model.frame(fit)[rows, ], ignore_attr = TRUE)
  expect_identical(levels(other$f), c("a", "b", "c"))
  data$Days[5] <- NA
  expect_identical(rownames(model.frame(fit, data = data[rows, ])), c("50", "100"))
  fixed <- c("log(Reaction)", "scale(Days)", "f")
  expect_identical(names(model.frame(fit, TRUE, data[rows, ])), fixed)
  expect_error(model.frame(fit, data = data["f"]), class = "henderson_error_newdata")
})

test_that("simulate(na.action = ) keeps or leaves out rows that the fit has not", {
  data <- sleepstudy
  data$Reaction[c(3, 10)] <- NA
  formula <- Reaction ~ Days + (1 | Subject)
  omit <- lmm(formula, data)
  exclude <- lmm(formula, data, na.action = na.exclude)
  values <- simulate(omit, seed = 1)$sim_1
  padded <- append(append(values, NA, 2), NA, 9)
  expect_identical(simulate(exclude, seed = 1)$sim_1, padded)
  expect_identical(simulate(omit, seed = 1, na.action = na.exclude)$sim_1, padded)
  expect_identical(simulate(omit, seed = 1, na.action = "na.pass")$sim_1, padded)
  expect_identical(simulate(exclude, seed = 1, na.action = na.omit)$sim_1, values)
  new <- data.frame(Days = c(1, NA), Subject = "308")
  expect_identical(nrow(simulate(omit, seed = 1, newdata = new)), 2L)
  expect_identical(nrow(simulate(omit, seed = 1, newdata = new, na.action = na.omit)), 1L)
  expect_error(simulate(omit, na.action = 3), class = "henderson_error_argument")
})

test_that("lme4's bootMer() works on fits, with missing values too", {
  need_peer("lme4")
  data <- sleepstudy
  data$Reaction[c(3, 10)] <- NA
  for (na.action in list(na.omit, na.exclude)) {
    fit <- lmm(Reaction ~ Days + (1 | Subject), data, na.action = na.action)
    boot <- lme4::bootMer(fit, fixef, nsim = 3, seed = 1)
    ours <- vapply(simulate(fit, 3, seed = 1, na.action = na.omit), function(y) {
      fixef(refit_response(fit, y))
    }, numeric(2))
    expect_equal(boot$t, t(ours), ignore_attr = TRUE)
  }
})

test_that("simulate() for new rows of a weighted fit says which weights they have", {
  w <- rep(c(1, 100), 90)
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy, weights = w)
  new <- sleepstudy[1:4, ]
  expect_message(ones <- simulate(fit, newdata = new, seed = 1),
    class = "henderson_message_weights"
  )
  noise <- function(...) {
    simulate(fit, newdata = new, seed = 1, use.u = TRUE, ...)$sim_1 - predict(fit, new)
  }
  expect_silent(given <- noise(weights = c(4, 4, 9, 9)))
  expect_equal(given * c(2, 2, 3, 3), noise(weights = 1))
  expect_equal(ones$sim_1, simulate(fit, newdata = new, seed = 1, weights = 1)$sim_1)
  expect_equal(simulate(fit, seed = 1), simulate(fit, seed = 1, weights = w))
  expect_error(simulate(fit, weights = -1), class = "henderson_error_argument")
  expect_silent(simulate(fit_cached("sleepstudy"), newdata = new))
})

test_that("c() of fits is a list of fits", {
  fit <- fit_cached("sleepstudy")
  other <- fit_cached("sleepstudy_ml")
  expect_identical(c(fit, other), list(fit, other))
  expect_identical(c(a = fit, b = other), list(a = fit, b = other))
  expect_identical(c(fit, list(other, fit)), list(fit, other, fit))
  expect_identical(c(fit), list(fit))
  # R does not ask a fit that comes after a plain list
  expect_error(do.call(anova, c(list(other), fit)), "c(fits, list(fit))",
    fixed = TRUE, class = "henderson_error_argument"
  )
})

test_that("a saved fit is printed by a session that has not loaded the package", {
  skip_on_cran()
  file <- withr::local_tempfile(fileext = ".rds")
  saveRDS(fit_cached("sleepstudy"), file)
  code <- sprintf("x <- readRDS(%s); print(x); cat(predict(x)[1])", deparse(file))
  output <- withr::with_envvar(
    c(R_LIBS = paste(.libPaths(), collapse = .Platform$path.sep)),
    system2(file.path(R.home("bin"), "Rscript"), c("-e", shQuote(code)), stdout = TRUE)
  )
  expect_identical(output[1L], "Linear mixed model fitted by REML")
  expect_match(output[length(output)], "^253[.]66")
})

test_that("tidy(), glance() and augment() act on what callers give, or pass over it", {
  need_peer(c("generics", "lme4", "broom.mixed"))
  m <- lme4::lmer(log(Reaction) ~ Days + (Days | Subject), sleepstudy)
  fit <- as_lmm(m)
  ours <- generics::tidy(fit, "fixed", conf.int = TRUE, exponentiate = TRUE, ddf = "none")
  theirs <- broom.mixed::tidy(m, "fixed", conf.int = TRUE, exponentiate = TRUE)
  expect_equal(as.list(ours[names(theirs)]), as.list(theirs), tolerance = 1e-7, ignore_attr = TRUE)
  plain <- generics::tidy(fit)
  expect_equal(plain$p.value, generics::tidy(fit, exponentiate = TRUE)$p.value)
  expect_identical(generics::tidy(fit, parametric = TRUE, vcov = NULL, conf.method = "Wald"), plain)
  expect_identical(generics::tidy(fit, ddf.method = "Kenward-Roger"),
    generics::tidy(fit, ddf = "Kenward-Roger")
  )
  coefficients <- generics::tidy(fit, "ran_coefs")$estimate
  expect_equal(generics::tidy(fit, "ran_coefs", exponentiate = TRUE)$estimate, exp(coefficients))
  modes <- generics::tidy(fit, "ran_vals")
  expect_identical(generics::tidy(fit, "ran_vals", exponentiate = TRUE), modes)
  wider <- generics::tidy(fit, "fixed", vcov = 4 * vcov(fit))
  expect_equal(wider$std.error, 2 * plain$std.error[1:2])
  expect_equal(wider$statistic, plain$statistic[1:2] / 2)
  expect_equal(wider$p.value, 2 * pt(-abs(wider$statistic), wider$df))
  expect_identical(generics::tidy(fit, "fixed", vcov = function(x) 4 * vcov(x)), wider)
  expect_error(generics::tidy(fit, vcov = "HC1"), class = "henderson_error_argument")
  expect_error(generics::tidy(fit, conf.method = "bayes"), class = "henderson_error_argument")
  expect_error(generics::tidy(fit, conf.levle = 0.9), "conf.level",
    class = "henderson_error_argument"
  )
  expect_identical(generics::glance(fit, vcov = NULL, exponentiate = TRUE), generics::glance(fit))
  # as modelsummary and broom.helpers call them
  expect_identical(generics::tidy(fit, conf.int = FALSE, vcov = NULL, coef_rename = NULL), plain)
  used <- function(...) {
    rlang::check_dots_used()
    generics::tidy(fit, ...)
  }
  expect_identical(used(exponentiate = FALSE, conf.int = FALSE, parametric = TRUE), plain)
  expect_identical(generics::augment(fit, parametric = TRUE), generics::augment(fit))
  expect_error(generics::glance(fit, digits = 3), class = "henderson_error_argument")
})

test_that("augment() takes all rows of the data after na.exclude", {
  need_peer("generics")
  data <- sleepstudy
  data$Reaction[c(3, 10)] <- NA
  fit <- lmm(Reaction ~ Days + (1 | Subject), data, na.action = na.exclude)
  all_rows <- generics::augment(fit, data = data, se_fit = TRUE, interval = "prediction")
  used <- generics::augment(fit, data = data[-c(3, 10), ], se_fit = TRUE, interval = "prediction")
  expect_equal(as.list(all_rows[-c(3, 10), ]), as.list(used))
  expect_true(all(is.na(all_rows[c(3, 10), setdiff(names(used), names(data))])))
  expect_equal(all_rows$.fitted, unname(fitted(fit)))
  expect_identical(nrow(generics::augment(fit)), 178L)
  omit <- lmm(Reaction ~ Days + (1 | Subject), data)
  expect_error(generics::augment(omit, data = data), "na.exclude",
    class = "henderson_error_argument"
  )
})
