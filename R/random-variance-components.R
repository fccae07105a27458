# Estimated covariances of the random effects.
#
# Notation: theta_t, the parameters of term t; Lambda_t its relative factor: Cov(b_t) = sigma^2
# Lambda_t Lambda_t'.

#' Variances and correlations of the random effects
#'
#' @aliases VarCorr
#' @param x A fit by [lmm()]; for the methods of the result, that result.
#' @param sigma One positive number, the residual standard deviation to multiply the relative
#'   standard deviations with. When missing, the fit's own; `sigma = 1` gives covariances relative
#'   to \eqn{\sigma^2}{sigma^2}.
#' @param ... Nothing; an argument that is not known is an error.
#' @return An object of class `henderson_varcorr`: a named list with one v x v covariance matrix
#'   for each random term, in units of the response squared, with attributes `stddev` and
#'   `correlation`. The names are the grouping factors, made unique as `Subject`, `Subject.1` when
#'   several terms share one factor. A term from `||` is one diagonal matrix. The list has
#'   attributes `sc` (the residual standard deviation) and `useSc` (`TRUE`). With a residual
#'   structure, see [residual_structure], `sc` is the standard deviation of its first stratum, and
#'   rows of the group `Residual` have the standard deviations of the others and the correlations;
#'   of variances that depend on a covariate the exponents.
#'
#'   `as.data.frame` gives columns `grp`, `var1`, `var2` (`NA` for a variance), `vcov` (variance
#'   or covariance), `sdcor` (standard deviation or correlation); the residual is the last row.
#'   `order` is `"cov.last"` (variances of a term first, then its covariances) or `"lower.tri"`
#'   (lower triangle by columns).
#'
#'   Variances about which the data say nothing, see [lmm()], are `NA`. Attribute `notes` has
#'   sentences on what is not determined, which printing shows.
#' @section Errors: class `henderson_error_argument` for an unknown or malformed argument.
#' @source Bates, Maechler, Bolker and Walker (2015), *Journal of Statistical Software* 67(1),
#'   equation (4).
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' VarCorr(fit)
#' print(VarCorr(fit), comp = c("Variance", "Std.Dev."), digits = 3)
#' as.data.frame(VarCorr(fit))
#' @export
VarCorr.henderson_fit <- function(x, sigma = 1, ...) {
  check_no_dots(...)
  sigma <- if (missing(sigma)) x$sigma else check_number(sigma, min = 0)
  components <- lapply(seq_along(x$random), function(position) {
    covariance <- term_covariance(x$random[[position]], x$theta, sigma)
    without_unknown(covariance, undetermined_covariances(x, position))
  })
  names(components) <- unique_labels(vapply(x$random, `[[`, "", "group"))
  structure(components,
    sc = sigma, useSc = is.null(x$family), residual = residual_info(x, sigma),
    class = "henderson_varcorr", notes = c(constraint_notes(x), undetermined_notes(x))
  )
}

# NA for the elements about which the data say nothing.
without_unknown <- function(covariance, unknown) {
  if (!any(unknown)) return(covariance)
  correlation <- attr(covariance, "correlation")
  covariance[unknown] <- NA
  attr(covariance, "stddev")[diag(unknown)] <- NA
  correlation[unknown | outer(diag(unknown), diag(unknown), "|")] <- NA
  attr(covariance, "correlation") <- correlation
  covariance
}

# "Subject", "Subject" become "Subject", "Subject.1", as by make.unique(), which loses names that
# the locale cannot represent.
unique_labels <- function(labels) {
  earlier <- vapply(seq_along(labels), function(k) sum(labels[seq_len(k - 1L)] == labels[k]), 1L)
  repeated <- earlier > 0L
  labels[repeated] <- paste0(labels[repeated], ".", earlier[repeated])
  labels
}

