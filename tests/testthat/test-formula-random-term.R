groups_of <- function(formula) vapply(parse_formula(formula)$random, function(t) t$group_name, "")

test_that("nested and crossed factors are expanded and named as lme4 2.1 does", {
  expect_identical(groups_of(y ~ (1 | block / fung)), c("fung:block", "block"))
  nested <- c("c:b:a", "b:a", "a")
  expect_identical(groups_of(y ~ (1 | a / b / c)), nested)
  expect_identical(groups_of(y ~ (1 | a / (b / c))), nested)
  expect_identical(groups_of(y ~ (1 | (a / b) / c)), nested)
  expect_identical(groups_of(y ~ (1 | a / b / c / k)), c("k:c:b:a", nested))
  expect_identical(groups_of(y ~ (1 | a / (b:c))), c("c:b:a", "a"))
  expect_identical(groups_of(y ~ (1 | a / b:c)), c("c:b:a", "a"))
  expect_identical(groups_of(y ~ (1 | (a:b) / c)), c("c:b:a", "b:a"))
  expect_identical(groups_of(y ~ (1 | a:(b / c))), c("c:b:a", "b:a"))
  expect_identical(groups_of(y ~ (1 | (a / b):c)), c("c:b:a", "c:a"))
  expect_identical(groups_of(y ~ (1 | a / b * c)), c("b:a", "a", "c", "c:b:a", "c:a"))
  expect_identical(groups_of(y ~ (1 | a / (b + c))), c("b:a", "c:a", "a"))
  expect_identical(groups_of(y ~ (1 | factor(a) / b)), c("b:factor(a)", "factor(a)"))
  # without a nesting factors stand as they are written
  expect_identical(groups_of(y ~ (1 | a:b)), "a:b")
  expect_identical(groups_of(y ~ (1 | a:b:c)), "a:b:c")
  expect_identical(groups_of(y ~ (1 | c:(b:a))), "c:b:a")
  expect_identical(groups_of(y ~ (1 | (a:b))), "a:b")
  expect_identical(groups_of(y ~ (1 | I(a / b):c)), "I(a/b):c")
  expect_identical(groups_of(y ~ (1 | a + b)), c("a", "b"))
  expect_identical(groups_of(y ~ (1 | a * b)), c("a", "b", "a:b"))
  expect_identical(groups_of(y ~ (1 | (a + b):c)), c("a:c", "b:c"))
  expect_identical(groups_of(y ~ (1 | `my group`)), "my group")
  # as lme4, older and newer
  expect_identical(groups_of(y ~ (1 | `my a` / b)), c("b:`my a`", "my a"))
  expect_identical(groups_of(y ~ (1 | `my a`:b:`c d`)), "`my a`:b:`c d`")
  expect_identical(
    groups_of(y ~ (1 | factor(`my a`) / `if`)), c("`if`:factor(`my a`)", "factor(`my a`)")
  )
  expect_identical(groups_of(y ~ (1 | (g))), "g")
})

test_that("names and levels of grouping factors are those of lme4 2.1", {
  need_peer("lme4")
  skip_if(packageVersion("lme4") < "2.1", "lme4 names nested factors otherwise before 2.1")
  set.seed(1)
  d <- expand.grid(a = gl(3, 1), b = gl(2, 1), c = gl(2, 1), k = 1:4)
  d$y <- rnorm(nrow(d))
  quiet <- lmm_control(check_singular = "ignore", check_nobs_vs_nlev = "ignore")
  theirs_quiet <- lme4::lmerControl(optimizer = NULL, calc.derivs = FALSE)
  for (group in list(
    quote(a / b / c), quote(a / (b:c)), quote((a:b) / c), quote(a:(b / c)), quote((a / b):c),
    quote(a / b * c), quote(a / (b + c)), quote(a:b:c), quote(c:(b:a)), quote((a:b)), quote(a * b),
    quote((a + b):c), quote(a + b), quote(a / b:c)
  )) {
    formula <- eval(bquote(y ~ (1 | .(group))))
    ours <- component(suppressMessages(lmm(formula, d, control = quiet)), "flist")
    theirs <- suppressMessages(suppressWarnings(lme4::lmer(formula, d, control = theirs_quiet)))
    theirs <- lme4::getME(theirs, "flist")
    expect_setequal(names(ours), names(theirs))
    for (name in names(ours)) {
      expect_identical(levels(ours[[name]]), levels(theirs[[name]]))
      expect_identical(as.integer(ours[[name]]), as.integer(theirs[[name]]))
    }
  }
})

test_that("an expansion repeats the left-hand side and the structure", {
  terms <- parse_formula(y ~ (x || a / b))$random
  expect_identical(vapply(terms, function(t) t$text, ""), c("x || b:a", "x || a"))
  expect_identical(vapply(terms, function(t) t$structure, ""), c("diag", "diag"))
})

test_that("the variables of an interaction are listed from left to right", {
  term <- parse_formula(y ~ (1 | factor(a):b:c))$random[[1]]
  expect_identical(term$group_variables, list(quote(factor(a)), quote(b), quote(c)))
})

test_that("a random intercept has no terms object, other left-hand sides do", {
  expect_null(parse_formula(y ~ (1 | g))$random[[1]]$terms)
  expect_null(parse_formula(y ~ (1 + 1 | g))$random[[1]]$terms)
  terms <- parse_formula(y ~ (0 + poly(x, 2) | g))$random[[1]]$terms
  expect_identical(attr(terms, "intercept"), 0L)
  expect_identical(attr(terms, "term.labels"), "poly(x, 2)")
})

test_that("the model frame gets every variable once", {
  parsed <- parse_formula(y ~ x + (x + I(w^2) | a / b) + (x | a:factor(k)))
  expect_identical(
    expression_text(parsed$frame_formula),
    "y ~ x + x + I(w^2) + b + a + factor(k)"
  )
})

test_that("left-hand sides without meaning are refused", {
  for (formula in list(
    y ~ (0 | g), y ~ (-1 | g), y ~ (. | g), y ~ (1 + offset(x) | g), y ~ (1 | g | h),
    y ~ (1 || g | h), y ~ (y ~ x | g)
  )) {
    expect_error(parse_formula(formula), class = "henderson_error_formula")
  }
})

test_that("grouping expressions without meaning are refused and named", {
  for (formula in list(
    y ~ (1 | 1), y ~ (1 | "g"), y ~ (1 | g^2), y ~ (1 | g - h), y ~ (1 | .), y ~ (1 | -g),
    y ~ (1 | g %in% h), y ~ (1 | (g + h) / k), y ~ (1 | (g * h) / k)
  )) {
    expect_error(parse_formula(formula), class = "henderson_error_formula")
  }
  expect_identical(tryCatch(parse_formula(y ~ (1 | g^2)), error = identity)$variable, "g^2")
})
