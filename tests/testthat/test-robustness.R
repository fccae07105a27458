# What must never happen: a crash, an answer from memory that is not the caller's, a session that is
# of no use afterwards. The C++ entry points are called with what R's own checks would have refused:
# they answer with an R error, with a number, or with Inf.
#
# HENDERSON_FUZZ_CALLS and HENDERSON_FUZZ_SEED make the run longer and different (tests/fuzz).

fuzz_calls <- function() as.integer(Sys.getenv("HENDERSON_FUZZ_CALLS", "4000"))
fuzz_seed <- function() as.integer(Sys.getenv("HENDERSON_FUZZ_SEED", "20240601"))

# ---- valid input to start from ------------------------------------------------------------------

fuzz_data <- function() {
  set.seed(11)
  n <- 48
  data <- data.frame(
    a = factor(sample(rep_len(1:9, n))), b = factor(sample(rep_len(1:6, n))),
    c = factor(sample(rep_len(1:4, n))), x = rnorm(n), z = runif(n), w = c(0, runif(n - 1, 0.5, 2))
  )
  data$y <- rnorm(n) + as.integer(data$a) * 0.4 + as.integer(data$b) * data$x * 0.3
  data
}

fuzz_models <- function() {
  data <- fuzz_data()
  quiet <- lmm_control(
    check_singular = "ignore", check_nobs_vs_nre = "ignore", check_nobs_vs_nlev = "ignore"
  )
  fits <- list(
    lmm(y ~ x + (1 | a), data, control = quiet),
    lmm(y ~ x + (1 + x | a), data, control = quiet),
    lmm(y ~ x * z + (1 + x + z | b), data, weights = w, control = quiet),
    lmm(y ~ x + (1 | a) + (1 | b), data, control = quiet),
    lmm(y ~ 0 + x + (x || a) + (1 + z | b) + (1 | c), data, weights = w, control = quiet),
    lmm(y ~ z + (1 | a) + (0 + x | a) + (z | c), data, control = quiet)
  )
  lapply(fits, function(fit) {
    design <- core_design(fit_design_again(fit), fixed_matrix(fit))
    moments <- unclass(design_moments(design))
    rows <- data[c(1, 5, 9), ]
    parts <- design_newdata(fit, rows)
    columns <- lapply(fit$random, function(term) rep(TRUE, length(term$columns)))
    list(
      design = design, moments = moments, theta = unname(fit$theta), x = unname(parts$X),
      terms = prediction_terms(fit, parts, columns, nrow(rows)),
      options = list(
        REML = TRUE, optimize = TRUE, start = NULL, max_iterations = 30L, tolerance = 1e-12
      )
    )
  })
}

# ---- mutations ----------------------------------------------------------------------------------

# A random path into a nested list, ending at any node.
random_path <- function(x, depth = 0L) {
  if (!is.list(x) || is.object(x) || length(x) == 0L || (depth > 0L && runif(1) < 0.15)) {
    return(integer(0))
  }
  i <- sample.int(length(x), 1L)
  c(i, random_path(x[[i]], depth + 1L))
}

at_path <- function(x, path) if (length(path)) x[[path]] else x

put_path <- function(x, path, value) {
  if (length(path) == 0L) return(value)
  head <- path[1L]
  below <- put_path(x[[head]], path[-1L], value)
  if (is.null(below)) x[head] <- list(NULL) else x[[head]] <- below
  x
}

odd_numbers <- c(NA, NaN, Inf, -Inf, 0, -1, 1, 2, 3, 0.5, 1e-300, 1e300, -1e300, 2147483647)
odd_integers <- c(NA, -1L, 0L, 1L, 2L, 3L, 7L, .Machine$integer.max, -.Machine$integer.max)
odd_objects <- function() {
  list(
    NULL, "a", character(0), TRUE, NA, 1i, list(), list(1), quote(x), function(x) x, globalenv(),
    as.raw(1), numeric(0), integer(0), 1L, 3.7, matrix(1, 2, 2), matrix(0, 0, 0), factor("a"),
    data.frame(a = 1), Sys.Date()
  )
}

change_values <- function(x) {
  which <- sample.int(length(x), min(length(x), sample.int(3L, 1L)))
  x[which] <- if (is.integer(x)) {
    sample(odd_integers, length(which), TRUE)
  } else {
    sample(odd_numbers, length(which), TRUE)
  }
  x
}

change_length <- function(x) {
  switch(sample.int(5L, 1L),
    x[-1L], x[-length(x)], c(x, x[1L]), x[0L], rep(x, 2L)
  )
}

change_shape <- function(x) {
  if (is.matrix(x)) {
    switch(sample.int(4L, 1L),
      t(x), x[-1L, , drop = FALSE], x[, -1L, drop = FALSE], as.vector(x)
    )
  } else {
    matrix(x, 1L)
  }
}

