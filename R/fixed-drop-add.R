# Fixed-effects terms dropped or added one by one, each model compared with the fit by maximum
# likelihood.

#' Drop or add single fixed-effects terms
#'
#' Fits every model with one term less (`drop1`) or more (`add1`) and compares it with the fit,
#' all by maximum likelihood; or tests for every term (`drop1`) whether it can be left out, by F
#' tests in the fit as it is.
#'
#' @param object A fit by [lmm()]. A REML fit is refitted by maximum likelihood.
#' @param scope A formula or character vector of terms. `drop1`: all terms that can be dropped
#'   when missing, and what `.` in a formula stands for. `add1`: the terms to consider; a formula
#'   stands for the terms it has beyond those of the fit. Variables that the model frame does not
#'   have are taken from the data of the fit, as [update()][update.henderson_lmm] finds them;
#'   other names mean what they mean where the scope is written.
#' @param scale Unused; present because the generic has it.
#' @param test One string: `"none"` or `"Chisq"`, likelihood-ratio tests; for `drop1` also `"F"`.
#' @param ddf One string, for `test = "F"`: how degrees of freedom are found, as in
#'   [summary()][summary.henderson_lmm].
#' @param k One number: the penalty for each parameter in the AIC; `log(nobs(object))` gives the
#'   BIC.
#' @param trace One logical (or number, 0 for no): report each fit as a message.
#' @param ... Nothing; an argument that is not known is an error.
#' @return A data frame of class `anova`, as [anova()][anova.henderson_lmm] gives, a row `<none>`
#'   for the fit and one for each term: `Df` (parameters of the term), `AIC`, and with `test =
#'   "Chisq"` also `LRT` and `Pr(Chi)`. With `test = "F"` one row for each term, columns as in the
#'   table of one fit; nothing is refitted, and `k` has no part in it.
#' @section Stepwise selection: [stats::step()] needs a fit by maximum likelihood:
#'   `step(refit_ml(object))`. Random terms stay as they are. A `lower` scope must be written
#'   without `.`, which stands for the random terms too.
#' @section Errors: `henderson_error_argument` for terms that cannot be dropped or added;
#'   `henderson_error_data` when a term to add has missing values in rows of the fit, or its
#'   variables are needed from data that are gone or have changed.
#' @examples
#' fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy, REML = FALSE)
#' drop1(fit, test = "Chisq")
#' drop1(fit, test = "F")
#' add1(fit, ~ . + I(Days^2), test = "Chisq")
#' @importFrom stats drop1 add1
#' @export
drop1.henderson_lmm <- function(object, scope, scale = 0, test = c("none", "Chisq", "F"), k = 2,
                                trace = FALSE, ddf = "Satterthwaite", ...) {
  check_no_dots(...)
  test <- check_choice(test, c("none", "Chisq", "F"))
  check_number(k)
  trace <- check_trace(trace)
  if (!missing(ddf) && test != "F") {
    abort("{.arg ddf} is for {.code test = \"F\"}.", kind = "argument", variable = "ddf")
  }
  droppable <- stats::drop.scope(object$terms)
  scope <- if (missing(scope)) droppable else check_scope(object, scope, droppable)
  if (test == "F") {
    return(deletion_f_table(object, scope, ddf_method(ddf)))
  }
  fit <- refit_ml(object)
  smaller <- lapply(scope, function(term) {
    if (trace) inform("Without {.code {term}}.", kind = "trace")
    refit_fixed(fit, changed_fixed(fit, term, "-"))
  })
  single_term_table(fit, smaller, scope, test, k, "Single term deletions")
}

deletion_f_table <- function(fit, scope, ddf) {
  contrasts <- lapply(stats::setNames(scope, utf8_names(scope)), deletion_contrasts, fit = fit)
  heading <- test_heading("Single term deletions", fit, ddf)
  f_table(fit, contrasts, ddf,
    heading = c(heading, "\nModel:", expression_text(fit$parsed$formula))
  )
}

#' @rdname drop1.henderson_lmm
#' @export
add1.henderson_lmm <- function(object, scope, scale = 0, test = c("none", "Chisq"), k = 2,
                               trace = FALSE, ...) {
  check_no_dots(...)
  test <- check_choice(test, c("none", "Chisq"))
  check_number(k)
  trace <- check_trace(trace)
  if (missing(scope)) {
    abort("{.arg scope} must name the terms to add.", kind = "argument", variable = "scope")
  }
  caller <- parent.frame()
  writer <- if (is.character(scope)) frame_of_writer(caller) else environment(scope)
  scope <- addable_terms(object, scope)
  fit <- refit_ml(object)
  larger <- lapply(scope, function(term) {
    if (is_own_random_term(fit, term)) return(fit)
    if (trace) inform("With {.code {term}}.", kind = "trace")
    add_term(fit, term, caller, writer)
  })
  single_term_table(fit, larger, scope, test, k, "Single term additions")
}

# A flag, or a number as stats::step() gives it.
check_trace <- function(trace) {
  if (is.numeric(trace)) check_number(trace) else check_flag(trace)
  trace > 0
}

# Labels of the terms in `scope`, in which `.` stands for all terms of the fixed part.
check_scope <- function(fit, scope, allowed) {
  check_scope_type(scope)
  terms <- scope
  if (!is.character(scope)) {
    full <- stats::update.formula(stats::formula(fit$terms), scope)
    terms <- attr(stats::terms(full), "term.labels")
    # the whole formula of the fit is a scope, its random terms alone are none
    random <- is_own_random_term(fit, terms)
    if (!all(random)) terms <- terms[!random]
  }
  wrong <- setdiff(terms, allowed)
  if (length(wrong) > 0L) {
    margins <- any(wrong %in% attr(fit$terms, "term.labels"))
    abort(c(
      "{.arg scope} has terms that cannot be dropped: {.val {wrong}}.",
      "i" = "Terms that can be dropped: {.val {allowed}}.",
      "i" = if (margins) {
        "Terms that are part of an interaction are tested by {.code anova(fit, type = \"III\")}."
      }
    ), kind = "argument", variable = "scope", observed = wrong)
  }
  terms
}

