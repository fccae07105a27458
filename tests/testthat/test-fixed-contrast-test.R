# contrast_test(): t and F tests of L beta = rhs.

plots <- function(...) lmm(yield ~ nitro * Variety + (1 | Block / Variety), oats_data(), ...)

oats_data <- function() transform(as.data.frame(nlme::Oats), nitro = factor(nitro))

test_that("single contrasts have estimate, error, df, t, limits and p", {
  fit <- fit_cached("sleepstudy")
  table <- contrast_test(fit, c(1, 5))
  l <- c(1, 5)

  expect_s3_class(table, c("henderson_contrasts", "data.frame"), exact = TRUE)
  expect_named(
    table, c("Estimate", "Std. Error", "df", "t value", "lower", "upper", "Pr(>|t|)")
  )
  expect_equal(table$Estimate, sum(l * fixef(fit)))
  expect_equal(table[["Std. Error"]], sqrt(sum(l * (vcov(fit) %*% l))))
  # the mean line of 18 subjects
  expect_equal(table$df, 17, tolerance = 1e-6)
  half <- table[["Std. Error"]] * qt(0.975, table$df)
  expect_equal(c(table$lower, table$upper), table$Estimate + c(-half, half))
  narrow <- contrast_test(fit, l, level = 0.5)
  expect_equal(narrow$upper - narrow$lower, 2 * table[["Std. Error"]] * qt(0.75, table$df))
})

test_that("without L every coefficient is tested as in the summary", {
  fit <- fit_cached("sorghum_e3")
  for (ddf in c("Satterthwaite", "Kenward-Roger", "expected", "none")) {
    table <- contrast_test(fit, ddf = ddf)
    expected <- coef(summary(fit, ddf = ddf))
    expect_equal(as.matrix(table[colnames(expected)]), expected)
  }
  expect_named(contrast_test(fit, ddf = "none"), c("Estimate", "Std. Error", "t value"))
})

test_that("a difference of two varieties on plots is tested against plots", {
  fit <- plots()
  table <- contrast_test(fit, c(VarietyMarvellous = 1, VarietyVictory = -1))
  means <- aggregate(yield ~ Variety + Block, oats_data(), mean)
  wide <- xtabs(yield ~ Block + Variety, means)

  expect_identical(rownames(table), "1")
  # at nitrogen 0: the difference of two cells, whose error mixes both strata
  expect_lt(10, table$df)
  expect_lt(table$df, 55)
  # over all nitrogen levels: 5 x 2 degrees of freedom, error from the plots
  average <- c(VarietyMarvellous = 1, VarietyVictory = -1)
  for (level in levels(oats_data()$nitro)[-1]) {
    average[paste0("nitro", level, ":Variety", c("Marvellous", "Victory"))] <- c(1, -1) / 4
  }
  main <- contrast_test(fit, average)
  expect_equal(main$Estimate, mean(wide[, "Marvellous"] - wide[, "Victory"]))
  expect_equal(main$df, 10, tolerance = 1e-5)
  stratum <- anova(aov(yield ~ Variety + factor(Block, ordered = FALSE), means))
  error <- sqrt(2 * stratum["Residuals", "Mean Sq"] / 6)
  expect_equal(main[["Std. Error"]], error, tolerance = 1e-5)
})

test_that("rhs shifts the test and not the estimate", {
  fit <- fit_cached("sleepstudy")
  table <- contrast_test(fit, c(Days = 1), rhs = 10)
  at_zero <- contrast_test(fit, c(Days = 1))

  expect_equal(table$Estimate, at_zero$Estimate)
  expect_equal(table[c("lower", "upper")], at_zero[c("lower", "upper")])
  expect_equal(table[["t value"]], (table$Estimate - 10) / table[["Std. Error"]])
  joint <- contrast_test(fit, diag(2), rhs = c(250, 10))
  d <- fixef(fit) - c(250, 10)
  expect_equal(joint[["F value"]], sum(d * solve(vcov(fit), d)) / 2)
  each <- contrast_test(fit, diag(2), rhs = c(250, 10), joint = FALSE)
  expect_equal(each[["t value"]], unname(d / sqrt(diag(vcov(fit)))))
})

