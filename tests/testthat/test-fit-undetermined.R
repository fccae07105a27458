# What the data do not determine. Right values: the model without the term or column that repeats
# another, lm(), and the null space of tr(P V_i P V_j) from dense matrices.

crossed_rows <- function(seed = 1) {
  withr::with_seed(seed, {
    data <- expand.grid(i = 1:5, g = factor(1:8))
    data$x <- rnorm(40)
    data$u <- rnorm(40)
    data$y <- rnorm(8)[data$g] + rnorm(8)[data$g] * data$x + rnorm(40)
    data
  })
}

quiet <- function(formula, data, ...) {
  control <- lmm_control(check_nobs_vs_nlev = "ignore", check_nobs_vs_nre = "ignore")
  suppressMessages(lmm(formula, data, control = control, ...))
}

# Dimension of the directions without information, and whether those of the fit are among them.
dense_directions <- function(fit) {
  Z <- lapply(henderson:::fit_random_terms(fit), function(term) {
    z <- term$z
    if (is.null(z)) z <- matrix(1, length(term$level), 1L)
    index <- Matrix::sparseMatrix(seq_along(term$level), term$level, x = 1)
    lapply(seq_len(ncol(z)), function(c) as.matrix(index * z[, c]))
  })
  V <- list()
  for (t in seq_along(fit$random)) {
    at <- henderson:::lambda_entries(fit$random[[t]])
    for (i in seq_along(at$row)) {
      part <- Z[[t]][[at$row[i]]] %*% t(Z[[t]][[at$column[i]]])
      V <- c(V, list(if (at$row[i] == at$column[i]) part else part + t(part)))
    }
  }
  n <- length(fit$y)
  weights <- if (is.null(fit$weights)) rep(1, n) else fit$weights
  V <- c(V, list(diag(1 / weights)))
  P <- diag(n)
  if (fit$REML && length(fit$beta) > 0L) {
    P <- P - tcrossprod(qr.Q(qr(as.matrix(fit$X %||% henderson:::fixed_matrix(fit)))))
  }
  flat <- vapply(V, function(part) as.vector(P %*% part %*% P), numeric(n^2))
  sizes <- sqrt(colSums(vapply(V, as.vector, numeric(n^2))^2))
  flat <- sweep(flat, 2L, ifelse(sizes > 0, sizes, 1), "/")
  values <- svd(flat, 0L, 0L)$d
  found <- fit$undetermined
  left <- if (is.null(found)) 0 else {
    natural <- sweep(found$directions, 2L, found$sizes, "/")
    scaled <- sweep(natural, 2L, ifelse(sizes > 0, sizes, 1), "*")
    scaled <- scaled / apply(abs(scaled), 1L, max)
    max(abs(flat %*% t(scaled)))
  }
  list(count = sum(values < 1e-7 * values[1L]), left = left)
}

