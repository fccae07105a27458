# Which pieces of data are in a sum: none may be there twice.

# A number for the rows of a frame: equal for equal values in the same order.
piece_identity <- function(frame) rlang::hash(plain_columns(frame))

# Without attributes that depend on where the rows are from.
plain_columns <- function(frame) {
  lapply(unclass(frame)[names(frame)], function(column) {
    if (is.factor(column)) return(list(as.integer(column), levels(column)))
    as.vector(column)
  })
}

# Counts by identity, of pieces that are in a sum (1) or have been taken from it (-1).
count_part <- function(parts, identity, factor = 1) {
  parts[identity] <- factor + if (identity %in% names(parts)) parts[[identity]] else 0
  parts
}

combine_parts <- function(x, y, factor) {
  all <- union(names(x), names(y))
  result <- stats::setNames(numeric(length(all)), all)
  result[names(x)] <- x
  result[names(y)] <- result[names(y)] + factor * y
  result[result != 0]
}

#' Rows of one must not be those of the other
#'
#' The pieces of which they were made are compared by their values, and the sums: those of the same
#' rows in other pieces are equal, to rounding.
#' @param moved list of two sums on the same levels.
#' @noRd
check_distinct <- function(x, y, moved) {
  twice <- intersect(names(which(x$parts > 0)), names(which(y$parts > 0)))
  if (length(twice) == 0L && !are_same_sums(moved[[1L]], moved[[2L]])) return(invisible(NULL))
  what <- if (length(twice) > 0L) {
    "{length(twice)} piece{?s} of data {?is/are} in both: the same
     {.val {names(x$skeleton)[1L]}} and predictors in the same order."
  } else {
    "All sums of one are those of the other."
  }
  abort(c(
    "These cross-products have rows in common, which would count twice.", "x" = what,
    "i" = "If rows are equal by chance: {.code merge(x, y, duplicates = TRUE)}."
  ), kind = "cross_products", variable = "duplicates", observed = twice)
}

are_same_sums <- function(a, b) {
  if (a$n != b$n) return(FALSE)
  numbers <- function(sums) {
    c(list(sums$shift, sums$blocks$dense), lapply(sums$blocks$terms, `[[`, "dense"))
  }
  # more than rounding of sums in another order, less than any row of data makes
  isTRUE(all.equal(numbers(a), numbers(b), tolerance = 1e-9))
}

check_removable <- function(x, y) {
  twice <- names(which(y$parts > 0 & x$parts[names(y$parts)] < 0))
  if (length(twice) > 0L) {
    abort("The rows to take away have been taken away before.",
      kind = "cross_products", variable = "e2", observed = twice
    )
  }
  for (group in names(y$counts)) {
    own <- x$counts[[group]][names(y$counts[[group]])]
    bad <- which(is.na(own) & y$counts[[group]] > 0 | own < y$counts[[group]])
    if (length(bad) == 0L) next
    level <- names(y$counts[[group]])[bad[1L]]
    taken <- y$counts[[group]][[bad[1L]]]
    there <- if (is.na(own[bad[1L]])) 0 else own[bad[1L]]
    abort(c("Rows can be taken away only where they are.",
      "x" = "Of level {.val {level}} of {.var {group}} there are {there}, to take away {taken}."
    ), kind = "cross_products", variable = group, observed = level)
  }
}