# Covariance matrix of one term, with its standard deviations and correlations as attributes.
# A standard deviation of 0 has correlation NaN.
term_covariance <- function(term, theta, sigma) {
  factor <- sigma * lambda_matrix(term, theta)
  covariance <- tcrossprod(factor)
  dimnames(covariance) <- list(term$columns, term$columns)
  deviation <- sqrt(diag(covariance))
  names(deviation) <- term$columns
  structure(covariance,
    stddev = deviation,
    correlation = covariance_to_correlation(covariance),
    structure = term$structure,
    parameters = correlation_parameters(term, theta)
  )
}

#' @param row.names,optional As for [base::as.data.frame()]; unused.
#' @param order One string, `"cov.last"` or `"lower.tri"`.
#' @rdname VarCorr.henderson_fit
#' @export
as.data.frame.henderson_varcorr <- function(x, row.names = NULL, optional = FALSE,
                                            order = c("cov.last", "lower.tri"), ...) {
  check_no_dots(...)
  order <- check_choice(order, c("cov.last", "lower.tri"))
  rows <- Map(component_rows, unclass(x), names(x), MoreArgs = list(order = order))
  residual <- data.frame(
    grp = "Residual", var1 = NA_character_, var2 = NA_character_,
    vcov = attr(x, "sc")^2, sdcor = attr(x, "sc")
  )
  residual <- if (attr(x, "useSc")) list(residual, residual_rows_of(attr(x, "residual")))
  table <- do.call(rbind, c(unname(rows), residual))
  rownames(table) <- NULL
  table
}

# Rows of `as.data.frame` for one term. A diagonal term has no covariances.
component_rows <- function(covariance, label, order) {
  names <- rownames(covariance)
  position <- which(lower.tri(covariance, diag = TRUE), arr.ind = TRUE)
  if (order == "cov.last") {
    position <- position[order(position[, 1] != position[, 2]), , drop = FALSE]
  }
  if (!has_covariances(attr(covariance, "structure"))) {
    position <- position[position[, 1] == position[, 2], , drop = FALSE]
  }
  is_variance <- position[, 1] == position[, 2]
  data.frame(
    grp = label,
    var1 = names[position[, 2]],
    var2 = ifelse(is_variance, NA_character_, names[position[, 1]]),
    vcov = covariance[position],
    sdcor = ifelse(is_variance,
      attr(covariance, "stddev")[position[, 1]], attr(covariance, "correlation")[position]
    )
  )
}

#' @param digits One whole number: significant digits of the smallest variance or standard
#'   deviation shown; correlations show two decimals fewer than that, at least two.
#' @param comp Character vector, `"Std.Dev."`, `"Variance"` or both: the columns to show.
#' @param formatter A function like [base::format()], called with a numeric vector and `digits`.
#' @rdname VarCorr.henderson_fit
#' @export
print.henderson_varcorr <- function(x, digits = max(3L, getOption("digits") - 2L),
                                    comp = "Std.Dev.", formatter = format, ...) {
  check_print_dots(...)
  write_lines(c(varcorr_lines(x, digits, comp, formatter), note_lines(attr(x, "notes"))))
  invisible(x)
}

varcorr_lines <- function(x, digits, comp, formatter = format) {
  c(
    text_table(format.henderson_varcorr(x, digits, comp, formatter), row_names = NULL),
    residual_lines(attr(x, "residual"), digits)
  )
}

#' @rdname VarCorr.henderson_fit
#' @export
format.henderson_varcorr <- function(x, digits = max(3L, getOption("digits") - 2L),
                                     comp = "Std.Dev.", formatter = format, ...) {
  check_no_dots(...)
  check_digits(digits)
  check_function(formatter)
  comp <- check_components(comp)
  covariances <- unclass(x)
  rows <- lapply(covariances, deviation_rows)
  scaled <- attr(x, "useSc")
  deviations <- as.double(c(unlist(lapply(rows, unname)), if (scaled) attr(x, "sc")))
  numbers <- list(Variance = deviations^2, Std.Dev. = deviations)
  columns <- lapply(numbers[comp], function(values) formatter(unname(values), digits = digits))
  sizes <- lengths(rows)
  table <- cbind(
    Groups = c(unlist(Map(group_cells, names(x), covariances, sizes)), if (scaled) "Residual"),
    Name = c(unlist(lapply(rows, names)), if (scaled) ""),
    do.call(cbind, columns)
  )
  dimnames(table) <- list(NULL, colnames(table))
  if (any(vapply(covariances, is_correlated, TRUE))) {
    cells <- correlation_cells(covariances, sizes, digits)
    table <- cbind(table, cells[seq_len(nrow(table)), , drop = FALSE])
  }
  table
}

