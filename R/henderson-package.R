#' henderson: linear mixed models by penalized least squares
#'
#' The package fits linear mixed models. [lmm()] is the entry point; its arguments have the names
#' and order that users of lme4's `lmer()` know. `vignette("introduction", package = "henderson")`
#' walks through two examples.
#'
#' @keywords internal
#' @useDynLib henderson, .registration = TRUE
#' @importFrom Rcpp sourceCpp
"_PACKAGE"
