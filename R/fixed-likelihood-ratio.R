# Likelihood-ratio tests of several fits.

# All fits are by lmm() or lm(), on the same observations.
check_comparable <- function(fits) {
  is_fit <- vapply(fits, function(fit) {
    inherits(fit, "henderson_lmm") || identical(class(fit), "lm")
  }, TRUE)
  if (!all(is_fit)) {
    culprit <- fits[[which(!is_fit)[1L]]]
    given <- describe_value(culprit)
    hint <- if (inherits(culprit, "lmerMod")) "{.fn as_lmm} turns a fit by lme4 into one."
    abort(c(
      "{.arg ...} must hold only fits by {.fn lmm} or {.fn lm}.",
      "x" = "It holds {given}.", "i" = hint
    ), kind = "argument", variable = "...", observed = class(culprit))
  }
  counts <- vapply(fits, nobs, 1)
  if (length(unique(counts)) > 1L) {
    abort(c(
      "The fits must be on the same observations.",
      "x" = "Their numbers of observations are {.val {counts}}."
    ), kind = "data", variable = "nobs", observed = counts)
  }
  if (any(vapply(fits, function(fit) !is.null(fit$summed), TRUE))) {
    check_same_values(lapply(fits, response_sums), "response", "differs")
    return(invisible(NULL))
  }
  check_same_values(lapply(fits, compared_response), "response", "differs")
  check_same_values(lapply(fits, compared_weights), "weights", "differ")
}

check_same_values <- function(values, what, verb) {
  same <- vapply(values[-1L], function(one) {
    identical(one, values[[1L]]) || isTRUE(all.equal(one, values[[1L]]))
  }, TRUE)
  if (!all(same)) {
    abort(c(
      "The fits must be on the same data.",
      "x" = "The {what} of fit {which(!same)[1L] + 1L} {verb} from the {what} of the first fit."
    ), kind = "data", variable = what)
  }
}

compared_response <- function(fit) {
  if (inherits(fit, "lm")) {
    return(as.numeric(stats::model.response(stats::model.frame(fit))))
  }
  model_response(fit)
}

# Sums of w, w y and w y^2, the offset taken off, where there are no rows to compare.
response_sums <- function(fit) {
  if (is.null(fit$summed)) {
    w <- compared_weights(fit)
    offset <- (if (inherits(fit, "lm")) fit$offset else fit$offset) %||% 0
    y <- compared_response(fit) - offset
    return(c(sum(w + 0 * y), sum(w * y), sum(w * y^2)))
  }
  summed_response(fit$summed$sums)
}

compared_weights <- function(fit) {
  as.numeric((if (inherits(fit, "lm")) fit$weights else fit$weights) %||% 1)
}

# One label for each fit: its name, the caller's expression, or MODEL1, ... when that is not a short
# name or, from do.call(), no expression.
model_labels <- function(expressions, given, model.names) {
  if (!is.null(model.names)) {
    count <- length(expressions)
    if (!is.character(model.names) || length(model.names) != count || anyDuplicated(model.names)) {
      abort("{.arg model.names} must hold {count} different strings, one for each fit.",
        kind = "argument", variable = "model.names", observed = model.names
      )
    }
    return(model.names)
  }
  text <- vapply(expressions, function(expression) {
    if (is.language(expression)) expression_text(expression) else ""
  }, "")
  given <- given %||% character(length(text))
  named <- nzchar(given)
  text[named] <- given[named]
  short <- nzchar(text) & (named | nchar(text) <= 30L)
  if (all(short) && !anyDuplicated(text)) return(text)
  text[!named] <- paste0("MODEL", seq_along(text))[!named]
  make.unique(text)
}

# REML fits refitted by maximum likelihood, in increasing order of parameters.
ml_fits <- function(fits, refit) {
  by_reml <- vapply(fits, function(fit) inherits(fit, "henderson_lmm") && fit$REML, TRUE)
  if (any(by_reml) && refit) {
    inform("Refitting {sum(by_reml)} fit{?s} by maximum likelihood, to compare likelihoods.",
      kind = "refit"
    )
    fits[by_reml] <- lapply(fits[by_reml], refit_ml)
  } else if (any(by_reml)) {
    check_same_fixed(fits, by_reml)
  }
  fits[order(vapply(fits, function(fit) attr(stats::logLik(fit), "df"), 1))]
}

