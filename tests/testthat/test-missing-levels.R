# Missing values as a level of a factor (addNA(), exclude = NULL): the model is that of the same
# factor with a name for this level, so everything must be that of the model with the name.

missing_level_data <- function() {
  set.seed(1)
  n <- 240L
  f <- sample(c("a", "b", NA), n, TRUE)
  g <- sample(c(letters[1:9], NA), n, TRUE)
  d <- data.frame(x = rnorm(n), f, g, h = sample(gl(4, 1), n, TRUE))
  d$y <- d$x + 2 * is.na(f) + rnorm(10)[match(g, c(letters[1:9], NA))] + rnorm(n)
  d
}

with_missing_levels <- function(d) transform(d, f = addNA(f), g = factor(g, exclude = NULL))

with_named_levels <- function(d) {
  named <- with_missing_levels(d)
  levels(named$f)[3L] <- "zz"
  levels(named$g)[10L] <- "zz"
  named
}

# Names with the label of missing values in place of "zz".
relabelled <- function(x) gsub("zz", "NA", x, fixed = TRUE)

test_that("missing values as a level predict, simulate and augment as any level", {
  need_peer("generics")
  raw <- missing_level_data()
  missing <- with_missing_levels(raw)
  named <- with_named_levels(raw)
  new <- c(3, 1, 17, 30:50)
  formulas <- list(
    y ~ x + f + (1 | g), y ~ x * f + (x | g:h) + (1 | g), y ~ x + (1 + f | h),
    y ~ f + (0 + f | g / h)
  )
  calls <- alist(
    fit$criterion, unname(fixef(fit)), unname(as.matrix(vcov(fit))), unname(predict(fit)),
    predict(fit, d), predict(fit, d, re.form = NA), predict(fit, d, se.fit = TRUE),
    predict(fit, d, interval = "prediction"), simulate(fit, 2, seed = 1),
    simulate(fit, 2, seed = 1, newdata = d),
    simulate(fit, 2, seed = 1, newdata = d, re.form = NULL),
    unname(model.matrix(fit, newdata = d)),
    unname(as.matrix(model.matrix(fit, newdata = d, type = "random"))),
    generics::augment(fit, newdata = d)[c(".fitted", ".fixed", ".resid")],
    unname(as.matrix(anova(fit))), unname(as.matrix(anova(fit, type = "I"))),
    unname(as.matrix(drop1(fit)))
  )
  for (formula in formulas) {
    fits <- suppressMessages(list(lmm(formula, missing), lmm(formula, named)))
    for (call in calls) {
      ours <- suppressMessages(eval(call, list(fit = fits[[1L]], d = missing[new, ])))
      named_value <- suppressMessages(eval(call, list(fit = fits[[2L]], d = named[new, ])))
      expect_equal(ours, named_value, ignore_attr = "contrasts", info = deparse1(call))
    }
  }
})

test_that("missing values as a level have the name NA wherever levels have names", {
  need_peer("generics")
  raw <- missing_level_data()
  missing <- lmm(y ~ x + f + (1 | g), with_missing_levels(raw))
  named <- lmm(y ~ x + f + (1 | g), with_named_levels(raw))
  expect_identical(names(fixef(missing)), relabelled(names(fixef(named))))
  expect_identical(rownames(ranef(missing)$g), c(letters[1:9], "NA"))
  expect_identical(rownames(coef(missing)$g), c(letters[1:9], "NA"))
  expect_identical(names(ranef(missing, drop = TRUE)$g), c(letters[1:9], "NA"))
  expect_identical(levels(component(missing, "flist")$g), c(letters[1:9], "NA"))
  expect_identical(as.character(reliability(missing)$grp), c(letters[1:9], "NA"))
  for (effects in c("ran_vals", "ran_coefs")) {
    theirs <- generics::tidy(named, effects = effects)
    theirs[c("level", "term")] <- lapply(theirs[c("level", "term")], relabelled)
    expect_equal(generics::tidy(missing, effects = effects), theirs)
  }
  separate <- group_fits(missing)
  expect_identical(rownames(coef(separate)), c(letters[1:9], "NA"))
  expect_equal(unname(separate$sigma), unname(group_fits(named)$sigma))
  both <- factor(c("NA", NA, "a")[rep(1:3, 80)], exclude = NULL)
  expect_identical(level_labels(both), c("NA", "a", "<NA>"))
})

test_that("missing values in newdata are the level that they are in the fit, if they are one", {
  raw <- missing_level_data()
  missing <- with_missing_levels(raw)
  fit <- lmm(y ~ x + f + (1 | g), missing)
  plain <- raw[1:20, ]
  expect_true(anyNA(plain$f) && anyNA(plain$g))
  expect_equal(predict(fit, plain), predict(fit, missing[1:20, ]))
  factors <- transform(plain, f = factor(f), g = factor(g))
  expect_equal(predict(fit, factors), predict(fit, missing[1:20, ]))
  # as part of the formula
  inside <- lmm(y ~ x + addNA(f) + (1 | factor(g, exclude = NULL)), raw)
  expect_equal(predict(inside, plain), predict(fit, missing[1:20, ]))
  expect_equal(
    simulate(inside, seed = 1, newdata = plain), simulate(fit, seed = 1, newdata = missing[1:20, ])
  )
  complete <- lmm(y ~ x + f + (1 | g), raw)
  expect_true(all(is.na(predict(complete, plain, re.form = NA)[is.na(plain$f)])))
  expect_error(predict(complete, plain), "missing values", class = "henderson_error_newdata")
})

test_that("emmeans shows missing values that are a level", {
  need_peer("emmeans")
  raw <- missing_level_data()
  missing <- lmm(y ~ x * f + (1 | g), with_missing_levels(raw))
  named <- lmm(y ~ x * f + (1 | g), with_named_levels(raw))
  means <- function(fit) as.data.frame(emmeans::emmeans(fit, ~ f | x))
  theirs <- means(named)
  levels(theirs$f)[3L] <- "NA"
  expect_equal(means(missing), theirs, ignore_attr = TRUE)
  inside <- lmm(y ~ x + addNA(f) + (1 | g), raw)
  expect_error(
    emmeans::recover_data(inside), "addNA(f)", fixed = TRUE, class = "henderson_error_unsupported"
  )
})