test_that("a matrix is tested jointly, a list element by element", {
  fit <- plots()
  p <- length(fixef(fit))
  L <- diag(p)[2:4, ]
  joint <- contrast_test(fit, L)

  expect_s3_class(joint, "henderson_anova")
  expect_identical(dim(joint), c(1L, 6L))
  expect_identical(joint$NumDF, 3)
  # nitrogen within one variety: between subplots
  expect_equal(joint$DenDF, 45, tolerance = 1e-5)
  several <- contrast_test(fit, list(nitro = L, interaction = diag(p)[7:12, ]))
  expect_identical(rownames(several), c("nitro", "interaction"))
  expect_equal(several["nitro", ], joint, ignore_attr = TRUE)
  # the interaction is that of the table
  expect_equal(
    unlist(several["interaction", ]), unlist(anova(fit)["nitro:Variety", ]), tolerance = 1e-8
  )
  singles <- contrast_test(fit, list(a = L[1, ], b = L[2, ]))
  expect_identical(rownames(singles), c("a", "b"))
  expect_equal(singles$Estimate, unname(fixef(fit)[2:3]))
  each <- contrast_test(fit, list(a = L, b = L[1, ]), joint = FALSE)
  expect_identical(rownames(each), c("a.1", "a.2", "a.3", "b"))
  rownames(L) <- c("low", "middle", "high")
  expect_identical(rownames(contrast_test(fit, L, joint = FALSE)), rownames(L))
  expect_identical(contrast_test(fit, L[1, ], joint = TRUE)$NumDF, 1)
})

test_that("names decide, in any order, and those left out count as zero", {
  fit <- plots()
  by_name <- contrast_test(fit, c(VarietyVictory = -1, nitro0.2 = 1))
  l <- as.numeric(names(fixef(fit)) == "nitro0.2") - (names(fixef(fit)) == "VarietyVictory")

  expect_equal(by_name, contrast_test(fit, l))
  L <- rbind(c(VarietyVictory = -1, nitro0.2 = 1), c(0, 1))
  expect_equal(contrast_test(fit, L)$NumDF, 2)
})

test_that("dependent rows count once", {
  fit <- plots()
  L <- diag(12)[2:4, ]
  twice <- rbind(L, L[1, ] + L[2, ], 3 * L[3, ])
  for (ddf in c("Satterthwaite", "Kenward-Roger", "none")) {
    expect_equal(contrast_test(fit, twice, ddf = ddf), contrast_test(fit, L, ddf = ddf),
      tolerance = 1e-8
    )
  }
  rhs <- c(1, 2, 3)
  expect_equal(
    contrast_test(fit, twice, rhs = c(rhs, 3, 9)), contrast_test(fit, L, rhs = rhs),
    tolerance = 1e-8
  )
  expect_error(
    contrast_test(fit, twice, rhs = c(rhs, 3, 8)), "contradicts",
    class = "henderson_error_argument"
  )
})

test_that("rows of rounding errors do not count, small units do", {
  fit <- plots()
  L <- diag(12)[2:4, ]
  noise <- rbind(L, 1e-16 * L[1, ] - 1e-17 * L[2, ])
  expect_equal(contrast_test(fit, noise), contrast_test(fit, L), tolerance = 1e-8)
  small <- L
  small[2, ] <- 1e-9 * small[2, ]
  expect_identical(contrast_test(fit, small)$NumDF, 3)
  expect_equal(contrast_test(fit, small), contrast_test(fit, L), tolerance = 1e-6)
})

# ---- estimability ----

