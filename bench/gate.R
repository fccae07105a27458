# What a change of the code's structure must not change, of the installed package:
#
#   Rscript bench/gate.R write FILE.csv          criterion, theta and number of evaluations of the
#                                                real models of the tests and of 1,000 simulated
#   ones Rscript bench/gate.R instructions FILE.csv [CASE ...]
#                                                processor instructions of one lmm() call of bench
#                                                cases, by valgrind's callgrind
#   Rscript bench/gate.R memory FILE.csv [CASE ...]
#                                                peak memory of the fit in MiB, beyond what the
#                                                process held before it (Linux)
#   Rscript bench/gate.R compare BEFORE.csv AFTER.csv
#
# compare reads two files of one kind, prints what differs and exits with 1 if a criterion differs
# by more than 1e-9 (or 1e-12 of its size), if the evaluations are more in sum, if a case takes more
# than 1 % more instructions, or if its peak is more than 2 % higher.
# "equal bits" is printed where it is so.

script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
root <- dirname(dirname(normalizePath(script)))
# memory.R, which measures the peak, looks for the other files here
bench_folder <- file.path(root, "bench")

instruction_cases <- c(
  "sleepstudy", "sorghum", "penicillin", "pastes", "20theta", "20theta-singular", "slopes-1e5",
  "nested-3e3"
)
memory_cases <- "insteval"

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
  helpers <- c("models", "real-models", "real-models-agridat", "simulated-models")
  for (helper in paste0("helper-", helpers, ".R")) {
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

# A table of figures by case, one column of which counts.
compare_cases <- function(before, after, column, allowance) {
  if (!identical(before$case, after$case)) {
    stop("The two files are of different cases.", call. = FALSE)
  }
  ratio <- after[[column]] / before[[column]]
  print(data.frame(
    case = before$case, before = before[[column]], after = after[[column]], ratio = round(ratio, 4)
  ), row.names = FALSE)
  more <- is.na(ratio) | ratio > 1 + allowance
  cat(sum(more), " cases need more than ", 100 * allowance, " % more (", column, ")\n", sep = "")
  if (any(more)) quit(status = 1)
}

compare_files <- function(before, after) {
  columns <- names(utils::read.csv(before, nrows = 1))
  if ("criterion" %in% columns) {
    compare_figures(before, after)
  } else if ("instructions" %in% columns) {
    compare_cases(utils::read.csv(before), utils::read.csv(after), "instructions", 0.01)
  } else {
    # the peak moves by pages, and by where the allocator happens to find room
    compare_cases(utils::read.csv(before), utils::read.csv(after), "peak_mb", 0.02)
  }
}

write_instructions <- function(file, cases) {
  if (!nzchar(Sys.which("valgrind"))) stop("There is no valgrind here.", call. = FALSE)
  for (part in c("simulate.R", "cases.R")) source(file.path(bench_folder, part))
  counts <- vapply(cases, function(case) {
    count <- call_instructions(case)
    cat(sprintf("%-18s %15.0f\n", case, count))
    count
  }, 1)
  table <- data.frame(case = cases, instructions = sprintf("%.0f", counts))
  utils::write.csv(table, file, row.names = FALSE)
}

# callgrind counts while a named C function runs. vmmin() of libR.so, which optim() calls, does
# nothing but call the objective once when it may not iterate: what it counts is the lmm() call, R's
# part included. Two calls before it leave nothing to be loaded or compiled, and gc() makes the next
# collection's turn the same in every run.
call_instructions <- function(case) {
  # made here: valgrind would take a minute to load the package that some data come from
  data_file <- tempfile(fileext = ".rds")
  saveRDS(all_cases()[[case]]$data(), data_file, compress = FALSE)
  code <- sprintf(
    'bench_folder <- "%s"
     for (file in c("simulate.R", "cases.R")) source(file.path(bench_folder, file))
     suppressMessages(library(henderson))
     case <- all_cases()[["%s"]]
     data <- readRDS("%s")
     fit <- function(x) {
       suppressMessages(lmm(case$formula, data, REML = case$REML))
       0
     }
     fit()
     fit()
     invisible(gc())
     invisible(optim(0, fit, method = "BFGS", control = list(maxit = 0)))',
    bench_folder, case, data_file
  )
  file <- tempfile(fileext = ".R")
  writeLines(code, file)
  # what callgrind or R may leave behind goes with the session
  home <- setwd(tempdir())
  on.exit(setwd(home))
  valgrind <- paste(
    "valgrind --tool=callgrind --callgrind-out-file=callgrind.out --collect-atstart=no",
    "--toggle-collect=vmmin"
  )
  log <- tempfile()
  status <- system2(
    "R", c("--vanilla", "--no-echo", "-d", shQuote(valgrind), "-f", file),
    stdout = FALSE, stderr = log
  )
  lines <- readLines(log)
  total <- grep("Collected *:", lines, value = TRUE)
  # a process that R forks reports a count of its own, of nothing
  count <- max(0, as.numeric(sub(".*: *", "", total)))
  if (status != 0 || count == 0) {
    stop("No count of ", case, ":\n", paste(utils::tail(lines, 20), collapse = "\n"), call. = FALSE)
  }
  count
}

write_memory <- function(file, cases) {
  for (part in c("simulate.R", "cases.R", "memory.R")) source(file.path(bench_folder, part))
  rows <- lapply(cases, function(name) {
    case <- all_cases()[[name]]
    cbind(case = name, case_memory(case, case$data(), "henderson"))
  })
  table <- do.call(rbind, rows)
  print(table, row.names = FALSE)
  utils::write.csv(table, file, row.names = FALSE)
}

arguments <- commandArgs(trailingOnly = TRUE)
cases_or <- function(default) if (length(arguments) > 2) arguments[-(1:2)] else default
switch(if (length(arguments) > 1) arguments[1] else "",
  write = write_figures(arguments[2]),
  compare = compare_files(arguments[2], arguments[3]),
  instructions = write_instructions(arguments[2], cases_or(instruction_cases)),
  memory = write_memory(arguments[2], cases_or(memory_cases)),
  stop("usage: see the head of this file", call. = FALSE)
)
