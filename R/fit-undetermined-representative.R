# One point for all fits that differ only in what the data do not determine. Where a fit stops among
# them depends on its start, and so do second derivatives by theta, the rank of Lambda and what is
# taken to lie on the boundary: inference is that of this point instead.
#
# Notation: S_t = F_t F_t', Gamma_t in units of the columns' sizes, as directions are; tau, the
# residual's 1; N_t, the effects c with P Z_t (I x c) = 0, so that c d' + d c' is a direction for
# every d.

#' theta and sigma of the representative
#'
#' Effects in the N_t are taken off, every term that others can stand for is made zero, and what is
#' left moves to where the covariance matrices have full rank if there is such a point: of these to
#' the one with the largest product of determinants.
#' @param fit a fit with `undetermined`, but for this.
#' @return list(`theta`, `sigma`, `of` (theta of the fit), `unique` (FALSE where another start may
#'   lead elsewhere and the point matters, since a matrix there is not of full rank), `deviations`).
#' @noRd
representative_parameters <- function(fit) {
  shapes <- lapply(fit$random, term_shape, fit = fit)
  point <- list(
    factors = lapply(shapes, function(shape) shape$quotient %*% shape$factor), tau = 1
  )
  directions <- quotient_directions(fit$undetermined$directions, shapes)
  for (t in rev(seq_along(shapes))) {
    emptied <- empty_term(t, shapes, point, directions)
    if (is.null(emptied)) next
    point <- emptied
    directions <- directions_without(directions, shapes[[t]]$index)
  }
  deficient <- is_deficient(shapes, point, directions, 1e-3)
  if (deficient) {
    point <- centre_point(shapes, point, directions)
    deficient <- is_deficient(shapes, point, directions, 1e-5)
  }
  if (!deficient) point <- analytic_centre(shapes, point, directions)
  theta <- stats::setNames(numeric(length(fit$theta)), names(fit$theta))
  for (t in seq_along(shapes)) {
    shape <- shapes[[t]]
    lambda <- canonical_factor(point$factors[[t]]) / (shape$size * sqrt(point$tau))
    theta[shape$index] <- lambda[cbind(shape$row, shape$column)]
  }
  list(
    theta = theta, sigma = fit$sigma * sqrt(point$tau), of = fit$theta,
    unique = nrow(directions) < 2L || !deficient,
    deviations = standardized_deviations(fit, shapes, point)
  )
}

# By parameter: of diagonal elements of Lambda that the data determine their size in units of
# sigma, of standardized columns; NA for others.
standardized_deviations <- function(fit, shapes, point) {
  deviations <- fit$optimization$standardized
  moved <- colSums(abs(fit$undetermined$directions)) > 0
  for (t in seq_along(shapes)) {
    shape <- shapes[[t]]
    diagonal <- shape$index[shape$row == shape$column]
    deviations[setdiff(shape$index, diagonal)] <- NA
    if (!any(moved[shape$index]) && point$tau == 1) next
    own <- diag(canonical_factor(point$factors[[t]])) / sqrt(point$tau)
    # columns that have left, and terms that others stand for
    own[rowSums(shape$quotient != 0) == 0 | t %in% point$emptied] <- NA
    deviations[diagonal] <- own
  }
  deviations
}

# One term: list(`index`, `row`, `column` (of its parameters), `size` (of its columns), `factor`
# F_t, `quotient` (v x v: takes off the effects in N_t, and leaves zeros in as many places)).
term_shape <- function(term, fit) {
  at <- lambda_entries(term)
  index <- term$theta_index
  size <- sqrt(fit$undetermined$sizes[index][at$row == at$column])
  size[size == 0] <- 1
  shape <- list(
    index = index, row = at$row, column = at$column, size = size,
    factor = size * lambda_matrix(term, fit$theta), diagonal = all(at$row == at$column)
  )
  shape$quotient <- quotient_map(effects_without_information(shape, fit$undetermined$directions))
  shape
}

# Basis of N_t, in rows.
effects_without_information <- function(shape, directions) {
  v <- length(shape$size)
  if (shape$diagonal) {
    single <- directions[rowSums(directions != 0) == 1L, shape$index, drop = FALSE]
    return(diag(v)[colSums(single != 0) > 0, , drop = FALSE])
  }
  basis <- qr.Q(qr(t(directions)))
  rests <- lapply(seq_len(v), function(other) {
    products <- matrix(0, ncol(directions), v)
    for (own in seq_len(v)) {
      at <- shape$row == max(own, other) & shape$column == min(own, other)
      products[shape$index[at], own] <- if (own == other) 2 else 1
    }
    products - basis %*% crossprod(basis, products)
  })
  decomposition <- svd(do.call(rbind, rests), 0L, v)
  t(decomposition$v[, decomposition$d < 1e-6, drop = FALSE])
}

