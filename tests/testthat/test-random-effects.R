# ---- ranef ----

test_that("ranef gives the shrunken means of the four points worked out by hand", {
  fit <- fit_cached("four_points_ml")
  # sigma_s^2 = 33.25, sigma^2 = 18, two observations each: shrinkage 2 x 33.25 / (2 x 33.25 + 18);
  # means of the residuals from the condition means: 6.5 and -6.5
  shrinkage <- 66.5 / 84.5
  modes <- ranef(fit)

  expect_s3_class(modes, "henderson_ranef")
  expect_named(modes, "Ind")
  # theta is found by optimization to about 1e-6
  expect_equal(modes$Ind[["(Intercept)"]], shrinkage * c(6.5, -6.5), tolerance = 1e-5)
  expect_equal(as.vector(attr(modes$Ind, "postVar")), rep(33.25 * 18 / 84.5, 2), tolerance = 1e-5)
})

test_that("ranef gives the modes of the sorghum trial", {
  # lme4 2.1, whose theta is good for about 8 digits of these
  expect_equal(
    ranef(fit_cached("sorghum_e3"))$rep[["(Intercept)"]],
    c(60.523490371, -40.709748507, 3.027917701, -22.841659566),
    tolerance = 1e-5
  )
})

test_that("ranef has lme4's shapes and values, several terms on one factor too", {
  need_peer("lme4")
  formulas <- list(
    Reaction ~ Days + (Days | Subject),
    Reaction ~ Days + (1 | Subject) + (0 + Days | Subject)
  )
  for (formula in formulas) {
    m <- lme4::lmer(formula, sleepstudy)
    ours <- ranef(as_lmm(m))
    theirs <- lme4::ranef(m)
    expect_named(ours, names(theirs))
    expect_equal(as.matrix(ours$Subject), as.matrix(theirs$Subject), tolerance = 1e-7)
    expect_equal(
      unname(attr(ours$Subject, "postVar")), unname(attr(theirs$Subject, "postVar")),
      tolerance = 1e-7
    )
    expect_equal(as.data.frame(ours), as.data.frame(theirs), tolerance = 1e-7, ignore_attr = TRUE)
    expect_identical(levels(as.data.frame(ours)$grp), levels(as.data.frame(theirs)$grp))
  }
})

test_that("condVar, drop and whichel choose what is returned", {
  fit <- fit_cached("durban")

  expect_named(ranef(fit), c("fung:block", "block"))
  expect_named(ranef(fit, whichel = "block"), "block")
  expect_null(attr(ranef(fit, condVar = FALSE)$block, "postVar"))
  dropped <- ranef(fit, drop = TRUE)$block
  expect_type(dropped, "double")
  expect_named(dropped, c("B1", "B2", "B3", "B4"))
  expect_length(attr(dropped, "postVar"), 4L)
  expect_null(as.data.frame(ranef(fit, condVar = FALSE))$condsd)
})

test_that("as.data.frame of dropped modes is that of the others", {
  fit <- fit_cached("durban")

  expect_equal(as.data.frame(ranef(fit, drop = TRUE)), as.data.frame(ranef(fit)))
})

test_that("ranef refuses unknown factors and arguments", {
  fit <- fit_cached("sleepstudy")

  expect_error(ranef(fit, whichel = "subject"), class = "henderson_error_argument")
  expect_error(ranef(fit, whichel = 1), class = "henderson_error_argument")
  expect_error(ranef(fit, condVar = "yes"), class = "henderson_error_argument")
  expect_error(ranef(fit, postVar = TRUE), class = "henderson_error_argument")
})

test_that("printing shows every factor and where the variances are", {
  output <- capture.output(print(ranef(fit_cached("durban"))))

  expect_true(all(c("$fung:block", "$block") %in% output))
  expect_match(output[length(output)], "postVar")
  expect_no_match(
    paste(capture.output(print(ranef(fit_cached("durban"), condVar = FALSE))), collapse = "\n"),
    "postVar"
  )
})

test_that("prints of modes and coefficients of groups say what the data do not determine", {
  data <- transform(sleepstudy, k = factor(paste0("z", Subject)))
  fit <- suppressMessages(lmm(Reaction ~ Days + (1 | Subject) + (1 | k), data))
  expect_output(print(ranef(fit)), "Note: .*only\\s+the\\s+sum\\s+is\\s+determined")
  expect_output(print(coef(fit)), "Note: .*only\\s+the\\s+sum\\s+is\\s+determined")
  whole <- lmm(Reaction ~ Days + (1 | Subject), data)
  expect_null(attr(ranef(whole), "notes"))
  expect_false(any(grepl("Note", capture.output(print(ranef(whole)), print(coef(whole))))))
})
