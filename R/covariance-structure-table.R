# Covariance structures of random terms: one table, one row each. Nothing else in R knows them by
# name.
#
# A term with v columns has Cov(b) = sigma^2 Lambda Lambda', Lambda a lower-triangular v x v matrix
# that is a function of the term's parameters theta. Each row of the table gives
#   bar                how the term is written with a bar; NULL where only a wrapper says it
#   wrapper            name and `hom` of the function around the bar that says it; of rows with the
#                      same name the first one is meant without `hom`
#   has_covariances    may effects of different columns depend on each other? If not, they are terms
#                      of their own but for the name: printed, removed and counted one by one
#   one_deviation      do all columns have one standard deviation? It is printed once then
#   pattern            what the parameters besides standard deviations are called where they are
#                      printed; NULL where correlations are printed pair by pair
#   lower(v), upper(v) bounds (lower: 0 on the diagonal of Lambda, -Inf elsewhere); no `upper`: none
#   labels(columns)    names of the parameters, without the grouping factor
#   entries(v)         row and column of each parameter in Lambda; NULL if parameters are none
#   parameters(F)      those of the Lambda with Lambda Lambda' = FF', F any v x k matrix; likewise
#   positions          what the columns' positions are: "steps" of one, "line", "space"; NULL: none
# Its name is that of the core, which has the rest: number of parameters, start, Lambda. A new
# structure is a new row here and a C++ file under src/core/covariance.
#
# Those with standard deviations and correlations are two rows each: with one standard deviation for
# all columns or one for each, which of them is meant without `hom` as in lme4 2.1 and glmmTMB.

#' Both rows of a structure with standard deviations and correlations
#'
#' @param correlations function of the columns: labels of the parameters besides the deviations.
#' @param lowest,highest their bounds, `lowest` a function of the number of columns.
#' @noRd
correlated_structure <- function(name, hom, correlations, lowest = function(v) -1, highest = 1,
                                 ..., has_covariances = TRUE) {
  row <- function(one) {
    count <- function(v) length(correlations(as.character(seq_len(v))))
    list(
      wrapper = list(name = name, hom = one), has_covariances = has_covariances,
      one_deviation = one, ...,
      lower = function(v) c(rep(0, if (one) 1L else v), rep_len(lowest(v), count(v))),
      upper = function(v) c(rep(Inf, if (one) 1L else v), rep_len(highest, count(v))),
      labels = function(columns) c(if (one) "*" else columns, correlations(columns))
    )
  }
  other <- paste0(if (hom) "het" else "hom", name)
  stats::setNames(list(row(hom), row(!hom)), c(name, other))
}

# Labels of parameters that several columns have.
label_of_several <- function(label) {
  function(columns) if (length(columns) > 1L) label else character(0L)
}

covariance_structures <- c(
  list(
    us = list(
      bar = "|",
      wrapper = list(name = "us", hom = FALSE),
      has_covariances = TRUE,
      lower = function(v) {
        bound <- rep(-Inf, v * (v + 1L) / 2L)
        bound[diagonal_places(v)] <- 0
        bound
      },
      labels = function(columns) {
        v <- length(columns)
        row <- .row(c(v, v))
        column <- .col(c(v, v))
        lower <- row >= column
        labels <- paste0(columns[row[lower]], ".", columns[column[lower]])
        labels[diagonal_places(v)] <- columns
        labels
      },
      entries = function(v) which(lower_triangle(v), arr.ind = TRUE),
      parameters = function(F) {
        v <- nrow(F)
        R <- qr.R(qr(t(F), LAPACK = FALSE, tol = 0))
        lambda <- matrix(0, v, v)
        lambda[, seq_len(nrow(R))] <- t(R * ifelse(diag(R) < 0, -1, 1))
        lambda[lower_triangle(v)]
      }
    ),
    diag = list(
      bar = "||",
      wrapper = list(name = "diag", hom = FALSE),
      has_covariances = FALSE,
      lower = function(v) rep(0, v),
      labels = function(columns) columns,
      entries = function(v) cbind(seq_len(v), seq_len(v)),
      parameters = function(F) sqrt(rowSums(F^2))
    )
  ),
  correlated_structure("diag", FALSE, function(columns) character(0L), has_covariances = FALSE)[2L],
  correlated_structure("cs", FALSE, label_of_several("rho"),
    lowest = function(v) if (v > 1L) -1 / (v - 1) else -1, pattern = "cs"
  ),
  correlated_structure("ar1", TRUE, label_of_several("rho"), pattern = "ar1", positions = "steps"),
  correlated_structure("toep", FALSE, function(columns) {
    if (length(columns) > 1L) paste0("rho", seq_along(columns[-1L])) else character(0L)
  }, pattern = "toep"),
  correlated_structure("ad", FALSE, function(columns) {
    paste0(columns[-1L], rep_len(".", length(columns) - 1L), columns[-length(columns)])
  }, pattern = "ad"),
  correlated_structure("ou", TRUE, label_of_several("rho"),
    lowest = function(v) 0, pattern = "ou, per unit", positions = "line"
  ),
  correlated_structure("exp", TRUE, label_of_several("range"),
    lowest = function(v) 0, highest = Inf, pattern = "exp, range", positions = "space"
  ),
  correlated_structure("gau", TRUE, label_of_several("range"),
    lowest = function(v) 0, highest = Inf, pattern = "gau, range", positions = "space"
  ),
  correlated_structure("mat", TRUE, label_of_several(c("range", "smoothness")),
    lowest = function(v) c(0, 0.05), highest = c(Inf, 20), pattern = "mat, range and smoothness",
    positions = "space"
  ),
  list(rr = list(
    wrapper = list(name = "rr", hom = FALSE),
    has_covariances = TRUE,
    labels = function(columns, rank) {
      unlist(lapply(seq_len(rank), function(c) paste0(columns[c:length(columns)], ".d", c)))
    }
  ))
)

# Bars by structure, "" where there is none, found once.
structure_bars <- vapply(covariance_structures, function(row) row$bar %||% "", "")

#' @return v x v logical matrix, TRUE on and below the diagonal.
#' @noRd
lower_triangle <- function(v) .row(c(v, v)) >= .col(c(v, v))

# Places of the diagonal in the lower triangle by columns.
diagonal_places <- function(v) {
  j <- seq_len(v)
  (j - 1L) * (2L * v - j + 2L) / 2L + 1L
}
