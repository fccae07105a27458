# Rows come and go: sums of cross-products, and their differences.

#' Add rows to cross-products, or take rows away
#'
#' `+` and `merge()` give the cross-products of all rows together, `-` those without the rows of the
#' second: what a fit of the remaining rows needs, without going back to them.
#'
#' @param x,e1 Cross-products, by [cross_products()].
#' @param y,e2 Cross-products of the same model, or [chunks()], whose rows are then added up as
#'   those of the first; in `merge()` also a data frame (of an operator with a data frame R asks the
#'   data frame's method).
#' @param subtract One logical: shall the rows of `y` be taken away, as by `-`?
#' @param duplicates One logical: may both have the same rows?
#' @param ... Not used.
#' @return Cross-products. Levels that only one has are united by name; those whose rows have all
#'   been taken away are left out. A level of a factor of the fixed part without rows remains, and
#'   its column is dropped by the fit as one that says nothing.
#' @section What is checked: formula, weights, offset, contrasts, levels and their order, types,
#'   values from outside the data. Rows must not count twice: each piece of data is known by a hash
#'   of its values, and sums that are equal throughout are those of the same rows. A part of the
#'   rows in another order, or cut into other pieces, cannot be told from other rows.
#'   Rows taken away must be there: levels are counted, sums of squares cannot become negative.
#' @section Digits: sums are about stored centres and are moved to common ones, which costs none.
#'   Taking away costs as many as the remaining sums are smaller. More than half of all digits is an
#'   error: make the cross-products anew.
#' @section Errors: `henderson_error_cross_products`.
#' @seealso [cross_products()], [write_cross_products()]
#' @examples
#' model <- Reaction ~ Days + (Days | Subject)
#' early <- cross_products(model, subset(sleepstudy, Days < 5))
#' all <- merge(early, subset(sleepstudy, Days >= 5))
#' lmm(all)
#' # without one subject
#' lmm(merge(all, subset(sleepstudy, Subject == "308"), subtract = TRUE))
#' # what remains of early rows
#' all - early
#' @name cross_product_sums
NULL

#' @rdname cross_product_sums
#' @export
merge.henderson_cross_products <- function(x, y, subtract = FALSE, duplicates = FALSE, ...) {
  check_no_dots(...)
  check_supplied(y)
  check_flag(subtract)
  check_flag(duplicates)
  combine_summaries(x, y, if (subtract) -1 else 1, duplicates)
}

#' @rdname cross_product_sums
#' @export
`+.henderson_cross_products` <- function(e1, e2) {
  if (missing(e2)) return(e1)
  if (!inherits(e1, "henderson_cross_products")) return(combine_summaries(e2, e1, 1))
  combine_summaries(e1, e2, 1)
}

#' @rdname cross_product_sums
#' @export
`-.henderson_cross_products` <- function(e1, e2) {
  check_supplied(e2)
  combine_summaries(e1, e2, -1)
}

#' x + factor y
#' @noRd
combine_summaries <- function(x, y, factor, duplicates = FALSE) {
  y <- as_summary(y, x)
  x <- as_summary(x, y)
  check_format(x)
  check_format(y)
  check_same_model(x, y)
  united <- unite_skeletons(x, y)
  united$design <- skeleton_design(x$parsed, united$skeleton, x$contrasts)
  moved <- lapply(list(x, y), on_levels, united$design$random)
  if (factor > 0 && !duplicates) check_distinct(x, y, moved)
  if (factor < 0) check_removable(x, y)
  sums <- add_cross_products_cpp(moved[[1L]], moved[[2L]], factor)
  counts <- combine_counts(x, y, united$design$random, factor)
  lost <- lost_levels(x, y, united$design$random, counts, factor)
  design <- skeleton_design(x$parsed, united$skeleton, x$contrasts, lost)
  squares <- sum(x$squares, y$squares, sums$blocks$dense[sums$p + 1L, sums$p + 1L])
  if (factor < 0 && !isTRUE(sums$n > 0)) {
    abort("No row is left.", kind = "cross_products", variable = "e2", observed = sums$n)
  }
  sums <- arrange_levels(sums, united$design$random, design$random)
  if (factor < 0) check_digits_left(x$sums, sums, names(x$skeleton)[1L])
  least <- if (factor > 0) c(x$min_count, y$min_count)
  new_summary(x$parsed, list(
    sums = sums, skeleton = united$skeleton, weighted = x$weighted || y$weighted,
    declared = united$declared, types = unite_types(x$types, y$types), design = design,
    rows = x$rows + factor * y$rows, omitted = x$omitted + factor * y$omitted,
    counts = counts_of_levels(counts, design$random),
    parts = combine_parts(x$parts, y$parts, factor), squares = squares, lost = lost,
    min_count = if (length(least) == 2L) min(least)
  ), x$call)
}

