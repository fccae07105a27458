# check_family() ----------------------------------------------------------------------------------

test_that("a family is given as an object, a function, or a name", {
  for (family in list(binomial, binomial(), "binomial")) {
    own <- check_family(family, globalenv())
    expect_identical(own$name, "binomial")
    expect_identical(own$link, "logit")
    expect_null(own$phi)
  }
  expect_identical(check_family(poisson("sqrt"), globalenv())$link, "sqrt")
  expect_identical(check_family("gamma", globalenv())$name, "Gamma")
  expect_identical(check_family("nbinom2", globalenv())$phi, "size")
  # as package glmmTMB makes them: a list with the names
  own <- check_family(list(family = "beta", link = "probit"), globalenv())
  expect_identical(own$name, "beta")
  expect_equal(own$object$linkinv(0), 0.5)
})

test_that("what is no family is refused with advice", {
  expect_error(check_family("poison", globalenv()), "poisson", class = "henderson_error_family")
  expect_error(check_family(quasipoisson, globalenv()), "nbinom1", class = "henderson_error_family")
  expect_error(check_family("quasibinomial", globalenv()), "no likelihood",
    class = "henderson_error_family"
  )
  expect_error(check_family(3, globalenv()), class = "henderson_error_family")
  expect_error(check_family(MASS::negative.binomial(2), globalenv()), "nbinom2",
    class = "henderson_error_family"
  )
  power <- binomial(link = "logit")
  power$link <- "loglog"
  expect_error(check_family(power, globalenv()), "loglog", class = "henderson_error_family")
})

# nbinom2(), nbinom1(), beta_family() -------------------------------------------------------------

test_that("our families have R's links", {
  expect_s3_class(nbinom2(), "family")
  expect_identical(nbinom1("sqrt")$link, "sqrt")
  expect_equal(beta_family()$linkinv(0.3), plogis(0.3))
  expect_error(nbinom2("logg"), class = "henderson_error_argument")
})
