error_of <- function(expr) tryCatch(expr, error = identity)

test_that("the rows of the data give the design of the fit again", {
  d <- many_types()
  for (formula in list(
    y ~ x + (x | g), y ~ f * x + string + logical + ordered + (f | a / b), y ~ (1 | g),
    y ~ poly(x, 2) + (poly(w, 2) | g), y ~ splines::ns(x, 3) + (1 | g),
    y ~ scale(x) + (scale(x) | g),
    y ~ offset(w) + x + (1 | g), y ~ `my var` + (`my var` || c), y ~ 0 + f + (0 + f | g),
    y ~ (1 | factor(g)) + (1 | interaction(a, b)), y ~ (1 | day) + (1 | time) + (1 | logical),
    log(w) ~ I(x^2) + cbind(x, w) + (cbind(x, w) | number:integer), y ~ . - time + (1 | g)
  )) {
    design <- design_of(formula, d, control = no_checks)
    rows <- c(30:1, 5)
    new <- design_newdata(fit_of_design(design), d[rows, names(d) != "y"])
    expect_equal(unname(new$X), unname(design$X[rows, , drop = FALSE]), ignore_attr = TRUE)
    expect_identical(colnames(new$X), colnames(design$X))
    expect_identical(new$offset, design$offset[rows])
    for (k in seq_along(design$random)) {
      expect_identical(new$random[[k]]$level, design$random[[k]]$level[rows])
      expect_equal(unname(new$random[[k]]$z), unname(design$random[[k]]$z[rows, , drop = FALSE]),
        ignore_attr = TRUE
      )
    }
  }
})

test_that("contrasts are those of the fit, whatever the options are now", {
  d <- many_types()
  design <- design_of(y ~ f + (f | g), d, contrasts = list(f = "contr.sum"))
  withr::local_options(contrasts = c("contr.helmert", "contr.poly"))
  new <- design_newdata(fit_of_design(design), d[1:9, ])
  expect_equal(new$X, design$X[1:9, ], ignore_attr = TRUE)
  expect_equal(new$random[[1]]$z, design$random[[1]]$z[1:9, ], ignore_attr = TRUE)
})

test_that("only kept columns are returned", {
  d <- many_types()
  design <- design_of(y ~ x + I(2 * x) + f + (x | g), d)
  new <- design_newdata(fit_of_design(design, dropped = "I(2 * x)"), d[1:4, ])
  expect_identical(colnames(new$X), c("(Intercept)", "x", "fb", "fc"))
  expect_identical(attr(new$X, "assign"), c(0L, 1L, 3L, 3L))
})

test_that("a single row, some levels of a factor and strings for factors work", {
  d <- many_types()
  design <- design_of(y ~ f + ordered + (1 | g), d)
  newdata <- data.frame(f = "c", ordered = 2, g = 3)
  newdata$ordered <- factor("2")
  new <- design_newdata(fit_of_design(design), newdata)
  expect_identical(unname(new$X[1, 1:3]), c(1, 0, 1))
  expect_identical(design$random[[1]]$levels[new$random[[1]]$level], "3")
  expect_identical(nrow(design_newdata(fit_of_design(design), newdata[0, ])$X), 0L)
})

test_that("random terms can be chosen, and their variables are only needed then", {
  d <- many_types()
  fit <- fit_of_design(design_of(y ~ x + (1 | g) + (w | a), d))
  expect_identical(design_newdata(fit, data.frame(x = 1), random = FALSE)$random, list(NULL, NULL))
  new <- design_newdata(fit, data.frame(x = 1, g = "1"), random = 1L)
  expect_identical(new$random[[1]]$level, 1L)
  expect_null(new$random[[2]])
  expect_error(design_newdata(fit, data.frame(x = 1, g = "1")), class = "henderson_error_newdata")
})

test_that("new levels of grouping factors are errors unless allowed", {
  d <- many_types()
  fit <- fit_of_design(design_of(y ~ x + (1 | g) + (1 | a:b), d))
  newdata <- data.frame(x = 1:3, g = c("1", "99", NA), a = "x", b = c(1, 1, 7))
  error <- error_of(design_newdata(fit, newdata))
  expect_s3_class(error, "henderson_error_newdata")
  expect_true(error$variable %in% c("g", "a:b"))
  new <- design_newdata(fit, newdata, allow_new_levels = TRUE)
  groups <- vapply(fit$random, `[[`, "", "group")
  levels <- stats::setNames(lapply(new$random, `[[`, "level"), groups)
  expect_identical(levels$g, c(1L, NA, NA))
  expect_identical(is.na(levels$`a:b`), c(FALSE, FALSE, TRUE))
})

