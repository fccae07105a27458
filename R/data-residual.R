# From the model frame to what the core takes of a residual structure: group, position and stratum
# of each row, and the design of log standard deviations.

# --- arguments ---

#' Residual structure of the arguments `residual` and `variance` of `lmm()`
#'
#' @param residual,variance expressions, as written; `env` where they were written.
#' @return NULL without either, else list(`name` (row of `residual_structures`), `hom`
#'   (flag), `visit` (expression or NULL), `group` (list of expressions; empty: each row by itself),
#'   `arm` (list of expressions: of `arm/subject` the arms), `variance` (list of list(`kind`,
#'   `variable`)), `text`, `variance_text` (strings or NULL)).
#' @noRd
parse_residual <- function(residual, variance, env) {
  residual <- residual_language(residual, "residual", env)
  variance <- residual_language(variance, "variance", env)
  if (is.null(residual) && is.null(variance)) return(NULL)
  parsed <- if (is.null(residual)) {
    list(name = independent_residuals, hom = TRUE, group = list(), arm = list())
  } else {
    parse_correlation(residual)
  }
  parsed$variance <- parse_variance(variance)
  if (!is.null(variance)) parsed$variance_text <- expression_text(variance)
  parsed
}

# The expression that an argument stands for: as it is, the right side of a formula, or the value of
# a name; what nlme has is refused with its translation.
residual_language <- function(expr, arg, env) {
  if (is.null(expr)) return(NULL)
  if (is.call(expr) && call_name(expr) == "~") {
    if (length(expr) == 2L) return(expr[[2L]])
    abort("{.arg {arg}} must be a one-sided formula; it is {.code {expression_text(expr)}}.",
      kind = "argument", variable = arg, observed = expression_text(expr)
    )
  }
  if (is.call(expr)) {
    head <- expr[[1L]]
    if (is.call(head) && length(head) == 3L) head <- head[[3L]]
    name <- if (is.symbol(head)) as.character(head) else ""
    refuse_nlme(name, arg)
    has_bar <- length(expr) > 1L && is_bar(strip_parentheses(expr[[2L]]))
    is_own <- arg == "residual" &&
      (has_bar || name %in% c(known_residuals(), names(residual_aliases)))
    if (is_own || name %in% variance_kinds) return(expr)
  }
  value <- tryCatch(eval(expr, env), error = function(e) explain_argument(e, arg, expr, env))
  if (is.null(value)) return(NULL)
  for (class in class(value)) refuse_nlme(class, arg)
  if (is.call(value)) return(residual_language(formula_call(value), arg, env))
  given <- describe_value(value)
  example <- if (arg == "residual") residual_example else "~ by(sex)"
  abort("{.arg {arg}} must be written as {.code {example}}, not {given}.",
    kind = "argument", variable = arg, observed = given
  )
}

# --- design ---

#' Residual structure of a design
#'
#' @param residual from `parse_residual()`, or NULL.
#' @param frame model frame; `weights` numeric or NULL.
#' @return NULL, or list(`core` (as src/residual_input.h has it), `parameters` (data frame, a row
#'   for each: `kind` ("deviation", "correlation"), `label`, `arm`), `visits` (labels, or NULL),
#'   `arms` (labels, or NULL), `unit` (of time), `strata` (label of each row of
#'   `core$log_deviations`), `first` (what sigma is of)).
#' @noRd
residual_design <- function(residual, frame, weights = NULL) {
  if (is.null(residual)) return(NULL)
  n <- nrow(frame)
  used <- if (is.null(weights)) rep(TRUE, n) else weights > 0
  grouping <- if (length(residual$group)) {
    grouping_factor(residual$group, frame)
  } else {
    list(level = seq_len(n), levels = NULL)
  }
  arms <- if (length(residual$arm)) grouping_factor(residual$arm, frame)
  visit <- residual_visits(residual, frame)
  check_repeated_visits(residual, grouping, visit, used)
  arm <- if (is.null(arms)) rep(1L, n) else arms$level
  deviations <- residual_deviations(residual, frame, visit, arms, used)
  row <- residual_row(residual$name)
  correlations <- row$labels(visit$labels)
  position <- visit$position
  unit <- 1
  if (row$visit == "times") {
    unit <- usual_gap(grouping$level[used], position[used])
    position <- position / unit
  }
  group <- as.integer(grouping$level)
  group[!used] <- 0L
  labels <- if (is.null(arms)) NA_character_ else arms$levels
  parameters <- rbind(
    data.frame(
      kind = rep("deviation", length(deviations$labels)), label = deviations$labels,
      arm = rep(NA_character_, length(deviations$labels))
    ),
    data.frame(
      kind = rep("correlation", length(correlations) * length(labels)),
      label = rep(correlations, times = length(labels)),
      arm = rep(labels, each = length(correlations))
    )
  )
  size <- max(1L, tabulate(group))
  list(
    core = list(
      name = residual$name,
      visits = as.integer(if (isTRUE(row$by_size)) size else max(1L, length(visit$labels))),
      arms = length(labels), log_deviations = deviations$design, group = group,
      position = as.double(position), stratum = deviations$stratum, arm = as.integer(arm)
    ),
    parameters = parameters, visits = visit$labels, arms = if (!is.null(arms)) arms$levels,
    unit = unit * visit$step, strata = deviations$strata, first = deviations$first
  )
}

