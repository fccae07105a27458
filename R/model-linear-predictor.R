# The linear predictor, or the part of it that is asked for: X beta + offset + Z b.
#
# Notation: b_t, v x J matrix of conditional modes of term t.

# X, offset and random terms (z, level) for the rows to predict. `random`: integer, the terms
# needed.
prediction_parts <- function(fit, newdata, random, allow_new_levels) {
  if (!is.null(newdata)) {
    return(design_newdata(fit, newdata, random = random, allow_new_levels = allow_new_levels))
  }
  list(
    X = fixed_matrix(fit), offset = fit$offset,
    random = if (length(random) > 0L) fit_random_terms(fit)
  )
}

# Numeric vector, one element for each row. `columns`: list of logical vectors, the random columns
# to use.
linear_predictor <- function(fit, parts, columns, random_only = FALSE) {
  values <- numeric(nrow(parts$X))
  if (!random_only) {
    values <- drop(parts$X %*% fit$beta) + (parts$offset %||% 0)
  }
  for (t in which(vapply(columns, any, TRUE))) {
    values <- values + random_contribution(parts$random[[t]], fit$b[[t]], columns[[t]])
  }
  unname(values)
}

# sum over the chosen columns k of z_ik b_k,level(i); an unknown level contributes 0.
# `modes`: v x J (or v x J x m, flattened by the caller); `chosen`: logical v.
random_contribution <- function(term, modes, chosen) {
  known <- !is.na(term$level)
  own_modes <- matrix(0, length(term$level), sum(chosen))
  own_modes[known, ] <- t(modes[chosen, term$level[known], drop = FALSE])
  if (is.null(term$z)) drop(own_modes) else rowSums(term$z[, chosen, drop = FALSE] * own_modes)
}

# Which columns of every term `re.form` asks for: list parallel to `fit$random` of logical
# vectors.
selected_columns <- function(fit, re.form) {
  sizes <- lapply(fit$random, function(term) length(term$columns))
  if (is.null(re.form)) {
    return(lapply(sizes, function(size) rep(TRUE, size)))
  }
  none <- lapply(sizes, logical)
  if (is_no_random(re.form)) {
    return(none)
  }
  if (!inherits(re.form, "formula") || length(re.form) != 2L) abort_re_form(re.form)
  wanted <- parse_random_part(fit, re.form)
  Reduce(function(chosen, term) add_wanted(fit, chosen, term), wanted, none)
}

abort_re_form <- function(re.form) {
  given <- describe_value(re.form)
  abort(c(
    "{.arg re.form} must be {.code NULL}, {.code NA} or a one-sided formula of random terms,
     not {given}.",
    "i" = "For example {.code ~ (1 | Subject)}."
  ), kind = "argument", variable = "re.form", observed = given)
}

is_no_random <- function(re.form) {
  if (inherits(re.form, "formula")) {
    return(length(re.form) == 2L && (identical(re.form[[2L]], 0) || identical(re.form[[2L]], NA)))
  }
  is.atomic(re.form) && length(re.form) == 1L && is.na(re.form)
}

# Random terms of a one-sided formula, read with the fit's response on the left.
parse_random_part <- function(fit, re.form) {
  two_sided <- call("~", fit$parsed$fixed[[2L]], re.form[[2L]])
  if (!contains_bar(re.form[[2L]])) abort_re_form(re.form)
  parse_formula(stats::as.formula(two_sided, env = environment(re.form)))$random
}

# Marks the columns of one wanted random term in `chosen`; they must all be in the fit.
add_wanted <- function(fit, chosen, wanted) {
  missing_labels <- term_labels(wanted$lhs)
  for (t in seq_along(fit$random)) {
    if (fit$random[[t]]$group != wanted$group_name) next
    labels <- column_labels(fit, fit$random[[t]])
    chosen[[t]] <- chosen[[t]] | labels %in% term_labels(wanted$lhs)
    missing_labels <- setdiff(missing_labels, labels)
  }
  if (length(missing_labels) > 0L) {
    abort(c(
      "{.arg re.form} must use random terms of the fit.",
      "x" = "The fit has no {.val {missing_labels}} by {.val {wanted$group_name}}.",
      "i" = "Its random terms are {.val {vapply(fit$random, `[[`, '', 'text')}}."
    ), kind = "argument", variable = "re.form", observed = wanted$text)
  }
  chosen
}

# "(Intercept)" and the labels of the terms of a left-hand side.
term_labels <- function(lhs) {
  object <- stats::terms(stats::as.formula(call("~", lhs)))
  c(if (attr(object, "intercept") == 1L) "(Intercept)", attr(object, "term.labels"))
}

# For each column of a random term of the fit, the label of the term it comes from.
column_labels <- function(fit, term) {
  labels <- term_labels(term$lhs)
  if (length(labels) == length(term$columns)) {
    return(labels)
  }
  design <- Find(function(one) one$text == term$text, fit_random_terms(fit))
  assign <- attr(design$z, "assign")
  has_intercept <- "(Intercept)" %in% labels
  labels[assign + if (has_intercept) 1L else 0L]
}
