data <- transform(sleepstudy,
  sex = ifelse(as.integer(Subject) < 10, "f", "m"), late = as.numeric(Days > 7),
  rare = as.numeric(seq_len(180) %in% c(5, 77, 140))
)
data[["odd name"]] <- factor(data$rare)
least <- function(formula, min_count, ...) {
  cross_products(formula, data, min_count = min_count, ...)
}
refused <- function(formula, min_count, text, ...) {
  expect_error(least(formula, min_count, ...), text, class = "henderson_error_cross_products")
}

test_that("cells of few rows are refused, by name, and no others", {
  # each subject has ten rows, two of them late, and nine or ten of a sex
  expect_s3_class(least(Reaction ~ Days + sex + (Days | Subject), 10), "henderson_cross_products")
  refused(Reaction ~ Days + (1 | Subject), 11, "308")
  refused(Reaction ~ late + (1 | Subject), 3, "values of late")
  expect_equal(least(Reaction ~ late + (1 | Subject), 2)$min_count, 2)
  refused(Reaction ~ rare + (1 | sex), 4, "rare")
  refused(Reaction ~ 1 + (factor(late) | Subject), 3, "Subject by factor")
  refused(Reaction ~ factor(Days):sex + (1 | sex), 91, "factor")
  # days meet subjects in one row each
  refused(Reaction ~ 1 + (1 | Subject) + (1 | Days), 2, "Subject and Days")
  refused(Reaction ~ Days + (1 | Subject), 10, "has 9 row", weights = as.numeric(Days > 0))
  refused(Reaction ~ `odd name` + (1 | sex), 4, "odd name")
})

test_that("the counts are those of all pieces", {
  pieces <- chunks(split(data, rep(1:7, length.out = 180)))
  expect_error(cross_products(Reaction ~ Days + (1 | Subject), pieces, min_count = 11), "10 rows",
    class = "henderson_error_cross_products"
  )
  sums <- cross_products(Reaction ~ Days + sex + (1 | Subject), pieces, min_count = 10)
  expected <- lmm(Reaction ~ Days + sex + (1 | Subject), data)
  fit <- lmm(sums)
  expect_equal(fit$criterion, expected$criterion, tolerance = 1e-12)
  expect_equal(anova(fit)$F, anova(expected)$F, tolerance = 1e-7)
  expect_equal(drop1(fit)$AIC, drop1(expected)$AIC, tolerance = 1e-9)
  expect_output(print(sums), "at least 10 rows")
})

test_that("numbers of single rows are not among what is kept", {
  sums <- least(Reaction ~ poly(Days, 2, raw = TRUE) + late + (Days | Subject), 2)
  numbers <- unlist(Filter(is.numeric, unclass(sums$skeleton)[-1]))
  expect_false(any(numbers %in% c(data$Days, data$Days^2, data$late)))
  expect_true(all(is.na(sums$skeleton$Reaction)))
  # sums of such take the smaller of two promises, what is taken away leaves none
  part <- cross_products(Reaction ~ Days + (1 | Subject), data[1:90, ], min_count = 10)
  rest <- cross_products(Reaction ~ Days + (1 | Subject), data[91:180, ], min_count = 4)
  expect_equal((part + rest)$min_count, 4)
  expect_null(((part + rest) - part)$min_count)
})
