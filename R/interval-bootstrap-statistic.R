# What a bootstrap computes of each replicate.

#' The statistic of a bootstrap
#'
#' @param statistic as `bootstrap()` takes it.
#' @param rows list(`x`, `terms`, `labels`, `center`, `estimable`) from `predicted_rows()`, for
#'   predictions.
#' @param seed of what a function draws.
#' @param type of the bootstrap.
#' @return list(`name`, `t0` (named), `variance` (estimated, of `t0`; NULL if there are none),
#'   `wishes` (list(`variances`, `predicted`), what the core is asked for), `of_core` (function of
#'   what the core returns: list(`t`, `variance`), a row for each replicate), `of_fit` (function of
#'   a fit: numeric, with attribute `variance` where there is one)). `of_core` is NULL for a
#'   function. Of parameters also `bounds` (2 x k, what they cannot be beyond) and `unmoved`
#'   (logical, what replicates of this type tell nothing of) and `unmoved_words` (why).
#' @noRd
bootstrap_statistic <- function(fit, statistic, variances, rows, seed, type) {
  if (is.function(statistic)) return(function_statistic(fit, statistic, seed))
  if (is.null(rows)) return(parameter_statistic(fit, variances, type))
  predicted_statistic(fit, variances, rows)
}

function_statistic <- function(fit, statistic, seed) {
  t0 <- with_generator(seed, statistic(fit))
  if (!is.numeric(t0) || length(t0) == 0L) {
    abort("{.arg statistic} must return numbers, not {describe_value(t0)}.",
      kind = "argument", variable = "statistic", observed = class(t0)
    )
  }
  variance <- attr(t0, "variance")
  if (!is.null(variance) && (!is.numeric(variance) || length(variance) != length(t0))) {
    abort(c(
      "Attribute {.val variance} of what {.arg statistic} returns must be {length(t0)} number{?s}.",
      "x" = "It is {describe_value(variance)}."
    ), kind = "argument", variable = "statistic", observed = observed_value(variance))
  }
  names <- names(t0) %||% paste0("t", seq_along(t0))
  list(
    name = "function", t0 = stats::setNames(as.numeric(t0), names),
    variance = if (!is.null(variance)) as.numeric(variance), wishes = NULL, of_core = NULL,
    of_fit = statistic
  )
}

# Evaluates `code` with R's generator at a seed, of the kinds that are R's defaults: workers have
# others. Puts the session's back.
with_generator <- function(seed, code) {
  before <- globalenv()$.Random.seed
  kinds <- RNGkind("Mersenne-Twister", "Inversion", "Rejection")
  on.exit({
    do.call(RNGkind, as.list(kinds))
    if (is.null(before)) {
      rm(".Random.seed", envir = globalenv())
    } else {
      assign(".Random.seed", before, envir = globalenv())
    }
  })
  set.seed(as.integer(seed %% .Machine$integer.max))
  force(code)
}

# Standard deviations and correlations of the random part, sigma, fixed effects.
parameter_statistic <- function(fit, variances, type) {
  table <- interval_parameters(fit)
  own <- fit_parameters(fit, variances)
  # one sign for a whole cluster leaves the products of its residuals as they are
  held <- is_held(fit, table)
  unmoved <- held | type == "wild" & table$kind != "fixed"
  without <- is_without_interval(fit, table) | unmoved
  own_variance <- attr(own, "variance")
  if (variances) own_variance[unmoved] <- NA
  list(
    name = "parameters", t0 = stats::setNames(as.numeric(own), table$label),
    variance = own_variance, wishes = list(variances = variances, predicted = NULL),
    bounds = parameter_bounds(table$kind), unmoved = unmoved,
    unmoved_words = if (any(held)) held_words else signs_words,
    of_core = function(found) {
      t <- parameter_values(fit, table, found$theta, found$sigma, found$beta)
      t[, without] <- NA
      variance <- if (variances) parameter_variances(fit, table, found)
      if (variances) variance[, unmoved] <- NA
      list(t = t, variance = variance)
    },
    of_fit = function(fit) parameters_by_label(fit, variances, table$label)
  )
}

