# The result of bootstrap(): printing, data frame, intervals.

#' @param x,object A result of `bootstrap()`.
#' @param row.names,optional Not used.
#' @rdname bootstrap
#' @export
as.data.frame.henderson_bootstrap <- function(x, row.names = NULL, optional = FALSE, ...) {
  check_no_dots(...)
  as.data.frame(x$t, optional = TRUE)
}

#' @param digits One whole number: significant digits.
#' @rdname bootstrap
#' @export
print.henderson_bootstrap <- function(x, digits = max(3L, getOption("digits") - 3L), ...) {
  check_print_dots(...)
  check_digits(digits)
  mean <- colMeans(x$t, na.rm = TRUE)
  error <- apply(x$t, 2L, stats::sd, na.rm = TRUE)
  cells <- cbind(
    Estimate = format(x$t0, digits = digits), Bias = format(mean - x$t0, digits = digits),
    `Std. Error` = format(error, digits = digits)
  )
  rownames(cells) <- names(x$t0)
  write_lines(c(
    bootstrap_title(x), text_table(cells, "right"), bootstrap_counts(x), bootstrap_notes(x)
  ))
  invisible(x)
}

bootstrap_title <- function(x) {
  name <- switch(x$type,
    parametric = "Parametric", residual = "Residual", wild = "Wild cluster", case = "Case"
  )
  paste0(name, " bootstrap, ", x$R, " replicates, seed ", x$seed)
}

bootstrap_counts <- function(x) {
  counts <- c(
    singular = x$singular, `without a certain minimum` = x$uncertain, failed = x$failures$count
  )
  counts <- counts[counts > 0]
  if (length(counts) == 0L) return(NULL)
  c(
    fold_text(paste0("Of the replicates: ", and_list(paste(counts, names(counts))), ".")),
    if (x$failures$count > 0L) fold_text(paste0("First message: ", x$failures$messages[1L]))
  )
}

bootstrap_notes <- function(x) {
  c(
    if (any(x$statistic$unmoved)) {
      fold_text(paste0("Note: ", x$statistic$unmoved_words, "."))
    },
    if (x$R > 0L && x$failures$count == x$R) fold_text("Note: all replicates failed.")
  )
}

signs_words <- paste(
  "signs of whole groups leave the products of residuals as they are, of which variances are",
  "estimated: a wild bootstrap is for fixed effects"
)

held_words <- "what the constraints hold is the same in all replicates"
