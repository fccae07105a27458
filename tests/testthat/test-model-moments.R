# What methods read off cross-products, against the same from the rows; and that no rows are read.

moment_data <- local({
  set.seed(7)
  n <- 300
  d <- data.frame(
    g = factor(sample(20, n, TRUE)), h = factor(sample(8, n, TRUE)),
    f = factor(sample(letters[1:3], n, TRUE)), x = rnorm(n, 5), w = runif(n, 0.5, 2),
    o = rnorm(n)
  )
  d$xx <- 2 * d$x
  d$w[1:20] <- 0
  d$y <- 1 + d$x + as.integer(d$f) + rnorm(20)[d$g] + rnorm(20, 0, 0.5)[d$g] * d$x +
    rnorm(8)[d$h] + rnorm(n)
  d$z <- d$x
  d$z[c(3, 50)] <- NA
  d
})

moment_fits <- local({
  quiet <- function(...) suppressMessages(lmm(..., data = moment_data))
  list(
    slopes = quiet(y ~ x + f + (x | g) + (1 | h)),
    weighted = quiet(y ~ x * f + (x || g) + (1 | h), weights = w),
    offset = quiet(y ~ x + offset(o) + (1 | g)),
    deficient = quiet(y ~ x + xx + f + (f | h)),
    excluded = quiet(y ~ z + (z | g), na.action = na.exclude),
    no_intercept = quiet(y ~ 0 + f + x + (1 | g)),
    through_zero = quiet(y ~ 0 + x + (0 + x | g)),
    no_fixed = quiet(y ~ 0 + (1 | g)),
    aliased = quiet(y ~ g + x + (1 | g) + (1 | h)),
    one_factor = quiet(y ~ x + (1 | g) + (0 + x | g) + (1 | h))
  )
})

rows_of <- function(fit) {
  used <- (fit$weights %||% rep(1, length(fit$y))) > 0
  list(
    used = used, root = sqrt((fit$weights %||% rep(1, length(used)))[used]),
    X = fixed_matrix(fit)[used, , drop = FALSE],
    terms = lapply(fit_random_terms(fit), function(term) {
      z <- term$z %||% matrix(1, length(used))
      list(z = z[used, , drop = FALSE], level = term$level[used])
    })
  )
}

test_that("triangles and coordinates are those of a QR decomposition of the rows", {
  for (name in setdiff(names(moment_fits), "no_fixed")) {
    fit <- moment_fits[[name]]
    rows <- rows_of(fit)
    R <- fixed_triangle(moments_of(fit))
    expect_equal(crossprod(R), unname(crossprod(rows$X * rows$root)),
      tolerance = 1e-12, info = name, ignore_attr = TRUE
    )
    expect_equal(R[lower.tri(R)], numeric(sum(lower.tri(R))), tolerance = 1e-12, info = name)
    basis <- qr.Q(qr(rows$X * rows$root))
    for (t in seq_along(fit$random)) {
      own <- raw_term_moments(fit, moments_of(fit), t)
      term <- rows$terms[[t]]
      z <- term$z * rows$root
      for (c in seq_len(ncol(z))) {
        along <- fixed_coordinates(moments_of(fit), matrix(own$zx[, c, ], ncol(rows$X)))
        expect_equal(colSums(along^2), rowSums(rowsum(z[, c] * basis, term$level)^2),
          tolerance = 1e-10, ignore_attr = TRUE, info = name
        )
        expect_equal(own$zz[c, c, ], as.vector(rowsum(z[, c]^2, term$level)), tolerance = 1e-12)
      }
    }
  }
})

test_that("nearly collinear columns get no triangle from cross-products, but one from the rows", {
  d <- moment_data
  d$near <- d$x + 1e-5 * rnorm(nrow(d))
  fit <- suppressMessages(lmm(y ~ x + near + (1 | g), d))
  expect_null(fixed_triangle(moments_of(fit)))
  X <- fixed_matrix(fit)
  expect_equal(rows_triangle(fit), qr.R(qr(X, tol = 0)), ignore_attr = TRUE)
  expect_equal(fixed_only(fit), fixed_only_by_rows(fit))
})

test_that("means over the rows and the model without random terms are those of the rows", {
  for (name in names(moment_fits)) {
    fit <- moment_fits[[name]]
    expect_equal(row_means(fit), means_of_rows(fit),
      tolerance = 1e-11, ignore_attr = TRUE, info = name
    )
    expect_equal(fixed_only(fit), fixed_only_by_rows(fit), tolerance = 1e-11, info = name)
  }
})

