# All smaller random parts of a model, side by side.

#' Table of candidate random structures
#'
#' Fits the model with every random part that is a simplification of the fit's own and compares
#' them: a guide for reducing a random part that the data do not support.
#'
#' @param fit A fit by [lmm()] that holds its model frame.
#' @param structures Character vector: names of covariance structures (see [structures]), such as
#'   `c("us", "cs", "homcs", "ar1")`. The table then compares these on the terms as they are.
#'   `NULL` compares simplifications.
#' @param max_models One whole number: an error is raised instead of fitting more models than that.
#' @param ... Nothing; an argument that is not known is an error.
#' @details The candidates of a term are: the term; the same with independent effects, `(x || g)`
#'   for `(x | g)`; both with every part of the left-hand side left out that can be, which are those
#'   that are margin to no part that stays, and the intercept if the others are numeric; a random
#'   intercept in place of `(0 + f | g)`; and no term at all. The table has all combinations of
#'   them, and the model without random terms. All models have the fit's fixed part, so restricted
#'   likelihoods compare.
#'
#'   With `structures`, every term with several columns has each of them in turn, beside its own;
#'   the cross-products of the data are computed once. "hom" before a name means one standard
#'   deviation for all columns, "het" one each. Not all are nested in each other: there are no
#'   likelihood ratios, but AIC and BIC.
#'
#'   Many more models than one are looked at: the one with the smallest AIC looks better than it is.
#' @return A data frame of class `henderson_random_structures`, ordered by AIC, row names the random
#'   parts, columns `npar` (fixed-effects coefficients + covariance parameters + 1), `logLik`,
#'   `AIC`, `BIC` (with the number of observations), `LRT` and `Df` (likelihood ratio against the
#'   fit and difference of `npar`; `NA` for a model that is not nested in the fit, and for the fit
#'   itself), `Pr(>Chisq)` (too large where a variance is set to zero, see [random_anova()]),
#'   `singular` (as [is_singular()]). Attribute `formulas` has the formulas of the models.
#' @section Errors: `henderson_error_argument` for another object, malformed arguments or more
#'   candidates than `max_models`; `henderson_error_data` when the fit does not hold its model
#'   frame.
#' @source Bates, Kliegl, Vasishth and Baayen (2015), *Parsimonious mixed models*, arXiv:1506.04967,
#'   and Matuschek, Kliegl, Vasishth, Baayen and Bates (2017), *Journal of Memory and Language* 94,
#'   305-315, on choosing random structures.
#' @seealso [random_pca()] for the number of components that each factor supports, [random_anova()]
#'   and [reduce_terms()] for tests.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' random_structures(fit)
#'
#' days <- transform(sleepstudy, day = factor(Days))
#' ar1 <- lmm(Reaction ~ Days + ar1(0 + day | Subject), days)
#' random_structures(ar1, c("diag", "hetar1", "toep"))
#' @export
random_structures <- function(fit, structures = NULL, max_models = 200, ...) {
  check_no_dots(...)
  check_fit(fit)
  check_count(max_models, min = 1)
  require_independent(fit, "A table of random structures")
  require_plain_residuals(fit, "A table of random structures")
  require_unconstrained(fit, "A table of random structures")
  candidates <- if (is.null(structures)) {
    lapply(fit$parsed$random, term_candidates, fit = fit)
  } else {
    named_candidates(check_structures(structures), fit)
  }
  count <- prod(lengths(candidates) + is.null(structures))
  if (count > max_models) {
    abort(c(
      "The random part has {count} simplifications, more than {.arg max_models} = {max_models}.",
      "i" = "Raise {.arg max_models}, or start from a smaller random part: {.fn random_pca} and
             {.fn random_anova} say where."
    ), kind = "argument", variable = "max_models", observed = count)
  }
  combinations <- candidate_combinations(candidates, none = is.null(structures))
  models <- lapply_with_progress(combinations, function(model) {
    fit_candidate(model, fit)
  }, "Random structures")
  warn_not_converged(models)
  random_structures_table(fit, models)
}

