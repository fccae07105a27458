# tidy(), glance() and augment() against the functions they gather from, and against broom.mixed on
# lmerTest's fit of the same model at the same theta.

all_effects <- c("fixed", "ran_pars", "ran_vals", "ran_coefs")

test_that("tidy holds what the accessors give", {
  need_peer("generics")
  fit <- fit_cached("sleepstudy")
  table <- as.data.frame(generics::tidy(fit, effects = all_effects, conf.int = TRUE))

  expect_named(table, c(
    "effect", "group", "level", "term", "estimate", "std.error", "statistic", "df", "p.value",
    "conf.low", "conf.high"
  ))
  parts <- split(table, factor(table$effect, all_effects))
  fixed <- parts$fixed
  expect_equal(fixed$estimate, unname(fixef(fit)))
  expect_equal(fixed$std.error, unname(sqrt(diag(vcov(fit)))))
  # published: 17 df, t 36.838 and 6.771, p 3.26e-06
  expect_equal(fixed$df, c(17, 17), tolerance = 1e-6)
  expect_equal(round(fixed$statistic, 3), c(36.838, 6.771))
  expect_equal(signif(fixed$p.value[2], 3), 3.26e-06)
  half <- qt(0.975, fixed$df) * fixed$std.error
  expect_equal(fixed$conf.high - fixed$conf.low, 2 * half)
  expect_equal(parts$ran_pars$estimate, as.data.frame(VarCorr(fit), order = "lower.tri")$sdcor)
  expect_identical(parts$ran_pars$term, c(
    "sd__(Intercept)", "cor__(Intercept).Days", "sd__Days", "sd__Observation"
  ))
  modes <- as.data.frame(ranef(fit))
  expect_equal(parts$ran_vals$estimate, modes$condval)
  expect_equal(parts$ran_vals$conf.low, modes$condval - qnorm(0.975) * modes$condsd)
  expect_equal(parts$ran_coefs$estimate, unlist(coef(fit)$Subject, use.names = FALSE))
  expect_identical(parts$ran_coefs$level[1:18], levels(sleepstudy$Subject))
})

test_that("effects, scales, level and method are chosen by arguments", {
  need_peer("generics")
  fit <- fit_cached("sleepstudy")
  variances <- as.data.frame(generics::tidy(fit, effects = "ran_pars", scales = "vcov"))
  expect_named(variances, c("effect", "group", "term", "estimate", "std.error"))
  expect_equal(variances$estimate, as.data.frame(VarCorr(fit), order = "lower.tri")$vcov)
  expect_match(variances$term, "^(var|cov)__")
  accuracy <- variance_components(fit, "variance", 0.9)[c(1, 3, 2, 4), ]
  expect_equal(variances$std.error, accuracy$se)
  limited <- generics::tidy(fit, "ran_pars", scales = "vcov", conf.int = TRUE, conf.level = 0.9)
  expect_equal(limited$conf.low, accuracy$lower)
  expect_equal(limited$conf.high, accuracy$upper)
  singular <- lmm(Yield ~ 1 + (1 | Batch), lme4::Dyestuff2) |> suppressMessages()
  expect_no_message(table <- generics::tidy(singular, "ran_pars"))
  expect_identical(is.na(table$std.error), c(TRUE, FALSE))
  bare <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy,
    control = lmm_control(keep = character())
  )
  expect_true(all(is.na(generics::tidy(bare, "ran_pars")$std.error)))
  none <- as.data.frame(generics::tidy(fit, effects = "fixed", ddf = "none", conf.int = TRUE))
  expect_false(any(c("df", "p.value") %in% names(none)))
  expect_equal(none$conf.high, none$estimate + qnorm(0.975) * none$std.error)
  narrow <- generics::tidy(fit, effects = "fixed", conf.int = TRUE, conf.level = 0.5)
  wide <- generics::tidy(fit, effects = "fixed", conf.int = TRUE, conf.level = 0.99)
  expect_true(all(narrow$conf.low > wide$conf.low))
  no_fixed <- lmm(Reaction ~ 0 + (1 | Subject), sleepstudy)
  expect_identical(nrow(generics::tidy(no_fixed, effects = "fixed")), 0L)
})

