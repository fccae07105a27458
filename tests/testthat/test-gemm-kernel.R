test_that("the fit does not depend on the instruction set", {
  before <- gemm_kernel_cpp("")
  withr::defer(gemm_kernel_cpp(before))
  set.seed(8)
  data <- expand.grid(a = factor(1:60), b = factor(1:50))
  data <- data[sample(nrow(data), 1500), ]
  data$x <- rnorm(1500)
  data$y <- data$x + rnorm(60)[data$a] + rnorm(50)[data$b] + rnorm(1500)
  fits <- lapply(c("eigen", "avx2", "avx512"), function(kernel) {
    gemm_kernel_cpp(kernel)
    lmm(y ~ x + (1 | a) + (x | b), data)
  })
  for (other in fits[-1]) {
    # other orders of summation: rounding only
    expect_equal(other$criterion, fits[[1]]$criterion, tolerance = 1e-12)
    expect_equal(fixef(other), fixef(fits[[1]]), tolerance = 1e-9)
  }
  expect_identical(gemm_kernel_cpp("no such kernel"), gemm_kernel_cpp(""))
})
