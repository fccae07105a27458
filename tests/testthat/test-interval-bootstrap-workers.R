test_that("workers get the same numbers", {
  need_peer(c("future", "future.apply"))
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  factor_of_mine <- 2
  own <- function(fit) factor_of_mine * fixef(fit) + rnorm(2)
  alone <- bootstrap(fit, 12, own, seed = 1)
  cases <- bootstrap(fit, 4, type = "case", seed = 1)
  set.seed(3)
  before <- .Random.seed
  old <- future::plan("multisession", workers = 2)
  withr::defer(future::plan(old))
  expect_true(has_workers())
  expect_identical(bootstrap(fit, 12, own, seed = 1)$t, alone$t)
  seen <- capture.output(
    part <- bootstrap(fit, 5, own, seed = 1, progress = TRUE), type = "message"
  )
  expect_identical(bootstrap(fit, 7, own, continue = part)$t, alone$t)
  expect_identical(bootstrap(fit, 4, type = "case", seed = 1)$t, cases$t)
  expect_identical(.Random.seed, before)
})

test_that("without a plan there are no workers", {
  if (isNamespaceLoaded("future")) skip_if(future::nbrOfWorkers() > 1)
  expect_false(has_workers())
  expect_identical(map_replicates(1:2, function(item, ...) item + 1, NULL, NULL, NULL), list(2, 3))
})

test_that("forked processes work after a fit with threads", {
  skip_on_os("windows")
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy, control = lmm_control(threads = 2L))
  expected <- bootstrap(fit, 40, seed = 2, threads = 2)$t
  job <- parallel::mcparallel(bootstrap(fit, 40, seed = 2, threads = 2)$t)
  # a deadlock would take for ever
  limit <- Sys.time() + 60
  result <- NULL
  while (is.null(result) && Sys.time() < limit) {
    result <- parallel::mccollect(job, wait = FALSE, timeout = 5)
  }
  if (is.null(result)) tools::pskill(job$pid)
  expect_identical(result[[1]], expected)
})
