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
