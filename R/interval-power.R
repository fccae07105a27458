# Power of tests of fixed effects, by simulation. Responses are drawn, and the model is refitted to
# them and tested, in the core (src/core/fit/bootstrap.h).

#' Power of tests of fixed effects
#'
#' Draws responses for a design and assumed parameters, fits the model to each, tests fixed effects
#' as [anova()][anova.henderson_lmm] and [contrast_test()] do, and counts how often they are
#' significant. If the true effect is zero, what is counted are false positives.
#'
#' @param formula,data,newparams,contrasts The design and the assumed parameters, as for
#'   [simulate_lmm()]; `sigma` must be positive. Those of a pilot study are
#'   `list(beta = fixef(fit), theta = component(fit, "theta"), sigma = sigma(fit))`.
#' @param L What is tested. `NULL`, the default: each term of the fixed part, type III. Or a vector,
#'   a matrix or a list of these, as for [contrast_test()]: each matrix is one joint F test, a
#'   vector a t test.
#' @param nsim One whole number, at least 1: how many responses.
#' @param alpha One number between 0 and 1: the level of the tests.
#' @param analysis `NULL`: the model is fitted as it was simulated. A formula: this model is fitted
#'   instead, as when random slopes that are there are left out. Its left side does not matter.
#' @param REML One logical: fit by REML (`TRUE`) or maximum likelihood?
#' @param ddf One string: how degrees of freedom are found, as in
#'   [summary()][summary.henderson_lmm]. `"none"` takes the normal distribution and, for several
#'   contrasts, the chi-squared one.
#' @param seed `NULL` or one whole number. The responses depend on it and on the number of the
#'   replicate only, not on threads or on `nsim`; R's own generator is left alone. `NULL`: a seed
#'   taken from R's generator.
#' @param threads One whole number: how many C++ threads fit.
#' @param progress One logical: shall a progress bar appear, from two seconds on?
#' @param ... Nothing; an argument that is not known is an error.
#' @details The searches start from the assumed parameters, with exact derivatives, and their ends
#'   are certified as those of [lmm()] are. Singular fits are counted and tested like others, as
#'   they would be in practice. Where a fit has no test (no degrees of freedom by Kenward and
#'   Roger's method, say), it is left out of `power`, and a note counts it.
#' @return A data frame of class `c("henderson_power", "data.frame")` with a row for each test:
#'   \describe{
#'   \item{`NumDF`, `DenDF`}{Degrees of freedom; of the denominator the median of the fits.}
#'   \item{`effect`}{The true value of \eqn{l'\beta}{l' beta}, for tests of one contrast; `NA` for
#'   others, and where the fixed part of `analysis` cannot express the assumed means.}
#'   \item{`power`, `lower`, `upper`}{The share of significant tests, with exact binomial 95 %
#'   limits: what `nsim` replicates leave uncertain.}
#'   \item{`type_S`}{Of the significant tests, the share whose estimate has the wrong sign.}
#'   \item{`type_M`}{Of the significant tests, the mean of the estimate's absolute value over the
#'   true effect's: by how much a significant estimate exaggerates. `NA` for a true effect of zero,
#'   as is `type_S`.}
#'   }
#'   Attribute `replicates` is a list of `p` (p-values) and `estimate` (of single contrasts), with a
#'   row for each replicate and a column for each test, and `seed`.
#' @section Errors: as [simulate_lmm()] and [contrast_test()]; `henderson_error_data` if the data
#'   do not determine a variance of the fitted model.
#' @source Type S and M errors: Gelman and Carlin (2014), *Perspectives on Psychological Science* 9,
#'   641-651. Limits: Clopper and Pearson (1934), *Biometrika* 26, 404-413.
#' @seealso `vignette("participants-and-items")`.
#' @examples
#' # 12 subjects on ten days: is a slope of 5 ms a day found?
#' design <- expand.grid(Days = 0:9, Subject = factor(1:12))
#' parameters <- list(beta = c(250, 5), theta = c(1, 0, 0.2), sigma = 25)
#' power_lmm(~ Days + (Days | Subject), design, parameters, nsim = 500, seed = 1)
#' # what ignoring that slopes differ does when there is no effect
#' parameters$beta <- c(250, 0)
#' power_lmm(~ Days + (Days | Subject), design, parameters, nsim = 500, seed = 1,
#'   analysis = ~ Days + (1 | Subject))
#' @export
power_lmm <- function(formula, data, newparams, L = NULL, nsim = 1000, alpha = 0.05,
                      analysis = NULL, REML = TRUE, ddf = "Satterthwaite", contrasts = NULL,
                      seed = NULL, threads = 1L, progress = interactive(), ...) {
  check_no_dots(...)
  check_supplied(formula)
  check_supplied(data)
  check_supplied(newparams)
  check_count(nsim, min = 1)
  check_level(alpha, such_as = 0.05)
  check_flag(REML)
  ddf <- ddf_method(ddf)
  check_count(seed, min = -.Machine$integer.max, null_ok = TRUE)
  check_count(threads, min = 1)
  check_flag(progress)
  seed <- seed %||% sample.int(.Machine$integer.max, 1L)
  truth <- assumed_model(formula, data, newparams, contrasts)
  fit <- first_analysis(analysis %||% formula, truth, data, REML, contrasts, seed)
  check_ddf_allowed(fit, ddf)
  tests <- power_tests(fit, L, ddf)
  start <- if (is.null(analysis)) truth$parameters$theta else fit$theta
  replicate <- power_replicates(truth, fit, tests, ddf, start, seed, threads)
  done <- run_replicates(replicate, 0, nsim, progress, "simulation")
  power_table(done, tests, true_values(truth, fit, tests), alpha, ddf, seed, fit)
}