test_that("a multiple of a contrast has the same tests, however large", {
  fit <- fit_cached("sleepstudy")
  L <- rbind(c(1, 5), c(0, 1))
  for (ddf in c("Satterthwaite", "Kenward-Roger", "expected", "none")) {
    usual <- as.data.frame(contrast_test(fit, L, rhs = c(300, 10), joint = FALSE, ddf = ddf))
    jointly <- as.data.frame(contrast_test(fit, L, rhs = c(300, 10), ddf = ddf))
    for (factor in c(1e-300, 1e-200, 1e200, 1e300)) {
      rhs <- c(300, 10) * factor
      rows <- contrast_test(fit, L * factor, rhs = rhs, joint = FALSE, ddf = ddf)
      same <- intersect(names(usual), c("df", "t value", "Pr(>|t|)"))
      expect_equal(as.data.frame(rows)[same], usual[same], tolerance = 1e-10)
      size <- intersect(names(usual), c("Estimate", "Std. Error", "lower", "upper"))
      expect_equal(as.data.frame(rows)[size] / factor, usual[size], tolerance = 1e-10)
      joint <- contrast_test(fit, L * factor, rhs = rhs, ddf = ddf)
      expect_equal(as.data.frame(joint), jointly, tolerance = 1e-8)
    }
    # rows far apart
    apart <- contrast_test(fit, L * c(1e-200, 1), rhs = c(300e-200, 10), ddf = ddf)
    expect_equal(apart[["F value"]], jointly[["F value"]], tolerance = 1e-8)
  }
  expect_error(
    contrast_test(fit, rbind(c(1, 0), c(2, 0)) * 1e-200, rhs = c(1, 3) * 1e-200), "contradict",
    class = "henderson_error_argument"
  )
})

test_that("contrasts that involve dropped columns must be combinations of rows of X", {
  data <- droplevels(subset(oats_data(), !(Variety == "Victory" & nitro == "0.6")))
  fit <- suppressMessages(lmm(yield ~ nitro * Variety + (1 | Block), data))
  expect_identical(fit$dropped, "nitro0.6:VarietyVictory")
  all <- fit$all_columns
  cell <- function(nitro, variety) {
    row <- data.frame(nitro = factor(nitro, levels(data$nitro)),
      Variety = factor(variety, levels(factor(oats_data()$Variety)))
    )
    drop(model.matrix(~ nitro * Variety, row, list(Variety = "contr.treatment")))
  }
  data$Variety <- factor(data$Variety, ordered = FALSE)
  full <- function(...) stats::setNames(cell(...), all)

  seen <- contrast_test(fit, full("0.4", "Victory"))
  newdata <- data.frame(nitro = "0.4", Variety = "Victory", Block = "I")
  expect_equal(seen$Estimate, unname(predict(fit, newdata, re.form = NA)))
  expect_error(
    contrast_test(fit, full("0.6", "Victory")), "cannot be estimated",
    class = "henderson_error_rank"
  )
  expect_error(
    contrast_test(fit, unname(full("0.6", "Victory"))), class = "henderson_error_rank"
  )
  expect_error(
    contrast_test(fit, rbind(ok = full("0.2", "Victory"), empty = full("0.6", "Victory"))),
    "empty", class = "henderson_error_rank"
  )
  # a function of a mean without data, given in kept coefficients, is taken as it is
  expect_identical(nrow(contrast_test(fit, c(nitro0.6 = 1))), 1L)
})

test_that("a dropped covariate moves with the one it is a copy of", {
  data <- transform(sleepstudy, hours = 24 * Days)
  fit <- suppressMessages(lmm(Reaction ~ Days + hours + (1 | Subject), data))

  # a day later is 24 hours later
  later <- contrast_test(fit, c(Days = 1, hours = 24))
  expect_equal(later$Estimate, unname(fixef(fit)["Days"]))
  expect_error(contrast_test(fit, c(hours = 1)), class = "henderson_error_rank")
  expect_error(contrast_test(fit, c(Days = 1, hours = 23.9)), class = "henderson_error_rank")
})

# ---- printing ----

test_that("rows of a table are such a table, and columns a plain data frame", {
  fit <- fit_cached("sleepstudy")
  table <- contrast_test(fit)
  for (rows in list(table[2, ], subset(table, Estimate < 100), utils::tail(table, 1))) {
    expect_identical(rows, contrast_test(fit, c(Days = 1)), ignore_attr = "row.names")
    expect_output(print(rows), "t tests of contrasts.*10[.]467")
  }
  part <- table[, c("Estimate", "lower", "upper")]
  expect_s3_class(part, "data.frame", exact = TRUE)
  expect_identical(part, table[c("Estimate", "lower", "upper")])
  expect_output(print(part), "Estimate +lower +upper")
  expect_identical(table[["Estimate"]], table[, 1])
  expect_identical(table[2, "Estimate"], unname(fixef(fit)["Days"]))
  # columns can go in other ways
  table$Estimate <- NULL
  expect_output(print(table), "^ +Std. Error")
  expect_output(print(contrast_test(fit)[0, ]), "Estimate")
})

