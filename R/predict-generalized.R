# Predictions and simulated responses of fits by glmm().

#' Predictions of a generalized model
#'
#' @param object A fit by [glmm()].
#' @param newdata `NULL`: the rows of the fit. A data frame: these rows.
#' @param re.form Random terms to add at their conditional modes. `NULL`: all. `NA` or `~0`: none,
#'   the prediction for random effects of zero (on the scale of the response that is not the mean
#'   of the population). A one-sided formula such as `~ (1 | herd)`: these.
#' @param type "response", the mean; or "link", the linear predictor.
#' @param allow.new.levels One logical: are new levels of grouping factors allowed? Their random
#'   effects are taken as zero.
#' @param na.action As in [predict()][predict.henderson_lmm].
#' @param se.fit `FALSE`; standard errors are not available yet.
#' @param ... Nothing; an argument that is not known is an error.
#' @return A numeric vector with an element for each row.
#' @section Errors: `henderson_error_newdata` for missing variables and unknown levels,
#'   `henderson_error_argument` for malformed arguments, `henderson_error_unsupported` for `se.fit`.
#' @examples
#' counts <- data.frame(herd = rep(1:15, each = 4), cases = rep(c(0, 1, 4, 2, 7, 3), 10))
#' fit <- glmm(cases ~ 1 + (1 | herd), counts, family = poisson)
#' predict(fit, data.frame(herd = 1:3))
#' predict(fit, data.frame(herd = 1:3), type = "link", re.form = NA)
#' @importFrom stats predict
#' @export
predict.henderson_glmm <- function(object, newdata = NULL, re.form = NULL,
                                   type = c("response", "link"), allow.new.levels = FALSE,
                                   na.action = stats::na.pass, se.fit = FALSE, ...) {
  check_no_dots(...)
  type <- check_choice(type, c("response", "link"))
  check_flag(allow.new.levels)
  check_flag(se.fit)
  if (se.fit) refuse_generalized(object, "predict(se.fit = TRUE)")
  columns <- selected_columns(object, re.form)
  used <- which(vapply(columns, any, TRUE))
  newdata <- with_outside_variables(object, newdata)
  parts <- prediction_parts(object, newdata, used, allow.new.levels)
  values <- linear_predictor(object, parts, columns)
  inestimable <- !is_estimable_row(object, parts)
  if (any(inestimable)) warn_inestimable(inestimable)
  if (type == "response") {
    missing <- is.na(values)
    values[!missing] <- object$family$object$linkinv(values[!missing])
  }
  if (is.null(newdata)) {
    return(stats::napredict(object$na.action, with_row_names(object, values)))
  }
  apply_na_action(stats::setNames(values, rownames(parts$X)), na.action)
}

#' Simulate responses of a generalized model
#'
#' @param object A fit by [glmm()].
#' @param nsim Number of responses.
#' @param seed `NULL` or an integer, as in [stats::simulate()].
#' @param re.form Random terms to keep at their conditional modes; all others are drawn anew. `NA`,
#'   the default: none is kept. `NULL`: all. A one-sided formula: these terms.
#' @param newdata `NULL`: the rows of the fit. A data frame: these rows, of the family `binomial`
#'   with the number of `trials`.
#' @param allow.new.levels One logical: are new levels allowed in terms that are kept?
#' @param trials `NULL`, or numbers of trials of the rows of `newdata`; one each by default.
#' @param ... Nothing; an argument that is not known is an error.
#' @return A data frame with `nsim` columns `sim_1`, `sim_2`, ..., and a row for each row of the
#'   fit. Of a response `cbind(successes, failures)` each column is such a matrix, of a factor a
#'   factor, of shares shares. Attribute `seed` as [stats::simulate()] describes it.
#' @section Errors: `henderson_error_argument`, `henderson_error_newdata`;
#'   `henderson_error_unsupported` for weights other than numbers of trials of families in which
#'   they are not a dispersion's: a power of a density is none.
#' @examples
#' counts <- data.frame(herd = rep(1:15, each = 4), cases = rep(c(0, 1, 4, 2, 7, 3), 10))
#' fit <- glmm(cases ~ 1 + (1 | herd), counts, family = poisson)
#' head(simulate(fit, nsim = 2, seed = 1))
#' @importFrom stats simulate
#' @export
simulate.henderson_glmm <- function(object, nsim = 1, seed = NULL, re.form = NA, newdata = NULL,
                                    allow.new.levels = FALSE, trials = NULL, ...) {
  check_no_dots(...)
  nsim <- check_count(nsim, min = 1)
  check_flag(allow.new.levels)
  kept <- kept_terms(object, re.form)
  parts <- simulation_parts(object, newdata, kept, allow.new.levels)
  columns <- Map(function(term, keep) rep(keep, length(term$columns)), object$random, kept)
  fixed <- linear_predictor(object, parts, columns)
  rows <- simulated_rows(object, newdata, trials, length(fixed))
  drawn <- with_seed(seed, {
    random <- draw_random_part(parts$random[!kept], object$theta, 1, nsim, length(fixed))
    lapply(seq_len(nsim), function(s) {
      mean <- object$family$object$linkinv(fixed + random[, s])
      as_response(draw_response(object, mean, rows), rows, object)
    })
  })
  names(drawn$value) <- paste0("sim_", seq_len(nsim))
  result <- data.frame(row.names = seq_along(fixed))
  for (name in names(drawn$value)) result[[name]] <- drawn$value[[name]]
  if (is.null(newdata)) result <- pad_simulations(result, object)
  attr(result, "seed") <- drawn$seed
  result
}

