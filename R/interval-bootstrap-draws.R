# What a bootstrap draws responses or groups from.

# The model that responses are drawn from, as the core takes it.
response_model <- function(fit, type) {
  mean <- drop(fixed_matrix(fit) %*% fit$beta)
  model <- list(
    kind = switch(type, parametric = "parametric", residual = "resampled", wild = "signs"),
    mean = mean, effects = list(), sigma = fit$sigma, residuals = numeric(0L),
    cluster = integer(0L), n_clusters = 0L, constraints = core_constraints(fit$constraints)
  )
  response <- model_response(fit) - (fit$offset %||% 0)
  if (type == "wild") {
    outer <- outermost_levels(fit)
    weights <- fit$weights %||% 1
    leverage <- rowSums(qr.Q(qr(sqrt(weights) * fixed_matrix(fit)))^2)
    model$residuals <- (response - mean) / sqrt(pmax(1 - leverage, 1e-8))
    model$cluster <- as.integer(outer)
    model$n_clusters <- nlevels(outer)
    return(model)
  }
  index <- block_index(fit$random)$block
  own_effects <- if (type == "parametric") effect_factor else reflated_modes
  model$effects <- lapply(seq_len(max(index)), function(block) {
    own_effects(fit, which(index == block))
  })
  if (type == "residual") model$residuals <- reflated_residuals(fit)
  model
}

# A factor of the covariance matrix of all effects on one grouping factor.
effect_factor <- function(fit, positions) {
  sizes <- vapply(fit$random[positions], function(term) length(term$columns), 1L)
  result <- matrix(0, sum(sizes), sum(sizes))
  last <- cumsum(sizes)
  for (k in seq_along(positions)) {
    own <- seq.int(last[k] - sizes[k] + 1L, last[k])
    result[own, own] <- fit$sigma * lambda_matrix(fit$random[[positions[k]]], fit$theta)
  }
  result
}

# Conditional modes, v x J, centred and with the estimated covariance in place of their own, which
# is smaller: they are shrunken.
reflated_modes <- function(fit, positions) {
  modes <- do.call(rbind, lapply(fit$b[positions], unname))
  modes <- modes - rowMeans(modes)
  wanted <- tcrossprod(effect_factor(fit, positions))
  recoloured(modes, wanted)
}

# A modes with A S A' = wanted, S the covariance of the modes, where they have any.
recoloured <- function(modes, wanted) {
  own <- eigen(tcrossprod(modes) / ncol(modes), symmetric = TRUE)
  known <- own$values > 1e-10 * max(own$values, 1e-300)
  if (!any(known)) return(modes)
  white <- t(own$vectors[, known, drop = FALSE]) %*% modes / sqrt(own$values[known])
  target <- eigen(wanted, symmetric = TRUE)
  root <- target$vectors %*% (sqrt(pmax(target$values, 0)) * t(target$vectors))
  # the symmetric root, turned to where the modes vary
  root %*% own$vectors[, known, drop = FALSE] %*% white
}

# Residuals of rows of weight one, centred, with variance sigma^2.
reflated_residuals <- function(fit) {
  weights <- fit$weights %||% rep(1, length(fit$fitted))
  residual <- (sqrt(weights) * (model_response(fit) - fit$fitted))[weights > 0]
  residual <- residual - mean(residual)
  residual * fit$sigma / sqrt(mean(residual^2))
}

# Levels, by row, of the grouping factor in which those of all others are nested.
outermost_levels <- function(fit) {
  terms <- fit_random_terms(fit)
  counts <- vapply(terms, function(term) length(term$levels), 1L)
  outer <- terms[[which.min(counts)]]
  for (term in terms) {
    if (nrow(unique(cbind(term$level, outer$level))) > length(unique(term$level))) {
      abort(c(
        "{.arg type} needs a grouping factor in which all others are nested.",
        "x" = "{.var {term$group}} is not nested in {.var {outer$group}}.",
        "i" = "{.val parametric} and {.val residual} need none."
      ), kind = "unsupported", variable = "type", observed = c(term$group, outer$group))
    }
  }
  factor(outer$level)
}
