# Everything against V = Z (K (x) Lambda Lambda') Z' + W^-1 formed in full.

related_data <- function(n = 20L) {
  set.seed(3)
  K <- crossprod(matrix(rnorm(n * (n + 5)), n + 5)) / n
  ids <- sprintf("a%02d", seq_len(n))
  dimnames(K) <- list(ids, ids)
  data <- data.frame(
    id = sample(ids[1:17], 120, TRUE), x = rnorm(120), h = factor(sample(6, 120, TRUE)),
    w = runif(120, 0.5, 2)
  )
  b <- t(chol(K)) %*% matrix(rnorm(2 * n), n) %*% matrix(c(1, 0, 0.4, 0.6), 2)
  position <- match(data$id, ids)
  data$y <- 2 + data$x + b[position, 1] + data$x * b[position, 2] + rnorm(6)[data$h] +
    rnorm(120) / sqrt(data$w)
  list(data = data, K = K, ids = ids)
}

# Of y ~ x + (x | id) + (1 | h) with weights w: criterion, and what a fit says at theta.
dense_model <- function(own, theta, REML = TRUE) {
  data <- own$data
  lambda <- matrix(c(theta[1:2], 0, theta[3]), 2)
  Z <- do.call(cbind, lapply(own$ids, function(id) cbind(1, data$x) * (data$id == id)))
  G <- kronecker(own$K, tcrossprod(lambda))
  Zh <- model.matrix(~ 0 + h, data)
  V <- Z %*% G %*% t(Z) + theta[4]^2 * tcrossprod(Zh) + diag(1 / data$w)
  X <- cbind(1, data$x)
  inverse <- solve(V)
  A <- t(X) %*% inverse %*% X
  beta <- drop(solve(A, t(X) %*% inverse %*% data$y))
  rest <- data$y - X %*% beta
  r2 <- sum(rest * (inverse %*% rest))
  m <- 120 - 2 * REML
  criterion <- determinant(V)$modulus + REML * determinant(A)$modulus +
    m * (1 + log(2 * base::pi * r2 / m))
  list(
    criterion = as.numeric(criterion), V = V, G = G, Z = Z, Zh = Zh, X = X, inverse = inverse,
    vcov = r2 / m * solve(A), b = G %*% t(Z) %*% inverse %*% rest, sigma2 = r2 / m
  )
}

test_that("a fit with a relationship has its minimum at that of the model in full", {
  own <- related_data()
  for (REML in c(TRUE, FALSE)) {
    fit <- lmm(y ~ x + (x | id) + (1 | h), own$data, REML, weights = w,
      relationship = list(id = own$K)
    )
    full <- dense_model(own, fit$theta, REML)
    expect_equal(fit$criterion, full$criterion, tolerance = 1e-10)
    found <- optim(fit$theta, function(theta) dense_model(own, theta, REML)$criterion,
      method = "BFGS"
    )
    expect_gt(found$value, fit$criterion - 1e-7)
    expect_equal(unname(vcov(fit)), unname(full$vcov), tolerance = 1e-8)
    expect_equal(sigma(fit)^2, full$sigma2, tolerance = 1e-9)
  }
  sparse <- lmm(y ~ x + (x | id) + (1 | h), own$data, weights = w,
    relationship = list(id = precision(methods::as(solve(own$K), "CsparseMatrix")))
  )
  dense <- lmm(y ~ x + (x | id) + (1 | h), own$data, weights = w, relationship = list(id = own$K))
  expect_equal(sparse$criterion, dense$criterion, tolerance = 1e-10)
  expect_match(format(dense), "Relationship: list(id = own$K)", fixed = TRUE, all = FALSE)
})