change_type <- function(x) {
  switch(sample.int(4L, 1L),
    if (is.integer(x)) x + 0 else structure(suppressWarnings(as.integer(x)), dim = dim(x)),
    as.character(x), as.list(x), as.complex(x)
  )
}

change_order <- function(x) x[sample.int(length(x))]

mutate_node <- function(x) {
  if (runif(1) < 0.12) return(sample(odd_objects(), 1L)[[1L]])
  if (is.list(x) && !is.object(x) && length(x)) {
    i <- sample.int(length(x), 1L)
    return(switch(sample.int(5L, 1L),
      x[-i], c(x, x[i]), change_order(x), `names<-`(x, rev(names(x))), `names<-`(x, NULL)
    ))
  }
  if (!is.numeric(x) || length(x) == 0L) return(sample(odd_objects(), 1L)[[1L]])
  switch(sample.int(9L, 1L),
    change_values(x), change_values(x), change_values(x), change_values(x), change_length(x),
    change_shape(x), change_type(x), if (length(x) > 1L) change_order(x) else x + 1L,
    if (is.integer(x)) -x else x * sample(c(-1, 1e160, 0), 1L)
  )
}

mutate <- function(x) {
  for (k in seq_len(sample.int(3L, 1L, prob = c(0.7, 0.2, 0.1)))) {
    path <- random_path(x)
    x <- put_path(x, path, mutate_node(at_path(x, path)))
  }
  x
}

# ---- what an answer may be ----------------------------------------------------------------------

one_number <- function(x) is.numeric(x) && length(x) == 1L && !is.nan(x)

answer_names <- c("status", "point", "random", "fitted", "evidence", "curvature")

good_fit <- function(x) {
  is.list(x) && identical(names(x), answer_names) && (x$status == "undefined" ||
    (x$status == "fitted" && one_number(x$point$criterion) && is.finite(x$point$criterion)))
}

fuzz_targets <- list(
  fit_design = function(m) {
    prepared <- prepare_cpp(m$design, NULL)
    is.double(prepared$rank_pivot) && good_fit(fit_cpp(prepared$pointer, m$options))
  },
  refit_design = function(m) {
    good_fit(fit_cpp(prepare_cpp(m$design, m$moments)$pointer, m$options))
  },
  cross_products = function(m) {
    # what is accepted can be read again
    made <- design_moments(m$design)
    is.list(add_cross_products_cpp(made, made))
  },
  fit_cross_products = function(m) {
    good_fit(fit_cpp(prepare_cpp(NULL, m$moments)$pointer, m$options))
  },
  evaluate_deviance = function(m) {
    one_number(evaluate_deviance_cpp(m$moments, m$theta, sample(c(TRUE, FALSE), 1L), TRUE)$value)
  },
  add_cross_products = function(m) {
    is.list(add_cross_products_cpp(m$moments, m$other))
  },
  prediction_variance = function(m) {
    scores <- sample(c(TRUE, FALSE), 1L)
    answer <- prediction_variance_cpp(m$moments, m$theta, TRUE, m$x, m$terms, scores)
    is.numeric(answer$variance) && length(answer$variance) == nrow(m$x)
  }
)

# Of the parts of a valid input, those that the entry point reads.
fuzz_parts <- list(
  fit_design = c("design", "options"), refit_design = c("design", "moments", "options"),
  cross_products = "design",
  fit_cross_products = c("moments", "options"), evaluate_deviance = c("moments", "theta"),
  add_cross_products = c("moments", "other"),
  prediction_variance = c("moments", "theta", "x", "terms")
)

test_that("unchanged input passes through every C++ entry point", {
  for (model in fuzz_models()) {
    model$other <- model$moments
    for (name in names(fuzz_targets)) expect_true(fuzz_targets[[name]](model), label = name)
  }
})

test_that("mutated input to the C++ entry points is an error or an answer, never a crash", {
  models <- fuzz_models()
  set.seed(fuzz_seed())
  refused <- 0L
  wrong <- character(0)
  trace <- Sys.getenv("HENDERSON_FUZZ_TRACE")
  for (call in seq_len(fuzz_calls())) {
    model <- sample(models, 1L)[[1L]]
    model$other <- if (runif(1) < 0.5) model$moments else sample(models, 1L)[[1L]]$moments
    model$options$optimize <- runif(1) < 0.7
    if (runif(1) < 0.4) model$options$start <- model$theta
    target <- sample(names(fuzz_targets), 1L)
    input <- suppressWarnings(mutate(unname(model[fuzz_parts[[target]]])))
    input <- if (is.list(input)) input[seq_along(fuzz_parts[[target]])] else list(input)
    model[fuzz_parts[[target]]] <- input
    # A crash leaves no other trace: the last input is on disk.
    if (nzchar(trace)) saveRDS(list(target = target, model = model), trace)
    answer <- tryCatch(suppressWarnings(fuzz_targets[[target]](model)), error = identity)
    if (inherits(answer, "error")) {
      refused <- refused + 1L
    } else if (!isTRUE(answer)) {
      wrong <- c(wrong, sprintf("seed %d, call %d, %s", fuzz_seed(), call, target))
    }
  }
  expect_identical(wrong, character(0))
  # Neither everything nor nothing is refused, or the mutations would test little.
  expect_gt(refused, 0.3 * fuzz_calls())
  expect_lt(refused, 0.95 * fuzz_calls())
})

