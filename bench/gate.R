# What a change of the code's structure must not change: criterion, theta and number of evaluations
# of the real models of the tests and of 1,000 simulated ones.
#
#   Rscript bench/gate.R write FILE.csv              the installed package's figures
#   Rscript bench/gate.R compare BEFORE.csv AFTER.csv
#   Rscript bench/gate.R instructions [CASE ...]     of one lmm() call, by valgrind's callgrind
#
# compare prints what differs and exits with 1 if a criterion differs by more than 1e-9 (or 1e-12 of
# its size), or if the evaluations are more in sum. "equal bits" is printed where it is so.

script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
root <- dirname(dirname(normalizePath(script)))

quietly <- function(expr) tryCatch(
  suppressWarnings(suppressMessages(expr)),
  error = function(e) NULL
)

figures <- function(kind, name, fit) {
  if (is.null(fit)) {
    return(data.frame(
      kind, name, criterion = NA, evaluations = NA, converged = NA, singular = NA, theta = ""
    ))
  }
  data.frame(
    kind, name,
    criterion = sprintf("%a", fit$criterion), evaluations = fit$optimization$evaluations,
    converged = fit$optimization$converged, singular = fit$optimization$singular,
    theta = paste(sprintf("%a", fit$theta), collapse = " ")
  )
}

write_figures <- function(file) {
  library(henderson)
  tests <- new.env(parent = globalenv())
  for (helper in c("helper-models.R", "helper-real-models.R", "helper-simulated-models.R")) {
    sys.source(file.path(root, "tests", "testthat", helper), tests)
  }
  real <- lapply(tests$real_models(), function(model) {
    figures("real", model$name, quietly(tests$fit_real_model(model, quote(lmm))))
  })
  simulated <- lapply(seq_len(1000), function(seed) {
    model <- tests$simulated_model(seed, rows = c(40, 300))
    figures("simulated", seed, quietly(tests$fit_simulated(model)))
  })
  utils::write.csv(do.call(rbind, c(real, simulated)), file, row.names = FALSE)
}

compare_figures <- function(before, after) {
  read <- function(file) utils::read.csv(file, colClasses = c(theta = "character"))
  before <- read(before)
  after <- read(after)
  if (!identical(before[c("kind", "name")], after[c("kind", "name")])) {
    stop("The two files are of different models.", call. = FALSE)
  }
  columns <- c("criterion", "evaluations", "theta")
  if (identical(before[columns], after[columns])) cat("equal bits\n")
  a <- as.numeric(before$criterion)
  b <- as.numeric(after$criterion)
  moved <- is.na(a) != is.na(b) | (!is.na(a) & !is.na(b) & abs(a - b) > pmax(1e-9, 1e-12 * abs(a)))
  for (i in which(moved)) {
    cat(before$kind[i], before$name[i], "criterion", a[i], "->", b[i], "\n")
  }
  sums <- function(x) tapply(x$evaluations, paste(x$kind, x$singular), sum, na.rm = TRUE)
  print(rbind(before = sums(before), after = sums(after)))
  more <- sum(after$evaluations, na.rm = TRUE) > sum(before$evaluations, na.rm = TRUE)
  cat(sum(moved), "criteria moved; evaluations", if (more) "more" else "not more", "in sum\n")
  if (any(moved) || more) quit(status = 1)
}

# Instructions within the core's entry point: two runs, of one and of two calls, whose difference is
# free of loading and parsing.
count_instructions <- function(cases) {
  if (!nzchar(Sys.which("valgrind"))) stop("There is no valgrind here.", call. = FALSE)
  for (case in cases) {
    counts <- vapply(1:2, function(calls) run_callgrind(case, calls), 1)
    cat(sprintf("%-12s %15.0f\n", case, diff(counts)))
  }
}

run_callgrind <- function(case, calls) {
  code <- sprintf(
    "bench_folder <- '%s/bench'; for (f in c('simulate.R', 'cases.R')) source(file.path(bench_folder, f));
     suppressMessages(library(henderson)); case <- all_cases()[['%s']]; data <- case$data();
     fit <- function() suppressMessages(lmm(case$formula, data, REML = case$REML));
     fit(); for (i in seq_len(%d)) fit()",
    root, case, calls
  )
  file <- tempfile(fileext = ".R")
  writeLines(code, file)
  log <- tempfile()
  system2("R", c(
    "--vanilla", "--no-echo", "-d",
    shQuote("valgrind --tool=callgrind --callgrind-out-file=/dev/null"), "-f", file
  ), stdout = FALSE, stderr = log)
  total <- grep("Collected", readLines(log), value = TRUE)
  as.numeric(sub(".*: *", "", total[length(total)]))
}

arguments <- commandArgs(trailingOnly = TRUE)
switch(c(arguments, "")[1],
  write = write_figures(arguments[2]),
  compare = compare_figures(arguments[2], arguments[3]),
  instructions = count_instructions(if (length(arguments) > 1) arguments[-1] else {
    c("sleepstudy", "penicillin", "pastes", "20theta")
  }),
  stop("usage: see the head of this file", call. = FALSE)
)
