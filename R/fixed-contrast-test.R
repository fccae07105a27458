# Tests of hypotheses about the fixed effects, L beta = rhs.
#
# Notation: p_all, columns of X before any were dropped; p, the kept ones; beta, their coefficients;
# X_dropped = X_kept H, so that L is estimable if L_dropped = L_kept H.

#' Tests of contrasts of the fixed effects
#'
#' Estimates, confidence intervals and t tests of linear functions \eqn{l'\beta}{l' beta} of the
#' fixed effects, or joint F tests of several.
#'
#' @param fit A fit by [lmm()].
#' @param L What is tested: a numeric vector (one contrast), a matrix with one row for each
#'   contrast, or a list of these. With names (column names of a matrix) it is matched to the
#'   coefficients, and those not named count as 0; without names it has one number for each of
#'   [fixef()], or for each column of the fixed-effects matrix before any were dropped, in their
#'   order. `NULL`, the default: every coefficient.
#' @param rhs Numeric: the values under the hypothesis, one for all contrasts or one for each row of
#'   L (of all matrices of a list, one after the other).
#' @param joint One logical. `TRUE`: one F test for all rows of a matrix (of each element of a
#'   list). `FALSE`: a t test for each row. `NULL`, the default: `TRUE` for a matrix or a list with
#'   a matrix in it, `FALSE` for vectors.
#' @param ddf One string: how degrees of freedom are found, as in
#'   [summary()][summary.henderson_lmm].
#' @param level One number between 0 and 1: the confidence level.
#' @param vcov One string: `"model"`, or a cluster-robust covariance of the fixed effects, `"CR0"`,
#'   `"CR1"` or `"CR2"`, see [vcov()][vcov.henderson_fit].
#' @param cluster The clusters of a robust covariance, as for [vcov()][vcov.henderson_fit].
#' @param ... Nothing; an argument that is not known is an error.
#' @return For t tests a data frame of class `c("henderson_contrasts", "data.frame")`, one row
#'   for each contrast, columns `Estimate`, `Std. Error`, `df`, `t value` (of `Estimate` minus
#'   `rhs`), `lower`, `upper` (confidence limits of \eqn{l'\beta}{l' beta}), `Pr(>|t|)`; with
#'   `ddf = "none"` only `Estimate`, `Std. Error`, `t value`. Attribute `level` is the confidence
#'   level. For F tests a table as [anova()][anova.henderson_lmm] gives, one row for each matrix.
#' @section Estimability: When X is not of full rank, some of its columns are dropped, and the
#'   coefficients are those of the model without them. A contrast in terms of all columns (by names
#'   of dropped ones, or by its length) is a contrast of the data's means only if it is a
#'   combination of rows of X; anything else is an error of class `henderson_error_rank`. A
#'   contrast of the kept coefficients is taken as it is.
#' @section Errors: `henderson_error_argument` for anything malformed;
#'   `henderson_error_rank` for a contrast that cannot be estimated; `henderson_error_data` when the
#'   fit does not hold its model frame and it is needed.
#' @section Tests with a cluster-robust covariance: Degrees of freedom of t tests are
#'   Satterthwaite's of the robust variance, which small or unequal clusters make few. F tests are
#'   an approximation to Hotelling's T-squared ("HTZ") that is the same for one contrast; they are
#'   `NA` where there are too few clusters for so many contrasts.
#' @source Formulas and sources of the degrees of freedom: vignette `degrees-of-freedom`; with a
#'   robust covariance Pustejovsky and Tipton (2018), *Journal of Business & Economic Statistics*
#'   36, 672-683, sections 3.1 and 3.2.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' contrast_test(fit)
#' # the expected reaction time on day 5, and whether the slope is 10 ms a day
#' contrast_test(fit, c(1, 5))
#' contrast_test(fit, c(Days = 1), rhs = 10)
#' contrast_test(fit, c(Days = 1), vcov = "CR2")
#'
#' fit <- lmm(yield ~ gen * fung + (1 | block / fung), durban.splitplot)
#' L <- rbind(
#'   "G02 - G01" = c(genG02 = 1, genG03 = 0),
#'   "G03 - G01" = c(genG02 = 0, genG03 = 1)
#' )
#' contrast_test(fit, L)
#' contrast_test(fit, L, joint = FALSE, ddf = "Kenward-Roger")
#' @export
contrast_test <- function(fit, L = NULL, rhs = 0, joint = NULL, ddf = "Satterthwaite",
                          level = 0.95, vcov = "model", cluster = NULL, ...) {
  check_no_dots(...)
  check_fit(fit)
  check_flag(joint, null_ok = TRUE)
  ddf <- test_method(fit, ddf, vcov, cluster, given = !missing(ddf))
  check_level(level)
  if (is.null(joint)) joint <- is_for_joint_test(L)
  contrasts <- contrast_matrices(fit, L)
  rhs <- check_rhs(rhs, contrasts)
  if (joint) {
    joint_contrasts(fit, contrasts, rhs, ddf)
  } else {
    single_contrasts(fit, contrasts, rhs, ddf, level)
  }
}

