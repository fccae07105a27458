test_that("limits are those of boot::boot.ci()", {
  need_peer("boot")
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  replicates <- bootstrap(fit, 333, seed = 1, variances = TRUE)
  influence <- bootstrap_influence(replicates)
  for (k in c(1, 4, 6)) {
    theirs <- boot::boot.ci(replicates, c(0.9, 0.95), c("norm", "basic", "perc", "bca"),
      index = k, L = influence[, k]
    )
    theirs$student <- boot::boot.ci(replicates, c(0.9, 0.95), "stud",
      index = c(k, k), var.t0 = replicates$var.t0[k], var.t = replicates$var.t[, k]
    )$student
    for (level in 1:2) {
      ours <- function(type) {
        unname(drop(confint(replicates, k, c(0.9, 0.95)[level], boot.type = type)))
      }
      expect_equal(ours("norm"), unname(theirs$normal[level, 2:3]), tolerance = 1e-10)
      expect_equal(ours("basic"), unname(theirs$basic[level, 4:5]), tolerance = 1e-10)
      expect_equal(ours("perc"), unname(theirs$percent[level, 4:5]), tolerance = 1e-10)
      expect_equal(ours("bca"), unname(theirs$bca[level, 4:5]), tolerance = 1e-10)
      expect_equal(ours("stud"), unname(theirs$student[level, 4:5]), tolerance = 1e-10)
    }
  }
})

test_that("the acceleration is the jackknife's over groups", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  replicates <- bootstrap(fit, 50, seed = 1)
  values <- bootstrap_influence(replicates)
  without <- t(vapply(levels(sleepstudy$Subject), function(subject) {
    fit_parameters(suppressMessages(
      lmm(Reaction ~ Days + (Days | Subject), sleepstudy[sleepstudy$Subject != subject, ])
    ))
  }, numeric(6)))
  expect_equal(unname(values), unname(17 * scale(-without, scale = FALSE)), tolerance = 1e-4,
    ignore_attr = TRUE
  )
  # sums of squares over J (J - 1) are variances: those of the model in a balanced design
  expect_equal(unname(colSums(values[, 5:6]^2) / (18 * 17)), unname(diag(vcov(fit))),
    tolerance = 1e-6
  )
  by_function <- bootstrap(fit, 5, function(fit) c(sigma(fit), fixef(fit)), seed = 1)
  expect_equal(unname(bootstrap_influence(by_function)), unname(values[, 4:6]), tolerance = 1e-5)
  line <- bootstrap(fit, 50, "predictions", newdata = data.frame(Days = 2), re.form = NA, seed = 1)
  expect_equal(unname(drop(bootstrap_influence(line))), unname(drop(values[, 5:6] %*% c(1, 2))))
})

test_that("BCa limits of a known case", {
  # Davison and Hinkley (1997), equation (5.21), by hand: w = 0, a = 0 are percentiles
  values <- (-50:50)[-51]
  expect_equal(
    accelerated_limits(0, values, 0.9, c(-1, 1)), replicate_limits(0, values, 0.9, "perc")
  )
  a <- sum(c(-1, -1, 2)^3) / (6 * 6^1.5)
  w <- qnorm(0.49)
  z <- w + qnorm(c(0.05, 0.95))
  expect_equal(
    accelerated_limits(-1, values, 0.9, c(-1, -1, 2)),
    order_quantiles(values, pnorm(qnorm((49 + 0.5) / 100) +
      (qnorm(0.495) + qnorm(c(0.05, 0.95))) /
        (1 - a * (qnorm(0.495) + qnorm(c(0.05, 0.95))))))
  )
  # replicates at the estimate count half
  expect_identical(accelerated_limits(0, numeric(30), 0.9, c(-1, 1)), c(0, 0))
  expect_true(all(is.na(accelerated_limits(-60, values, 0.9, c(-1, 1)))))
})

test_that("studentised limits need variances", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  without <- bootstrap(fit, 20, seed = 1)
  expect_error(
    confint(without, boot.type = "stud"), "variances = TRUE", class = "henderson_error_argument"
  )
  expect_error(
    confint(bootstrap(fit, 5, sigma, seed = 1), boot.type = "stud"), "attribute",
    class = "henderson_error_argument"
  )
  expect_error(
    bootstrap(fit, 5, variances = TRUE, continue = without), "variances",
    class = "henderson_error_argument"
  )
  limits <- confint(fit, c("Days", ".sig01"), method = "boot", boot.type = "stud", nsim = 50,
    seed = 1
  )
  replicates <- bootstrap(fit, 50, seed = 1, variances = TRUE)
  expect_equal(unname(limits), unname(confint(replicates, c(6, 1), boot.type = "stud")))
  set.seed(1)
  data <- data.frame(g = gl(5, 4), y = rnorm(20))
  fit <- suppressMessages(lmm(y ~ 1 + (1 | g), data))
  expect_identical(fit$theta[[1]], 0)
  singular <- bootstrap(fit, 60, seed = 1, variances = TRUE)
  expect_message(limits <- confint(singular, boot.type = "stud"), "boundary")
  expect_identical(unname(is.na(limits[, 1])), c(TRUE, FALSE, FALSE))
})

