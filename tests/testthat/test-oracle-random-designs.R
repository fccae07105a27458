# The numerical core on random small designs, evaluated at random theta (no optimizer), against
# the dense oracle; and the analytic gradient against central differences of the oracle for every
# term shape, near and on the boundary. The seed in a failure's label rebuilds the design:
# random_design(seed).

# Rounding of two different factorizations of matrices with condition numbers up to about 1e5
# here, so 1e-11 is typical; 1e-8 is the contract.
same <- 1e-8

at_theta <- function(design, theta, REML) {
  arguments <- list(
    formula = design$formula, data = design$data, REML = REML, start = theta,
    control = lmm_control(
      optimizer = "none", check_singular = "ignore", check_rank = "ignore",
      check_nobs_vs_nre = "ignore", check_nobs_vs_nlev = "ignore"
    )
  )
  # as columns of the data, so that no lookup of names takes part
  if (!is.null(design$weights)) arguments$weights <- quote(w)
  if (!is.null(design$offset)) arguments$offset <- quote(o)
  eval(as.call(c(quote(lmm), arguments)))
}

reference_at <- function(design, theta, REML) {
  reference_fit(
    design$data$y, design$X, reference_z(design$terms, nrow(design$data)),
    reference_lambda(design$terms, theta), design$weights, design$offset, REML
  )
}

random_terms_text <- function(term) {
  paste0("(", term$lhs, if (term$structure == "diag") " || " else " | ", term$group, ")")
}

term_columns <- c(
  "1" = "(Intercept)", "0 + x1" = "x1", "1 + x1" = "(Intercept) x1", "1 + x2" = "(Intercept) x2",
  "0 + x1 + x2" = "x1 x2", "1 + x1 + x2" = "(Intercept) x1 x2"
)

# Adds z, level and counts; orders by decreasing number of levels, ties in formula order.
complete_terms <- function(terms, data) {
  columns <- cbind("(Intercept)" = 1, x1 = data$x1, x2 = data$x2)
  terms <- lapply(terms, function(term) {
    names <- strsplit(term_columns[[term$lhs]], " ", fixed = TRUE)[[1]]
    group <- factor(data[[term$group]])
    c(term, list(
      columns = names, v = length(names), z = unname(columns[, names, drop = FALSE]),
      level = as.integer(group), level_names = levels(group), levels = nlevels(group)
    ))
  })
  terms[order(-vapply(terms, `[[`, 1L, "levels"))]
}

# relation: how the three grouping factors lie to each other.
random_groups <- function(n, relation) {
  a <- sample(rep_len(letters[1:5], n))
  if (relation == "nested") {
    b <- paste0(a, sample(1:3, n, replace = TRUE))
    return(data.frame(g1 = a, g2 = b, g3 = paste0(b, sample(1:2, n, replace = TRUE))))
  }
  b <- sample(rep_len(LETTERS[1:7], n))
  # crossed: as many levels as g2, so that the order of the terms is the formula's
  c <- sample(rep_len(month.abb[1:(if (relation == "crossed") 7 else 4)], n))
  if (relation == "partial") {
    # empty cells: a level of g2 meets at most two levels of g1
    b <- paste0(b, as.integer(factor(a)) %/% 2)
  }
  data.frame(g1 = a, g2 = b, g3 = c)
}

random_design <- function(seed) {
  set.seed(seed)
  n <- sample(30:60, 1)
  relation <- c("crossed", "nested", "partial")[seed %% 3 + 1]
  weighting <- c("none", "positive", "zeros")[(seed %/% 3) %% 3 + 1]
  data <- random_groups(n, relation)
  data$x1 <- rnorm(n)
  data$x2 <- runif(n, -2, 2)
  data$f <- sample(c("u", "v", "w"), n, replace = TRUE, prob = c(0.6, 0.3, 0.1))
  data$y <- rnorm(n, 10, 3)
  data$w <- exp(rnorm(n, 0, 0.8))
  if (weighting == "zeros") data$w[sample(n, 4)] <- 0
  data$o <- rnorm(n)

  count <- sample(3, 1)
  groups <- sample(c("g1", "g2", "g3"), count)
  terms <- lapply(groups, function(group) {
    lhs <- sample(names(term_columns), 1)
    list(lhs = lhs, group = group, structure = sample(c("us", "diag"), 1))
  })
  fixed <- sample(c(
    "1", "x1", "x1 * f", "0 + f + x2", "f + x1 + I(2 * x1) + x2", "x1 + f + I(f == 'v')"
  ), 1)
  text <- paste("y ~", fixed, "+", paste(vapply(terms, random_terms_text, ""), collapse = " + "))
  terms <- complete_terms(terms, data)
  list(
    seed = seed, text = text, formula = stats::as.formula(text, env = globalenv()), data = data,
    X = stats::model.matrix(stats::as.formula(paste("~", fixed)), data), terms = terms,
    weights = if (weighting != "none") data$w, offset = if (seed %% 2 == 0) data$o
  )
}

