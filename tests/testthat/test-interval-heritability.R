# Offspring of 12 sires and 16 dams crossed, two records each, and weights.
animal_data <- function() {
  set.seed(8)
  sire <- rep(paste0("s", 1:12), each = 8)
  dam <- rep(paste0("d", 1:16), 6)
  id <- sprintf("a%02d", 1:96)
  animals <- pedigree(id, sire, dam)
  A <- additive_relationship(id, sire, dam)
  data <- data.frame(id = rep(id, each = 2), dam = rep(dam, each = 2), x = rnorm(192))
  data$pe <- data$id
  data$w <- runif(192, 0.5, 2)
  a <- drop(t(chol(A)) %*% rnorm(nrow(A)))
  names(a) <- rownames(A)
  slope <- drop(t(chol(A)) %*% rnorm(nrow(A)))
  names(slope) <- rownames(A)
  data$y <- 3 + data$x + 1.2 * a[data$id] + 0.7 * slope[data$id] * data$x +
    rnorm(16)[factor(data$dam)] + rnorm(96, sd = 0.8)[factor(data$id)] + rnorm(192) / sqrt(data$w)
  list(data = data, animals = animals, A = A)
}

# The tabular method: founders, then animals in the order given.
additive_relationship <- function(id, sire, dam) {
  founders <- setdiff(unique(c(sire, dam)), id)
  all <- c(founders, id)
  A <- diag(length(all))
  dimnames(A) <- list(all, all)
  for (k in seq_along(id)) {
    i <- length(founders) + k
    before <- seq_len(i - 1L)
    A[i, before] <- A[before, i] <- (A[sire[k], before] + A[dam[k], before]) / 2
    A[i, i] <- 1 + A[sire[k], dam[k]] / 2
  }
  A
}

# -2 log restricted likelihood of y ~ x given variances (relative columns in `parts`).
dense_criterion <- function(variances, parts, data) {
  V <- Reduce(`+`, Map(`*`, variances, parts))
  X <- cbind(1, data$x)
  inverse <- solve(V)
  M <- t(X) %*% inverse %*% X
  rest <- data$y - X %*% solve(M, t(X) %*% inverse %*% data$y)
  as.numeric(
    determinant(V)$modulus + determinant(M)$modulus + sum(rest * (inverse %*% rest)) +
      (nrow(X) - 2) * log(2 * base::pi)
  )
}

variance_parts <- function(own) {
  data <- own$data
  indicator <- function(values, levels) outer(values, levels, `==`) + 0
  Zi <- indicator(data$id, rownames(own$A))
  Zd <- indicator(data$dam, unique(data$dam))
  Zp <- indicator(data$pe, unique(data$pe))
  list(
    id = Zi %*% own$A %*% t(Zi), pe = tcrossprod(Zp), dam = tcrossprod(Zd),
    Residual = diag(1 / data$w)
  )
}

test_that("shares and their standard errors are those of the dense information", {
  own <- animal_data()
  fit <- lmm(y ~ x + (1 | id) + (1 | pe) + (1 | dam), own$data, weights = w,
    relationship = list(id = own$animals)
  )
  expect_false(is_singular(fit))
  parts <- variance_parts(own)
  result <- heritability(fit, method = "Wald")
  components <- as.data.frame(VarCorr(fit))
  variances <- stats::setNames(components$vcov, components$grp)
  parts <- parts[names(variances)]
  expect_equal(dense_criterion(variances, parts, own$data), fit$criterion, tolerance = 1e-10)
  expect_identical(result$grp, names(variances))
  expect_identical(result$related, names(variances) == "id")
  expect_equal(result$estimate, unname(variances / sum(variances)), tolerance = 1e-10)
  # the delta method by hand: 2 H^-1, and d (v_i / P) / d v_j = (1[i = j] - h_i) / P
  H <- optimHess(variances, dense_criterion, parts = parts, data = own$data,
    control = list(ndeps = rep(1e-4, 4))
  )
  J <- (diag(4) - result$estimate) / sum(variances)
  expected <- J %*% (2 * solve(H)) %*% t(J)
  # second differences of values of 500 with steps of 1e-4
  expect_equal(unname(vcov(result)), expected, tolerance = 1e-3)
  expect_equal(result$se, sqrt(diag(expected)), tolerance = 1e-3)
  logit <- log(result$estimate / (1 - result$estimate))
  width <- 1.959963985 * result$se / (result$estimate * (1 - result$estimate))
  expect_equal(result$lower, 1 / (1 + exp(width - logit)), tolerance = 1e-8)
  expect_equal(result$upper, 1 / (1 + exp(-width - logit)), tolerance = 1e-8)
})

