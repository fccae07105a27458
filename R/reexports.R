# Generics of nlme that users call; re-exported so that they work whichever package is attached
# first.

#' Generics of nlme
#'
#' `fixef`, `ranef` and `VarCorr` are generic functions of the package nlme (with which lme4
#' shares them), re-exported here. For the methods see [fixef.henderson_fit()],
#' [ranef.henderson_fit()], [VarCorr.henderson_fit()].
#'
#' @param object,x A fit.
#' @param sigma,... Further arguments of the methods.
#' @return As the methods describe.
#' @examples
#' fixef(lmm(Reaction ~ Days + (Days | Subject), sleepstudy))
#' @name nlme_generics
NULL

#' @rdname nlme_generics
#' @importFrom nlme fixef
#' @export fixef
#' @usage fixef(object, ...)
NULL

#' @rdname nlme_generics
#' @importFrom nlme ranef
#' @export ranef
#' @usage ranef(object, ...)
NULL

#' @rdname nlme_generics
#' @importFrom nlme VarCorr
#' @export VarCorr
#' @usage VarCorr(x, sigma = 1, ...)
NULL
