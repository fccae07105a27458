# From formula and data to estimates: everything lm() and lmer() take is taken, and means the same.
d <- many_types()
d$y <- d$y + c(-2, 1, 3, 0, 2)[as.integer(d$g)] + cos(seq_len(nrow(d))^2)
d$matrix <- cbind(a = d$x, b = sin(d$w))
quiet_lmm <- function(...) suppressMessages(eval.parent(substitute(lmm(...))))
quiet_lmer <- function(...) suppressMessages(eval.parent(substitute(lme4::lmer(...))))

# The same model twice: likelihoods agree to what lme4's optimizer reaches.
expect_same_fit <- function(fit, other) {
  label <- paste(deparse(fit$call, 500), collapse = " ")
  expect_equal(as.numeric(logLik(fit)), as.numeric(logLik(other)), tolerance = 1e-8, label = label)
}

# A fit predicts rows of its data as it fitted them, also row by row.
expect_predicts <- function(fit, data = d, rows = c(5, 9, 20)) {
  label <- paste(deparse(fit$call, 500), collapse = " ")
  expect_equal(unname(predict(fit, data[rows, ])), unname(fitted(fit))[rows], label = label)
  single <- predict(fit, data[rows[1], ])
  expect_equal(unname(single), unname(fitted(fit))[rows[1]], label = label)
}

test_that("variables of every type group rows", {
  need_peer("lme4")
  expect_same_fit(quiet_lmm(y ~ x + (1 | string), d), quiet_lmer(y ~ x + (1 | string), d))
  expect_same_fit(quiet_lmm(y ~ x + (1 | logical), d), quiet_lmer(y ~ x + (1 | logical), d))
  expect_same_fit(quiet_lmm(y ~ x + (1 | number), d), quiet_lmer(y ~ x + (1 | number), d))
  expect_same_fit(quiet_lmm(y ~ x + (1 | ordered), d), quiet_lmer(y ~ x + (1 | ordered), d))
  expect_same_fit(quiet_lmm(y ~ x + (1 | day), d), quiet_lmer(y ~ x + (1 | day), d))
  expect_same_fit(quiet_lmm(y ~ x + (1 | time), d), quiet_lmer(y ~ x + (1 | time), d))
  expect_same_fit(quiet_lmm(y ~ x + (1 | f:string), d), quiet_lmer(y ~ x + (1 | f:string), d))
  expect_same_fit(quiet_lmm(y ~ x + (1 | g / f), d), quiet_lmer(y ~ x + (1 | g / f), d))
  expect_same_fit(
    quiet_lmm(y ~ x + (1 | interaction(f, string)), d), quiet_lmer(y ~ x + (1 | f:string), d)
  )
})

test_that("tibbles, lists, 64-bit integers and labelled columns are as good as plain columns", {
  plain <- quiet_lmm(y ~ integer + (1 | integer), d)
  expect_identical(fixef(quiet_lmm(y ~ integer + (1 | integer), as.list(d))), fixef(plain))
  if (requireNamespace("tibble", quietly = TRUE)) {
    from_tibble <- quiet_lmm(y ~ integer + (1 | integer), tibble::as_tibble(d))
    expect_identical(fixef(from_tibble), fixef(plain))
  }
  if (requireNamespace("bit64", quietly = TRUE)) {
    d$big <- bit64::as.integer64(d$integer)
    fit <- quiet_lmm(y ~ big + (1 | big), d)
    expect_equal(unname(fixef(fit)), unname(fixef(plain)))
    expect_predicts(fit, d)
  }
  if (requireNamespace("haven", quietly = TRUE)) {
    d$labelled <- haven::labelled(d$integer, c(low = -3L), "a label")
    fit <- quiet_lmm(y ~ labelled + (1 | labelled), d)
    expect_equal(unname(fixef(fit)), unname(fixef(plain)))
    expect_predicts(fit, d)
  }
})

