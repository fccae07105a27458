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
    omitted = overview$chosen - overview$used
  )
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
  overview <- ask_overview(engine, variables, types, quote)
  for (name in overview$no_nan) types[[name]]$nan <- FALSE
  list(
    frame = frame, used = used, variables = write(types), overview = overview, parsed = parsed,
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

ask_overview <- function(engine, variables, types, quote) {
  nan <- names(Filter(function(type) type$nan, types))
  if (is.null(engine$dialect$odd)) nan <- character(0L)
  answer <- as.list(ask(engine, overview_query(engine, variables, quote(nan))))
  answer <- lapply(answer, as.numeric)
  odd <- as.numeric(unlist(answer[sprintf("nan%d", seq_along(nan))]))
  if (!isTRUE(engine$dialect$odd_is_missing)) check_all_numbers(nan, odd)
  check_overview(answer, variables)
  numbers <- seq_along(variables$numbers)
  low <- unlist(answer[paste0("l", numbers)])
  high <- unlist(answer[paste0("h", numbers)])
  list(
    total = answer$total, chosen = answer$chosen, used = answer$used,
    centres = mapply(round_centre, unlist(answer[paste0("a", numbers)]), low, high),
    no_nan = nan[odd == 0]
  )
}

check_all_numbers <- function(names, odd) {
  bad <- which(odd > 0)[1L]
  if (is.na(bad)) return(invisible(NULL))
  abort("The column {.var {names[bad]}} has {odd[bad]} value{?s} that {?is/are} no number{?s}.",
    kind = "data", variable = names[bad], observed = odd[bad]
  )
}

# What the checks of a data frame would refuse.
check_overview <- function(answer, variables) {
  if (answer$used == 0) {
    abort("The data have no complete row among {answer$total}.",
      kind = "data", variable = "data", observed = answer$total
    )
  }
  for (i in seq_along(variables$numbers)) {
    count <- answer[[paste0("i", i)]]
    if (count == 0) next
    name <- variables$numbers[[i]]$name
    abort("{.var {name}} has {count} infinite value{?s} in the database.",
      kind = if (i == 1L) "response" else "data", variable = name, observed = count
    )
  }
  if (is.null(variables$weight)) return(invisible(NULL))
  if (answer$w3 > 0) {
    abort("{answer$w3} of the {.arg weights} {cli::qty(answer$w3)}{?is/are} infinite.",
      kind = "weights", variable = "weights", observed = answer$w3
    )
  }
  if (answer$w1 > 0) {
    abort("{answer$w1} of the {.arg weights} {cli::qty(answer$w1)}{?is/are} negative, the smallest
           {answer$w4}.",
      kind = "weights", variable = "weights", observed = answer$w4
    )
  }
  if (answer$w2 == 0) {
    abort("All {answer$used} {.arg weights} are zero.",
      kind = "weights", variable = "weights", observed = 0
    )
  }
}

# The mean to about a hundredth of the range: few digits, which databases read as they were written.
round_centre <- function(mean, low, high) {
  range <- high - low
  if (!(range > 0)) return(low)
  step <- 2^(floor(log2(range)) - 7)
  centre <- round(mean / step) * step
  if (is.finite(centre)) centre else 0
}
