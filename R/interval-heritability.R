# Shares of the variance of an observation: heritabilities, and those of the other random effects.
#
# Notation: V_t(z) = sigma^2 z'Lambda_t Lambda_t'z, variance that term t adds to an observation with
# the columns z; P = sum_t V_t + sigma^2; the share of term t is V_t / P. psi = (theta, sigma).

#' Heritability
#'
#' The share of each random term in the variance of an observation, with standard errors and
#' confidence limits. Of a term whose levels are related, see [precision()], it is the heritability;
#' of the same animals without relationship the share of the permanent environment, of dams that of
#' maternal effects. Shares of terms with independent levels are intraclass correlations, or
#' repeatabilities.
#'
#' @param fit A fit by [lmm()] that holds its model frame.
#' @param at With terms of more than an intercept, such as `(age | id)`, or of no intercept: a data
#'   frame with the variables of these terms, a row for each set of values at which the shares are
#'   wanted.
#' @param level One number between 0 and 1: the level of the confidence limits.
#' @param method One string. `"profile"`: limits from the criterion, minimized over all other
#'   parameters where the share is held; where a term has several columns, and for the residual,
#'   Wald's. `"Wald"`: normal limits of the logit of the share, taken back.
#' @param ... Nothing; an argument that is not known is an error.
#' @details With \eqn{V_t = \sigma^2 z'\Lambda_t\Lambda_t'z}{V_t = sigma^2 z'Lambda_t Lambda_t'z}
#'   the variance of term t (of an intercept \eqn{z = 1}{z = 1}), the share is \eqn{h_t = V_t /
#'   (\sum_s V_s + \sigma^2)}{h_t = V_t / (sum_s V_s + sigma^2)}. What fixed effects account for is
#'   in no part of it. The variances are those of a level whose diagonal element of the relationship
#'   matrix is 1, one that is not inbred, and of a row of weight 1.
#'
#'   Standard errors are those of the delta method, \eqn{SE^2 = g'Cov(\hat\psi)g}{SE^2 = g'Cov(psi^)
#'   g} with \eqn{g = \partial h_t/\partial\psi}{g = dh_t / dpsi} and the observed information of
#'   [variance_components()]. Their distribution is skew for shares near 0 or 1: limits of the
#'   profile, of the restricted likelihood for fits by REML, are better there. Each is the end of
#'   some ten searches.
#' @return A data frame of class `henderson_heritability` with a row for each random term, and a
#'   last one for the residual: columns `grp` (as [VarCorr()][VarCorr.henderson_fit] names the
#'   term), `related` (does the term have a relationship?), `estimate`, `se`, `lower`, `upper`,
#'   `method` of the limits; before these the columns of `at`. `vcov()` of it is the covariance
#'   matrix of the estimates, with which functions of them have standard errors.
#' @section Where there is no standard error: That of a variance of zero is `NA`, as in
#'   [variance_components()]; its share is 0, and of its profile the upper limit is left. A share of
#'   variances that the data do not determine is `NA`. A message says so.
#' @section Errors: `henderson_error_argument` for malformed arguments, and where `at` is needed but
#'   not given; `henderson_error_unsupported` with structures other than `|` and `||` and with
#'   a residual structure.
#' @source Falconer and Mackay (1996), *Introduction to Quantitative Genetics*, 4th edition,
#'   chapter 10; Lynch and Walsh (1998), *Genetics and Analysis of Quantitative Traits*, chapters 26
#'   and 27, appendix 1 for the delta method.
#' @seealso [precision()] for relationships, [variance_components()], [intraclass_correlation()].
#' @examples
#' # 20 sires with 10 offspring each of as many dams, one record each
#' animals <- pedigree(
#'   id = 1:200, sire = rep(paste0("s", 1:20), each = 10), dam = paste0("d", 1:200)
#' )
#' set.seed(2)
#' data <- data.frame(id = 1:200, weight = rnorm(200) + rep(rnorm(20, sd = 0.4), each = 10))
#' fit <- lmm(weight ~ 1 + (1 | id), data, relationship = list(id = animals))
#' heritability(fit)
#' @export
heritability <- function(fit, at = NULL, level = 0.95, method = c("profile", "Wald"), ...) {
  check_no_dots(...)
  check_fit(fit)
  check_level(level)
  method <- check_choice(method, c("profile", "Wald"))
  require_plain_residuals(fit, "A heritability")
  for (term in fit$random) require_entries(term)
  columns <- share_columns(fit, at)
  forms <- share_forms(fit, columns)
  shares <- lapply(forms, shares_of, fit = fit)
  jacobian <- do.call(rbind, lapply(shares, `[[`, "gradient"))
  covariance <- jacobian %*% variance_parameter_covariance(fit)$covariance %*% t(jacobian)
  estimate <- unlist(lapply(shares, `[[`, "estimate"))
  known <- rep(are_shares_regular(fit), length(forms)) & !is.na(estimate)
  covariance[!known, ] <- covariance[, !known] <- NA
  labels <- c(unique_labels(vapply(fit$random, `[[`, "", "group")), "Residual")
  count <- length(labels)
  dimnames(covariance) <- rep(list(share_names(labels, length(forms))), 2L)
  table <- data.frame(
    grp = rep(labels, length(forms)),
    related = rep(c(vapply(fit$random, is_related, TRUE), FALSE), length(forms)),
    estimate = estimate, se = sqrt(diag(covariance))
  )
  limits <- wald_share_limits(table, level)
  if (method == "profile") limits <- profile_shares(fit, forms, limits, level)
  if (!is.null(at)) table <- cbind(at[rep(seq_len(nrow(at)), each = count), , drop = FALSE], table)
  inform_shares(fit, known, estimate)
  structure(
    cbind(table, limits, row.names = NULL),
    covariance = covariance, level = level, notes = constraint_notes(fit),
    class = c("henderson_heritability", "data.frame")
  )
}

