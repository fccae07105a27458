# Minimisation over theta: start values, the core's Newton, optim() as an alternative, and what is
# said about the outcome.

#' Check `start`
#'
#' @param start NULL, a numeric vector, or list(theta = numeric).
#' @param random terms in theta order.
#' @return numeric vector or NULL.
#' @noRd
check_start <- function(start, random, control) {
  if (is.null(start) && control$optimizer != "none") return(NULL)
  if (is.list(start)) {
    unknown <- setdiff(names(start), "theta")
    if (is.null(names(start)) || length(unknown) || is.null(start$theta)) {
      given <- if (is.null(names(start))) "unnamed elements" else names(start)
      abort(c(
        "A list {.arg start} must be {.code list(theta = )}; it has {.val {given}}.",
        "i" = "Only {.code theta} has starting values: beta and sigma follow from it."
      ), kind = "start", variable = "start", observed = given)
    }
    start <- start$theta
  }
  names <- theta_names(random)
  if (is.null(start)) {
    abort(c(
      "{.code optimizer = \"none\"} evaluates the model at {.arg start}, which is missing.",
      "i" = "Give {.arg start}: {length(names)} number{?s} for {.val {names}}."
    ), kind = "start", variable = "start", observed = "NULL")
  }
  if (!is.numeric(start) || length(start) != length(names) || !all(is.finite(start))) {
    given <- describe_value(start)
    abort(c(
      "{.arg start} must be {length(names)} finite number{?s}, one for each of {.val {names}}.",
      "x" = "It is {given}."
    ), kind = "start", variable = "start", observed = given)
  }
  start <- as.double(by_names(start, names))
  check_correlations(start, random, "start", kind = "start")
  start
}

# theta is relative to sigma, constraints are not.
check_start_is_free <- function(start, control) {
  if (is.null(start) || !has_constraints(control)) return(invisible(NULL))
  abort(c(
    "{.arg start} cannot be given with constraints or priors on variance parameters.",
    "i" = "Leave it out: the search has starts of its own."
  ), kind = "start", variable = "start")
}

#' `start` in the order of theta: a vector with names is matched by them; a single number needs none
#' @param names names of theta.
#' @noRd
by_names <- function(start, names) {
  given <- names(start)
  if (is.null(given) || length(start) == 1L) return(start)
  given <- enc2utf8(given)
  if (identical(given, names)) return(start)
  # names that occur twice, of terms with a column in common, say nothing about the order
  if (setequal(given, names) && !anyDuplicated(names)) return(start[match(names, given)])
  abort(c(
    "{.arg start} has other names than the covariance parameters of the model.",
    "x" = "Its names are {.val {given}}.",
    "i" = "The model has {.val {names}}.",
    "i" = "Without names, {.code unname(start)}, it is taken in this order."
  ), kind = "start", variable = "start", observed = given)
}

#' Fit what is prepared by the optimizer that control asks for
#'
#' @param prepared pointer from `prepare_cpp()`; `random` the terms, in theta order.
#' @param start numeric or NULL.
#' @param constraints from `new_constraints()`: the start is not used then.
#' @return list from `fit_cpp()`, with `optimizer` added.
#' @noRd
fit_core <- function(prepared, random, REML, control, start, constraints = NULL) {
  if (!is.null(start)) start <- canonical_signs(start, random)
  outside <- control$optimizer %in% c("bfgs", "nelder_mead")
  options <- list(
    REML = REML, optimize = !outside && control$optimizer != "none", certify = outside,
    start = start, max_iterations = control$max_iterations, tolerance = control$tolerance
  )
  if (!is.null(constraints)) options$constraints <- core_constraints(constraints)
  if (!outside) {
    result <- fit_in_memory(prepared, options, random)
    result$optimizer <- newton_outcome(result$evidence, control)
    return(result)
  }
  optimum <- minimize_with_optim(prepared, random, REML, control, start)
  if (is.null(optimum)) return(list(status = "undefined"))
  options$start <- optimum$theta
  result <- fit_in_memory(prepared, options, random)
  result$optimizer <- certify_outcome(optimum$outcome, result$evidence$certificate)
  result
}

