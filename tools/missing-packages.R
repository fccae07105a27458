# Prints the R packages that are needed but not installed, one per line.
#
#   Rscript tools/missing-packages.R run     what the package needs to be built and used
#   Rscript tools/missing-packages.R test    also what tests, vignettes and checks need
#
# DESCRIPTION is the only list of dependencies; the set-up scripts read it through this file.

arguments <- commandArgs(trailingOnly = TRUE)
purpose <- match.arg(arguments[1], c("run", "test"))

script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
root <- dirname(dirname(normalizePath(script)))

fields <- c("Depends", "Imports", "LinkingTo", if (purpose == "test") "Suggests")
description <- read.dcf(file.path(root, "DESCRIPTION"), fields = fields)
needed <- unlist(strsplit(description[!is.na(description)], ","))
needed <- trimws(sub("\\(.*", "", needed))
if (purpose == "test") {
  needed <- c(needed, "roxygen2")
}
needed <- setdiff(unique(needed[nzchar(needed)]), "R")

is_installed <- function(package) nzchar(system.file(package = package))
writeLines(Filter(Negate(is_installed), needed))
