# Backward elimination of random, then fixed terms.

#' Backward elimination of terms
#'
#' Leaves out terms of a model one at a time, as long as the one with the largest p-value is not
#' significant: first parts of the random terms, then terms of the fixed part.
#'
#' @param fit A fit by [lmm()] that holds its model frame.
#' @param alpha_random,alpha_fixed One number between 0 and 1 each: terms with a larger p-value are
#'   eliminated.
#' @param ddf One string: how denominator degrees of freedom of the fixed terms are found,
#'   `"Satterthwaite"`, `"Kenward-Roger"` or `"expected"`, as in [anova()][anova.henderson_lmm].
#' @param reduce_random,reduce_fixed One logical each: eliminate from that part?
#' @param keep Character vector: terms of the fixed part that stay in the model, as their labels
#'   (`attr(terms(fit), "term.labels")`). With an interaction its margins stay too.
#' @param random_p One string: the p-value that decides on random terms, `"Pr(>Chisq)"`, as in
#'   lmerTest's `step()`, or `"p_mixture"`, which takes account of the boundary and is smaller: see
#'   [random_anova()].
#' @param ... Nothing; an argument that is not known is an error.
#' @details Random part: [random_anova()] of the current model, with parts of terms reduced before
#'   terms are removed. Fixed part: F tests of the terms that are margin to no other,
#'   `drop1(test = "F")`. The model is fitted again after every elimination, by the criterion of
#'   `fit`. Without any random term left the model is a linear one, and its F tests are those of
#'   [stats::lm()], with n - p degrees of freedom, whatever `ddf` and the criterion of `fit`.
#'
#'   Estimates, p-values and intervals of a model that was chosen in this way ignore the choice, and
#'   look better than they are.
#' @return A list of class `henderson_reduction`:
#'   \describe{
#'   \item{`random`}{a data frame of class `anova`: a row `<none>` for `fit`, one for every
#'     elimination and one for every term that stays, with the columns of [random_anova()] after a
#'     column `Eliminated`, the number of the step at which the term went, 0 if it stays.}
#'   \item{`fixed`}{the same for fixed terms: `Eliminated`, `Sum Sq`, `Mean Sq`, `NumDF`, `DenDF`,
#'     `F value`, `Pr(>F)`, as they were when the term went, or are in the final model.}
#'   \item{`fit`}{the final model: a fit by [lmm()], or, when no random term stays, by
#'   [stats::lm()]. It has the rows of `fit`, without those where a variable that was eliminated
#'   is missing, and [update()] keeps them; `update(data = )` takes all rows of its data.} }
#'   `random` and `fixed` are `NULL` where nothing was asked to be eliminated.
#' @section Errors: `henderson_error_argument` for malformed arguments, and for
#'   `ddf = "Kenward-Roger"` with a fit by maximum likelihood; `henderson_error_data` when the fit
#'   does not hold its model frame.
#' @source Kuznetsova, Brockhoff and Christensen (2017), *Journal of Statistical Software* 82(13),
#'   section 3.3.
#' @seealso [random_anova()], [random_structures()], [drop1()][drop1.henderson_lmm].
#' @examples
#' fit <- lmm(Reaction ~ Days + I(Days^2) + (Days | Subject), sleepstudy)
#' reduction <- reduce_terms(fit)
#' reduction
#' reduction$fit
#' @export
reduce_terms <- function(fit, alpha_random = 0.1, alpha_fixed = 0.05, ddf = "Satterthwaite",
                         reduce_random = TRUE, reduce_fixed = TRUE, keep = character(),
                         random_p = c("Pr(>Chisq)", "p_mixture"), ...) {
  check_no_dots(...)
  check_fit(fit)
  require_plain_residuals(fit, "The choice of terms")
  check_number(alpha_random, min = 0, max = 1)
  check_number(alpha_fixed, min = 0, max = 1)
  ddf <- ddf_method(ddf, fit)
  if (ddf == "none") {
    abort("Terms are eliminated by p-values, which {.code ddf = \"none\"} does not give.",
      kind = "argument", variable = "ddf", observed = ddf
    )
  }
  check_flag(reduce_random)
  check_flag(reduce_fixed)
  check_keep(keep, fit)
  random_p <- check_choice(random_p, c("Pr(>Chisq)", "p_mixture"))
  stepped <- step_progress("Backward elimination")
  random <- if (reduce_random) eliminate_random(fit, alpha_random, random_p, stepped)
  current <- if (reduce_random) random$fit else fit
  is_linear <- isFALSE(random$has_random)
  # which gives all degrees of freedom to sigma where every variance is zero
  if (is_linear) ddf <- "Satterthwaite"
  title <- paste(
    "Backward elimination of fixed terms",
    if (is_linear) "of the linear model" else paste("with", ddf_title(ddf))
  )
  fixed <- if (reduce_fixed) eliminate_fixed(current, alpha_fixed, ddf, keep, title, stepped)
  if (reduce_fixed) current <- fixed$fit
  structure(
    list(
      random = random$table, fixed = fixed$table,
      fit = if (is_linear) as_linear_model(current, parent.frame()) else current
    ),
    class = "henderson_reduction"
  )
}

