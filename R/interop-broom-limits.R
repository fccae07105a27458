# Profile and bootstrap limits in tables of broom's shape.

# Limits by another method, of the rows that have such ones.
other_limits <- function(table, fit, scales, level, method, exponentiate) {
  parameters <- interval_parameters(fit)
  kinds <- c(
    if ("fixed" %in% table$effect) "fixed",
    if ("ran_pars" %in% table$effect) c("sd", "correlation", "sigma")
  )
  limits <- matrix(NA_real_, nrow(parameters), 2L)
  wanted <- which(parameters$kind %in% kinds)
  if (length(wanted) > 0L) limits[wanted, ] <- confint.henderson_lmm(fit, wanted, level, method)
  is_fixed <- parameters$kind == "fixed"
  if (exponentiate) limits[is_fixed, ] <- exp(limits[is_fixed, ])
  if (scales == "vcov") {
    limits[!is_fixed, ] <- limits[!is_fixed, ]^2
    limits[parameters$kind == "correlation", ] <- NA
  }
  at <- match(paste(table$group, table$term), tidy_names(fit, parameters, scales))
  has_row <- table$effect %in% c("fixed", "ran_pars")
  table$conf.low[has_row] <- limits[at[has_row], 1L]
  table$conf.high[has_row] <- limits[at[has_row], 2L]
  table
}

# Group and term of each parameter as the tables above name them.
tidy_names <- function(fit, parameters, scales) {
  prefix <- if (scales == "sdcor") c(sd = "sd__", correlation = "cor__") else c(sd = "var__")
  groups <- unique_labels(vapply(fit$random, `[[`, "", "group"))
  vapply(seq_len(nrow(parameters)), function(i) {
    own <- parameters[i, ]
    if (own$kind == "fixed") return(paste(NA, own$name))
    if (own$kind == "sigma") return(paste0("Residual ", prefix[["sd"]], "Observation"))
    columns <- fit$random[[own$term]]$columns
    shown <- unique(columns[c(own$column, own$row)])
    paste0(groups[own$term], " ", prefix[own$kind], paste(shown, collapse = "."))
  }, "")
}
