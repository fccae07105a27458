# Against fits of the data without the rows.
expect_refits <- function(formula, data, groups = NULL, rows = NULL, REML = TRUE, weights = NULL,
                          units = NULL) {
  data$w <- weights %||% rep(1, nrow(data))
  fit <- suppressMessages(lmm(formula, data, REML = REML, weights = w))
  found <- suppressMessages(influence(fit, groups, method = "exact"))
  of <- function(name) found[[paste0(name, "[-", found$groups, "]")]]
  for (unit in units %||% found$deleted) {
    left <- data[!rows(data, unit), ]
    again <- suppressMessages(lmm(formula, left, REML = REML, weights = w))
    se <- sqrt(diag(vcov(again)))
    expect_identical(found$status[[unit]], "fitted")
    expect_lt(max(abs(of("fixed.effects")[unit, ] - fixef(again)) / se), 1e-6)
    # a covariance factor is known to the root of the criterion's digits
    expect_lt(max(abs(of("theta")[unit, ] - again$theta)), 1e-4)
    expect_equal(found$criterion[[unit]], again$criterion, tolerance = 1e-9)
    expect_equal(found$sigma[[unit]], sigma(again), tolerance = 1e-6)
    expect_equal(of("vcov")[[unit]], as.matrix(vcov(again)), tolerance = 1e-5)
  }
  invisible(found)
}
of_group <- function(name) function(data, unit) as.character(data[[name]]) == unit
of_row <- function(data, unit) rownames(data) == unit

test_that("groups and rows of sleepstudy are those of refits", {
  formula <- Reaction ~ Days + (Days | Subject)
  found <- expect_refits(formula, sleepstudy, rows = of_group("Subject"))
  expect_identical(found$groups, "Subject")
  expect_identical(found$method, "exact")
  expect_refits(formula, sleepstudy, rows = of_group("Subject"), REML = FALSE)
  some <- as.character(seq(1, 180, by = 12))
  expect_refits(formula, sleepstudy, "obs", of_row, units = some)
  weights <- rep(c(1, 2, 0.5, 3), 45)
  expect_refits(formula, sleepstudy, rows = of_group("Subject"), weights = weights)
  expect_refits(formula, sleepstudy, "obs", of_row, REML = FALSE, weights = weights, units = some)
  expect_refits(Reaction ~ Days + (1 | Subject) + (0 + Days | Subject), sleepstudy,
    rows = of_group("Subject")
  )
  expect_refits(Reaction ~ 1 + cs(1 + Days | Subject), sleepstudy, rows = of_group("Subject"))
})

test_that("crossed, nested and singular models are those of refits", {
  skip_if_not_installed("lme4")
  penicillin <- lme4::Penicillin
  formula <- diameter ~ 1 + (1 | plate) + (1 | sample)
  found <- expect_refits(formula, penicillin, rows = of_group("sample"))
  expect_identical(found$groups, "sample")
  some <- as.character(seq(1, 144, by = 15))
  expect_refits(formula, penicillin, "plate", of_group("plate"), units = letters[1:6])
  expect_refits(formula, penicillin, "obs", of_row, units = some, REML = FALSE)
  pastes <- lme4::Pastes
  nested <- strength ~ 1 + (1 | batch / cask)
  expect_refits(nested, pastes, "batch", of_group("batch"), REML = FALSE)
  dyestuff <- lme4::Dyestuff2
  found <- expect_refits(Yield ~ 1 + (1 | Batch), dyestuff, rows = of_group("Batch"))
  expect_true(all(found$singular))
  cake <- lme4::cake
  expect_refits(angle ~ recipe * temperature + (1 | recipe:replicate), cake,
    "recipe:replicate",
    function(data, unit) paste(data$recipe, data$replicate, sep = ":") == unit,
    units = c("A:1", "B:7", "C:15")
  )
})

