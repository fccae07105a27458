formula <- Reaction ~ Days + (Days | Subject)
whole <- cross_products(formula, sleepstudy)

# sums about centres that rounding moves: 1e-12 of the criterion
same_fit <- function(sums, data) {
  expected <- lmm(sums$formula, data)
  fit <- lmm(sums)
  expect_equal(fit$criterion, expected$criterion, tolerance = 1e-12)
  expect_equal(fixef(fit), fixef(expected), tolerance = 1e-9)
  expect_equal(ranef(fit)$Subject, ranef(expected)$Subject, tolerance = 1e-6)
  expect_identical(nobs(fit), nobs(expected))
  expect_equal(as.data.frame(VarCorr(fit)), as.data.frame(VarCorr(expected)), tolerance = 1e-6)
}

test_that("rows that are taken away leave the fit of the others", {
  for (gone in list(sleepstudy$Days == 3, sleepstudy$Subject %in% c("308", "372"))) {
    part <- cross_products(formula, sleepstudy[gone, ])
    for (left in list(
      whole - part, merge(whole, sleepstudy[gone, ], subtract = TRUE),
      whole - chunks(split(sleepstudy[gone, ], rep(1:2, length.out = sum(gone))))
    )) {
      same_fit(left, sleepstudy[!gone, ])
      same_fit(left + part, sleepstudy)
      expect_identical(
        names(left$counts$Subject), as.character(unique(sleepstudy$Subject[!gone]))
      )
    }
  }
})

test_that("crossed factors lose levels and pairs", {
  set.seed(6)
  data <- expand.grid(plate = paste0("p", 1:6), sample = paste0("s", 1:5), lab = c("u", "v"))
  data$x <- rnorm(60)
  data$y <- rnorm(60) + rnorm(6)[data$plate] + rnorm(5)[data$sample]
  formula <- y ~ x + (1 | plate) + (x | sample) + (1 | plate:lab)
  whole <- cross_products(formula, data)
  gone <- data$plate %in% c("p1", "p5") | data$sample == "s2"
  expected <- suppressMessages(lmm(formula, data[!gone, ]))
  left <- merge(whole, data[gone, ], subtract = TRUE)
  fit <- suppressMessages(lmm(left))
  expect_equal(fit$criterion, expected$criterion, tolerance = 1e-12)
  expect_identical(lapply(fit$random, `[[`, "levels"), lapply(expected$random, `[[`, "levels"))
  # and a smaller model of them
  smaller <- y ~ 1 + (1 | sample) + (1 | plate)
  expect_equal(
    suppressMessages(lmm(smaller, left))$criterion,
    suppressMessages(lmm(smaller, data[!gone, ]))$criterion, tolerance = 1e-12
  )
})

test_that("rows are added as those before, with the levels of those before", {
  data <- transform(sleepstudy, f = rep(c("a", "b", "c"), 60))
  formula <- Reaction ~ f + (1 | Subject)
  first <- cross_products(formula, data[1:120, ])
  # of one level only
  later <- data[121:180, ][data$f[121:180] == "b", ]
  expect_equal(
    lmm(merge(first, later))$criterion, lmm(formula, rbind(data[1:120, ], later))$criterion,
    tolerance = 1e-12
  )
  expect_error(merge(first, transform(later, f = "d")), class = "henderson_error")
})

test_that("no row counts twice, or goes twice", {
  refused <- function(expr, text) {
    expect_error(expr, text, class = "henderson_error_cross_products")
  }
  refused(whole + whole, "in both")
  # the same rows in another order and other pieces
  refused(whole + cross_products(formula, sleepstudy[180:1, ]), "All sums")
  pieces <- split(sleepstudy, rep(1:3, 60))
  some <- cross_products(formula, chunks(pieces[1:2]))
  refused(some + cross_products(formula, chunks(pieces[2:3])), "1 piece")
  expect_equal(merge(whole, whole, duplicates = TRUE)$sums$n, 360)
  part <- cross_products(formula, pieces[[1]])
  refused(whole - part - part, "before")
  refused(part - whole, "Of level")
  refused(whole - whole, "No row")
  expect_error(chunks(rep(system.file("DESCRIPTION", package = "henderson"), 2)), "twice",
    class = "henderson_error_data"
  )
})

test_that("what remains of sums that are much larger is refused", {
  data <- transform(sleepstudy, Reaction = Reaction * ifelse(Subject == "308", 1e6, 1))
  sums <- cross_products(formula, data)
  expect_error(merge(sums, subset(data, Subject == "308"), subtract = TRUE), "digits",
    class = "henderson_error_cross_products"
  )
  # rows that were not in it
  other <- transform(subset(sleepstudy, Days == 2), Reaction = 1000 * Days * Reaction)
  expect_error(merge(whole, other, subtract = TRUE), "negative",
    class = "henderson_error_cross_products"
  )
})
