test_that("cross-products are moments about the stored shifts", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  moments <- cross_products_of(fit)
  expect_s3_class(moments, "henderson_cross_products")
  expect_identical(moments$format_version, cross_products_format)
  expect_equal(moments$n, 180)
  expect_equal(moments$shift$x, c(0, 4.5))
  expect_identical(names(moments$levels), "Subject")
  expect_identical(moments$levels$Subject, levels(sleepstudy$Subject))
  # centred Days: sum of squares by hand, 18 subjects times sum((0:9 - 4.5)^2) = 82.5
  expect_equal(moments$blocks$dense[2, 2], 18 * 82.5)
  # y is taken about its least-squares fit: X'(y - fit) = 0, and the last entry is the residual SS
  expect_equal(moments$blocks$dense[1:2, 3], c(0, 0), tolerance = 1e-8)
  expect_equal(moments$blocks$dense[3, 3], deviance(lm(Reaction ~ Days, sleepstudy)))
})

test_that("cross-products of two halves add up to those of the whole and give its fit", {
  weights <- rep(c(1, 2, 0.5), 60)
  f <- Reaction ~ Days + (Days | Subject) + (1 | period)
  data <- transform(sleepstudy, period = factor(Days %% 3), w = weights)
  control <- lmm_control(check_singular = "ignore")
  fit <- lmm(f, data, weights = w, control = control)
  core <- core_design(fit_design_again(fit), fit$X)
  part <- function(rows) {
    half <- core
    half$X <- core$X[rows, , drop = FALSE]
    half$y <- core$y[rows]
    half$weights <- core$weights[rows]
    half$terms <- lapply(core$terms, function(term) {
      term$level <- term$level[rows]
      term$columns <- lapply(term$columns, function(column) {
        if (is.null(column)) NULL else list(column[[1]][rows, , drop = FALSE], column[[2]])
      })
      term
    })
    design_moments(half)
  }
  sum <- add_cross_products_cpp(part(1:70), part(71:180))
  expect_equal(sum$n, 180)
  theta <- c(0.9, 0.1, 0.2, 0.3)
  whole <- evaluate_deviance_cpp(design_moments(core), theta, TRUE, TRUE)
  merged <- evaluate_deviance_cpp(sum, theta, TRUE, TRUE)
  expect_equal(merged$value, whole$value, tolerance = 1e-12)
  expect_equal(merged$gradient, whole$gradient, tolerance = 1e-9)
  options <- list(
    REML = TRUE, optimize = TRUE, start = NULL, max_iterations = 100L, tolerance = 1e-12
  )
  refit <- fit_cpp(prepare_cpp(NULL, sum)$pointer, options)$point
  expect_equal(refit$criterion, fit$criterion, tolerance = 1e-11)
  expect_equal(refit$beta, unname(fixef(fit)), tolerance = 1e-8)
})

test_that("terms on one factor become one block term of the core", {
  fit <- lmm(Reaction ~ Days + (1 | Subject) + (0 + Days | Subject), sleepstudy)
  core <- core_design(fit_design_again(fit), fit$X)
  expect_length(core$terms, 1)
  expect_identical(lapply(core$specs[[1]], `[[`, "columns"), list(1L, 2L))
  together <- lmm(Reaction ~ Days + (Days || Subject), sleepstudy)
  expect_equal(together$criterion, fit$criterion, tolerance = 1e-11)
})

test_that("malformed cross-products are refused, not read", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  good <- cross_products_of(fit)
  break_it <- list(
    function(m) replace(m, "format_version", 99L),
    function(m) replace(m, "p", 7L),
    function(m) { m$blocks$terms[[1]]$n_levels <- 17L; m },
    function(m) { m$blocks$terms[[1]]$shift <- 1; m },
    function(m) { m$blocks$dense <- diag(2); m },
    function(m) {
      m$blocks$pairs <- list(list(terms = c(0L, 5L), start = 0, partner = 1L, values = 1))
      m
    }
  )
  for (change in break_it) {
    expect_error(evaluate_deviance_cpp(change(unclass(good)), fit$theta, TRUE, TRUE), "internal")
  }
  expect_error(evaluate_deviance_cpp(good, 1, TRUE, TRUE), "internal")
})

test_that("specs that do not fit their term are refused", {
  good <- unclass(cross_products_of(lmm(Reaction ~ Days + (Days || Subject), sleepstudy)))
  change <- function(...) {
    good$specs[[1]][[1]] <- utils::modifyList(good$specs[[1]][[1]], list(...))
    good
  }
  for (wrong in list(
    change(name = "no such"), change(columns = 1L), change(columns = 2:3), change(columns = 2:1),
    change(columns = 1:3), change(columns = c(1, 2)), change(columns = integer()),
    change(parameters = 1L), change(parameters = 2:3), change(parameters = c(1L, 3L)),
    change(parameters = c(NA, 1L)), change(parameters = 0:1), change(data = 1),
    replace(good, "specs", list(list())), replace(good, "specs", list(list(list()))),
    replace(good, "specs", list(NULL))
  )) {
    expect_error(evaluate_deviance_cpp(wrong, c(1, 1), TRUE, TRUE), "internal")
  }
})

test_that("thousands of nested levels give the same fit whatever their order", {
  set.seed(31)
  class_of <- sample.int(60L, 5000L, replace = TRUE)
  student <- sample.int(5000L, 15000L, replace = TRUE)
  data <- data.frame(student = factor(student), class = factor(class_of[student]))
  data$y <- rnorm(5000)[student] + rnorm(60)[data$class] + rnorm(15000)
  by_class <- order(class_of[as.integer(levels(data$student))])
  sorted <- transform(data, student = factor(student, levels(student)[by_class]))
  # the core sorts the levels of the one; those of the other are in order
  fit <- lmm(y ~ 1 + (1 | student) + (1 | class), data)
  other <- lmm(y ~ 1 + (1 | student) + (1 | class), sorted)
  expect_equal(fit$criterion, other$criterion, tolerance = 1e-12)
  expect_equal(fit$fitted, other$fitted, tolerance = 1e-8)
  expect_equal(ranef(fit)$student, ranef(other)$student[levels(data$student), , drop = FALSE],
    tolerance = 1e-7, ignore_attr = "postVar"
  )
  variance <- fit$conditional_variance[[1L]]
  expect_equal(variance, other$conditional_variance[[1L]][, , levels(data$student), drop = FALSE],
    tolerance = 1e-7
  )
})

test_that("only our own external pointers are evaluators", {
  expect_error(deviance_at_cpp(1, 1, FALSE), "internal: not an evaluator")
  expect_error(deviance_at_cpp(methods::new("externalptr"), 1, FALSE), "internal: not an evaluator")
})
