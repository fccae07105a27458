# What is done when the package is loaded.

.onLoad <- function(libname, pkgname) {
  declare_marginaleffects_class()
  register_if_generic("ggeffects", "get_predictions", get_predictions.henderson_lmm)
  register_if_generic("MuMIn", "makeArgs", makeArgs.henderson_lmm)
  register_if_generic("parameters", "degrees_of_freedom", degrees_of_freedom.henderson_lmm)
  register_refusals(asNamespace(pkgname))
  for (own in c("ggeffects get_predictions", "MuMIn makeArgs", "parameters degrees_of_freedom")) {
    own <- strsplit(own, " ")[[1L]]
    register_refusal(own[1L], own[2L])
  }
}

# Registers a method for fits when `package` is loaded, if its version has the generic: where one
# may be missing, a directive of NAMESPACE would be an error.
register_if_generic <- function(package, generic, method) {
  register <- function(...) {
    home <- asNamespace(package)
    if (exists(generic, envir = home, inherits = FALSE)) {
      registerS3method(generic, "henderson_lmm", method, envir = home)
    }
  }
  if (isNamespaceLoaded(package)) register()
  setHook(packageEvent(package, "onLoad"), register)
}
