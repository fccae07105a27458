#!/usr/bin/env bash
# Checks rules of the C++ sources:
#  1. src/core is free of R: it must compile, and be tested, by itself;
#  2. src/Makevars, written by tools/write-makevars.sh, names every .cpp file of src/ and nothing
#     else (R compiles only what it names: a forgotten file fails at load time at the earliest).
#  3. Eigen and Rcpp are included through the headers that keep the compiler silent (algebra/eigen.h).
# Prints what is wrong and exits with 1, or prints nothing but "ok" lines.
set -euo pipefail

src="$(cd "$(dirname "${BASH_SOURCE[0]}")/../src" && pwd)"
status=0

r_header='(R|S|Rinternals|Rdefines|Rmath|Rversion|Rconfig|Rinterface)\.h|R_ext/|Rcpp|cpp11'
# core may not reach into src/ either, where the bindings live
outside='\.\./'
if grep -rnE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($r_header|$outside)" "$src/core"; then
  echo "not ok: src/core includes a header of R, Rcpp or the bindings (lines above)"
  status=1
else
  echo "ok: src/core includes no header of R"
fi

if grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*<(Eigen/|RcppEigen|Rcpp)' "$src" \
  --include='*.cpp' --include='*.h' |
  grep -vE '/(core/algebra/eigen(_decompositions)?\.h|henderson_types\.h|RcppExports\.cpp):' |
  grep -vE 'Eigen/(OrderingMethods|SparseCore)>'; then
  echo "not ok: Eigen or Rcpp is not included through algebra/eigen.h, algebra/eigen_decompositions.h or" \
    "henderson_types.h (lines above)"
  status=1
else
  echo "ok: Eigen and Rcpp are included through our headers"
fi

expected="$(mktemp)"
trap 'rm -f "$expected"' EXIT
bash "$(dirname "${BASH_SOURCE[0]}")/write-makevars.sh" "$expected"
if diff "$src/Makevars" "$expected"; then
  echo "ok: src/Makevars matches the source files"
else
  echo "not ok: src/Makevars (<) is not what tools/write-makevars.sh makes of the source files (>)"
  status=1
fi

exit "$status"
