test_that("pieces grow and cover all units once", {
  sizes <- integer()
  parts <- in_pieces(function(done, count) {
    sizes <<- c(sizes, count)
    done + seq_len(count)
  }, 100, "x", progress = FALSE)

  expect_identical(as.numeric(unlist(parts)), as.numeric(1:100))
  expect_identical(sizes, c(8, 64, 28))
  expect_identical(in_pieces(function(done, count) 1, 0, "x", FALSE), list())
})

test_that("slow pieces stay small", {
  sizes <- integer()
  in_pieces(function(done, count) {
    sizes <<- c(sizes, count)
    Sys.sleep(0.21)
  }, 4, "x", progress = FALSE, first = 2)
  expect_identical(sizes, c(2, 2))
})

test_that("a bar appears when work takes long", {
  withr::local_options(cli.progress_show_after = 0, cli.dynamic = FALSE, cli.ansi = FALSE)
  messages <- testthat::capture_messages(
    in_pieces(function(done, count) Sys.sleep(0.25), 20, "Deletions", progress = TRUE)
  )
  expect_match(paste(messages, collapse = ""), "Deletions")
})

test_that("lists are gone through in order", {
  expect_identical(
    lapply_with_progress(list(a = 1, b = 2), function(x) x + 1, "x"), list(a = 2, b = 3)
  )
})

test_that("a bar appears where the number of steps is not known", {
  withr::local_options(cli.progress_show_after = 0, cli.dynamic = FALSE, cli.ansi = FALSE)
  replace_function("shows_progress", function() TRUE, environment())
  work <- function() {
    stepped <- step_progress("Elimination")
    for (i in 1:12) {
      Sys.sleep(0.25)
      stepped()
    }
  }
  expect_match(paste(testthat::capture_messages(work()), collapse = ""), "Elimination")
})

# Labels of the bars that `run(fit)` keeps, as in an interactive session or not.
bars_of <- function(run, fit, interactive = TRUE) {
  labels <- character()
  pieces <- in_pieces
  replace_functions(list(
    shows_progress = function() interactive,
    in_pieces = function(run, count, label, progress, ...) {
      if (progress) labels <<- c(labels, label)
      pieces(run, count, label, progress, ...)
    },
    step_progress = function(label) {
      labels <<- c(labels, label)
      function() NULL
    }
  ))
  run(fit)
  labels
}

test_that("profiles, tests of random terms and eliminations keep bars", {
  fit <- fit_cached("sleepstudy")
  expect_identical(bars_of(profile, fit), "Profiles")
  expect_identical(bars_of(confint, fit), "Profiles")
  expect_identical(bars_of(confint, fit, FALSE), character())
  tests <- c("Smaller random parts", "Tests of random terms")
  expect_identical(bars_of(random_anova, fit), tests)
  expect_identical(bars_of(reduce_terms, fit), c("Backward elimination", tests))
})

test_that("limits found one by one are those found together, to the last bit", {
  fit <- fit_cached("sleepstudy")
  expect_identical(confint(fit), do.call(rbind, lapply(1:6, function(i) confint(fit, i))))
})

test_that("an interrupt ends the bars and leaves the session as it was", {
  fit <- fit_cached("sleepstudy")
  before <- random_anova(fit)
  eliminate <- function(fit) reduce_terms(fit, alpha_random = 0)
  bars <- cli::cli_progress_num()
  set.seed(1)
  state <- .Random.seed
  for (interrupted in c("compare_reduction", "boundary_test", "refit_random", "profile_cpp")) {
    outcome <- local({
      replace_functions(stats::setNames(
        list(function() TRUE, function(...) rlang::interrupt()), c("shows_progress", interrupted)
      ))
      run <- switch(interrupted, profile_cpp = profile, refit_random = eliminate, random_anova)
      tryCatch(run(fit), interrupt = function(e) "interrupted")
    })
    expect_identical(outcome, "interrupted", info = interrupted)
    expect_identical(cli::cli_progress_num(), bars, info = interrupted)
    expect_identical(.Random.seed, state, info = interrupted)
  }
  expect_identical(random_anova(fit), before)
})
