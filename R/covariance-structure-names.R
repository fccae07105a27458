# Names of covariance structures: what a wrapper or another package's name means, and back.

# The one with a rank, and an argument for it.
rank_wrapper <- "rr"

# Names that other packages have for these structures: glmmTMB, mmrm, SAS (without parentheses).
structure_aliases <- c(
  homcs = "homcs", hetcs = "cs", homar1 = "ar1", hetar1 = "hetar1", homtoep = "homtoep",
  hettoep = "toep", homdiag = "homdiag", hetdiag = "diag", csh = "cs", ar1h = "hetar1",
  toeph = "toep", adh = "ad", UN = "us", CS = "homcs", CSH = "cs", AR1 = "ar1",
  ARH1 = "hetar1", TOEP = "homtoep", TOEPH = "toep", ANTE1 = "ad"
)

# What nlme's classes mean here.
nlme_structures <- c(
  pdSymm = "us", pdLogChol = "us", pdNatural = "us", pdDiag = "diag", pdIdent = "homdiag",
  pdCompSymm = "homcs", corSymm = "us", corCompSymm = "homcs", corAR1 = "ar1", corCAR1 = "ou",
  corExp = "exp", corGaus = "gau"
)

# Covariance structures that other packages know and this one does not (yet).
unsupported_structures <- c("propto", "equalto", "kin", "gr")

#' Covariance structures of random effects
#'
#' How the effects of several columns of a random term vary together, when that is said by fewer
#' numbers than a covariance matrix has: a function around the bar, `ar1(0 + f | g)`.
#'
#' @details `v` is the number of columns of the term, as a rule those of `0 + f` with a factor `f`
#'   of `v` levels. In parentheses: the value of `hom` that is meant without it. `hom = TRUE` gives
#'   all columns one standard deviation, `hom = FALSE` one each.
#'   \describe{
#'   \item{`us(x | g)`, or `(x | g)`}{any covariance matrix.}
#'   \item{`diag(x | g)`, or `(x || g)`}{no correlations (`hom = FALSE`).}
#'   \item{`cs(0 + f | g)`}{compound symmetry, one correlation `rho` of all pairs, at least
#'     `-1 / (v - 1)` (`hom = FALSE`).}
#'   \item{`ar1(0 + f | g)`}{autoregression, correlation `rho^k` of levels that are `k` steps apart
#'     (`hom = TRUE`). Levels of the data's factor without observations count as steps. Levels that
#'     are numbers must be equally spaced.}
#'   \item{`toep(0 + f | g)`}{Toeplitz, a correlation `rho1`, `rho2`, ... for each number of steps
#'     (`hom = FALSE`).}
#'   \item{`ad(0 + f | g)`}{first-order ante-dependence, a correlation for each pair of neighbours,
#'     others the products of those between (`hom = FALSE`).}
#'   \item{`ou(0 + f | g)`}{Ornstein-Uhlenbeck process, autoregression in continuous time:
#'     correlation `rho^h` at distance `h`, so that `rho` is that of one unit of time, between 0 and
#'     1 (`hom = TRUE`).}
#'   \item{`exp(0 + f | g)`, `gau(0 + f | g)`}{correlation `exp(-h / range)`, `exp(-(h / range)^2)`
#'     at distance `h` (`hom = TRUE`).}
#'   \item{`mat(0 + f | g)`}{Matern, with `range` and `smoothness` (between 0.05 and 20) as in
#'     glmmTMB: 2^(1 - s) / Gamma(s) (h / range)^s K_s(h / range) (`hom = TRUE`).}
#'   \item{`rr(0 + f | g, d = 2)`}{reduced rank: `L L'` with a `v` x `d` matrix `L`, which has zeros
#'     above its diagonal and a positive diagonal. `theta` has its entries, named `f1.d1`.}
#'   }
#'   `ou`, `exp`, `gau` and `mat` take the positions of columns from the levels of `f`: numbers, or
#'   coordinates in parentheses, such as `(1.5,2)` (all but `ou`), as the function numFactor of
#'   glmmTMB makes them. `factor(time)` can be written in the formula.
#'
#'   Names that glmmTMB (`homcs`, `hetar1`, `homtoep`, `homdiag`), mmrm (`csh`, `ar1h`, `toeph`,
#'   `adh`) and SAS (`UN`, `CS`, `CSH`, `AR1`, `ARH1`, `TOEP`, `TOEPH`, `ANTE1`) have for these
#'   structures are read too. SAS's `FA(1)` is the sum of `rr(0 + f | g, d = 1)` and
#'   `diag(0 + f | g)`.
#'
#'   `theta` has standard deviations relative to `sigma`, then correlations, ranges and the like.
#'   Where levels have one observation of each column, the residual variance and what all columns
#'   have in common with it (any variance of its own per column, under `toep` and `cs` a part of the
#'   correlation) cannot be told apart, and a message says so.
#'
#'   Several minima are possible: searches begin at correlations of zero and of both signs, at the
#'   minima of simpler structures and at points at random; where a factor has over 100 levels, only
#'   at the first of these.
#'
#'   Kenward and Roger's method has the term of second derivatives of the covariance matrix, by
#'   variances and correlations (ranges); it vanishes where the matrix is linear in its parameters,
#'   as in `us`, `diag` and, with `hom = TRUE`, `cs` and `toep`.
#' @source Wolfinger (1996), *Journal of Agricultural, Biological, and Environmental Statistics* 1,
#'   205-230, on heterogeneous structures; Kenward and Roger (1997), *Biometrics* 53, 983-997,
#'   equation (3).
#' @seealso [lmm()], [random_structures()] for a table of several of them,
#'   [variance_components()] for standard errors.
#' @examples
#' days <- transform(sleepstudy, day = factor(Days))
#' fit <- lmm(Reaction ~ Days + ou(0 + day | Subject, hom = FALSE), days)
#' VarCorr(fit)
#' variance_components(fit)
#' @name structures
NULL