random_theta <- function(terms) {
  unlist(lapply(terms, function(term) {
    block <- matrix(rnorm(term$v^2, 0, 0.7), term$v)
    diag(block) <- abs(diag(block)) + 0.05
    if (term$structure == "diag") diag(block) else block[lower.tri(block, diag = TRUE)]
  }))
}

expect_oracle <- function(fit, reference, terms, label) {
  what <- function(name) paste0(label, ": ", name)
  within <- function(observed, expected, scale, name) {
    expect_lte(relative_difference(observed, expected, scale), same, label = what(name))
  }
  se <- sqrt(diag(reference$vcov))
  expect_equal(names(fit$beta), names(reference$beta), label = what("columns kept"))
  expect_equal(fit$n, reference$n, label = what("rows counted"))
  within(fit$criterion, reference$criterion, max(abs(reference$criterion), fit$n), "criterion")
  within(fit$beta / se, reference$beta / se, max(abs(reference$beta / se), 1), "coefficients")
  within(fit$vcov / outer(se, se), reference$vcov / outer(se, se), 1, "vcov")
  within(fit$sigma, reference$sigma, reference$sigma, "sigma")
  within(fit$pwrss, reference$pwrss, reference$pwrss, "penalized sum of squares")
  log_det <- reference$log_det[["M"]]
  within(fit$log_det[["M"]], log_det, max(abs(log_det), 1), "log|M|")
  within(fit$fitted, reference$fitted, max(abs(reference$fitted)), "fitted values")

  start <- 0
  for (k in seq_along(terms)) {
    term <- terms[[k]]
    expect_equal(fit$random[[k]]$group, term$group, label = what("order of terms"))
    ours <- fit$random[[k]]
    expect_equal(as.vector(ours$columns), term$columns, label = what("columns of a term"))
    expect_equal(as.vector(ours$levels), term$level_names, label = what("levels of a term"))
    index <- start + seq_len(term$v * term$levels)
    start <- start + length(index)
    b <- matrix(reference$b[index], term$v)
    u <- matrix(reference$u[index], term$v)
    # Modes are compared on the scale of the term's largest mode, or of y's where the term has
    # (next to) none.
    within(fit$b[[k]], b, max(abs(b), 1e-6), paste("modes of term", k))
    within(fit$u[[k]], u, max(abs(u), 1e-6), paste("spherical modes of term", k))
    blocks <- vapply(seq_len(term$levels), function(j) {
      at <- index[(j - 1) * term$v + seq_len(term$v)]
      as.vector(reference$conditional_variance[at, at])
    }, numeric(term$v^2))
    within(
      as.vector(fit$conditional_variance[[k]]), as.vector(blocks), max(abs(blocks), 1e-6),
      paste("conditional variances of term", k)
    )
  }
}

for (seed in 1:60) {
  test_that(paste("the core agrees with the dense oracle on random design", seed), {
    design <- random_design(seed)
    for (REML in c(TRUE, FALSE)) {
      theta <- random_theta(design$terms)
      fit <- at_theta(design, theta, REML)
      label <- sprintf("seed %d, REML = %s, %s", seed, REML, design$text)
      expect_equal(unname(fit$theta), theta, label = paste(label, ": theta"))
      expect_oracle(fit, reference_at(design, theta, REML), design$terms, label)
    }
  })
}

test_that("the random designs cover what they are meant to cover", {
  designs <- lapply(1:60, random_design)
  has <- function(test) sum(vapply(designs, test, logical(1)))
  terms_with <- function(test) has(function(d) any(vapply(d$terms, test, logical(1))))
  expect_gte(has(function(d) length(d$terms) == 3), 8)
  expect_gte(has(function(d) any(d$weights == 0)), 8)
  expect_gte(has(function(d) !is.null(d$offset) && !is.null(d$weights)), 8)
  expect_gte(has(function(d) qr(d$X)$rank < ncol(d$X)), 8)
  expect_gte(terms_with(function(term) term$v == 3 && term$structure == "us"), 8)
  expect_gte(terms_with(function(term) term$v >= 2 && term$structure == "diag"), 8)
  expect_gte(has(function(d) anyDuplicated(vapply(d$terms, `[[`, 1L, "levels")) > 0), 3)
})

# ---- gradient
# ------------------------------------------------------------------------------------------

shape_design <- function(terms, weighted, seed) {
  set.seed(seed)
  data <- random_groups(48, "crossed")
  data$x1 <- rnorm(48)
  data$x2 <- runif(48, -2, 2)
  data$y <- rnorm(48, 5, 2) + as.integer(factor(data$g1)) * data$x1
  data$w <- c(0, 0, exp(rnorm(46, 0, 0.8)))
  text <- paste("y ~ x1 +", paste(vapply(terms, random_terms_text, ""), collapse = " + "))
  list(
    text = text, formula = stats::as.formula(text, env = globalenv()), data = data,
    X = stats::model.matrix(~x1, data), terms = complete_terms(terms, data),
    weights = if (weighted) data$w, offset = NULL
  )
}

