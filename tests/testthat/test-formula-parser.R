terms_of <- function(formula) vapply(parse_formula(formula)$random, function(t) t$text, "")
fixed_of <- function(formula) expression_text(parse_formula(formula)$fixed)

test_that("a formula is split into its fixed part and its random terms", {
  parsed <- parse_formula(Reaction ~ Days + (Days | Subject))
  expect_named(parsed, c("formula", "fixed", "random", "frame_formula"))
  expect_identical(parsed$fixed, Reaction ~ Days, ignore_formula_env = TRUE)
  expect_identical(expression_text(parsed$frame_formula), "Reaction ~ Days + Days + Subject")
  expect_length(parsed$random, 1)
  expect_identical(parsed$random[[1]]$lhs, quote(Days))
  expect_identical(parsed$random[[1]]$structure, "us")
})

test_that("the fixed part keeps what is not a random term", {
  expect_identical(fixed_of(y ~ (1 | g)), "y ~ 1")
  expect_identical(fixed_of(y ~ (1 | g) + x), "y ~ x")
  expect_identical(fixed_of(y ~ 0 + x + (1 | g)), "y ~ 0 + x")
  expect_identical(fixed_of(y ~ x - 1 + (1 | g)), "y ~ x - 1")
  expect_identical(fixed_of(y ~ (1 | g) - 1), "y ~ -1")
  expect_identical(fixed_of(y ~ (1 | g) - 1 + x), "y ~ -1 + x")
  expect_identical(fixed_of(y ~ . - g + (1 | g)), "y ~ . - g")
  expect_identical(fixed_of(y ~ x + (w + (1 | g))), "y ~ x + w")
  expect_identical(fixed_of(y ~ (x * w + (1 | g)) + z), "y ~ (x * w) + z")
  expect_identical(fixed_of(y ~ x + offset(o) + (1 | g)), "y ~ x + offset(o)")
  expect_identical(fixed_of(log(y) ~ poly(x, 2) * f + (1 | g)), "log(y) ~ poly(x, 2) * f")
})

test_that("random terms keep their order and structure", {
  expect_identical(
    terms_of(y ~ (1 | h) + (x || g) + diag(x + w | k) + us(0 + x | h)),
    c("1 | h", "x || g", "x + w || k", "0 + x | h")
  )
  structures <- vapply(parse_formula(y ~ (1 | h) + (x || g))$random, function(t) t$structure, "")
  expect_identical(structures, c("us", "diag"))
})

test_that("the text of a term parses to the same term", {
  formula <- y ~ (1 | a / b / c) + (x + 0 || g) + (poly(x, 2) | factor(k):l)
  once <- parse_formula(formula)$random
  text <- paste0("y ~ ", paste0("(", vapply(once, function(t) t$text, ""), ")", collapse = " + "))
  twice <- parse_formula(text)$random
  expect_identical(
    lapply(once, `[`, c("lhs", "group_name", "structure", "text", "group_variables")),
    lapply(twice, `[`, c("lhs", "group_name", "structure", "text", "group_variables"))
  )
})

test_that("a string is read in the caller's environment", {
  k <- 2
  parsed <- parse_formula("y ~ poly(x, k) + (1 | g)")
  expect_identical(environment(parsed$fixed)$k, 2)
})

test_that("the formula's environment is kept", {
  formula <- local({
    own <- 1
    y ~ x + (1 | g)
  })
  parsed <- parse_formula(formula)
  for (part in c("formula", "fixed", "frame_formula")) {
    expect_identical(environment(parsed[[part]]), environment(formula))
  }
})

test_that("formulas that are not mixed-model formulas are refused", {
  wrong <- list(
    y ~ x, ~ x + (1 | g), y ~ x + 1 | g, y ~ 1 | g, y ~ x || g, y ~ x - (1 | g), y ~ x * (1 | g),
    y ~ x:(1 | g), y ~ x / (1 | g), y ~ (1 | g)^2, y ~ (1 | g) + (1 | g), y ~ (1 | a / b) + (1 | a),
    y ~ x + us(x || g), "y ~", "y", 3, NULL, NA_character_, c("y ~ x", "z"), quote(y), list(y ~ x)
  )
  for (formula in wrong) {
    expect_error(parse_formula(formula), class = "henderson_error_formula")
  }
  expect_error((function(formula) parse_formula(formula))(), class = "henderson_error_formula")
})

