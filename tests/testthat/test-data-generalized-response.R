# generalized_response() --------------------------------------------------------------------------

test_that("counts, shares, factors and logicals of one model are one response", {
  data <- data.frame(good = c(1, 0, 3), n = c(4, 2, 3))
  binomial <- check_family("binomial", globalenv())
  pair <- generalized_response(model.frame(cbind(good, n - good) ~ 1, data), binomial)
  share <- generalized_response(model.frame(good / n ~ 1, data, weights = n), binomial)
  expect_equal(pair$y, c(1, 0, 3))
  expect_equal(pair$trials, c(4, 2, 3))
  expect_equal(share[c("y", "trials")], pair[c("y", "trials")])
  expect_equal(share$prior, pair$prior)
  single <- data.frame(y = c(TRUE, FALSE, TRUE))
  expected <- c(1, 0, 1)
  single$number <- expected
  single$factor <- factor(c("yes", "no", "yes"))
  single$text <- c("yes", "no", "yes")
  for (name in names(single)) {
    frame <- model.frame(as.formula(paste(name, "~ 1")), single)
    expect_equal(generalized_response(frame, binomial)$y, expected)
  }
})

# check_generalized_response() --------------------------------------------------------------------

test_that("a response outside the family's range is an error with value and row", {
  data <- small_counts()
  data$broken <- data$cases
  data$broken[7] <- -2
  fit <- function(formula, family) glmm(formula, data, family = family)
  expect_error(fit(broken ~ x + (1 | herd), poisson), "-2 in row 7",
    class = "henderson_error_response"
  )
  data$broken[7] <- 1.5
  expect_error(fit(broken ~ x + (1 | herd), nbinom2), "1.5 in row 7",
    class = "henderson_error_response"
  )
  expect_error(fit(cases ~ x + (1 | herd), Gamma), "positive", class = "henderson_error_response")
  expect_error(fit(cases ~ x + (1 | herd), binomial), "between 0 and 1",
    class = "henderson_error_response"
  )
  expect_error(fit(I(cases / trials) ~ x + (1 | herd), binomial), "successes over trials",
    class = "henderson_error_response"
  )
  expect_error(fit(I(cases / trials) ~ x + (1 | herd), beta_family), "between 0 and 1",
    class = "henderson_error_response"
  )
  expect_error(fit(cbind(cases, cases - cases) ~ x + (1 | herd), binomial), "without trials",
    class = "henderson_error_response"
  )
  expect_error(fit(cbind(cases, trials, x) ~ x + (1 | herd), binomial), "two",
    class = "henderson_error_response"
  )
  expect_error(fit(cbind(cases, cases - 1) ~ x + (1 | herd), binomial), "failures",
    class = "henderson_error_response"
  )
  data$kind <- factor(ifelse(data$cases > 2, "many", "few"))
  expect_error(fit(kind ~ x + (1 | herd), poisson), "numeric", class = "henderson_error_response")
})