test_that("tables are those of broom.mixed", {
  need_peer(c("generics", "broom.mixed", "lmerTest", "pbkrtest"))
  sets <- list(
    list(Reaction ~ Days + (Days | Subject), quote(sleepstudy)),
    list(Reaction ~ Days + (1 | Subject) + (0 + Days | Subject), quote(sleepstudy)),
    list(Y ~ V * N + (1 | B / V), quote(MASS::oats)),
    list(score ~ Machine + (0 + Machine | Worker), quote(plain(nlme::Machines)))
  )
  for (set in sets) {
    dat <- eval(set[[2]])
    m <- lmerTest::lmer(set[[1]], dat)
    fit <- as_lmm(m)
    label <- deparse(set[[1]])
    for (ddf in c("Satterthwaite", "Kenward-Roger")) {
      own <- generics::tidy(fit, "fixed", conf.int = TRUE, ddf = ddf)
      peer <- broom.mixed::tidy(m, "fixed", conf.int = TRUE, ddf.method = ddf)
      # broom.mixed's limits are Satterthwaite's for both methods
      columns <- setdiff(names(peer), if (ddf != "Satterthwaite") c("conf.low", "conf.high"))
      # numerical derivatives of lmerTest: relative error up to 1e-7 in df
      expect_equal(as.data.frame(own[columns]), as.data.frame(peer[columns]), tolerance = 1e-6)
    }
    for (effect in c("ran_pars", "ran_vals", "ran_coefs")) {
      own <- as.data.frame(generics::tidy(fit, effect))
      peer <- as.data.frame(broom.mixed::tidy(m, effect))
      key <- function(table) do.call(order, unname(as.list(table[setdiff(names(table), numbers)])))
      numbers <- c("estimate", "std.error")
      own <- own[key(own), names(peer)]
      peer <- peer[key(peer), ]
      rownames(own) <- rownames(peer) <- NULL
      if (effect != "ran_pars") own$group <- peer$group # broom.mixed numbers terms on one factor
      expect_equal(own, peer, tolerance = 1e-7, label = paste(label, effect))
    }
    expect_equal(generics::glance(fit), broom.mixed::glance(m), tolerance = 1e-9)
    own <- as.data.frame(generics::augment(fit))
    peer <- as.data.frame(broom.mixed::augment(m))
    expect_equal(own, peer[names(own)], tolerance = 1e-8, ignore_attr = TRUE)
  }
  m <- lmerTest::lmer(Reaction ~ Days + (Days | Subject), sleepstudy, REML = FALSE)
  expect_equal(generics::glance(as_lmm(m)), broom.mixed::glance(m), tolerance = 1e-9)
})

test_that("augment adds to the data, to other data of the same rows, and to new rows", {
  need_peer("generics")
  data <- transform(sleepstudy, w = rep(1:2, 90), other = seq_len(180))
  data$Days[3] <- NA
  fit <- lmm(
    log(Reaction) ~ poly(Days, 2) + offset(0.1 * Days) + (1 | Subject), data[-3, ], weights = w
  )
  own <- generics::augment(fit)
  expect_identical(nrow(own), 179L)
  expect_equal(own$.fitted, unname(fitted(fit)))
  expect_equal(own$.resid, unname(residuals(fit)))
  expect_equal(own$.fixed, unname(predict(fit, re.form = NA)))
  expect_equal(own$.wtres, unname(residuals(fit, "pearson")))
  expect_equal(own$.weights, data$w[-3])
  expect_equal(own$.offset, 0.1 * data$Days[-3])
  expect_identical(generics::augment(fit, data[-3, ])$other, data$other[-3])

  rows <- c(5, 100)
  new <- generics::augment(fit, newdata = data[rows, ])
  expect_equal(new$.fitted, unname(predict(fit, data[rows, ])))
  expect_equal(new$.resid, log(data$Reaction[rows]) - new$.fitted)
  without <- generics::augment(fit,
    newdata = data.frame(Days = 2, Subject = "new"), allow.new.levels = TRUE
  )
  expect_equal(without$.fitted, without$.fixed)
  expect_false(".resid" %in% names(without))

  excluded <- lmm(Reaction ~ Days + (1 | Subject), data, na.action = na.exclude)
  expect_identical(nrow(generics::augment(excluded)), 179L)

  own <- generics::augment(excluded, se_fit = TRUE, interval = "prediction", conf.level = 0.9)
  limits <- predict(excluded, interval = "prediction", level = 0.9, se.fit = TRUE)
  expect_equal(own$.se.fit, unname(limits$se.fit[-3]))
  expect_equal(cbind(own$.lower, own$.upper), unname(limits$fit[-3, 2:3]))
  new <- generics::augment(excluded,
    newdata = data.frame(Days = 2, Subject = "new"), allow.new.levels = TRUE,
    interval = "confidence", ddf = "none"
  )
  limits <- predict(excluded, data.frame(Days = 2, Subject = "new"),
    allow.new.levels = TRUE, interval = "confidence", ddf = "none"
  )
  expect_equal(c(new$.lower, new$.upper), unname(limits[1, 2:3]))
  expect_false(".se.fit" %in% names(new))
})

