# Every structure in random designs against V formed in full: criterion at the end of the search,
# its derivatives against differences of it, and no lower value from other starts.

structures <- c(
  "cs", "homcs", "ar1", "hetar1", "toep", "homtoep", "ad", "homad", "ou", "hetou", "exp", "gau",
  "mat", "homdiag", "rr1", "rr2"
)

simulated_design <- function(seed, name) {
  withr::with_seed(seed, {
    v <- sample(3:5, 1)
    data <- expand.grid(f = seq_len(v), g = seq_len(sample(8:20, 1)), r = 1:2)
    data <- data[sort(sample(nrow(data), ceiling(0.85 * nrow(data)))), ]
    times <- structure_times[seq_len(v)]
    data$f <- factor(if (by_distance(name)) times[data$f] else letters[data$f])
    data$g <- factor(data$g)
    data$h <- factor(sample(rep_len(1:4, nrow(data))))
    data$x <- rnorm(nrow(data))
    data$w <- sample(c(0.5, 1, 2), nrow(data), replace = TRUE)
    rho <- runif(1, -0.2, 0.9)
    sd <- exp(rnorm(v, 0, 0.4)) * sample(c(0.5, 1, 2), 1)
    root <- chol(rho^abs(outer(seq_len(v), seq_len(v), "-"))) %*% diag(sd)
    b <- matrix(rnorm(nlevels(data$g) * v), ncol = v) %*% root
    data$y <- 1 + data$x + b[cbind(data$g, data$f)] + rnorm(4)[data$h] +
      rnorm(nrow(data)) / sqrt(data$w)
    list(data = data, v = v, times = times, crossed = seed %% 2 == 0, REML = seed %% 3 > 0)
  })
}

structured_formula <- function(name, crossed) {
  term <- if (grepl("^rr", name)) {
    paste0("rr(0 + f | g, d = ", sub("rr", "", name), ")")
  } else {
    structure_text(name, "0 + f", "g")
  }
  as.formula(paste("y ~ x +", term, if (crossed) "+ (1 | h)"))
}

fit_quietly <- function(...) suppressMessages(suppressWarnings(lmm(...)))

test_that("criteria are those of V, with derivatives of differences, and no other end is lower", {
  seeds <- if (full_tier()) 1:20 else 1:2
  for (name in structures) {
    for (seed in seeds) {
      design <- simulated_design(seed, name)
      data <- design$data
      X <- cbind(1, data$x)
      label <- paste(name, seed)
      fit <- fit_quietly(structured_formula(name, design$crossed), data,
        weights = w,
        REML = design$REML
      )
      own <- grep("^g[.]", names(fit$theta))
      criterion <- function(theta) {
        written_criterion(data, X, written_covariance(name, theta[own], design$v, design$times),
          if (design$crossed) theta[["h.(Intercept)"]]^2, data$w,
          REML = design$REML
        )
      }
      expect_equal(fit$criterion, criterion(fit$theta), tolerance = 1e-8, label = label)
      # beside the minimum, where derivatives are large
      theta <- fit$theta
      deviations <- is_deviation(fit$random)
      theta[deviations] <- abs(theta[deviations]) * 1.2 + 0.05
      # off the bounds
      theta <- within_correlations(theta * ifelse(deviations, 1, 0.9), fit$random)
      ranges <- grepl("[.]range$", names(theta))
      theta[ranges] <- pmax(theta[ranges], 0.2)
      smooth <- grepl("[.]smoothness$", names(theta))
      theta[smooth] <- pmin(pmax(theta[smooth], 0.1), 10)
      rho <- theta_lower(fit$random) == 0 & theta_upper(fit$random) == 1
      theta[rho] <- pmax(theta[rho], 0.05)
      evaluate <- deviance_function(fit)
      expect_equal(as.vector(evaluate(theta)), criterion(theta), tolerance = 1e-8, label = label)
      slope <- vapply(seq_along(theta), function(i) {
        h <- 1e-5 * max(1e-2, abs(theta[i]))
        up <- replace(theta, i, theta[i] + h)
        down <- replace(theta, i, theta[i] - h)
        (criterion(up) - criterion(down)) / (2 * h)
      }, 0)
      exact <- fit_quietly(structured_formula(name, design$crossed), data,
        weights = w,
        REML = design$REML, start = theta, control = lmm_control(optimizer = "none")
      )$optimization$gradient
      expect_equal(unname(exact), slope, tolerance = 1e-4, label = label)
    }
  }
})

test_that("no search of V formed in full ends lower, where zeros hide what lies beyond them", {
  only_in_full_tier("searches of dense matrices")
  # from each of these a single search ended 0.2 to 8 higher, at a standard deviation of zero
  for (case in list(list("ad", 4), list("ad", 5), list("ad", 7), list("cs", 4), list("cs", 8))) {
    design <- simulated_design(case[[2]], case[[1]])
    data <- design$data
    fit <- fit_quietly(structured_formula(case[[1]], design$crossed), data,
      weights = w, REML = design$REML
    )
    v <- design$v
    others <- length(fit$theta) - v - design$crossed
    X <- cbind(1, data$x)
    # logarithms of deviations, correlations within their bounds
    least <- if (case[[1]] == "cs") -1 / (v - 1) else -1
    criterion <- function(p) {
      rho <- least + (0.999 - least) * plogis(p[v + seq_len(others)])
      gamma <- written_covariance(case[[1]], c(exp(p[seq_len(v)]), rho), v)
      other <- if (design$crossed) exp(2 * p[length(p)])
      written_criterion(data, X, gamma, other, data$w, design$REML)
    }
    ends <- vapply(1:4, function(k) {
      withr::with_seed(k, start <- rnorm(length(fit$theta)))
      nlminb(start, criterion, control = list(iter.max = 60))$objective
    }, 0)
    expect_lt(fit$criterion, min(ends) + 1e-4, label = paste(case, collapse = " "))
  }
})
