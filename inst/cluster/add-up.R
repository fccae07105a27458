# One task of an array: the cross-products of its share of the rows, as a file.
#   Rscript add-up.R MODEL OUT TASKS      with SLURM_ARRAY_TASK_ID from 1 to TASKS
library(henderson)
arguments <- commandArgs(TRUE)
task <- as.integer(Sys.getenv("SLURM_ARRAY_TASK_ID"))
model <- new.env(parent = globalenv())
sys.source(arguments[1], model)
environment(model$formula) <- model
given <- list(model$formula, model$rows_of(task, as.integer(arguments[3])))
name <- file.path(arguments[2], sprintf("sums-%d", task))
if (inherits(given[[2]], "henderson_chunks")) given$resume <- paste0(name, ".state")
sums <- do.call(cross_products, c(given, model$arguments))
write_cross_products(sums, name)
print(sums)
