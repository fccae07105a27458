# nlme::lme where it fits the same model: an optimizer and an algebra that share nothing with
# lme4's.
#
# Tolerances. lme runs `nlminb` on the log-Cholesky parameters with msTol / tolerance set to 1e-10
# below, its relative changes in a criterion of some hundreds: 1e-7 absolute on -2 log L, hence
# 1e-5 allows for its stopping rule and its finite differences. A criterion within e of the
# optimum leaves parameters within sqrt(e) of their own standard errors: 3e-3; SEs of variance
# components are rarely below a tenth of the component, and beta moves less than theta, so 1e-3
# standard errors for beta, 1e-3 relative for its standard errors and 5e-3 for SDs.

nlme_control <- function() {
  nlme::lmeControl(
    maxIter = 200, msMaxIter = 500, msMaxEval = 2000, niterEM = 50,
    tolerance = 1e-10, msTol = 1e-10
  )
}

nlme_model <- function(name, fixed, random, formula, data, REML = TRUE, weights = NULL) {
  list(
    name = name, fixed = fixed, random = random, formula = formula, data = data, REML = REML,
    weights = weights
  )
}

# `random` is evaluated in the test; grouping is its names, outermost first.
nlme_models <- function() {
  list(
    nlme_model(
      "Rail", travel ~ 1, quote(list(Rail = ~1)), travel ~ 1 + (1 | Rail), quote(plain(nlme::Rail))
    ),
    nlme_model(
      "Orthodont slope by ML", distance ~ Sex * age, quote(list(Subject = ~age)),
      distance ~ Sex * age + (age | Subject),
      quote(transform(plain(nlme::Orthodont), age = age - 11)),
      REML = FALSE
    ),
    nlme_model(
      "Orthodont pdDiag", distance ~ age, quote(list(Subject = nlme::pdDiag(~age))),
      distance ~ age + (age || Subject), quote(transform(plain(nlme::Orthodont), age = age - 11))
    ),
    nlme_model(
      "Machines three columns", score ~ Machine, quote(list(Worker = ~ 0 + Machine)),
      score ~ Machine + (0 + Machine | Worker), quote(plain(nlme::Machines))
    ),
    nlme_model(
      "Machines pdDiag by factor", score ~ Machine,
      quote(list(Worker = nlme::pdDiag(~ 0 + Machine))),
      score ~ Machine + (0 + Machine || Worker), quote(plain(nlme::Machines)),
      REML = FALSE
    ),
    nlme_model(
      "Machines nested", score ~ Machine, quote(list(Worker = ~1, Machine = ~1)),
      score ~ Machine + (1 | Worker / Machine), quote(plain(nlme::Machines))
    ),
    nlme_model(
      "Oats split plot", yield ~ nitro * Variety, quote(list(Block = ~1, Variety = ~1)),
      yield ~ nitro * Variety + (1 | Block / Variety), quote(plain(nlme::Oats))
    ),
    nlme_model(
      "Oxide by ML", Thickness ~ Source, quote(list(Lot = ~1, Wafer = ~1)),
      Thickness ~ Source + (1 | Lot / Wafer), quote(plain(nlme::Oxide)),
      REML = FALSE
    ),
    nlme_model(
      "Pixel slope over dogs, intercept over sides", pixel ~ day + I(day^2),
      quote(list(Dog = ~day, Side = ~1)),
      pixel ~ day + I(day^2) + (day | Dog) + (1 | Side:Dog),
      quote(transform(plain(nlme::Pixel), day = (day - 7) / 7))
    ),
    nlme_model(
      "Alfalfa", Yield ~ Date * Variety, quote(list(Block = ~1, Variety = ~1)),
      Yield ~ Date * Variety + (1 | Block / Variety), quote(plain(nlme::Alfalfa))
    ),
    nlme_model(
      "BodyWeight", weight ~ Time * Diet, quote(list(Rat = ~Time)),
      weight ~ Time * Diet + (Time | Rat),
      quote(transform(plain(nlme::BodyWeight), Time = Time / 7 - 5)),
      REML = FALSE
    ),
    nlme_model(
      "RatPupWeight", weight ~ Treatment + sex + Lsize, quote(list(Litter = ~1)),
      weight ~ Treatment + sex + Lsize + (1 | Litter), quote(plain(nlme::RatPupWeight))
    ),
    nlme_model(
      "Oxboys quadratic", height ~ age + I(age^2), quote(list(Subject = ~ age + I(age^2))),
      height ~ age + I(age^2) + (age + I(age^2) | Subject), quote(plain(nlme::Oxboys))
    ),
    nlme_model(
      "CO2 pdDiag over plants", uptake ~ Type * Treatment + lc,
      quote(list(Plant = nlme::pdDiag(~lc))),
      uptake ~ Type * Treatment + lc + (lc || Plant),
      quote(transform(plain(datasets::CO2), lc = log(conc) - 6))
    ),
    nlme_model(
      "ChickWeight by ML, quadratic mean", weight ~ Diet + Time + I(Time^2),
      quote(list(Chick = ~Time)),
      weight ~ Diet + Time + I(Time^2) + (Time | Chick),
      quote(transform(plain(datasets::ChickWeight), Time = Time / 7 - 1.5)),
      REML = FALSE
    ),
    nlme_model(
      "Earthquake weighted by 1 / distance", log(accel) ~ log(distance) + Richter,
      quote(list(Quake = ~1)),
      log(accel) ~ log(distance) + Richter + (1 | Quake),
      quote(transform(plain(nlme::Earthquake), Richter = Richter - 6, w = 10 / distance)),
      weights = quote(w)
    )
  )
}

