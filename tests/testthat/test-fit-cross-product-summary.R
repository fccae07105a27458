formula <- Reaction ~ Days + (Days | Subject)

test_that("cross-products of parts add up to a fit of all rows", {
  expected <- fit_cached("sleepstudy")
  # by rows, by subjects (levels that only one has), and both orders
  for (first in list(sleepstudy$Days < 3, sleepstudy$Subject %in% c("372", "308"))) {
    a <- cross_products(formula, sleepstudy[first, ])
    b <- cross_products(formula, sleepstudy[!first, ])
    for (sum in list(a + b, b + a, merge(a, b))) {
      fit <- lmm(sum)
      expect_equal(fit$criterion, expected$criterion, tolerance = 1e-12)
      expect_equal(fixef(fit), fixef(expected), tolerance = 1e-9)
      expect_equal(ranef(fit)$Subject, ranef(expected)$Subject, tolerance = 1e-6)
      expect_equal(sum$means[["Days"]], 4.5)
      expect_equal(sum$rows, 180)
    }
  }
})

test_that("they can be saved", {
  file <- tempfile(fileext = ".rds")
  withr::defer(unlink(file))
  saveRDS(cross_products(formula, sleepstudy), file)
  expect_equal(lmm(readRDS(file))$criterion, fit_cached("sleepstudy")$criterion, tolerance = 1e-12)
})

test_that("cross-products of different models are not added", {
  own <- cross_products(formula, sleepstudy)
  expect_error(own + 1, class = "henderson_error_cross_products")
  for (other in list(
    cross_products(Reaction ~ Days + (1 | Subject), sleepstudy),
    cross_products(log(Reaction) ~ Days + (Days | Subject), sleepstudy)
  )) {
    expect_error(own + other, "formulas", class = "henderson_error_cross_products")
  }
  data <- transform(sleepstudy, f = rep(c("a", "b", "c"), 60))
  with_f <- Reaction ~ f + (1 | Subject)
  expect_error(
    cross_products(with_f, data) + cross_products(with_f, subset(data, f != "c")),
    class = "henderson_error_cross_products"
  )
  bases <- Reaction ~ poly(Days, 2) + (1 | Subject)
  expect_error(
    cross_products(bases, sleepstudy[1:90, ]) + cross_products(bases, sleepstudy[91:150, ]),
    "poly", class = "henderson_error_cross_products"
  )
})

test_that("they print their size, not their numbers", {
  out <- capture.output(print(cross_products(formula, sleepstudy)))
  expect_match(out, "Rows: 180", all = FALSE)
  expect_match(out, "Subject, 18", all = FALSE)
  expect_lt(length(out), 8)
})