# The effects that differ from given ones by some of the kernel (rows) and are zero in its pivots.
quotient_map <- function(kernel) {
  v <- ncol(kernel)
  map <- diag(v)
  if (nrow(kernel) == 0L) return(map)
  echelon <- reduced_echelon(kernel)
  basis <- echelon$map %*% kernel
  basis <- basis[max.col(t(abs(basis[, echelon$pivots, drop = FALSE]))), , drop = FALSE]
  map[, echelon$pivots] <- map[, echelon$pivots] - t(basis)
  map[echelon$pivots, ] <- 0
  map
}

quotient_directions <- function(directions, shapes) {
  for (shape in shapes) {
    map <- if (shape$diagonal) shape$quotient else congruence(shape$quotient)
    directions[, shape$index] <- directions[, shape$index, drop = FALSE] %*% t(map)
  }
  row_basis(directions)
}

# Basis of the space of the rows, in reduced echelon form.
row_basis <- function(rows) {
  if (nrow(rows) == 0L) return(rows)
  decomposition <- svd(rows, 0L, min(dim(rows)))
  rows <- t(decomposition$v[, decomposition$d > 1e-8, drop = FALSE])
  if (nrow(rows) == 0L) return(rows)
  rows <- reduced_echelon(rows)$map %*% rows
  rows[abs(rows) < 1e-9] <- 0
  rows
}

# Those that leave the parameters at `index` as they are.
directions_without <- function(directions, index) {
  if (length(index) == 0L) return(directions)
  decomposition <- svd(directions[, index, drop = FALSE], nrow(directions), 0L)
  size <- c(decomposition$d, numeric(nrow(directions)))[seq_len(nrow(directions))]
  row_basis(t(decomposition$u[, size < 1e-8, drop = FALSE]) %*% directions)
}

# D_t of one direction.
direction_matrix <- function(shape, direction) {
  v <- length(shape$size)
  matrix <- matrix(0, v, v)
  matrix[cbind(shape$row, shape$column)] <- matrix[cbind(shape$column, shape$row)] <-
    direction[shape$index]
  matrix
}

# The point further along a direction; NULL if a matrix there is not positive semidefinite.
move_point <- function(shapes, point, direction) {
  point$tau <- point$tau + direction[length(direction)]
  if (point$tau < 1e-10) return(NULL)
  for (t in seq_along(shapes)) {
    if (all(direction[shapes[[t]]$index] == 0)) next
    own <- tcrossprod(point$factors[[t]])
    change <- direction_matrix(shapes[[t]], direction)
    decomposition <- eigen(own + change, symmetric = TRUE)
    size <- max(abs(own), abs(change))
    if (min(decomposition$values) < -1e-13 * size) return(NULL)
    point$factors[[t]] <- decomposition$vectors %*%
      diag(sqrt(pmax(decomposition$values, 0)), length(decomposition$values))
  }
  point
}

# The point with Gamma_t = 0, which one of the others makes up for if it can: sums of positive
# semidefinite matrices are. NULL if they cannot.
empty_term <- function(t, shapes, point, directions) {
  if (all(directions[, shapes[[t]]$index] == 0)) return(NULL)
  all <- seq_len(ncol(directions))
  others <- c(lapply(shapes[-t], `[[`, "index"), list(length(all)))
  for (other in others) {
    fixed <- setdiff(all, c(shapes[[t]]$index, other))
    emptied <- empty_along(t, shapes, point, directions_without(directions, fixed))
    if (!is.null(emptied)) return(emptied)
  }
  empty_along(t, shapes, point, directions)
}

empty_along <- function(t, shapes, point, directions) {
  own <- directions[, shapes[[t]]$index, drop = FALSE]
  if (all(own == 0)) return(NULL)
  values <- tcrossprod(point$factors[[t]])[cbind(shapes[[t]]$row, shapes[[t]]$column)]
  decomposition <- svd(own)
  kept <- decomposition$d > 1e-8
  along <- crossprod(decomposition$v[, kept, drop = FALSE], -values) / decomposition$d[kept]
  move <- drop(t(decomposition$u[, kept, drop = FALSE] %*% along) %*% directions)
  if (any(abs(move[shapes[[t]]$index] + values) > 1e-10 * max(abs(values)))) return(NULL)
  move[shapes[[t]]$index] <- -values
  point <- move_point(shapes, point, move)
  if (is.null(point)) return(NULL)
  point$factors[[t]][] <- 0
  point$emptied <- c(point$emptied, t)
  point
}