test_that("the directions without information are those of dense matrices", {
  data <- crossed_rows()
  data <- transform(data,
    x2 = 2 * x, five = 5, tenth = 5.1, zero = 0, h = factor(rep_len(1:5, 40)), o = factor(1:40),
    k = factor(paste0("z", g)), s = factor(ifelse(as.integer(g) > 4, "m", "f")), w = seq_len(40)
  )
  formulas <- list(
    y ~ x + (x | g), y ~ x + (x || g) + (1 | h), y ~ 1 + (1 | g) + (0 + x | k),
    y ~ g + (1 | g), y ~ g + (x | g), y ~ g * x + (x | g) + (1 | h), y ~ 0 + (five | g),
    y ~ 1 + (tenth | g), y ~ 1 + (x + x2 | g), y ~ 1 + (zero | g), y ~ 1 + (1 | g) + (1 | k),
    y ~ x + (x | g) + (x2 | k), y ~ x + (1 + x | g) + (1 + u | g), y ~ 1 + (s | g),
    y ~ 1 + (0 + s | g), y ~ 1 + (1 | g) + (1 | h) + (1 | g:h), y ~ x + (x | g) + (1 | o),
    y ~ 1 + (1 | g / k) + (1 | k / g), y ~ 1 + (1 | g) + (1 | k) + (1 | factor(g)),
    y ~ h + (1 | h) + (1 | o), y ~ 1 + (x | g) + (0 + s | g)
  )
  for (formula in formulas) {
    for (REML in c(TRUE, FALSE)) {
      fit <- quiet(formula, data, REML = REML)
      dense <- dense_directions(fit)
      label <- paste(deparse(formula), REML)
      found <- if (is.null(fit$undetermined)) 0L else nrow(fit$undetermined$directions)
      expect_identical(found, dense$count, label = label)
      expect_lt(dense$left, 1e-6)
    }
  }
  # with weights a level for each row is not the residual
  fit <- quiet(y ~ 1 + (1 | o), data, weights = w)
  expect_null(fit$undetermined)
  expect_identical(dense_directions(fit)$count, 0L)
  # with weight zero the rest of a level does not count
  data$half <- as.numeric(data$i == 1)
  fit <- quiet(y ~ 1 + (1 | g), data, weights = half)
  expect_identical(fit$undetermined$groups[[1]]$reason, "residual")
})

test_that("large models are looked at by random vectors, with the same result", {
  data <- withr::with_seed(3, {
    data <- data.frame(a = rep(1:600, each = 4), x = rnorm(2400), b = sample(600, 2400, TRUE))
    data$y <- rnorm(600)[data$a] + rnorm(2400)
    transform(data, x2 = 3 * x, c = (b * 7) %% 1009, s = factor(a > 300), o = 1:2400)
  })
  expect_directions <- function(formula, reasons, REML = TRUE) {
    fit <- quiet(formula, data, REML = REML)
    expect_identical(vapply(fit$undetermined$groups, `[[`, "", "reason"), reasons)
    fit
  }
  for (REML in c(TRUE, FALSE)) {
    expect_null(quiet(y ~ x + (x | a) + (1 | b), data, REML = REML)$undetermined)
    fit <- expect_directions(y ~ x + (1 | a) + (1 | b) + (1 | c), "partition", REML)
    expect_equal(abs(fit$undetermined$directions[1, ]), c(0, 1, 1, 0), ignore_attr = TRUE)
    expect_directions(y ~ s + (s | a) + (1 | b), "collinear", REML)
    fit <- expect_directions(y ~ x + (1 | a) + (1 | b) + (1 | o), "residual", REML)
    expect_equal(abs(fit$undetermined$directions[1, ]), c(1, 0, 0, 1), ignore_attr = TRUE)
    fit <- expect_directions(y ~ x + (1 + x | a) + (1 + x2 | a) + (1 | b), "partition", REML)
    expect_identical(nrow(fit$undetermined$directions), 3L)
  }
})

test_that("no model of the table of real data is said to be undetermined", {
  skip_on_cran()
  for (model in real_models()) {
    data <- tryCatch(eval(model$data), error = function(e) NULL)
    if (is.null(data)) next
    arguments <- list(model$formula, data, REML = model$REML)
    arguments[c("weights", "offset")] <- model[c("weights", "offset")]
    arguments <- arguments[!vapply(arguments, is.null, TRUE)]
    fit <- suppressWarnings(suppressMessages(do.call(lmm, arguments)))
    expect_null(fit$undetermined, label = model$name)
  }
})

