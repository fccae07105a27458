# MuMIn 1.48 needs R 4.4. Compared live by fixtures/compare-elsewhere.R, which says how it was made
# to run on R 4.2; its output, fixtures/compare-elsewhere.csv, is read here.

elsewhere <- function(call) {
  recorded <- read.csv(test_path("fixtures", "compare-elsewhere.csv"))
  recorded$lme4[recorded$call == call]
}
model <- function() {
  lmm(Reaction ~ Days + z + (Days | Subject), transform(sleepstudy, z = Days^2), REML = FALSE)
}

test_that("coefficients, their table and R-squared are what MuMIn gives for fits by lme4", {
  fit <- model()
  expect_identical(coeffs.henderson_lmm(fit), fixef(fit))
  table <- coefTable.henderson_lmm(fit)
  expect_s3_class(table, "coefTable")
  # lme4's optimum and ours differ by 1e-5 of a standard error
  expect_equal(as.vector(table), elsewhere("coefTable"), tolerance = 1e-4)
  shares <- r.squaredGLMM.henderson_lmm(fit)
  expect_identical(dimnames(shares), list(NULL, c("R2m", "R2c")))
  expect_equal(as.vector(shares), elsewhere("r.squaredGLMM"), tolerance = 1e-5)
})

test_that("what MuMIn gave for both fits is the same to the optimum's precision", {
  recorded <- read.csv(test_path("fixtures", "compare-elsewhere.csv"))
  for (call in c("AICc", "dredge", "model.avg")) {
    values <- recorded[recorded$call == call, ]
    expect_equal(values$henderson, values$lme4, tolerance = 1e-5, info = call)
  }
})

test_that("the formula of a submodel keeps the random part", {
  makeArgs <- function(obj, termNames, opt, ...) UseMethod("makeArgs")
  makeArgs.default <- function(obj, termNames, opt, ...) {
    list(formula = reformulate(c("1", termNames), "Reaction"), other = 1)
  }
  arguments <- makeArgs(model(), "Days", list())
  expect_identical(deparse1(arguments$formula), "Reaction ~ 1 + Days + (Days | Subject)")
  expect_identical(arguments$other, 1)
})

test_that("fits by REML are ranked only where their fixed parts agree, or by ML", {
  fit <- model()
  by_reml <- update(fit, REML = TRUE)
  fewer <- update(by_reml, . ~ . - z)
  simpler <- update(by_reml, . ~ . - (Days | Subject) + (1 | Subject))
  unsupported <- function(expr) expect_error(expr, "REML", class = "henderson_error_unsupported")
  unsupported(check_ranking(list(by_reml), TRUE, list()))
  unsupported(check_ranking(list(by_reml, fewer), NULL, NULL))
  unsupported(check_ranking(list(update(fewer, REML = FALSE), by_reml), NULL, NULL))
  expect_null(check_ranking(list(by_reml, fewer), NULL, list(REML = FALSE)))
  expect_null(check_ranking(list(by_reml, simpler), NULL, NULL))
  expect_null(check_ranking(list(fit, update(fit, . ~ . - z)), NULL, NULL))
  expect_null(check_ranking(list(fit), TRUE, list()))
})

test_that("dredge() ranks the submodels", {
  skip_if_not_installed("MuMIn")
  withr::local_options(na.action = "na.fail")
  d <- transform(sleepstudy, z = Days^2)
  fit <- lmm(Reaction ~ Days + z + (Days || Subject), d, REML = FALSE)
  dredge <- function(fit) suppressMessages(getExportedValue("MuMIn", "dredge")(fit))
  table <- dredge(fit)
  expect_equal(sort(table$logLik), sort(c(
    logLik(fit), logLik(update(fit, . ~ . - z)), logLik(update(fit, . ~ . - Days)),
    logLik(update(fit, . ~ . - z - Days))
  )))
  expect_error(dredge(update(fit, REML = TRUE)), "REML", class = "henderson_error_unsupported")
})