fit_nlme <- function(model, data) {
  arguments <- list(
    fixed = model$fixed, data = data, random = eval(model$random),
    method = if (model$REML) "REML" else "ML", control = nlme_control()
  )
  if (!is.null(model$weights)) {
    data$variance_ <- 1 / eval(model$weights, data)
    arguments$data <- data
    arguments$weights <- nlme::varFixed(~variance_)
  }
  do.call(nlme::lme, arguments)
}

# Standard deviations of lme's random effects by our group and column names, outermost group first.
nlme_sds <- function(peer) {
  # reStruct is innermost first
  structures <- rev(as.list(peer$modelStruct$reStruct))
  groups <- vapply(seq_along(structures), function(i) {
    paste(rev(names(structures)[seq_len(i)]), collapse = ":")
  }, "")
  sds <- lapply(structures, function(pd) peer$sigma * sqrt(diag(as.matrix(pd))))
  stats::setNames(sds, groups)
}

fit_sds <- function(fit) {
  stats::setNames(lapply(fit$random, function(term) {
    theta <- fit$theta[term$theta_index]
    block <- reference_lambda_block(theta, length(term$columns), term$structure)
    stats::setNames(fit$sigma * sqrt(rowSums(block^2)), term$columns)
  }), vapply(fit$random, `[[`, "", "group"))
}

for (model in nlme_models()) {
  test_that(paste0("nlme::lme finds the same fit of ", model$name), {
    need_peer("nlme")
    data <- eval(model$data)
    peer <- fit_nlme(model, data)
    fit <- fit_real_model(model, lmm)

    peer_criterion <- -2 * as.numeric(logLik(peer))
    expect_lte(fit$criterion - peer_criterion, 1e-6, label = "our criterion minus nlme's")
    expect_lte(peer_criterion - fit$criterion, 1e-5, label = "nlme's criterion minus ours")
    expect_equal(-2 * as.numeric(logLik(fit)), fit$criterion)

    beta <- nlme::fixef(peer)
    # varFix is what lme multiplies by n / (n - p) for ML in its summary; here as estimated
    se <- sqrt(diag(peer$varFix))
    expect_equal(names(fixef(fit)), names(beta))
    expect_lte(max(abs(fixef(fit) - beta) / se), 1e-3)
    expect_lte(max(abs(sqrt(diag(vcov(fit))) / se - 1)), 1e-3)

    expect_lte(abs(fit$sigma / peer$sigma - 1), 5e-3)
    sds <- nlme_sds(peer)
    ours <- fit_sds(fit)
    expect_setequal(names(ours), names(sds))
    for (group in names(sds)) {
      # relative to the largest SD of the group, so that one near zero does not ask for more than
      # it means
      expect_lte(relative_difference(ours[[group]], sds[[group]]), 5e-3)
    }
  })
}
