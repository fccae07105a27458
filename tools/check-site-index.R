# Every topic of the manual and every vignette must have its place on the web site, in
# pkgdown/_pkgdown.yml, and what is named there must exist.
#
#   Rscript tools/check-site-index.R
#
# Topics with the keyword "internal" need no place. Prints the file and the fix.

script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
root <- dirname(dirname(normalizePath(script)))
index_file <- "pkgdown/_pkgdown.yml"
index <- yaml::read_yaml(file.path(root, index_file))
problems <- character()

# Files with the names by which the index may call them; those it must call. `fix` may name them.
check_section <- function(section, files, must, fix) {
  listed <- unlist(lapply(index[[section]], `[[`, "contents"))
  calls <- vapply(files, function(names) sum(names %in% listed), 0)
  unknown <- setdiff(listed, unlist(files))
  missing <- names(files)[must & calls == 0]
  twice <- c(names(files)[calls > 1], unique(listed[duplicated(listed)]))
  c(
    sprintf(
      "%s: not on the site; %s under `%s:` in %s", missing, fix[missing], section, index_file
    ),
    sprintf("%s: `%s` under `%s:` is no page; remove the line", index_file, unknown, section),
    sprintf("%s: %s is listed twice under `%s:`", index_file, twice, section)
  )
}

rd_files <- list.files(file.path(root, "man"), "[.]Rd$", full.names = TRUE)
rd_lines <- lapply(rd_files, readLines, encoding = "UTF-8")
names(rd_lines) <- file.path("man", basename(rd_files))
aliases <- lapply(rd_lines, function(lines) {
  sub("^\\\\alias\\{(.*)\\}$", "\\1", grep("^\\\\alias\\{", lines, value = TRUE))
})
internal <- vapply(rd_lines, function(lines) any(grepl("^\\\\keyword\\{internal\\}", lines)), NA)
topic <- sub("[.]Rd$", "", basename(rd_files))
reference_fix <- sprintf("add `- %s` to the task that it serves", topic)
names(reference_fix) <- names(rd_lines)

articles <- sub("[.]Rmd$", "", list.files(file.path(root, "vignettes"), "[.]Rmd$"))
article_files <- as.list(articles)
names(article_files) <- sprintf("vignettes/%s.Rmd", articles)
article_fix <- sprintf("add `- %s`", articles)
names(article_fix) <- names(article_files)

problems <- c(
  check_section("reference", aliases, !internal, reference_fix),
  check_section("articles", article_files, rep(TRUE, length(articles)), article_fix)
)
writeLines(problems)
quit(status = as.integer(length(problems) > 0))
