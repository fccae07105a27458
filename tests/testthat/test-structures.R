# cs(): published values, equal models in other words, and what a fit says of itself.

days <- function() transform(sleepstudy, f = factor(Days))

test_that("cs() of equal variances is the nested model, cs() of two columns the unstructured one", {
  skip_if_not_installed("agridat")
  trial <- subset(agridat::besag.met, !is.na(yield))
  cs <- lmm(yield ~ county + cs(0 + county | gen, hom = TRUE) + (1 | county:rep), trial)
  expect_equal(cs$criterion, 9770.617461, tolerance = 1e-9)
  nested <- lmm(yield ~ county + (1 | gen) + (1 | gen:county) + (1 | county:rep), trial)
  expect_equal(cs$criterion, nested$criterion, tolerance = 1e-10)
  # variances: sd^2 = v_gen + v_gen:county, rho = v_gen / sd^2
  parts <- vapply(VarCorr(nested)[c("gen:county", "gen")], as.vector, 0)
  expect_equal(VarCorr(cs)$gen[1, 1], sum(parts), tolerance = 1e-5)
  expect_equal(cs$theta[["gen.rho"]], parts[["gen"]] / sum(parts), tolerance = 1e-5)
  # tests of the fixed effects are the same where the models are
  expect_equal(anova(cs)$DenDF, anova(nested)$DenDF, tolerance = 1e-4)
  het <- lmm(yield ~ county + cs(0 + county | gen) + (1 | county:rep), trial)
  expect_equal(het$criterion, 9766.808301, tolerance = 1e-9)

  two <- lmm(Reaction ~ Days + cs(1 + Days | Subject), sleepstudy)
  us <- lmm(Reaction ~ Days + (1 + Days | Subject), sleepstudy)
  expect_equal(two$criterion, us$criterion, tolerance = 1e-10)
  expect_equal(unclass(VarCorr(two)$Subject)[1:4], unclass(VarCorr(us)$Subject)[1:4],
    tolerance = 1e-5
  )
  expect_equal(coef(summary(two)), coef(summary(us)), tolerance = 1e-5)
  expect_equal(predict(two), predict(us), tolerance = 1e-6)
})

test_that("the units of the columns do not matter", {
  scaled <- transform(sleepstudy, Days = Days * 1e4)
  het <- lmm(Reaction ~ Days + cs(1 + Days | Subject), sleepstudy)
  far <- lmm(Reaction ~ Days + cs(1 + Days | Subject), scaled)
  expect_equal(far$criterion, het$criterion + 2 * log(1e4), tolerance = 1e-9)
  expect_equal(far$theta * c(1, 1e4, 1), het$theta, tolerance = 1e-5)
})

test_that("what is not determined is said", {
  expect_message(
    lmm(Reaction ~ Days + cs(0 + f | Subject, hom = TRUE), days()), "do not determine all",
    class = "henderson_message_undetermined"
  )
})
