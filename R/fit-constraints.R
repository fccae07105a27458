# Variance parameters that are not free: held at a value, or equal to those of other terms.
#
# `fit$constraints` (absent where all are free): list(`sigma` (number, NA: free), `parameters` (data
# frame, a row for each standard deviation and correlation that is constrained: `label`, `theta`,
# `row`, `column`, `deviation` (logical), `value` (NA: not held), `group` (integer, NA: of none)),
# `lost` (how many parameters fewer there are to estimate), `priors` (list, from `new_priors()`)).

#' Constraints on variance parameters
#'
#' Variance parameters of [lmm()] that are not estimated freely: held at values that are known, as
#' the residual variance in meta-analysis, or equal to those of other terms.
#'
#' @name constraints
#' @details Both are arguments of [lmm_control()], on the scale of the response:
#'
#' \describe{
#'   \item{\code{fix}}{a named list (or vector) of numbers. `sigma` is the residual standard
#'   deviation, that of an observation of weight 1; the others have the names that
#'   `confint(fit, signames = FALSE)` shows: `"sd_(Intercept)|Subject"` a standard deviation,
#'   `"cor_Days.(Intercept)|Subject"` a correlation.}
#'   \item{\code{equal}}{a character vector of names of standard deviations that are one parameter,
#'   or a list of several such vectors.}
#' }
#'
#' The likelihood, restricted or not, is maximised over what is left, with \eqn{\sigma}{sigma} as a
#' parameter of its own if it is free, by the same search with exact derivatives as any fit, and the
#' certificate of convergence is about these parameters. Where `sigma` is held, terms with a level
#' for each row, as the studies of a meta-analysis, are no error.
#'
#' In [logLik()][logLik.henderson_lmm], AIC, BIC and [anova()][anova.henderson_lmm] of fits only
#' free parameters count; standard errors, Satterthwaite's degrees of freedom and
#' [variance_components()] come from the information on them, and are `NA` (standard errors of
#' variances) or infinite (degrees of freedom) where nothing is estimated. [update()],
#' [refit_ml()], `drop1()` and other refits keep the constraints;
#' `update(fit, control = lmm_control())` lifts them. Prints name them.
#'
#' Held values are positive standard deviations, and correlations between -1 and 1. Of an
#' unstructured term with three effects or more, correlations can be held if all of them are, or if
#' those that are have one effect in common. `relationship =` and all covariance structures can be
#' constrained.
#'
#' [profile()][profile.henderson_lmm] and the intervals from it move the other parameters within the
#' constraints; they refuse posterior modes (`confint(method = "Wald")` has intervals of them).
#'
#' @section What refuses constraints: Kenward and Roger's and expected degrees of freedom,
#'   [bootstrap()] of other types than `"parametric"` or with `variances = TRUE`,
#'   [bootstrap_test()], [influence()][influence.henderson_lmm],
#'   [cross_validate()], [conditional_aic()], `rstudent()`, [random_anova()] and
#'   [random_structures()], [all_optimizers()], [deviance_function()]; `start` and other optimizers
#'   than `"newton"`.
#' @section Errors: class `henderson_error_control` for a name that the model does not have, a value
#'   out of range, correlations that are no correlation matrix, or contradictions;
#'   `henderson_error_unsupported` for correlations that cannot be held together, and for what is
#'   listed above.
#' @source Pinheiro and Bates (1996), *Statistics and Computing* 6, 289-296, for correlations by
#'   angles; Viechtbauer (2010), *Journal of Statistical Software* 36(3), for the model of
#'   meta-analysis with known variances.
#' @seealso [lmm_control()]
#' @examples
#' # meta-analysis: estimates with known variances, one for each study
#' studies <- data.frame(
#'   study = factor(1:8), y = c(0.4, -0.1, 0.7, 0.3, 0.9, 0.1, 0.5, 1.2),
#'   v = c(0.04, 0.09, 0.05, 0.02, 0.12, 0.03, 0.06, 0.20)
#' )
#' meta <- lmm(y ~ 1 + (1 | study), studies,
#'   weights = 1 / v, control = lmm_control(fix = list(sigma = 1))
#' )
#' summary(meta)
#'
#' # a standard deviation and a correlation from elsewhere
#' lmm(Reaction ~ Days + (Days | Subject), sleepstudy,
#'   control = lmm_control(
#'     fix = list("sd_(Intercept)|Subject" = 20, "cor_Days.(Intercept)|Subject" = 0)
#'   )
#' )
#'
#' # environments and genotypes of equal variance
#' same <- lmm(yield ~ 1 + (1 | env) + (1 | gen), omer.sorghum,
#'   control = lmm_control(equal = c("sd_(Intercept)|env", "sd_(Intercept)|gen"))
#' )
#' anova(same, update(same, control = lmm_control()))
NULL

