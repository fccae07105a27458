# The additive relationship of a pedigree, as its inverse: A^-1 = T^-1' D^-1 T^-1, T^-1 the identity
# less half of each parent, D the variances of Mendelian sampling (Henderson 1976, Quaas 1976).

#' @rdname precision
#' @param id,sire,dam Vectors of one length: animals and their parents. `NA`, `0` and `""` are
#'   unknown parents; parents that are no `id` themselves are animals without known parents. For
#'   plants without sexes the order of both parents does not matter, and they may be the same.
#' @param sex NULL, or the sex of each `id`: `"male"`, `"m"`, `1`, `"female"`, `"f"`, `2`, in any
#'   case, or unknown (`NA`, `0`, `""`). Then a sire that is female, or a dam that is male, is an
#'   error.
#' @return For `pedigree`, the same with the inverse of the additive relationship matrix,
#'   inbreeding taken into account.
#' @references Henderson, C. R. (1976). A simple method for computing the inverse of a numerator
#'   relationship matrix used in prediction of breeding values. *Biometrics* 32, 69-83.
#'
#'   Quaas, R. L. (1976). Computing the diagonal elements and inverse of a large numerator
#'   relationship matrix. *Biometrics* 32, 949-953.
#'
#'   Colleau, J.-J. (2002). An indirect approach to the extensive calculation of relationship
#'   coefficients. *Genetics Selection Evolution* 34, 409-421.
#' @examples
#' # half sibs of inbred parents
#' animals <- pedigree(id = 1:6, sire = c(0, 0, 1, 1, 4, 5), dam = c(0, 0, 2, 0, 3, 2))
#' inbreeding(animals)
#' @export
pedigree <- function(id, sire, dam, sex = NULL) {
  check_supplied(id)
  check_supplied(sire)
  check_supplied(dam)
  count <- c(id = length(id), sire = length(sire), dam = length(dam))
  if (length(unique(count)) > 1L) {
    abort_pedigree("{.arg id}, {.arg sire} and {.arg dam} have {count} elements.", count)
  }
  id <- animal_names(id)
  if (anyNA(id) || anyDuplicated(id)) {
    twice <- unique(id[duplicated(id)])
    abort_pedigree("{.arg id} names an animal twice, or none: {.val {twice}}.", twice)
  }
  parents <- cbind(sire = animal_names(sire), dam = animal_names(dam))
  check_sexes(id, parents, sex)
  founders <- setdiff(unique(as.vector(parents)), c(id, NA))
  animals <- c(founders, id)
  parents <- rbind(matrix(NA, length(founders), 2L), matrix(match(parents, animals), ncol = 2L))
  parents[is.na(parents)] <- 0L
  sorted <- pedigree_cpp(parents[, 1L], parents[, 2L])
  if (length(sorted$order) < length(animals)) {
    own <- animals[setdiff(seq_along(animals), sorted$order)]
    abort_pedigree(
      "Animals are among their own ancestors, or descend from such: {.val {own}}.", own
    )
  }
  animals <- animals[sorted$order]
  result <- precision(inverse_relationship(sorted$parents, sorted$variance, animals))
  result$inbreeding <- stats::setNames(1 - sorted$panmictic, animals)
  structure(result, class = c("henderson_pedigree", class(result)))
}

abort_pedigree <- function(problem, observed, variable = "id", envir = parent.frame()) {
  abort(problem, kind = "relationship", variable = variable, observed = observed, envir = envir)
}

#' Coefficients of inbreeding
#'
#' @param pedigree A [pedigree()].
#' @return Named numeric vector, a coefficient \eqn{F}{F} for each animal of the pedigree, parents
#'   before their offspring: the relationship of its parents over two. The diagonal of the additive
#'   relationship matrix is \eqn{1 + F}{1 + F}.
#' @seealso [pedigree()]
#' @examples
#' # brother and sister mated for three generations: 0.25, 0.375, 0.5
#' sibs <- pedigree(
#'   id = c("a", "b", "c", "d", "e", "f", "g"),
#'   sire = c(NA, NA, "a", "a", "c", "c", "e"), dam = c(NA, NA, "b", "b", "d", "d", "f")
#' )
#' inbreeding(sibs)
#' @export
inbreeding <- function(pedigree) {
  check_supplied(pedigree)
  if (!inherits(pedigree, "henderson_pedigree")) {
    given <- describe_value(pedigree)
    abort(c(
      "{.arg pedigree} must be made by {.fn pedigree}, not {given}.",
      "i" = "Of a relationship matrix they are its diagonal less 1."
    ), kind = "relationship", variable = "pedigree", observed = class(pedigree))
  }
  pedigree$inbreeding
}

# Sires are not female, dams not male.
check_sexes <- function(id, parents, sex) {
  if (is.null(sex)) return(invisible(NULL))
  if (length(sex) != length(id)) {
    size <- length(sex)
    abort_pedigree(
      "{.arg sex} has {size} element{?s}; {.arg id} has {length(id)}.", size, "sex"
    )
  }
  known <- c(
    male = "male", m = "male", "1" = "male", female = "female", f = "female", "2" = "female"
  )
  words <- animal_names(sex)
  sexes <- unname(known[tolower(words)])
  odd <- unique(words[is.na(sexes) & !is.na(words)])
  if (length(odd) > 0L) {
    abort_pedigree(
      "{.arg sex} must be male or female (1 or 2), or unknown, not {.val {odd}}.", odd, "sex"
    )
  }
  other <- c(sire = "female", dam = "male")
  for (role in names(other)) {
    wrong <- intersect(parents[, role], id[sexes %in% other[[role]]])
    if (length(wrong) > 0L) {
      abort_pedigree(
        "{.arg {role}} names what {.arg sex} calls {other[[role]]}: {.val {wrong}}.", wrong, role
      )
    }
  }
}

# Numbers without exponent, so that 1e5 and 100000L are one animal.
animal_names <- function(x) {
  whole <- is.numeric(x) && !is.object(x) && all(is.na(x) | x == round(x))
  names <- if (whole) sprintf("%.0f", x) else enc2utf8(as.character(x))
  names[is.na(x)] <- NA
  names[names %in% c("0", "")] <- NA
  names
}

inverse_relationship <- function(parents, variance, animals) {
  n <- nrow(parents)
  known <- which(parents > 0L)
  half <- Matrix::sparseMatrix(
    i = c(seq_len(n), row(parents)[known]), j = c(seq_len(n), parents[known]),
    x = rep(c(1, -0.5), c(n, length(known))), dims = c(n, n)
  )
  inverse <- Matrix::crossprod(Matrix::Diagonal(x = 1 / sqrt(variance)) %*% half)
  dimnames(inverse) <- list(animals, animals)
  inverse
}
