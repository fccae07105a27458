# A separate linear model for every group, to look at beside the mixed model.

#' Separate linear models for every group
#'
#' @param formula A formula with the grouping factor behind a bar: `y ~ x | g`, or that of a mixed
#'   model with one grouping factor, `y ~ x + (x | g)`, of which the fixed part is fitted in each
#'   group. Or a fit by [lmm()]: its formula and the rows, response, weights, offset and contrasts
#'   that it was fitted to. Terms such as `poly(x, 2)` are evaluated in all rows at once.
#' @param data A data frame; not needed for a fit.
#' @param object,x The result.
#' @param ... Nothing; an argument that is not known is an error. (`print`: unused.)
#' @return An object of class `henderson_group_fits`, a list with
#'   \describe{
#'   \item{coefficients, std_errors}{data frames, one row for each group, one column for each
#'   coefficient; `NA` where a group does not determine it}
#'   \item{sigma, df, n}{numeric: residual standard deviation, residual degrees of freedom,
#'   observations of each group}
#'   \item{pooled_sigma}{one number: the residual standard deviation pooled over groups}
#'   \item{group, formula}{name of the grouping factor; the formula fitted in each group}
#'   }
#'   `coef` gives `coefficients`, to compare with `coef(fit)[[group]]` of the mixed model.
#' @section Errors: `henderson_error_formula` for a formula without exactly one grouping factor,
#'   `henderson_error_data` for data that are not a data frame.
#' @source Pinheiro and Bates (2000), *Mixed-Effects Models in S and S-PLUS*, section 4.1.
#' @examples
#' separate <- group_fits(Reaction ~ Days | Subject, sleepstudy)
#' separate
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' plot(coef(separate)$Days, coef(fit)$Subject$Days)
#' @export
group_fits <- function(formula, data = NULL, ...) {
  check_no_dots(...)
  check_supplied(formula)
  fit <- if (inherits(formula, "henderson_lmm")) formula
  parts <- split_group_formula(if (is.null(fit)) formula else fit$parsed$formula)
  if (is.null(fit) || !is.null(data)) {
    frame <- group_frame(parts, data)
  } else {
    frame <- model_frame_of(fit)
    parts$formula <- stats::formula(fit$terms)
  }
  new_group_fits(fit_groups(frame, parts, fit$contrasts), parts)
}

# Fixed formula and grouping expression of `y ~ x | g` or `y ~ x + (x | g)`.
split_group_formula <- function(formula) {
  if (!inherits(formula, "formula") || length(formula) != 3L) {
    given <- describe_value(formula)
    abort("{.arg formula} must be a two-sided formula, such as {.code y ~ x | g}, not {given}.",
      kind = "formula", variable = "formula", observed = given
    )
  }
  right <- formula[[3L]]
  if (is.call(right) && identical(right[[1L]], quote(`|`))) {
    fixed <- formula
    fixed[[3L]] <- right[[2L]]
    return(list(
      formula = fixed, group = right[[3L]], variables = interaction_parts(right[[3L]])
    ))
  }
  parsed <- parse_formula(formula)
  groups <- unique(lapply(parsed$random, `[[`, "group"))
  if (length(groups) != 1L) abort_several_groups(groups)
  list(
    formula = parsed$fixed, group = groups[[1L]], variables = parsed$random[[1L]]$group_variables
  )
}

# Model frame of a formula and its grouping factor. The variables are checked as lmm() checks them.
group_frame <- function(parts, data) {
  check_data_frame(data)
  two_sided <- parts$formula
  two_sided[[3L]] <- call("+", two_sided[[3L]], call("(", call("|", 1, parts$group)))
  parsed <- parse_formula(two_sided)
  if (length(parsed$random) != 1L) abort_several_groups(lapply(parsed$random, `[[`, "group"))
  model_frame(parsed, data, quote(lmm()), environment(parts$formula))
}

