# Rows of a table of variance components: what is estimated, its value and how it moves with theta
# and sigma.
#
# Notation: V = sigma^2 Lambda Lambda', covariance matrix of one term; psi = (theta, sigma).

# Rows of theta and sigma: list of `grp`, `var1`, `var2`, `estimate`, `gradient` (list of rows of
# the Jacobian by psi), `theta` (list: positions in theta that a row depends on), `element` (its own
# position, NA for the residual), `lowest` and `highest` (bounds between which limits are taken, NA:
# those of a standard deviation, or none).
theta_rows <- function(fit) {
  count <- length(fit$theta)
  entries <- do.call(rbind, lapply(fit$random, function(term) {
    if (!has_entries(term$structure)) {
      return(data.frame(grp = term$group, var1 = structure_labels(term), var2 = NA))
    }
    at <- lambda_entries(term)
    names <- term$columns
    data.frame(
      grp = term$group, var1 = names[at$column],
      var2 = ifelse(at$row == at$column, NA, names[at$row])
    )
  }))
  list(
    grp = c(entries$grp, "Residual"), var1 = c(entries$var1, NA), var2 = c(entries$var2, NA),
    estimate = c(unname(fit$theta), fit$sigma),
    gradient = lapply(seq_len(count + 1L), function(i) as.numeric(seq_len(count + 1L) == i)),
    theta = c(unlist(lapply(fit$random, joint_parameters), recursive = FALSE), list(integer(0L))),
    element = c(unlist(lapply(fit$random, `[[`, "theta_index")), NA),
    lowest = rep(NA_real_, count + 1L), highest = rep(NA_real_, count + 1L)
  )
}

# For each parameter of a term, those that are irregular together: all of an unstructured matrix.
joint_parameters <- function(term) {
  index <- term$theta_index
  joint <- has_covariances(term$structure) && has_entries(term$structure)
  if (joint) rep(list(index), length(index)) else as.list(index)
}

# The same list for variances and covariances, or what `scale` makes of them.
covariance_rows <- function(fit, scale) {
  labels <- unique_labels(vapply(fit$random, `[[`, "", "group"))
  parts <- Map(function(term, label) term_rows(term, label, fit, scale), fit$random, labels)
  sigma <- fit$sigma
  slope <- switch(scale, sd = 1, variance = 2 * sigma, log_sd = 1 / sigma)
  residual <- list(
    grp = "Residual", var1 = NA_character_, var2 = NA_character_,
    estimate = switch(scale, sd = sigma, variance = sigma^2, log_sd = log(sigma)),
    gradient = list(c(numeric(length(fit$theta)), slope)), theta = list(integer(0L)),
    element = NA_integer_, lowest = NA_real_, highest = NA_real_
  )
  parts <- c(unname(parts), list(residual))
  fields <- names(residual)
  stats::setNames(
    lapply(fields, function(field) unlist(lapply(parts, `[[`, field), recursive = FALSE)), fields
  )
}

term_rows <- function(term, label, fit, scale) {
  if (is_parametric(term)) return(parameter_rows(term, label, fit, scale))
  lambda <- lambda_matrix(term, fit$theta)
  v <- length(term$columns)
  covariance <- fit$sigma^2 * tcrossprod(lambda)
  if (!has_entries(term$structure)) return(reduced_rows(term, label, fit, scale, covariance))
  entries <- lambda_entries(term)
  # gradient of V[a, b] by psi
  move <- function(a, b) {
    gradient <- numeric(length(fit$theta) + 1L)
    gradient[term$theta_index] <- fit$sigma^2 * (
      (entries$row == a) * lambda[b, entries$column] +
        (entries$row == b) * lambda[a, entries$column]
    )
    gradient[length(gradient)] <- 2 * covariance[a, b] / fit$sigma
    gradient
  }
  pairs <- component_pairs(v, has_covariances(term$structure))
  c(covariance_cells(term, label, covariance, pairs, move, scale), list(
    # of an unstructured matrix every element is irregular when one is
    theta = lapply(pairs[, 1L], function(a) {
      if (has_covariances(term$structure)) term$theta_index else term$theta_index[a]
    }),
    element = term$theta_index[match(
      paste(pairs[, 1L], pairs[, 2L]), paste(entries$row, entries$column)
    )]
  ))
}

# Has a term standard deviations and correlations, or the like, as parameters?
is_parametric <- function(term) !has_entries(term$structure) && is.null(term$settings$rank)

# Rows and columns of the elements that are shown, variances first.
component_pairs <- function(v, covariances) {
  pairs <- which(lower_triangle(v), arr.ind = TRUE)
  pairs <- pairs[order(pairs[, 1L] != pairs[, 2L]), , drop = FALSE]
  if (covariances) pairs else pairs[seq_len(v), , drop = FALSE]
}

