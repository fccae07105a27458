# Known relationships among the levels of a grouping factor: b ~ N(0, sigma^2 K (x) Lambda Lambda'),
# K the covariance matrix of the levels. What the core takes is K^-1, sparse where it is.

#' Known relationships among the levels of a grouping factor
#'
#' The argument `relationship` of [lmm()] says how the levels of a grouping factor are related:
#' \eqn{b \sim N(0, \sigma^2 K \otimes \Lambda\Lambda')}{b ~ N(0, sigma^2 K x Lambda Lambda')} for
#' all terms on that factor, with `K` a known matrix. It is a list named by grouping factors, each
#' with the matrix `K` itself or `precision(Q)`, its inverse `Q`, which is sparse for pedigrees and
#' neighbourhoods where `K` is not, or a `pedigree()`.
#'
#' A covariance matrix of less than full rank, such as a genomic relationship matrix of centred
#' markers, or of fewer than there are levels, has 1e-8 of its mean diagonal added to its diagonal,
#' with a message. A precision must have full rank.
#'
#' All levels of the matrix belong to the model, those without a row, too: [ranef()] and
#' [predict()][predict.henderson_lmm] have them. The standard deviations of such a term are those of
#' a level whose diagonal element of `K` is 1.
#'
#' @param Q Symmetric positive definite matrix, dense or of package Matrix, with the names of the
#'   levels as row or column names.
#' @return For `precision`, an object for `lmm(relationship = )`.
#' @section Not available yet with a relationship: [random_anova()], [reduce_terms()],
#'   [random_structures()], [r_squared()], [intraclass_correlation()], other types of [bootstrap()]
#'   than `"parametric"`, its BCa limits, and the components `Lambda`, `L`, `RZX`, `u` and `devcomp`
#'   are errors of class `henderson_error_unsupported`; a level that the matrix does not have cannot
#'   be predicted. What the data do not determine is not looked for: an identity matrix is an error
#'   where each level has one row.
#' @section Errors: `henderson_error_relationship` for a matrix that is not square, symmetric and
#'   positive definite, has no names of levels, or lacks levels of the data.
#' @examples
#' # three groups in a chain, and one apart
#' Q <- matrix(c(2, -1, 0, 0, -1, 3, -1, 0, 0, -1, 2, 0, 0, 0, 0, 1), 4)
#' rownames(Q) <- c("a", "b", "c", "d")
#' data <- data.frame(g = rep(c("a", "b", "c"), each = 4), x = 1:12)
#' data$y <- c(2, 3, 4, 3, 6, 5, 6, 8, 7, 9, 8, 8)
#' fit <- lmm(y ~ x + (1 | g), data, relationship = list(g = precision(Q)))
#' ranef(fit)$g
#' @export
precision <- function(Q) {
  check_supplied(Q)
  structure(list(matrix = Q), class = "henderson_precision")
}

#' Checked relationships
#'
#' @param relationship NULL or the argument of `lmm()`.
#' @return list by grouping factor of list(`levels`, `lower` (list(`p`, `i`, `x`): the lower
#'   triangle of K^-1 by columns), `given` ("covariance" or "precision")); NULL without.
#' @noRd
check_relationship <- function(relationship) {
  if (is.null(relationship)) return(NULL)
  names <- names(relationship)
  named <- is.list(relationship) && !inherits(relationship, "henderson_precision") &&
    length(relationship) > 0L && !is.null(names) && all(nzchar(names))
  if (!named || anyDuplicated(names)) {
    given <- describe_value(relationship)
    abort(c(
      "{.arg relationship} must be a list named by grouping factors, each once, not {given}.",
      "i" = "For example {.code relationship = list(id = precision(Q))}."
    ), kind = "relationship", variable = "relationship", observed = class(relationship))
  }
  Map(function(one, name) {
    if (inherits(one, "henderson_related")) one else new_relationship(one, name)
  }, relationship, names)
}

