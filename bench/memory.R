# Memory of one fit, measured in a process of its own.
#
#   Rscript bench/memory.R <case> <package> <file with the data>     (called by case_memory())
#
# prints, in MiB above what the process held before the fit:
#   peak     largest resident memory (VmHWM in /proc/self/status, Linux only)
#   r_peak   largest size of R's heap that a garbage collection saw
#   kept     size of R's heap after the fit, data not counted: the fit object

memory_columns <- c("peak_mb", "r_peak_mb", "kept_mb")

# A data frame with a row for each package.
case_memory <- function(case, data, packages) {
  file <- tempfile(fileext = ".rds")
  on.exit(unlink(file))
  saveRDS(data, file, compress = FALSE)
  rows <- lapply(packages, function(package) child_memory(case$name, package, file))
  result <- as.data.frame(do.call(rbind, rows))
  names(result) <- memory_columns
  result
}

child_memory <- function(case, package, file) {
  script <- file.path(bench_folder, "memory.R")
  output <- system2(
    file.path(R.home("bin"), "Rscript"), c(shQuote(script), case, package, shQuote(file)),
    stdout = TRUE, stderr = FALSE,
    env = paste0("R_LIBS=", shQuote(paste(.libPaths(), collapse = .Platform$path.sep)))
  )
  values <- grep("^memory ", output, value = TRUE)
  if (length(values) == 0) return(rep(NA_real_, length(memory_columns)))
  as.double(strsplit(values, " ")[[1]][-1])
}

# A field of /proc/self/status in MiB.
process_memory <- function(field) {
  lines <- tryCatch(readLines("/proc/self/status"), error = function(e) character(),
    warning = function(w) character()
  )
  line <- grep(paste0("^", field, ":"), lines, value = TRUE)
  if (length(line) == 0) return(NA_real_)
  as.double(gsub("[^0-9]", "", line)) / 1024
}

# Let VmHWM start again from the present size.
reset_process_peak <- function() {
  try(cat("5", file = "/proc/self/clear_refs"), silent = TRUE)
}

# R's heap in MiB: cells and vectors.
heap <- function(column, ...) sum(gc(...)[, column] * c(56, 8)) / 2^20

measure_memory <- function(case, package, file) {
  data <- readRDS(file)
  small <- all_cases()$sleepstudy
  package$fit(small, small$data())
  used <- heap("used", reset = TRUE)
  reset_process_peak()
  resident <- process_memory("VmRSS")
  fit <- suppressWarnings(suppressMessages(package$fit(case, data)))
  peak <- process_memory("VmHWM") - resident
  r_peak <- heap("max used") - used
  c(peak, r_peak, heap("used") - used)
}

if (sys.nframe() == 0) {
  script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
  folder <- dirname(normalizePath(script))
  for (file in c("simulate.R", "cases.R", "packages.R")) source(file.path(folder, file))
  arguments <- commandArgs(trailingOnly = TRUE)
  package <- package_table()[[arguments[2]]]
  values <- measure_memory(all_cases()[[arguments[1]]], package, arguments[3])
  cat("memory", sprintf("%.1f", values), "\n")
}
