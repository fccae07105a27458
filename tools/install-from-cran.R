# Installs the named packages from CRAN: Rscript tools/install-from-cran.R <package> ...

packages <- commandArgs(trailingOnly = TRUE)

# Without write access to the site library R would ask a question, which a script cannot answer.
if (file.access(.libPaths()[1], mode = 2) != 0) {
  user_library <- path.expand(strsplit(Sys.getenv("R_LIBS_USER"), ":")[[1]][1])
  dir.create(user_library, recursive = TRUE, showWarnings = FALSE)
  .libPaths(c(user_library, .libPaths()))
}

repository <- getOption("repos")["CRAN"]
if (is.na(repository) || repository == "@CRAN@") {
  repository <- c(CRAN = "https://cloud.r-project.org")
}
install.packages(packages, lib = .libPaths()[1], repos = repository)
