# One more fixed effect at a time for many markers (src/core/inference/marker_scan.h, and with
# variances estimated anew src/core/fit/marker_refit.h).
#
# Notation: K the relationship matrix of one grouping factor, one row for each level; K = U D U'.

#' Test many markers, one at a time
#'
#' Adds each column of a matrix of markers to the fixed effects of a fit, by itself, and tests it: a
#' genome-wide association scan, or a screening of covariates, in any model that [lmm()] fits.
#'
#' @param fit A fit by [lmm()] that holds its model frame: the model without markers.
#' @param markers A numeric matrix, dense or of package Matrix, with a column for each marker and a
#'   row for each level of `group`, with their names as row names (others are left out), or where
#'   there is no `group` a row for each row of the model frame. Or, for markers that do not fit into
#'   memory, a function of `k` that returns such a matrix of the k-th block of markers, and `NULL`
#'   after the last one.
#' @param method One string. `"one-step"`: the variances relative to the residual one are those of
#'   `fit` for all markers, the residual variance is estimated with each (EMMAX, P3D). `"exact"`:
#'   all variances are estimated with each marker (GEMMA).
#' @param group One string, the grouping factor of the fit whose levels the rows of `markers` are,
#'   or `NULL`. When missing it is that of the relationship, see [precision()], if there is one.
#' @param missing One string: of missing values, `"mean"` puts the mean of the marker in their
#'   place, over the rows of `markers` that are used; `"error"` refuses them.
#' @param ... Nothing; an argument that is not known is an error.
#' @details With \eqn{P = V^{-1} - V^{-1}X(X'V^{-1}X)^{-1}X'V^{-1}}{P = V^-1 - V^-1 X (X'V^-1 X)^-1
#'   X'V^-1} of the fit, over \eqn{\sigma^2}{sigma^2}, the estimate for a marker g is
#'   \eqn{g'Py/g'Pg}{g'Py / g'Pg}, with variance \eqn{\hat\sigma_g^2/g'Pg}{sigma_g^2 / g'Pg}. Both
#'   methods give what [lmm()] gives for the model with the marker: one-step at the variances of
#'   `fit`, exact at its own. Statistics are t with n - p - 1 degrees of freedom, p the number of
#'   fixed effects without the marker, as in EMMAX and GEMMA; where markers vary between few levels
#'   these are too many, and a test of the marker in [lmm()], by Satterthwaite's method, is better.
#'
#'   One-step takes blocks of markers through the factor of the fit. Exact takes a search for each
#'   marker, from the variances of `fit`; of one random intercept with a relationship and one row
#'   for each level it rotates rows by the eigenvectors of the relationship matrix once, then a
#'   search takes time in proportion to the rows.
#' @return A data frame with a row for each marker: `marker` (column name, or its number),
#'   `estimate`, `se`, `statistic`, `df`, `p.value`, `missing` (number of values that were missing).
#'   Estimates of markers that do not vary, or are a combination of the fixed effects, are `NA`.
#' @section Name: `scan()` is base R's function that reads numbers; a generic of that name would be
#'   in its way.
#' @section Errors: `henderson_error_argument` for malformed arguments; `henderson_error_data` for
#'   markers whose rows do not fit, or with missing or infinite values;
#'   `henderson_error_unsupported` for fits with a residual structure or constraints.
#' @section Warnings: `henderson_warning_convergence` names markers whose search, with `"exact"`,
#'   ended at no certain minimum.
#' @source Kang, Sul, Service, Zaitlen, Kong, Freimer, Sabatti and Eskin (2010), *Nature Genetics*
#'   42, 348-354 (EMMAX); Zhang et al. (2010), same volume, 355-360 (P3D); Zhou and Stephens (2012),
#'   *Nature Genetics* 44, 821-824 (GEMMA).
#' @seealso [precision()], [heritability()].
#' @examples
#' # 60 lines of 100 markers, one of which has an effect
#' set.seed(1)
#' markers <- matrix(rbinom(6000, 2, 0.4), 60)
#' dimnames(markers) <- list(paste0("line", 1:60), paste0("m", 1:100))
#' centred <- scale(markers, scale = FALSE)
#' G <- tcrossprod(centred) / sum(apply(markers, 2, var)) + diag(0.01, 60)
#' data <- data.frame(line = rownames(markers), yield = markers[, "m7"] + rnorm(60))
#' fit <- lmm(yield ~ 1 + (1 | line), data, relationship = list(line = G))
#' found <- marker_scan(fit, markers)
#' head(found[order(found$p.value), ], 3)
#' @export
marker_scan <- function(fit, markers, method = c("one-step", "exact"), group, missing = "mean",
                        ...) {
  check_no_dots(...)
  check_fit(fit)
  check_supplied(markers)
  method <- check_choice(method, c("one-step", "exact"))
  missing <- check_choice(missing, c("mean", "error"))
  require_plain_residuals(fit, "A scan of markers")
  require_unconstrained_scan(fit)
  check_information_digits(fit)
  design <- fit_design_again(fit)
  rows <- marker_rows(fit, design, if (missing(group)) default_group(fit) else group)
  scanner <- new_scanner(fit, design, method == "exact")
  next_block <- marker_blocks(markers, length(fit$fitted) + n_random_effects(fit))
  step <- step_progress("Markers")
  parts <- list()
  first <- 1L
  while (!is.null(block <- next_block())) {
    found <- scan_markers(block, first, rows, scanner, missing, fit)
    first <- first + nrow(found)
    parts[[length(parts) + 1L]] <- found
    step()
  }
  result <- do.call(rbind, parts)
  if (is.null(result)) abort_no_markers()
  warn_uncertain_markers(result)
  result$certain <- NULL
  result
}

