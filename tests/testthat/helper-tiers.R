# Tests come in two tiers. Without a word the own tests run, in some two minutes.
# HENDERSON_TESTS=full adds the full tier: live comparisons with other packages (need_peer() in
# helper-peers.R), and what takes more than five seconds of one core or simulates hundreds of data
# sets. tools/install-and-test.sh --full, and with it .ci/run, sets the variable. A test of the full
# tier begins with only_in_full_tier("what it does").

full_tier <- function() identical(Sys.getenv("HENDERSON_TESTS"), "full")

# The beginning of the message tells tests/testthat.R that nobody asked for the test, so that it
# does not count as skipped.
only_in_full_tier <- function(what) {
  if (!full_tier()) testthat::skip(paste0("only with HENDERSON_TESTS=full: ", what))
  invisible(TRUE)
}
