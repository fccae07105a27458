# The last job: the sum of all tasks, and its fit.
#   Rscript fit.R OUT TASKS
library(henderson)
arguments <- commandArgs(TRUE)
files <- file.path(arguments[1], sprintf("sums-%d", seq_len(as.integer(arguments[2]))))
fit <- lmm(Reduce(`+`, lapply(files, read_cross_products)))
saveRDS(fit, file.path(arguments[1], "fit.rds"))
print(summary(fit))
