# Work on pieces of data that can go on after the process was killed: what has been added up so far
# is saved after each piece. The core's parts are saved as they are, so that the sums of work that
# was interrupted are those of work that was not, to the last bit.

resumed_fields <- c(
  "factors", "complete", "weighted", "declared", "types", "large", "witnesses", "seen", "levels",
  "counts", "labels", "cells", "skeleton", "columns", "surprise", "shown", "basis", "sizes",
  "parts", "pieces", "rows", "omitted", "begun", "min_count"
)

#' Take up what a file has, if there is one
#'
#' @param file NULL, or the path; it is of the same model and source.
#' @noRd
resume_summation <- function(state, source, file) {
  if (is.null(file)) return(invisible(NULL))
  check_resumable(source, file)
  state$key <- summation_key(state, source)
  if (!file.exists(file)) return(invisible(NULL))
  saved <- tryCatch(suppressWarnings(readRDS(file)), error = function(e) NULL)
  if (!is.list(saved) || !identical(saved$format, "henderson summation 1")) {
    abort(c("{.file {file}} holds no state of {.fn cross_products}.",
      "i" = "Delete it, or give another file as {.arg resume}."
    ), kind = "data", variable = "resume", observed = file)
  }
  if (!identical(saved$key, state$key)) {
    abort(c(
      "{.file {file}} holds the state of other work: the formula, an argument or the source
       differ.",
      "i" = "Delete it, or give another file as {.arg resume}."
    ), kind = "data", variable = "resume", observed = file)
  }
  for (name in names(saved$fields)) state[[name]] <- saved$fields[[name]]
  state$builder <- builder_cpp(saved$sums)
  state$counter <- if (!is.null(state$min_count)) builder_cpp(saved$cell_sums)
  state$frame_attributes <- relocated(saved$frame_attributes, environment(state$parsed$formula))
  state$skip <- saved$fields$pieces
  state$last <- saved$last
}

check_resumable <- function(source, file) {
  if (!is.character(file) || length(file) != 1L || is.na(file)) {
    given <- describe_value(file)
    abort("{.arg resume} must be the path of a file, not {given}.",
      kind = "argument", variable = "resume", observed = file
    )
  }
  if (!isFALSE(source$ordered)) return(invisible(NULL))
  abort(c(
    "The rows of a query without {.code ORDER BY} come in any order: work on them cannot be
     resumed.",
    "i" = "Give a {.arg query} with {.code ORDER BY} a column that is unique."
  ), kind = "argument", variable = "resume", observed = source$label)
}

# What must be the same: given as text, as environments are not.
summation_key <- function(state, source) {
  given <- as.list(state$call)[c("subset", "weights", "na.action", "offset")]
  rlang::hash(list(
    expression_text(state$parsed$formula), lapply(given, deparse), state$contrasts, state$min_count,
    source$label, source$size, relationships_of(state$parsed$random)
  ))
}

#' Save after a piece, unless saving takes more than a tenth of the time
#' @noRd
save_summation <- function(state, file, piece) {
  now <- proc.time()[["elapsed"]]
  last <- state$saved %||% c(at = -Inf, took = 0)
  if (now - last[["at"]] < 10 * last[["took"]]) return(invisible(NULL))
  fields <- mget(resumed_fields, envir = state, ifnotfound = list(NULL))
  fields$skeleton <- lapply(fields$skeleton, function(frame) {
    attributes(frame) <- attributes(frame)[c("names", "class", "row.names")]
    frame
  })
  write_whole(file, function(path) {
    saveRDS(list(
      format = "henderson summation 1", key = state$key, fields = fields,
      sums = builder_parts_cpp(state$builder),
      cell_sums = if (!is.null(state$counter)) builder_parts_cpp(state$counter),
      frame_attributes = relocated(state$frame_attributes, emptyenv()),
      last = rlang::hash(plain_columns(piece))
    ), path, compress = FALSE)
  })
  state$saved <- c(at = proc.time()[["elapsed"]], took = proc.time()[["elapsed"]] - now)
}

# Terms with another environment: that of a formula may hold the data, and would be saved with them.
relocated <- function(attributes, env) {
  for (name in intersect(c("terms", "fixed_terms"), names(attributes))) {
    attr(attributes[[name]], ".Environment") <- env
  }
  attributes
}

end_resumption <- function(file) if (!is.null(file)) unlink(file)

#' A file is there as a whole, or not at all
#'
#' It is written under another name, read again and only then renamed.
#' @param write function of a path.
#' @param warnings logical: is a warning a failure?
#' @noRd
write_whole <- function(file, write, warnings = TRUE) {
  refuse <- function(reason) {
    abort(c("{.file {file}} could not be written.", "x" = "{reason}",
      "i" = "Is the folder there, and is there room on the disk?"
    ), kind = "data", variable = "file", observed = file)
  }
  # it would be replaced
  folder <- normalizePath(dirname(file), "/", FALSE)
  if (dir.exists(file) || grepl("^/(dev|proc|sys)(/|$)", folder)) {
    refuse("It is a folder or a device.")
  }
  path <- paste0(file, ".", Sys.getpid(), ".part")
  on.exit(unlink(path))
  complaint <- NULL
  reason <- tryCatch(
    withCallingHandlers(
      {
        write(path)
        NULL
      },
      warning = function(w) {
        if (!warnings) return()
        complaint <<- conditionMessage(w)
        invokeRestart("muffleWarning")
      }
    ),
    error = function(e) if (inherits(e, "henderson_error")) e else conditionMessage(e)
  )
  if (inherits(reason, "condition")) rlang::cnd_signal(reason)
  reason <- reason %||% complaint
  if (!is.null(reason)) refuse(reason)
  if (!file.rename(path, file)) refuse("It could not be given its name.")
  invisible(file)
}
