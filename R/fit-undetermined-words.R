# What is said of covariance parameters that the data do not determine (fit-undetermined.R).

# "(1 | g)" of terms by position.
bar_texts <- function(fit, terms) {
  paste0("(", vapply(fit$random[terms], `[[`, "", "text"), ")")
}

parameter_labels <- function(fit, group) {
  labels <- names(fit$theta)[group$parameters[group$parameters <= length(fit$theta)]]
  unique(labels)
}

#' Sentences on what is not determined
#'
#' @return list parallel to `fit$undetermined$groups` of list(`fact`, `advice`), plain strings.
#' @noRd
undetermined_words <- function(fit) lapply(fit$undetermined$groups, group_words, fit = fit)

group_words <- function(group, fit) {
  terms <- and_list(bar_texts(fit, group$terms))
  labels <- list_some(parameter_labels(fit, group))
  columns <- and_list(group$columns)
  say <- function(fact, advice) list(fact = fact, advice = advice)
  switch(group$reason,
    fixed = say(
      paste0(
        "the data say nothing about ", labels, ": the fixed effects reproduce the random effects",
        if (moves_estimates(fit, group)) {
          ", and estimates of fixed effects without a standard error depend on that"
        }
      ),
      paste("Leave out", terms, "or what it has in common with the fixed effects.")
    ),
    zero = say(
      paste0(
        "the data say nothing about ", labels, ": ", columns, " of ", terms, " ",
        ngettext(length(group$columns), "is", "are"), " zero in every row"
      ),
      paste0("Leave ", columns, " out of ", terms, ".")
    ),
    apart = say(
      paste0(
        "the data say nothing about ", labels, ": no level has both ", columns, " of ", terms
      ),
      paste0(
        "Write the term with || or ", structure_of_bar("||"), "(), which has no covariances."
      )
    ),
    collinear = say(
      paste0(
        "the columns ", columns, " of ", terms, " are collinear within the levels: of ", labels,
        " only combinations are determined"
      ),
      paste0("Leave one of the columns out of ", terms, ".")
    ),
    reproduced = say(
      paste0(
        "the fixed effects reproduce combinations of the columns ", columns, " of ", terms,
        ": of ", labels, " only combinations are determined"
      ),
      paste("Leave out of", terms, "what it has in common with the fixed effects.")
    ),
    residual = say(
      paste0(
        "the variance of ", residual_part(fit, group), " cannot be told apart from the residual ",
        "variance: only ", if (group$equal) "their sum is" else "combinations are", " determined"
      ),
      paste(
        "Leave out", residual_part(fit, group),
        "or use data with several observations per level."
      )
    ),
    partition = say(
      paste0(
        terms, " group the rows in the same way and cannot be told apart: of ", labels, " only ",
        if (group$equal) "the sum is determined" else "combinations are determined"
      ),
      "Keep one term, with the columns of all."
    ),
    sum = say(
      paste0(
        terms, " cannot be told apart: of ", labels, " only combinations are determined"
      ),
      paste("Leave out one of", terms)
    )
  )
}

# Of a term with several columns it may be one that is confounded with the residual.
residual_part <- function(fit, group) {
  labels <- parameter_labels(fit, group)
  single <- length(labels) == 1L && length(fit$random[[group$terms[1L]]]$columns) > 1L
  if (single) labels else and_list(bar_texts(fit, group$terms))
}

# A covariance with a column that the fixed effects reproduce moves their estimates; a variance does
# not.
moves_estimates <- function(fit, group) {
  off_diagonal <- !is_deviation(fit$random)
  any(off_diagonal[group$parameters[group$parameters <= length(fit$theta)]])
}

undetermined_notes <- function(fit) {
  vapply(undetermined_words(fit), `[[`, "", "fact")
}

# Bullets of a message: facts with their advice.
undetermined_bullets <- function(fit) {
  unlist(lapply(undetermined_words(fit), function(word) {
    c(paste0(upper_first(word$fact), "."), i = word$advice)
  }))
}

upper_first <- function(x) paste0(toupper(substr(x, 1L, 1L)), substring(x, 2L))

