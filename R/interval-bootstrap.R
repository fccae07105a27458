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
#'   the fixed effects, computed in C++. Or a function of a fit that returns a numeric vector, of
#'   the same length for every fit.
#' @param type One string.
#'   `"parametric"`: \eqn{y^* = X\hat\beta + Zb^* + \varepsilon^*}{y* = X beta + Z b* + e*} with
#'   normal \eqn{b^*}{b*} and \eqn{\varepsilon^*}{e*}, of the estimated covariances.
#'   `"residual"`: \eqn{b^*}{b*} and \eqn{\varepsilon^*}{e*} drawn with replacement from the
#'   conditional modes and residuals, centred and scaled so that their covariances are the estimated
#'   ones.
#'   `"wild"`: \eqn{y^* = X\hat\beta + s_k r}{y* = X beta + s_k r} with one random sign \eqn{s_k}
#'   for each group k of the factor in which all others are nested, and r the marginal residuals
#'   over \eqn{\sqrt{1 - h}}{sqrt(1 - h)}, h the leverages of the fixed part.
#'   `"case"`: the groups of that factor drawn with replacement, each draw a group of its own.
#' @param seed `NULL` or one whole number. The numbers drawn depend on it, the type and the
#'   replicate's number only, not on threads or on how many replicates there are; R's own generator
#'   is left alone. `NULL`: a seed taken from R's generator, so that [set.seed()] decides.
#' @param threads One whole number: how many C++ threads refit. Functions given as `statistic` are
#'   called in one.
#' @param progress One logical: shall a progress bar appear, from two seconds on?
#' @param continue `NULL`, or an earlier result of the same fit, statistic and type: `nsim`
#'   replicates are added to it.
#' @param ... Nothing; an argument that is not known is an error.
#' @details A search starts from the fit's parameters, with exact derivatives, and its end is
#'   certified as that of [lmm()] is. Replicates with a variance of zero or a correlation of one are
#'   counted as `singular` and kept: they are part of the distribution. Those whose search has no
#'   certain minimum are counted as `uncertain` and kept, those without a fit, or whose statistic
#'   stops, are rows of `NA`, counted in `failures` with their messages. An interrupt ends the
#'   bootstrap with what is done.
#' @return An object of class `henderson_bootstrap`, also of class `boot`, for package boot: a list
#'   of `t0` (named numeric, the statistic of the fit), `t` (`R` x `length(t0)` matrix), `R`,
#'   `seed`, `type`, `call`, `singular`, `uncertain` (counts) and `failures` (list of `count`,
#'   `messages`). `as.data.frame` has a column for each statistic.
#' @section Errors: class `henderson_error_argument` for a malformed argument, or a statistic that
#'   returns no numbers; `henderson_error_data` when the fit does not hold its model frame;
#'   `henderson_error_unsupported` for `"wild"` and `"case"` where no factor has all others nested
#'   in it.
#' @source Davison and Hinkley (1997), *Bootstrap Methods and their Application*; Carpenter,
#'   Goldstein and Rasbash (2003), *Applied Statistics* 52, 431-443 (residual); Modugno and
#'   Giannerini (2015), *Communications in Statistics* 44, 4812-4825 (wild).
#' @seealso [confint()][confint.henderson_lmm] with `method = "boot"`.
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
                      threads = 1L, progress = interactive(), continue = NULL, ...) {
  check_no_dots(...)
  check_fit(fit)
  require_independent(fit, "The bootstrap")
  require_unconstrained(fit, "The bootstrap",
    instead = "{.fn simulate} and {.fn refit_response} draw and fit replicates by hand."
  )
  check_count(nsim, min = 1)
  check_function(statistic, null_ok = TRUE)
  type <- check_choice(type, c("parametric", "residual", "wild", "case"))
  check_count(seed, min = -.Machine$integer.max, null_ok = TRUE)
  check_count(threads, min = 1)
  check_flag(progress)
  call <- match.call()
  if (!is.null(continue)) check_continued(continue, type, seed)
  seed <- continue$seed %||% seed %||% sample.int(.Machine$integer.max, 1L)
  t0 <- bootstrap_statistic(fit, statistic)
  replicate <- if (type == "case") {
    case_replicates(fit, statistic, t0, seed)
  } else {
    drawn_replicates(fit, statistic, t0, type, seed, threads)
  }
  done <- run_replicates(replicate, continue$R %||% 0, nsim, progress)
  new_bootstrap(t0, done, continue, seed, type, call)
}

# The statistic of the fit itself.
bootstrap_statistic <- function(fit, statistic) {
  if (is.null(statistic)) {
    table <- interval_parameters(fit)
    value <- parameter_values(fit, table, t(fit$theta), fit$sigma, t(fit$beta))
    value[, is_without_interval(fit, table)] <- NA
    return(stats::setNames(drop(value), table$label))
  }
  t0 <- statistic(fit)
  if (!is.numeric(t0) || length(t0) == 0L) {
    abort("{.arg statistic} must return numbers, not {describe_value(t0)}.",
      kind = "argument", variable = "statistic", observed = class(t0)
    )
  }
  if (is.null(names(t0))) names(t0) <- paste0("t", seq_along(t0))
  t0
}

