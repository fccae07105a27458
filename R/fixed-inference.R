# Degrees of freedom and tests of linear functions of the fixed effects: the one place that the
# tables, the intervals and the hooks of other packages ask.
#
# Notation: L, q x p matrix, a contrast of the kept coefficients per row; Phi = (X'V^-1 X)^-1.

#' Canonical name of a method for degrees of freedom
#'
#' @param ddf one string, case does not matter: `"Satterthwaite"`, `"Kenward-Roger"`, `"expected"`
#'   (the degrees of freedom of Kenward and Roger without their adjustment of the covariance), or
#'   `"none"` (alias `"lme4"`); or what `test_method()` gives, which is returned.
#' @param fit a fit, to refuse what it does not allow; NULL leaves that to later.
#' @return one string.
#' @noRd
ddf_method <- function(ddf, fit = NULL, arg = "ddf") {
  if (!is.null(robust_of(ddf))) return(ddf)
  known <- c("Satterthwaite", "Kenward-Roger", "expected", "none", "lme4")
  if (is.character(ddf) && length(ddf) == 1L && !is.na(ddf)) {
    if (tolower(ddf) == "kr") ddf <- "Kenward-Roger"
    at <- match(tolower(ddf), tolower(known))
    if (!is.na(at)) ddf <- known[at]
  }
  ddf <- check_choice(ddf, known, arg)
  if (ddf == "lme4") ddf <- "none"
  if (!is.null(fit)) check_ddf_allowed(fit, ddf)
  ddf
}

check_ddf_allowed <- function(fit, ddf) {
  if (ddf %in% c("Kenward-Roger", "expected")) {
    require_unconstrained(fit, paste0("The method \"", ddf, "\" for degrees of freedom"),
      instead = "Use {.code ddf = \"Satterthwaite\"}."
    )
  }
  if (ddf != "Kenward-Roger" || fit$REML) return(invisible(ddf))
  abort(c(
    "Kenward and Roger's method is defined for REML fits; this one is by maximum likelihood.",
    "i" = "Fit with {.code REML = TRUE}, or use {.code ddf = \"Satterthwaite\"}."
  ), kind = "argument", variable = "ddf", observed = ddf)
}

#' The method of tests that is asked for by `ddf`, `vcov` and `cluster` of a function
#'
#' @param given logical: did the user give `ddf`?
#' @return one string for `contrast_rows()` and others; of a cluster-robust covariance its type,
#'   with the attribute `robust`, see `robust_parts()`.
#' @noRd
test_method <- function(fit, ddf, vcov, cluster, given, call = entry_frame()) {
  vcov <- check_choice(vcov, c("model", robust_types), "vcov", call = call)
  if (vcov == "model") {
    if (!is.null(cluster)) abort_cluster_alone("vcov", call)
    return(ddf_method(ddf))
  }
  if (given && ddf_method(ddf) != "Satterthwaite") {
    abort(c(
      "{.arg ddf} is for {.code vcov = \"model\"}.",
      "i" = "Tests with {.code vcov = {.val {vcov}}} have degrees of freedom of their own."
    ), kind = "argument", variable = "ddf", observed = ddf, call = call)
  }
  structure(vcov, robust = robust_parts(fit, vcov, independent_clusters(fit, cluster, call)))
}

# Limits of the expected information, whose dense matrices are as wide as all random coefficients
# but those of the factor with the most levels, and X.
largest_information <- list(width = 1e4, memory = 8e9)

