# Work in pieces, with a progress bar.

#' Piece by piece, each of about a fifth of a second
#'
#' A bar appears from two seconds on (cli's `cli.progress_show_after`).
#' @param run function of the number of units done and a count: the result for the next ones.
#' @param count number of units.
#' @param label string, in front of the bar.
#' @param progress logical: a bar at all?
#' @param first number of units of the first piece.
#' @return list of the results of the pieces.
#' @noRd
in_pieces <- function(run, count, label, progress, first = 8) {
  parts <- list()
  done <- 0
  size <- first
  bar <- if (progress) cli::cli_progress_bar(label, total = count)
  while (done < count) {
    now <- min(size, count - done)
    # not by system.time(), which writes where it was interrupted
    started <- proc.time()[["elapsed"]]
    parts[[length(parts) + 1L]] <- run(done, now)
    took <- proc.time()[["elapsed"]] - started
    done <- done + now
    if (took < 0.2) size <- size * if (took < 0.02) 8 else 2
    if (progress) cli::cli_progress_update(set = done, id = bar)
  }
  if (progress) cli::cli_progress_done(id = bar)
  parts
}

# Does somebody watch?
shows_progress <- function() interactive()

# lapply() with a progress bar, in interactive sessions.
lapply_with_progress <- function(x, f, label) {
  pieces_of_list(function(x) lapply(x, f), x, label)
}

# As lapply_with_progress(), for `f` that takes a list and gives one as long.
pieces_of_list <- function(f, x, label) {
  parts <- in_pieces(
    function(done, now) f(x[done + seq_len(now)]), length(x), label, shows_progress(),
    first = 1
  )
  unlist(parts, recursive = FALSE)
}

# For work whose number of steps is not known beforehand, in interactive sessions: a function to
# call after each. The bar ends with the function that called this one.
step_progress <- function(label) {
  if (!shows_progress()) return(function() invisible(NULL))
  bar <- cli::cli_progress_bar(label, total = NA, .envir = parent.frame())
  function() cli::cli_progress_update(id = bar)
}