is_for_joint_test <- function(L) {
  is.matrix(L) || (is.list(L) && any(vapply(L, is.matrix, TRUE)))
}

# ---- what is tested ----

#' @return list of numeric matrices, named (row names too) by what the user called them or by
#'   number; columns are those of X that were kept.
#' @noRd
contrast_matrices <- function(fit, L) {
  if (is.null(L)) {
    return(list("1" = structure(
      diag(length(fit$beta)), dimnames = list(names(fit$beta), names(fit$beta))
    )))
  }
  parts <- if (is.list(L) && !is.data.frame(L)) L else list(L)
  if (length(parts) == 0L) {
    abort("{.arg L} must hold at least one contrast.", kind = "argument", variable = "L")
  }
  parts <- lapply(parts, function(part) contrast_matrix(fit, part))
  names(parts) <- number_unnamed(names(parts), length(parts))
  parts
}

number_unnamed <- function(names, count) {
  if (is.null(names)) names <- rep("", count)
  unnamed <- is.na(names) | !nzchar(names)
  names[unnamed] <- as.character(seq_len(count))[unnamed]
  names
}

contrast_matrix <- function(fit, L) {
  if (is.character(L)) {
    name <- paste(L, collapse = ", ")
    abort(c(
      "{.arg L} must hold weights of the coefficients, not {.val {name}}.",
      "i" = "{.code contrast_test(fit)} tests every coefficient; {.fn anova} tests terms."
    ), kind = "argument", variable = "L", observed = L)
  }
  if (!is.numeric(L) || length(dim(L)) > 2L || length(L) == 0L) {
    given <- describe_value(L)
    abort("{.arg L} must be a numeric vector, a numeric matrix, or a list of these, not {given}.",
      kind = "argument", variable = "L", observed = given
    )
  }
  if (!all(is.finite(L))) {
    count <- sum(!is.finite(L))
    abort("{.arg L} has {count} missing or infinite value{?s}.",
      kind = "argument", variable = "L", observed = count
    )
  }
  if (is.null(dim(L))) L <- matrix(L, 1L, dimnames = list(NULL, names(L)))
  empty <- which(rowSums(L != 0) == 0L)
  if (length(empty) > 0L) {
    count <- length(empty)
    abort("{.arg L} has only zeros in {count} row{?s} ({empty}): there is nothing to test.",
      kind = "argument", variable = "L", observed = empty
    )
  }
  L <- if (is.null(colnames(L))) by_position(fit, L) else by_name(fit, L)
  kept <- names(fit$beta)
  dropped <- setdiff(colnames(L), kept)
  if (length(dropped) > 0L) check_estimable(fit, L)
  L[, kept, drop = FALSE]
}

by_position <- function(fit, L) {
  p <- length(fit$beta)
  p_all <- length(fit$all_columns)
  if (ncol(L) == p) {
    colnames(L) <- names(fit$beta)
  } else if (ncol(L) == p_all) {
    colnames(L) <- fit$all_columns
  } else {
    or_all <- if (p_all > p) " (or {p_all}, for the dropped columns too)"
    abort(c(
      paste0(
        "A contrast without names must have {p} number{?s}, one for each coefficient", or_all, "."
      ),
      "x" = "It has {ncol(L)}."
    ), kind = "argument", variable = "L", observed = dim(L))
  }
  L
}

