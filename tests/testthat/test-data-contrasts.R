test_that("contrasts serve the fixed part and the left-hand sides", {
  d <- many_types()
  simple <- matrix(c(2, -1, -1, -1, 2, -1) / 3, 3, dimnames = list(NULL, c("low", "high")))
  for (contrast in list("contr.sum", stats::contr.helmert, MASS::contr.sdif, simple)) {
    expected <- stats::model.matrix(y ~ f * ordered, d, contrasts.arg = list(f = contrast))
    design <- design_of(y ~ f * ordered + (f | g), d, no_checks, contrasts = list(f = contrast))
    expect_equal(design$X, expected)
    expect_identical(design$contrasts, attr(expected, "contrasts"))
    own <- stats::model.matrix(~f, d, contrasts.arg = list(f = contrast))
    expect_equal(design$random[[1]]$z, own)
  }
  for (name in c("string", "logical")) {
    contrasts <- stats::setNames(list("contr.sum"), name)
    formula <- stats::reformulate(c(name, "(1 | g)"), "y")
    expected <- stats::model.matrix(stats::reformulate(name), d, contrasts.arg = contrasts)
    expect_equal(design_of(formula, d, contrasts = contrasts)$X, expected)
  }
})

test_that("the option for contrasts is respected and recorded", {
  withr::local_options(contrasts = c("contr.sum", "contr.poly"))
  design <- design_of(y ~ f + (1 | g), many_types())
  expect_identical(colnames(design$X), c("(Intercept)", "f1", "f2"))
  expect_identical(design$contrasts, list(f = "contr.sum"))
})

test_that("wrong contrasts are refused and the factor is named", {
  d <- many_types()
  wrong <- list(
    contrasts = "contr.sum", contrasts = list("contr.sum"), ff = list(ff = "contr.sum"),
    x = list(x = "contr.sum"), g = list(g = "contr.sum"), f = list(f = "no_such_contrast"),
    f = list(f = diag(2)), f = list(f = "contr.sum", f = 3i), f = list(f = TRUE),
    f = list(f = matrix(NA_real_, 3, 2)), f = list(f = matrix(1:9, 3)[, 1:2] * NA),
    f = list(f = function(n, ...) stop("broken"))
  )
  for (i in seq_along(wrong)) {
    error <- tryCatch(design_of(y ~ f + (f | g), d, contrasts = wrong[[i]], control = no_checks),
      error = identity
    )
    expect_s3_class(error, "henderson_error_contrasts")
    expect_identical(error$variable, names(wrong)[i])
  }
})