parameter_bounds <- function(kind) {
  rbind(
    lower = c(sd = 0, sigma = 0, correlation = -1, fixed = -Inf)[kind],
    upper = c(sd = Inf, sigma = Inf, correlation = 1, fixed = Inf)[kind]
  )
}

# In the order of the original fit: with other groups another term may have the most levels.
parameters_by_label <- function(fit, variances, labels) {
  value <- fit_parameters(fit, variances)
  at <- match(labels, interval_parameters(fit)$label)
  if (anyNA(at) || length(value) != length(labels)) {
    lacking <- paste(labels[is.na(at)], collapse = ", ")
    stop("A replicate does not have all parameters: ", lacking, ".", call. = FALSE)
  }
  structure(value[at], variance = attr(value, "variance")[at])
}

fit_parameters <- function(fit, variances = FALSE) {
  table <- interval_parameters(fit)
  found <- list(theta = t(fit$theta), sigma = fit$sigma, beta = t(fit$beta))
  value <- drop(parameter_values(fit, table, found$theta, found$sigma, found$beta))
  value[is_without_interval(fit, table)] <- NA
  if (!variances) return(value)
  own <- variance_parameter_covariance(fit)
  found$wished <- list(
    beta_variance = t(diag(fit$vcov)), theta_covariance = t(as.vector(own$covariance)),
    free = t(as.numeric(own$active))
  )
  structure(value, variance = drop(parameter_variances(fit, table, found)))
}

#' Variances of all parameters of many fits, by the delta method
#'
#' @param found list(`theta`, `sigma`, `beta` (a row for each fit), `wished`), as `bootstrap_cpp()`
#'   returns it.
#' @return matrix, a column for each row of the table; NA for what is on the boundary, where no
#'   normal distribution is near.
#' @noRd
parameter_variances <- function(fit, table, found) {
  wished <- found$wished
  result <- matrix(NA_real_, length(found$sigma), nrow(table))
  result[, table$kind == "fixed"] <- wished$beta_variance
  size <- length(fit$theta) + 1L
  of <- function(i, j) wished$theta_covariance[, (j - 1L) * size + i]
  result[, table$kind == "sigma"] <- of(size, size)
  for (i in which(table$kind %in% c("sd", "correlation"))) {
    term <- fit$random[[table$term[i]]]
    slope <- parameter_slopes(fit, table[i, ], found$theta, found$sigma)
    moving <- c(term$theta_index, size)
    total <- 0
    for (a in seq_along(moving)) {
      for (b in seq_along(moving)) {
        total <- total + slope[, a] * slope[, b] * of(moving[a], moving[b])
      }
    }
    own <- if (has_covariances(term$structure)) term$theta_index else table$theta[i]
    on_boundary <- rowSums(wished$free[, own, drop = FALSE] == 0) > 0
    total[on_boundary] <- NA
    result[, i] <- total
  }
  result
}

# Derivatives of one standard deviation or correlation by its term's theta and by sigma, a column
# each.
parameter_slopes <- function(fit, parameter, theta, sigma) {
  term <- fit$random[[parameter$term]]
  own <- theta[, term$theta_index, drop = FALSE]
  slope <- matrix(0, nrow(theta), ncol(own) + 1L)
  last <- ncol(slope)
  is_deviation <- parameter$kind == "sd"
  if (!has_entries(term$structure)) {
    at <- match(parameter$theta, term$theta_index)
    slope[, at] <- if (is_deviation) sigma else 1
    if (is_deviation) slope[, last] <- own[, at]
    return(slope)
  }
  at <- lambda_entries(term)
  row <- lambda_row(own, at, parameter$row)
  length <- sqrt(rowSums(row^2))
  mine <- which(at$row == parameter$row)
  if (is_deviation) {
    slope[, mine] <- sigma * row[, at$column[mine]] / length
    slope[, last] <- length
    return(slope)
  }
  other <- lambda_row(own, at, parameter$column)
  other_length <- sqrt(rowSums(other^2))
  correlation <- rowSums(row * other) / (length * other_length)
  theirs <- which(at$row == parameter$column)
  of_row <- other / (length * other_length) - correlation * row / length^2
  of_other <- row / (length * other_length) - correlation * other / other_length^2
  slope[, mine] <- of_row[, at$column[mine]]
  slope[, theirs] <- slope[, theirs] + of_other[, at$column[theirs]]
  slope
}