test_that("random effects of related levels, and of those without a row, are their means given y", {
  own <- related_data()
  fit <- lmm(y ~ x + (x | id) + (1 | h), own$data, weights = w, relationship = list(id = own$K))
  full <- dense_model(own, fit$theta)
  modes <- ranef(fit)$id
  expect_identical(rownames(modes), own$ids)
  expect_equal(unname(t(as.matrix(modes))), matrix(full$b, 2), tolerance = 1e-8)
  given <- full$sigma2 * (full$G - full$G %*% t(full$Z) %*% full$inverse %*% full$Z %*% full$G)
  expect_equal(attr(modes, "postVar")[, , 19], given[37:38, 37:38], tolerance = 1e-8)
  prior <- full$sigma2 * diag(full$G)
  expect_equal(
    reliability(fit)$reliability[c(1, 19, 21, 39)], (1 - diag(given) / prior)[c(1, 37, 2, 38)],
    tolerance = 1e-8
  )

  w <- own$data$w
  C <- full$sigma2 * solve(rbind(
    cbind(t(full$X) %*% (w * cbind(full$X, full$Z, full$Zh))),
    cbind(
      t(full$Z) %*% (w * full$X), t(full$Z) %*% (w * full$Z) + solve(full$G),
      t(full$Z) %*% (w * full$Zh)
    ),
    cbind(
      t(full$Zh) %*% (w * cbind(full$X, full$Z)),
      t(full$Zh) %*% (w * full$Zh) + diag(6) / fit$theta[4]^2
    )
  ))
  new <- data.frame(x = 0.3, id = c("a19", "a02"), h = factor(2, levels = 1:6))
  rows <- matrix(0, 2, 48)
  rows[, 1:2] <- rep(c(1, 0.3), each = 2)
  rows[1, 2 + 37:38] <- rows[2, 2 + 3:4] <- c(1, 0.3)
  rows[, 42 + 2] <- 1
  found <- predict(fit, new, se.fit = TRUE)
  expect_equal(unname(found$se.fit), sqrt(diag(rows %*% C %*% t(rows))), tolerance = 1e-8)
  effects <- c(fixef(fit), full$b, ranef(fit)$h[, 1])
  expect_equal(unname(found$fit), drop(rows %*% effects), tolerance = 1e-8)
  error <- expect_error(
    predict(fit, transform(new, id = c("a01", "zz")), allow.new.levels = TRUE),
    class = "henderson_error_newdata"
  )
  expect_match(conditionMessage(error), "relationship of `id`", fixed = TRUE)
})

test_that("degrees of freedom with a relationship are those of the dense information", {
  own <- related_data()
  fit <- lmm(y ~ x + (x | id) + (1 | h), own$data, weights = w, relationship = list(id = own$K))
  # Satterthwaite: 2 (l'Cl)^2 / (g'Ag), A twice the inverse Hessian by (theta, sigma)
  variance <- function(at) at[5]^2 * (dense_model(own, at)$vcov / dense_model(own, at)$sigma2)[2, 2]
  full_criterion <- function(at) {
    m <- dense_model(own, at)
    m$criterion - 118 * (1 + log(2 * base::pi * m$sigma2)) + 118 * log(2 * base::pi * at[5]^2) +
      118 * m$sigma2 / at[5]^2
  }
  at <- c(fit$theta, sigma(fit))
  H <- optimHess(at, full_criterion, control = list(ndeps = rep(1e-4, 5)))
  g <- vapply(1:5, function(i) {
    step <- 1e-4 * (seq_along(at) == i)
    (variance(at + step) - variance(at - step)) / 2e-4
  }, 0)
  df <- 2 * variance(at)^2 / drop(g %*% (2 * solve(H)) %*% g)
  expect_equal(summary(fit)$coefficients["x", "df"], unname(df), tolerance = 1e-3)
})

test_that("simulated responses have the covariance of related levels", {
  own <- related_data()
  fit <- lmm(y ~ x + (x | id) + (1 | h), own$data, weights = w, relationship = list(id = own$K))
  full <- dense_model(own, fit$theta)
  drawn <- as.matrix(simulate(fit, 2000, seed = 1)) - drop(full$X %*% fixef(fit))
  expected <- full$sigma2 * full$V
  error <- tcrossprod(drawn) / 2000 - expected
  z <- error / sqrt((tcrossprod(diag(expected)) + expected^2) / 2000)
  expect_lt(abs(mean(z^2) - 1), 0.25)
  expect_lt(max(abs(z)), 5.5)
})

