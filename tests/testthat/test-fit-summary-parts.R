test_that("equal rows have one identity, whatever their names", {
  identity <- henderson:::piece_identity
  expect_identical(identity(sleepstudy[1:9, ]), identity(sleepstudy[1:9, ]))
  named <- structure(sleepstudy[1:9, ], row.names = letters[1:9])
  expect_identical(identity(named), identity(sleepstudy[1:9, ]))
  expect_false(identity(sleepstudy[1:9, ]) == identity(sleepstudy[9:1, ]))
})

test_that("pieces come and go", {
  parts <- henderson:::count_part(henderson:::count_part(NULL, "a"), "b")
  expect_equal(parts, c(a = 1, b = 1))
  less <- henderson:::combine_parts(parts, c(b = 1, c = 1), -1)
  expect_equal(less, c(a = 1, c = -1))
  expect_equal(henderson:::combine_parts(less, c(c = 1), 1), c(a = 1))
})
