# Degrees of freedom and tests of fixed effects against lmerTest and pbkrtest, live, on the real
# models of helper-real-models.R, both sides at the same theta (helper-inference.R).
#
# What remains between us and lmerTest is its numerical derivatives (numDeriv, Richardson): at most
# 1.4e-6 of the degrees of freedom (Nitrendipene, where the information is near singular), below
# 3e-7 elsewhere. F of types I and II agree to 2e-8; lmerTest rounds the contrasts of type III to 7
# digits, which moves F by up to 6e-7.
df_tolerance <- 1e-5
f_tolerance <- c(I = 1e-7, II = 1e-7, III = 3e-6)
# Kenward and Roger's method has no derivatives: rounding only, of n x n matrices.
kr_tolerance <- 1e-8

peer_data <- c("lme4", "lmerTest", "pbkrtest", "nlme", "MASS", "lattice", "agridat")

rows_of <- function(model) nrow(eval(model$data))

expect_same_numbers <- function(observed, expected, tolerance, label) {
  difference <- abs(unname(observed) - unname(expected)) / abs(unname(expected))
  expect(
    length(observed) == length(expected) && all(difference <= tolerance, na.rm = TRUE) &&
      identical(is.na(unname(observed)), is.na(unname(expected))),
    sprintf("%s: relative difference %.2g", label, max(difference, 0, na.rm = TRUE))
  )
}

# lmerTest leaves eigen() to find out that L V L' is symmetric. Where rounding makes it look
# otherwise, and eigenvalues are equal, the eigenvectors are not orthogonal and its F is wrong (the
# interaction in MASS::oats: 322.17 in place of 321.75, depending on the last digit of theta).
# Names of the terms for which it is right.
well_decomposed <- function(m, table) {
  V <- as.matrix(vcov(m))
  hypotheses <- attr(table, "hypotheses")
  names(which(vapply(hypotheses, function(L) isSymmetric(L %*% V %*% t(L)), TRUE)))
}

expect_same_table <- function(observed, expected, label, f_tolerance, df_tolerance,
                              terms = rownames(observed)) {
  observed <- observed[terms, ]
  expected <- expected[terms, ]
  expect_identical(observed$NumDF, as.numeric(expected$NumDF), info = label)
  for (column in c("Sum Sq", "Mean Sq", "F value")) {
    expect_same_numbers(
      observed[[column]], expected[[column]], f_tolerance, paste(label, column)
    )
  }
  expect_same_numbers(observed$DenDF, expected$DenDF, df_tolerance, paste(label, "DenDF"))
  # log p moves with the F value times the degrees of freedom
  expect_equal(
    log(observed[["Pr(>F)"]]), log(expected[["Pr(>F)"]]), tolerance = 1e-4, info = label
  )
}

test_that("Satterthwaite's method is lmerTest's on real designs", {
  need_peer(peer_data)
  # without fixed terms there is no table
  models <- Filter(function(model) rows_of(model) <= 400, real_models())
  expect_gte(length(models), 90)
  by_ml <- compared <- left_out <- 0
  for (model in models) {
    fit <- fit_real_model_quietly(model)
    m <- lmertest_at(model, fit)
    expected <- coef(suppressWarnings(summary(m)))
    observed <- coef(summary(fit))
    label <- function(what) paste0(model$name, ": ", what)
    expect_identical(dimnames(observed), dimnames(expected), info = label("names"))
    expect_same_numbers(observed[, "df"], expected[, "df"], df_tolerance, label("df"))
    expect_same_numbers(
      observed[, "Std. Error"], expected[, "Std. Error"], 1e-8, label("standard errors")
    )
    by_ml <- by_ml + !fit$REML
    if (length(labels(fit)) == 0) next
    for (type in c("I", "II", "III")) {
      table <- suppressMessages(suppressWarnings(anova(m, type = type)))
      right <- well_decomposed(m, table)
      compared <- compared + length(right)
      left_out <- left_out + length(labels(fit)) - length(right)
      expect_same_table(
        anova(fit, type = type), table, label(type), f_tolerance[[type]], df_tolerance, right
      )
    }
  }
  expect_gte(by_ml, 12)
  # 528 terms and 15 when this was written
  expect_gte(compared, 450)
  expect_lte(left_out, 60)
})

test_that("Kenward and Roger's method is pbkrtest's on real designs", {
  need_peer(peer_data)
  # pbkrtest leaves weights out of account, and is slow beyond a few hundred rows and coefficients
  models <- Filter(function(model) {
    model$REML && is.null(model$weights) && rows_of(model) <= 200
  }, real_models())
  slow <- c("gomez.splitsplit", "cox.stripsplit")
  models <- Filter(function(model) !model$name %in% slow, models)
  expect_gte(length(models), 35)
  for (model in models) {
    fit <- fit_real_model_quietly(model)
    m <- lmertest_at(model, fit)
    expected <- suppressMessages(coef(summary(m, ddf = "Kenward-Roger")))
    observed <- coef(summary(fit, ddf = "Kenward-Roger"))
    label <- function(what) paste0(model$name, ": ", what)
    for (column in c("Std. Error", "df")) {
      expect_same_numbers(observed[, column], expected[, column], kr_tolerance, label(column))
    }
    if (length(labels(fit)) == 0) next
    expect_same_table(
      anova(fit, ddf = "Kenward-Roger"), suppressMessages(anova(m, ddf = "Kenward-Roger")),
      label("III"), f_tolerance[["III"]], kr_tolerance
    )
  }
})

test_that("the printed table is lmerTest's", {
  need_peer("lmerTest")
  m <- lmerTest::lmer(angle ~ recipe * temp + (1 | replicate), lme4::cake)
  fit <- as_lmm(m)
  for (type in c("I", "II", "III")) {
    expect_identical(
      capture.output(print(anova(fit, type = type))), capture.output(print(anova(m, type = type)))
    )
  }
})

test_that("the printed coefficients are lmerTest's", {
  need_peer("lmerTest")
  # its summaries are printed by `%||%` of base R
  skip_if(packageVersion("lme4") >= "2.1" && getRversion() < "4.4", "lme4 2.1 prints in R 4.4 only")
  m <- lmerTest::lmer(Reaction ~ Days + (Days | Subject), sleepstudy)
  fit <- as_lmm(m)
  coefficients <- function(x) {
    lines <- capture.output(print(x, correlation = FALSE))
    lines[(match("Fixed effects:", lines) + 1):grep("^Signif", lines)]
  }
  expect_identical(coefficients(summary(fit)), coefficients(summary(m)))
})