check_keep <- function(keep, fit) {
  labels <- attr(fit$terms, "term.labels")
  if (is.character(keep) && all(keep %in% labels)) return(invisible(keep))
  wrong <- if (is.character(keep)) setdiff(keep, labels) else describe_value(keep)
  abort(c(
    "{.arg keep} must name terms of the fixed part, not {.val {wrong}}.",
    "i" = "The terms are {.val {labels}}."
  ), kind = "argument", variable = "keep", observed = wrong)
}

# --- random part ---

# list(`fit`, `table`, `has_random`). Function `stepped` is called after each elimination. Without
# random terms `fit` is the model with one of them held at a variance of zero: its fixed effects and
# F tests are those of the linear model.
eliminate_random <- function(fit, alpha, p_name, stepped) {
  current <- fit
  steps <- list()
  repeat {
    table <- random_anova(current)
    p <- table[[p_name]]
    # what cannot be tested, because it has no parameter, can go
    p[-1L][is.na(p[-1L])] <- 1
    worst <- which.max(p)
    if (length(steps) == 0L) steps <- list(elimination_row(table, 1L, 0L))
    if (p[worst] <= alpha) break
    steps <- c(steps, list(elimination_row(table, worst, length(steps))))
    reduction <- random_reductions(current)[[worst - 1L]]
    random <- replace_term(current$parsed$random, reduction$position, reduction$reduced)
    if (length(random) == 0L) {
      return(list(
        fit = held_at_zero(current), table = random_elimination(steps), has_random = FALSE
      ))
    }
    current <- refit_random(current, random)
    stepped()
  }
  steps <- c(steps, list(elimination_row(table, seq_len(nrow(table))[-1L], 0L)))
  list(fit = current, table = random_elimination(steps), has_random = TRUE)
}

# Rows of a table of tests, with the step of their elimination in front.
elimination_row <- function(table, rows, step) {
  values <- as.data.frame(table)[rows, , drop = FALSE]
  list(
    labels = rownames(table)[rows],
    values = cbind(Eliminated = rep(step, length(rows)), values)
  )
}

join_rows <- function(steps) {
  table <- do.call(rbind, lapply(steps, `[[`, "values"))
  attributes(table) <- attributes(table)[c("names", "row.names", "class")]
  class(table) <- "data.frame"
  rownames(table) <- unique_labels(unlist(lapply(steps, `[[`, "labels")))
  table
}

random_elimination <- function(steps) {
  table <- join_rows(steps)
  table$Eliminated[1L] <- NA
  table <- new_anova(table, "Backward elimination of random terms\n")
  class(table) <- c("henderson_random_anova", class(table))
  table
}

# The model with its random effects switched off, the parameters not to be optimized any more; by
# REML, whose sigma is that of lm().
held_at_zero <- function(fit) {
  fit$control$optimizer <- "none"
  fit$theta[] <- 0
  refit_parsed(fit, fit$parsed, model_frame_of(fit), TRUE, NULL, character(0L), fit$call)
}

