term <- function(columns, structure = "us", group = "g") {
  list(group = group, columns = columns, structure = structure)
}

test_that("names of theta are lme4's", {
  random <- list(
    term(c("(Intercept)", "x", "w")), term("(Intercept)", group = "b:a"),
    term(c("(Intercept)", "x"), "diag", "h")
  )
  expect_identical(theta_names(random), c(
    "g.(Intercept)", "g.x.(Intercept)", "g.w.(Intercept)", "g.x", "g.w.x", "g.w",
    "b:a.(Intercept)", "h.(Intercept)", "h.x"
  ))
})

test_that("start is the identity and bounds are 0 on the diagonal of Lambda", {
  random <- list(term(c("a", "b", "c")), term(c("a", "b"), "diag"), term("a"))
  expect_identical(theta_start(random), c(1, 0, 0, 1, 0, 1, 1, 1, 1))
  expect_identical(theta_lower(random), c(0, -Inf, -Inf, 0, -Inf, 0, 0, 0, 0))
})

test_that("Lambda is filled by columns from the term's part of theta", {
  random <- index_theta(list(term(c("a", "b")), term(c("a", "b"), "diag"), term("a")))
  expect_identical(lapply(random, `[[`, "theta_index"), list(1:3, 4:5, 6L))
  theta <- c(x = 1, y = 2, z = 3, 4, 5, 6)
  expect_identical(lambda_matrix(random[[1]], theta), matrix(c(1, 2, 0, 3), 2))
  expect_identical(lambda_matrix(random[[2]], theta), diag(c(4, 5)))
  expect_identical(lambda_matrix(random[[3]], theta), matrix(6))
})

# Lambda by its definition, in R, where theta has its entries.
written_lambda <- list(
  us = function(theta, v) {
    lambda <- matrix(0, v, v)
    lambda[lower.tri(lambda, diag = TRUE)] <- theta
    lambda
  },
  diag = function(theta, v) diag(theta, nrow = v)
)

structured_term <- function(name, v) {
  one <- term(letters[1:v], name)
  if (name == "rr") one$settings <- list(rank = min(2L, v))
  if (by_distance(name)) one$settings <- list(positions = matrix(structure_times[1:v]))
  index_theta(list(one))[[1]]
}

test_that("every structure's pieces agree in length, and have the covariances of its definition", {
  for (name in names(covariance_structures)) {
    for (v in 1:5) {
      row <- covariance_structures[[name]]
      one <- list(structured_term(name, v))
      n <- n_theta(one[[1]])
      expect_length(theta_start(one), n)
      expect_length(theta_lower(one), n)
      expect_length(theta_upper(one), n)
      expect_length(is_deviation(one), n)
      expect_length(unique(theta_names(one)), n)
      start <- lambda_matrix(one[[1]], theta_start(one))
      if (has_entries(name) || !(by_distance(name) || name == "rr")) {
        expect_identical(start, diag(v))
      }
      theta <- seq_len(n) + 0.5
      if (!has_entries(name) && name != "rr") {
        others <- which(!is_deviation(one))
        ad <- structure_stem(name) == "ad"
        theta[others] <- if (ad) 0.3 + others / 50 else 0.3^seq_along(others)
        theta[others[theta_upper(one)[others] > 1]] <- 1.3
      }
      lambda <- lambda_matrix(one[[1]], theta)
      if (has_entries(name)) {
        expect_equal(lambda, written_lambda[[name]](theta, v), tolerance = 1e-14)
        expect_equal(lambda[row$entries(v)], theta)
        expect_equal(row$parameters(lambda), theta)
      } else {
        written <- if (name == "rr") paste0("rr", min(2L, v)) else name
        expected <- written_covariance(written, theta, v)
        expect_equal(tcrossprod(lambda), expected, tolerance = 1e-12, label = paste(name, v))
      }
    }
  }
})

test_that("derivatives of a structure are those of differences, by theta and by variances", {
  for (name in names(covariance_structures)) {
    one <- structured_term(name, 4L)
    theta <- theta_start(list(one)) * 1.3 + ifelse(is_deviation(list(one)), 0, 0.1)
    deviations <- is_deviation(list(one)) & !has_entries(name)
    by_theta <- covariance_derivatives(one, theta)
    by_variances <- covariance_derivatives(one, theta, "variances")
    for (i in seq_along(theta)) {
      h <- 1e-5
      at <- function(step) tcrossprod(lambda_matrix(one, replace(theta, i, theta[i] + step)))
      slope <- (at(h) - at(-h)) / (2 * h)
      expect_equal(by_theta[[i]], slope, tolerance = 1e-7, label = paste(name, i))
      if (has_entries(name)) next
      if (deviations[i]) slope <- slope / (2 * theta[i])
      expect_equal(by_variances[[i]], slope, tolerance = 1e-7, label = paste(name, i))
    }
  }
})

