# A bar needs parentheses in a formula.
written_in_formula <- function(written) if (is_bar(written)) call("(", written) else written

test_that("a structure is written with its bar or its wrapper, and read back", {
  for (name in names(covariance_structures)) {
    rank <- if (name == "rr") 3L
    written <- structure_call(name, quote(0 + x), quote(g), rank)
    terms <- parse_formula(as.formula(call("~", quote(y), written_in_formula(written))))$random
    expect_identical(terms[[1]]$structure, name)
    expect_identical(terms[[1]]$text, structure_text(name, "0 + x", "g", rank))
    expect_identical(str2lang(terms[[1]]$text), written)
  }
  expect_identical(structure_of_bar("|"), "us")
  expect_identical(structure_of_bar("||"), "diag")
  expect_false(any(unsupported_structures %in% structure_wrappers()))
})


structure_in <- function(text) {
  parse_formula(as.formula(paste("y ~", text)))$random[[1]]
}

test_that("names of glmmTMB, mmrm and SAS are read, and what is written is ours", {
  means <- c(
    "homcs(0 + x | g)" = "cs(0 + x | g, hom = TRUE)", "csh(0 + x | g)" = "cs(0 + x | g)",
    "hetar1(0 + x | g)" = "ar1(0 + x | g, hom = FALSE)", "UN(0 + x | g)" = "0 + x | g",
    "ARH1(0 + x | g)" = "ar1(0 + x | g, hom = FALSE)", "TOEPH(0 + x | g)" = "toep(0 + x | g)",
    "TOEP(0 + x | g)" = "toep(0 + x | g, hom = TRUE)", "adh(0 + x | g)" = "ad(0 + x | g)",
    "rr(0 + x | g)" = "rr(0 + x | g, d = 2)"
  )
  for (text in names(means)) expect_identical(structure_in(text)$text, means[[text]])
  expect_identical(structure_in("toep(0 + x | a/b, hom = TRUE)")$structure, "homtoep")
})

test_that("classes of nlme are answered with the translation, unknown names with the nearest", {
  expect_error(structure_in("corCAR1(0 + x | g)"), "ou\\(0 \\+ x\\s+\\|\\s+g\\)",
    class = "henderson_error_unsupported"
  )
  expect_error(structure_in("pdIdent(0 + x | g)"), "diag\\(0 \\+ x\\s+\\|\\s+g,\\s+hom\\s+=",
    class = "henderson_error_unsupported"
  )
  expect_error(structure_in("toepp(1 | g)"), "Did you mean\\s+`?toep",
    class = "henderson_error_unsupported"
  )
  expect_error(structure_in("rr(0 + x | g, d = k)"), "whole\\s+number",
    class = "henderson_error_formula"
  )
  expect_error(structure_in("rr(0 + x | g, hom = TRUE)"), "hom",
    class = "henderson_error_unsupported"
  )
})
