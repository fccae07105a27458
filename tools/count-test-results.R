# Summarises the results that tests/testthat.R writes.
#
#   Rscript tools/count-test-results.R <results.csv>
#
# Prints a table by file, the skipped tests, how many are left to the full tier, and as its last
# line "passed failed skipped".

results <- utils::read.csv(commandArgs(trailingOnly = TRUE)[1])
# An error ends its test: it counts as one failed expectation.
results$failed <- results$failed + results$error

by_file <- stats::aggregate(
  cbind(passed, failed, skipped, warning, real) ~ file,
  data = results, FUN = sum
)
by_file <- by_file[order(-by_file$real), ]
by_file$real <- round(by_file$real, 1)
names(by_file)[names(by_file) == "real"] <- "seconds"
print(by_file, row.names = FALSE)

for (column in c("skipped", "failed")) {
  rows <- results[results[[column]] > 0, ]
  if (nrow(rows) > 0) {
    cat("\n", column, ":\n", paste0("  ", rows$file, ": ", rows$test, "\n"), sep = "")
  }
}
if (any(results$left_out)) {
  cat("\n", sum(results$left_out), " tests are of the full tier: --full adds them\n", sep = "")
}
cat(sum(results$passed), sum(results$failed), sum(results$skipped), "\n")
