# Pictures of lines: those of groups, and the population's, over the data.

# Raw variables of the rows of the fit that its formula, weights apart, reads: fixed part, or all.
raw_predictors <- function(fit, random, caller) {
  fixed <- all.vars(stats::delete.response(fit$terms))
  others <- if (random) lapply(fit$random, function(term) {
    c(all.vars(term$lhs), all.vars(term$group_expr))
  })
  names <- unique(c(fixed, unlist(others), all.vars(fit$call$offset)))
  names <- setdiff(names, c("pi", known_outside(fit, names), parameter_names(fit)))
  if (length(names) == 0L) return(NULL)
  fit_variables(fit, names, caller)
}

# The variable on the horizontal axis. `raw`: raw variables.
chosen_axis <- function(fit, raw, x, call = entry_frame()) {
  if (!is.null(x) && length(raw) > 0L) {
    if (x %in% names(raw)) return(x)
    known <- utf8_names(names(raw))
    abort("{.arg x} must be a predictor of the fit, {.val {known}}, not {.val {x}}.",
      kind = "argument", variable = "x", observed = x, call = call
    )
  }
  fixed <- intersect(all.vars(stats::delete.response(fit$terms)), names(raw))
  plain <- fixed[vapply(raw[fixed], function(one) is.null(dim(one)), TRUE)]
  numeric <- plain[vapply(raw[plain], is.numeric, TRUE)]
  found <- c(numeric, plain)
  if (length(found) > 0L) return(found[1L])
  abort(c(
    "The fixed part has no variable to draw lines against.",
    "i" = "Give one of the random part as {.arg x}, or take another picture."
  ), kind = "unsupported", variable = "x", call = call)
}

# Values to draw a line through: those that occur if they are few, or no numbers.
axis_values <- function(values) {
  if (!is.numeric(values)) {
    values <- if (is.factor(values)) values else as.character(values)
    return(sort(unique(values)))
  }
  unique <- sort(unique(as.numeric(values)))
  if (length(unique) <= 10L) unique else seq(min(unique), max(unique), length.out = 50L)
}

# One row: of numbers the median that occurs, of others the most frequent value.
typical_row <- function(raw) {
  one <- lapply(raw, function(values) {
    if (is.matrix(values)) return(t(colMeans(values)))
    if (is.numeric(values)) {
      return(values[order(values)[ceiling(length(values) / 2)]])
    }
    first <- match(unique(values), values)
    counts <- vapply(first, function(i) sum(values == values[i]), 0)
    values[first[which.max(counts)]]
  })
  structure(one, class = "data.frame", row.names = 1L)
}

# The typical row, with `values` of one variable.
line_rows <- function(raw, x, values) {
  row <- typical_row(raw)
  rows <- row[rep(1L, length(values)), , drop = FALSE]
  if (is.logical(raw[[x]])) values <- as.logical(values)
  rows[[x]] <- values
  rownames(rows) <- NULL
  rows
}

# Of a structure that has no standard errors as yet, the line alone.
line_table <- function(newdata, x, fit, re.form, level) {
  limits <- tryCatch(
    predict.henderson_lmm(fit, newdata, re.form = re.form, interval = "confidence", level = level),
    henderson_error_unsupported = function(condition) {
      cbind(predict.henderson_lmm(fit, newdata, re.form = re.form), NA_real_, NA_real_)
    }
  )
  data.frame(x = newdata[[x]], y = limits[, 1L], lower = limits[, 2L], upper = limits[, 3L])
}

other_values_caption <- function(raw, x, groups) {
  others <- setdiff(names(raw), c(x, groups))
  if (length(others) == 0L) return(NULL)
  paste("At the median or most frequent value of", toString(utf8_names(others)))
}

mean_caption <- function(table, is_number, level, of) {
  if (all(is.na(table$lower))) return("No band: standard errors are not available")
  paste0(if (is_number) "Band: " else "Intervals: ", format(100 * level), " %, ", of)
}

# `x` numeric: a line with a band; else points with intervals.
mean_layers <- function(table, is_number) {
  colour <- okabe_ito[["blue"]]
  known <- table[!is.na(table$lower), ]
  if (is_number) {
    return(list(
      if (nrow(known) > 0L) ggplot2::geom_ribbon(
        aes_of(ymin = "lower", ymax = "upper"), data = known, fill = "grey70", alpha = 0.5
      ),
      ggplot2::geom_line(data = table, colour = colour, linewidth = 0.8)
    ))
  }
  list(
    if (nrow(known) > 0L) ggplot2::geom_linerange(
      aes_of(ymin = "lower", ymax = "upper"), data = known, colour = colour
    ),
    ggplot2::geom_point(data = table, colour = colour, shape = 18, size = 3)
  )
}

picture_population <- function(fit, x, level, caller) {
  raw <- raw_predictors(fit, FALSE, caller)
  x <- chosen_axis(fit, raw, x)
  values <- plotted_values(fit)
  line <- line_table(line_rows(raw, x, axis_values(raw[[x]])), x, fit, NA, level)
  is_number <- is.numeric(raw[[x]])
  points <- data.frame(x = raw[[x]][values$used], y = values$observed)
  if (!is_number && !is.factor(points$x)) points$x <- as.character(points$x)
  if (!is_number && !is.factor(line$x)) line$x <- as.character(line$x)
  jitter <- if (is_number) "identity" else ggplot2::position_jitter(0.15, 0, seed = 1)
  ggplot2::ggplot(points, aes_of(x = "x", y = "y")) +
    ggplot2::geom_point(colour = "grey45", size = 1, position = jitter) +
    mean_layers(line, is_number) + picture_theme() +
    ggplot2::labs(
      title = "Mean of the population", x = variable_label(raw[[x]], x),
      y = values$labels$observed, subtitle = other_values_caption(raw, x, character(0L)),
      caption = mean_caption(line, is_number, level, "for the mean")
    )
}

