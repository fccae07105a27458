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
#'   second time if a level of a factor of the fixed part, or of a left-hand side, comes up late. Or
#'   a table of a database, `dplyr::tbl(con, "name")`, also filtered, joined or with new columns.
#' @param subset,weights,na.action,offset As for [lmm()], evaluated in each piece.
#' @param strategy Of a table of a database: `"queries"`, the database adds up its rows, and only
#'   sums come back; `"rows"`, the rows are fetched piece by piece; `"auto"`, queries of servers of
#'   PostgreSQL, rows of all others.
#' @param show_query Logical: print the queries that a database is sent.
#' @param ... Not used.
#' @param x,y,e1,e2 Cross-products of the same model, of different rows.
#' @return An object of class `henderson_cross_products`: `sums` (about stored centres, see
#'   `sums$shift`), `formula`, `terms`, `contrasts`, `xlevels`, `random` (terms and their levels),
#'   `columns` (of X), `rows` (read), `omitted` (for missing values). `+` and `merge()` give those
#'   of all rows together: levels that only one has are united by name.
#' @section What they cannot give: residuals, fitted values, leverages and influence, and whatever
#'   else is by row. Methods that need rows say so; [predict()][predict.henderson_lmm] takes
#'   `newdata`.
#' @section What they reveal: sums by level, and of whole rows what is not the response: `skeleton`
#'   holds, for each level, the predictors of a row that has it. The formula's environment is saved
#'   with them, as with any formula. They are not meant for data that must not be seen.
#' @section The same model: terms that depend on other rows than their own, such as `scale(x)`,
#'   `poly(x, 2)` or `weights = w / mean(w)`, are refused, as sums of several such models would be
#'   those of none. Where pieces have different levels of a factor, these are in alphabetical order,
#'   so that coefficients may have another reference than those of one data frame: declare all
#'   levels.
#' @section Tables of databases: A server of PostgreSQL (packages RPostgres, or RPostgreSQL) is
#'   asked for counts and means, then for sums by the levels of each grouping factor and of the
#'   factors among the columns, and by pairs of levels of two grouping factors, all in one
#'   transaction of isolation level repeatable read; it is enough to be allowed to read. Of a table
#'   that is partitioned over other servers by postgres_fdw each server adds up its own rows.
#'   Formulas, `weights`, `offset` and `subset` may use arithmetic, `I()`, `log()` and `log2()`,
#'   `log10()`, `exp()`, `sqrt()`, `abs()`, `floor()`, `ceiling()`, `poly(raw = TRUE)`, `ifelse()`,
#'   comparisons, `&`, `|`, `!`, `%in%`, `is.na()`, `factor()` and `as.numeric()`; of a model that
#'   has more, or more than 5000 combinations of levels of the factors among its columns, the rows
#'   are fetched, with a message. Up to a thousand rows are fetched in any case: R computes them as
#'   well, and what differs is not left to the database. Levels are in the order of the C locale,
#'   not in the server's. The file of an SQLite database (RSQLite) is read by this process anyway,
#'   and fetching its rows takes a tenth of the time of such queries.
#'
#'   Tested are RSQLite, RPostgres and RPostgreSQL. What is written for other databases is tested as
#'   text only; their rows are fetched.
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
                           relationship = NULL, strategy = "auto",
                           show_query = FALSE) {
  check_no_dots(...)
  call <- match.call()
  caller <- parent.frame()
  check_supplied(formula)
  parsed <- parse_formula(formula, caller)
  parsed <- with_relationship(parsed, check_relationship(relationship))
  check_supplied(data)
  check_choice(strategy, c("auto", "queries", "rows"), "strategy")
  check_flag(show_query)
  sum_data(parsed, data, call, caller, contrasts, strategy, show_query)
}

#' @param data data frame, `chunks()` or lazy table.
#' @noRd
sum_data <- function(parsed, data, call, env, contrasts, strategy = "auto", show_query = FALSE) {
  # `..1` means something in this call only
  for (name in intersect(names(call), c("subset", "weights", "na.action", "offset"))) {
    call[[name]] <- expression_behind_dots(call[[name]], env)
  }
  if (is_lazy_table(data)) {
    summed <- sum_table(parsed, data, call, env, contrasts, strategy, show_query)
    return(new_summary(parsed, summed, call))
  }
  if (!inherits(data, "henderson_chunks") && !is.data.frame(data)) {
    given <- describe_value(data)
    abort("{.arg data} must be a data frame, {.fn chunks} or a table of a database, not {given}.",
      kind = "data", variable = "data", observed = class(data)
    )
  }
  if (is.data.frame(data)) {
    pieces <- list(data)
    data <- list(open = function() pieces_of_function(function(i) if (i == 1L) pieces[[1L]]))
  }
  new_summary(parsed, sum_rows(parsed, data, call, env, contrasts), call)
}