gradient_shapes <- function() {
  term <- function(lhs, group, structure = "us") {
    list(lhs = lhs, group = group, structure = structure)
  }
  list(
    "scalar" = list(term("1", "g1")),
    "scalar slope" = list(term("0 + x1", "g1")),
    "two columns" = list(term("1 + x1", "g1")),
    "two columns diagonal" = list(term("1 + x1", "g1", "diag")),
    "three columns" = list(term("1 + x1 + x2", "g1")),
    "three columns diagonal" = list(term("1 + x1 + x2", "g1", "diag")),
    "two scalars crossed" = list(term("1", "g1"), term("1", "g2")),
    "two columns crossed with a scalar" = list(term("1 + x1", "g1"), term("1", "g2")),
    "two terms on one factor" = list(term("1", "g2"), term("0 + x1 + x2", "g2")),
    "three columns crossed with two diagonal" =
      list(term("1 + x1 + x2", "g3"), term("1 + x2", "g1", "diag"), term("1", "g2"))
  )
}

# Points inside, near and on the boundary, in theta's order; `size` scales Lambda's diagonal.
gradient_points <- function(terms) {
  blocks <- function(make) {
    unlist(lapply(terms, function(term) {
      block <- make(term$v)
      if (term$structure == "diag") diag(block) else block[lower.tri(block, diag = TRUE)]
    }))
  }
  # below the diagonal: 0.3, and 0.2 where a third column exists
  full <- function(v) {
    block <- 0.3 * lower.tri(matrix(0, v, v))
    if (v >= 3) block[3, 2] <- 0.2
    block
  }
  list(
    "inside" = blocks(function(v) full(v) + diag(seq(0.9, 0.5, length.out = v), v)),
    "last diagonal zero" = blocks(function(v) full(v) + diag(c(rep(0.7, v - 1), 0), v)),
    "first diagonal zero" = blocks(function(v) full(v) + diag(c(0, rep(0.7, v - 1)), v)),
    "diagonals 1e-3" = blocks(function(v) full(v) + diag(1e-3, v)),
    "all of size 1e-5" = blocks(function(v) 1e-5 * (full(v) + diag(v))),
    "rank one" = blocks(function(v) cbind(rep(0.6, v), matrix(0, v, v - 1))),
    "Lambda zero" = blocks(function(v) matrix(0, v, v))
  )
}

for (shape in names(gradient_shapes())) {
  test_that(paste("the analytic gradient is the derivative of the criterion for", shape), {
    for (weighted in c(FALSE, TRUE)) {
      design <- shape_design(gradient_shapes()[[shape]], weighted, seed = 7)
      points <- gradient_points(design$terms)
      for (REML in c(TRUE, FALSE)) {
        fit <- at_theta(design, points[[1]], REML)
        criterion <- deviance_function(fit)
        for (name in names(points)) {
          theta <- points[[name]]
          label <- sprintf(
            "%s, theta %s, REML = %s, weighted = %s", design$text, name, REML, weighted
          )
          value <- criterion(theta)
          reference <- function(theta) reference_at(design, theta, REML)$criterion
          expected <- numeric_gradient(reference, theta)
          expect_lte(abs(as.numeric(value) - reference(theta)), same * 48, label = label)
          # Differences of d ~ 200 over steps of 1e-3: 1e-13 * 200 / 1e-3 = 2e-8 at the worst,
          # absolute, and the fourth-order remainder below that; so 1e-6 of the larger of 1 and
          # the gradient. d is a smooth function of Lambda's elements through zero, so this holds
          # on the boundary as well.
          gradient <- attr(value, "gradient")
          difference <- relative_difference(gradient, expected, max(abs(expected), 1))
          expect_lte(difference, 1e-6, label = paste("gradient difference at", label))
        }
      }
    }
  })
}

test_that("lmm minimises the function that the oracle computes", {
  # The optimum is checked from outside: no direction of the oracle's criterion leads down from it.
  for (seed in c(3, 14, 25)) {
    design <- random_design(seed)
    for (REML in c(TRUE, FALSE)) {
      arguments <- list(quote(lmm), design$formula, quote(design$data), REML = REML)
      if (!is.null(design$weights)) arguments$weights <- quote(w)
      if (!is.null(design$offset)) arguments$offset <- quote(o)
      arguments$control <- lmm_control(
        check_singular = "ignore", check_rank = "ignore", check_nobs_vs_nre = "ignore",
        check_nobs_vs_nlev = "ignore"
      )
      fit <- eval(as.call(arguments))
      best <- reference_at(design, fit$theta, REML)$criterion
      expect_lte(abs(best - fit$criterion), same * nrow(design$data))
      set.seed(seed)
      around <- replicate(50, {
        step <- rnorm(length(fit$theta)) * 10^runif(1, -4, -0.5)
        reference_at(design, fit$theta + step, REML)$criterion
      })
      # the criterion's own rounding is 1e-12; a point lower by 1e-7 would be a missed optimum
      label <- sprintf("seed %d: a nearby criterion minus ours", seed)
      expect_gte(min(around) - best, -1e-7, label = label)
    }
  }
})
