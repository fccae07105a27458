# Tables whose rows stay where they are: the database adds them up, and sums come back.

#' Sums over the rows of a table, by queries
#'
#' @param engine from `new_engine()`; other arguments and value as `sum_rows()`.
#' @section Errors: a condition `henderson_untranslatable` where rows must be fetched instead.
#' @noRd
sum_by_queries <- function(parsed, engine, call, env, contrasts) {
  check_omits(call, env)
  state <- new_summation(parsed, call, env, contrasts)
  begun <- begin_queries(engine, state)
  overview <- begun$overview
  variables <- begun$variables
  centres <- overview$centres
  whole <- ask_whole(engine, state, begun)
  groups <- lapply(seq_along(begun$plan$groups), ask_group, engine, begun, whole)
  pairs <- ask_pairs(engine, begun, whole, groups)
  skeleton <- queried_skeleton(engine, state, begun, whole, groups)
  design <- skeleton_design(parsed, skeleton, contrasts)
  sums <- queried_sums(begun, whole, groups, pairs, skeleton, design, contrasts)
  list(
    sums = sums, skeleton = skeleton, declared = state$declared, types = state$types,
    weighted = !is.null(variables$weight), design = design, rows = overview$total,
    omitted = overview$chosen - overview$used, counts = counts_by_level(groups, design),
    squares = sum(whole$sums[, whole$number[2L, 2L]]),
    parts = stats::setNames(numeric(0L), character(0L))
  )
}

# Rows of each level: list by grouping factor, in the order of the design.
counts_by_level <- function(groups, design) {
  names <- unique(vapply(design$random, `[[`, "", "group"))
  lapply(stats::setNames(nm = names), function(name) {
    answer <- groups[[match(name, vapply(groups, `[[`, "", "name"))]]
    levels <- term_on(design$random, name)$levels
    at <- match(answer$codes$levels, levels)[answer$codes$level]
    stats::setNames(as.numeric(sums_by_place(answer$n, at, length(levels))), levels)
  })
}

# Sums of values by place.
sums_by_place <- function(values, at, size) {
  sums <- rowsum(values, at)
  result <- numeric(size)
  result[as.integer(rownames(sums))] <- sums
  result
}

check_omits <- function(call, env) {
  action <- if (is.null(call$na.action)) getOption("na.action") else eval(call$na.action, env)
  if (is.character(action)) action <- get0(action, mode = "function")
  if (!identical(action, stats::na.omit) && !identical(action, stats::na.exclude)) {
    stop_untranslatable("`na.action` is none that leaves rows out")
  }
}

# --- the first queries: types, some rows, counts and means ---

begin_queries <- function(engine, state) {
  parsed <- state$parsed
  if ("." %in% all.vars(parsed$frame_formula)) stop_untranslatable("`.` stands for all columns")
  used <- intersect(engine$names, used_names(parsed, state$call))
  quote <- quote_name_of(engine)
  if (engine$dialect$name == "sqlite") engine$dialect$ln <- sqlite_logarithm(engine$connection)
  types <- lapply(ask_some(engine, quote(used), NULL, 1000L), database_type)
  names(types) <- used
  translator <- function(types) {
    new_translator(types, environment(parsed$formula), engine$dialect, quote, quote_text_of(engine))
  }
  where <- first_filter(parsed, state$call, translator(types))
  frame <- sampled_frame(state, ask_some(engine, quote(used), where, 1000L), used)
  if (nrow(frame) == 0L) stop_untranslatable("none of a thousand rows is complete")
  write <- function(types) plan_variables(parsed, frame, state$call, translator(types))
  variables <- write(types)
  check_sample(engine, state, variables, used, NULL)
  check_sample(engine, state, variables, used, where)
  counts <- ask_counts(engine, variables$subset, types, quote)
  for (name in counts$all_numbers) types[[name]]$nan <- FALSE
  variables <- write(types)
  list(
    frame = frame, used = used, variables = variables, parsed = parsed,
    overview = ask_overview(engine, variables, counts),
    plan = basis_plan(parsed, frame, variables)
  )
}

# Rows that may be used, as far as columns tell.
first_filter <- function(parsed, call, to) {
  variables <- as.list(attr(stats::terms(parsed$frame_formula), "variables"))[-1L]
  is_column <- function(one) is.symbol(one) && as.character(one) %in% names(to$columns)
  columns <- Filter(is_column, variables)
  subset <- if (!is.null(call$subset)) as_condition(call$subset, to)
  conditions <- c(subset, vapply(columns, function(one) {
    paste(to$quote_name(as.character(one)), "IS NOT NULL")
  }, ""))
  if (length(conditions) > 0L) paste(conditions, collapse = " AND ")
}

# There may be `LN`, or a `LOG` to this base or to base 10, or none.
sqlite_logarithm <- function(connection) {
  for (name in c("LN", "LOG")) {
    value <- tryCatch(query_rows(connection, paste0("SELECT ", name, "(10.0) AS v"))$v,
      error = function(e) NA
    )
    if (isTRUE(abs(value - log(10)) < 1e-12)) return(name)
  }
  NULL
}

database_type <- function(x) {
  type <- if (inherits(x, "integer64") || (is.numeric(x) && !is.object(x))) {
    "number"
  } else {
    switch(class(x)[1L], character = "text", Date = "date", class(x)[1L])
  }
  list(type = type, nan = type == "number" && is.double(x) && !is.object(x))
}