new_relationship <- function(one, name) {
  is_precision <- inherits(one, "henderson_precision")
  matrix <- if (is_precision) one$matrix else one
  levels <- check_relationship_matrix(matrix, name)
  Q <- if (is_precision) matrix else invert_relationship(matrix, name, levels)
  if (is_precision) check_positive_definite(Q, name, levels)
  lower <- methods::as(Matrix::tril(methods::as(Q, "CsparseMatrix")), "generalMatrix")
  lower <- Matrix::drop0(lower)
  structure(list(
    levels = levels, lower = list(p = lower@p, i = lower@i, x = as.double(lower@x)),
    given = if (is_precision) "precision" else "covariance"
  ), class = "henderson_related")
}

# Names of the levels of a square symmetric matrix of finite numbers.
check_relationship_matrix <- function(matrix, name) {
  refuse <- function(problem, observed, hint = NULL) {
    abort(c(paste("The relationship of {.var {name}}", problem), "i" = hint),
      kind = "relationship", variable = name, observed = observed
    )
  }
  is_matrix <- (is.matrix(matrix) && is.numeric(matrix)) || methods::is(matrix, "dMatrix")
  given <- describe_value(matrix)
  if (!is_matrix) {
    refuse("must be a numeric matrix or {.code precision()} of one, not {given}.", class(matrix))
  }
  size <- dim(matrix)
  if (size[1L] != size[2L] || size[1L] == 0L) {
    refuse("must be square; it is {size[1L]} x {size[2L]}.", size)
  }
  if (!all(is.finite(if (methods::is(matrix, "sparseMatrix")) matrix@x else as.vector(matrix)))) {
    refuse("has values that are not finite.", NA_real_)
  }
  levels <- rownames(matrix) %||% colnames(matrix)
  if (is.null(levels)) {
    refuse("has no names of levels.", NULL, "Set its {.code rownames()} to those of {.var {name}}.")
  }
  both <- !is.null(rownames(matrix)) && !is.null(colnames(matrix))
  if (both && !identical(rownames(matrix), colnames(matrix))) {
    refuse("has other row names than column names.", colnames(matrix))
  }
  if (anyNA(levels) || anyDuplicated(levels)) {
    refuse("names a level twice, or none.", levels[duplicated(levels) | is.na(levels)])
  }
  levels <- enc2utf8(levels)
  check_symmetric(matrix, name, levels)
  levels
}

check_symmetric <- function(matrix, name, levels) {
  matrix <- unname_matrix(matrix)
  if (methods::is(matrix, "symmetricMatrix")) return(invisible(NULL))
  apart <- abs(matrix - Matrix::t(matrix))
  largest <- max(apart)
  if (largest <= 1e-8 * max(abs(Matrix::diag(matrix)))) return(invisible(NULL))
  at <- Matrix::which(apart == largest, arr.ind = TRUE)
  at <- at[order(at[, 1L]), , drop = FALSE][1L, ]
  pair <- levels[at]
  values <- format(c(matrix[at[1L], at[2L]], matrix[at[2L], at[1L]]), digits = 4L)
  abort(c(
    "The relationship of {.var {name}} is not symmetric.",
    "x" = "Its element of {.val {pair[1L]}} and {.val {pair[2L]}} is {values[1L]}, that of
           {.val {pair[2L]}} and {.val {pair[1L]}} {values[2L]}."
  ), kind = "relationship", variable = name, observed = pair)
}

unname_matrix <- function(matrix) {
  dimnames(matrix) <- list(NULL, NULL)
  matrix
}

