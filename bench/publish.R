# Copies the newest results into the vignette `performance` and prints the table of README.md.
#
#   Rscript bench/publish.R [stem]        stem: bench/results/<date>-<machine>

script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
folder <- dirname(normalizePath(script))
source(file.path(folder, "report.R"))

newest_stem <- function() {
  files <- list.files(file.path(folder, "results"), "-cases[.]csv$", full.names = TRUE)
  if (length(files) == 0) stop("no results yet: Rscript bench/run.R full", call. = FALSE)
  sub("-cases[.]csv$", "", sort(files, decreasing = TRUE)[1])
}

# The lines "name: value" at the head of the text file.
read_machine <- function(stem) {
  lines <- readLines(paste0(stem, ".txt"))
  lines <- lines[seq_len(match("", lines) - 1)]
  data.frame(name = trimws(sub(":.*", "", lines)), value = trimws(sub("^[^:]*:", "", lines)))
}

markdown_row <- function(cells) paste0("| ", paste(cells, collapse = " | "), " |")

# One row per case: our time, lme4's, their ratio.
readme_table <- function(results) {
  ours <- results[results$package == "henderson", ]
  theirs <- results[results$package == "lme4", ]
  theirs <- theirs[match(ours$case, theirs$case), ]
  cells <- cbind(
    gsub("|", "\\|", ours$title, fixed = TRUE), format(ours$rows, scientific = FALSE, trim = TRUE),
    milliseconds(ours$seconds), milliseconds(theirs$seconds), ratio_text(theirs$ratio),
    paste0(ours$evaluations, ", ", ifelse(is.na(theirs$evaluations), "-", theirs$evaluations)),
    ifelse(is.na(theirs$ours_minus_theirs), "", sprintf("%.0e", theirs$ours_minus_theirs))
  )
  head <- c(
    "model", "rows", "`lmm` (ms)", "`lmer` (ms)", "ratio", "evaluations", "criterion, difference"
  )
  c(markdown_row(head), markdown_row(rep("---", length(head))), apply(cells, 1, markdown_row))
}

given <- commandArgs(trailingOnly = TRUE)
stem <- if (length(given)) sub("-cases[.]csv$", "", given[1]) else newest_stem()
vignettes <- file.path(dirname(folder), "vignettes")
results <- utils::read.csv(paste0(stem, "-cases.csv"))
for (kind in c("cases", "kernels", "curves")) {
  file.copy(
    paste0(stem, "-", kind, ".csv"), file.path(vignettes, paste0("performance-", kind, ".csv")),
    overwrite = TRUE
  )
}
utils::write.csv(read_machine(stem), file.path(vignettes, "performance-machine.csv"),
  row.names = FALSE
)
writeLines(readme_table(results))
