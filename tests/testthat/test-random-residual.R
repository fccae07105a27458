# The residual structure in VarCorr(), summaries, variance_components() and confint().

test_that("tables have the deviations and correlations of the residuals", {
  d <- fev_data()
  fit <- lmm(FEV1 ~ ARMCD * AVISIT, d, residual = us(AVISIT | USUBJID))
  table <- as.data.frame(VarCorr(fit))
  expect_identical(table$grp, rep("Residual", 10L))
  expect_identical(table$var1[1:4], c(NA, "VIS2", "VIS3", "VIS4"))
  expect_equal(table$sdcor[1L], fit$sigma)
  R <- fit$sigma^2 * residual_matrix(fit$residual, 1:4, 1:4, 1L)
  expect_equal(table$sdcor[1:4], sqrt(diag(R)))
  expect_equal(table$sdcor[table$var1 %in% "VIS1" & table$var2 %in% "VIS3"], cov2cor(R)[3, 1])
  # of complete data the covariance matrix is that of the residuals of least squares
  whole <- names(which(table(d$USUBJID[!is.na(d$FEV1)]) == 4L))
  complete <- d[d$USUBJID %in% whole, ]
  own <- lmm(FEV1 ~ ARMCD * AVISIT, complete, residual = us(AVISIT | USUBJID))
  e <- matrix(resid(lm(FEV1 ~ ARMCD * AVISIT, complete[order(complete$USUBJID), ])), 4)
  # two means are estimated for each visit
  expect_equal(own$sigma^2 * residual_matrix(own$residual, 1:4, 1:4, 1L),
    tcrossprod(e) / (length(whole) - 2), tolerance = 1e-5
  )
  components <- variance_components(own)
  # the standard error of a standard deviation of normal values
  expect_equal(components$se[1L], own$sigma / sqrt(2 * (length(whole) - 2)), tolerance = 1e-4)
  rho <- components$estimate[5L]
  expect_equal(components$se[5L], (1 - rho^2) / sqrt(length(whole) - 2), tolerance = 1e-3)
  expect_message(limits <- confint(own), "are Wald's", class = "henderson_message_unsupported")
  expect_equal(unname(limits[".sigma", ]), unlist(components[1L, c("lower", "upper")],
    use.names = FALSE
  ))
  expect_identical(rownames(limits)[2L], "sd_VIS2|Residual")
  expect_error(profile(own), class = "henderson_error_unsupported")
})

test_that("prints say whose standard deviation sigma is", {
  growth <- nlme_data("Orthodont")
  fit <- lmm(distance ~ age * Sex + (1 | Subject), growth, variance = ~ by(Sex))
  text <- capture.output(print(fit))
  expect_match(text, "Residual standard deviation above: that of SexMale", all = FALSE)
  expect_match(text, "Variance: ~by\\(Sex\\)", all = FALSE)
  rho <- lmm(distance ~ age * Sex, growth, residual = ar1(age | Subject))
  expect_match(capture.output(print(VarCorr(rho))), "rho 0\\.[0-9]+ \\(per 2\\)", all = FALSE)
  expect_match(capture.output(print(summary(rho))), "a minimum after", all = FALSE)
  arms <- lmm(distance ~ age, growth, residual = ar1(age | Sex / Subject))
  expect_match(capture.output(print(arms)), "Corr, Female: rho", all = FALSE)
})

test_that("rho is per unit of time, whatever the unit", {
  boys <- nlme_data("Oxboys")
  boys$months <- boys$age * 12
  years <- lmm(height ~ age, boys, residual = car1(age | Subject))
  months <- lmm(height ~ age, boys, residual = car1(months | Subject))
  expect_equal(months$criterion, years$criterion, tolerance = 1e-10)
  rho <- function(fit) residual_estimates(fit$residual)$correlations
  expect_equal(rho(months)^12, rho(years), tolerance = 1e-6)
})
