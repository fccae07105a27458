# Pictures of groups: conditional modes, and what they are shrunk from.
#
# Notation: b_t, v x J matrix of conditional modes of term t.

# --- modes ---

# list of pictures by factor, of the result of ranef().
picture_modes_of <- function(modes, level) {
  reach <- stats::qnorm((1 + level) / 2)
  lapply(stats::setNames(nm = names(modes)), function(name) {
    own <- modes[[name]]
    if (is.data.frame(own)) names(own) <- unique_labels(names(own))
    table <- long_modes(own, name)
    deviation <- table$condsd %||% rep(NA_real_, nrow(table))
    table$lower <- table$condval - reach * deviation
    table$upper <- table$condval + reach * deviation
    has_interval <- !all(is.na(deviation))
    picture_levels(table, 0) + ggplot2::labs(
      title = paste("Conditional modes by", name), x = "Conditional mode", y = name,
      caption = if (has_interval) paste0(
        "Intervals: ", format(100 * level), " %, of conditional standard deviations"
      )
    )
  })
}

# Points with intervals, a row for each level and a panel for each term. `table`: `grp` (factor),
# `condval`, `lower`, `upper` (NA: none), `term`; `zero`: where a line is, NULL for none.
picture_levels <- function(table, zero) {
  bars <- table[!is.na(table$lower), ]
  few <- nlevels(table$grp) <= 60L
  ggplot2::ggplot(table, aes_of(x = "condval", y = "grp")) +
    (if (!is.null(zero)) ggplot2::geom_vline(
      xintercept = zero, colour = "grey50", linetype = "dashed"
    )) +
    (if (nrow(bars) > 0L) ggplot2::geom_linerange(
      aes_of(xmin = "lower", xmax = "upper"), data = bars, colour = "grey40"
    )) +
    point_layer() + ggplot2::scale_y_discrete(limits = levels(table$grp)) +
    ggplot2::facet_wrap("term", scales = "free_x", nrow = 1L) + picture_theme() +
    # names of hundreds of levels would cover each other
    (if (!few) ggplot2::theme(
      axis.text.y = ggplot2::element_blank(), axis.ticks.y = ggplot2::element_blank(),
      panel.grid.major.y = ggplot2::element_blank()
    ))
}

# --- without pooling ---

#' Random effects of one factor without pooling
#'
#' Least squares, for each level, of what fixed effects and other random effects leave of the
#' response.
#' @return matrix J x v, columns of all terms on the factor side by side; `NA` for a level whose
#'   rows do not determine all of them.
#' @noRd
unpooled_modes <- function(fit, group) {
  own <- which(vapply(fit$random, `[[`, "", "group") == group)
  terms <- fit_random_terms(fit)[own]
  n <- length(fit$fitted)
  Z <- do.call(cbind, lapply(terms, function(term) {
    if (is.null(term$z)) matrix(1, n, 1L) else term$z
  }))
  shares <- Map(function(term, modes) {
    random_contribution(term, modes, rep(TRUE, nrow(modes)))
  }, terms, fit$b[own])
  left <- model_response(fit) - fit$fitted + Reduce(`+`, shares)
  weights <- fit$weights %||% rep(1, n)
  levels <- terms[[1L]]$levels
  rows <- split(seq_len(n), factor(terms[[1L]]$level, levels = seq_along(levels)))
  estimates <- vapply(rows, function(rows) {
    rows <- rows[weights[rows] > 0]
    if (length(rows) < ncol(Z)) return(rep(NA_real_, ncol(Z)))
    one <- stats::lm.wfit(Z[rows, , drop = FALSE], left[rows], weights[rows])
    if (one$rank < ncol(Z)) rep(NA_real_, ncol(Z)) else unname(one$coefficients)
  }, numeric(ncol(Z)))
  columns <- unlist(lapply(terms, `[[`, "columns"))
  matrix(t(estimates), length(levels), dimnames = list(levels, columns))
}

