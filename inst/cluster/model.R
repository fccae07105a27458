# What slurm.sh fits: change it to your model and files.
formula <- y ~ x + f + (x | g)
files <- Sys.glob("/data/measurements/*.csv")
# The rows of one task of several. Tasks must have the same levels of factors among the columns: give
# `f` all of its levels.
rows_of <- function(task, tasks) {
  own <- files[seq_along(files) %% tasks == task - 1]
  chunks(function(i) {
    if (i <= length(own)) transform(read.csv(own[i]), f = factor(f, c("low", "high")))
  })
}
# More arguments of cross_products(), such as list(contrasts = list(f = "contr.sum")).
arguments <- list()
