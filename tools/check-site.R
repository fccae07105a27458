# Checks the web site that tools/build-site.sh has built.
#
#   Rscript tools/check-site.R <folder of the site> [<folder for screenshots>]
#
# By reading it: every link within the site leads to a page and an anchor that exist, every picture
# exists and has a description, no formula is left in TeX, nothing is loaded from elsewhere. By
# opening it in headless Chromium (tools/check-site.js): every page loads, without an error on the
# console; pictures have a size; at the width of a phone nothing scrolls sideways but code, tables
# and formulas in their boxes, and no text is too small; light and dark have contrast; the search
# finds, and the choice of colours lasts. Prints page and fault; exits with 1 if there is one, with
# 77 if there is no Chromium. With a second folder, leaves pictures of some pages there.

arguments <- commandArgs(trailingOnly = TRUE)
site <- normalizePath(arguments[1])
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
tools_folder <- dirname(normalizePath(script))
files <- list.files(site, "[.]html$", recursive = TRUE)
pages <- lapply(file.path(site, files), xml2::read_html, encoding = "UTF-8")
names(pages) <- files
attributes_of <- function(page, path, name) xml2::xml_attr(xml2::xml_find_all(page, path), name)

# By reading -------------------------------------------------------------------------------------

anchors <- lapply(pages, attributes_of, "//*[@id]", "id")

# "../reference/lmm.html" seen from "articles/x.html" -> "reference/lmm.html"
resolve <- function(link, from) {
  parts <- strsplit(file.path(dirname(from), link), "/", fixed = TRUE)[[1]]
  kept <- character()
  for (part in parts) {
    if (part == "..") {
      kept <- utils::head(kept, -1)
    } else if (part != ".") {
      kept <- c(kept, part)
    }
  }
  paste(kept, collapse = "/")
}
is_elsewhere <- function(link) grepl("^(https?:|mailto:|data:|//)", link)

check_links <- function(page, from) {
  links <- unique(attributes_of(page, "//a[@href]", "href"))
  faults <- character()
  for (link in links[!is_elsewhere(links)]) {
    file <- sub("#.*", "", link)
    anchor <- if (file == link) "" else utils::URLdecode(sub("^[^#]*#", "", link))
    to <- if (nzchar(file)) resolve(file, from) else from
    if (!file.exists(file.path(site, to)) || dir.exists(file.path(site, to))) {
      faults <- c(faults, sprintf("%s: link to %s, which is no file", from, link))
    } else if (nzchar(anchor) && !anchor %in% anchors[[to]]) {
      faults <- c(faults, sprintf("%s: link to %s, where there is no such anchor", from, link))
    }
  }
  faults
}
check_pictures <- function(page, from) {
  pictures <- xml2::xml_find_all(page, "//img")
  src <- xml2::xml_attr(pictures, "src")
  alt <- xml2::xml_attr(pictures, "alt", default = "")
  missing <- !file.exists(file.path(site, vapply(src, resolve, "", from = from)))
  c(
    sprintf("%s: picture %s does not exist", from, src[missing]),
    sprintf(
      "%s: picture %s has no alternative text (fig.alt of its chunk)", from,
      src[!nzchar(trimws(alt))]
    )
  )
}
check_sources <- function(page, from) {
  loaded <- c(
    attributes_of(page, "//*[@src]", "src"), attributes_of(page, "//link[@href]", "href")
  )
  elsewhere <- loaded[grepl("^(https?:)?//", loaded)]
  sprintf("%s: loads %s", from, elsewhere)
}
check_formulas <- function(page, from) {
  left <- xml2::xml_find_all(page, paste0(
    "//main//text()[contains(., '\\(') and contains(., '\\)') and ",
    "not(ancestor::pre or ancestor::code or ancestor::math)]"
  ))
  sprintf("%s: formula left as TeX: %s", from, substr(xml2::xml_text(left), 1, 60))
}
checks <- list(check_links, check_pictures, check_sources, check_formulas)
faults <- unlist(lapply(files, function(from) lapply(checks, function(f) f(pages[[from]], from))))