test_that("refits keep the relationship", {
  own <- related_data()
  K <- own$K
  fit <- lmm(y ~ x + (x | id) + (1 | h), own$data, weights = w, relationship = list(id = K))
  again <- lmm(y ~ x + (x | id), own$data, weights = w, relationship = list(id = K))
  expect_equal(update(fit, . ~ . - (1 | h))$criterion, again$criterion, tolerance = 1e-10)
  other <- lmm(rev(y) ~ x + (x | id) + (1 | h), own$data, weights = w, relationship = list(id = K))
  expect_equal(
    refit_response(fit, rev(own$data$y))$criterion, other$criterion, tolerance = 1e-10
  )
  plain <- lmm(y ~ x + (x | id) + (1 | h), own$data, weights = w)
  expect_equal(update(fit, relationship = NULL)$criterion, plain$criterion, tolerance = 1e-10)
  without <- update(fit, . ~ . - (x | id))
  expect_null(without$call$relationship)
  expect_equal(
    without$criterion, lmm(y ~ x + (1 | h), own$data, weights = w)$criterion, tolerance = 1e-10
  )
  ml <- lmm(y ~ 1 + (x | id) + (1 | h), own$data, FALSE, weights = w, relationship = list(id = K))
  expect_equal(drop1(fit)["x", "AIC"], AIC(ml), tolerance = 1e-8)
  for (optimizer in c("bfgs", "nelder_mead")) {
    by_other <- update(fit, control = lmm_control(optimizer = optimizer))
    expect_equal(by_other$criterion, fit$criterion, tolerance = 1e-7)
  }
})

test_that("what knows independent levels only refuses related ones and names the term", {
  own <- related_data()
  fit <- lmm(y ~ x + (1 | id), own$data, relationship = list(id = own$K))
  refused <- list(
    random_anova, reduce_terms, random_structures, r_squared, intraclass_correlation,
    function(fit) bootstrap(fit, nsim = 5, type = "residual"),
    function(fit) confint(bootstrap(fit, nsim = 5), boot.type = "bca")
  )
  for (name in c("L", "RZX", "Lambda", "Lambdat", "u", "devcomp")) {
    local({
      own_name <- name
      refused[[length(refused) + 1L]] <<- function(fit) component(fit, own_name)
    })
  }
  for (one in refused) {
    error <- expect_error(one(fit), class = "henderson_error_unsupported")
    expect_match(conditionMessage(error), "(1 | id)", fixed = TRUE)
  }
})

test_that("a relationship that is none is refused with its fault", {
  own <- related_data()
  refuse <- function(relationship, text) {
    error <- expect_error(
      lmm(y ~ x + (1 | id), own$data, relationship = relationship),
      class = "henderson_error_relationship"
    )
    expect_match(gsub("\\s+", " ", conditionMessage(error)), text, fixed = TRUE)
  }
  K <- own$K
  refuse(K, "a list named by grouping factors")
  refuse(list(id = 1:3), "must be a numeric matrix")
  refuse(list(g = K), "no grouping factor of the formula")
  refuse(list(id = K[, 1:3]), "must be square; it is 20 x 3")
  refuse(list(id = unname(K)), "has no names of levels")
  refuse(list(id = K[-1, -1]), "lacks 1 level")
  refuse(list(id = K[c(1, 1:20), c(1, 1:20)]), "names a level twice")
  refuse(list(id = replace(K, cbind(3, 5), 0.25)), "of \"a03\" and \"a05\" is 0.25")
  refuse(list(id = replace(K, 1, NA)), "not finite")
  refuse(list(id = K - 3 * diag(20)), "The diagonal element of \"a01\" is -")
  refuse(list(id = precision(K - 3 * diag(20))), "is not positive definite")
  refuse(
    list(id = replace(K, rbind(c(3, 5), c(5, 3)), 9)), "The element of \"a03\" and \"a05\" is 9"
  )
  negative <- 0.1 * K - 0.5
  diag(negative) <- 1
  smallest <- format(min(eigen(negative)$values), digits = 3)
  refuse(list(id = negative), paste("Its smallest eigenvalue is", smallest))
})

# -2 log restricted likelihood of y ~ x with V = sum of variances times matrices.
restricted_criterion <- function(variances, matrices, y, X) {
  V <- Reduce(`+`, Map(`*`, variances, matrices))
  inverse <- solve(V)
  M <- t(X) %*% inverse %*% X
  rest <- y - X %*% solve(M, t(X) %*% inverse %*% y)
  as.numeric(
    determinant(V)$modulus + determinant(M)$modulus + sum(rest * (inverse %*% rest)) +
      (length(y) - ncol(X)) * log(2 * base::pi)
  )
}