test_that("the core is asked for what it knows, of structures that it knows", {
  spec <- structure_spec(term(c("a", "b")))
  expect_identical(structure_cpp(spec, numeric(), "n_parameters"), 3L)
  expect_identical(structure_cpp(spec, c(1, 2, 3), "factor"), matrix(c(1, 2, 0, 3), 2))
  expect_error(structure_cpp(spec, 1, "factor"), "internal: theta has a wrong length")
  expect_error(structure_cpp(spec, numeric(), "colour"), "internal: a structure has no colour")
  wrong <- function(...) utils::modifyList(spec, list(...), keep.null = TRUE)
  for (broken in list(
    wrong(name = "no such"), wrong(name = character()), wrong(name = 1L), wrong(columns = NULL),
    wrong(columns = integer()), wrong(columns = c(1, 2)), wrong(data = 1)
  )) {
    expect_error(structure_cpp(broken, numeric(), "start"), "internal")
  }
  expect_error(structure_cpp(unname(spec), numeric(), "start"))
  expect_error(structure_cpp(spec[-1], numeric(), "start"))
})

test_that("parameters of a factor are those of the Cholesky factor, or of the variances alone", {
  F <- cbind(c(2, -1, 3), c(0.5, 4, 1), c(1, 1, -2), c(0, 2, 1))
  cholesky <- t(chol(tcrossprod(F)))
  expect_equal(factor_parameters(F, "us"), cholesky[lower.tri(cholesky, diag = TRUE)])
  expect_equal(factor_parameters(F, "diag"), sqrt(diag(tcrossprod(F))))
  # of lower rank than columns
  lambda <- lambda_matrix(
    list(structure = "us", columns = letters[1:3], theta_index = 1:6),
    factor_parameters(F[, 1, drop = FALSE], "us")
  )
  expect_equal(tcrossprod(lambda), tcrossprod(F[, 1]))
})

test_that("signs of the columns of Lambda are those with a positive diagonal", {
  random <- index_theta(list(term(c("a", "b")), term(c("a", "b"), "diag"), term("a")))
  expect_identical(canonical_signs(c(-1, 2, -3, -4, 5, -6), random), c(1, -2, 3, 4, 5, 6))
  # terms in another order than theta, as within a block of the core
  expect_identical(canonical_signs(c(-1, 2, -3, -4, 5, -6), rev(random)), c(1, -2, 3, 4, 5, 6))
  theta <- c(0, -2, 3, 0, 5, 6)
  expect_identical(canonical_signs(theta, random), theta)
})

test_that("the core is told name, columns and parameters", {
  random <- index_theta(list(term(c("a", "b")), term(c("a", "b", "c"), "diag")))
  expect_identical(
    structure_spec(random[[2]], 2L),
    list(name = "diag", columns = 3:5, parameters = 4:6, data = NULL, settings = NULL)
  )
})

test_that("a correlation beyond its bounds is refused, and none is reported", {
  data <- withr::with_seed(1, {
    data <- expand.grid(a = factor(1:3), r = factor(1:12), i = 1:2)
    group <- interaction(data$a, data$r)
    transform(data, y = rnorm(72) + rnorm(12)[r] + rnorm(36)[group])
  })
  lowest <- c("cs(0 + a | r)" = -0.5, "cs(0 + a | r, hom = TRUE)" = -0.5, "ar1(0 + a | r)" = -1)
  for (term in names(lowest)) {
    formula <- stats::as.formula(paste("y ~ a +", term))
    fit <- suppressMessages(lmm(formula, data))
    k <- length(fit$theta)
    at <- function(rho) replace(rep(1, k), k, rho)
    for (optimizer in c("newton", "bfgs", "nelder_mead", "none")) {
      control <- lmm_control(optimizer = optimizer)
      for (rho in c(1.5, lowest[[term]] - 0.01)) {
        bounds <- paste0("r.rho.*between\\s+", lowest[[term]], "\\s+and\\s+1, not\\s+", rho)
        expect_error(lmm(formula, data, start = at(rho), control = control), bounds,
          class = "henderson_error_start"
        )
      }
      other <- suppressWarnings(suppressMessages(
        lmm(formula, data, start = at(0.3), control = control)
      ))
      expect_true(other$theta[k] >= lowest[[term]] && other$theta[k] <= 1)
    }
    evaluate <- deviance_function(fit)
    expect_error(evaluate(at(1.5)), "between", class = "henderson_error_argument")
    expect_error(simulate(fit, newparams = list(theta = at(-3))), "between",
      class = "henderson_error_argument"
    )
    one_sided <- stats::as.formula(paste("~ a +", term))
    parameters <- list(beta = c(0, 0, 0), theta = at(2), sigma = 1)
    expect_error(simulate_lmm(one_sided, data, parameters), "between",
      class = "henderson_error_argument"
    )
    # the bounds themselves are among the points
    for (rho in c(1, lowest[[term]])) expect_true(is.finite(evaluate(at(rho))))
  }
  # an optimizer that does not know the bound
  fit <- suppressWarnings(suppressMessages(lmm(y ~ a + cs(0 + a | r), data,
    start = c(-1, 1, 1, 0.3), control = lmm_control(optimizer = "bfgs")
  )))
  expect_lte(fit$theta[["r.rho"]], 1)
  expect_identical(henderson:::within_correlations(c(-1, 2), list(list(
    structure = "ar1", columns = c("u", "v")
  ))), c(-1, 1))
})