# --- predictions ---

# The prediction of each row plus its error in a replicate, in which what is predicted is known.
predicted_statistic <- function(fit, variances, rows) {
  with_gaps <- function(values) {
    values[, !rows$estimable] <- NA
    values
  }
  own <- if (variances) {
    fit$sigma^2 * prediction_variance_cpp(
      unclass(cross_products_of(fit)), fit$theta, fit$REML, rows$x, rows$terms, FALSE
    )$variance
  }
  t0 <- rows$center
  t0[!rows$estimable] <- NA
  list(
    name = "predictions", t0 = stats::setNames(t0, rows$labels), variance = own,
    wishes = list(variances = variances, predicted = rows[c("x", "terms")]),
    of_core = function(found) {
      wished <- found$wished
      list(
        t = with_gaps(wished$errors + rep(rows$center, each = nrow(wished$errors))),
        variance = if (variances) wished$error_variances
      )
    },
    # without effects that are drawn: the population's
    of_fit = function(fit) {
      if (!identical(names(fit$beta), colnames(rows$x))) {
        stop("Other columns of the fixed-effects matrix were dropped.", call. = FALSE)
      }
      drop(rows$x %*% fit$beta) + rows$offset
    }
  )
}

#' Rows to predict as the core takes them
#'
#' @return list(`x` (m x p), `terms` (by factor term; none for the population), `labels`, `center`
#'   (the fit's predictions), `offset`, `estimable` (logical), `data`).
#' @noRd
predicted_rows <- function(fit, newdata, re.form, type) {
  columns <- selected_columns(fit, re.form)
  used <- which(vapply(columns, any, TRUE))
  if (length(used) > 0L) check_conditional(fit, type)
  newdata <- with_outside_variables(fit, newdata)
  parts <- prediction_parts(fit, newdata, used, FALSE)
  count <- nrow(parts$X)
  terms <- if (length(used) > 0L) prediction_terms(fit, parts, columns, count) else list()
  missing <- !stats::complete.cases(parts$X)
  for (term in terms) missing <- missing | !stats::complete.cases(term$z) | term$level == 0L
  if (any(missing)) {
    at <- which(missing)
    abort(c(
      "{.arg newdata} has missing values in {length(at)} row{?s}: {list_some(at)}.",
      "i" = "Leave these rows out."
    ), kind = "newdata", variable = "newdata", observed = at)
  }
  estimable <- is_estimable_row(fit, parts)
  if (any(!estimable)) warn_inestimable(!estimable)
  labels <- rownames(parts$X) %||% as.character(seq_len(count))
  list(
    x = structure(parts$X, assign = NULL, contrasts = NULL), terms = terms, labels = labels,
    center = linear_predictor(fit, parts, columns), offset = parts$offset %||% 0,
    estimable = estimable, data = newdata %||% fit$frame
  )
}

# Predictions with random effects need these drawn, and determined.
check_conditional <- function(fit, type) {
  if (!type %in% c("parametric", "residual")) {
    abort(c(
      "A bootstrap of type {.val {type}} draws no random effects, which predictions are of.",
      "i" = "Use {.code type = \"parametric\"} or {.val residual}, or the population's:
             {.code re.form = NA}."
    ), kind = "argument", variable = "type", observed = type)
  }
  if (is.null(fit$undetermined)) return(invisible(NULL))
  abort(c(
    "The data do not determine all variances of the fit: random effects drawn with them tell nothing
     of the errors of predictions.",
    "i" = "The population's can be had: {.code re.form = NA}."
  ), kind = "unsupported", variable = "re.form")
}
