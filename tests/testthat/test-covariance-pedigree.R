# A by the tabular method, animals after their parents (0: unknown).
tabular <- function(sire, dam) {
  n <- length(sire)
  A <- matrix(0, n + 1, n + 1) # unknown parents first
  for (i in seq_len(n)) {
    own <- c(sire[i], dam[i]) + 1
    before <- seq_len(i)
    A[i + 1, before] <- A[before, i + 1] <- (A[own[1], before] + A[own[2], before]) / 2
    A[i + 1, i + 1] <- 1 + A[own[1], own[2]] / 2
  }
  A[-1, -1]
}

test_that("a pedigree gives the inverse of the tabular relationship matrix", {
  sire <- c(0, 0, 1, 1, 4, 5)
  dam <- c(0, 0, 2, 0, 3, 2)
  found <- as.matrix(solve(pedigree(1:6, sire, dam)$matrix))[as.character(1:6), as.character(1:6)]
  expect_equal(unname(found), tabular(sire, dam), tolerance = 1e-12)
  # by hand: the parents of 5 are half sibs, those of 6 related by 1/4
  expect_equal(unname(diag(found)), c(1, 1, 1, 1, 1.125, 1.125))

  set.seed(5)
  n <- 60
  sire <- c(0, 0, 0, vapply(4:n, function(i) sample(0:(i - 1), 1), 0))
  dam <- c(0, 0, 0, vapply(4:n, function(i) sample(0:(i - 1), 1), 0)) # selfing, too
  expect_true(any(sire == dam & sire > 0))
  A <- tabular(sire, dam)
  names <- sprintf("n%02d", 1:n)
  of <- function(x) c(NA, names)[x + 1]
  mixed <- sample(n)
  Q <- pedigree(names[mixed], of(sire)[mixed], factor(of(dam)[mixed]))$matrix
  expect_equal(unname(as.matrix(solve(Q))[names, names]), A, tolerance = 1e-10)
})

test_that("parents that are no animals are founders, loops and repeated names are refused", {
  Q <- pedigree(c("x", "y"), c("s", "s"), c("d", ""))$matrix
  expect_setequal(rownames(Q), c("s", "d", "x", "y"))
  expect_equal(as.matrix(solve(Q))["x", "y"], 0.25)
  large <- pedigree(99999:100002, c(NA, NA, 1e5, 1e5), c(NA, NA, 99999, 99999))$matrix
  expect_identical(rownames(large), as.character(99999:100002))
  loop <- expect_error(
    pedigree(c("a", "b", "c"), c("b", "c", "a"), NA[1:3]), class = "henderson_error_relationship"
  )
  expect_setequal(loop$observed, c("a", "b", "c"))
  own <- expect_error(pedigree("a", "a", NA), class = "henderson_error_relationship")
  expect_identical(own$observed, "a")
  expect_error(pedigree(c("a", "a"), NA[1:2], NA[1:2]), class = "henderson_error_relationship")
  expect_error(pedigree(c("a", "b"), NA, NA[1:2]), class = "henderson_error_relationship")
})

test_that("a fit takes a pedigree, animals as numbers or names", {
  set.seed(8)
  n <- 30
  sire <- c(rep(0, 6), sample(1:3, 24, TRUE))
  dam <- c(rep(0, 6), sample(4:6, 24, TRUE))
  data <- data.frame(id = rep(7:30, 3), x = rnorm(72))
  A <- tabular(sire, dam)
  data$y <- drop(t(chol(A)) %*% rnorm(n))[data$id] + rnorm(72)
  fit <- lmm(y ~ x + (1 | id), data, relationship = list(id = pedigree(1:n, sire, dam)))
  dimnames(A) <- list(1:n, 1:n)
  dense <- lmm(y ~ x + (1 | id), data, relationship = list(id = A))
  expect_equal(fit$criterion, dense$criterion, tolerance = 1e-10)
  expect_equal(
    ranef(fit)$id[as.character(1:n), 1], ranef(dense)$id[as.character(1:n), 1], tolerance = 1e-5
  )
})

