# sleepstudy ----

test_that("sleepstudy is lme4's object, attribute for attribute", {
  skip_if_not_installed("lme4")
  expect_identical(henderson::sleepstudy, lme4::sleepstudy)
})

test_that("sleepstudy has ten days for each of 18 subjects", {
  expect_identical(names(sleepstudy), c("Reaction", "Days", "Subject"))
  expect_identical(dim(sleepstudy), c(180L, 3L))
  expect_true(all(table(sleepstudy$Subject, sleepstudy$Days) == 1L))
  expect_identical(dim(table(sleepstudy$Subject, sleepstudy$Days)), c(18L, 10L))
})

# omer.sorghum ----

test_that("omer.sorghum is agridat's object, attribute for attribute", {
  skip_if_not_installed("agridat")
  expect_identical(henderson::omer.sorghum, agridat::omer.sorghum)
})

test_that("omer.sorghum has each genotype once per replicate and environment", {
  expect_identical(names(omer.sorghum), c("env", "rep", "gen", "yield"))
  plots <- table(omer.sorghum$env, omer.sorghum$rep, omer.sorghum$gen)
  expect_identical(dim(plots), c(6L, 4L, 18L))
  expect_true(all(plots == 1L))
})

# durban.splitplot ----

test_that("durban.splitplot is agridat's object, attribute for attribute", {
  skip_if_not_installed("agridat")
  expect_identical(henderson::durban.splitplot, agridat::durban.splitplot)
})

test_that("durban.splitplot has each genotype once per whole plot", {
  expect_identical(
    names(durban.splitplot),
    c("yield", "block", "gen", "fung", "row", "bed")
  )
  plots <- table(durban.splitplot$block, durban.splitplot$fung, durban.splitplot$gen)
  expect_identical(dim(plots), c(4L, 2L, 70L))
  expect_true(all(plots == 1L))
})
