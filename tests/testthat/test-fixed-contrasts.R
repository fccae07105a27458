# Contrasts of types I, II and III: by hand, by their definitions, and against lmerTest.

contrasts_of <- function(fit, type) henderson:::fixed_contrasts(fit, type)

quietly <- function(formula, data = loom(), ...) {
  control <- lmm_control(check_rank = "ignore", check_singular = "ignore")
  lmm(formula, data, control = control, ...)
}

# ---- by hand ----

test_that("type III of a 2 x 2 layout compares unweighted means", {
  data <- subset(loom(), tension != "H")
  data$tension <- droplevels(data$tension)
  fit <- quietly(y ~ wool * tension + (1 | group), data)
  L <- contrasts_of(fit, "III")

  # columns (Intercept), woolB, tensionM, woolB:tensionM
  expect_equal(unname(L$wool), rbind(c(0, 1, 0, 0.5)))
  expect_equal(unname(L$tension), rbind(c(0, 0, 1, 0.5)))
  expect_equal(unname(L[["wool:tension"]]), rbind(c(0, 0, 0, 1)))
  expect_identical(colnames(L$wool), names(fixef(fit)))
})

test_that("type I of two columns is the second one's, and the first one's with its share", {
  fit <- quietly(y ~ x + z + (1 | group))
  L <- contrasts_of(fit, "I")
  data <- loom()
  share <- coef(lm(z ~ x, data))[["x"]]

  expect_equal(unname(L$z), rbind(c(0, 0, 1)))
  expect_equal(unname(L$x), rbind(c(0, 1, share)))
  # neither is contained in the other
  expect_equal(contrasts_of(fit, "II"), list(
    x = matrix(c(0, 1, 0), 1, dimnames = list(NULL, names(fixef(fit)))),
    z = matrix(c(0, 0, 1), 1, dimnames = list(NULL, names(fixef(fit))))
  ))
  expect_equal(contrasts_of(fit, "III"), contrasts_of(fit, "II"), ignore_attr = "empty")
})

test_that("type I rows of a term span what remains of it after the terms before", {
  fit <- quietly(y ~ wool * tension + x + (1 | group))
  X <- model.matrix(fit)
  term <- attr(X, "assign")
  for (k in 1:4) {
    L <- contrasts_of(fit, "I")[[k]]
    # the sum of squares of L beta with independent errors is that of the residualised columns
    beta <- qr.coef(qr(X), loom()$y)
    inverse <- solve(crossprod(X))
    wald <- sum((L %*% beta) * solve(L %*% inverse %*% t(L), L %*% beta))
    rest <- function(up_to) deviance(lm(loom()$y ~ 0 + X[, term <= up_to]))
    ordered <- match(names(contrasts_of(fit, "I"))[k], attr(terms(fit), "term.labels"))
    expect_equal(wald, rest(ordered - 1) - rest(ordered), tolerance = 1e-9)
  }
})

test_that("tables do not depend on the coding of the factors", {
  codings <- c("contr.treatment", "contr.sum", "contr.helmert", "contr.poly")
  cases <- list(filled = loom(), missing = subset(loom(), !(wool == "B" & tension == "M")))
  for (name in names(cases)) {
    fits <- lapply(codings, function(coding) {
      quietly(y ~ wool * tension + x:wool + (1 | group), cases[[name]],
        contrasts = list(wool = coding, tension = coding)
      )
    })
    for (type in c("I", "II", "III")) {
      # Kenward and Roger's tests do not depend on the basis of the hypothesis, nor does F
      tables <- lapply(fits, function(fit) {
        as.matrix(anova(fit, type = type, ddf = "Kenward-Roger"))
      })
      f <- lapply(fits, function(fit) anova(fit, type = type)[["F value"]])
      for (i in 2:4) {
        # optima agree to about 1e-9
        expect_equal(tables[[i]], tables[[1]], tolerance = 1e-6, info = paste(name, type, i))
        expect_equal(f[[i]], f[[1]], tolerance = 1e-6, info = paste(name, type, i))
      }
    }
    # of type III the basis is the same for every coding, so Satterthwaite's df agree as well
    df <- lapply(fits, function(fit) anova(fit)$DenDF)
    for (i in 2:4) expect_equal(df[[i]], df[[1]], tolerance = 1e-6)
  }
})

