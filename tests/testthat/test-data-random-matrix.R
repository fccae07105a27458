test_that("Z has terms in order, within a term level by level", {
  random <- list(
    list(
      columns = c("i", "s"), z = cbind(1, c(5, 6, 7)), level = c(2L, 1L, 2L), levels = c("a", "b")
    ),
    list(columns = "i", z = NULL, level = c(1L, 1L, 2L), levels = c("p", "q"))
  )
  Z <- random_matrix(random, 3L)
  expect_s4_class(Z, "dgCMatrix")
  expect_identical(unname(as.matrix(Z)), rbind(
    c(0, 0, 1, 5, 1, 0), c(1, 6, 0, 0, 1, 0), c(0, 0, 1, 7, 0, 1)
  ))
  expect_identical(colnames(Z), c("a", "a", "b", "b", "p", "q"))
})

test_that("rows of unknown level are empty", {
  random <- list(list(columns = c("i", "s"), z = cbind(1, 2:3), level = c(NA, 1L), levels = "a"))
  expect_identical(unname(as.matrix(random_matrix(random, 2L))), rbind(c(0, 0), c(1, 3)))
})

test_that("Z agrees with lme4 where both order the terms alike", {
  skip_if_not_installed("lme4")
  d <- many_types()
  d$y[3] <- NA
  control <- lme4::lmerControl(
    check.nobs.vs.nRE = "ignore", check.nobs.vs.rankZ = "ignore", check.rankX = "ignore",
    check.nobs.vs.nlev = "ignore"
  )
  formulas <- list(
    y ~ x + (x | g), y ~ (1 | a / b), y ~ (1 | a / b / c), y ~ (1 | a:b), y ~ (x | a:c),
    y ~ x * f + (x | g) + (1 | a), y ~ f + (f | g), y ~ f + (0 + f | g), y ~ x + (x - 1 | g),
    y ~ (poly(x, 2) | g), y ~ (scale(x) | g), y ~ x + (1 | g) + (0 + x | g),
    y ~ (cbind(x, w) | g), y ~ (1 | b), y ~ (1 | integer), y ~ (1 | logical), y ~ (1 | number),
    y ~ (1 | day), y ~ (1 | ordered), y ~ (1 | c) + (1 | a) + (1 | g), y ~ (1 | f:g),
    y ~ (x * w | g), y ~ (x + w | g) + (1 | a:c) + (logical | ordered), y ~ (ordered | g),
    y ~ (string | g), y ~ (x:f | g), y ~ (a:b | g)
  )
  for (formula in formulas) {
    expected <- lme4::lFormula(formula, d, control = control)$reTrms
    random <- design_of(formula, d, control = no_checks)$random
    expect_equal(
      unname(as.matrix(random_matrix(random, 71L))), unname(t(as.matrix(expected$Zt))),
      info = deparse1(formula)
    )
    expect_identical(colnames(random_matrix(random, 71L)), rownames(expected$Zt))
    expect_identical(vapply(random, `[[`, "", "group"), flat_name(names(expected$cnms)))
    expect_identical(lapply(random, `[[`, "columns"), unname(expected$cnms))
    expect_identical(theta_start(random), as.double(expected$theta))
    expect_identical(theta_lower(random), expected$lower)
  }
})
