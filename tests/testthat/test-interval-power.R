slope_design <- function(subjects = 12) {
  expand.grid(Days = 0:9, Subject = factor(seq_len(subjects)))
}

slope_parameters <- function(slope = 5) {
  list(beta = c(250, slope), theta = c(1, 0, 0.2), sigma = 25)
}

test_that("p-values and estimates are those of fits to the drawn responses", {
  data <- expand.grid(day = 0:4, id = factor(1:10))
  data$dose <- factor(rep_len(c("none", "low", "high"), 10))[data$id]
  data$shift <- data$day^2
  formula <- ~ day * dose + offset(shift) + (day | id)
  parameters <- list(beta = c(10, 1, 0.5, 0, 0.3, 0), theta = c(1, 0.2, 0.5), sigma = 1)
  truth <- assumed_model(formula, data, parameters, NULL)
  y <- assumed_responses(truth, 4, 0, 3)
  expect_equal(rowMeans(assumed_responses(truth, 1, 0, 4000)), truth$mean + data$shift,
    tolerance = 0.02, ignore_attr = TRUE
  )
  for (ddf in c("Satterthwaite", "Kenward-Roger", "expected", "none")) {
    terms <- power_lmm(formula, data, parameters, nsim = 3, seed = 4, ddf = ddf)
    one <- power_lmm(formula, data, parameters, c(day = 1), nsim = 3, seed = 4, ddf = ddf)
    expect_equal(rownames(terms), c("day", "dose", "day:dose"))
    for (k in 1:3) {
      data$y <- y[, k]
      fit <- suppressMessages(lmm(y ~ day * dose + offset(shift) + (day | id), data))
      table <- anova(fit, ddf = ddf)
      p_value <- if (ddf == "none") {
        pchisq(table[["F value"]] * table$npar, table$npar, lower.tail = FALSE)
      } else {
        table[["Pr(>F)"]]
      }
      # both searches end within 1e-6 of the minimum
      expect_equal(unname(attr(terms, "replicates")$p[k, ]), p_value, tolerance = 1e-4)
      expect_equal(attr(one, "replicates")$estimate[[k]], fixef(fit)[["day"]], tolerance = 1e-5)
    }
  }
})

test_that("power of a balanced design is that of the non-central F distribution", {
  # complete blocks: with blocks this different their variance is hardly ever estimated as zero,
  # and REML's F test is that of the analysis of variance, on 3 and 15 degrees of freedom
  blocks <- expand.grid(treatment = factor(1:4), block = factor(1:6))
  means <- c(0, 0.5, 1, 1.5)
  parameters <- list(beta = c(5, means[-1]), theta = 3, sigma = 1)
  table <- power_lmm(~ treatment + (1 | block), blocks, parameters, nsim = 4000, seed = 1)
  noncentrality <- 6 * sum((means - mean(means))^2)
  exact <- pf(qf(0.95, 3, 15), 3, 15, noncentrality, lower.tail = FALSE)
  # four standard errors of 4,000 replicates
  expect_lt(abs(table$power - exact), 4 * sqrt(exact * (1 - exact) / 4000))
  expect_equal(table$DenDF, 15, tolerance = 1e-6)
  expect_equal(table$NumDF, 3)
  expect_true(is.na(table$effect))
})

test_that("power of a treatment of whole subjects is that of a t test of their means", {
  # however many rows there are: 10 subjects a group, variance of a mean 0.5^2 + 1/8
  data <- expand.grid(row = 1:8, id = factor(1:20))
  data$treated <- as.numeric(as.integer(data$id) > 10)
  parameters <- list(beta = c(0, 0.8), theta = 0.5, sigma = 1)
  table <- power_lmm(~ treated + (1 | id), data, parameters, nsim = 3000, seed = 5)
  exact <- power.t.test(10, 0.8, sqrt(0.25 + 1 / 8), strict = TRUE)$power
  # where the variance between subjects is zero the test has more degrees of freedom: 0.01
  expect_lt(abs(table$power - exact), 4 * sqrt(exact * (1 - exact) / 3000) + 0.01)
  expect_equal(table$effect, 0.8)
  ignored <- power_lmm(~ treated + (1 | id), data, parameters,
    L = rbind(c(0, 1)), alpha = 0.2, nsim = 200, seed = 5
  )
  expect_equal(
    ignored$power, mean(attr(table, "replicates")$p[1:200, 1] <= 0.2)
  )
})

test_that("type S and M errors are those of a normal estimate", {
  # 4,000 rows: t is normal, with mean 1
  data <- expand.grid(x = c(-1, 1), id = factor(1:200), row = 1:4)
  parameters <- list(beta = c(0, 1 / sqrt(1600)), theta = 1, sigma = 1)
  table <- power_lmm(~ x + (1 | id), data, parameters, nsim = 4000, seed = 2, ddf = "none")
  limit <- qnorm(0.975)
  power <- pnorm(1 - limit) + pnorm(-1 - limit)
  expect_lt(abs(table$power - power), 4 * sqrt(power * (1 - power) / 4000))
  hits <- power * 4000
  wrong <- pnorm(-1 - limit) / power
  expect_lt(abs(table$type_S - wrong), 4 * sqrt(wrong * (1 - wrong) / hits))
  density <- function(z, power) abs(z)^power * dnorm(z - 1)
  moment <- function(power) {
    integrate(density, limit, Inf, power)$value + integrate(density, -Inf, -limit, power)$value
  }
  mean <- moment(1) / power
  expect_lt(abs(table$type_M - mean), 4 * sqrt((moment(2) / power - mean^2) / hits))
})

