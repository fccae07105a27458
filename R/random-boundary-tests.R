# Null distributions of likelihood ratios where the hypothesis puts variances on the boundary.
# Formulas and sources: ?random_anova.

# A difference of two minima is known no better than this.
lrt_rounding <- 1e-6

# The work of an exact test that is done unasked: the order of the eigenvalue problem. 500 takes a
# fraction of a second with any BLAS.
exact_unasked <- 500L

# p-value of one reduction, from `compare_reduction()`: list(`p`, `reference`).
boundary_test <- function(reduction, fit, exact, nsim) {
  unknown <- list(p = NA_real_, reference = NA_character_)
  # beside a variance of zero there is no correlation, and no known distribution
  own <- fit$parsed$random[[reduction$position]]
  if (reduction$df <= 0L || !has_entries(own$structure)) return(unknown)
  shape <- reduction_shape(reduction, fit)
  if (is.null(shape)) return(unknown)
  if (reduction$df < reduction$removed) {
    # less than the reduction removes: the distribution is known if only covariances are missing
    if (!loses_one_variance(shape, fit)) return(unknown)
    return(list(p = mixture_tail(reduction$lrt, reduction$df - 1L), reference = "mixture"))
  }
  if (length(fit$theta) == 1L && !isFALSE(exact)) {
    spectrum <- lrt_spectrum(fit, if (is.null(exact)) exact_unasked else Inf)
    if (!is.null(spectrum)) {
      return(list(p = exact_tail(reduction$lrt, spectrum, nsim), reference = "exact"))
    }
  }
  if (shape$removed == 1L) {
    return(list(p = mixture_tail(reduction$lrt, shape$covariances), reference = "mixture"))
  }
  if (!all(vapply(fit$random, function(term) has_entries(term$structure), TRUE))) return(unknown)
  list(p = projection_tail(reduction, shape, fit, nsim), reference = "projection")
}

# Is what is removed one column whose variance the data determine, and what they do not determine
# single entries of the covariance matrices?
loses_one_variance <- function(shape, fit) {
  undetermined <- fit$undetermined
  column <- which(rowSums(abs(shape$inner)) == 0)
  if (shape$removed != 1L || length(column) != 1L ||
        length(undetermined$alone) < nrow(undetermined$directions)) {
    return(FALSE)
  }
  term <- fit$random[[shape$term]]
  at <- lambda_entries(term)
  own <- term$theta_index[at$row == column & at$column == column]
  !own %in% undetermined$alone
}

# How the smaller term lies in the larger one: list(`removed` = r, `kept` = k, `covariances` = k r
# (0 for a diagonal term), `inner` (v x k, takes effects of the reduced term to effects of the
# term), `outer` (r x v, takes effects of the term to r that the reduced one does not have), `term`
# (position in `fit$random`), `diagonal`, `survivor` (the reduced random term or NULL)). NULL if the
# smaller model is not in the larger one.
reduction_shape <- function(reduction, fit) {
  term <- fit$parsed$random[[reduction$position]]
  position <- match(term$text, vapply(fit$random, `[[`, "", "text"))
  kept <- surviving_term(reduction)
  z <- lhs_matrices(c(list(term), if (!is.null(kept)) list(kept)), fit)
  v <- ncol(z[[1L]])
  inner <- if (is.null(kept)) matrix(0, v, 0L) else contained_columns(z[[2L]], z[[1L]])
  if (is.null(inner)) return(NULL)
  k <- ncol(inner)
  diagonal <- !has_covariances(term$structure)
  outer <- t(qr.Q(qr(inner), complete = TRUE)[, k + seq_len(v - k), drop = FALSE])
  if (k == 0L) outer <- diag(v)
  if (diagonal) outer <- diag(v)[rowSums(abs(inner)) == 0, , drop = FALSE]
  # sums of independent effects are not independent
  if (nrow(outer) != v - k) return(NULL)
  list(
    removed = v - k, covariances = if (diagonal) 0L else k * (v - k), kept = k,
    inner = inner, outer = outer, term = position, diagonal = diagonal, survivor = kept
  )
}