test_that("the message names reason and advice", {
  data <- transform(crossed_rows(), x2 = 2 * x, five = 5, zero = 0, o = factor(1:40))
  data$k <- factor(paste0("z", data$g))
  control <- lmm_control(check_nobs_vs_nlev = "ignore", check_singular = "ignore")
  said <- function(formula, pattern, ..., without = "fixed effects") {
    note <- tryCatch(lmm(formula, data, control = control), henderson_message_undetermined = identity)
    expect_s3_class(note, "henderson_message_undetermined")
    text <- gsub("\\s+", " ", conditionMessage(note))
    expect_match(text, pattern)
    expect_no_match(text, without)
  }
  said(y ~ g + (1 | g), "the fixed effects reproduce", without = "collinear")
  said(y ~ 0 + (five | g), "\\(Intercept\\) and five of \\(five \\| g\\) are collinear")
  said(y ~ x + (x + x2 | g), "columns x and x2 of .* are collinear")
  said(y ~ x + (zero | g), "zero of \\(zero \\| g\\) is zero in every row")
  said(y ~ x + (1 | o), "cannot be told apart from the residual variance")
  said(y ~ x + (1 | g) + (1 | k), "\\(1 \\| g\\) and \\(1 \\| k\\) group the rows in the same way")
  said(y ~ x + (1 | g / k), "\\(1 \\| k:g\\) and \\(1 \\| g\\) group")
})

test_that("inference is that of the model without what cannot be told apart", {
  data <- transform(crossed_rows(), o = factor(1:40))
  data$k <- factor(paste0("z", data$g))
  pairs <- list(
    list(y ~ x + (1 | g) + (1 | k), y ~ x + (1 | g)),
    list(y ~ x + (x | g) + (x | k), y ~ x + (x | g)),
    list(y ~ x + (1 + x | g) + (1 | k), y ~ x + (x | g)),
    list(y ~ x + (x | g) + (1 | o), y ~ x + (x | g))
  )
  for (pair in pairs) {
    fit <- quiet(pair[[1]], data)
    right <- quiet(pair[[2]], data)
    for (ddf in c("Satterthwaite", "expected", "Kenward-Roger")) {
      expect_equal(coef(summary(fit, ddf = ddf)), coef(summary(right, ddf = ddf)),
        tolerance = 1e-5, label = paste(deparse(pair[[1]]), ddf)
      )
      expect_equal(anova(fit, ddf = ddf)[["DenDF"]], anova(right, ddf = ddf)[["DenDF"]],
        tolerance = 1e-5
      )
    }
    expect_identical(n_parameters(fit), n_parameters(right))
    expect_equal(AIC(fit), AIC(right), tolerance = 1e-8)
    new <- transform(data[1:4, ], o = factor("new"))
    expect_equal(predict(fit, new, interval = "prediction", allow.new.levels = TRUE),
      predict(right, new, interval = "prediction"), tolerance = 1e-5
    )
  }
  # without random terms that the data tell from the residual it is lm()
  fit <- quiet(y ~ x + (1 | o), data)
  for (ddf in c("Satterthwaite", "expected", "Kenward-Roger")) {
    expect_equal(coef(summary(fit, ddf = ddf))[, -3], coef(summary(lm(y ~ x, data))),
      tolerance = 1e-8
    )
    expect_equal(coef(summary(fit, ddf = ddf))[, 3], c(38, 38), ignore_attr = TRUE)
  }
})

