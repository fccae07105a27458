in_pieces <- function(data, id) chunks(split(data, id))

test_that("fits of data in pieces are those of the whole, on real models", {
  need_peer(c("lme4", "agridat"))
  models <- Filter(
    function(model) !any(grepl("poly(", deparse(model$formula), fixed = TRUE)), real_models()
  )
  expect_gte(length(models), 90)
  control <- lmm_control(check_singular = "ignore", check_rank = "ignore")
  for (model in models) {
    expected <- suppressWarnings(suppressMessages(fit_real_model_quietly(model)))
    data <- as.data.frame(eval(model$data))
    # in one order new levels come up in every piece, in the other hardly any
    for (id in list(sort(rep_len(1:4, nrow(data))), rep_len(1:3, nrow(data)))) {
      arguments <- list(model$formula, in_pieces(data, id), REML = model$REML, control = control)
      arguments[c("weights", "offset")] <- model[c("weights", "offset")]
      fit <- suppressWarnings(suppressMessages(do.call(lmm, Filter(Negate(is.null), arguments))))
      # rounding of sums about other centres
      expect_equal(fit$criterion, expected$criterion, tolerance = 1e-10, label = model$name)
      error <- sqrt(diag(expected$vcov))
      off <- (fit$beta - expected$beta) / error
      expect_lt(max(abs(off), 0, na.rm = TRUE), 1e-5, label = model$name)
      expect_identical(names(fit$beta), names(expected$beta))
      for (t in seq_along(fit$random)) {
        expect_identical(
          unname(fit$random[[t]]$levels), unname(expected$random[[t]]$levels), label = model$name
        )
      }
    }
  }
})

test_that("weights, offset, subset and missing values are those of each piece", {
  data <- sleepstudy
  data$w <- rep(c(1, 2, 0.5), 60)
  data$o <- seq_len(180) / 10
  data$Days[c(3, 100)] <- NA
  # the first piece has no row of its own: subset leaves it out
  id <- rep(1:3, c(10, 90, 80))
  expected <- lmm(Reaction ~ Days + (Days | Subject), data,
    weights = w, offset = o, subset = Subject != "308" & Days < 9
  )
  fit <- lmm(Reaction ~ Days + (Days | Subject), in_pieces(data, id),
    weights = w, offset = o, subset = Subject != "308" & Days < 9
  )
  expect_equal(fit$criterion, expected$criterion, tolerance = 1e-12)
  expect_equal(fixef(fit), fixef(expected), tolerance = 1e-9)
  expect_equal(nobs(fit), nobs(expected))
  expect_equal(fit$summed$omitted, 1) # the other one is not in the subset
  # with weights rows count differently: nothing is taken for what it is not
  expect_error(r_squared(fit), class = "henderson_error_data")
  expect_error(anova(fit, type = "I"), class = "henderson_error_data")
})

test_that("levels of factors of the fixed part may come up late", {
  set.seed(4)
  data <- data.frame(
    f = rep(c("b", "a", "c", "d"), each = 30), o = factor(rep(3:1, each = 40)), g = gl(12, 10),
    x = rnorm(120)
  )
  data$y <- rnorm(120) + rnorm(12)[data$g]
  reads <- 0
  piece <- function(i) {
    reads <<- reads + 1
    if (i <= 4) data[30 * (i - 1) + 1:30, ]
  }
  for (formula in list(y ~ f * x + (1 | g), y ~ o + (f | o:g), y ~ 0 + f + (1 | g))) {
    contrasts <- list(f = "contr.sum")
    expected <- suppressMessages(lmm(formula, data, contrasts = contrasts))
    reads <- 0
    fit <- suppressMessages(lmm(formula, chunks(piece), contrasts = contrasts))
    expect_equal(fit$criterion, expected$criterion, tolerance = 1e-10)
    expect_identical(names(fixef(fit)), names(fixef(expected)))
    expect_equal(reads, 10) # two passes of four pieces and their end
  }
  reads <- 0
  lmm(y ~ x + (1 | g), chunks(piece))
  expect_equal(reads, 5)
})

test_that("a first piece with a narrow range does not cost the others digits", {
  set.seed(2)
  data <- data.frame(t = c(sort(runif(6, 0, 2)), sort(runif(594, 0, 3e7))), g = gl(20, 1, 600))
  data$y <- rnorm(20)[data$g] + rnorm(600)
  fit <- lmm(y ~ t + (1 | g), chunks(list(data[1:6, ], data[7:600, ])))
  expect_equal(fit$criterion, lmm(y ~ t + (1 | g), data)$criterion, tolerance = 1e-10)
})

test_that("pieces that do not agree, and data without a complete row, are refused", {
  pieces <- list(sleepstudy[1:90, ], sleepstudy[91:180, c("Reaction", "Subject")])
  expect_error(
    lmm(Reaction ~ Days + (1 | Subject), chunks(pieces)), "Days",
    class = "henderson_error_data"
  )
  empty <- transform(sleepstudy, Days = NA_real_)
  expect_error(
    lmm(Reaction ~ Days + (1 | Subject), in_pieces(empty, rep(1:2, 90))),
    class = "henderson_error_data"
  )
})