# Columns of L put in their place among the kept columns, those of dropped ones after them.
by_name <- function(fit, L) {
  names <- utf8_names(colnames(L))
  unknown <- setdiff(names, fit$all_columns)
  if (length(unknown) > 0L) {
    hint <- suggestion(unknown[1L], fit$all_columns)
    if (is.null(hint)) hint <- "Coefficients are {.val {fit$all_columns}}."
    abort(c("{.arg L} has names that are no coefficients: {.val {unknown}}.",
      "i" = hint
    ), kind = "argument", variable = "L", observed = unknown)
  }
  if (anyDuplicated(names)) {
    twice <- names[duplicated(names)][1L]
    abort("{.arg L} names {.val {twice}} more than once.",
      kind = "argument", variable = "L", observed = twice
    )
  }
  columns <- c(names(fit$beta), intersect(fit$dropped, names))
  full <- matrix(0, nrow(L), length(columns), dimnames = list(rownames(L), columns))
  full[, names] <- L
  full
}

# `L` has columns of X that were dropped.
check_estimable <- function(fit, L) {
  full <- matrix(0, nrow(L), length(fit$dropped), dimnames = list(NULL, fit$dropped))
  given <- intersect(colnames(L), fit$dropped)
  full[, given] <- L[, given]
  wrong <- !is_estimable(fit, L[, names(fit$beta), drop = FALSE], full)
  if (any(wrong)) {
    which <- number_unnamed(rownames(L), nrow(L))[wrong]
    abort(c(
      "{length(which)} contrast{?s} cannot be estimated: {.val {which}}.",
      "i" = "Only combinations of rows of the fixed-effects matrix are determined by the data."
    ), kind = "rank", variable = "L", observed = which)
  }
}

#' Which linear functions of all coefficients are combinations of rows of X?
#'
#' @param L_kept,L_dropped numeric matrices, one row for each function: its parts for the kept and
#'   the dropped columns of X, in their order.
#' @return logical, one element for each row; `TRUE` for rows with missing values.
#' @noRd
is_estimable <- function(fit, L_kept, L_dropped) {
  map <- dropped_columns(fit)
  missed <- L_dropped - L_kept %*% map$H
  # in units in which all columns of X have size 1
  size <- apply(abs(sweep(L_kept, 2L, map$kept_size, "/")), 1L, max, 0)
  missed <- apply(abs(sweep(missed, 2L, map$dropped_size, "/")), 1L, max)
  !(missed > 1e-7 * size) %in% TRUE
}

# The dropped columns of X in terms of the kept ones, from independent rows: list(`H`, p x dropped;
# `kept_size`, `dropped_size`, numeric). Kept with the fit.
dropped_columns <- function(fit) {
  if (!is.null(fit$cache$dropped_columns)) return(fit$cache$dropped_columns)
  kept <- names(fit$beta)
  count <- length(fit$dropped)
  # without any kept column the dropped ones are zero
  map <- list(H = matrix(0, 0L, count), kept_size = numeric(0L), dropped_size = rep(1, count))
  if (length(kept) > 0L) {
    X <- observed_rows(fit, columns_matrix(fit))
    rows <- independent_rows(X)
    from <- X[rows, , drop = FALSE]
    all <- colnames_utf8(general_design_matrix(fit$terms, frame_rows(fit, rows), fit$contrasts))
    to <- all[, fit$dropped, drop = FALSE]
    map <- list(
      H = change_of_columns(from, to),
      kept_size = column_sizes(from), dropped_size = column_sizes(to)
    )
  }
  assign("dropped_columns", map, envir = fit$cache)
  map
}

#' @return list of numeric vectors, parallel to `contrasts`, one number for each row.
#' @noRd
check_rhs <- function(rhs, contrasts) {
  counts <- vapply(contrasts, nrow, 1L)
  total <- sum(counts)
  if (!is.numeric(rhs) || !length(rhs) %in% c(1L, total) || !all(is.finite(rhs))) {
    given <- describe_value(rhs)
    abort("{.arg rhs} must be one finite number, or {total} (one for each row), not {given}.",
      kind = "argument", variable = "rhs", observed = given
    )
  }
  unname(split(rep_len(as.double(rhs), total), rep(seq_along(counts), counts)))
}

# ---- tests ----

joint_contrasts <- function(fit, contrasts, rhs, ddf) {
  for (i in seq_along(contrasts)) check_not_contradictory(contrasts[[i]], rhs[[i]])
  f_table(fit, contrasts, ddf, rhs, test_heading("F tests of contrasts", fit, ddf))
}

