# Prints the R packages that are needed but not installed, one per line.
#
#   Rscript tools/missing-packages.R use     what the package needs to be installed and used
#   Rscript tools/missing-packages.R run     also the builders of its vignettes
#   Rscript tools/missing-packages.R check   also what tests and checks cannot do without
#   Rscript tools/missing-packages.R test    also what single tests compare with or read
#
# DESCRIPTION is the only list of dependencies; the set-up scripts read it through this file.

arguments <- commandArgs(trailingOnly = TRUE)
purpose <- match.arg(arguments[1], c("use", "run", "check", "test"))

script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
root <- dirname(dirname(normalizePath(script)))

fields <- c("Depends", "Imports", "LinkingTo", if (purpose == "test") "Suggests")
description <- read.dcf(file.path(root, "DESCRIPTION"), fields = fields)
needed <- unlist(strsplit(description[!is.na(description)], ","))
needed <- trimws(sub("\\(.*", "", needed))
if (purpose != "use") {
  needed <- c(needed, "knitr", "rmarkdown")
}
if (purpose %in% c("check", "test")) {
  needed <- c(needed, "testthat", "withr", "roxygen2")
}
needed <- setdiff(unique(needed[nzchar(needed)]), "R")

is_installed <- function(package) nzchar(system.file(package = package))
writeLines(Filter(Negate(is_installed), needed))
