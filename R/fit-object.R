# The fitted model: constructor and validator. A fit is a plain list (design/internal-objects.md);
# nothing in it points into memory of this session.

#' New fit object
#'
#' @param call,parsed,REML,frame,design,control what the fit was asked for.
#' @param columns list(`X`, `dropped`, `all_columns`, `assign`) from `keep_full_rank()`.
#' @param result list from `fit_core()`.
#' @param cross_products those that the fit keeps, or NULL.
#' @return list of class `c("henderson_lmm", "henderson_fit")`.
#' @noRd
new_lmm_fit <- function(call, parsed, REML, frame, design, columns, control, result,
                        cross_products) {
  kept <- c(
    "group", "columns", "structure", "levels", "missing", "text", "lhs", "group_expr", "terms",
    "contrasts", "xlevels", "relationship", "settings", "theta_index"
  )
  parts <- lapply(design$random, function(term) term[intersect(kept, names(term))])
  names_kept <- colnames(columns$X)
  fit <- c(list(
    call = call, formula = parsed$formula, parsed = parsed, REML = REML,
    frame = if ("frame" %in% control$keep) frame,
    X = if ("X" %in% control$keep) columns$X,
    terms = design$terms, xlevels = design$xlevels, contrasts = design$contrasts,
    all_columns = columns$all_columns, dropped = columns$dropped, assign = columns$assign,
    weights = design$weights, offset = design$offset, y = design$y,
    random = parts
  ), point_fields(result, design, parts, names_kept), list(
    control = control, na.action = attr(frame, "na.action"),
    cache = new_cache(cross_products, result, REML)
  ))
  # a field that is NULL does not exist
  fit$residual <- new_residual(design$residual, result$point)
  fit$undetermined <- new_undetermined(result$evidence$undetermined, design, fit)
  if (!is.null(fit$undetermined)) {
    fit$undetermined$representative <- representative_parameters(fit)
    deviations <- fit$undetermined$representative$deviations
    fit$optimization$singular <- any(deviations < 1e-4, na.rm = TRUE)
  }
  fit$optimization$certificate$undetermined <- fit$undetermined$alone
  validate_lmm_fit(fit)
  class(fit) <- c("henderson_lmm", "henderson_fit")
  fit
}

# What a fit has from the core's answer at one theta.
point_fields <- function(result, design, parts, names_beta) {
  point <- result$point
  names_theta <- theta_names(parts)
  vcov <- point$sigma^2 * point$unscaled_vcov
  dimnames(vcov) <- list(names_beta, names_beta)
  fitted <- result$fitted
  if (!is.null(design$offset)) fitted <- fitted + design$offset
  blocks <- split_blocks(design$random, result$random)
  list(
    theta = named(point$theta, names_theta), beta = named(point$beta, names_beta),
    sigma = point$sigma, vcov = vcov, criterion = point$criterion, log_det = point$log_det,
    pwrss = point$pwrss, b = blocks$b, u = blocks$u, conditional_variance = blocks$variance,
    fitted = as.double(fitted), n = as.integer(point$n),
    optimization = c(result$optimizer, list(
      # of a fit with constraints there is none by theta
      gradient = named(rep_len(c(point$gradient, NA), length(names_theta)), names_theta),
      standardized = named(point$standardized, names_theta),
      singular = any(point$standardized[is_deviation(parts)] < 1e-4) ||
        is_degenerate(parts, point$theta, 1e-4)
    ))
  )
}

# Do correlations of cs() or ar1() leave nothing of an effect given others?
is_degenerate <- function(random, theta, tolerance) {
  for (term in random) {
    if (has_entries(term$structure)) next
    if (any(conditional_shares(term, theta) < tolerance)) return(TRUE)
  }
  FALSE
}

