# All smaller random parts, against fits of their own.

test_that("every candidate of a slope is fitted and compared", {
  fit <- fit_cached("sleepstudy")
  table <- random_structures(fit)
  parts <- c(
    "(Days || Subject)", "(Days | Subject)", "(0 + Days | Subject)", "(1 | Subject)", "none"
  )
  expect_identical(rownames(table), parts)
  expect_named(table, c("npar", "logLik", "AIC", "BIC", "LRT", "Df", "Pr(>Chisq)", "singular"))
  formulas <- lapply(parts[-5], function(part) {
    stats::as.formula(paste("Reaction ~ Days +", part))
  })
  for (k in 1:4) {
    own <- lmm(formulas[[k]], sleepstudy)
    # two searches for one minimum
    expect_equal(table$logLik[k], as.numeric(logLik(own)), tolerance = 1e-9)
    expect_equal(table$AIC[k], AIC(own), tolerance = 1e-9)
    expect_equal(table$BIC[k], BIC(own), tolerance = 1e-9)
    expect_equal(table$npar[k], n_parameters(own))
    expect_equal(attr(table, "formulas")[[k]], formulas[[k]], ignore_attr = TRUE)
  }
  expect_equal(table$logLik[5], as.numeric(logLik(lm(Reaction ~ Days, sleepstudy), REML = TRUE)))
  expect_identical(is.na(table$LRT), c(FALSE, TRUE, FALSE, FALSE, FALSE))
  expect_equal(table$Df, c(1, NA, 2, 2, 3))
  expect_equal(
    table[["Pr(>Chisq)"]], pchisq(table$LRT, table$Df, lower.tail = FALSE)
  )
})

test_that("margins stay, codings that are no smaller model are not compared", {
  data <- transform(sleepstudy, half = factor(Days > 4), Days = Days / 4.5 - 1)
  crossed <- left_hand_sides(
    parse_formula(Reaction ~ 1 + (Days * half | Subject))$random[[1]],
    suppressMessages(lmm(Reaction ~ Days * half + (Days * half | Subject), data))
  )
  labels <- vapply(crossed, function(side) paste(side$labels, collapse = " + "), "")
  expect_setequal(labels, c("Days + half + Days:half", "Days + half", "Days", "half", ""))
  expect_true(all(vapply(crossed, `[[`, TRUE, "intercept")))

  means <- random_structures(lmm(score ~ Machine + (0 + Machine || Worker), plain(nlme::Machines)))
  # one variance for all machines is no restriction of independent ones
  expect_identical(is.na(means["(1 | Worker)", "LRT"]), TRUE)
  means <- random_structures(lmm(score ~ Machine + (0 + Machine | Worker), plain(nlme::Machines)))
  expect_equal(means["(1 | Worker)", "Df"], 5)
})

test_that("of the oats model's 24 variances three describe the data as well", {
  fit <- suppressMessages(lmm(Y ~ V * N + (V * N || B) + (V * N || V:N), MASS::oats))
  expect_warning(table <- random_structures(fit), NA)
  # 5 left-hand sides or none for either factor
  expect_identical(nrow(table), 36L)
  expect_identical(rownames(table)[1], "(V || B)")
  best <- lmm(Y ~ V * N + (V || B), MASS::oats)
  expect_equal(table$AIC[1], AIC(best), tolerance = 1e-9)
  expect_false(is_singular(best))
  expect_equal(table["(V * N || B) + (V * N || V:N)", "AIC"], AIC(fit))
  # V:N is aliased with V * N: it changes no likelihood
  expect_equal(table["(V || B) + (1 | V:N)", "logLik"], table["(V || B)", "logLik"])
})

test_that("terms are combined", {
  table <- random_structures(fit_cached("oats"))
  expect_identical(
    rownames(table), c("(1 | V:B) + (1 | B)", "(1 | V:B)", "(1 | B)", "none")
  )
  expect_equal(table$LRT[2:3], rev(random_anova(fit_cached("oats"))$LRT[2:3]), tolerance = 1e-6)
})

test_that("too many candidates and bad arguments are refused, the table prints", {
  fit <- fit_cached("sleepstudy")
  expect_error(random_structures(fit, max_models = 3), class = "henderson_error_argument")
  expect_error(random_structures(1), class = "henderson_error_argument")
  expect_error(random_structures(fit, 200, 1), class = "henderson_error_argument")
  expect_snapshot(print(random_structures(fit)))
})

test_that("rows of a table are such a table, and columns a plain data frame", {
  table <- random_structures(fit_cached("sleepstudy"))
  expect_output(print(table[1:2, ]), "Candidate random parts of Reaction ~ Days")
  expect_identical(attributes(table[1:2, ])$formulas, attributes(table)$formulas)
  expect_s3_class(table[, 1:3], "data.frame", exact = TRUE)
  expect_output(print(table[, 1:3]), "^ +npar +logLik +AIC")
  table$LRT <- NULL
  expect_output(print(table), "^ +npar")
  expect_output(print(random_structures(fit_cached("sleepstudy"))[0, ]), "singular")
})
