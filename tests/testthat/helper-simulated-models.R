# Simulated models of every shape that lmm() fits, made from a seed alone: simulated_model(seed)
# rebuilds what a failure's label names. Used by test-exactness-*.R and test-convergence.R.
#
# A model: list(seed, text, formula, data, REML, weights (a call or NULL), offset, terms). terms:
# in theta's order, list(group, lhs, structure, columns, z, level, levels (their number), v).

simulated_lhs <- c(
  "1", "1", "0 + x1", "1 + x1", "1 + x2", "1 + x1 + x2", "0 + x1 + x2", "0 + f",
  "1 + x1 + x2 + x3"
)
simulated_fixed <- c("1", "x1", "x1 * f", "0 + f + x2", "x1 + x2 + x3", "poly(x1, 2) + f", "0 + x1")

simulated_groups <- function(n) {
  relation <- sample(c("crossed", "nested", "partial", "unbalanced"), 1)
  few <- sample(3:7, 1)
  many <- sample(6:min(30, n %/% 3), 1)
  g1 <- switch(relation,
    # half of the rows in one level, and levels of a single row
    unbalanced = sample(few, n, replace = TRUE, prob = c(few, rep(1, few - 1))),
    sample(rep_len(seq_len(few), n))
  )
  g2 <- switch(relation,
    nested = g1 * 100 + sample(max(2, many %/% few), n, replace = TRUE),
    partial = sample(rep_len(seq_len(many), n)) + 100 * (g1 %% 2),
    sample(rep_len(seq_len(many), n))
  )
  g3 <- if (relation == "nested") g1 * 10 + sample(2, n, replace = TRUE) else {
    sample(rep_len(seq_len(sample(c(few, 5), 1)), n))
  }
  data.frame(g1 = factor(g1), g2 = factor(g2), g3 = factor(g3))
}

simulated_model <- function(seed, rows = c(30, 60)) {
  set.seed(seed)
  n <- sample(rows[1]:rows[2], 1)
  data <- simulated_groups(n)
  data$x1 <- rnorm(n)
  data$x2 <- runif(n, -1, 1) * 10^sample(-3:3, 1)
  data$x3 <- rnorm(nlevels(data$g1))[data$g1] # varies between groups only
  data$f <- factor(sample(c("u", "v", "w"), n, replace = TRUE, prob = c(0.5, 0.3, 0.2)))
  data$w <- exp(rnorm(n, 0, 0.7))
  data$w[sample(n, 2)] <- 0
  data$o <- rnorm(n)

  terms <- simulated_terms(data)
  scale <- 10^sample(c(-4, 0, 0, 4), 1)
  data$y <- scale * (simulated_effects(terms) + data$x1 + rnorm(n) + 5)
  text <- paste(
    "y ~", sample(simulated_fixed, 1), "+", paste(vapply(terms, function(term) {
      paste0("(", term$lhs, if (term$structure == "diag") " || " else " | ", term$group, ")")
    }, ""), collapse = " + ")
  )
  list(
    seed = seed, text = text, formula = stats::as.formula(text, env = globalenv()), data = data,
    REML = seed %% 2 == 0, weights = if (seed %% 3 == 0) quote(w),
    offset = if (seed %% 5 == 0) quote(o), terms = terms[order(-vapply(terms, `[[`, 1L, "levels"))]
  )
}

# One to three terms, at times two on one factor. In all fewer random effects than rows, by a good
# margin: otherwise they can reproduce the response, and the criterion may have its minimum at
# infinity.
simulated_terms <- function(data) {
  repeat {
    groups <- sample(c("g1", "g2", "g3"), sample(3, 1, prob = c(0.4, 0.4, 0.2)))
    terms <- lapply(groups, function(group) {
      simulated_columns(data, group, sample(simulated_lhs, 1), sample(c("us", "us", "diag"), 1))
    })
    if (runif(1) < 0.15 && terms[[1]]$lhs == "1") {
      terms <- append(terms, list(simulated_columns(data, groups[1], "0 + x1", "us")), 1)
    }
    effects <- sum(vapply(terms, function(term) term$v * term$levels, 1))
    if (effects < 0.7 * nrow(data)) return(terms)
  }
}

simulated_columns <- function(data, group, lhs, structure) {
  z <- stats::model.matrix(stats::as.formula(paste("~", lhs)), data)
  factor <- droplevels(data[[group]])
  list(
    group = group, lhs = lhs, structure = structure, columns = colnames(z), z = unname(z),
    v = ncol(z), level = as.integer(factor), levels = nlevels(factor)
  )
}

# Sum of all terms' Z b, with columns of Lambda that are zero: many of the fits are singular.
simulated_effects <- function(terms) {
  total <- 0
  for (term in terms) {
    lambda <- matrix(rnorm(term$v^2), term$v) * sample(c(0, 0.3, 1, 3), 1)
    lambda[upper.tri(lambda) | (term$structure == "diag" & lower.tri(lambda))] <- 0
    lambda[, runif(term$v) < 0.25] <- 0
    b <- lambda %*% matrix(rnorm(term$v * term$levels), term$v)
    size <- pmax(sqrt(colMeans(term$z^2)), 1e-12)
    total <- total + rowSums(sweep(term$z, 2, size, "/") * t(b)[term$level, , drop = FALSE])
  }
  total
}

# lmm() on a simulated model; other arguments as they are.
fit_simulated <- function(model, ..., control = lmm_control()) {
  control[c("check_singular", "check_rank")] <- "ignore"
  arguments <- list(
    quote(lmm), model$formula, quote(model$data), REML = model$REML, control = control, ...
  )
  arguments$weights <- model$weights
  arguments$offset <- model$offset
  eval(as.call(arguments))
}

# Random slopes of few groups, for (x | g): often with several minima.
few_groups <- function(seed) {
  set.seed(seed)
  ng <- sample(4:7, 1)
  n <- ng * sample(5:8, 1)
  g <- factor(rep(1:ng, length.out = n))
  x <- rnorm(n)
  y <- rnorm(n) + rnorm(ng)[g] * runif(1, 0, 1) + rnorm(ng)[g] * x * runif(1, 0, 0.8)
  data.frame(y, x, g)[sample(n, n - 3), ]
}

# Slopes of x and a factor of the same days, with a mean slope or intercept that either can take.
competing_terms <- function(seed) {
  set.seed(seed)
  n_subjects <- sample(5:20, 1)
  n_days <- sample(4:12, 1)
  data <- expand.grid(x = seq_len(n_days), s = factor(seq_len(n_subjects)))
  data$day <- factor(data$x)
  slope <- (runif(1, 0, 3) + sample(c(0, 0.3, 1), 1) * rnorm(n_subjects)) / stats::sd(data$x)
  level <- runif(1, 2, 6) + sample(c(0, 1, 3), 1) * rnorm(n_subjects)
  data$y <- rnorm(nrow(data)) + level[data$s] * (seed %% 2 == 0) + slope[data$s] * data$x +
    sample(c(0, 0.5, 2), 1) * rnorm(n_days)[data$day]
  data
}
