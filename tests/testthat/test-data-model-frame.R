test_that("the frame has response, all variables, weights and offset, and safe prediction", {
  d <- many_types()
  frame <- design_of(y ~ poly(x, 2) + (w | a / b), d, weights = positive, offset = w)$frame
  expect_named(frame, c("y", "poly(x, 2)", "w", "b", "a", "(weights)", "(offset)"))
  expect_match(deparse1(attr(attr(frame, "terms"), "predvars")), "coefs", fixed = TRUE)
  expect_match(deparse1(attr(attr(frame, "fixed_terms"), "predvars")), "coefs", fixed = TRUE)
  expect_identical(attr(frame, "data_variables"), c("y", "x", "w", "b", "a"))
})

test_that("scoping is that of lm(): data first, then the formula's environment", {
  d <- many_types()
  w <- rep(100, nrow(d))
  extra <- d$x + 1
  design <- design_of(y ~ x + extra + (1 | g), d, weights = w)
  expect_identical(design$weights, d$w)
  expect_identical(unname(design$X[, "extra"]), extra)
  formula <- local({
    own <- d$x^2
    y ~ own + (1 | g)
  })
  expect_identical(unname(design_of(formula, d)$X[, "own"]), d$x^2)
  fit_in_function <- function(f, dd) {
    hidden <- dd$positive
    f <- stats::update(f, . ~ . + x)
    environment(f) <- environment()
    design_of(f, dd, weights = hidden)
  }
  expect_identical(fit_in_function(y ~ (1 | g), d)$weights, d$positive)
  called <- do.call(design_of, list(y ~ x + (1 | g), d, weights = quote(w), subset = quote(x > 0)))
  expect_identical(called$weights, d$w[d$x > 0])
})

test_that("data may be a tibble, a list, an environment or absent", {
  d <- many_types()
  expected <- design_of(y ~ x + (x | g), d)
  skip_if_not_installed("tibble")
  sources <- list(tibble::as_tibble(d), as.list(d), list2env(d))
  for (data in sources) {
    got <- design_of(y ~ x + (x | g), data)
    expect_equal(got$X, expected$X)
    expect_identical(got$random[[1]]$level, expected$random[[1]]$level)
  }
  y <- d$y
  x <- d$x
  g <- d$g
  expect_identical(design_of(y ~ x + (x | g))$X, expected$X)
})

test_that("na.action decides about missing values", {
  d <- many_types()
  d$y[2] <- NA
  d$x[5] <- NaN
  d$g[7] <- NA
  omitted <- design_of(y ~ x + (1 | g), d)
  expect_length(omitted$y, 69)
  expect_s3_class(attr(omitted$frame, "na.action"), "omit")
  excluded <- design_of(y ~ x + (1 | g), d, na.action = na.exclude)
  expect_s3_class(attr(excluded$frame, "na.action"), "exclude")
  for (action in list(na.fail, "na.fail")) {
    error <- tryCatch(design_of(y ~ x + (1 | g), d, na.action = action), error = identity)
    expect_s3_class(error, "henderson_error_data")
    expect_identical(error$observed, c(y = 1L, x = 1L, g = 1L))
  }
  expect_error(design_of(y ~ x + (1 | g), d, na.action = na.pass),
    class = "henderson_error_response"
  )
  expect_error(design_of(w ~ x + (1 | g), d, na.action = NULL), class = "henderson_error_data")
  expect_error(design_of(w ~ 1 + (1 | g), d, na.action = na.pass),
    class = "henderson_error_grouping"
  )
  withr::local_options(na.action = "na.fail")
  expect_error(design_of(y ~ x + (1 | g), d), class = "henderson_error_data")
})

test_that("levels that do not occur are dropped", {
  d <- many_types()
  design <- design_of(y ~ f + (1 | g), d, subset = f != "a" & g != "2")
  expect_identical(colnames(design$X), c("(Intercept)", "fc"))
  expect_identical(design$xlevels, list(f = c("b", "c")))
  expect_false("2" %in% design$random[[1]]$levels)
})

test_that("contrasts stored in a factor survive unless its levels change", {
  d <- many_types()
  contrasts(d$f) <- "contr.sum"
  expect_silent(names <- colnames(design_of(y ~ f + (1 | g), d, subset = f != "a")$X))
  expect_identical(names, c("(Intercept)", "f1"))
  contrasts(d$f) <- cbind(low = c(-1, 0, 1), high = c(0, -1, 1))
  expect_identical(colnames(design_of(y ~ f + (1 | g), d)$X), c("(Intercept)", "flow", "fhigh"))
  expect_warning(design_of(y ~ f + (1 | g), d, subset = f != "a"),
    class = "henderson_warning_contrasts"
  )
})

test_that("one TRUE or FALSE is meant for all rows, as for lm()", {
  d <- many_types()
  expect_identical(design_of(y ~ w + (1 | g), d, subset = TRUE)$y, d$y)
  listed <- as.list(d[c("y", "w", "g")])
  expect_identical(design_of(y ~ w + (1 | g), listed, subset = TRUE)$y, d$y)
  expect_error(design_of(y ~ w + (1 | g), d, subset = FALSE), "selects none",
    class = "henderson_error_data"
  )
})

test_that("subset is evaluated in the data and never recycled", {
  d <- many_types()
  limit <- 0.5
  expect_identical(design_of(y ~ w + (1 | g), d, subset = x > limit)$y, d$y[d$x > limit])
  expect_identical(design_of(y ~ w + (1 | g), d, subset = 1:30)$y, d$y[1:30])
  expect_identical(design_of(y ~ w + (1 | g), d, subset = -(1:30))$y, d$y[-(1:30)])
  for (call in list(
    quote(design_of(y ~ w + (1 | g), d, subset = c(TRUE, FALSE))),
    quote(design_of(y ~ w + (1 | g), d, subset = list(1))),
    quote(design_of(y ~ w + (1 | g), d, subset = 73))
  )) {
    error <- tryCatch(eval(call), error = identity)
    expect_s3_class(error, "henderson_error_argument")
    expect_identical(error$variable, "subset")
  }
})

test_that("64-bit integers serve as response, predictor and grouping factor", {
  skip_if_not_installed("bit64")
  d <- many_types()
  plain <- design_of(integer ~ b + (b | g), d)
  d$integer <- bit64::as.integer64(d$integer)
  d$b <- bit64::as.integer64(d$b)
  d$g <- bit64::as.integer64(as.character(d$g))
  design <- design_of(integer ~ b + (b | g), d)
  for (part in c("X", "y")) expect_identical(design[[part]], plain[[part]])
  for (part in c("z", "level", "levels")) {
    expect_identical(design$random[[1]][[part]], plain$random[[1]][[part]])
  }
})

test_that("labelled columns of haven are numbers or strings", {
  skip_if_not_installed("haven")
  d <- many_types()
  plain <- design_of(y ~ b + string + (b | a), d)
  d$y <- haven::labelled(d$y, label = "response")
  d$b <- haven::labelled(d$b, c(low = 1, high = 3))
  d$string <- haven::labelled(d$string, label = "text")
  design <- design_of(y ~ b + string + (b | a), d)
  expect_identical(design$X, plain$X, ignore_attr = "contrasts")
  expect_identical(design$y, plain$y)
})