new_summary <- function(parsed, summed, call) {
  design <- summed$design
  structure(list(
    format_version = 1L, sums = summed$sums, formula = parsed$formula, parsed = parsed,
    columns = colnames(design$X), assign = attr(design$X, "assign"), terms = design$terms,
    xlevels = design$xlevels, contrasts = all_contrasts(design), types = summed$types,
    random = lapply(design$random, function(term) term[setdiff(names(term), c("z", "level"))]),
    skeleton = summed$skeleton, weighted = summed$weighted, declared = summed$declared,
    rows = summed$rows, omitted = summed$omitted, call = call
  ), class = "henderson_cross_products")
}

# Of the factors of the fixed part and of left-hand sides, as matrices: they mean the same whatever
# the options of the session are.
all_contrasts <- function(design) {
  all <- do.call(c, c(list(design$contrasts), lapply(design$random, `[[`, "contrasts")))
  levels <- do.call(c, c(list(design$xlevels), lapply(design$random, `[[`, "xlevels")))
  all <- all[!duplicated(names(all))]
  lapply(stats::setNames(nm = names(all)), function(name) {
    contrast <- all[[name]]
    own <- levels[[name]] %||% c("FALSE", "TRUE") # of logical variables R has no levels
    if (!is.character(contrast)) return(contrast)
    matrix <- get(contrast, mode = "function")(own)
    rownames(matrix) <- own
    matrix
  })
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
  same <- lapply(united$design$random, function(term) {
    list(position = seq_along(term$levels), n = length(term$levels))
  })
  groups <- vapply(united$design$random, `[[`, "", "group")
  sums <- rearrange_cpp(
    sums, seq_len(sum(!duplicated(groups))), same[!duplicated(groups)],
    core_specs(united$design$random)
  )
  new_summary(x$parsed, list(
    sums = sums, skeleton = united$skeleton, weighted = x$weighted || y$weighted,
    declared = united$declared, types = x$types, design = united$design,
    rows = x$rows + y$rows, omitted = x$omitted + y$omitted
  ), x$call)
}

check_same_model <- function(x, y) {
  refuse <- function(what, a, b) {
    text <- function(value) {
      if (is.character(value)) value else paste(deparse(value, nlines = 3L), collapse = " ")
    }
    abort(c("Cross-products of different models cannot be added: {what} differ.",
      "x" = "{.val {text(a)}} and {.val {text(b)}}"
    ), kind = "cross_products", observed = list(a, b))
  }
  questions <- list(
    "the formulas" = function(one) expression_text(one$parsed$formula),
    "weights" = function(one) expression_text(one$call$weights %||% "none"),
    "offsets" = function(one) expression_text(one$call$offset %||% "none"),
    "the columns of the fixed effects" = function(one) one$columns,
    "levels of factors of the fixed part" = function(one) one$xlevels,
    "levels of factors of left-hand sides" = function(one) own_of_terms(one, "xlevels"),
    "the columns of the random effects" = function(one) own_of_terms(one, "columns"),
    "contrasts" = function(one) one$contrasts[sort(names(one$contrasts))],
    "types of variables" = function(one) one$types[sort(names(one$types))],
    "bases of terms such as poly() or scale()" = function(one) {
      list(attr(one$terms, "predvars"), lapply(own_of_terms(one, "terms"), attr, "predvars"))
    },
    "values from outside the data" = parameters_of,
    "relationships" = function(one) own_of_terms(one, "relationship")
  )
  for (what in names(questions)) {
    a <- questions[[what]](x)
    b <- questions[[what]](y)
    if (!isTRUE(all.equal(a, b, tolerance = 1e-12))) refuse(what, a, b)
  }
}

# A field of each random term, by its text.
own_of_terms <- function(x, field) {
  texts <- vapply(x$random, `[[`, "", "text")
  groups <- vapply(x$random, `[[`, "", "group")
  lapply(stats::setNames(x$random, paste(texts, groups)), `[[`, field)[order(texts, groups)]
}

# What names in the formula stand for that are no data.
parameters_of <- function(x) {
  terms <- attr(x$skeleton, "terms")
  names <- setdiff(all.vars(attr(terms, "variables")), names(x$types))
  parameters_at(sort(names), environment(terms))
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
