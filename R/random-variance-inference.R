# Standard errors of variances, standard deviations and correlations, by the delta method from the
# covariance of the estimates of theta and sigma.
#
# Notation: V = sigma^2 Lambda Lambda', covariance matrix of one term; psi = (theta, sigma).

#' Variance components with standard errors
#'
#' Estimates, standard errors and confidence limits of the parameters of the random part, with the
#' joint covariance of the estimates.
#'
#' @param fit A fit by [lmm()] that holds its model frame.
#' @param scale One string: what is estimated. `"sd"`: standard deviations and correlations.
#'   `"variance"`: variances and covariances. `"log_sd"`: logarithms of standard deviations and
#'   Fisher's z of correlations, \eqn{z = \tanh^{-1} \rho}{z = atanh rho}, on which normal
#'   approximations are best. `"theta"`: the entries of \eqn{\Lambda}{Lambda}, and
#'   \eqn{\sigma}{sigma}.
#' @param level One number between 0 and 1: the level of the confidence limits.
#' @param ... Nothing; an argument that is not known is an error.
#' @details The covariance of \eqn{\psi = (\hat\theta, \hat\sigma)}{psi = (theta_hat, sigma_hat)} is
#'   twice the inverse of the exact Hessian of the criterion (restricted or not, as the fit), the
#'   inverse of the observed information; that of a function of \eqn{\psi}{psi} with Jacobian J is
#'   \eqn{J \, Cov(\psi) J'}{J Cov(psi) J'}, with \eqn{\partial (\Lambda\Lambda')_{ab} / \partial
#'   \Lambda_{rc} = \delta_{ar}\Lambda_{bc} + \delta_{br}\Lambda_{ac}}{d (Lambda Lambda')_ab / d
#'   Lambda_rc = delta_ar Lambda_bc + delta_br Lambda_ac}. Limits are normal on the scale of
#'   `"log_sd"` and taken back, so that limits of a standard deviation are positive and those of a
#'   correlation within -1 and 1; limits of a variance are the squares of those of its standard
#'   deviation. Covariances and theta have symmetric limits. A parameter with other bounds, as the
#'   correlation of `cs()`, is taken to between -1 and 1 first; of a range it is the logarithm.
#'
#'   Large samples of groups are needed: with few groups the distribution of a variance is skew, and
#'   [random_anova()] tests whether it is zero.
#' @return A data frame of class `henderson_variance_components` with the rows of
#'   `as.data.frame(VarCorr(fit))`, or for terms with a structure (see [structures]) a row for each
#'   of their parameters, the residual last, and columns `grp`, `var1`, `var2` (`NA` for a
#'   variance), `estimate`, `se`, `lower`, `upper`, on the scale asked for. `vcov()` of it is the
#'   covariance matrix of the estimates.
#' @section Where there is no standard error: A variance estimated as zero, and everything in the
#'   covariance matrix of an unstructured term that is not of full rank, lies on the boundary of
#'   what is possible, where estimates are not normal for any number of groups; variances that
#'   the data do not determine (see [lmm()]) have none either. Their `se`,
#'   `lower` and `upper` are `NA`, `estimate` too where the data say nothing at all, and a message
#'   of class `henderson_message_singular` says which and why. The others are computed with those
#'   parameters held where they are. A fit away from an optimum, not converged or evaluated at given
#'   parameters, has no standard errors.
#' @section Errors: `henderson_error_argument` for malformed arguments; `henderson_error_data` when
#'   the fit does not hold its model frame.
#' @source Searle, Casella and McCulloch (1992), *Variance Components*, chapter 6; Pinheiro and
#'   Bates (2000), *Mixed-Effects Models in S and S-PLUS*, section 2.4, for the scales of the
#'   limits.
#' @seealso [VarCorr()][VarCorr.henderson_fit], [random_anova()], [intraclass_correlation()].
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' variance_components(fit)
#' variance_components(fit, scale = "variance", level = 0.9)
#' vcov(variance_components(fit, scale = "log_sd"))
#' @export
variance_components <- function(fit, scale = c("sd", "variance", "log_sd", "theta"), level = 0.95,
                                ...) {
  check_no_dots(...)
  check_fit(fit)
  scale <- check_choice(scale, c("sd", "variance", "log_sd", "theta"))
  check_level(level)
  parameters <- variance_parameter_covariance(fit)$covariance
  table <- rows_on_scale(representative_fit(fit), scale)
  jacobian <- do.call(rbind, table$gradient)
  irregular <- irregular_parameters(fit)
  determined <- are_components_determined(fit, table, scale)
  known <- !irregular$all & determined &
    !vapply(table$theta, function(index) any(irregular$theta[index]), TRUE)
  covariance <- jacobian %*% parameters %*% t(jacobian)
  # what is held moves with nothing but rounding
  held <- is_constrained(fit) & diag(covariance) <= 1e-14 * pmax(table$estimate^2, 1e-4)
  table$estimate[held & abs(table$estimate) < 1e-12] <- 0
  if (any(!known & !held)) inform_irregular(irregular$reason)
  covariance[!known | held, ] <- covariance[, !known | held] <- NA
  dimnames(covariance) <- rep(list(component_names(table)), 2L)
  se <- sqrt(diag(covariance))
  result <- data.frame(
    table[c("grp", "var1", "var2")], estimate = known_estimates(fit, table, scale, determined),
    se = se, component_limits(table, se, scale, level), row.names = NULL
  )
  structure(result,
    covariance = covariance, scale = scale, level = level, notes = constraint_notes(fit),
    class = c("henderson_variance_components", "data.frame")
  )
}

