#!/usr/bin/env bash
# The style of the sources: clang-format (.clang-format) for C++, lintr (.lintr) for R/.
#
#   bash tools/check-style.sh          names what is not in style
#   bash tools/check-style.sh --fix    formats the C++ sources
#
# Exits with 77 if a checker is not installed.
set -euo pipefail
export LC_ALL=C.UTF-8
cd "$(dirname "${BASH_SOURCE[0]}")/.."

command -v clang-format >/dev/null || { echo "clang-format is not installed"; exit 77; }
Rscript -e 'quit(status = !nzchar(system.file(package = "lintr")))' ||
  { echo "the R package lintr is not installed"; exit 77; }

# Rcpp writes RcppExports.
mapfile -t cpp < <(find src tests/cpp tests/fuzz -name '*.cpp' -o -name '*.h' |
  grep -v -e RcppExports -e '^tests/cpp/build')
if [ "${1:-}" = --fix ]; then clang-format -i "${cpp[@]}"; fi
status=0
clang-format --dry-run --Werror "${cpp[@]}" || status=1

Rscript -e 'found <- lintr::lint_dir("R"); print(found); quit(status = length(found) > 0)' ||
  status=1
exit "$status"
