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
  # what would be another thing in each part
  for (formula in list(
    Reaction ~ poly(Days, 2) + (1 | Subject), Reaction ~ I(Days - mean(Days)) + (1 | Subject),
    Reaction ~ Days + (scale(Days) | Subject)
  )) {
    expect_error(cross_products(formula, sleepstudy[1:77, ]), class = "henderson_error_data")
  }
  expect_error(
    cross_products(Reaction ~ Days + (1 | Subject), sleepstudy[1:77, ], weights = Days / max(Days)),
    class = "henderson_error_data"
  )
})

test_that("the random parts, weights and values from outside must be the same too", {
  data <- transform(sleepstudy, f = rep(c("a", "b", "c"), 60), w = rep(1:2, 90))
  parts <- split(data, rep(1:2, each = 90))
  refused <- function(a, b) expect_error(a + b, class = "henderson_error_cross_products")
  slope <- Reaction ~ Days + (f | Subject)
  refused(
    cross_products(slope, parts[[1]], contrasts = list(f = "contr.sum")),
    cross_products(slope, parts[[2]], contrasts = list(f = "contr.helmert"))
  )
  turned <- transform(parts[[2]], f = factor(f, c("c", "b", "a")))
  straight <- transform(parts[[1]], f = factor(f))
  refused(cross_products(slope, straight), cross_products(slope, turned))
  refused(
    cross_products(formula, parts[[1]], weights = w), cross_products(formula, parts[[2]])
  )
  m <- 1
  shifted <- Reaction ~ I(Days - m) + (1 | Subject)
  first <- cross_products(shifted, parts[[1]])
  m <- 2
  refused(first, cross_products(shifted, parts[[2]]))
  K <- diag(18) + 0.5
  rownames(K) <- levels(sleepstudy$Subject)
  related <- function(K) {
    cross_products(formula, parts[[1]], relationship = list(Subject = K))
  }
  refused(related(K), related(K + diag(18)))
  refused(related(K), cross_products(formula, parts[[2]]))
})

test_that("codings of left-hand sides do not depend on the session's options", {
  data <- transform(sleepstudy, f = rep(c("a", "b", "c"), 60))
  own <- cross_products(Reaction ~ Days + (f | Subject), data)
  expected <- suppressMessages(predict(lmm(Reaction ~ Days + (f | Subject), data), data[1:9, ]))
  withr::local_options(contrasts = c("contr.sum", "contr.poly"))
  fit <- suppressMessages(lmm(own))
  expect_equal(predict(fit, data[1:9, ]), expected, tolerance = 1e-6)
  expect_identical(fit$random[[1]]$columns, c("(Intercept)", "fb", "fc"))
})

test_that("they print their size, not their numbers", {
  out <- capture.output(print(cross_products(formula, sleepstudy)))
  expect_match(out, "Rows: 180", all = FALSE)
  expect_match(out, "Subject, 18", all = FALSE)
  expect_lt(length(out), 8)
})