# ---- the two models ----

# simulation_model() with `prepared` (pointer) and `drawn` (what the core draws from).
assumed_model <- function(formula, data, newparams, contrasts) {
  truth <- simulation_model(formula, data, newparams, contrasts)
  parameters <- truth$parameters
  if (parameters$sigma == 0) {
    abort("{.code newparams$sigma} must be positive: without residuals nothing is to be tested.",
      kind = "argument", variable = "sigma", observed = 0
    )
  }
  # X is not drawn from: any of full rank will do
  stand_in <- matrix(1, nrow(truth$X), 1L, dimnames = list(NULL, "(Intercept)"))
  truth$prepared <- prepare_cpp(core_design(truth, stand_in), NULL)$pointer
  assumed <- list(random = truth$random, theta = parameters$theta, sigma = parameters$sigma)
  index <- block_index(truth$random)$block
  truth$drawn <- list(
    kind = "parametric", mean = truth$mean, sigma = parameters$sigma,
    effects = lapply(seq_len(max(index)), function(block) {
      effect_factor(assumed, which(index == block))
    }),
    residuals = numeric(0L), cluster = integer(0L), n_clusters = 0L
  )
  truth
}

# Responses of the assumed model, n x count, with its offset.
assumed_responses <- function(truth, seed, first, count) {
  drawn_responses_cpp(truth$prepared, truth$drawn, seed, first, count) + (truth$offset %||% 0)
}

# The model that is to be fitted, fitted to the first response.
first_analysis <- function(formula, truth, data, REML, contrasts, seed) {
  if (!inherits(formula, "formula")) {
    abort("{.arg analysis} must be NULL or a formula, not {describe_value(formula)}.",
      kind = "argument", variable = "analysis", observed = class(formula)
    )
  }
  data$.response <- drop(assumed_responses(truth, seed, 0, 1))
  fit <- lmm(with_stand_in(formula), data,
    REML = REML, contrasts = contrasts, control = lmm_control(check_singular = "ignore")
  )
  if (fit$n != nrow(data)) {
    abort("{.arg analysis} uses variables that are missing in {nrow(data) - fit$n} row{?s}.",
      kind = "data", variable = "analysis", observed = fit$n
    )
  }
  if (!is.null(fit$undetermined)) {
    abort(c(
      "The design does not determine all variances of the fitted model.",
      "i" = "{.fn lmm} of a simulated response says which; leave them out of {.arg analysis}."
    ), kind = "data", variable = "data", observed = fit$undetermined$alone)
  }
  fit
}

# ---- tests ----

# list(`name`, `l` (matrix, rows scaled as a test of the fit scales them), `L` (as given),
# `num_df`), one for each test.
power_tests <- function(fit, L, ddf) {
  contrasts <- if (is.null(L)) fixed_contrasts(fit, "III") else contrast_matrices(fit, L)
  contrasts <- Filter(nrow, contrasts)
  if (length(contrasts) == 0L) {
    abort("The fixed part has no terms to be tested; give contrasts as {.arg L}.",
      kind = "argument", variable = "L", observed = L
    )
  }
  Map(function(own, name) {
    L <- plain_matrix(own)
    l <- L / max(row_powers(L))
    list(
      name = if (nrow(L) == 1L) rownames(own) %||% name else name, L = L,
      l = l / row_units(fit, l), num_df = contrast_joint(fit, L, ddf)$num_df
    )
  }, contrasts, names(contrasts))
}

# L beta under the assumed means, where a test has one row and the fitted model's X can express
# them; else NA.
true_values <- function(truth, fit, tests) {
  X <- fixed_matrix(fit)
  mean <- truth$mean + (truth$offset %||% 0) - (fit$offset %||% 0)
  decomposition <- qr(X)
  size <- sqrt(sum(mean^2))
  expressed <- sqrt(sum(qr.resid(decomposition, mean)^2)) <= 1e-8 * size
  beta <- qr.coef(decomposition, mean)
  vapply(tests, function(test) {
    if (nrow(test$L) != 1L || !expressed) return(NA_real_)
    value <- sum(test$L * beta)
    # what rounding of the means may do to it is no effect
    weights <- backsolve(qr.R(decomposition), drop(test$L), transpose = TRUE)
    if (abs(value) <= 1e-10 * sqrt(sum(weights^2)) * size) 0 else value
  }, 0)
}

