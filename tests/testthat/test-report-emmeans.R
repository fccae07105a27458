oats_means <- function() {
  skip_if_not_installed("emmeans")
  data <- as.data.frame(nlme::Oats)
  data <- transform(data, Block = factor(as.character(Block)), nitro = factor(nitro))
  fit <- lmm(yield ~ Variety * nitro + (1 | Block / Variety), data)
  suppressMessages(emmeans::emmeans(fit, "nitro"))
}

test_that("means have limits, comparisons tests with p-values that are not zero", {
  means <- oats_means()
  # means of 18 subplots each
  expect_identical(
    report_tables(means)[[1]]$Estimate, c("79.39", "98.89", "114.22", "123.39")
  )
  pairs <- report_tables(pairs(means))
  # standard error: sqrt(2 * 177.08 / 18)
  expect_identical(unlist(pairs[[1]][2, ], use.names = FALSE), c(
    "nitro0 - nitro0.4", "-34.83", "4.44", "45", "-7.85", "< .001"
  ))
  expect_match(attr(pairs, "notes"), "tukey", all = FALSE)
})

test_that("sentences have what emmeans adjusts", {
  means <- oats_means()
  expect_identical(
    report_result(means, "0")[[1]], "mean = 79.39, 95% CI [62.32, 96.46]"
  )
  expect_identical(
    report_result(pairs(means), "nitro0.4 - nitro0.6")[[1]],
    "estimate = -9.17, 95% CI [-21.00, 2.67], t(45) = -2.07, p = .180"
  )
})
