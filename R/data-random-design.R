# The random part of a design: for each term its columns z and the level of each row.

#' Random terms of a design, in theta order
#'
#' @param terms list of random terms, in formula order.
#' @param frame model frame; `values` the same with plain numbers; `contrasts` as in
#'   `model_design()`.
#' @param fixed list(`terms`, `X`) of the fixed part: a term with the same columns shares X.
#' @return list of terms as described in design/internal-objects.md, by decreasing number of levels,
#'   ties in formula order, each with its `theta_index`.
#' @noRd
random_design <- function(terms, frame, values, contrasts, fixed) {
  result <- vector("list", length(terms))
  for (i in seq_along(terms)) {
    earlier <- result[seq_len(i - 1L)]
    result[[i]] <- design_term(terms[[i]], earlier, frame, values, contrasts, fixed)
  }
  n_levels <- vapply(result, function(term) length(term$levels), 0L)
  index_theta(result[order(-n_levels)])
}

#' @noRd
design_term <- function(term, earlier, frame, values, contrasts, fixed) {
  columns <- term_columns(term, earlier, frame, values, contrasts, fixed)
  grouping <- term_grouping(term, earlier, frame)
  result <- list(
    group = term$group_name, columns = columns$names, structure = term$structure,
    z = columns$z, level = grouping$level, levels = grouping$levels, missing = grouping$missing,
    text = term$text,
    lhs = term$lhs, group_expr = term$group,
    terms = columns$terms, contrasts = attr(columns$z, "contrasts"), xlevels = columns$xlevels
  )
  result$relationship <- term$relationship
  result$settings <- term_settings(result, frame, term$rank)
  result
}

#' Columns of a left-hand side
#'
#' A left-hand side that was met before, or that has the terms of the fixed part, shares its matrix.
#' A fit by lme4 has contrasts of its own for left-hand sides, `term$contrasts` (`as_lmm()`).
#' @return list(`names`, `z` = n x v matrix or NULL for the column of ones, `terms`, `xlevels`).
#' @noRd
term_columns <- function(term, earlier, frame, values, contrasts, fixed) {
  if (is.null(term$terms)) return(list(names = "(Intercept)"))
  for (other in earlier) {
    if (identical(other$lhs, term$lhs)) {
      return(list(names = other$columns, z = other$z, terms = other$terms, xlevels = other$xlevels))
    }
  }
  terms <- complete_terms(term$terms, frame)
  shares_x <- is.null(term$contrasts) && same_columns(terms, fixed$terms)
  z <- if (shares_x) fixed$X else design_matrix(terms, values, term$contrasts %||% contrasts)
  list(names = colnames(z), z = z, terms = terms, xlevels = factor_levels(terms, frame))
}

#' @noRd
same_columns <- function(terms, other) {
  identical(attr(terms, "term.labels"), attr(other, "term.labels")) &&
    attr(terms, "intercept") == attr(other, "intercept")
}

#' Codes and levels, shared by terms on the same factor
#' @noRd
term_grouping <- function(term, earlier, frame) {
  for (other in earlier) {
    if (identical(other$group, term$group_name)) return(other[c("level", "levels", "missing")])
  }
  related_grouping(grouping_factor(term$group_variables, frame), term)
}