# A genomic relationship matrix of centred markers (VanRaden), and one record of each line.
genomic_data <- function(lines = 60L, n_markers = 40L) {
  set.seed(8)
  markers <- matrix(rbinom(lines * n_markers, 2, 0.3), lines)
  rownames(markers) <- sprintf("g%02d", seq_len(lines))
  centred <- scale(markers, scale = FALSE)
  frequency <- colMeans(markers) / 2
  K <- tcrossprod(centred) / (2 * sum(frequency * (1 - frequency)))
  data <- data.frame(id = rownames(markers), x = rnorm(lines))
  data$y <- 1 + data$x + drop(centred %*% rnorm(n_markers)) / 4 + rnorm(lines)
  list(data = data, K = K)
}

test_that("the unit of a relationship matrix does not matter", {
  own <- related_data()
  fit <- lmm(y ~ x + (x | id) + (1 | h), own$data, relationship = list(id = own$K))
  for (unit in c(1e-100, 1e-14, 1e-5, 1e8, 1e14, 1e100)) {
    again <- lmm(y ~ x + (x | id) + (1 | h), own$data, relationship = list(id = own$K * unit))
    expect_equal(again$criterion, fit$criterion, tolerance = 1e-10)
    expect_true(again$optimization$converged)
    expect_equal(again$theta * sqrt(c(unit, unit, unit, 1)), fit$theta, tolerance = 1e-5)
    expect_equal(ranef(again)$id, ranef(fit)$id, tolerance = 1e-5)
    expect_equal(unname(vcov(again)), unname(vcov(fit)), tolerance = 1e-6)
  }
})

test_that("a relationship of less than full rank is that of the model in full", {
  own <- genomic_data()
  expect_message(
    fit <- lmm(y ~ x + (1 | id), own$data, relationship = list(id = own$K)),
    "does not have full rank", class = "henderson_message_relationship"
  )
  X <- cbind(1, own$data$x)
  at <- function(theta) {
    restricted_criterion(fit$sigma^2 * c(theta^2, 1), list(own$K, diag(60)), own$data$y, X)
  }
  # 1e-8 of the diagonal: V moves by 1e-8 theta^2 of the residual variance
  expect_equal(fit$criterion, at(fit$theta), tolerance = 1e-7)
  expect_gt(at(1.01 * fit$theta), at(fit$theta))
  expect_gt(at(0.99 * fit$theta), at(fit$theta))
  V <- fit$theta^2 * own$K + diag(60)
  b <- fit$theta^2 * own$K %*% solve(V, own$data$y - X %*% fixef(fit))
  expect_equal(ranef(fit)$id[, 1], unname(b[rownames(ranef(fit)$id), ]), tolerance = 1e-5)
})

test_that("variances of two genomic matrices are those of dense REML", {
  own <- genomic_data(60, 90)
  other <- genomic_data(60, 25)$K
  dimnames(other) <- dimnames(own$K)
  data <- transform(own$data, id2 = id)
  K <- own$K + 0.01 * diag(60)
  other <- other + 0.05 * diag(60)
  fit <- lmm(y ~ x + (1 | id) + (1 | id2), data, relationship = list(id = K, id2 = other))
  X <- cbind(1, data$x)
  matrices <- list(K, other, diag(60))
  criterion <- function(log_variances) {
    restricted_criterion(exp(log_variances), matrices, data$y, X)
  }
  found <- optim(log(c(0.5, 0.5, 1)), criterion, method = "BFGS", control = list(reltol = 1e-15))
  expect_equal(fit$criterion, found$value, tolerance = 1e-9)
  variances <- as.data.frame(VarCorr(fit))
  rownames(variances) <- variances$grp
  # differences by steps of 1e-3 in optim()
  expect_equal(variances[c("id", "id2", "Residual"), "vcov"], exp(found$par), tolerance = 1e-3)
  shares <- heritability(fit, method = "Wald")
  sum_of_both <- sum(shares$estimate[shares$related])
  expect_equal(sum_of_both, sum(exp(found$par)[1:2]) / sum(exp(found$par)), tolerance = 1e-3)
})