# The reduced term, unless it repeats another term of the model and is left out for that.
surviving_term <- function(reduction) {
  texts <- vapply(reduction$random, `[[`, "", "text")
  reduced <- reduction$reduced
  before <- reduction$position
  if (is.null(reduced) || !identical(match(reduced$text, texts), before)) return(NULL)
  reduced
}

# T with inner = outer T, or NULL if there is none. Zeros of T are zeros in any units.
contained_columns <- function(inner, outer) {
  units <- column_units(outer)
  own_units <- column_units(inner)
  outer <- outer / rep(units, each = nrow(outer))
  inner <- inner / rep(own_units, each = nrow(inner))
  decomposition <- qr(outer)
  coefficients <- qr.coef(decomposition, inner)
  coefficients[is.na(coefficients)] <- 0
  coefficients <- matrix(coefficients, ncol(outer), ncol(inner))
  # columns far from zero are known to the digits that their differences leave
  for (column in seq_len(ncol(inner))) {
    same <- colSums(outer != inner[, column]) == 0
    if (any(same)) coefficients[, column] <- as.numeric(seq_along(same) == which(same)[1L])
  }
  scale <- sqrt(colSums(inner^2))
  error <- sqrt(colSums((inner - outer %*% coefficients)^2))
  if (any(error > 1e-7 * scale)) return(NULL)
  coefficients[abs(coefficients) < 1e-10] <- 0
  coefficients * outer(units, own_units, function(of, to) to / of)
}

# The largest absolute value of each column, 1 for columns of zeros.
column_units <- function(x) {
  units <- unname(apply(abs(x), 2L, max))
  ifelse(units > 0, units, 1)
}

# P(X >= lrt) for X = chi^2_k + half a chance of chi^2_1 more.
mixture_tail <- function(lrt, k) {
  if (lrt < lrt_rounding) return(1)
  mean(stats::pchisq(lrt, c(k, k + 1), lower.tail = FALSE))
}

# --- one variance component ---

# Eigenvalues of the exact test: list(`mu`, `mu_count`, `xi`, `xi_count`, `m`, `rest`), distinct
# values with their multiplicities; NULL if the eigenvalue problem is larger than `at_most`.
#
# Z has one column for each level, so Z'WZ = D is diagonal and the matrix is D - BB' with B = Z'WQ,
# Q an orthonormal basis of W^(1/2) X, p columns. Within the levels that share one value d of D, an
# orthogonal change of basis leaves B with p rows: all but p of the eigenvalues there are d.
lrt_spectrum <- function(fit, at_most) {
  moments <- moments_of(fit)
  term <- raw_term_moments(fit, moments, 1L)
  p <- moments$p
  d <- term$zz[1L, 1L, ]
  B <- t(fixed_coordinates(moments, matrix(term$zx[, 1L, ], p, length(d))))
  value <- signif(d, 12L)
  classes <- split(seq_along(d), value)
  if (sum(pmin(lengths(classes), p)) > at_most) return(NULL)
  reduced <- lapply(classes, function(rows) {
    block <- B[rows, , drop = FALSE]
    if (p == 0L || length(rows) <= p) {
      block[seq_len(min(length(rows), p)), , drop = FALSE]
    } else {
      qr.R(qr(block, tol = 0))
    }
  })
  sizes <- vapply(reduced, nrow, 1L)
  pivots <- rep(as.numeric(names(classes)), sizes)
  mu <- c(
    eigenvalues_below(pivots, do.call(rbind, reduced)),
    rep(as.numeric(names(classes)), lengths(classes) - sizes)
  )
  mu <- count_values(mu[mu > 1e-10 * max(d)])
  xi <- count_values(if (fit$REML) rep(mu$value, mu$count) else d[d > 0])
  m <- fit$n - if (fit$REML) p else 0L
  list(
    mu = mu$value, mu_count = mu$count, xi = xi$value, xi_count = xi$count, m = m,
    rest = fit$n - p - sum(mu$count)
  )
}

