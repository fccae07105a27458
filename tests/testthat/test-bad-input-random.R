# Every wrong call of the functions on the random part.
sleep <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
likelihood <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy, REML = FALSE)
bare <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy, control = lmm_control(keep = character()))
rating <- lm(Reaction ~ Days, sleepstudy)

test_that("arguments of tests of random terms are checked", {
  expect_refused(bad_calls(
    "argument", "fit", "missing and has no default", random_anova(),
    "argument", "fit", "must be a fit by `lmm()`", random_anova(rating),
    "argument", "reduce_terms", "not NA", random_anova(sleep, NA),
    "argument", "reduce.terms", "Did you mean `reduce_terms`?",
    random_anova(sleep, reduce.terms = FALSE),
    "argument", "exact", "not \"yes\"", random_anova(sleep, exact = "yes"),
    "argument", "exact", "has 3 covariance parameters", random_anova(sleep, exact = TRUE),
    "argument", "nsim", "at least 100, not 10", random_anova(sleep, nsim = 10),
    "argument", "nsim", "not \"many\"", random_anova(sleep, nsim = "many"),
    "argument", "seed", "not NULL", random_anova(sleep, seed = NULL),
    "argument", "seed", "not 1.5", random_anova(sleep, seed = 1.5),
    "argument", "simulations", "Arguments are", random_anova(sleep, simulations = 10),
    "data", "frame", "does not hold its model frame", random_anova(bare),
    "argument", "digits", "not 0", print(random_anova(sleep), digits = 0)
  ))
})

test_that("arguments of reductions and tables of candidates are checked", {
  expect_refused(bad_calls(
    "argument", "fit", "must be a fit by `lmm()`", reduce_terms(rating),
    "argument", "alpha_random", "between 0 and 1, not 2", reduce_terms(sleep, alpha_random = 2),
    "argument", "alpha_fixed", "not \"a\"", reduce_terms(sleep, alpha_fixed = "a"),
    "argument", "alpha.fixed", "Did you mean `alpha_fixed`?",
    reduce_terms(sleep, alpha.fixed = 0.1),
    "argument", "ddf", "does not give", reduce_terms(sleep, ddf = "lme4"),
    "argument", "ddf", "defined for REML fits", reduce_terms(likelihood, ddf = "Kenward-Roger"),
    "argument", "reduce_random", "not 1", reduce_terms(sleep, reduce_random = 1),
    "argument", "reduce_fixed", "not NA", reduce_terms(sleep, reduce_fixed = NA),
    "argument", "keep", "not \"Day\"", reduce_terms(sleep, keep = "Day"),
    "argument", "keep", "The terms are \"Days\"", reduce_terms(sleep, keep = 1),
    "argument", "random_p", "not \"p\"", reduce_terms(sleep, random_p = "p"),
    "data", "frame", "does not hold its model frame", reduce_terms(bare),
    "argument", "fit", "must be a fit by `lmm()`", random_structures(NULL),
    "argument", "max_models", "5 simplifications", random_structures(sleep, max_models = 2),
    "argument", "max_models", "at least 1, not 0", random_structures(sleep, max_models = 0),
    "argument", "models", "Arguments are", random_structures(sleep, models = 1),
    "data", "frame", "does not hold its model frame", random_structures(bare)
  ))
})

test_that("arguments of variances and shares of variance are checked", {
  expect_refused(bad_calls(
    "argument", "fit", "must be a fit by `lmm()`", variance_components(rating),
    "argument", "scale", "not \"log\"", variance_components(sleep, scale = "log"),
    "argument", "level", "between 0 and 1", variance_components(sleep, level = 95),
    "argument", "level", "between 0 and 1", variance_components(sleep, level = 0),
    "argument", "conf.level", "Arguments are", variance_components(sleep, conf.level = 0.9),
    "data", "frame", "does not hold its model frame", variance_components(bare),
    "argument", "TRUE", "unnamed argument", vcov(variance_components(sleep), TRUE),
    "argument", "tol", "at least 0, not -1", random_pca(sleep, tol = -1),
    "argument", "fit", "must be a fit by `lmm()`", random_pca(rating),
    "argument", "digits", "not \"a\"", print(random_pca(sleep), digits = "a"),
    "argument", "fit", "must be a fit by `lmm()`", intraclass_correlation(rating),
    "argument", "by_group", "Arguments are", intraclass_correlation(sleep, by_group = TRUE),
    "data", "frame", "does not hold its model frame", r_squared(bare),
    "argument", "fit", "missing and has no default", r_squared(),
    "argument", "fixed", "not \"none\"", reliability(sleep, fixed = "none"),
    "argument", "fixed", "Did you mean `known`?", reliability(sleep, fixed = "know"),
    "data", "frame", "does not hold its model frame", reliability(bare, "estimated")
  ))
})
