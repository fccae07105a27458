# lmerTest and pbkrtest at our parameters. lme4 stops its search early, which moves degrees of
# freedom in the third digit; evaluated at the same theta, what is left is the error of lmerTest's
# numerical derivatives.

# A lmerTest fit of `model` (helper-real-models.R) at the theta of `fit`.
lmertest_at <- function(model, fit) {
  stay <- function(fn, par, lower, upper, control) {
    list(par = par, fval = fn(par), feval = 1, conv = 0, message = "")
  }
  control <- lme4::lmerControl(
    optimizer = stay, calc.derivs = FALSE, restart_edge = FALSE, boundary.tol = 0,
    check.nobs.vs.nRE = "ignore"
  )
  at <- function(theta) {
    suppressMessages(suppressWarnings(
      fit_real_model(model, lmerTest::lmer, control = control, start = theta)
    ))
  }
  start <- at(NULL)
  at(theta_to_lme4(fit, start))
}

fit_real_model_quietly <- function(model) {
  control <- lmm_control(check_singular = "ignore", check_rank = "ignore")
  fit_real_model(model, lmm, control = control)
}
