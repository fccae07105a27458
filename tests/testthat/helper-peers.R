# Peers are packages that an independent result comes from; what needs one is of the full tier
# (helper-tiers.R). In CI every one that DESCRIPTION declares must be there, so an absent one is a
# failure; on a user's machine the test is skipped.

need_peer <- function(packages) {
  only_in_full_tier(paste("needs", toString(packages)))
  for (package in packages) {
    if (requireNamespace(package, quietly = TRUE)) {
      next
    }
    if (nzchar(Sys.getenv("CI"))) {
      testthat::fail(paste0("package '", package, "' is a declared peer but is not installed"))
    }
    testthat::skip(paste0("package '", package, "' is not installed"))
  }
  invisible(TRUE)
}
