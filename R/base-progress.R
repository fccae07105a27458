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
    took <- system.time(part <- run(done, now), gcFirst = FALSE)[["elapsed"]]
    parts[[length(parts) + 1L]] <- part
    done <- done + now
    if (took < 0.2) size <- size * if (took < 0.02) 8 else 2
    if (progress) cli::cli_progress_update(set = done, id = bar)
  }
  if (progress) cli::cli_progress_done(id = bar)
  parts
}

# lapply() with a progress bar, in interactive sessions.
lapply_with_progress <- function(x, f, label) {
  parts <- in_pieces(
    function(done, now) lapply(x[done + seq_len(now)], f), length(x), label, interactive(),
    first = 1
  )
  unlist(parts, recursive = FALSE)
}
