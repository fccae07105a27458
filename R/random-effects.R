# Conditional modes of the random effects and their conditional variances.
#
# Notation: b_t, the v x J matrix of conditional modes of term t (v columns on J levels).

#' Conditional modes of the random effects
#'
#' @aliases ranef
#' @param object A fit by [lmm()].
#' @param condVar One logical: `TRUE` adds the conditional variances as attribute `postVar`.
#' @param drop One logical: `TRUE` turns the data frame of a factor with a single column into a
#'   named vector.
#' @param whichel Character vector: names of the grouping factors to return; all when missing.
#' @param x,row.names,optional The result of `ranef()`; the others are unused.
#' @param ... Nothing; an argument that is not known is an error. (`print`: arguments for printing
#'   data frames.)
#' @return A list of class `henderson_ranef`, named by grouping factor, in the order of decreasing
#'   numbers of levels. Each element is a data frame with one row for each level (J) and one
#'   column for each random effect (v), the columns of several terms on one factor side by side,
#'   in units of the response per unit of the column. Attribute `postVar` is a v x v x J array of
#'   conditional variances given \eqn{\beta}{beta} and \eqn{\theta}{theta}, or, with several terms
#'   on the factor, a list of such arrays, one for each term; `NA` for effects whose variance the
#'   data do not determine (see [lmm()]), whose modes are some of those possible.
#'
#'   `as.data.frame` gives columns `grpvar` (factor), `term` (column), `grp` (level; a factor
#'   whose levels are in increasing order of the first column's modes, for plots), `condval` and
#'   `condsd` (the conditional mode and standard deviation; `condsd` only if the variances are
#'   there).
#' @section Errors: class `henderson_error_argument` for a factor that does not exist or a
#'   malformed argument.
#' @source Bates, Maechler, Bolker and Walker (2015), *Journal of Statistical Software* 67(1),
#'   equations (11) and (58).
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' ranef(fit)
#' head(as.data.frame(ranef(fit)))
#' @seealso [plot()][plot.henderson_ranef], also for `dotplot()` and `qqmath()`.
#' @export
ranef.henderson_fit <- function(object, condVar = TRUE, drop = FALSE, whichel, ...) {
  check_no_dots(...)
  check_flag(condVar)
  check_flag(drop)
  group <- vapply(object$random, `[[`, "", "group")
  wanted <- unique(group)
  if (!missing(whichel)) {
    wanted <- check_group_names(whichel, wanted)
  }
  modes <- lapply(wanted, function(name) {
    factor_modes(object, which(group == name), condVar, drop)
  })
  names(modes) <- wanted
  structure(modes,
    class = "henderson_ranef", notes = if (!is.null(object$undetermined)) undetermined_notes(object)
  )
}

# Modes of all terms on one factor. `terms`: their positions in `fit$random`.
# Returns a data frame J x v (or a named vector) with attribute `postVar` when `with_variance`.
factor_modes <- function(fit, terms, with_variance, drop) {
  columns <- unlist(lapply(fit$random[terms], `[[`, "columns"))
  levels <- fit$random[[terms[1L]]]$levels
  modes <- t(do.call(rbind, fit$b[terms]))
  dimnames(modes) <- list(levels, columns)
  variance <- if (with_variance) factor_variances(fit, terms)
  if (drop && length(columns) == 1L) {
    modes <- stats::setNames(modes[, 1L], levels)
    if (with_variance) attr(modes, "postVar") <- as.vector(variance)
    return(modes)
  }
  modes <- as.data.frame(modes, optional = TRUE)
  attr(modes, "postVar") <- variance
  modes
}

# v x v x J array for one term, list of arrays for several, named by the terms' text.
factor_variances <- function(fit, terms) {
  variances <- lapply(terms, function(position) {
    variance <- unname(fit$conditional_variance[[position]])
    unknown <- undetermined_columns(fit, position)
    variance[unknown, , ] <- variance[, unknown, ] <- NA
    variance
  })
  if (length(terms) == 1L) {
    return(variances[[1L]])
  }
  names(variances) <- vapply(fit$random[terms], `[[`, "", "text")
  variances
}

check_group_names <- function(whichel, known) {
  if (!is.character(whichel) || anyNA(whichel) || !all(whichel %in% known)) {
    unknown <- if (is.character(whichel)) setdiff(whichel, known) else class(whichel)[1L]
    abort(c(
      "{.arg whichel} must name grouping factors of the fit.",
      "x" = "Not one of them: {.val {unknown}}.",
      "i" = "The grouping factors are {.val {known}}."
    ), kind = "argument", variable = "whichel", observed = whichel)
  }
  unique(whichel)
}

#' @rdname ranef.henderson_fit
#' @export
as.data.frame.henderson_ranef <- function(x, row.names = NULL, optional = FALSE, ...) {
  check_no_dots(...)
  table <- do.call(rbind, unname(Map(long_modes, unclass(x), names(x))))
  rownames(table) <- NULL
  table
}

# Long form of one factor's modes: columns stacked.
long_modes <- function(modes, factor_name) {
  variance <- attr(modes, "postVar")
  if (is.data.frame(modes)) {
    values <- as.matrix(modes)
  } else {
    values <- matrix(modes, dimnames = list(names(modes), "(Intercept)"))
    if (!is.null(variance)) variance <- array(variance, c(1L, 1L, length(variance)))
  }
  levels <- rownames(values)
  table <- data.frame(
    grpvar = factor_name,
    term = factor(rep(colnames(values), each = nrow(values)), levels = unique(colnames(values))),
    grp = factor(rep(levels, ncol(values)), levels = levels[order(values[, 1L])]),
    condval = as.vector(values)
  )
  if (!is.null(variance)) {
    table$condsd <- as.vector(conditional_deviation(variance))
  }
  table
}

# J x v matrix of conditional standard deviations from a v x v x J array or a list of them.
conditional_deviation <- function(variance) {
  if (is.list(variance)) {
    return(do.call(cbind, lapply(unname(variance), conditional_deviation)))
  }
  size <- dim(variance)[1L]
  diagonal <- vapply(seq_len(size), function(k) variance[k, k, ], numeric(dim(variance)[3L]))
  sqrt(matrix(diagonal, ncol = size))
}

#' @rdname ranef.henderson_fit
#' @export
print.henderson_ranef <- function(x, ...) {
  has_variance <- FALSE
  for (name in names(x)) {
    write_lines(paste0("$", name))
    modes <- x[[name]]
    has_variance <- !is.null(attr(modes, "postVar"))
    attr(modes, "postVar") <- NULL
    print_by_level(modes, ...)
    cat("\n")
  }
  if (length(x) > 0L && has_variance) {
    cat("Conditional variances are in the attribute \"postVar\" of each element.\n")
  }
  write_lines(c(character(0L), note_lines(attr(x, "notes"))))
  invisible(x)
}
