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
#' @param min_count `NULL`, or one whole number: a sum over fewer rows is an error, see below.
#' @param resume `NULL`, or the path of a file. With [chunks()] what has been added up is saved
#'   there after each piece, as long as saving takes less than a tenth of the time; where the file
#'   is there already, work that was interrupted or killed goes on after the last saved piece, to
#'   the same result to the last bit. The file is deleted at the end.
#' @param progress One logical: a progress bar, from two seconds on?
#' @param ... Not used.
#' @param x Cross-products.
#' @return An object of class `henderson_cross_products`: `sums` (about stored centres, see
#'   `sums$shift`), `formula`, `terms`, `contrasts`, `xlevels`, `random` (terms and their levels),
#'   `counts` (rows by level), `columns` (of X), `rows` (read), `omitted` (for missing values).
#' @section What they cannot give: residuals, fitted values, leverages and influence, and whatever
#'   else is by row. Methods that need rows say so; [predict()][predict.henderson_lmm] takes
#'   `newdata`.
#' @section What they reveal: all labels of levels. Sums of the response, of predictors and of their
#'   products by level of each grouping factor, and over all rows; which levels meet in how many
#'   rows. From a level of one row its response can be computed, from one of two rows both. Without
#'   `min_count`, `skeleton` also holds, for each level, the predictors of a row that has it. With
#'   `min_count = k` its numbers are arbitrary ones, and it is an error if one of these cells has
#'   rows, but fewer than k: a level, within the levels of the factors on its left-hand side; a
#'   combination of the factors of a fixed term; a value of a variable that has two; the meeting of
#'   any two of these. Nothing is left out, as sums without small cells would give another fit. What
#'   follows from several summaries, such as those before and after one row came, is not checked,
#'   and labels may tell who it is. `parts` has a hash of the values of each piece: who has the
#'   piece's data can tell that they are these.
#' @section Digits: Sums of pieces are about means and the least-squares fit of their rows, and
#'   lose no digits. Those of a database are about its means, and those that are left where rows
#'   were taken away keep the rounding of what they were. The field `rounding` of a fit is the
#'   relative rounding of the residual sum of squares that is to be expected, and so of
#'   \eqn{\hat\sigma^2}{sigma_hat^2} and \eqn{R^2}{R^2}: 1e-12 are twelve digits. Prints say so
#'   from 1e-10 on, a message (`precision`) from 1e-8 on, and from 1e-4 on it is an error.
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
#'   Tested are RSQLite, RPostgres and RPostgreSQL. Rows of other databases, such as MariaDB, are
#'   fetched, with a message; `chunks(table)` does so without one. For DuckDB,
#'   Snowflake and Spark (by odbc) `strategy = "queries"` writes SQL of which only the text is
#'   tested.
#' @section By several processes: Pieces are independent, so that workers of package future, also on
#'   a cluster, can add up theirs; levels of factors among the columns must be the same in all:
#'   ```r
#'   future::plan("multisession")
#'   parts <- future.apply::future_lapply(files, function(file) {
#'     cross_products(y ~ x + (1 | g), chunks(file))
#'   })
#'   lmm(Reduce(`+`, parts))
#'   ```
#'   The folder `system.file("cluster", package = "henderson")` has scripts for Slurm:
#'   `bash slurm.sh model.R OUT 100` submits an array of 100 tasks, each of which adds up its share
#'   of the rows, and a job after it that fits their sum.
#' @section Errors: those of [lmm()] about the data; `henderson_error_cross_products` for a sum of
#'   cross-products of different models, and for a model whose columns they do not have.
#' @seealso [chunks()]; [merge()][merge.henderson_cross_products], `+` and `-`;
#'   [write_cross_products()]; [fitted_in_pieces] for what is by row
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
                           relationship = NULL, strategy = "auto", show_query = FALSE,
                           min_count = NULL, resume = NULL, progress = interactive()) {
  check_no_dots(...)
  call <- match.call()
  caller <- parent.frame()
  check_supplied(formula)
  parsed <- parse_formula(formula, caller)
  parsed <- with_relationship(parsed, check_relationship(relationship))
  check_supplied(data)
  check_choice(strategy, c("auto", "queries", "rows"), "strategy")
  check_flag(show_query)
  if (!is.null(min_count)) check_count(min_count, "min_count", min = 1)
  check_flag(progress)
  # cells are counted, and work is saved, row by row
  if (is_lazy_table(data) && !(is.null(min_count) && is.null(resume))) data <- chunks(data)
  sum_data(parsed, data, call, caller, contrasts, strategy, show_query,
    min_count = min_count, resume = resume, progress = progress
  )
}

#' @param data data frame, `chunks()` or lazy table; `...` for `sum_rows()`.
#' @noRd
sum_data <- function(parsed, data, call, env, contrasts, strategy = "auto", show_query = FALSE,
                     ...) {
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
  new_summary(parsed, sum_rows(parsed, data, call, env, contrasts, ...), call)
}

new_summary <- function(parsed, summed, call) {
  design <- summed$design
  x <- structure(list(
    format_version = 1L, sums = summed$sums, formula = parsed$formula, parsed = parsed,
    columns = colnames(design$X), assign = attr(design$X, "assign"), terms = design$terms,
    xlevels = design$xlevels, contrasts = all_contrasts(design), types = summed$types,
    random = lapply(design$random, function(term) term[setdiff(names(term), c("z", "level"))]),
    skeleton = summed$skeleton, weighted = summed$weighted, declared = summed$declared,
    rows = summed$rows, omitted = summed$omitted, call = call, counts = summed$counts,
    parts = summed$parts, squares = summed$squares, lost = summed$lost,
    min_count = summed$min_count
  ), class = "henderson_cross_products")
  x$outside <- outside_values(x)
  x
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
    paste("Size:", size),
    if (!is.null(x$min_count)) paste("Each cell has at least", x$min_count, "rows")
  ))
  invisible(x)
}

labelled_formula <- function(formula) paste("Formula:", expression_text(formula))
