# Each row: expression, kind of error, variable named.
d <- many_types()
d$list <- as.list(d$x)
d$complex <- complex(real = d$x)
d$matrix <- cbind(d$x, d$w)
d$lt <- as.POSIXlt(d$time)
d$infinite <- replace(d$x, 3:4, c(Inf, -Inf))
d$all_missing <- NA_real_
d$zero <- 0
d$negative <- replace(d$positive, 7, -1)
d$id <- seq_len(nrow(d))
d$single <- "q"
d$raw <- as.raw(seq_len(nrow(d)))

expect_refused <- function(expr, kind, variable) {
  error <- tryCatch(expr, error = identity)
  label <- deparse1(substitute(expr))
  expect_s3_class(error, paste0("henderson_error_", kind))
  expect_identical(error$variable, variable, label = paste("variable of", label))
  invisible(error)
}

test_that("responses that are not one numeric column are refused", {
  expect_refused(design_of(f ~ x + (1 | g), d), "response", "f")
  expect_refused(design_of(string ~ x + (1 | g), d), "response", "string")
  expect_refused(design_of(list ~ x + (1 | g), d), "response", "list")
  expect_refused(design_of(complex ~ x + (1 | g), d), "response", "complex")
  expect_refused(design_of(matrix ~ x + (1 | g), d), "response", "matrix")
  expect_refused(design_of(cbind(x, w) ~ (1 | g), d), "response", "cbind(x, w)")
  expect_refused(design_of(day ~ x + (1 | g), d), "response", "day")
  expect_refused(design_of(lt ~ x + (1 | g), d), "response", "lt")
  expect_refused(design_of(raw ~ x + (1 | g), d), "response", "raw")
  expect_refused(design_of(1 ~ x + (1 | g), d), "response", "1")
})

test_that("responses that R takes as numbers are accepted", {
  expect_identical(design_of(logical ~ x + (1 | g), d)$y, as.double(d$logical))
  expect_identical(design_of(integer ~ x + (1 | g), d)$y, as.double(d$integer))
  expect_equal(design_of(scale(y) ~ x + (1 | g), d)$y, as.vector(scale(d$y)))
  expect_equal(design_of(log(w) ~ x + (1 | g), d)$y, log(d$w))
})

test_that("infinite values are counted and named", {
  error <- expect_refused(design_of(infinite ~ x + (1 | g), d), "response", "infinite")
  expect_identical(error$observed, 2L)
  expect_refused(design_of(log(zero) ~ x + (1 | g), d), "response", "log(zero)")
  expect_refused(design_of(y ~ infinite + (1 | g), d), "data", "infinite")
  expect_refused(design_of(y ~ (infinite | g), d), "data", "infinite")
  expect_refused(design_of(y ~ I(1 / zero) + (1 | g), d), "data", "I(1/zero)")
  expect_refused(design_of(y ~ (1 | infinite), d), "grouping", "infinite")
})

test_that("large finite values are not taken for infinite ones", {
  d$huge <- c(1e308, 1.5e308)[1 + d$id %% 2]
  expect_null(check_values(d$huge, "huge", "data"))
})

test_that("a constant response is refused where the model reaches it", {
  error <- expect_refused(design_of(zero ~ x + (1 | g), d), "response", "zero")
  expect_identical(error$observed, 0)
  expect_refused(design_of(zero ~ 0 + x + (1 | g), d), "response", "zero")
  expect_refused(design_of(w ~ x + (1 | g), d, offset = w), "response", "w")
  expect_refused(design_of(y ~ x + (1 | g), d[1, ]), "grouping", "g")
  expect_no_error(design_of(I(zero + 1) ~ 0 + x + (1 | g), d))
})

test_that("predictors that no model can use are refused", {
  expect_refused(design_of(y ~ list + (1 | g), d), "data", "list")
  expect_refused(design_of(y ~ complex + (1 | g), d), "data", "complex")
  expect_refused(design_of(y ~ lt + (1 | g), d), "data", "lt")
  expect_refused(design_of(y ~ raw + (1 | g), d), "data", "raw")
  expect_refused(design_of(y ~ single + (1 | g), d), "data", "single")
  expect_refused(design_of(y ~ x + (single | g), d), "data", "single")
})