check_scope_type <- function(scope) {
  if (inherits(scope, "formula") || (is.character(scope) && !anyNA(scope))) {
    return(invisible(NULL))
  }
  given <- describe_value(scope)
  abort("{.arg scope} must be a formula or a character vector of terms, not {given}.",
    kind = "argument", variable = "scope", observed = given
  )
}

# Terms of `scope` given as strings: each one fixed term that the fit does not have.
check_new_terms <- function(fit, scope) {
  for (term in scope) {
    label <- tryCatch(
      attr(stats::terms(stats::reformulate(term)), "term.labels"),
      error = function(condition) NULL
    )
    problem <- if (length(label) != 1L) {
      "is not a term of a formula"
    } else if (contains_bar(str2lang(term))) {
      "is a random term; {.fn add1} adds fixed terms"
    } else if (label %in% attr(fit$terms, "term.labels")) {
      "is in the fit already"
    }
    if (is.null(problem)) next
    abort(paste0("{.arg scope} has {.code {term}}, which ", problem, "."),
      kind = "argument", variable = "scope", observed = term
    )
  }
  scope
}

# Labels of the terms in `scope` that the fixed part does not have.
addable_terms <- function(fit, scope) {
  check_scope_type(scope)
  if (is.character(scope)) {
    check_new_terms(fit, scope[!is_own_random_term(fit, scope)])
    return(scope)
  }
  full <- stats::formula(fit$terms)
  # a scope without `.` means its terms beside those of the fit
  full[[3L]] <- call("+", full[[3L]], stats::update.formula(full, scope)[[3L]])
  new <- stats::add.scope(fit$terms, stats::terms(full))
  if (length(new) == 0L) {
    abort("{.arg scope} has no term beyond those of the fit.",
      kind = "argument", variable = "scope"
    )
  }
  check_new_terms(fit, new)
}

# stats::step() takes its scope from the whole formula: random terms of the fit come as
# "Days | Subject", without parentheses, or in an interaction. Their rows in the table of add1()
# have no degrees of freedom, which step() leaves out.
is_own_random_term <- function(fit, scope) {
  labels <- attr(stats::terms(random_formula(fit)), "term.labels")
  vapply(scope, function(term) {
    has_bar <- is_bar(tryCatch(str2lang(term), error = function(condition) NULL))
    has_bar && any(vapply(labels, grepl, TRUE, x = term, fixed = TRUE))
  }, TRUE)
}

# The fit's formula with a fixed term added or removed; random terms are left as written.
changed_fixed <- function(fit, term, operator) {
  change <- stats::as.formula(paste(". ~ .", operator, term))
  # the terms' formula, where `.` stands for nothing any more
  fixed <- stats::update.formula(stats::formula(fit$terms), change)
  formula <- fit$parsed$formula
  # what was no data is what it was
  environment(formula) <- environment(fit$terms)
  formula[[2L]] <- fixed[[2L]]
  formula[[3L]] <- Reduce(
    function(left, right) call("+", left, right),
    c(list(zero_in_front(fixed[[3L]])), lapply(fit$parsed$random, random_term_call))
  )
  formula
}

# `a + b - 1`, which update.formula() writes, as `0 + a + b`; `1 - 1` as `0`.
zero_in_front <- function(rhs) {
  is_call <- function(x, name) is.call(x) && length(x) == 3L && identical(x[[1L]], as.name(name))
  if (!is_call(rhs, "-") || !identical(rhs[[3L]], 1)) {
    return(rhs)
  }
  if (identical(rhs[[2L]], 1)) {
    return(0)
  }
  prepend <- function(sum) {
    if (!is_call(sum, "+")) return(call("+", 0, sum))
    sum[[2L]] <- prepend(sum[[2L]])
    sum
  }
  prepend(rhs[[2L]])
}

# A fit with one term more, whose names mean what they mean in `writer`.
add_term <- function(fit, term, caller, writer) {
  formula <- changed_fixed(fit, term, "+")
  change <- stats::as.formula(paste("~", term), env = writer %||% caller)
  scope <- scope_of_changes(fit, formula, change, list(), list(), NULL)
  larger <- refit_fixed(fit, formula, caller, scope)
  if (larger$n != fit$n) {
    abort(c(
      "Adding {.code {term}} changes the number of observations from {fit$n} to {larger$n}.",
      "i" = "Remove the rows where it is missing and fit again."
    ), kind = "data", variable = term, observed = c(fit$n, larger$n))
  }
  larger
}

single_term_table <- function(fit, others, labels, test, k, title) {
  count <- c(0, vapply(others, n_parameters, 1L))
  criteria <- c(fit$criterion, vapply(others, `[[`, 0, "criterion"))
  count[1L] <- n_parameters(fit)
  difference <- abs(count - count[1L])
  table <- data.frame(
    Df = c(NA, difference[-1L]), AIC = criteria + k * count,
    row.names = c("<none>", utf8_names(labels))
  )
  if (test == "Chisq") {
    # by rounding a larger model may be worse
    gain <- (criteria[-1L] - criteria[1L]) * sign(count[1L] - count[-1L])
    ratio <- c(NA, pmax(0, gain))
    table$LRT <- ratio
    table[["Pr(Chi)"]] <- stats::pchisq(ratio, table$Df, lower.tail = FALSE)
  }
  heading <- c(title, "\nModel:", expression_text(fit$parsed$formula))
  new_anova(table, heading)
}
