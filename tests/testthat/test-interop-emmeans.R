# emmeans on our fits against emmeans on lme4's fit of the same model at the same theta, where
# lmerTest and pbkrtest give the degrees of freedom.

# Rows and labels are the same. Estimates, standard errors and statistics: rounding of two codes at
# one theta. Satterthwaite's df: lmerTest differentiates numerically (relative error up to 3e-7 in
# emmeans' linear functions). `rounded`: emmeans rounds F and df in joint tests; a rounded value
# may fall on the other side.
expect_same_table <- function(observed, expected, label, rounded = FALSE) {
  observed <- as.data.frame(observed)
  expected <- as.data.frame(expected)
  expect_identical(names(observed), names(expected), label = label)
  expect_identical(nrow(observed), nrow(expected), label = label)
  for (column in names(expected)) {
    name <- paste0(label, ": ", column)
    x <- observed[[column]]
    y <- expected[[column]]
    if (!is.numeric(y)) {
      expect_identical(as.character(x), as.character(y), label = name)
      next
    }
    expect_identical(is.na(x), is.na(y), label = name)
    difference <- abs(x - y)[is.finite(y)]
    scale <- abs(y)[is.finite(y)]
    if (column == "p.value") scale <- rep(1, length(scale))
    allowed <- 1e-6 * pmax(scale, 1e-3 * max(scale, 0))
    if (rounded && column %in% c("df2", "F.ratio")) allowed <- allowed + 0.0101
    expect_true(all(difference <= allowed), label = name)
  }
}

# formula, data, further arguments of lmer(); means: specs; trends: list(specs, var); joint: the
# variables to give joint tests by; extra: arguments of emmeans().
emmeans_models <- function() {
  list(
    list(
      name = "oats", formula = Y ~ V * N + (1 | B / V), data = quote(MASS::oats),
      means = list(~ N | V, ~V), joint = list(NULL, "V"), extra = list(submodel = ~ V + N)
    ),
    list(
      name = "split-plot", formula = yield ~ gen * fung + (1 | block / fung),
      data = quote(subset(henderson::durban.splitplot, as.integer(gen) <= 5)),
      means = list(~ fung | gen, ~gen), joint = list(NULL, "fung")
    ),
    list(
      name = "slopes", formula = log(Reaction) ~ poly(Days, 2) * late + (Days | Subject),
      data = quote(transform(sleepstudy, late = factor(as.integer(Subject) > 9))),
      means = list(~late, ~ Days | late), trends = list(~late, "Days"), joint = list(),
      extra = list(type = "response", at = list(Days = c(2, 7)))
    ),
    list(
      name = "splines", formula = Reaction ~ splines::ns(Days, 3) + (1 | Subject),
      data = quote(sleepstudy), means = list(~Days), trends = list(~1, "Days"), joint = list(NULL)
    ),
    list(
      name = "random factor", formula = score ~ Machine + (0 + Machine | Worker),
      data = quote(plain(nlme::Machines)), means = list(~Machine), joint = list(NULL)
    ),
    list(
      name = "sum coding", formula = angle ~ recipe * temp + (1 | replicate / recipe),
      data = quote(lme4::cake), arguments = list(contrasts = quote(list(recipe = "contr.sum"))),
      means = list(~recipe), trends = list(~recipe, "temp"), joint = list(NULL, "recipe")
    ),
    list(
      name = "missing cell", formula = weight ~ Treatment * sex + Lsize + (1 | Litter),
      data = quote(subset(plain(nlme::RatPupWeight), !(Treatment == "High" & sex == "Male"))),
      means = list(~ Treatment | sex, ~sex), joint = list(NULL, "sex")
    ),
    list(
      name = "nested", formula = Y ~ type + V %in% type + N + (1 | B / V),
      data = quote(transform(MASS::oats, type = factor(ifelse(V == "Marvellous", "a", "b")))),
      means = list(~V, ~type), joint = list(NULL)
    ),
    list(
      name = "offset", formula = distance ~ Sex * visit + offset(0.66 * age) + (1 | Subject),
      data = quote(transform(plain(nlme::Orthodont), visit = factor(age > 10))),
      means = list(~Sex, ~ visit | Sex), joint = list()
    ),
    list(
      name = "weights", formula = incidence / size ~ period + (1 | herd), data = quote(lme4::cbpp),
      arguments = list(weights = quote(size)), means = list(~period), joint = list(NULL),
      extra = list(weights = "proportional")
    ),
    list(
      name = "crossed, ML", formula = y ~ service + studage + (1 | s) + (1 | d),
      data = quote(droplevels(subset(lme4::InstEval, as.integer(d) <= 30))),
      arguments = list(REML = FALSE), means = list(~service, ~studage), joint = list(NULL)
    )
  )
}