test_that("a deletion that frees a variance from zero, or takes it there, is that of a refit", {
  data <- data.frame(g = gl(6, 4), x = rep(1:4, 6))
  data$y <- data$x + rep(c(0, 0, 0, 0, 0, 3), each = 4) + 0.3 * rep(c(1, -1, -1, 1), 6) +
    0.01 * sin(seq_len(24))
  found <- expect_refits(y ~ x + (1 | g), data, rows = of_group("g"))
  expect_true(found$singular[["6"]])
  expect_false(found$singular[["1"]])
})

test_that("an outlier beside which nothing is left loses no digits", {
  data <- sleepstudy
  data$Reaction[1] <- 1e9
  data$Days[1] <- 1e5
  expect_refits(Reaction ~ Days + (1 | Subject), data, "obs", of_row, units = c("1", "2"))
})

test_that("deletions that leave no model are NA with a reason", {
  data <- sleepstudy
  data$rare <- as.numeric(data$Subject == "308")
  fit <- lmm(Reaction ~ Days + rare + (1 | Subject), data)
  expect_message(
    found <- influence(fit), "308.*linearly dependent", class = "henderson_message_influence"
  )
  expect_identical(found$status[["308"]], "rank")
  expect_true(is.na(cooks.distance(found)[["308"]]))
  expect_true(is.na(mdffits(found)[["308"]]) && is.na(covratio(found)[["308"]]))
  expect_false(anyNA(cooks.distance(found)[-1]))
  expect_output(print(found), "linearly dependent")

  two <- droplevels(sleepstudy[sleepstudy$Subject %in% c("308", "309"), ])
  fit <- suppressMessages(lmm(Reaction ~ Days + (1 | Subject), two))
  found <- suppressMessages(influence(fit))
  expect_identical(unname(found$status), c("levels", "levels"))
  expect_true(all(is.na(found$`fixed.effects[-Subject]`)))
  expect_identical(unique(unname(suppressMessages(influence(fit, "obs"))$status)), "fitted")
})

test_that("a row of weight zero changes nothing", {
  weights <- rep(c(0, rep(1, 9)), 18)
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy, weights = weights)
  found <- influence(fit, "obs")
  expect_equal(found$`fixed.effects[-case]`["1", ], fixef(fit), tolerance = 1e-8)
  expect_gt(max(abs(found$`fixed.effects[-case]`["2", ] - fixef(fit))), 1e-3)
})

test_that("units are levels, rows, variables or combinations", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  expect_identical(influence(fit)$deleted, levels(sleepstudy$Subject))
  expect_identical(influence(fit, ".case"), influence(fit, "obs"))
  expect_identical(influence(fit, "Days")$deleted, as.character(0:9))
  both <- influence(fit, c("Subject", "Days"))
  expect_identical(both$groups, "Subject.Days")
  expect_equal(
    unname(both$`fixed.effects[-Subject.Days]`),
    unname(influence(fit, "obs")$`fixed.effects[-case]`), tolerance = 1e-10
  )
  expect_error(influence(fit, "Subjekt"), "Subject", class = "henderson_error_argument")
  expect_error(influence(fit, 3), class = "henderson_error_argument")
  expect_error(influence(fit, method = "fast"), class = "henderson_error_argument")
})

test_that("one step is nearer to the exact deletion than theta held, which is a refit there", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  exact <- influence(fit)
  step <- influence(fit, method = "one-step")
  held <- influence(fit, method = "held")
  off <- function(x) mean(abs(x$criterion - exact$criterion))
  expect_lt(off(step), off(held) / 5)
  expect_true(all(held$criterion >= exact$criterion - 1e-8))
  expect_equal(held$`theta[-Subject]`[3, ], fit$theta, tolerance = 1e-12)
  # generalized least squares with V of the fit
  use <- sleepstudy$Subject != "309"
  Z <- as.matrix(component(fit, "Z"))[use, ]
  Lambda <- as.matrix(component(fit, "Lambda"))
  V <- diag(sum(use)) + tcrossprod(Z %*% Lambda)
  X <- cbind(1, sleepstudy$Days)[use, ]
  beta <- solve(crossprod(X, solve(V, X)), crossprod(X, solve(V, sleepstudy$Reaction[use])))
  expect_equal(unname(held$`fixed.effects[-Subject]`["309", ]), drop(beta), tolerance = 1e-9)
  expect_output(print(held), "held")
})

