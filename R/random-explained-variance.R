# Shares of variance: intraclass correlations, R^2, reliability of conditional modes.
#
# Notation: rows i of the data with precision weight w_i; z_ti, the v columns of term t in row i;
# G_t = sigma^2 Lambda_t Lambda_t', its covariance matrix.

#' Intraclass correlations and R-squared
#'
#' Which share of the variance of an observation do the random effects, and which do the fixed
#' effects account for?
#'
#' @param fit A fit by [lmm()] that holds its model frame.
#' @param ... Nothing; an argument that is not known is an error.
#' @details With \eqn{V_f}, the variance of the fixed part \eqn{x_i'\hat\beta}{x_i' beta_hat} over
#'   the rows (divisor n - 1; offsets are left out), \eqn{V_g = n^{-1} \sum_i z_i' G z_i}{V_g = n^-1
#'   sum_i z_i' G z_i}, the mean over the rows of the variance that factor g contributes (Johnson
#'   2014; with random slopes it depends on the row), and
#'   \eqn{V_e = n^{-1} \sum_i \sigma^2 / w_i}{V_e = n^-1 sum_i sigma^2 / w_i}, the mean residual
#'   variance (\eqn{\sigma^2}{sigma^2} without weights),
#'   \deqn{\textrm{adjusted}_g = \frac{V_g}{\sum V_g + V_e}, \quad \textrm{unadjusted}_g =
#'   \frac{V_g}{V_f + \sum V_g + V_e},}{adjusted_g = V_g / (sum V_g + V_e), unadjusted_g = V_g /
#'   (V_f + sum V_g + V_e),}
#'   \deqn{R^2_{marginal} = \frac{V_f}{V_f + \sum V_g + V_e}, \quad R^2_{conditional} = \frac{V_f +
#'   \sum V_g}{V_f + \sum V_g + V_e}.}{R^2_marginal = V_f / (V_f + sum V_g + V_e), R^2_conditional =
#'   (V_f + sum V_g) / (V_f + sum V_g + V_e) .} The parameters are those of the fit; by maximum
#'   likelihood the variances are smaller.
#' @return `intraclass_correlation`: a data frame with a row for each grouping factor and a last row
#'   `total`, columns `variance` (\eqn{V_g} and their sum, in units of the response squared),
#'   `adjusted` and `unadjusted`, shares between 0 and 1. The adjusted total is what packages call
#'   the ICC, for a random intercept the correlation of two observations of one group given the
#'   predictors.
#'
#'   `r_squared`: numeric vector with names `marginal` and `conditional`; attribute `variances`,
#'   which is not printed, has \eqn{V_f}, \eqn{\sum V_g}{sum V_g} and \eqn{V_e}.
#' @section Variances that the data do not determine: Where two terms are the same grouping, or a
#'   grouping factor has a level for each row, only a sum of variances is estimated, and where fixed
#'   effects reproduce a random effect not even that. What depends on more is `NA`, and a message of
#'   class `henderson_message_undetermined` says why.
#' @section Names: The package performance exports `icc()` and `r2()`, MuMIn `r.squaredGLMM()`; the
#'   names here mask none of them.
#' @section Errors: `henderson_error_argument` for another object; `henderson_error_data` when the
#'   fit does not hold its model frame.
#' @source Nakagawa and Schielzeth (2013), *Methods in Ecology and Evolution* 4, 133-142; Johnson
#'   (2014), same journal 5, 944-946; Nakagawa, Johnson and Schielzeth (2017), *Journal of the Royal
#'   Society Interface* 14, 20170213.
#' @examples
#' fit <- lmm(yield ~ gen * fung + (1 | block / fung), durban.splitplot)
#' intraclass_correlation(fit)
#' r_squared(fit)
#' @export
intraclass_correlation <- function(fit, ...) {
  check_no_dots(...)
  check_fit(fit)
  parts <- explained_variances(fit)
  variance <- c(parts$random, total = parts$total)
  if (anyNA(c(variance, parts$within))) inform_unknown("Some shares of variance are NA.", fit)
  data.frame(
    variance = unname(variance), adjusted = unname(variance / parts$within),
    unadjusted = unname(variance / (parts$fixed + parts$within)), row.names = names(variance)
  )
}

#' @rdname intraclass_correlation
#' @export
r_squared <- function(fit, ...) {
  check_no_dots(...)
  check_fit(fit)
  parts <- explained_variances(fit)
  variances <- c(fixed = parts$fixed, random = parts$total, residual = parts$residual)
  if (anyNA(c(parts$total, parts$within))) inform_unknown("R-squared is NA.", fit)
  structure(
    c(marginal = variances[["fixed"]], conditional = sum(variances[1:2])) /
      (parts$fixed + parts$within),
    variances = variances, class = c("henderson_r_squared", "numeric")
  )
}

#' @param x A result of `r_squared()`.
#' @param digits One whole number: significant digits.
#' @rdname intraclass_correlation
#' @export
print.henderson_r_squared <- function(x, digits = max(3L, getOption("digits") - 3L), ...) {
  check_print_dots(...)
  check_digits(digits)
  print(stats::setNames(as.vector(x), names(x)), digits = digits)
  invisible(x)
}