unite_types <- function(x, y) replace(x, x == "integer" & y[names(x)] == "number", "number")

# Rows are added up as those of the other.
as_summary <- function(x, like) {
  if (inherits(x, "henderson_cross_products")) return(x)
  if (is_lazy_table(x)) x <- chunks(x)
  if (!inherits(like, "henderson_cross_products") ||
        !(is.data.frame(x) || inherits(x, "henderson_chunks"))) {
    given <- describe_value(x)
    abort("Cross-products, or data to add up as theirs, can be added to cross-products, not
           {given}.", kind = "cross_products", observed = class(x)
    )
  }
  sum_data(like$parsed, x, like$call, environment(like$parsed$formula), like$contrasts,
    like = like
  )
}

# What is left must have digits left.
check_digits_left <- function(before, after, name) {
  own <- after$p + 1L
  ratio <- after$blocks$dense[own, own] / before$blocks$dense[own, own]
  if (isTRUE(ratio > 1e-8)) return(invisible(NULL))
  what <- if (isTRUE(ratio < -1e-8)) {
    "The sum of squares of {.var {name}} would be negative: these rows are not among the others."
  } else {
    "Too little is left: {signif(ratio, 1)} of the sum of squares of {.var {name}}, and of its
     digits as few."
  }
  abort(c("These rows cannot be taken away.", "x" = what,
    "i" = "Make the cross-products of the rows that remain."
  ), kind = "cross_products", variable = name, observed = ratio)
}

combine_counts <- function(x, y, random, factor) {
  groups <- unique(vapply(random, `[[`, "", "group"))
  lapply(stats::setNames(nm = groups), function(group) {
    own <- x$counts[[group]]
    other <- y$counts[[group]]
    if (is.null(own) || is.null(other)) return(NULL)
    all <- term_on(random, group)$levels
    counts <- stats::setNames(numeric(length(all)), all)
    counts[names(own)] <- own
    counts[names(other)] <- counts[names(other)] + factor * other
    counts
  })
}

counts_of_levels <- function(counts, random) {
  lapply(stats::setNames(nm = names(counts)), function(group) {
    counts[[group]][term_on(random, group)$levels]
  })
}

# Levels in the skeleton without a row; those of a relationship need none.
lost_levels <- function(x, y, random, counts, factor) {
  lost <- lapply(stats::setNames(nm = names(counts)), function(group) {
    term <- term_on(random, group)
    if (is_related(term)) return(character(0L))
    if (is.null(counts[[group]])) return(setdiff(x$lost[[group]], names(y$counts[[group]])))
    had <- c(x$lost[[group]], y$lost[[group]])
    empty <- names(counts[[group]])[counts[[group]] == 0]
    if (factor < 0) empty else intersect(empty, had)
  })
  Filter(length, lost)
}

unite_skeletons <- function(x, y) {
  declared <- lapply(stats::setNames(nm = names(x$declared)), function(name) {
    own <- x$declared[[name]]
    other <- y$declared[[name]]
    unite_levels(own, other, if (all(own %in% other)) other else own)
  })
  frame <- bind_frames(list(x$skeleton, y$skeleton), declared)
  kept <- attributes(x$skeleton)[c("terms", "fixed_terms", "data_variables", "data_names")]
  attributes(frame) <- c(attributes(frame), kept)
  list(skeleton = frame, declared = declared)
}

# Sums by the levels, and in the order, of other terms on the same factors.
on_levels <- function(x, random) arrange_levels(x$sums, x$random, random, NULL)

# From the levels and the order of some terms to those of others on the same factors; levels that
# these do not have, and that have no rows, go.
arrange_levels <- function(sums, from, to, specs = core_specs(to)) {
  groups <- function(terms) unique(vapply(terms, `[[`, "", "group"))
  old <- groups(from)
  levels <- lapply(old, function(group) {
    all <- term_on(to, group)$levels
    list(
      position = match(term_on(from, group)$levels, all, nomatch = 0L), n = length(all)
    )
  })
  rearrange_cpp(sums, match(groups(to), old), levels, specs)
}
