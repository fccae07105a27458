# Coverage of the intervals of predict() by simulation.
#
#   Rscript bench/coverage.R [runs, default 5000]
#
# Fits `runs` simulated responses of each design in tests/testthat/helper-coverage.R and counts how
# often the 95 % limits hold the true mean or the new observation. Prints a table, and writes it to
# bench/results/coverage.csv if `runs` is not given. Five minutes.

suppressMessages(library(henderson))
arguments <- commandArgs(trailingOnly = TRUE)
runs <- if (length(arguments)) as.integer(arguments[1]) else 5000L
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
bench_folder <- dirname(normalizePath(script))
source(file.path(bench_folder, "..", "tests", "testthat", "helper-coverage.R"))

designs <- coverage_designs()
set.seed(20261122)
tables <- lapply(names(designs), function(name) {
  message(name)
  table <- coverage(designs[[name]], runs, methods = c("Satterthwaite", "expected", "none"))
  data.frame(design = name, table, runs = runs)
})
result <- do.call(rbind, tables)
result$error <- signif(result$error, 2)
print(result, row.names = FALSE)
if (length(arguments) == 0L) {
  utils::write.csv(result, file.path(bench_folder, "results", "coverage.csv"), row.names = FALSE)
}