share_names <- function(labels, sets) {
  if (sets == 1L) return(labels)
  paste(rep(labels, sets), rep(seq_len(sets), each = length(labels)), sep = ":")
}

# --- columns of the terms ---

# z of each term at each set of values: list (a set) of lists (by term).
share_columns <- function(fit, at) {
  plain <- vapply(fit$random, function(term) is.null(term$terms), TRUE)
  if (!is.null(at)) check_at(at, fit, plain)
  if (all(plain)) return(list(rep(list(1), length(fit$random))))
  needed <- unique(unlist(lapply(fit$random[!plain], function(term) {
    intersect(all.vars(attr(term$terms, "variables")), attr(term$terms, "data_variables"))
  })))
  if (is.null(at)) {
    text <- fit$random[[which(!plain)[1L]]]$text
    abort(c(
      "The variance of {.code ({text})} depends on {.var {needed}}: say {.arg at} which values
       shares are wanted.",
      "i" = "For example {.code at = data.frame({needed[1L]} = c(0, 1))}."
    ), kind = "argument", variable = "at", observed = text)
  }
  z <- lapply(fit$random, function(term) {
    if (is.null(term$terms)) return(matrix(1, nrow(at), 1L))
    frame <- newdata_frame(term$terms, at, term$xlevels)
    design_matrix(term$terms, frame, term$contrasts %||% fit$contrasts)
  })
  lapply(seq_len(nrow(at)), function(i) lapply(z, function(own) own[i, ]))
}

check_at <- function(at, fit, plain) {
  given <- describe_value(at)
  if (!is.data.frame(at) || nrow(at) == 0L) {
    abort("{.arg at} must be a data frame with a row for each set of values, not {given}.",
      kind = "argument", variable = "at", observed = class(at)
    )
  }
  if (all(plain)) {
    abort(c(
      "{.arg at} is for random terms with more than an intercept; this fit has none.",
      "i" = "Its shares are the same for all values."
    ), kind = "argument", variable = "at", observed = names(at))
  }
}

# --- shares ---

# For each set of values a matrix: linear functions of (Gamma, 1), a row for each term and the
# residual.
share_forms <- function(fit, columns) {
  lapply(columns, function(z) {
    forms <- matrix(0, length(fit$random) + 1L, length(fit$theta) + 1L)
    for (t in seq_along(fit$random)) {
      term <- fit$random[[t]]
      at <- lambda_entries(term)
      squares <- z[[t]][at$row] * z[[t]][at$column]
      forms[t, term$theta_index] <- squares * ifelse(at$row == at$column, 1, 2)
    }
    forms[nrow(forms), ncol(forms)] <- 1
    forms
  })
}

# list(`estimate`, `gradient` (a row for each, by theta and sigma)). Shares do not depend on sigma.
shares_of <- function(forms, fit) {
  own <- representative_fit(fit)
  parts <- drop(forms %*% c(relative_covariances(own), 1))
  total <- sum(parts)
  by_theta <- forms[, seq_along(fit$theta), drop = FALSE] %*% covariance_slopes(own)
  gradient <- (by_theta - outer(parts / total, colSums(by_theta))) / total
  share <- parts / total
  unknown <- !are_determined(fit, forms) | !are_determined(fit, rbind(colSums(forms)))
  share[unknown | length(own$optimization$flat) > 0L] <- NA
  list(estimate = share, gradient = cbind(gradient, 0))
}

# Derivatives of the entries of Gamma = Lambda Lambda' by theta.
covariance_slopes <- function(fit) {
  slopes <- matrix(0, length(fit$theta), length(fit$theta))
  for (term in fit$random) {
    at <- lambda_entries(term)
    lambda <- lambda_matrix(term, fit$theta)
    own <- outer(seq_along(at$row), seq_along(at$row), function(i, j) {
      (at$row[i] == at$row[j]) * lambda[cbind(at$column[i], at$column[j])] +
        (at$column[i] == at$row[j]) * lambda[cbind(at$row[i], at$column[j])]
    })
    slopes[term$theta_index, term$theta_index] <- own
  }
  slopes
}

# Is a share no function of a variance on its bound? The residual's always is one of the others.
are_shares_regular <- function(fit) {
  irregular <- irregular_parameters(fit)
  own <- vapply(fit$random, function(term) !any(irregular$theta[term$theta_index]), TRUE)
  !irregular$all & c(own, any(own) || length(own) == 0L)
}