test_that("limits at the smallest or largest replicate come with a warning", {
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy)
  expect_warning(
    limits <- confint(fit, "Days", method = "boot", nsim = 20, seed = 1), "needs 39",
    class = "henderson_warning_replicates"
  )
  expect_identical(as.numeric(limits), range(bootstrap(fit, 20, seed = 1)$t[, "Days"]))
  # (39 + 1) 0.025 = 1: the smallest and largest are the quantiles
  expect_no_warning(confint(bootstrap(fit, 39, seed = 1), "Days"))
  expect_warning(
    confint(bootstrap(fit, 38, seed = 1), "Days", boot.type = "basic"), "38 replicates"
  )
  expect_no_warning(confint(bootstrap(fit, 20, seed = 1), "Days", level = 0.9))
  expect_no_warning(confint(bootstrap(fit, 20, seed = 1), "Days", boot.type = "norm"))
  # BCa's quantile beyond 999 replicates: the estimate is above all but one
  expect_false(is.null(attr(accelerated_limits(998.5, 1:999, 0.95, c(-1, 1)), "extreme")))
  expect_warning(
    limits <- confint(bootstrap(fit, 1, seed = 1)), "two replicates at least",
    class = "henderson_warning_replicates"
  )
  expect_true(all(is.na(limits)))
})

test_that("what has no replicates has a reason", {
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy)
  calls <- 0
  only_once <- function(fit) {
    calls <<- calls + 1
    if (calls > 1) stop("not again")
    c(a = 1)
  }
  lost <- bootstrap(fit, 50, only_once, seed = 1)
  expect_warning(
    limits <- confint(lost), "50 of 50 replicates failed.*First message: not again",
    class = "henderson_warning_replicates"
  )
  expect_true(all(is.na(limits)))
  expect_match(paste(capture.output(print(lost)), collapse = " "), "all replicates failed")
})

test_that("limits are where the parameters are", {
  bounds <- parameter_bounds(c("sd", "correlation", "sigma", "fixed"))
  limits <- cbind(a = c(-2, 3), b = c(-0.4, 1.13), c = c(-3, -1), d = c(-9, 9))
  expect_message(
    cut <- within_bounds(limits, bounds, "stud"), "\"a\", \"b\", and \"c\"",
    class = "henderson_message_interval"
  )
  expect_identical(cut, cbind(a = c(0, 3), b = c(-0.4, 1), c = c(NA, NA), d = c(-9, 9)))
  expect_no_message(within_bounds(limits[, "d", drop = FALSE], bounds[, 4, drop = FALSE], "norm"))
  # of a fit with a correlation near one
  fit <- suppressMessages(
    lmm(Reaction ~ Days + (Days | Subject), sleepstudy[sleepstudy$Subject %in% 308:335, ])
  )
  replicates <- bootstrap(fit, 200, seed = 1)
  expect_message(limits <- confint(replicates, "theta_", boot.type = "norm"), "cut")
  expect_gte(min(limits), -1)
  raw <- replicate_limits(replicates$t0[[2]], replicates$t[, 2], 0.95, "norm")
  expect_equal(unname(limits[2, ]), pmax(pmin(raw, 1), -1))
  expect_gt(max(abs(raw)), 1)
})

test_that("a wild bootstrap has no limits of variances, and says why", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  wild <- bootstrap(fit, 50, type = "wild", seed = 1, variances = TRUE)
  expect_true(all(is.na(wild$t[, 1:4])))
  expect_true(all(is.na(wild$var.t[, 1:4])))
  expect_true(all(is.na(wild$var.t0[1:4])))
  expect_false(anyNA(wild$t[, 5:6]))
  expect_false(anyNA(wild$t0))
  expect_match(paste(capture.output(print(wild)), collapse = " "), "Note: signs of whole groups")
  expect_message(limits <- confint(wild), "Signs of whole", class = "henderson_message_interval")
  expect_identical(unname(is.na(limits[, 1])), rep(c(TRUE, FALSE), c(4, 2)))
  expect_no_message(confint(wild, "beta_"))
})

test_that("statistics have the names that confint() of the fit knows", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  replicates <- bootstrap(fit, 50, seed = 1)
  all <- confint(replicates)
  expect_identical(confint(replicates, ".sig01"), all[1, , drop = FALSE])
  expect_identical(confint(replicates, "theta_"), all[1:4, ])
  expect_identical(confint(replicates, "beta_"), all[5:6, ])
  expect_identical(confint(replicates, -1), all[-1, ])
})

test_that("the documented call of boot::boot.ci() works", {
  need_peer("boot")
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  x <- bootstrap(fit, 200, seed = 1)
  limits <- boot::boot.ci(x, type = c("norm", "basic", "perc"), index = 6)
  expect_equal(unname(limits$percent[4:5]), unname(drop(confint(x, 6))))
})
