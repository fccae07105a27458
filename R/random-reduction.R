# Models with a smaller random part: what can be taken out of a term, the fit without it, and how
# the smaller model lies in the larger one.

# Every single reduction of the random part of a fit, in formula order: list of list(`label`,
# `position` (in `fit$parsed$random`), `reduced` (random term, or NULL: the term is removed)).
# `within`: are terms reduced column by column before they are removed?
random_reductions <- function(fit, within = TRUE) {
  require_independent(fit, "A test of random terms")
  require_plain_residuals(fit, "A test of random terms",
    "{.fn anova} compares two fits, and {.fn AIC}."
  )
  require_unconstrained(fit, "A test of random terms", "{.fn anova} compares two fits.")
  reductions <- lapply(seq_along(fit$parsed$random), function(position) {
    term <- fit$parsed$random[[position]]
    parts <- if (within) removable_parts(term, fit) else list()
    if (length(parts) == 0L) {
      label <- expression_text(random_term_call(term))
      return(list(list(label = label, position = position, reduced = NULL)))
    }
    lapply(parts, function(part) {
      label <- paste(part, "in", expression_text(random_term_call(term)))
      list(label = label, position = position, reduced = term_without(term, part))
    })
  })
  unlist(reductions, recursive = FALSE)
}

# Parts of a left-hand side that can be removed: labels of terms that are margin to no other, and
# "1" for the intercept of a diagonal term of numeric columns. character(0): the term goes as a
# whole.
removable_parts <- function(term, fit) {
  if (is.null(term$terms)) return(character(0L))
  labels <- stats::drop.scope(term$terms)
  intercept <- attr(term$terms, "intercept") == 1L
  if (has_covariances(term$structure)) {
    # without its only part an unstructured (0 + x | g) has nothing left, unless x is a factor,
    # whose columns add up to the column of ones
    alone <- length(attr(term$terms, "term.labels")) == 1L && !intercept
    return(if (alone && !is_coded_term(term, fit)) character(0L) else labels)
  }
  if (intercept && !is_coded_term(term, fit)) labels <- c("1", labels)
  if (length(labels) + (intercept && !"1" %in% labels) < 2L) return(character(0L))
  # removing a part may give another coding to the rest, which is then no smaller model
  columns <- lhs_columns(term, fit)
  Filter(function(label) {
    all(lhs_columns(term_without(term, label), fit) %in% columns)
  }, labels)
}

# Does a left-hand side have variables that are coded by contrasts?
is_coded_term <- function(term, fit) {
  coded <- vapply(columns_frame(fit)[variable_names(term$terms)], function(x) {
    is.factor(x) || is.character(x) || is.logical(x)
  }, TRUE)
  any(coded)
}

# The term without one part of its left-hand side; without anything else it is the intercept.
term_without <- function(term, part) {
  labels <- setdiff(attr(term$terms, "term.labels"), part)
  intercept <- attr(term$terms, "intercept") == 1L && part != "1"
  term_with(term, labels, intercept || length(labels) == 0L)
}

# Names of the columns of a left-hand side; `lhs_matrix()` gives the matrix, one row for each of
# `rows` of the frame (NULL: all).
lhs_columns <- function(term, fit) {
  colnames(lhs_matrix(term, fit, spread_rows(nrow(columns_frame(fit)))))
}

lhs_matrix <- function(term, fit, rows = NULL) {
  whole <- columns_frame(fit)
  frame <- if (is.null(rows) || length(rows) == nrow(whole)) whole else some_rows(fit, whole, rows)
  if (is.null(term$terms)) {
    return(matrix(1, nrow(frame), 1L, dimnames = list(NULL, "(Intercept)")))
  }
  values <- plain_numbers(frame, fit$parsed)
  term_columns(term, list(), frame, values, fit_contrasts(fit), fixed = list())$z
}