rows_on_scale <- function(fit, scale) {
  own <- if (scale == "theta") theta_rows(fit) else covariance_rows(fit, scale)
  with_residual_components(own, fit, scale)
}

# Is what a row shows the same at all points that the data do not tell apart?
are_components_determined <- function(fit, table, scale) {
  rows <- length(table$estimate)
  if (is.null(fit$undetermined)) return(rep(TRUE, rows))
  # second derivatives are those of one of many points
  if (!fit$undetermined$representative$unique) return(logical(rows))
  k <- length(fit$theta)
  if (scale == "theta") {
    # relative to sigma, and with the rest of its matrix
    unknown <- undetermined_parameters(fit)
    joint <- vapply(table$theta, function(index) any(unknown[index]), TRUE)
    return(!joint & !is_sigma_undetermined(fit))
  }
  vapply(seq_len(rows), function(row) {
    elements <- if (is.na(table$element[row])) k + 1L else table$element[row]
    if (!is.na(table$var2[row])) elements <- c(elements, own_variances(fit, elements, scale))
    all(are_determined(fit, diag(k + 1L)[elements, , drop = FALSE]))
  }, TRUE)
}

# A correlation is of two variances too: their positions.
own_variances <- function(fit, element, scale) {
  if (scale == "variance") return(integer(0L))
  places <- parameter_places(fit$random)
  own <- places[match(element, places$parameter), ]
  variances <- places[places$term == own$term & places$row == places$column, ]
  variances$parameter[variances$row %in% c(own$row, own$column)]
}

# NA where the data say nothing about an element. Each row's own parameter is the one it moves with.
known_estimates <- function(fit, table, scale, determined) {
  estimate <- table$estimate
  # what is one of many is that of the fit, as everywhere
  estimate[!determined] <- rows_on_scale(fit, scale)$estimate[!determined]
  estimate[table$element %in% fit$undetermined$alone] <- NA
  estimate
}

# Parameters without a normal distribution: list(`theta` (logical), `all` (one logical: and
# sigma?), `reason` (character)).
irregular_parameters <- function(fit) {
  evaluated <- fit$optimization$optimizer == "none" || isFALSE(fit$optimization$converged)
  if (evaluated && !is_near_optimum(fit)) {
    return(list(
      theta = rep(TRUE, length(fit$theta)), all = TRUE,
      reason = "the parameters are no optimum, which standard errors assume"
    ))
  }
  undetermined <- undetermined_parameters(fit)
  fit <- representative_fit(fit)
  active <- variance_parameter_covariance(fit)$active
  if (is_constrained(fit)) return(irregular_constrained(fit, !active))
  flat <- flat_parameters(inference_pieces(fit, "Satterthwaite")$hessian, active) & !undetermined
  flat <- flat | names(fit$theta) %in% fit$optimization$flat
  boundary <- !active & !undetermined
  list(
    theta = boundary | flat, all = FALSE,
    reason = c(
      boundary_reasons(fit, boundary),
      if (!is.null(fit$undetermined)) {
        paste0("not determined by the data: ", undetermined_notes(fit))
      } else if (any(flat)) {
        paste0("not determined by the data: ", list_some(names(fit$theta)[flat]))
      }
    )
  )
}

irregular_constrained <- function(fit, boundary) {
  pieces <- inference_pieces(fit, "Satterthwaite")
  flat <- any(flat_parameters(pieces$hessian, pieces$free != 0))
  unknown <- if (flat) "not determined by the data with the constraints of the fit"
  list(theta = boundary, all = flat, reason = c(boundary_reasons(fit, boundary), unknown))
}

# Variances of zero, and correlation matrices that are not of full rank although no variance is.
boundary_reasons <- function(fit, boundary) {
  zero <- deficient <- bound <- character(0L)
  for (term in fit$random) {
    if (!has_entries(term$structure)) {
      labels <- names(fit$theta)[term$theta_index]
      own <- boundary[term$theta_index]
      deviations <- is_deviation(list(term))
      zero <- c(zero, labels[own & deviations])
      bound <- c(bound, labels[own & !deviations])
      next
    }
    at <- lambda_entries(term)
    lambda <- lambda_matrix(term, fit$theta)
    own <- boundary[term$theta_index] & at$row == at$column
    empty <- rowSums(lambda^2)[at$row] == 0
    labels <- names(fit$theta)[term$theta_index]
    zero <- c(zero, labels[own & empty])
    if (any(own & !empty)) deficient <- c(deficient, paste0("(", term$text, ")"))
  }
  c(
    if (length(zero)) paste0("on the boundary, a standard deviation of zero: ", list_some(zero)),
    if (length(bound)) {
      paste0("at their bounds, or beside a standard deviation of zero: ", list_some(bound))
    },
    if (length(deficient)) {
      paste0(
        "on the boundary, effects that are combinations of each other (a correlation of +-1, if ",
        "there are two): ", list_some(deficient)
      )
    }
  )
}

