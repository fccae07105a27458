# Bootstrap of a fit. Responses are drawn and refitted in the core (src/core/fit/bootstrap.h); a
# statistic that is an R function is called with fits of the same responses.

#' Bootstrap of a fit
#'
#' Refits the model to drawn responses, or to resampled groups, and collects estimates or any
#' statistic of the fits.
#'
#' @param fit A fit by [lmm()] that holds its model frame.
#' @param nsim One whole number, at least 1: how many replicates.
#' @param statistic `NULL`: all standard deviations and correlations of the random part, sigma and
#'   the fixed effects, computed in C++. `"predictions"`: those of the rows of `newdata`, in C++
#'   too, for [prediction_bands()]. Or a function of a fit that returns a numeric vector, of the
#'   same length for every fit; its attribute `variance`, if it has one, holds estimated variances
#'   of the numbers.
#' @param type One string.
#'   `"parametric"`: \eqn{y^* = X\hat\beta + Zb^* + \varepsilon^*}{y* = X beta + Z b* + e*} with
#'   normal \eqn{b^*}{b*} and \eqn{\varepsilon^*}{e*}, of the estimated covariances.
#'   `"residual"`: \eqn{b^*}{b*} and \eqn{\varepsilon^*}{e*} drawn with replacement from the
#'   conditional modes and residuals, centred and scaled so that their covariances are the estimated
#'   ones.
#'   `"wild"`: \eqn{y^* = X\hat\beta + s_k r}{y* = X beta + s_k r} with one random sign \eqn{s_k}
#'   for each group k of the factor in which all others are nested, and r the marginal residuals
#'   over \eqn{\sqrt{1 - h}}{sqrt(1 - h)}, h the leverages of the fixed part. It is for fixed
#'   effects: a sign leaves the products of a group's residuals, of which variances are estimated,
#'   as they are, so that replicates of standard deviations, correlations and sigma are `NA`; those
#'   of a function that depends on them mean nothing.
#'   `"case"`: the groups of that factor drawn with replacement, each draw a group of its own, whose
#'   rows keep their values in the fixed part, also those of a grouping variable.
#' @param seed `NULL` or one whole number. The numbers drawn depend on it, the type and the
#'   replicate's number only, not on threads or on how many replicates there are; R's own generator
#'   is left alone. `NULL`: a seed taken from R's generator, so that [set.seed()] decides.
#' @param threads One whole number: how many C++ threads refit. Functions given as `statistic` are
#'   called in one; see the section on workers.
#' @param progress One logical: shall a progress bar appear, from two seconds on?
#' @param continue `NULL`, or an earlier result of the same fit, statistic and type: `nsim`
#'   replicates are added to it.
#' @param newdata,re.form For `statistic = "predictions"`, as for
#'   [predict()][predict.henderson_lmm]: a data frame of the rows to predict, `NULL` for those of
#'   the fit; `NULL` for predictions with all random effects, `NA` for the population's, or a
#'   formula of the random terms to use.
#' @param variances One logical: shall the variances of the built-in statistics be estimated in each
#'   replicate, for studentised intervals? That takes about twice as long. Those of fixed effects
#'   are of the estimated covariance, those of standard deviations and correlations by the delta
#'   method, as [variance_components()] has them, `NA` on the boundary.
#' @param ... Nothing; an argument that is not known is an error.
#' @details A search starts from the fit's parameters, with exact derivatives, and its end is
#'   certified as that of [lmm()] is. Replicates with a variance of zero or a correlation of one are
#'   counted as `singular` and kept: they are part of the distribution. Those whose search has no
#'   certain minimum are counted as `uncertain` and kept, those without a fit, or whose statistic
#'   stops, are rows of `NA`, counted in `failures` with their messages. An interrupt ends the
#'   bootstrap with what is done.
#'
#'   A replicate of `"predictions"` is the fit's prediction plus the error of the refit's: see
#'   [prediction_bands()].
#' @section Workers: Where a [future::plan()] with several workers is set, functions given as
#'   `statistic`, and refits of type `"case"`, are spread over them by package future.apply; the
#'   numbers stay the same, those that the function draws itself too, as these depend on seed and
#'   replicate. Workers must have henderson installed. All replicates are sent at once; with
#'   `progress = TRUE` a tenth at a time, so that an interrupt loses no more than that. On one
#'   machine:
#'
#'   ```
#'   future::plan("multisession", workers = 4)
#'   bootstrap(fit, 1000, statistic = ratio, seed = 1)
#'   ```
#'
#'   As jobs of Slurm, 20 of them with an hour each, with a template of package batchtools:
#'
#'   ```
#'   future::plan(future.batchtools::batchtools_slurm, workers = 20,
#'     template = "slurm.tmpl", resources = list(walltime = 3600, ncpus = 1))
#'   bootstrap(fit, 20000, statistic = ratio, seed = 1, progress = FALSE)
#'   ```
#' @return An object of class `henderson_bootstrap`, also of class `boot`, for package boot: a list
#'   of `t0` (named numeric, the statistic of the fit), `t` (`R` x `length(t0)` matrix), `R`,
#'   `seed`, `type`, `call`, `singular`, `uncertain` (counts), `failures` (list of `count`,
#'   `messages`), `var.t0` and `var.t` (estimated variances of `t0` and `t`, or `NULL`), `fit`,
#'   `statistic` and `newdata`. `as.data.frame` has a column for each statistic.
#' @section Package boot: [boot::boot.ci()] takes the result:
#'   `boot.ci(x, type = c("norm", "basic", "perc"), index = 6)` for normal, basic and percentile
#'   limits,
#'   `boot.ci(x, type = "stud", index = c(6, 6), var.t0 = x$var.t0[6], var.t = x$var.t[, 6])`
#'   for studentised ones and
#'   `boot.ci(x, type = "bca", index = 6, L = bootstrap_influence(x)[, 6])` for BCa.
#' @section Warnings: `confint()` warns with class `henderson_warning_replicates` where limits are
#'   the smallest or largest replicate, as there are too few for the level, at 95 % fewer than 39;
#'   and where statistics have no limits as replicates failed.
#' @section Errors: class `henderson_error_argument` for a malformed argument, or a statistic that
#'   returns no numbers; `henderson_error_data` when the fit does not hold its model frame;
#'   `henderson_error_unsupported` for `"wild"` and `"case"` where no factor has all others nested
#'   in it, for all types but `"parametric"` where levels are related (`lmm(relationship = )`) or
#'   variance parameters have [constraints], for `variances = TRUE` with these, and for fits with
#'   priors;
#'   `henderson_error_newdata` for `newdata` with unknown levels or missing values.
#' @source Davison and Hinkley (1997), *Bootstrap Methods and their Application*; Carpenter,
#'   Goldstein and Rasbash (2003), *Applied Statistics* 52, 431-443 (residual); Modugno and
#'   Giannerini (2015), *Communications in Statistics* 44, 4812-4825 (wild).
#' @seealso [confint()][confint.henderson_lmm] with `method = "boot"`; [prediction_bands()],
#'   [bootstrap_influence()], [bootstrap_test()], [plot()][plot.henderson_bootstrap].
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' replicates <- bootstrap(fit, nsim = 200, seed = 1)
#' replicates
#' confint(replicates)
#' ratio <- function(fit) fixef(fit)[["Days"]] / sigma(fit)
#' bootstrap(fit, nsim = 20, statistic = ratio, seed = 1)
#' @export
bootstrap <- function(fit, nsim = 1000, statistic = NULL,
                      type = c("parametric", "residual", "wild", "case"), seed = NULL,
                      threads = 1L, progress = interactive(), continue = NULL, newdata = NULL,
                      re.form = NULL, variances = FALSE, ...) {
  check_no_dots(...)
  check_fit(fit)
  require_plain_residuals(fit, "A bootstrap")
  require_no_priors(fit, "The bootstrap",
    instead = "{.fn simulate} and {.fn refit_response} draw and fit replicates by hand."
  )
  check_count(nsim, min = 1)
  check_statistic(statistic, newdata, re.form)
  type <- check_choice(type, c("parametric", "residual", "wild", "case"))
  if (type != "parametric") require_independent(fit, paste0("A bootstrap of type \"", type, "\""))
  check_count(seed, min = -.Machine$integer.max, null_ok = TRUE)
  check_count(threads, min = 1)
  check_flag(progress)
  check_flag(variances)
  if (type != "parametric") {
    require_unconstrained(fit, paste0("A bootstrap of type \"", type, "\""),
      instead = "{.code type = \"parametric\"} is."
    )
  }
  if (variances) {
    require_unconstrained(fit, "A bootstrap with variances of the replicates",
      instead = "Limits of all types but {.val stud} and {.val bca} do without."
    )
  }
  call <- match.call()
  if (!is.null(continue)) check_continued(continue, type, seed)
  seed <- continue$seed %||% seed %||% sample.int(.Machine$integer.max, 1L)
  rows <- if (is.character(statistic)) predicted_rows(fit, newdata, re.form, type)
  own <- bootstrap_statistic(fit, statistic, variances, rows, seed, type)
  if (!is.null(continue)) check_same_statistic(continue, own)
  replicate <- if (type == "case") {
    case_replicates(fit, own, seed)
  } else {
    drawn_replicates(fit, own, type, seed, threads)
  }
  by_workers <- has_workers() && (type == "case" || is.null(own$of_core))
  done <- run_replicates(
    replicate, continue$R %||% 0, nsim, progress, by_workers = by_workers
  )
  new_bootstrap(fit, own, rows, done, continue, seed, type, call)
}