fit_in_memory <- function(prepared, options, random) {
  result <- fit_cpp(prepared, options)
  if (result$status == "out_of_memory") abort_out_of_memory(random)
  result
}

abort_out_of_memory <- function(random) {
  groups <- vapply(random, `[[`, "", "group")
  levels <- lengths(lapply(random[!duplicated(groups)], `[[`, "levels"))
  abort(c(
    "There is not enough memory for this model.",
    "x" = "Its grouping factors have {.val {levels}} levels.",
    "i" = "Crossed factors need, at worst, a square matrix as wide as the levels of all but the
           largest of them."
  ), kind = "computation", observed = levels)
}

newton_outcome <- function(evidence, control) {
  none <- control$optimizer == "none"
  certificate <- if (!none) evidence$certificate
  list(
    optimizer = control$optimizer, evaluations = evidence$evaluations,
    iterations = evidence$iterations,
    # nothing was searched for: is_minimum() can tell what the parameters are
    converged = if (none) NA else is_certified(evidence$search, certificate),
    status = if (none) "evaluated" else evidence$search,
    message = if (none) "evaluated at start" else NULL,
    certificate = certificate, trace = if (!none) evidence$trace
  )
}

#' Is the outcome of the core's optimizer a minimum?
#' @param status string, how the search ended.
#' @param certificate list(`predicted_decrease`, `smallest_curvature`, `smallest_score`, `failed` =
#'   names of the numbers that are not those of a minimum); the core has the bounds,
#'   `Certificate::failed()`.
#' @noRd
is_certified <- function(status, certificate) {
  status %in% c("converged", "radius_collapsed") && length(certificate$failed) == 0L
}

#' Where `optim()` stopped is a minimum by the same evidence as Newton's
#' @noRd
certify_outcome <- function(outcome, certificate) {
  ended <- !identical(outcome$message, spent_budget)
  outcome$converged <- ended && is_certified("converged", certificate)
  outcome$status <- if (outcome$converged) "converged" else "not_converged"
  outcome$certificate <- certificate
  outcome
}

# What optim() means by convergence code 1.
spent_budget <- "iteration limit reached"

#' Minimise with stats::optim, for comparison with the core's own optimizer
#' @return list(`theta`, `outcome` for `certify_outcome()`); NULL where the criterion is not finite.
#' @noRd
minimize_with_optim <- function(prepared, random, REML, control, start) {
  evaluate <- deviance_evaluator(prepared, REML)
  # in units of the columns, which optim() knows nothing of
  size <- theta_sizes(random)
  if (is.null(start)) start <- theta_start(random) * size
  value <- function(theta) evaluate(theta, FALSE)$value
  gradient <- function(theta) evaluate(theta, TRUE)$gradient
  optimum <- tryCatch(
    if (control$optimizer == "bfgs") {
      stats::optim(start, value, gradient,
        method = "L-BFGS-B", lower = theta_lower(random), upper = theta_upper(random),
        control = list(maxit = control$max_iterations, factr = 10, parscale = size)
      )
    } else {
      # optim warns that Nelder-Mead is unreliable in one dimension; here it is smooth and convex
      # enough
      suppressWarnings(stats::optim(start, value,
        method = "Nelder-Mead",
        control = list(
          maxit = 100L * control$max_iterations, reltol = 1e-15, parscale = size
        )
      ))
    },
    error = function(e) NULL
  )
  # optim() gives up with an error where the criterion is not finite
  if (is.null(optimum)) return(NULL)
  theta <- canonical_signs(within_correlations(optimum$par, random), random)
  counts <- optimum$counts
  list(theta = theta, outcome = list(
    optimizer = control$optimizer, evaluations = as.integer(counts[[1L]]),
    iterations = as.integer(counts[[1L]]),
    message = if (optimum$convergence == 1L) spent_budget else optimum$message
  ))
}