test_that("where fixed effects reproduce a random term the other tests are those without it", {
  data <- withr::with_seed(2, {
    data <- expand.grid(a = factor(1:3), b = factor(1:2), r = factor(1:4))
    transform(data, y = rnorm(24) + rnorm(4)[r])
  })
  fit <- quiet(y ~ a * b + (1 | r) + (1 | b), data)
  right <- lmm(y ~ a * b + (1 | r), data)
  known <- c("a2", "a3", "a2:b2", "a3:b2")
  for (ddf in c("Satterthwaite", "expected", "Kenward-Roger")) {
    own <- coef(summary(fit, ddf = ddf))
    expect_equal(own[known, ], coef(summary(right, ddf = ddf))[known, ], tolerance = 1e-6)
    expect_true(all(is.na(own[c("(Intercept)", "b2"), -1])))
    table <- anova(fit, ddf = ddf)
    expect_equal(as.matrix(table)[c("a", "a:b"), ],
      as.matrix(anova(right, ddf = ddf))[c("a", "a:b"), ], tolerance = 1e-6
    )
    expect_true(is.na(table["b", "F value"]) && is.na(table["b", "Pr(>F)"]))
    expect_match(attr(table, "heading"), "the fixed effects reproduce", all = FALSE)
  }
  expect_equal(coef(summary(fit, ddf = "Kenward-Roger"))["a2", 2:3], c(0.3983039, 15),
    tolerance = 1e-6, ignore_attr = TRUE
  )
  # nothing depends on the start
  other <- quiet(y ~ a * b + (1 | r) + (1 | b), data, start = c(1, 7))
  expect_equal(coef(summary(other)), coef(summary(fit)), tolerance = 1e-6)
  expect_identical(is.na(as.data.frame(VarCorr(fit))$vcov), c(FALSE, TRUE, FALSE))
  expect_true(is.na(suppressMessages(variance_components(fit))$estimate[2]))
  ratio <- suppressMessages(intraclass_correlation(fit))
  expect_true(all(is.na(ratio["b", ])) && !is.na(ratio["r", "variance"]))
  skip_if_not_installed("emmeans")
  pairs <- as.data.frame(graphics::pairs(emmeans::emmeans(fit, ~ a | b)))
  expected <- as.data.frame(graphics::pairs(emmeans::emmeans(right, ~ a | b)))
  expect_equal(pairs[c("estimate", "SE", "df")], expected[c("estimate", "SE", "df")],
    tolerance = 1e-6
  )
  means <- as.data.frame(suppressMessages(emmeans::emmeans(fit, ~a)))
  expect_true(all(is.na(means$SE)))
})

test_that("intervals are those of lm() where a random term repeats a factor of the fixed part", {
  fit <- quiet(Reaction ~ Subject + Days + (1 | Subject), sleepstudy)
  right <- lm(Reaction ~ Subject + Days, sleepstudy)
  rows <- sleepstudy[c(1, 57, 180), ]
  expect_equal(predict(fit, rows, interval = "confidence"),
    predict(right, rows, interval = "confidence"), tolerance = 1e-6
  )
  expect_true(all(is.na(predict(fit, rows, re.form = NA, interval = "confidence")[, 2:3])))
  expect_equal(coef(summary(fit))["Days", 2:4], append(coef(summary(right))["Days", 2:3], 161, after = 1),
    tolerance = 1e-6, ignore_attr = TRUE
  )
})

test_that("terms that cannot be told apart are not tested, and their sum is reported", {
  data <- crossed_rows()
  data$k <- factor(paste0("z", data$g))
  fit <- quiet(y ~ x + (1 | g) + (1 | k), data)
  right <- lmm(y ~ x + (1 | g), data)
  tests <- expect_no_message(random_anova(fit))
  expect_true(all(is.na(unlist(tests[-1, c("Pr(>Chisq)", "p_mixture")]))))
  expect_identical(tests$Df, c(NA, 0L, 0L))
  expect_output(print(tests), "cannot be told apart", width = 200)
  expect_output(print(VarCorr(fit)), "only the sum is determined", width = 200)
  expect_output(print(fit), "only the sum is determined", width = 200)
  expect_output(print(summary(fit)), "only the sum is determined", width = 200)
  expect_output(print(anova(fit)), "only the sum is determined", width = 200)
  expect_equal(sum(as.data.frame(VarCorr(fit))$vcov), sum(as.data.frame(VarCorr(right))$vcov),
    tolerance = 1e-6
  )
  expect_message(ratio <- intraclass_correlation(fit), class = "henderson_message_undetermined")
  expect_identical(is.na(ratio$adjusted), c(TRUE, TRUE, FALSE))
  expect_equal(ratio["total", ], intraclass_correlation(right)["total", ], tolerance = 1e-6)
  expect_equal(expect_no_message(r_squared(fit)), r_squared(right), tolerance = 1e-6)
  expect_true(all(is.na(suppressMessages(reliability(fit))$reliability)))
  se <- suppressMessages(variance_components(fit))$se
  expect_identical(is.na(se), c(TRUE, TRUE, FALSE))
  expect_equal(se[3], variance_components(right)$se[2], tolerance = 1e-5)
  expect_s3_class(suppressMessages(reduce_terms(fit, reduce_fixed = FALSE)$fit), "henderson_lmm")
})