# K^-1. A K of less than full rank has the smallest part of its diagonal added with which an inverse
# has digits: its error and that of what is added are as small as each other.
invert_relationship <- function(K, name, levels) {
  factor <- definite_factor(K)
  if (!is.null(factor)) return(inverse_of_factor(factor))
  added <- 1e-8 * mean(Matrix::diag(K))
  bent <- K + added * diag_like(K)
  factor <- if (added > 0) definite_factor(bent, 0)
  if (is.null(factor)) abort_not_definite(K, name, levels)
  inform(c(
    "The covariance matrix given as relationship of {.var {name}} does not have full rank.",
    "i" = "{format(added, digits = 3)}, 1e-8 of its mean diagonal, was added to the diagonal: what
           that changes is too small to be seen."
  ), kind = "relationship", variable = name, observed = added)
  inverse_of_factor(factor)
}

diag_like <- function(K) if (is.matrix(K)) diag(nrow(K)) else Matrix::Diagonal(nrow(K))

# Cholesky factor; NULL where the smallest squared pivot is not above `least` of the diagonal.
definite_factor <- function(K, least = 1e-12) {
  K <- unname_matrix(K)
  factor <- tryCatch(
    if (is.matrix(K)) {
      chol(K)
    } else {
      Matrix::Cholesky(Matrix::forceSymmetric(methods::as(K, "CsparseMatrix"), "L"), LDL = FALSE)
    },
    error = function(e) NULL, warning = function(e) NULL
  )
  if (is.null(factor)) return(NULL)
  root <- if (is.matrix(factor)) factor else methods::as(factor, "CsparseMatrix")
  if (min(Matrix::diag(root))^2 > least * max(Matrix::diag(K))) factor
}

inverse_of_factor <- function(factor) {
  if (is.matrix(factor)) chol2inv(factor) else Matrix::solve(factor, Matrix::Diagonal(nrow(factor)))
}

check_positive_definite <- function(Q, name, levels) {
  if (is.null(definite_factor(Q, 1e-14))) abort_not_definite(Q, name, levels, "precision")
  invisible(NULL)
}

abort_not_definite <- function(K, name, levels, given = "covariance") {
  abort(c(
    "The {given} matrix given as relationship of {.var {name}} is not positive definite.",
    "x" = indefinite_reason(K, levels)
  ), kind = "relationship", variable = name, observed = given)
}

# Elements that no covariance matrix has, or else its smallest eigenvalue.
indefinite_reason <- function(K, levels) {
  K <- as.matrix(unname_matrix(K))
  own <- diag(K)
  bad <- which(own <= 0)
  if (length(bad) > 0L) {
    return(paste0(
      "The diagonal element of \"", levels[bad[1L]], "\" is ", format(own[bad[1L]], digits = 4L),
      "."
    ))
  }
  excess <- abs(K) / sqrt(outer(own, own))
  diag(excess) <- 0
  at <- which(excess == max(excess), arr.ind = TRUE)[1L, ]
  if (excess[at[1L], at[2L]] > 1 + 1e-8) {
    return(paste0(
      "The element of \"", levels[at[2L]], "\" and \"", levels[at[1L]], "\" is ",
      format(K[at[1L], at[2L]], digits = 4L), ", with diagonal elements ",
      format(own[at[2L]], digits = 4L), " and ", format(own[at[1L]], digits = 4L),
      ": as a correlation it is beyond 1."
    ))
  }
  if (nrow(K) > 2000L) return(NULL)
  values <- range(eigen(K, symmetric = TRUE, only.values = TRUE)$values)
  words <- format(values[1L], digits = 3L)
  if (values[1L] <= 0) return(paste0("Its smallest eigenvalue is ", words, "."))
  paste0(
    "Its eigenvalues are from ", words, " to ", format(values[2L], digits = 3L),
    ": levels that are nearly copies of each other must be one level."
  )
}

# --- terms ---

#' Random terms with the relationships of their factors
#' @param parsed list from `parse_formula()`; `relationship` from `check_relationship()`.
#' @noRd
with_relationship <- function(parsed, relationship) {
  groups <- vapply(parsed$random, `[[`, "", "group_name")
  unknown <- setdiff(names(relationship), groups)
  if (length(unknown) > 0L) {
    abort(c(
      "{.arg relationship} names {.var {unknown}}, no grouping factor of the formula.",
      "i" = "The grouping factor{?s} {?is/are} {.var {unique(groups)}}."
    ), kind = "relationship", variable = unknown[1L], observed = unique(groups))
  }
  parsed$random <- lapply(parsed$random, function(term) {
    term$relationship <- relationship[[term$group_name]]
    term
  })
  parsed
}

