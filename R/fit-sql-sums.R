# From the sums that a database has made, by cell and level, to cross-products: one linear map for
# each cell.

#' How columns are made of basis elements, cell by cell
#'
#' @param columns_of function of a frame: its matrix of columns; `frame` one row for each cell, all
#'   numbers 1; `numbers` as in `plan_variables()`; `basis` list of monomials; `centres` of numbers.
#' @return array basis x columns x cells.
#' @noRd
column_maps <- function(columns_of, frame, numbers, basis, centres) {
  A <- columns_of(frame)
  # a column that doubles with a number has it as a factor
  has <- vapply(seq_along(numbers), function(k) {
    if (k == 1L) return(logical(ncol(A)))
    changed <- columns_of(set_number(frame, numbers[[k]], 2))
    colSums(changed != A) > 0
  }, logical(ncol(A)))
  has <- matrix(has, ncol(A), length(numbers))
  maps <- array(0, c(length(basis), ncol(A), nrow(frame)))
  for (c in seq_len(ncol(A))) {
    monomial <- which(has[c, ])
    for (b in seq_along(basis)) {
      if (!all(basis[[b]] %in% monomial)) next
      maps[b, c, ] <- A[, c] * prod(centres[setdiff(monomial, basis[[b]])])
    }
  }
  maps
}

set_number <- function(frame, number, value) {
  if (is.na(number$column)) {
    frame[[number$name]] <- rep(value, nrow(frame))
  } else {
    column <- frame[[number$name]]
    column[, number$column] <- value
    frame[[number$name]] <- column
  }
  frame
}

# One row for each cell, all numbers 1. rows: of the frame, one in each cell.
cell_frame <- function(frame, rows, numbers) {
  cells <- frame[rows, , drop = FALSE]
  for (number in numbers[-1L]) cells <- set_number(cells, number, 1)
  cells
}

#' Sums of products of columns, from those of basis elements
#'
#' @param answer list(`sums` (matrix, one column for each product), `cell` (of each row)); `target`
#'   integer: to which of `n_targets` sums each row belongs.
#' @param left,right arrays from `column_maps()`; `number` matrix from `basis_products()`.
#' @return matrix (columns of left x columns of right, column-major) x targets.
#' @noRd
map_sums <- function(answer, target, n_targets, left, right, number) {
  size <- dim(left)[2L] * dim(right)[2L]
  result <- matrix(0, size, n_targets)
  for (rows in rows_of_cells(answer$cell)) {
    cell <- answer$cell[rows[1L]]
    map <- product_map(cell_of_map(left, cell), cell_of_map(right, cell), number)
    own <- answer$sums[rows, , drop = FALSE] %*% map
    at <- target[rows]
    counts <- tabulate(at, n_targets)
    if (any(counts > 1L)) {
      own <- rowsum(own, at)
      at <- which(counts > 0L)
    }
    result[, at] <- result[, at] + t(own)
  }
  result
}

rows_of_cells <- function(cell) {
  if (all(cell == cell[1L])) list(seq_along(cell)) else split(seq_along(cell), cell)
}

cell_of_map <- function(maps, cell) matrix(maps[, , cell], dim(maps)[1L], dim(maps)[2L])

# products x (columns of left, columns of right)
product_map <- function(left, right, number) {
  asked <- which(!is.na(number))
  rowsum(kronecker(right, left)[asked, , drop = FALSE], number[asked], reorder = TRUE)
}

# --- assembly ---