#' What degrees of freedom and tests are made of, computed once per fit
#'
#' At the representative of the fit, whose sigma belongs to it. Of a fit with constraints the
#' parameters are theta and log sigma^2, and `hessian` and `free` by the coordinates that are free.
#' @param method "Satterthwaite", "Kenward-Roger" or "expected".
#' @param limit list(`width`, `memory` in bytes) of the largest dense matrices to be tried.
#' @return list(`phi`, `adjusted` (p x p), `phi_moves` (p p x k), `offset` (k), `weight` (k x k),
#'   `degrees`, `scaled`, `least_kept`; for Satterthwaite `hessian` (k x k) of the profiled
#'   deviance by natural theta, `free` (k, 0 for the parameters of an empty column of Lambda),
#'   `exact_hessian`): see `src/core/inference/contrasts.h`.
#' @noRd
inference_pieces <- function(fit, method, limit = largest_information) {
  fit <- representative_fit(fit)
  cached <- fit$cache[[method]]
  # a list can be edited by hand: what was computed for other parameters does not count
  if (identical(cached$theta, fit$theta) && identical(cached$REML, fit$REML)) return(cached)
  check_information_digits(fit)
  if (has_residual(fit)) return(residual_pieces(fit, method))
  moments <- unclass(cross_products_of(fit))
  held <- redundant_parameters(fit, method)
  pieces <- if (is_constrained(fit)) {
    constrained_parts_cpp(
      moments, fit$theta, fit$sigma, fit$REML, core_constraints(fit$constraints)
    )
  } else if (method == "Satterthwaite") {
    known <- fit$cache$curvature
    here <- identical(known$theta, unname(fit$theta)) && identical(known$REML, fit$REML)
    satterthwaite_parts_cpp(moments, fit$theta, fit$REML, held, if (here) known$hessian)
  } else {
    expected_parts_cpp(
      moments, fit$theta, fit$REML, method == "Kenward-Roger", limit$width, limit$memory, held
    )
  }
  if (is.null(pieces$phi)) abort_large_information(fit, method, pieces)
  if (method == "Kenward-Roger") check_adjustment_digits(pieces)
  pieces[c("theta", "REML")] <- fit[c("theta", "REML")]
  assign(method, pieces, envir = fit$cache)
  pieces
}

