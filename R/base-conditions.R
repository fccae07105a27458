# Errors, warnings and messages of the package.
#
# Every condition carries the classes `henderson_<level>_<kind>` and `henderson_<level>` and the
# fields `variable` (what is at fault) and `observed` (what was found), so that tests and callers
# need not read the text. Kinds: see design/internal-objects.md. Text is formatted by cli, and
# only when a condition is raised: nothing here costs time in a successful call.

#' Raise an error of the package
#'
#' @param message character vector of cli bullets; values in braces are looked up in the frame of
#'   the function that calls `abort()`.
#' @param kind string, e.g. `"formula"`; see design/internal-objects.md.
#' @param variable string or character vector: the variable or argument at fault; NULL if none.
#' @param observed what was found; any small object.
#' @param call call or frame shown as the origin: by default the function the user called.
#' @param envir environment in which `message` is interpolated.
#' @return does not return.
#' @noRd
abort <- function(message, kind, variable = NULL, observed = NULL, call = entry_frame(),
                  envir = parent.frame()) {
  cli::cli_abort(message,
    class = condition_classes("error", kind), variable = variable, observed = observed,
    call = call, .envir = envir, trace = no_trace()
  )
}

# A backtrace of rlang would show the package's internal calls below the message.
no_trace <- function() rlang::trace_back()[0L, ]

#' Raise a warning of the package; arguments as `abort()`
#' @noRd
warn <- function(message, kind, variable = NULL, observed = NULL, call = entry_frame(),
                 envir = parent.frame()) {
  cli::cli_warn(message,
    class = condition_classes("warning", kind), variable = variable, observed = observed,
    call = call, .envir = envir
  )
}

#' Emit a message of the package; arguments as `abort()`
#'
#' A message is no exception (one fit in three of a simulation may be singular), and cli takes 5 ms
#' to format one, several times a small fit: text without braces does without it.
#' @noRd
inform <- function(message, kind, variable = NULL, observed = NULL, envir = parent.frame()) {
  lines <- if (any(grepl("{", message, fixed = TRUE))) {
    cli::format_message(message, .envir = envir)
  } else {
    rlang::format_error_bullets(message)
  }
  condition <- list(
    message = paste0(paste(lines, collapse = "\n"), "\n"), call = NULL,
    variable = variable, observed = observed
  )
  message(structure(condition,
    class = c(condition_classes("message", kind), "message", "condition")
  ))
}

#' Raise a condition at the level that a `check_*` entry of `lmm_control()` asks for
#'
#' @param level "stop", "warning", "message" or "ignore".
#' @param ... passed to `abort()`, `warn()` or `inform()`.
#' @noRd
report <- function(level, message, kind, ..., call = entry_frame(), envir = parent.frame()) {
  switch(level,
    stop = abort(message, kind, ..., call = call, envir = envir),
    warning = warn(message, kind, ..., call = call, envir = envir),
    message = inform(message, kind, ..., envir = envir),
    ignore = NULL
  )
  invisible(NULL)
}

#' @noRd
condition_classes <- function(level, kind) {
  c(paste0("henderson_", level, "_", kind), paste0("henderson_", level))
}

#' Frame of the outermost function of this package on the call stack
#'
#' The user sees "Error in `lmm()`", not the name of a helper, without every helper passing a call.
#' @return environment (a frame), which rlang accepts as `call`.
#' @noRd
entry_frame <- function() {
  home <- topenv(environment(entry_frame))
  for (i in seq_len(sys.nframe())) {
    if (identical(topenv(environment(sys.function(i))), home)) {
      return(sys.frame(i))
    }
  }
  NULL
}
