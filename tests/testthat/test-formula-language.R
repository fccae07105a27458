terms_of <- function(formula) vapply(parse_formula(formula)$random, function(t) t$text, "")
fixed_of <- function(formula) expression_text(parse_formula(formula)$fixed)

test_that("a bar inside an ordinary function is R's or", {
  expect_identical(fixed_of(y ~ I(a | b) + (1 | g)), "y ~ I(a | b)")
  expect_identical(fixed_of(y ~ x * ifelse(a | b, 1, 0) + (1 | g)), "y ~ x * ifelse(a | b, 1, 0)")
  expect_identical(terms_of(y ~ (I(a | b) | g)), "I(a | b) | g")
})

test_that("escaped names are restored outside UTF-8", {
  expect_identical(unescape_utf8("`<U+7EC4>`<U+7532>:x"), "\u7ec4\u7532:x")
  expect_identical(unescape_utf8("a<U+7EC4>b<U+1F600>"), "a\u7ec4b\U1f600")
  expect_identical(unescape_utf8("`my var`"), "`my var`")
  expect_identical(Encoding(unescape_utf8("<U+7EC4>")), "UTF-8")
  expect_identical(utf8_names(c("a", "Days")), c("a", "Days"))
})

test_that("the first random term is found where a formula may have one, not inside functions", {
  expect_null(first_random_term(quote(x + I(a | b))))
  expect_identical(first_random_term(quote(x * (a + (1 | g)))), quote(1 | g))
  expect_identical(first_random_term(quote(x + diag(a | g))), quote(a | g))
  expect_identical(first_random_term(quote(-(0 + x || g))), quote(0 + x || g))
})
