# Smaller random parts fitted to cross-products of the larger model, against fits of the rows.

nested_data <- local({
  set.seed(5)
  n <- 1500
  d <- data.frame(
    g = factor(sample(25, n, TRUE)), h = factor(sample(9, n, TRUE)), x = rnorm(n, 30, 2),
    z = rnorm(n), f = sample(c("p", "q", "r"), n, TRUE), w = runif(n, 0.5, 2), o = rnorm(n)
  )
  d$w[1:50] <- 0
  effects <- matrix(rnorm(75), 25)
  d$y <- d$x + rnorm(25)[d$g] + rnorm(25, 0, 0.5)[d$g] * (d$x - 30) + 0.5 * effects[
    cbind(as.integer(d$g), match(d$f, c("p", "q", "r")))
  ] + rnorm(9)[d$h] + rnorm(n)
  d
})

nested_models <- list(
  slopes = quote(lmm(y ~ x + (x + z | g) + (1 | h), nested_data)),
  diagonal = quote(lmm(y ~ x + (x + z || g) + (z || h), nested_data, weights = w)),
  factor = quote(lmm(y ~ x + f + (0 + f | g) + (1 | h), nested_data, REML = FALSE)),
  coded = quote(lmm(y ~ f + (f | g), nested_data, contrasts = list(f = "contr.sum"))),
  joined = quote(lmm(y ~ x + offset(o) + (1 | g) + (0 + x | g) + (z | g:h), nested_data)),
  products = quote(lmm(y ~ x * z + (x * z | g), nested_data))
)

test_that("a smaller random part has the criterion and theta of its own fit", {
  for (name in names(nested_models)) {
    fit <- suppressMessages(eval(nested_models[[name]]))
    reductions <- c(random_reductions(fit), random_reductions(fit, FALSE))
    tried <- 0L
    for (reduction in reductions) {
      random <- replace_term(fit$parsed$random, reduction$position, reduction$reduced)
      if (length(random) == 0L) next
      own <- nested_fit(fit, random)
      fresh <- suppressMessages(refit_random(fit, random))
      info <- paste(name, reduction$label)
      expect_false(is.null(own), info = info)
      expect_equal(own$criterion, fresh$criterion, tolerance = 1e-10, info = info)
      expect_equal(own$theta, unname(fresh$theta), tolerance = 1e-5, info = info)
      expect_identical(own$optimization$singular, fresh$optimization$singular, info = info)
      for (field in c("text", "columns", "theta_index", "structure")) {
        expect_identical(lapply(own$random, `[[`, field), lapply(fresh$random, `[[`, field))
      }
      tried <- tried + 1L
    }
    expect_gt(tried + (name == "coded"), 0L)
  }
})

test_that("a far covariate that loses its intercept keeps its digits", {
  d <- nested_data
  d$x <- d$x * 1000
  fit <- suppressMessages(lmm(y ~ x + (x | g), d))
  random <- list(parse_formula(y ~ (0 + x | g))$random[[1L]])
  own <- nested_fit(fit, random)
  expect_equal(own$criterion, lmm(y ~ x + (0 + x | g), d)$criterion, tolerance = 1e-11)
})

test_that("columns that the fit does not have are left to the rows", {
  fit <- suppressMessages(lmm(y ~ x + z + (x | g), nested_data))
  expect_null(nested_fit(fit, parse_formula(y ~ (z | g))$random))
  expect_null(nested_fit(fit, parse_formula(y ~ (1 | h))$random))
  fit$control$optimizer <- "bfgs"
  expect_null(nested_fit(fit, parse_formula(y ~ (1 | g))$random))
})

test_that("a level that a thousand rows may miss is found among all", {
  set.seed(8)
  n <- 20000
  d <- data.frame(g = factor(sample(30, n, TRUE)), f = "a", y = rnorm(n))
  d$f[c(17, 5001)] <- "rare"
  fit <- suppressMessages(lmm(y ~ 1 + (0 + f | g), d))
  z <- lhs_matrices(fit$parsed$random, fit)[[1L]]
  expect_identical(nrow(z), 20000L)
  term <- parse_formula(y ~ (1 | g))$random[[1L]]
  expect_equal(nested_term(term, fit)$map, matrix(1, 2L, 1L), tolerance = 1e-12)
})

test_that("tests of random terms build no design and read no rows but a thousand", {
  set.seed(9)
  n <- 5000
  d <- data.frame(g = factor(sample(40, n, TRUE)), h = factor(sample(9, n, TRUE)), x = rnorm(n))
  d$y <- rnorm(40)[d$g] + rnorm(9)[d$h] + rnorm(40)[d$g] * d$x + rnorm(n)
  fit <- lmm(y ~ x + (x | g) + (1 | h), d)
  forbidden <- function(...) stop("a design or the rows were asked for")
  prepare <- prepare_cpp
  without_rows <- function(design, moments) prepare(if (!is.null(design)) forbidden(), moments)
  replace_functions(list(
    model_design = forbidden, random_design = forbidden, cross_products_cpp = forbidden,
    prepare_cpp = without_rows, fixed_matrix = forbidden
  ))
  expect_s3_class(random_anova(fit), "anova")
  expect_s3_class(random_anova(fit, reduce_terms = FALSE), "anova")
  expect_s3_class(random_structures(fit), "henderson_random_structures")
  sizes <- integer(0L)
  record <- function(terms, frame, columns) {
    sizes <<- c(sizes, nrow(frame))
    matrix(1, nrow(frame), 2L, dimnames = list(NULL, c("(Intercept)", "x")))
  }
  replace_functions(list(numeric_design_matrix = record))
  lhs_columns(fit$parsed$random[[1L]], fit)
  expect_identical(sizes, 1000L)
})
