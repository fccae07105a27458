# Checks that the files of R/ keep to their order:
#
#   1. each file has a prefix of the list below, and its functions call none of a later prefix
#   2. no file calls, through others, itself
#   3. a covariance structure is named in R/covariance-structure*.R and R/covariance-residual.R only
#   4. what the core is told of a structure is read by name, not by position
#   5. each file has its tests, tests/testthat/test-<file>.R
#   6. no name is defined twice: the later definition would take the place of the first
#
#   Rscript tools/check-r-layers.R [package folder, default: the one this file is in]
#
# It reads the sources only. A call is the use of a name that another file defines, also as a
# value (`lapply(x, name)`); local variables of the same name do not count, methods that are found
# by their class are not seen. The exit code is 0 only if nothing is wrong.

# in calling order; why it is this one: design/decisions.md
prefixes <- c(
  "base", "covariance", "formula", "data", "fit", "model", "refit", "fixed", "random", "predict",
  "interval", "influence", "print", "report", "interop"
)
structure_files <- "^covariance-(structure.*|residual)[.]R$"
structure_table <- "covariance_structures"
# without a function of their own
untested <- c("RcppExports.R", "base-package.R", "base-reexports.R")

# Top-level definitions of a file: list(`name`, `value` (unevaluated), `file`).
definitions_of <- function(file) {
  assignments <- Filter(
    function(expression) {
      is.call(expression) && as.character(expression[[1]])[1] %in% c("<-", "=")
    },
    as.list(parse(file, keep.source = FALSE))
  )
  lapply(assignments, function(assignment) {
    list(name = as.character(assignment[[2]]), value = assignment[[3]], file = basename(file))
  })
}

# Names that the value of a definition takes from elsewhere.
free_names <- function(value) {
  as_function <- eval(call("function", NULL, value))
  codetools::findGlobals(as_function, merge = TRUE)
}

# One row for each pair of functions of different files, the first of which calls the second.
calls_between_files <- function(definitions) {
  file_of <- vapply(definitions, `[[`, "", "file")
  names(file_of) <- vapply(definitions, `[[`, "", "name")
  calls <- lapply(definitions, function(definition) {
    called <- intersect(free_names(definition$value), names(file_of))
    called <- called[file_of[called] != definition$file]
    data.frame(
      from = rep(definition$name, length(called)), file = rep(definition$file, length(called)),
      to = called, to_file = unname(file_of[called])
    )
  })
  do.call(rbind, calls)
}

layer_of <- function(file) {
  layer <- match(sub("-.*", "", file), prefixes)
  # its name is Rcpp's
  ifelse(file == "RcppExports.R", 1L, layer)
}

unknown_prefixes <- function(files) {
  lost <- files[is.na(layer_of(files))]
  sprintf("R/%s: no prefix of %s", lost, toString(paste0(prefixes, "-")))
}

is_upward <- function(calls) {
  layers <- cbind(layer_of(calls$file), layer_of(calls$to_file))
  !is.na(rowSums(layers)) & layers[, 1] < layers[, 2]
}

upward_calls <- function(calls) {
  upwards <- calls[is_upward(calls), ]
  sprintf(
    "R/%s: %s() calls %s() of the later R/%s", upwards$file, upwards$from, upwards$to,
    upwards$to_file
  )
}

# Files that are part of a cycle: taking away, again and again, files that call none or are called
# by none of the rest leaves these and what lies between two cycles.
cyclic_files <- function(calls) {
  repeat {
    both <- calls$file %in% calls$to_file & calls$to_file %in% calls$file
    if (all(both)) {
      return(sort(unique(calls$file)))
    }
    calls <- calls[both, ]
  }
}

