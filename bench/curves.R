# Time against the number of rows, for slopes varying over groups (100 rows each), and against the
# number of levels, for students (10 rows each) in classes in schools.

# Largest number of rows for each package: an hour of lme4 would tell no more than a minute does.
curve_families <- function() {
  list(
    slopes = list(
      sizes = c(1e4, 3e4, 1e5, 3e5, 1e6, 3e6, 1e7),
      largest = c(henderson = 1e7, lme4 = 1e6, nlme = 3e5, glmmTMB = 3e4),
      data = function(n) simulate_slopes(n),
      case = function(n) {
        new_case(paste0("slopes-", n), "", NULL, y ~ x + (x | g),
          nlme = list(fixed = y ~ x, random = ~ x | g)
        )
      }
    ),
    nested = list(
      sizes = c(1e4, 3e4, 1e5, 3e5, 1e6, 3e6, 1e7),
      largest = c(henderson = 1e7, lme4 = 3e5, nlme = 1e5, glmmTMB = 3e4),
      data = function(n) simulate_nested(n),
      case = function(n) {
        new_case(paste0("nested-", n), "", NULL,
          y ~ x + (1 | student) + (1 | class) + (1 | school),
          nlme = list(fixed = y ~ x, random = ~ 1 | school / class / student)
        )
      }
    )
  )
}

# A data frame with a row for each family, size and package.
run_curves <- function(settings) {
  families <- curve_families()
  rows <- list()
  for (name in names(families)) {
    family <- families[[name]]
    for (n in family$sizes[family$sizes <= settings$largest]) {
      message("curve ", name, ", ", format(n, big.mark = ",", scientific = FALSE), " rows")
      packages <- intersect(settings$packages, names(which(family$largest >= n)))
      point <- curve_point(family, n, packages, settings)
      rows <- c(rows, list(cbind(curve = name, point)))
    }
  }
  do.call(rbind, rows)
}

curve_point <- function(family, n, packages, settings) {
  data <- family$data(n)
  case <- family$case(n)
  table <- package_table()[packages]
  first <- lapply(table, first_fit, case = case, data = data)
  failed <- names(Filter(function(one) !is.null(one$error), first))
  for (name in failed) message(name, ": ", first[[name]]$error)
  working <- setdiff(packages, failed)
  times <- time_packages(table[working], first[working], case, data, settings)
  levels <- if (is.null(data$student)) nlevels(data$g) else nlevels(data$student)
  peak <- rep(NA_real_, length(working))
  if (n >= 1e6) peak[1] <- curve_memory(case, data)
  data.frame(
    rows = n, levels = levels, package = working, seconds = vapply(times, stats::median, 0),
    timings = lengths(times), peak_mb = peak, row.names = NULL
  )
}

# Peak of lmm() in a process of its own. It finds the formula in the case of that name's family.
curve_memory <- function(case, data) {
  file <- tempfile(fileext = ".rds")
  on.exit(unlink(file))
  saveRDS(data, file, compress = FALSE)
  known <- if (grepl("^slopes", case$name)) "slopes-1e6" else "nested-1e5"
  child_memory(known, "henderson", file)[1]
}

# --- plot ---

package_colours <- c(
  henderson = "#0072B2", lme4 = "#D55E00", nlme = "#009E73", glmmTMB = "#CC79A7"
)

curve_titles <- c(
  slopes = "y ~ x + (x | g), 100 rows per group",
  nested = "students (10 rows each) in classes in schools"
)

plot_to_file <- function(curves, file) {
  grDevices::png(file, width = 1500, height = 700, res = 150)
  on.exit(grDevices::dev.off())
  graphics::par(mfrow = c(1, 2), mar = c(4, 4, 2.5, 1), las = 1, mgp = c(2.8, 0.7, 0))
  for (name in names(curve_titles)) plot_curve(curves, name)
}

plot_curve <- function(curves, name) {
  shown <- curves[curves$curve == name, ]
  graphics::plot(shown$rows, shown$seconds,
    type = "n", log = "xy", xlab = "rows", ylab = "seconds", axes = FALSE,
    ylim = range(curves$seconds), main = curve_titles[[name]], font.main = 1, cex.main = 1
  )
  decade_axis(1, shown$rows)
  decade_axis(2, curves$seconds)
  graphics::box()
  present <- intersect(names(package_colours), shown$package)
  for (package in present) {
    line <- shown[shown$package == package, ]
    graphics::lines(line$rows, line$seconds,
      type = "b", pch = 19, lwd = 2, col = package_colours[[package]]
    )
  }
  graphics::legend("bottomright", present,
    col = package_colours[present], lwd = 2, pch = 19, bty = "n"
  )
}

decade_axis <- function(side, values) {
  decades <- seq(floor(log10(min(values))), ceiling(log10(max(values))))
  graphics::axis(side, 10^decades, parse(text = paste0("10^", decades)))
  graphics::abline(v = if (side == 1) 10^decades, h = if (side == 2) 10^decades, col = "grey90")
}
