# Fits without some of the rows, from the core (src/core/fit/influence.h).

#' Influence of groups and of rows
#'
#' Estimates without each level of a grouping factor, or without each row, and what they change.
#'
#' @param model A fit by [lmm()] that holds its model frame.
#' @param groups What is left out: `NULL`, each level of the grouping factor with the fewest levels;
#'   names of one grouping factor or variable of the model frame, or of several, for each of their
#'   combinations; `"obs"` (or `".case"`, as lme4 names it), each row.
#' @param method One string. `"exact"`: all parameters are estimated again, by a search that starts
#'   from the fit's and whose end is certified as that of [lmm()] is. `"one-step"`: the covariance
#'   parameters make one Newton step from the fit's, with the exact Hessian where that is cheap and
#'   average information elsewhere. `"held"`: they are the fit's; fixed effects and sigma are
#'   estimated again. `"auto"`: `"exact"` up to about a minute's work, counted by the number of
#'   deletions and the size of the model; `"one-step"` or `"held"` beyond that, as a message says,
#'   and `"held"` where the fit's own were given (`optimizer = "none"`).
#' @param ... Nothing; an argument that is not known is an error.
#' @details Nothing is fitted from the data again: the rows are subtracted from the cross-products,
#'   of which the search sees nothing else. Only where little is left of a column, so that the
#'   difference would have few digits, are these taken from the remaining rows.
#'
#'   A deletion that leaves no model is `NA`, with its reason in `status`: `"rank"`, columns of X
#'   are linearly dependent without the rows; `"levels"`, a grouping factor has one level left;
#'   `"rows"`, no more rows than fixed effects are; `"undetermined"`, the criterion does not depend
#'   on some parameter; `"undefined"`, it is infinite. With `"uncertain"` the search ended at no
#'   certain minimum; the numbers are those of its end. Otherwise the status is `"fitted"`.
#' @return An object of class `henderson_influence`: a list with `fixed.effects`, `var.cov.comps`
#'   (variances and covariances, sigma^2 first), `vcov` (of the fixed effects) and `theta` of the
#'   fit; the same with `[-groups]` in the name (`fixed.effects[-Subject]`, `[-case]` for rows)
#'   without each unit, matrices with a row for each or a list of matrices; `sigma`, `criterion`,
#'   `singular`, `status`, `converged` by unit; `displacement`, a matrix with columns `theta` and
#'   `joint`, see [cooks.distance()][cooks.distance.henderson_influence]; `groups`, `deleted` (the
#'   units) and `method`. `as.data.frame` has a row for each unit.
#' @section Errors: class `henderson_error_argument` for an unknown name or malformed argument;
#'   `henderson_error_data` when the fit does not hold its model frame;
#'   `henderson_error_unsupported` when the data do not determine the fit's parameters.
#' @source Christensen, Pearson and Johnson (1992), *Technometrics* 34, 38-45; Demidenko and Stukel
#'   (2005), *Statistics in Medicine* 24, 893-909.
#' @seealso [cooks.distance()][cooks.distance.henderson_influence] and others of its page;
#'   [hatvalues()][hatvalues.henderson_lmm].
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' without <- influence(fit)
#' without
#' head(cooks.distance(influence(fit, "obs")))
#' @importFrom stats influence
#' @export
influence.henderson_lmm <- function(model, groups = NULL,
                                    method = c("auto", "exact", "one-step", "held"), ...) {
  check_no_dots(...)
  require_plain_residuals(model, "Influence")
  method <- check_choice(method, c("auto", "exact", "one-step", "held"))
  if (!is.null(model$undetermined)) {
    abort("There is no influence on parameters that the data do not determine.",
      kind = "unsupported", variable = "model"
    )
  }
  require_unconstrained(model, "Influence", "Without a unit: {.code update(fit, subset = )}.")
  units <- deleted_units(model, groups)
  if (method == "auto") {
    given <- model$control$optimizer == "none"
    method <- if (given) "held" else method_by_size(model, length(units$rows))
  }
  found <- deleted_fits(model, units$rows, method)
  result <- new_influence(model, units, found, method)
  inform_missing(result)
  result
}

#' Rows by unit
#' @return list(`rows` (named list of integer vectors), `name`).
#' @noRd
deleted_units <- function(fit, groups, call = entry_frame()) {
  frame <- model_frame_of(fit)
  terms <- fit_random_terms(fit)
  if (is.null(groups)) {
    counts <- vapply(terms, function(term) length(unique(term$level)), 1L)
    groups <- terms[[which.min(counts)]]$group
  }
  if (!is.character(groups) || length(groups) == 0L || anyNA(groups)) {
    abort_argument(groups, "groups", "NULL or one or more names", "argument", call)
  }
  if (is_each_row(groups)) {
    rows <- stats::setNames(as.list(seq_len(nrow(frame))), rownames(frame))
    return(list(rows = rows, name = "case"))
  }
  factors <- lapply(groups, function(name) {
    grouping_of(name, terms, frame, call, hint = "; {.val obs} is each row")
  })
  units <- interaction(factors, drop = TRUE, sep = ":", lex.order = TRUE)
  list(rows = split(seq_len(nrow(frame)), units), name = paste(groups, collapse = "."))
}

is_each_row <- function(groups) length(groups) == 1L && groups %in% c("obs", ".case")