test_that("printing has the method, aligned columns and stars", {
  text <- capture.output(print(contrast_test(fit_cached("sleepstudy"))))

  expect_match(text[1], "t tests of contrasts with Satterthwaite's method")
  expect_match(text[2], "Estimate +Std. Error +df +t value +lower +upper +Pr")
  expect_match(
    text[3],
    "\\(Intercept\\) +251.405 +6.825 +17 +36.838 +237.007 +265.804 +< 2e-16"
  )
  expect_match(text, "Signif. codes", all = FALSE)
  plain <- capture.output(print(contrast_test(fit_cached("sleepstudy")), signif.stars = FALSE))
  expect_no_match(plain, "Signif. codes")
  none <- capture.output(print(contrast_test(fit_cached("sleepstudy"), ddf = "none")))
  expect_match(none[1], "^t tests of contrasts$")
})

# ---- lmerTest ----

test_that("tests are lmerTest's, single and joint, with and without rhs", {
  need_peer(c("lmerTest", "pbkrtest"))
  model <- real_model(
    "cake", angle ~ recipe * temp + (1 | replicate / recipe),
    quote(droplevels(lme4::cake[-(1:7), ]))
  )
  fit <- fit_real_model_quietly(model)
  m <- lmertest_at(model, fit)
  L <- rbind(c(0, 1, -1, 0, 0, 0), c(0, 0, 0, 0, 1, 1), c(1, 0, 0, 50, 0, 0))
  for (ddf in c("Satterthwaite", "Kenward-Roger")) {
    # lmerTest's derivatives are numerical
    tolerance <- if (ddf == "Satterthwaite") 1e-6 else 1e-9
    expect_equal(
      as.matrix(contrast_test(fit, L, joint = FALSE, ddf = ddf, level = 0.9)),
      as.matrix(lmerTest::contest(m, L, joint = FALSE, ddf = ddf, level = 0.9)),
      tolerance = tolerance, ignore_attr = TRUE
    )
    expect_equal(
      as.matrix(contrast_test(fit, L, ddf = ddf)),
      as.matrix(lmerTest::contest(m, L, ddf = ddf)), tolerance = tolerance, ignore_attr = TRUE
    )
  }
  expect_equal(
    as.matrix(contrast_test(fit, L, rhs = c(1, 0, 30))),
    as.matrix(lmerTest::contest(m, L, rhs = c(1, 0, 30))), tolerance = 1e-6, ignore_attr = TRUE
  )
})

# ---- size ----

test_that("rows of few and of many entries have the same tests", {
  need_peer("agridat")
  # 24 coefficients: rows of one entry are summed by themselves, rotated ones as a product
  fit <- lmm(yield ~ gen + (1 | rep / block), agridat::john.alpha)
  p <- length(fixef(fit))
  rotation <- qr.Q(qr(outer(1:p, 1:p, function(i, j) cos(i * j))))
  for (ddf in c("Satterthwaite", "Kenward-Roger")) {
    rotated <- contrast_test(fit, rotation[1:3, ], joint = FALSE, ddf = ddf)
    V <- henderson:::contrast_covariance(fit, ddf)
    expect_equal(
      rotated[["Std. Error"]], sqrt(diag(rotation[1:3, ] %*% V %*% t(rotation[1:3, ])))
    )
    # adding a vanishing entry everywhere makes a row full
    few <- contrast_test(fit, diag(p)[2:4, ], joint = FALSE, ddf = ddf)
    many <- contrast_test(fit, diag(p)[2:4, ] + 1e-13, joint = FALSE, ddf = ddf)
    expect_equal(as.matrix(many), as.matrix(few), tolerance = 1e-9)
  }
})
