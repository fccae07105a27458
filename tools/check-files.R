# Checks the size of our files, and that headers are tested:
#
#   1. no file has more than 400 lines
#   2. no line has more than 100 characters
#   3. each header of src/core is named in tests/cpp: included, or by the comment at the head of the
#      file whose tests reach it through others
#
#   Rscript tools/check-files.R [package folder, default: the one this file is in]
#
# Prints file:line of what is wrong. The exit code is 0 only if nothing is.

folders <- c("R", "src", "tests", "tools", "bench", "data-raw")
# Rcpp writes them
generated <- c("R/RcppExports.R", "src/RcppExports.cpp")
# included for what they keep away: Eigen's warnings
untested <- c("algebra/eigen.h", "algebra/eigen_decompositions.h")
most_lines <- 400
most_characters <- 100

source_files <- function(root) {
  files <- list.files(file.path(root, folders), "[.](R|h|cpp|sh)$|^Makefile$", recursive = TRUE,
    full.names = TRUE
  )
  files <- substring(files, nchar(root) + 2)
  # objects of the C++ tests
  files <- files[!startsWith(files, "tests/cpp/build")]
  setdiff(files, generated)
}

size_problems <- function(file, root) {
  lines <- readLines(file.path(root, file), encoding = "UTF-8", warn = FALSE)
  long <- which(nchar(lines) > most_characters)
  c(
    if (length(lines) > most_lines) {
      sprintf("%s:%d: a file has at most %d lines", file, length(lines), most_lines)
    },
    sprintf(
      "%s:%d: %d characters, a line has at most %d", file, long, nchar(lines[long]),
      most_characters
    )
  )
}

untested_headers <- function(root) {
  core <- file.path(root, "src", "core")
  headers <- setdiff(list.files(core, "[.]h$", recursive = TRUE), untested)
  tests <- list.files(file.path(root, "tests", "cpp"), "[.](cpp|h)$", full.names = TRUE)
  code <- unlist(lapply(tests, readLines, encoding = "UTF-8", warn = FALSE))
  named <- unlist(regmatches(code, gregexpr("[a-z_]+/[a-z_]+[.]h", code)))
  sprintf("src/core/%s:1: no file of tests/cpp names it", setdiff(headers, named))
}

script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
arguments <- commandArgs(trailingOnly = TRUE)
root <- normalizePath(if (length(arguments)) arguments[1] else dirname(dirname(script)))
files <- source_files(root)
problems <- c(unlist(lapply(files, size_problems, root)), untested_headers(root))
writeLines(problems)
if (length(problems)) quit(status = 1)
cat("check-files: ", length(files), " files\n", sep = "")