# Multiplications of a factorization: levels of the largest term go one by one, the others
# together at worst. Some 2e10 a second; a step takes about three factorizations, a search seven.
method_by_size <- function(fit, count) {
  sizes <- vapply(fit$b, length, 1L)
  widths <- vapply(fit$b, nrow, 1L)
  rest <- min(sum(sizes[-which.max(sizes / widths)]), 1e5)
  one <- 1e5 + 500 * sum(sizes * widths) + rest^3 / 3
  seconds <- count * one / 2e10
  method <- if (7 * seconds < 60) "exact" else if (3 * seconds < 100) "one-step" else "held"
  if (method != "exact") {
    inform(c(
      "{count} deletions are too many for new searches: {.code method = \"{method}\"}.",
      "i" = "For these all the same: {.code method = \"exact\"}."
    ), kind = "influence", variable = "method", observed = method)
  }
  method
}

# As influence_cpp() returns them, a row or an element for each of `rows`.
deleted_fits <- function(fit, rows, method) {
  prepared <- prepare_again(fit)
  parts <- in_pieces(function(done, count) {
    influence_cpp(prepared, fit$theta, fit$REML, rows[done + seq_len(count)], method)
  }, length(rows), "Deletions", shows_progress())
  fields <- stats::setNames(nm = names(parts[[1L]]))
  lapply(fields, function(field) {
    values <- lapply(parts, `[[`, field)
    do.call(if (is.matrix(values[[1L]])) rbind else c, values)
  })
}

# --- the result ---

new_influence <- function(fit, units, found, method) {
  deleted <- names(units$rows)
  by_unit <- function(values, names) {
    matrix(values, length(deleted), length(names), dimnames = list(deleted, names))
  }
  coefficients <- names(fit$beta)
  components <- component_values(fit, fit$theta, fit$sigma)
  changed <- vapply(seq_along(deleted), function(i) {
    component_values(fit, found$theta[i, ], found$sigma[i])
  }, components)
  count <- length(coefficients)
  covariances <- lapply(seq_along(deleted), function(i) {
    matrix(found$vcov[i, ], count, count, dimnames = list(coefficients, coefficients))
  })
  without <- list(
    fixed.effects = by_unit(found$beta, coefficients),
    var.cov.comps = by_unit(t(changed), names(components)),
    vcov = stats::setNames(covariances, deleted),
    theta = by_unit(found$theta, names(fit$theta))
  )
  whole <- list(
    fixed.effects = fit$beta, var.cov.comps = components, vcov = stats::vcov(fit),
    theta = fit$theta
  )
  names(without) <- paste0(names(whole), "[-", units$name, "]")
  named <- function(values) stats::setNames(values, deleted)
  displacement <- cbind(theta = found$theta_displacement, joint = found$joint_displacement)
  rownames(displacement) <- deleted
  structure(
    c(whole, without, list(
      sigma = named(found$sigma), criterion = named(found$criterion),
      singular = named(found$singular), status = named(found$status),
      converged = named(found$status == "fitted"), displacement = displacement,
      groups = units$name, deleted = deleted, method = method
    )),
    class = "henderson_influence"
  )
}

#' Variances and covariances by lme4's names, sigma^2 first
#' @noRd
component_values <- function(fit, theta, sigma) {
  groups <- unique_labels(vapply(fit$random, `[[`, "", "group"))
  prefix <- if (length(groups) > 1L) paste0(groups, ":") else ""
  own <- Map(function(term, start) {
    columns <- term$columns
    lower <- lower.tri(diag(length(columns)), diag = TRUE)
    at <- which(lower, arr.ind = TRUE)
    labels <- ifelse(at[, 1L] == at[, 2L], paste0("v[", columns[at[, 1L]], "]"),
      paste0("C[", columns[at[, 1L]], ",", columns[at[, 2L]], "]")
    )
    values <- if (is.na(sigma)) {
      rep(NA_real_, nrow(at))
    } else {
      tcrossprod(sigma * lambda_matrix(term, theta))[lower]
    }
    stats::setNames(values, paste0(start, labels))
  }, fit$random, prefix)
  c(`sigma^2` = sigma^2, unlist(unname(own)))
}

# The part of an influence object without the units.
deleted_values <- function(x, name) x[[paste0(name, "[-", x$groups, "]")]]

deletion_reasons <- c(
  rank = "the fixed effects are linearly dependent", levels = "a grouping factor has one level",
  rows = "there are no more rows than fixed effects",
  undetermined = "the data do not determine some parameter",
  undefined = "the criterion is not finite", uncertain = "the search ended at no certain minimum"
)

deletion_notes <- function(x) {
  counts <- table(factor(x$status, levels = names(deletion_reasons)))
  counts <- counts[counts > 0L]
  vapply(names(counts), function(status) {
    units <- x$deleted[x$status == status]
    shown <- paste(utils::head(units, 5L), collapse = ", ")
    if (length(units) > 5L) shown <- paste0(shown, ", ...")
    is_missing <- status != "uncertain"
    paste0(
      "Without ", shown, " ", deletion_reasons[[status]], if (is_missing) ": NA", "."
    )
  }, "", USE.NAMES = FALSE)
}

inform_missing <- function(x) {
  notes <- deletion_notes(x)
  if (length(notes) == 0L) return(invisible(NULL))
  notes <- gsub("}", "}}", gsub("{", "{{", notes, fixed = TRUE), fixed = TRUE)
  inform(notes, kind = "influence", variable = x$groups, observed = x$status[!x$converged])
}
