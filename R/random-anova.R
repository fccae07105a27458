# Tests of the random part: one term, or one part of a term, taken out at a time.
#
# Notation: LRT, difference of -2 log likelihoods (restricted ones for a REML fit) between the
# smaller model and the fit; v columns of a term, k of them left after the reduction, r = v - k.

#' Tests of random terms
#'
#' Every random term is reduced or removed in turn, and the smaller model compared with the fit by
#' the likelihood ratio: the restricted likelihood for a fit by REML, the likelihood otherwise. No
#' fit is refitted by another criterion.
#'
#' @param fit A fit by [lmm()] that holds its model frame.
#' @param reduce_terms One logical. `TRUE`: of a term with several parts on its left-hand side every
#'   part that is margin to no other is removed in turn: `(x | g)` is reduced to `(1 | g)`, `(x + z
#'   | g)` to `(z | g)` and `(x | g)`, `(0 + f | g)` with a factor `f` to `(1 | g)`; of a diagonal
#'   term of numeric columns the intercept too. `FALSE`: terms are removed as a whole.
#' @param exact `NULL`, `TRUE` or `FALSE`: simulate the exact null distribution of the test of the
#'   only variance component of the model. `NULL` does so where it takes less than about a second;
#'   `TRUE` is an error for a model with more than one variance component.
#' @param nsim One whole number of at least 100: how many draws the simulated p-values rest on.
#' @param seed One whole number for [set.seed()], so that p-values can be repeated; the state of the
#'   generator is put back.
#' @param ... Nothing; an argument that is not known is an error.
#' @return A data frame of class `anova` with a row `<none>` for the fit and one for each smaller
#'   model: `npar` (fixed-effects coefficients + covariance parameters + 1), `logLik`, `AIC`, `LRT`,
#'   `Df` (difference of `npar`), `Pr(>Chisq)` (of the chi-squared distribution on `Df` degrees of
#'   freedom, which ignores that a variance cannot be negative and is too large) and `p_mixture`,
#'   which takes account of it. Attribute `reference` says for each row where `p_mixture` comes
#'   from: `"exact"`, `"mixture"` or `"projection"`; `nsim` the number of draws. Attribute
#'   `formulas` has the formulas of the smaller models.
#' @section Distribution of the likelihood ratio: Where a variance is zero under the hypothesis, the
#'   likelihood ratio has a mixture of chi-squared distributions for a large number of groups. With
#'   k columns of a term left and r removed,
#'   \describe{
#'   \item{r = 1}{\eqn{\frac12 \chi^2_k + \frac12 \chi^2_{k+1}}{1/2 chi^2_k + 1/2 chi^2_(k+1)}; a
#'   random intercept against nothing
#'     has k = 0, a point of mass one half at zero (`"mixture"`).}
#'   \item{r > 1}{\eqn{\chi^2_{kr}}{chi^2_kr} for the covariances of the columns removed with those
#'   that are
#'     left, plus an independent squared length of the projection of \eqn{N(0, I^{-1})} onto the
#'     positive semidefinite r x r matrices (nonnegative vectors for a diagonal term, which has no
#'     covariances) in the metric of \eqn{I}, the information on the removed covariance matrix when
#'     all other parameters are estimated, expected under the smaller model (`"projection"`, with
#'     simulated lengths).}
#'   }
#'   Other variances are taken as positive; where one of them is estimated at zero, the p-value is
#'   an approximation. With a single variance component the null distribution does not depend on
#'   parameters and is simulated as it is for the sample at hand (`"exact"`): with \eqn{\mu_l}{mu_l}
#'   the nonzero eigenvalues of \eqn{Z'WZ - Z'WX(X'WX)^{-1}X'WZ},
#'   \deqn{\sup_\lambda \left\{(n-p) \log\frac{D(0)}{D(\lambda)} - \sum_l \log(1 + \lambda\mu_l)
#'   \right\}, \quad D(\lambda) = w_0 + \sum_l \frac{w_l}{1 + \lambda\mu_l},}{max over lambda of
#'   [(n-p) log(D(0) / D(lambda)) - sum_l log(1 + lambda mu_l)], D(lambda) = w_0 + sum_l w_l / (1 +
#'   lambda mu_l),} \eqn{w_l \sim \chi^2_1}{w_l ~ chi^2_1}, \eqn{w_0 \sim \chi^2_{n-p-K}}{w_0 ~
#'   chi^2_(n-p-K)}; by maximum likelihood with n in place of n - p and the eigenvalues of
#'   \eqn{Z'WZ} in the last sum. A likelihood ratio below 1e-6 counts as zero, which has p-value 1.
#'   In a simulation of N draws, s of which reach the ratio observed, p is \eqn{(1 + s) / (1 + N)},
#'   which keeps the level of the test.
#' @section Terms that cannot be told apart: Where another term, the fixed effects or the residual
#'   take the place of what is removed (see [lmm()]), the smaller model is no smaller: `Df` counts
#'   only parameters that the data determine, and with `Df` 0 both p-values are `NA`; `p_mixture`
#'   also where `Df` is less than what is removed, unless what is missing are covariances of the one
#'   column that is removed. A note in the print says why.
#' @section Errors: `henderson_error_argument` for malformed arguments, and for `exact = TRUE` with
#'   several variance components; `henderson_error_data` when the fit does not hold its model frame.
#' @source Self and Liang (1987), *Journal of the American Statistical Association* 82, 605-610;
#'   Stram and Lee (1994), *Biometrics* 50, 1171-1177; Shapiro (1988), *International Statistical
#'   Review* 56, 49-62; Crainiceanu and Ruppert (2004), *Journal of the Royal Statistical Society B*
#'   66, 165-185, theorem 1.
#' @seealso [reduce_terms()] for stepwise elimination, [random_structures()] for a table of all
#'   smaller models, [random_pca()].
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' random_anova(fit)
#' random_anova(fit, reduce_terms = FALSE)
#' random_anova(lmm(Reaction ~ Days + (1 | Subject), sleepstudy))
#' @export
random_anova <- function(fit, reduce_terms = TRUE, exact = NULL, nsim = 10000, seed = 1, ...) {
  check_no_dots(...)
  check_fit(fit)
  check_flag(reduce_terms)
  check_flag(exact, null_ok = TRUE)
  check_count(nsim, min = 100)
  check_count(seed, min = -.Machine$integer.max)
  if (isTRUE(exact)) check_one_component(fit)
  reductions <- compare_reductions(fit, reduce_terms)
  tests <- with_seed(seed, lapply_with_progress(reductions, function(reduction) {
    boundary_test(reduction, fit, exact, nsim)
  }, "Tests of random terms"))$value
  table <- random_anova_table(fit, reductions, tests, nsim)
  if (fit$REML) table else without_untested(table, fit, reduce_terms)
}