#' Move a fit to its representative
#'
#' Where the search stopped among the points that the data do not tell apart depends on the start,
#' and so would modes, their variances given beta and, where a term is confounded with the residual,
#' fitted values.
#' @param fit from `new_lmm_fit()`; `prepared` the pointer, `result` what `fit` was made from.
#' @return fit; one that was asked for at a given theta stays there.
#' @noRd
at_representative <- function(fit, prepared, result, design) {
  own <- fit$undetermined$representative
  if (is.null(own) || fit$control$optimizer == "none") return(fit)
  options <- list(
    REML = fit$REML, optimize = FALSE, start = unname(own$theta), max_iterations = 1L,
    tolerance = fit$control$tolerance
  )
  moved <- fit_in_memory(prepared, options, design$random)
  # variance ratios of 1e10 leave the criterion too few digits for the way there
  same <- moved$status == "fitted" &&
    abs(moved$point$criterion - fit$criterion) <= 1e-5 * (1 + abs(fit$criterion) / 100)
  if (!same) return(fit)
  moved$optimizer <- result$optimizer
  fields <- point_fields(moved, design, fit$random, names(fit$beta))
  kept <- c("singular", "certificate")
  fields$optimization[kept] <- fit$optimization[kept]
  fit[names(fields)] <- fields
  fit$undetermined$representative[c("theta", "sigma", "of")] <- fit[c("theta", "sigma", "theta")]
  fit
}

# stats::setNames() without the time it takes to look that up.
named <- function(x, names) {
  names(x) <- names
  x
}

#' Several fits in a list
#'
#' A fit is a list, which R's own `c()` would take apart.
#'
#' @param ... Fits by [lmm()], and lists of fits. The first must be a fit: for R, `c(fits, fit)`
#'   with a plain list first is the list with the pieces of the fit; write `c(fits, list(fit))`.
#' @return A list of fits.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' length(c(fit, refit_ml(fit)))
#' @export
c.henderson_fit <- function(...) {
  given <- lapply(list(...), function(x) if (is.object(x)) list(x) else x)
  do.call(c, given)
}

# What is computed when asked for, cross-products that are small enough to be kept, and the Hessian
# that the certificate had: plain values and weak references.
new_cache <- function(cross_products, result = NULL, REML = NULL) {
  # a saved fit names the package by this, so that reading it loads the package and its methods
  cache <- new.env(parent = topenv())
  if (!is.null(cross_products)) assign("cross_products", cross_products, envir = cache)
  if (!is.null(result$curvature)) {
    known <- list(theta = result$point$theta, REML = REML, hessian = result$curvature)
    assign("curvature", known, envir = cache)
  }
  cache
}

#' Check relations between the parts of a fit
#'
#' A failure here is a bug of the package, not of its user.
#' @param fit the list, before it has its class.
#' @noRd
validate_lmm_fit <- function(fit) {
  n_theta <- sum(lengths(lapply(fit$random, `[[`, "theta_index")))
  consistent <- is.finite(fit$criterion) && fit$sigma > 0 && length(fit$theta) == n_theta &&
    length(fit$beta) == nrow(fit$vcov) && length(fit$b) == length(fit$random)
  if (!isTRUE(consistent)) stop("internal: the parts of the fit contradict each other")
}

#' Conditional modes and variances by term, from those of the core's block terms
#'
#' The core joins all terms on one grouping factor into one block term, in the order of the columns.
#' @return list(`b`, `u`, `variance`), each parallel to `random`.
#' @noRd
split_blocks <- function(random, result) {
  blocks <- block_index(random)
  b <- u <- variance <- vector("list", length(random))
  for (i in seq_along(random)) {
    block <- blocks$block[i]
    columns <- blocks$first[i] + seq_along(random[[i]]$columns)
    names <- list(random[[i]]$columns, random[[i]]$levels)
    b[[i]] <- named_rows(result$modes[[block]], columns, names)
    u[[i]] <- named_rows(result$spherical_modes[[block]], columns, names)
    v <- nrow(result$modes[[block]])
    of_block <- result$conditional_variance[[block]]
    dim(of_block) <- c(v, v, length(names[[2L]]))
    # a term that is all of its block is not copied
    if (length(columns) < v) of_block <- of_block[columns, columns, , drop = FALSE]
    dimnames(of_block) <- list(names[[1L]], names[[1L]], names[[2L]])
    variance[[i]] <- of_block
  }
  list(b = b, u = u, variance = variance)
}

named_rows <- function(x, rows, names) {
  if (length(rows) < nrow(x)) x <- x[rows, , drop = FALSE]
  dimnames(x) <- names
  x
}
