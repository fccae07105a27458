# Covariance parameters that the data do not determine: found by the core at the fit
# (src/core/inference/undetermined.h), put into words that a fit keeps as `fit$undetermined`. What
# reports an estimate or a test asks model-undetermined.R.
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
  chosen <- directions[, parameters, drop = FALSE]
  natural <- sweep(chosen[rowSums(chosen != 0) > 0, , drop = FALSE], 2L, sizes[parameters], "/")
  natural <- natural / apply(abs(natural), 1L, max)
  own <- places[places$parameter %in% parameters, ]
  terms <- unique(own$term)
  reason <- if (residual %in% parameters) {
    "residual"
  } else if (length(terms) == 1L) {
    if (moves_levels(natural, parameters, terms, design)) "reproduced" else "collinear"
  } else if (is_one_partition(design$random[terms], design)) {
    "partition"
  } else {
    "sum"
  }
  index <- sort(own$row[own$row == own$column])
  if (length(index) < 2L) index <- sort(unique(c(own$column, own$row)))
  list(
    parameters = parameters, terms = terms, reason = reason,
    columns = if (length(terms) == 1L) fit$random[[terms]]$columns[index],
    # are plain sums of two determined?
    equal = all(abs(rowSums(natural)) < 1e-6 & rowSums(abs(natural) > 1e-6) == 2L)
  )
}

#' Does the covariance matrix of the response change along directions of one term?
#'
#' If it does, they have no information because the fixed effects reproduce what changes; if not,
#' the columns are collinear within every level. With G the cross-products of a level's columns,
#' Z D Z' is zero where tr(D G D G) is.
#' @param natural a direction per row, `parameters` of theta in natural units.
#' @noRd
moves_levels <- function(natural, parameters, position, design) {
  term <- design$random[[position]]
  at <- lambda_entries(term)
  z <- used_columns(term, design)
  level <- used_levels(term, design)
  own <- match(parameters, term$theta_index)
  grams <- lapply(split(seq_along(level), level), function(rows) {
    crossprod(z[rows, , drop = FALSE])
  })
  any(vapply(seq_len(nrow(natural)), function(k) {
    D <- matrix(0, ncol(z), ncol(z))
    D[cbind(at$row, at$column)[own, , drop = FALSE]] <- natural[k, ]
    D <- D + t(D) - diag(diag(D), ncol(z))
    any(vapply(grams, function(G) {
      sum((D %*% G) * t(D %*% G)) > 1e-12 * sum((abs(D) %*% abs(G)) * t(abs(D) %*% abs(G)))
    }, TRUE))
  }, TRUE))
}

# Groups of the same terms for the same reason are told of once.
merge_groups <- function(groups) {
  key <- vapply(groups, function(group) paste(c(group$reason, group$terms), collapse = " "), "")
  lapply(unname(split(groups, match(key, key))), function(same) {
    merged <- same[[1L]]
    merged$parameters <- sort(unique(unlist(lapply(same, `[[`, "parameters"))))
    columns <- lapply(same, `[[`, "columns")
    # groups apart, each with its own columns, or the same columns again
    apart <- merged$reason == "reproduced"
    merged$columns <- if (apart) unique(unlist(columns)) else Reduce(shorter, columns)
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
