# The response of a generalized model: counts, shares, successes and failures.

#' Response as the core takes it
#'
#' @param frame model frame.
#' @param family from `check_family()`.
#' @return list(`y` (numeric n; of the binomial family successes), `trials` (numeric n or NULL: one
#'   each), `weight` (numeric n or NULL: of log densities), `mean` (the response on the scale of the
#'   mean), `prior` (prior weights as those of `glm()`, NULL: all one), `names` (levels of a factor:
#'   failure and success; or of the columns)).
#' @noRd
generalized_response <- function(frame, family) {
  response <- .subset2(frame, 1L)
  name <- utf8_names(names(frame)[1L])
  weights <- as_numeric_vector(.subset2(frame, "(weights)"))
  if (family$name == "binomial") return(binomial_response(response, weights, name))
  y <- as_numeric_vector(response)
  list(y = as.double(y), trials = NULL, weight = weights, mean = as.double(y), prior = weights)
}

binomial_response <- function(response, weights, name) {
  if (length(dim(response)) == 2L && ncol(response) == 2L) {
    successes <- as.double(response[, 1L])
    trials <- successes + as.double(response[, 2L])
    return(list(
      y = successes, trials = trials, weight = weights, mean = successes / trials,
      prior = trials * (weights %||% 1), names = colnames(response)
    ))
  }
  levels <- NULL
  if (is.factor(response)) {
    success <- if (nlevels(response) == 2L) levels(response)[2L] else "other"
    levels <- c(levels(response)[1L], success)
    response <- response != levels(response)[1L]
  }
  if (is.character(response)) {
    sorted <- sort(unique(response))
    levels <- sorted[seq_len(2L)]
    response <- response != sorted[1L]
  }
  share <- as.double(response)
  single <- all(share == 0 | share == 1)
  if (single) {
    return(list(
      y = share, trials = NULL, weight = weights, mean = share, prior = weights, names = levels
    ))
  }
  trials <- weights %||% rep(1, length(share))
  list(
    y = round_counts(share * trials), trials = trials, weight = NULL, mean = share, prior = trials,
    names = levels
  )
}

# Counts up to the rounding of a share.
round_counts <- function(x) {
  near <- abs(x - round(x)) <= 1e-7 * pmax(1, x)
  replace(x, near, round(x[near]))
}

# --- checks: each names the first row that is at fault -------------------------------------------

#' Is the response within the family's range?
#' @param frame model frame; its rows are named in errors.
#' @noRd
check_generalized_response <- function(frame, family) {
  y <- .subset2(frame, 1L)
  name <- utf8_names(names(frame)[1L])
  if (family$name == "binomial") return(check_binomial_response(y, frame, name))
  if (is.factor(y) || is.character(y)) {
    abort(c(
      "The response {.var {name}} must be numeric for the family {.val {family$name}}; it is
       {describe_type(y)}.",
      "i" = "A factor is a response of the family {.val binomial}."
    ), kind = "response", variable = name, observed = class(y))
  }
  check_response(y, name)
  y <- as.double(y)
  counts <- family$name %in% c("poisson", "nbinom2", "nbinom1")
  outside <- switch(family$name,
    poisson = , nbinom2 = , nbinom1 = y < 0,
    Gamma = , inverse.gaussian = y <= 0,
    beta = y <= 0 | y >= 1,
    rep(FALSE, length(y))
  )
  range <- switch(family$name,
    Gamma = , inverse.gaussian = "positive", beta = "between 0 and 1, and neither of them",
    "counts, 0, 1, 2, ..."
  )
  advice <- switch(family$name,
    beta = "Shares of 0 and 1 have no density there: {.val binomial} takes counts of successes.",
    Gamma = , inverse.gaussian = "Zeros have no density there: model them apart, or use another
                                  family.",
    NULL
  )
  if (any(outside)) abort_out_of_range(y, outside, frame, name, family, range, advice)
  if (counts) check_whole(y, frame, name, family)
  invisible(NULL)
}

