# Likelihood-ratio test whose distribution is simulated under the smaller model.

#' Parametric bootstrap test of two fits
#'
#' The likelihood-ratio statistic of two nested fits, judged by its distribution in refits of both
#' to responses drawn from the smaller one. No chi-squared distribution is assumed: variances of
#' zero under the smaller fit and few groups are taken into account.
#'
#' @param fit,null Fits by [lmm()] of the same observations, `null` a special case of `fit`. REML
#'   fits are compared by maximum likelihood, with a message.
#' @param nsim One whole number, at least 1: how many responses are drawn.
#' @param seed,threads,progress As for [bootstrap()].
#' @param ... Nothing; an argument that is not known is an error.
#' @details The p-value is \eqn{(1 + \#\{T^* \ge T\}) / (1 + n)}{(1 + #(T* >= T)) / (1 + n)} with n
#'   the replicates that have both fits, so that a test at level \eqn{\alpha}{alpha} rejects no more
#'   often than that. Bartlett's correction divides T by the mean of \eqn{T^*}{T*} over the degrees
#'   of freedom, and takes the chi-squared distribution; `Gamma` takes the gamma distribution with
#'   mean and variance of \eqn{T^*}{T*}. Both need fewer replicates, and the former means nothing
#'   for a variance on the boundary.
#' @return A data frame of class `c("henderson_anova", "anova", "data.frame")`: rows `LRT`,
#'   `Bartlett`, `Gamma` and `Bootstrap`, columns `Statistic`, `Df`, `p value`; attribute
#'   `replicates` has the \eqn{T^*}{T*}.
#' @section Errors: class `henderson_error_argument` for malformed arguments and for fits of which
#'   `null` has as many parameters as `fit` or more, or a higher likelihood;
#'   `henderson_error_data` for fits on different observations.
#' @source Halekoh and Hojsgaard (2014), *Journal of Statistical Software* 59(9), section 5;
#'   Davison and Hinkley (1997), *Bootstrap Methods and their Application*, section 4.2.
#' @seealso [anova()][anova.henderson_lmm], [random_anova()] for variances.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy, REML = FALSE)
#' null <- lmm(Reaction ~ 1 + (Days | Subject), sleepstudy, REML = FALSE)
#' bootstrap_test(fit, null, nsim = 500, seed = 1)
#' @export
bootstrap_test <- function(fit, null, nsim = 1000, seed = NULL, threads = 1L,
                           progress = interactive(), ...) {
  check_no_dots(...)
  check_fit(fit)
  check_fit(null)
  require_plain_residuals(fit, "A bootstrap test")
  for (one in list(fit, null)) {
    require_unconstrained(one, "The bootstrap", "{.fn anova} compares two fits.")
  }
  check_count(nsim, min = 1)
  check_count(seed, min = -.Machine$integer.max, null_ok = TRUE)
  check_count(threads, min = 1)
  check_flag(progress)
  check_comparable(list(fit, null))
  check_same_values(lapply(list(fit, null), function(own) own$offset %||% 0), "offset", "differs")
  fits <- ml_fits(list(fit = fit, null = null), TRUE)
  if (names(fits)[1L] != "null" || n_free(fits$fit) <= n_free(fits$null)) {
    abort(c(
      "{.arg null} must have fewer parameters than {.arg fit}.",
      "x" = "It has {n_free(null)}, {.arg fit} has {n_free(fit)}."
    ), kind = "argument", variable = "null", observed = n_free(null))
  }
  seed <- seed %||% sample.int(.Machine$integer.max, 1L)
  statistic <- fits$null$criterion - fits$fit$criterion
  if (statistic < negative_ratio(fits$null$criterion)) {
    abort(c(
      "{.arg null} has a higher likelihood than {.arg fit}, so that it is no special case of it.",
      "x" = "Twice the log-likelihood is {signif(-statistic, 4)} higher, with
             {n_free(fits$null)} parameters instead of {n_free(fits$fit)}.",
      "i" = "Where {.arg null} is a special case, the search for {.arg fit} ended too early: see
             {.fn all_optimizers}."
    ), kind = "argument", variable = "null", observed = statistic)
  }
  statistic <- max(0, statistic)
  done <- run_replicates(ratio_replicates(fits, seed, threads), 0, nsim, progress)
  ratio_table(statistic, n_free(fits$fit) - n_free(fits$null), done, fits, seed)
}

n_free <- function(fit) attr(stats::logLik(fit), "df")

# Likelihood ratios of responses drawn from the smaller fit, as run_replicates() wants them.
ratio_replicates <- function(fits, seed, threads) {
  prepared <- lapply(fits, prepare_again)
  null <- fits$null
  model <- response_model(null, "parametric")
  function(first, count) {
    y <- drawn_responses_cpp(prepared$null, model, seed, first, count)
    criteria <- lapply(names(fits), function(name) {
      own <- fits[[name]]
      refit_responses_cpp(prepared[[name]], y, own$theta, FALSE, threads)
    })
    list(
      t = matrix(pmax(0, criteria[[1L]]$criterion - criteria[[2L]]$criterion)),
      singular = criteria[[2L]]$singular,
      uncertain = !(criteria[[1L]]$certain & criteria[[2L]]$certain),
      messages = rep(NA_character_, count)
    )
  }
}

ratio_table <- function(statistic, df, done, fits, seed) {
  ratios <- done$t[is.finite(done$t)]
  mean <- mean(ratios)
  # without a positive mean there is nothing to correct by
  bartlett <- if (isTRUE(mean > 0)) statistic * df / mean else NA_real_
  # shape and rate by the moments
  variance <- if (length(ratios) > 1L) stats::var(ratios) else NA_real_
  gamma <- if (isTRUE(mean > 0 && variance > 0)) {
    stats::pgamma(statistic, shape = mean^2 / variance, rate = mean / variance, lower.tail = FALSE)
  } else {
    NA_real_
  }
  # ratios of equal fits differ by rounding
  p_value <- (1 + sum(ratios >= statistic - 1e-8)) / (1 + length(ratios))
  table <- data.frame(
    Statistic = c(statistic, bartlett, statistic, statistic),
    Df = c(df, df, NA, NA),
    p = c(
      stats::pchisq(statistic, df, lower.tail = FALSE),
      stats::pchisq(bartlett, df, lower.tail = FALSE), gamma, p_value
    ),
    row.names = c("LRT", "Bartlett", "Gamma", "Bootstrap")
  )
  names(table) <- c("Statistic", "Df", "p value")
  counts <- list(
    singular = sum(done$singular), uncertain = sum(done$uncertain),
    failures = list(
      count = nrow(done$t) - length(ratios), messages = "The criterion was undefined."
    )
  )
  table <- new_anova(table, c(
    paste0("Parametric bootstrap test, ", nrow(done$t), " replicates, seed ", seed),
    paste0("null: ", expression_text(stats::formula(fits$null))),
    paste0("fit:  ", expression_text(stats::formula(fits$fit))), bootstrap_counts(counts)
  ))
  attr(table, "replicates") <- drop(done$t)
  table
}
