# Simulated data sets with fixed seeds. Sizes can be reduced for short runs and varied for curves.

# Intercept and slope of x vary over groups: y ~ x + (x | g).
simulate_slopes <- function(n = 1e6, groups = n / 100, seed = 1) {
  set.seed(seed)
  g <- sample.int(groups, n, replace = TRUE)
  x <- stats::rnorm(n)
  factor_u <- chol(matrix(c(1, 0.3, 0.3, 0.5), 2))
  u <- matrix(stats::rnorm(2 * groups), groups) %*% factor_u
  y <- 1 + 2 * x + u[g, 1] + u[g, 2] * x + stats::rnorm(n)
  data.frame(y = y, x = x, g = factor(g, levels = seq_len(groups)))
}

# Students in classes in schools, each factor with names of its own ("implicit" nesting).
simulate_nested <- function(n = 1e6, students = n / 10, classes = students / 20,
                            schools = ceiling(classes / 16.7), seed = 2) {
  set.seed(seed)
  class_of <- sample.int(classes, students, replace = TRUE)
  school_of <- sample.int(schools, classes, replace = TRUE)
  student <- sample.int(students, n, replace = TRUE)
  class <- class_of[student]
  school <- school_of[class]
  x <- stats::rnorm(n)
  y <- 1 + 0.5 * x + 0.8 * stats::rnorm(students)[student] + 0.5 * stats::rnorm(classes)[class] +
    0.3 * stats::rnorm(schools)[school] + stats::rnorm(n)
  data.frame(
    y = y, x = x, student = factor(student), class = factor(class), school = factor(school)
  )
}

# Ratings with as many users, movies and ratings as MovieLens-1M, some movies and users far more
# active than others.
simulate_ratings <- function(n = 1e6, users = 6040, movies = 3706, seed = 3) {
  set.seed(seed)
  user <- factor(sample.int(users, n, replace = TRUE, prob = exp(stats::rnorm(users))))
  movie <- factor(sample.int(movies, n, replace = TRUE, prob = exp(1.2 * stats::rnorm(movies))))
  y <- 3.5 + 0.4 * stats::rnorm(nlevels(user))[user] + 0.6 * stats::rnorm(nlevels(movie))[movie] +
    0.9 * stats::rnorm(n)
  data.frame(y = y, user = user, movie = movie)
}

# A factorial experiment: every subject meets every item, three two-level factors A, B, C.
# Ten covariance parameters for subjects and ten for items; `singular`: several variances are zero.
simulate_factorial <- function(singular = FALSE, subjects = 56, items = 32,
                               seed = if (singular) 12 else 11) {
  set.seed(seed)
  data <- expand.grid(subject = factor(seq_len(subjects)), item = factor(seq_len(items)))
  item <- as.integer(data$item) - 1
  subject <- as.integer(data$subject)
  contrast <- function(step) ((item %/% step + subject %/% step) %% 2) - 0.5
  data$A <- -contrast(1)
  data$B <- -contrast(2)
  data$C <- -contrast(4)
  sd_subject <- if (singular) c(1, 0.3, 0, 0) else c(1, 0.6, 0.5, 0.4)
  sd_item <- if (singular) c(0.7, 0, 0.2, 0) else c(0.7, 0.5, 0.6, 0.4)
  u_subject <- correlated_effects(subjects, sd_subject)
  u_item <- correlated_effects(items, sd_item)
  X <- cbind(1, data$A, data$B, data$C)
  data$y <- drop(X %*% c(3, 0.3, 0.2, 0)) + rowSums(X * u_subject[subject, ]) +
    rowSums(X * u_item[item + 1, ]) + stats::rnorm(nrow(data))
  data
}

# One row per level: standard deviations `sd`, all correlations 0.4.
correlated_effects <- function(levels, sd) {
  correlation <- matrix(0.4, length(sd), length(sd))
  diag(correlation) <- 1
  z <- matrix(stats::rnorm(levels * length(sd)), levels)
  sweep(z %*% chol(correlation), 2, sd, "*")
}

# Seven correlated effects per group: 28 covariance parameters.
simulate_many_slopes <- function(n = 20000, groups = 500, seed = 5) {
  set.seed(seed)
  g <- sample.int(groups, n, replace = TRUE)
  X <- matrix(stats::rnorm(6 * n), n, dimnames = list(NULL, paste0("x", 1:6)))
  covariance <- crossprod(matrix(stats::rnorm(49), 7)) / 14 + 0.02 * diag(7)
  u <- matrix(stats::rnorm(7 * groups), groups) %*% chol(covariance)
  Z <- cbind(1, X)
  y <- 0.2 * rowSums(Z) + rowSums(Z * u[g, ]) + stats::rnorm(n)
  data.frame(y = y, g = factor(g), X)
}
