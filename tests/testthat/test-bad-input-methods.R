# Every wrong call of the methods of a fit and of the functions that make fits from fits.
sleep <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
simple <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy, REML = FALSE)
half <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy[1:90, ])
logged <- lmm(log(Reaction) ~ Days + (1 | Subject), sleepstudy)
bare <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy, control = lmm_control(keep = character()))
y <- sleepstudy$Reaction
criterion <- deviance_function(sleep)

test_that("arguments of accessors are checked", {
  expect_refused(bad_calls(
    "argument", "add.dropped", "not 3", fixef(sleep, add.dropped = 3),
    "argument", "add", "Did you mean `add.dropped`?", fixef(sleep, add = TRUE),
    "argument", "4", "1 unnamed argument too many: `4`", fixef(sleep, TRUE, 4),
    "argument", "condVar", "not NA", ranef(sleep, condVar = NA),
    "argument", "cond", "Did you mean `condVar`?", ranef(sleep, cond = FALSE),
    "argument", "condvar", "Did you mean `condVar`?", ranef(sleep, condvar = FALSE),
    "argument", "drop", "not \"a\"", ranef(sleep, drop = "a"),
    "argument", "whichel", "\"foo\"", ranef(sleep, whichel = "foo"),
    "argument", "whichel", "must name grouping factors", ranef(sleep, whichel = 1),
    "argument", "whichel", "grouping factors are \"Subject\"", ranef(sleep, whichel = NULL),
    "argument", "foo", "Arguments are", as.data.frame(ranef(sleep), foo = 1),
    "argument", "sigma", "at least 0, not -1", VarCorr(sleep, sigma = -1),
    "argument", "sigma", "of length 2", VarCorr(sleep, sigma = 1:2),
    "argument", "sig", "Did you mean `sigma`?", VarCorr(sleep, sig = 2),
    "argument", "order", "not \"x\"", as.data.frame(VarCorr(sleep), order = "x"),
    "argument", "foo", "Arguments are", coef(sleep, foo = 1),
    "argument", "correlation", "not \"a\"", vcov(sleep, correlation = "a"),
    "argument", "corr", "Did you mean `correlation`?", vcov(sleep, corr = TRUE),
    "argument", "complete", "not NA", vcov(sleep, complete = NA),
    "argument", "correlation", "not 3", vcov(summary(sleep), correlation = 3),
    "argument", "use.fallback", "not 1", sigma(sleep, 1),
    "argument", "type", "Did you mean `pearson`?", residuals(sleep, "pears"),
    "argument", "type", "not NA", residuals(sleep, type = NA),
    "argument", "scaled", "not 1", residuals(sleep, scaled = 1),
    "argument", "scale", "Did you mean `scaled`?", residuals(sleep, scale = TRUE),
    "argument", "newdata", "Unknown argument", residuals(sleep, newdata = sleepstudy),
    "argument", "2", "unnamed argument", fitted(sleep, 2),
    "argument", "type", "not \"x\"", weights(sleep, type = "x"),
    "argument", "fixed.only", "not NA", formula(sleep, fixed.only = NA),
    "argument", "random.only", "cannot both", formula(sleep, fixed.only = TRUE, random.only = TRUE),
    "argument", "random", "Did you mean `random.only`?", formula(sleep, random = TRUE),
    "argument", "fixed.only", "not 3", terms(sleep, fixed.only = 3),
    "argument", "fixed.only", "not \"a\"", model.frame(sleep, fixed.only = "a"),
    "newdata", "newdata", "must be a data frame", model.frame(sleep, data = 3),
    "argument", "1", "unnamed argument", family(sleep, 1)
  ))
})

