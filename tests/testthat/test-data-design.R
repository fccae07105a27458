formulas <- list(
  y ~ x + (1 | g), y ~ x + w + I(x^2) + (1 | g), y ~ 0 + x + (1 | g), y ~ x - 1 + w + (1 | g),
  y ~ (1 | g), y ~ 0 + (1 | g), y ~ f + (1 | g), y ~ 0 + f + (1 | g), y ~ x * f + (1 | g),
  y ~ x:w + (1 | g), y ~ (x + w + f)^2 + (1 | g), y ~ poly(x, 2) * f + (1 | g),
  y ~ splines::ns(x, 3) + (1 | g), y ~ scale(x) + (1 | g), y ~ cbind(x, w) + (1 | g),
  y ~ string + logical + ordered + (1 | g), y ~ logical:x + (1 | g), y ~ `my var` + (1 | g),
  y ~ day + integer + (1 | g), y ~ factor(b) + (1 | g), y ~ a %in% b + (1 | g),
  y ~ offset(w) + x + (1 | g), y ~ . - time + (1 | g), y ~ a * b * c + (1 | g)
)

fixed_formula <- function(formula) parse_formula(formula)$fixed

test_that("X is that of model.matrix(), attributes included", {
  d <- many_types()
  for (formula in formulas) {
    expected <- stats::model.matrix(fixed_formula(formula), d)
    got <- design_of(formula, d)$X
    expect_equal(got, expected, info = deparse1(formula))
    expect_identical(attributes(got), attributes(expected), info = deparse1(formula))
    expect_type(got, "double")
  }
})

test_that("row names are the frame's", {
  d <- many_types()
  rownames(d) <- paste0("row", seq_len(nrow(d)))
  expect_identical(rownames(design_of(y ~ x + (1 | g), d, subset = 5:20)$X), paste0("row", 5:20))
  expect_identical(rownames(design_of(y ~ f + (1 | g), d, subset = 5:20)$X), paste0("row", 5:20))
})

test_that("y, weights and offset are plain numbers", {
  d <- many_types()
  d$y <- structure(d$y, names = rownames(d))
  design <- design_of(y ~ x + offset(w) + offset(x) + (1 | g), d, weights = integer^2L, offset = b)
  expect_identical(design$y, unname(d$y))
  expect_identical(design$weights, as.double(d$integer^2))
  expect_equal(design$offset, d$w + d$x + d$b)
  plain <- design_of(y ~ x + (1 | g), d)
  expect_null(plain$weights)
  expect_null(plain$offset)
})

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

test_that("xlevels are kept for factors and strings", {
  design <- design_of(y ~ f * x + string + logical + (1 | g), many_types())
  expect_identical(design$xlevels$f, c("a", "b", "c"))
  expect_setequal(design$xlevels$string, c("u", "v", "k", "K"))
})

test_that("X agrees with lme4, whatever the call", {
  skip_if_not_installed("lme4")
  d <- many_types()
  d$y[3] <- NA
  control <- lme4::lmerControl(check.rankX = "ignore", check.nlev.gtr.1 = "ignore")
  for (formula in formulas) {
    expected <- lme4::lFormula(formula, d, control = control)
    expect_equal(design_of(formula, d)$X, expected$X, info = deparse1(formula),
      ignore_attr = c("msgScaleX", "contrasts")
    )
  }
})