test_that("units of covariates do not matter", {
  data <- transform(loom(), x_small = x * 1e-7, x_large = x * 1e9, year = 2000 + x)
  plain <- quietly(y ~ x * wool + tension + (1 | group), data)
  small <- quietly(y ~ x_small * wool + tension + (1 | group), data)
  large <- quietly(y ~ x_large * wool + tension + (1 | group), data)
  for (type in c("I", "II", "III")) {
    expected <- unname(as.matrix(anova(plain, type = type)))
    expect_equal(unname(as.matrix(anova(small, type = type))), expected, tolerance = 1e-6)
    expect_equal(unname(as.matrix(anova(large, type = type))), expected, tolerance = 1e-6)
  }
  # another origin changes what a main effect beside an interaction means, but not the last term
  shifted <- quietly(y ~ year * wool + tension + (1 | group), data)
  expect_equal(
    unname(as.matrix(anova(shifted)))[4, ], unname(as.matrix(anova(plain)))[4, ], tolerance = 1e-6
  )
  # matrix columns in units 1e9 apart are two numerator degrees of freedom
  joined <- quietly(y ~ cbind(x, 1e9 * z) + wool + (1 | group), data)
  same <- quietly(y ~ cbind(x, z) + wool + (1 | group), data)
  expect_identical(anova(joined)$NumDF, c(2, 1))
  expect_equal(anova(joined)[["F value"]], anova(same)[["F value"]], tolerance = 1e-6)
})

test_that("dates and 64-bit integers are covariates like any number", {
  need_peer("bit64")
  data <- transform(loom(), number = rep_len(c(1L, 5L, 2L, 7L, 4L), 47))
  data$integer64 <- bit64::as.integer64(data$number)
  data$date <- as.Date("1970-01-01") + data$number
  for (type in c("I", "II", "III")) {
    expected <- contrasts_of(quietly(y ~ number * wool + (1 | group), data), type)
    for (formula in c(y ~ integer64 * wool + (1 | group), y ~ date * wool + (1 | group))) {
      observed <- contrasts_of(quietly(formula, data), type)
      expect_equal(unname(lapply(observed, unname)), unname(lapply(expected, unname)))
    }
  }
})

test_that("rows of weight zero do not count, and other weights do not change the contrasts", {
  data <- transform(loom(), w = rep_len(c(1, 3, 0, 2), 47))
  weighted <- quietly(y ~ wool * tension + (1 | group), data, weights = w)
  without <- quietly(y ~ wool * tension + (1 | group), subset(data, w > 0))
  for (type in c("I", "II", "III")) {
    expect_equal(contrasts_of(weighted, type), contrasts_of(without, type))
  }
})

# ---- lmerTest ----