#' Constraints that a control asks for, on the terms of a model
#'
#' @param control a `henderson_control`; `random` terms in theta order.
#' @return `fit$constraints`, or NULL.
#' @noRd
new_constraints <- function(control, random) {
  if (!has_constraints(control)) return(NULL)
  table <- variance_parameters(random)
  known <- c(table$label, "sigma")
  fix <- control$fix %||% stats::setNames(numeric(0L), character(0L))
  names(fix) <- constrained_labels(names(fix), known, "fix")
  equal <- lapply(control$equal, constrained_labels, known = known, arg = "equal")
  sigma <- if ("sigma" %in% names(fix)) fix[["sigma"]] else NA_real_
  fix <- fix[names(fix) != "sigma"]
  table$deviation <- table$kind == "sd"
  table$value <- unname(fix[match(table$label, names(fix))])
  table$group <- NA_integer_
  for (k in seq_along(equal)) {
    check_equal_deviations(equal[[k]], table)
    table$group[match(equal[[k]], table$label)] <- k
  }
  table <- values_of_groups(table)
  for (i in which(!is.na(table$value))) check_held_value(table[i, ], random)
  check_held_correlations(table, random)
  chosen <- table[!is.na(table$value) | !is.na(table$group), ]
  rownames(chosen) <- NULL
  free <- chosen$group[is.na(chosen$value)]
  list(
    sigma = sigma,
    parameters = chosen[c("label", "theta", "row", "column", "deviation", "value", "group")],
    lost = sum(!is.na(sigma), !is.na(chosen$value), length(free) - length(unique(free))),
    priors = new_priors(control$prior, random, chosen)
  )
}

# Labels that the model has, each once.
constrained_labels <- function(given, known, arg) {
  given <- enc2utf8(as.character(given))
  wrong <- setdiff(given, known)
  if (length(wrong) > 0L) {
    abort(c(
      "{.arg {arg}} names the parameter {.val {wrong[1L]}}, which the model does not have.",
      "i" = suggestion(wrong[1L], known),
      "i" = "Its parameters are {.val {known}}."
    ), kind = "control", variable = arg, observed = wrong)
  }
  twice <- intersect(given, known[duplicated(known)])
  if (length(twice) > 0L) {
    abort(c(
      "{.arg {arg}} names the parameter {.val {twice[1L]}}, which several terms of the model have.",
      "i" = "Write them as one term, or the column of one of them as another variable."
    ), kind = "control", variable = arg, observed = twice)
  }
  given
}

check_equal_deviations <- function(labels, table) {
  at <- match(labels, table$label)
  wrong <- labels[is.na(at) | !table$deviation[at]]
  if (length(wrong) > 0L) {
    abort(c(
      "Standard deviations of random effects can be equal, {.val {wrong[1L]}} is none.",
      "i" = "{.arg equal} has labels that begin with {.val sd_}."
    ), kind = "control", variable = "equal", observed = wrong)
  }
}

