# Time of each method after a fit, beside that of the fit, each on a fit whose cache holds nothing
# but what the fit put there.
#
#   Rscript bench/after-fit.R [rows, default 1e6] [file for the result]
#
# The second data set is InstEval of lme4, if that is installed.

script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
bench_folder <- dirname(normalizePath(script))
for (file in c("packages.R", "machine.R")) source(file.path(bench_folder, file))
suppressMessages(library(henderson))

arguments <- commandArgs(trailingOnly = TRUE)
n <- if (length(arguments) > 0) as.numeric(arguments[1]) else 1e6
if (length(arguments) > 1) sink(arguments[2], split = TRUE)

methods <- list(
  summary = function(fit, new, y) summary(fit),
  anova = function(fit, new, y) anova(fit),
  `anova, type I` = function(fit, new, y) anova(fit, type = "I"),
  contrast_test = function(fit, new, y) contrast_test(fit),
  variance_components = function(fit, new, y) variance_components(fit),
  random_anova = function(fit, new, y) random_anova(fit),
  random_structures = function(fit, new, y) random_structures(fit),
  random_pca = function(fit, new, y) random_pca(fit),
  intraclass_correlation = function(fit, new, y) intraclass_correlation(fit),
  `predict, 5 rows, se.fit` = function(fit, new, y) predict(fit, new, se.fit = TRUE),
  deviance_function = function(fit, new, y) deviance_function(fit)(fit$theta),
  vcov = function(fit, new, y) vcov(fit),
  refit_ml = function(fit, new, y) refit_ml(fit),
  refit_response = function(fit, new, y) refit_response(fit, y)
)

# Least of three, in milliseconds.
least_time <- function(code) {
  1000 * min(vapply(1:3, function(i) system.time(quietly(code()))[["elapsed"]], 0))
}

quietly <- function(code) suppressMessages(suppressWarnings(code))

fresh <- function(fit) {
  kept <- fit$cache$cross_products
  fit$cache <- new.env(parent = emptyenv())
  if (is.list(kept)) assign("cross_products", kept, envir = fit$cache)
  fit
}

measure <- function(title, formula, data) {
  gc()
  fit <- quietly(lmm(formula, data))
  saved <- length(serialize(fit, NULL))
  kept <- fit$cache$cross_products
  cat(sprintf(
    "\n%s\n%s\n%d rows; frame + X %.1f MB, saved fit %.1f MB, of this cross-products %.2f MB\n",
    title, deparse(formula), nrow(data),
    as.numeric(object.size(fit$frame) + object.size(fit$X)) / 1e6, saved / 1e6,
    if (is.list(kept)) length(serialize(kept, NULL)) / 1e6 else 0
  ))
  y <- fit$y + rnorm(length(fit$y))
  times <- c(
    `lmm` = least_time(function() lmm(formula, data)),
    vapply(methods, function(method) least_time(function() method(fresh(fit), data[1:5, ], y)), 0)
  )
  cat(sprintf("%-26s %9.1f ms\n", names(times), times), sep = "")
}

cat("Methods after the fit; least of three, in ms\n\n")
facts <- machine()
cat(sprintf("%-18s%s\n", paste0(names(facts), ":"), facts), sep = "")
set.seed(1)
groups <- ceiling(n / 100)
g <- factor(sample(groups, n, TRUE), seq_len(groups))
data <- data.frame(x = rnorm(n), g = g)
data$y <- 1 + data$x + rnorm(groups)[g] + rnorm(groups, 0, 0.5)[g] * data$x + rnorm(n)
measure("random slopes", y ~ x + (x | g), data)
if (requireNamespace("lme4", quietly = TRUE)) {
  measure(
    "InstEval", y ~ service + (1 | s) + (1 | d) + (1 | dept:service),
    transform(lme4::InstEval, y = as.double(y))
  )
}
