# Confidence intervals of the parameters of a fit.

#' Confidence intervals
#'
#' Of standard deviations and correlations of the random part, the residual standard deviation and
#' the fixed effects.
#'
#' @param object A fit by [lmm()].
#' @param parm The parameters: numbers, names of either kind that `signames` chooses between, or
#'   `"theta_"` for the random part and sigma, `"beta_"` for the fixed effects. All of them when
#'   missing.
#' @param level One number between 0 and 1: the confidence level.
#' @param method One string, by default `"profile"`, and `"Wald"`, with a message, for fits with a
#'   residual structure ([residual_structure]), of which there are no others. `"profile"`:
#'   likelihood-ratio intervals, see [profile()][profile.henderson_lmm]. `"Wald"`: for fixed effects
#'   estimates and standard errors with Student's t by Satterthwaite's degrees of freedom, as
#'   [contrast_test()] gives them; for standard deviations and correlations normal limits on the
#'   scales of logarithms and of Fisher's z, as [variance_components()] gives them. `"boot"`: from a
#'   parametric [bootstrap()].
#' @param vcov,cluster For `method = "Wald"` and fixed effects, a cluster-robust covariance,
#'   `"CR0"`, `"CR1"` or `"CR2"`, and its clusters, see [vcov()][vcov.henderson_fit].
#' @param nsim,boot.type,seed For `method = "boot"`: as for [bootstrap()] and its
#'   `confint()`.
#' @param signames `TRUE` names the rows `.sig01`, ..., `.sigma` as lme4 does; `FALSE` gives
#'   `sd_(Intercept)|Subject`, `cor_Days.(Intercept)|Subject`, `sigma`.
#' @param ... Nothing; an argument that is not known is an error.
#' @details Profile limits are where the smallest criterion given the parameter is higher than that
#'   of the fit by the chi-squared quantile; they are found by Newton's method with exact slopes, to
#'   nine digits, not by interpolation. A standard deviation of zero and correlations of -1 and 1
#'   are limits where the criterion does not come so high on the way there.
#' @return A numeric matrix with a row for each parameter, the random part in the order of theta,
#'   then the residual standard deviation, then the fixed effects, and two columns named after the
#'   percentages. `NA` where there is no limit; a message says why.
#' @section Errors: class `henderson_error_argument` for an unknown parameter, a malformed argument,
#'   or one that is for another method or other parameters.
#' @inheritSection profile.henderson_lmm Warnings
#' @source Bates, Maechler, Bolker and Walker (2015), *Journal of Statistical Software* 67(1),
#'   section 5.1; Pinheiro and Bates (2000), *Mixed-Effects Models in S and S-PLUS*, section 2.4.
#' @seealso [profile()][profile.henderson_lmm], [contrast_test()], [variance_components()].
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' confint(fit)
#' confint(fit, "beta_", method = "Wald")
#' confint(fit, "beta_", method = "Wald", vcov = "CR2")
#' confint(fit, "sd_Days|Subject", level = 0.9, signames = FALSE)
#' @importFrom stats confint
#' @export
confint.henderson_lmm <- function(object, parm = NULL, level = 0.95,
                                  method = c("profile", "Wald", "boot"), nsim = 500,
                                  boot.type = c("perc", "basic", "norm", "bca", "stud"),
                                  signames = TRUE, seed = NULL, vcov = "model", cluster = NULL,
                                  ...) {
  check_no_dots(...)
  check_level(level)
  method <- if (missing(method) && has_residual(object)) {
    inform("Limits are Wald's: a fit with a residual structure has no profiles yet.",
      kind = "unsupported", variable = "method", observed = "Wald"
    )
    "Wald"
  } else {
    check_choice(method, c("profile", "Wald", "boot"))
  }
  if (method != "Wald" && !(identical(vcov, "model") && is.null(cluster))) {
    abort("{.arg vcov} and {.arg cluster} are for {.code method = \"Wald\"}.",
      kind = "argument", variable = "vcov", observed = vcov
    )
  }
  if (method != "boot") {
    check_unused(nsim = !missing(nsim), boot.type = !missing(boot.type), seed = !is.null(seed))
  }
  check_flag(signames)
  table <- interval_parameters(object)
  table <- table[chosen_parameters(table, parm), ]
  if (!(identical(vcov, "model") && is.null(cluster)) && !any(table$kind == "fixed")) {
    abort("{.arg vcov} and {.arg cluster} are for fixed effects, of which {.arg parm} has none.",
      kind = "argument", variable = "vcov", observed = vcov
    )
  }
  limits <- switch(method,
    profile = profile_limits(object, table, level),
    Wald = wald_limits(object, table, level, vcov, cluster),
    boot = {
      boot.type <- check_choice(boot.type, c("perc", "basic", "norm", "bca", "stud"))
      replicates <- bootstrap(object, nsim, seed = seed, variances = boot.type == "stud")
      t(confint.henderson_bootstrap(replicates, table$label, level, boot.type))
    }
  )
  limit_matrix(limits, if (signames) table$name else table$label, level)
}

