# Functions of the package replaced until the end of the caller.
replace_functions <- function(functions, env = parent.frame()) {
  for (name in names(functions)) replace_function(name, functions[[name]], env)
}

replace_function <- function(name, value, env) {
  namespace <- asNamespace("henderson")
  old <- get(name, namespace)
  put <- function(value) {
    unlock <- get("unlockBinding", baseenv())
    unlock(name, namespace)
    assign(name, value, envir = namespace)
    lockBinding(name, namespace)
  }
  put(value)
  withr::defer(put(old), envir = env)
}