test_that("likelihoods and counts check their arguments", {
  expect_refused(bad_calls(
    "argument", "REML", "not NA", logLik(sleep, REML = NA),
    "argument", "REML", "of length 2", logLik(sleep, REML = c(TRUE, FALSE)),
    "argument", "object", "`reml_criterion(fit)`", deviance(sleep),
    "argument", "REML", "not \"a\"", deviance(simple, REML = "a"),
    "argument", "object", "by maximum likelihood", reml_criterion(simple),
    "argument", "object", "is missing", reml_criterion(),
    "argument", "object", "not 3", reml_criterion(3),
    "argument", "k", "not \"a\"", extractAIC(sleep, k = "a"),
    "argument", "foo", "Unknown argument", nobs(sleep, foo = 1),
    "argument", "1", "unnamed argument", df.residual(sleep, 1),
    "argument", "object", "is missing", n_groups(),
    "argument", "object", "not an object of class \"lm\"", n_groups(lm(y ~ 1)),
    "argument", "object", "not NULL", n_parameters(NULL),
    "argument", "fit", "is missing", is_singular(),
    "argument", "tol", "at least 0, not -1", is_singular(sleep, tol = -1),
    "argument", "tol", "not NA", is_singular(sleep, tol = NA),
    "argument", "to", "Did you mean `tol`?", is_singular(sleep, to = 1),
    "argument", "2", "unnamed argument", is_singular(sleep, 1, 2),
    "argument", "fit", "not \"sleep\"", is_reml("sleep"),
    "argument", "foo", "Unknown argument", is_reml(sleep, foo = 1)
  ))
})

test_that("component() and deviance_function() check their arguments", {
  expect_refused(closures = "criterion", bad_calls(
    "argument", "name", "is missing", component(sleep),
    "argument", "name", "Did you mean `theta`?", component(sleep, "thetta"),
    "argument", "name", "They are \"X\"", component(sleep, c("X", "zzzzzz")),
    "argument", "name", "not 1", component(sleep, 1),
    "argument", "name", "not NA", component(sleep, NA),
    "argument", "name", "of length 0", component(sleep, character()),
    "argument", "nam", "Did you mean `name`?", component(sleep, nam = "X"),
    "argument", "fit", "not 3", component(3, "X"),
    "data", "frame", "does not hold its model frame", component(bare, "Z"),
    "argument", "fit", "is missing", deviance_function(),
    "argument", "fit", "not 3", deviance_function(3),
    "argument", "REML", "not NA", deviance_function(sleep, REML = NA),
    "argument", "foo", "Unknown argument", deviance_function(sleep, foo = 1),
    "data", "frame", "does not hold its model frame", deviance_function(bare),
    "argument", "theta", "is missing", criterion(),
    "argument", "theta", "not \"a\"", criterion("a"),
    "argument", "theta", "of length 3 of finite values, not 1", criterion(1),
    "argument", "theta", "1 of its values is missing or infinite", criterion(c(1, NA, 1)),
    "argument", "theta", "1 of its values", criterion(c(1, Inf, 1)),
    "argument", "gradient", "not NA", criterion(c(1, 0, 1), gradient = NA),
    "argument", "grad", "Did you mean `gradient`?", criterion(c(1, 0, 1), grad = FALSE),
    "argument", "optimizers", "not \"bobyqa\"", all_optimizers(sleep, "bobyqa"),
    "argument", "optimizers", "of length 0", all_optimizers(sleep, character()),
    "argument", "fit", "not 3", all_optimizers(3),
    "start", "start", "3 finite numbers", all_optimizers(sleep, start = 1)
  ))
})

test_that("printing and summaries check their arguments", {
  expect_refused(bad_calls(
    "argument", "correlation", "not \"a\"", summary(sleep, correlation = "a"),
    "argument", "ddf", "not \"foo\"", summary(sleep, ddf = "foo"),
    "argument", "corr", "Did you mean `correlation`?", summary(sleep, corr = FALSE),
    "argument", "digits", "not \"a\"", print(summary(sleep), digits = "a"),
    "argument", "digits", "between 1 and 22, not 0", print(summary(sleep), digits = 0),
    "argument", "comp", "not \"a\"", print(summary(sleep), comp = "a"),
    "argument", "comp", "not 3", print(summary(sleep), ranef.comp = 3),
    "argument", "signif.stars", "not NA", print(summary(sleep), signif.stars = NA),
    "argument", "show.resids", "Unknown", print(summary(sleep), show.resids = FALSE),
    "argument", "digits", "not NA", print(sleep, digits = NA),
    "argument", "comp", "not \"x\"", print(sleep, ranef.comp = "x"),
    "argument", "digit", "Did you mean `digits`?", print(sleep, digit = 3),
    "argument", "digits", "not -1", format(sleep, digits = -1),
    "argument", "comp", "not \"sd\"", print(VarCorr(sleep), comp = "sd"),
    "argument", "comp", "not NULL", format(VarCorr(sleep), comp = NULL),
    "argument", "digits", "not NA", print(VarCorr(sleep), digits = NA),
    "argument", "formatter", "must be a function, not 3", print(VarCorr(sleep), formatter = 3),
    "argument", "digits", "not \"a\"", print(ranef(sleep), digits = "a"),
    "argument", "digits", "not -3", print(coef(sleep), digits = -3),
    "argument", "digits", "not \"a\"", print(anova(sleep, ddf = "none", type = "I"), digits = "a")
  ))
})

