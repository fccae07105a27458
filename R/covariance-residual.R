# Structures of residuals: one table, one row each. Nothing else in R knows them by name.
#
# Each row of the table gives
#   hom                is there one variance by default?
#   visit              what the rows need: a place in an order (`levels`), whole steps (`steps`), a
#                      time (`times`), or nothing (`any`)
#   by_size            do bounds depend on the size of the largest group?
#   per_unit           is the correlation that at a distance of one unit?
#   labels(visits)     names of the correlations
#   estimates(correlation, v, unit)   their values, from a function of positions that gives C
#   pairs(v)           the visits that each is of, where it is of two
#   is_matrix          is it shown as one?
# Its name is that of the core (src/core/covariance/residual.h), which has the rest.

rho_label <- function(visits) "rho"

residual_structures <- list(
  independent = list(
    hom = TRUE, visit = "any",
    labels = function(visits) character(0L),
    estimates = function(correlation, v, unit) numeric(0L)
  ),
  ar1 = list(
    hom = TRUE, visit = "steps", per_unit = TRUE,
    labels = rho_label,
    estimates = function(correlation, v, unit) correlation(0:1)[2L, 1L]
  ),
  car1 = list(
    hom = TRUE, visit = "times", per_unit = TRUE,
    labels = rho_label,
    # of rows a usual gap apart: one unit of time may leave nothing of it
    estimates = function(correlation, v, unit) exp(log(correlation(0:1)[2L, 1L]) / unit)
  ),
  cs = list(
    hom = TRUE, visit = "any", by_size = TRUE,
    labels = rho_label,
    estimates = function(correlation, v, unit) correlation(1:2)[2L, 1L]
  ),
  toep = list(
    hom = TRUE, visit = "levels",
    labels = function(visits) sprintf("lag%d", seq_len(length(visits) - 1L)),
    estimates = function(correlation, v, unit) correlation(seq_len(v))[-1L, 1L]
  ),
  ad = list(
    hom = TRUE, visit = "levels",
    labels = function(visits) paste0(visits[-1L], ".", visits[-length(visits)])[-length(visits)],
    estimates = function(correlation, v, unit) {
      correlation(seq_len(v))[cbind(seq_len(v)[-1L], seq_len(v)[-v])]
    },
    pairs = function(v) cbind(seq_len(v)[-v], seq_len(v)[-1L])
  ),
  us = list(
    hom = FALSE, visit = "levels", is_matrix = TRUE,
    labels = function(visits) {
      at <- which(upper.tri(diag(length(visits))), arr.ind = TRUE)
      paste0(visits[at[, 2L]], ".", visits[at[, 1L]])[seq_len(nrow(at))]
    },
    estimates = function(correlation, v, unit) {
      all <- correlation(seq_len(v))
      all[upper.tri(all)]
    },
    pairs = function(v) which(upper.tri(diag(v)), arr.ind = TRUE)
  )
)

# Without correlations.
independent_residuals <- names(residual_structures)[1L]

# Other names of the same: list(name, hom).
residual_aliases <- list(
  ou = list("car1", TRUE), un = list("us", FALSE), csh = list("cs", FALSE),
  homcs = list("cs", TRUE), hetcs = list("cs", FALSE), ar1h = list("ar1", FALSE),
  hetar1 = list("ar1", FALSE), homar1 = list("ar1", TRUE), toeph = list("toep", FALSE),
  hettoep = list("toep", FALSE), homtoep = list("toep", TRUE), adh = list("ad", FALSE),
  ante = list("ad", FALSE), diag = list("independent", FALSE)
)

variance_kinds <- c("by", "power", "exponential")

# What nlme's objects are called here.
nlme_translations <- c(
  corAR1 = "residual = ar1(visit | subject)", corCAR1 = "residual = car1(time | subject)",
  corCompSymm = "residual = cs(1 | subject)", corSymm = "residual = us(visit | subject)",
  varIdent = "variance = ~ by(sex)", varPower = "variance = ~ power(x)",
  varExp = "variance = ~ exponential(x)", varFixed = "weights = 1 / x"
)

refuse_nlme <- function(name, arg) {
  if (name == "varComb") {
    abort(c("{.arg {arg}} cannot be nlme's {.fn varComb}.",
      "i" = "Write the sum: {.code variance = ~ by(sex) + power(x)}."
    ), kind = "unsupported", variable = arg, observed = name)
  }
  if (name %in% names(nlme_translations)) {
    abort(c("{.arg {arg}} cannot be nlme's {.fn {name}}.",
      "i" = "Here it is written {.code {nlme_translations[[name]]}}."
    ), kind = "argument", variable = arg, observed = name)
  }
  known <- c(
    "corARMA", "corExp", "corGaus", "corLin", "corRatio", "corSpher", "corNatural", "varConstPower",
    "varConstProp", "corStruct", "varFunc"
  )
  if (!name %in% known) return(invisible(NULL))
  abort(c("nlme's {.fn {name}} is not available as {.arg {arg}}.",
    "i" = "There are {.fn {known_residuals()}} for {.arg residual} and
           {.fn {variance_kinds}} for {.arg variance}."
  ), kind = "unsupported", variable = arg, observed = name)
}

# What messages show.
residual_example <- "ar1(visit | subject)"

# Names and properties of a row.
known_residuals <- function() setdiff(names(residual_structures), independent_residuals)
residual_row <- function(name) residual_structures[[name]]

# A message's hint for times that are no steps.
times_instead <- function(name) paste0("residual = car1(", name, " | ...)")
steps_instead <- "Use {.fn ar1} for steps in order"