#' Cross-products as the core has them, about means
#'
#' @param maps list(`x`, `y`, `z` (by block)) of arrays over one basis, whose second element is the
#'   response; `whole` answer by cell, with `weight` (sum), `n` and `sum_log_w`; `blocks` list of
#'   list(`answer`, `level`, `columns` (names), `n_levels`); `pairs` list of list(`answer`, `row`,
#'   `column` (levels), `terms`).
#' @noRd
assemble_sums <- function(maps, whole, blocks, pairs, intercept, random) {
  ones <- matrix(0, dim(maps$x)[1L], 1L)
  ones[1L] <- 1
  ones <- array(ones, c(dim(ones), dim(maps$x)[3L]))
  mean_of <- function(map) {
    sums <- map_sums(whole, rep(1L, length(whole$cell)), 1L, ones, map, whole$number)
    drop(sums) / whole$weight
  }
  p <- dim(maps$x)[2L]
  shift_x <- numeric(p)
  shift_y <- numeric(p)
  if (intercept > 0L) {
    shift_x <- mean_of(maps$x)
    shift_x[intercept] <- 0
    shift_y[intercept] <- mean_of(maps$y)
  }
  maps$x <- shifted(maps$x, shift_x)
  maps$y <- shifted(maps$y, sum(shift_y))
  gram <- function() {
    xy <- bind_maps(maps$x, maps$y)
    matrix(map_sums(whole, rep(1L, length(whole$cell)), 1L, xy, xy, whole$number), p + 1L)
  }
  # y about its least-squares fit: what is small is then a sum of what is small
  slopes <- regression_of_gram(gram(), p)
  shift_y <- shift_y + slopes
  for (c in which(slopes != 0)) maps$y[, 1L, ] <- maps$y[, 1L, ] - slopes[c] * maps$x[, c, ]
  dense <- gram()
  xy <- bind_maps(maps$x, maps$y)
  terms <- lapply(seq_along(blocks), function(b) {
    block <- blocks[[b]]
    first <- match("(Intercept)", block$columns, nomatch = 0L)
    centred <- first > 0L & block$columns != "(Intercept)"
    shift <- ifelse(centred, mean_of(maps$z[[b]]), 0)
    list(z = shifted(maps$z[[b]], shift), shift = shift,
      centred_with = ifelse(centred, first - 1L, -1L)
    )
  })
  list(
    format_version = 2L, n = whole$n, sum_log_w = whole$sum_log_w, p = p, intercept = intercept,
    shift = list(x = shift_x, y = shift_y), specs = core_specs(random),
    blocks = list(
      dense = dense,
      terms = Map(block_sums, blocks, terms, list(xy), p),
      pairs = lapply(pairs, function(pair) {
        pair_sums(pair, terms[[pair$terms[1L]]]$z, terms[[pair$terms[2L]]]$z, blocks)
      })
    )
  )
}

# Slopes of the last column on the others; those of combinations of earlier ones are zero.
regression_of_gram <- function(gram, p) {
  own <- seq_len(p)
  size <- sqrt(diag(gram)[own])
  size[!(size > 0)] <- 1
  scaled <- gram[own, own, drop = FALSE] / outer(size, size)
  slopes <- qr.coef(qr(scaled, tol = 1e-10), gram[own, p + 1L] / size) / size
  slopes[is.na(slopes)] <- 0
  slopes
}

# The first basis element is 1.
shifted <- function(maps, shift) {
  maps[1L, , ] <- maps[1L, , ] - shift
  maps
}

bind_maps <- function(x, y) {
  result <- array(0, dim(x) + c(0L, 1L, 0L))
  p <- dim(x)[2L]
  result[, seq_len(p), ] <- x
  result[, p + 1L, ] <- y
  result
}

block_sums <- function(block, term, xy, p) {
  v <- dim(term$z)[2L]
  J <- block$n_levels
  own <- map_sums(block$answer, block$level, J, xy, term$z, block$answer$number)
  square <- map_sums(block$answer, block$level, J, term$z, term$z, block$answer$number)
  list(
    v = v, n_levels = J, centred_with = term$centred_with, shift = term$shift,
    dense = matrix(own, p + 1L, v * J), diagonal = square
  )
}

pair_sums <- function(pair, row_z, column_z, blocks) {
  sizes <- vapply(blocks[pair$terms], `[[`, 0L, "n_levels")
  key <- (pair$row - 1) * sizes[2L] + pair$column
  # of millions of pairs a match takes longer than an order
  order <- order(key)
  sorted <- key[order]
  new <- c(TRUE, sorted[-1L] != sorted[-length(sorted)])
  distinct <- sorted[new]
  target <- integer(length(key))
  target[order] <- cumsum(new)
  values <- map_sums(pair$answer, target, length(distinct), column_z, row_z, pair$answer$number)
  row <- (distinct - 1) %/% sizes[2L] + 1
  list(
    terms = pair$terms - 1L, start = c(0, cumsum(tabulate(row, sizes[1L]))),
    partner = as.integer((distinct - 1) %% sizes[2L]), values = as.vector(values)
  )
}

# --- from answers ---

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
    maps(function(frame) {
      do.call(cbind, lapply(members, function(term) {
        if (is.null(term$terms)) return(matrix(1, nrow(frame), 1L))
        design_matrix(term$terms, frame, term$contrasts %||% contrasts)
      }))
    })
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

# An answer about fewer basis elements, as one about all: products that were not asked for are NA,
# and zero in every map.
with_elements <- function(answer, elements) {
  texts <- function(own) vapply(own, paste, "", collapse = ",")
  place <- function(own) match(texts(elements), texts(own))
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
    codes <- pair$codes[match(wanted, pair$of)]
    number <- function(codes, block) match(codes$levels, block$levels)[codes$level]
    result <- c(result, list(list(
      terms = c(t, s), answer = with_elements(pair, elements),
      row = number(codes[[1L]], blocks[[t]]), column = number(codes[[2L]], blocks[[s]])
    )))
  }
  result
}
