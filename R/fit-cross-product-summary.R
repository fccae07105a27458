# Cross-products as an object of their own: of a model and all rows of its data, without the rows.

#' Cross-products of a model
#'
#' Everything that [lmm()] needs of the data: sums of products of the columns of `[Z X y]`, by level
#' of the grouping factors and by pair of levels that meet. Their size does not depend on the number
#' of rows. They can be saved, sent, added to those of other rows, and fitted as often as wanted,
#' with any model whose columns are among theirs; results are those of the rows, to rounding.
#'
#' @param formula,contrasts,relationship As for [lmm()].
#' @param data A data frame, or [chunks()]: then the rows are read piece by piece, once, and a
#'   second time if a level of a factor of the fixed part, or of a left-hand side, comes up late.
#' @param subset,weights,na.action,offset As for [lmm()], evaluated in each piece.
#' @param ... Not used.
#' @param x,y,e1,e2 Cross-products of the same model, of different rows.
#' @return An object of class `henderson_cross_products`: `sums` (about stored centres, see
#'   `sums$shift`), `formula`, `terms`, `contrasts`, `xlevels`, `random` (terms and their levels),
#'   `columns` (of X), `rows` (read), `omitted` (for missing values), `means` (of the numeric
#'   variables). `+` and `merge()` give those of all rows together: levels that only one has are
#'   united by name.
#' @section What they cannot give: residuals, fitted values, leverages and influence, and whatever
#'   else is by row. Methods that need rows say so; [predict()][predict.henderson_lmm] takes
#'   `newdata`.
#' @section What they reveal: sums by level. A level with one row shows that row.
#' @section Errors: those of [lmm()] about the data; `henderson_error_cross_products` for a sum of
#'   cross-products of different models, and for a model whose columns they do not have.
#' @seealso [chunks()]
#' @examples
#' early <- cross_products(Reaction ~ Days + (Days | Subject), subset(sleepstudy, Days < 5))
#' late <- cross_products(Reaction ~ Days + (Days | Subject), subset(sleepstudy, Days >= 5))
#' both <- early + late
#' both
#' lmm(both)
#' # a smaller model, without going back to the rows
#' lmm(Reaction ~ Days + (1 | Subject), both)
#' @export
cross_products <- function(formula, data, subset, weights, na.action, offset, contrasts = NULL, ...,
                           relationship = NULL) {
  check_no_dots(...)
  call <- match.call()
  caller <- parent.frame()
  check_supplied(formula)
  parsed <- parse_formula(formula, caller)
  parsed <- with_relationship(parsed, check_relationship(relationship))
  check_supplied(data)
  sum_data(parsed, data, call, caller, contrasts)
}

#' @param data data frame or `chunks()`.
#' @noRd
sum_data <- function(parsed, data, call, env, contrasts) {
  if (!inherits(data, "henderson_chunks") && !is.data.frame(data)) {
    given <- describe_value(data)
    abort("{.arg data} must be a data frame or {.fn chunks}, not {given}.",
      kind = "data", variable = "data", observed = class(data)
    )
  }
  whole <- is.data.frame(data)
  if (whole) {
    pieces <- list(data)
    data <- list(open = function() pieces_of_function(function(i) if (i == 1L) pieces[[1L]]))
  }
  new_summary(parsed, sum_rows(parsed, data, call, env, contrasts, whole), call)
}

new_summary <- function(parsed, summed, call) {
  design <- summed$design
  structure(list(
    format_version = 1L, sums = summed$sums, formula = parsed$formula, parsed = parsed,
    columns = colnames(design$X), assign = attr(design$X, "assign"), terms = design$terms,
    xlevels = design$xlevels, contrasts = design$contrasts,
    random = lapply(design$random, function(term) term[setdiff(names(term), c("z", "level"))]),
    skeleton = summed$skeleton, data = summed$data, weighted = summed$weighted,
    declared = summed$declared, means = summed$means,
    distinct = summed$distinct, rows = summed$rows,
    omitted = summed$omitted, call = call
  ), class = "henderson_cross_products")
}