# Parameters along which the criterion does not change.
flat_parameters <- function(hessian, active) {
  flat <- logical(length(active))
  if (!any(active)) return(flat)
  free <- hessian[which(active), which(active), drop = FALSE]
  scale <- sqrt(pmax(diag(free), 0))
  flat[active] <- scale == 0
  scale[scale == 0] <- 1
  decomposition <- eigen(free / outer(scale, scale), symmetric = TRUE)
  null <- decomposition$values <= 1e-9 * max(decomposition$values)
  share <- rowSums(decomposition$vectors[, null, drop = FALSE]^2)
  flat[active] <- flat[active] | share > 1e-6
  flat
}

inform_irregular <- function(reason) {
  inform(c(
    "Some components have no standard error.", stats::setNames(reason, rep("i", length(reason)))
  ), kind = "singular", observed = reason)
}

# Normal limits on the scale where they are taken: data frame `lower`, `upper`.
component_limits <- function(table, se, scale, level) {
  reach <- stats::qnorm((1 + level) / 2)
  estimate <- table$estimate
  is_deviation <- is.na(table$var2) & is.na(table$lowest)
  lower <- estimate - reach * se
  upper <- estimate + reach * se
  relative <- switch(scale, sd = se / estimate, variance = se / (2 * estimate), NA * se)
  if (scale %in% c("sd", "variance")) {
    power <- if (scale == "sd") 1 else 2
    factor <- exp(power * reach * relative[is_deviation])
    lower[is_deviation] <- estimate[is_deviation] / factor
    upper[is_deviation] <- estimate[is_deviation] * factor
  }
  bounded <- !is.na(table$lowest)
  if (any(bounded)) {
    least <- table$lowest[bounded]
    most <- table$highest[bounded]
    width <- reach * se[bounded] * stretch_slope(estimate[bounded], least, most)
    centre <- stretch(estimate[bounded], least, most)
    lower[bounded] <- shrink(centre - width, least, most)
    upper[bounded] <- shrink(centre + width, least, most)
  }
  data.frame(lower = lower, upper = upper)
}

# "Subject.(Intercept)", "Subject.Days.(Intercept)" (as theta's names), "Residual".
component_names <- function(table) {
  parts <- cbind(table$grp, table$var2, table$var1)
  apply(parts, 1L, function(row) paste(stats::na.omit(row), collapse = "."))
}

#' @param object,x A result of `variance_components()`.
#' @rdname variance_components
#' @export
vcov.henderson_variance_components <- function(object, ...) {
  check_no_dots(...)
  attr(object, "covariance")
}

component_columns <- c("grp", "var1", "var2", "estimate", "se", "lower", "upper")

component_titles <- c(
  sd = "Standard deviations and correlations", variance = "Variances and covariances",
  log_sd = "Log standard deviations and Fisher's z of correlations",
  theta = "Entries of the relative factor, and sigma"
)

#' @param digits One whole number: significant digits.
#' @rdname variance_components
#' @export
print.henderson_variance_components <- function(x, digits = max(3L, getOption("digits") - 3L),
                                                ...) {
  check_print_dots(...)
  check_digits(digits)
  if (!is_whole_table(x, component_columns)) {
    print(plain_data_frame(x), digits = digits)
    return(invisible(x))
  }
  title <- component_titles[[attr(x, "scale")]]
  labels <- as.matrix(as.data.frame(x)[c("grp", "var1", "var2")])
  labels[is.na(labels)] <- ""
  numbers <- vapply(c("estimate", "se", "lower", "upper"), function(name) {
    text <- formatC(x[[name]], digits = digits, format = "fg", flag = "#")
    ifelse(is.na(x[[name]]), "NA", sub("[.]$", "", text))
  }, character(nrow(x)))
  cells <- cbind(labels, matrix(numbers, nrow(x)))
  percent <- paste0(format(100 * attr(x, "level")), " %")
  colnames(cells) <- c("Groups", "Name", "", "Estimate", "Std.Error", "Lower", "Upper")
  write_lines(c(
    paste0(title, ", with ", percent, " limits"),
    text_table(cells, align = rep(c("left", "right"), c(3L, 4L)), row_names = NULL),
    note_lines(attr(x, "notes"))
  ))
  invisible(x)
}

#' @export
`[.henderson_variance_components` <- function(x, ...) {
  # the covariance matrix is that of the whole table
  plain_data_frame(x)[...]
}
