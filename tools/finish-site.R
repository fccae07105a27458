# Finishes the pages that pkgdown has made, for tools/build-site.sh.
#
#   Rscript tools/finish-site.R <copy of the sources> <folder of the site>
#
# pkgdown's pages ask other computers for MathJax, icons and the search. Ours ask nobody: templates,
# style and script are in pkgdown/, and here formulas become MathML, pictures of examples get a
# description, wide tables a box that scrolls, and each page its table of contents. The search index
# is a script, which the page loads when somebody searches.

arguments <- commandArgs(trailingOnly = TRUE)
source_folder <- normalizePath(arguments[1])
target <- normalizePath(arguments[2])
package <- pkgdown::as_pkgdown(source_folder, override = list(destination = target))

# Formulas ---------------------------------------------------------------------------------------

# Text nodes with \( \) or \[ \] that are not code.
formula_nodes <- function(page) {
  xml2::xml_find_all(page, paste0(
    "//body//text()[(contains(., '\\(') and contains(., '\\)') or ",
    "contains(., '\\[') and contains(., '\\]')) and not(ancestor::pre) and not(ancestor::code)]"
  ))
}
formula_pattern <- "(?s)\\\\\\((.+?)\\\\\\)|\\\\\\[(.+?)\\\\\\]"

# TeX, with its delimiters -> MathML, all formulas by one call of pandoc.
to_mathml <- function(formulas) {
  if (length(formulas) == 0) {
    return(character())
  }
  is_display <- startsWith(formulas, "\\[")
  tex <- gsub("\\s+", " ", substring(formulas, 3, nchar(formulas) - 2))
  # pandoc wants no space inside the dollars
  dollars <- ifelse(is_display, "$$", "$")
  input <- tempfile(fileext = ".md")
  writeLines(paste0(dollars, trimws(tex), dollars, "\n"), input, useBytes = TRUE)
  output <- tempfile(fileext = ".html")
  log <- system2(
    "pandoc",
    c("--from=markdown", "--to=html5", "--mathml", "--wrap=none", "-o", output, input),
    stdout = TRUE, stderr = TRUE
  )
  if (length(log) > 0) {
    stop("pandoc cannot convert these formulas:\n", paste(log, collapse = "\n"), call. = FALSE)
  }
  converted <- xml2::xml_find_all(xml2::read_html(output, encoding = "UTF-8"), "//math")
  if (length(converted) != length(formulas)) {
    stop(length(formulas), " formulas became ", length(converted), call. = FALSE)
  }
  mathml <- as.character(converted)
  ifelse(is_display, paste0("<div class=\"display-math\">", mathml, "</div>"), mathml)
}

escape <- function(text) {
  text <- gsub("&", "&amp;", text, fixed = TRUE)
  gsub(">", "&gt;", gsub("<", "&lt;", text, fixed = TRUE), fixed = TRUE)
}

# The text with its formulas replaced, as HTML.
replace_formulas <- function(text, table) {
  where <- gregexpr(formula_pattern, text, perl = TRUE)
  found <- regmatches(text, where)[[1]]
  between <- regmatches(text, where, invert = TRUE)[[1]]
  paste0(c(rbind(escape(between), c(table[found], ""))), collapse = "")
}

# Pages, finished --------------------------------------------------------------------------------

# The first element of a piece of HTML.
element <- function(text) {
  xml2::xml_find_first(xml2::read_html(text, encoding = "UTF-8"), "//body/*")
}

squeeze <- function(text) trimws(gsub("\\s+", " ", text))

page_title <- function(page) squeeze(xml2::xml_text(xml2::xml_find_first(page, "//main//h1")))

describe_pictures <- function(page) {
  xml2::xml_remove(xml2::xml_find_all(page, "//img[contains(@class, 'logo')]"))
  for (picture in xml2::xml_find_all(page, "//span[contains(@class, 'r-plt')]/img")) {
    code <- xml2::xml_find_first(picture, "../preceding-sibling::span[@class='r-in'][1]")
    xml2::xml_set_attr(
      picture, "alt", paste0(page_title(page), ": drawn by ", squeeze(xml2::xml_text(code)))
    )
  }
}