# Dependent rows of L must have right-hand sides with the same dependence.
check_not_contradictory <- function(L, rhs) {
  if (all(rhs == 0)) {
    return(invisible(NULL))
  }
  sizes <- row_powers(L)
  decomposition <- qr(t(L / sizes))
  if (decomposition$rank == nrow(L)) {
    return(invisible(NULL))
  }
  own <- decomposition$pivot[seq_len(decomposition$rank)]
  coefficients <- qr.coef(qr(t(L[own, , drop = FALSE] / sizes[own])), t(L / sizes))
  implied <- as.vector(crossprod(coefficients, (rhs / sizes)[own]))
  if (any(abs(implied - rhs / sizes) > 1e-8 * max(abs(rhs / sizes)))) {
    abort("Rows of {.arg L} depend on each other, and {.arg rhs} contradicts the dependence.",
      kind = "argument", variable = "rhs", observed = rhs
    )
  }
}

single_contrasts <- function(fit, contrasts, rhs, ddf, level) {
  L <- do.call(rbind, lapply(contrasts, unname))
  table <- as.data.frame(t_tests(fit, L, ddf, unlist(rhs)), optional = TRUE)
  rownames(table) <- contrast_labels(contrasts)
  if (ddf != "none") {
    width <- table[["Std. Error"]] * stats::qt((1 - level) / 2, table$df, lower.tail = FALSE)
    limits <- data.frame(lower = table$Estimate - width, upper = table$Estimate + width)
    table <- cbind(table[1:4], limits, table[5L])
  }
  structure(table,
    heading = test_heading("t tests of contrasts", fit, ddf), level = level,
    class = c("henderson_contrasts", "data.frame")
  )
}

# Row names of the matrices, after the names of the list's elements where there are several.
contrast_labels <- function(contrasts) {
  labels <- Map(function(L, name) {
    if (nrow(L) == 1L) {
      return(rownames(L) %||% name)
    }
    rows <- rownames(L) %||% seq_len(nrow(L))
    if (length(contrasts) == 1L) rows else paste0(name, ".", rows)
  }, contrasts, names(contrasts))
  make.unique(as.character(unlist(labels)))
}

#' t tests of the rows of L
#'
#' @return numeric matrix, columns `Estimate`, `Std. Error`, `df`, `t value`, `Pr(>|t|)`; for
#'   `ddf = "none"` `Estimate`, `Std. Error`, `t value`.
#' @noRd
t_tests <- function(fit, L, ddf, rhs = 0) {
  test <- contrast_rows(fit, L, ddf)
  t_value <- (test$estimate - rhs) / test$se
  table <- cbind("Estimate" = test$estimate, "Std. Error" = test$se, "t value" = t_value)
  if (ddf == "none") {
    return(table)
  }
  p_value <- 2 * stats::pt(abs(t_value), test$df, lower.tail = FALSE)
  cbind(table[, 1:2, drop = FALSE], "df" = test$df, "t value" = t_value, "Pr(>|t|)" = p_value)
}

#' @export
print.henderson_contrasts <- function(x, digits = max(3L, getOption("digits") - 3L),
                                      signif.stars = getOption("show.signif.stars"), ...) {
  check_print_dots(...)
  check_digits(digits)
  check_flag(signif.stars, null_ok = TRUE)
  with_tests <- "Pr(>|t|)" %in% names(x)
  if (!is_contrast_table(x)) {
    print(plain_data_frame(x), digits = digits)
    return(invisible(x))
  }
  limits <- if (with_tests) 5:6
  lines <- text_coefficients(as.matrix(x),
    digits = digits, signif.stars = isTRUE(signif.stars), has.Pvalue = with_tests,
    cs.ind = c(1:2, limits), tst.ind = match("t value", names(x)), zap.ind = integer()
  )
  write_lines(c(fold_notes(attr(x, "heading")), lines))
  invisible(x)
}

is_contrast_table <- function(x) {
  with_tests <- "Pr(>|t|)" %in% names(x)
  columns <- c("Estimate", "Std. Error", if (with_tests) "df", "t value")
  is_whole_table(x, c(columns, if (with_tests) c("lower", "upper", "Pr(>|t|)")))
}

#' @export
`[.henderson_contrasts` <- function(x, ...) table_part(x, ...)