# A function for run_replicates(): columns of `t` are p-values, degrees of freedom and estimates.
power_replicates <- function(truth, fit, tests, ddf, start, seed, threads) {
  prepared <- prepare_again(fit)
  l <- unname(lapply(tests, `[[`, "l"))
  num_df <- vapply(tests, `[[`, 0, "num_df")
  degrees <- match(ddf, c("none", "Satterthwaite", "expected", "Kenward-Roger")) - 1L
  single <- vapply(tests, function(test) nrow(test$L) == 1L, TRUE)
  rows <- do.call(rbind, lapply(tests, function(test) test$L[1L, , drop = FALSE]))
  function(first, count) {
    y <- assumed_responses(truth, seed, first, count) - (fit$offset %||% 0)
    found <- refit_tests_cpp(prepared, y, start, fit$REML, l, degrees, threads)
    # without degrees of freedom there is a distribution only for known variances
    den_df <- if (ddf == "none") found$f * 0 + Inf else found$den_df
    den_df[is.nan(found$f)] <- NA
    p_value <- stats::pf(found$f, rep(num_df, each = count), den_df, lower.tail = FALSE)
    estimate <- found$beta %*% t(rows)
    estimate[, !single] <- NA
    list(
      t = cbind(matrix(p_value, count), den_df, estimate), singular = found$singular,
      uncertain = !found$certain & !is.na(found$sigma),
      messages = ifelse(is.na(found$sigma), "The criterion was undefined.", NA)
    )
  }
}

# ---- the result ----

power_table <- function(done, tests, effect, alpha, ddf, seed, fit) {
  names <- unname(vapply(tests, `[[`, "", "name"))
  columns <- matrix(seq_len(3L * length(tests)), ncol = 3L)
  part <- function(k) {
    matrix(done$t[, columns[, k]], ncol = length(tests), dimnames = list(NULL, names))
  }
  p_value <- part(1L)
  significant <- p_value <= alpha
  count <- colSums(!is.na(p_value))
  hits <- colSums(significant, na.rm = TRUE)
  ratio <- sweep(part(3L), 2L, ifelse(effect == 0, NA, effect), "/")
  ratio[!significant %in% TRUE] <- NA
  table <- data.frame(
    NumDF = unname(vapply(tests, `[[`, 0, "num_df")),
    DenDF = apply(part(2L), 2L, stats::median, na.rm = TRUE),
    effect = unname(effect), power = hits / count,
    lower = ifelse(hits == 0, 0, stats::qbeta(0.025, hits, count - hits + 1)),
    upper = ifelse(hits == count, 1, stats::qbeta(0.975, hits + 1, count - hits)),
    type_S = colMeans(ratio < 0, na.rm = TRUE), type_M = colMeans(abs(ratio), na.rm = TRUE),
    row.names = make.unique(names)
  )
  table[] <- lapply(table, function(column) ifelse(is.nan(column), NA, column))
  fitted <- expression_text(stats::formula(fit)[[3L]])
  title <- paste0(
    "Power of tests at level ", format(alpha), ", ", nrow(p_value), " data sets, seed ", seed
  )
  counts <- list(
    singular = sum(done$singular), uncertain = sum(done$uncertain),
    failures = list(
      count = sum(!is.na(done$messages)), messages = unique(done$messages[!is.na(done$messages)])
    )
  )
  untested <- max(nrow(p_value) - count)
  structure(table,
    heading = c(title, paste0(
      "Fitted: ~ ", fitted, if (fit$REML) " by REML" else " by maximum likelihood",
      if (ddf == "none") "; normal theory" else paste0("; ", ddf_title(ddf))
    )),
    notes = c(
      bootstrap_counts(counts),
      if (untested > 0) fold_text(paste0("Without a test: up to ", untested, "."))
    ),
    replicates = list(p = p_value, estimate = part(3L), seed = seed),
    class = c("henderson_power", "data.frame")
  )
}

#' @param x A result of `power_lmm()`.
#' @param digits One whole number: significant digits.
#' @rdname power_lmm
#' @export
print.henderson_power <- function(x, digits = 3L, ...) {
  check_print_dots(...)
  check_digits(digits)
  columns <- c("NumDF", "DenDF", "effect", "power", "lower", "upper", "type_S", "type_M")
  if (!is_whole_table(x, columns)) {
    print(plain_data_frame(x), digits = digits)
    return(invisible(x))
  }
  shown <- vapply(columns, function(name) {
    ifelse(is.na(x[[name]]), "", format(x[[name]], digits = digits))
  }, character(nrow(x)))
  cells <- matrix(shown, nrow(x), dimnames = list(rownames(x), columns))
  write_lines(c(
    fold_notes(attr(x, "heading")), "", text_table(cells, "right"), attr(x, "notes")
  ))
  invisible(x)
}

#' @export
`[.henderson_power` <- function(x, ...) table_part(x, ...)