require_unconstrained_scan <- function(fit) {
  require_no_priors(fit, "A scan of markers")
  if (!is_constrained(fit)) return(invisible(NULL))
  abort("A scan of markers is not available for a fit with constraints.",
    kind = "unsupported", variable = "fit"
  )
}

n_random_effects <- function(fit) {
  sum(vapply(fit$random, function(term) length(term$levels) * length(term$columns), 0))
}

# --- rows ---

# The factor of the relationship, if there is one.
default_group <- function(fit) {
  related <- unique(vapply(Filter(is_related, fit$random), `[[`, "", "group"))
  if (length(related) > 1L) {
    abort(c(
      "Several grouping factors have a relationship: {.val {related}}.",
      "i" = "Say whose levels the rows of {.arg markers} are: {.code group = \"{related[1L]}\"}."
    ), kind = "argument", variable = "group", observed = related)
  }
  if (length(related) == 1L) related
}

# list(`names` (of the rows of markers wanted), `of` (row of the data -> place in names), `group`).
marker_rows <- function(fit, design, group) {
  if (is.null(group)) {
    names <- rownames(model_frame_of(fit))
    return(list(names = names, of = seq_along(names), group = NULL))
  }
  groups <- vapply(fit$random, `[[`, "", "group")
  if (!is.character(group) || length(group) != 1L || !group %in% groups) {
    abort(c(
      "{.arg group} must be a grouping factor of the fit or NULL, not {.val {group}}.",
      "i" = "They are {.val {unique(groups)}}."
    ), kind = "argument", variable = "group", observed = group)
  }
  term <- design$random[[match(group, groups)]]
  used <- sort(unique(term$level))
  list(names = term$levels[used], of = match(term$level, used), group = group)
}

# The rows of a block that the data have, in their order.
rows_of_block <- function(block, rows) {
  is_matrix <- (is.matrix(block) && (is.numeric(block) || is.logical(block))) ||
    methods::is(block, "Matrix")
  if (!is_matrix) {
    given <- describe_value(block)
    abort("{.arg markers} must be a numeric matrix, or a function that gives one, not {given}.",
      kind = "argument", variable = "markers", observed = class(block)
    )
  }
  at <- match(rows$names, rownames(block))
  if (!is.null(rownames(block)) && !anyNA(at)) return(at)
  if (is.null(rows$group)) {
    if (nrow(block) == length(rows$names)) return(seq_along(rows$names))
    abort(c(
      "{.arg markers} has {nrow(block)} row{?s}; the model frame has {length(rows$names)}.",
      "i" = "Markers by level of a grouping factor, in their row names, need {.arg group}."
    ), kind = "data", variable = "markers", observed = nrow(block))
  }
  if (is.null(rownames(block))) {
    abort(c(
      "{.arg markers} has no row names.",
      "i" = "They say which level of {.var {rows$group}} a row belongs to."
    ), kind = "data", variable = "markers", observed = NULL)
  }
  absent <- rows$names[is.na(at)]
  abort(c(
    "{.arg markers} lacks {length(absent)} level{?s} of {.var {rows$group}}: {.val {absent}}.",
    "i" = "Leave their rows out of the data, or give them markers."
  ), kind = "data", variable = "markers", observed = absent)
}

# Function that gives a block of markers, NULL after the last one.
marker_blocks <- function(markers, size) {
  k <- 0L
  if (is.function(markers)) {
    return(function() {
      k <<- k + 1L
      markers(k)
    })
  }
  width <- as.integer(max(16, min(512, 16e6 %/% size)))
  count <- NCOL(markers)
  function() {
    if (k >= count) return(NULL)
    own <- seq.int(k + 1L, min(k + width, count))
    k <<- own[length(own)]
    if (length(own) == count) markers else markers[, own, drop = FALSE]
  }
}

