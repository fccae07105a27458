# The additive relationship of a pedigree, as its inverse: A^-1 = T^-1' D^-1 T^-1, T^-1 the identity
# less half of each parent, D the variances of Mendelian sampling (Henderson 1976, Quaas 1976).

#' @rdname precision
#' @param id,sire,dam Vectors of one length: animals and their parents. `NA`, `0` and `""` are
#'   unknown parents; parents that are no `id` themselves are animals without known parents. For
#'   plants without sexes the order of both parents does not matter, and they may be the same.
#' @return For `pedigree`, the same with the inverse of the additive relationship matrix,
#'   inbreeding taken into account.
#' @references Henderson, C. R. (1976). A simple method for computing the inverse of a numerator
#'   relationship matrix used in prediction of breeding values. *Biometrics* 32, 69-83.
#'
#'   Meuwissen, T. H. E. and Luo, Z. (1992). Computing inbreeding coefficients in large
#'   populations. *Genetics Selection Evolution* 24, 305-313.
#' @examples
#' # half sibs of inbred parents
#' animals <- pedigree(id = 1:6, sire = c(0, 0, 1, 1, 4, 5), dam = c(0, 0, 2, 0, 3, 2))
#' @export
pedigree <- function(id, sire, dam) {
  check_supplied(id)
  check_supplied(sire)
  check_supplied(dam)
  refuse <- function(problem, variable, observed) {
    abort(problem, kind = "relationship", variable = variable, observed = observed)
  }
  count <- c(id = length(id), sire = length(sire), dam = length(dam))
  if (length(unique(count)) > 1L) {
    refuse("{.arg id}, {.arg sire} and {.arg dam} have {count} elements.", "id", count)
  }
  id <- animal_names(id)
  if (anyNA(id) || anyDuplicated(id)) {
    twice <- unique(id[duplicated(id)])
    refuse("{.arg id} names an animal twice, or none: {.val {twice}}.", "id", twice)
  }
  parents <- cbind(animal_names(sire), animal_names(dam))
  founders <- setdiff(unique(as.vector(parents)), c(id, NA))
  animals <- c(founders, id)
  parents <- rbind(matrix(NA, length(founders), 2L), matrix(match(parents, animals), ncol = 2L))
  parents[is.na(parents)] <- 0L
  order <- parents_first(parents)
  if (length(order) < length(animals)) {
    own <- animals[setdiff(seq_along(animals), order)]
    refuse("Animals are among their own ancestors, or descend from such: {.val {own}}.", "id", own)
  }
  position <- c(0L, match(seq_along(animals), order))
  sorted <- matrix(position[parents[order, ] + 1L], ncol = 2L)
  precision(inverse_relationship(sorted, animals[order]))
}

# Numbers without exponent, so that 1e5 and 100000L are one animal.
animal_names <- function(x) {
  whole <- is.numeric(x) && !is.object(x) && all(is.na(x) | x == round(x))
  names <- if (whole) sprintf("%.0f", x) else enc2utf8(as.character(x))
  names[is.na(x)] <- NA
  names[names %in% c("0", "")] <- NA
  names
}

# Positions with parents before their offspring; shorter where there are loops.
parents_first <- function(parents) {
  placed <- c(TRUE, logical(nrow(parents)))
  order <- integer(0L)
  left <- seq_len(nrow(parents))
  while (length(left) > 0L) {
    ready <- placed[parents[left, 1L] + 1L] & placed[parents[left, 2L] + 1L]
    if (!any(ready)) break
    order <- c(order, left[ready])
    placed[left[ready] + 1L] <- TRUE
    left <- left[!ready]
  }
  order
}

# Variance of Mendelian sampling of each animal, over that of a founder.
mendelian_variances <- function(parents) {
  n <- nrow(parents)
  inbreeding <- c(-1, numeric(n)) # of an unknown parent first
  variance <- numeric(n)
  share <- numeric(n)
  waiting <- logical(n)
  for (i in seq_len(n)) {
    variance[i] <- 0.5 - 0.25 * sum(inbreeding[parents[i, ] + 1L])
    if (any(parents[i, ] == 0L)) next
    # A[i, i], over ancestors from the youngest on
    total <- 0
    ancestors <- i
    share[i] <- 1
    while (length(ancestors) > 0L) {
      j <- max(ancestors)
      ancestors <- ancestors[ancestors != j]
      for (parent in parents[j, ]) {
        if (parent == 0L) next
        share[parent] <- share[parent] + share[j] / 2
        if (!waiting[parent]) ancestors <- c(ancestors, parent)
        waiting[parent] <- TRUE
      }
      total <- total + share[j]^2 * variance[j]
      share[j] <- 0
      waiting[j] <- FALSE
    }
    inbreeding[i + 1L] <- total - 1
  }
  variance
}

inverse_relationship <- function(parents, animals) {
  n <- nrow(parents)
  known <- which(parents > 0L)
  half <- Matrix::sparseMatrix(
    i = c(seq_len(n), row(parents)[known]), j = c(seq_len(n), parents[known]),
    x = rep(c(1, -0.5), c(n, length(known))), dims = c(n, n)
  )
  scaled <- Matrix::Diagonal(x = 1 / sqrt(mendelian_variances(parents))) %*% half
  inverse <- Matrix::crossprod(scaled)
  dimnames(inverse) <- list(animals, animals)
  inverse
}
