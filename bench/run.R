# Times lmm() against lme4::lmer(), nlme::lme() and glmmTMB (those that are installed).
#
#   Rscript bench/run.R [short|full] [case ...] [kernel=eigen|avx2|avx512]
#
# short (default): the small cases, printed; less than a minute.
# full: all cases, peak memory, the crossed cases by every matrix-product kernel, and curves (time
#   against rows); printed, and written to bench/results/ if no cases are named. Half an hour, 16 GB
#   of memory.
# Cases are those of bench/cases.R, "kernels" and "curves". `kernel` sets the matrix-product kernel
# of henderson for the cases. Nothing here fails on a time.

script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
bench_folder <- dirname(normalizePath(script))
for (file in c(
  "simulate.R", "cases.R", "packages.R", "measure.R", "memory.R", "machine.R", "kernels.R",
  "curves.R", "report.R"
)) {
  source(file.path(bench_folder, file))
}

# budget: seconds for the repetitions of one package on one case; batch: least seconds of a timing;
# least: timings of what takes less than 2 s; largest: rows of the longest curve; packages: glmmTMB
# alone would double the short form's time.
timing_settings <- list(
  short = list(
    budget = 0.4, batch = 0.02, rounds = 7, least = 1, memory = FALSE, largest = 3e4,
    packages = c("henderson", "lme4", "nlme")
  ),
  full = list(
    budget = 5, batch = 0.05, rounds = 20, least = 3, memory = TRUE, largest = Inf,
    packages = c("henderson", "lme4", "nlme", "glmmTMB")
  )
)

extras <- c("kernels", "curves")

read_arguments <- function(arguments) {
  is_kernel <- grepl("^kernel=", arguments)
  kernel <- sub("^kernel=", "", arguments[is_kernel])
  words <- arguments[!is_kernel]
  mode <- intersect(words, names(timing_settings))
  chosen <- setdiff(words, mode)
  mode <- c(mode, "short")[1]
  cases <- all_cases()
  unknown <- setdiff(chosen, c(names(cases), extras))
  if (length(unknown)) {
    stop("There is no case ", toString(unknown), "; there are ", toString(names(cases)),
      ", kernels and curves.",
      call. = FALSE
    )
  }
  if (length(chosen)) {
    cases <- cases[intersect(chosen, names(cases))]
  } else if (mode == "short") {
    cases <- Filter(function(case) case$short, cases)
  }
  everything <- mode == "full" && length(chosen) == 0
  list(
    mode = mode, cases = cases, kernel = c(kernel, "")[1], write = everything,
    extras = if (everything) extras else intersect(chosen, extras)
  )
}

main <- function(chosen) {
  if (!has_package("henderson")) stop("Install henderson first.", call. = FALSE)
  matrix_kernel(chosen$kernel)
  options(width = 200)
  settings <- timing_settings[[chosen$mode]]
  settings$packages <- Filter(has_package, settings$packages)
  facts <- machine()
  print_machine(facts)
  results <- list()
  # written after each part: the next one may take long
  for (part in c("cases", chosen$extras)) {
    results[[part]] <- switch(part,
      cases = run_cases(chosen$cases, settings),
      kernels = run_kernels(all_cases(), settings),
      curves = run_curves(settings)
    )
    so_far <- c(facts, "load at end" = load_average())
    if (chosen$write) write_results(file.path(bench_folder, "results"), so_far, results)
  }
  print_results(results)
}

run_cases <- function(cases, settings) {
  do.call(rbind, lapply(unname(cases), function(case) {
    message("case ", case$name)
    run_case(case, settings)
  }))
}

main(read_arguments(commandArgs(trailingOnly = TRUE)))
