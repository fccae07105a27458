test_that("columns are made of numbers about their centres", {
  # one cell: columns 1, x, x z of x - 2 and z - 3
  numbers <- lapply(c("y", "x", "z"), function(name) list(name = name, column = NA))
  basis <- list(integer(0), 1L, 2L, 3L, 2:3)
  frame <- data.frame(y = NA, x = 1, z = 1)
  columns <- function(frame) with(frame, cbind(1, x, x * z))
  maps <- column_maps(columns, frame, numbers, basis, c(0, 2, 3))
  expect_equal(maps[, , 1], cbind(c(1, 0, 0, 0, 0), c(2, 0, 1, 0, 0), c(6, 0, 3, 2, 1)))
})

test_that("sums of products follow from those of the basis, by cell and target", {
  basis <- list(integer(0), 2L)
  x <- c(1, 4, 2, 7)
  products <- basis_products(basis, basis)
  sums <- vapply(products$products, function(product) x^length(product), x)
  # in cell 1 the column is x + 1, in cell 2 it is 3 x
  maps <- array(c(1, 1, 0, 3), c(2, 1, 2))
  answer <- list(sums = sums, cell = c(1, 1, 2, 2))
  own <- map_sums(answer, c(1, 2, 1, 1), 2, maps, maps, products$number)
  expect_equal(own, matrix(c(2^2 + 6^2 + 21^2, 5^2), 1))
})