# No interaction, about which emmeans would print a note.
additive_oats <- function() lmm(Y ~ V + N + (1 | B / V), MASS::oats)

quietly <- function(expr) suppressWarnings(suppressMessages(expr))

# lme4's fit and ours at its theta; both find `dat` again in this function's frame.
emmeans_pair <- function(model) {
  dat <- eval(model$data)
  formula <- model$formula
  environment(formula) <- environment()
  call <- as.call(c(list(quote(lmerTest::lmer), formula, quote(dat)), model$arguments))
  m <- quietly(eval(call))
  list(peer = m, own = quietly(as_lmm(m)))
}

test_that("means, contrasts, trends and joint tests are those of lme4's fit", {
  need_peer(c("emmeans", "lmerTest", "pbkrtest"))
  for (model in emmeans_models()) {
    pair <- emmeans_pair(model)
    for (mode in c("satterthwaite", "kenward-roger", "asymptotic")) {
      # pbkrtest refits by REML where the fit is by maximum likelihood, and ignores weights
      by_pbkrtest <- is_reml(pair$own) && is.null(model$arguments$weights)
      if (mode == "kenward-roger" && !by_pbkrtest) next
      both <- function(f, ...) quietly(lapply(pair, f, ..., mode = mode))
      label <- paste(model$name, mode)
      for (specs in model$means) {
        means <- both(emmeans::emmeans, specs)
        expect_same_table(means$own, means$peer, paste(label, deparse(specs)))
        if (nrow(as.data.frame(means$own)) > 1) {
          pairs <- quietly(lapply(means, emmeans::contrast, "consec", adjust = "holm"))
          expect_same_table(pairs$own, pairs$peer, paste(label, "contrasts of", deparse(specs)))
        }
      }
      if (!is.null(model$trends)) {
        trends <- both(emmeans::emtrends, model$trends[[1]], var = model$trends[[2]])
        expect_same_table(trends$own, trends$peer, paste(label, "trends"))
      }
      for (by in model$joint) {
        joint <- both(emmeans::joint_tests, by = by)
        expect_same_table(joint$own, joint$peer, paste(label, "joint tests by", by), rounded = TRUE)
      }
      if (!is.null(model$extra)) {
        means <- quietly(lapply(pair, function(fit) {
          do.call(emmeans::emmeans, c(list(fit, model$means[[1]], mode = mode), model$extra))
        }))
        expect_same_table(means$own, means$peer, paste(label, names(model$extra)[1]))
      }
    }
  }
})

test_that("the default is Satterthwaite, and there is no limit on the rows", {
  need_peer(c("emmeans", "lmerTest"))
  model <- list(
    formula = MathAch ~ Sex * SES + Minority + (1 | School), data = quote(plain(nlme::MathAchieve))
  )
  pair <- emmeans_pair(model)
  expect_gt(nobs(pair$own), 7000)
  expect_no_message(own <- emmeans::emmeans(pair$own, ~ Sex | Minority))
  peer <- emmeans::emmeans(
    pair$peer, ~ Sex | Minority, mode = "satterthwaite", lmerTest.limit = Inf
  )
  expect_same_table(own, peer, "7185 rows")
  expect_true(all(is.finite(as.data.frame(own)$df)))
  expect_match(attr(summary(own), "mesg"), "satterthwaite", all = FALSE)
})

test_that("fits by lmm() give their data, whatever the formula's form", {
  need_peer("emmeans")
  local_fit <- function() {
    oats <- transform(MASS::oats, V = as.character(V))
    form <- sqrt(Y) ~ V + N + (1 | B / V)
    lmm(form, data = oats, subset = B != "VI")
  }
  fit <- local_fit()
  means <- as.data.frame(emmeans::emmeans(fit, ~V, type = "response"))
  expect_identical(as.character(means$V), c("Golden.rain", "Marvellous", "Victory"))
  # balanced: the mean of the fixed part over the rows of a variety, back-transformed
  rows <- split(predict(fit, re.form = NA), model.frame(fit)$V)
  expect_equal(means$response, unname(vapply(rows, mean, 1)^2), tolerance = 1e-10)

  bare <- lmm(Y ~ V + N + (1 | B), MASS::oats, control = lmm_control(keep = character()))
  stored <- lmm(Y ~ V + N + (1 | B), MASS::oats)
  expect_equal(
    as.data.frame(emmeans::emmeans(stored, ~V, data = MASS::oats)),
    as.data.frame(emmeans::emmeans(stored, ~V))
  )
  expect_equal(
    as.data.frame(emmeans::emmeans(bare, ~V, mode = "asymptotic")),
    as.data.frame(emmeans::emmeans(stored, ~V, mode = "asymptotic"))
  )
  expect_error(as.data.frame(emmeans::emmeans(bare, ~V)), class = "henderson_error_data")
})