box_tables <- function(page) {
  for (table in xml2::xml_find_all(page, "//main//table")) {
    box <- xml2::xml_add_sibling(table, "div", class = "wide", tabindex = "0", .where = "before")
    xml2::xml_add_child(box, table)
    xml2::xml_remove(table)
  }
}

# Vignettes that are named as files of the repository are articles here.
link_articles <- function(page) {
  links <- xml2::xml_find_all(page, "//a[contains(@href, 'vignettes/')]")
  pattern <- "^(?:[.]{2}/)*vignettes/([a-zA-Z0-9.-]+)[.]Rmd"
  for (link in links) {
    href <- xml2::xml_attr(link, "href")
    xml2::xml_set_attr(link, "href", sub(pattern, "articles/\\1.html", href, perl = TRUE))
  }
}

# "On this page", of the headings that can be linked to.
contents_list <- function(page) {
  headings <- xml2::xml_find_all(page, "//main//h2[@id] | //main//h3[@id]")
  levels <- xml2::xml_name(headings)
  items <- sprintf(
    "<li%s><a href=\"#%s\">%s</a></li>",
    ifelse(levels == "h3", " class=\"deeper\"", ""),
    xml2::xml_attr(headings, "id"), escape(squeeze(xml2::xml_text(headings)))
  )
  list(count = length(items), html = paste0("<ul>", paste0(items, collapse = ""), "</ul>"))
}
add_contents <- function(page) {
  toc <- xml2::xml_find_first(page, "//nav[@id='toc']")
  if (inherits(toc, "xml_missing")) {
    return(invisible())
  }
  contents <- contents_list(page)
  if (contents$count < 2) {
    xml2::xml_remove(xml2::xml_parent(toc))
  } else {
    xml2::xml_add_child(toc, element(contents$html))
  }
}

# Sections for the search: one for the beginning of the page and one for each heading.
page_entries <- function(page, path, names) {
  blocks <- xml2::xml_find_all(page, paste0(
    "//main//*[self::h2 or self::h3 or self::p or self::li or self::dt or self::pre or self::td]"
  ))
  is_heading <- xml2::xml_name(blocks) %in% c("h2", "h3") & !is.na(xml2::xml_attr(blocks, "id"))
  section <- cumsum(is_heading)
  text <- squeeze(xml2::xml_text(blocks))
  lapply(unique(c(0L, section)), function(i) {
    inside <- section == i
    heading <- which(inside & is_heading)
    anchor <- if (length(heading) == 1) paste0("#", xml2::xml_attr(blocks[[heading]], "id"))
    list(
      path = paste0(path, anchor),
      title = page_title(page),
      heading = if (length(heading) == 1) text[heading] else "",
      text = substr(paste(text[inside & !is_heading], collapse = " "), 1, 3000),
      names = if (i == 0L) I(tolower(names)) else I(character())
    )
  })
}

files <- list.files(target, "[.]html$", recursive = TRUE)
pages <- lapply(file.path(target, files), xml2::read_html, encoding = "UTF-8")
names(pages) <- files

texts <- unlist(lapply(pages, function(page) xml2::xml_text(formula_nodes(page))))
formulas <- unique(unlist(regmatches(texts, gregexpr(formula_pattern, texts, perl = TRUE))))
mathml <- stats::setNames(to_mathml(formulas), formulas)

topic_names <- stats::setNames(package$topics$alias, paste0("reference/", package$topics$file_out))
entries <- list()
for (path in files) {
  page <- pages[[path]]
  describe_pictures(page)
  box_tables(page)
  link_articles(page)
  add_contents(page)
  entries <- c(entries, page_entries(page, path, unlist(topic_names[path])))
  for (node in formula_nodes(page)) {
    text <- replace_formulas(xml2::xml_text(node), mathml)
    xml2::xml_replace(node, element(paste0("<span>", text, "</span>")))
  }
  xml2::write_html(page, file.path(target, path), encoding = "UTF-8", options = "no_declaration")
}

json <- jsonlite::toJSON(entries, auto_unbox = TRUE)
writeLines(
  paste0("window.searchIndex = ", json, ";"), file.path(target, "search-index.js"),
  useBytes = TRUE
)
cat(sprintf(
  "%d pages, %d formulas, %d sections to search\n", length(files), length(formulas),
  length(entries)
))
