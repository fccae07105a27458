test_that("augment() of data in pieces has the columns of the fit in memory", {
  data <- transform(sleepstudy, w = rep(c(1, 2, 0.5), 60), o = seq_len(180) / 10)
  data$Days[c(3, 100)] <- NA
  formula <- Reaction ~ Days + (Days | Subject)
  pieces <- chunks(split(data, rep(1:3, c(10, 90, 80))))
  in_memory <- lmm(formula, data, weights = w, offset = o)
  summed <- lmm(formula, pieces, weights = w, offset = o)
  need_peer("generics")
  own <- generics::augment(in_memory)
  read <- generics::augment(summed, data = pieces)
  expect_identical(nrow(read), nrow(own))
  for (name in c(".fitted", ".resid", ".fixed", ".mu", ".offset", ".weights", ".wtres")) {
    expect_equal(read[[name]], unname(own[[name]]), tolerance = 1e-7)
  }
  expect_true(all(c("w", "o", "Days") %in% names(read)))
})
