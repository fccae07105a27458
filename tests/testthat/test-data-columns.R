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