check_statistic <- function(statistic, newdata, re.form, call = entry_frame()) {
  is_text <- is.character(statistic)
  if (is_text && !identical(statistic, "predictions") ||
        !(is.null(statistic) || is_text || is.function(statistic))) {
    abort_argument(
      statistic, "statistic", "NULL, \"predictions\" or a function of a fit", "argument", call
    )
  }
  unused <- c("newdata", "re.form")[c(!is.null(newdata), !is.null(re.form))]
  if (is_text || length(unused) == 0L) return(invisible(NULL))
  abort("{.arg {unused}} {?is/are} for {.code statistic = \"predictions\"} only.",
    kind = "argument", variable = unused[1L], observed = unused, call = call
  )
}

# --- replicates ---

# Functions of the first number (from 0) and a count, which return list(`t` (a row each), `variance`
# (as `t`, or NULL), `singular`, `uncertain` (logical), `messages` (character, NA)).

drawn_replicates <- function(fit, own, type, seed, threads) {
  prepared <- prepare_again(fit)
  model <- response_model(fit, type)
  if (!is.null(own$of_core)) {
    if (own$name == "parameters" && anyNA(own$t0)) {
      inform_unknown("Some parameters are NA in all replicates.", fit)
    }
    return(function(first, count) {
      found <- bootstrap_cpp(
        prepared, model, fit$theta, fit$beta, fit$REML, seed, first, count, threads, own$wishes
      )
      c(own$of_core(found), list(
        singular = found$singular, uncertain = !found$certain & !is.na(found$sigma),
        messages = ifelse(is.na(found$sigma), "The criterion was undefined.", NA)
      ))
    })
  }
  offset <- fit$offset %||% 0
  function(first, count) {
    y <- drawn_responses_cpp(prepared, model, seed, first, count) + offset
    items <- lapply(seq_len(count), function(k) list(y = y[, k], seed = seed + first + k))
    collect_fits(map_replicates(items, response_replicate, fit, own$of_fit, own$t0), own$t0)
  }
}