test_that("a level for each row leaves the residual variance without a standard error", {
  data <- transform(crossed_rows(), o = factor(1:40))
  fit <- quiet(y ~ x + (1 | g) + (1 | o), data)
  right <- lmm(y ~ x + (1 | g), data)
  table <- suppressMessages(variance_components(fit))
  expect_identical(is.na(table$se), c(TRUE, FALSE, TRUE))
  expect_equal(table$se[2], variance_components(right)$se[1], tolerance = 1e-5)
  tests <- random_anova(fit)
  expect_identical(is.na(tests[["p_mixture"]]), c(TRUE, FALSE, TRUE))
  ratio <- suppressMessages(intraclass_correlation(fit))
  expect_equal(ratio["g", ], intraclass_correlation(right)["g", ], tolerance = 1e-6)
  expect_true(is.na(ratio["total", "variance"]))
})

test_that("a constant column of a term is no column of its own, whatever the constant", {
  data <- crossed_rows()
  for (constant in c(5, 5.1, 1 / 3, 1e6 / 7)) {
    data$one <- constant
    fit <- quiet(y ~ x + (one | g), data)
    right <- lmm(y ~ x + (1 | g), data)
    expect_equal(fit$criterion, right$criterion, tolerance = 1e-9)
    z <- c(1, constant)
    expect_equal(drop(z %*% VarCorr(fit)$g %*% z), VarCorr(right)$g[1], tolerance = 1e-5)
  }
})

test_that("covariances with a column that the fixed effects reproduce are not determined either", {
  # one of few groups' own information is rounding times the size of the other column
  quiet <- function(...) suppressWarnings(suppressMessages(lmm(...)))
  slopes <- function(fit) coef(summary(fit, ddf = "Kenward-Roger"))["x", c(2, 3)]
  for (groups in 2:5) {
    for (seed in 1:6) {
      withr::local_seed(seed)
      data <- data.frame(x = rnorm(60), g = factor(rep_len(seq_len(groups), 60)))
      data$y <- rnorm(60) + rnorm(groups)[data$g] * data$x
      fit <- quiet(y ~ x + g + (x | g), data)
      expect_identical(nrow(fit$undetermined$directions), 2L)
      without <- quiet(y ~ x + g + (0 + x | g), data)
      label <- paste(groups, "groups, seed", seed)
      expect_equal(slopes(fit), slopes(without), tolerance = 1e-6, label = label)
    }
  }
  six <- droplevels(subset(sleepstudy, Subject %in% levels(Subject)[1:6]))
  reference <- lmm(Reaction ~ Days + Subject + (0 + Days | Subject), six)
  for (start in list(NULL, c(3, 0, 1), c(1, 1, 1))) {
    fit <- quiet(Reaction ~ Days + Subject + (Days | Subject), six, start = start)
    table <- coef(summary(fit, ddf = "Kenward-Roger"))
    expected <- coef(summary(reference, ddf = "Kenward-Roger"))
    expect_equal(table["Days", ], expected["Days", ], tolerance = 1e-6)
    # these estimates depend on the start
    expect_true(all(is.na(table[-2, "Std. Error"])))
    expect_output(print(fit), "without a standard error\\s+depend on the\\s+start")
  }
})

test_that("simulate() says that it draws with the variance of the start", {
  data <- withr::with_seed(2, {
    data <- expand.grid(a = factor(1:3), b = factor(1:2), r = factor(1:4))
    data$y <- rnorm(24) + rnorm(4)[data$r]
    data
  })
  fit <- suppressMessages(lmm(y ~ a * b + (1 | r) + (1 | b), data))
  expect_message(simulate(fit, seed = 1), class = "henderson_message_undetermined")
  expect_silent(simulate(fit, seed = 1, newparams = list(theta = c(1, 1))))
  expect_silent(simulate(lmm(y ~ a * b + (1 | r), data), seed = 1))
})
