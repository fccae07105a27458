# Coefficients by level: fixed effects and conditional modes together.

#' Coefficients of every group
#'
#' The fixed effects plus the conditional modes of the random effects: the line of every group.
#' The vector of fixed effects alone is [fixef()][fixef.henderson_fit].
#'
#' @inheritParams fixef.henderson_fit
#' @param complete One logical: `TRUE` adds columns of `NA` for the columns that were dropped
#'   because the fixed-effects matrix does not have full rank.
#' @return A list of class `henderson_coef`, one data frame for each grouping factor: one row for
#'   each level, one column for each coefficient. Random effects without a fixed counterpart stand
#'   first, with 0 as their fixed part, for every factor. A random slope on `b:a` belongs to the
#'   fixed effect `a:b`.
#' @section Errors: class `henderson_error_argument` for an unknown or malformed argument.
#' @examples
#' fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
#' head(coef(fit)$Subject)
#' @export
coef.henderson_fit <- function(object, complete = FALSE, ...) {
  check_no_dots(...)
  check_flag(complete)
  modes <- ranef.henderson_fit(object, condVar = FALSE)
  beta <- fixef.henderson_fit(object, add.dropped = complete)
  coefficients <- lapply(modes, add_fixed_effects, beta = coef_columns(modes, beta))
  structure(coefficients, class = "henderson_coef", notes = attr(modes, "notes"))
}

# The fixed effects, preceded by a 0 for every random column that has no fixed counterpart.
coef_columns <- function(modes, beta) {
  columns <- unique(unlist(lapply(modes, names), use.names = FALSE))
  only_random <- columns[!sort_interaction(columns) %in% sort_interaction(names(beta))]
  c(stats::setNames(numeric(length(only_random)), only_random), beta)
}

# One row per level: `beta` repeated, plus the modes in the columns of the same name.
# `modes`: data frame J x v; `beta`: named numeric p. Returns a data frame J x p.
add_fixed_effects <- function(modes, beta) {
  target <- match(sort_interaction(names(modes)), sort_interaction(names(beta)))
  total <- matrix(beta, nrow(modes), length(beta), byrow = TRUE)
  for (column in seq_along(modes)) {
    total[, target[column]] <- total[, target[column]] + modes[[column]]
  }
  dimnames(total) <- list(rownames(modes), names(beta))
  as.data.frame(total, optional = TRUE)
}

# "b:a" and "a:b" name the same product of columns: sort the factors of every name.
sort_interaction <- function(names) {
  vapply(strsplit(as.character(names), ":", fixed = TRUE), function(part) {
    paste(sort(part), collapse = ":")
  }, "")
}

#' @export
print.henderson_coef <- function(x, ...) {
  for (name in names(x)) {
    write_lines(paste0("$", name))
    print_by_level(x[[name]], ...)
    cat("\n")
  }
  write_lines(c(character(0L), note_lines(attr(x, "notes"))))
  invisible(x)
}