test_that("missing variables are named, nothing is taken from the formula's environment", {
  d <- many_types()
  x <- d$x
  fit <- fit_of_design(design_of(y ~ x + (1 | g), d))
  error <- error_of(design_newdata(fit, data.frame(X = 1:2, g = "1")))
  expect_s3_class(error, "henderson_error_newdata")
  expect_identical(error$variable, "x")
  expect_match(conditionMessage(error), "Did you mean `X`?", fixed = TRUE)
  error <- error_of(design_newdata(fit, data.frame(x = 1:2)))
  expect_identical(error$variable, "g")
})

test_that("parameters of the formula are taken from its environment", {
  d <- many_types()
  degree <- 2
  power <- 3
  design <- design_of(y ~ poly(x, degree) + I(w^power) + (1 | g), d)
  new <- design_newdata(fit_of_design(design), d[1:3, c("x", "w", "g")])
  expect_equal(new$X, design$X[1:3, ], ignore_attr = TRUE)
})

test_that("wrong types and unknown factor levels are refused and named", {
  d <- many_types()
  fit <- fit_of_design(design_of(y ~ x + f + logical + (w | g), d))
  good <- d[1:3, c("x", "f", "logical", "w", "g")]
  wrong <- list(
    x = "a", x = factor(1), f = 1, f = TRUE, f = "z", f = factor("z"), logical = 1,
    w = "1", g = I(list(1, 2, 3))
  )
  for (i in seq_along(wrong)) {
    newdata <- good
    newdata[[names(wrong)[i]]] <- wrong[[i]]
    error <- error_of(design_newdata(fit, newdata))
    expect_s3_class(error, "henderson_error_newdata")
    expect_identical(error$variable, names(wrong)[i])
  }
  for (newdata in list(NULL, 1, as.matrix(d["x"]), "d", list(1))) {
    expect_error(design_newdata(fit, newdata), class = "henderson_error_newdata")
  }
})

test_that("missing values are kept or left out as na_action says", {
  d <- many_types()
  fit <- fit_of_design(design_of(y ~ x + f + (1 | g), d))
  newdata <- d[1:5, c("x", "f", "g")]
  newdata$x[2] <- NA
  newdata$f[3] <- NA
  new <- design_newdata(fit, newdata)
  expect_identical(unname(is.na(new$X[, "x"])), c(FALSE, TRUE, FALSE, FALSE, FALSE))
  expect_identical(unname(is.na(new$X[, "fb"])), c(FALSE, FALSE, TRUE, FALSE, FALSE))
  new <- design_newdata(fit, newdata, na_action = stats::na.omit)
  expect_identical(nrow(new$X), 3L)
  expect_identical(as.integer(new$na.action), 2:3)
  expect_length(new$random[[1]]$level, 3)
  error <- error_of(design_newdata(fit, newdata, na_action = stats::na.fail))
  expect_identical(error$observed, c(x = 1L, f = 1L))
  newdata$x <- NA
  expect_true(all(is.na(design_newdata(fit, newdata)$X[, "x"])))
})

test_that("an offset argument is evaluated in newdata", {
  d <- many_types()
  design <- design_of(y ~ x + offset(x) + (1 | g), d, offset = w / 2)
  new <- design_newdata(fit_of_design(design), d[1:3, c("x", "w", "g")])
  expect_equal(new$offset, d$w[1:3] / 2 + d$x[1:3])
  error <- error_of(design_newdata(fit_of_design(design), d[1:3, c("x", "g")]))
  expect_identical(error$variable, "w")
  share <- 0.5
  design <- design_of(y ~ x + (1 | g), d, offset = w * share)
  new <- design_newdata(fit_of_design(design), d[1:3, c("x", "w", "g")])
  expect_equal(new$offset, d$w[1:3] / 2)
  outside <- d$w
  design <- design_of(y ~ x + (1 | g), d, offset = outside)
  error <- error_of(design_newdata(fit_of_design(design), d[1:3, c("x", "w", "g")]))
  expect_s3_class(error, "henderson_error_newdata")
  expect_identical(error$variable, "outside")
})

# ---- factors in left-hand sides ----

# Left-hand sides by variables h (two levels), f (three levels), Days.
left_hand_sides <- function() {
  list(
    quote(h), quote(0 + h), quote(h + Days), quote(Days + h), quote(f * h), quote(h:Days),
    quote(Days:h), quote(0 + h:f), quote(f + h), quote(0 + f:Days), quote(factor(h)),
    quote(Days > 4)
  )
}

left_hand_data <- function(type) {
  data <- transform(sleepstudy,
    h = rep(c("a", "b"), 90), f = rep(c("a", "b", "c"), 60),
    Subject = factor(rep(1:9, each = 20))
  )
  if (type == "character") return(data)
  if (type == "logical") return(transform(data, h = h == "b", f = f == "b"))
  data$h <- factor(data$h, ordered = type == "ordered")
  data$f <- factor(data$f)
  data
}