# What of each theta changes the random effects by about a residual standard deviation: one over the
# root mean square of its row's column of Z; 1 for a correlation.
theta_sizes <- function(random) {
  unlist(lapply(random, function(term) {
    column <- rep(1, length(term$columns))
    if (!is.null(term$z)) column <- sqrt(colMeans(term$z^2))
    column[!(column > 0 & is.finite(column))] <- 1
    if (has_entries(term$structure)) return(1 / column[lambda_entries(term)$row])
    rank <- term$settings$rank
    if (!is.null(rank)) return(1 / column[unlist(lapply(seq_len(rank), seq, length(column)))])
    count <- structure_deviations(term$structure, term$columns)
    deviations <- if (count == 1L) mean(column) else column
    c(1 / deviations, rep(1, n_theta(term) - count))
  }))
}

#' Say what the user should know of the outcome
#' @noRd
report_outcome <- function(fit, control) {
  outcome <- fit$optimization
  if (isFALSE(outcome$converged)) {
    problem <- vanishing_residuals(fit) %||% convergence_problem(outcome, control)
    advice <- stats::setNames(problem$advice, rep("i", length(problem$advice)))
    warn(
      c(
        "The optimizer stopped after {outcome$evaluations} evaluation{?s} without converging:
         {problem$reason}.",
        advice
      ),
      kind = "convergence", observed = outcome$status
    )
  }
  if (outcome$singular && control$optimizer != "none") {
    report(control$check_singular, c(
      "The fit is singular: some variances are zero or some correlations are one.",
      "i" = "`VarCorr(fit)` shows which."
    ), kind = "singular")
  }
  report_precision(fit)
  inform_undetermined(fit)
  inform_flat(fit)
  inform_flat_relationship(fit)
  inform_flat_constrained(fit)
  invisible(fit)
}

#' Random effects so large beside the residuals that rounding takes digits of the results
#'
#' A variance ratio of 1e10 leaves cross-products, from which degrees of freedom and standard errors
#' of variances come, about five digits.
#' @noRd
report_precision <- function(fit) {
  error <- fit$optimization$certificate$relative_error
  if (is.null(error)) return(invisible(NULL))
  largest <- max(0, abs(fit$optimization$standardized))
  if (error <= 3e-4 && largest <= 1e5) return(invisible(NULL))
  size <- format(signif(largest, 2L))
  lost <- if (error > 3e-4) {
    "Rounding leaves standard deviations a relative error of up to {signif(error, 1L)}, and tests
     and intervals few digits."
  } else {
    "Degrees of freedom and standard errors of variances keep few digits, or none."
  }
  inform(c(
    "The random effects are up to {size} times as large as the residuals.",
    "x" = lost,
    "i" = "A grouping factor with such effects can be a fixed effect instead: within its levels
           that says the same, to all digits."
  ), kind = "precision", observed = largest)
}

#' Is it that the residual variance goes to zero beside the effects of a structured term?
#'
#' With one observation of each column and level such effects say what residuals say, and the
#' criterion can fall on and on as they take all of it.
#' @return NULL, or list(`reason`, `advice`) as of `convergence_problem()`.
#' @noRd
vanishing_residuals <- function(fit) {
  far <- 100
  largest <- vapply(fit$random, function(term) {
    if (has_entries(term$structure)) return(0)
    max(0, fit$theta[term$theta_index][is_deviation(list(term))])
  }, 0)
  if (!any(largest > far)) return(NULL)
  term <- fit$random[[which.max(largest)]]
  name <- structure_name(term$structure)
  list(
    reason = paste0(
      "the residual standard deviation falls to zero, here ", format(signif(fit$sigma, 2L)),
      ", beside those of (", term$text, "), up to ", format(signif(fit$sigma * max(largest), 2L))
    ),
    advice = c(
      "With one observation for each of its effects, the term leaves nothing for residuals.",
      if (name %in% names(residual_structures)) {
        paste0(
          "Without the term, {.code residual = ", name, "(visit | group",
          if (!has_one_deviation(term$structure)) ", hom = FALSE",
          ")} gives the structure to the residuals: see {.code ?residual_structure}."
        )
      }
    )
  )
}

