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

unique_groups <- function(parsed) {
  names <- vapply(parsed$random, `[[`, "", "group_name")
  lapply(unique(names), function(name) parsed$random[names == name])
}

# --- the first queries: types, some rows, counts and means ---

begin_queries <- function(engine, state) {
  parsed <- state$parsed
  used <- intersect(engine$names, used_names(parsed, state$call))
  if ("." %in% all.vars(parsed$frame_formula)) stop_untranslatable("`.` stands for all columns")
  quote <- quote_name_of(engine)
  if (engine$dialect$name == "sqlite") engine$dialect$ln <- sqlite_logarithm(engine$connection)
  raw <- ask(engine, limited_query(engine, quote(used), NULL, 1000L))
  types <- lapply(stats::setNames(raw, used), database_type)
  write <- function(types, frame) {
    to <- new_translator(types, environment(parsed$formula), engine$dialect, quote,
      quote_text_of(engine)
    )
    plan_variables(parsed, frame, state$call, to)
  }
  frame <- sampled_frame(state, raw)
  if (nrow(frame) == 0L) {
    # none of the first rows is used: to find some, the filter must be written without a frame
    stop_untranslatable("none of its first 1000 rows is used by the model")
  }
  variables <- write(types, frame)
  check_sample(engine, state, variables, used)
  overview <- ask_overview(engine, variables, types, quote)
  for (name in overview$no_nan) types[[name]]$nan <- FALSE
  variables <- write(types, frame)
  list(frame = frame, used = used, variables = variables, overview = overview,
    plan = basis_plan(parsed, frame, variables), parsed = parsed
  )
}

# There may be ln(), or a log() to this base or to base 10, or none.
sqlite_logarithm <- function(connection) {
  for (name in c("LN", "LOG")) {
    value <- tryCatch(DBI::dbGetQuery(connection, paste0("SELECT ", name, "(10.0) AS v"))$v,
      error = function(e) NA
    )
    if (isTRUE(abs(value - log(10)) < 1e-12)) return(name)
  }
  NULL
}

database_type <- function(x) {
  type <- if (is.character(x)) "text" else if (is.logical(x)) "logical" else if (inherits(x, "Date")) {
    "date"
  } else if (inherits(x, "integer64") || (is.numeric(x) && !is.object(x))) {
    "number"
  } else {
    class(x)[1L]
  }
  list(type = type, nan = type == "number" && is.double(x) && !is.object(x))
}

sampled_frame <- function(state, raw) {
  state$pieces <- state$pieces + 1L
  piece <- as.data.frame(raw)
  attr(piece, "row.names") <- seq_len(nrow(piece))
  frame <- piece_frame(state, piece)
  if (nrow(frame) == 0L) return(frame)
  note_declared_levels(state, frame)
  state$frame_attributes <- attributes(frame)[
    c("terms", "fixed_terms", "data_variables", "data_names")
  ]
  frame
}