abort_several_groups <- function(groups) {
  names <- vapply(groups, group_text, "")
  abort(c(
    "{.arg formula} must have one grouping factor.",
    "x" = "It has {length(groups)}: {.val {names}}."
  ), kind = "formula", variable = "formula", observed = names)
}

# The linear models of all groups. Variables are evaluated and factors coded once for all, as in the
# mixed model, so that coefficients compare.
fit_groups <- function(frame, parts, contrasts) {
  values <- plain_numbers(frame, list(random = list()))
  X <- design_matrix(attr(frame, "fixed_terms"), values, contrasts)
  response <- as_numeric_vector(.subset2(values, 1L))
  weights <- as_numeric_vector(.subset2(values, "(weights)")) %||% rep(1, nrow(X))
  offset <- as_numeric_vector(stats::model.offset(values)) %||% numeric(nrow(X))
  factor <- grouping_factor(parts$variables, frame)
  rows <- stats::setNames(split(seq_len(nrow(X)), factor$level), factor$levels)
  lapply(rows, function(own) {
    own <- own[weights[own] > 0]
    if (length(own) == 0L) return(NULL)
    group_model(stats::lm.wfit(
      X[own, , drop = FALSE], response[own], weights[own], offset = offset[own]
    ))
  })
}

# Estimates and their standard errors, degrees of freedom, and sums of squares of a linear model.
group_model <- function(fit) {
  estimates <- fit$coefficients
  degrees <- fit$df.residual
  squares <- sum(fit$weights * fit$residuals^2)
  sigma <- if (degrees > 0L) sqrt(squares / degrees) else NA_real_
  kept <- seq_len(fit$rank)
  errors <- estimates
  errors[] <- NA_real_
  if (degrees > 0L && fit$rank > 0L) {
    unscaled <- diag(chol2inv(fit$qr$qr[kept, kept, drop = FALSE]))
    errors[fit$qr$pivot[kept]] <- sigma * sqrt(unscaled)
  }
  list(
    estimates = estimates, errors = errors, df = degrees, n = length(fit$residuals),
    squares = squares, sigma = sigma
  )
}

new_group_fits <- function(fits, parts) {
  columns <- unique(unlist(lapply(fits, function(fit) names(fit$estimates))))
  table_of <- function(field) {
    rows <- lapply(unname(fits), function(fit) {
      if (is.null(fit)) rep(NA_real_, length(columns)) else fit[[field]][columns]
    })
    table <- do.call(rbind, rows)
    dimnames(table) <- list(names(fits), utf8_names(columns))
    as.data.frame(table, optional = TRUE)
  }
  number_of <- function(field) vapply(fits, function(fit) as.numeric(fit[[field]] %||% NA), 0)
  structure(
    list(
      coefficients = table_of("estimates"), std_errors = table_of("errors"),
      sigma = number_of("sigma"), df = number_of("df"), n = number_of("n"),
      pooled_sigma = sqrt(
        sum(number_of("squares"), na.rm = TRUE) / sum(number_of("df"), na.rm = TRUE)
      ),
      group = expression_text(parts$group), formula = parts$formula
    ),
    class = "henderson_group_fits"
  )
}

#' @rdname group_fits
#' @export
coef.henderson_group_fits <- function(object, ...) {
  check_no_dots(...)
  object$coefficients
}

#' @param digits One whole number: significant digits.
#' @rdname group_fits
#' @export
print.henderson_group_fits <- function(x, digits = max(3L, getOption("digits") - 3L), ...) {
  check_digits(digits)
  title <- paste0("Separate linear models by ", x$group, ": ", expression_text(x$formula))
  write_lines(c(title, ""))
  print_by_level(cbind(x$coefficients, sigma = x$sigma, df = x$df), digits = digits)
  pooled <- format(x$pooled_sigma, digits = digits)
  cat("\nPooled residual standard deviation: ", pooled, "\n", sep = "")
  invisible(x)
}