# --- visits ---

#' Positions of the rows in their groups
#' @return list(`position` (numeric), `labels` (of visits, NULL for times and steps), `values` (as
#'   they are, for messages), `step` (of numbers, 1)).
#' @noRd
residual_visits <- function(residual, frame) {
  n <- nrow(frame)
  needs <- residual_row(residual$name)$visit
  if (is.null(residual$visit)) {
    return(list(position = rep(0, n), labels = NULL, values = NULL, step = 1))
  }
  name <- column_name(residual$visit)
  values <- .subset2(frame, name)
  if (needs == "times") return(c(residual_times(values, name), list(step = 1)))
  if (needs == "steps") {
    steps <- residual_steps(values, name, attr(frame, "all_levels")[[name]])
    # a variance for each visit needs to know which it is
    codes <- if (!residual$hom) grouping_codes(values)
    return(c(steps, list(labels = codes$levels, visit = codes$level)))
  }
  codes <- grouping_codes(values)
  list(
    position = codes$level, labels = codes$levels, values = values, step = 1, visit = codes$level
  )
}

residual_times <- function(values, name) {
  if (is.factor(values) || is.character(values) || is.logical(values)) {
    abort(c("{.fn car1} needs times; {.var {name}} is {describe_value(values)}.",
      "i" = "Use {.fn ar1} for steps in order, or make {.var {name}} a number."
    ), kind = "variable", variable = name, observed = class(values)[1L])
  }
  list(position = as.numeric(values), labels = NULL, values = values)
}

# Whole steps: the level of a factor, or numbers that are multiples of their smallest difference.
residual_steps <- function(values, name, all_levels) {
  if (!is.numeric(values) && !inherits(values, c("Date", "POSIXct", "difftime"))) {
    full <- with_all_levels(values, all_levels)
    position <- if (is.factor(full)) as.integer(full) else grouping_codes(full)$level
    return(list(position = position, values = values, step = 1))
  }
  number <- as.numeric(values)
  distinct <- sort(unique(number))
  step <- if (length(distinct) > 1L) min(diff(distinct)) else 1
  steps <- (number - distinct[1L]) / step
  off <- which(abs(steps - round(steps)) > 1e-6 * pmax(1, steps))
  if (length(off) > 0L || max(steps) > 1e6) {
    odd <- if (length(off)) number[off[1L]] else max(number)
    abort(c("A structure of steps needs equally spaced visits; {.var {name}} is not.",
      "x" = "The smallest distance of its values is {signif(step, 6)}, and
             {signif(odd, 8)} is not a whole number of these from {signif(distinct[1L], 8)}.",
      "i" = "Use {.code {times_instead(name)}} for any times, or number the visits."
    ), kind = "variable", variable = name, observed = odd)
  }
  list(position = round(steps), values = values, step = step)
}

# Rows of a group at the same time would have a correlation of one.
check_repeated_visits <- function(residual, grouping, visit, used) {
  if (is.null(residual$visit)) return(invisible(NULL))
  twice <- which(duplicated(data.frame(grouping$level, visit$position)) & used)
  if (length(twice) == 0L) return(invisible(NULL))
  first <- twice[1L]
  group <- grouping$levels[grouping$level[first]]
  value <- format(visit$values[first])
  name <- column_name(residual$visit)
  whose <- group_text(interaction_of(residual$group))
  abort(c("{.arg residual} needs one row for each {.var {name}} of {.var {whose}}.",
    "x" = "{.val {group}} has {.var {name}} = {value} more than once; so {?has/have}
           {length(twice)} row{?s} in all.",
    "i" = "Number the repetitions, or correlate rows within finer groups."
  ), kind = "variable", variable = name, observed = value)
}