#' What R and the database make of the same rows must be the same
#' @noRd
check_sample <- function(engine, state, variables, used) {
  answer <- ask(engine, sample_query(engine, variables, used, NULL, 1000L))
  raw <- stats::setNames(answer[seq_along(used)], used)
  own <- unclass(answer)[-seq_along(used)]
  attr(raw, "row.names") <- seq_len(nrow(raw))
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
  stop_untranslatable(paste0("it computes other values of `", names[which(!same)[1L]], "` than R does"))
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

#' The sums there are to ask for
#' @return list(`groups` (of `unique_groups()`), `basis` (of all columns), `x`, `z` (by group; all
#'   begin with 1), `coded` (names of keys), `x_coded`, `z_coded` (by group)).
#' @noRd
basis_plan <- function(parsed, frame, variables) {
  coded <- names(Filter(function(key) key$coded, variables$keys))
  fixed <- attr(frame, "fixed_terms")
  numbers <- variables$numbers
  groups <- unique_groups(parsed)
  x <- term_monomials(fixed, numbers)
  z <- lapply(groups, function(group) {
    close_monomials(unlist(lapply(group, function(term) term_monomials(term$terms, numbers)),
      recursive = FALSE
    ))
  })
  list(
    groups = groups,
    basis = close_monomials(c(x, unlist(z, recursive = FALSE))), x = close_monomials(x), z = z,
    coded = coded, x_coded = intersect(coded, variable_names(fixed)),
    z_coded = lapply(groups, function(group) {
      names <- unlist(lapply(group, function(term) if (!is.null(term$terms)) variable_names(term$terms)))
      intersect(coded, names)
    })
  )
}

# --- the sums ---

# list(`sums`, `n`, `columns` (keys, by name), `number` (matrix: the product of elements of `left`
# and `right` in the basis with the response second)).
ask_sums <- function(engine, begun, keys, left, right, extra = character(0L)) {
  products <- basis_products(left, right)
  query <- sums_query(engine, begun$variables, keys, products$products, begun$overview$centres, extra)
  answer <- ask(engine, query)
  numbers <- function(first, count) {
    at <- first + seq_len(count)
    matrix(as.double(unlist(lapply(unclass(answer)[at], as.double))), nrow(answer), count)
  }
  columns <- lapply(stats::setNames(seq_along(keys), keys), function(i) {
    restore_key(answer[[i]], begun$variables$keys[[keys[i]]])
  })
  result <- list(
    n = as.double(answer[[length(keys) + 1L]]), columns = columns,
    sums = numbers(length(keys) + 1L, length(products$products)),
    extra = numbers(length(keys) + 1L + length(products$products), length(extra)),
    left = left, right = right, number = products$number
  )
  check_same_rows(result, begun)
  result
}

restore_key <- function(values, key) {
  if (key$type == "logical") values <- as.logical(values)
  if (key$factor) values <- factor(values)
  values
}

# Every query has seen the rows that the first one has.
check_same_rows <- function(answer, begun) {
  if (sum(answer$n) == begun$overview$used) return(invisible(NULL))
  abort(c(
    "The table changed while it was read: {sum(answer$n)} rows in one query,
     {begun$overview$used} in another.",
    "i" = "Read it in a transaction of isolation level repeatable read."
  ), kind = "data", variable = "data", observed = c(begun$overview$used, sum(answer$n)))
}

response_element <- list(1L)

# By cell of all factors among the columns: list(..., `texts` (of cells), `keys`, `grams`, `weight`).
ask_whole <- function(engine, state, begun) {
  weighted <- !is.null(begun$variables$weight)
  if (weighted && is.null(engine$dialect$ln)) stop_untranslatable("it has no logarithms")
  extra <- if (weighted) c(
    "COUNT(CASE WHEN w > 0 THEN 1 END)",
    paste0("SUM(CASE WHEN w > 0 THEN ", engine$dialect$ln, "(w) ELSE 0 END)")
  )
  elements <- c(list(integer(0L)), response_element, begun$plan$basis[-1L])
  whole <- ask_sums(engine, begun, begun$plan$coded, elements, elements, as.character(extra))
  if (length(whole$n) > 5000L) {
    stop_untranslatable(paste(length(whole$n), "combinations of levels among the columns"))
  }
  whole$keys <- begun$plan$coded
  whole$texts <- key_texts(whole$columns, length(whole$n))
  # values that read the same are one level
  whole$distinct <- !duplicated(whole$texts)
  whole$cell <- match(whole$texts, whole$texts[whole$distinct])
  whole$texts <- whole$texts[whole$distinct]
  whole$columns <- lapply(whole$columns, `[`, whole$distinct)
  whole$elements <- elements
  whole$weight <- sum(whole$sums[, whole$number[1L, 1L]])
  whole$total_n <- if (weighted) sum(whole$extra[, 1L]) else sum(whole$n)
  whole$sum_log_w <- if (weighted) sum(whole$extra[, 2L]) else 0
  own <- -2L
  numbers <- as.vector(whole$number[own, own])
  whole$grams <- rowsum(whole$sums[, numbers, drop = FALSE], whole$cell)
  whole
}

# The cell, of all factors, that some of them tell: of several any, as others make no difference.
match_cells <- function(answer, whole) {
  keys <- intersect(names(answer$columns), whole$keys)
  own <- key_texts(answer$columns[keys], length(answer$n))
  at <- match(own, key_texts(whole$columns[keys], length(whole$texts)))
  if (anyNA(at)) {
    abort("The table changed while it was read: a level came up that was not there before.",
      kind = "data", variable = "data"
    )
  }
  at
}

group_names <- function(group) vapply(group[[1L]]$group_variables, column_name, "")

# By level of a grouping factor and cell.
ask_group <- function(b, engine, begun, whole) {
  plan <- begun$plan
  group <- plan$groups[[b]]
  keys <- union(group_names(group), union(plan$x_coded, plan$z_coded[[b]]))
  left <- c(plan$x[1L], response_element, unique(c(plan$x, plan$z[[b]]))[-1L])
  answer <- ask_sums(engine, begun, keys, left, plan$z[[b]])
  answer$cell <- match_cells(answer, whole)
  answer$group <- group
  answer$name <- group[[1L]]$group_name
  answer$codes <- group_codes(group, answer)
  answer
}

group_codes <- function(group, answer) {
  frame <- structure(answer$columns, class = "data.frame", row.names = seq_along(answer$n))
  grouping_factor(group[[1L]]$group_variables, frame)
}

# By pair of levels and cell of the factors of both left-hand sides.
ask_pairs <- function(engine, begun, whole, groups) {
  count <- length(groups)
  result <- list()
  for (t in seq_len(count)) for (s in seq_len(count)[seq_len(count) > t]) {
    announce_pairs(groups[[t]], groups[[s]], begun)
    keys <- union(group_names(groups[[t]]$group), group_names(groups[[s]]$group))
    coded <- union(begun$plan$z_coded[[t]], begun$plan$z_coded[[s]])
    answer <- ask_sums(engine, begun, union(keys, coded), begun$plan$z[[t]], begun$plan$z[[s]])
    answer$cell <- match_cells(answer, whole)
    answer$of <- c(t, s)
    answer$labels <- lapply(groups[c(t, s)], function(own) {
      codes <- group_codes(own$group, answer)
      codes$levels[codes$level]
    })
    result <- c(result, list(answer))
  }
  result
}

announce_pairs <- function(one, other, begun) {
  possible <- as.double(length(one$codes$levels)) * length(other$codes$levels)
  # as many as would meet by chance
  expected <- possible * -expm1(-begun$overview$used / possible)
  if (expected < 5e6) return(invisible(NULL))
  text <- format(signif(expected, 2), big.mark = ",", scientific = FALSE)
  inform(c(
    "There may be {text} pairs of levels of {.var {one$name}} and {.var {other$name}}, all of which
     the database returns.",
    "i" = "They need about {ceiling(expected * 60 / 2^20)} MiB here."
  ), kind = "data", variable = one$name, observed = expected)
}

# --- the skeleton ---

queried_skeleton <- function(engine, state, begun, whole, groups) {
  variables <- begun$variables
  frame <- with_levels(begun$frame, state, whole, groups, variables)
  cells <- list(
    keys = whole$keys, texts = whole$texts, basis = whole$elements[-2L], grams = whole$grams,
    weight = whole$grams[, 1L]
  )
  more <- function(cell, direction, least) {
    where <- direction_filter(engine, begun, whole, cell, direction, least)
    query <- limited_query(engine, quote_name_of(engine)(begun$used), where, 1L)
    new <- sampled_frame(state, ask(engine, query))
    if (nrow(new) == 0L) stop_untranslatable("it does not find a row that it has")
    with_levels(new[1L, , drop = FALSE], state, whole, groups, variables)
  }
  base <- spanning_rows(frame, cells, variables, begun$overview$centres, more)
  parts <- add_level_rows(base, level_rows(engine, begun, whole, groups))
  result <- bind_frames(parts, lapply(Filter(is.factor, unclass(frame)), levels))
  attributes(result) <- c(attributes(result), state$frame_attributes)
  result[[1L]] <- rep(NA_real_, nrow(result))
  drop_unused_levels(result)
}

# Factors with the levels that all rows have.
with_levels <- function(frame, state, whole, groups, variables) {
  for (key in variables$keys) {
    name <- key$name
    values <- key_values(name, whole, groups)
    if (is.factor(values)) {
      frame[[name]] <- factor(as.character(frame[[name]]), levels(values))
      state$declared[[name]] <- levels(values)
    } else if (key$coded && is.character(values)) {
      frame[[name]] <- factor(frame[[name]], sort_strings(unique(values)))
    }
  }
  frame
}

# All values of a key that occur; those of factors with all levels.
key_values <- function(name, whole, groups) {
  answers <- Filter(function(answer) name %in% names(answer$columns), c(list(whole), groups))
  answers[[1L]]$columns[[name]]
}

# Rows of a cell, by SQL, in which a polynomial is far from zero.
direction_filter <- function(engine, begun, whole, cell, direction, least) {
  variables <- begun$variables
  to <- list(dialect = engine$dialect)
  numbers <- vapply(seq_along(variables$numbers), function(i) {
    paste0("(", variables$numbers[[i]]$sql, minus(begun$overview$centres[i], engine), ")")
  }, "")
  parts <- vapply(seq_along(direction), function(b) {
    factors <- c(sql_number(direction[b], to), numbers[whole$elements[-2L][[b]]])
    paste(factors, collapse = " * ")
  }, "")
  conditions <- vapply(whole$keys, function(name) {
    key_equals(variables$keys[[name]], whole$columns[[name]][cell], engine)
  }, "")
  # only of rows that are used may values be computed
  paste0("CASE WHEN ", variables$filter, " THEN ", paste(c(
    conditions, paste0("ABS(", paste(parts, collapse = " + "), ") > ", sql_number(least, to))
  ), collapse = " AND "), " ELSE ", engine$dialect$truth(FALSE), " END")
}

key_equals <- function(key, value, engine) {
  if (key$type == "logical") return(paste0(if (value) "(" else "(NOT ", key$sql, ")"))
  text <- if (is.factor(value)) as.character(value) else grouping_labels(value)
  if (key$type == "number") return(paste0(key$sql, " = ", text))
  value <- quote_text_of(engine)(text)
  if (key$type == "date") value <- paste0("CAST(", value, " AS date)")
  paste0(key$sql, " = ", value)
}

#' One row of an answer for each level
#'
#' Grouping factors that share variables get theirs from one answer, so that combinations occur.
#' @noRd
level_rows <- function(engine, begun, whole, groups) {
  free <- lapply(groups, function(group) setdiff(group_names(group$group), begun$plan$coded))
  lapply(connected_groups(free), function(members) {
    names <- unique(unlist(lapply(groups[members], function(group) group_names(group$group))))
    all <- Find(function(group) all(names %in% names(group$columns)), groups[members])
    if (is.null(all)) {
      all <- ask_sums(engine, begun, union(names, begun$plan$coded), list(integer(0L)), list(integer(0L)))
      all$cell <- match_cells(all, whole)
    }
    rows <- unlist(lapply(groups[members], function(group) {
      which(!duplicated(group_codes(group$group, all)$level))
    }))
    # coded variables are those of the cell
    list(columns = all$columns[setdiff(names, begun$plan$coded)], cell = all$cell,
      rows = sort(unique(rows))
    )
  })
}

# Sets of groups that share variables: list of integer vectors.
connected_groups <- function(variables) {
  set <- seq_along(variables)
  for (i in seq_along(variables)) for (j in seq_len(i - 1L)) {
    if (length(intersect(variables[[i]], variables[[j]])) > 0L) set[set == set[i]] <- set[j]
  }
  unname(split(seq_along(variables), set))
}

# --- from answers to cross-products ---

queried_sums <- function(begun, whole, groups, pairs, skeleton, design, contrasts) {
  numbers <- begun$variables$numbers
  centres <- begun$overview$centres
  values <- plain_numbers(skeleton, begun$parsed)
  rows <- match(whole$texts, key_texts(unclass(skeleton)[whole$keys], nrow(skeleton)))
  cells <- cell_frame(values, rows, numbers)
  elements <- whole$elements
  maps <- function(columns_of) column_maps(columns_of, cells, numbers, elements, centres)
  x <- maps(function(frame) design_matrix(design$terms, frame, contrasts))
  y <- array(0, c(length(elements), 1L, nrow(cells)))
  y[1L, 1L, ] <- centres[1L]
  y[2L, 1L, ] <- 1
  index <- block_index(design$random)
  own <- lapply(seq_len(max(index$block)), function(b) design$random[index$block == b])
  order <- match(vapply(own, function(members) members[[1L]]$group, ""),
    vapply(groups, `[[`, "", "name")
  )
  z <- lapply(own, function(members) {
    maps(function(frame) do.call(cbind, lapply(members, function(term) {
      if (is.null(term$terms)) return(matrix(1, nrow(frame), 1L))
      design_matrix(term$terms, frame, term$contrasts %||% contrasts)
    })))
  })
  blocks <- lapply(seq_along(own), function(b) {
    answer <- groups[[order[b]]]
    levels <- own[[b]][[1L]]$levels
    list(
      columns = unlist(lapply(own[[b]], `[[`, "columns")), n_levels = length(levels),
      levels = levels, level = match(answer$codes$levels, levels)[answer$codes$level],
      answer = with_elements(answer, elements)
    )
  })
  pairs <- ordered_pairs(pairs, order, blocks, elements)
  whole <- c(whole[c("sums", "cell", "number", "weight", "sum_log_w")], n = whole$total_n)
  intercept <- match("(Intercept)", colnames(design$X), nomatch = 0L)
  sums <- assemble_sums(list(x = x, y = y, z = z), whole, blocks, pairs, intercept, design$random)
  same <- lapply(blocks, function(block) {
    list(position = seq_len(block$n_levels), n = block$n_levels)
  })
  rearrange_cpp(sums, seq_along(blocks), same, core_specs(design$random))
}

# An answer about fewer basis elements, as one about all: products that were not asked for are zero
# in every map, and stand for the first.
with_elements <- function(answer, elements) {
  place <- function(own) match(lapply(elements, paste, collapse = ","),
    vapply(own, paste, "", collapse = ",")
  )
  left <- place(answer$left)
  right <- place(answer$right)
  number <- matrix(NA_integer_, length(elements), length(elements))
  number[] <- answer$number[cbind(rep(left, length(right)), rep(right, each = length(left)))]
  number[is.na(number)] <- t(number)[is.na(number)]
  list(sums = answer$sums, cell = answer$cell, number = number)
}

# For blocks t before s, as the core has them.
ordered_pairs <- function(pairs, order, blocks, elements) {
  result <- list()
  for (t in seq_along(blocks)) for (s in seq_along(blocks)[seq_along(blocks) > t]) {
    wanted <- order[c(t, s)]
    pair <- Find(function(pair) setequal(pair$of, wanted), pairs)
    place <- match(wanted, pair$of)
    result <- c(result, list(list(
      terms = c(t, s), answer = with_elements(pair, elements),
      row = match(pair$labels[[place[1L]]], blocks[[t]]$levels),
      column = match(pair$labels[[place[2L]]], blocks[[s]]$levels)
    )))
  }
  result
}