abort_no_markers <- function() {
  abort("{.arg markers} has no column.", kind = "argument", variable = "markers", observed = 0L)
}

# --- scan ---

# Function of columns by row of the data: list(`estimate`, `variance`, `certain`).
new_scanner <- function(fit, design, exact) {
  own <- representative_fit(fit)
  rotated <- if (exact) rotation_of(fit, design)
  X <- fixed_matrix(fit)
  core <- if (is.null(rotated)) core_design(design, X) else rotated_design(rotated, design, X)
  scanner <- scanner_cpp(prepare_cpp(core, NULL)$pointer, unname(own$theta), fit$REML, exact)
  function(columns) {
    if (!is.null(rotated)) {
      columns <- crossprod(rotated$vectors, rotated$scale * columns[rotated$rows, , drop = FALSE])
    }
    scan_block_cpp(scanner, columns)
  }
}

scan_markers <- function(block, first, rows, scanner, missing, fit) {
  at <- rows_of_block(block, rows)
  names <- colnames(block) %||% as.character(seq.int(first, length.out = ncol(block)))
  block <- as.matrix(block[at, , drop = FALSE])
  storage.mode(block) <- "double"
  absent <- colSums(is.na(block))
  check_marker_values(block, names, absent, missing)
  for (k in which(absent > 0)) {
    lost <- is.na(block[, k])
    block[lost, k] <- mean(block[!lost, k])
  }
  constant <- absent == nrow(block)
  block[, constant] <- 0
  found <- scanner(block[rows$of, , drop = FALSE])
  se <- sqrt(found$variance)
  se[is.nan(se)] <- NA
  estimate <- found$estimate
  estimate[is.nan(estimate)] <- NA
  df <- fit$n - length(fit$beta) - 1
  statistic <- estimate / se
  data.frame(
    marker = names, estimate = estimate, se = se, statistic = statistic, df = df,
    p.value = 2 * stats::pt(-abs(statistic), df), missing = unname(absent),
    certain = found$certain
  )
}

check_marker_values <- function(block, names, absent, missing) {
  infinite <- which(colSums(is.infinite(block)) > 0)
  if (length(infinite) > 0L) {
    abort("Markers have infinite values: {.val {names[infinite]}}.",
      kind = "data", variable = names[infinite[1L]], observed = Inf
    )
  }
  if (missing == "mean" || !any(absent > 0)) return(invisible(NULL))
  own <- names[absent > 0]
  abort(c(
    "Markers have missing values: {.val {own}}.",
    "i" = "{.code missing = \"mean\"} puts the mean of the marker in their place."
  ), kind = "data", variable = own[1L], observed = absent[absent > 0])
}

warn_uncertain_markers <- function(result) {
  if (all(result$certain)) return(invisible(NULL))
  names <- result$marker[!result$certain]
  warn(c(
    "The search for the variances ended at no certain minimum for {.val {names}}.",
    "i" = "Fit the model with the marker by {.fn lmm}, which says more."
  ), kind = "convergence", variable = names)
}

# --- rotation ---

# Of one random intercept with a relationship and a row for each level, list(`vectors`, `values`,
# `rows` (of positive weight), `scale` (roots of their weights)): V = scale^-1 U (theta^2 D + I) U'
# scale^-1. NULL for another model.
rotation_of <- function(fit, design) {
  if (length(design$random) != 1L) return(NULL)
  term <- design$random[[1L]]
  if (!is_related(term) || !is.null(term$z) || length(term$columns) != 1L) return(NULL)
  weights <- design$weights %||% rep(1, length(term$level))
  rows <- which(weights > 0)
  level <- term$level[rows]
  if (anyDuplicated(level)) return(NULL)
  scale <- sqrt(weights[rows])
  K <- relationship_matrix(term$relationship, level)
  decomposition <- eigen(K * outer(scale, scale), symmetric = TRUE)
  list(
    vectors = decomposition$vectors, values = pmax(decomposition$values, 0), rows = rows,
    scale = scale
  )
}

# The same model in the rotated rows: independent levels, one row each, with the root of an
# eigenvalue as column.
rotated_design <- function(rotation, design, X) {
  rotate <- function(x) crossprod(rotation$vectors, rotation$scale * x)
  count <- length(rotation$rows)
  term <- design$random[[1L]]
  term$relationship <- NULL
  term$columns <- "root"
  term$z <- matrix(sqrt(rotation$values))
  term$level <- seq_len(count)
  term$levels <- as.character(term$level)
  y <- design$y - (design$offset %||% 0)
  X <- rotate(X[rotation$rows, , drop = FALSE])
  # rotated ones are none
  colnames(X) <- NULL
  core_design(list(y = drop(rotate(y[rotation$rows])), random = list(term)), X)
}
