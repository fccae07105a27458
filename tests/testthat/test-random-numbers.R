# What draws no random number neither creates nor changes the state of the generator: future warns
# of unreliable random numbers where a call does (it compares .Random.seed, as is done here).

# The state of the generator, NULL where it has not been used.
generator_state <- function() globalenv()$.Random.seed

# Evaluates `expr` from the given state; is the state afterwards the same?
keeps_generator <- function(expr, state) {
  expr <- substitute(expr)
  env <- parent.frame()
  before <- generator_state()
  on.exit(set_generator(before))
  set_generator(state)
  utils::capture.output(invisible(suppressMessages(suppressWarnings(eval(expr, env)))))
  identical(generator_state(), state)
}

set_generator <- function(state) {
  if (!is.null(state)) {
    assign(".Random.seed", state, envir = globalenv())
  } else if (!is.null(generator_state())) {
    rm(".Random.seed", envir = globalenv())
  }
}

# States of several generators, and none.
generator_states <- function() {
  kinds <- c("Mersenne-Twister", "L'Ecuyer-CMRG", "Wichmann-Hill")
  used <- lapply(kinds, function(kind) {
    before <- generator_state()
    old <- RNGkind(kind)
    on.exit({
      RNGkind(old[1L])
      set_generator(before)
    })
    set.seed(1)
    generator_state()
  })
  c(list(NULL), used)
}

test_that("what draws no random number leaves the generator alone, and absent", {
  need_peer("lme4")
  need_peer("emmeans")
  need_peer("generics")
  fit <- fit_cached("sleepstudy")
  intercepts <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy)
  peer <- lme4::lmer(Reaction ~ Days + (1 | Subject), sleepstudy)
  new <- sleepstudy[1:3, ]
  singular <- quote(lmm(Resp ~ Treat + (1 | Ind), four_point_data()))
  calls <- expression(
    lmm(Reaction ~ Days + (Days | Subject), sleepstudy),
    lmm(Reaction ~ Days + (Days || Subject), sleepstudy, REML = FALSE), eval(singular),
    try(lmm(Reaction ~ Days + (1 | nowhere), sleepstudy), silent = TRUE),
    print(fit), print(summary(fit)), summary(fit, ddf = "Kenward-Roger"), anova(fit),
    anova(fit, intercepts), anova(fit, ddf = "expected"), contrast_test(fit), ranef(fit), coef(fit),
    fixef(fit), vcov(fit), VarCorr(fit), logLik(fit), reml_criterion(fit), AIC(fit), residuals(fit),
    fitted(fit), predict(fit), predict(fit, new, se.fit = TRUE),
    predict(fit, new, interval = "prediction"), predict(fit, ddf = "none", interval = "confidence"),
    model.matrix(fit), model.matrix(fit, type = "random"), model.frame(fit), nlme::getData(fit),
    component(fit, "ALL"), deviance_function(fit)(fit$theta), variance_components(fit),
    intraclass_correlation(fit), r_squared(fit), reliability(fit, "estimated"), random_pca(fit),
    random_structures(fit), drop1(fit), add1(intercepts, ~ . + I(Days^2)), reduce_terms(fit),
    refit_response(fit, rev(sleepstudy$Reaction)), refit_ml(fit),
    update(fit, . ~ 1 + (1 | Subject)),
    group_fits(fit), all_optimizers(intercepts), is_singular(fit), as_lmm(peer),
    lme4::refit(fit, rev(sleepstudy$Reaction)), lme4::getME(fit, "Z"), emmeans::emmeans(fit, ~Days),
    generics::tidy(fit, conf.int = TRUE, effects = c("fixed", "ran_pars", "ran_vals", "ran_coefs")),
    generics::glance(fit), generics::augment(fit, se_fit = TRUE), str(fit),
    # these draw, from a seed of their own
    random_anova(fit), random_anova(intercepts), simulate(fit, seed = 1),
    simulate_lmm(~ (1 | Subject), new, list(beta = 1, theta = 1, sigma = 1), seed = 1)
  )
  kept <- function(state) {
    vapply(calls, function(call) eval(bquote(keeps_generator(.(call), state))), TRUE)
  }
  for (state in generator_states()) {
    unwelcome <- calls[!kept(state)]
    expect_identical(vapply(unwelcome, deparse1, ""), character())
  }
})

test_that("what draws random numbers without a seed goes on with the session's generator", {
  fit <- fit_cached("sleepstudy")
  before <- generator_state()
  on.exit(set_generator(before))
  set_generator(NULL)
  first <- simulate(fit)
  expect_false(is.null(generator_state()))
  expect_false(identical(simulate(fit)$sim_1, first$sim_1))
  # the p-values of a test are those of its own seed, whatever the session has drawn
  expect_identical(random_anova(fit)$p_mixture, random_anova(fit)$p_mixture)
})
