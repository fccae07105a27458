# Principal components of the random effects of each grouping factor.

#' Principal components of the random effects
#'
#' How many dimensions do the random effects of a grouping factor really have? The relative
#' covariance matrix \eqn{\Lambda\Lambda'}{Lambda Lambda'} of all effects that share a factor is
#' split into principal components. A component without variance is one that the data do not
#' support: the random part of that factor can be made smaller.
#'
#' @param fit A fit by [lmm()].
#' @param tol One positive number: components with a standard deviation below it, relative to
#'   \eqn{\sigma}{sigma} and for standardized columns of Z as in [is_singular()], count as not
#'   supported. So the count does not depend on units, while `sdev` does.
#' @param ... Nothing; an argument that is not known is an error.
#' @return A list of class `henderson_random_pca`, named by grouping factor. Each element has class
#'   `prcomp` and components `sdev` (standard deviations of the v components relative to
#'   \eqn{\sigma}{sigma}, decreasing: the singular values of \eqn{\Lambda}{Lambda}), `rotation` (v x
#'   v, columns are the components in terms of the random effects), `center` and `scale` (`FALSE`),
#'   `supported`, the number of components with variance, and `aliased`, the names of columns about
#'   whose variance the data say nothing (the fixed effects reproduce their effects, or they are
#'   zero): they do not count as supported, and in their place the last of `sdev` and of the
#'   components, and their rows of `rotation`, are `NA`. With several terms on a factor
#'   \eqn{\Lambda}{Lambda} is the block-diagonal matrix of theirs. Where the data determine only
#'   combinations of variances ([lmm()]), the print says so, and `summary` in a message.
#'
#'   `summary` gives for each factor a matrix with a column for each component and rows `Standard
#'   deviation`, `Proportion of Variance` and `Cumulative Proportion` (of what is not `NA`). When
#'   lme4 is loaded, `lme4::rePCA()` works on the fit too, with lme4's class.
#' @section Errors: class `henderson_error_argument` for another object or a malformed argument.
#' @source Bates, Kliegl, Vasishth and Baayen (2015), *Parsimonious mixed models*, arXiv:1506.04967.
#' @seealso [random_structures()] for a table of smaller random parts, [random_anova()] for tests,
#'   [is_singular()].
#' @examples
#' random_pca(lmm(Reaction ~ Days + (Days | Subject), sleepstudy))
#'
#' # 24 variances: eight components have variance, twelve are aliased with fixed effects
#' oats <- suppressMessages(
#'   lmm(Y ~ V * N + (V * N || B) + (V * N || V:N), MASS::oats)
#' )
#' random_pca(oats)
#' @export
random_pca <- function(fit, tol = 1e-4, ...) {
  check_no_dots(...)
  check_fit(fit)
  check_number(tol, min = 0)
  groups <- vapply(fit$random, `[[`, "", "group")
  aliased <- aliased_columns(fit)
  unknown <- lapply(seq_along(fit$random), undetermined_covariances, fit = fit)
  components <- lapply(unique(groups), function(group) {
    terms <- fit$random[groups == group]
    known <- !unlist(aliased[groups == group])
    whole <- !unlist(lapply(unknown[groups == group], without_component))
    pca <- principal_components(terms, fit$theta, whole)
    standardized <- factor_of_terms(terms, fit$optimization$standardized)[known, , drop = FALSE]
    pca$supported <- if (any(known)) sum(svd(standardized, 0L, 0L)$d >= tol) else 0L
    pca$aliased <- rownames(pca$rotation)[!known]
    pca
  })
  structure(stats::setNames(components, unique(groups)),
    class = "henderson_random_pca", notes = if (!is.null(fit$undetermined)) undetermined_notes(fit),
    parameters = undetermined_labels(fit)
  )
}

# For each term, which of its columns have a variance that the data say nothing about.
aliased_columns <- function(fit) {
  lapply(seq_along(fit$random), function(position) diag(undetermined_covariances(fit, position)))
}

# Columns of a term whose variances, or covariances with others of known variance, are unknown:
# `unknown` from undetermined_covariances().
without_component <- function(unknown) {
  alone <- diag(unknown)
  alone | rowSums(unknown[, !alone, drop = FALSE]) > 0 & !alone
}

# Singular value decomposition of the joint Lambda of terms on one factor, of the columns that are
# `known`; NA for the others, in the last places.
principal_components <- function(terms, theta, known) {
  columns <- unlist(lapply(terms, `[[`, "columns"))
  names <- paste0("PC", seq_along(columns))
  deviations <- rep(NA_real_, length(columns))
  rotation <- matrix(NA_real_, length(columns), length(columns), dimnames = list(columns, names))
  if (any(known)) {
    decomposition <- svd(factor_of_terms(terms, theta)[known, , drop = FALSE], nv = 0L)
    at <- seq_len(sum(known))
    deviations[at] <- decomposition$d
    # a component is known up to its sign: its largest entry is positive
    rotation[known, at] <- apply(decomposition$u, 2L, function(u) u * sign(u[which.max(abs(u))]))
  }
  structure(
    list(sdev = deviations, rotation = rotation, center = FALSE, scale = FALSE),
    class = "prcomp"
  )
}

# Lambda of terms on one factor: block-diagonal.
factor_of_terms <- function(terms, theta) {
  sizes <- vapply(terms, function(term) length(term$columns), 1L)
  last <- cumsum(sizes)
  joint <- matrix(0, sum(sizes), sum(sizes))
  for (t in seq_along(terms)) {
    at <- last[t] - sizes[t] + seq_len(sizes[t])
    joint[at, at] <- lambda_matrix(terms[[t]], theta)
  }
  joint
}

#' @param object A result of `random_pca()`.
#' @rdname random_pca
#' @export
summary.henderson_random_pca <- function(object, ...) {
  check_no_dots(...)
  notes <- attr(object, "notes")
  if (length(notes) > 0L) {
    inform_notes("Some components are NA or of one of many possible fits.",
      notes, attr(object, "parameters")
    )
  }
  component_tables(object)
}

component_tables <- function(object) {
  lapply(unclass(object), function(pca) {
    variance <- pca$sdev^2
    total <- sum(variance, na.rm = TRUE)
    share <- if (total > 0) variance / total else NA * variance
    table <- rbind(
      "Standard deviation" = pca$sdev, "Proportion of Variance" = share,
      "Cumulative Proportion" = cumsum(share)
    )
    colnames(table) <- colnames(pca$rotation)
    table
  })
}

#' @param x A result of `random_pca()`.
#' @param digits One whole number: significant digits.
#' @rdname random_pca
#' @export
print.henderson_random_pca <- function(x, digits = max(3L, getOption("digits") - 3L), ...) {
  check_print_dots(...)
  check_digits(digits)
  tables <- component_tables(x)
  for (group in names(x)) {
    size <- length(x[[group]]$sdev)
    write_lines(c(
      paste0(
        group, ": ", x[[group]]$supported, " of ", size, " ",
        ngettext(size, "component", "components"), " supported"
      ),
      if (length(x[[group]]$aliased) > 0L) {
        paste("variance not determined by the data:", list_some(x[[group]]$aliased))
      },
      text_numbers(round(tables[[group]], digits)), ""
    ))
  }
  write_lines(c(character(0L), note_lines(attr(x, "notes"))[-1L]))
  invisible(x)
}
