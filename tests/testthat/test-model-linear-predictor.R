test_that("re.form chooses terms and columns as lme4 does", {
  need_peer("lme4")
  m <- lme4::lmer(Reaction ~ Days + (Days | Subject), sleepstudy)
  fit <- as_lmm(m)
  newdata <- data.frame(Days = c(0, 5, 12), Subject = c("308", "309", "372"))
  for (re_form in list(NULL, NA, ~0, ~ (Days | Subject), ~ (1 | Subject), ~ (0 + Days | Subject))) {
    # at lme4's own theta: rounding only
    expect_equal(
      predict(fit, newdata, re.form = re_form), predict(m, newdata, re.form = re_form),
      tolerance = 1e-8
    )
  }
})

test_that("re.form chooses among factors and spells out the columns of a factor", {
  fit <- fit_cached("durban")
  whole <- predict(fit, random.only = TRUE)
  block <- predict(fit, random.only = TRUE, re.form = ~ (1 | block))
  plots <- predict(fit, random.only = TRUE, re.form = ~ (1 | fung:block))
  by_hand <- ranef(fit)$block[as.character(durban.splitplot$block), 1]

  expect_equal(unname(block), by_hand)
  expect_equal(block + plots, whole)
  expect_equal(predict(fit, random.only = TRUE, re.form = ~ (1 | block / fung)), whole)
})

test_that("columns of a factor in a random term are found by their term", {
  fit <- suppressMessages(lmm(Y ~ N + (N | B), MASS::oats))
  part <- predict(fit, random.only = TRUE, re.form = ~ (1 | B))
  rest <- predict(fit, random.only = TRUE, re.form = ~ (0 + N | B))

  expect_equal(unname(part), ranef(fit)$B[as.character(MASS::oats$B), 1])
  expect_equal(part + rest, predict(fit, random.only = TRUE))
})
