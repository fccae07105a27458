# The generator of random numbers, left as it was found.

# Evaluates `code` after set.seed(seed) and puts the generator back, absent if it had not been used;
# returns the value and the state to repeat it. Without a seed the session's generator goes on.
with_seed <- function(seed, code) {
  before <- globalenv()$.Random.seed
  if (is.null(seed)) {
    if (is.null(before)) stats::runif(1L)
    state <- globalenv()$.Random.seed
    return(list(value = force(code), seed = state))
  }
  on.exit(if (is.null(before)) {
    rm(".Random.seed", envir = globalenv())
  } else {
    assign(".Random.seed", before, envir = globalenv())
  })
  set.seed(seed)
  list(value = force(code), seed = structure(seed, kind = as.list(RNGkind())))
}
