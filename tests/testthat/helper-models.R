# Small fits that several test files look at, made once per process; and the translation between
# lme4's theta and ours, by term and column names.

fit_store <- new.env(parent = emptyenv())

fit_recipes <- function() {
  four_points <- quote(four_point_data())
  list(
    sleepstudy = quote(lmm(Reaction ~ Days + (Days | Subject), sleepstudy)),
    sleepstudy_ml = quote(lmm(Reaction ~ Days + (Days | Subject), sleepstudy, REML = FALSE)),
    sleepstudy_diag = quote(lmm(Reaction ~ Days + (Days || Subject), sleepstudy)),
    sorghum_e3 = quote(lmm(yield ~ gen + (1 | rep), subset(omer.sorghum, env == "E3"))),
    sorghum_e3_ml = quote(
      lmm(yield ~ gen + (1 | rep), subset(omer.sorghum, env == "E3"), REML = FALSE)
    ),
    durban = quote(lmm(yield ~ gen * fung + (1 | block / fung), durban.splitplot)),
    oats = quote(lmm(Y ~ V * N + (1 | B / V), MASS::oats)),
    four_points = bquote(lmm(Resp ~ Treat + (1 | Ind), .(four_points))),
    four_points_ml = bquote(lmm(Resp ~ Treat + (1 | Ind), .(four_points), REML = FALSE))
  )
}

fit_cached <- function(name) {
  if (is.null(fit_store[[name]])) {
    recipe <- fit_recipes()[[name]]
    if (is.null(recipe)) {
      stop("no cached fit is called '", name, "'; add it to fit_recipes()", call. = FALSE)
    }
    fit_store[[name]] <- eval(recipe)
  }
  fit_store[[name]]
}

four_point_data <- function() {
  data.frame(Resp = c(10, 3, 25, 6), Treat = c(0, 0, 1, 1), Ind = factor(c(1, 2, 1, 2)))
}

# Names of grouping factors as lme4 2.1 writes them: lme4 1.1 has "c:(b:a)" for "c:b:a".
flat_name <- function(names) {
  inner <- "(^|:)\\(([^()]*:[^()]*)\\)"
  while (any(grepl(inner, names))) names <- sub(inner, "\\1\\2", names)
  names
}

# The terms of an lme4 fit in its own order: group, columns, levels, positions in its theta.
lme4_terms <- function(m) {
  groups <- names(m@cnms)
  used <- 0
  lapply(seq_along(groups), function(i) {
    v <- length(m@cnms[[i]])
    count <- v * (v + 1) / 2
    index <- used + seq_len(count)
    used <<- used + count
    list(
      group = flat_name(groups[i]), columns = m@cnms[[i]], structure = "us", v = v,
      levels = levels(m@flist[[groups[i]]]), theta_index = index
    )
  })
}

find_term <- function(terms, group, columns) {
  hit <- vapply(terms, function(term) {
    identical(term$group, group) && identical(as.vector(term$columns), as.vector(columns))
  }, logical(1))
  if (sum(hit) != 1) {
    stop(
      "found ", sum(hit), " terms for (", paste(columns, collapse = " + "), " | ", group, ")",
      call. = FALSE
    )
  }
  terms[[which(hit)]]
}

# theta in the order of `terms` (a list as fit$random) from values stored in the order of
# `source_terms`. Where one side has a diagonal term and the other one term for each column
# (lme4's `||`), columns are matched one by one. `source_terms` and `terms` may be lme4's or ours.
map_theta <- function(source_terms, source_theta, terms) {
  scalar <- list()
  for (term in source_terms) {
    if (term$structure == "diag") {
      for (k in seq_along(term$columns)) {
        scalar <- c(scalar, list(list(
          group = term$group, columns = term$columns[k], theta_index = term$theta_index[k]
        )))
      }
    } else {
      scalar <- c(scalar, list(term))
    }
  }
  theta <- numeric(sum(vapply(terms, function(term) length(term$theta_index), numeric(1))))
  for (term in terms) {
    parts <- if (term$structure == "diag") as.list(term$columns) else list(term$columns)
    values <- lapply(parts, function(columns) {
      source_theta[find_term(scalar, term$group, columns)$theta_index]
    })
    theta[term$theta_index] <- unlist(values)
  }
  theta
}

theta_from_lme4 <- function(m, fit) {
  unname(map_theta(lme4_terms(m), lme4::getME(m, "theta"), fit$random))
}

theta_to_lme4 <- function(fit, m, theta = fit$theta) {
  unname(map_theta(fit$random, theta, lme4_terms(m)))
}

# The oracle on lme4's model matrices: X, Z and Lambda are lme4's, so neither our formula code nor
# our Z takes part. `theta` in lme4's order.
reference_from_lme4 <- function(m, theta = lme4::getME(m, "theta")) {
  terms <- lapply(lme4_terms(m), function(term) {
    list(v = term$v, levels = length(term$levels), structure = "us")
  })
  reference_fit(
    y = lme4::getME(m, "y"), X = lme4::getME(m, "X"), Z = lme4::getME(m, "Z"),
    Lambda = reference_lambda(terms, theta), weights = stats::weights(m),
    offset = lme4::getME(m, "offset"), REML = lme4::isREML(m)
  )
}