# Levels of a picture with panels: all, or some spread over the range of their first mode.
shown_levels <- function(fit, group, present, at_most = 30L) {
  if (length(present) <= at_most) return(present)
  own <- match(group, vapply(fit$random, `[[`, "", "group"))
  modes <- stats::setNames(fit$b[[own]][1L, ], fit$random[[own]]$levels)[present]
  chosen <- order(modes)[round(seq(1, length(present), length.out = at_most))]
  present[sort(chosen)]
}

group_lines <- function(fit, group, x, level, caller) {
  own <- which(vapply(fit$random, `[[`, "", "group") == group)
  raw <- raw_predictors(fit, TRUE, caller)
  x <- chosen_axis(fit, raw, x)
  values <- plotted_values(fit)
  term <- fit_random_terms(fit)[[own[1L]]]
  level_of <- term$levels[term$level]
  # levels of the matrix of a relationship need have no rows
  shown <- shown_levels(fit, group, intersect(term$levels, level_of[values$used]))
  bars <- lapply(fit$random[own], function(term) {
    call("(", call("|", term$lhs, term$group_expr))
  })
  re.form <- stats::as.formula(
    call("~", Reduce(function(left, right) call("+", left, right), bars)),
    environment(fit$parsed$formula)
  )
  separate <- fit
  unpooled <- unpooled_modes(fit, group)
  sizes <- vapply(fit$b[own], nrow, 1L)
  separate$b[own] <- lapply(seq_along(own), function(k) {
    t(unpooled[, sum(sizes[seq_len(k - 1L)]) + seq_len(sizes[k]), drop = FALSE])
  })
  axis <- axis_values(raw[[x]])
  newdata <- do.call(rbind, lapply(shown, function(one) {
    line_rows(raw[level_of == one, , drop = FALSE], x, axis)
  }))
  named <- factor(rep(shown, each = length(axis)), levels = shown)
  mixed <- cbind(line_table(newdata, x, fit, re.form, level), level = named)
  other_lines <- data.frame(
    x = rep(newdata[[x]], 2L),
    y = c(
      predict.henderson_lmm(separate, newdata, re.form = re.form),
      predict.henderson_lmm(fit, newdata, re.form = NA)
    ),
    level = rep(named, 2L),
    kind = factor(rep(pooling_names[c(1L, 3L)], each = nrow(newdata)), levels = pooling_names)
  )
  used <- values$used & level_of %in% shown
  points <- data.frame(
    x = raw[[x]][used], y = model_response(fit)[used],
    level = factor(level_of[used], levels = shown)
  )
  list(
    points = points, mixed = mixed, others = other_lines[!is.na(other_lines$y), ], x = x,
    x_label = variable_label(raw[[x]], x), y_label = values$labels$observed,
    is_number = is.numeric(raw[[x]]), total = length(unique(level_of[values$used])),
    others_at = other_values_caption(raw, x, unlist(lapply(fit$random, function(term) {
      all.vars(term$group_expr)
    })))
  )
}

picture_groups <- function(fit, group, x, level, caller) {
  parts <- group_lines(fit, group, x, level, caller)
  if (!parts$is_number) {
    abort(c(
      "{.val {parts$x}} is not numeric: there are no lines against it.",
      "i" = "Give a numeric predictor as {.arg x}, or take {.val caterpillar}."
    ), kind = "unsupported", variable = "x", observed = parts$x, call = entry_frame())
  }
  lines <- rbind(
    cbind(parts$mixed[c("x", "y", "level")], kind = factor("Mixed model", levels = pooling_names)),
    parts$others
  )
  bands <- parts$mixed[!is.na(parts$mixed$lower), ]
  shown <- nlevels(parts$points$level)
  ggplot2::ggplot(parts$points, aes_of(x = "x", y = "y")) +
    (if (nrow(bands) > 0L) ggplot2::geom_ribbon(
      aes_of(ymin = "lower", ymax = "upper"), data = bands, fill = "grey70", alpha = 0.5
    )) +
    ggplot2::geom_line(aes_of(linetype = "kind", colour = "kind"), data = lines) +
    ggplot2::geom_point(size = 0.9) + ggplot2::facet_wrap("level") +
    ggplot2::scale_linetype_manual(NULL,
      values = c("dashed", "solid", "dotted"), limits = pooling_names
    ) +
    ggplot2::scale_colour_manual(NULL,
      values = c(unname(okabe_ito[c("vermillion", "blue")]), "black"), limits = pooling_names
    ) +
    picture_theme() + ggplot2::labs(
      title = paste("Lines by", group), x = parts$x_label, y = parts$y_label,
      subtitle = if (shown < parts$total) paste(shown, "of", parts$total, "levels"),
      caption = paste(
        c(mean_caption(parts$mixed, TRUE, level, "for the mean of the level"), parts$others_at),
        collapse = ". "
      )
    )
}
