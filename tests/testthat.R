library(testthat)
library(henderson)

# tools/install-and-test.sh names a file here to learn how many expectations passed, failed or were
# skipped; without it this is the usual test_check().
results_file <- Sys.getenv("HENDERSON_TEST_RESULTS")

if (nzchar(results_file)) {
  list_reporter <- ListReporter$new()
  reporter <- MultiReporter$new(reporters = list(CheckReporter$new(), list_reporter))
  tryCatch(
    test_check("henderson", reporter = reporter),
    finally = {
      results <- as.data.frame(list_reporter$get_results())
      # a test of the full tier (helper-tiers.R) that nobody asked for is not a skipped one
      results$left_out <- vapply(results$result, function(outcomes) {
        any(grepl("only with HENDERSON_TESTS=full", vapply(outcomes, conditionMessage, "")))
      }, NA)
      results$skipped <- results$skipped & !results$left_out
      columns <- c(
        "file", "test", "passed", "failed", "error", "skipped", "left_out", "warning", "real"
      )
      utils::write.csv(results[columns], results_file, row.names = FALSE)
    }
  )
} else {
  test_check("henderson")
}
