test_that("p-values are written by the rules of the APA, and never as zero", {
  p <- c(0, 1e-300, 0.00049, 0.00099999, 0.001, 0.0254, 0.5, 0.99949, 0.9996, 1, NA)
  expect_identical(p_text(p), c(
    "< .001", "< .001", "< .001", "< .001", ".001", ".025", ".500", ".999", "> .999", "1", "NA"
  ))
  # 1 / 301, of 300 draws
  expect_identical(p_text(1 / 301, 1 / 300), "< .004")
  expect_identical(p_text(2 / 301, 1 / 300), ".007")
  expect_identical(with_relation(p_text(c(0.2, 0))), c("= .200", "< .001"))
})

test_that("estimates show two digits of their standard errors", {
  expect_identical(estimate_text(251.4051, 6.8246), "251.41")
  expect_identical(estimate_text(0.00041, 0.00123), "0.0004")
  expect_identical(estimate_text(0.00123, 0.00123), "0.0012")
  expect_identical(estimate_text(c(1, 1), c(5, 0.005), 1), c("1.0", "1.0000"))
  # no standard error: four digits of the number itself
  expect_identical(estimate_text(0.0123444, NA), "0.01234")
  expect_identical(estimate_text(c(-0.0001, NA), c(1, 1)), c("0.00", "NA"))
  expect_identical(estimate_text(1.23e-10, 1e-11), "1.23e-10")
})

test_that("degrees of freedom have decimals where they are not whole", {
  expect_identical(
    df_text(c(17, 16.9999999999, 45.912, 2.8151, 12345.6, Inf, NA)),
    c("17", "17", "45.9", "2.82", "12346", "Inf", "NA")
  )
})

test_that("four digits are significant", {
  expect_identical(
    significant_text(c(30030.94, 612.09, 5.92213, 0.02131, 0, -1.5)),
    c("30031", "612.1", "5.922", "0.02131", "0", "-1.500")
  )
})

test_that("a decimal comma separates by semicolons", {
  withr::local_options(OutDec = ",")
  expect_identical(interval_text(7.2, 13.7, 2), "[7,20; 13,70]")
  expect_identical(p_text(c(0.0254, 0)), c(",025", "< ,001"))
  expect_identical(estimate_text(10.467, 1.5), "10,47")
})