test_that("profile limits are where the dense criterion, minimized given the share, has risen", {
  own <- animal_data()
  fit <- lmm(y ~ x + (1 | id) + (1 | dam), own$data, weights = w,
    relationship = list(id = own$animals)
  )
  parts <- variance_parts(own)[c("id", "dam", "Residual")]
  result <- heritability(fit, level = 0.9)
  expect_identical(result$method, c("profile", "profile", "Wald"))
  rise <- function(share, which) {
    given <- function(log_others) {
      others <- exp(log_others)
      variances <- append(others, share / (1 - share) * sum(others), which - 1L)
      dense_criterion(variances, parts[c("id", "dam", "Residual")], own$data)
    }
    start <- log(as.data.frame(VarCorr(fit))$vcov)
    names(start) <- as.data.frame(VarCorr(fit))$grp
    start <- start[c("id", "dam", "Residual")][-which]
    optim(start, given, method = "BFGS", control = list(reltol = 1e-14))$value - fit$criterion
  }
  cutoff <- qnorm(0.95)^2
  id <- which(result$grp == "id")
  expect_equal(rise(result$upper[id], 1L), cutoff, tolerance = 1e-5)
  expect_gt(result$lower[id], 0)
  expect_equal(rise(result$lower[id], 1L), cutoff, tolerance = 1e-5)
  dam <- which(result$grp == "dam")
  expect_equal(rise(result$upper[dam], 2L), cutoff, tolerance = 1e-5)
  if (result$lower[dam] == 0) {
    expect_lt(rise(1e-9, 2L), cutoff)
  } else {
    expect_equal(rise(result$lower[dam], 2L), cutoff, tolerance = 1e-5)
  }
})

test_that("with one term the residual's limits are the rest, and ML fits have profiles as well", {
  own <- animal_data()
  fit <- lmm(y ~ x + (1 | id), own$data, REML = FALSE, relationship = list(id = own$animals))
  result <- heritability(fit)
  expect_identical(result$method, c("profile", "profile"))
  expect_equal(result$lower[2L], 1 - result$upper[1L])
  expect_equal(result$upper[2L], 1 - result$lower[1L])
  # of one term the share is a function of theta alone
  at <- function(share) deviance_function(fit)(sqrt(share / (1 - share)), gradient = FALSE)
  expect_equal(at(result$lower[1L]) - fit$criterion, qnorm(0.975)^2, tolerance = 1e-6)
  expect_equal(at(result$upper[1L]) - fit$criterion, qnorm(0.975)^2, tolerance = 1e-6)
})

test_that("random regression has a heritability at each value of the covariate", {
  own <- animal_data()
  fit <- lmm(y ~ x + (x | id) + (1 | dam), own$data, relationship = list(id = own$animals))
  at <- data.frame(x = c(-1, 0.5))
  result <- heritability(fit, at = at)
  expect_identical(names(result)[1:3], c("x", "grp", "related"))
  expect_identical(result$x, rep(at$x, each = 3))
  G <- VarCorr(fit)$id
  dam <- VarCorr(fit)$dam[1]
  of <- function(x, G, dam, s2) {
    v <- G[1, 1] + 2 * x * G[1, 2] + x^2 * G[2, 2]
    v / (v + dam + s2)
  }
  expected <- vapply(at$x, of, 0, G = G, dam = dam, s2 = sigma(fit)^2)
  expect_equal(result$estimate[result$grp == "id"], expected, tolerance = 1e-10)
  expect_equal(as.vector(tapply(result$estimate, result$x, sum)), c(1, 1))
  # the delta method from the covariance of variances and covariances
  components <- variance_components(fit, scale = "variance")
  value <- function(v, x) {
    v <- stats::setNames(v, paste(components$grp, components$var1, components$var2))
    of(x, matrix(v[c(
      "id (Intercept) NA", "id (Intercept) x", "id (Intercept) x", "id x NA"
    )], 2), v["dam (Intercept) NA"], v["Residual NA NA"])
  }
  for (i in 1:2) {
    gradient <- vapply(seq_len(nrow(components)), function(j) {
      step <- 1e-5 * (seq_len(nrow(components)) == j)
      (value(components$estimate + step, at$x[i]) - value(components$estimate - step, at$x[i])) /
        2e-5
    }, 0)
    expected <- sqrt(drop(gradient %*% vcov(components) %*% gradient))
    expect_equal(result$se[result$grp == "id"][i], expected, tolerance = 1e-6)
  }
  expect_identical(unique(result$method[result$grp == "id"]), "Wald")
  expect_identical(unique(result$method[result$grp == "dam"]), "profile")
  error <- expect_error(heritability(fit), class = "henderson_error_argument")
  expect_match(conditionMessage(error), "depends on `x`", fixed = TRUE)
  expect_error(heritability(fit, at = data.frame(z = 1)), class = "henderson_error_newdata")
  expect_error(heritability(fit, at = 1:3), class = "henderson_error_argument")
})