# Candidates of one term, itself first: list of list(`term`, `nested`, is it a restriction of the
# term?).
term_candidates <- function(term, fit) {
  sides <- left_hand_sides(term, fit)
  candidates <- list()
  for (side in sides) {
    for (structure in unique(c(term$structure, independent_structure(term)))) {
      complete <- structure == term$structure && identical(side, sides[[1L]])
      candidate <- if (complete) {
        term
      } else {
        term_with(term, side$labels, side$intercept, structure)
      }
      both <- lhs_matrices(list(term, candidate), fit)
      full <- both[[1L]]
      z <- both[[2L]]
      # one column has no correlations: both structures are the same
      if (ncol(z) == 1L && structure != term$structure) next
      nested <- if (!has_entries(term$structure)) {
        is_special_case(candidate, term, complete)
      } else if (!has_covariances(term$structure)) {
        all(colnames(z) %in% colnames(full))
      } else {
        !is.null(contained_columns(z, full))
      }
      candidates <- c(candidates, list(list(term = candidate, nested = nested)))
    }
  }
  candidates
}

# The same without correlations.
independent_structure <- function(term) {
  structure_of_wrapper(structure_name(structure_of_bar("||")), has_one_deviation(term$structure))
}

# Of a term whose parameters are no entries of Lambda: the same columns without correlations, or one
# effect for all of them, which they have at a correlation of one.
is_special_case <- function(candidate, term, complete) {
  if (complete) return(TRUE)
  if (identical(candidate$lhs, term$lhs)) return(is.null(term$rank))
  is.null(candidate$terms) && has_covariances(term$structure) &&
    attr(term$terms, "intercept") == 0L
}

# Sets of parts of a left-hand side that contain the margins of their members, the full set first:
# list of list(`labels`, `intercept`).
left_hand_sides <- function(term, fit) {
  if (is.null(term$terms)) return(list(list(labels = character(0L), intercept = TRUE)))
  labels <- attr(term$terms, "term.labels")
  intercept <- attr(term$terms, "intercept") == 1L
  coded <- is_coded_term(term, fit)
  factors <- attr(term$terms, "factors") > 0
  # the margins of a part have some of its variables and no others
  margins <- lapply(seq_along(labels), function(i) {
    inside <- vapply(seq_along(labels), function(j) all(factors[factors[, j], i]), TRUE)
    setdiff(which(inside), i)
  })
  chosen <- as.matrix(expand.grid(rep(list(c(TRUE, FALSE)), length(labels))))
  complete <- apply(chosen, 1L, function(set) all(unlist(margins[set]) %in% which(set)))
  sides <- lapply(which(complete), function(row) {
    list(labels = labels[chosen[row, ]], intercept = intercept)
  })
  if (intercept && !coded) {
    sides <- c(sides, lapply(sides, function(side) list(labels = side$labels, intercept = FALSE)))
  }
  if (!intercept && coded) {
    sides <- c(sides, list(list(labels = character(0L), intercept = TRUE)))
  }
  Filter(function(side) side$intercept || length(side$labels) > 0L, sides)
}

check_structures <- function(structures) {
  # those without further arguments
  known <- setdiff(names(covariance_structures), rank_wrapper)
  unknown <- setdiff(structures, known)
  if (is.character(structures) && length(structures) > 0L && length(unknown) == 0L) {
    return(unique(structures))
  }
  given <- describe_value(structures)
  abort(c(
    "{.arg structures} must be names of covariance structures, not {given}.",
    "x" = if (is.character(structures)) "There is no {.val {unknown}}.",
    "i" = "They are {.val {known}}."
  ), kind = "argument", variable = "structures", observed = structures)
}

# The same terms with other structures; one of a single column stays as it is.
named_candidates <- function(structures, fit) {
  lapply(fit$parsed$random, function(term) {
    own <- list(list(term = term, nested = FALSE))
    if (length(lhs_columns(term, fit)) == 1L) return(own)
    part <- lhs_parts(term)
    intercept <- !is.null(term$terms) && attr(term$terms, "intercept") == 1L
    c(own, lapply(setdiff(structures, term$structure), function(structure) {
      list(term = term_with(term, setdiff(part, "1"), intercept, structure), nested = FALSE)
    }))
  })
}

# All choices of one candidate, or none, for every term, without repetitions: list of
# list(`random`, `nested`).
candidate_combinations <- function(candidates, none = TRUE) {
  choices <- expand.grid(lapply(candidates, function(own) c(seq_along(own), if (none) 0L)))
  models <- lapply(seq_len(nrow(choices)), function(row) {
    chosen <- unlist(choices[row, ])
    parts <- Map(function(own, k) if (k > 0L) own[[k]], candidates, chosen)
    parts <- Filter(Negate(is.null), parts)
    random <- unname(lapply(parts, `[[`, "term"))
    texts <- vapply(random, `[[`, "", "text")
    list(
      random = random[!duplicated(texts)], nested = all(vapply(parts, `[[`, TRUE, "nested")),
      key = paste(sort(unique(texts)), collapse = " + ")
    )
  })
  models[!duplicated(vapply(models, `[[`, "", "key"))]
}