# Is there a matrix of less than full rank among those that directions move?
is_deficient <- function(shapes, point, directions, tolerance) {
  any(vapply(seq_along(shapes), function(t) {
    if (all(directions[, shapes[[t]]$index] == 0)) return(FALSE)
    any(diag(canonical_factor(point$factors[[t]], tolerance)) == 0)
  }, TRUE))
}

# To the middle of what is possible along directions, one after the other: of all points from where
# there is none, those in general position.
centre_point <- function(shapes, point, directions) {
  d <- nrow(directions)
  # with many, in general position they do without the axes
  count <- min(4L * d, 40L)
  combinations <- rbind(
    if (d <= 8L) diag(d), if (d > 1L) matrix(cos(seq_len(count * d)), count)
  )
  for (i in seq_len(nrow(combinations))) {
    direction <- drop(combinations[i, ] %*% directions)
    reach <- furthest(shapes, point, direction) - furthest(shapes, point, -direction)
    point <- move_point(shapes, point, reach / 2 * direction) %||% point
  }
  point
}

furthest <- function(shapes, point, direction) {
  inside <- 0
  outside <- point$tau + sum(vapply(point$factors, function(own) sum(own^2), 0))
  while (outside < 1e12 && !is.null(move_point(shapes, point, outside * direction))) {
    inside <- outside
    outside <- 4 * outside
  }
  for (i in seq_len(40L)) {
    middle <- (inside + outside) / 2
    if (is.null(move_point(shapes, point, middle * direction))) {
      outside <- middle
    } else {
      inside <- middle
    }
  }
  inside
}

# Where the sum of the log determinants is largest, by Newton's method: concave along directions.
# From a point where all matrices that they move have full rank. The same point where there is no
# largest one.
analytic_centre <- function(shapes, point, directions) {
  d <- nrow(directions)
  current <- point
  for (i in seq_len(if (d > 0L) 100L else 0L)) {
    tau <- directions[, ncol(directions)] / current$tau
    slope <- tau
    curvature <- tcrossprod(tau)
    for (t in seq_along(shapes)) {
      if (all(directions[, shapes[[t]]$index] == 0)) next
      root <- solve(canonical_factor(current$factors[[t]], 0))
      # a direction per column, in units of the matrix itself
      changes <- vapply(seq_len(d), function(k) {
        as.vector(root %*% direction_matrix(shapes[[t]], directions[k, ]) %*% t(root))
      }, numeric(length(root)))
      changes <- matrix(changes, length(root))
      slope <- slope + drop(crossprod(changes, as.vector(diag(nrow(root)))))
      curvature <- curvature + crossprod(changes)
    }
    # directions of very different size
    scale <- sqrt(diag(curvature))
    parts <- eigen(curvature / tcrossprod(scale), symmetric = TRUE)
    along <- crossprod(parts$vectors, slope / scale) / pmax(parts$values, 1e-12)
    step <- drop(parts$vectors %*% along) / scale
    decrement <- sqrt(max(0, sum(step * slope)))
    # this far is inside, as the function is self-concordant
    if (decrement > 0.25) step <- step / (1 + decrement)
    moved <- move_point(shapes, current, drop(step %*% directions))
    if (is.null(moved)) return(point)
    current <- moved
    if (decrement < 1e-9) return(current)
  }
  point
}

# Lower triangular L with LL' = FF' and columns of zeros for rows that depend on those before them.
canonical_factor <- function(F, tolerance = 1e-5) {
  v <- nrow(F)
  size <- sqrt(rowSums(F^2))
  # in units of residual standard deviations: what rounding leaves of nothing
  size <- pmax(size, 1)
  L <- matrix(0, v, v)
  for (i in seq_len(v)) {
    rest <- sqrt(sum(F[i, ]^2))
    if (rest <= tolerance * size[i]) next
    L[, i] <- F %*% F[i, ] / rest
    F <- F - L[, i] %o% (F[i, ] / rest)
  }
  L * lower_triangle(v)
}