#' @rdname cross_products
#' @export
print.henderson_cross_products <- function(x, ...) {
  count <- function(n) format(n, big.mark = ",", scientific = FALSE)
  groups <- vapply(x$random, `[[`, "", "group")
  levels <- vapply(x$random, function(term) count(length(term$levels)), "")
  own <- !duplicated(groups)
  omitted <- if (x$omitted > 0) paste0(", ", count(x$omitted), " left out for missing values")
  size <- format(structure(as.double(utils::object.size(x$sums)), class = "object_size"), "auto")
  write_lines(c(
    "Cross-products of a linear mixed model", labelled_formula(x$parsed$formula),
    paste0("Rows: ", count(x$sums$n), omitted),
    paste0("Columns of X: ", length(x$columns), "; groups: ",
      paste0(groups[own], ", ", levels[own], collapse = "; ")),
    paste("Size:", size)
  ))
  invisible(x)
}

labelled_formula <- function(formula) paste("Formula:", expression_text(formula))

#' @rdname cross_products
#' @export
merge.henderson_cross_products <- function(x, y, ...) {
  check_no_dots(...)
  add_summaries(x, y)
}

#' @rdname cross_products
#' @export
`+.henderson_cross_products` <- function(e1, e2) {
  if (missing(e2)) return(e1)
  add_summaries(e1, e2)
}

add_summaries <- function(x, y) {
  for (one in list(x, y)) {
    if (!inherits(one, "henderson_cross_products")) {
      given <- describe_value(one)
      abort("Cross-products can be added to cross-products only, not to {given}.",
        kind = "cross_products", observed = class(one)
      )
    }
  }
  check_same_model(x, y)
  united <- unite_skeletons(x, y)
  moved <- lapply(list(x, y), on_levels, united$design$random)
  sums <- add_cross_products_cpp(moved[[1L]], moved[[2L]])
  same <- lapply(united$design$random, function(term) list(
    position = seq_along(term$levels), n = length(term$levels)
  ))
  groups <- vapply(united$design$random, `[[`, "", "group")
  sums <- rearrange_cpp(
    sums, seq_len(sum(!duplicated(groups))), same[!duplicated(groups)],
    core_specs(united$design$random)
  )
  rows <- c(x$rows - x$omitted, y$rows - y$omitted)
  means <- (x$means * rows[1L] + y$means[names(x$means)] * rows[2L]) / sum(rows)
  distinct <- lapply(stats::setNames(nm = names(x$distinct)), function(name) {
    utils::head(union(x$distinct[[name]], y$distinct[[name]]), 3L)
  })
  new_summary(x$parsed, list(
    sums = sums, skeleton = united$skeleton, data = united$data,
    weighted = x$weighted || y$weighted, declared = united$declared, design = united$design,
    rows = x$rows + y$rows,
    omitted = x$omitted + y$omitted, means = means, distinct = distinct
  ), x$call)
}

check_same_model <- function(x, y) {
  text <- function(one) expression_text(one$parsed$formula)
  refuse <- function(what, a, b) {
    abort(c("Cross-products of different models cannot be added: {what} differ.",
      "x" = "{.val {a}} and {.val {b}}"
    ), kind = "cross_products", observed = list(a, b))
  }
  if (text(x) != text(y)) refuse("the formulas", text(x), text(y))
  if (!identical(x$columns, y$columns)) {
    refuse("the columns of the fixed effects", setdiff(x$columns, y$columns),
      setdiff(y$columns, x$columns))
  }
  for (name in union(names(x$xlevels), names(y$xlevels))) {
    if (!identical(x$xlevels[[name]], y$xlevels[[name]])) {
      refuse(paste("levels of", name), x$xlevels[[name]], y$xlevels[[name]])
    }
  }
  if (!isTRUE(all.equal(x$contrasts, y$contrasts))) {
    refuse("contrasts", names(x$contrasts), names(y$contrasts))
  }
  bases <- lapply(list(x, y), function(one) attr(one$terms, "predvars"))
  if (!identical(bases[[1L]], bases[[2L]])) {
    refuse("bases of terms such as poly() or scale()", expression_text(bases[[1L]]),
      expression_text(bases[[2L]]))
  }
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
  list(skeleton = frame, declared = declared,
    data = bind_frames(list(x$data, y$data), declared),
    design = skeleton_design(x$parsed, frame, x$contrasts)
  )
}

# Sums by the levels, and in the order, of other terms on the same factors.
on_levels <- function(x, random) {
  groups <- function(terms) unique(vapply(terms, `[[`, "", "group"))
  old <- groups(x$random)
  new <- groups(random)
  levels <- lapply(old, function(group) {
    all <- term_on(random, group)$levels
    list(position = match(term_on(x$random, group)$levels, all), n = length(all))
  })
  rearrange_cpp(x$sums, match(new, old), levels, NULL)
}