# ---- interrupts, time limits, memory ------------------------------------------------------------

# Some seconds of work in C++: a crossed model whose remainder is dense.
long_fit_code <- function(levels = 1500L, rows = 60000L) {
  bquote({
    set.seed(1)
    data <- data.frame(
      a = factor(sample(.(levels), .(rows), TRUE)), b = factor(sample(.(levels), .(rows), TRUE))
    )
    data$y <- rnorm(.(rows)) + rnorm(.(levels))[data$a] + rnorm(.(levels))[data$b]
  })
}

# A child R with the package under test (an installed one, or loaded from sources).
child_script <- function(...) {
  path <- getNamespaceInfo("henderson", "path")
  load <- if (dir.exists(file.path(path, "Meta"))) {
    bquote(library(henderson, lib.loc = .(dirname(path))))
  } else {
    # which testthat has loaded the sources by
    bquote(getExportedValue("pkgload", "load_all")(.(path), quiet = TRUE))
  }
  code <- c(list(bquote(.libPaths(.(.libPaths()))), load), list(...))
  script <- tempfile(fileext = ".R")
  writeLines(unlist(lapply(code, deparse)), script)
  script
}

run_child <- function(script, prefix = "") {
  rscript <- shQuote(file.path(R.home("bin"), "Rscript"))
  suppressWarnings(
    system(paste(prefix, rscript, "--vanilla", shQuote(script), "2>&1"), intern = TRUE)
  )
}

test_that("a time limit ends a long fit and leaves R usable", {
  eval(long_fit_code())
  seconds <- system.time({
    outcome <- tryCatch(
      {
        setTimeLimit(elapsed = 0.3, transient = TRUE)
        lmm(y ~ 1 + (1 | a) + (1 | b), data)
        "finished"
      },
      error = function(e) "stopped", interrupt = function(e) "stopped"
    )
    setTimeLimit()
  })[["elapsed"]]
  # a machine fast enough to fit it in 0.3 s has nothing to interrupt
  expect_true(outcome == "stopped" || seconds < 1)
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  expect_equal(fit$criterion, 1743.628272, tolerance = 1e-9)
})

test_that("an interrupt ends a long fit within seconds and leaves R usable", {
  skip_on_os("windows")
  skip_if(!nzchar(Sys.which("sh")))
  script <- child_script(
    long_fit_code(2500L, 150000L),
    quote({
      pid <- Sys.getpid()
      system(sprintf("(sleep 1; kill -INT %d) &", pid))
      started <- proc.time()[["elapsed"]]
      outcome <- tryCatch(
        {
          repeat fit <- lmm(y ~ 1 + (1 | a) + (1 | b), data)
          "finished"
        },
        interrupt = function(e) "interrupted"
      )
      waited <- proc.time()[["elapsed"]] - started
      again <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
      cat(outcome, if (waited < 30) "soon" else "late", sprintf("%.6f", again$criterion), "\n")
    })
  )
  expect_match(run_child(script), "interrupted soon 1743.628272", fixed = TRUE, all = FALSE)
})

test_that("too little memory is an R error, and R goes on", {
  only_in_full_tier("a large model in a process of its own")
  skip_if(Sys.info()[["sysname"]] != "Linux", "ulimit -v is Linux's")
  # 1.5 GB of address space; the dense factor of 20,000 columns alone takes 3.2 GB
  script <- child_script(
    long_fit_code(20000L, 400000L),
    quote({
      outcome <- tryCatch(
        {
          lmm(y ~ 1 + (1 | a) + (1 | b), data)
          "finished"
        },
        henderson_error_computation = function(e) conditionMessage(e)
      )
      again <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
      cat(outcome, sprintf("%.6f", again$criterion), "\n")
    })
  )
  output <- paste(run_child(script, "ulimit -v 1500000;"), collapse = " ")
  expect_match(output, "not enough memory.* 20000 and 20000 levels.* 1743.628272")
})

test_that("counts past 2^31 are refused before anything is allocated", {
  design <- fuzz_models()[[2]]$design
  design$terms[[1]]$n_levels <- 2^30
  expect_error(design_moments(design), "2^30", fixed = TRUE)
  design$terms[[1]]$n_levels <- .Machine$integer.max
  expect_error(design_moments(design), "2^30", fixed = TRUE)
})