test_that("contrast_test() names what is wrong with a hypothesis", {
  expect_refused(bad_calls(
    "argument", "fit", "is missing", contrast_test(),
    "argument", "fit", "not 3", contrast_test(3),
    "argument", "L", "not \"Days\"", contrast_test(sleep, "Days"),
    "argument", "L", "not a list of length 2", contrast_test(sleep, list(list(1, 2))),
    "argument", "L", "at least one contrast", contrast_test(sleep, list()),
    "argument", "L", "not a data frame", contrast_test(sleep, data.frame(a = 1, b = 2)),
    "argument", "L", "2 numbers, one for each coefficient", contrast_test(sleep, 1),
    "argument", "L", "It has 3", contrast_test(sleep, diag(3)),
    "argument", "L", "1 missing or infinite value", contrast_test(sleep, c(1, NA)),
    "argument", "L", "only zeros in 1 row (2)", contrast_test(sleep, rbind(1:2, 0)),
    "argument", "L", "Did you mean `Days`?", contrast_test(sleep, c(Day = 1)),
    "argument", "L", "Coefficients are", contrast_test(sleep, c(foo = 1)),
    "argument", "L", "more than once", contrast_test(sleep, c(Days = 1, Days = 2)),
    "argument", "L", "no coefficients: \"\"", contrast_test(sleep, c(Days = 1, 2)),
    "argument", "rhs", "one finite number, or 2", contrast_test(sleep, diag(2), rhs = 1:3),
    "argument", "rhs", "not \"a\"", contrast_test(sleep, 1:2, rhs = "a"),
    "argument", "rhs", "not NA", contrast_test(sleep, 1:2, rhs = NA),
    "argument", "rhs", "contradicts", contrast_test(sleep, rbind(1:2, 1:2), rhs = 1:2),
    "argument", "joint", "not \"a\"", contrast_test(sleep, 1:2, joint = "a"),
    "argument", "ddf", "not \"foo\"", contrast_test(sleep, 1:2, ddf = "foo"),
    "argument", "ddf", "by maximum likelihood", contrast_test(simple, ddf = "Kenward-Roger"),
    "argument", "level", "95", contrast_test(sleep, 1:2, level = 95),
    "argument", "level", "not 1", contrast_test(sleep, 1:2, level = 1),
    "argument", "digits", "not \"a\"", print(contrast_test(sleep, 1:2), digits = "a"),
    "argument", "signif.stars", "not 1", print(contrast_test(sleep, 1:2), signif.stars = 1),
    "argument", "confint", "Unknown argument", contrast_test(sleep, 1:2, confint = TRUE),
    "data", "frame", "does not hold", contrast_test(bare, 1:2)
  ))
})

test_that("anova() compares fits of the same data only", {
  expect_refused(bad_calls(
    "argument", "...", "It holds 3", anova(sleep, 3),
    "argument", "...", "a list of length 1", anova(sleep, list(simple)),
    "argument", "...", "class \"glm\"", anova(sleep, glm(y ~ 1)),
    "argument", "tpye", "Did you mean `type`?", anova(sleep, tpye = "I"),
    "argument", "test", "There is no argument `test`", anova(sleep, simple, test = "F"),
    "argument", "refit", "not NA", anova(sleep, simple, refit = NA),
    "argument", "refit", "same fixed effects", anova(sleep, simple, refit = FALSE),
    "argument", "model.names", "2 different strings", anova(sleep, simple, model.names = "a"),
    "argument", "type", "table of one fit", anova(sleep, simple, type = "I"),
    "argument", "type", "not \"IV\"", anova(sleep, type = "IV"),
    "argument", "type", "not 4", anova(sleep, type = 4),
    "argument", "ddf", "not \"foo\"", anova(sleep, type = "I", ddf = "foo"),
    "argument", "ddf", "is for the table of one fit", anova(sleep, simple, ddf = "none"),
    "argument", "ddf", "by maximum likelihood", anova(simple, ddf = "Kenward-Roger"),
    "data", "frame", "does not hold", anova(bare),
    "data", "nobs", "180 and 90", anova(sleep, half),
    "data", "response", "fit 2 differs", anova(sleep, logged)
  ))
})

