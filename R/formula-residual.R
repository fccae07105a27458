# Residual structures as they are written: `residual = ar1(visit | arm/subject)` and `variance =
# ~ by(sex) + power(x)`. Language only, never data.

#' Residuals that are correlated or of several variances
#'
#' The arguments `residual` and `variance` of [lmm()] say how residuals depend on each other:
#' \eqn{\varepsilon \sim N(0, \sigma^2R)}{e ~ N(0, sigma^2 R)}, \eqn{R = DCD} within groups of rows,
#' with correlations \eqn{C} and standard deviations \eqn{D} over \eqn{\sigma}{sigma}. They can be
#' given with random effects, as in nlme's `lme()`, and without any, as in its `gls()` and in models
#' for repeated measures (MMRM).
#'
#' @section Correlations: `residual = ar1(visit | subject)`: rows of different subjects are
#'   independent, `visit` orders those of one. `a:b` groups by both factors. With `arm/subject` each
#'   arm has parameters of its own (as in package mmrm; in nlme `/` says that subjects are nested).
#'
#'   \describe{
#'   \item{`ar1`}{\eqn{\rho^d}{rho^d} at a distance of `d` steps: whole numbers apart, or levels of
#'   a factor in their order. Missing visits keep their place.}
#'   \item{`car1`, alias `ou`}{\eqn{\rho^d}{rho^d} at any times, `d` in units of the variable,
#'   \eqn{0 < \rho < 1}{0 < rho < 1}}
#'   \item{`cs`}{one correlation of all pairs; `cs(1 | subject)` needs no visits}
#'   \item{`toep`}{a correlation for each distance in visits}
#'   \item{`ad`}{antedependence: one of each visit with the next, others are their products}
#'   \item{`us`}{any covariance matrix of the visits}
#'   }
#'
#'   All but `us` have one variance; with `hom = FALSE` one for each visit. mmrm's and SAS's names
#'   `ar1h`, `csh`, `toeph`, `adh` and `un` mean the same.
#' @section Variances: `variance = ~ by(sex)`: a standard deviation for each level. `power(x)`:
#'   proportional to \eqn{|x|^\delta}{|x|^delta}; `exponential`: to \eqn{\exp(\delta
#'   x)}{exp(delta x)}. Terms of a sum multiply, also with those of `residual`. Weights come on
#'   top: the residual of row i is divided by \eqn{\sqrt{w_i}}{sqrt(w_i)}.
#' @section What sigma is: the standard deviation of the first stratum, the first level of every
#'   factor (of the first arm at its first visit), and where a covariate of `power()` is one, of
#'   `exponential` zero. Prints say which.
#' @section What works: estimates, [summary()], [anova()], `emmeans`, [contrast_test()] and
#'   [confint()] by Satterthwaite's degrees of freedom, in which the parameters of R count;
#'   [VarCorr()], [variance_components()]; [ranef()] and [fitted()] with R; `logLik()` and AIC,
#'   for which they count as parameters; [residuals()] (`"normalized"`), [simulate()] for the rows
#'   of the fit, [update()] and other refits. Without random effects `ddf = "Kenward-Roger"` is
#'   the method of SAS's `DDFM=KR(LINEAR)` and mmrm's `"Kenward-Roger-Linear"`: with the observed
#'   information and without second derivatives of R; for `us` these are zero for variances and
#'   covariances. Predictions are those of the model's mean: residuals of the same group do not
#'   move them, and errors are those of the population's mean (`re.form = NA`). Other functions
#'   refuse such fits by name.
#' @section Errors: `henderson_error_argument` and `henderson_error_unsupported` for what cannot
#'   be read, with the translation of nlme's objects; `henderson_error_variable` for a visit that
#'   a group has twice, steps that are not equally spaced, and variances that cannot be told
#'   apart.
#' @section The search: The data enter by a few sets of cross-products, of which R says how they
#'   add up: the time of an evaluation does not depend on the number of rows, only on that of
#'   different patterns of visits.
#' @name residual_structure
#' @seealso [lmm()]
#' @source Pinheiro and Bates (2000), *Mixed-Effects Models in S and S-PLUS*, chapter 5; Kenward and
#'   Roger (1997), *Biometrics* 53, 983-997.
#' @examples
#' lmm(Reaction ~ Days + (Days | Subject), sleepstudy, residual = ar1(Days | Subject))
#' # no random effects: unstructured covariances of the days
#' few <- subset(sleepstudy, Days < 4)
#' fit <- lmm(Reaction ~ Days, few, residual = us(Days | Subject))
#' VarCorr(fit)
#' coef(summary(fit, ddf = "Kenward-Roger"))
#' lmm(distance ~ age * Sex + (1 | Subject), nlme::Orthodont, variance = ~ by(Sex))
NULL

# --- correlation ---

