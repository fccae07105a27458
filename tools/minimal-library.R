# Fills a folder with links to the packages that henderson imports or links to, and to what these
# need, nothing else: a library like that of a user who has just installed them.
#
#   Rscript tools/minimal-library.R <empty folder>

target <- commandArgs(trailingOnly = TRUE)[1]
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
root <- dirname(dirname(normalizePath(script)))

needed <- function(file) {
  fields <- read.dcf(file, fields = c("Depends", "Imports", "LinkingTo"))
  names <- trimws(sub("\\(.*", "", unlist(strsplit(fields[!is.na(fields)], ","))))
  setdiff(names[nzchar(names)], "R")
}
found <- character()
waiting <- needed(file.path(root, "DESCRIPTION"))
while (length(waiting) > 0) {
  package <- waiting[1]
  found <- c(found, package)
  waiting <- setdiff(c(waiting, needed(system.file("DESCRIPTION", package = package))), found)
}
is_base <- vapply(found, function(package) {
  identical(utils::packageDescription(package)$Priority, "base")
}, logical(1))
paths <- find.package(found[!is_base])
stopifnot(file.symlink(paths, file.path(target, basename(paths))))
