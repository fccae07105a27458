# The parameters that intervals are for: standard deviations and correlations of the random part,
# the residual standard deviation, fixed effects.

#' @return data frame, a row per parameter in the order of theta, sigma, then the fixed effects:
#'   `name` (".sig01", ..., ".sigma", then the coefficients' names), `label`
#'   ("sd_(Intercept)|Subject", "cor_Days.(Intercept)|Subject", "sigma", the same),
#'   `kind` ("sd", "correlation", "sigma", "fixed"), `theta` (its position), `row`, `column`
#'   (within the term), `term` (its position), `coefficient` (its position); NA where
#'   it has none.
#' @noRd
interval_parameters <- function(fit) {
  variances <- variance_parameters(fit$random)
  variances$name <- sprintf(".sig%02d", seq_len(nrow(variances)))
  fixed <- seq_along(fit$beta)
  residual <- residual_labels(fit)
  none <- rep(NA_integer_, length(fixed) + 1L + length(residual))
  others <- data.frame(
    name = c(".sigma", residual, names(fit$beta)), label = c("sigma", residual, names(fit$beta)),
    kind = rep(c("sigma", "residual", "fixed"), c(1L, length(residual), length(fixed))),
    theta = none, row = none, column = none, term = none,
    coefficient = c(NA, rep(NA, length(residual)), fixed)
  )
  table <- rbind(variances[names(others)], others)
  rownames(table) <- NULL
  table
}

# The rows of the table that `parm` asks for: numbers, names of either kind, "theta_" for the
# random part with sigma, "beta_" for the fixed effects.
chosen_parameters <- function(table, parm, call = entry_frame()) {
  if (is.null(parm)) return(seq_len(nrow(table)))
  if (is.character(parm)) {
    if (identical(parm, "theta_")) return(which(table$kind != "fixed"))
    if (identical(parm, "beta_")) return(which(table$kind == "fixed"))
    at <- ifelse(parm %in% table$name, match(parm, table$name), match(parm, table$label))
  } else if (is.logical(parm) && length(parm) == nrow(table) && !anyNA(parm)) {
    at <- which(parm)
  } else if (is.numeric(parm)) {
    at <- seq_len(nrow(table))[parm]
  } else {
    at <- NA
  }
  if (anyNA(at) || length(at) == 0L) abort_parameter(parm, at, table, call)
  at
}

abort_parameter <- function(parm, at, table, call) {
  wrong <- if (length(parm) == length(at)) parm[is.na(at)] else parm
  known <- if (is.character(parm)) nearest_name(as.character(wrong)[1L], c(table$name, table$label))
  abort(c(
    "There is no parameter {.val {wrong}}.",
    "i" = "They are {.val {table$name}}, or {.val {table$label[table$kind != 'fixed']}}.",
    "i" = if (!is.null(known)) "Did you mean {.val {known}}?"
  ), kind = "argument", variable = "parm", observed = parm, call = call)
}

# What the data do not determine has no interval: logical, a value per row of the table.
is_without_interval <- function(fit, table) {
  if (is.null(fit$undetermined)) return(rep(FALSE, nrow(table)))
  unknown <- undetermined_parameters(fit)
  moving <- undetermined_contrasts(fit, diag(length(fit$beta)))
  vapply(seq_len(nrow(table)), function(i) {
    switch(table$kind[i],
      sigma = is_sigma_undetermined(fit),
      fixed = moving[table$coefficient[i]],
      unknown[table$theta[i]] || is_sigma_undetermined(fit)
    )
  }, TRUE)
}

#' Values of all parameters of many fits
#'
#' @param theta,beta a row for each fit; `sigma` a value for each.
#' @return matrix, a column for each row of the table.
#' @noRd
parameter_values <- function(fit, table, theta, sigma, beta) {
  values <- matrix(NA_real_, nrow(theta), nrow(table))
  values[, table$kind == "sigma"] <- sigma
  values[, table$kind == "fixed"] <- beta
  for (i in which(table$kind %in% c("sd", "correlation", "loading"))) {
    term <- fit$random[[table$term[i]]]
    own <- theta[, term$theta_index, drop = FALSE]
    if (!has_entries(term$structure)) {
      value <- theta[, table$theta[i]]
      values[, i] <- if (table$kind[i] == "correlation") value else value * sigma
      next
    }
    at <- lambda_entries(term)
    row <- lambda_row(own, at, table$row[i])
    length <- sqrt(rowSums(row^2))
    if (table$kind[i] == "sd") {
      values[, i] <- length * sigma
    } else {
      other <- lambda_row(own, at, table$column[i])
      values[, i] <- rowSums(row * other) / (length * sqrt(rowSums(other^2)))
    }
  }
  values
}

# One row of Lambda for each fit.
lambda_row <- function(theta, at, row) {
  result <- matrix(0, nrow(theta), max(at$column))
  own <- which(at$row == row)
  result[, at$column[own]] <- theta[, own]
  result
}
