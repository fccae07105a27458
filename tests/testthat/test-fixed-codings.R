test_that("independent rows are found in a few, in pieces, and where they are rare", {
  X <- model.matrix(~ wool * tension + x, loom())
  for (piece in c(1, 15, 100)) {
    rows <- henderson:::independent_rows(X, piece = piece)
    expect_length(rows, ncol(X))
    expect_identical(qr(X[rows, ])$rank, ncol(X))
  }
  # one row in 5000 has the last column
  rare <- cbind(1, rep(0:1, 2500), replace(numeric(5000), 3333, 1))
  expect_identical(qr(rare[henderson:::independent_rows(rare, few = 10), ])$rank, 3L)
  expect_true(3333 %in% henderson:::independent_rows(rare, few = 10, piece = 100))
  common <- rare[, 1:2]
  expect_identical(qr(common[henderson:::independent_rows(common, few = 10), ])$rank, 2L)
})

test_that("columns of one coding are found from those of another, by independent rows or all", {
  treatment <- model.matrix(~ wool * tension, loom())
  sums <- model.matrix(~ wool * tension, loom(), contrasts.arg = list(
    wool = "contr.sum", tension = "contr.sum"
  ))
  basis <- independent_rows(treatment)
  B <- change_of_columns(treatment[basis, ], sums[basis, ])
  expect_equal(treatment %*% B, sums, ignore_attr = TRUE)
  expect_identical(dimnames(B), list(colnames(treatment), colnames(sums)))
  expect_equal(change_of_columns(treatment, sums, NULL), B)
  # units cost nothing
  expect_equal(change_of_columns(1e9 * treatment[basis, ], sums[basis, ]), B / 1e9)
  # columns that are no combination of the others
  expect_null(change_of_columns(treatment[, 1:2], cbind(loom()$x), c(1, 40)))
})

test_that("spread rows are distinct rows, all of a few", {
  expect_identical(spread_rows(7), 1:7)
  rows <- spread_rows(1e6)
  expect_gt(length(rows), 990)
  expect_true(all(rows >= 1 & rows <= 1e6 & rows == round(rows)))
  # every period of up to a hundred rows has all of its phases
  for (period in c(2, 10, 64, 100)) expect_length(unique(rows %% period), period)
})
