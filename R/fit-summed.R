# A fit of cross-products, without rows.

#' Fit cross-products, or a model whose columns are among theirs
#'
#' @param x `henderson_cross_products`; `parsed` of the model.
#' @return fit object without what is by row: `frame`, `X`, `y`, `weights`, `offset`, `fitted`.
#' @noRd
fit_summed <- function(x, parsed, REML, control, start, call) {
  check_format(x)
  # related levels are those of the cross-products
  parsed <- with_relationship(parsed, relationships_of(x$random)[intersect(
    names(relationships_of(x$random)), vapply(parsed$random, `[[`, "", "group_name")
  )])
  chosen <- choose_columns(x, parsed)
  design <- chosen$design
  design$y <- numeric(nrow(x$skeleton))
  start <- check_start(start, design$random, control)
  check_random_terms(design$random, x$sums$n, control, NULL)
  ranked <- full_rank_sums(chosen$sums, design, control)
  columns <- ranked$columns
  prepared <- prepare_cpp(NULL, ranked$sums)
  on.exit(release_cpp(prepared$pointer))
  constraints <- new_constraints(control, design$random)
  result <- fit_core(prepared$pointer, design$random, REML, control, start, constraints)
  check_summed(result, ranked$sums, x$skeleton)
  print_trace(result$evidence$trace, control$trace)
  control$keep <- character(0L)
  fit <- new_lmm_fit(call, parsed, REML, NULL, design, columns, control, result, ranked$sums)
  # those of the skeleton
  fit$fitted <- fit$y <- NULL
  fit$summed <- x
  fit$rounding <- summed_rounding(x, fit)
  fit$sums_cancelled <- have_cancelled(x, ranked$sums)
  report_rounding(fit)
  fit$constraints <- constraints
  fit <- at_representative(fit, prepared$pointer, result, design)
  report_outcome(fit, control)
  fit
}

check_format <- function(x) {
  if (identical(x$format_version, 1L)) return(invisible(NULL))
  abort("These cross-products have format version {x$format_version}, not 1.",
    kind = "cross_products", observed = x$format_version
  )
}

# Columns and terms of a model in those of cross-products: list(`sums`, `design`, whose rows are the
# skeleton's).
choose_columns <- function(x, parsed) {
  if (identical(parsed$formula, x$parsed$formula)) {
    design <- skeleton_design(parsed, x$skeleton, x$contrasts, x$lost)
    return(list(sums = x$sums, design = design))
  }
  smaller <- smaller_model(x, parsed)
  specs <- core_specs(smaller$design$random)
  sums <- select_columns_cpp(x$sums, smaller$x, smaller$z, specs)
  # terms may have another order now
  groups <- unique(vapply(smaller$design$random, `[[`, "", "group"))
  old <- unique(vapply(x$random, `[[`, "", "group"))[lengths(smaller$z) > 0L]
  if (!identical(groups, old)) {
    levels <- lapply(old, function(group) {
      n <- length(term_on(smaller$design$random, group)$levels)
      list(position = seq_len(n), n = n)
    })
    sums <- rearrange_cpp(sums, match(groups, old), levels, specs)
  }
  list(sums = sums, design = smaller$design)
}

