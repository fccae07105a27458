# Calls the C++ entry points with mutated input for as long as wanted: the fuzzer of
# tests/testthat/test-robustness.R with other seeds and more calls.
#
#   Rscript tests/fuzz/fuzz-bindings.R [first seed] [seeds] [calls per seed]
#
# Best under the sanitizers (tools/check-sanitizers.sh), where a read out of bounds stops at once. A
# crash ends the process; the input of the last call is in the file named by HENDERSON_FUZZ_TRACE,
# list(target, model), if that is set (slow: it is written before every call).

arguments <- as.integer(c(commandArgs(TRUE), NA, NA, NA)[1:3])
defaults <- c(1L, 5L, 20000L)
arguments[is.na(arguments)] <- defaults[is.na(arguments)]

library(testthat)
library(henderson)
file <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
tests <- file.path(dirname(normalizePath(file)), "..", "testthat")
environment <- new.env(parent = asNamespace("henderson"))
expressions <- parse(file.path(tests, "test-robustness.R"))
# the definitions and the fuzzer, not the other tests
wanted <- vapply(expressions, function(e) {
  !identical(e[[1L]], quote(test_that)) || grepl("^mutated input", e[[2L]])
}, TRUE)

for (seed in seq(arguments[1L], length.out = arguments[2L])) {
  Sys.setenv(HENDERSON_FUZZ_SEED = seed, HENDERSON_FUZZ_CALLS = arguments[3L])
  seconds <- system.time(for (e in expressions[wanted]) eval(e, environment))[["elapsed"]]
  cat(sprintf("seed %d: %d calls in %.0f s\n", seed, arguments[3L], seconds))
}
