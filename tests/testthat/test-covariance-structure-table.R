test_that("rows have the same fields by kind, and bounds that hold their starts", {
  for (name in names(covariance_structures)) {
    row <- covariance_structures[[name]]
    expect_identical(is.null(row$entries), is.null(row$parameters), label = name)
    expect_true(is.character(row$wrapper$name) && is.logical(row$wrapper$hom), label = name)
    if (is.null(row$upper)) next
    for (v in c(1L, 2L, 5L)) {
      columns <- letters[seq_len(v)]
      expect_length(row$upper(v), length(row$labels(columns)))
      expect_length(row$lower(v), length(row$labels(columns)))
      expect_true(all(row$lower(v) < row$upper(v)), label = name)
    }
  }
  # the first row of a name is what is meant without `hom`
  expect_identical(
    vapply(c("diag", "cs", "ar1", "toep", "ad", "ou"), structure_of_wrapper, ""),
    c(diag = "diag", cs = "cs", ar1 = "ar1", toep = "toep", ad = "ad", ou = "ou")
  )
})
