# Text and files from the results.

# Digits that fit: 0.00123, 1.23, 123.
short_number <- function(x) {
  ifelse(is.na(x), "", formatC(x, digits = 3, format = "fg", flag = "#", drop0trailing = FALSE))
}

milliseconds <- function(seconds) sub("\\.$", "", short_number(1000 * seconds))

ratio_text <- function(x) ifelse(is.na(x), "", sub("\\.$", "", short_number(x)))

print_machine <- function(facts) {
  cat(paste0(format(paste0(names(facts), ":")), " ", facts), sep = "\n")
  cat("\n")
}

time_table <- function(results) {
  data.frame(
    case = results$case, package = results$package, rows = results$rows,
    parameters = results$parameters, ms = milliseconds(results$seconds),
    least = milliseconds(results$least), greatest = milliseconds(results$greatest),
    timings = results$timings, ratio = ratio_text(results$ratio),
    target = ifelse(results$package == "lme4", results$target, NA),
    evaluations = results$evaluations, warnings = results$warnings,
    ours_minus_theirs = ifelse(
      is.na(results$ours_minus_theirs), "", sprintf("%.1e", results$ours_minus_theirs)
    )
  )
}

memory_table <- function(results) {
  results <- results[!is.na(results$r_peak_mb), ]
  data.frame(
    case = results$case, package = results$package,
    frame_x = sprintf("%.0f", results$frame_x_mb), peak = sprintf("%.0f", results$peak_mb),
    r_peak = sprintf("%.0f", results$r_peak_mb), kept = sprintf("%.0f", results$kept_mb),
    factor = sprintf("%.1f", results$factor_mb),
    allowed = sprintf("%.0f", 2 * results$frame_x_mb + results$factor_mb)
  )
}

print_plain <- function(table) {
  table[] <- lapply(table, function(x) ifelse(is.na(x), "", as.character(x)))
  print(table, row.names = FALSE)
  cat("\n")
}

print_cases <- function(results) {
  cat(
    "Whole calls. ms: median of the timings; ratio: to lmm(); warnings: by the first fit;\n",
    "ours_minus_theirs: criterion of lmm() minus the other package's, both by our function.\n\n",
    sep = ""
  )
  print_plain(time_table(results))
  memory <- memory_table(results)
  if (nrow(memory) == 0) return(invisible(NULL))
  cat(
    "Memory in MiB. frame_x: model frame and X; peak: largest resident memory above that before\n",
    "the fit (in which the data were); r_peak: the same of R's heap; kept: the fit object;\n",
    "factor: the Cholesky factor of lmm(); allowed: our goal for the peak, 2 frame_x + factor.\n\n",
    sep = ""
  )
  print_plain(memory)
}

print_kernels <- function(kernels) {
  cat("Kernels: milliseconds of lmm() by matrix-product kernel.\n\n")
  kernels$ms <- milliseconds(kernels$seconds)
  print_plain(kernels[c("case", "kernel", "ms", "timings")])
}

print_curves <- function(curves) {
  cat("Curves: milliseconds of a whole call; peak memory of lmm() in MiB.\n\n")
  curves$ms <- milliseconds(curves$seconds)
  curves$peak <- ifelse(is.na(curves$peak_mb), "", sprintf("%.0f", curves$peak_mb))
  curves$rows <- format(curves$rows, scientific = FALSE)
  print_plain(curves[c("curve", "rows", "levels", "package", "ms", "timings", "peak")])
}

print_results <- function(results) {
  if (!is.null(results$cases)) print_cases(results$cases)
  if (!is.null(results$kernels)) print_kernels(results$kernels)
  if (!is.null(results$curves)) print_curves(results$curves)
}

# Files <date>-<machine>.txt, the same with -cases.csv, -kernels.csv, -curves.csv, and curves.png.
write_results <- function(folder, facts, results) {
  dir.create(folder, showWarnings = FALSE)
  stem <- file.path(folder, machine_slug())
  text <- utils::capture.output({
    print_machine(facts)
    print_results(results)
  })
  writeLines(text, paste0(stem, ".txt"))
  for (kind in names(results)) write_csv(results[[kind]], paste0(stem, "-", kind, ".csv"))
  if (!is.null(results$curves)) plot_to_file(results$curves, file.path(folder, "curves.png"))
  message("Results are in ", stem, "*")
}

write_csv <- function(table, file) {
  rounded <- c(
    "seconds", "least", "greatest", "ratio", "ours_minus_theirs", "frame_x_mb", "factor_mb"
  )
  for (name in intersect(rounded, names(table))) table[[name]] <- signif(table[[name]], 5)
  table$criterion <- if (!is.null(table$criterion)) sprintf("%.6f", table$criterion)
  utils::write.csv(table, file, row.names = FALSE, na = "")
}
