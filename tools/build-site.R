# The part of tools/build-site.sh that is pkgdown's; tools/finish-site.R has the rest.
#
#   Rscript tools/build-site.R <copy of the sources> <folder for the site>

arguments <- commandArgs(trailingOnly = TRUE)
source_folder <- normalizePath(arguments[1])
target <- normalizePath(arguments[2])
options(pkgdown.internet = FALSE, width = 80, cli.num_colors = 1L)

# Where an example names a package that is not installed, downlit asks CRAN for its address, and
# without network stops. It has no option for that: this CRAN knows of no package.
no_packages <- function() data.frame(Package = character(), URL = character())
utils::assignInNamespace("CRAN_urls", no_packages, "downlit")

package <- pkgdown::as_pkgdown(source_folder, override = list(destination = target))
pkgdown::init_site(package)
pkgdown::build_home(package, preview = FALSE)
pkgdown::build_reference(package, lazy = FALSE, devel = FALSE, preview = FALSE)
pkgdown::build_articles(package, lazy = FALSE, preview = FALSE)
pkgdown::build_news(package, preview = FALSE)
# what only pkgdown's own style needs, and the pictures of a device that no example asked for
unlink(file.path(target, c("deps", "pkgdown.yml", "404.html")), recursive = TRUE)
unlink(list.files(file.path(target, "reference"), "^Rplot[0-9]*[.]png$", full.names = TRUE))
