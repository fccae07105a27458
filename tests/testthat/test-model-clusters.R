test_that("the clusters are the levels of the factor in which all are nested", {
  pastes <- lmm(Y ~ 1 + (1 | B / V), MASS::oats)
  clusters <- independent_clusters(pastes)
  expect_identical(clusters$name, "B")
  expect_identical(clusters$labels[clusters$code], as.character(MASS::oats$B))
  # also where it is no part of the names, and has random effects of its own in a later term
  d <- transform(MASS::oats, plot = as.integer(interaction(B, V)))
  apart <- lmm(Y ~ N + (1 | plot) + (1 | B), d)
  expect_identical(independent_clusters(apart)$code, clusters$code)
})

test_that("clusters are given by names and by values", {
  fit <- lmm(Y ~ N + (1 | B:V), MASS::oats)
  of <- function(cluster) independent_clusters(fit, cluster)
  expect_identical(of(NULL)$name, "B:V")
  expect_identical(of("B")$labels, levels(MASS::oats$B))
  expect_error(of("block"), "must name", class = "henderson_error_argument")
  fit <- lmm(Y ~ N + V + (1 | B), MASS::oats)
  expect_identical(of("B")$code, of(MASS::oats$B)$code)
  halves <- MASS::oats$B %in% c("I", "II")
  expect_identical(of(halves)$labels, c("FALSE", "TRUE"))
  expect_null(of(halves)$name)
  fit <- lmm(Y ~ B + V + (1 | B:V), MASS::oats)
  expect_identical(of(c("B", "V"))$code, of("B:V")$code)
  expect_identical(of(c("B", "V"))$name, "B:V")
})

test_that("rows without weight or with missing values are in no cluster", {
  d <- MASS::oats
  d$Y[5] <- NA
  fit <- lmm(Y ~ N + (1 | B), d, weights = rep(c(1, 0, 1), 24), na.action = na.exclude)
  clusters <- independent_clusters(fit)
  expect_identical(is.na(clusters$code), fit$weights == 0)
  expect_identical(independent_clusters(fit, d$B)$code, clusters$code)
  expect_identical(independent_clusters(fit, d$B[-5])$code, clusters$code)
})

test_that("clusters that the model correlates, or that are none, are errors", {
  crossed <- lmm(yield ~ 1 + (1 | gen) + (1 | block), durban.splitplot)
  expect_error(vcov(crossed, type = "CR1"), "not nested", class = "henderson_error_argument")
  expect_error(vcov(crossed, type = "CR1", cluster = "block"), "of `gen` is in several",
    class = "henderson_error_argument"
  )
  fit <- lmm(Y ~ N + (1 | B / V), MASS::oats)
  fails <- function(cluster, message) {
    expect_error(vcov(fit, type = "CR2", cluster = cluster), message,
      class = "henderson_error_argument"
    )
  }
  fails("N", "\"B\" is in|of `V:B` is in|of `B` is in")
  fails("b", "must name")
  fails(1:3, "72 values")
  fails(list("B"), "one or more names")
  fails(rep(c(NA, 1), 36), "missing in 36 rows")
  fails(rep(1, 72), "two clusters")
  expect_error(vcov(fit, cluster = "B"), "is for", class = "henderson_error_argument")
  expect_error(vcov(fit, type = "CR3"), "Did you mean", class = "henderson_error_argument")
  small <- lmm(Y ~ N + (1 | B), MASS::oats, control = lmm_control(keep = character(0)))
  expect_error(vcov(small, type = "CR0"), "model frame", class = "henderson_error_data")
})

test_that("scores of clusters are derivatives of the log-likelihood", {
  d <- transform(MASS::oats, w = rep(c(1, 2, 3), 24))
  fit <- lmm(Y ~ N + (1 | B / V), d, weights = w)
  scores <- cluster_scores(fit, independent_clusters(fit))
  expect_equal(unname(colSums(scores)), rep(0, 4), tolerance = 1e-8)
  X <- component(fit, "X")
  ZL <- as.matrix(component(fit, "Z") %*% component(fit, "Lambda"))
  V <- tcrossprod(ZL) + diag(1 / d$w)
  residual <- d$Y - X %*% fixef(fit)
  own <- which(d$B == "II")
  expect_equal(scores["II", ], drop(t(X[own, ]) %*% solve(V[own, own], residual[own])),
    tolerance = 1e-8
  )
})
