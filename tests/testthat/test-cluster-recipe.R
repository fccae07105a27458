# inst/cluster: a task of a cluster adds up its own rows, a last one fits the sum.

# Three files of rows, and the model script of a user.
cluster_model <- function(folder, rows) {
  for (i in 1:3) {
    own <- rows[seq_len(nrow(rows)) %% 3 == i - 1, ]
    write.csv(own, file.path(folder, sprintf("part-%d.csv", i)), row.names = FALSE)
  }
  script <- readLines(system.file("cluster", "model.R", package = "henderson"))
  script <- sub("/data/measurements", folder, script, fixed = TRUE)
  model <- file.path(folder, "model.R")
  writeLines(c(script, "arguments <- list(contrasts = list(f = 'contr.sum'))"), model)
  model
}

cluster_rows <- function() {
  withr::local_seed(5)
  rows <- data.frame(
    x = rnorm(300), f = factor(sample(c("low", "high"), 300, TRUE), c("low", "high")),
    g = rep(1:20, 15)
  )
  rows$y <- rnorm(300) + rnorm(20)[rows$g] + rows$x * rnorm(20)[rows$g]
  rows
}

submit <- function(model, out, tasks) {
  script <- system.file("cluster", "slurm.sh", package = "henderson")
  system2("bash", shQuote(c(script, model, out, tasks)), stdout = FALSE, stderr = FALSE)
}

expect_fit_of_all <- function(out, rows) {
  fit <- readRDS(file.path(out, "fit.rds"))
  expected <- lmm(y ~ x + f + (x | g), rows, contrasts = list(f = "contr.sum"))
  expect_equal(fit$criterion, expected$criterion, tolerance = 1e-11)
  expect_equal(coef(summary(fit)), coef(summary(expected)), tolerance = 1e-6)
}

# What sbatch does, one task after the other: an array has its numbers, and what depends on it runs
# if all of it ended well.
local_sbatch <- c(
  "#!/usr/bin/env bash", "set -eu", "array=''",
  "while [ $# -gt 0 ]; do case $1 in --array=1-*) array=${1#--array=1-} ;;",
  "  --wrap) command=$2; shift ;; esac; shift; done",
  "if [ -z \"$array\" ]; then bash -c \"$command\" >&2; else",
  "  for i in $(seq \"$array\"); do SLURM_ARRAY_TASK_ID=$i bash -c \"$command\" >&2; done",
  "fi", "echo 17"
)

test_that("tasks of an array and the job after them fit the rows of all files", {
  only_in_full_tier("starts R for each task")
  skip_on_os("windows")
  folder <- withr::local_tempdir()
  rows <- cluster_rows()
  model <- cluster_model(folder, rows)
  writeLines(local_sbatch, file.path(folder, "sbatch"))
  Sys.chmod(file.path(folder, "sbatch"), "700")
  withr::local_path(c(folder, R.home("bin")), action = "prefix")
  withr::local_envvar(R_LIBS = paste(.libPaths(), collapse = .Platform$path.sep))
  out <- file.path(folder, "out put")
  expect_identical(submit(model, out, 2), 0L)
  expect_fit_of_all(out, rows)
  # a state is there only while a task runs
  expect_setequal(list.files(out), c("sums-1", "sums-2", "fit.rds"))
  # a task that fails is no fit
  unlink(file.path(out, "fit.rds"))
  writeLines("y,x,f,g", file.path(folder, "part-2.csv"))
  expect_false(submit(model, out, 2) == 0L)
  expect_false(file.exists(file.path(out, "fit.rds")))
})

test_that("Slurm runs them", {
  only_in_full_tier("starts Slurm")
  programs <- c("slurmctld", "slurmd", "munged", "sbatch")
  found <- Sys.which(programs)
  there <- nzchar(found) | file.exists(file.path("/usr/sbin", programs))
  skip_if_not(all(there), "Slurm is not installed")
  folder <- withr::local_tempdir()
  cluster <- file.path(folder, "slurm")
  script <- normalizePath(test_path("fixtures", "slurm.sh"))
  port <- 31000 + Sys.getpid() %% 20000
  withr::defer(system2("bash", c(script, "stop", cluster), stdout = FALSE, stderr = FALSE))
  status <- system2("bash", c(script, "start", cluster, port), stdout = FALSE, stderr = FALSE)
  expect_identical(status, 0L)
  withr::local_envvar(
    SLURM_CONF = file.path(cluster, "slurm.conf"),
    R_LIBS = paste(.libPaths(), collapse = .Platform$path.sep)
  )
  rows <- cluster_rows()
  out <- file.path(folder, "out")
  expect_identical(submit(cluster_model(folder, rows), out, 2), 0L)
  for (i in 1:600) {
    if (length(system2("squeue", "-h", stdout = TRUE)) == 0L) break
    Sys.sleep(0.2)
  }
  expect_fit_of_all(out, rows)
})
