test_that("the message names reason and advice", {
  data <- transform(crossed_rows(), x2 = 2 * x, five = 5, zero = 0, o = factor(1:40))
  data$k <- factor(paste0("z", data$g))
  control <- lmm_control(check_nobs_vs_nlev = "ignore", check_singular = "ignore")
  said <- function(formula, pattern, ..., without = "fixed effects") {
    note <- tryCatch(
      lmm(formula, data, control = control), henderson_message_undetermined = identity
    )
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

test_that("what is said to be determined is", {
  data <- withr::with_seed(2, {
    data <- expand.grid(b = factor(1:3), r = 1:4, litter = factor(1:6))
    transform(data, y = rnorm(72) + rnorm(6)[litter], x = rnorm(72), o = factor(1:72), two = 2)
  })
  data$wide <- data$y * sqrt(1 + data$x^2)
  notes <- function(formula) henderson:::undetermined_notes(fit_unchecked(formula, data))
  expect_match(notes(y ~ 1 + (1 | litter) + (0 + b | litter)), "only combinations are determined$")
  expect_match(notes(y ~ x + (0 + two | o)), "only combinations are determined$")
  expect_match(
    notes(y ~ x + (1 | o)), "the variance of \\(1 \\| o\\) .* only their sum is determined$"
  )
  expect_match(
    notes(wide ~ x + (x | o)), "the variance of o.\\(Intercept\\) .* only their sum is determined$"
  )
})

test_that("comparisons of fits say which variance they do not test", {
  data <- transform(crossed_rows(), s = factor(ifelse(as.integer(g) > 4, "m", "f")))
  fits <- lapply(c(y ~ s + (1 | g), y ~ s + (1 | g) + (1 | s)), fit_unchecked, data = data)
  table <- suppressMessages(anova(fits[[1]], fits[[2]]))
  expect_match(attr(table, "heading"), "nothing about s.\\(Intercept\\)", all = FALSE)
  table <- anova(fits[[1]], fits[[2]], refit = FALSE)
  expect_identical(table$Df, c(NA, 0))
  expect_true(is.na(table[["Pr(>Chisq)"]][2]))
})

test_that("columns that fixed effects reproduce in combination are not called collinear", {
  withr::local_seed(3)
  d <- data.frame(a = gl(6, 20), x = rnorm(120), half = factor(rep(c("p", "q"), each = 60)))
  d$y <- 1 + d$x + rnorm(6)[d$a] + rnorm(120)
  said <- function(formula, ...) {
    message <- NULL
    withCallingHandlers(lmm(formula, d, ...), message = function(condition) {
      message <<- paste(message, gsub("\\s+", " ", conditionMessage(condition)))
      invokeRestart("muffleMessage")
    })
    message
  }
  # one of three disjoint columns per level is what the intercept and half reproduce
  words <- said(y ~ x + half + (0 + a | half))
  expect_match(words, "fixed effects reproduce combinations of the columns a1, a2, a3, a4, a5 and")
  expect_no_match(words, "collinear")
  # without these fixed effects there is nothing to say of them
  expect_no_match(said(y ~ 0 + x + (0 + a | half)), "reproduce|collinear")
  # doubled columns are collinear whatever the fixed effects
  d$x2 <- 2 * d$x
  expect_match(said(y ~ x + (x + x2 | a)), "columns x and x2 of .x . x2 . a. are collinear")
})
