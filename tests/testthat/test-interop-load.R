test_that("loading the package declares the class to marginaleffects", {
  expect_true("henderson_lmm" %in% getOption("marginaleffects_model_classes"))
  withr::local_options(marginaleffects_model_classes = "other")
  declare_marginaleffects_class()
  expect_identical(getOption("marginaleffects_model_classes"), c("other", "henderson_lmm"))
})

test_that("a method is registered only where a package has its generic", {
  before <- getHook(packageEvent("stats", "onLoad"))
  withr::defer(setHook(packageEvent("stats", "onLoad"), before, "replace"))
  expect_silent(register_if_generic("stats", "no_such_generic", identity))
  expect_null(getS3method("no_such_generic", "henderson_lmm", TRUE, asNamespace("stats")))
  expect_length(getHook(packageEvent("stats", "onLoad")), length(before) + 1L)
})
