# Models with a smaller random part, fitted to cross-products made from those of the larger model:
# columns of a term are combinations Z M of its columns, so that no row is read.

#' Fit a smaller random part without the rows
#'
#' @param fit a fit by `lmm()`.
#' @param random list of random terms, each on a grouping factor of the fit.
#' @return the fields `criterion`, `theta`, `beta` (that of `fit`: how many there are), `random` and
#'   `optimization` of a fit; NULL where only the rows can give it: other columns or optimizer, a
#'   criterion that cross-products leave too few digits, or an outcome that is to be reported.
#' @noRd
nested_fit <- function(fit, random) {
  control <- unchecked(fit$control)
  if (control$optimizer == "none") control$optimizer <- default_control$optimizer
  if (control$optimizer != "newton" || !has_moments(fit)) return(NULL)
  members <- lapply(random, nested_term, fit = fit)
  if (any(vapply(members, is.null, TRUE))) return(NULL)
  sizes <- vapply(members, function(term) length(term$levels), 1L)
  members <- index_theta(members[order(-sizes)])
  moments <- nested_moments(moments_of(fit), members)
  if (is.null(moments)) return(NULL)
  prepared <- prepare_cpp(NULL, moments)
  on.exit(release_cpp(prepared$pointer))
  result <- fit_core(prepared$pointer, members, fit$REML, control, NULL)
  outcome <- result$optimizer
  certificate <- outcome$certificate
  quiet <- isTRUE(outcome$converged) && is.null(result$evidence$undetermined)
  if (!quiet || !(certificate$rounding < 1e-7)) return(NULL)
  outcome$singular <- any(result$point$standardized[is_deviation(members)] < 1e-4) ||
    is_degenerate(members, result$point$theta, 1e-4)
  list(
    criterion = result$point$criterion, theta = as.double(result$point$theta), beta = fit$beta,
    random = members, optimization = outcome
  )
}

# A random term as in `fit$random`, with `block` (of the fit's cross-products) and `map` (M, a
# column for each of its own); NULL if its columns are not combinations of those that the fit has.
nested_term <- function(term, fit) {
  index <- block_index(fit$random)
  same_group <- which(vapply(fit$random, `[[`, "", "group") == term$group_name)
  if (length(same_group) == 0L) return(NULL)
  own <- same_group[match(term$text, vapply(fit$random[same_group], `[[`, "", "text"))]
  sizes <- vapply(fit$random[same_group], function(one) length(one$columns), 1L)
  result <- fit$random[[same_group[1L]]][c("group", "levels")]
  result[c("structure", "text")] <- term[c("structure", "text")]
  result$block <- index$block[same_group[1L]]
  if (!is.na(own)) {
    result$columns <- fit$random[[own]]$columns
    result$settings <- fit$random[[own]]$settings
    result$map <- diag(sum(sizes))[, index$first[own] + seq_along(result$columns), drop = FALSE]
    return(result)
  }
  texts <- vapply(fit$parsed$random, `[[`, "", "text")
  parents <- match(vapply(fit$random[same_group], `[[`, "", "text"), texts)
  z <- lhs_matrices(c(fit$parsed$random[parents], list(term)), fit, length(parents))
  last <- length(z)
  result$columns <- colnames(z[[last]])
  result$map <- contained_columns(z[[last]], do.call(cbind, z[-last]))
  if (is.null(result$map)) return(NULL)
  frame <- columns_frame(fit)
  terms <- if (!is.null(term$terms)) complete_terms(term$terms, frame)
  design <- c(result, list(lhs = term$lhs, terms = terms))
  if (!is.null(terms)) design$xlevels <- factor_levels(terms, frame)
  result$settings <- term_settings(design, frame, term$rank)
  result
}

#' Cross-products of a model with other random terms
#'
#' @param members list from `nested_term()`, with `theta_index`, in the order of theta.
#' @return list like `moments`; NULL if blocks change their order.
#' @noRd
nested_moments <- function(moments, members) {
  groups <- vapply(members, `[[`, "", "group")
  joined <- lapply(unique(groups), function(group) members[groups == group])
  old <- vapply(joined, function(own) own[[1L]]$block, 1L)
  if (is.unsorted(old, strictly = TRUE)) return(NULL)
  blocks <- lapply(joined, function(own) nested_block(moments$blocks$terms, own))
  pairs <- list()
  for (pair in moments$blocks$pairs) {
    at <- match(pair$terms + 1L, old)
    if (anyNA(at)) next
    map <- kronecker(t(blocks[[at[1L]]]$map), t(blocks[[at[2L]]]$map))
    pair$terms <- at - 1L
    pair$values <- as.vector(map %*% matrix(pair$values, ncol(map)))
    pairs <- c(pairs, list(pair))
  }
  moments$blocks$terms <- lapply(blocks, function(block) block[names(block) != "map"])
  moments$blocks$pairs <- pairs
  moments$specs <- lapply(joined, function(own) {
    .mapply(structure_spec, list(own, first_columns(own)), NULL)
  })
  moments
}

# One block term of the core for members on one factor, with `map` from the centred columns of the
# old block to the new ones.
nested_block <- function(terms, members) {
  old <- terms[[members[[1L]]$block]]
  raw <- uncentring(old) %*% do.call(cbind, lapply(members, `[[`, "map"))
  k <- ncol(raw)
  sums <- matrix(rowSums(map_block(old, raw)$diagonal), k)
  centring <- nested_centring(members, sums)
  map <- raw
  for (c in which(centring$with > 0L)) {
    map[, c] <- map[, c] - centring$shift[c] * raw[, centring$with[c]]
  }
  c(map_block(old, map), list(
    v = k, n_levels = old$n_levels,
    centred_with = centring$with - 1L, shift = centring$shift, map = map
  ))
}

# Number of columns before those of each term.
first_columns <- function(members) {
  sizes <- lengths(lapply(members, `[[`, "columns"))
  cumsum(c(0L, sizes[-length(sizes)]))
}

# As the core does: with a column of ones the other columns are about their means. sums: Z'WZ over
# all levels. list(`with` (0 for none), `shift`).
nested_centring <- function(members, sums) {
  constant <- unlist(lapply(members, `[[`, "columns")) == "(Intercept)"
  ones <- match(TRUE, constant, nomatch = 0L)
  with <- ifelse(constant, 0L, ones)
  shift <- numeric(length(with))
  for (c in which(with > 0L)) shift[c] <- sums[c, ones] / sums[ones, ones]
  list(with = with, shift = shift)
}