# By maximum likelihood a variance that fixed effects reproduce is zero, whatever the data.
without_untested <- function(table, fit, reduce_terms) {
  restricted <- restricted_fit(fit)
  if (undetermined_count(restricted) == undetermined_count(fit)) return(table)
  own <- compare_reductions(restricted, reduce_terms)
  known <- c(NA, vapply(own, `[[`, 0L, "df"))
  table[which(known != table$Df), c("Pr(>Chisq)", "p_mixture")] <- NA
  attr(table, "notes") <- undetermined_test_note(restricted)
  table
}

check_one_component <- function(fit) {
  if (length(fit$theta) == 1L) return(invisible(NULL))
  abort(c(
    "{.code exact = TRUE} is for models with one variance component; this one has
     {length(fit$theta)} covariance parameters.",
    "i" = "Without {.arg exact} the large-sample distribution is used."
  ), kind = "argument", variable = "exact", observed = length(fit$theta))
}

compare_reductions <- function(fit, reduce_terms) {
  lapply_with_progress(random_reductions(fit, reduce_terms), function(reduction) {
    compare_reduction(reduction, fit)
  }, "Smaller random parts")
}

# Fits the smaller model: adds `random` (its random terms), `fit` (NULL if it has none; what
# `nested_fit()` gives, or a fit), `criterion`, `n_parameters`, `lrt`, `df`, `removed` (covariance
# parameters, of which the data determine `df`) to an element of `random_reductions()`.
compare_reduction <- function(reduction, fit) {
  random <- replace_term(fit$parsed$random, reduction$position, reduction$reduced)
  smaller <- if (length(random) > 0L) nested_fit(fit, random) %||% refit_random(fit, random)
  plain <- if (is.null(smaller)) fixed_only(fit)
  criterion <- if (is.null(smaller)) plain$criterion else smaller$criterion
  count <- if (is.null(smaller)) plain$n_parameters else parameter_count(smaller)
  c(reduction, list(
    random = random, fit = smaller, criterion = criterion, n_parameters = count,
    lrt = max(0, criterion - fit$criterion), df = n_parameters(fit) - count,
    removed = length(fit$theta) - length(smaller$theta)
  ))
}