#' Second derivatives from cross-products have digits at the variances of the fit
#'
#' At effects of 1e6 residual standard deviations degrees of freedom are off by 1e-2, at 1e7 they
#' are rounding.
#' @noRd
check_information_digits <- function(fit) {
  largest <- max(0, abs(fit$optimization$standardized))
  if (largest <= 2e6) return(invisible(NULL))
  abort(c(
    "Degrees of freedom and standard errors of variances cannot be computed for this fit.",
    "x" = "Its random effects are {signif(largest, 2L)} times as large as the residuals: rounding
           leaves no digits.",
    "i" = "Make the grouping factor with such effects a fixed effect, or use
           {.code ddf = \"none\"}."
  ), kind = "computation", variable = "ddf", observed = largest)
}

# With V all but proportional to a random term, as a level for each row beside a residual variance
# near zero, Kenward and Roger's adjustment is the rounding of differences.
check_adjustment_digits <- function(pieces) {
  if (pieces$least_kept > 1e-9) return(invisible(NULL))
  abort(c(
    "Kenward and Roger's adjustment cannot be computed for this fit.",
    "x" = "The residual variance is so small beside that of a term with a level for every
           observation that rounding leaves no digits.",
    "i" = "Use {.code ddf = \"Satterthwaite\"}."
  ), kind = "computation", variable = "ddf", observed = pieces$least_kept)
}

abort_large_information <- function(fit, method, pieces) {
  width <- format(pieces$width, big.mark = ",")
  gigabytes <- format(signif(pieces$memory / 1e9, 2L))
  operations <- format(signif(10 * pieces$width^3, 2L))
  abort(c(
    "{.code ddf = {.val {method}}} is too expensive for this fit.",
    "x" = "It needs dense matrices of {width} columns: {gigabytes} GB and about {operations}
           operations.",
    "i" = "Use {.code ddf = \"Satterthwaite\"}, which has no such limit."
  ), kind = "computation", variable = "ddf", observed = pieces$width)
}

#' Covariance of the fixed effects that a method uses
#' @return p x p matrix with names; Kenward and Roger's adjusted one for their method.
#' @noRd
contrast_covariance <- function(fit, ddf) {
  ddf <- ddf_method(ddf, fit)
  if (!is.null(robust_of(ddf))) return(robust_of(ddf)$covariance)
  if (ddf != "Kenward-Roger") return(fit$vcov)
  fit <- representative_fit(fit)
  adjusted <- fit$sigma^2 * inference_pieces(fit, ddf)$adjusted
  dimnames(adjusted) <- dimnames(fit$vcov)
  adjusted
}

#' Single contrasts
#'
#' @param L q x p numeric matrix.
#' @param rhs numeric, 1 or q values.
#' @return list(`estimate` of L beta - rhs, `se`, `df`), each of length q; `df` is Inf for "none".
#' @noRd
contrast_rows <- function(fit, L, ddf, rhs = 0) {
  ddf <- ddf_method(ddf, fit)
  L <- plain_matrix(L)
  estimate <- as.vector(L %*% fit$beta) - rhs
  # a multiple of a contrast has the same degrees of freedom
  unit <- row_powers(L)
  rows <- if (!is.null(robust_of(ddf))) {
    own <- robust_rows(robust_of(ddf), L / unit)
    list(estimate = estimate, se = unit * own$se, df = own$df)
  } else if (ddf == "none") {
    list(estimate = estimate, se = row_errors(fit, L), df = rep(Inf, nrow(L)))
  } else {
    own <- contrast_rows_cpp(inference_pieces(fit, ddf), L / unit)
    # Kenward and Roger's adjustment can exceed the variance itself
    variance <- ifelse(own$variance < 0, NA_real_, own$variance)
    sigma <- representative_fit(fit)$sigma
    list(estimate = estimate, se = unit * sigma * sqrt(variance), df = own$df)
  }
  unknown <- undetermined_contrasts(fit, L / unit)
  rows$se[unknown] <- rows$df[unknown] <- NA
  if (is_df_undetermined(fit, ddf)) rows$df[] <- NA
  rows
}

#' Joint F test of L beta = rhs
#'
#' @return list(`num_df` (rank of L), `den_df`, `f_value`, `p_value`); for "none" `den_df` is Inf
#'   and `p_value` NA. Both df and F are NA where no F distribution has the moments that Kenward and
#'   Roger's method finds, or there are too few clusters for a robust covariance, and where they
#'   depend on what the data do not determine (`unknown` is then TRUE).
#' @noRd
contrast_joint <- function(fit, L, ddf, rhs = 0) {
  ddf <- ddf_method(ddf, fit)
  fit <- representative_fit(fit)
  L <- plain_matrix(L)
  # one unit for all rows, or one for each
  common <- max(row_powers(L))
  size <- row_units(fit, L / common)
  estimate <- (as.vector(L %*% fit$beta) - rhs) / common / size
  L <- L / common / size
  test <- if (!is.null(robust_of(ddf))) {
    robust_joint(robust_of(ddf), L, estimate)
  } else {
    pieces <- if (ddf == "none") wald_pieces(fit) else inference_pieces(fit, ddf)
    joint_test_cpp(pieces, L, estimate, fit$sigma^2)
  }
  test$unknown <- undetermined_contrasts(fit, L, joint = TRUE)
  if (test$unknown) test[c("den_df", "f_value")] <- NaN
  if (is_df_undetermined(fit, ddf)) test$den_df <- NaN
  if (ddf == "none") {
    if (!test$unknown) test$den_df <- Inf
    test$p_value <- NA_real_
  } else {
    test <- lapply(test, function(value) if (is.nan(value)) NA_real_ else value)
    test$p_value <- stats::pf(test$f_value, test$num_df, test$den_df, lower.tail = FALSE)
  }
  test
}

# What to divide the rows of L by. Their rank is judged by the eigenvalues of their covariance,
# which must not depend on the units of covariates: rows far apart in size are put on one scale.
# Others are left as they are, because Satterthwaite's joint degrees of freedom depend on the basis,
# and so are rows that are zero but for rounding: small beside every other entry of their columns.
row_units <- function(fit, L) {
  error <- row_errors(fit, L)
  largest <- apply(abs(L), 2L, max, 0)
  entries <- sweep(abs(L), 2L, ifelse(largest > 0, largest, 1), "/")
  is_zero <- apply(entries, 1L, max, 0) < 1e-10
  if (all(is_zero)) {
    return(rep(1, nrow(L)))
  }
  range <- range(error[!is_zero])
  error[is_zero] <- range[2L]
  if (range[2L] > 1e3 * range[1L]) error else rep(1, nrow(L))
}

# Pieces without any uncertainty of the variances.
wald_pieces <- function(fit) {
  phi <- unname(fit$vcov) / fit$sigma^2
  list(
    phi = phi, adjusted = phi, phi_moves = matrix(0, length(phi), 0L), offset = numeric(0),
    weight = matrix(0, 0L, 0L), degrees = Inf, scaled = FALSE
  )
}

plain_matrix <- function(L) {
  if (!is.matrix(L)) L <- matrix(L, nrow = 1L)
  storage.mode(L) <- "double"
  attributes(L) <- list(dim = dim(L))
  L
}

#' Covariance of the estimates of theta and sigma
#'
#' Twice the inverse Hessian of the deviance in (theta, sigma), both criteria; by blocks from the
#' Hessian H of the deviance profiled over sigma: with c the derivative of log sigma^ by theta,
#' \eqn{2 (H^{-1}, \sigma H^{-1} c; ., \sigma^2 (c'H^{-1} c + 1/(4m)))}{2 (H^-1, sigma H^-1 c; .,
#' sigma^2 (c'H^-1 c + 1/(4m)))}.
#' @return list(`covariance` ((k+1) x (k+1), named; zero for parameters that are not `active`),
#'   `active` (logical k, FALSE for theta of an empty column of Lambda)).
#' @noRd
variance_parameter_covariance <- function(fit) {
  fit <- representative_fit(fit)
  pieces <- inference_pieces(fit, "Satterthwaite")
  names <- c(names(fit$theta), residual_names(fit), "sigma")
  if (is_constrained(fit)) {
    # of theta and log sigma^2
    scale <- c(rep(1, length(fit$theta)), fit$sigma / 2)
    covariance <- 2 * pieces$weight * outer(scale, scale)
    dimnames(covariance) <- list(names, names)
    return(list(covariance = covariance, active = has_full_columns(fit)))
  }
  slope <- pieces$offset / 2
  inverse <- pieces$weight
  along <- as.vector(inverse %*% slope)
  sigma <- fit$sigma
  last <- sigma^2 * (sum(slope * along) + 1 / (4 * pieces$degrees))
  covariance <- 2 * rbind(cbind(inverse, sigma * along), c(sigma * along, last))
  dimnames(covariance) <- list(names, names)
  list(covariance = covariance, active = pieces$free[seq_along(fit$theta)] != 0)
}

# Of each theta: does its column of Lambda have a diagonal entry? Correlations always do.
has_full_columns <- function(fit) {
  active <- logical(length(fit$theta))
  for (term in fit$random) {
    own <- if (has_entries(term$structure)) {
      diag(lambda_matrix(term, fit$theta))[lambda_entries(term)$column] != 0
    } else {
      !is_deviation(list(term)) | fit$theta[term$theta_index] != 0
    }
    active[term$theta_index] <- own
  }
  active
}

# Away from an optimum the Hessian tells nothing of how well the parameters are known. Those of
# another program that stopped a little early are near enough.
is_near_optimum <- function(fit) {
  if (is_constrained(fit) || has_residual(fit)) return(isTRUE(fit$optimization$converged))
  pieces <- inference_pieces(fit, "Satterthwaite")
  gain <- sum(fit$optimization$gradient * (pieces$weight %*% fit$optimization$gradient)) / 2
  curvatures <- eigen(pieces$hessian, symmetric = TRUE, only.values = TRUE)$values
  if (gain >= 0.01 || any(curvatures <= -1e-6 * max(abs(curvatures), 1))) return(FALSE)
  # of a variance of zero the derivative by theta, which is zero, does not tell; rows are needed
  if (all(has_full_columns(fit))) return(TRUE)
  tryCatch(is_minimum(fit, 0.01), henderson_error_data = function(condition) TRUE)
}

# Of a fit at given parameters, for which no search has a certificate: lme4's, which end less close
# to the minimum than ours, are converged if a step gains less than `tolerance`.
is_minimum <- function(fit, tolerance) {
  options <- list(
    REML = fit$REML, optimize = FALSE, certify = TRUE, start = fit$theta,
    max_iterations = fit$control$max_iterations, tolerance = fit$control$tolerance
  )
  certificate <- fit_cpp(prepare_again(fit), options)$evidence$certificate
  certificate$predicted_decrease < tolerance &&
    !any(c("smallest_curvature", "smallest_score") %in% certificate$failed)
}