# Names of functions around a bar that say a structure.
structure_wrappers <- function() {
  unique(vapply(covariance_structures, function(row) row$wrapper$name, "", USE.NAMES = FALSE))
}

# All names around a bar that are no functions of data, whether available or not.
known_structure_names <- function() {
  c(structure_wrappers(), names(structure_aliases), names(nlme_structures), unsupported_structures)
}

# The structure that a wrapper means; NA if it has no such one.
structure_of_wrapper <- function(name, hom = NULL) {
  if (is.null(hom) && name %in% names(structure_aliases)) return(structure_aliases[[name]])
  fits <- vapply(covariance_structures, function(row) {
    row$wrapper$name == name && (is.null(hom) || row$wrapper$hom == hom)
  }, TRUE)
  names(covariance_structures)[fits][1L]
}

# A random term in R's language: `lhs | group`, or `cs(lhs | group, hom = TRUE)`.
structure_call <- function(structure, lhs, group, rank = NULL) {
  row <- covariance_structures[[structure]]
  if (!is.null(row$bar)) return(call(row$bar, lhs, group))
  wrapped <- call(row$wrapper$name, call("|", lhs, group))
  if (!is.null(rank)) wrapped$d <- as.double(rank)
  if (structure != structure_of_wrapper(row$wrapper$name)) wrapped$hom <- row$wrapper$hom
  wrapped
}

# The same as text, given that of its sides.
structure_text <- function(structure, lhs, group, rank = NULL) {
  row <- covariance_structures[[structure]]
  if (!is.null(row$bar)) return(paste(lhs, row$bar, group))
  options <- as.list(structure_call(structure, 1, 1, rank))[-(1:2)]
  values <- vapply(options, format, "")
  option <- paste0(sprintf(", %s = %s", names(options), values), collapse = "")
  paste0(row$wrapper$name, "(", lhs, " | ", group, option, ")")
}

# Is each parameter an entry of Lambda?
has_entries <- function(structure) !is.null(covariance_structures[[structure]]$entries)

# The structure that "|" or "||" stands for.
structure_of_bar <- function(bar) names(structure_bars)[match(bar, structure_bars)]

has_covariances <- function(structure) covariance_structures[[structure]]$has_covariances

# What columns' positions mean to a structure: "steps", "line", "space"; NULL: nothing.
column_positions <- function(structure) covariance_structures[[structure]]$positions

# The wrapper's name.
structure_name <- function(structure) covariance_structures[[structure]]$wrapper$name

# The name that the parameters of a correlation are printed with; NULL: correlations are printed.
correlation_pattern <- function(structure) covariance_structures[[structure]]$pattern

has_one_deviation <- function(structure) {
  isTRUE(covariance_structures[[structure]]$one_deviation)
}

# Names of a term's parameters, and how many of those that are no entries of Lambda are standard
# deviations: they come first.
structure_labels <- function(term) {
  labels <- covariance_structures[[term$structure]]$labels
  rank <- term$settings$rank
  if (is.null(rank)) labels(term$columns) else labels(term$columns, rank)
}

# Parameters of a term besides its standard deviations, with their names; none of entries of Lambda.
correlation_parameters <- function(term, theta) {
  if (has_entries(term$structure)) return(NULL)
  labels <- structure_labels(term)
  rest <- seq_along(labels) > structure_deviations(term$structure, term$columns)
  stats::setNames(as.double(theta[term$theta_index])[rest], labels[rest])
}

structure_deviations <- function(structure, columns) {
  if (is.null(covariance_structures[[structure]]$lower)) return(0L)
  if (has_one_deviation(structure)) 1L else length(columns)
}
