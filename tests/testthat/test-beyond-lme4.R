# Real models that lme4 1.1-31 refuses or fits as something else, kept apart from the comparison:
# a truly diagonal `||` for factors, more random effects than observations in all, rows of zero
# weight. Held to the dense oracle on model matrices made with stats::model.matrix, so that
# neither package's code takes part.

# terms: list(group = one-sided formula of the factor(s), lhs = one-sided formula, structure), in
# theta's order.
beyond_model <- function(name, formula, data, terms, REML = TRUE, weights = NULL) {
  list(
    name = name, formula = formula, data = data, terms = terms, REML = REML, weights = weights
  )
}

beyond_models <- function() {
  list(
    beyond_model(
      "Machines, diagonal over a factor's columns", score ~ Machine + (Machine || Worker),
      quote(plain(nlme::Machines)),
      list(list(group = ~Worker, lhs = ~Machine, structure = "diag"))
    ),
    beyond_model(
      "cake, diagonal over a factor's columns without intercept by ML",
      angle ~ recipe * temperature + (0 + recipe || replicate), quote(lme4::cake),
      list(list(group = ~replicate, lhs = ~ 0 + recipe, structure = "diag")),
      REML = FALSE
    ),
    beyond_model(
      "oats, 24 variances", Y ~ V * N + (V * N || B) + (V * N || V:N), quote(MASS::oats),
      list(
        list(group = ~ V:N, lhs = ~ V * N, structure = "diag"),
        list(group = ~B, lhs = ~ V * N, structure = "diag")
      )
    ),
    beyond_model(
      "Orthodont, one subject at weight zero", distance ~ Sex * age + (age | Subject),
      quote(transform(plain(nlme::Orthodont), age = age - 11)),
      list(list(group = ~Subject, lhs = ~age, structure = "us")),
      weights = quote(as.numeric(Subject != "M13"))
    ),
    beyond_model(
      "Pastes, some measurements at weight zero", strength ~ 1 + (1 | batch / cask),
      quote(lme4::Pastes),
      list(
        list(group = ~ cask:batch, lhs = ~1, structure = "us"),
        list(group = ~batch, lhs = ~1, structure = "us")
      ),
      weights = quote(as.numeric(seq_along(strength) %% 7 != 0)), REML = FALSE
    )
  )
}

beyond_term <- function(term, data) {
  parts <- data[rev(all.vars(term$group))]
  z <- stats::model.matrix(term$lhs, data)
  # the first factor varies slowest, as in `a:b`
  group <- interaction(parts, drop = TRUE)
  c(term["structure"], list(
    z = z, v = ncol(z), level = as.integer(group), levels = nlevels(group)
  ))
}

for (model in beyond_models()) {
  test_that(paste0("the oracle agrees on what lme4 does not fit: ", model$name), {
    need_peer(c("lme4", "nlme", "MASS"))
    data <- eval(model$data)
    fit <- suppressMessages(fit_real_model(model, lmm))
    weights <- if (!is.null(model$weights)) eval(model$weights, data)
    terms <- lapply(model$terms, beyond_term, data = data)
    reference_at <- function(theta) {
      reference_fit(
        eval(model$formula[[2]], data),
        stats::model.matrix(fixed_part(model$formula), data),
        reference_z(terms, nrow(data)), reference_lambda(terms, theta), weights, NULL, model$REML
      )
    }
    reference <- reference_at(fit$theta)

    # 1e-8 as in test-oracle-random-designs.R; modes on the scale of the largest
    expect_equal(fit$n, reference$n)
    expect_lte(abs(fit$criterion - reference$criterion) / fit$n, 1e-8)
    expect_lte(relative_difference(fit$beta, reference$beta), 1e-8)
    expect_lte(relative_difference(fit$vcov, reference$vcov), 1e-8)
    expect_lte(relative_difference(fit$sigma, reference$sigma), 1e-8)
    expect_lte(relative_difference(fit$fitted, reference$fitted), 1e-8)
    expect_lte(relative_difference(unlist(lapply(fit$b, as.vector)), reference$b), 1e-8)

    # no direction leads down from the optimum
    set.seed(11)
    around <- replicate(40, {
      step <- rnorm(length(fit$theta)) * 10^runif(1, -4, -0.5)
      reference_at(fit$theta + step)$criterion
    })
    expect_gte(min(around) - fit$criterion, -1e-7)
    # gradient test at the boundary: moving one variance off zero does not help
    for (k in seq_along(fit$theta)) {
      step <- replace(0 * fit$theta, k, 1e-3)
      expect_gte(reference_at(fit$theta + step)$criterion - fit$criterion, -1e-7)
    }
  })
}