abort_out_of_range <- function(y, outside, frame, name, family, range, advice) {
  row <- which(outside)[1L]
  value <- y[row]
  label <- rownames(frame)[row]
  more <- sum(outside) - 1L
  others <- if (more > 0L) paste(" and in", more, ngettext(more, "other row", "other rows")) else ""
  abort(c(
    "The response {.var {name}} of the family {.val {family$name}} must be {range}.",
    "x" = "It is {value} in row {label}{others}.",
    "i" = advice
  ), kind = "response", variable = name, observed = value)
}

check_whole <- function(y, frame, name, family) {
  broken <- y != round(y)
  if (!any(broken)) return(invisible(NULL))
  abort_out_of_range(
    y, broken, frame, name, family, "counts, 0, 1, 2, ...",
    "Of a rate, model the count with {.code offset(log(exposure))}."
  )
}

check_binomial_response <- function(y, frame, name) {
  weights <- .subset2(frame, "(weights)")
  if (length(dim(y)) == 2L) return(check_successes(y, frame, name))
  if (is.factor(y) || is.character(y)) {
    values <- if (is.factor(y)) levels(y) else sort(unique(y))
    if (length(values) < 2L) {
      abort("The response {.var {name}} has one value only, {.val {values}}.",
        kind = "response", variable = name, observed = values
      )
    }
    if (length(values) > 2L) {
      inform(c(
        "The response {.var {name}} has {length(values)} levels: {.val {values[1L]}} is a failure,
         all others are successes."
      ), kind = "response", variable = name, observed = values)
    }
    return(invisible(NULL))
  }
  if (!is.numeric(y) && !is.logical(y)) {
    abort(c(
      "The response {.var {name}} of the family {.val binomial} must be of zeros and ones, logical,
       a factor, a share with the number of trials as {.arg weights}, or
       {.code cbind(successes, failures)}; it is {describe_type(y)}."
    ), kind = "response", variable = name, observed = class(y))
  }
  check_values(y, name, "response")
  family <- list(name = "binomial")
  y <- as.double(y)
  outside <- y < 0 | y > 1
  if (any(outside)) {
    abort_out_of_range(y, outside, frame, name, family, "between 0 and 1",
      "Counts of successes need the trials: {.code cbind(successes, failures)}."
    )
  }
  counts <- y * (weights %||% 1)
  # zeros and ones are single trials, whatever the weights
  broken <- abs(counts - round(counts)) > 1e-7 * pmax(1, counts) & y != 0 & y != 1
  if (any(broken)) {
    row <- which(broken)[1L]
    abort(c(
      "The response {.var {name}} must be successes over trials.",
      "x" = "Row {rownames(frame)[row]} has {y[row]} with weight {(weights %||% 1)[row]}: that is
             {counts[row]} successes.",
      "i" = "{.arg weights} are the numbers of trials; or give
             {.code cbind(successes, failures)}. For shares without trials there is
             {.code family = beta_family()}."
    ), kind = "response", variable = name, observed = y[row])
  }
  invisible(NULL)
}

check_successes <- function(y, frame, name) {
  if (ncol(y) != 2L || !is.numeric(y)) {
    abort(c(
      "The response {.var {name}} has {ncol(y)} column{?s}; of the family {.val binomial} it has
       two: {.code cbind(successes, failures)}."
    ), kind = "response", variable = name, observed = dim(y))
  }
  for (column in 1:2) {
    part <- paste(c("successes", "failures")[column], "in", name)
    check_values(y[, column], part, "response")
    outside <- y[, column] < 0 | y[, column] != round(y[, column])
    if (any(outside)) {
      abort_out_of_range(y[, column], outside, frame, part, list(name = "binomial"),
        "counts, 0, 1, 2, ...", NULL
      )
    }
  }
  none <- rowSums(y) == 0
  if (any(none)) {
    row <- rownames(frame)[which(none)[1L]]
    abort(c(
      "The response {.var {name}} has rows without trials: the first is row {row}.",
      "i" = "Nothing was observed there: leave them out ({sum(none)})."
    ), kind = "response", variable = name, observed = 0)
  }
  invisible(NULL)
}