# Arguments that only the bootstrap reads: is each given?
check_unused <- function(..., call = entry_frame()) {
  given <- names(which(c(...)))
  if (length(given) == 0L) return(invisible(NULL))
  abort("{.arg {given}} {?is/are} for {.code method = \"boot\"}.",
    kind = "argument", variable = given[1L], observed = given, call = call
  )
}

# 2 x k.
profile_limits <- function(fit, table, level) {
  limits <- matrix(NA_real_, 2L, nrow(table))
  known <- with_interval(fit, table)
  found <- run_profiles(fit, known, cutoffs = stats::qnorm((1 + level) / 2))
  at <- which(table$name %in% known$name)
  for (i in seq_along(found)) limits[, at[i]] <- found[[i]]$limits
  none <- known$label[vapply(found, function(profile) any(profile$status == "none"), TRUE)]
  if (length(none) > 0L) {
    inform(c(
      "Of {.val {none}} there is no limit on one side.",
      "i" = "The criterion does not come as high there as level {level} asks for."
    ), kind = "interval", variable = none)
  }
  limits
}

wald_limits <- function(fit, table, level, vcov, cluster) {
  limits <- matrix(NA_real_, 2L, nrow(table))
  is_fixed <- table$kind == "fixed"
  if (any(is_fixed)) {
    tests <- contrast_test(fit, level = level, vcov = vcov, cluster = cluster)
    limits[, is_fixed] <- t(as.matrix(tests[c("lower", "upper")]))[, table$coefficient[is_fixed]]
  }
  if (any(!is_fixed)) {
    components <- variance_components(fit, level = level)
    at <- component_rows_of(fit, table[!is_fixed, ], components)
    limits[, !is_fixed] <- t(as.matrix(components[at, c("lower", "upper")]))
  }
  limits
}

# The rows of variance_components() that parameters are.
component_rows_of <- function(fit, table, components) {
  groups <- unique_labels(vapply(fit$random, `[[`, "", "group"))
  residual <- which(components$grp == "Residual")
  vapply(seq_len(nrow(table)), function(i) {
    if (table$kind[i] == "sigma") return(residual[1L])
    if (table$kind[i] == "residual") {
      return(residual[1L + match(table$label[i], residual_labels(fit))])
    }
    term <- fit$random[[table$term[i]]]
    if (!has_entries(term$structure)) {
      label <- structure_labels(term)[table$row[i]]
      return(which(components$grp == groups[table$term[i]] & components$var1 %in% label)[1L])
    }
    columns <- term$columns
    own <- components$grp == groups[table$term[i]] & components$var1 %in% columns[table$column[i]]
    other <- if (table$kind[i] == "sd") NA else columns[table$row[i]]
    which(own & components$var2 %in% other)[1L]
  }, 1L)
}
