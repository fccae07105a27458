test_that("the matrices satisfy the equations that define them", {
  set.seed(3)
  data <- transform(sleepstudy, w = exp(rnorm(180)))
  fit <- lmm(Reaction ~ Days + (Days | Subject), data, weights = w)
  part <- component(fit, c("X", "Z", "Lambda", "RX", "RZX", "L", "u", "b", "y", "mu", "beta"))
  W <- Matrix::Diagonal(x = data$w)
  ZL <- part$Z %*% part$Lambda
  M <- Matrix::crossprod(ZL, W %*% ZL) + Matrix::Diagonal(36)
  dense <- function(x) unname(as.matrix(x))

  # rounding only
  expect_equal(as.vector(part$Lambda %*% part$u), part$b, tolerance = 1e-10)
  expect_equal(as.vector(part$X %*% part$beta + part$Z %*% part$b), part$mu, tolerance = 1e-10)
  XVX <- crossprod(part$X, as.matrix(W %*% part$X)) - crossprod(part$RZX)
  expect_equal(dense(crossprod(part$RX)), dense(XVX), tolerance = 1e-8)
  expect_equal(dense(chol2inv(part$RX)) * sigma(fit)^2, dense(vcov(fit)), tolerance = 1e-8)
  log_det <- function(x) as.numeric(Matrix::determinant(x)$modulus)
  expect_equal(log_det(M), fit$log_det[["M"]], tolerance = 1e-8)
  # the factor of M: half its log determinant
  L <- methods::as(part$L, "CsparseMatrix")
  expect_equal(2 * sum(log(Matrix::diag(L))), fit$log_det[["M"]], tolerance = 1e-8)
})

test_that("components have lme4's values and shapes", {
  need_peer("lme4")
  formulas <- list(
    Reaction ~ Days + (Days | Subject),
    Reaction ~ Days + (1 | Subject) + (0 + Days | Subject)
  )
  same <- c(
    "X", "y", "mu", "u", "theta", "beta", "fixef", "sigma", "Gp", "lower", "n", "p", "q", "k",
    "n_rtrms", "n_rfacs", "p_i", "l_i", "q_i", "m_i", "m", "cnms", "REML", "is_REML", "offset",
    "Tlist", "RX"
  )
  sparse <- c("Z", "Zt", "Lambda", "Lambdat")
  for (formula in formulas) {
    m <- lme4::lmer(formula, sleepstudy)
    fit <- as_lmm(m)
    for (name in same) {
      # at lme4's own theta: rounding only
      expect_equal(
        component(fit, name), lme4::getME(m, name),
        tolerance = 1e-7, ignore_attr = TRUE, info = name
      )
    }
    for (name in sparse) {
      expect_equal(
        unname(as.matrix(component(fit, name))), unname(as.matrix(lme4::getME(m, name))),
        tolerance = 1e-7, info = name
      )
    }
    expect_equal(component(fit, "b"), as.vector(lme4::getME(m, "b")), tolerance = 1e-7)
    ours <- component(fit, "flist")
    theirs <- lme4::getME(m, "flist")
    expect_identical(as.character(ours$Subject), as.character(theirs$Subject))
    expect_identical(attr(ours, "assign"), attr(theirs, "assign"))
    expect_named(component(fit, "Ztlist"), names(lme4::getME(m, "Ztlist")))
    expect_equal(
      lapply(component(fit, "Ztlist"), function(z) unname(as.matrix(z))),
      lapply(lme4::getME(m, "Ztlist"), function(z) unname(as.matrix(z)))
    )
    expect_equal(component(fit, "mmList"), lme4::getME(m, "mmList"), ignore_attr = TRUE)
    shared <- intersect(names(component(fit, "devcomp")$cmp), names(lme4::getME(m, "devcomp")$cmp))
    shared <- setdiff(shared, "dev")
    expect_equal(
      component(fit, "devcomp")$cmp[shared], lme4::getME(m, "devcomp")$cmp[shared], tolerance = 1e-7
    )
  }
})

test_that("several names give a named list, ALL gives everything", {
  fit <- fit_cached("four_points")

  expect_identical(component(fit, c("n", "p")), list(n = 4L, p = 2L))
  expect_named(component(fit, "ALL"), names(component_functions))
})

test_that("component refuses unknown names and objects", {
  fit <- fit_cached("four_points")

  expect_error(component(fit, "lambda"), "lambda", class = "henderson_error_argument")
  expect_error(component(fit, 1), class = "henderson_error_argument")
  expect_error(component(fit, character()), class = "henderson_error_argument")
  expect_error(component(1, "X"), class = "henderson_error_argument")
})