inform_undetermined <- function(fit) {
  if (is.null(fit$undetermined)) return(invisible(NULL))
  lines <- c(undetermined_bullets(fit), i = if (length(fit$undetermined$alone) > 0L) {
    "Variances, standard errors and tests that depend on it are reported as NA."
  } else {
    "Tests and shares of variance that depend on it are reported as NA."
  })
  say_undetermined(lines, undetermined_labels(fit))
}

# Where parameters are no entries of Lambda it is only known that some are undetermined.
inform_flat <- function(fit) {
  curvature <- fit$optimization$certificate$smallest_curvature
  if (is.null(curvature) || !(abs(curvature) < 1e-7)) return(invisible(NULL))
  curved <- vapply(fit$random, function(term) has_entries(term$structure), TRUE)
  if (all(curved)) return(invisible(NULL))
  say_undetermined(c(
    paste0(
      "The data do not determine all variances and correlations of the model with ",
      and_list(bar_texts(fit, which(!curved))), ": others fit as well."
    ),
    i = paste(
      "One observation for each random effect, for instance, cannot tell equal covariances of",
      "all effects from the residual variance."
    )
  ), undetermined_labels(fit))
}

#' Terms with a relationship on whose variance the criterion does not depend
#'
#' One row for each level, and a matrix that beside the fixed effects is the identity, for instance
#' one of equal covariances with an intercept. Then the search ends where it begins.
#' @param prepared pointer from `prepare_cpp()`.
#' @return character: names of theta.
#' @noRd
flat_relationships <- function(fit, prepared) {
  related <- Filter(function(term) !is.null(term$relationship), fit$random)
  stayed <- fit$optimization$optimizer == "newton" && fit$optimization$evaluations <= 2L
  if (length(related) == 0L || !stayed || is_constrained(fit) || !is.null(fit$residual)) {
    return(NULL)
  }
  evaluator <- deviance_evaluator_cpp(prepared, fit$REML)
  unseen <- 1e-6 + 10 * (fit$optimization$certificate$rounding %||% 0)
  flat <- vapply(related, function(term) {
    own <- term$theta_index
    all(fit$theta[own] != 0) && all(vapply(c(0.3, 3), function(factor) {
      theta <- unname(fit$theta)
      theta[own] <- factor * theta[own]
      abs(deviance_at_cpp(evaluator, theta, FALSE)$value - fit$criterion) < unseen
    }, TRUE))
  }, TRUE)
  names(fit$theta)[unlist(lapply(related[flat], `[[`, "theta_index"))]
}

inform_flat_relationship <- function(fit) {
  flat <- fit$optimization$flat
  if (length(flat) == 0L) return(invisible(NULL))
  say_undetermined(c(
    paste0(
      "The data do not determine the variance of ", and_list(flat), " beside that of residuals: ",
      "others fit as well."
    ),
    i = paste(
      "With one row for each level, equal covariances of all levels are those of an intercept",
      "and the rest is a residual variance. Shares and standard errors of it are NA."
    )
  ), flat)
}

# `what` is NA: said where it is asked for.
inform_unknown <- function(what, fit) {
  if (is.null(fit$undetermined)) return(invisible(NULL))
  inform_notes(what, undetermined_notes(fit), undetermined_labels(fit))
}

inform_notes <- function(what, notes, parameters) {
  notes <- paste0(upper_first(notes), ".")
  say_undetermined(c(what, stats::setNames(notes, rep("i", length(notes)))), parameters)
}

# Names of the parameters that are not determined.
undetermined_labels <- function(fit) {
  unique(unlist(lapply(fit$undetermined$groups, parameter_labels, fit = fit)))
}

say_undetermined <- function(lines, parameters) {
  wrapped <- vapply(lines, function(line) paste(fold_text(line, 78L), collapse = "\n"), "")
  inform(escape_braces(wrapped), kind = "undetermined", variable = parameters)
}

# Refits of a fit of which it was said do not say it again: their tables do.
quiet_undetermined <- function(code, fit) {
  withCallingHandlers(code, henderson_message_undetermined = function(condition) {
    if (!is.null(fit$undetermined)) invokeRestart("muffleMessage")
  })
}