test_that("errors of the formula language say what to write", {
  expect_error(parse_formula(y ~ x), "use `lm()`", fixed = TRUE)
  expect_error(parse_formula(y ~ x + w | g), "For example `(w | g)`", fixed = TRUE)
  expect_error(parse_formula(y ~ x * (1 | g)), "Write random terms as `y ~ x + (1 | g)`",
    fixed = TRUE
  )
})

test_that("unknown covariance structures are unsupported", {
  for (formula in list(
    y ~ kin(x | g), y ~ x + propto(0 + f | g), y ~ rr(f | g, 2), y ~ other(1 | g),
    y ~ us(x | g, 2), y ~ us(x | g, hom = TRUE)
  )) {
    expect_error(parse_formula(formula), class = "henderson_error_unsupported")
  }
  expect_identical(tryCatch(parse_formula(y ~ kin(0 + f | g)), error = identity)$variable, "kin")
  expect_identical(terms_of(y ~ us(x | g, hom = FALSE)), "x | g")
})

test_that("long sums of terms are parsed", {
  variables <- paste0("x", 1:300)
  formula <- stats::as.formula(paste("y ~", paste(variables, collapse = " + "), "+ (1 | g)"))
  expect_length(all.vars(parse_formula(formula)$fixed), 301)
})

test_that("a formula whose environment was emptied is evaluated in the data", {
  formula <- log(Reaction) ~ Days + I(Days^2) + (1 | Subject)
  expected <- fixef(lmm(formula, sleepstudy))
  environment(formula) <- emptyenv()
  expect_equal(fixef(lmm(formula, sleepstudy)), expected)
  attr(formula, ".Environment") <- NULL
  expect_equal(fixef(lmm(formula, sleepstudy)), expected)

  # with functions of package stats, but no object that is anywhere by chance
  for (formula in c(
    Reaction ~ poly(Days, 2) + (1 | Subject), Reaction ~ relevel(Subject, "309") + (1 | Days),
    Reaction ~ stats::poly(Days, 2) + (1 | Subject), log(Reaction) ~ (poly(Days, 2) | Subject)
  )) {
    full <- suppressMessages(lmm(formula, sleepstudy))
    environment(formula) <- emptyenv()
    fit <- suppressMessages(lmm(formula, sleepstudy))
    expect_equal(fixef(fit), fixef(full))
    expect_equal(predict(fit, sleepstudy[4:6, ]), predict(full, sleepstudy[4:6, ]))
  }
  Hours <- sleepstudy$Days
  formula <- Reaction ~ Hours + (1 | Subject)
  environment(formula) <- emptyenv()
  expect_error(lmm(formula, sleepstudy), "`Hours` was not found",
    class = "henderson_error_variable"
  )
})

test_that("aov's Error() is told how it is written here", {
  hint <- function(formula) {
    condition <- expect_error(parse_formula(formula), class = "henderson_error_formula")
    text <- sub(".*written ", "", gsub("[`\n]", "", conditionMessage(condition)))
    sub("\\.(. See .*)?$", "", text)
  }
  expect_identical(hint(y ~ x + Error(Subject)), "(1 | Subject)")
  expect_identical(hint(y ~ x * Error((a / b))), "(1 | a/b)")
  expect_identical(hint(y ~ Error(a + b:c) + (1 | g)), "(1 | a) + (1 | b:c)")
  expect_identical(hint(y ~ x + (z + Error(a * b))), "(1 | a) + (1 | b) + (1 | a:b)")
  expect_identical(hint(y ~ Error((a + b)^2)), "(1 | a) + (1 | b) + (1 | a:b)")
  expect_identical(hint(y ~ x + Error()), "(1 | a/b)")
  condition <- expect_error(lmm(Reaction ~ Days + Error(Subject), sleepstudy))
  expect_identical(condition$variable, "Error(Subject)")
  # a variable of that name, and a function within another, are the user's own
  expect_identical(fixed_of(y ~ Error + log(Error(x)) + (1 | g)), "y ~ Error + log(Error(x))")
})
