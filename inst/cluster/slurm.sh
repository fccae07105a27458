#!/usr/bin/env bash
# Fits one model to rows in many files on a cluster with Slurm. An array of tasks adds up the rows,
# each its own share, and a last job adds the sums and fits them: no task sees the rows of another.
#
#   bash slurm.sh MODEL OUT TASKS
#
# MODEL is an R script that defines `formula` and `rows_of(task, tasks)`, see model.R beside this
# file; OUT a folder that all nodes see, where sums, logs and the fit (fit.rds) go. Options of sbatch
# (partition, memory, time) are taken from its variables, such as SBATCH_PARTITION. A task that was
# killed and is queued again goes on after the last piece it had added up.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
model="$(realpath "$1")"
mkdir -p "$2"
out="$(realpath "$2")"
tasks="$3"
array="$(sbatch --parsable --requeue --job-name=sums --array="1-$tasks" \
  --output="$out/sums-%a.log" --wrap "Rscript '$here/add-up.R' '$model' '$out' '$tasks'")"
sbatch --parsable --job-name=fit --dependency="afterok:${array%%;*}" --output="$out/fit.log" \
  --wrap "Rscript '$here/fit.R' '$out' '$tasks'"