# --- fixed part ---

eliminate_fixed <- function(fit, alpha, ddf, keep, title, stepped) {
  current <- fit
  steps <- list()
  repeat {
    scope <- setdiff(stats::drop.scope(current$terms), keep)
    if (length(scope) == 0L) break
    table <- drop1.henderson_lmm(current, scope, test = "F", ddf = ddf)
    p <- table[["Pr(>F)"]]
    # a term without coefficients of its own can go
    p[is.na(p)] <- 1
    worst <- which.max(p)
    if (p[worst] <= alpha) {
      steps <- c(steps, list(elimination_row(table, seq_len(nrow(table)), 0L)))
      break
    }
    steps <- c(steps, list(elimination_row(table, worst, length(steps) + 1L)))
    current <- refit_fixed(current, changed_fixed(current, scope[worst], "-"))
    stepped()
  }
  list(
    fit = current,
    table = if (length(steps) > 0L) new_anova(join_rows(steps), paste0(title, "\n"))
  )
}

# The linear model with the fixed part of a fit, as lm() makes it from its model frame. `caller`:
# where to look for the data.
as_linear_model <- function(fit, caller) {
  # with the columns that are linear combinations of others, for which lm() has coefficients NA
  X <- fit_design_again(fit)$X
  model <- if (is.null(fit$weights)) {
    stats::lm.fit(X, fit$y, offset = fit$offset)
  } else {
    stats::lm.wfit(X, fit$y, fit$weights, offset = fit$offset)
  }
  found <- data_of_call(fit, caller)
  data <- linear_data(fit, found)
  terms <- linear_terms(fit, data)
  variables <- c(variable_names(terms), "(weights)", "(offset)")
  structure(
    c(model, list(
      na.action = fit$na.action, contrasts = fit$contrasts, xlevels = fit$xlevels,
      call = linear_call(fit, terms, data), terms = terms, model = structure(
        fit$frame[intersect(variables, names(fit$frame))], terms = terms
      )
    )),
    class = "lm"
  )
}

# The data that the linear model carries: all rows of those of the call, with columns of the model
# frame in the place of those that were replaced; or else what the model frame has.
linear_data <- function(fit, found) {
  own <- own_variables(fit)
  replaced <- names(attr(fit$frame, "replaced"))
  extra <- intersect(c("(weights)", "(offset)", replaced), names(fit$frame))
  own[extra] <- unclass(fit$frame)[extra]
  if (found$status != "same") return(own)
  data <- columns_of_call(fit, union(linear_names(fit, found$data), names(own)), found)
  rows <- seq_len(nrow(data))
  subset <- fit$call$subset
  if (!is.null(subset)) {
    chosen <- evaluate_subset(subset, found$data, fit$parsed)
    rows <- if (is.character(chosen)) match(chosen, rownames(data)) else rows[chosen]
    # lm() has no rows twice in its data
    if (anyNA(rows) || anyDuplicated(rows)) return(own)
    data[["(subset)"]] <- seq_len(nrow(data)) %in% rows
  }
  if (length(fit$na.action) > 0L) rows <- rows[-fit$na.action]
  position <- match(seq_len(nrow(data)), rows)
  # the formula alone would take rows that a larger model left out
  if (keeps_rows(fit)) data[["(subset)"]] <- !is.na(position)
  data[replaced] <- lapply(unclass(own)[replaced], function(x) {
    if (is.null(dim(x))) x[position] else x[position, , drop = FALSE]
  })
  data
}

# Names of variables in the data of the call that can be columns.
linear_names <- function(fit, data) {
  names <- data_names(data)
  usable <- vapply(names, function(name) {
    x <- if (is.environment(data)) data[[name]] else .subset2(data, name)
    is.atomic(x) && !inherits(x, "integer64") && (is.data.frame(data) || NROW(x) >= length(fit$y))
  }, TRUE)
  union(setdiff(names[usable], names[duplicated(names)]), attr(fit$frame, "data_variables"))
}