test_that("variances have lme4's names, and its influence() agrees", {
  only_in_full_tier("lme4 fits every model again")
  skip_if_not_installed("lme4")
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  other <- lme4::lmer(Reaction ~ Days + (Days | Subject), sleepstudy)
  theirs <- suppressWarnings(influence(other, "Subject"))
  own <- influence(fit)
  names <- c("fixed.effects", "fixed.effects[-Subject]", "var.cov.comps", "vcov")
  for (name in names) expect_equal(own[[name]], theirs[[name]], tolerance = 1e-4)
  expect_equal(
    own$`var.cov.comps[-Subject]`, theirs$`var.cov.comps[-Subject]`, tolerance = 1e-3
  )
  expect_equal(dfbetas(own), dfbetas(theirs), tolerance = 1e-3)
  # theirs has (k - p) / k, k the number of units
  expect_equal(
    unname(cooks.distance(own)), cooks.distance(theirs) * 18 / 16, tolerance = 1e-3,
    ignore_attr = TRUE
  )
})

test_that("parameters that the remaining rows do not determine are NA", {
  # one row per level is left without either row of the first
  data <- data.frame(g = factor(c(1:6, 1)), y = c(3, 1, 4, 1, 5, 9, 2))
  fit <- suppressMessages(lmm(y ~ 1 + (1 | g), data))
  found <- suppressMessages(influence(fit, "obs"))
  expect_identical(
    found$status == "undetermined", stats::setNames(1:7 %in% c(1, 7), 1:7)
  )
  # two factors are one partition without the rows that tell them apart
  data <- data.frame(a = gl(6, 4), b = gl(6, 4), x = c(99, 2:4, 99, 6:24))
  data$b[c(1, 5)] <- data$b[c(5, 1)]
  data$y <- 2 * sin(3 * as.integer(data$a)) + sin(11 * 1:24)
  fit <- suppressMessages(lmm(y ~ x + (1 | a) + (1 | b), data))
  found <- suppressMessages(influence(fit, "x"))
  expect_identical(names(which(found$status == "undetermined")), "99")
  expect_true(all(is.na(found$`theta[-x]`["99", ])))
})

test_that("covariance parameters that were given are held, related levels and p = 0 served", {
  given <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy,
    start = c(1, 0, 0.2), control = lmm_control(optimizer = "none")
  )
  expect_identical(influence(given)$method, "held")
  names <- levels(sleepstudy$Subject)
  K <- 0.5^abs(outer(1:18, 1:18, "-"))
  dimnames(K) <- list(names, names)
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy, relationship = list(Subject = K))
  left <- subset(sleepstudy, Subject != "309")
  again <- lmm(Reaction ~ Days + (1 | Subject), left, relationship = list(Subject = K))
  found <- influence(fit)
  expect_equal(found$criterion[["309"]], again$criterion, tolerance = 1e-9)
  expect_equal(found$`fixed.effects[-Subject]`["309", ], fixef(again), tolerance = 1e-6)
  none <- lmm(Reaction - 300 ~ 0 + (1 | Subject), sleepstudy)
  expect_identical(unname(cooks.distance(influence(none))), rep(0, 18))
  expect_equal(
    influence(none)$sigma[["309"]], sigma(update(none, data = left)), tolerance = 1e-6
  )
})

test_that("deletions in pieces are those of one piece", {
  fit <- fit_cached("sleepstudy")
  rows <- split(seq_len(180), rep(1:60, each = 3))
  pieces <- deleted_fits(fit, rows, "exact")
  one <- influence_cpp(prepare_again(fit), fit$theta, fit$REML, rows, "exact")
  expect_identical(pieces, one)
})
