# What a database answers: sums by groups, the levels and cells that they are of.

# list(`sums`, `n`, `columns` (keys, by name), `number` (matrix: the product of elements of `left`
# and `right` in the basis with the response second)).
ask_sums <- function(engine, begun, keys, left, right, extra = character(0L)) {
  products <- basis_products(left, right)
  answer <- ask(engine, sums_query(
    engine, begun$variables, keys, products$products, begun$overview$centres, extra
  ))
  numbers <- function(first, count) {
    at <- first + seq_len(count)
    if (count == 0L) return(matrix(0, nrow(answer), 0L))
    values <- vapply(unclass(answer)[at], as.double, numeric(nrow(answer)), USE.NAMES = FALSE)
    matrix(values, nrow(answer))
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
  abort_changed("{sum(answer$n)} rows in one query, {begun$overview$used} in another",
    observed = c(begun$overview$used, sum(answer$n))
  )
}

abort_changed <- function(how, observed, envir = parent.frame()) {
  abort(c(
    paste0("The table changed while it was read: ", how, "."),
    "i" = "Read it in a transaction of isolation level repeatable read, where it is one table on one
           server."
  ), kind = "data", variable = "data", observed = observed, envir = envir)
}

# And the same values, to what the order of additions may change.
check_same_sums <- function(answer, whole) {
  texts <- function(own) vapply(own, paste, "", collapse = ",")
  totals <- colSums(whole$sums)
  compare <- function(elements, columns) {
    at <- match(texts(elements), texts(whole$elements))
    before <- totals[whole$number[1L, at]]
    now <- colSums(answer$sums)[columns]
    scale <- sqrt(whole$weight * totals[diag(whole$number)[at]])
    bad <- which(!(abs(now - before) <= 1e-8 * scale))[1L]
    if (is.na(bad)) return(invisible(NULL))
    values <- signif(c(before[bad], now[bad]), 6)
    abort_changed("a sum is {values[1L]} in one query, {values[2L]} in another",
      observed = c(before[bad], now[bad])
    )
  }
  compare(answer$left, answer$number[, 1L])
  compare(answer$right, answer$number[1L, ])
}

response_element <- list(1L)

# By cell of all factors among the columns: as ask_sums() with `texts` (of cells), `keys`, `grams`,
# `weight`.
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
    abort_changed("a level came up that was not there before", observed = own[is.na(at)])
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
  check_same_sums(answer, whole)
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
    check_same_sums(answer, whole)
    answer$of <- c(t, s)
    answer$codes <- lapply(groups[c(t, s)], function(own) group_codes(own$group, answer))
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