#' What R and the database make of the same rows must be the same
#' @noRd
check_sample <- function(engine, state, variables, used, where) {
  columns <- c(quote_name_of(engine)(used), made_of_rows(variables))
  answer <- as.list(ask_some(engine, columns, where, 1000L))
  own <- answer[-seq_along(used)]
  raw <- structure(answer[seq_along(used)], names = used, class = "data.frame",
    row.names = seq_along(own[[1L]])
  )
  frame <- piece_frame(state, raw)
  taken <- which(own[[1L]] == 1)
  if (!identical(as.character(taken), if (nrow(frame) > 0L) rownames(frame) else character(0L))) {
    stop_untranslatable("it chooses other rows than R does")
  }
  if (length(taken) == 0L) return(invisible(NULL))
  expected <- c(
    lapply(variables$numbers, function(number) {
      column <- frame[[number$name]]
      as.double(if (is.na(number$column)) column else unclass(column)[, number$column])
    }),
    lapply(variables$keys, function(key) frame[[key$name]]),
    if (!is.null(variables$offset)) list(as.double(stats::model.offset(frame))),
    if (!is.null(variables$weight)) list(as.double(frame[["(weights)"]]))
  )
  found <- lapply(own[-1L], `[`, taken)
  same <- mapply(agreeing_values, expected, found)
  if (all(same)) return(invisible(NULL))
  names <- c(
    vapply(variables$numbers, `[[`, "", "name"), names(variables$keys), "offset", "weights"
  )
  name <- names[which(!same)[1L]]
  stop_untranslatable(paste0("it computes other values of `", name, "` than R does"))
}

agreeing_values <- function(expected, found) {
  if (is.numeric(expected) && is.numeric(found) && !is.object(expected) && !is.object(found)) {
    return(all(abs(expected - found) <= 1e-12 * max(abs(expected))))
  }
  identical(key_texts(list(expected), length(expected)), key_texts(list(found), length(found)))
}

ask_counts <- function(engine, subset, types, quote) {
  odd <- names(Filter(function(type) type$nan, types))
  if (is.null(engine$dialect$odd)) odd <- character(0L)
  answer <- lapply(as.list(ask(engine, counts_query(engine, subset, quote(odd)))), as.numeric)
  count <- as.numeric(unlist(answer[sprintf("odd%d", seq_along(odd))]))
  if (!isTRUE(engine$dialect$odd_is_missing)) check_all_numbers(odd, count)
  c(answer[c("total", "chosen")], list(all_numbers = odd[count == 0]))
}

ask_overview <- function(engine, variables, counts) {
  answer <- lapply(as.list(ask(engine, overview_query(engine, variables))), as.numeric)
  if (!isTRUE(answer$used > 0)) {
    abort("The data have no complete row among {counts$total}.",
      kind = "data", variable = "data", observed = counts$total
    )
  }
  numbers <- seq_along(variables$numbers)
  low <- unlist(answer[paste0("l", numbers)])
  high <- unlist(answer[paste0("h", numbers)])
  check_finite(engine, variables, low, high)
  if (!is.null(variables$weight)) {
    check_asked_weights(engine, variables, answer$least, answer$largest)
  }
  centres <- mapply(round_centre, unlist(answer[paste0("a", numbers)]), low, high)
  c(counts, list(used = answer$used, centres = unname(centres)))
}

check_all_numbers <- function(names, odd) {
  bad <- which(odd > 0)[1L]
  if (is.na(bad)) return(invisible(NULL))
  abort("The column {.var {names[bad]}} has {odd[bad]} value{?s} that {?is/are} no number{?s}.",
    kind = "data", variable = names[bad], observed = odd[bad]
  )
}

# What the checks of a data frame would refuse.
check_finite <- function(engine, variables, low, high) {
  bad <- which(!is.finite(low) | !is.finite(high))
  if (length(bad) == 0L) return(invisible(NULL))
  number <- variables$numbers[[bad[1L]]]
  huge <- engine$dialect$number("1.7976931348623157e+308")
  query <- count_values_query(engine, variables, number$sql, paste0("ABS(v) > ", huge))
  count <- as.numeric(ask(engine, query)$c)
  abort("{.var {number$name}} has {count} infinite value{?s} in the database.",
    kind = if (bad[1L] == 1L) "response" else "data", variable = number$name, observed = count
  )
}

check_asked_weights <- function(engine, variables, least, largest) {
  if (least >= 0 && largest > 0 && is.finite(largest)) return(invisible(NULL))
  if (largest == 0 && least == 0) {
    abort("All {.arg weights} are zero.", kind = "weights", variable = "weights", observed = 0)
  }
  if (least < 0) {
    query <- count_values_query(engine, variables, variables$weight, "v < 0")
    count <- as.numeric(ask(engine, query)$c)
    abort("{count} of the {.arg weights} {cli::qty(count)}{?is/are} negative, the smallest
           {least}.",
      kind = "weights", variable = "weights", observed = least
    )
  }
  abort("Some {.arg weights} are infinite.",
    kind = "weights", variable = "weights", observed = largest
  )
}

# The mean to about a hundredth of the range: few digits, which databases read as they were written.
round_centre <- function(mean, low, high) {
  range <- high - low
  if (!(range > 0)) return(low)
  step <- 2^(floor(log2(range)) - 7)
  centre <- round(mean / step) * step
  if (is.finite(centre)) centre else 0
}
