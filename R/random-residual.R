# The residual structure of a fit in tables: standard deviations by stratum and correlations.

#' Standard deviations and correlations of the residuals
#'
#' @param sigma standard deviation of the first stratum.
#' @return NULL for independent residuals, else list(`text` (as written), `name`, `first` (what
#'   sigma is the standard deviation of), `deviations` (data frame `label`, `value`: a row for each
#'   stratum but the first, or for each exponent), `is_exponent` (logical, by row),
#'   `correlations` (data frame `label`, `other`, `arm`, `value`), `unit` (of what rho is for)).
#' @noRd
residual_info <- function(fit, sigma = fit$sigma) {
  residual <- fit$residual
  if (is.null(residual)) return(NULL)
  estimates <- residual_estimates(residual)
  own <- deviation_rows_of(residual)
  values <- c(sigma * estimates$deviations[own$stratum], residual$phi[own$exponent])
  is_correlation <- residual$parameters$kind == "correlation"
  list(
    text = residual_text(fit$parsed$residual), name = residual$structure$name,
    first = residual$first,
    deviations = data.frame(label = own$label, value = as.double(values)),
    is_exponent = rep(c(FALSE, TRUE), c(length(own$stratum), length(own$exponent))),
    correlations = cbind(
      correlation_pairs(residual), arm = residual$parameters$arm[is_correlation],
      value = estimates$correlations
    ),
    visits = residual$visits, unit = residual$unit
  )
}

# What is shown of the standard deviations: strata where they are few cells, exponents otherwise.
# list(`stratum`, `exponent` (positions in H and phi), `label`).
deviation_rows_of <- function(residual) {
  design <- residual$structure$log_deviations
  labels <- residual$parameters$label[residual$parameters$kind == "deviation"]
  is_cell <- colSums(design != 0 & design != 1) == 0L
  exponents <- which(!is_cell)
  if (length(exponents) > 0L) {
    # each factor's effect by itself: all on the scale of ratios
    return(list(stratum = integer(0L), exponent = seq_along(labels), label = labels))
  }
  others <- which(rowSums(design) > 0)
  list(stratum = others, exponent = integer(0L), label = residual$strata[others])
}

# Labels of correlations as two names.
correlation_pairs <- function(residual) {
  own <- residual$parameters[residual$parameters$kind == "correlation", ]
  v <- length(residual$visits)
  arms <- max(1L, length(residual$arms))
  pairs <- residual_row(residual$structure$name)$pairs
  if (is.null(pairs)) {
    return(data.frame(label = own$label, other = rep(residual$structure$name, nrow(own))))
  }
  at <- pairs(v)
  data.frame(
    label = rep(residual$visits[at[, 1L]], arms), other = rep(residual$visits[at[, 2L]], arms)
  )
}

# Rows of `as.data.frame(VarCorr())` beside that of sigma.
residual_rows_of <- function(info) {
  if (is.null(info)) return(NULL)
  own <- info$correlations
  label <- ifelse(is.na(own$arm), own$label, paste0(own$arm, ":", own$label))
  rbind(
    data.frame(
      grp = rep("Residual", nrow(info$deviations)), var1 = info$deviations$label,
      var2 = rep(NA_character_, nrow(info$deviations)),
      vcov = ifelse(info$is_exponent, NA_real_, info$deviations$value^2),
      sdcor = info$deviations$value
    ),
    data.frame(
      grp = rep("Residual", nrow(own)), var1 = label, var2 = own$other,
      vcov = rep(NA_real_, nrow(own)), sdcor = own$value
    )
  )
}

# Lines below the table of variances.
residual_lines <- function(info, digits) {
  if (is.null(info)) return(character(0L))
  number <- function(values) format(values, digits = digits)
  lines <- paste("Residual structure:", info$text)
  if (nzchar(info$first) && nrow(info$deviations) > 0L) {
    lines <- c(lines, paste0("Residual standard deviation above: that of ", info$first))
  }
  if (nrow(info$deviations) > 0L) {
    is_function <- grepl("^(power|exponential)[(]", info$deviations$label)
    title <- if (!any(info$is_exponent)) {
      "Std.Dev.:"
    } else if (all(is_function)) {
      "Exponents:"
    } else {
      "Exponents, and logarithms of ratios of standard deviations:"
    }
    values <- stats::setNames(number(info$deviations$value), info$deviations$label)
    lines <- c(lines, title, text_vector(values))
  }
  c(lines, correlation_lines_of(info, max(2L, digits - 2L)))
}