# Cycles within a group: all others have a call upwards, which is told of by itself.
cycles <- function(calls) {
  calls <- calls[!is_upward(calls), ]
  cyclic <- cyclic_files(calls)
  inside <- calls[calls$file %in% cyclic & calls$to_file %in% cyclic, ]
  inside <- inside[!duplicated(inside[c("file", "to_file")]), ]
  sprintf(
    "R/%s: in a cycle of files, calls R/%s (for one, %s() calls %s())", inside$file,
    inside$to_file, inside$from, inside$to
  )
}

# The table's names.
structure_names <- function(definitions) {
  table <- Filter(function(definition) definition$name == structure_table, definitions)
  stopifnot("no table of structures" = length(table) == 1)
  # rows of list(name = ), and functions that make rows of a name
  parts <- as.list(table[[1]]$value)[-1]
  # `exp` is a function of R as well
  setdiff(unlist(lapply(parts, function(part) {
    if (identical(part[[1]], quote(list))) return(names(part)[-1])
    if (is.character(part[[2]])) part[[2]] else part[[2]][[2]]
  })), "exp")
}

# Strings that are a name, or hold one as a call.
named_structures <- function(path, names) {
  data <- utils::getParseData(parse(path, keep.source = TRUE))
  either <- paste(names, collapse = "|")
  pattern <- sprintf("^['\"](%s)['\"]$|(^|[^A-Za-z0-9._])(%s)[(]", either, either)
  found <- data[data$token == "STR_CONST" & grepl(pattern, data$text), ]
  sprintf("R/%s:%d: names the structure %s", basename(path), found$line1, found$text)
}

# `spec[[1]]`, `structures[2, ]`, `term$spec[1]`.
positions_in_specs <- function(path) {
  found <- character()
  object_name <- function(object) {
    if (is.call(object) && identical(object[[1]], quote(`$`))) object <- object[[3]]
    if (is.name(object)) as.character(object) else ""
  }
  walk <- function(expression) {
    if (!is.call(expression)) {
      return()
    }
    if (any(as.character(expression[[1]]) %in% c("[", "[["))) {
      by_number <- any(vapply(as.list(expression)[-(1:2)], is.numeric, NA))
      if (by_number && object_name(expression[[2]]) %in% c("spec", "specs", "structures")) {
        found <<- c(found, deparse(expression)[1])
      }
    }
    for (part in as.list(expression)) if (!missing(part)) walk(part)
  }
  for (expression in as.list(parse(path, keep.source = FALSE))) walk(expression)
  sprintf("R/%s: %s reads a structure by position", basename(path), found)
}

without_tests <- function(files, folder) {
  lost <- files[!file.exists(file.path(folder, paste0("test-", files)))]
  sprintf("R/%s: no tests/testthat/test-%s", lost, lost)
}

defined_twice <- function(definitions) {
  names <- vapply(definitions, `[[`, "", "name")
  files <- vapply(definitions, `[[`, "", "file")
  twice <- unique(names[duplicated(names)])
  vapply(twice, function(name) {
    paste0(name, "() is defined more than once: R/", toString(files[names == name]))
  }, "")
}

script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
arguments <- commandArgs(trailingOnly = TRUE)
root <- if (length(arguments)) arguments[1] else dirname(dirname(script))
paths <- list.files(file.path(root, "R"), "[.]R$", full.names = TRUE)
definitions <- unlist(lapply(paths, definitions_of), recursive = FALSE)
calls <- calls_between_files(definitions)
elsewhere <- paths[!grepl(structure_files, basename(paths))]
problems <- c(
  unknown_prefixes(basename(paths)),
  upward_calls(calls),
  cycles(calls),
  unlist(lapply(elsewhere, named_structures, structure_names(definitions))),
  unlist(lapply(elsewhere, positions_in_specs)),
  defined_twice(definitions),
  without_tests(setdiff(basename(paths), untested), file.path(root, "tests", "testthat"))
)
writeLines(problems)
if (length(problems)) quit(status = 1)
cat("check-r-layers: ", length(paths), " files, ", nrow(calls), " calls between files\n", sep = "")