is_correlated <- function(covariance) {
  nrow(covariance) > 1L && has_covariances(attr(covariance, "structure"))
}

# Standard deviations as they are printed, with their names: one for all columns if it is.
deviation_rows <- function(covariance) {
  deviations <- attr(covariance, "stddev")
  if (length(deviations) == 1L || !has_one_deviation(attr(covariance, "structure"))) {
    return(deviations)
  }
  ends <- names(deviations)[c(1L, length(deviations))]
  stats::setNames(deviations[1L], paste(ends, collapse = " ... "))
}

# The factor's name on the first row of a term, or on every row of a diagonal term.
group_cells <- function(label, covariance, size) {
  if (!has_covariances(attr(covariance, "structure"))) return(rep(label, size))
  c(label, rep("", size - 1L))
}

# Character matrix of the strictly lower triangles of the correlations, terms below each other,
# and an empty row for the residual.
correlation_cells <- function(covariances, sizes, digits) {
  correlated <- vapply(covariances, is_correlated, TRUE)
  patterns <- lapply(covariances, function(one) correlation_pattern(attr(one, "structure")))
  pairwise <- correlated & vapply(patterns, is.null, TRUE)
  width <- max(1L, sizes[pairwise] - 1L)
  cells <- matrix("", sum(sizes) + 1L, width)
  colnames(cells) <- c("Corr", rep("", width - 1L))
  first <- cumsum(c(0L, sizes))
  for (term in which(correlated & !pairwise)) {
    values <- shown_parameters(attr(covariances[[term]], "parameters"), max(2L, digits - 2L))
    cells[first[term] + 1L, 1L] <- paste0(values, " (", patterns[[term]], ")")
  }
  for (term in which(pairwise)) {
    correlation <- attr(covariances[[term]], "correlation")
    for (row in seq_len(sizes[term])[-1L]) {
      before <- seq_len(row - 1L)
      values <- formatC(correlation[row, before], digits = max(2L, digits - 2L), format = "f")
      cells[first[term] + row, before] <- values
    }
  }
  cells
}

# Correlations with decimals, what has other units with as many significant digits.
shown_parameters <- function(parameters, digits, most = 6L) {
  first <- utils::head(parameters, most)
  text <- formatC(first, digits = digits, format = "f")
  long <- names(first) %in% c("range", "smoothness")
  text[long] <- formatC(first[long], digits = digits + 1L, format = "fg", flag = "#")
  paste(c(sub("[.]$", "", text), if (length(parameters) > most) "..."), collapse = " ")
}

check_components <- function(comp) {
  known <- c("Variance", "Std.Dev.")
  if (!is.character(comp) || length(comp) == 0L || !all(comp %in% known)) {
    given <- describe_value(comp)
    abort("{.arg comp} must be {.val Variance}, {.val Std.Dev.} or both, not {given}.",
      kind = "argument", variable = "comp", observed = given
    )
  }
  known[known %in% comp]
}

# Entries of Gamma in the places of theta; 1 in the first place of a structure that has others.
relative_covariances <- function(fit) {
  gamma <- numeric(length(fit$theta))
  for (term in fit$random) {
    if (!has_entries(term$structure)) {
      gamma[term$theta_index[1L]] <- 1
      next
    }
    at <- lambda_entries(term)
    gamma[term$theta_index] <- tcrossprod(lambda_matrix(term, fit$theta))[cbind(at$row, at$column)]
  }
  gamma
}