test_that("bad arguments are refused", {
  need_peer("generics")
  fit <- fit_cached("sleepstudy")
  expect_refused(bad_calls(
    "argument", "effects", "\"ran_pars\"", generics::tidy(fit, "random"),
    "argument", "scales", "\"sdcor\"", generics::tidy(fit, scales = "sd"),
    "argument", "conf.int", "TRUE", generics::tidy(fit, conf.int = NA),
    "argument", "conf.level", "between 0 and 1", generics::tidy(fit, conf.level = 95),
    "argument", "ddf", "Did you mean `Satterthwaite`?", generics::tidy(fit, ddf = "satterthwait"),
    "argument", "exponentiate", "not NA", generics::tidy(fit, exponentiate = NA),
    "argument", "3", "too many", generics::glance(fit, 3),
    "argument", "data", "180 rows", generics::augment(fit, sleepstudy[1:5, ]),
    "argument", "se_fit", "TRUE", generics::augment(fit, se_fit = 1),
    "argument", "interval", "\"confidence\"", generics::augment(fit, interval = "both"),
    "newdata", "newdata", "data frame", generics::augment(fit, newdata = 1:3),
    "newdata", "Subject", "new",
    generics::augment(fit, newdata = data.frame(Days = 1, Subject = "new"))
  ))
})

test_that("augment() gives fitted values to the rows that they belong to, or says what differs", {
  skip_if_not_installed("generics")
  set.seed(4)
  data <- data.frame(x = rnorm(60), g = gl(6, 10), f = gl(3, 1, 60, labels = c("a", "b", "c")))
  data$y <- exp(data$x + as.numeric(data$g) / 3 + rnorm(60, sd = 0.5))
  order <- order(data$x)
  without_names <- function(data) {
    rownames(data) <- NULL
    data
  }
  difference <- function(fit, data) {
    condition <- tryCatch(generics::augment(fit, data = data), error = identity)
    expect_s3_class(condition, "henderson_error_data")
    condition$variable
  }
  augmented <- function(fit, data, column = ".fitted") {
    generics::augment(fit, data = data, se_fit = TRUE)[[column]]
  }

  fit <- lmm(log(y) ~ x + (1 | g), data)
  values <- unname(fitted(fit))
  expect_identical(augmented(fit, data[order, ]), values[order])
  expect_identical(augmented(fit, data[order, "f", drop = FALSE]), values[order])
  expect_identical(augmented(fit, model.frame(fit)[order, ]), values[order])
  expect_identical(augmented(fit, data[order, ], ".se.fit"), augmented(fit, data, ".se.fit")[order])
  expect_identical(difference(fit, without_names(data[order, ])), "log(y)")
  expect_identical(difference(fit, transform(data, g = rev(g))), "g")
  expect_identical(difference(fit, without_names(data[order, "x", drop = FALSE])), "x")
  if (requireNamespace("tibble", quietly = TRUE)) {
    expect_identical(augmented(fit, tibble::as_tibble(data)), values)
    expect_identical(difference(fit, tibble::as_tibble(data[order, ])), "log(y)")
  }
  again <- suppressMessages(refit_response(fit, data$x + sin(1:60)))
  expect_identical(augmented(again, data[order, ]), unname(fitted(again))[order])

  # rows that na.exclude left out, or that subset did
  data$x[c(5, 33)] <- NA
  fit <- lmm(log(y) ~ x + (1 | g), data, na.action = na.exclude)
  values <- unname(fitted(fit))
  expect_identical(augmented(fit, data[order, ]), values[order])
  expect_identical(augmented(fit, without_names(data)), values)
  expect_identical(difference(fit, without_names(data[order, ])), "log(y)")
  present <- data[order, ][!is.na(data$x[order]), ]
  expect_identical(augmented(fit, present), values[as.numeric(rownames(present))])
  part <- data[data$f != "b" & !is.na(data$x), ]
  fit <- lmm(log(y) ~ scale(x) + factor(f) + (1 | g), data, subset = f != "b")
  sorted <- order(part$y)
  expect_identical(augmented(fit, without_names(part)), unname(fitted(fit)))
  expect_identical(augmented(fit, part[sorted, ]), unname(fitted(fit))[sorted])
})

test_that("tidy() says which variances cannot be told apart", {
  skip_if_not_installed("generics")
  data <- transform(sleepstudy, k = factor(paste0("z", Subject)))
  for (start in list(NULL, c(2, 0.5))) {
    fit <- suppressMessages(lmm(Reaction ~ Days + (1 | Subject) + (1 | k), data, start = start))
    for (effects in c("ran_pars", "ran_vals", "ran_coefs")) {
      expect_message(
        generics::tidy(fit, effects = effects), "only\\s+the\\s+sum\\s+is\\s+determined",
        class = "henderson_message_undetermined"
      )
    }
    expect_silent(generics::tidy(fit, effects = "fixed"))
    table <- suppressMessages(generics::tidy(fit, effects = "ran_pars"))
    right <- generics::tidy(lmm(Reaction ~ Days + (1 | Subject), data), effects = "ran_pars")
    expect_equal(table$estimate[c(1, 3)], right$estimate, tolerance = 1e-6)
  }
})
