# Families of generalized models: what a user gives, and what the core knows of it.
#
# A family as the package holds it: list(`name`, `link` (strings, of the core), `object` (of class
# "family", with at least `family`, `link`, `linkfun`, `linkinv` and `mu.eta`), `phi` (what the
# family has besides its mean: a string, or NULL)).

# name in the core; names that users write; what phi is; usual link.
families <- list(
  binomial = list(names = "binomial", phi = NULL, link = "logit"),
  poisson = list(names = "poisson", phi = NULL, link = "log"),
  gaussian = list(names = "gaussian", phi = "variance", link = "identity"),
  Gamma = list(names = c("Gamma", "gamma"), phi = "dispersion", link = "inverse"),
  inverse.gaussian = list(
    names = "inverse.gaussian", phi = "dispersion", link = "1/mu^2"
  ),
  nbinom2 = list(names = c("nbinom2", "nbinom", "negbin"), phi = "size", link = "log"),
  nbinom1 = list(names = "nbinom1", phi = "overdispersion", link = "log"),
  beta = list(names = c("beta", "beta_family", "betar"), phi = "precision", link = "logit")
)

core_links <- c(
  "logit", "probit", "cauchit", "cloglog", "log", "identity", "inverse", "sqrt", "1/mu^2"
)

#' Families for overdispersed counts and for shares
#'
#' For [glmm()], beside the families of [stats::family()].
#'
#' With the mean \eqn{\mu}{mu} and a parameter \eqn{\phi > 0}{phi > 0} that is estimated by maximum
#' likelihood with all others:
#'
#' \describe{
#'   \item{`nbinom2()`}{counts of variance \eqn{\mu + \mu^2/\phi}{mu + mu^2 / phi}; \eqn{\phi}{phi}
#'     is the size}
#'   \item{`nbinom1()`}{counts of variance \eqn{\mu(1 + \phi)}{mu (1 + phi)}; \eqn{\phi}{phi} is
#'     the overdispersion}
#'   \item{`beta_family()`}{shares between 0 and 1 of variance \eqn{\mu(1 - \mu)/(1 + \phi)}{mu
#'     (1 - mu) / (1 + phi)}; \eqn{\phi}{phi} is the precision}
#' }
#'
#' @param link One string: "log" or another link of [stats::make.link()]; of `beta_family()`
#'   "logit", "probit", "cauchit", "cloglog".
#' @return An object of class "family".
#' @source Hilbe, J. M. (2011), *Negative Binomial Regression*, 2nd edition, Cambridge, chapters 8
#'   and 10; Ferrari, S. and Cribari-Neto, F. (2004), *Journal of Applied Statistics* 31(7),
#'   799-815, equation (4).
#' @examples
#' counts <- data.frame(herd = rep(1:15, each = 4), cases = rep(c(0, 1, 4, 2, 7, 3), 10))
#' glmm(cases ~ 1 + (1 | herd), counts, family = nbinom2())
#' @name count_families
NULL

#' @rdname count_families
#' @export
nbinom2 <- function(link = "log") new_family("nbinom2", link)

#' @rdname count_families
#' @export
nbinom1 <- function(link = "log") new_family("nbinom1", link)

#' @rdname count_families
#' @export
beta_family <- function(link = "logit") new_family("beta", link)

new_family <- function(name, link) {
  check_choice(link, core_links)
  own <- unclass(stats::make.link(link))[c("linkfun", "linkinv", "mu.eta", "valideta")]
  structure(c(list(family = name, link = link), own), class = "family")
}

#' The family that a user means
#'
#' @param family a family, a function that gives one, or its name.
#' @param env where a name is looked up.
#' @return list, see above.
#' @noRd
check_family <- function(family, env) {
  given <- family
  if (is.character(family) && length(family) == 1L && !is.na(family)) {
    known <- match_family(family)
    if (grepl("^quasi", family)) abort_quasi(family)
    if (is.null(known)) abort_unknown_family(family)
    family <- usual_family(known)
  }
  if (is.function(family)) {
    family <- tryCatch(family(), error = function(e) NULL)
  }
  if (!inherits(family, "family") && !is_family_like(family)) {
    given <- describe_value(given)
    abort(c(
      "{.arg family} must be a family, a function that makes one, or its name; it is {given}.",
      "i" = "For instance {.code family = binomial} or {.code family = poisson(\"sqrt\")}."
    ), kind = "family", variable = "family", observed = given)
  }
  own <- family$family
  if (grepl("^quasi", own)) abort_quasi(own)
  if (grepl("^Negative Binomial", own)) abort_fixed_size(own)
  name <- match_family(own)
  if (is.null(name)) abort_unknown_family(own)
  link <- family$link
  if (!link %in% core_links) {
    abort(c(
      "The link {.val {link}} is not known.",
      "i" = "Links are {.val {core_links}}."
    ), kind = "family", variable = "family", observed = link)
  }
  if (!is.function(family$linkinv)) family <- new_family(name, link)
  list(name = name, link = link, object = family, phi = families[[name]]$phi)
}

# Another package's: a list with names of family and link.
is_family_like <- function(family) {
  is.list(family) && is.character(family$family) && is.character(family$link)
}

# Name in the core, NULL for none.
match_family <- function(name) {
  for (known in names(families)) if (name %in% families[[known]]$names) return(known)
  NULL
}

usual_family <- function(name) {
  of_stats <- c("binomial", "poisson", "gaussian", "Gamma", "inverse.gaussian")
  if (name %in% of_stats) return(getExportedValue("stats", name)())
  new_family(name, families[[name]]$link)
}

abort_unknown_family <- function(name) {
  known <- vapply(families, function(own) own$names[1L], "")
  abort(c(
    "There is no family {.val {name}}.",
    "i" = suggestion(name, unlist(lapply(families, `[[`, "names"))),
    "i" = "Families are {.val {unname(known)}}."
  ), kind = "family", variable = "family", observed = name)
}

abort_quasi <- function(name) {
  instead <- switch(name,
    quasipoisson = "{.code family = nbinom1()} has a variance proportional to the mean, too.",
    quasibinomial = "A random effect for each row, {.code (1 | row)}, adds variance to that of the
                     binomial distribution.",
    "Choose a family that has a density."
  )
  abort(c(
    "The family {.val {name}} has no likelihood, which {.fn glmm} maximizes.", "i" = instead
  ), kind = "family", variable = "family", observed = name)
}

abort_fixed_size <- function(name) {
  abort(c(
    "A negative binomial family of a given size, {.val {name}}, cannot be fitted.",
    "i" = "{.code family = nbinom2()} estimates the size with the other parameters."
  ), kind = "family", variable = "family", observed = name)
}
