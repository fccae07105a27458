# Times lmm() against lme4::lmer() on a small, a medium and a large model, both in one R session.
#
#   Rscript bench/sleepstudy-insteval.R [results file]
#
# Calls are paired: each repetition times both sides, in random order, so that a slow moment of the
# machine hits both alike. The ratio is the median of the paired ratios lmer / lmm.
# "worse_by" is our criterion minus lme4's, both evaluated by lmm() (lme4's theta goes in as the
# start with optimizer "none"): a negative number means that lmm() found the better optimum.

suppressPackageStartupMessages({
  library(lme4)
  library(henderson)
})

cases <- list(
  list(
    name = "sleepstudy", formula = Reaction ~ Days + (Days | Subject),
    data = henderson::sleepstudy, repetitions = 50
  ),
  list(
    name = "omer.sorghum E3", formula = yield ~ gen + (1 | rep),
    data = subset(henderson::omer.sorghum, env == "E3"), repetitions = 50
  ),
  list(
    name = "InstEval", formula = y ~ service * dept + (1 | s) + (1 | d),
    data = lme4::InstEval, repetitions = 3
  )
)

seconds <- function(expression) {
  start <- proc.time()[["elapsed"]]
  force(expression)
  proc.time()[["elapsed"]] - start
}

# The elapsed clock ticks in milliseconds: time short calls in batches of at least 50 ms.
batch_size <- function(call) {
  call()
  max(1, ceiling(0.05 / max(seconds(call()), 1e-3)))
}

seconds_per_call <- function(call, size) {
  gc(FALSE)
  seconds(for (i in seq_len(size)) call()) / size
}

run_case <- function(case) {
  ours <- function() lmm(case$formula, case$data)
  theirs <- function() lmer(case$formula, case$data)
  fit_ours <- ours()
  fit_theirs <- theirs()
  size_ours <- batch_size(ours)
  size_theirs <- batch_size(theirs)

  times <- matrix(NA_real_, case$repetitions, 2)
  for (i in seq_len(case$repetitions)) {
    if (stats::runif(1) < 0.5) {
      times[i, 1] <- seconds_per_call(ours, size_ours)
      times[i, 2] <- seconds_per_call(theirs, size_theirs)
    } else {
      times[i, 2] <- seconds_per_call(theirs, size_theirs)
      times[i, 1] <- seconds_per_call(ours, size_ours)
    }
  }

  at_their_theta <- lmm(case$formula, case$data,
    start = list(theta = getME(fit_theirs, "theta")),
    control = lmm_control(optimizer = "none")
  )
  data.frame(
    case = case$name,
    rows = nrow(case$data),
    repetitions = case$repetitions,
    lmm_ms = 1000 * stats::median(times[, 1]),
    lmer_ms = 1000 * stats::median(times[, 2]),
    ratio = stats::median(times[, 2] / times[, 1]),
    ratio_min = min(times[, 2] / times[, 1]),
    ratio_max = max(times[, 2] / times[, 1]),
    lmm_evaluations = fit_ours$optimization$evaluations,
    lmer_evaluations = fit_theirs@optinfo$feval,
    criterion = reml_criterion(fit_ours),
    worse_by = reml_criterion(fit_ours) - reml_criterion(at_their_theta)
  )
}

processor <- function() {
  lines <- tryCatch(readLines("/proc/cpuinfo"), error = function(e) character())
  name <- sub(".*: *", "", grep("^model name", lines, value = TRUE))
  if (length(name) == 0) {
    return(Sys.info()[["machine"]])
  }
  paste0(name[1], " (", length(name), " logical cores)")
}

print_report <- function(results) {
  session <- sessionInfo()
  cat("date      ", format(Sys.time(), "%Y-%m-%d %H:%M %Z"), "\n")
  cat("machine   ", processor(), "\n")
  cat("system    ", session$running, "\n")
  cat("R         ", R.version.string, "\n")
  cat("BLAS      ", session$BLAS, "\n")
  cat("henderson ", format(utils::packageVersion("henderson")), "\n")
  cat("lme4      ", format(utils::packageVersion("lme4")), "\n\n")
  columns <- c(
    "case", "rows", "repetitions", "lmm_ms", "lmer_ms", "ratio", "ratio_min", "ratio_max"
  )
  print(results[columns], digits = 4, row.names = FALSE)
  cat("\n")
  shown <- data.frame(
    case = results$case,
    lmm_evaluations = results$lmm_evaluations,
    lmer_evaluations = results$lmer_evaluations,
    criterion = sprintf("%.6f", results$criterion),
    worse_by = sprintf("%.2e", results$worse_by)
  )
  print(shown, row.names = FALSE)
}

results <- do.call(rbind, lapply(cases, run_case))
arguments <- commandArgs(trailingOnly = TRUE)
report <- utils::capture.output(print_report(results))
writeLines(report)
if (length(arguments)) {
  writeLines(report, arguments[1])
}
