# Coverage of the intervals of predict() by simulation: bench/coverage.R runs it at length, the
# tests a little.

# One design: `data` without the response, `formula`, `fixed` (its fixed part), `beta`; `random`: by
# factor list(columns = formula of z, factor = lower triangular L with Cov(b) = L L'), residual
# standard deviation 1; `row`: covariates of the rows to predict.
coverage_designs <- function() {
  slope <- matrix(c(1, 0.3, 0, 0.5), 2)
  crossed <- expand.grid(worker = gl(8, 1), part = gl(12, 1))
  list(
    "10 groups of 4" = list(
      data = data.frame(x = sin(1:40)^3, g = gl(10, 4)), formula = y ~ x + (1 | g), fixed = ~x,
      beta = c(1, 1), random = list(g = list(columns = ~1, factor = matrix(1))),
      row = data.frame(x = 0.7)
    ),
    "15 groups of 6, slopes" = list(
      data = data.frame(x = rep(-2:3, 15), g = gl(15, 6)), formula = y ~ x + (x | g), fixed = ~x,
      beta = c(1, 1), random = list(g = list(columns = ~x, factor = slope)),
      row = data.frame(x = 2)
    ),
    "8 x 12 crossed" = list(
      data = transform(crossed, shift = factor(as.integer(part) %% 2)),
      formula = y ~ shift + (1 | worker) + (1 | part), fixed = ~shift, beta = c(1, 1),
      random = list(
        worker = list(columns = ~1, factor = matrix(1)),
        part = list(columns = ~1, factor = matrix(0.7))
      ),
      row = data.frame(shift = factor("1", levels = c("0", "1")))
    )
  )
}

# Fraction of the intervals that cover: a data frame with a row for each target and method.
# Targets are a mean or a new observation of the population, of first levels, and of new levels.
coverage <- function(design, runs, level = 0.95, methods = c("Satterthwaite", "none")) {
  rows <- coverage_rows(design)
  cases <- expand.grid(
    target = c("population", "known levels", "new levels"),
    interval = c("confidence", "prediction"), ddf = methods, stringsAsFactors = FALSE
  )
  # the population has no new observations (their groups' effects would be left out)
  cases <- cases[!(cases$target == "population" & cases$interval == "prediction"), ]
  covered <- vapply(seq_len(runs), function(run) coverage_once(design, rows, cases, level),
    logical(nrow(cases))
  )
  cases$coverage <- rowMeans(covered)
  cases$error <- sqrt(level * (1 - level) / runs)
  rownames(cases) <- NULL
  cases
}

# Rows to predict, first known and then new levels, and the design of each.
coverage_rows <- function(design) {
  known <- new <- design$row
  for (group in names(design$random)) {
    known[[group]] <- levels(design$data[[group]])[1]
    new[[group]] <- "new"
  }
  rbind(known, new)
}

# Draws data and truth, fits, and tells which cases cover.
coverage_once <- function(design, rows, cases, level) {
  data <- design$data
  mean <- drop(model.matrix(design$fixed, data) %*% design$beta)
  truth <- rep(sum(model.matrix(design$fixed, design$row) * design$beta), 2)
  population <- truth[1]
  for (group in names(design$random)) {
    part <- design$random[[group]]
    modes <- part$factor %*% matrix(rnorm(nrow(part$factor) * (nlevels(data[[group]]) + 1)),
      nrow(part$factor)
    )
    z <- model.matrix(part$columns, data)
    mean <- mean + rowSums(z * t(modes)[as.integer(data[[group]]), , drop = FALSE])
    at <- drop(model.matrix(part$columns, design$row))
    truth <- truth + drop(at %*% modes[, c(1, ncol(modes)), drop = FALSE])
  }
  data$y <- mean + rnorm(nrow(data))
  observation <- truth + rnorm(2)
  fit <- lmm(design$formula, data, control = lmm_control(check_singular = "ignore"))
  limits <- function(case) {
    if (case$target == "population") {
      return(predict(fit, rows[1, ], re.form = NA, interval = case$interval, level = level,
        ddf = case$ddf
      ))
    }
    row <- match(case$target, c("known levels", "new levels"))
    predict(fit, rows[row, ],
      allow.new.levels = TRUE, interval = case$interval, level = level, ddf = case$ddf
    )
  }
  vapply(seq_len(nrow(cases)), function(i) {
    case <- cases[i, ]
    row <- match(case$target, c("known levels", "new levels"))
    value <- if (is.na(row)) {
      population
    } else if (case$interval == "confidence") {
      truth[row]
    } else {
      observation[row]
    }
    range <- limits(case)
    range[, "lwr"] < value && value < range[, "upr"]
  }, TRUE)
}
