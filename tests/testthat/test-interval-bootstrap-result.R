test_that("results print and convert", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  replicates <- bootstrap(fit, 30, seed = 1)
  expect_s3_class(replicates, c("henderson_bootstrap", "boot"), exact = TRUE)
  expect_match(capture.output(print(replicates))[1], "Parametric bootstrap, 30 replicates, seed 1")
  expect_identical(names(as.data.frame(replicates)), names(replicates$t0))
  expect_identical(replicates$t0[["Days"]], fixef(fit)[["Days"]])
  structured <- lmm(Reaction ~ Days + ar1(0 + factor(Days) | Subject), sleepstudy)
  t0 <- bootstrap(structured, 3, seed = 1)$t0
  expect_equal(unname(t0[2]), unname(structured$theta[2]))
})
