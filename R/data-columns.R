# Columns of a matrix that a terms object describes, from the model frame.

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