response_replicate <- function(item, fit, statistic, t0) {
  quiet_statistic(refit_frame(fit, with_response(fit, item$y)), statistic, t0, item$seed)
}

with_response <- function(fit, y) {
  frame <- model_frame_of(fit)
  replace_column(frame, names(frame)[1L], y)
}

# list(`value`, `variance` (NA without), `singular`, `uncertain`, `message`). `fit` is evaluated
# here: it may stop. Whatever the statistic draws depends on the seed only.
quiet_statistic <- function(fit, statistic, t0, seed) {
  none <- rep(NA_real_, length(t0))
  tryCatch(
    suppressWarnings(suppressMessages({
      force(fit)
      value <- with_generator(seed, statistic(fit))
      if (!is.numeric(value) || length(value) != length(t0)) {
        stop("The statistic returned ", describe_value(value), ".", call. = FALSE)
      }
      variance <- attr(value, "variance") %||% none
      if (length(variance) != length(t0)) variance <- none
      list(
        value = as.numeric(value), variance = as.numeric(variance), singular = is_singular(fit),
        uncertain = isFALSE(fit$optimization$converged), message = NA_character_
      )
    })),
    error = function(e) {
      list(
        value = none, variance = none, singular = FALSE, uncertain = FALSE,
        message = conditionMessage(e)
      )
    }
  )
}

collect_fits <- function(results, t0) {
  rows <- function(name) {
    matrix(unlist(lapply(results, `[[`, name)), ncol = length(t0), byrow = TRUE)
  }
  list(
    t = rows("value"), variance = rows("variance"),
    singular = vapply(results, `[[`, TRUE, "singular"),
    uncertain = vapply(results, `[[`, TRUE, "uncertain"),
    messages = vapply(results, `[[`, "", "message")
  )
}

# Groups drawn with replacement.
case_replicates <- function(fit, own, seed) {
  outer <- outermost_levels(fit)
  rows <- split(seq_along(outer), outer)
  function(first, count) {
    items <- lapply(seq_len(count), function(k) {
      number <- first + k - 1
      list(rows = rows[drawn_groups_cpp(seed, number, length(rows))], seed = seed + first + k)
    })
    collect_fits(map_replicates(items, case_replicate, fit, own$of_fit, own$t0), own$t0)
  }
}

