# Degrees of freedom where residuals have a structure: the parameters are theta and those of R.

# Numbers that Kenward and Roger's sums over groups may hold.
largest_residual_sums <- 2e8

#' What degrees of freedom are made of, computed once per fit
#' @param method as for `inference_pieces()`.
#' @return as `inference_pieces()`, by (theta, phi).
#' @noRd
residual_pieces <- function(fit, method) {
  expected <- method != "Satterthwaite"
  if (expected) check_residual_information(fit, method)
  prepared <- prepare_again(fit, with_residual = TRUE)
  on.exit(release_cpp(prepared))
  pieces <- residual_parts_cpp(
    prepared, fit$theta, fit$residual$phi, fit$REML, expected, method == "Kenward-Roger"
  )
  pieces[c("theta", "REML")] <- fit[c("theta", "REML")]
  assign(method, pieces, envir = fit$cache)
  pieces
}

check_residual_information <- function(fit, method) {
  if (length(fit$random) > 0L) {
    require_plain_residuals(fit,
      paste0("The method \"", method, "\" for degrees of freedom, with random effects,"),
      instead = "Use {.code ddf = \"Satterthwaite\"}."
    )
  }
  sizes <- tabulate(residual_core(fit)$group)
  numbers <- sum(sizes * (sizes + 1) / 2) * (length(fit$beta) + 1)^2
  if (numbers <= largest_residual_sums) return(invisible(NULL))
  abort(c(
    "The method \"{method}\" for degrees of freedom is too expensive for groups of up to
     {max(sizes)} correlated rows.",
    "i" = "Use {.code ddf = \"Satterthwaite\"}."
  ), kind = "computation", variable = "ddf", observed = max(sizes))
}

# Names of the core's parameters of R.
residual_names <- function(fit) {
  own <- fit$residual$parameters
  if (is.null(own)) return(character(0L))
  paste0("Residual.", ifelse(is.na(own$arm), "", paste0(own$arm, ":")), own$label)
}
