# Generics of nlme that users call; re-exported so that they work whichever package is attached
# first. lme4 shares them.

#' @importFrom nlme fixef
#' @export
nlme::fixef

#' @importFrom nlme ranef
#' @export
nlme::ranef

#' @importFrom nlme VarCorr
#' @export
nlme::VarCorr