# Rows of the model frame, with the levels of all rows.
some_rows <- function(fit, whole, rows) {
  frame <- whole[rows, , drop = FALSE]
  levels <- c(list(fit$xlevels), lapply(fit$random, `[[`, "xlevels"))
  levels <- do.call(c, levels)
  for (name in intersect(names(levels), names(frame))) {
    if (is.character(frame[[name]])) frame[[name]] <- factor(frame[[name]], levels[[name]])
  }
  for (name in c("terms", "fixed_terms", "data_variables")) {
    attr(frame, name) <- attr(whole, name)
  }
  frame
}

# Left-hand sides at a thousand rows, which tell how their columns depend on each other as well as
# all do, unless the columns of the first `n_first` together are not independent there.
lhs_matrices <- function(terms, fit, n_first = 1L) {
  n <- nrow(columns_frame(fit))
  rows <- spread_rows(n)
  few <- lapply(terms, lhs_matrix, fit = fit, rows = rows)
  first <- do.call(cbind, few[seq_len(n_first)])
  enough <- length(rows) == n || qr(first)$rank == ncol(first)
  if (enough) few else lapply(terms, lhs_matrix, fit = fit)
}

# The random part with one term replaced (or removed), without repetitions.
replace_term <- function(random, position, reduced) {
  random[position] <- list(reduced)
  random <- Filter(Negate(is.null), random)
  random[!duplicated(vapply(random, `[[`, "", "text"))]
}

# The fit with another random part, whose variables are all in the model frame.
refit_random <- function(fit, random) {
  bars <- lapply(random, random_term_call)
  formula <- fit$parsed$formula
  formula[[3L]] <- Reduce(
    function(left, right) call("+", left, right), c(list(fit$parsed$fixed[[3L]]), bars)
  )
  parsed <- parse_formula(formula, residual = fit$parsed$residual)
  # with the contrasts that terms imported from lme4 have
  parsed$random <- random
  # a fit evaluated at given parameters has none for other terms
  control <- fit$control
  if (identical(control$optimizer, "none")) fit$control$optimizer <- lmm_control()$optimizer
  call <- fit$call
  call$formula <- formula_call(formula)
  call$start <- NULL
  result <- quiet_undetermined(
    refit_parsed(fit, parsed, model_frame_of(fit), fit$REML, NULL, character(0L), call), fit
  )
  result$control <- control
  result
}

# Criterion (REML or -2 log L) and number of parameters of the model without random terms.
fixed_only <- function(fit) {
  moments <- moments_of(fit)
  p <- moments$p
  R <- fixed_triangle(moments, 1e-10)
  if (is.null(R)) return(fixed_only_by_rows(fit))
  # y is about its least-squares fit already, but for rounding
  dense <- moments$blocks$dense
  along <- fixed_coordinates(moments, dense[seq_len(p), p + 1L, drop = FALSE])
  fixed_only_result(
    fit, dense[p + 1L, p + 1L] - sum(along^2), 2 * sum(log(abs(diag(R)))), moments$sum_log_w
  )
}

# The same from a QR decomposition of all rows, where columns of X are nearly collinear.
fixed_only_by_rows <- function(fit) {
  weights <- fit$weights %||% rep(1, length(fit$fitted))
  used <- weights > 0
  root <- sqrt(weights[used])
  response <- (fit$y - (fit$offset %||% 0))[used] * root
  decomposition <- qr(fixed_matrix(fit)[used, , drop = FALSE] * root, tol = 1e-12)
  residual <- sum(qr.resid(decomposition, response)^2)
  diagonal <- diag(decomposition$qr)[seq_along(fit$beta)]
  fixed_only_result(fit, residual, 2 * sum(log(abs(diagonal))), 2 * sum(log(root)))
}

fixed_only_result <- function(fit, residual, log_determinant, sum_log_w) {
  rank <- length(fit$beta)
  degrees <- fit$n - if (fit$REML) rank else 0L
  criterion <- degrees * (1 + log(2 * pi * residual / degrees)) - sum_log_w
  if (fit$REML) criterion <- criterion + log_determinant
  list(criterion = criterion, n_parameters = rank + 1L)
}