# Trials and weights of the rows to draw.
simulated_rows <- function(fit, newdata, trials, n) {
  weighted <- fit$response$weight
  counts <- !fit$family$name %in% c("gaussian", "Gamma", "inverse.gaussian")
  if (counts && !is.null(weighted) && any(weighted != 1)) {
    abort(c(
      "Responses cannot be simulated from a fit with weights that multiply log densities.",
      "i" = "A power of a density of the family {.val {fit$family$name}} is no density."
    ), kind = "unsupported", variable = "weights")
  }
  if (is.null(newdata)) {
    return(list(trials = fit$response$trials %||% rep(1, n), weight = weighted %||% rep(1, n)))
  }
  if (is.null(trials)) trials <- rep(1, n)
  if (!is.numeric(trials) || !length(trials) %in% c(1L, n) || anyNA(trials) || any(trials < 0)) {
    given <- describe_value(trials)
    abort("{.arg trials} must be {n} counts, one for each row, not {given}.",
      kind = "argument", variable = "trials", observed = given
    )
  }
  list(trials = rep_len(trials, n), weight = rep(1, n))
}

draw_response <- function(fit, mean, rows) {
  n <- length(mean)
  phi <- fit$phi
  switch(fit$family$name,
    binomial = stats::rbinom(n, rows$trials, mean),
    poisson = stats::rpois(n, mean),
    gaussian = stats::rnorm(n, mean, sqrt(phi / rows$weight)),
    Gamma = stats::rgamma(n, shape = rows$weight / phi, scale = mean * phi / rows$weight),
    inverse.gaussian = draw_inverse_gaussian(mean, rows$weight / phi),
    nbinom2 = stats::rnbinom(n, size = phi, mu = mean),
    nbinom1 = stats::rnbinom(n, size = mean / phi, mu = mean),
    beta = stats::rbeta(n, mean * phi, (1 - mean) * phi)
  )
}

# Michael, Schucany and Haas (1976), The American Statistician 30(2), 88-90.
draw_inverse_gaussian <- function(mean, shape) {
  n <- length(mean)
  y <- stats::rnorm(n)^2
  ratio <- mean * y / (2 * shape)
  # the smaller root, without cancellation
  x <- mean / (1 + ratio + sqrt(2 * ratio + ratio^2))
  ifelse(stats::runif(n) <= mean / (mean + x), x, mean^2 / x)
}

# In the form of the fit's response.
as_response <- function(y, rows, fit) {
  if (fit$family$name != "binomial") return(y)
  names <- fit$response$names
  if (is.matrix(stats::model.response(fit$frame))) {
    return(matrix(c(y, rows$trials - y), ncol = 2L, dimnames = list(NULL, names)))
  }
  if (!is.null(fit$response$trials)) return(y / rows$trials)
  if (!is.null(names)) return(factor(names[y + 1L], levels = names))
  y
}
