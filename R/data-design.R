# From the model frame to the matrices of the model: X, y, and for every random term its columns z
# and its level index.

#' Design of a mixed model
#'
#' @param parsed `henderson_formula`.
#' @param frame model frame from `model_frame()`.
#' @param contrasts NULL or a named list, as `contrasts.arg` of `model.matrix()`; it serves the
#'   fixed part and the random terms.
#' @param control `henderson_control`.
#' @return list of class `henderson_design`, see design/internal-objects.md.
#' @noRd
model_design <- function(parsed, frame, contrasts = NULL, control = lmm_control()) {
  terms <- attr(frame, "fixed_terms")
  check_response_apart(parsed, terms)
  contrasts <- check_contrasts(contrasts, parsed, frame)
  values <- plain_numbers(frame, parsed)
  X <- design_matrix(terms, values, contrasts)
  weights <- as_numeric_vector(.subset2(values, "(weights)"))
  offset <- as_numeric_vector(stats::model.offset(values))
  y <- as_numeric_vector(.subset2(values, 1L))
  check_not_constant(
    y, offset, weights, attr(terms, "intercept") == 1L, utf8_names(names(frame)[1L])
  )
  random <- random_design(parsed$random, frame, values, contrasts, list(terms = terms, X = X))
  n <- if (is.null(weights)) length(y) else sum(weights > 0)
  check_random_terms(random, n, control, weights)
  check_zero_columns(random, control)
  design <- list(
    X = X, y = y, weights = weights, offset = offset,
    terms = terms, xlevels = factor_levels(terms, frame), contrasts = attr(X, "contrasts"),
    random = random
  )
  class(design) <- "henderson_design"
  design
}

#' @return plain double vector, or NULL.
#' @noRd
as_numeric_vector <- function(x) {
  if (is.null(x) || (is.double(x) && is.null(attributes(x)))) return(x)
  as.double(unclass(x))
}

#' 64-bit integers as doubles: R's arithmetic would read their bits
#'
#' Grouping factors keep theirs, which a double may not hold.
#' @noRd
plain_numbers <- function(frame, parsed) {
  is_wide <- logical(length(frame))
  for (i in seq_along(frame)) is_wide[i] <- inherits(.subset2(frame, i), "integer64")
  if (!any(is_wide)) return(frame)
  for (i in which(is_wide & names(frame) %in% model_columns(parsed, frame))) {
    frame[[i]] <- as.double(.subset2(frame, i))
  }
  frame
}

#' Columns of the frame that are not just grouping factors
#' @noRd
model_columns <- function(parsed, frame) {
  parts <- c(list(attr(frame, "fixed_terms")), lapply(parsed$random, `[[`, "terms"))
  parts <- parts[!vapply(parts, is.null, TRUE)]
  c("(weights)", "(offset)", unlist(lapply(parts, variable_names)))
}

# --- fixed-effects matrix ---

#' Matrix of the columns that a terms object describes
#'
#' @param terms terms object completed by `complete_terms()`.
#' @param frame data frame with its variables.
#' @param contrasts NULL or named list.
#' @return n x p numeric matrix with dimnames and attributes `assign`, `contrasts`, equal to
#'   `model.matrix()`; p may be 0.
#' @noRd
design_matrix <- function(terms, frame, contrasts = NULL) {
  columns <- numeric_main_effects(terms, frame)
  X <- if (is.null(columns)) {
    general_design_matrix(terms, frame, contrasts)
  } else {
    numeric_design_matrix(terms, frame, columns)
  }
  colnames_utf8(X)
}

#' Variables of a terms object, if it has main effects of numeric vectors only
#' @return integer: columns of `frame`, one for each term label; NULL if `model.matrix()` is needed.
#' @noRd
numeric_main_effects <- function(terms, frame) {
  order <- attr(terms, "order")
  if (any(order != 1L)) return(NULL)
  if (length(order) == 0L) return(integer())
  entries <- which(attr(terms, "factors") > 0L)
  rows <- (entries - 1L) %% nrow(attr(terms, "factors")) + 1L
  columns <- match(variable_names(terms)[rows], names(frame))
  if (all(vapply(unclass(frame)[columns], is_numeric_vector, TRUE))) columns
}

#' @noRd
is_numeric_vector <- function(x) {
  (is.double(x) || is.integer(x)) && is.null(dim(x)) && !is.factor(x)
}

#' Columns side by side: an order of magnitude faster than `model.matrix()`
#' @noRd
numeric_design_matrix <- function(terms, frame, columns) {
  intercept <- attr(terms, "intercept")
  X <- if (length(columns) == 0L) {
    matrix(1, nrow(frame), intercept)
  } else {
    # cbind() repeats the 1 while it fills the matrix, unless there are no rows to fill
    parts <- lapply(unclass(frame)[columns], unclass)
    one <- rep(1, min(1L, nrow(frame)))
    do.call(cbind, c(if (intercept) list(one), unname(parts), deparse.level = 0))
  }
  if (!is.double(X)) storage.mode(X) <- "double"
  labels <- c(if (intercept) "(Intercept)", attr(terms, "term.labels"))
  dimnames(X) <- list(as.character(attr(frame, "row.names")), labels)
  attr(X, "assign") <- seq_len(ncol(X)) - as.integer(intercept == 1L)
  X
}

#' @noRd
general_design_matrix <- function(terms, frame, contrasts) {
  check_factor_levels(terms, frame)
  names_used <- variable_names(terms)
  own_contrasts <- contrasts[intersect(names(contrasts), names_used)]
  if (length(own_contrasts) == 0L) own_contrasts <- NULL
  tryCatch(
    quiet_translation(stats::model.matrix.default(terms, frame, contrasts.arg = own_contrasts)),
    error = function(e) abort_contrasts(e, names(own_contrasts))
  )
}

#' @noRd
colnames_utf8 <- function(X) {
  if (l10n_info()[["UTF-8"]]) return(X)
  colnames(X) <- utf8_names(colnames(X))
  X
}

#' Levels of the factors (and strings) of a terms object, as `newdata` must have them
#' @return named list of character vectors, or NULL.
#' @noRd
factor_levels <- function(terms, frame) {
  classes <- attr(terms, "dataClasses")
  # a left-hand side has no response
  response <- attr(terms, "response")
  if (response > 0L) classes <- classes[-response]
  if (all(classes == "numeric")) return(NULL)
  stats::.getXlevels(terms, frame)
}

#' A factor of one level has no contrasts
#' @noRd
check_factor_levels <- function(terms, frame) {
  response <- attr(terms, "response")
  names_used <- variable_names(terms)
  if (response > 0L) names_used <- names_used[-response]
  for (name in names_used) {
    x <- frame[[name]]
    if (!is.factor(x) && !is.character(x)) next
    levels <- if (is.factor(x)) levels(x) else unique(x)
    if (length(levels) >= 2L) next
    name <- utf8_names(name)
    abort(c(
      "The factor {.var {name}} has only one level in the data, {.val {levels}}.",
      "i" = "Remove it from the formula, or check {.arg subset} and missing values."
    ), kind = "data", variable = name, observed = levels)
  }
}

# --- contrasts ---

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

#' `model.matrix()` failed: contrasts that do not fit the factor
#' @noRd
abort_contrasts <- function(error, names) {
  if (inherits(error, "henderson_error")) rlang::cnd_signal(error)
  reason <- conditionMessage(error)
  names <- utf8_names(names)
  abort(c("The model matrix could not be built.", "x" = "{reason}"),
    kind = "contrasts", variable = if (length(names)) names else "contrasts", observed = reason
  )
}
