test_that("the message names reason and advice", {
  data <- transform(crossed_rows(), x2 = 2 * x, five = 5, zero = 0, o = factor(1:40))
  data$k <- factor(paste0("z", data$g))
  control <- lmm_control(check_nobs_vs_nlev = "ignore", check_singular = "ignore")
  said <- function(formula, pattern, ..., without = "fixed effects") {
    note <- tryCatch(lmm(formula, data, control = control), henderson_message_undetermined = identity)
    expect_s3_class(note, "henderson_message_undetermined")
    text <- gsub("\\s+", " ", conditionMessage(note))
    expect_match(text, pattern)
    expect_no_match(text, without)
  }
  said(y ~ g + (1 | g), "the fixed effects reproduce", without = "collinear")
  said(y ~ 0 + (five | g), "\\(Intercept\\) and five of \\(five \\| g\\) are collinear")
  said(y ~ x + (x + x2 | g), "columns x and x2 of .* are collinear")
  said(y ~ x + (zero | g), "zero of \\(zero \\| g\\) is zero in every row")
  said(y ~ x + (1 | o), "cannot be told apart from the residual variance")
  said(y ~ x + (1 | g) + (1 | k), "\\(1 \\| g\\) and \\(1 \\| k\\) group the rows in the same way")
  said(y ~ x + (1 | g / k), "\\(1 \\| k:g\\) and \\(1 \\| g\\) group")
})

test_that("simulate() says that it draws with the variance of the start", {
  data <- withr::with_seed(2, {
    data <- expand.grid(a = factor(1:3), b = factor(1:2), r = factor(1:4))
    data$y <- rnorm(24) + rnorm(4)[data$r]
    data
  })
  fit <- suppressMessages(lmm(y ~ a * b + (1 | r) + (1 | b), data))
  expect_message(simulate(fit, seed = 1), class = "henderson_message_undetermined")
  expect_silent(simulate(fit, seed = 1, newparams = list(theta = c(1, 1))))
  expect_silent(simulate(lmm(y ~ a * b + (1 | r), data), seed = 1))
})