test_that("several terms, bars and matrices of predictors mean what they mean in lmer()", {
  need_peer("lme4")
  expect_same_fit(
    quiet_lmm(y ~ x + (1 | g) + (0 + x | g), d), quiet_lmer(y ~ x + (1 | g) + (0 + x | g), d)
  )
  expect_same_fit(quiet_lmm(y ~ x + (x || g), d), quiet_lmer(y ~ x + (x || g), d))
  expect_same_fit(
    quiet_lmm(y ~ x + (1 | g) + (0 + f | g), d), quiet_lmer(y ~ x + (1 | g) + (0 + f | g), d)
  )
  expect_same_fit(quiet_lmm(y ~ matrix + (1 | g), d), quiet_lmer(y ~ matrix + (1 | g), d))
  columns <- d[c("y", "x", "w", "g")]
  expect_same_fit(quiet_lmm(y ~ . - g + (1 | g), columns), quiet_lmer(y ~ x + w + (1 | g), d))
  expect_same_fit(
    quiet_lmm(y ~ x + offset(w) + (1 | g), d, offset = x),
    quiet_lmer(y ~ x + offset(w) + (1 | g), d, offset = x)
  )
  expect_same_fit(
    quiet_lmm(y ~ x + (1 | g), d, weights = positive, subset = w > 3),
    quiet_lmer(y ~ x + (1 | g), d, weights = positive, subset = w > 3)
  )
})

test_that("contrasts change coefficients, never the fit", {
  simple <- cbind(c(2, -1, -1), c(-1, 2, -1)) / 3
  coded <- list("contr.sum", "contr.poly", "contr.helmert", contr.SAS, simple)
  if (requireNamespace("MASS", quietly = TRUE)) coded <- c(coded, MASS::contr.sdif)
  reference <- quiet_lmm(y ~ f + (1 | g), d)
  means <- tapply(predict(reference, re.form = NA), d$f, mean)
  for (coding in coded) {
    fit <- quiet_lmm(y ~ f + (1 | g), d, contrasts = list(f = coding))
    # REML differs by the log determinant of the coding only; the fit does not
    expect_equal(fitted(fit), fitted(reference), tolerance = 1e-6)
    expect_equal(c(tapply(predict(fit, re.form = NA), d$f, mean)), c(means), tolerance = 1e-6)
    expect_predicts(fit)
  }
  # the simple coding (1 - 1/N, -1/N): coefficients are differences of means from the last level
  fit <- quiet_lmm(y ~ f + (1 | g), d, contrasts = list(f = simple))
  expect_equal(unname(fixef(fit)), unname(c(mean(means), means[1:2] - means[3])), tolerance = 1e-6)
})

test_that("prediction uses the bases and levels of the fit", {
  expect_predicts(quiet_lmm(y ~ poly(x, 2) + splines::ns(w, 3) + scale(w) + (scale(x) | g), d))
  expect_predicts(quiet_lmm(y ~ matrix + (1 | day:g), d))
  expect_predicts(quiet_lmm(y ~ `my var` + (1 | g), d))
  expect_predicts(quiet_lmm(y ~ ordered * f + (1 | time), d))
  expect_predicts(quiet_lmm(y ~ log(w) + I(x^2) + (1 | cut(w, c(0, 3, 6, 9))), d))
  expect_predicts(quiet_lmm(y ~ factor(integer) + (1 | factor(number)), d))
  expect_predicts(quiet_lmm(log(w) ~ x + offset(x) + (1 | g), d))
  expect_predicts(quiet_lmm(y ~ x:f + (0 + x:f || g), d))
})

test_that("na.action decides what becomes of incomplete rows", {
  d$x[c(3, 8)] <- NA
  omitted <- quiet_lmm(y ~ x + (1 | g), d)
  excluded <- quiet_lmm(y ~ x + (1 | g), d, na.action = na.exclude)
  expect_identical(fixef(omitted), fixef(excluded))
  expect_length(fitted(omitted), 70)
  expect_identical(which(is.na(unname(residuals(excluded)))), c(3L, 8L))
  expect_identical(which(is.na(predict(excluded))), c("3" = 3L, "8" = 8L))
  expect_error(quiet_lmm(y ~ x + (1 | g), d, na.action = na.fail), class = "henderson_error_data")
})

