# Which variables are coded by contrasts, and what a user may give as such.

#' Check the `contrasts` argument
#'
#' @param contrasts what the user gave.
#' @return `contrasts` with names as the frame's columns have them.
#' @noRd
check_contrasts <- function(contrasts, parsed, frame) {
  if (is.null(contrasts)) return(NULL)
  named <- is.list(contrasts) && !is.null(names(contrasts)) && all(nzchar(names(contrasts)))
  if (!named) {
    if (is.list(contrasts) && length(contrasts) == 0L) return(NULL)
    given <- describe_value(contrasts)
    abort(c(
      "{.arg contrasts} must be a named list, one element per factor; it is {given}.",
      "i" = "For example {.code contrasts = list(f = \"contr.sum\")}."
    ), kind = "contrasts", variable = "contrasts", observed = given)
  }
  if (!l10n_info()[["UTF-8"]]) names(contrasts) <- enc2native(names(contrasts))
  usable <- contrast_variables(parsed, frame)
  check_unique_contrasts(names(contrasts))
  for (name in names(contrasts)) {
    check_contrast_name(name, usable, frame)
    check_contrast(contrasts[[name]], name, frame[[name]])
  }
  contrasts
}

#' @noRd
check_unique_contrasts <- function(names) {
  if (!anyDuplicated(names)) return(invisible(NULL))
  twice <- utf8_names(names[duplicated(names)][1L])
  abort("{.arg contrasts} has {sum(names == twice)} elements named {.var {twice}}.",
    kind = "contrasts", variable = twice, observed = names
  )
}

#' @return names of the columns of `frame` that are coded by contrasts.
#' @noRd
contrast_variables <- function(parsed, frame) {
  names_used <- variable_names(attr(frame, "fixed_terms"))[-1L]
  for (term in parsed$random) {
    if (!is.null(term$terms)) names_used <- c(names_used, variable_names(term$terms))
  }
  is_coded <- function(name) {
    x <- frame[[name]]
    is.factor(x) || is.character(x) || is.logical(x)
  }
  Filter(is_coded, unique(names_used))
}

#' @noRd
check_contrast_name <- function(name, usable, frame) {
  if (name %in% usable) return(invisible(NULL))
  name <- utf8_names(name)
  usable <- utf8_names(usable)
  problem <- if (name %in% utf8_names(names(frame))) {
    "is not a factor of the fixed part or of a left-hand side"
  } else {
    "is not a variable of the model"
  }
  hint <- suggestion(name, usable)
  if (is.null(hint)) {
    hint <- if (length(usable)) "Factors are {.var {usable}}." else "The model has no factor."
  }
  abort(c("{.arg contrasts} names {.var {name}}, which {problem}.", "i" = hint),
    kind = "contrasts", variable = name, observed = usable
  )
}

#' One element: a function, the name of one, or a matrix with a row for each level
#' @noRd
check_contrast <- function(contrast, name, x) {
  name <- utf8_names(name)
  n_levels <- if (is.factor(x)) nlevels(x) else length(unique(x))
  if (is.function(contrast)) return(check_contrast_function(contrast, name, n_levels))
  if (is.character(contrast) && length(contrast) == 1L && !is.na(contrast)) {
    coding <- get0(contrast, mode = "function")
    if (!is.null(coding)) return(check_contrast_function(coding, name, n_levels))
    abort(c(
      "The contrasts of {.var {name}} are {.val {contrast}}, but there is no such function.",
      "i" = "Attach its package or give the function itself,
             as in {.code list(f = MASS::contr.sdif)}."
    ), kind = "contrasts", variable = name, observed = contrast)
  }
  given <- describe_value(contrast)
  if (!is.numeric(contrast)) {
    abort(
      "The contrasts of {.var {name}} must be a function, its name or a numeric matrix,
       not {given}.",
      kind = "contrasts", variable = name, observed = given
    )
  }
  if (NROW(contrast) != n_levels) {
    abort(c(
      "The contrast matrix of {.var {name}} has {NROW(contrast)} row{?s},
       the factor has {n_levels} level{?s}.",
      "i" = "A contrast matrix has one row per level that occurs and at most one column fewer."
    ), kind = "contrasts", variable = name, observed = dim(contrast))
  }
  if (!all(is.finite(contrast))) {
    abort("The contrast matrix of {.var {name}} has values that are not finite.",
      kind = "contrasts", variable = name, observed = given
    )
  }
}

#' A contrast function gives a matrix with a row for each level
#' @noRd
check_contrast_function <- function(coding, name, n_levels) {
  value <- tryCatch(coding(n_levels), error = identity)
  is_coding <- is.numeric(value) && NROW(value) == n_levels && all(is.finite(value))
  if (is_coding || n_levels < 2L) return(invisible(NULL))
  reason <- if (inherits(value, "error")) conditionMessage(value) else describe_value(value)
  abort(c(
    "The contrast function of {.var {name}} must give a finite numeric matrix
     with {n_levels} rows, one for each level.",
    "x" = "It gives: {reason}"
  ), kind = "contrasts", variable = name, observed = reason)
}