# Adds `criterion`, `n_parameters`, `size` (covariance parameters, determined or not), `singular`,
# `converged`, `own` (is it the fit?) and `label` to a model.
fit_candidate <- function(model, fit) {
  if (length(model$random) == 0L) {
    return(c(model, fixed_only(fit), list(
      singular = FALSE, converged = TRUE, own = FALSE, label = "none", size = 0L
    )))
  }
  texts <- vapply(model$random, `[[`, "", "text")
  is_own <- setequal(texts, vapply(fit$parsed$random, `[[`, "", "text"))
  smaller <- if (is_own) {
    fit
  } else {
    nested_fit(fit, model$random) %||% quiet_convergence(refit_random(fit, model$random))
  }
  c(model, list(
    criterion = smaller$criterion, n_parameters = parameter_count(smaller),
    size = length(smaller$theta), singular = smaller$optimization$singular,
    converged = smaller$optimization$converged, own = is_own,
    label = paste(
      vapply(model$random, function(term) expression_text(random_term_call(term)), ""),
      collapse = " + "
    )
  ))
}

# Of many fits, those that do not converge are named together.
quiet_convergence <- function(code) {
  withCallingHandlers(code, henderson_warning_convergence = function(condition) {
    invokeRestart("muffleWarning")
  })
}

warn_not_converged <- function(models) {
  failed <- Filter(function(model) isFALSE(model$converged), models)
  if (length(failed) == 0L) return(invisible(NULL))
  labels <- vapply(failed, `[[`, "", "label")
  warn(c(
    "The optimizer did not converge for {length(failed)} of {length(models)} model{?s}, whose
     likelihoods may be too small.",
    "i" = "They are {.val {labels}}."
  ), kind = "convergence", observed = labels)
}

structure_columns <- c("npar", "logLik", "AIC", "BIC", "LRT", "Df", "Pr(>Chisq)", "singular")

random_structures_table <- function(fit, models) {
  # of equal ones, for which parameters differ that the data do not determine, the smallest first
  aic <- vapply(models, function(model) model$criterion + 2 * model$n_parameters, 0)
  models <- models[order(signif(aic, 10L), vapply(models, `[[`, 0L, "size"), aic)]
  criterion <- vapply(models, `[[`, 0, "criterion")
  count <- vapply(models, `[[`, 0L, "n_parameters")
  compared <- vapply(models, `[[`, TRUE, "nested") & !vapply(models, `[[`, TRUE, "own")
  lrt <- ifelse(compared, pmax(0, criterion - fit$criterion), NA_real_)
  df <- ifelse(compared, n_parameters(fit) - count, NA)
  labels <- vapply(models, `[[`, "", "label")
  table <- data.frame(
    count, -criterion / 2, criterion + 2 * count, criterion + log(fit$n) * count, lrt, df,
    chi_squared_tail(lrt, df), vapply(models, `[[`, TRUE, "singular"),
    row.names = unique_labels(labels)
  )
  names(table) <- structure_columns
  structure(table,
    fixed = expression_text(fit$parsed$fixed), notes = undetermined_test_note(fit),
    formulas = stats::setNames(
      lapply(models, function(model) smaller_formula(fit, model$random)), labels
    ),
    class = c("henderson_random_structures", "data.frame")
  )
}

#' @param x A result of `random_structures()`.
#' @param digits One whole number: significant digits of p-values; likelihoods have two decimals.
#' @rdname random_structures
#' @export
print.henderson_random_structures <- function(x, digits = 3L, ...) {
  check_print_dots(...)
  check_digits(digits)
  if (!is_whole_table(x, structure_columns)) {
    print(plain_data_frame(x))
    return(invisible(x))
  }
  columns <- lapply(names(x), function(name) {
    values <- x[[name]]
    text <- switch(name,
      npar = , Df = format(values),
      singular = ifelse(values, "yes", "no"),
      "Pr(>Chisq)" = vapply(values, format.pval, "", digits = digits, eps = 1e-16),
      formatC(values, digits = 2L, format = "f")
    )
    ifelse(is.na(values), "", text)
  })
  cells <- matrix(unlist(columns), nrow(x), dimnames = list(rownames(x), names(x)))
  write_lines(c(
    paste("Candidate random parts of", attr(x, "fixed")), text_table(cells, align = "right"),
    note_lines(attr(x, "notes"))
  ))
  invisible(x)
}

#' @export
`[.henderson_random_structures` <- function(x, ...) table_part(x, ...)
