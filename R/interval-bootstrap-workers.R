# Work on the replicates of a statistic that is an R function, by the workers of package future
# where a plan has any.

has_workers <- function() {
  # a plan cannot be set without loading it
  if (!isNamespaceLoaded("future") || future::nbrOfWorkers() <= 1) return(FALSE)
  if (requireNamespace("future.apply", quietly = TRUE)) return(TRUE)
  inform(c(
    "A plan of package future is set, but package future.apply is not installed.",
    "i" = "The replicates are computed in this session, one by one."
  ), kind = "workers", variable = "plan")
  FALSE
}

# work(item, fit, statistic, t0) of each item, a list. What the statistic uses from where it was
# made goes with it to the workers, for which it must be a variable of the function they call.
map_replicates <- function(items, work, fit, statistic, t0) {
  if (!has_workers()) return(lapply(items, work, fit, statistic, t0))
  own <- function(item) work(item, fit, statistic, t0)
  # and nothing else of here
  environment(own) <- list2env(
    list(work = work, fit = fit, statistic = statistic, t0 = t0), parent = topenv()
  )
  future.apply::future_lapply(items, own,
    future.packages = "henderson", future.seed = NULL, future.label = "bootstrap-%d"
  )
}