# Restricted likelihoods are of contrasts of y that depend on X: they compare only with equal X.
check_same_fixed <- function(fits, by_reml) {
  columns <- lapply(fits, function(fit) {
    sort(names(if (inherits(fit, "lm")) stats::coef(fit) else fit$beta))
  })
  if (!all(by_reml) || length(unique(columns)) > 1L) {
    abort(c(
      "Restricted likelihoods compare only fits by REML with the same fixed effects.",
      "i" = "{.code refit = TRUE} compares by maximum likelihood."
    ), kind = "argument", variable = "refit")
  }
}

# How many parameters of each fit have the estimate zero by maximum likelihood, whatever the data,
# and yet count in its degrees of freedom. `restricted`: the same by REML.
untested_counts <- function(fits, restricted) {
  mapply(function(fit, other) {
    if (inherits(fit, "lm")) 0L else undetermined_count(other) - undetermined_count(fit)
  }, fits, restricted)
}

# `untested`: fits that differ in these numbers are not tested.
likelihood_ratio_table <- function(fits, untested) {
  likelihoods <- lapply(fits, stats::logLik)
  value <- vapply(likelihoods, as.numeric, 0)
  parameters <- vapply(likelihoods, attr, 0, which = "df")
  ratio <- c(NA, 2 * diff(value))
  chi_squared <- pmax(0, ratio)
  degrees <- c(NA, diff(parameters))
  p_value <- stats::pchisq(chi_squared, degrees, lower.tail = FALSE)
  unrelated <- differ_in_relationship(fits)
  apart <- differ_in_constraints(fits)
  p_value[degrees %in% 0 | c(FALSE, diff(untested) != 0) | unrelated | apart] <- NA
  # a special case has no higher likelihood
  not_nested <- !is.na(p_value) & ratio < negative_ratio(value)
  chi_squared[not_nested] <- ratio[not_nested]
  p_value[not_nested] <- NA
  table <- data.frame(
    parameters, vapply(likelihoods, stats::AIC, 0), vapply(likelihoods, stats::BIC, 0), value,
    -2 * value, chi_squared, degrees, p_value,
    row.names = names(fits)
  )
  names(table) <- c("npar", "AIC", "BIC", "logLik", "-2*log(L)", "Chisq", "Df", "Pr(>Chisq)")
  note <- c(
    if (any(unrelated)) "Note: fits that differ in a relationship are not tested",
    if (any(vapply(fits, has_priors, TRUE))) {
      "Note: a posterior mode is no maximum of the likelihood and not tested"
    } else if (any(apart)) {
      "Note: a fit is not tested against one without its constraints"
    },
    if (any(not_nested)) {
      "Note: a fit with fewer parameters and a higher likelihood is no special case; not tested"
    }
  )
  new_anova(table, c(comparison_heading(fits), note))
}

# Twice the log-likelihood ratio that rounding and the end of a search do not explain.
negative_ratio <- function(value) -(1e-4 + 1e-9 * abs(value))

# Has a grouping factor another relationship than in the fit before? Neither model is then a case
# of the other.
differ_in_relationship <- function(fits) {
  c(FALSE, mapply(function(fit, before) {
    both <- intersect(random_groups(fit), random_groups(before))
    !identical(relationships_of(fit$random)[both], relationships_of(before$random)[both])
  }, fits[-1L], fits[-length(fits)]))
}

# Does the fit before lack a constraint of a fit? It is then no case of that.
differ_in_constraints <- function(fits) {
  c(FALSE, mapply(function(fit, before) !has_constraints_of(before, fit),
    fits[-1L], fits[-length(fits)]))
}

random_groups <- function(fit) unique(vapply(fit$random, `[[`, "", "group"))

# By maximum likelihood a variance may have an estimate of which the data say nothing: zero.
undetermined_comparison_notes <- function(fits) {
  own <- Filter(function(fit) inherits(fit, "henderson_lmm"), fits)
  notes <- unique(unlist(lapply(own, undetermined_notes)))
  if (length(notes) > 0L) paste0("Note: ", notes, "; fits that differ in that are not tested")
}

comparison_heading <- function(fits) {
  data <- unique(lapply(fits, function(fit) fit$call$data))
  data_line <- if (length(data) == 1L && is.language(data[[1L]])) {
    paste("Data:", expression_text(data[[1L]]))
  }
  formulas <- vapply(fits, function(fit) {
    text <- expression_text(stats::formula(fit))
    relationship <- fit$call$relationship
    if (is.language(relationship)) {
      text <- paste0(text, ", relationship = ", expression_text(relationship))
    }
    paste(c(text, if (inherits(fit, "henderson_fit")) constraint_notes(fit)), collapse = "; ")
  }, "")
  c(data_line, "Models:", paste0(names(fits), ": ", formulas))
}
