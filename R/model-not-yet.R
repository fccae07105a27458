# Generics of base R whose default methods would misread a fit. Until there are methods of our own
# they say so, instead of failing inside the default.

#' Methods that do not exist yet
#'
#' Influence measures are not part of this version. The methods here only say so; without them R's
#' defaults would fail, or answer wrongly.
#'
#' @param model A fit by [lmm()].
#' @param ... Not used.
#' @return Nothing: each is an error of class `henderson_error_unsupported`.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' try(influence(fit))
#' @name not-yet
NULL

not_yet <- function(what, instead = NULL) {
  abort(c("{what} of a fit by {.fn lmm} is not available yet.", "i" = instead),
    kind = "unsupported", variable = what
  )
}

#' @rdname not-yet
#' @importFrom stats influence
#' @export
influence.henderson_lmm <- function(model, ...) not_yet("influence()")

#' @rdname not-yet
#' @importFrom stats cooks.distance
#' @export
cooks.distance.henderson_lmm <- function(model, ...) not_yet("cooks.distance()")

#' @rdname not-yet
#' @importFrom stats hatvalues
#' @export
hatvalues.henderson_lmm <- function(model, ...) not_yet("hatvalues()")
