# Tables of F tests of contrasts of the fixed effects: what anova(), contrast_test() and drop1()
# share.

#' @param contrasts named list of matrices, one row for each contrast, one column for each kept
#'   column of X; a matrix of no rows gives a row of NA.
#' @param ddf as `ddf_method()` gives it.
#' @param rhs list of numeric vectors parallel to `contrasts`, the values that are tested; NULL for
#'   zeros.
#' @return data frame of class `henderson_anova`.
#' @noRd
f_table <- function(fit, contrasts, ddf, rhs = NULL, heading = NULL) {
  tests <- lapply(seq_along(contrasts), function(i) {
    f_test(fit, contrasts[[i]], ddf, rhs[[i]] %||% 0)
  })
  column <- function(name) vapply(tests, `[[`, 0, name)
  table <- data.frame(
    "Sum Sq" = column("mean_square") * column("num_df"), "Mean Sq" = column("mean_square"),
    NumDF = column("num_df"), DenDF = column("den_df"), "F value" = column("f_value"),
    "Pr(>F)" = column("p_value"), row.names = names(contrasts), check.names = FALSE
  )
  if (ddf == "none") {
    table <- data.frame(npar = table$NumDF, table[c("Sum Sq", "Mean Sq", "F value")],
      row.names = names(contrasts), check.names = FALSE
    )
  }
  known <- column("unknown") == 0
  new_anova(table, c(
    heading, no_moments_note(column("den_df")[known], column("num_df")[known], ddf)
  ))
}

# What to do about the rows for which Kenward and Roger's moments, or Hotelling's approximation, are
# those of no F distribution.
no_moments_note <- function(den_df, num_df, ddf) {
  if (!scales_f(ddf) || !any(is.na(den_df) & !is.na(num_df))) {
    return(NULL)
  }
  if (!is.null(robust_of(ddf))) {
    return("Note: too few clusters for the cluster-robust covariance of as many contrasts where NA")
  }
  paste(
    "Note: too few groups for Kenward-Roger where NA; \"Satterthwaite\" and \"expected\" have df",
    "there"
  )
}

# Is the F of a joint test a multiple of the Wald statistic over its degrees of freedom?
scales_f <- function(ddf) ddf == "Kenward-Roger" || !is.null(robust_of(ddf))

# list(num_df, den_df, f_value, p_value, unknown, mean_square). The mean square is that of the Wald
# statistic; some methods scale their F beyond it.
f_test <- function(fit, L, ddf, rhs) {
  if (nrow(L) == 0L) {
    return(list(
      num_df = NA_real_, den_df = NA_real_, f_value = NA_real_, p_value = NA_real_,
      mean_square = NA_real_, unknown = 0
    ))
  }
  test <- lapply(contrast_joint(fit, L, ddf, rhs), as.numeric)
  wald <- if (scales_f(ddf) && test$num_df > 0 && !test$unknown) {
    wald_statistic(fit, L, contrast_covariance(fit, ddf), rhs)$value / test$num_df
  } else {
    test$f_value
  }
  c(test, mean_square = if (is_sigma_undetermined(fit)) NA_real_ else fit$sigma^2 * wald)
}

# `value` d' (L C L')^- d, d = L beta - rhs and C the covariance of beta, and the `rank` of L C L'.
# Rows of L may be dependent: any generalised inverse will do, and the one of the correlations does
# not depend on units.
wald_statistic <- function(fit, L, covariance, rhs = 0) {
  L <- unname(L)
  unit <- row_powers(L)
  difference <- (as.vector(L %*% fit$beta) - rhs) / unit
  L <- L / unit
  covariance <- L %*% covariance %*% t(L)
  # an adjustment that is larger than the variance itself is none
  if (!all(is.finite(covariance)) || any(diag(covariance) < 0)) {
    return(list(value = NA_real_, rank = nrow(L)))
  }
  error <- sqrt(diag(covariance))
  error[error == 0] <- 1
  decomposition <- eigen(covariance / tcrossprod(error), symmetric = TRUE)
  kept <- decomposition$values > 1e-10 * decomposition$values[1L]
  component <- crossprod(decomposition$vectors[, kept, drop = FALSE], difference / error)
  list(value = sum(component^2 / decomposition$values[kept]), rank = sum(kept))
}

# "Satterthwaite's method"
ddf_title <- function(ddf) {
  if (!is.null(robust_of(ddf))) return(robust_title(ddf))
  switch(ddf,
    expected = "Satterthwaite's method, expected information",
    paste0(ddf, "'s method")
  )
}

# What a reader of Satterthwaite's degrees of freedom must know where a column of Lambda is zero:
# it leaves the model, as if that variance were known.
zero_variance_note <- function(fit, ddf) {
  if (ddf != "Satterthwaite" || !has_zero_column(fit)) {
    return(NULL)
  }
  instead <- if (fit$REML) "\"expected\" and \"Kenward-Roger\" do not" else "\"expected\" does not"
  paste("ddf = \"Satterthwaite\" takes a variance estimated as zero for known;", instead)
}

# The heading of a table of tests.
test_heading <- function(title, fit, ddf) {
  if (ddf != "none") title <- paste(title, "with", ddf_title(ddf))
  notes <- c(
    undetermined_test_note(fit), convergence_note(fit), zero_variance_note(fit, ddf),
    no_optimum_note(fit, ddf), constraint_notes(fit)
  )
  c(title, if (length(notes) > 0L) paste("Note:", notes))
}

has_zero_column <- function(fit) {
  if (!is.null(fit$undetermined)) return(any(determined_deviations(fit) == 0, na.rm = TRUE))
  any(vapply(fit$random, function(term) {
    any(colSums(abs(lambda_matrix(term, fit$theta))) == 0)
  }, TRUE))
}

new_anova <- function(table, heading) {
  structure(table, heading = heading, class = c("henderson_anova", "anova", "data.frame"))
}

# A fit evaluated at given parameters (optimizer "none") may be far from an optimum.
no_optimum_note <- function(fit, ddf) {
  if (ddf != "Satterthwaite" || fit$optimization$optimizer != "none" || is_near_optimum(fit)) {
    return(NULL)
  }
  paste(
    "the parameters are no optimum, which Satterthwaite's degrees of freedom assume;",
    "fit with another optimizer than \"none\", or use \"expected\""
  )
}
