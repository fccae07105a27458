# What pictures of a fit show: values of the rows and modes, simulated ones of both, labels.

okabe_ito <- c(
  blue = "#0072B2", vermillion = "#D55E00", green = "#009E73", purple = "#CC79A7", sky = "#56B4E9",
  orange = "#E69F00"
)

# Of the rows that count: fitted and observed values, standardized residuals, row names.
plotted_values <- function(fit) {
  weights <- fit$weights %||% rep(1, length(fit$fitted))
  used <- weights > 0
  response <- model_response(fit)
  residual <- sqrt(weights) * (response - fit$fitted)
  scaled <- residual / fit$sigma
  if (has_residual(fit)) {
    scaled <- drop(transform_residuals(fit, residual, TRUE)) / fit$sigma
    residual <- residual / residual_deviations_of_rows(fit)
  }
  frame <- model_frame_of(fit)
  list(
    fitted = fit$fitted[used], observed = response[used], residual = residual[used],
    scaled = scaled[used], names = row.names(frame)[used], sigma = fit$sigma,
    used = used, labels = value_labels(frame)
  )
}

# --- labels ---

value_labels <- function(frame) {
  name <- names(frame)[1L]
  response <- variable_label(.subset2(frame, 1L), name)
  units <- text_attribute(.subset2(frame, 1L), "units")
  list(
    observed = response, fitted = paste("Fitted", response),
    residual = paste(c("Residual", if (!is.null(units)) paste0("(", units, ")")), collapse = " ")
  )
}

# The variable's label, or its name, and its units.
variable_label <- function(variable, name) {
  label <- text_attribute(variable, "label") %||% utf8_names(name)
  units <- text_attribute(variable, "units")
  if (is.null(units)) label else paste0(label, " (", units, ")")
}

text_attribute <- function(variable, which) {
  value <- attr(variable, which, exact = TRUE)
  if (is.character(value) && length(value) == 1L && !is.na(value) && nzchar(value)) value
}

# --- modes ---

#' Conditional modes over their standard deviations
#'
#' @return list of named numeric vectors, one for each random effect that has a variance, named
#'   "Days | Subject".
#' @noRd
standardized_modes <- function(fit) {
  table <- suppressMessages(reliability(fit))
  position <- rep(seq_along(fit$random), vapply(fit$b, length, 1L))
  deviation <- unlist(lapply(fit$random, function(term) {
    deviations <- fit$sigma * sqrt(rowSums(lambda_matrix(term, fit$theta)^2))
    own <- if (is.null(term$relationship)) 1 else sqrt(relationship_diagonal(term$relationship))
    rep(deviations, each = length(term$levels)) * own
  }))
  # rounding leaves nothing of a smaller one; a level without rows has none
  table$reliability[!is.na(table$reliability) & table$reliability < 1e-8] <- NA
  value <- stats::setNames(table$condval / (deviation * sqrt(table$reliability)), table$grp)
  name <- paste(table$term, table$grpvar, sep = " | ")
  series <- split(value, list(factor(name, unique(name)), position), sep = "\n", drop = TRUE)
  names(series) <- unique_labels(sub("\n.*", "", names(series)))
  series <- lapply(series, function(one) one[!is.na(one)])
  series[lengths(series) > 0L]
}

no_modes_text <- function(fit) {
  if (is.null(fit$undetermined)) return("All variances are zero")
  "No variance is determined and positive"
}

# --- simulated values ---

#' Residuals and modes of refits to simulated responses
#'
#' @return NULL for `nsim` 0, else list(`residuals` (n x up to nsim), `modes` (list of J x up to
#'   nsim, named as `standardized_modes()`), `source` ("refits" or "normal samples")).
#' @noRd
simulated_values <- function(fit, values, nsim, seed) {
  if (nsim == 0) return(NULL)
  n <- length(values$scaled)
  modes <- standardized_modes(fit)
  related <- any(vapply(fit$random, is_related, TRUE))
  # refits with a structure of the residuals are not of the core's bootstrap
  if (n > 2000L || related || has_residual(fit)) {
    # samples over their own root mean square, as the estimates make it
    samples <- lapply(c(list(n), lengths(modes)), normal_samples, nsim = nsim, seed = seed)
    return(list(residuals = samples[[1L]], modes = samples[-1L], source = "normal samples"))
  }
  statistic <- function(fit) {
    own <- standardized_modes(fit)
    whole <- lapply(names(modes), function(name) {
      one <- own[[name]][names(modes[[name]])]
      if (is.null(one)) rep(NA_real_, length(modes[[name]])) else one
    })
    c(plotted_values(fit)$scaled, unlist(whole))
  }
  replicates <- suppressMessages(if (is_constrained(fit)) {
    refitted_statistics(fit, nsim, statistic, seed)
  } else {
    bootstrap(fit, nsim, statistic, seed = seed, progress = FALSE)$t
  })
  at <- rep(c(0L, seq_along(modes)), c(n, lengths(modes)))
  # a mode that a replicate does not have is that of a variance of zero
  parts <- lapply(seq(0L, length(modes)), function(k) {
    samples <- t(replicates[, at == k, drop = FALSE])
    samples[, stats::complete.cases(t(samples)), drop = FALSE]
  })
  list(
    residuals = parts[[1L]], modes = stats::setNames(parts[-1L], names(modes)), source = "refits"
  )
}

# nsim x k: the core's bootstrap knows free parameters only.
refitted_statistics <- function(fit, nsim, statistic, seed) {
  responses <- stats::simulate(fit, nsim = nsim, seed = seed)
  do.call(rbind, lapply(responses, function(y) {
    tryCatch(suppressWarnings(statistic(refit_response(fit, y))),
      henderson_error = function(condition) NULL
    )
  }))
}

normal_samples <- function(n, nsim, seed) {
  samples <- with_seed(seed, matrix(stats::rnorm(n * nsim), n))$value
  samples / rep(sqrt(colMeans(samples^2)), each = n)
}

#' A band for all order statistics together
#'
#' @param samples n x nsim, or NULL.
#' @return n x 2 matrix of limits of the order statistics, NULL without samples.
#' @noRd
simulated_band <- function(samples, level) {
  if (is.null(samples) || ncol(samples) < 2L) return(NULL)
  sorted <- matrix(apply(samples, 2L, sort), nrow(samples))
  middle <- rowMeans(sorted)
  sides <- apply(sorted, 1L, stats::quantile, c((1 - level) / 2, (1 + level) / 2), names = FALSE)
  below <- pmax(middle - sides[1L, ], 0)
  above <- pmax(sides[2L, ] - middle, 0)
  # in units of these, the farthest point of each sample
  off <- sorted - middle
  relative <- ifelse(off > 0, off / above, -off / below)
  farthest <- apply(relative, 2L, function(one) max(0, one[is.finite(one)]))
  count <- length(farthest)
  stretch <- sort(farthest)[min(count, ceiling(level * (count + 1)))]
  cbind(middle - stretch * below, middle + stretch * above)
}
