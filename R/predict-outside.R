# Variables that a fit took from outside its data, for predictions of rows that it knows.

# `newdata` with the variables that the formula has beside the fit's data, which lm() takes from
# where the formula was made, too: for the rows of the fit only, and as they were at the fit. For
# other rows nothing says which of the values is meant.
with_outside_variables <- function(fit, newdata) {
  inside <- attr(fit$frame, "data_names")
  if (!is.data.frame(newdata) || is.null(inside)) return(newdata)
  terms <- stats::delete.response(fit$terms)
  needed <- c(
    intersect(all.vars(attr(terms, "variables")), attr(terms, "data_variables")),
    all.vars(fit$call$offset)
  )
  outside <- setdiff(needed, c(names(newdata), inside))
  rows <- if (length(outside) > 0L) rows_of_fit(fit, newdata)
  if (is.null(rows)) return(newdata)
  values <- lapply(stats::setNames(nm = outside), get0, envir = environment(fit$parsed$formula))
  values <- values[vapply(values, NROW, 0L) == nrow(newdata)]
  outside <- names(values)
  given <- frame_as_given(fit)
  columns <- stats::setNames(frame_expressions(fit$frame), variable_names(attr(fit$frame, "terms")))
  columns[["(offset)"]] <- fit$call$offset
  filled <- newdata
  filled[outside] <- values
  # but the response
  for (name in names(columns)[-1L]) {
    if (!any(all.vars(columns[[name]]) %in% outside)) next
    now <- tryCatch(eval(columns[[name]], filled, environment(fit$terms)), error = function(e) NULL)
    if (!same_values(given[[name]], take_rows(now, rows))) abort_outside(name, outside)
  }
  filled
}

take_rows <- function(x, rows) if (is.null(dim(x))) x[rows] else x[rows, , drop = FALSE]

# Which rows of `newdata` are those of the fit, in their order; NULL if they are not known to be.
rows_of_fit <- function(fit, newdata) {
  omitted <- fit$na.action
  if (!is.null(fit$call$subset) || nrow(newdata) != length(fit$fitted) + length(omitted)) {
    return(NULL)
  }
  rows <- setdiff(seq_len(nrow(newdata)), omitted)
  if (same_rows(frame_as_given(fit), newdata[rows, , drop = FALSE])) rows
}

abort_outside <- function(name, outside) {
  name <- utf8_names(name)
  outside <- utf8_names(outside)
  abort(c(
    "{.var {name}} was made of {.var {outside}}, which {?is/are} not in {.arg newdata}.",
    "x" = "What is there by now does not give what it gave for the fit.",
    "i" = "Put {.var {outside}} into {.arg newdata}."
  ), kind = "newdata", variable = outside[1L], observed = outside)
}