inform_shares <- function(fit, known, estimate) {
  if (anyNA(estimate) && !is.null(fit$undetermined)) {
    return(inform_unknown("Some shares of variance are NA.", fit))
  }
  if (!all(known)) inform_irregular(irregular_parameters(fit)$reason)
}

# --- limits ---

wald_share_limits <- function(table, level) {
  centre <- stats::qlogis(table$estimate)
  width <- stats::qnorm((1 + level) / 2) * table$se / (table$estimate * (1 - table$estimate))
  data.frame(
    lower = stats::plogis(centre - width), upper = stats::plogis(centre + width),
    method = ifelse(is.na(width), NA, "Wald")
  )
}

# Of terms of one column, where they vary at all.
profile_shares <- function(fit, forms, limits, level) {
  single <- vapply(fit$random, function(term) length(term$columns) == 1L, TRUE)
  without <- is_constrained(fit) || !is.null(fit$undetermined) ||
    length(fit$optimization$flat) > 0L
  if (without || !any(single)) return(limits)
  count <- nrow(forms[[1L]])
  asked <- expand.grid(term = which(single), set = seq_along(forms))
  own <- mapply(function(term, set) {
    forms[[set]][term, fit$random[[term]]$theta_index] > 0
  }, asked$term, asked$set)
  asked <- asked[own, ]
  parameters <- Map(function(term, set) {
    list(
      kind = "share", theta = fit$random[[term]]$theta_index, sum = colSums(forms[[set]])
    )
  }, asked$term, asked$set)
  found <- share_profiles(fit, parameters, stats::qnorm((1 + level) / 2))
  rows <- (asked$set - 1L) * count + asked$term
  for (i in seq_along(found)) {
    limits[rows[i], c("lower", "upper")] <- found[[i]]$limits
    limits$method[rows[i]] <- "profile"
  }
  # with one term the residual's share is the rest
  if (count == 2L) {
    rest <- rows + 1L
    limits[rest, c("lower", "upper")] <- 1 - limits[rows, c("upper", "lower")]
    limits$method[rest] <- "profile"
  }
  limits
}

share_profiles <- function(fit, parameters, cutoff) {
  moments <- unclass(cross_products_of(fit))
  found <- pieces_of_list(function(parameters) {
    profile_cpp(
      moments, fit$theta, fit$REML, parameters, cutoff, 0, 1, fit$sigma, NULL
    )
  }, parameters, "Profiles")
  least <- min(vapply(found, `[[`, 0, "least"), Inf)
  unsure <- any(vapply(found, function(one) any(one$status == "uncertain"), TRUE))
  if (!warn_no_minimum(fit)) warn_lower(fit$criterion - least)
  if (unsure) {
    warn(c(
      "Some searches for limits of shares ended at no certain minimum.",
      "i" = "Limits may be too narrow."
    ), kind = "convergence", variable = "heritability")
  }
  found
}

# --- the result ---

#' @param object,x A result of `heritability()`.
#' @rdname heritability
#' @export
vcov.henderson_heritability <- function(object, ...) {
  check_no_dots(...)
  attr(object, "covariance")
}

share_numbers <- c("estimate", "se", "lower", "upper")

#' @param digits One whole number: significant digits.
#' @rdname heritability
#' @export
print.henderson_heritability <- function(x, digits = max(3L, getOption("digits") - 3L), ...) {
  check_print_dots(...)
  check_digits(digits)
  own <- c("grp", "related", share_numbers, "method")
  at <- setdiff(names(x), own)
  if (!is_whole_table(x, c(at, own))) {
    print(plain_data_frame(x), digits = digits)
    return(invisible(x))
  }
  labels <- vapply(as.list(plain_data_frame(x)[at]), format, character(nrow(x)))
  numbers <- vapply(as.list(plain_data_frame(x)[share_numbers]), function(value) {
    ifelse(is.na(value), "NA", formatC(value, digits = digits, format = "f"))
  }, character(nrow(x)))
  cells <- cbind(
    matrix(labels, nrow(x)), x$grp, ifelse(x$related, "related", ""), matrix(numbers, nrow(x))
  )
  percent <- paste0(format(100 * attr(x, "level")), " %")
  colnames(cells) <- c(at, "Groups", "", "Share", "Std.Error", "Lower", "Upper")
  write_lines(c(
    paste0("Shares of variance, with ", percent, " limits"),
    text_table(cells,
      align = rep(c("left", "right"), c(length(at) + 2L, 4L)), row_names = NULL
    ),
    note_lines(c(attr(x, "notes"), share_note(x)))
  ))
  invisible(x)
}

share_note <- function(x) {
  wald <- unique(x$grp[x$method %in% "Wald"])
  if (length(wald) == 0L || !any(x$method %in% "profile")) return(NULL)
  paste0("limits of ", list_some(wald), " are Wald's, the others profiles'")
}

#' @export
`[.henderson_heritability` <- function(x, ...) {
  # the covariance matrix is that of the whole table
  plain_data_frame(x)[...]
}