random_anova_table <- function(fit, reductions, tests, nsim) {
  criterion <- c(fit$criterion, vapply(reductions, `[[`, 0, "criterion"))
  parameters <- c(n_parameters(fit), vapply(reductions, `[[`, 0L, "n_parameters"))
  lrt <- c(NA, vapply(reductions, `[[`, 0, "lrt"))
  df <- c(NA, vapply(reductions, `[[`, 0L, "df"))
  labels <- c("<none>", vapply(reductions, `[[`, "", "label"))
  table <- data.frame(
    parameters, -criterion / 2, criterion + 2 * parameters, lrt, df, chi_squared_tail(lrt, df),
    c(NA, vapply(tests, `[[`, 0, "p")), row.names = unique_labels(labels)
  )
  names(table) <- c("npar", "logLik", "AIC", "LRT", "Df", "Pr(>Chisq)", "p_mixture")
  table <- new_anova(table, c(
    "Tests of random terms, one reduced or removed at a time", "\nModel:",
    expression_text(fit$parsed$formula)
  ))
  attr(table, "reference") <- stats::setNames(
    c(NA, vapply(tests, `[[`, "", "reference")), rownames(table)
  )
  attr(table, "nsim") <- nsim
  attr(table, "notes") <- undetermined_test_note(fit)
  attr(table, "formulas") <- stats::setNames(
    lapply(reductions, function(one) smaller_formula(fit, one$random)), rownames(table)[-1L]
  )
  class(table) <- c("henderson_random_anova", class(table))
  table
}

smaller_formula <- function(fit, random) {
  formula <- fit$parsed$fixed
  for (term in random) formula[[3L]] <- call("+", formula[[3L]], random_term_call(term))
  formula
}

# A model that is not smaller has nothing to test.
chi_squared_tail <- function(lrt, df) {
  p <- stats::pchisq(lrt, df, lower.tail = FALSE)
  p[df %in% 0L] <- NA
  p
}

#' @export
print.henderson_random_anova <- function(x, digits = max(getOption("digits") - 2L, 3L), ...) {
  check_print_dots(...)
  check_digits(digits)
  if (nrow(x) == 0L) {
    print(plain_data_frame(x))
    return(invisible(x))
  }
  table <- text_table(random_anova_cells(x, digits), align = "right")
  write_lines(c(fold_notes(attr(x, "heading")), table))
  write_lines(as.character(p_mixture_note(x)))
  if (length(attr(x, "notes")) > 0L) write_lines(note_lines(attr(x, "notes")))
  invisible(x)
}

# "p_mixture: mixture of chi-squared": where the p-values of the rows come from.
p_mixture_note <- function(x) {
  methods <- stats::na.omit(unique(attr(x, "reference")[rownames(x)]))
  if (length(methods) == 0L) return(NULL)
  paste0("p_mixture: ", paste(boundary_words(methods, attr(x, "nsim")), collapse = "; "))
}

# `methods`: character, as in attribute `reference`.
boundary_words <- function(methods, nsim) {
  words <- c(
    exact = "exact, %s simulated likelihood ratios", mixture = "mixture of chi-squared",
    projection = "projection onto covariance matrices, %s draws"
  )
  gsub("%s", format(nsim, big.mark = ""), words[methods], fixed = TRUE)
}

# What the p-values of each row resolve: (1 + s) / (1 + N) of a simulation is no less than
# 1 / (1 + N), and smaller ones print as below the next number, 1 / N.
smallest_p <- function(x) {
  simulated <- attr(x, "reference")[rownames(x)] %in% c("exact", "projection")
  # part of a table may have lost what it was computed from
  if (!any(simulated)) return(rep(1e-16, nrow(x)))
  ifelse(simulated, 1 / attr(x, "nsim"), 1e-16)
}

random_anova_cells <- function(x, digits) {
  columns <- lapply(names(x), function(name) {
    values <- x[[name]]
    if (name %in% c("Pr(>Chisq)", "p_mixture")) {
      smallest <- if (name == "p_mixture") smallest_p(x) else 1e-16
      text <- mapply(format.pval, values, eps = smallest, digits = max(1L, digits - 2L))
    } else if (name %in% c("logLik", "AIC", "LRT")) {
      text <- formatC(values, digits = max(0L, digits - 3L), format = "f")
    } else {
      text <- format(values)
    }
    ifelse(is.na(values), "", text)
  })
  matrix(unlist(columns), nrow(x), dimnames = list(rownames(x), names(x)))
}