# Variables, weights and offset for all rows of the data.
columns_of_call <- function(fit, names, found) {
  names <- setdiff(names, c("(weights)", "(offset)", names(attr(fit$frame, "replaced"))))
  formula <- column_formula(fit$parsed$fixed[[2L]], lapply(names, as.name), found$env)
  given <- Filter(Negate(is.null), as.list(fit$call)[c("weights", "offset")])
  frame <- evaluate_columns(formula, found$data, given, found$env)
  structure(
    unclass(frame)[intersect(c(names, "(weights)", "(offset)"), names(frame))],
    class = "data.frame", row.names = attr(frame, "row.names")
  )
}

# Terms of the linear model. A response such as log(y) that was replaced is a column of that name.
# What the data lack is not to be taken from elsewhere.
linear_terms <- function(fit, data) {
  terms <- fit$terms
  response <- names(fit$frame)[1L]
  if (response %in% names(attr(fit$frame, "replaced"))) {
    formula <- stats::formula(terms)
    formula[[2L]] <- as.name(response)
    predvars <- attr(terms, "predvars")
    predvars[[2L]] <- as.name(response)
    terms <- structure(stats::terms.formula(formula),
      predvars = predvars, dataClasses = attr(terms, "dataClasses")
    )
  }
  lacking <- c(attr(fit$frame, "data_names"), attr(fit$frame, "data_variables"))
  lacking <- setdiff(lacking, names(data))
  if (length(lacking) == 0L) return(terms)
  env <- new.env(parent = environment(terms))
  lapply(lacking, function(name) {
    makeActiveBinding(name, function() abort_lacking(name), env)
  })
  attr(terms, ".Environment") <- env
  terms
}

abort_lacking <- function(name) {
  name <- utf8_names(name)
  abort(c(
    "The data that the linear model has kept are without {.var {name}}.",
    "i" = "They are those of the fit, or its model frame where those were gone or had changed.
           Give {.arg data}."
  ), kind = "data", variable = name, observed = "lost")
}

# The call of lm() with the data in it, as a function that gives them: methods for lm() look them
# up, and may find others.
linear_call <- function(fit, terms, data) {
  call <- fit$call
  call[[1L]] <- quote(lm)
  call[c("REML", "control", "start", "verbose")] <- NULL
  # with its environment, where weights and subset are looked for after the data
  call$formula <- stats::formula(terms)
  for (name in c("weights", "offset", "subset")) {
    column <- paste0("(", name, ")")
    used <- all.vars(call[[name]])
    # which predict() evaluates in newdata
    is_kept <- length(used) > 0L && all(used %in% names(data)) && is_rowwise(call[[name]]) &&
      !(name == "subset" && keeps_rows(fit))
    if (is_kept && !column %in% names(attr(fit$frame, "replaced"))) next
    call[name] <- NULL
    # offset() terms are part of the formula
    if (column %in% names(data)) call[[name]] <- as.name(column)
  }
  if (!is.null(call$na.action)) {
    exclude <- identical(own_action(fit), stats::na.exclude)
    call$na.action <- if (exclude) quote(na.exclude) else quote(na.omit)
  }
  if (!is.null(call$contrasts)) call$contrasts <- fit$contrasts
  give <- function() data
  attr(give, "srcref") <- NULL
  environment(give) <- list2env(list(data = data), parent = baseenv())
  call$data <- as.call(list(give))
  call
}

#' @param x A result of `reduce_terms()`.
#' @param digits One whole number: significant digits.
#' @rdname reduce_terms
#' @export
print.henderson_reduction <- function(x, digits = max(getOption("digits") - 2L, 3L), ...) {
  check_print_dots(...)
  check_digits(digits)
  if (!is.null(x$random)) print(x$random, digits = digits)
  if (!is.null(x$fixed)) {
    if (!is.null(x$random)) cat("\n")
    print(x$fixed, digits = digits)
  }
  formula <- stats::formula(x$fit)
  kind <- if (inherits(x$fit, "lm")) "Final model (linear, no random term):" else "Final model:"
  write_lines(c("", kind, expression_text(formula)))
  invisible(x)
}