# Eigenvalues of diag(d) - BB'.
eigenvalues_below <- function(d, B) {
  if (length(d) == 0L) return(numeric(0L))
  eigen(diag(d, length(d)) - tcrossprod(B), symmetric = TRUE, only.values = TRUE)$values
}

# Distinct values (to ten digits) and how often each occurs.
count_values <- function(x) {
  value <- signif(x, 10L)
  distinct <- sort(unique(value))
  list(value = distinct, count = as.double(tabulate(match(value, distinct), length(distinct))))
}

# Share of simulated likelihood ratios that reach the one observed, which counts as a draw itself
# (Davison and Hinkley 1997, Bootstrap Methods and their Application, section 4.2): the test keeps
# its level and p is never zero.
exact_tail <- function(lrt, spectrum, nsim) {
  draws <- simulate_lrt_cpp(
    spectrum$mu, spectrum$mu_count, spectrum$xi, spectrum$xi_count, spectrum$m, spectrum$rest, nsim
  )
  if (lrt < lrt_rounding) return(1)
  (1 + sum(draws >= lrt)) / (nsim + 1)
}

# --- several columns removed ---

# P(chi^2_c + length of a projection >= lrt), c the number of free covariances. The direction of a
# normal vector of d = c + s elements is independent of its length: given the direction, which keeps
# a share of the squared length, the statistic is that share times chi^2_d. Only directions are
# simulated, and small probabilities are as exact as large ones.
projection_tail <- function(reduction, shape, fit, nsim) {
  if (reduction$lrt < lrt_rounding) return(1)
  information <- removed_information(reduction, shape, fit)
  if (is.null(information)) return(NA_real_)
  share <- projection_shares_cpp(information, shape$diagonal, nsim)
  size <- nrow(information)
  if (shape$covariances > 0L) {
    free <- stats::rbeta(nsim, shape$covariances / 2, size / 2)
    share <- free + (1 - free) * share
  }
  mean(stats::pchisq(reduction$lrt / share, shape$covariances + size, lower.tail = FALSE))
}

# Information on the covariance matrix of the effects removed, relative to sigma^2, expected under
# the smaller model when all other parameters are estimated: the inverse of its block of the inverse
# information on all covariances. NULL where that is singular.
removed_information <- function(reduction, shape, fit) {
  theta <- embedded_theta(reduction, shape, fit)
  limit <- largest_information
  pieces <- expected_parts_cpp(
    unclass(cross_products_of(fit)), theta, fit$REML, FALSE, limit$width, limit$memory,
    redundant_parameters(fit, "expected")
  )
  if (is.null(pieces$weight)) return(NULL)
  index <- fit$random[[shape$term]]$theta_index
  change <- if (shape$diagonal) shape$outer else congruence(shape$outer)
  # twice the weight is the covariance (inference/contrasts.h)
  covariance <- 2 * change %*% pieces$weight[index, index, drop = FALSE] %*% t(change)
  scale <- sqrt(diag(covariance))
  factor <- tryCatch(chol(covariance / outer(scale, scale)), error = function(e) NULL)
  if (is.null(factor)) NULL else chol2inv(factor) / outer(scale, scale)
}

# theta of the larger model that gives the smaller one as it was fitted.
embedded_theta <- function(reduction, shape, fit) {
  theta <- numeric(length(fit$theta))
  if (is.null(reduction$fit)) return(theta)
  smaller <- reduction$fit
  texts <- vapply(smaller$random, `[[`, "", "text")
  for (position in seq_along(fit$random)) {
    term <- fit$random[[position]]
    if (position == shape$term) {
      if (is.null(shape$survivor)) next
      inside <- smaller$random[[match(shape$survivor$text, texts)]]
      factor <- shape$inner %*% lambda_matrix(inside, smaller$theta)
      theta[term$theta_index] <- factor_parameters(factor, term$structure)
    } else {
      same <- smaller$random[[match(term$text, texts)]]
      theta[term$theta_index] <- smaller$theta[same$theta_index]
    }
  }
  theta
}
