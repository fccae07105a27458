# Generics of package sandwich. Its functions take the rows of estfun() for the independent units:
# these are clusters, not rows of the data.

#' Package sandwich on fits
#'
#' @param x A fit by [lmm()].
#' @param ... Nothing; an argument that is not known is an error.
#' @details The units are the levels of the grouping factor in which all others are nested.
#'   `estfun()` has a row for each: the derivatives of the log-likelihood by the fixed effects at
#'   the estimated covariance parameters, with which they are uncorrelated in large samples. So
#'   `sandwich::sandwich(fit)` is `vcov(fit, type = "CR0")` and `sandwich::vcovCL(fit)` is
#'   `vcov(fit, type = "CR1")`. A `cluster` of `vcovCL()` has a value for each unit; for clusters of
#'   rows, and for crossed grouping factors, use [vcov()][vcov.henderson_fit] with its own
#'   `cluster`.
#'   `vcovHC()` and others that take rows for independent fail.
#' @return `estfun`: an m x p matrix, `bread`: m times `vcov(fit)`, p x p, so that `bread / m` is
#'   the inverse information.
#' @section Errors: those of [vcov()][vcov.henderson_fit] for robust covariances.
#' @source Zeileis (2006), *Journal of Statistical Software* 16(9), section 3; Zeileis, Koell and
#'   Graham (2020), *Journal of Statistical Software* 95(1).
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' if (requireNamespace("sandwich", quietly = TRUE)) {
#'   sandwich::sandwich(fit)
#'   vcov(fit, type = "CR0")
#' }
#' @name sandwich_support
NULL

#' @rdname sandwich_support
#' @exportS3Method sandwich::estfun
estfun.henderson_lmm <- function(x, ...) {
  check_no_dots(...)
  cluster_scores(x, independent_clusters(x)) / x$sigma^2
}

#' @rdname sandwich_support
#' @exportS3Method sandwich::bread
bread.henderson_lmm <- function(x, ...) {
  check_no_dots(...)
  length(independent_clusters(x)$labels) * x$vcov
}
