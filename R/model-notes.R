# What a reader must know before using the numbers of a fit, said by its prints and its tables.

convergence_note <- function(fit) {
  if (isFALSE(fit$optimization$converged)) {
    paste0("not converged: ", convergence_problem(fit$optimization, fit$control)$reason)
  }
}

# Notes below a print: character vector, one element for each note.
fit_notes <- function(fit) {
  notes <- character(0L)
  omitted <- if (is.null(fit$summed)) length(fit$na.action) else fit$summed$omitted
  if (omitted > 0L) {
    notes <- paste(omitted, ngettext(omitted, "row", "rows"), "with missing values left out")
  }
  if (length(fit$dropped) > 0L) {
    notes <- c(notes, paste0(
      "the fixed-effects matrix does not have full rank: ", length(fit$dropped), " of ",
      length(fit$all_columns), " columns dropped (", list_some(fit$dropped), ")"
    ))
  }
  if (is_singular(fit)) {
    notes <- c(notes, "singular fit: a covariance matrix of the random effects is not of full rank")
  }
  c(
    notes, rounding_note(fit), constraint_notes(fit), undetermined_notes(fit), convergence_note(fit)
  )
}

# Of sums that have cancelled; ten digits are more than estimates have by the search.
rounding_note <- function(fit) {
  if (!isTRUE(fit$sums_cancelled) || fit$rounding <= 1e-10) return(NULL)
  digits <- max(0, floor(-log10(fit$rounding)))
  paste0(
    "the sums have cancelled: sigma^2 and R^2 have ", digits, ngettext(digits, " digit", " digits")
  )
}

# What a reader of a table of tests must know.
undetermined_test_note <- function(fit) {
  if (is.null(fit$undetermined)) return(NULL)
  paste0(undetermined_notes(fit), "; what depends on it is NA")
}