# The positions of a model's columns, found by their names and values in the skeleton.
smaller_model <- function(x, parsed) {
  response <- expression_text(parsed$fixed[[2L]])
  if (response != names(x$skeleton)[1L]) {
    abort("The cross-products are of the response {.code {names(x$skeleton)[1L]}}, not of
           {.code {response}}.",
      kind = "cross_products", variable = response, observed = names(x$skeleton)[1L]
    )
  }
  offsets <- function(one) {
    terms <- stats::terms(one$frame_formula)
    sort(variable_names(terms)[attr(terms, "offset")])
  }
  if (!identical(offsets(parsed), offsets(x$parsed))) {
    abort(c("The cross-products have the offset {.code {offsets(x$parsed)}}, which the formula must
             have as well, and no other.", "i" = "Make them anew to change it."),
      kind = "cross_products", variable = "offset", observed = offsets(parsed)
    )
  }
  unknown <- setdiff(formula_columns(parsed), names(x$skeleton))
  if (length(unknown) > 0L) {
    abort(c("The cross-products have no variable {.code {unknown[1L]}}.",
      "i" = "Make them anew, from a formula that has it."
    ), kind = "cross_products", variable = unknown[1L], observed = names(x$skeleton))
  }
  frame <- x$skeleton
  attr(frame, "fixed_terms") <- fixed_terms(parsed, NULL, frame)
  smaller <- skeleton_design(parsed, frame, x$contrasts, x$lost)
  values <- plain_numbers(frame, parsed)
  all <- design_matrix(x$terms, values, x$contrasts)
  own <- design_matrix(smaller$terms, values, x$contrasts)
  list(
    design = smaller, x = find_columns(own, all, "the fixed effects"),
    z = smaller_terms(x, parsed, smaller, frame, values)
  )
}

formula_columns <- function(parsed) variable_names(stats::terms(parsed$frame_formula))

find_columns <- function(own, all, place) {
  at <- match(colnames(own), colnames(all))
  same <- !is.na(at)
  same[same] <- vapply(which(same), function(c) {
    isTRUE(all.equal(own[, c], all[, at[c]], tolerance = 1e-12, check.attributes = FALSE))
  }, TRUE)
  if (all(same)) return(at)
  missing <- colnames(own)[!same][1L]
  abort(c("The cross-products have no column {.val {missing}} of {place} that the model has.",
    "i" = "Make them anew, from a formula that has it."
  ), kind = "cross_products", variable = missing, observed = colnames(all))
}

# Of each block of the sums its columns that the smaller model has.
smaller_terms <- function(x, parsed, smaller, frame, values) {
  groups <- unique(vapply(x$random, `[[`, "", "group"))
  wanted <- vapply(smaller$random, `[[`, "", "group")
  if (!all(wanted %in% groups)) {
    lost <- setdiff(wanted, groups)[1L]
    abort(c("The cross-products have no grouping factor {.var {lost}}.",
      "i" = "Make them anew, from a formula that has it."
    ), kind = "cross_products", variable = lost, observed = groups)
  }
  lapply(groups, function(group) {
    all <- block_columns(x$parsed, x$random, group, frame, values, x$contrasts)
    own <- block_columns(parsed, smaller$random, group, frame, values, x$contrasts)
    if (is.null(own)) return(integer(0L))
    find_columns(own, all, paste0("the random effects of ", group))
  })
}

# Columns of all terms on a factor, in the rows of the skeleton; NULL without one.
block_columns <- function(parsed, random, group, frame, values, contrasts) {
  own <- Filter(function(term) term$group == group, random)
  if (length(own) == 0L) return(NULL)
  do.call(cbind, lapply(own, function(term) {
    if (is.null(term$terms)) {
      return(matrix(1, nrow(frame), 1L, dimnames = list(NULL, "(Intercept)")))
    }
    design_matrix(term$terms, values, term$contrasts %||% contrasts)
  }))
}

# As keep_full_rank(), by the pivots of sums: columns below 1e-13 of their own squares are
# combinations of earlier ones.
full_rank_sums <- function(sums, design, control) {
  pivots <- relative_pivots_cpp(sums)
  keep <- which(pivots > 1e-13)
  columns <- keep_full_rank(design$X, keep, control)
  if (length(keep) < length(pivots)) {
    blocks <- lapply(sums$blocks$terms, function(term) seq_len(term$v))
    sums <- select_columns_cpp(sums, keep, blocks, sums$specs)
  }
  check_residual_df(sums$n, length(keep))
  list(sums = sums, columns = columns)
}

# Relative rounding of the residual sum of squares, and so of sigma^2 and shares of variance: the
# sum of squares of y that was added up, about the centre that it was added up about, beside it.
summed_rounding <- function(x, fit) {
  squares <- x$squares %||% x$sums$blocks$dense[x$sums$p + 1L, x$sums$p + 1L]
  .Machine$double.eps * max(1, squares / fit$pwrss)
}

# Was more added up than is left about the least-squares fit? Random effects far larger than the
# residuals take digits as well, of data frames as of sums: see `report_precision()`.
have_cancelled <- function(x, sums) {
  isTRUE(x$squares > 100 * sums$blocks$dense[sums$p + 1L, sums$p + 1L])
}

# Estimates by a search that knows the criterion to fewer digits have half as many.
report_rounding <- function(fit) {
  rounding <- fit$rounding
  if (!fit$sums_cancelled || !(rounding > 1e-8)) return(invisible(NULL))
  digits <- floor(-log10(rounding))
  size <- format(signif(.Machine$double.eps / rounding, 1L))
  remedy <- "Make the cross-products of the rows anew, by {.fn chunks}, and not by taking rows
             away or by queries; or subtract from the response what is far from zero."
  if (digits < 4) {
    abort(c("The residual sum of squares of these cross-products is lost in their rounding.",
      "x" = "It is {size} of the squares that were added up.", "i" = remedy
    ), kind = "precision", observed = rounding)
  }
  inform(c("The residual sum of squares of these cross-products has {digits} digits.",
    "x" = "It is {size} of the squares that were added up: the others have cancelled.",
    "i" = remedy
  ), kind = "precision", observed = rounding)
}

# The criterion is finite, and there is residual variation.
check_summed <- function(result, sums, skeleton) {
  p <- sums$p
  left <- sums$blocks$dense[p + 1L, p + 1L] # about the least-squares fit
  slopes <- sums$shift$y
  slopes[sums$intercept] <- 0
  explained <- sum(slopes * (sums$blocks$dense[seq_len(p), seq_len(p), drop = FALSE] %*% slopes))
  defined <- result$status == "fitted"
  if (defined && result$point$pwrss > 1e-13 * left && left > 1e-13 * (left + explained)) {
    return(invisible(NULL))
  }
  if (!defined && left > 0 && is.finite(left)) {
    abort(c("The criterion of these cross-products is not finite.",
      "i" = "Are there values beyond 1e150 in the data?"
    ), kind = "computation", variable = names(skeleton)[1L])
  }
  abort_exact_response(skeleton)
}

# Sums of w, w y and w y^2 from sums about shifts: y = (X - x) b + r; NA without a column of ones.
summed_response <- function(sums) {
  own <- seq_len(sums$p)
  G <- sums$blocks$dense
  b <- sums$shift$y
  ones <- sums$intercept
  along <- drop(G[own, own, drop = FALSE] %*% b)
  if (ones == 0L) return(c(NA, NA, sum(b * along) + 2 * sum(b * G[own, sums$p + 1L]) +
    G[sums$p + 1L, sums$p + 1L]))
  c(
    G[ones, ones], along[ones] + G[ones, sums$p + 1L],
    sum(b * along) + 2 * sum(b * G[own, sums$p + 1L]) + G[sums$p + 1L, sums$p + 1L]
  )
}