test_that("update() names what it cannot use", {
  expect_refused(bad_calls(
    "formula", "formula.", "must be a formula", update(sleep, 3),
    "formula", "formula.", "must be a formula", update(sleep, "a ~~"),
    "formula", "formula", "no random term", update(sleep, . ~ . - (Days | Subject)),
    "variable", "foo", "was not found", update(sleep, . ~ . + foo),
    "variable", "foo", "was not found", update(sleep, . ~ . + (1 | foo)),
    "variable", "foo", "used in `weights`", update(sleep, weights = foo),
    "variable", "foo", "cannot be found", update(sleep, data = foo),
    "argument", "foo", "Unknown argument", update(sleep, foo = 3),
    "argument", "weight", "Did you mean `weights`?", update(sleep, weight = 1:180),
    "argument", "REML", "not \"a\"", update(sleep, REML = "a"),
    "argument", "REML", "is empty", update(sleep, REML = ),
    "argument", "evaluate", "not NA", update(sleep, evaluate = NA),
    "argument", "...", "must be named", update(sleep, . ~ ., 3),
    "control", "control", "it is 3", update(sleep, control = 3),
    "grouping", "Subject", "only one level", update(sleep, subset = 1:3)
  ))
})

test_that("refits check the response and the weights", {
  expect_refused(bad_calls(
    "argument", "newresp", "is missing", refit_response(sleep),
    "argument", "fit", "not 3", refit_response(3, y),
    "response", "newresp", "180 values", refit_response(sleep, 1:3),
    "response", "newresp", "not NULL", refit_response(sleep, NULL),
    "response", "newresp", "character vector", refit_response(sleep, as.character(y)),
    "response", "newresp", "a factor", refit_response(sleep, factor(y)),
    "response", "newresp", "complex", refit_response(sleep, y + 1i),
    "response", "newresp", "360", refit_response(sleep, cbind(y, y)),
    "response", "newresp", "1 missing", refit_response(sleep, replace(y, 1, NA)),
    "response", "newresp", "2 missing, infinite", refit_response(sleep, replace(y, 1:2, Inf)),
    "response", "Reaction", "all 180 values are 1", refit_response(sleep, rep(1, 180)),
    "computation", "Reaction", "reproduce", refit_response(sleep, 3 + 2 * sleepstudy$Days),
    "response", "Reaction", "too large", refit_response(sleep, 1e300 * y),
    "weights", "newweights", "180 values", refit_response(sleep, y, 1:3),
    "weights", "newweights", "180 missing", refit_response(sleep, y, rep(-1, 180)),
    "weights", "newweights", "are zero", refit_response(sleep, y, rep(0, 180)),
    "argument", "newweight", "Did you mean `newweights`?", refit_response(sleep, y, newweight = y),
    "data", "frame", "does not hold", refit_response(bare, y),
    "argument", "fit", "is missing", refit_ml(),
    "argument", "fit", "not 3", refit_ml(3),
    "argument", "3", "unnamed argument", refit_ml(sleep, 3),
    "data", "frame", "does not hold", refit_ml(bare)
  ))
})

test_that("64-bit integers are a response", {
  skip_if_not_installed("bit64")
  whole <- round(y)
  expect_identical(
    fixef(refit_response(simple, bit64::as.integer64(whole))), fixef(refit_response(simple, whole))
  )
})