test_that("a covariance matrix and degrees of freedom of one's own are used", {
  need_peer("emmeans")
  fit <- additive_oats()
  twice <- 4 * vcov(fit)
  plain <- as.data.frame(emmeans::emmeans(fit, ~N))
  for (given in list(twice, function(object, ...) 4 * vcov(object))) {
    own <- as.data.frame(emmeans::emmeans(fit, ~N, vcov. = given))
    expect_equal(own$SE, 2 * plain$SE, tolerance = 1e-12)
  }
  expect_equal(as.data.frame(emmeans::emmeans(fit, ~N, df = 7))$df, rep(7, 4))
  expect_error(emmeans::emmeans(fit, ~N, vcov. = "x"), class = "henderson_error_argument")
})

test_that("what cannot be had is replaced by Satterthwaite, with a message", {
  need_peer("emmeans")
  fit <- additive_oats()
  by_ml <- refit_ml(fit)
  usual <- function(fit) as.data.frame(emmeans::emmeans(fit, ~N))
  expect_message(own <- emmeans::emmeans(fit, ~N, mode = "boot-satterthwaite"),
    class = "henderson_message_argument"
  )
  expect_equal(as.data.frame(own), usual(fit))
  expect_message(own <- emmeans::emmeans(by_ml, ~N, lmer.df = "kenward-roger"),
    "maximum likelihood", class = "henderson_message_argument"
  )
  expect_equal(as.data.frame(own), usual(by_ml))
  expect_message(emmeans::emmeans(fit, ~N, mode = "Kenward-Roger", vcov. = vcov(fit)),
    "vcov.", class = "henderson_message_argument"
  )
  for (mode in c("asymptotic", "ASYMP", "none", "lme4")) {
    expect_true(all(is.infinite(as.data.frame(emmeans::emmeans(fit, ~N, mode = mode))$df)))
  }
  # balanced: the same df from both informations for contrasts within blocks
  expected <- emmeans::contrast(emmeans::emmeans(fit, ~N, mode = "expected"), "consec")
  usual_contrast <- emmeans::contrast(emmeans::emmeans(fit, ~N), "consec")
  expect_equal(as.data.frame(expected)$df, as.data.frame(usual_contrast)$df, tolerance = 1e-6)
})

test_that("functions that cannot be estimated are recognised", {
  need_peer("emmeans")
  # three of the four cells of two factors: only differences inside the filled row or column
  data <- data.frame(
    y = c(5.1, 4.2, 6.3, 7.9, 2.2, 3.1, 5.4, 4.8, 6.1, 7.0, 2.9, 3.8), g = gl(4, 3),
    a = rep(c("p", "p", "q"), 4), b = rep(c("u", "v", "u"), 4)
  )
  fit <- quietly(lmm(y ~ a * b + (1 | g), data))
  basis <- henderson:::inestimable_basis(fit)
  expect_equal(dim(basis), c(4L, 1L))
  # the interaction is the dropped column, and zero in every row
  expect_equal(abs(drop(basis)), c(0, 0, 0, 1), tolerance = 1e-12)
  means <- as.data.frame(quietly(emmeans::emmeans(fit, ~ a * b)))
  expect_identical(is.na(means$emmean), means$a == "q" & means$b == "v")
  expect_true(is.na(henderson:::inestimable_basis(fit_cached("oats"))))
})

test_that("the reason why Kenward and Roger's method cannot be had is told in full sentences", {
  fit <- lmm(Reaction ~ Days + (1 | Subject), sleepstudy, control = lmm_control(keep = "X"))
  message <- expect_message(
    method <- emm_kenward_roger(fit, FALSE), class = "henderson_message_argument"
  )
  expect_identical(method, "Satterthwaite")
  refused <- expect_error(
    contrast_covariance(fit, "Kenward-Roger"), class = "henderson_error_data"
  )
  text <- cli::ansi_strip(conditionMessage(message))
  lines <- strsplit(text, "\n")[[1]]
  # one line for the message, one for each sentence about what is wrong
  expect_length(lines, 1L + 1L + sum(names(refused$body) == "x"))
  expect_match(lines[2], refused$message, fixed = TRUE)
})

test_that("a model without fixed effects has no means", {
  need_peer("emmeans")
  fit <- lmm(Reaction ~ 0 + (1 | Subject), sleepstudy)
  expect_error(emmeans::emmeans(fit, ~1), "no fixed effects", class = "henderson_error_argument")
})