# Conditional modes and variances, term by term in lme4's division into terms: a list of
# list(group, columns, levels, modes (v x J), variance (v x v x J)).
lme4_modes <- function(m) {
  modes <- lme4::ranef(m, condVar = TRUE)
  names(modes) <- flat_name(names(modes))
  used <- list()
  lapply(lme4_terms(m), function(term) {
    frame <- modes[[term$group]]
    variance <- attr(frame, "postVar")
    # one array for a factor with one term, otherwise a list with one array for each of its terms
    position <- length(used[[term$group]]) + 1
    used[[term$group]] <<- c(used[[term$group]], position)
    array <- if (is.list(variance)) variance[[position]] else variance
    list(
      group = term$group, columns = term$columns, levels = rownames(frame),
      modes = t(as.matrix(frame[term$columns])), variance = array
    )
  })
}

# The same from our fit, cut into the terms (and put into the level order) of `like`, a result of
# lme4_modes().
fit_modes_like <- function(fit, like) {
  lapply(like, function(wanted) {
    hit <- which(vapply(fit$random, function(term) {
      identical(term$group, wanted$group) && all(wanted$columns %in% term$columns)
    }, logical(1)))
    stopifnot(length(hit) == 1)
    term <- fit$random[[hit]]
    rows <- match(wanted$columns, term$columns)
    levels <- match(wanted$levels, term$levels)
    stopifnot(!anyNA(levels), length(levels) == length(term$levels))
    list(
      group = wanted$group, columns = wanted$columns, levels = wanted$levels,
      modes = fit$b[[hit]][rows, levels, drop = FALSE],
      variance = fit$conditional_variance[[hit]][rows, rows, levels, drop = FALSE]
    )
  })
}

# The oracle's b and Cov(b | y) cut into the terms of `like`; its columns run term by term, level
# by level, in lme4's level order.
reference_modes_like <- function(reference, like) {
  start <- 0
  lapply(like, function(wanted) {
    v <- length(wanted$columns)
    count <- length(wanted$levels)
    index <- start + seq_len(v * count)
    start <<- start + v * count
    variance <- array(0, c(v, v, count))
    for (j in seq_len(count)) {
      block <- index[(j - 1) * v + seq_len(v)]
      variance[, , j] <- reference$conditional_variance[block, block]
    }
    c(
      wanted[c("group", "columns", "levels")],
      list(modes = matrix(reference$b[index], v), variance = variance)
    )
  })
}

# Largest difference of modes and of conditional variances over the terms. The scale of a column
# is the larger of its greatest mode and its greatest conditional SD, so columns in different
# units are held alike and the modes of a variance estimated near zero are compared with what they
# can be.
modes_difference <- function(observed, expected) {
  differences <- mapply(function(o, e) {
    v <- length(e$columns)
    sds <- vapply(seq_len(v), function(k) sqrt(max(e$variance[k, k, ], 0)), numeric(1))
    scale <- pmax(apply(abs(e$modes), 1, max), sds)
    scale[scale == 0] <- 1
    sds[sds == 0] <- 1
    c(
      modes = max(abs(unname(o$modes) - unname(e$modes)) / scale),
      variance = max(abs(o$variance - e$variance) / as.vector(outer(sds, sds)))
    )
  }, observed, expected)
  apply(differences, 1, max)
}

# Models whose profiles take lme4 some seconds at most.
is_quick_profile <- function(model) {
  slow <- c(
    "Orthodont", "Nitrendipene", "Orange", "hughes.grapes", # lme4 fails, or warns
    "grover.diallel", "hayman.tobacco", "besag.bayesian" # orders terms of as many levels otherwise
  )
  if (model$name %in% slow) return(FALSE)
  fit <- tryCatch(
    suppressMessages(suppressWarnings(fit_real_model(model, quote(lmm)))),
    error = function(e) NULL
  )
  !is.null(fit) && is.null(fit$weights) && fit$n < 500L && length(fit$beta) <= 5L &&
    length(fit$theta) <= 2L
}

# The largest difference of limits over the width of the interval; NA where lme4 warns or fails.
profile_difference <- function(model) {
  model$REML <- FALSE
  limits <- suppressMessages(confint(fit_real_model(model, quote(lmm))))
  theirs <- tryCatch(
    suppressMessages(stats::confint(fit_real_model(model, quote(lme4::lmer)))),
    warning = function(w) NULL, error = function(e) NULL
  )
  if (is.null(theirs) || nrow(theirs) != nrow(limits) || anyNA(theirs)) return(NA_real_)
  max(abs(limits - theirs) / (limits[, 2L] - limits[, 1L]))
}
