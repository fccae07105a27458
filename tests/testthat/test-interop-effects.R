# What lme4's fits get from effects, at lme4's parameters: values agree to rounding.

effect_parts <- function(effect) {
  parts <- unclass(effect)[c("fit", "se", "lower", "upper", "x", "vcov", "offset")]
  lapply(parts, function(part) unname(as.matrix(part)))
}

test_that("Effect() and what is made of it give what they give for fits by lme4", {
  need_peer(c("lme4", "effects"))
  set.seed(1)
  d <- droplevels(subset(durban.splitplot, gen %in% c("G01", "G02", "G03", "G05")))
  d <- transform(d[-c(3, 7, 8), ], x = rnorm(29), a = seq_len(29) / 29, w = runif(29))
  # poly() was made with this row, which is not part of the fit
  d$yield[5] <- NA
  formula <- log(yield) ~ gen * fung + poly(x, 2) + offset(a / 10) + (1 | block)
  # effects looks for the data of a fit by lme4 in the global environment
  m <- do.call(lme4::lmer, list(formula, d, weights = quote(w), offset = quote(a^2)))
  fit <- as_lmm(m)
  compare <- function(make) {
    expect_equal(lapply(make(fit), effect_parts), lapply(make(m), effect_parts))
  }
  compare(function(fit) list(
    effects::Effect("gen", fit), effects::Effect("x", fit, xlevels = list(x = c(-1, 0, 1))),
    effects::Effect(c("gen", "fung"), fit, se = list(level = 0.9)),
    effects::Effect("x", fit, fixed.predictors = list(given.values = c(fungF2 = 1)))
  ))
  compare(effects::allEffects)
  compare(effects::predictorEffects)
  # the data may be gone
  fit <- lmm(log(yield) ~ gen * fung + poly(x, 2) + (1 | block), d)
  expected <- effect_parts(effects::Effect("x", fit))
  kept <- d
  d <- d[20:1, ]
  expect_error(effects::Effect("x", fit), "x.*cannot be found", class = "henderson_error_data")
  rm(d)
  expect_error(effects::Effect("x", fit), class = "henderson_error_data")
  fit <- lmm(log(yield) ~ gen * fung + x + (1 | block), kept)
  expected <- effect_parts(effects::Effect("x", fit))
  rm(kept)
  expect_equal(effect_parts(effects::Effect("x", fit)), expected)
})

test_that("Effect(KR = TRUE) has Kenward and Roger's covariance", {
  need_peer(c("lme4", "effects", "pbkrtest"))
  m <- lme4::lmer(yield ~ gen + fung + (1 | block), subset(durban.splitplot, row > 1))
  fit <- as_lmm(m)
  adjusted <- as.matrix(pbkrtest::vcovAdj(m))
  # effects 4.2-2 passes over KR
  expect_equal(
    effect_parts(effects::Effect("gen", fit, KR = TRUE)),
    effect_parts(effects::Effect("gen", m, vcov. = adjusted))
  )
  expect_error(effects::Effect("gen", refit_ml(fit), KR = TRUE), class = "henderson_error_argument")
})

test_that("Effect() leaves out what cannot be estimated", {
  need_peer("effects")
  d <- droplevels(subset(durban.splitplot, gen %in% c("G01", "G02", "G03")))
  d <- subset(d, !(gen == "G02" & fung == "F2"))
  fit <- suppressMessages(lmm(yield ~ gen * fung + (1 | block), d))
  cells <- suppressMessages(effects::Effect(c("gen", "fung"), fit))
  expect_identical(which(is.na(cells$fit)), 5L)
  means <- predict(fit, cells$x[-5, ], re.form = NA, se.fit = TRUE)
  expect_equal(cells$fit[-5], unname(means$fit))
  expect_equal(cells$se[-5], unname(means$se.fit))
  expect_error(effects::Effect("gen", lmm(yield ~ 0 + (1 | block), d)),
    class = "henderson_error_argument"
  )
})
