#!/usr/bin/env bash
# Checks that the generated files (NAMESPACE, man/, RcppExports) are what roxygen2 and
# Rcpp::compileAttributes() make of the sources. Works on a copy; the checkout is not touched.
# HENDERSON_LIB may name a library with an installed build of these sources (saves compiling).
set -euo pipefail
export LC_ALL=C.UTF-8

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

mkdir "$work/henderson"
cd "$root"
for item in DESCRIPTION NAMESPACE R man src data inst vignettes; do
  if [ -e "$item" ]; then cp -r "$item" "$work/henderson/"; fi
done
find "$work/henderson/src" \( -name '*.o' -o -name '*.so' \) -delete

if ! Rscript tools/document.R "$work/henderson" >"$work/log" 2>&1; then
  cat "$work/log"
  echo "not ok: tools/document.R failed"
  exit 1
fi

status=0
for item in DESCRIPTION NAMESPACE man R/RcppExports.R src/RcppExports.cpp; do
  diff -ru "$item" "$work/henderson/$item" || status=1
done
# roxygen2 complains on stderr about what it cannot resolve, and carries on
if grep -E '^(Warning|x |✖ )|: @[A-Za-z]+ ' "$work/log"; then
  echo "not ok: roxygen2 warned (lines above)"
  status=1
fi
if [ "$status" -eq 0 ]; then
  echo "ok: generated files are up to date"
else
  echo "not ok: generated files differ; run Rscript tools/document.R and commit the result"
fi
exit "$status"
