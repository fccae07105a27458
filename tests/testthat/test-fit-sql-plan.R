numbers <- lapply(c("y", "x", "z"), function(name) list(name = name, column = NA, sql = name))

test_that("columns are products of numbers", {
  terms <- stats::terms(y ~ x * z + f)
  expect_setequal(term_monomials(terms, numbers), list(integer(0), 2L, 3L, 2:3))
  expect_identical(term_monomials(stats::terms(y ~ 0 + x:f), numbers), list(2L))
  expect_identical(term_monomials(NULL, numbers), list(integer(0)))
  powers <- c(numbers[1], lapply(1:2, function(k) list(name = "poly", column = k, sql = "x")))
  terms <- structure(stats::terms(y ~ poly), class = c("terms", "formula"))
  expect_identical(term_monomials(terms, powers), list(integer(0), 2L, 3L))
})

test_that("about centres products need their parts", {
  expect_identical(
    close_monomials(list(2:3)), list(integer(0), 3L, 2L, 2:3)[order(c(0, 1, 1, 2))]
  )
  products <- basis_products(list(integer(0), 2L), list(integer(0), 2L, 3L))
  expect_setequal(products$products, list(integer(0), 2L, 3L, c(2L, 2L), 2:3))
  expect_identical(products$number[2, 1], products$number[1, 2])
})
