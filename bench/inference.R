# Times degrees of freedom and tests against lmerTest and pbkrtest.
#
#   Rscript bench/inference.R [write]
#
# Core: what Satterthwaite's and Kenward and Roger's parts cost beside the fit they belong to, from
# the same cross-products. Whole: every coefficient's degrees of freedom through summary(), ours
# from a fresh fit, with the fit's own time. Medians; peers take turns with us in one process. With
# `write` the tables also go to bench/results/. Under two minutes; nothing fails on a time.

script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
bench_folder <- dirname(normalizePath(script))
for (file in c("simulate.R", "packages.R", "measure.R", "machine.R")) {
  source(file.path(bench_folder, file))
}

# 1434 rows: students who rate a few teachers each.
simulate_small_crossed <- function(n = 1434, subjects = 650, items = 54, seed = 7) {
  set.seed(seed)
  subject <- factor(sample.int(subjects, n, replace = TRUE))
  item <- factor(sample.int(items, n, replace = TRUE))
  x <- stats::rnorm(n)
  y <- 1 + 0.3 * x + stats::rnorm(subjects)[subject] + 0.5 * stats::rnorm(items)[item] +
    stats::rnorm(n)
  data.frame(y, x, treatment = factor(sample(c("a", "b", "c"), n, replace = TRUE)), subject, item)
}

# 1e5 rows, slopes by subject, and items.
simulate_crossed_slopes <- function(n = 1e5, subjects = 5000, items = 200, seed = 8) {
  data <- simulate_slopes(n, subjects, seed)
  data$item <- factor(sample.int(items, n, replace = TRUE))
  data$y <- data$y + stats::rnorm(items, 0, 0.5)[data$item]
  data$treatment <- factor(sample(c("a", "b", "c"), n, replace = TRUE))
  data
}

inference_cases <- function() {
  list(
    list(
      name = "sleepstudy", formula = Reaction ~ Days + (Days | Subject),
      data = function() henderson::sleepstudy, satterthwaite = TRUE, kenward_roger = TRUE
    ),
    list(
      name = "crossed, 1434 rows, 704 levels",
      formula = y ~ x + treatment + (1 | subject) + (1 | item),
      data = simulate_small_crossed, satterthwaite = TRUE, kenward_roger = TRUE
    ),
    list(
      name = "(x | g), 1e5 rows, 1e4 groups", formula = y ~ x + (x | g),
      data = function() simulate_slopes(1e5, 1e4), satterthwaite = TRUE, kenward_roger = FALSE
    ),
    list(
      name = "(x | g) + (1 | item), 1e5 rows", formula = y ~ x * treatment + (x | g) + (1 | item),
      data = simulate_crossed_slopes, satterthwaite = FALSE, kenward_roger = FALSE
    ),
    list(
      name = "InstEval, 73421 rows", formula = y ~ service * dept + (1 | s) + (1 | d),
      data = function() lme4::InstEval, satterthwaite = FALSE, kenward_roger = FALSE
    )
  )
}

# Median seconds of enough repetitions to fill about `budget` seconds.
median_seconds <- function(run, budget = 1) {
  first <- system.time(run())[["elapsed"]]
  if (first > budget) return(first)
  size <- max(1, ceiling(0.02 / max(first, 1e-4)))
  rounds <- max(5, min(25, floor(budget / max(first * size, 0.02))))
  stats::median(vapply(seq_len(rounds), function(i) {
    start <- clock()
    for (k in seq_len(size)) run()
    (clock() - start) / size
  }, 0))
}

core_times <- function(case, data) {
  fit <- quietly(henderson::lmm(case$formula, data))
  moments <- unclass(henderson:::cross_products_of(fit))
  options <- list(
    REML = TRUE, optimize = TRUE, start = NULL, max_iterations = 200L, tolerance = 1e-12
  )
  times <- c(
    fit = median_seconds(function() {
      henderson:::fit_cpp(henderson:::prepare_cpp(NULL, moments)$pointer, options)
    }),
    satterthwaite = median_seconds(function() {
      henderson:::satterthwaite_parts_cpp(moments, fit$theta, TRUE, integer(0), NULL)
    }),
    kenward_roger = median_seconds(function() {
      henderson:::expected_parts_cpp(moments, fit$theta, TRUE, TRUE, Inf, Inf)
    })
  )
  data.frame(
    case = case$name, fit_ms = 1e3 * times[["fit"]],
    satterthwaite_ms = 1e3 * times[["satterthwaite"]],
    to_fit = times[["satterthwaite"]] / times[["fit"]],
    kenward_roger_ms = 1e3 * times[["kenward_roger"]],
    to_fit = times[["kenward_roger"]] / times[["fit"]],
    check.names = FALSE
  )
}

# Type III F tests of all terms, from the data on.
whole_times <- function(case, data, method) {
  formula <- case$formula
  ours <- function() {
    quietly(anova(henderson::lmm(formula, data), type = "III", ddf = method))
  }
  theirs <- function() {
    quietly(stats::anova(lmerTest::lmer(formula, data), type = "III", ddf = method))
  }
  # the first call of a package mostly loads code
  ours()
  own <- median_seconds(ours)
  peer <- NA_real_
  if (isTRUE(case[[switch(method, Satterthwaite = "satterthwaite", "kenward_roger")]])) {
    if (nrow(data) < 1000) theirs()
    peer <- median_seconds(theirs)
  }
  data.frame(
    case = case$name, ddf = method, ours_ms = 1e3 * own, lmerTest_ms = 1e3 * peer,
    ratio = peer / own
  )
}

print_table <- function(table) {
  numbers <- vapply(table, is.numeric, TRUE)
  table[numbers] <- lapply(table[numbers], function(x) signif(x, 3))
  print(table, row.names = FALSE)
}

run_inference <- function() {
  cases <- inference_cases()
  data <- lapply(cases, function(case) case$data())
  core <- do.call(rbind, Map(core_times, cases, data))
  whole <- do.call(rbind, Map(function(case, data) {
    rbind(whole_times(case, data, "Satterthwaite"), whole_times(case, data, "Kenward-Roger"))
  }, cases, data))
  list(core = core, whole = whole)
}

for (package in c("henderson", "lme4", "lmerTest", "pbkrtest")) {
  if (!has_package(package)) stop("Install ", package, " first.", call. = FALSE)
}
options(width = 200)
facts <- c(machine(), vapply(c("lmerTest", "pbkrtest"), function(package) {
  format(utils::packageVersion(package))
}, ""))
results <- run_inference()
lines <- c(
  paste0(format(paste0(names(facts), ":")), " ", facts), "",
  "Core, from cross-products: ms and ratio to the fit.", "",
  utils::capture.output(print_table(results$core)), "",
  "Whole calls, anova(fit, type = \"III\") with the fit: ms, and lmerTest's time over ours (NA:",
  "not run; Kenward and Roger's by pbkrtest).", "",
  utils::capture.output(print_table(results$whole))
)
writeLines(lines)
if ("write" %in% commandArgs(trailingOnly = TRUE)) {
  writeLines(lines, file.path(
    bench_folder, "results", paste0(machine_slug(), "-inference.txt")
  ))
}