# Median distance of neighbours in their groups.
usual_gap <- function(group, time) {
  order <- order(group, time)
  gap <- diff(time[order])[diff(group[order]) == 0]
  if (length(gap) == 0L) 1 else stats::median(gap)
}

# --- standard deviations ---

#' Design of log standard deviations over that of the first stratum
#' @return list(`design` (strata x parameters), `stratum` (integer n), `labels` of the parameters,
#'   `strata` (labels)).
#' @noRd
residual_deviations <- function(residual, frame, visit, arms, used) {
  n <- nrow(frame)
  columns <- list()
  cells <- list()
  first <- character(0L)
  add <- function(codes, name) {
    shown <- paste0(name, codes$levels)
    for (i in seq_along(codes$levels)[-1L]) columns[[shown[i]]] <<- as.double(codes$level == i)
    cells <<- c(cells, list(shown[codes$level]))
    first <<- c(first, shown[1L])
  }
  if (!residual$hom) {
    codes <- list(level = visit$visit, levels = visit$labels)
    if (!is.null(arms)) codes <- cross_codes(arms, codes)
    add(codes, "")
  } else if (!is.null(arms)) {
    add(arms, "")
  }
  for (term in residual$variance) {
    text <- group_text(interaction_of(term$variable))
    if (term$kind == "by") {
      add(grouping_factor(term$variable, frame), text)
      next
    }
    x <- .subset2(frame, column_name(term$variable[[1L]]))
    x <- variance_covariate(x, text, term$kind, used)
    label <- paste0(term$kind, "(", text, ")")
    columns[[label]] <- if (term$kind == "power") log(abs(x)) else x
    first <- c(first, paste(text, "=", if (term$kind == "power") 1 else 0))
  }
  design <- matrix(as.double(unlist(columns)), n, length(columns))
  check_separate_variances(design, names(columns), used)
  code <- if (ncol(design) == 0L) rep(1L, n) else match_rows(design)
  kept <- which(!duplicated(code))
  # the first level first, then in the order of levels
  keys <- lapply(rev(seq_len(ncol(design))), function(column) design[kept, column])
  if (length(keys)) kept <- kept[do.call(order, keys)]
  strata <- if (length(cells)) do.call(paste, c(cells, sep = ", "))[kept] else rep("", length(kept))
  list(
    design = design[kept, , drop = FALSE], stratum = match(code, code[kept]),
    labels = as.character(names(columns)), strata = strata, first = paste(first, collapse = ", ")
  )
}

# A number for each different row.
match_rows <- function(x) {
  keys <- do.call(paste, c(lapply(seq_len(ncol(x)), function(j) match(x[, j], unique(x[, j]))),
    sep = ":"))
  match(keys, unique(keys))
}

variance_covariate <- function(x, name, kind, used) {
  if (!is.numeric(x) || !is.null(dim(x))) {
    abort("{.code {kind}({name})} in {.arg variance} needs a number; {.var {name}} is
           {describe_value(x)}.",
      kind = "variable", variable = name, observed = class(x)[1L]
    )
  }
  if (kind == "power" && any(x[used] == 0)) {
    abort(c("{.code power({name})} in {.arg variance}: {.var {name}} is zero in
             {sum(x[used] == 0)} row{?s}, where the variance would be.",
      "i" = "Use {.code exponential({name})}, or shift {.var {name}}."
    ), kind = "variable", variable = name, observed = 0)
  }
  x[!used] <- 1
  x
}

# Do the terms of the variance say different things?
check_separate_variances <- function(design, labels, used) {
  if (ncol(design) == 0L) return(invisible(NULL))
  decomposition <- qr(cbind(1, design[used, , drop = FALSE]), tol = 1e-9, LAPACK = FALSE)
  if (decomposition$rank == ncol(design) + 1L) return(invisible(NULL))
  extra <- labels[decomposition$pivot[-seq_len(decomposition$rank)] - 1L]
  abort(c("Variances in {.arg residual} and {.arg variance} cannot be told apart.",
    "x" = "{.val {extra}} follow{?s/} from the others.",
    "i" = "Leave one of the terms out."
  ), kind = "variable", variable = "variance", observed = extra)
}
