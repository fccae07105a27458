# Covariance parameters that the data do not determine: found once by the core
# (src/core/undetermined.h), kept as `fit$undetermined`, and asked here by everything that reports
# an estimate or a test.
#
# Notation: a direction is a change of the entries of Gamma_t = Lambda_t Lambda_t' (in the places of
# theta) and of the residual's 1 (last), in units of the columns' sizes, along which the criterion
# is constant.

#' What the data do not determine
#'
#' @param found list(`directions`, `sizes`, `moves`) from the core, or NULL.
#' @param design,fit the design, and the fit but for this.
#' @return NULL if the data determine all parameters, else a list: `directions` (d x (k + 1), a row
#'   each, in reduced echelon form), `sizes` (k + 1, mean squares of columns and roots of products
#'   of two), `moves` (p^2 x d, changes of (X'V^-1 X)^-1), `alone` (positions
#'   in theta of elements of Gamma about which the data say nothing), `groups`: list of
#'   list(`parameters` (positions, k + 1 the residual), `terms` (positions), `reason`, `columns`,
#'   `equal`), what cannot be told apart from each other, or is not determined at all, for one
#'   reason.
#' @noRd
new_undetermined <- function(found, design, fit) {
  if (is.null(found)) return(NULL)
  echelon <- reduced_echelon(t(found$directions))$map
  directions <- echelon %*% t(found$directions)
  directions[abs(directions) < 1e-6] <- 0
  colnames(directions) <- c(names(fit$theta), "sigma")
  k <- length(fit$theta)
  single <- rowSums(directions != 0) == 1L & directions[, k + 1L] == 0
  alone <- sort(max.col(directions[single, , drop = FALSE] != 0, "first"))
  joint <- directions[!single, , drop = FALSE]
  groups <- c(
    alone_groups(alone, design, fit),
    merge_groups(lapply(joint_supports(joint), joint_group, joint, found$sizes, design, fit))
  )
  list(
    directions = directions, sizes = found$sizes, moves = found$moves %*% t(echelon),
    alone = alone, groups = groups
  )
}

# Reduced echelon form with complete pivoting of A, d x m, of rank d: list(`map` (d x d; map A is
# that form), `pivots` (positions)).
reduced_echelon <- function(A) {
  d <- nrow(A)
  T <- diag(d)
  pivots <- integer(0L)
  free <- seq_len(d)
  while (length(free) > 0L) {
    at <- arrayInd(which.max(abs(A[free, ])), c(length(free), ncol(A)))
    row <- free[at[1L]]
    column <- at[2L]
    T[row, ] <- T[row, ] / A[row, column]
    A[row, ] <- A[row, ] / A[row, column]
    for (other in setdiff(seq_len(d), row)) {
      T[other, ] <- T[other, ] - A[other, column] * T[row, ]
      A[other, ] <- A[other, ] - A[other, column] * A[row, ]
    }
    free <- setdiff(free, row)
    pivots <- c(pivots, column)
  }
  list(map = T, pivots = pivots)
}

# Sets of parameters that directions connect: list of positions.
joint_supports <- function(directions) {
  supports <- list()
  for (i in seq_len(nrow(directions))) {
    own <- which(directions[i, ] != 0)
    meets <- vapply(supports, function(other) any(other %in% own), TRUE)
    supports <- c(supports[!meets], list(sort(unique(c(own, unlist(supports[meets]))))))
  }
  supports
}

# Of each parameter its term, and the columns in the row and the column of Gamma where it stands.
parameter_places <- function(random) {
  do.call(rbind, lapply(seq_along(random), function(t) {
    at <- lambda_entries(random[[t]])
    data.frame(
      term = t, row = at$row, column = at$column, parameter = random[[t]]$theta_index
    )[seq_along(at$row), ]
  }))
}

# --- reasons ---

# Elements of Gamma without any information, by term and reason.
alone_groups <- function(alone, design, fit) {
  if (length(alone) == 0L) return(list())
  places <- parameter_places(fit$random)
  places <- places[match(alone, places$parameter), ]
  places$reason <- vapply(seq_len(nrow(places)), function(i) {
    alone_reason(design$random[[places$term[i]]], places$row[i], places$column[i], design)
  }, "")
  by <- split(places, list(places$term, places$reason), drop = TRUE)
  lapply(unname(by), function(own) {
    list(
      parameters = own$parameter, terms = own$term[1L], reason = own$reason[1L],
      columns = alone_columns(own, design$random[[own$term[1L]]], design)
    )
  })
}

alone_reason <- function(term, row, column, design) {
  z <- used_columns(term, design)
  if (all(z[, row] == 0) || all(z[, column] == 0)) return("zero")
  if (row != column) {
    meet <- rowsum(cbind(z[, row]^2, z[, column]^2), used_levels(term, design), reorder = FALSE)
    if (all(meet[, 1L] * meet[, 2L] == 0)) return("apart")
  }
  "fixed"
}