# list(`fixed`, `random` (named by grouping factor), `total` (of these), `residual`, `within` (total
# and residual)), means over rows of positive weight; NA for what the data do not determine.
explained_variances <- function(fit) {
  require_independent(fit, "A share of variance")
  require_plain_residuals(fit, "A share of variance")
  means <- row_means(fit)
  groups <- vapply(fit$random, `[[`, "", "group")
  # linear functions of (Gamma, 1), a row each
  forms <- matrix(0, length(unique(groups)) + 3L, length(fit$theta) + 1L)
  rownames(forms) <- c(unique(groups), ".total", ".residual", ".within")
  for (t in seq_along(fit$random)) {
    term <- fit$random[[t]]
    if (!has_entries(term$structure)) {
      # one form whose value is known, in the place of its first parameter
      covariance <- tcrossprod(lambda_matrix(term, fit$theta))
      forms[term$group, term$theta_index[1L]] <- sum(means$random[[t]] * covariance)
      next
    }
    at <- lambda_entries(term)
    squares <- means$random[[t]][cbind(at$row, at$column)]
    forms[term$group, term$theta_index] <- squares * ifelse(at$row == at$column, 1, 2)
  }
  forms[".total", ] <- colSums(forms)
  forms[".residual", ncol(forms)] <- means$noise
  forms[".within", ] <- forms[".total", ] + forms[".residual", ]
  values <- fit$sigma^2 * drop(forms %*% c(relative_covariances(fit), 1))
  values[!are_determined(fit, forms)] <- NA
  list(
    fixed = sum(fit$beta * (means$fixed %*% fit$beta)), random = values[unique(groups)],
    total = values[[".total"]], residual = values[[".residual"]], within = values[[".within"]]
  )
}

#' Reliability of the conditional modes
#'
#' How well does the conditional mode of a random effect tell the levels of its factor apart? One
#' minus its remaining variance over the variance of the random effect: 1 for a level with very much
#' data, 0 for one that the data say nothing about, whose mode is shrunk to zero.
#'
#' @param fit A fit by [lmm()].
#' @param fixed One string. `"known"`: the variance of the random effect given the data, with the
#'   fixed effects taken as known, as in [ranef()][ranef.henderson_fit]. `"estimated"`: the
#'   prediction error variance \eqn{Var(\hat b - b)}{Var(b_hat - b)}, in which \eqn{\beta}{beta} is
#'   estimated as well; the reliability of breeding values, the squared correlation of \eqn{\hat
#'   b}{b_hat} and \eqn{b}. It is smaller.
#' @param ... Nothing; an argument that is not known is an error.
#' @return A data frame with a row for each random effect, terms in the order of
#'   [VarCorr()][VarCorr.henderson_fit], columns `grpvar` (factor), `term` (column), `grp` (level),
#'   `condval` (conditional mode) and `reliability`. The reliability of an effect whose variance is
#'   estimated as zero, or not determined by the data, is `NA`.
#' @section Errors: `henderson_error_argument` for a malformed argument; `henderson_error_data` for
#'   `fixed = "estimated"` when the fit does not hold its model frame.
#' @source Henderson (1975), *Biometrics* 31, 423-447; Raudenbush and Bryk (2002), *Hierarchical
#'   Linear Models*, 2nd edition, chapter 3, equation (3.28) for a random intercept.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' head(reliability(fit))
#' # mean reliability of intercepts and slopes
#' with(reliability(fit), tapply(reliability, term, mean))
#' @export
reliability <- function(fit, fixed = c("known", "estimated"), ...) {
  check_no_dots(...)
  check_fit(fit)
  fixed <- check_choice(fixed, c("known", "estimated"))
  errors <- if (fixed == "known") {
    lapply(fit$conditional_variance, function(variance) {
      v <- dim(variance)[1L]
      diagonal <- vapply(seq_len(v), function(a) variance[a, a, ], numeric(dim(variance)[3L]))
      matrix(diagonal, ncol = v)
    })
  } else {
    prediction_error_variances(fit)
  }
  unknown <- lapply(seq_along(fit$random), undetermined_columns, fit = fit)
  tables <- Map(reliability_rows, fit$random, fit$b, errors, unknown, MoreArgs = list(fit = fit))
  if (any(undetermined_parameters(fit))) inform_unknown("Some reliabilities are NA.", fit)
  do.call(rbind, tables)
}

# `error`: J x v matrix of remaining variances.
reliability_rows <- function(term, modes, error, unknown, fit) {
  variance <- fit$sigma^2 * rowSums(lambda_matrix(term, fit$theta)^2)
  own <- if (is.null(term$relationship)) 1 else relationship_diagonal(term$relationship)
  variance[variance == 0] <- NA
  variance[unknown] <- NA
  data.frame(
    grpvar = term$group, term = rep(term$columns, each = length(term$levels)),
    grp = rep(term$levels, length(term$columns)), condval = as.vector(t(modes)),
    reliability = 1 - as.vector(error) / (own * rep(variance, each = length(term$levels)))
  )
}

# Var(b^ - b) of every random effect: list of J x v matrices, parallel to `fit$random`.
prediction_error_variances <- function(fit) {
  moments <- unclass(cross_products_of(fit))
  index <- block_index(fit$random)
  size <- vapply(fit$random, function(term) length(term$columns), 1L)
  widths <- as.vector(tapply(size, index$block, sum))
  lapply(seq_along(fit$random), function(t) {
    count <- length(fit$random[[t]]$levels)
    errors <- vapply(index$first[t] + seq_len(size[t]), function(column) {
      rows <- lapply(seq_along(widths), function(block) {
        z <- matrix(0, count, widths[block])
        own <- block == index$block[t]
        if (own) z[, column] <- 1
        list(z = z, level = if (own) seq_len(count) else rep(1L, count))
      })
      x <- matrix(0, count, length(fit$beta))
      prediction_variance_cpp(moments, fit$theta, fit$REML, x, rows, FALSE)$variance
    }, numeric(count))
    fit$sigma^2 * matrix(errors, count)
  })
}