# One member of a group that is held holds the others.
values_of_groups <- function(table) {
  for (k in unique(stats::na.omit(table$group))) {
    own <- which(table$group == k)
    values <- unique(stats::na.omit(table$value[own]))
    if (length(values) > 1L) {
      labels <- table$label[own]
      abort(c(
        "{.arg equal} makes {.val {labels}} equal, {.arg fix} holds them at different values.",
        "x" = "The values are {.val {values}}."
      ), kind = "control", variable = "fix", observed = values)
    }
    if (length(values) == 1L) table$value[own] <- values
  }
  table
}

check_held_value <- function(one, random) {
  label <- one$label
  value <- one$value
  lowest <- if (one$deviation) 0 else max(-1, theta_lower(random)[one$theta])
  if (value > lowest && (one$deviation || value < 1)) return(invisible(NULL))
  if (one$deviation) {
    abort(c(
      "The standard deviation {.val {label}} in {.arg fix} must be positive, not {value}.",
      "i" = if (value == 0) "Leave the term out of the formula: that says the same."
    ), kind = "control", variable = "fix", observed = value)
  }
  abort(c(
    "The correlation {.val {label}} in {.arg fix} must be above {signif(lowest, 3L)} and below 1,
     not {value}."
  ), kind = "control", variable = "fix", observed = value)
}

# Of an unstructured matrix with three effects and more, some correlations can be held where one
# effect has part in all of them: any values leave it positive definite then.
check_held_correlations <- function(table, random) {
  for (position in unique(table$term)) {
    own <- table[table$term == position & !table$deviation & !is.na(table$value), ]
    term <- random[[position]]
    if (nrow(own) < 2L || !has_entries(term$structure)) next
    v <- length(term$columns)
    text <- term$text
    if (nrow(own) < v * (v - 1L) / 2L) {
      common <- Reduce(intersect, Map(c, own$row, own$column))
      if (length(common) > 0L) next
      abort(c(
        "These correlations of the term {.code ({text})} cannot be held together:
         {.val {own$label}}.",
        "i" = "Hold all correlations of the term, or those of one effect with others.",
        "i" = "Effects without correlations are terms of their own: {.code (1 | g) + (0 + x | g)}."
      ), kind = "unsupported", variable = "fix", observed = own$label)
    }
    R <- diag(v)
    R[cbind(c(own$row, own$column), c(own$column, own$row))] <- own$value
    if (min(eigen(R, symmetric = TRUE, only.values = TRUE)$values) > 1e-10) next
    abort(c(
      "The correlations of the term {.code ({text})} in {.arg fix} are no correlation matrix.",
      "x" = "They are {.val {own$value}}: the matrix is not positive definite."
    ), kind = "control", variable = "fix", observed = own$value)
  }
}

# What the core is to know.
core_constraints <- function(constraints) {
  if (is.null(constraints)) return(NULL)
  own <- constraints$parameters
  c(
    list(sigma = as.double(constraints$sigma)), as.list(own[setdiff(names(own), "label")]),
    list(priors = lapply(constraints$priors, `[[`, "core"))
  )
}

# Is a fit a posterior mode?
has_priors <- function(fit) length(fit$constraints$priors) > 0L

is_constrained <- function(fit) !is.null(fit$constraints)

# Parameters of the covariances that the constraints leave less to estimate.
constrained_count <- function(fit) if (is_constrained(fit)) fit$constraints$lost else 0L

# Facts for prints: "held: sigma = 1", "equal: a = b".
constraint_notes <- function(fit) {
  if (!is_constrained(fit)) return(character(0L))
  own <- fit$constraints$parameters
  held <- own[!is.na(own$value), ]
  values <- c(stats::setNames(held$value, held$label), sigma = fit$constraints$sigma)
  values <- values[!is.na(values)]
  free <- own[is.na(own$value), ]
  c(
    if (length(values) > 0L) {
      each <- paste(names(values), "=", format_each(values))
      paste0("held, not estimated: ", list_some(each, 20L))
    },
    vapply(unique(free$group), function(k) {
      paste("equal by constraint:", paste(free$label[free$group == k], collapse = " = "))
    }, ""),
    if (has_priors(fit)) {
      texts <- vapply(fit$constraints$priors, `[[`, "", "text")
      paste0("posterior mode, with the prior ", list_some(texts, 20L))
    }
  )
}

