# Times of profile intervals and of bootstrap replicates, ours and lme4's, in one run.
#
#   Rscript bench/intervals.R [file for the result]

script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
bench_folder <- dirname(normalizePath(script))
for (file in c("packages.R", "machine.R")) source(file.path(bench_folder, file))
suppressMessages(library(henderson))

arguments <- commandArgs(trailingOnly = TRUE)
if (length(arguments) > 0) sink(arguments[1], split = TRUE)

quietly <- function(code) suppressMessages(suppressWarnings(code))

# Median of `times` calls, in seconds.
median_time <- function(code, times) {
  stats::median(vapply(seq_len(times), function(i) system.time(quietly(code()))[["elapsed"]], 0))
}

cases <- list(
  sleepstudy = list(Reaction ~ Days + (Days | Subject), sleepstudy),
  Penicillin = list(diameter ~ 1 + (1 | plate) + (1 | sample), lme4::Penicillin),
  Pastes = list(strength ~ 1 + (1 | sample) + (1 | batch), lme4::Pastes),
  cake = list(angle ~ recipe * temperature + (1 | recipe:replicate), lme4::cake)
)

row <- function(case, what, ours, theirs) {
  cat(sprintf("%-12s %-36s %10.5f %10.5f %8.0f\n", case, what, ours, theirs, theirs / ours))
}

cat("Intervals: seconds, ours and lme4's, and their ratio\n\n")
facts <- machine()
cat(sprintf("%-18s%s", paste0(names(facts), ":"), facts), sep = "\n")
cat("\n")
for (name in names(cases)) {
  formula <- cases[[name]][[1]]
  data <- cases[[name]][[2]]
  fit <- quietly(lmm(formula, data, REML = FALSE))
  peer <- quietly(lme4::lmer(formula, data, REML = FALSE))
  ours <- median_time(function() confint(fit), 9)
  row(name, "confint(), profile", ours, median_time(function() confint(peer), 1))
  ours <- median_time(function() profile(fit), 9)
  row(name, "profile()", ours, median_time(function() profile(peer), 1))
  replicates <- 2000
  ours <- median_time(function() bootstrap(fit, replicates, seed = 1, progress = FALSE), 3)
  theirs <- median_time(function() lme4::bootMer(peer, lme4::fixef, nsim = 40, seed = 1), 1)
  row(name, "a bootstrap replicate", ours / replicates, theirs / 40)
}
if (length(arguments) > 0) sink()
