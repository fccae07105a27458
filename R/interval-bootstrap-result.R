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
    bootstrap_title(x), text_table(cells, "right"), bootstrap_counts(x)
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

#' @param parm Numbers or names of the statistics; all of them when missing.
#' @param level One number between 0 and 1: the confidence level.
#' @param boot.type One string. `"perc"`: quantiles of the replicates. `"basic"`: these reflected
#'   about the estimate. `"norm"`: normal, with the replicates' standard deviation, less their bias.
#' @rdname bootstrap
#' @export
confint.henderson_bootstrap <- function(object, parm = NULL, level = 0.95,
                                        boot.type = c("perc", "basic", "norm"), ...) {
  check_no_dots(...)
  check_level(level)
  boot.type <- check_choice(boot.type, c("perc", "basic", "norm"))
  at <- if (is.null(parm)) seq_along(object$t0) else chosen_statistics(object, parm)
  limits <- vapply(at, function(i) {
    replicate_limits(object$t0[[i]], object$t[, i], level, boot.type)
  }, numeric(2L))
  limit_matrix(limits, names(object$t0)[at], level)
}

chosen_statistics <- function(object, parm) {
  at <- stats::setNames(seq_along(object$t0), names(object$t0))[parm]
  if (anyNA(at)) {
    abort("There is no statistic {.val {parm[is.na(at)]}}. They are {.val {names(object$t0)}}.",
      kind = "argument", variable = "parm", observed = parm
    )
  }
  unname(at)
}

# Quantiles as boot::boot.ci() interpolates them, on the normal scale between order statistics.
replicate_limits <- function(estimate, values, level, boot.type) {
  values <- values[is.finite(values)]
  sides <- c((1 - level) / 2, (1 + level) / 2)
  if (length(values) < 2L) return(c(NA_real_, NA_real_))
  if (boot.type == "norm") {
    return(2 * estimate - mean(values) + stats::qnorm(sides) * stats::sd(values))
  }
  if (boot.type == "perc") return(order_quantiles(values, sides))
  2 * estimate - rev(order_quantiles(values, sides))
}

order_quantiles <- function(values, probabilities) {
  sorted <- sort(values)
  count <- length(sorted)
  position <- (count + 1) * probabilities
  vapply(seq_along(probabilities), function(i) {
    k <- trunc(position[i])
    if (k < 1) return(sorted[1L])
    if (k >= count) return(sorted[count])
    z <- stats::qnorm(c(probabilities[i], k / (count + 1), (k + 1) / (count + 1)))
    sorted[k] + (z[1L] - z[2L]) / (z[3L] - z[2L]) * (sorted[k + 1L] - sorted[k])
  }, 0)
}
