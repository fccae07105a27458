# README.md shows what its code prints: runs the first block of R in it and compares.
#
#   HENDERSON_LIB=<library with the installed package> Rscript tools/check-readme.R
#
# Prints the first lines that differ; exits with 1 if there are any.

script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
readme <- file.path(dirname(dirname(normalizePath(script))), "README.md")
library(henderson, lib.loc = c(Sys.getenv("HENDERSON_LIB"), .libPaths()), warn.conflicts = FALSE)
options(width = 80, digits = 7, cli.num_colors = 1L)

lines <- readLines(readme, encoding = "UTF-8")
fences <- grep("^```", lines)
first <- match("```r", lines[fences])
block <- function(i) lines[seq(fences[i] + 1, fences[i + 1] - 1)]
code <- block(first)
shown <- block(first + 2)

printed <- character()
for (expression in parse(text = code, encoding = "UTF-8")) {
  printed <- c(printed, utils::capture.output({
    value <- withVisible(eval(expression, globalenv()))
    if (value$visible) print(value$value)
  }))
}
plain <- function(text) trimws(gsub("[\u2018\u2019']", "'", text), "right")
count <- max(length(shown), length(printed))
differ <- which(plain(shown)[seq_len(count)] != plain(printed)[seq_len(count)] |
  is.na(shown[seq_len(count)]) | is.na(printed[seq_len(count)]))
if (length(differ) > 0) {
  at <- differ[1]
  writeLines(c(
    sprintf("README.md:%d: says   %s", fences[first + 2] + at, shown[at]),
    sprintf("README.md:%d: is now %s", fences[first + 2] + at, printed[at])
  ))
  quit(status = 1)
}
cat("check-readme:", length(shown), "lines of output\n")
