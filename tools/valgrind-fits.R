# Small models of several kinds through every stage of a fit, for tools/check-valgrind.sh.

library(henderson)

fit <- lmm(Reaction ~ Days + (Days | Subject), sleepstudy)
stopifnot(abs(fit$criterion - 1743.628272) < 1e-5)
ranef(fit)
predict(fit, sleepstudy[1:3, ], se.fit = TRUE)
lmm(Reaction ~ Days + (Days || Subject), sleepstudy, REML = FALSE, weights = Days)

# crossed, nested, and crossed with a nested pair; two columns in the sparse remainder
set.seed(1)
data <- expand.grid(a = factor(1:7), b = factor(1:5), k = 1:3)
data$c <- interaction(data$a, data$k %% 2)
data$x <- rnorm(nrow(data))
data$y <- data$x + rnorm(7)[data$a] + rnorm(5)[data$b] + rnorm(14)[data$c] + rnorm(nrow(data))
lmm(y ~ x + (1 | a) + (x | b), data)
lmm(y ~ x + (1 | a/c), data)
lmm(y ~ x + (1 | c) + (1 | a) + (x | b), data, REML = FALSE)