# By opening -------------------------------------------------------------------------------------

chromium <- Filter(nzchar, Sys.which(c("chromium", "chromium-browser", "google-chrome")))
if (length(chromium) == 0) {
  writeLines(faults)
  cat("Chromium is not installed\n")
  quit(status = if (length(faults) > 0) 1L else 77L)
}
work <- tempfile("site")
dir.create(work)
base <- paste0("file://", utils::URLencode(site), "/")
harness <- file.path(work, "check.html")
writeLines(c(
  "<!DOCTYPE html><meta charset=\"utf-8\"><link rel=\"icon\" href=\"data:,\">",
  "<iframe height=\"900\"></iframe><pre id=\"findings\"></pre><p id=\"end\"></p>",
  sprintf(
    "<script>const base = %s; const pages = %s;</script>",
    jsonlite::toJSON(base, auto_unbox = TRUE), jsonlite::toJSON(files)
  ),
  sprintf("<script src=\"file://%s/check-site.js\"></script>", utils::URLencode(tools_folder))
), harness, useBytes = TRUE)

# Root may not use Chromium's sandbox; what it opens is our own.
browse <- function(options, url, log) {
  system2(chromium[[1]], shQuote(c(
    "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--no-first-run",
    paste0("--user-data-dir=", file.path(work, "profile")), options, url
  )), stdout = TRUE, stderr = log)
}
log <- file.path(work, "chromium.log")
dom <- browse(
  c(
    "--allow-file-access-from-files", "--enable-logging=stderr", "--v=0",
    "--virtual-time-budget=600000", "--dump-dom"
  ),
  paste0("file://", harness), log
)
result <- xml2::read_html(paste(dom, collapse = "\n"), encoding = "UTF-8")
text_of <- function(id) xml2::xml_text(xml2::xml_find_first(result, sprintf("//*[@id='%s']", id)))
if (length(dom) == 0 || !identical(text_of("end"), "end")) {
  writeLines(utils::tail(readLines(log, warn = FALSE), 30))
  faults <- c(faults, "Chromium did not go through all pages")
} else {
  faults <- c(faults, Filter(nzchar, strsplit(text_of("findings"), "\n", fixed = TRUE)[[1]]))
}
console <- grep("CONSOLE", readLines(log, warn = FALSE), value = TRUE)
faults <- c(faults, unique(sprintf("console: %s", sub("^.*CONSOLE[^]]*\\] *", "", console))))

# Desk and phone, light and dark. Chromium has no window of less than 500 px.
take_screenshot <- function(page, folder, size, dark) {
  name <- paste0(
    sub("[.]html$", "", gsub("/", "-", page)), "-", sub(",.*", "", size), if (dark) "-dark", ".png"
  )
  browse(
    c(
      paste0("--window-size=", size), if (dark) "--blink-settings=preferredColorScheme=0",
      paste0("--screenshot=", file.path(folder, name))
    ),
    paste0(base, page), FALSE
  )
}
if (length(arguments) > 1) {
  dir.create(arguments[2], recursive = TRUE, showWarnings = FALSE)
  shown <- c(
    "index.html", "reference/index.html", "reference/lmm.html", "articles/sleepstudy.html",
    "articles/algorithm.html", "news/index.html"
  )
  shots <- expand.grid(page = shown, size = c("1280,1600", "500,1400"), dark = c(FALSE, TRUE))
  for (i in seq_len(nrow(shots))) {
    take_screenshot(
      as.character(shots$page[i]), normalizePath(arguments[2]), as.character(shots$size[i]),
      shots$dark[i]
    )
  }
}

writeLines(faults)
cat(sprintf("%d pages, %d faults\n", length(files), length(faults)))
quit(status = as.integer(length(faults) > 0))
