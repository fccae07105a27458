# Builds the vignettes of a package folder into its inst/doc, where R CMD INSTALL takes them from,
# as R CMD build does, but with the installed package: R CMD build would compile it once more.
#
#   Rscript tools/build-vignettes.R <package folder>

folder <- normalizePath(commandArgs(trailingOnly = TRUE)[1])
tools::buildVignettes(dir = folder, tangle = TRUE)
built <- tools::pkgVignettes(dir = folder, output = TRUE, source = TRUE)
target <- file.path(folder, "inst", "doc")
dir.create(target, recursive = TRUE, showWarnings = FALSE)
files <- c(built$docs, built$outputs, unlist(built$sources))
stopifnot(length(built$docs) > 0, file.copy(files, target, overwrite = TRUE))