# Relationships of the terms, by grouping factor; NULL without.
relationships_of <- function(terms, name = "group") {
  related <- Filter(function(term) !is.null(term$relationship), terms)
  if (length(related) == 0L) return(NULL)
  groups <- vapply(related, `[[`, "", name)
  stats::setNames(lapply(related, `[[`, "relationship"), groups)[unique(groups)]
}

#' Codes of a grouping factor by the levels of its relationship
#' @param grouping list(`level`, `levels`).
#' @noRd
related_grouping <- function(grouping, term) {
  own <- term$relationship
  if (is.null(own)) return(grouping)
  name <- term$group_name %||% term$group
  position <- match(grouping$levels, own$levels)
  if (anyNA(position)) {
    unknown <- grouping$levels[is.na(position)]
    abort(c(
      "The relationship of {.var {name}} lacks {length(unknown)} level{?s} of the data:
       {.val {unknown}}.",
      "i" = "Its names are those of rows of the matrix: {.val {own$levels}}."
    ), kind = "relationship", variable = name, observed = unknown)
  }
  grouping$level <- position[grouping$level]
  grouping$levels <- own$levels
  grouping
}

# Are levels related at all, or of different variances? Without either they are independent.
is_related <- function(term) {
  own <- term$relationship
  if (is.null(own)) return(FALSE)
  x <- own$lower$x
  length(x) > length(own$levels) || diff(range(x)) > 1e-8 * max(x)
}

# For what knows independent levels only.
require_independent <- function(fit, what) {
  related <- Find(function(term) !is.null(term$relationship), fit$random)
  if (is.null(related)) return(invisible(NULL))
  abort(c(
    "{what} is not available yet for a model with a relationship among the levels of
     {.var {related$group}}, as the random term {.code ({related$text})} has."
  ), kind = "unsupported", variable = related$group, observed = related$text)
}

# --- K ---

# Cholesky factor of K^-1, P'LL'P.
relationship_factor <- function(relationship) {
  lower <- relationship$lower
  size <- length(relationship$levels)
  Q <- Matrix::sparseMatrix(
    i = lower$i + 1L, p = lower$p, x = lower$x, dims = c(size, size), symmetric = TRUE
  )
  Matrix::Cholesky(Q, LDL = FALSE)
}

# R x with K = RR', for x with a row for each level.
related_draws <- function(relationship, x) {
  factor <- relationship_factor(relationship)
  as.matrix(Matrix::solve(factor, Matrix::solve(factor, x, system = "Lt"), system = "Pt"))
}

# K of some levels (positions).
relationship_matrix <- function(relationship, levels) {
  size <- length(relationship$levels)
  unit <- Matrix::sparseMatrix(
    i = levels, j = seq_along(levels), x = 1, dims = c(size, length(levels))
  )
  K <- as.matrix(Matrix::solve(relationship_factor(relationship), unit))[levels, , drop = FALSE]
  (K + t(K)) / 2
}

# Diagonal of K, a thousand columns at a time.
relationship_diagonal <- function(relationship) {
  factor <- relationship_factor(relationship)
  size <- length(relationship$levels)
  unlist(lapply(split(seq_len(size), (seq_len(size) - 1L) %/% 1000L), function(own) {
    unit <- Matrix::sparseMatrix(i = own, j = seq_along(own), x = 1, dims = c(size, length(own)))
    half <- Matrix::solve(factor, Matrix::solve(factor, unit, system = "P"), system = "L")
    Matrix::colSums(half^2)
  }), use.names = FALSE)
}
