# Do searches with covariance structures end at the lowest minimum? Each of the structures in
# simulated designs (those of tests/testthat/test-structures-oracle.R), against the best of searches
# from points at random; and structures against those that are nested in them.
#
#   R_LIBS=... Rscript bench/structure-minima.R [designs] [starts]
#
# Prints, for each structure: designs where a random start ended lower (by over 1e-4), the largest
# such difference, the median and largest number of evaluations.

suppressMessages(library(henderson))
arguments <- as.integer(commandArgs(TRUE))
n_designs <- if (length(arguments) > 0L) arguments[1L] else 12L
n_starts <- if (length(arguments) > 1L) arguments[2L] else 20L
inner <- asNamespace("henderson")

source("tests/testthat/helper-structures.R")
oracle <- parse("tests/testthat/test-structures-oracle.R")
for (expression in oracle) {
  if (!identical(expression[[1L]], quote(test_that))) eval(expression, globalenv())
}
structure_text <- inner$structure_text

# A point at random, within the bounds of each structure.
random_theta <- function(fit) {
  deviations <- inner$is_deviation(fit$random)
  lower <- inner$theta_lower(fit$random)
  upper <- inner$theta_upper(fit$random)
  theta <- ifelse(is.finite(lower) & is.finite(upper), runif(length(lower), lower, upper),
    rnorm(length(lower))
  )
  positive <- lower == 0 & is.infinite(upper)
  theta[positive] <- exp(rnorm(sum(positive)))
  smooth <- grepl("[.]smoothness$", names(fit$theta))
  theta[smooth] <- exp(runif(sum(smooth), log(0.1), log(10)))
  inner$within_correlations(stats::setNames(theta, names(fit$theta)), fit$random)
}

compare <- function(name, seed) {
  design <- simulated_design(seed, name)
  formula <- structured_formula(name, design$crossed)
  own <- function(...) fit_quietly(formula, design$data, weights = w, REML = design$REML, ...)
  fit <- own()
  set.seed(seed)
  others <- vapply(seq_len(n_starts), function(i) {
    other <- tryCatch(own(start = random_theta(fit)), error = function(e) NULL)
    if (is.null(other)) Inf else other$criterion
  }, 0)
  data.frame(
    structure = name, seed = seed, criterion = fit$criterion, missed = fit$criterion - min(others),
    evaluations = fit$optimization$evaluations
  )
}

rows <- do.call(rbind, lapply(structures, function(name) {
  do.call(rbind, lapply(seq_len(n_designs), function(seed) compare(name, seed)))
}))
saveRDS(rows, file.path(tempdir(), "structure-minima.rds"))
summaries <- do.call(rbind, lapply(split(rows, factor(rows$structure, structures)), function(own) {
  data.frame(
    missed = sum(own$missed > 1e-4), by = signif(max(own$missed, 0), 3L),
    evaluations = median(own$evaluations), most = max(own$evaluations)
  )
}))
print(summaries)
cat("missed:", sum(rows$missed > 1e-4), "of", nrow(rows), "; median evaluations",
  median(rows$evaluations), "\n")
print(rows[rows$missed > 1e-4, ], row.names = FALSE)