parse_correlation <- function(expr) {
  text <- expression_text(expr)
  bar <- if (is.call(expr) && length(expr) > 1L) strip_parentheses(expr[[2L]])
  if (is.null(bar) || !is_bar(bar) || call_name(bar) != "|") {
    abort(c("{.arg residual} is {.code {text}}.",
      "i" = "Write {.code {residual_example}}: a structure, what orders the rows, and whose rows are
             correlated."
    ), kind = "argument", variable = "residual", observed = text)
  }
  form <- residual_form(expr, text)
  visit <- strip_parentheses(bar[[2L]])
  groups <- residual_groups(bar[[3L]], text)
  if (is.numeric(visit)) visit <- NULL
  needs <- residual_row(form$name)$visit
  if (is.null(visit) && (needs != "any" || !form$hom)) {
    abort(c("{.code {text}} does not say in which order, or at what times, the rows follow.",
      "i" = "Name the variable: {.code {form$name}(visit | subject)}."
    ), kind = "argument", variable = "residual", observed = text)
  }
  c(form, list(visit = visit), groups, list(text = text))
}

# Name and `hom` of the structure.
residual_form <- function(expr, text) {
  given <- call_name(expr)
  alias <- residual_aliases[[given]]
  known <- known_residuals()
  name <- if (is.null(alias)) given else alias[[1L]]
  if (!name %in% known && is.null(alias)) {
    near <- suggestion(given, c(known, names(residual_aliases)))
    abort(c("There is no residual structure {.fn {given}}: {.code {text}}.",
      "i" = near %||% "Available are {.fn {known}}."
    ), kind = "unsupported", variable = given, observed = text)
  }
  hom <- if (is.null(alias)) residual_row(name)$hom else alias[[2L]]
  options <- as.list(expr)[-(1:2)]
  if (length(options) > 0L) {
    own <- options$hom
    if (!identical(names(options), "hom") || !(isTRUE(own) || isFALSE(own))) {
      abort("{.fn {given}} takes no further arguments but {.code hom = TRUE} or
             {.code hom = FALSE}: {.code {text}}.",
        kind = "argument", variable = "residual", observed = text
      )
    }
    if (own && !residual_row(name)$hom) {
      abort("An unstructured covariance has a variance for each visit: {.code {text}}.",
        kind = "argument", variable = "hom", observed = text
      )
    }
    hom <- own
  }
  list(name = name, hom = hom)
}

# `subject`, `site:subject`, or `arm/subject`: the parameters of each arm are its own.
residual_groups <- function(expr, text) {
  expr <- strip_parentheses(expr)
  arm <- list()
  if (is.call(expr) && call_name(expr) == "/") {
    arm <- interaction_parts(strip_parentheses(expr[[2L]]))
    expr <- strip_parentheses(expr[[3L]])
  }
  group <- interaction_parts(expr)
  odd <- c("/", "+", "*", "|", "||", "^", "(")
  wrong <- vapply(c(arm, group), function(part) {
    is.numeric(part) || (is.call(part) && call_name(part) %in% odd)
  }, TRUE)
  if (any(wrong)) {
    abort(c("To the right of the bar in {.code {text}} stands whose rows are correlated.",
      "i" = "Write a variable, {.code a:b}, or {.code arm/subject} with parameters for each arm."
    ), kind = "argument", variable = "residual", observed = text)
  }
  list(group = c(arm, group), arm = arm)
}

# --- variance ---

# The terms of a sum: list of list(kind, variable (list of expressions)).
parse_variance <- function(expr) {
  if (is.null(expr)) return(list())
  expr <- strip_parentheses(expr)
  if (is.call(expr) && call_name(expr) == "+" && length(expr) == 3L) {
    return(c(parse_variance(expr[[2L]]), parse_variance(expr[[3L]])))
  }
  text <- expression_text(expr)
  kind <- if (is.call(expr)) call_name(expr) else ""
  if (!kind %in% variance_kinds || length(expr) != 2L || !is.null(names(expr))) {
    abort(c("{.arg variance} has {.code {text}}.",
      "i" = "Its terms are {.code by(sex)} (a variance for each level), {.code power(x)} (standard
             deviation proportional to a power of |x|) and {.code exponential(x)} (to
             exp(delta x))."
    ), kind = "argument", variable = "variance", observed = text)
  }
  if (any(c("fitted", "predict") %in% all.names(expr[[2L]]))) {
    abort(c("A variance that depends on fitted values is not available yet: {.code {text}}.",
      "i" = "Use a covariate."
    ), kind = "unsupported", variable = "variance", observed = text)
  }
  variable <- if (kind == "by") interaction_parts(expr[[2L]]) else list(expr[[2L]])
  list(list(kind = kind, variable = variable))
}

# Variables for the model frame.
residual_variables <- function(residual) {
  if (is.null(residual)) return(list())
  variance <- unlist(lapply(residual$variance, `[[`, "variable"), recursive = FALSE)
  visit <- if (!is.null(residual$visit)) list(residual$visit)
  unique(c(visit, residual$group, variance))
}

# As arguments of lmm() that say the same, for calls and texts.
residual_text <- function(residual) {
  text <- c(
    if (!is.null(residual$text)) residual$text,
    if (!is.null(residual$variance_text)) paste("variance ~", residual$variance_text)
  )
  paste(text, collapse = ", ")
}