test_that("coefficients of inbreeding are those of textbooks, with all digits where all is fixed", {
  # brother and sister mated: F of Wright's recursion F'' = (1 + 2 F' + F) / 4
  generations <- 30
  sire <- c(0, 0, rep(seq(1, by = 2, length.out = generations), each = 2))
  dam <- c(0, 0, rep(seq(2, by = 2, length.out = generations), each = 2))
  wright <- numeric(generations + 1)
  for (t in 3:(generations + 1)) wright[t] <- (1 + 2 * wright[t - 1] + wright[t - 2]) / 4
  found <- inbreeding(pedigree(seq_along(sire), sire, dam))
  expect_equal(unname(found[seq(1, by = 2, length.out = generations + 1)]), wright,
    tolerance = 1e-14
  )

  # selfing: half of what is left is lost in each generation, 1 - F = 2^-t exactly
  selfed <- pedigree_cpp(0:60, 0:60)
  expect_identical(selfed$panmictic, 2^-(0:60))
  expect_identical(selfed$variance, c(1, 2^-(1:60)))
  # log|A|; entries of A^-1 are up to 2^21 and have that much less of their smallest sums
  line <- pedigree(1:21, 0:20, 0:20)
  expect_equal(-as.numeric(Matrix::determinant(line$matrix)$modulus),
    sum(log(selfed$variance[1:21])), tolerance = 2^21 * .Machine$double.eps
  )
  # a fit refuses animals that are copies to all digits, with words
  data <- data.frame(id = rep(1:81, 2), y = rep(1:9, 18) + 0)
  expect_error(
    lmm(y ~ 1 + (1 | id), data, relationship = list(id = pedigree(1:81, 0:80, 0:80))),
    "copies of each other", class = "henderson_error_relationship"
  )
  expect_error(inbreeding(diag(2)), class = "henderson_error_relationship")
})

test_that("a deep pedigree is the tabular one, whichever parents are fewer", {
  set.seed(11)
  born <- function(parents, n) {
    cbind(sire = sample(parents[1:2], n, TRUE), dam = sample(parents[-(1:2)], n, TRUE))
  }
  rows <- cbind(sire = rep(0, 6), dam = rep(0, 6))
  for (generation in 1:12) {
    last <- tail(seq_len(nrow(rows)), 6)
    rows <- rbind(rows, born(last, 6))
  }
  A <- tabular(rows[, "sire"], rows[, "dam"])
  for (swap in c(FALSE, TRUE)) {
    columns <- if (swap) c("dam", "sire") else c("sire", "dam")
    own <- pedigree(seq_len(nrow(rows)), rows[, columns[1]], rows[, columns[2]])
    expect_equal(unname(inbreeding(own)), diag(A) - 1, tolerance = 1e-13)
    expect_equal(unname(as.matrix(solve(own$matrix))), A, tolerance = 1e-9)
  }
})

test_that("sexes are held against the parents", {
  id <- c("a", "b", "c")
  ok <- pedigree(id, c(NA, NA, "a"), c(NA, NA, "b"), sex = c("M", "female", NA))
  expect_identical(ok$matrix, pedigree(id, c(NA, NA, "a"), c(NA, NA, "b"))$matrix)
  expect_refused(bad_calls(
    "relationship", "sire", "names what `sex` calls female: \"a\"",
    pedigree(id, c(NA, NA, "a"), c(NA, NA, "b"), sex = c(2, 2, 0)),
    "relationship", "dam", "names what `sex` calls male: \"b\"",
    pedigree(id, c(NA, NA, "a"), c(NA, NA, "b"), sex = c(1, 1, 0)),
    "relationship", "sex", "not \"bull\" and \"cow\"",
    pedigree(id, c(NA, NA, "a"), c(NA, NA, "b"), sex = c("bull", "cow", NA)),
    "relationship", "sex", "has 1 element; `id` has 3",
    pedigree(id, c(NA, NA, "a"), c(NA, NA, "b"), sex = 1)
  ))
})
