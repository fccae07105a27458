# Generics of nlme that users call; re-exported so that they work whichever package is attached
# first. lme4 shares them. They are exported by hand, as roxygen2 would give them a page of their
# own, and `?ranef` is to lead to the page of our method.

#' @importFrom nlme fixef ranef VarCorr
#' @rawNamespace export(fixef, ranef, VarCorr)
NULL
