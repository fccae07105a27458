#!/usr/bin/env bash
# Prints the share of lines of R and of C++ that the R tests reach, and the files with the least.
#
#   bash tools/coverage.sh [full]      with the tests of the full tier, which reach more
#
# covr builds a copy of the package without optimization and runs tests/testthat; the C++ tests of
# tests/cpp do not count. It takes many times as long as the tests alone. Exits with 77 if covr is
# not installed.
set -euo pipefail
export LC_ALL=C.UTF-8 NOT_CRAN=true
if [ "${1:-}" = full ]; then export HENDERSON_TESTS=full; fi
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

Rscript -e 'quit(status = !nzchar(system.file(package = "covr")))' ||
  { echo "the R package covr is not installed"; exit 77; }
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
(cd "$root" && tar cf - --exclude=.git --exclude='*.o' --exclude='*.so' --exclude=./bench .) |
  tar xf - -C "$work"

Rscript - "$work" <<'R'
generated <- c("R/RcppExports.R", "src/RcppExports.cpp")
coverage <- covr::package_coverage(commandArgs(trailingOnly = TRUE)[1],
  type = "tests", line_exclusions = generated
)
lines <- covr::tally_coverage(coverage, by = "line")
lines <- lines[!grepl("^(/usr/|.*/RcppEigen/)", lines$filename), ]
percent <- function(value) 100 * mean(value > 0)
by_file <- aggregate(value ~ filename, lines, function(value) {
  c(percent = percent(value), missed = sum(value == 0))
})
by_file <- cbind(by_file["filename"], by_file$value)
by_file <- by_file[order(-by_file$missed), ]
cat("Files with the most lines that no test reaches:\n")
print(head(by_file, 20), row.names = FALSE, digits = 3)
is_r <- grepl("[.]R$", lines$filename)
cat(sprintf("R: %.1f %% of %d lines\n", percent(lines$value[is_r]), sum(is_r)))
cat(sprintf("C++: %.1f %% of %d lines\n", percent(lines$value[!is_r]), sum(!is_r)))
R