test_that("drop1() and add1() name terms that cannot be used", {
  data <- transform(sleepstudy, x = sin(1:180), gap = replace(Days, 4, NA))
  fit <- lmm(Reaction ~ Days + (1 | Subject), data)
  expect_refused(bad_calls(
    "argument", "scope", "not 3", drop1(fit, scope = 3),
    "argument", "scope", "not NULL", drop1(fit, scope = NULL),
    "argument", "scope", "cannot be dropped: \"foo\"", drop1(fit, scope = "foo"),
    "argument", "scope", "cannot be dropped", drop1(fit, scope = ~ (1 | Subject)),
    "argument", "test", "not \"G\"", drop1(fit, test = "G"),
    "argument", "test", "not \"F\"", add1(fit, "x", test = "F"),
    "argument", "ddf", "is for `test = \"F\"`", drop1(fit, ddf = "none"),
    "argument", "ddf", "not \"foo\"", drop1(fit, test = "F", ddf = "foo"),
    "data", "frame", "does not hold", drop1(bare, test = "F"),
    "argument", "tset", "Did you mean `test`?", drop1(fit, tset = "Chisq"),
    "argument", "k", "not NA", drop1(fit, k = NA),
    "argument", "trace", "not \"a\"", drop1(fit, trace = "a"),
    "data", "frame", "does not hold", drop1(bare),
    "argument", "scope", "must name the terms", add1(fit),
    "argument", "scope", "not 3", add1(fit, 3),
    "argument", "scope", "not NULL", add1(fit, NULL),
    "argument", "scope", "no term beyond", add1(fit, ~.),
    "argument", "scope", "in the fit already", add1(fit, "Days"),
    "argument", "scope", "not a term of a formula", add1(fit, "x +"),
    "argument", "scope", "is a random term", add1(fit, ~ . + (x | Subject)),
    "variable", "foo", "was not found", add1(fit, ~ . + foo),
    "data", "gap", "from 180 to 179", add1(fit, ~ . + gap),
    "argument", "k", "not Inf", add1(fit, "x", k = Inf)
  ))
})

test_that("group_fits() checks its variables as lmm() does", {
  data <- transform(sleepstudy, late = Days > 5)
  expect_refused(bad_calls(
    "argument", "formula", "is missing", group_fits(),
    "formula", "formula", "not 3", group_fits(3, data),
    "formula", "formula", "no random term", group_fits(Reaction ~ Days, data),
    "formula", "formula", "two-sided", group_fits(~ Days | Subject, data),
    "formula", "formula", "It has 2", group_fits(Reaction ~ Days | Subject + late, data),
    "formula", "1", "not a grouping factor", group_fits(Reaction ~ Days | 1, data),
    "variable", "Sbject", "Did you mean `Subject`?", group_fits(Reaction ~ Days | Sbject, data),
    "variable", "foo", "was not found", group_fits(Reaction ~ foo | Subject, data),
    "variable", "foo", "was not found", group_fits(foo ~ Days | Subject, data),
    "response", "Subject", "it is a factor", group_fits(Subject ~ Days | late, data),
    "data", "data", "not NULL", group_fits(Reaction ~ Days | Subject),
    "data", "data", "a list of length 4", group_fits(Reaction ~ Days | Subject, as.list(data)),
    "data", "data", "no rows", group_fits(Reaction ~ Days | Subject, data[0, ]),
    "argument", "dat", "Did you mean `data`?", group_fits(Reaction ~ Days | Subject, dat = data),
    "argument", "3", "unnamed argument", coef(group_fits(sleep), 3),
    "argument", "digits", "not \"a\"", print(group_fits(sleep), digits = "a")
  ))
  by_period <- group_fits(Reaction ~ Days | cut(Days, c(-1, 5, 9)), data)
  expect_identical(unname(by_period$n), c(108, 72))
})

test_that("as_lmm() takes fits by lmer() only, and other functions name it", {
  expect_refused(bad_calls(
    "argument", "m", "is missing", as_lmm(),
    "argument", "m", "not 3", as_lmm(3),
    "argument", "m", "\"henderson_lmm\"", as_lmm(sleep)
  ))
  need_peer("lme4")
  m <- lme4::lmer(Reaction ~ Days + (1 | Subject), sleepstudy)
  expect_refused(bad_calls(
    "argument", "optimizer", "not \"bobyqa\"", as_lmm(m, optimizer = "bobyqa"),
    "argument", "optim", "Did you mean `optimizer`?", as_lmm(m, optim = "newton"),
    "argument", "...", "`as_lmm()` turns", anova(sleep, m),
    "argument", "fit", "`as_lmm()` turns", is_reml(m),
    "argument", "name", "Did you mean `theta`?", lme4::getME(sleep, "teta"),
    "argument", "3", "unnamed argument", lme4::getME(sleep, "theta", 3)
  ))
})

test_that("a fit is taken for a formula where R asks for one", {
  expect_identical(stats::as.formula(sleep), formula(sleep))
})