test_that("a variance of zero is a share of zero without standard error, with an upper limit", {
  own <- animal_data()
  set.seed(11)
  data <- own$data
  fits <- lapply(1:20, function(k) {
    suppressMessages(lmm(y ~ x + (1 | id) + (1 | pe), transform(data, y = x + rnorm(192)),
      relationship = list(id = own$animals)
    ))
  })
  fit <- Find(function(fit) any(fit$theta == 0) && any(fit$theta > 0.1), fits)
  expect_message(result <- heritability(fit), class = "henderson_message_singular")
  zero <- which(fit$theta == 0)
  expect_identical(result$estimate[zero], 0)
  expect_identical(result$se[zero], NA_real_)
  expect_identical(result$lower[zero], 0)
  expect_gt(result$upper[zero], 0)
  expect_gt(result$se[-zero][1L], 0)
  # what is left is a model of one term
  without <- lmm(y ~ x + (1 | g), transform(model.frame(fit), g = if (zero == 1L) pe else id),
    relationship = if (names(fit$theta)[-zero] == "id.(Intercept)") list(g = own$animals)
  )
  expect_equal(result$se[3L], heritability(without, method = "Wald")$se[2L], tolerance = 1e-4)
})

test_that("shares do not depend on units, and print with what they are", {
  own <- animal_data()
  fit <- lmm(y ~ x + (1 | id) + (1 | dam), own$data, relationship = list(id = own$animals))
  scaled <- lmm(y ~ x + (1 | id) + (1 | dam), transform(own$data, y = 1e3 * y),
    relationship = list(id = own$animals)
  )
  expect_equal(as.data.frame(heritability(scaled)), as.data.frame(heritability(fit)),
    tolerance = 1e-6
  )
  shown <- capture.output(print(heritability(fit)))
  expect_match(shown[1L], "Shares of variance, with 95 % limits", fixed = TRUE)
  expect_match(shown, "id +related +0[.][0-9]{4}", all = FALSE)
  expect_match(shown, "limits of Residual are Wald's", all = FALSE, fixed = TRUE)
  expect_s3_class(heritability(fit)[1, ], "data.frame")
  expect_error(heritability(fit, levels = 0.9), class = "henderson_error_argument")
  held <- lmm(y ~ x + (1 | id) + (1 | dam), own$data, relationship = list(id = own$animals),
    control = lmm_control(fix = c("sd_(Intercept)|dam" = 0.6))
  )
  expect_identical(unique(heritability(held)$method), "Wald")
})

test_that("a half-sib design has the textbook's heritability", {
  # balanced: the sires' variance is (MSB - MSW) / k, and with no relationship but the sire's
  # h^2 = 4 t, t the intraclass correlation (Falconer and Mackay 1996, chapter 10)
  set.seed(2)
  data <- data.frame(sire = rep(1:25, each = 8))
  data$y <- rnorm(200) + rep(rnorm(25, sd = 0.4), each = 8)
  data$id <- seq_len(200)
  mean_squares <- anova(lm(y ~ factor(sire), data))$`Mean Sq`
  t <- (mean_squares[1L] - mean_squares[2L]) / (mean_squares[1L] + 7 * mean_squares[2L])
  animals <- pedigree(data$id, sire = paste0("s", data$sire), dam = rep(NA, 200))
  fit <- lmm(y ~ 1 + (1 | id), data, relationship = list(id = animals))
  expect_equal(heritability(fit)$estimate[1L], 4 * t, tolerance = 1e-6)
})

test_that("milk of pedigreemm: the share of the dense criterion's minimum", {
  need_peer("pedigreemm")
  from <- new.env()
  utils::data("milk", "pedCows", package = "pedigreemm", envir = from)
  Q <- pedigreemm::getAInv(from$pedCows)
  rownames(Q) <- from$pedCows@label
  fit <- lmm(milk ~ lact + log(dim) + (1 | id) + (1 | herd), from$milk,
    relationship = list(id = precision(Q))
  )
  result <- heritability(fit, method = "Wald")
  components <- variance_components(fit, scale = "variance")
  v <- components$estimate
  J <- (diag(3) - v / sum(v)) / sum(v)
  expect_equal(result$se, sqrt(diag(J %*% vcov(components) %*% t(J))), tolerance = 1e-6)
})
