test_that("sums tell every kind of change of a variable, and rounding is none", {
  x <- c(3.5, -1, NA, 2, 7, 2)
  f <- factor(c("a", "b", "a", NA, "c", "b"))
  columns <- list(x, f, as.character(f), x > 0, as.Date("2020-01-01") + x, 1:6)
  for (column in columns) {
    sums <- sums_of(column)
    expect_true(same_sums(sums, sums_of(column)))
    expect_false(same_sums(sums, sums_of(rev(column))))
    expect_false(same_sums(sums, sums_of(column[-1L])))
    expect_false(same_sums(sums, sums_of(replace(column, 2L, column[5L]))))
    expect_false(same_sums(sums, sums_of(replace(column, 2L, NA))))
  }
  expect_false(same_sums(sums_of(f), sums_of(relevel(f, "c"))))
  expect_false(same_sums(sums_of(f), sums_of(`levels<-`(f, c("a", "c", "b")))))
  expect_false(same_sums(sums_of(as.character(f)), sums_of(sub("c", "d", f))))
  expect_false(same_sums(sums_of(x), sums_of(-x)))
  expect_false(same_sums(sums_of(x), sums_of(3 * x)))
  expect_true(same_sums(sums_of(x / 3), sums_of(x * (1 / 3))))
  expect_true(same_sums(sums_of(c(1, Inf)), sums_of(c(1, Inf))))
})

test_that("only variables that no column tells are summed up", {
  told <- alist(log(y), x, sqrt(I(z)), factor(g), poly(x, 2))
  expect_identical(untold_names(told, list(), NULL), character(0L))
  others <- alist(y, rank(x), factor(v > 3), log(u + w))
  expect_identical(untold_names(others, list(), NULL), c("x", "v", "u", "w"))
  extra <- alist(weights = v^2, NULL)
  expect_identical(untold_names(alist(y), extra, quote(u > k & ..1)), c("v", "u", "k"))
  # what is no data may change
  data <- test_data()
  k <- 2
  fit <- lmm(y ~ I(x^k) + (1 | g), data)
  expect_named(attr(fit$terms, "raw_sums"), "x")
  expect_null(attr(lmm(y ~ log(w) + x + (1 | g), data)$terms, "raw_sums"))
})

# the right values are fits of the data as they were

test_that("variables are seen to change where terms such as poly(x, 2) or x > 3 do not", {
  original <- transform(test_data(), z = w + 2)
  terms <- expression(
    poly(z, 2), scale(z), splines::ns(z, 3), rank(z), I(z > 3.5), factor(z > 3.5),
    cut(z, 3, labels = FALSE), I((z - 3.5)^2), as.numeric(z)
  )
  changes <- list(
    function(z) 3 * z + 4, function(z) 3 * z + 4, function(z) 3 * z + 4, exp,
    function(z) z + 10 * (z > 3.5), function(z) z + 10 * (z > 3.5), function(z) 3 * z + 4,
    function(z) 7 - z, function(z) 7 - z
  )
  for (i in seq_along(terms)) {
    data <- original
    formula <- eval(bquote(y ~ f + .(terms[[i]]) + (1 | g)))
    fits <- list(
      lmm(formula, data),
      lmm(formula, data, control = lmm_control(keep = character(0))),
      suppressMessages(update(lmm(y ~ f + (1 | g), data), formula))
    )
    right <- lmm(update(formula, . ~ . + sqrt(z)), original)
    for (fit in fits) {
      data <- original
      expect_fit_of(update(fit, . ~ . + sqrt(z)), right)
      data$z <- changes[[i]](original$z)
      condition <- tryCatch(update(fit, . ~ . + sqrt(z)), error = identity)
      expect_s3_class(condition, "henderson_error_data")
      expect_match(conditionMessage(condition), "z.* has other|other values")
    }
    expect_error(add1(refit_ml(fits[[1L]]), ~ . + sqrt(z)), class = "henderson_error_data")
    # what the frame has is used all the same
    expect_fit_of(
      suppressMessages(update(fits[[1L]], . ~ . - f)), lmm(update(formula, . ~ . - f), original)
    )
  }
  # weights and subsets do not tell their variables either
  data <- original
  fit <- lmm(y ~ x + (1 | g), data, weights = (v - 1)^2, subset = o > 0)
  data$v <- 2 - data$v
  expect_error(update(fit, . ~ . + v), "`v` has other", class = "henderson_error_data")
  data <- transform(original, o = 2 * o)
  expect_error(update(fit, . ~ . + o), "`o` has other", class = "henderson_error_data")
})

test_that("emmeans does not take changed variables of terms that cannot tell", {
  skip_if_not_installed("emmeans")
  data <- transform(test_data(), z = w + 2)
  original <- data
  for (formula in c(y ~ f + poly(z, 2) + (1 | g), y ~ f * scale(z) + (1 | g))) {
    data <- original
    fit <- suppressMessages(lmm(formula, data))
    means <- function(...) suppressMessages(as.data.frame(emmeans::emmeans(fit, ~f, ...))$emmean)
    right <- means()
    at <- data.frame(f = levels(original$f), z = mean(original$z))
    expect_equal(right, unname(predict(fit, at, re.form = NA)))
    data$z <- 3 * data$z + 4
    expect_error(means(), "`z` has other", fixed = TRUE)
    expect_equal(means(data = original), right)
  }
})

test_that("of an imported fit, too, changed variables of poly(x, 2) and its like are seen", {
  need_peer("lme4")
  original <- transform(test_data(), z = w + 2)
  for (term in expression(poly(z, 2), scale(z), I(z > 3.5))) {
    data <- original
    formula <- eval(bquote(y ~ f + .(term) + (1 | g)))
    m <- lme4::lmer(formula, data)
    fit <- as_lmm(m)
    right <- lmm(update(formula, . ~ . + sqrt(z)), original)
    expect_fit_of(update(fit, . ~ . + sqrt(z)), right)
    is_basis <- !identical(term[[1L]], quote(I))
    data$z <- if (is_basis) 3 * data$z + 4 else data$z + 3 * (data$z > 3.5)
    expect_error(update(fit, . ~ . + sqrt(z)), "`z` has other", class = "henderson_error_data")
    if (!is_basis) next
    # changed before the import
    again <- as_lmm(m)
    expect_error(update(again, . ~ . + sqrt(z)), "z.* has other", class = "henderson_error_data")
  }
})