covariance_cells <- function(term, label, covariance, pairs, move, scale) {
  cells <- lapply(seq_len(nrow(pairs)), function(k) {
    a <- pairs[k, 1L]
    b <- pairs[k, 2L]
    if (a == b) {
      variance_cell(covariance[a, a], move(a, a), scale)
    } else {
      covariance_cell(covariance[c(a, b), c(a, b)], move(a, b), move(a, a), move(b, b), scale)
    }
  })
  same <- pairs[, 1L] == pairs[, 2L]
  bounded <- !same & scale == "sd"
  list(
    grp = rep(label, nrow(pairs)), var1 = term$columns[pairs[, 2L]],
    var2 = ifelse(same, NA_character_, term$columns[pairs[, 1L]]),
    estimate = vapply(cells, `[[`, 0, "estimate"), gradient = lapply(cells, `[[`, "gradient"),
    lowest = ifelse(bounded, -1, NA), highest = ifelse(bounded, 1, NA)
  )
}

# Of a matrix of reduced rank: its elements, as of an unstructured one.
reduced_rows <- function(term, label, fit, scale, covariance) {
  slopes <- covariance_derivatives(term, fit$theta)
  move <- function(a, b) {
    gradient <- numeric(length(fit$theta) + 1L)
    gradient[term$theta_index] <- fit$sigma^2 * vapply(slopes, function(one) one[a, b], 0)
    gradient[length(gradient)] <- 2 * covariance[a, b] / fit$sigma
    gradient
  }
  pairs <- component_pairs(length(term$columns), TRUE)
  c(covariance_cells(term, label, covariance, pairs, move, scale), list(
    theta = rep(list(term$theta_index), nrow(pairs)), element = rep(NA_integer_, nrow(pairs))
  ))
}

# The parameters themselves: standard deviations, then correlations, ranges and the like.
parameter_rows <- function(term, label, fit, scale) {
  theta <- unname(fit$theta[term$theta_index])
  is_deviation <- is_deviation(list(term))
  lowest <- ifelse(is_deviation, NA, theta_lower(list(term)))
  highest <- ifelse(is_deviation, NA, theta_upper(list(term)))
  cells <- lapply(seq_along(theta), function(i) {
    gradient <- numeric(length(fit$theta) + 1L)
    at <- term$theta_index[i]
    gradient[at] <- 1
    if (!is_deviation[i]) {
      if (scale != "log_sd") return(list(estimate = theta[i], gradient = gradient))
      return(list(
        estimate = stretch(theta[i], lowest[i], highest[i]),
        gradient = gradient * stretch_slope(theta[i], lowest[i], highest[i])
      ))
    }
    deviation <- fit$sigma * theta[i]
    gradient[at] <- fit$sigma
    gradient[length(gradient)] <- theta[i]
    variance_cell(deviation^2, 2 * deviation * gradient, scale)
  })
  if (scale == "log_sd") lowest <- highest <- rep(NA_real_, length(theta))
  list(
    grp = rep(label, length(theta)), var1 = structure_labels(term),
    var2 = rep(NA_character_, length(theta)),
    estimate = vapply(cells, `[[`, 0, "estimate"), gradient = lapply(cells, `[[`, "gradient"),
    lowest = lowest, highest = highest, theta = as.list(term$theta_index),
    element = rep(NA_integer_, length(theta))
  )
}

# Fisher's z of where x is between bounds, the logarithm where there is no upper one; its slope, and
# back.
stretch <- function(x, lowest, highest) {
  open <- is.infinite(highest)
  share <- ifelse(open, 0, (2 * x - lowest - highest) / (highest - lowest))
  ifelse(open, log(pmax(x - lowest, 0)), atanh(pmin(1, pmax(-1, share))))
}

stretch_slope <- function(x, lowest, highest) {
  open <- is.infinite(highest)
  ifelse(open, 1 / (x - lowest), (highest - lowest) / (2 * (x - lowest) * (highest - x)))
}

shrink <- function(z, lowest, highest) {
  open <- is.infinite(highest)
  ifelse(open, lowest + exp(z), (lowest + highest + (highest - lowest) * tanh(z)) / 2)
}

# Estimate and gradient of a variance, its root or the logarithm of that.
variance_cell <- function(variance, move, scale) {
  deviation <- sqrt(variance)
  switch(scale,
    variance = list(estimate = variance, gradient = move),
    sd = list(estimate = deviation, gradient = move / (2 * deviation)),
    log_sd = list(estimate = log(deviation), gradient = move / (2 * variance))
  )
}

# Estimate and gradient of a covariance, correlation or Fisher's z. V: 2 x 2.
covariance_cell <- function(V, move, move_a, move_b, scale) {
  if (scale == "variance") return(list(estimate = V[2L, 1L], gradient = move))
  product <- sqrt(V[1L, 1L] * V[2L, 2L])
  correlation <- V[2L, 1L] / product
  gradient <- move / product - correlation / 2 * (move_a / V[1L, 1L] + move_b / V[2L, 2L])
  if (scale == "sd") return(list(estimate = correlation, gradient = gradient))
  # rounding may take a correlation of one beyond it
  list(
    estimate = atanh(max(-1, min(1, correlation))), gradient = gradient / (1 - correlation^2)
  )
}