case_replicate <- function(item, fit, statistic, t0) {
  frame <- model_frame_of(fit)
  copy <- rep(seq_along(item$rows), lengths(item$rows))
  resampled <- frame[unlist(item$rows), , drop = FALSE]
  parts <- lapply(fit$random, function(term) {
    vapply(interaction_parts(term$group_expr), column_name, "")
  })
  free <- setdiff(unlist(parts), valued_columns(fit, frame))
  for (name in free) resampled[[name]] <- factor(paste(copy, resampled[[name]]))
  # copies are told apart by a column of their own where a factor's variables say more than groups
  if (!all(vapply(parts, function(names) any(names %in% free), TRUE))) {
    resampled[["(copy)"]] <- copy
  }
  rownames(resampled) <- NULL
  quiet_statistic(refit_frame(fit, resampled), statistic, t0, item$seed)
}

# Columns of the model frame whose values count: response, fixed part and left-hand sides.
valued_columns <- function(fit, frame) {
  terms <- c(list(attr(frame, "fixed_terms")), lapply(fit$random, `[[`, "terms"))
  unique(unlist(lapply(terms[!vapply(terms, is.null, TRUE)], function(terms) {
    variable_names(terms)
  })))
}

# Chunk by chunk, each of about a fifth of a second; ends early at an interrupt. Workers get all at
# once, or a tenth at a time where progress is to be seen.
run_replicates <- function(replicate, first, nsim, progress, what = "bootstrap",
                           by_workers = FALSE) {
  parts <- list()
  done <- 0
  size <- min(nsim, 8)
  if (by_workers) size <- if (progress) ceiling(nsim / 10) else nsim
  bar <- if (progress) cli::cli_progress_bar(what, total = nsim)
  tryCatch(
    while (done < nsim) {
      count <- min(size, nsim - done)
      started <- proc.time()[["elapsed"]]
      part <- replicate(first + done, count)
      took <- proc.time()[["elapsed"]] - started
      parts[[length(parts) + 1L]] <- part
      done <- done + count
      if (!by_workers && took < 0.2) size <- size * if (took < 0.02) 8 else 2
      if (progress) cli::cli_progress_update(set = done, id = bar)
    },
    interrupt = function(e) {
      inform("The {what} was interrupted after {done} of {nsim} replicates.",
        kind = "interrupted", variable = "nsim", observed = done
      )
    }
  )
  if (progress) cli::cli_progress_done(id = bar)
  list(
    t = do.call(rbind, lapply(parts, `[[`, "t")),
    variance = do.call(rbind, lapply(parts, `[[`, "variance")),
    singular = unlist(lapply(parts, `[[`, "singular")),
    uncertain = unlist(lapply(parts, `[[`, "uncertain")),
    messages = unlist(lapply(parts, `[[`, "messages"))
  )
}

# --- the result ---

new_bootstrap <- function(fit, own, rows, done, before, seed, type, call) {
  labels <- names(own$t0)
  t <- rbind(before$t, done$t)
  if (is.null(t)) t <- matrix(0, 0L, length(labels))
  colnames(t) <- labels
  variance <- if (!is.null(own$variance)) rbind(before$var.t, done$variance)
  if (!is.null(variance)) colnames(variance) <- labels
  messages <- done$messages[!is.na(done$messages)]
  result <- list(
    t0 = own$t0, t = t, R = nrow(t), seed = seed, type = type, call = call,
    singular = (before$singular %||% 0L) + sum(done$singular),
    uncertain = (before$uncertain %||% 0L) + sum(done$uncertain),
    failures = list(
      count = (before$failures$count %||% 0L) + length(messages),
      messages = unique(c(before$failures$messages, messages))
    ),
    sim = "parametric", var.t0 = own$variance, var.t = variance, fit = fit, statistic = own,
    newdata = rows$data, has_effects = length(rows$terms) > 0L
  )
  structure(result, class = c("henderson_bootstrap", "boot"))
}

check_continued <- function(continue, type, seed) {
  if (!inherits(continue, "henderson_bootstrap")) {
    abort_argument(
      continue, "continue", "NULL or a result of `bootstrap()`", "argument", entry_frame()
    )
  }
  if (continue$type != type || !(is.null(seed) || seed == continue$seed)) {
    abort(c(
      "{.arg continue} is a bootstrap of type {.val {continue$type}} with seed {continue$seed}.",
      "i" = "Give the same {.arg type}, and no {.arg seed} or that one."
    ), kind = "argument", variable = "continue", observed = continue$type)
  }
}

check_same_statistic <- function(continue, own) {
  if (!isTRUE(all.equal(continue$t0, own$t0))) {
    abort(c(
      "{.arg continue} is a bootstrap of another fit or statistic.",
      "i" = "Its statistics are {.val {utils::head(names(continue$t0), 6L)}}; their values must be
             those of {.arg fit}."
    ), kind = "argument", variable = "continue", observed = names(continue$t0))
  }
  if (is.null(continue$var.t) != is.null(own$variance)) {
    abort(c(
      "{.arg continue} has {if (is.null(continue$var.t)) 'no '}variances of its statistics.",
      "i" = "Give the same {.arg variances}."
    ), kind = "argument", variable = "variances")
  }
}