correlation_lines_of <- function(info, digits) {
  own <- info$correlations
  if (nrow(own) == 0L) return(character(0L))
  number <- function(values) formatC(values, digits = digits, format = "f")
  arms <- split(own, factor(own$arm, unique(own$arm), exclude = NULL))
  unlist(lapply(arms, function(one) {
    title <- if (is.na(one$arm[1L])) "Corr:" else paste0("Corr, ", one$arm[1L], ":")
    row <- residual_row(info$name)
    if (isTRUE(row$is_matrix)) return(c(title, pairwise_lines(one, info$visits, number)))
    per <- if (!isTRUE(row$per_unit)) {
      ""
    } else if (row$visit == "times") {
      " (per unit of time)"
    } else if (info$unit != 1) {
      paste0(" (per ", info$unit, ")")
    }
    labels <- if (is.null(row$pairs)) one$label else paste(one$label, one$other, sep = ".")
    if (nrow(one) == 1L) return(paste0(title, " ", labels, " ", number(one$value), per))
    c(title, text_vector(stats::setNames(number(one$value), labels)))
  }), use.names = FALSE)
}

# The strictly lower triangle.
pairwise_lines <- function(pairs, visits, number) {
  v <- length(visits)
  cells <- matrix("", v - 1L, v - 1L, dimnames = list(visits[-1L], visits[-v]))
  cells[cbind(match(pairs$other, visits) - 1L, match(pairs$label, visits))] <- number(pairs$value)
  text_table(cells, align = "right")
}

# Rows by (theta, sigma) as rows by (theta, phi, sigma), and those of the residual structure.
with_residual_components <- function(rows, fit, scale) {
  if (!has_residual(fit)) return(rows)
  rows$gradient <- lapply(rows$gradient, function(own) {
    append(own, numeric(length(fit$residual$phi)), after = length(fit$theta))
  })
  rows <- Map(c, rows, residual_components(fit, scale))
  names(rows$gradient) <- NULL
  rows
}

#' Rows of `variance_components()` for a residual structure, by (theta, phi, sigma)
#'
#' @param scale as there.
#' @return list as `covariance_rows()` gives, without the residual's own row.
#' @noRd
residual_components <- function(fit, scale) {
  info <- residual_info(fit)
  rows <- residual_rows_of(info)
  n <- length(fit$theta)
  r <- length(fit$residual$phi)
  values <- function(parameters) {
    moved <- fit
    moved$residual$phi <- parameters[seq_len(r)]
    moved$sigma <- parameters[r + 1L]
    own <- residual_info(moved)
    on_scale <- function(deviations) {
      switch(scale,
        sd = , theta = deviations, variance = deviations^2, log_sd = log(deviations)
      )
    }
    deviations <- own$deviations$value
    deviations[!info$is_exponent] <- on_scale(deviations[!info$is_exponent])
    correlations <- own$correlations$value
    c(deviations, if (scale == "log_sd") atanh(correlations) else correlations)
  }
  at <- c(fit$residual$phi, fit$sigma)
  jacobian <- vapply(seq_along(at), function(i) {
    step <- 1e-5 * max(1, abs(at[i]))
    up <- replace(at, i, at[i] + step)
    down <- replace(at, i, at[i] - step)
    (values(up) - values(down)) / (up[i] - down[i])
  }, numeric(nrow(rows)))
  jacobian <- matrix(jacobian, nrow(rows))
  bounded <- scale == "sd" & !is.na(rows$var2)
  list(
    grp = rows$grp, var1 = rows$var1, var2 = rows$var2, estimate = values(at),
    gradient = lapply(seq_len(nrow(rows)), function(i) c(numeric(n), jacobian[i, ])),
    theta = rep(list(integer(0L)), nrow(rows)), element = rep(NA_integer_, nrow(rows)),
    lowest = ifelse(bounded, -1, NA), highest = ifelse(bounded, 1, NA)
  )
}

# A name for each row of `residual_rows_of()`.
residual_labels <- function(fit) {
  rows <- residual_rows_of(residual_info(fit))
  if (is.null(rows)) return(character(0L))
  own <- ifelse(rows$var2 %in% names(residual_structures), NA, rows$var2)
  paste0(
    ifelse(is.na(rows$var2), "sd_", "cor_"), rows$var1, ifelse(is.na(own), "", paste0(".", own)),
    "|Residual"
  )
}