test_that("columns that fixed effects reproduce are found", {
  expect_identical(aliased_columns(moment_fits$aliased), list(TRUE, FALSE))
  expect_identical(aliased_columns(moment_fits$slopes), list(c(FALSE, FALSE), FALSE))
  fit <- suppressMessages(lmm(y ~ h * x + (x | h) + (1 | g), moment_data))
  expect_identical(aliased_columns(fit), list(FALSE, c(TRUE, TRUE)))
})

# ---- no rows are read ----

# The fit without anything of the length of the data but results.
without_rows <- function(fit) {
  fit$frame <- fit$X <- NULL
  fit
}

test_that("summaries, tests and predictions work without the rows", {
  new <- moment_data[1:3, ]
  methods <- list(
    summary = function(fit) summary(fit)$coefficients,
    kenward_roger = function(fit) contrast_test(fit, ddf = "Kenward-Roger"),
    vcov = vcov,
    components = function(fit) suppressMessages(variance_components(fit)),
    predict = function(fit) predict(fit, new, se.fit = TRUE),
    deviance = function(fit) deviance_function(fit)(fit$theta + 0.1),
    correlation = intraclass_correlation, reliability = function(fit) reliability(fit, "estimated"),
    pca = random_pca, emmeans = function(fit) fixed_triangle(moments_of(fit)),
    type_1 = function(fit) anova(fit, type = "I"), type_2 = function(fit) anova(fit, type = "II")
  )
  for (name in c("slopes", "offset", "excluded", "no_intercept", "one_factor")) {
    for (method in names(methods)) {
      fit <- moment_fits[[name]]
      fit$cache <- new_cache(fit$cache$cross_products)
      bare <- without_rows(fit)
      bare$cache <- new_cache(fit$cache$cross_products)
      expect_equal(methods[[method]](bare), methods[[method]](fit), info = paste(name, method))
    }
  }
})

test_that("large cross-products are built once, and are not saved with the fit", {
  fit <- moment_fits$slopes
  kept <- fit$cache$cross_products
  fit$cache <- new_cache(NULL)
  built <- moments_of(fit)
  expect_equal(built, kept, tolerance = 1e-12)
  expect_true(rlang::is_weakref(fit$cache$cross_products))
  # now there are no rows to build them from
  expect_identical(moments_of(without_rows(fit)), built)
  again <- unserialize(serialize(fit, NULL))
  expect_null(rlang::wref_value(again$cache$cross_products))
  expect_equal(summary(again)$coefficients, summary(moment_fits$slopes)$coefficients)
  expect_error(moments_of(without_rows(unserialize(serialize(fit, NULL)))),
    class = "henderson_error_data"
  )
})

test_that("cross-products are kept below a megabyte or an eighth of the data", {
  expect_null(lmm(y ~ x + (1 | g), moment_data,
    control = lmm_control(keep = "X")
  )$cache$cross_products)
  # crossed factors of 700 levels meet in 2e4 places: pairs of 12 bytes, columns of 16 in the frame
  set.seed(2)
  d <- data.frame(a = factor(sample(700, 4e4, TRUE)), b = factor(sample(600, 4e4, TRUE)))
  d$y <- rnorm(700)[d$a] + rnorm(600)[d$b] + rnorm(4e4)
  d$u <- rnorm(4e4)
  large <- suppressMessages(lmm(y ~ u + (u | a) + (u | b), d))
  expect_null(large$cache$cross_products)
  design <- fit_design_again(large)
  expect_gt(
    as.numeric(object.size(moments_of(large))),
    kept_bytes(design, large$X, large$frame, large$control)
  )
})

test_that("levels are put back in the user's order in what is kept", {
  set.seed(3)
  outer <- sample(900, 5000, TRUE)
  d <- data.frame(inner = factor(rep(seq_len(5000), 4)), outer = factor(rep(outer, 4)))
  d$x <- rnorm(2e4)
  d$y <- rnorm(5000)[d$inner] + rnorm(900)[d$outer] + rnorm(2e4)
  fit <- suppressMessages(lmm(y ~ x + (1 | inner) + (1 | outer), d))
  kept <- fit$cache$cross_products
  expect_false(is.null(kept))
  fit$cache <- new_cache(NULL)
  expect_identical(moments_of(fit), kept)
})

test_that("cross-products in a format of another version are computed from the rows again", {
  fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
  kept <- moments_of(fit)
  old <- fit
  old$cache <- new_cache(replace(kept, "format_version", 1L))
  expect_equal(moments_of(old), kept, tolerance = 1e-12)
  expect_equal(summary(old)$coefficients, summary(fit)$coefficients, tolerance = 1e-10)
})
