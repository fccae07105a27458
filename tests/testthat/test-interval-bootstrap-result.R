test_that("limits are those of boot::boot.ci()", {
  need_peer("boot")
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  replicates <- bootstrap(fit, 333, seed = 1)
  for (k in c(1, 6)) {
    theirs <- boot::boot.ci(replicates, c(0.9, 0.95), c("norm", "basic", "perc"), index = k)
    for (level in 1:2) {
      ours <- function(type) {
        unname(drop(confint(replicates, k, c(0.9, 0.95)[level], boot.type = type)))
      }
      expect_equal(ours("norm"), unname(theirs$normal[level, 2:3]), tolerance = 1e-10)
      expect_equal(ours("basic"), unname(theirs$basic[level, 4:5]), tolerance = 1e-10)
      expect_equal(ours("perc"), unname(theirs$percent[level, 4:5]), tolerance = 1e-10)
    }
  }
})

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