test_that("grouping variables that are no factors are refused", {
  expect_refused(design_of(y ~ (1 | list), d), "grouping", "list")
  expect_refused(design_of(y ~ (1 | complex), d), "grouping", "complex")
  expect_refused(design_of(y ~ (1 | matrix), d), "grouping", "matrix")
  expect_refused(design_of(y ~ (1 | lt), d), "grouping", "lt")
  expect_refused(design_of(y ~ (1 | a:list), d), "grouping", "list")
})

test_that("too few or too many levels are refused unless the control says otherwise", {
  error <- expect_refused(design_of(y ~ x + (1 | single), d), "grouping", "single")
  expect_identical(error$observed, 1L)
  error <- expect_refused(design_of(y ~ x + (1 | id), d), "grouping", "id")
  expect_identical(error$observed, 72L)
  expect_match(conditionMessage(error), "check_nobs_vs_nlev", fixed = TRUE)
  error <- expect_refused(design_of(y ~ (f * x | a:b:c), d), "grouping", "f * x | a:b:c")
  expect_identical(error$observed, 108L)
  expect_match(conditionMessage(error), "check_nobs_vs_nre", fixed = TRUE)
  expect_refused(design_of(y ~ x + (1 | id), d, control = lmm_control(check_nlev_gtr_1 = "ignore")),
    "grouping", "id"
  )
  for (formula in list(y ~ (1 | single), y ~ (1 | id), y ~ (f * x | a:b:c))) {
    expect_silent(design_of(formula, d, control = no_checks))
  }
  control <- lmm_control(check_nlev_gtr_1 = "warning", check_nobs_vs_nlev = "message")
  expect_warning(design_of(y ~ (1 | single), d, control = control),
    class = "henderson_warning_grouping"
  )
  expect_message(design_of(y ~ (1 | id), d, control = control),
    class = "henderson_message_grouping"
  )
})

test_that("components of a diagonal term count by themselves", {
  expect_silent(design_of(y ~ (f * x || a:b:c), d))
  expect_error(design_of(y ~ (x || id), d), class = "henderson_error_grouping")
})

test_that("only rows of positive weight count as observations", {
  d$most_zero <- as.numeric(d$id <= 20)
  expect_refused(design_of(y ~ (1 | a:b:c), d[1:20, ], weights = as.numeric(1:20 < 18)),
    "grouping", "a:b:c"
  )
})

test_that("weights are finite, non-negative numbers", {
  expect_refused(design_of(y ~ (1 | g), d, weights = negative), "weights", "weights")
  expect_refused(design_of(y ~ (1 | g), d, weights = zero), "weights", "weights")
  expect_refused(design_of(y ~ (1 | g), d, weights = string), "weights", "weights")
  expect_refused(design_of(y ~ (1 | g), d, weights = f), "weights", "weights")
  expect_refused(design_of(y ~ (1 | g), d, weights = 1:3), "weights", "weights")
  expect_refused(design_of(y ~ (1 | g), d, weights = 2), "weights", "weights")
  expect_refused(design_of(y ~ (1 | g), d, weights = infinite^2), "weights", "weights")
  expect_refused(design_of(y ~ (1 | g), d, weights = matrix), "weights", "weights")
  expect_refused(design_of(y ~ (1 | g), d, weights = list), "weights", "weights")
  expect_identical(
    design_of(y ~ (1 | g), d, weights = as.integer(id > 1))$weights, as.double(d$id > 1)
  )
})

test_that("offsets are finite numbers, as argument and in the formula", {
  expect_refused(design_of(y ~ (1 | g), d, offset = string), "offset", "offset")
  expect_refused(design_of(y ~ (1 | g), d, offset = 1:3), "offset", "offset")
  expect_refused(design_of(y ~ (1 | g), d, offset = infinite), "offset", "offset")
  expect_refused(design_of(y ~ offset(string) + (1 | g), d), "offset", "offset(string)")
  expect_refused(design_of(y ~ offset(infinite) + (1 | g), d), "offset", "offset(infinite)")
})