test_that("without an effect power is the level, unless slopes are left out", {
  table <- power_lmm(~ Days + (Days | Subject), slope_design(), slope_parameters(0),
    nsim = 1000, seed = 1
  )
  expect_lt(abs(table$power - 0.05), 4 * sqrt(0.05 * 0.95 / 1000))
  expect_equal(table$effect, 0)
  expect_true(is.na(table$type_S) && is.na(table$type_M))
  without <- power_lmm(~ Days + (Days | Subject), slope_design(), slope_parameters(0),
    nsim = 500, seed = 1, analysis = ~ Days + (1 | Subject)
  )
  expect_gt(without$power, 0.15)
})

test_that("seeds decide, not threads, the generator or the number of data sets", {
  formula <- ~ Days + (Days | Subject)
  set.seed(1)
  before <- .Random.seed
  first <- power_lmm(formula, slope_design(), slope_parameters(), nsim = 40, seed = 3)
  expect_identical(.Random.seed, before)
  expect_identical(
    power_lmm(formula, slope_design(), slope_parameters(), nsim = 40, seed = 3, threads = 2), first
  )
  more <- power_lmm(formula, slope_design(), slope_parameters(), nsim = 60, seed = 3)
  expect_identical(attr(more, "replicates")$p[1:40, ], attr(first, "replicates")$p[, 1])
  set.seed(1)
  drawn <- power_lmm(formula, slope_design(), slope_parameters(), nsim = 40)
  set.seed(1)
  expect_identical(power_lmm(formula, slope_design(), slope_parameters(), nsim = 40), drawn)
})

test_that("limits are Clopper and Pearson's", {
  table <- power_lmm(~ Days + (1 | Subject), slope_design(4), list(
    beta = c(250, 2), theta = 1, sigma = 25
  ), nsim = 50, seed = 1)
  expected <- binom.test(round(50 * table$power), 50)$conf.int
  expect_equal(c(table$lower, table$upper), as.vector(expected))
  sure <- power_lmm(~ Days + (1 | Subject), slope_design(4), list(
    beta = c(250, 200), theta = 1, sigma = 25
  ), nsim = 20, seed = 1)
  expect_equal(c(sure$power, sure$upper), c(1, 1))
  expect_equal(sure$lower, binom.test(20, 20)$conf.int[1])
})

test_that("the true effect is known for another coding, not for other means", {
  data <- expand.grid(f = factor(1:3), id = factor(1:6), row = 1:2)
  parameters <- list(beta = c(1, 2, 4), theta = 1, sigma = 1)
  other <- power_lmm(~ f + (1 | id), data, parameters,
    L = c(f2 = 1, f3 = -1), nsim = 5, seed = 1, analysis = ~ 0 + f + (1 | id)
  )
  expect_equal(other$effect, -2)
  missing <- power_lmm(~ f + (1 | id), data, parameters,
    L = c("(Intercept)" = 1), nsim = 5, seed = 1, analysis = ~ 1 + (1 | id)
  )
  expect_true(is.na(missing$effect))
})

test_that("a table prints, and its parts are tables or data frames", {
  table <- power_lmm(~ Days + (Days | Subject), slope_design(6), slope_parameters(),
    nsim = 20, seed = 1
  )
  shown <- capture.output(print(table))
  expect_match(shown[1], "Power of tests at level 0.05, 20 data sets, seed 1")
  expect_match(shown[2], "~ Days \\+ \\(Days \\| Subject\\) by REML; Satterthwaite's method")
  expect_s3_class(table[1, ], "henderson_power")
  expect_identical(class(table[c("power", "lower")]), "data.frame")
})

test_that("bad input is refused", {
  power <- function(..., formula = ~ Days + (Days | Subject), parameters = slope_parameters()) {
    power_lmm(formula, slope_design(), parameters, nsim = 2, ...)
  }
  expect_error(power(alpha = 5), "alpha.*such as 0.05", class = "henderson_error_argument")
  expect_error(power(analysis = "Days"), "analysis", class = "henderson_error_argument")
  expect_error(power(L = c(Dyas = 1)), "Dyas", class = "henderson_error_argument")
  expect_error(power(thread = 2), "threads", class = "henderson_error_argument")
  expect_error(
    power(parameters = list(beta = c(250, 5), theta = c(1, 0, 0.2), sigma = 0)), "sigma",
    class = "henderson_error_argument"
  )
  expect_error(
    power(parameters = list(beta = 250, theta = c(1, 0, 0.2), sigma = 1)), "beta",
    class = "henderson_error_argument"
  )
  expect_error(
    power(ddf = "Kenward-Roger", REML = FALSE), "REML", class = "henderson_error_argument"
  )
  expect_error(
    suppressMessages(power(analysis = ~ Subject + (1 | Subject))), "determine",
    class = "henderson_error_data"
  )
  expect_error(
    power(formula = ~ 1 + (1 | Subject), parameters = list(beta = 250, theta = 1, sigma = 1)),
    "no terms", class = "henderson_error_argument"
  )
})
