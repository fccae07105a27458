# The table of residual structures.

test_that("each row has labels and estimates of its correlations, as many as the core's", {
  for (name in names(residual_structures)) {
    row <- residual_row(name)
    visits <- c("a", "b", "c")
    core <- list(
      name = name, visits = 3L, arms = 1L, log_deviations = matrix(0, 1L, 0L), group = rep(1L, 3L),
      position = as.double(1:3), stratum = rep(1L, 3L), arm = rep(1L, 3L)
    )
    labels <- row$labels(visits)
    phi <- seq(0.1, 0.3, length.out = length(labels))
    C <- residual_covariance_cpp(core, phi)
    expect_equal(diag(C), rep(1, 3L))
    correlation <- function(position) {
      core[c("group", "stratum", "arm")] <- list(rep(1L, length(position)))
      core$position <- as.double(position)
      residual_covariance_cpp(core, phi)
    }
    values <- row$estimates(correlation, 3L, 1)
    expect_length(values, length(labels))
    if (!is.null(row$pairs)) expect_equal(values, C[row$pairs(3L)])
  }
  expect_identical(residual_row("us")$labels(c("a", "b", "c")), c("b.a", "c.a", "c.b"))
  expect_identical(residual_row("ad")$labels(c("a", "b", "c")), c("b.a", "c.b"))
})