test_that("the advice for decimal commas gives the numbers", {
  data <- sleepstudy
  data$y <- sub(".", ",", format(data$Reaction, nsmall = 4), fixed = TRUE)
  error <- expect_error(lmm(y ~ Days + (1 | Subject), data), class = "henderson_error_response")
  expect_match(conditionMessage(error), "as.numeric(sub(\",\", \".\", y, fixed = TRUE))",
    fixed = TRUE
  )
  for (y in list(data$y, factor(data$y))) {
    expect_equal(as.numeric(sub(",", ".", y, fixed = TRUE)), data$Reaction)
  }
  data$y[1] <- "none"
  error <- expect_error(lmm(y ~ Days + (1 | Subject), data), class = "henderson_error_response")
  expect_no_match(conditionMessage(error), "decimal")
})

test_that("decimal commas are told of in predictors, weights and offsets as well", {
  data <- sleepstudy
  data$d <- sub(".", ",", format(data$Days + 0.5), fixed = TRUE)
  data$`a{b}` <- factor(data$d)
  advice <- function(name) paste0("as.numeric(sub(\",\", \".\", ", name, ", fixed = TRUE))")
  told <- function(condition) gsub("\\s+", " ", conditionMessage(condition))
  messages <- function(expr) {
    texts <- character()
    withCallingHandlers(expr, henderson_message_data = function(condition) {
      texts <<- c(texts, told(condition))
      invokeRestart("muffleMessage")
    })
    texts
  }
  for (name in c("d", "`a{b}`")) {
    formula <- stats::as.formula(paste("Reaction ~", name, "+ (1 | Subject)"))
    texts <- messages(lmm(formula, data))
    expect_length(texts, 1L)
    expect_match(texts, advice(gsub("`", "", name)), fixed = TRUE)
  }
  # the advice gives the numbers
  data$x <- as.numeric(sub(",", ".", data$d, fixed = TRUE))
  expect_identical(data$x, data$Days + 0.5)
  expect_silent(lmm(Reaction ~ x + (1 | Subject), data))
  # told before it is refused for its many columns
  texts <- messages(try(lmm(Reaction ~ 1 + (d | Subject), data), silent = TRUE))
  expect_match(texts, advice("d"), fixed = TRUE)

  for (call in expression(
    lmm(Reaction ~ log(d) + (1 | Subject), data), lmm(Reaction ~ I(d * 2) + (1 | Subject), data),
    lmm(Reaction ~ (log(d) | Subject), data), lmm(Reaction ~ 1 + (1 | Subject), data, weights = d),
    lmm(Reaction ~ 1 + (1 | Subject), data, weights = 2 * d),
    lmm(Reaction ~ offset(d) + (1 | Subject), data),
    lmm(Reaction ~ 1 + (1 | Subject), data, offset = d)
  )) {
    condition <- expect_error(eval(call), class = "henderson_error")
    expect_match(told(condition), "have decimal commas; convert them", fixed = TRUE)
  }
  # labels, and groups, are what they are
  data$k <- rep(c("1,5", "2,5", "a"), 60)
  expect_length(messages(lmm(Reaction ~ k + (1 | Subject), data)), 0L)
  expect_length(messages(lmm(Reaction ~ Days + (1 | d), data)), 0L)
  expect_length(messages(lmm(Reaction ~ factor(d) + (1 | Subject), data)), 0L)
})

test_that("a logical response is said to be fitted as numbers", {
  data <- sleepstudy
  data$slow <- data$Reaction > 300
  expect_message(
    fit <- lmm(slow ~ Days + (1 | Subject), data), "slow.*0 \\(FALSE\\)",
    class = "henderson_message_response"
  )
  data$slow <- as.numeric(data$slow)
  expect_equal(fixef(fit), fixef(lmm(slow ~ Days + (1 | Subject), data)))
})