alone_columns <- function(own, term, design) {
  index <- unique(c(own$column, own$row))
  if (own$reason[1L] == "zero") {
    z <- used_columns(term, design)
    index <- index[colSums(z[, index, drop = FALSE] != 0) == 0]
  }
  term$columns[index]
}

joint_group <- function(parameters, directions, sizes, design, fit) {
  places <- parameter_places(fit$random)
  residual <- length(fit$theta) + 1L
  own <- places[places$parameter %in% parameters, ]
  terms <- unique(own$term)
  reason <- if (residual %in% parameters) {
    "residual"
  } else if (length(terms) == 1L) {
    "collinear"
  } else if (is_one_partition(design$random[terms], design)) {
    "partition"
  } else {
    "sum"
  }
  index <- sort(own$row[own$row == own$column])
  if (length(index) < 2L) index <- sort(unique(c(own$column, own$row)))
  own <- directions[, parameters, drop = FALSE]
  natural <- abs(sweep(own[rowSums(own != 0) > 0, , drop = FALSE], 2L, sizes[parameters], "/"))
  natural <- natural / apply(natural, 1L, max)
  list(
    parameters = parameters, terms = terms, reason = reason,
    columns = if (length(terms) == 1L) fit$random[[terms]]$columns[index],
    # is it a plain sum that is determined?
    equal = all(natural < 1e-6 | natural > 1 - 1e-6)
  )
}

# Groups of the same terms for the same reason are told of once.
merge_groups <- function(groups) {
  key <- vapply(groups, function(group) paste(c(group$reason, group$terms), collapse = " "), "")
  lapply(unname(split(groups, match(key, key))), function(same) {
    merged <- same[[1L]]
    merged$parameters <- sort(unique(unlist(lapply(same, `[[`, "parameters"))))
    merged$columns <- Reduce(shorter, lapply(same, `[[`, "columns"))
    merged$equal <- all(vapply(same, `[[`, TRUE, "equal"))
    merged
  })
}

# Are the rows divided in the same way by all these terms?
is_one_partition <- function(terms, design) {
  first <- used_levels(terms[[1L]], design)
  all(vapply(terms[-1L], function(term) {
    level <- used_levels(term, design)
    # the level of the first row of each level is that of all
    start <- match(seq_along(term$levels), level)
    back <- match(seq_along(terms[[1L]]$levels), first)
    identical(first[start[level]], first) && identical(level[back[first]], level)
  }, TRUE))
}

# Columns with variances of their own among the parameters come before those of covariances alone.
shorter <- function(x, y) if (length(y) < length(x)) y else x

used_rows <- function(design) {
  if (is.null(design$weights)) TRUE else design$weights > 0
}

used_levels <- function(term, design) term$level[used_rows(design)]

used_columns <- function(term, design) {
  z <- term$z %||% matrix(1, length(design$y), 1L)
  z[used_rows(design), , drop = FALSE]
}

# --- questions ---

# Which parameters of theta does a direction change?
undetermined_parameters <- function(fit) {
  k <- length(fit$theta)
  if (is.null(fit$undetermined)) return(logical(k))
  colSums(fit$undetermined$directions[, seq_len(k), drop = FALSE] != 0) > 0
}

is_sigma_undetermined <- function(fit) {
  directions <- fit$undetermined$directions
  !is.null(directions) && any(directions[, ncol(directions)] != 0)
}

# How many of the covariance parameters and sigma the data do not determine.
undetermined_count <- function(fit) {
  as.integer(nrow(fit$undetermined$directions) %||% 0L)
}

#' Parameters to be held, so that the others have information in all directions
#'
#' The criterion profiled over sigma^2 is constant along the changes \eqn{d\Gamma - d\tau \Gamma}{d
#' Gamma - d tau Gamma} of Gamma, and along those of theta that lead there.
#' @param method as in `inference_pieces()`: by theta for "Satterthwaite", else by Gamma.
#' @return integer, positions in theta.
#' @noRd
redundant_parameters <- function(fit, method) {
  if (is.null(fit$undetermined)) return(integer(0L))
  k <- length(fit$theta)
  directions <- fit$undetermined$directions
  sizes <- fit$undetermined$sizes[seq_len(k)]
  gamma <- numeric(k)
  jacobian <- matrix(0, k, k)
  for (term in fit$random) {
    at <- lambda_entries(term)
    index <- term$theta_index
    root <- sqrt(sizes[index][at$row == at$column])
    lambda <- root * lambda_matrix(term, fit$theta)
    gamma[index] <- tcrossprod(lambda)[cbind(at$row, at$column)]
    jacobian[index, index] <- outer(seq_along(index), seq_along(index), function(i, j) {
      (at$row[i] == at$row[j]) * lambda[cbind(at$column[i], at$column[j])] +
        (at$column[i] == at$row[j]) * lambda[cbind(at$row[i], at$column[j])]
    })
  }
  null <- directions[, seq_len(k), drop = FALSE] - directions[, k + 1L] %o% gamma
  if (method == "Satterthwaite") null <- changes_of_theta(null, jacobian)
  if (nrow(null) == 0L) integer(0L) else sort(reduced_echelon(null)$pivots)
}