# --- replicates ---

# Functions of the first number (from 0) and a count, which return list(`t` (a row each),
# `singular`, `uncertain` (logical), `messages` (character, NA)).

drawn_replicates <- function(fit, statistic, t0, type, seed, threads) {
  prepared <- prepare_again(fit)
  model <- response_model(fit, type)
  if (is.null(statistic)) {
    table <- interval_parameters(fit)
    without <- is_without_interval(fit, table)
    if (any(without)) inform_unknown("Some parameters are NA in all replicates.", fit)
    return(function(first, count) {
      found <- bootstrap_cpp(
        prepared, model, fit$theta, fit$REML, seed, first, count, threads
      )
      values <- parameter_values(fit, table, found$theta, found$sigma, found$beta)
      values[, without] <- NA
      list(
        t = values, singular = found$singular,
        uncertain = !found$certain & !is.na(found$sigma),
        messages = ifelse(is.na(found$sigma), "The criterion was undefined.", NA)
      )
    })
  }
  offset <- fit$offset %||% 0
  function(first, count) {
    y <- drawn_responses_cpp(prepared, model, seed, first, count) + offset
    collect_fits(lapply(seq_len(count), function(k) {
      quiet_statistic(refit_frame(fit, with_response(fit, y[, k])), statistic, t0)
    }), t0)
  }
}

with_response <- function(fit, y) {
  frame <- model_frame_of(fit)
  replace_column(frame, names(frame)[1L], y)
}

# list(`value`, `singular`, `uncertain`, `message`). `fit` is evaluated here: it may stop.
quiet_statistic <- function(fit, statistic, t0) {
  tryCatch(
    suppressWarnings(suppressMessages({
      force(fit)
      value <- statistic(fit)
      if (!is.numeric(value) || length(value) != length(t0)) {
        stop("The statistic returned ", describe_value(value), ".", call. = FALSE)
      }
      list(
        value = as.numeric(value), singular = is_singular(fit),
        uncertain = !isTRUE(fit$optimization$converged), message = NA_character_
      )
    })),
    error = function(e) {
      list(
        value = rep(NA_real_, length(t0)), singular = FALSE, uncertain = FALSE,
        message = conditionMessage(e)
      )
    }
  )
}

collect_fits <- function(results, t0) {
  list(
    t = matrix(unlist(lapply(results, `[[`, "value")), ncol = length(t0), byrow = TRUE),
    singular = vapply(results, `[[`, TRUE, "singular"),
    uncertain = vapply(results, `[[`, TRUE, "uncertain"),
    messages = vapply(results, `[[`, "", "message")
  )
}

# Groups drawn with replacement.
case_replicates <- function(fit, statistic, t0, seed) {
  outer <- outermost_levels(fit)
  frame <- model_frame_of(fit)
  rows <- split(seq_len(nrow(frame)), outer)
  groups <- unique(unlist(lapply(fit$random, function(term) all.vars(term$group_expr))))
  statistic <- statistic %||% function(fit) bootstrap_statistic(fit, NULL)
  function(first, count) {
    collect_fits(lapply(seq_len(count), function(k) {
      chosen <- drawn_groups_cpp(seed, first + k - 1, length(rows))
      sampled <- rows[chosen]
      copy <- rep(seq_along(sampled), lengths(sampled))
      resampled <- frame[unlist(sampled), , drop = FALSE]
      for (name in intersect(groups, names(resampled))) {
        resampled[[name]] <- factor(paste(copy, resampled[[name]]))
      }
      rownames(resampled) <- NULL
      quiet_statistic(refit_frame(fit, resampled), statistic, t0)
    }), t0)
  }
}

# Chunk by chunk, each of about a fifth of a second; ends early at an interrupt.
run_replicates <- function(replicate, first, nsim, progress, what = "bootstrap") {
  parts <- list()
  done <- 0
  size <- min(nsim, 8)
  bar <- if (progress) cli::cli_progress_bar(what, total = nsim)
  tryCatch(
    while (done < nsim) {
      count <- min(size, nsim - done)
      took <- system.time(part <- replicate(first + done, count), gcFirst = FALSE)[["elapsed"]]
      parts[[length(parts) + 1L]] <- part
      done <- done + count
      if (took < 0.2) size <- size * if (took < 0.02) 8 else 2
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
    singular = unlist(lapply(parts, `[[`, "singular")),
    uncertain = unlist(lapply(parts, `[[`, "uncertain")),
    messages = unlist(lapply(parts, `[[`, "messages"))
  )
}

# --- the result ---

new_bootstrap <- function(t0, done, before, seed, type, call) {
  t <- rbind(before$t, done$t)
  if (is.null(t)) t <- matrix(0, 0L, length(t0))
  colnames(t) <- names(t0)
  messages <- done$messages[!is.na(done$messages)]
  result <- list(
    t0 = t0, t = t, R = nrow(t), seed = seed, type = type, call = call,
    singular = (before$singular %||% 0L) + sum(done$singular),
    uncertain = (before$uncertain %||% 0L) + sum(done$uncertain),
    failures = list(
      count = (before$failures$count %||% 0L) + length(messages),
      messages = unique(c(before$failures$messages, messages))
    ),
    sim = "parametric"
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