test_that("formulas that were built, passed on and updated are read where they were made", {
  reference <- quiet_lmm(y ~ x + (1 | g), d)
  same <- function(fit) expect_identical(fixef(fit), fixef(reference))
  same(quiet_lmm("y ~ x + (1 | g)", d))
  same(quiet_lmm(reformulate(c("x", "(1 | g)"), "y"), d))
  same(quiet_lmm(as.formula(paste("y ~", "x", "+ (1 | g)")), d))
  same(suppressMessages(do.call(lmm, list(quote(y ~ x + (1 | g)), quote(d)))))
  same(eval(bquote(quiet_lmm(y ~ .(as.name("x")) + (1 | g), d))))
  same(with(d, quiet_lmm(y ~ x + (1 | g))))
  in_function <- function(data) {
    power <- 2
    formula <- y ~ x + (1 | g)
    quiet_lmm(update(formula, . ~ . + I(w^power)), data)
  }
  fit <- in_function(d)
  expect_named(fixef(fit), c("(Intercept)", "x", "I(w^power)"))
  same(suppressMessages(update(fit, . ~ . - I(w^power))))
  expect_predicts(fit)
  loop <- lapply(c("x", "w"), function(v) quiet_lmm(reformulate(c(v, "(1 | g)"), "y"), d))
  expect_identical(lapply(loop, function(fit) names(fixef(fit))[2]), list("x", "w"))
})

test_that("columns may have the names of functions and of arguments", {
  reference <- quiet_lmm(y ~ x + (1 | g), d, weights = w, offset = x)
  d[c("mean", "c", "T", "I", "data", "weights", "offset", "subset")] <-
    list(d$y, d$y, d$y, d$y, d$y, d$w, d$x, d$x > -2)
  for (response in c("mean", "c", "T", "I", "data")) {
    formula <- reformulate(c("x", "(1 | g)"), response)
    fit <- quiet_lmm(formula, d, weights = weights, offset = offset, subset = subset)
    expect_equal(fixef(fit), fixef(reference))
  }
  expect_named(fixef(quiet_lmm(y ~ weights + (1 | g), d)), c("(Intercept)", "weights"))
})

test_that("integers do not overflow", {
  d$large <- rep(c(.Machine$integer.max, 1L, -5L), length.out = nrow(d))
  d$double <- as.double(d$large)
  expect_equal(
    unname(fixef(quiet_lmm(y ~ large * integer + (1 | g), d))),
    unname(fixef(quiet_lmm(y ~ double * integer + (1 | g), d)))
  )
  expect_equal(fixef(quiet_lmm(large ~ x + (1 | g), d)), fixef(quiet_lmm(double ~ x + (1 | g), d)))
})

test_that("Chinese names are fitted, printed and named in errors in a C locale", {
  trait <- "\u54c1\u79cd"
  block <- "\u5c0f\u533a"
  data <- stats::setNames(d[c("y", "f", "g")], c("y", trait, block))
  levels(data[[3]]) <- paste0("\u5730", 1:5)
  for (locale in c("C", "C.UTF-8")) {
    withr::local_locale(LC_CTYPE = locale)
    names <- suppressWarnings(lapply(c(trait, block), as.name))
    formula <- eval(bquote(y ~ .(names[[1]]) + (1 | .(names[[2]]))))
    fit <- quiet_lmm(formula, data)
    expect_identical(names(fixef(fit)), c("(Intercept)", paste0(trait, c("b", "c"))))
    expect_identical(names(ranef(fit)), block)
    shown <- format(summary(fit))
    estimates <- grep("Estimate", shown) + 0:3
    expect_identical(length(unique(nchar(enc2utf8(shown[estimates]), "width"))), 1L)
    expect_false(any(grepl("<U+", shown, fixed = TRUE)))
    error <- expect_error(predict(fit, d[1:2, ]), class = "henderson_error_newdata")
    expect_identical(error$variable, trait)
    expect_silent(drop1(fit))
    expect_silent(separate <- group_fits(eval(bquote(y ~ 1 | .(names[[2]]))), data))
    expect_identical(rownames(coef(separate)), levels(data[[3]]))
  }
})