test_that("relationships have their levels in pieces too", {
  K <- diag(20) + 0.5
  rownames(K) <- c(levels(sleepstudy$Subject), "new", "newer")
  expected <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy, relationship = list(Subject = K))
  fit <- lmm(Reaction ~ Days + (1 | Subject), in_pieces(sleepstudy, rep(1:3, each = 60)),
    relationship = list(Subject = K)
  )
  expect_equal(fit$criterion, expected$criterion, tolerance = 1e-12)
  expect_equal(ranef(fit)$Subject, ranef(expected)$Subject, tolerance = 1e-7)
})

test_that("levels of a factor that is on a left-hand side only may come up late", {
  withr::local_seed(6)
  data <- data.frame(f = rep(letters[1:4], each = 60), g = gl(12, 1, 240), x = rnorm(240))
  data$y <- rnorm(240) + rnorm(48)[as.integer(data$g) + 12 * (match(data$f, letters) - 1)]
  for (formula in list(y ~ x + (f | g), y ~ 1 + (0 + f || g), y ~ x + cs(0 + f | g))) {
    expected <- suppressMessages(lmm(formula, data))
    fit <- suppressMessages(lmm(formula, in_pieces(data, rep(1:4, each = 60))))
    expect_equal(fit$criterion, expected$criterion, tolerance = 1e-12)
    expect_identical(dimnames(ranef(fit)$g), dimnames(ranef(expected)$g))
  }
})

test_that("a response far from zero costs no digits, without a column of ones and with a trend", {
  withr::local_seed(7)
  data <- data.frame(f = gl(3, 1, 900), g = gl(30, 30), t = seq_len(900)^2 / 10)
  data$y <- 1e6 + 1e4 * as.integer(data$f) + 0.3 * data$t + rnorm(30)[data$g] + rnorm(900)
  for (formula in list(y ~ 0 + f + t + (1 | g), y ~ f + t + (1 | g), y ~ 0 + f + f:t + (f | g))) {
    expected <- suppressMessages(lmm(formula, data))
    fit <- suppressMessages(lmm(formula, in_pieces(data, rep(1:9, each = 100))))
    expect_equal(fit$criterion, expected$criterion, tolerance = 1e-11)
    expect_equal(sigma(fit), sigma(expected), tolerance = 1e-9)
  }
})

test_that("a level is one, whatever the encoding of its label in a piece", {
  utf8 <- c("\u00e4", "\u00f6", "b")
  latin1 <- iconv(utf8, "UTF-8", "latin1")
  expect_identical(Encoding(latin1)[1:2], c("latin1", "latin1"))
  withr::local_seed(8)
  at <- sample(3, 300, TRUE)
  data <- data.frame(x = rnorm(300), s = gl(20, 15), u = utf8[at])
  data$y <- rnorm(300) + rnorm(20)[data$s] + at
  other <- transform(data, u = latin1[at])
  for (formula in list(y ~ x + u + (1 | s), y ~ x + (1 | s) + (1 | u), y ~ 1 + (u | s))) {
    expected <- suppressMessages(lmm(formula, data))
    pieces <- list(data[1:150, ], other[151:300, ])
    fit <- suppressMessages(lmm(formula, chunks(pieces)))
    expect_equal(fit$criterion, expected$criterion, tolerance = 1e-11)
    expect_identical(names(fixef(fit)), names(fixef(expected)))
    sums <- lapply(pieces, function(piece) cross_products(formula, piece))
    both <- suppressMessages(lmm(sums[[1]] + sums[[2]]))
    expect_equal(both$criterion, expected$criterion, tolerance = 1e-11)
  }
})

test_that("a million levels that come up piece by piece", {
  only_in_full_tier("takes half a minute")
  withr::local_seed(10)
  J <- 1e6
  effects <- rnorm(J)
  # each level has a row in two of five pieces
  level <- function(i) (seq_len(4e5) + 4e5 * (i - 1)) %% J + 1
  pieces <- lapply(1:5, function(i) {
    own <- level(i)
    x <- rnorm(4e5)
    data.frame(g = own, x = x, y = x + effects[own] + rnorm(4e5))
  })
  fit <- lmm(y ~ x + (1 | g), chunks(pieces))
  expect_length(fit$random[[1]]$levels, J)
  expected <- lmm(y ~ x + (1 | g), do.call(rbind, pieces))
  expect_equal(fit$criterion, expected$criterion, tolerance = 1e-12)
  expect_equal(fixef(fit), fixef(expected), tolerance = 1e-9)
  expect_identical(rownames(ranef(fit)$g)[c(1, J)], c("1", "1000000"))
})
