test_that("functions of one's own must be the same", {
  one <- function(power) {
    own <- function(x) x^power
    cross_products(Reaction ~ own(Days) + (1 | Subject), sleepstudy[1:90, ])
  }
  other <- function(power) {
    own <- function(x) x^power
    cross_products(Reaction ~ own(Days) + (1 | Subject), sleepstudy[91:180, ])
  }
  expect_equal((one(2) + other(2))$rows, 180)
  expect_error(one(2) + other(3), "outside the data", class = "henderson_error_cross_products")
})
