# Real designs: breaks of warps, some cells with fewer rows; covariates and groups are made.
loom <- function() {
  data <- transform(warpbreaks,
    group = factor(rep(1:9, 6)), x = sin(seq_along(breaks)), z = cos(2 * seq_along(breaks)),
    y = log(breaks), kind = rep(c("u", "v", "w"), length.out = 54),
    grade = ordered(rep(c(1, 2, 3, 3, 2), length.out = 54)), late = seq_along(breaks) > 20
  )
  data$y <- data$y + c(-0.4, 0.3, 0.1, 0, 0.5, -0.2, 0.2, -0.6, 0.1)[data$group]
  data[-c(1:4, 20, 21, 50), ]
}