reversed_levels <- function(x) {
  if (is.factor(x)) factor(x, levels = rev(levels(x)), ordered = is.ordered(x)) else x
}

test_that("factors in any left-hand side are coded as in the fit, whatever levels newdata has", {
  only_in_full_tier("a hundred designs")
  for (type in c("factor", "character", "ordered", "logical")) {
    data <- left_hand_data(type)
    for (lhs in left_hand_sides()) {
      for (bar in c("|", "||")) {
        formula <- eval(bquote(Reaction ~ Days + .(call("(", call(bar, lhs, quote(Subject))))))
        design <- design_of(formula, data, control = no_checks)
        fit <- fit_of_design(design)
        whole <- unname(design$random[[1]]$z)
        other <- transform(data, h = reversed_levels(h), f = reversed_levels(f))
        # all rows; rows with one level of h; a single row; strings for factors
        for (rows in list(1:180, which(data$h == data$h[2]), 2L)) {
          for (newdata in list(data[rows, ], droplevels(data[rows, ]), other[rows, ])) {
            z <- design_newdata(fit, newdata)$random[[1]]$z
            expect_equal(unname(z), whole[rows, , drop = FALSE], ignore_attr = TRUE)
          }
        }
      }
    }
  }
})

test_that("predictions and simulations do not depend on the levels newdata has", {
  data <- left_hand_data("factor")
  quiet <- lmm_control(check_singular = "ignore", max_iterations = 20L)
  for (lhs in list(quote(h), quote(0 + h), quote(h + Days), quote(f * h))) {
    formula <- eval(bquote(Reaction ~ Days + (.(lhs) | Subject)))
    fit <- suppressWarnings(lmm(formula, data, control = quiet))
    rows <- c(2L, 4L, 22L)
    z <- model.matrix(fit, type = "random")[rows, ]
    other <- transform(data, h = reversed_levels(h), f = reversed_levels(f))
    for (newdata in list(
      data[rows, ], droplevels(data[rows, ]), other[rows, ],
      transform(data[rows, ], h = as.character(h), f = as.character(f))
    )) {
      expect_equal(predict(fit, newdata), fitted(fit)[rows], ignore_attr = TRUE)
      expect_equal(
        predict(fit, newdata, se.fit = TRUE)$se.fit, predict(fit, se.fit = TRUE)$se.fit[rows],
        ignore_attr = TRUE
      )
      expect_equal(model.matrix(fit, type = "random", newdata = newdata), z, ignore_attr = TRUE)
      expect_equal(
        simulate(fit, seed = 1, newdata = newdata), simulate(fit, seed = 1, newdata = data[rows, ]),
        ignore_attr = TRUE
      )
      expect_equal(
        simulate(fit, seed = 1, newdata = newdata, use.u = TRUE),
        simulate(fit, seed = 1, newdata = data[rows, ], use.u = TRUE),
        ignore_attr = TRUE
      )
    }
  }
})

test_that("a level of a left-hand side that the fit does not have is an error", {
  for (type in c("factor", "character", "ordered")) {
    data <- left_hand_data(type)
    for (lhs in left_hand_sides()) {
      if (!"h" %in% all.vars(lhs)) next
      formula <- eval(bquote(Reaction ~ Days + (.(lhs) | Subject)))
      fit <- fit_of_design(design_of(formula, data, control = no_checks))
      newdata <- transform(data[1:3, ], h = c("a", "zz", "b"))
      condition <- error_of(design_newdata(fit, newdata))
      expect_s3_class(condition, "henderson_error_newdata")
      expect_match(condition$variable, "h")
      expect_identical(condition$observed, "zz")
      expect_match(conditionMessage(condition), "zz")
    }
  }
  data <- left_hand_data("factor")
  quiet <- lmm_control(check_singular = "ignore")
  fit <- lmm(Reaction ~ Days + (f | Subject), data, control = quiet)
  newdata <- transform(data[1:3, ], f = c("a", "zz", "c"))
  for (call in list(
    quote(predict(fit, newdata)), quote(predict(fit, newdata, se.fit = TRUE)),
    quote(simulate(fit, newdata = newdata)),
    quote(simulate(fit, newdata = newdata, use.u = TRUE)),
    quote(model.matrix(fit, type = "random", newdata = newdata))
  )) {
    condition <- error_of(eval(call))
    expect_s3_class(condition, "henderson_error_newdata")
    expect_identical(condition$variable, "f")
    expect_identical(condition$observed, "zz")
  }
})
