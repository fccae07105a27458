# The crossed cases by each matrix-product kernel that the processor supports: what the figures of
# this machine would be on an older one.

kernel_cases <- c("20theta", "insteval", "insteval-ml", "movielens")

# A data frame with a row for each case and kernel.
run_kernels <- function(cases, settings) {
  cases <- cases[intersect(kernel_cases, names(cases))]
  rows <- lapply(unname(cases), function(case) {
    message("kernels ", case$name)
    data <- case$data()
    do.call(rbind, lapply(c("eigen", "avx2", "avx512"), time_kernel, case, data, settings))
  })
  do.call(rbind, rows)
}

time_kernel <- function(kernel, case, data, settings) {
  usual <- matrix_kernel()
  on.exit(matrix_kernel(usual))
  if (matrix_kernel(kernel) != kernel) return(NULL)
  package <- package_table()["henderson"]
  first <- lapply(package, first_fit, case = case, data = data)
  times <- time_packages(package, first, case, data, settings)[[1]]
  data.frame(
    case = case$name, kernel = kernel, seconds = stats::median(times), timings = length(times)
  )
}