test_that("contrasts are lmerTest's on designs of every kind", {
  need_peer("lmerTest")
  control <- lme4::lmerControl(check.conv.singular = "ignore", calc.derivs = FALSE)
  loom <- transform(loom(), w = rep_len(c(1, 3, 0.5, 2), 47))
  hole <- subset(loom, !(wool == "B" & tension == "M"))
  codings <- list(wool = "contr.sum", tension = "contr.helmert")
  models <- list(
    "two factors" = quote(lmer(y ~ wool * tension + (1 | group), loom)),
    "other codings" = quote(lmer(y ~ wool * tension + (1 | group), loom, contrasts = codings)),
    "a matrix as coding" = quote(
      lmer(y ~ wool * tension + (1 | group), loom, contrasts = list(tension = contr.sum(3) / 2))
    ),
    "missing cell" = quote(lmer(y ~ wool * tension + (1 | group), hole)),
    "missing cell, other codings" = quote(
      lmer(y ~ wool * tension + (1 | group), hole, contrasts = codings)
    ),
    "covariates" = quote(lmer(y ~ wool * x + tension * z + (1 | group), loom)),
    "three way" = quote(lmer(y ~ wool * tension * x + (1 | group), loom, contrasts = codings)),
    "characters, ordered" = quote(lmer(y ~ wool * kind + grade * x + (1 | group), loom)),
    "logical" = quote(lmer(y ~ late * wool + (1 | group), loom)),
    "no intercept" = quote(lmer(y ~ 0 + tension + x + (1 | group), loom)),
    "no intercept, interaction" = quote(lmer(y ~ 0 + wool * tension + (1 | group), loom)),
    "interaction alone" = quote(lmer(y ~ wool:tension + (1 | group), loom)),
    "nested covariate" = quote(lmer(y ~ tension / x + (1 | group), loom)),
    "nested factor" = quote(lmer(y ~ wool + wool:tension + (1 | group), loom)),
    "polynomial" = quote(lmer(y ~ poly(x, 2) * tension + (1 | group), loom)),
    "spline" = quote(lmer(y ~ splines::ns(x, 3) * wool + tension + (1 | group), loom)),
    "covariates crossed" = quote(lmer(y ~ x * z + wool + (1 | group), loom)),
    # R gives a:b too few columns beside x:a + x:b
    "too few columns" = quote(lmer(y ~ x:wool + tension:x + wool:tension + (1 | group), loom)),
    "one factor" = quote(lmer(y ~ tension + (1 | group), loom)),
    "calls of variables" = quote(lmer(y ~ log(2 + x) * factor(late) + (1 | group), loom)),
    "dropped covariate" = quote(lmer(y ~ x + I(2 * x) + wool * tension + (1 | group), loom)),
    "offset" = quote(lmer(y ~ wool * tension + offset(x) + (1 | group), loom)),
    "weights" = quote(lmer(y ~ wool * tension + (1 | group), loom, weights = w))
  )
  for (name in names(models)) {
    call <- models[[name]]
    call[[1]] <- quote(lmerTest::lmer)
    call$control <- quote(control)
    m <- suppressMessages(eval(call))
    fit <- suppressMessages(as_lmm(m))
    expected <- list(
      I = lmerTest:::get_contrasts_type1(m), II = lmerTest:::get_contrasts_type2_unfolded(m),
      III = suppressMessages(lmerTest:::get_contrasts_type3(m))
    )
    for (type in names(expected)) {
      observed <- contrasts_of(fit, type)
      for (term in names(observed)) {
        # lmerTest rounds type III to 7 digits (zapsmall)
        expect_equal(
          unname(observed[[term]]), unname(expected[[type]][[term]]),
          tolerance = if (type == "III") 1e-6 else 1e-12, info = paste(name, type, term)
        )
      }
    }
  }
})

test_that("variables may be any expression", {
  data <- loom()
  data$above <- data$x > 0.2
  plain <- quietly(y ~ above * tension + (1 | group), data)
  fit <- quietly(y ~ (x > 0.2) * tension + (1 | group), data)
  for (type in c("I", "II", "III")) {
    expect_equal(unname(lapply(contrasts_of(fit, type), unname)),
      unname(lapply(contrasts_of(plain, type), unname))
    )
  }
  expect_identical(rownames(drop1(fit, test = "F")), "x > 0.2:tension")
})

# ---- single terms left out ----

test_that("contrasts of a deleted term are its coefficients, unless the coding of others changes", {
  deletion <- function(fit, term) henderson:::deletion_contrasts(fit, term)
  fit <- quietly(y ~ wool * tension + x + (1 | group))
  expect_equal(unname(deletion(fit, "x")), rbind(c(0, 0, 0, 0, 1, 0, 0)))
  expect_equal(unname(deletion(fit, "wool:tension")), diag(7)[6:7, ])

  # without the intercept, wool's indicators take tension's constant with them
  fit <- quietly(y ~ 0 + wool + tension + (1 | group))
  L <- deletion(fit, "wool")
  expect_identical(nrow(L), 1L)
  expect_equal(unname(L / L[1]), rbind(c(1, -1, 0, 0)))
})