#' What kept the optimizer from converging, and what may help
#' @param outcome `fit$optimization`.
#' @return list(`reason` = string, `advice` = templates of bullets).
#' @noRd
convergence_problem <- function(outcome, control) {
  another <- if (outcome$optimizer == "newton") "bfgs" else "newton"
  other <- paste0("Try {.code lmm_control(optimizer = \"", another, "\")}")
  start <- "another {.arg start}"
  rescale <- "Predictors of very different scales, or nearly collinear, are better rescaled or
              centred."
  if (outcome$status == "max_evaluations" || identical(outcome$message, spent_budget)) {
    return(list(
      reason = paste("the budget of max_iterations =", control$max_iterations, "is spent"),
      advice = "Raise {.code lmm_control(max_iterations = )}, or give a {.arg start} nearer the
                minimum."
    ))
  }
  failed <- failed_certificate(outcome$certificate)
  if (outcome$status == "radius_collapsed") {
    failed$reason <- c("no step however short lowers the criterion", failed$reason)
  } else if (length(failed$reason) == 0L) {
    failed$reason <- outcome$message %||% outcome$status
  }
  list(
    reason = paste(failed$reason, collapse = ", and "),
    advice = if (!is.null(control$prior)) {
      "With an improper prior ({.code scale = Inf} or {.code rate = 0}) and few levels there may be
       no mode: choose a smaller {.arg df} or {.arg shape}, or a finite scale."
    } else if (has_constraints(control)) {
      c("The constraints may leave a minimum far out: look at the estimates.", rescale)
    } else {
      c(failed$advice, paste0(other, ", or ", start, "."), rescale)
    }
  )
}

#' The numbers of the certificate that are not those of a minimum
#' @return list(`reason`, `advice`), character vectors.
#' @noRd
failed_certificate <- function(certificate) {
  if (is.null(certificate)) return(list())
  failed <- certificate$failed
  values <- vapply(certificate[failed], function(x) format(signif(x, 3L)), "")
  reasons <- c(
    predicted_decrease = "one more step would lower the criterion by",
    smallest_curvature = "the criterion curves downwards there, with smallest curvature",
    smallest_score = "a variance of zero is no minimum, with boundary score"
  )
  advice <- c(
    smallest_curvature = "The point is a saddle or a ridge: a start on either side of it may lead
                          away.",
    smallest_score = "A {.arg start} with positive standard deviations keeps off the boundary."
  )
  list(
    reason = unname(paste(reasons[failed], values))[seq_along(failed)],
    advice = unname(advice[intersect(failed, names(advice))])
  )
}

#' Print the optimizer's steps
#' @noRd
print_trace <- function(trace, verbose) {
  if (verbose < 1L || nrow(trace) == 0L) return(invisible(NULL))
  lines <- sprintf(
    "%4d  criterion %.10g  predicted decrease %.3g  damping %.3g",
    as.integer(trace[, "evaluation"]), trace[, "criterion"], trace[, "predicted_decrease"],
    trace[, "damping"]
  )
  cat(lines, sep = "\n")
}

#' Evaluate the profiled criterion at many points of one model
#' @param moments cross-products: a list (design/internal-objects.md), or `prepare_cpp()`'s pointer.
#' @return function of `theta` and `gradient` (flag), which returns list(`value`, `gradient`). The
#'   ordering of the model is done once, and again where the function comes from a file.
#' @noRd
deviance_evaluator <- function(moments, REML) {
  force(moments)
  force(REML)
  evaluator <- NULL
  function(theta, gradient) {
    result <- if (!is.null(evaluator)) deviance_at_cpp(evaluator, theta, gradient)
    if (is.null(result)) {
      evaluator <<- deviance_evaluator_cpp(moments, REML)
      result <- deviance_at_cpp(evaluator, theta, gradient)
    }
    result
  }
}