# Basis, in rows, of the changes of theta that change Gamma by combinations of the rows of `null`.
changes_of_theta <- function(null, jacobian) {
  basis <- qr.Q(qr(t(null)))
  size <- sqrt(colSums(jacobian^2))
  jacobian <- sweep(jacobian, 2L, ifelse(size > 0, size, 1), "/")
  decomposition <- svd(jacobian - basis %*% crossprod(basis, jacobian))
  t(decomposition$v[, decomposition$d < 1e-8, drop = FALSE])
}

#' Are linear functions of the covariances determined?
#'
#' @param forms numeric matrix, a row for each function: what it changes by with each entry of Gamma
#'   (in the places of theta, off-diagonal entries in both their places) and with the residual's 1.
#' @return logical, one element for each row.
#' @noRd
are_determined <- function(fit, forms) {
  if (is.null(fit$undetermined)) return(rep(TRUE, nrow(forms)))
  scaled <- sweep(forms, 2L, fit$undetermined$sizes, "/")
  change <- abs(scaled %*% t(fit$undetermined$directions))
  gross <- abs(scaled) %*% abs(t(fit$undetermined$directions))
  rowSums(change > 1e-6 * gross & change > 1e-9 * apply(abs(scaled), 1L, max)) == 0
}

# Variances and covariances of one term that are no estimates: logical v x v.
undetermined_covariances <- function(fit, position) {
  term <- fit$random[[position]]
  v <- length(term$columns)
  unknown <- matrix(FALSE, v, v)
  at <- lambda_entries(term)
  chosen <- term$theta_index %in% fit$undetermined$alone
  unknown[cbind(at$row, at$column)[chosen, , drop = FALSE]] <- TRUE
  unknown | t(unknown)
}

#' Do the variances of linear functions of the fixed effects depend on what is not determined?
#'
#' @param L q x p numeric matrix.
#' @param joint logical: of all rows together, or of each?
#' @return logical, q elements, or one.
#' @noRd
undetermined_contrasts <- function(fit, L, joint = FALSE) {
  moves <- fit$undetermined$moves
  result <- logical(nrow(L))
  if (length(moves) > 0L && nrow(L) > 0L) {
    variance <- row_errors(fit, L)^2 / fit$sigma^2
    for (d in seq_len(ncol(moves))) {
      move <- matrix(moves[, d], ncol(L))
      gross <- abs(L) %*% abs(move)
      change <- abs(L %*% move)
      if (joint) {
        change <- abs(tcrossprod(L %*% move, L))
        gross <- tcrossprod(gross, abs(L))
        scale <- sqrt(tcrossprod(variance))
        result <- result | apply(change > 1e-7 * (gross + scale), 1L, any)
      } else {
        own <- abs(rowSums((L %*% move) * L))
        result <- result | own > 1e-7 * (rowSums(gross * abs(L)) + variance)
      }
    }
  }
  if (joint) any(result) else result
}

# Linear functions of the kept coefficients whose variance is not determined are those that are not
# orthogonal to these columns: p x r, r may be 0.
undetermined_functions <- function(fit) {
  p <- length(fit$beta)
  moves <- fit$undetermined$moves
  if (length(moves) == 0L) return(matrix(0, p, 0L))
  variances <- variance_directions(fit)
  total <- matrix(rowSums(moves[, variances, drop = FALSE]), p)
  decomposition <- eigen((total + t(total)) / 2, symmetric = TRUE)
  kept <- decomposition$values > 1e-9 * max(decomposition$values, 0) & decomposition$values > 0
  decomposition$vectors[, kept, drop = FALSE]
}

# Directions that are one variance alone, along which covariances of fixed effects only grow.
variance_directions <- function(fit) {
  places <- parameter_places(fit$random)
  diagonal <- places$parameter[places$row == places$column]
  directions <- fit$undetermined$directions
  single <- rowSums(directions != 0) == 1L
  which(single & max.col(directions != 0, "first") %in% diagonal)
}

# What a reader of a table of tests must know.
undetermined_test_note <- function(fit) {
  if (is.null(fit$undetermined)) return(NULL)
  paste0(undetermined_notes(fit), "; what depends on it is NA")
}