shrinkage_table <- function(fit, group) {
  modes <- ranef.henderson_fit(fit, condVar = FALSE, whichel = group)[[group]]
  unpooled <- unpooled_modes(fit, group)
  if (all(is.na(unpooled))) {
    abort(c(
      "No level of {.val {group}} determines {.val {colnames(unpooled)}} without the others.",
      "i" = "There is nothing that the modes are shrunk from."
    ), kind = "unsupported", variable = "shrinkage", observed = colnames(unpooled),
    call = entry_frame())
  }
  beta <- fixef.henderson_fit(fit)
  at <- match(sort_interaction(names(modes)), sort_interaction(names(beta)))
  population <- ifelse(is.na(at), 0, beta[at])
  columns <- unique_labels(names(modes))
  data.frame(
    level = rep(rownames(modes), length(columns)),
    term = factor(rep(columns, each = nrow(modes)), levels = columns),
    unpooled = as.vector(unpooled) + rep(population, each = nrow(modes)),
    partial = unlist(modes, use.names = FALSE) + rep(population, each = nrow(modes)),
    population = rep(population, each = nrow(modes))
  )
}

pooling_names <- c("No pooling", "Mixed model", "Population")

pooling_scales <- function(shapes = c(1, 16, 8)) {
  list(
    ggplot2::scale_shape_manual(NULL, values = shapes, limits = pooling_names),
    ggplot2::scale_colour_manual(NULL,
      values = c(unname(okabe_ito[c("vermillion", "blue")]), "black"), limits = pooling_names
    )
  )
}

picture_shrinkage <- function(fit, group, label) {
  table <- shrinkage_table(fit, group)
  table <- table[!is.na(table$unpooled), ]
  title <- paste("Shrinkage by", group)
  if (nlevels(table$term) == 1L) return(shrinkage_by_level(table, group, title))
  shrinkage_of_two(table, label, title)
}

shrinkage_by_level <- function(table, group, title) {
  table$level <- factor(table$level, levels = table$level[order(table$partial)])
  long <- data.frame(
    level = rep(table$level, 2L), value = c(table$unpooled, table$partial),
    kind = factor(rep(pooling_names[1:2], each = nrow(table)), levels = pooling_names)
  )
  ggplot2::ggplot(long, aes_of(x = "value", y = "level")) +
    ggplot2::geom_vline(xintercept = table$population[1L], linetype = "dashed") +
    ggplot2::geom_segment(
      aes_of(x = "unpooled", xend = "partial", y = "level", yend = "level"), data = table,
      colour = "grey60"
    ) +
    ggplot2::geom_point(aes_of(shape = "kind", colour = "kind"), size = 2) +
    pooling_two() + picture_theme() +
    ggplot2::labs(title = title, x = levels(table$term), y = group,
      caption = "Dashed: the population"
    ) +
    (if (nrow(table) > 60L) ggplot2::theme(
      axis.text.y = ggplot2::element_blank(), axis.ticks.y = ggplot2::element_blank()
    ))
}

pooling_two <- function() {
  list(
    ggplot2::scale_shape_manual(NULL, values = c(1, 16)),
    ggplot2::scale_colour_manual(NULL, values = unname(okabe_ito[c("vermillion", "blue")]))
  )
}

shrinkage_of_two <- function(table, label, title) {
  terms <- levels(table$term)[1:2]
  first <- table[table$term == terms[1L], ]
  second <- table[table$term == terms[2L], ]
  wide <- data.frame(
    name = first$level, from_x = first$unpooled, to_x = first$partial, from_y = second$unpooled,
    to_y = second$partial
  )
  points <- data.frame(
    x = c(wide$from_x, wide$to_x, first$population[1L]),
    y = c(wide$from_y, wide$to_y, second$population[1L]),
    kind = factor(
      rep(pooling_names, c(nrow(wide), nrow(wide), 1L)), levels = pooling_names
    )
  )
  # those that move most, in units of the spread
  moved <- ((wide$from_x - wide$to_x) / stats::sd(wide$from_x))^2 +
    ((wide$from_y - wide$to_y) / stats::sd(wide$from_y))^2
  named <- extreme_rows(wide, moved, label)
  names(named)[c(2L, 4L)] <- c("x", "y")
  ggplot2::ggplot(points, aes_of(x = "x", y = "y")) +
    ggplot2::geom_segment(
      aes_of(x = "from_x", y = "from_y", xend = "to_x", yend = "to_y"), data = wide,
      colour = "grey60", arrow = grid::arrow(length = grid::unit(5, "pt"))
    ) +
    ggplot2::geom_point(aes_of(shape = "kind", colour = "kind"), size = 2) +
    label_layer(named) + pooling_scales() + picture_theme() +
    ggplot2::labs(title = title, x = terms[1L], y = terms[2L])
}
