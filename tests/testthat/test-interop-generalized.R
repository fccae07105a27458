# register_refusals(), refuse_generalized() -------------------------------------------------------

test_that("each method for fits by lmm() is there for glmm() or refused by name", {
  fit <- glmm(cases ~ x + (1 | herd), small_counts(), family = poisson)
  methods <- getNamespaceInfo("henderson", "S3methods")
  methods <- array(as.character(methods), dim(methods))
  known <- methods[methods[, 2L] %in% c("henderson_glmm", "henderson_fit"), 1L]
  missing <- methods[methods[, 2L] == "henderson_lmm" & !methods[, 1L] %in% known, , drop = FALSE]
  expect_gt(nrow(missing), 50L)
  for (i in seq_len(nrow(missing))) {
    package <- missing[i, 4L]
    own <- package %in% c(NA, "NA")
    if (!own && !requireNamespace(package, quietly = TRUE)) next
    home <- if (own) asNamespace("henderson") else asNamespace(package)
    method <- getS3method(missing[i, 1L], "henderson_glmm", optional = TRUE, envir = home)
    if (is.null(method)) {
      # no generic in this version of the package
      expect_true(missing[i, 1L] == "find_statistic" || !exists(missing[i, 1L], envir = home))
      next
    }
    expect_error(method(fit), class = "henderson_error_unsupported")
  }
})

test_that("functions of fits by lmm() refuse those by glmm()", {
  fit <- glmm(cases ~ x + (1 | herd), small_counts(), family = poisson)
  refused <- list(
    bootstrap, bootstrap_influence, component, conditional_aic, contrast_test, cross_validate,
    deviance_function, diagnostic_residuals, intraclass_correlation, is_reml, prediction_bands,
    r_squared, random_anova, random_pca, random_structures, reduce_terms, refit_ml, reliability,
    reml_criterion, report_result, report_tables, variance_components, all_optimizers, group_fits,
    mdffits, covratio
  )
  for (own in refused) expect_error(own(fit), class = "henderson_error")
  expect_error(bootstrap_test(fit, fit), class = "henderson_error")
  expect_error(refit_response(fit, 1:60), class = "henderson_error")
  expect_error(vcov(fit, type = "CR2"), class = "henderson_error_unsupported")
  expect_error(plot(fit), "plot", class = "henderson_error_unsupported")
})
