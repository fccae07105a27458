# What fits by glmm() do not have yet. A method for fits by lmm() would compute what does not hold
# for them, and a default method what its author did not think of: all of these are refused by name.

# Registers refusals of all generics for which there is a method for fits by lmm() and none for fits
# by glmm(), now or when the generic's package is loaded.
register_refusals <- function(namespace) {
  # a matrix, of strings or of lists of one
  methods <- getNamespaceInfo(namespace, "S3methods")
  methods <- array(as.character(methods), dim(methods))
  known <- methods[methods[, 2L] %in% c("henderson_glmm", "henderson_fit"), 1L]
  missing <- methods[methods[, 2L] == "henderson_lmm" & !methods[, 1L] %in% known, , drop = FALSE]
  for (i in seq_len(nrow(missing))) {
    generic <- missing[i, 1L]
    package <- if (ncol(missing) > 3L) missing[i, 4L] else NA_character_
    if (package %in% c(NA, "NA", "")) {
      registerS3method(generic, "henderson_glmm", refusal_of(generic), envir = namespace)
    } else {
      register_refusal(package, generic)
    }
  }
}

register_refusal <- function(package, generic) {
  force(package)
  force(generic)
  register <- function(...) {
    home <- asNamespace(package)
    # some generics are another package's
    if (exists(generic, envir = home)) {
      registerS3method(generic, "henderson_glmm", refusal_of(generic), envir = home)
    }
  }
  if (isNamespaceLoaded(package)) register()
  setHook(packageEvent(package, "onLoad"), register)
}

refusal_of <- function(generic) {
  force(generic)
  function(...) refuse_generalized(structure(list(), class = "henderson_glmm"), generic)
}

# Kinds of models, for lme4's generics.

#' @exportS3Method lme4::isGLMM
isGLMM.henderson_glmm <- function(x, ...) TRUE

#' @exportS3Method lme4::isLMM
isLMM.henderson_glmm <- function(x, ...) FALSE

#' @exportS3Method lme4::isNLMM
isNLMM.henderson_glmm <- function(x, ...) FALSE

#' @exportS3Method lme4::isREML
isREML.henderson_glmm <- function(x, ...) FALSE

#' @exportS3Method lme4::ngrps
ngrps.henderson_glmm <- function(object, ...) n_groups(object)