test_that("levels of different variances that are not related are no identity", {
  set.seed(6)
  K <- diag(rep(c(0.2, 3), 30))
  rownames(K) <- sprintf("k%02d", 1:60)
  data <- data.frame(id = rownames(K), x = rnorm(60))
  data$y <- data$x + rnorm(60, sd = sqrt(diag(K) + 0.5))
  fit <- lmm(y ~ x + (1 | id), data, relationship = list(id = K))
  found <- optim(c(0, 0), function(v) {
    restricted_criterion(exp(v), list(K, diag(60)), data$y, cbind(1, data$x))
  }, method = "BFGS")
  expect_equal(fit$criterion, found$value, tolerance = 1e-7)
})

test_that("equal covariances with one row each are seen not to be determined", {
  own <- genomic_data()
  K <- 0.5 + 0.5 * diag(60)
  rownames(K) <- own$data$id
  # V = v (1 + I) / 2 + s I: only v / 2 + s is in what an intercept leaves
  expect_message(
    fit <- lmm(y ~ x + (1 | id), own$data, relationship = list(id = K)),
    "do not determine the variance of id", class = "henderson_message_undetermined"
  )
  expect_message(shares <- heritability(fit), "not determined")
  expect_identical(shares$estimate, c(NA_real_, NA_real_))
  expect_identical(shares$lower, c(NA_real_, NA_real_))
  expect_message(components <- variance_components(fit), "not determined")
  expect_identical(components$se[1L], NA_real_)
  # two rows of each level determine it
  twice <- rbind(own$data, transform(own$data, y = rev(y)))
  again <- suppressMessages(lmm(y ~ x + (1 | id), twice, relationship = list(id = K)))
  expect_length(again$optimization$flat, 0L)
})

test_that("an identity matrix is no relationship", {
  data <- sleepstudy
  I <- diag(18)
  rownames(I) <- levels(data$Subject)
  with <- lmm(Reaction ~ Days + (Days | Subject), data, relationship = list(Subject = I))
  plain <- lmm(Reaction ~ Days + (Days | Subject), data)
  expect_equal(with$criterion, plain$criterion, tolerance = 1e-10)
  expect_equal(with$theta, plain$theta, tolerance = 1e-5)
  each <- data.frame(y = c(1, 3, 2, 5, 4, 7), id = letters[1:6])
  I <- diag(6)
  rownames(I) <- each$id
  expect_error(
    lmm(y ~ 1 + (1 | id), each, relationship = list(id = I)), class = "henderson_error_grouping"
  )
})

test_that("lme4 with Z transformed by a root of K has the same fit", {
  only_in_full_tier("needs lme4")
  skip_if_not_installed("lme4")
  own <- related_data()
  data <- transform(own$data, id = factor(id, levels = own$ids[1:17]))
  parts <- lme4::lFormula(y ~ x + (1 | id) + (1 | h), data, weights = w)
  K <- own$K[1:17, 1:17]
  rows <- seq_len(17)
  parts$reTrms$Zt[rows, ] <- chol(K) %*% parts$reTrms$Zt[rows, ]
  devfun <- do.call(lme4::mkLmerDevfun, parts)
  other <- lme4::optimizeLmer(devfun)
  fit <- lmm(y ~ x + (1 | id) + (1 | h), data, weights = w, relationship = list(id = K))
  expect_equal(fit$criterion, other$fval, tolerance = 1e-7)
  expect_equal(unname(fit$theta), other$par, tolerance = 1e-3)
})

test_that("pedigreemm's milk: the minimum of the dense criterion, in six evaluations", {
  need_peer("pedigreemm")
  from <- new.env()
  utils::data("milk", "pedCows", package = "pedigreemm", envir = from)
  Q <- pedigreemm::getAInv(from$pedCows)
  rownames(Q) <- from$pedCows@label
  fit <- lmm(milk ~ lact + log(dim) + (1 | id) + (1 | herd), from$milk,
    relationship = list(id = precision(Q))
  )
  expect_equal(fit$criterion, 65437.539915, tolerance = 1e-10)
  expect_lte(fit$optimization$evaluations, 6L)
})
