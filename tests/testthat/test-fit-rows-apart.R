in_pieces <- function(data, id) chunks(split(data, id))

test_that("terms that depend on other rows are refused by name", {
  pieces <- in_pieces(sleepstudy, rep(1:2, 90))
  refused <- function(formula) {
    expect_error(lmm(formula, pieces), class = "henderson_error_data")
  }
  expect_match(conditionMessage(refused(Reaction ~ poly(Days, 2) + (1 | Subject))), "poly(Days, 2)",
    fixed = TRUE
  )
  refused(Reaction ~ scale(Days) + (1 | Subject))
  expect_match(
    conditionMessage(refused(Reaction ~ I(Days - mean(Days)) + (1 | Subject))), "mean(Days)",
    fixed = TRUE
  )
  refused(Reaction - mean(Reaction) ~ Days + (1 | Subject))
  expected <- lmm(Reaction ~ poly(Days, 2, raw = TRUE) + (1 | Subject), sleepstudy)
  fit <- lmm(Reaction ~ poly(Days, 2, raw = TRUE) + (1 | Subject), pieces)
  expect_equal(fit$criterion, expected$criterion, tolerance = 1e-10)
})

test_that("what only looks like a row's own is found out by rows of another piece", {
  years <- transform(sleepstudy, year = 2000 + Days, part = Days > 4, one = 1 + (Days > 4))
  pieces <- chunks(split(years, years$part))
  refused <- function(...) {
    expect_error(lmm(..., data = pieces), class = "henderson_error_data")
  }
  refused(Reaction ~ I(year - min(year)) + (1 | Subject))
  refused(Reaction ~ as.integer(factor(part)) + Days + (1 | Subject))
  refused(Reaction ~ Days + (1 | Subject), weights = one / max(one))
  refused(Reaction ~ Days + (1 | Subject), offset = one - mean(one))
  refused(Reaction ~ Days + (1 | Subject), subset = Days > mean(Days))
  refused(Reaction ~ Days + (1 | Subject), subset = -(1:10))
  # not columns of the data, though as long as a piece
  outside <- rep(1:2, 45)
  refused(Reaction ~ outside + (1 | Subject))
  refused(Reaction ~ Days + (1 | Subject), weights = outside)
  # a first piece too small to tell
  expect_error(
    lmm(Reaction ~ I(Days - mean(Days)) + (1 | Subject),
      chunks(list(sleepstudy[1:2, ], sleepstudy[3:180, ]))
    ),
    class = "henderson_error_data"
  )
})

test_that("types and orders of levels must agree", {
  days <- transform(sleepstudy,
    day = factor(c("low", "mid", "high")[Days %% 3 + 1], c("low", "mid", "high"), ordered = TRUE)
  )
  formula <- Reaction ~ day + (1 | Subject)
  pieces <- split(days, days$day)
  expect_equal(lmm(formula, chunks(pieces))$criterion, lmm(formula, days)$criterion,
    tolerance = 1e-10
  )
  expect_error(lmm(formula, chunks(lapply(pieces, droplevels))), "day",
    class = "henderson_error_data"
  )
  own <- sleepstudy
  contrasts(own$Subject) <- contr.sum(18) * 2
  expect_error(lmm(Reaction ~ Subject + (1 | Days), in_pieces(own, rep(1:2, 90))), "Subject",
    class = "henderson_error_contrasts"
  )
  later <- transform(sleepstudy[91:180, ], Days = as.Date(Days, "1970-01-01"))
  mixed <- list(sleepstudy[1:90, ], later)
  expect_error(lmm(Reaction ~ Days + (1 | Subject), chunks(mixed)), "Days",
    class = "henderson_error_data"
  )
})

test_that("whole numbers are the same levels, whatever their type in a piece", {
  withr::local_seed(9)
  data <- data.frame(id = rep(c(1e5, 2e5, 3, 1234567), 60), g = gl(20, 12), x = rnorm(240))
  data$y <- rnorm(240) + match(data$id, unique(data$id)) + rnorm(20)[data$g]
  whole <- transform(data, id = as.integer(id))
  halved <- transform(data, id = replace(id, 200:204, 2.5))
  for (formula in list(y ~ factor(id) + (1 | g), y ~ x + (1 | id) + (1 | g), y ~ id + (1 | g))) {
    expected <- suppressMessages(lmm(formula, halved))
    for (pieces in list(
      list(whole[1:120, ], halved[121:240, ]), list(halved[121:240, ], whole[1:120, ])
    )) {
      fit <- suppressMessages(lmm(formula, chunks(pieces)))
      expect_equal(fit$criterion, expected$criterion, tolerance = 1e-12)
      expect_identical(names(fixef(fit)), names(fixef(expected)))
    }
  }
  # of two sites as well
  sums <- cross_products(y ~ x + (1 | id) + (1 | g), whole[1:120, ]) +
    cross_products(y ~ x + (1 | id) + (1 | g), data[121:240, ])
  expect_setequal(rownames(ranef(lmm(sums))$id), c("100000", "200000", "3", "1234567"))
  expect_equal(lmm(sums)$criterion, lmm(y ~ x + (1 | id) + (1 | g), data)$criterion)
})
