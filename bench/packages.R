# How each package fits a case, and how its estimates are read.
#
# `factors` gives the relative covariance factors of a fit: a list of list(group, columns, lambda),
# lambda lower triangular with Cov(b) = sigma^2 lambda lambda'. They are matched with the terms of
# lmm() by name, so that all packages are judged by one function, our deviance.

package_table <- function() {
  list(
    henderson = list(
      fit = function(case, data) henderson::lmm(case$formula, data, REML = case$REML),
      evaluations = function(fit) fit$optimization$evaluations,
      factors = function(fit) NULL
    ),
    lme4 = list(
      fit = function(case, data) lme4::lmer(case$formula, data, REML = case$REML),
      evaluations = function(fit) fit@optinfo$feval,
      factors = lme4_factors
    ),
    nlme = list(
      fit = function(case, data) {
        method <- if (case$REML) "REML" else "ML"
        nlme::lme(case$nlme$fixed, data, case$nlme$random, method = method)
      },
      evaluations = function(fit) NA,
      factors = nlme_factors
    ),
    glmmTMB = list(
      fit = function(case, data) glmmTMB::glmmTMB(case$formula, data, REML = case$REML),
      evaluations = function(fit) fit$fit$evaluations[["function"]],
      factors = glmmtmb_factors
    )
  )
}

lme4_factors <- function(fit) {
  theta <- lme4::getME(fit, "theta")
  groups <- names(fit@cnms)
  sizes <- lengths(fit@cnms)
  last <- cumsum(sizes * (sizes + 1) / 2)
  lapply(seq_along(groups), function(i) {
    lambda <- matrix(0, sizes[i], sizes[i])
    count <- sizes[i] * (sizes[i] + 1) / 2
    lambda[lower.tri(lambda, diag = TRUE)] <- theta[last[i] - count + seq_len(count)]
    list(group = groups[i], columns = as.vector(fit@cnms[[i]]), lambda = lambda)
  })
}

nlme_factors <- function(fit) {
  structures <- fit$modelStruct$reStruct
  lapply(names(structures), function(group) {
    relative <- as.matrix(structures[[group]])
    list(group = group, columns = colnames(relative), lambda = lower_factor(relative))
  })
}

glmmtmb_factors <- function(fit) {
  covariances <- glmmTMB::VarCorr(fit)$cond
  sigma <- stats::sigma(fit)
  lapply(names(covariances), function(group) {
    relative <- matrix(covariances[[group]], nrow(covariances[[group]])) / sigma^2
    columns <- rownames(covariances[[group]])
    list(group = group, columns = columns, lambda = lower_factor(relative))
  })
}

# Lower triangular L with LL' = V, for singular V too.
lower_factor <- function(V) {
  decomposition <- eigen(V, symmetric = TRUE)
  root <- sqrt(pmax(decomposition$values, 0)) * t(decomposition$vectors)
  lambda <- t(qr.R(qr(root, tol = 0)))
  signs <- ifelse(diag(lambda) < 0, -1, 1)
  sweep(lambda, 2, signs, "*")
}

# Our theta from another package's factors.
theta_like <- function(fit, factors) {
  theta <- numeric(length(fit$theta))
  for (term in fit$random) {
    is_it <- vapply(factors, function(other) {
      identical(other$group, term$group) && setequal(other$columns, term$columns)
    }, logical(1))
    stopifnot(term$structure == "us", sum(is_it) == 1)
    other <- factors[[which(is_it)]]
    stopifnot(identical(other$columns, term$columns))
    theta[term$theta_index] <- other$lambda[lower.tri(other$lambda, diag = TRUE)]
  }
  theta
}

has_package <- function(name) requireNamespace(name, quietly = TRUE)