format_each <- function(values) vapply(values, function(x) format(x, digits = 7L), "")

# Does a fit (or linear model) satisfy all constraints of another one?
has_constraints_of <- function(fit, other) {
  # a posterior mode is no maximum of the likelihood
  if (any(vapply(list(fit, other), has_priors, TRUE))) return(FALSE)
  if (!inherits(other, "henderson_fit") || !is_constrained(other)) return(TRUE)
  if (!inherits(fit, "henderson_fit") || !is_constrained(fit)) return(FALSE)
  wanted <- other$constraints
  own <- fit$constraints
  at <- match(wanted$parameters$label, own$parameters$label)
  held <- !is.na(wanted$parameters$value)
  same <- is.na(wanted$sigma) || identical(own$sigma, wanted$sigma)
  same <- same && identical(own$parameters$value[at[held]], wanted$parameters$value[held])
  # of equal ones: held at one value, or equal
  groups <- split(at[!held], wanted$parameters$group[!held])
  same && all(vapply(groups, function(members) {
    values <- own$parameters$value[members]
    joint <- own$parameters$group[members]
    !anyNA(members) && (length(unique(values)) == 1L && !anyNA(values) ||
      length(unique(joint)) == 1L && !anyNA(joint))
  }, TRUE))
}

#' For what knows free parameters only
#' @param what string that begins a sentence; `instead`: bullet, or NULL.
#' @noRd
require_unconstrained <- function(fit, what, instead = NULL) {
  if (!is_constrained(fit)) return(invisible(NULL))
  notes <- paste(constraint_notes(fit), collapse = "; ")
  abort(c(
    paste0(what, " is not available for a fit with constraints on its variance parameters."),
    "x" = "This fit has: {notes}.",
    "i" = instead
  ), kind = "unsupported", variable = "control", observed = notes)
}

# For what takes constraints, but knows likelihoods only.
require_no_priors <- function(fit, what, instead = NULL) {
  if (has_priors(fit)) require_unconstrained(fit, what, instead)
}

# Rows of a table of interval_parameters() that the constraints hold.
is_held <- function(fit, table) {
  if (!is_constrained(fit)) return(rep(FALSE, nrow(table)))
  own <- fit$constraints$parameters
  labels <- c(own$label[!is.na(own$value)], if (!is.na(fit$constraints$sigma)) "sigma")
  table$kind != "fixed" & table$label %in% labels
}

# Correlations of unstructured terms that are no coordinate beside those that are held: these are
# if all share an effect.
is_beside_held_correlations <- function(fit, table) {
  if (!is_constrained(fit)) return(rep(FALSE, nrow(table)))
  held <- fit$constraints$parameters
  held <- held[!held$deviation & !is.na(held$value), ]
  vapply(seq_len(nrow(table)), function(i) {
    one <- table[i, ]
    if (one$kind != "correlation") return(FALSE)
    term <- fit$random[[one$term]]
    own <- held[held$theta %in% term$theta_index, ]
    if (nrow(own) == 0L || !has_entries(term$structure)) return(FALSE)
    length(Reduce(intersect, Map(c, c(own$row, one$row), c(own$column, one$column)))) == 0L
  }, TRUE)
}

# The data may not determine what the constraints leave.
inform_flat_constrained <- function(fit) {
  curvature <- fit$optimization$certificate$smallest_curvature
  if (!is_constrained(fit) || !(abs(curvature) < 1e-7)) return(invisible(NULL))
  inform(c(
    "The data do not determine all variances and correlations that the constraints leave free:
     others fit as well."
  ), kind = "undetermined", variable = fit$constraints$parameters$label)
}
